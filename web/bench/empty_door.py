"""The door without a book behind it: answers 204 at once, to show what the rest of a notice costs.

Only the benchmark starts it: an acknowledgement that nobody has written down must never be sold.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from web.door.answers import Answer, Receive, Send, give
from web.door.limits import Limits
from web.door.patience import Patience
from web.serve.address import listen, url_of
from web.serve.counts import share_counts

COMMAND = (sys.executable, "-m", "web.bench.empty_door")


@click.command()
@click.option("--port", type=int, default=0)
@click.option("--workers", type=int, default=1)
def serve(port: int, workers: int) -> None:
    """Serves, with the same server and worker as the real door."""
    counts = share_counts()
    from web.door.door import Door  # After that: see `share_counts`.
    from web.door.request import Request
    from web.serve.server import Server

    class EmptyDoor(Door):
        """Reads a notice and says thank you."""

        async def _live(self, receive: Receive, send: Send) -> None:
            await receive()
            self._patience = Patience(self.limits.body_s)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

        async def _answer(self, request: Request, send: Send) -> None:
            await request.body(self._patience)
            status = 204 if request.method == "POST" else 200
            await give(send, Answer(status, b"", ()), request.id)

    def nothing(*_: Any) -> Any:
        raise AssertionError("an empty door opens no book")

    def build() -> Door:
        return EmptyDoor(nothing, {}, nothing, nothing, Limits(), lambda: datetime.now(UTC))

    taken = listen("127.0.0.1", port)
    click.echo(f"Nothing is served at {url_of(taken)}")
    Server(
        taken, build, Limits(), counts, workers=workers, most_workers=workers, attached=True
    ).run()


if __name__ == "__main__":
    serve()
