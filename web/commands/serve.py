"""`choso serve`: the door, the pages and the follower, in one command that ends them all."""

import os

import click

from ledger.refusal import Refusal
from ledger.store.engines import DatabaseAway
from web.config import Settings, settings
from web.wiring import opened


class OneWriterOnSqlite(Refusal):
    """SQLite has one writer at a time, so that it is served by one worker; more need PostgreSQL."""

    code = "one_writer_on_sqlite"


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8_000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="the address to serve on")
@click.option(
    "--workers", type=click.IntRange(1, 64),
    help="processes at the door  [default: one on SQLite, one a core on PostgreSQL]",
)  # fmt: skip
@click.option("--attached", is_flag=True, hidden=True, help="ends with the process that began it")
def serve(port: int, host: str, workers: int | None, attached: bool) -> None:
    """Serve the book: bank notices at /hooks/<provider>, pages, and health, until Ctrl-C."""
    from web.door.limits import limits  # Only here: other commands need no web server.
    from web.serve.address import listen, url_of
    from web.serve.counts import share_counts

    chosen, caps = settings(), limits()
    engine = _look(chosen)
    most = 1 if engine == "sqlite" else 64
    if workers is not None and workers > most:
        raise OneWriterOnSqlite
    taken = listen(host, port)
    count = workers or (1 if engine == "sqlite" else cores())
    counts = share_counts()
    from web.serve.building import door_of  # After that, and before the workers are forked.
    from web.serve.server import Server

    click.echo(f"Chợ Số: {url_of(taken)}/ ({engine}, {count} at the door; Ctrl-C stops it)")
    server = Server(
        taken, lambda: door_of(chosen, caps), caps, counts,
        workers=count, most_workers=most, attached=attached,
    )  # fmt: skip
    server.run()


def _look(chosen: Settings) -> str:
    """The engine of the book; says in one sentence why it cannot be served."""
    try:
        with opened(chosen) as wiring:
            return wiring.book.store.engines.dialect
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DatabaseAway(f"The database cannot be reached: {why}.") from error


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
