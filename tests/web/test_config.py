"""The settings come from the environment; the master key is made once and kept from others."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.store.engines import NotADatabase
from ledger.vault import KEY_BYTES
from web.config import KNOWN_KEYS, BadKey, KeyOutOfReach, NoKey, Settings, master_keys, settings

KEY, OTHER = bytes(range(100, 132)), bytes(range(132, 164))
FORMS = {"hex": KEY.hex(), "HEX": KEY.hex().upper(), "base64": base64.b64encode(KEY).decode()}


def told(home: Path, **more: str) -> Settings:
    """Settings of somebody who lives at `home` and said these things."""
    return settings(
        {"CHOSO_HOME": str(home)} | {f"CHOSO_{name.upper()}": it for name, it in more.items()}
    )


def test_without_any_word_the_book_lies_below_var(tmp_path: Path) -> None:
    found = told(tmp_path)

    assert found.database_url == f"sqlite:///{tmp_path}/var/choso.sqlite3"
    assert found.key_file == tmp_path / "var" / "choso.key"
    assert not found.production


@pytest.mark.parametrize("name", ["database_url", "master_key", "master_key_file", "env"])
def test_an_empty_setting_is_none(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, **{name: ""}) == told(tmp_path)


def test_the_home_is_the_checkout_from_wherever_one_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert settings({}).home == Path(__file__).parents[2]


def test_settings_that_are_printed_keep_the_key(tmp_path: Path) -> None:
    assert KEY.hex() not in repr(told(tmp_path, master_key=KEY.hex()))


def test_the_key_lies_beside_its_book(tmp_path: Path) -> None:
    found = told(tmp_path, database_url=f"sqlite:///{tmp_path}/cho.db")

    assert found.key_file == tmp_path / "cho.key"


def test_each_postgresql_book_has_a_key_of_its_own(tmp_path: Path) -> None:
    urls = [
        "postgresql://one/choso",
        "postgresql://other/choso",
        "postgresql://one:5433/choso",
        "postgresql://one/cho",
        "postgresql:///choso?host=/one",
    ]
    files = {told(tmp_path, database_url=url).key_file for url in urls}

    assert len(files) == len(urls)
    assert {file.parent for file in files} == {tmp_path / "var"}


def test_a_password_does_not_lead_to_another_key_and_is_not_in_its_name(tmp_path: Path) -> None:
    files = [
        told(tmp_path, database_url=f"postgresql://{who}@one/choso").key_file
        for who in ("lan:hush", "lan:changed")
    ]

    assert files[0] == files[1]
    assert "hush" not in str(files[0])


@pytest.mark.parametrize(
    "url", ["mysql://one/x", "garbage", "sqlite://", "sqlite:///:memory:", "postgresql://one:x/y"]
)
def test_for_what_is_no_database_there_is_no_key(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotADatabase):
        master_keys(told(tmp_path, database_url=url), create=True)

    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    here = told(tmp_path)

    first = master_keys(here, create=True)
    again = master_keys(here, create=True)

    assert first == again == master_keys(here)
    assert [len(key) for key in first] == [KEY_BYTES]
    assert stat.S_IMODE(here.key_file.stat().st_mode) == 0o600
    assert first != master_keys(told(tmp_path / "elsewhere"), create=True)


def test_who_comes_at_the_same_moment_gets_the_same_key(tmp_path: Path) -> None:
    here = told(tmp_path)

    def make(_: int) -> tuple[bytes, ...]:
        try:
            return master_keys(here, create=True)
        except NoKey:  # The other one has made the file and not yet written: try again.
            return master_keys(here)

    with ThreadPoolExecutor(8) as people:
        found = set(people.map(make, range(32)))

    assert len(found) == 1


def test_without_leave_no_key_is_made(tmp_path: Path) -> None:
    with pytest.raises(NoKey):
        master_keys(told(tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_key_may_be_written_in_hexadecimal_digits_or_in_base64(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.key").write_text(f"  {FORMS[form]}\n\n")

    assert master_keys(told(tmp_path, master_key=f" {FORMS[form]} ")) == (KEY,)
    assert master_keys(told(tmp_path, master_key_file=str(tmp_path / "a.key"))) == (KEY,)


def test_of_several_keys_the_newest_comes_first(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_text(f"{KEY.hex()}\n{OTHER.hex()}\n")

    assert master_keys(told(tmp_path, master_key=f"{KEY.hex()},{OTHER.hex()}")) == (KEY, OTHER)
    assert master_keys(told(tmp_path, master_key_file=f"{tmp_path}/a.key")) == (KEY, OTHER)


def test_the_key_itself_goes_before_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_text(OTHER.hex())

    assert master_keys(
        told(tmp_path, master_key=KEY.hex(), master_key_file=f"{tmp_path}/a.key")
    ) == (KEY,)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        KEY.hex()[2:],
        KEY.hex() + "00",
        f"{KEY.hex()},",
        ",",
        "khóa",
        f"{KEY.hex()},x",
        "=" * 44,
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadKey):
        master_keys(told(tmp_path, master_key=text))


@pytest.mark.parametrize("text", ["x", KEY.hex()[2:], "khóa", f"{KEY.hex()}\nx"])
def test_a_file_that_holds_no_key_is_refused_and_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.key"
    file.write_text(text)

    with pytest.raises(BadKey):
        master_keys(told(tmp_path, master_key_file=str(file)), create=True)

    assert file.read_text() == text


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_text("\n")

    with pytest.raises(NoKey):
        master_keys(told(tmp_path, master_key_file=f"{tmp_path}/a.key"), create=True)


def test_a_key_file_that_cannot_be_read_or_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for path in (tmp_path, tmp_path / "file" / "a.key"):
        with pytest.raises(KeyOutOfReach):
            master_keys(told(tmp_path, master_key_file=str(path)), create=True)


def test_production_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(NoKey):
        master_keys(told(tmp_path, env="production"), create=True)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("known", sorted(KNOWN_KEYS), ids=lambda key: key.hex()[:6])
def test_production_refuses_a_key_that_anybody_knows_even_an_old_one(
    tmp_path: Path, known: bytes
) -> None:
    (tmp_path / "a.key").write_text(known.hex())
    for chosen in (
        {"master_key": known.hex()},
        {"master_key": f"{KEY.hex()},{known.hex()}"},
        {"master_key_file": f"{tmp_path}/a.key"},
    ):
        with pytest.raises(NoKey):
            master_keys(told(tmp_path, env="production", **chosen))
        assert known in master_keys(told(tmp_path, **chosen)), "elsewhere it will do"


def test_production_takes_a_key_of_its_own(tmp_path: Path) -> None:
    assert master_keys(told(tmp_path, env="production", master_key=KEY.hex())) == (KEY,)
