"""`choso` from an empty database to an audited market day, on both engines."""

import json
from pathlib import Path

import pytest

from tests.web.terminal import Terminal

DAY = ("day", "--stalls", "8", "--payments", "120", "--json")


@pytest.fixture
def terminal(tmp_path: Path, database_url: str) -> Terminal:
    return Terminal(tmp_path, database_url)


def position(terminal: Terminal) -> int:
    found: int = terminal.choso("audit", "trial-balance", "--json").told["position"]
    return found


def test_a_market_day_as_contracted(terminal: Terminal) -> None:
    told = terminal.choso(*DAY, "--seed", "7").told

    assert set(told) == {
        "payments",
        "notices_sent",
        "duplicates_ignored",
        "forged_refused",
        "orphaned",
        "received_vnd",
        "trial_balance_vnd",
        "seconds",
        "payments_per_second",
    }
    assert told["payments"] == 120
    assert told["notices_sent"] == 120 + told["duplicates_ignored"] + told["forged_refused"]
    assert min(told["duplicates_ignored"], told["forged_refused"], told["orphaned"]) > 0
    assert told["trial_balance_vnd"] == 0
    assert told["seconds"] > 0

    kept = terminal.choso("audit", "trial-balance", "--json").told
    banks = [row["debit_vnd"] for row in kept["accounts"] if row["code"] == "1121"]
    assert sum(banks) == told["received_vnd"]
    assert len(banks) == 8
    assert kept["total_vnd"] == 0


def test_after_two_days_the_audit_agrees_and_a_day_again_adds_nothing(terminal: Terminal) -> None:
    first = terminal.choso(*DAY, "--seed", "7").told
    before = position(terminal)
    second = terminal.choso(*DAY, "--seed", "8").told
    assert position(terminal) > before
    after = position(terminal)
    kept = terminal.choso("audit", "trial-balance", "--json").told

    again = terminal.choso(*DAY, "--seed", "7").told

    assert position(terminal) == after
    assert again["payments"] == 120
    assert again["duplicates_ignored"] == again["notices_sent"] - again["forged_refused"]
    assert terminal.choso("audit", "trial-balance", "--json").told == kept
    banks = sum(row["debit_vnd"] for row in kept["accounts"] if row["code"] == "1121")
    assert banks == first["received_vnd"] + second["received_vnd"]
    verdict = terminal.choso("audit", "verify", "--json").told
    assert verdict == {"ok": True, "position": after, "faults": [], "sealed": False}
    assert terminal.choso("audit", "replay", "--json").told == kept


def test_more_payments_of_the_same_seed_only_add(terminal: Terminal) -> None:
    less = terminal.choso("day", "--stalls", "4", "--payments", "30", "--json").told
    more = terminal.choso("day", "--stalls", "4", "--payments", "60", "--json").told

    assert more["received_vnd"] > less["received_vnd"]
    kept = terminal.choso("audit", "trial-balance", "--json").told
    assert (
        sum(row["debit_vnd"] for row in kept["accounts"] if row["code"] == "1121")
        == (more["received_vnd"])
    )


def test_init_is_done_once_and_may_be_said_again(terminal: Terminal) -> None:
    first = terminal.choso("init", "--demo", "--stalls", "3")
    before = position(terminal)
    again = terminal.choso("init", "--demo", "--stalls", "3")

    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith("A new book lies in ")
    assert again.out.startswith("The book, up to date, lies in ")
    assert position(terminal) == before > 0


def test_init_shows_no_password(tmp_path: Path, postgresql_url: str) -> None:
    terminal = Terminal(tmp_path, postgresql_url.replace("postgres@", "postgres:hush@"))

    said = terminal.choso("init")

    assert said.code == 0
    assert "hush" not in said.out + said.err


def test_a_real_book_begins_empty(terminal: Terminal) -> None:
    assert terminal.choso("init").code == 0

    assert terminal.choso("audit", "verify", "--json").told["position"] == 0
    kept = terminal.choso("audit", "trial-balance", "--json").told
    assert kept == {"as_of": None, "position": 0, "accounts": [], "total_vnd": 0}


def test_the_simulated_bank_pays_a_stall(terminal: Terminal) -> None:
    terminal.choso("init", "--demo", "--stalls", "2")

    said = terminal.choso("pay", "--stall", "a01", "--amount", "50000")
    terminal.choso("pay", "--stall", "A01", "--amount", "50000")

    assert said.code == 0
    assert "đã nhận 50.000\u00a0₫" in said.out
    rows = terminal.choso("audit", "trial-balance", "--json").told["accounts"]
    assert [(row["code"], row["debit_vnd"], row["credit_vnd"]) for row in rows] == [
        ("1121", 100_000, 0),
        ("5110", 0, 100_000),
    ]
    assert terminal.choso("audit", "verify").code == 0


def test_past_moments_are_told_with_the_position_that_they_had(terminal: Terminal) -> None:
    terminal.choso("init", "--demo", "--stalls", "2")
    terminal.choso("pay", "--stall", "A01", "--amount", "50000")

    for command in ("replay", "trial-balance"):
        now = terminal.choso("audit", command, "--json").told
        past = terminal.choso("audit", command, "--as-of", "2020-01-31", "--json").told
        future = terminal.choso("audit", command, "--as-of", "2099-12-31", "--json").told

        assert past == {
            "as_of": "2020-01-31T16:59:59.999999+00:00",
            "position": 0,
            "accounts": [],
            "total_vnd": 0,
        }
        assert future["accounts"] == now["accounts"]
        assert future["position"] == now["position"]


def test_a_bare_date_is_the_whole_market_day_however_it_is_written(terminal: Terminal) -> None:
    terminal.choso("init")
    ends = {
        terminal.choso("audit", "replay", "--as-of", written, "--json").told["as_of"]
        for written in ("2026-11-22", "20261122", "2026-W47-7")
    }

    assert ends == {"2026-11-22T16:59:59.999999+00:00"}


@pytest.mark.parametrize(
    ("written", "as_of"),
    [
        ("2026-11-22T08:30:00+07:00", "2026-11-22T08:30:00+07:00"),
        ("2026-11-22T01:30:00Z", "2026-11-22T01:30:00+00:00"),
        ("2026-11-22T01:30:00", "2026-11-22T01:30:00+00:00"),
    ],
)
def test_a_moment_may_name_its_zone(
    tmp_path: Path, sqlite_url: str, written: str, as_of: str
) -> None:
    terminal = Terminal(tmp_path, sqlite_url)
    terminal.choso("init")

    assert terminal.choso("audit", "replay", "--as-of", written, "--json").told["as_of"] == as_of


def test_people_get_a_table_and_a_verdict(terminal: Terminal) -> None:
    said = terminal.choso("demo", "--stalls", "3", "--payments", "40")

    assert (said.code, said.err) == (0, "")
    assert "Sổ khớp đến từng đồng" in said.out
    assert "dữ liệu mô phỏng" in said.out
    table = terminal.choso("audit", "trial-balance").out
    assert "quầy A01" in table
    assert "Doanh thu bán hàng" in table
    assert "events replayed" in terminal.choso("audit", "verify").out
    assert "payments in" in terminal.choso("day", "--stalls", "3", "--payments", "25").out


def test_every_json_command_prints_one_object_and_nothing_else(terminal: Terminal) -> None:
    terminal.choso("init", "--demo", "--stalls", "2")
    payload = terminal.choso("vietqr", "encode", "--bin", "999999", "--account", "1").out.strip()
    for words in (
        ("day", "--stalls", "2", "--payments", "20"),
        ("audit", "verify"),
        ("audit", "replay"),
        ("audit", "trial-balance"),
        ("vietqr", "decode", payload),
    ):
        said = terminal.choso(*words, "--json")
        assert (said.code, said.err, said.out.count("\n")) == (0, "", 1), words
        assert isinstance(json.loads(said.out), dict)


def test_two_books_do_not_share_a_key(tmp_path: Path, sqlite_url: str) -> None:
    for name in ("one", "other"):
        Terminal(tmp_path, f"sqlite:///{tmp_path}/{name}.db").choso("init")

    assert (tmp_path / "one.key").read_text() != (tmp_path / "other.key").read_text()


def test_a_changed_master_key_still_opens_the_book(tmp_path: Path, sqlite_url: str) -> None:
    old, new = "11" * 32, "22" * 32
    Terminal(tmp_path, sqlite_url, master_key=old).choso("init", "--demo", "--stalls", "2")

    rotated = Terminal(tmp_path, sqlite_url, master_key=f"{new},{old}")

    assert rotated.choso("pay", "--stall", "A01", "--amount", "1000").code == 0
