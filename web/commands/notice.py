"""`choso notice`: judge a bank's notice on the command line, as the market's door would."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.money import written
from market.ports import BankNotice, Verdict
from web.wiring import DIALECTS

_MOST_BYTES = 2**20  # Beyond what any dialect accepts; a device file must not be read for ever.

_REASONS = {
    "no_signature": "The request carries no signature of {provider}.",
    "bad_signature": "The signature does not fit: altered on the way, or signed with another key.",
    "stale": "The signature is genuine, but made more than five minutes away from {at}.",
    "malformed": "The body is not a notice in the words of {provider}.",
}


class BadOption(click.ClickException):
    """An option that cannot be understood: one sentence, exit 2."""

    exit_code = 2


@click.group()
def notice() -> None:
    """Notices of banks and payment providers."""


@notice.command()
@click.option("--provider", required=True, help="sepay, casso or payos")
@click.option("--secret", "secrets", required=True, multiple=True, help="a key in force")
@click.option("--header", "headers", multiple=True, help="'Name: value', as received")
@click.option("--body", required=True, help="file with the raw body; - is standard input")
@click.option("--at", "at_iso", help="judge as of this ISO time (UTC unless it says); default now")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def verify(
    provider: str,
    secrets: Sequence[str],
    headers: Sequence[str],
    body: str,
    at_iso: str | None,
    as_json: bool,
) -> None:
    """Say whether a notice is genuine, and what it tells. Exit 1 when it is not."""
    dialect = DIALECTS.get(provider)
    if dialect is None:
        raise BadOption(f"No provider is called {provider!r}; known: {', '.join(DIALECTS)}.")
    if not all(secrets):
        raise BadOption("An empty --secret signs nothing.")
    at = _moment(at_iso)
    verdict = dialect.verify(_headers(headers), _bytes(body), secrets, at)
    if as_json:
        click.echo(json.dumps(_as_json(verdict), ensure_ascii=False))
    elif verdict.authentic:
        click.echo(_in_words(provider, verdict.notice))
    else:
        click.echo(_REASONS[verdict.reason].format(provider=provider, at=at.isoformat()), err=True)
    if not verdict.authentic:
        sys.exit(1)


def _headers(lines: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip(" \t")
        if not colon or not name:
            raise BadOption(f"A --header is written 'Name: value', not {line!r}.")
        # A header sent twice reaches a server as one, joined by a comma.
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _bytes(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(_MOST_BYTES)
    try:
        with Path(source).open("rb") as file:
            return file.read(_MOST_BYTES)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise BadOption(f"The body file {source!r} cannot be read: {reason}.") from None


def _moment(iso: str | None) -> datetime:
    if iso is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        raise BadOption(f"--at is an ISO time like 2026-11-21T08:30:00Z, not {iso!r}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_json(verdict: Verdict) -> dict[str, object]:
    told = None
    if verdict.notice is not None:
        told = asdict(verdict.notice) | {"booked_at": verdict.notice.booked_at.isoformat()}
    return {"authentic": verdict.authentic, "reason": verdict.reason, "notice": told}


def _in_words(provider: str, told: BankNotice | None) -> str:
    if told is None:
        return f"Authentic, but {provider} tells of no money."
    way = "arrived on" if told.direction == "in" else "left"
    return (
        f"Authentic: {provider} says that {written(told.amount_vnd)} {way} account "
        f"{told.account_number} at {told.booked_at.isoformat()}, "
        f"reference {told.reference or '(none)'}, memo {told.memo!r}."
    )
