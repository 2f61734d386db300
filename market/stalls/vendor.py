"""A vendor: an entity with books of its own. Name and account number lie with the persons."""

from datetime import datetime

from eventsourcing.domain import event

from ledger.fact import Fact


class Vendor(Fact):
    """Somebody who sells at a stall or in a shop; the entity of their lines."""

    TOPIC = "market.Vendor"
    IN_DIRECTORY = True

    class Created(Fact.Created):
        """A vendor joined; who it is, the persons' table knows."""

        TOPIC = "market.Vendor.Created"
        joined_at: datetime

    @event(Created)
    def __init__(self, joined_at: datetime) -> None:
        self.joined_at = joined_at
