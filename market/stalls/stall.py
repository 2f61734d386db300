"""A stall or shop: where it stands, and who keeps it with which account, since when."""

from datetime import datetime
from uuid import UUID, uuid5

from eventsourcing.domain import event

from ledger.fact import Fact
from ledger.refusal import Refusal


class StallVacant(Refusal):
    """Nobody keeps this stall at present."""

    code = "stall_vacant"


class AssignedBackwards(Refusal):
    """A stall cannot change hands before its present keeper took it over."""

    code = "assigned_backwards"


class Stall(Fact):
    """Known to payers by its code, which stays when its keeper changes."""

    TOPIC = "market.Stall"
    IN_DIRECTORY = True

    class Created(Fact.Created):
        """A stall was given its code and its place."""

        TOPIC = "market.Stall.Created"
        code: str
        place_id: UUID
        number: str
        trade: str

    class Assigned(Fact.Event):
        """From this time on a vendor keeps the stall and is paid on this account."""

        TOPIC = "market.Stall.Assigned"
        vendor_id: UUID
        account_key: str
        from_at: datetime

    class Moved(Fact.Event):
        """The stall stands elsewhere now; code and keeper stay."""

        TOPIC = "market.Stall.Moved"
        place_id: UUID
        number: str

    class Vacated(Fact.Event):
        """From this time on nobody keeps the stall."""

        TOPIC = "market.Stall.Vacated"
        from_at: datetime

    @event(Created)
    def __init__(self, code: str, place_id: UUID, number: str, trade: str) -> None:
        self.code = code
        self.place_id = place_id
        self.number = number
        self.trade = trade
        self.vendor_id: UUID | None = None
        self.account_key: str | None = None
        self.since: datetime | None = None

    def assign(self, vendor_id: UUID, account_key: str, from_at: datetime) -> None:
        """The same keeper with the same account again is not news."""
        if (vendor_id, account_key) == (self.vendor_id, self.account_key):
            return
        self._refuse_backwards(from_at)
        self._assigned(vendor_id, account_key, from_at)

    @event(Assigned)
    def _assigned(self, vendor_id: UUID, account_key: str, from_at: datetime) -> None:
        self.vendor_id = vendor_id
        self.account_key = account_key
        self.since = from_at

    def move(self, place_id: UUID, number: str) -> None:
        """Staying where one is is not news."""
        if (place_id, number) != (self.place_id, self.number):
            self._moved(place_id, number)

    @event(Moved)
    def _moved(self, place_id: UUID, number: str) -> None:
        self.place_id = place_id
        self.number = number

    def vacate(self, from_at: datetime) -> None:
        """Refuses when nobody keeps it."""
        if self.vendor_id is None:
            raise StallVacant
        self._refuse_backwards(from_at)
        self._vacated(from_at)

    @event(Vacated)
    def _vacated(self, from_at: datetime) -> None:
        self.vendor_id = None
        self.account_key = None
        self.since = from_at

    def _refuse_backwards(self, from_at: datetime) -> None:
        if self.since is not None and from_at <= self.since:
            raise AssignedBackwards


def stall_id(book_id: UUID, code: str) -> UUID:
    """A stall by its code within the book."""
    return uuid5(book_id, f"stall:{code}")
