"""The address to serve on: taken before anything is started, or refused in one sentence."""

import errno
import os
import socket

from ledger.refusal import Refusal

BACKLOG = 2_048


class AddressInUse(Refusal):
    """Something else is serving on this port; choose another with --port."""

    code = "address_in_use"


class NoSuchAddress(Refusal):
    """This machine cannot serve on that address."""

    code = "no_such_address"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes one that is free."""
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        taken = socket.socket(family, kind)
    except (OSError, UnicodeError, OverflowError):
        raise NoSuchAddress(f"{host!r} is not an address of this machine.") from None
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taken.bind(address)
        taken.listen(BACKLOG)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            sentence = f"Port {port} of {host} is in use; choose another with --port."
            raise AddressInUse(sentence) from None
        why = os.strerror(error.errno or 0)
        raise NoSuchAddress(f"Port {port} of {host} cannot be served: {why}.") from None
    return taken


def url_of(taken: socket.socket) -> str:
    """Where a listening socket is reached, as a browser writes it."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
