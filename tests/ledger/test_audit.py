"""The audit names every place where somebody altered money: in events, lines or balances."""

from uuid import UUID

import pytest
from sqlalchemy import delete, insert, update

from ledger.audit import ENOUGH, verify
from tests.builders import STRANGER, Market
from tests.ledger.insider import (
    ACCOUNT,
    ASSIGNED,
    CONTRADICTED,
    LAST,
    ORPHAN,
    PAID,
    PLACE,
    SECOND,
    SETTLED,
    TOLD_AGAIN,
    VENDOR,
    Insider,
    faults,
)


def test_a_clean_book_has_no_fault(book: Market, insider: Insider) -> None:
    verdict = verify(book.book)

    assert verdict == (True, LAST, [], False)


def test_progress_is_told_without_changing_the_verdict(book: Market, insider: Insider) -> None:
    told: list[int] = []

    assert verify(book.book, told.append).ok


def test_an_amount_that_stands_was_changed(book: Market, insider: Insider) -> None:
    insider.rewrites(
        PAID, '"in","entity_id"', '"in", "entity_id"'
    )  # White space alone is no fault.
    assert faults(book) == []

    state = insider.event(PAID)["state"]
    stands = state.index('"stands"')
    insider.changes_event(PAID, state=state[:stands] + state[stands:].replace("50000", "60000"))

    assert ("lines_differ", PAID) in faults(book)


def test_an_amount_that_was_told_was_changed(book: Market, insider: Insider) -> None:
    insider.rewrites(PAID, "50000", "60000", times=1)

    assert PAID in {position for _, position in faults(book)}


def test_all_amounts_of_an_event_were_changed(book: Market, insider: Insider) -> None:
    insider.rewrites(PAID, "50000", "60000")

    found = faults(book)
    assert ("lines_differ", PAID) in found
    assert ("balance_differs", LAST) in found


def test_an_amount_and_its_lines_were_changed_but_not_the_balances(
    book: Market, insider: Insider
) -> None:
    lines = insider.tables.lines
    insider.rewrites(LAST, "15000", "10000")
    for line, vnd in ((1, 10_000), (2, -10_000)):
        mine = (lines.c.position == LAST) & (lines.c.line == line)
        insider.does(update(lines).where(mine).values(amount_vnd=vnd))

    assert ("balance_differs", LAST) in faults(book)


def test_how_it_stood_before_was_changed(book: Market, insider: Insider) -> None:
    """Both amounts by the same sum: its lines alone would hide it."""
    insider.rewrites(CONTRADICTED, "30000", "31000")
    insider.rewrites(CONTRADICTED, "25000", "26000")

    assert CONTRADICTED in {position for _, position in faults(book)}


def test_money_was_given_to_another_entity(book: Market, insider: Insider) -> None:
    insider.rewrites(LAST, entity_of(insider), str(STRANGER))

    found = faults(book)
    assert ("lines_differ", LAST) in found
    assert ("balance_differs", LAST) in found


def entity_of(insider: Insider) -> str:
    state: str = insider.event(LAST)["state"]
    at = state.index('"entity_id":"') + len('"entity_id":"')
    return state[at : at + 36]


def test_a_sale_was_made_a_private_matter(book: Market, insider: Insider) -> None:
    insider.rewrites(LAST, '"kind":"sale"', '"kind":"owner"')

    assert ("lines_differ", LAST) in faults(book)


def test_two_events_swapped_their_states(book: Market, insider: Insider) -> None:
    one, other = insider.event(SECOND)["state"], insider.event(LAST)["state"]
    insider.changes_event(SECOND, state=other)
    insider.changes_event(LAST, state=one)

    found = faults(book)
    assert {("lines_differ", SECOND), ("lines_differ", LAST)} <= set(found)
    assert {("inbox_differs", SECOND), ("inbox_differs", LAST)} <= set(found)


@pytest.mark.parametrize("position", [PAID, TOLD_AGAIN, ORPHAN, VENDOR, PLACE])
def test_an_event_in_the_middle_was_removed(book: Market, insider: Insider, position: int) -> None:
    insider.removes_event(position)

    assert ("gap", position) in faults(book)


def test_several_events_in_a_row_were_removed(book: Market, insider: Insider) -> None:
    for position in (ORPHAN, SETTLED):
        insider.removes_event(position)

    assert ("gap", ORPHAN) in faults(book)


def test_the_gap_was_closed_by_moving_the_rest_up(book: Market, insider: Insider) -> None:
    insider.removes_event(TOLD_AGAIN)
    events = insider.tables.events
    for position in range(TOLD_AGAIN + 1, LAST + 1):
        insider.does(
            update(events).where(events.c.position == position).values(position=position - 1)
        )

    found = faults(book)
    assert ("lines_differ", TOLD_AGAIN) in found
    assert ("inbox_differs", LAST) in found


def test_the_last_event_of_money_was_removed(book: Market, insider: Insider) -> None:
    """Before there is a seal only what it left behind tells of it: lines, balances, inbox."""
    insider.removes_event(LAST)

    found = faults(book)
    assert ("lines_without_event", LAST) in found
    assert ("balance_differs", SETTLED) in found
    assert ("inbox_differs", LAST) in found


def test_the_last_event_was_removed_with_its_lines(book: Market, insider: Insider) -> None:
    insider.removes_event(LAST)
    insider.does(delete(insider.tables.lines).where(insider.tables.lines.c.position == LAST))

    assert {"balance_differs", "inbox_differs"} <= {code for code, _ in faults(book)}


def test_the_last_event_was_a_change_of_the_directory_and_was_removed(
    book: Market, insider: Insider
) -> None:
    """It has neither lines nor an inbox row; its row in the directory stays behind."""
    for table in (insider.tables.lines, insider.tables.inbox, insider.tables.balances):
        insider.does(delete(table))
    for position in range(ASSIGNED, LAST + 1):
        insider.removes_event(position)

    assert faults(book) != []


def test_the_directory_forgot_who_owns_an_account(book: Market, insider: Insider) -> None:
    """The event stands, but decisions no longer see it: money would go astray from now on."""
    directory = insider.tables.directory
    insider.does(delete(directory).where(directory.c.position == ACCOUNT))

    assert ACCOUNT in {position for _, position in faults(book)}


def test_a_line_was_changed(book: Market, insider: Insider) -> None:
    lines = insider.tables.lines
    mine = (lines.c.position == LAST) & (lines.c.line == 1)
    insider.does(update(lines).where(mine).values(amount_vnd=15_001))

    assert {("lines_differ", LAST), ("unbalanced", LAST)} <= set(faults(book))


def test_a_line_was_booked_on_another_account(book: Market, insider: Insider) -> None:
    lines = insider.tables.lines
    mine = (lines.c.position == LAST) & (lines.c.code == "5110")
    insider.does(update(lines).where(mine).values(code="3390"))

    assert ("lines_differ", LAST) in faults(book)


def test_a_line_was_removed(book: Market, insider: Insider) -> None:
    lines = insider.tables.lines
    insider.does(delete(lines).where(lines.c.position == LAST, lines.c.line == 2))

    assert {("lines_differ", LAST), ("unbalanced", LAST)} <= set(faults(book))


def test_lines_were_added_to_an_event(book: Market, insider: Insider) -> None:
    add_lines(insider, ORPHAN)

    assert ("lines_differ", ORPHAN) in faults(book)


@pytest.mark.parametrize("position", [LAST + 1, 10_000, 0])
def test_lines_were_added_without_any_event(book: Market, insider: Insider, position: int) -> None:
    add_lines(insider, position)

    assert ("lines_without_event", position) in faults(book)


def add_lines(insider: Insider, position: int) -> None:
    for line, code, vnd in ((1, "1121", 9_000), (2, "5110", -9_000)):
        row = {"position": position, "line": line, "entity": STRANGER, "code": code}
        insider.does(insert(insider.tables.lines).values(amount_vnd=vnd, **row))


def test_a_balance_was_changed(book: Market, insider: Insider) -> None:
    balances = insider.tables.balances
    insider.does(update(balances).where(balances.c.code == "5110").values(amount_vnd=-1_000_000))

    assert ("balance_differs", LAST) in faults(book)


def test_a_balance_was_removed(book: Market, insider: Insider) -> None:
    balances = insider.tables.balances
    insider.does(delete(balances).where(balances.c.code == "5110"))

    assert ("balance_differs", LAST) in faults(book)


def test_a_balance_was_invented(book: Market, insider: Insider) -> None:
    row = {"entity": STRANGER, "code": "5110", "amount_vnd": 1}
    insider.does(insert(insider.tables.balances).values(row))

    assert ("balance_differs", LAST) in faults(book)


def test_more_faults_than_a_person_reads_are_not_listed(book: Market, insider: Insider) -> None:
    for number in range(ENOUGH + 20):
        row = {"entity": UUID(int=1000 + number), "code": "5110", "amount_vnd": 1}
        insider.does(insert(insider.tables.balances).values(row))

    assert len(verify(book.book).faults) == ENOUGH
