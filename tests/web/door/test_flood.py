"""Floods: of forged notices, and of honest ones while nobody can write; honest money gets in."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from integrations.bank_simulator.movement import Movement
from tests.web.door.serving import Served, eventually, locked, movement, served, stored
from web.bench.load import Load, sending
from web.bench.simulated import SimulatedMarket

QUEUE = 10


def test_honest_notices_pass_beside_a_flood_of_forged_ones_from_the_same_address(
    sqlite_market: SimulatedMarket, tmp_path: Path
) -> None:
    with served(sqlite_market, tmp_path / "log") as door:
        url = sqlite_market.settings.database_url
        load = Load(door.url.rstrip("/"), "a forger's", sqlite_market.payees, 64, 2, "flood")
        took = []
        with sending() as send, ThreadPoolExecutor(1) as forger:
            flood = forger.submit(send, load)
            eventually(lambda: counted(door, 'outcome="bad_signature",provider="sepay"') > 10)
            while not flood.done():
                began = time.monotonic()
                assert door.tell(movement(door.market)).status == 200
                took.append(time.monotonic() - began)
        answers = flood.result().answers
        lines = (tmp_path / "log").read_text().count('"bad_signature"')

        print(f"beside {answers}: {len(took)} honest, slowest {max(took) * 1000:.0f} ms")
        assert answers.keys() <= {"401", "429"}
        assert answers["429"] > 0
        assert len(took) > 10
        assert len(stored(url)) == len(took)
        assert lines < sum(answers.values()) + 1
        assert counted(door, 'outcome="bad_signature",provider="sepay"') == sum(answers.values())


def counted(door: Served, labels: str) -> float:
    """Notices that the door has counted under these labels."""
    text = door.ask("GET", "/metrics").body.decode()
    wanted = f"choso_notices_total{{{labels}}} "
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(wanted))


def until_acknowledged(door: Served, told: Movement) -> bool:
    """Tells it again and again, as a bank would."""
    eventually(lambda: door.tell(told).status == 200)
    return True


def test_a_full_queue_says_so_at_once_and_recovers(market: SimulatedMarket, tmp_path: Path) -> None:
    url = market.settings.database_url
    movements = [movement(market) for _ in range(3 * QUEUE)]
    caps = {"CHOSO_DOOR_NOTICES": str(QUEUE), "CHOSO_DOOR_ANSWER_S": "1"}
    with (
        served(market, tmp_path / "log", "--workers", "1", **caps) as door,
        ThreadPoolExecutor(len(movements)) as banks,
    ):
        with locked(url):
            told = list(banks.map(door.tell, movements))
            assert door.ask("GET", "/healthz").status == 200
            assert stored(url) == []
        again = list(banks.map(partial(until_acknowledged, door), movements))

    codes = Counter(json.loads(answer.body)["error"] for answer in told)
    assert {answer.status for answer in told} == {503}
    assert all(answer.headers["retry-after"].isdigit() for answer in told)
    assert codes == {"too_long": QUEUE, "queue_full": 2 * QUEUE}
    assert all(again)
    assert sorted(row.event_id for row in stored(url)) == sorted(str(m.event_id) for m in movements)
