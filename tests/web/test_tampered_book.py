"""`choso audit` on a book that was tampered with: exit 1 and the first fault, never a traceback."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.web.terminal import Terminal, is_one_sentence


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A demonstration market whose first stall was paid."""
    terminal = Terminal(tmp_path, f"sqlite:///{tmp_path}/book.db")
    terminal.choso("init", "--demo", "--stalls", "1")
    terminal.choso("pay", "--stall", "A01", "--amount", "50000")
    return terminal


def tamper(terminal: Terminal, statement: str, *values: object) -> int:
    """Does it without the triggers; returns the position of the event that was changed."""
    file = terminal.environ["CHOSO_DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as book, book:
        for (name,) in book.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            book.execute(f"DROP TRIGGER {name}")
        (position,) = book.execute(f"{statement} RETURNING position", values).fetchone()
    return int(position)


AMOUNT = (
    "UPDATE events SET state = replace(state, '50000', '60000') "
    "WHERE topic = 'ledger.Transfer.Created'"
)
UNREADABLE = "UPDATE events SET state = '{' WHERE topic = ?"


def test_a_changed_amount_is_named(terminal: Terminal) -> None:
    position = tamper(terminal, AMOUNT)

    said = terminal.choso("audit", "verify")

    assert said.code == 1
    assert is_one_sentence(said)
    assert said.err.startswith(f"choso: position {position}: ")
    assert "(lines_differ)" in said.err


def test_json_tells_all_faults_and_the_first_one_stands_on_standard_error(
    terminal: Terminal,
) -> None:
    position = tamper(terminal, AMOUNT)

    said = terminal.choso("audit", "verify", "--json")

    assert said.code == 1
    assert said.told["ok"] is False
    assert set(said.told["faults"][0]) == {"code", "position", "message"}
    assert said.told["faults"][0]["position"] == position
    assert said.told["faults"][0]["message"] in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "topic",
    ["ledger.Transfer.Created", "ledger.BankAccount.Created", "market.Stall.Created"],
)
def test_an_unreadable_event_is_a_fault_of_the_book_whatever_it_told(
    terminal: Terminal, topic: str
) -> None:
    """The market need not be understood to audit the book."""
    position = tamper(terminal, UNREADABLE, topic)

    said = terminal.choso("audit", "verify", "--json")

    assert said.code == 1
    assert ("unreadable", position) in {
        (fault["code"], fault["position"]) for fault in said.told["faults"]
    }


@pytest.mark.parametrize("words", [("replay",), ("trial-balance",), ("replay", "--json")])
@pytest.mark.parametrize("topic", ["ledger.Transfer.Created", "market.Stall.Created"])
def test_other_commands_on_such_a_book_say_so_in_one_sentence(
    terminal: Terminal, topic: str, words: tuple[str, ...]
) -> None:
    tamper(terminal, UNREADABLE, topic)

    said = terminal.choso("audit", *words)

    assert said.code == 0 or is_one_sentence(said), said


def test_the_replay_shows_what_the_events_say_and_the_trial_balance_what_the_book_says(
    terminal: Terminal,
) -> None:
    tamper(terminal, AMOUNT)

    replayed = terminal.choso("audit", "replay", "--json").told
    kept = terminal.choso("audit", "trial-balance", "--json").told

    assert [row["debit_vnd"] + row["credit_vnd"] for row in replayed["accounts"]] == [60_000] * 2
    assert [row["debit_vnd"] + row["credit_vnd"] for row in kept["accounts"]] == [50_000] * 2


def test_a_demonstration_of_a_tampered_book_does_not_end_well(terminal: Terminal) -> None:
    tamper(terminal, AMOUNT)

    said = terminal.choso("demo", "--stalls", "1", "--payments", "20")

    assert said.code == 1
    assert "The book does not hold" in said.err
    assert "Traceback" not in said.err
