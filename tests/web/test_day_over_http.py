"""A market day through the HTTP door leaves the same books as one taken in directly."""

from pathlib import Path

import pytest

from tests.web.terminal import Terminal

DAY = ("day", "--stalls", "6", "--payments", "60", "--seed", "7", "--json")


@pytest.fixture
def terminal(tmp_path: Path, database_url: str) -> Terminal:
    return Terminal(tmp_path, database_url)


def test_a_day_over_http_is_a_day(terminal: Terminal) -> None:
    day = terminal.choso(*DAY, "--via", "http").told

    assert day["payments"] == 60
    refused = day["duplicates_ignored"] + day["forged_refused"]
    assert day["notices_sent"] == day["payments"] + refused
    accounts = terminal.choso("audit", "trial-balance", "--json").told["accounts"]
    banked = sum(row["debit_vnd"] for row in accounts if row["code"] == "1121")
    assert banked == day["received_vnd"]
    assert terminal.choso("audit", "verify").code == 0


def test_the_same_day_once_more_adds_nothing_whichever_way_it_comes(terminal: Terminal) -> None:
    terminal.choso(*DAY, "--via", "direct")
    before = terminal.choso("audit", "verify", "--json").told["position"]

    again = terminal.choso(*DAY, "--via", "http").told

    assert again["notices_sent"] == again["duplicates_ignored"] + again["forged_refused"]
    assert terminal.choso("audit", "verify", "--json").told["position"] == before
