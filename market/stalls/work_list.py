"""The work list: transfers that a person should look at, each under the mark that says why."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from ledger.fact import events_of
from ledger.follow.batch import Batch
from ledger.follow.moment import from_us, to_us
from ledger.follow.projection import Changes, Field, Kept, Order, Projection, Sheet
from ledger.follow.shelf import Shelf
from ledger.transfer import Transfer

MARKS = (
    "orphan",
    "wrong_account",
    "unmatched",
    "contradicted",
    "repeated_reference",
    "several_codes",
    "unreferenced",
)
"""Of the marks of a transfer those that ask for work, the most urgent first."""
ANSWERED = frozenset({"contradicted", "repeated_reference", "unreferenced"})
"""Marks that stay with a transfer for ever, but are no work once a person or a statement has said
what stands."""
PLAIN = frozenset({"code", "only_stall", "outgoing"})
"""Reasons of a purpose that leave no question open."""

SHEET = Sheet(
    "work_list",
    key=(Field("mark", "text"), Field("position", "number")),
    values=(
        Field("transfer_id", "id"),
        Field("entity_id", "id", optional=True),
        Field("stall_id", "id", optional=True),
        Field("account_key", "text"),
        Field("reference", "text", optional=True),
        Field("direction", "text"),
        Field("amount_vnd", "number"),
        Field("booked_at", "number"),
        Field("heard_at", "number"),
    ),
    orders=(Order(("transfer_id",)),),
)
"""`position` and `heard_at` are those of the transfer's first word."""

TOPICS = frozenset(events_of(Transfer))
AFTERWARDS = TOPICS - {Transfer.Created.TOPIC}


class Work(NamedTuple):
    """One reason to look at one transfer."""

    mark: str
    position: int
    """Of the transfer's first word: its place in the list, the oldest first."""
    transfer_id: UUID
    entity_id: UUID | None
    stall_id: UUID | None
    account_key: str
    reference: str | None
    direction: str
    amount_vnd: int
    booked_at: datetime
    heard_at: datetime


def open_marks(transfer: Transfer) -> set[str]:
    """The marks of a transfer that are still work. One that turned out to be another is none."""
    if transfer.same_as is not None:
        return set()
    marks = set(transfer.marks) & set(MARKS)
    answered = transfer.decided or transfer.settled_by is not None
    return marks - ANSWERED if answered else marks


def _fold(batch: Batch, kept: Kept) -> Changes:
    """A transfer stands in the list under each of its open marks, and under no other."""
    changes = Changes()
    changed = batch.changed(AFTERWARDS)
    for position, fact, _, heard_us, _, event in batch.of({Transfer.Created.TOPIC}):
        stands = event.stands
        plain = stands.entity_id is not None and event.reference is not None
        if fact not in changed and not (plain and stands.purpose.reason in PLAIN):
            _enter(changes, batch.begun(position), position, heard_us)
    for fact in changed:
        before = set[str]()
        began: tuple[int, int] | None = None
        transfer: Transfer | None = None
        for position, recorded_at_us, transfer in batch.story(fact):
            began = began or (position, recorded_at_us)
            if position <= batch.after.position:
                before = open_marks(transfer)
        assert began is not None
        assert transfer is not None
        for mark in before - open_marks(transfer):
            changes.drop(SHEET, (mark, began[0]))
        _enter(changes, transfer, *began)
    return changes


def _enter(changes: Changes, transfer: Transfer, position: int, heard_us: int) -> None:
    stands = transfer.stands
    for mark in open_marks(transfer):
        changes.put(
            SHEET,
            (mark, position),
            transfer.id,
            stands.entity_id,
            stands.purpose.stall_id,
            transfer.account_key,
            transfer.reference,
            stands.direction,
            stands.amount_vnd,
            to_us(transfer.booked_at),
            heard_us,
        )


WORK_LIST = Projection(
    "work_list",
    version=1,
    topics=TOPICS,
    sheets=(SHEET,),
    fold=_fold,
)


def counts(shelf: Shelf) -> dict[str, int]:
    """How many transfers stand under each mark; marks without any are told too, as 0."""
    with shelf.reading(WORK_LIST) as model:
        c = model.table(SHEET).c
        rows = model.rows(select(c.mark, func.count()).group_by(c.mark))
    found = dict.fromkeys(MARKS, 0)
    for mark, count in rows:
        found[mark] = count
    return found


def listed(shelf: Shelf, mark: str, after: int = 0, most: int = 100) -> list[Work]:
    """The work under a mark, the oldest first; `after`: the position of the last one seen."""
    with shelf.reading(WORK_LIST) as model:
        table = model.table(SHEET)
        query = select(table).where(table.c.mark == mark, table.c.position > after)
        rows = model.rows(query.order_by(table.c.position).limit(most))
    return [_work(row) for row in rows]


def of_transfer(shelf: Shelf, transfer_id: UUID) -> list[Work]:
    """Why somebody should look at this transfer, the most urgent first; empty for most."""
    with shelf.reading(WORK_LIST) as model:
        table = model.table(SHEET)
        rows = model.rows(select(table).where(table.c.transfer_id == transfer_id))
    return sorted(map(_work, rows), key=lambda work: MARKS.index(work.mark))


def _work(row: Any) -> Work:
    told = row._asdict()
    told |= {name: from_us(told[name]) for name in ("booked_at", "heard_at")}
    return Work(**told)
