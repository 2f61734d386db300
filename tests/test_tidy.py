"""The house rules, checked: plain names, small rooms, one map, and nothing that is left untold."""

import ast
import configparser
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ledger.refusal import Refusal

ROOT = Path(__file__).parent.parent
PACKAGES = ("ledger", "market", "catalog", "commune", "integrations", "web")
VAGUE = {"base", "common", "helpers", "misc", "models", "utils"}
VAGUE |= {"handler", "manager", "service", "services"}
MOST_LINES_IN_A_FILE = 330
MOST_LINES_IN_A_FUNCTION = {"tests": 80} | dict.fromkeys(PACKAGES, 60)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> list[str]:
    return sorted(relative(path) for folder in folders for path in (ROOT / folder).rglob("*.py"))


ROOMS = python_files(*PACKAGES)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def docs() -> str:
    """All that a reader is given: the README and the pages below docs/."""
    pages = sorted(relative(page) for page in (ROOT / "docs").rglob("*.md"))
    return "\n".join(map(text, ["README.md", *pages]))


@pytest.mark.parametrize("room", [*ROOMS, *python_files("tests")])
def test_a_file_is_one_idea_that_its_first_sentence_names(room: str) -> None:
    lines = text(room)
    tree = ast.parse(lines)

    assert ast.get_docstring(tree), "say in one sentence what this file is for"
    assert len(lines.splitlines()) <= MOST_LINES_IN_A_FILE, "a longer file is two ideas"
    most = MOST_LINES_IN_A_FUNCTION[room.split("/")[0]]
    assert [
        f"{node.name} has {size} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or 0) - node.lineno + 1) > most
    ] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_name_says_the_thing_and_not_the_drawer(room: str) -> None:
    path = room.removeprefix("commune/service/")  # That one is the public service itself.

    assert VAGUE.isdisjoint(path.removesuffix(".py").split("/"))


def test_the_map_shows_every_room_and_no_other() -> None:
    """A package is shown by its folder: `ledger/store/`."""
    shown = set(re.findall(r"[\w./-]+", text("ARCHITECTURE.md")))
    missing = [r for r in ROOMS if {r, r.removesuffix("__init__.py")}.isdisjoint(shown)]
    gone = [
        name
        for name in shown
        if name.startswith(tuple(f"{package}/" for package in PACKAGES))
        and not (ROOT / name).exists()
    ]

    assert (missing, gone) == ([], [])


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for refusal in kind.__subclasses__():
        if refusal.__module__.split(".")[0] in PACKAGES:
            yield refusal
        yield from refusals(refusal)


def import_every_room() -> None:
    for package in map(importlib.import_module, PACKAGES):
        for room in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(room.name)


def is_one_sentence(words: str) -> bool:
    return bool(re.fullmatch(r"[^\n]+\.", words)) and not re.search(r"[.!?]\s", words)


def test_a_refusal_is_one_plain_sentence_with_a_code_of_its_own() -> None:
    import_every_room()
    found = set(refusals())
    codes = Counter(refusal.__dict__.get("code") for refusal in found)

    assert {r for r in found if not is_one_sentence((r.__doc__ or "").strip())} == set()
    assert {
        r for r in found if codes[r.code] > 1 or not re.fullmatch("[a-z0-9_]+", r.code)
    } == set()


def settings_in(*names: str) -> set[str]:
    return {
        name for file in names for name in re.findall(r"\bCHOSO_[A-Z0-9_]*[A-Z0-9]", text(file))
    }


def test_every_setting_is_told() -> None:
    told = docs()

    assert sorted(name for name in settings_in(*ROOMS) if name not in told) == []


def test_every_setting_of_the_tests_is_told_to_contributors() -> None:
    told = docs() + text("CONTRIBUTING.md")
    used = settings_in("Makefile", *python_files("tests"))

    assert sorted(name for name in used if name not in told) == []


def commands(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for part, inner in command.commands.items():
            yield from commands(inner, f"{name} {part}")
    elif not command.hidden:
        yield name


def test_every_command_is_told() -> None:
    from web.cli import cli

    told = docs()

    assert [name for name in commands(cli, "choso") if not re.search(rf"{name}\b", told)] == []


def test_no_file_names_the_place_where_it_was_written() -> None:
    folders = (*PACKAGES, "tests", "docs", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    readable = [path for path in files if path.suffix not in {".pyc", ".png", ".db"}]

    assert [
        relative(path)
        for path in readable
        if re.search(r"(?<![\w.])/wor[k]/", path.read_text(encoding="utf-8", errors="replace"))
    ] == []


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text(name), flags=re.MULTILINE))


def test_the_locks_hold_what_setup_cfg_asks_for_and_no_address() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = setup["options"]["install_requires"] + setup["options.extras_require"]["test"]
    names = {match[0].lower() for match in re.finditer(r"^[\w-]+", wanted, flags=re.MULTILINE)}
    run, test = locked("requirements.lock"), locked("requirements-test.lock")

    assert names - set(test) == set()
    assert run.items() <= test.items()
    assert not re.search(
        r"^-|https?:|@", text("requirements.lock") + text("requirements-test.lock")
    )
