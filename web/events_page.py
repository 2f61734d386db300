"""Writes docs/events.md: every event of the house, read from its class. `python -m web.events_page`."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from ledger.chart import CHART
from ledger.fact import Fact
from ledger.posting import COUNTER_ACCOUNT, RULES, Entry, lines_of
from ledger.store.mapper import shape
from ledger.telling import Purpose, Standing, Telling

PACKAGES = ("ledger", "market", "catalog", "commune", "integrations")
"""Where facts live."""
PARTS = (Telling, Standing, Purpose)
"""What several events carry; told once, at the end."""

HEAD = """\
# The events

Everything that a book remembers, as it is stored: one JSON text an event, readable with psql or sqlite3.
A topic is a name for ever, and an event that was ever released keeps its shape; `tests/golden/events/` holds
a stored sample of each. Moments are ISO times in UTC, amounts are whole đồng, ids are UUIDs.

This page is generated from the code. To write it anew: `.venv/bin/python -m web.events_page > docs/events.md`.
"""

POSTS = {
    frozenset({"stands"}): "the lines of `stands`",
    frozenset({"stood", "stands"}): "what leads from the lines of `stood` to those of `stands`",
    frozenset({"stood"}): "the lines of `stood`, undone",
}
"""What an event posts, by the standings that it carries."""


def events() -> list[type[Any]]:
    """Every event class of the house, by aggregate and then in the order of the code."""
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
        yield kind
        yield from _below(kind)


def written(event: type[Any]) -> type[Any]:
    """The class as it stands in the code; the library puts classes of its own before it."""
    return next(
        (
            kind
            for kind in event.__mro__
            if kind.__qualname__ == event.__qualname__ and "TOPIC" in vars(kind)
        ),
        event,
    )


def sentence(event: type[Any]) -> str | None:
    """What happened, in the words of its docstring; None when it has none of its own."""
    source = written(event)
    return inspect.cleandoc(source.__doc__ or "") or None if source is not event else None


def page() -> str:
    """The whole page."""
    told, group = [HEAD], ""
    for event in events():
        fact = event.__qualname__.split(".")[0]
        if fact != group:
            group = fact
            told.append(f"## {fact}\n")
        told.append(_event(event))
    told.append("## What several events carry\n")
    told += [_part(part) for part in PARTS]
    told.append(_standings())
    return "\n".join(told)


def _event(event: type[Any]) -> str:
    stored = shape(event)
    rows = [(field.name, get_type_hints(stored)[field.name]) for field in fields_of(stored)]
    posting = ""
    if event.TOPIC in RULES:
        carried = frozenset(name for name, kind in rows if kind is Standing)
        posting = f"\nPosts {POSTS.get(carried, 'by a rule of its own in ledger/posting.py')}.\n"
    return (
        f"### {event.TOPIC}\n\n{sentence(event)}\n\n{_table(rows, _notes(written(event)))}{posting}"
    )


def fields_of(kind: type[Any]) -> Any:
    return msgspec.structs.fields(kind)


def _part(part: type[Any]) -> str:
    rows = [(field.name, get_type_hints(part)[field.name]) for field in fields_of(part)]
    about = inspect.cleandoc(part.__doc__ or "")
    return f"### {part.__name__}\n\n{about}\n\n{_table(rows, _notes(part))}"


def _table(rows: list[tuple[str, Any]], notes: dict[str, str]) -> str:
    head = "| field | type | |\n|---|---|---|\n" if notes else "| field | type |\n|---|---|\n"
    lines = [
        f"| `{name}` | {_type(kind)} |" + (f" {notes.get(name, '')} |" if notes else "")
        for name, kind in rows
    ]
    return head + "\n".join(lines) + "\n"
