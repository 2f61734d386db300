"""What the door caps: each limit with its name and default, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.refusal import Refusal

BODY_BYTES = 64 * 1024
"""Of any request; beyond it 413. A notice is about 500 bytes."""
SUSPECT_BODY_BYTES = 8 * 1024
"""Of a notice from a network that has just sent many forged ones: nothing longer is judged."""
WRITE_S = 20.0
"""How long a client may take nothing of what we send it."""
RETRY_AFTER_S = 5
"""What a client is told that we cannot serve now."""
PAGE_THREADS = 8
HEARING_THREADS = 16
"""For notices that need reading: repeated, contradicted, or about a request."""


class BadLimit(Refusal):
    """A limit of the door (CHOSO_DOOR_...) is a whole number above zero."""

    code = "bad_limit"


@dataclass(frozen=True)
class Limits:
    """The caps of one worker that its machine or its load may ask to change."""

    connections: int = 1_000
    """CHOSO_DOOR_CONNECTIONS: open at once. A newcomer takes the place of the longest silent one;
    when none is silent it is answered 503."""
    notices: int = 2_000
    """CHOSO_DOOR_NOTICES: waiting for the writer at once; beyond them 503."""
    pages: int = 32
    """CHOSO_DOOR_PAGES: pages being made or waiting for a thread; beyond them 503."""
    answer_s: int = 7
    """CHOSO_DOOR_ANSWER_S: how long a notice waits for its commit before the bank is told 503."""
    head_s: int = 5
    """CHOSO_DOOR_HEAD_S: from a connection's first moment to the end of its first headers."""
    body_s: int = 10
    """CHOSO_DOOR_BODY_S: from the end of the headers to the end of the body; then 408."""
    idle_s: int = 15
    """CHOSO_DOOR_IDLE_S: between two requests on one connection, the second's headers included."""
    graceful_s: int = 10
    """CHOSO_DOOR_GRACEFUL_S: from the word to stop until whatever still runs is killed."""


def limits(environ: Mapping[str, str] = os.environ) -> Limits:
    """The limits of this process; BadLimit in one sentence when one cannot be understood."""
    return Limits(
        connections=_number(environ, "CHOSO_DOOR_CONNECTIONS", Limits.connections),
        notices=_number(environ, "CHOSO_DOOR_NOTICES", Limits.notices),
        pages=_number(environ, "CHOSO_DOOR_PAGES", Limits.pages),
        answer_s=_number(environ, "CHOSO_DOOR_ANSWER_S", Limits.answer_s),
        head_s=_number(environ, "CHOSO_DOOR_HEAD_S", Limits.head_s),
        body_s=_number(environ, "CHOSO_DOOR_BODY_S", Limits.body_s),
        idle_s=_number(environ, "CHOSO_DOOR_IDLE_S", Limits.idle_s),
        graceful_s=_number(environ, "CHOSO_DOOR_GRACEFUL_S", Limits.graceful_s),
    )


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not int(text):
        raise BadLimit(f"{name} is a whole number above zero, not {text!r}.")
    return int(text)
