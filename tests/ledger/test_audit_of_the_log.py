"""The audit names events that were moved, renamed or made unreadable, and altered inbox rows."""

import json

import pytest
from sqlalchemy import delete, insert, update

from tests.builders import STRANGER, Market
from tests.ledger.insider import (
    ACCOUNT,
    LAST,
    ORPHAN,
    PAID,
    PLACE,
    SECOND,
    SETTLED,
    STALL,
    TOLD_AGAIN,
    Insider,
    faults,
)


@pytest.mark.parametrize("position", [PLACE, PAID, SETTLED])
def test_a_time_was_set_forward(book: Market, insider: Insider, position: int) -> None:
    later = insider.event(position)["recorded_at"] + 10_000_000
    insider.changes_event(position, recorded_at=later)

    assert ("time_runs_back", position + 1) in faults(book)


def test_a_time_was_set_back(book: Market, insider: Insider) -> None:
    insider.changes_event(LAST, recorded_at=0)

    assert ("time_runs_back", LAST) in faults(book)


def test_one_false_time_is_one_fault(book: Market, insider: Insider) -> None:
    insider.changes_event(SETTLED, recorded_at=0)

    assert faults(book) == [("time_runs_back", SETTLED)]


@pytest.mark.parametrize(
    "topic",
    [
        "ledger.Transfer.Vanished",
        "nothing.Ever.Happened",
        "ledger.Transfer",
        "ledger.audit:verify",
        "json",
        "",
        ".",
        "Transfer.Created ",
    ],
)
@pytest.mark.parametrize("position", [PLACE, PAID])
def test_a_topic_was_changed_to_one_that_does_not_exist(
    book: Market, insider: Insider, position: int, topic: str
) -> None:
    insider.changes_event(position, topic=topic)

    assert ("unreadable", position) in faults(book)


def test_a_topic_was_changed_to_another_one_with_other_fields(
    book: Market, insider: Insider
) -> None:
    insider.changes_event(PAID, topic="market.Stall.Created")

    assert ("unreadable", PAID) in faults(book)


def test_a_topic_was_changed_to_another_one_with_the_same_fields(
    book: Market, insider: Insider
) -> None:
    """What was told again becomes what was told of another transfer: neither moves money."""
    insider.changes_event(TOLD_AGAIN, topic="ledger.Transfer.ContradictedElsewhere")

    assert faults(book) != []


@pytest.mark.parametrize(
    "state",
    ["", "{", "null", "[]", "{}", "12", '{"account_key":1}', "không phải JSON", "{}{}"],
)
@pytest.mark.parametrize("position", [STALL, PAID])
def test_the_json_was_corrupted(book: Market, insider: Insider, position: int, state: str) -> None:
    insider.changes_event(position, state=state)

    assert ("unreadable", position) in faults(book)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("50000", "50000.5"),
        ("50000", '"50000"'),
        ("50000", "null"),
        ("50000", "true"),
        ('"kind":"sale"', '"kind":"gift"'),
        ('"direction":"in"', '"direction":"up"'),
        ('"settled":false', '"settled":"no"'),
    ],
)
def test_a_value_was_changed_to_one_that_no_event_has(
    book: Market, insider: Insider, old: str, new: str
) -> None:
    insider.rewrites(PAID, old, new)

    assert ("unreadable", PAID) in faults(book)


@pytest.mark.parametrize("amount", ["-50000", "0", "9" * 30])
def test_an_amount_was_changed_to_one_that_no_bank_sends(
    book: Market, insider: Insider, amount: str
) -> None:
    insider.rewrites(PAID, "50000", amount)

    assert PAID in {position for _, position in faults(book)}


def test_a_field_was_left_out(book: Market, insider: Insider) -> None:
    facts = json.loads(insider.event(ACCOUNT)["state"])
    del facts["entity_id"]
    insider.changes_event(ACCOUNT, state=json.dumps(facts))

    assert ("unreadable", ACCOUNT) in faults(book)


def test_a_history_was_given_a_hole(book: Market, insider: Insider) -> None:
    insider.changes_event(TOLD_AGAIN, originator_version=7)

    assert ("version_gap", TOLD_AGAIN) in faults(book)


def test_an_event_was_given_to_another_history(book: Market, insider: Insider) -> None:
    insider.changes_event(TOLD_AGAIN, originator_id=STRANGER)

    assert ("version_gap", TOLD_AGAIN) in faults(book)


def test_an_event_was_added_in_front(book: Market, insider: Insider) -> None:
    row = insider.event(PLACE) | {"position": 0, "originator_id": STRANGER}
    insider.does(insert(insider.tables.events).values(row))

    assert faults(book) != []


def test_an_event_was_added_behind_without_lines(book: Market, insider: Insider) -> None:
    row = insider.event(LAST) | {"position": LAST + 1, "originator_id": STRANGER}
    insider.does(insert(insider.tables.events).values(row))

    found = faults(book)
    assert ("lines_differ", LAST + 1) in found
    assert any(code.startswith("inbox") for code, _ in found)


def test_an_inbox_row_was_removed(book: Market, insider: Insider) -> None:
    inbox = insider.tables.inbox
    insider.does(delete(inbox).where(inbox.c.position == SECOND))

    assert any(code.startswith("inbox") for code, _ in faults(book))


@pytest.mark.parametrize(
    "values",
    [
        {"digest": bytes(16)},
        {"position": PLACE},
        {"position": LAST + 1},
        {"transfer_id": STRANGER},
        {"connection": "casso", "event_id": "9"},
        {"event_id": "9"},
        {"received_at": 0},
    ],
    ids=lambda values: "+".join(values),
)
def test_an_inbox_row_was_changed(
    book: Market, insider: Insider, values: dict[str, object]
) -> None:
    inbox = insider.tables.inbox
    insider.does(update(inbox).where(inbox.c.position == ORPHAN).values(values))

    assert "inbox_differs" in {code for code, _ in faults(book)}


def test_an_inbox_row_was_invented(book: Market, insider: Insider) -> None:
    row = insider.rows(insider.tables.inbox)[0] | {"event_id": "9", "digest": bytes(16)}
    insider.does(insert(insider.tables.inbox).values(row))

    assert "inbox_differs" in {code for code, _ in faults(book)}


def test_a_notices_key_was_destroyed_as_the_law_may_ask(book: Market, insider: Insider) -> None:
    insider.does(update(insider.tables.inbox).values(key=None, body=None))

    assert faults(book) == []
