"""`choso init`: create a book, or bring one up to date."""

import click

from market.stalls import demonstration
from web.config import settings
from web.wiring import establish, opened

NAME = "Sổ chung của xã"


@click.command()
@click.option("--demo", is_flag=True, help="the demonstration market, with invented vendors")
@click.option(
    "--seed", type=int, default=7, help="of the demonstration's history (none is made yet)"
)
@click.option(
    "--stalls", type=click.IntRange(0, 2_000), default=60, help="stalls of the --demo market"
)
def init(demo: bool, seed: int, stalls: int) -> None:
    """Create or migrate the book."""
    chosen = settings()
    name = demonstration.BOOK_NAME if demo else NAME
    founded = establish(chosen, name=name, demonstration=demo)
    with opened(chosen) as wiring:
        wiring.register.finish()
        if demo:
            demonstration.furnish(wiring.register, wiring.title.book_id, stalls)
        verb = "A new book" if founded.new else "The book, up to date,"
        click.echo(f"{verb} lies in {wiring.book.store.engines.url!r}: {wiring.title.name}")
    if not founded.walled:
        click.echo(
            "Note: this log-in may not create roles, so that only triggers protect the events. "
            "Run `choso init` once as an owner who may.",
            err=True,
        )
