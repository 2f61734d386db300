"""Whatever is typed or configured wrongly is answered by one clear sentence, never a traceback."""

import os
from pathlib import Path

import pytest

from market.stalls.demonstration import stall
from tests.web.terminal import Terminal, is_one_sentence

NEED_A_BOOK = [
    ("audit", "verify"),
    ("audit", "replay"),
    ("audit", "trial-balance"),
]
OPEN_A_DATABASE = [
    *NEED_A_BOOK,
    ("init",),
    ("day", "--stalls", "2", "--payments", "5"),
    ("pay", "--stall", "A01", "--amount", "1000"),
    ("demo", "--stalls", "2", "--payments", "5"),
]
SAID = {"ids": " ".join}


@pytest.fixture
def terminal(tmp_path: Path, sqlite_url: str) -> Terminal:
    """Nothing is founded here yet."""
    return Terminal(tmp_path, sqlite_url)


@pytest.fixture
def demo(terminal: Terminal) -> Terminal:
    """A demonstration market with two stalls."""
    assert terminal.choso("init", "--demo", "--stalls", "2").code == 0
    return terminal


ENCODE = ("vietqr", "encode", "--bin", "999999", "--account", "1")
VERIFY = ("notice", "verify", "--provider", "sepay", "--secret", "s", "--body", os.devnull)


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("--nonsense",),
        ("init", "--seed", "x"),
        ("init", "--demo", "--stalls", "-1"),
        ("init", "--demo", "--stalls", "2001"),
        ("init", "--demo", "--stalls", "many"),
        ("init", "more"),
        ("day", "--stalls", "0"),
        ("day", "--stalls", "2001"),
        ("day", "--payments", "0"),
        ("day", "--payments", "-5"),
        ("day", "--payments", "1.5"),
        ("day", "--payments", "1000001"),
        ("day", "--seed", "x"),
        ("day", "--seed", "9" * 5_000),
        ("day", "--on", "2026-13-01"),
        ("day", "--on", "today"),
        ("day", "--on", "0001-01-01"),
        ("day", "--on", "9999-12-31"),
        ("day", "--via", "pigeon"),
        ("day", "more"),
        ("demo", "--stalls", "0"),
        ("demo", "--payments", "0"),
        ("demo", "--seed", "x"),
        ("pay",),
        ("pay", "--stall", "A01"),
        ("pay", "--amount", "1000"),
        ("pay", "--stall", "A01", "--amount", "0"),
        ("pay", "--stall", "A01", "--amount", "-5"),
        ("pay", "--stall", "A01", "--amount", "1.5"),
        ("pay", "--stall", "A01", "--amount", "1e3"),
        ("pay", "--stall", "A01", "--amount", "much"),
        ("pay", "--stall", "A01", "--amount", str(2**53)),
        ("pay", "--stall", "A01", "--amount", "9" * 40),
        ("pay", "--stall", "A01", "--amount", "9" * 5_000),
        ("pay", "--stall", "", "--amount", "1000"),
        ("pay", "--stall", "Z99", "--amount", "1000"),
        ("pay", "--stall", "CSZ00000A", "--amount", "1000"),
        ("pay", "--stall", "\x00\ud800", "--amount", "1000"),
        (*ENCODE[:4], "--account", ""),
        (*ENCODE[:2], "--bin", "x", "--account", "1"),
        (*ENCODE, "--amount", "0"),
        (*ENCODE, "--amount", "-5"),
        (*ENCODE, "--amount", "1.5"),
        (*ENCODE, "--amount", "9" * 5_000),
        (*ENCODE, "--memo", "cà phê"),
        (*ENCODE, "--svg", "/no/such/folder/code.svg"),
        (*ENCODE, "--png", "/"),
        ("vietqr", "decode"),
        (*VERIFY[:3], "momo", *VERIFY[4:]),
        (*VERIFY[:5], "", *VERIFY[6:]),
        (*VERIFY, "--header", "no colon"),
        (*VERIFY, "--at", "noon"),
        (*VERIFY[:6], "--body", "/no/such/file"),
        ("audit", "nonsense"),
        ("audit", "verify", "--checkpoint", "last-month.txt"),
        ("audit", "verify", "--checkpoint", ""),
        ("audit", "replay", "--as-of", "noon"),
        ("audit", "replay", "--as-of", ""),
        ("audit", "replay", "--as-of", "2026-02-30"),
        ("audit", "trial-balance", "--as-of", "2026-11-22T25:00"),
        ("audit", "trial-balance", "--as-of", "99999-01-01"),
        ("audit", "trial-balance", "--as-of", "\ud800"),
        ("bench", "nonsense"),
    ],
    ids=lambda words: " ".join(words)[:60].encode("ascii", "replace").decode(),
)
def test_words_that_make_no_sense_exit_2(demo: Terminal, words: tuple[str, ...]) -> None:
    said = demo.choso(*words)

    assert said.code == 2
    assert is_one_sentence(said), said


@pytest.mark.parametrize("words", [("vietqr", "decode", "hello"), (*VERIFY,)], **SAID)
def test_what_is_not_genuine_exits_1_in_one_sentence(
    demo: Terminal, words: tuple[str, ...]
) -> None:
    said = demo.choso(*words)

    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("audit",), ("vietqr",), ("notice",)], **SAID)
def test_a_group_alone_shows_what_there_is(demo: Terminal, words: tuple[str, ...]) -> None:
    said = demo.choso(*words)

    assert "Commands:" in said.out + said.err
    assert "choso: Usage" not in said.err


@pytest.mark.parametrize("words", NEED_A_BOOK, **SAID)
def test_where_there_is_no_book_one_is_told_how_to_make_it(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    said = terminal.choso(*words)

    assert said.code == 2
    assert is_one_sentence(said)
    assert "choso init" in said.err


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/choso",
        "garbage",
        " ",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://localhost:port/choso",
        "postgresql://nobody@127.0.0.1:1/choso",
        "postgresql://127.0.0.1:99999/choso",
        "sqlite:///{home}",
        "sqlite:///{home}/file.txt",
        "sqlite:///{home}/file.txt/book.db",
        "sqlite:////proc/nowhere/book.db",
    ],
)
@pytest.mark.parametrize("words", OPEN_A_DATABASE, **SAID)
def test_a_database_that_is_none_exits_2(tmp_path: Path, url: str, words: tuple[str, ...]) -> None:
    (tmp_path / "file.txt").write_text("This is no database. " * 100)
    home = tmp_path / "home"
    home.mkdir()
    before = sorted(Path.cwd().iterdir())

    said = Terminal(home, url.replace("{home}", str(tmp_path))).choso(*words)

    assert said.code == 2
    assert is_one_sentence(said), said
    assert sorted(Path.cwd().iterdir()) == before, "nothing is left in the folder one stands in"
    if not url.startswith("postgresql"):
        assert list(home.rglob("*.key")) == [], "a key for a database that there cannot be"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
@pytest.mark.parametrize("words", OPEN_A_DATABASE, **SAID)
def test_a_folder_that_may_not_be_written_exits_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    tmp_path.chmod(0o500)

    said = Terminal(tmp_path, f"sqlite:///{tmp_path}/book.db").choso(*words)

    tmp_path.chmod(0o700)
    assert said.code == 2
    assert is_one_sentence(said), said


@pytest.mark.parametrize("words", OPEN_A_DATABASE, **SAID)
@pytest.mark.parametrize(
    "settings",
    [
        {"master_key": "33" * 32},
        {"master_key": "33" * 31},
        {"master_key": "33" * 32 + ","},
        {"master_key": "not a key"},
        {"master_key_file": "{home}/short.key"},
        {"master_key_file": "{home}/empty.key"},
        {"master_key_file": "{home}/letters.key"},
        {"master_key_file": "{home}"},
        {"master_key_file": "{home}/file/nowhere.key"},
    ],
    ids=lambda settings: " ".join(settings.values())[:20],
)
def test_a_key_that_does_not_fit_exits_2(
    demo: Terminal, tmp_path: Path, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    (tmp_path / "short.key").write_text("44" * 31)
    (tmp_path / "empty.key").write_text("")
    (tmp_path / "letters.key").write_text("chìa khóa")
    (tmp_path / "file").write_text("")
    chosen = {name: value.replace("{home}", str(tmp_path)) for name, value in settings.items()}

    said = demo.choso(*words, **chosen)

    assert said.code == 2
    assert is_one_sentence(said), said


def test_a_key_file_that_was_lost_is_not_made_anew(demo: Terminal, tmp_path: Path) -> None:
    """A new key could not open the book, and would hide that the old one is missing."""
    (tmp_path / "book.key").unlink()

    said = demo.choso("init")

    assert said.code == 2
    assert is_one_sentence(said), said
    assert not (tmp_path / "book.key").exists()


@pytest.mark.parametrize(
    "words", [("pay", "--stall", "A01", "--amount", "1"), ("day",), ("demo",)], **SAID
)
def test_simulated_money_has_no_place_in_production(demo: Terminal, words: tuple[str, ...]) -> None:
    said = demo.choso(*words, env="production")

    assert said.code == 2
    assert is_one_sentence(said)
    assert "never in production" in said.err


def test_a_vacant_stall_cannot_be_paid(demo: Terminal) -> None:
    from web.config import settings
    from web.wiring import opened

    with opened(settings(demo.environ)) as wiring:
        keeper = wiring.register.stall("A01").keeper
        assert keeper is not None
        wiring.register.vacate(stall(0).code, keeper.from_at.replace(year=2027))

    said = demo.choso("pay", "--stall", "A01", "--amount", "1000")

    assert said.code == 2
    assert is_one_sentence(said)
