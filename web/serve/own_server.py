"""A server of one's own for a `with` block: `choso serve` as a child on a free port."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from ledger.refusal import Refusal
from web.door.limits import limits

SERVE = (sys.executable, "-c", "from web.cli import main; main()", "serve", "--attached")
READY_S = 30


class ServerDidNotStart(Refusal):
    """The server did not start."""

    code = "server_did_not_start"


@contextmanager
def own_server(
    *options: str,
    environ: Mapping[str, str] = os.environ,
    log: int = subprocess.DEVNULL,
    command: Sequence[str] = SERVE,
) -> Iterator[str]:
    """Yields its address once it can take notices. `log`: a file descriptor for its log.
    `command`: another one that serves, takes --port and says where."""
    serving = subprocess.Popen(
        [*command, "--port", "0", *options],
        env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
        start_new_session=True,  # Ctrl-C is for us; the server ends when we say so.
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        words = serving.stdout.readline().split()
        url = next((word for word in words if word.startswith("http://")), None)
        if url is None:
            raise ServerDidNotStart(f"The server did not start (exit {serving.wait(READY_S)}).")
        wait_until_ready(url, serving)
        yield url
    finally:
        serving.terminate()
        try:
            serving.wait(limits(environ).graceful_s + 5)
        except subprocess.TimeoutExpired:
            serving.kill()
            serving.wait()


def wait_until_ready(url: str, serving: "subprocess.Popen[str]") -> None:
    """Returns when /readyz says 200."""
    deadline = time.monotonic() + READY_S
    parts = urlsplit(url)
    while time.monotonic() < deadline and serving.poll() is None:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=READY_S)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass  # Not yet; the deadline decides.
        finally:
            connection.close()
        time.sleep(0.05)
    raise ServerDidNotStart(f"The server at {url} does not become ready.")
