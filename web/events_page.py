"""Writes docs/events.md, every event as its class tells it: `python -m web.events_page`."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from msgspec import structs

from ledger.chart import CHART, COUNTER_ACCOUNT
from ledger.fact import Fact
from ledger.posting import RULES, lines_of
from ledger.store.mapper import shape
from ledger.telling import Direction, Purpose, Standing, Telling

PACKAGES = ("ledger", "market", "catalog", "commune", "integrations")
"""Where facts live."""
PARTS = (Telling, Standing, Purpose)
"""What several events carry; told once, at the end."""

HEAD = """\
# The events

Everything that a book remembers, as the table `events` keeps it: a topic, and one JSON text that
psql or sqlite3 shows. A topic is a name for ever, and an event that was ever released keeps its
shape: `tests/golden/events/` holds a stored sample of each. Moments are ISO times in UTC, amounts
whole đồng.

This page is made from the code: `.venv/bin/python -m web.events_page > docs/events.md`
"""

WORDS: dict[Any, str] = {
    str: "text", int: "whole number", bool: "true or false", datetime: "moment", UUID: "id",
    NoneType: "null",
}  # fmt: skip

POSTS = {
    frozenset({"stands"}): "the lines of `stands`",
    frozenset({"stood", "stands"}): "what leads from the lines of `stood` to those of `stands`",
    frozenset({"stood"}): "the lines of `stood` once more, with the sides exchanged",
}
"""What an event posts, by the standings that it carries."""


def page() -> str:
    """The whole page."""
    told, group = [HEAD], ""
    for event in events():
        fact = event.__qualname__.split(".")[0]
        if fact != group:
            told.append(f"## {fact}\n\n{inspect.cleandoc(_aggregate(event).__doc__ or '')}\n")
        group = fact
        told.append(f"### {event.TOPIC}\n\n{sentence(event)}\n\n{_fields(shape(event), event)}")
        if event.TOPIC in RULES:
            told.append(f"Posts {_posts(event)}.\n")
    told.append("## What several events carry\n")
    told += [f"### {part.__name__}\n\n{part.__doc__}\n\n{_fields(part, part)}" for part in PARTS]
    return "\n".join([*told, _lines()])


def events() -> list[Any]:
    """Every event class of the house, by package and aggregate, then in the order of the code."""
    for package in map(importlib.import_module, PACKAGES):
        for room in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(room.name)
    facts = sorted(_below(Fact), key=lambda fact: (fact.__module__.split(".")[0], fact.__name__))
    return [
        part
        for fact in facts
        for name, part in vars(fact).items()
        if isinstance(part, type) and issubclass(part, Fact.Event) and name != "Event"
    ]


def _below(fact: type[Fact]) -> Iterator[type[Fact]]:
    for kind in fact.__subclasses__():
        if kind.__module__.split(".")[0] in PACKAGES:
            yield kind
        yield from _below(kind)


def sentence(event: type[Any]) -> str:
    """What happened, in the words of the event's own docstring; empty when it has none."""
    source = _written(event)
    return "" if source is None else inspect.cleandoc(source.__doc__ or "")


def _written(event: type[Any]) -> type[Any] | None:
    """The class as it stands in the code; the library puts classes of its own before it."""
    same = (kind for kind in event.__mro__ if kind.__qualname__ == event.__qualname__)
    return next((kind for kind in same if "TOPIC" in vars(kind)), None)


def _aggregate(event: type[Any]) -> type[Any]:
    name = event.__qualname__.split(".")[0]
    found: type[Any] = getattr(importlib.import_module(event.__module__), name)
    return found


def _fields(stored: type[Any], source: type[Any]) -> str:
    notes = _notes(_written(source) or source)
    return "".join(
        f"- `{field.name}`: {_type(field.type)}{notes.get(field.name, '')}\n"
        for field in structs.fields(stored)
    )


def _type(kind: Any) -> str:
    """A type as a clerk would say it."""
    if kind in PARTS:
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if get_origin(kind) is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(kind))
    if get_origin(kind) is tuple:
        return f"list of {_type(get_args(kind)[0])}"
    if get_args(kind):
        return " or ".join(map(_type, get_args(kind)))
    return WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def _notes(source: type[Any]) -> dict[str, str]:
    """What the code says below a field, by its name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(source))).body[0]
    assert isinstance(tree, ast.ClassDef)
    notes = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                notes[name] = f". {inspect.cleandoc(words)}"
    return notes


def _posts(event: Any) -> str:
    standings = {field.name for field in structs.fields(shape(event)) if field.type is Standing}
    return POSTS.get(frozenset(standings), "by a rule of its own in `ledger/posting.py`")


def _lines() -> str:
    """What the posting rules make of each standing, asked of the rules themselves."""
    told = [
        "### The lines of a standing\n",
        "None while `entity_id` is null; all of them are that entity's own.\n",
        "| purpose | money came | money left | and once settled, came |",
        "|---|---|---|---|",
    ]
    for kind in COUNTER_ACCOUNT:
        ways = (("in", False), ("out", False), ("in", True))
        came, left, settled = (_entry(kind, way, done) for way, done in ways)  # type: ignore[arg-type]
        told.append(f"| {kind} | {came} | {left} | {settled} |")
    accounts = "; ".join(f"{account.code} {account.name}" for account in CHART.values())
    return "\n".join([*told, f"\nThe accounts: {accounts}.\n"])


def _entry(kind: str, direction: Direction, settled: bool) -> str:
    sums: dict[str, int] = {}
    for line in lines_of(Standing(direction, UUID(int=1), 1, Purpose(kind, ""), settled)):
        sums[line.code] = sums.get(line.code, 0) + line.amount_vnd
    debit, credit = (next(c for c, vnd in sums.items() if vnd == side) for side in (1, -1))
    return f"Dr {debit} / Cr {credit}"


if __name__ == "__main__":
    print(page(), end="")
