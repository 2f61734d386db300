"""What an audit finds: places where the book is not what its events say."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One such place."""

    code: str
    position: int
    message: str


class Verdict(NamedTuple):
    """What the audit found, in the order of positions."""

    ok: bool
    position: int
    faults: list[Fault]
    sealed: bool = False
    """Whether a signed checkpoint covers the book; none is made yet."""
