"""What was said of a movement of money, and how it stands in the books: the words of `Transfer`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct

Direction = Literal["in", "out"]


class Telling(Struct, frozen=True):
    """One notice, as the book's events carry it: nothing personal."""

    connection: str
    event_id: str
    digest: str
    """Keyed digest of the raw body (hex): says whether two bodies are the same, no more."""
    amount_vnd: int
    booked_at: datetime
    received_at: datetime
    codes: tuple[str, ...] = ()
    """The codes of ours that were found in the memo, sorted."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """A telling with the same identity is the same telling."""
        return self.connection, self.event_id, self.digest

    @property
    def word(self) -> tuple[str, str]:
        """Which of the provider's own events it was."""
        return self.connection, self.event_id


class Purpose(Struct, frozen=True):
    """What a movement was for, and why we think so."""

    kind: str
    """A key of `chart.COUNTER_ACCOUNT`: sale, unmatched, receivable, owner, refund, payable."""
    reason: str
    """code, several_codes, only_stall, no_code, wrong_account, orphan, outgoing, or person."""
    code: str | None = None
    stall_id: UUID | None = None
    request_id: UUID | None = None


ORPHAN = Purpose("unmatched", "orphan")
"""Of an account that nobody owns nothing can be said yet."""


class Standing(Struct, frozen=True):
    """How a movement stands in the books: all that its lines depend on."""

    direction: Direction
    entity_id: UUID | None
    amount_vnd: int
    purpose: Purpose
    settled: bool = False


class Directory(Protocol):
    """Who owns an account, and what a code of theirs stands for; the market knows."""

    def owner_of(self, account_key: str, booked_at: datetime) -> UUID | None:
        """The entity that owned the account at that time."""
        ...

    def purpose_of(
        self,
        entity_id: UUID,
        account_key: str,
        direction: Direction,
        codes: Sequence[str],
        booked_at: datetime,
    ) -> Purpose:
        """What a movement on the entity's account was for, by the codes that its payer wrote."""
        ...


class View(Directory, Protocol):
    """The directory as it was at one position; decisions on it hold only while it does."""

    @property
    def position(self) -> int: ...
