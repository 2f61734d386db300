"""`choso serve`: one clear sentence for what cannot be served, before anything is started."""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from web.bench.simulated import SimulatedMarket
from web.cli import main
from web.door.limits import BadLimit, Limits, limits


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs the command in this process, in an environment of its own, where it must fail."""
    for name in [name for name in os.environ if name.startswith("CHOSO_")]:
        monkeypatch.delenv(name)

    def run(environ: Mapping[str, str], *options: str) -> tuple[int, str]:
        for name, told in environ.items():
            if name.startswith("CHOSO_"):
                monkeypatch.setenv(name, told)
        monkeypatch.setenv("CHOSO_HOME", str(tmp_path))
        with pytest.raises(SystemExit) as ended:
            main(["serve", *options])
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(r"choso: [^\n]+\n", err), err
        assert isinstance(ended.value.code, int)
        return ended.value.code, err

    return run


def test_no_book(said, sqlite_url: str) -> None:
    code, sentence = said({"CHOSO_DATABASE_URL": sqlite_url})

    assert code == 2
    assert "no book" in sentence


def test_a_missing_key(said, sqlite_market: SimulatedMarket) -> None:
    url = sqlite_market.environ["CHOSO_DATABASE_URL"]

    code, sentence = said({"CHOSO_DATABASE_URL": url})

    assert code == 2
    assert "CHOSO_MASTER_KEY" in sentence


def test_another_book_s_key(said, sqlite_market: SimulatedMarket) -> None:
    code, _ = said({**sqlite_market.environ, "CHOSO_MASTER_KEY": "ab" * 32})

    assert code == 2


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/nowhere",
        "postgresql://nobody@/nowhere?host=/nowhere",
        "sqlite:////proc/nowhere/book.db",
    ],
)
def test_a_database_that_is_not_there(said, url: str) -> None:
    code, sentence = said({"CHOSO_DATABASE_URL": url, "CHOSO_MASTER_KEY": "ab" * 32})

    assert code == 2
    assert re.search("cannot be reached|no book", sentence)


def test_a_port_in_use(said, sqlite_market: SimulatedMarket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, sentence = said(sqlite_market.environ, "--port", str(port))

    assert (code, sentence) == (
        2,
        f"choso: Port {port} of 127.0.0.1 is in use; choose another with --port.\n",
    )


def test_an_address_of_somebody_else(said, sqlite_market: SimulatedMarket) -> None:
    assert said(sqlite_market.environ, "--port", "0", "--host", "192.0.2.1")[0] == 2
    assert said(sqlite_market.environ, "--port", "0", "--host", "no.such.host.invalid")[0] == 2


def test_more_than_one_worker_on_sqlite(said, sqlite_market: SimulatedMarket) -> None:
    code, sentence = said(sqlite_market.environ, "--workers", "2")

    assert code == 2
    assert "PostgreSQL" in sentence


def test_a_limit_that_is_none(said, tmp_path: Path) -> None:
    code, sentence = said({"CHOSO_DOOR_CONNECTIONS": "many"})

    assert code == 2
    assert "CHOSO_DOOR_CONNECTIONS" in sentence


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "٣", "x"])
def test_a_limit_is_a_whole_number_above_zero(text: str) -> None:
    assert limits({"CHOSO_DOOR_PAGES": "7"}) == Limits(pages=7)
    with pytest.raises(BadLimit):
        limits({"CHOSO_DOOR_PAGES": text})
