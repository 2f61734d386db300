"""Posting rules: from an event to the lines of its entry, which balance within each entity."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from ledger.chart import COUNTER_ACCOUNT, NOTIFIED, SETTLED
from ledger.telling import Standing
from ledger.transfer import Transfer


class Entry(NamedTuple):
    """One line of a journal entry: a debit is positive, a credit negative."""

    entity: UUID
    code: str
    amount_vnd: int


def lines_of(standing: Standing | None) -> list[Entry]:
    """The lines of a movement that stands so; none for an orphan, none for what does not stand."""
    if standing is None or standing.entity_id is None:
        return []
    entity = standing.entity_id
    signed = standing.amount_vnd if standing.direction == "in" else -standing.amount_vnd
    entries = [
        Entry(entity, NOTIFIED, signed),
        Entry(entity, COUNTER_ACCOUNT[standing.purpose.kind], -signed),
    ]
    if standing.settled:
        entries += [Entry(entity, SETTLED, signed), Entry(entity, NOTIFIED, -signed)]
    return entries


def change(stood: Standing | None, stands: Standing | None) -> list[Entry]:
    """The lines that lead from how it stood to how it stands: what is new, less what was."""
    if stood is None:
        return lines_of(stands)
    if stands is not None and stood.entity_id == stands.entity_id:
        return _net(lines_of(stands), lines_of(stood))
    return [Entry(e, code, -vnd) for e, code, vnd in lines_of(stood)] + lines_of(stands)


def _net(new: Sequence[Entry], old: Sequence[Entry]) -> list[Entry]:
    sums: dict[tuple[UUID, str], int] = {}
    for entity, code, vnd in new:
        sums[entity, code] = sums.get((entity, code), 0) + vnd
    for entity, code, vnd in old:
        sums[entity, code] = sums.get((entity, code), 0) - vnd
    entries = [Entry(entity, code, vnd) for (entity, code), vnd in sums.items() if vnd]
    return sorted(entries, key=lambda entry: (-entry.amount_vnd, entry.code))  # Debits first.


RULES: dict[str, Callable[[Any], list[Entry]]] = {
    Transfer.Created.TOPIC: lambda event: lines_of(event.stands),
    Transfer.Contradicted.TOPIC: lambda event: change(event.stood, event.stands),
    Transfer.Claimed.TOPIC: lambda event: change(event.stood, event.stands),
    Transfer.Assigned.TOPIC: lambda event: change(event.stood, event.stands),
    Transfer.Decided.TOPIC: lambda event: change(event.stood, event.stands),
    Transfer.Settled.TOPIC: lambda event: change(event.stood, event.stands),
    Transfer.SameAs.TOPIC: lambda event: change(event.stood, None),
}
"""The rule of each topic that moves money. Takes the event, or anything with its fields."""


def post(topic: str, event: Any) -> list[Entry]:
    """The journal entry of an event; none when it moves no money.

    `event`: a domain event, or its stored state read through `store.mapper.reader`.
    """
    rule = RULES.get(topic)
    return rule(event) if rule is not None else []
