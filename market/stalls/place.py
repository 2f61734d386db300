"""A place: a market, or a street whose shops take no cash."""

from typing import Literal
from uuid import UUID, uuid5

from eventsourcing.domain import event

from ledger.fact import Fact

Kind = Literal["market", "street"]


class Place(Fact):
    """Where stalls stand."""

    TOPIC = "market.Place"
    IN_DIRECTORY = True

    class Created(Fact.Created):
        """A market or a cashless street joined the programme."""

        TOPIC = "market.Place.Created"
        slug: str
        kind: Kind
        name: str
        commune: str

    @event(Created)
    def __init__(self, slug: str, kind: Kind, name: str, commune: str) -> None:
        self.slug = slug
        self.kind = kind
        self.name = name
        self.commune = commune


def place_id(book_id: UUID, slug: str) -> UUID:
    """A place by its short name within the book."""
    return uuid5(book_id, f"place:{slug}")
