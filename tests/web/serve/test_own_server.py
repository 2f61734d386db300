"""A server of one's own, and the simulated bank that tells it a day over HTTP."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from integrations.bank_simulator.day import PayableStall, plan_day
from integrations.bank_simulator.http import HttpBank
from tests.web.door.serving import stored
from web.bench.simulated import simulated_market
from web.serve.own_server import ServerDidNotStart, own_server


def test_a_simulated_day_over_http_ends_as_planned(database_url: str, tmp_path: Path) -> None:
    market = simulated_market(tmp_path, database_url, 3)
    stalls = [
        PayableStall(code, account, provider)
        for (code, account), provider in zip(market.payees, market.secrets, strict=True)
    ]
    plan = plan_day(stalls, 100, seed=7, on=date(2026, 11, 21))
    with own_server(environ=market.environ) as door:
        bank = HttpBank(door, market.secrets, lambda: datetime.now(UTC), lambda _: None)
        became = Counter(sent.became for sent in bank.send_all(plan.deliveries, 8))

    refused = sum(delivery.kind in ("forged", "stale") for delivery in plan.deliveries)
    assert became["refused"] == refused > 0
    assert became["unanswered"] == 0
    assert became["first"] == plan.payments
    assert became.total() == plan.notices
    assert len(stored(database_url)) >= plan.payments


def test_a_server_that_cannot_start_is_told(sqlite_url: str, tmp_path: Path) -> None:
    environ = {"CHOSO_DATABASE_URL": sqlite_url, "CHOSO_HOME": str(tmp_path)}
    with pytest.raises(ServerDidNotStart), own_server(environ=environ):
        pass
