"""`choso audit`: replay the book, and compare it with what it says of itself."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ledger.audit import Verdict
from ledger.audit import verify as verify_book
from ledger.journal import TrialBalance
from ledger.journal import trial_balance as kept_balance
from ledger.market_day import end_of_market_day
from ledger.money import written
from ledger.replay import replay as replay_book
from web.commands.progress import progress
from web.config import settings
from web.wiring import Wiring, opened

AS_OF = click.option(
    "--as-of",
    "as_of",
    metavar="ISO",
    help="inclusive; a bare date means the end of that market day",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="print one JSON object")


class NotSealed(click.ClickException):
    """A checkpoint cannot be checked while the book makes none: exit 2."""

    exit_code = 2


@click.group()
def audit() -> None:
    """Replay and verify the book."""


@audit.command()
@click.option("--checkpoint", help="a signed checkpoint kept from before (none are made yet)")
@AS_JSON
def verify(checkpoint: str | None, as_json: bool) -> None:
    """Replay everything; exit 1 and name the first fault when the book and its events disagree."""
    if checkpoint is not None:
        raise NotSealed("This book is not sealed yet: there is no checkpoint to compare with.")
    with opened(settings()) as wiring:
        head = wiring.book.log.max_notification_id() or 0
        with progress("Replaying", head) as advance:
            verdict = verify_book(wiring.book, lambda _: advance())
    if as_json:
        click.echo(json.dumps(_verdict(verdict), ensure_ascii=False))
    elif verdict.ok:
        click.echo(describe(verdict))
    if not verdict.ok:
        fault = verdict.faults[0]
        click.echo(f"choso: position {fault.position}: {fault.message} ({fault.code})", err=True)
        raise SystemExit(1)


def describe(verdict: Verdict) -> str:
    """A clean verdict in words."""
    return (
        f"All {verdict.position:,} events replayed: dense, readable, balanced within each entity; "
        "lines, balances and inbox agree.\nNot sealed yet: no signed checkpoint covers the book."
    )


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "ok": verdict.ok,
        "position": verdict.position,
        "faults": [fault._asdict() for fault in verdict.faults],
        "sealed": verdict.sealed,
    }


@audit.command()
@AS_OF
@AS_JSON
def replay(as_of: str | None, as_json: bool) -> None:
    """The balances, recomputed from the events alone."""
    moment = _moment(as_of)
    with opened(settings()) as wiring:
        _show(wiring, replay_book(wiring.book, moment), moment, as_json)


@audit.command("trial-balance")
@AS_OF
@AS_JSON
def trial_balance(as_of: str | None, as_json: bool) -> None:
    """The balances as the book keeps them."""
    moment = _moment(as_of)
    with opened(settings()) as wiring:
        _show(wiring, kept_balance(wiring.book, moment), moment, as_json)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        with suppress(ValueError):  # A bare date, in any of the ways that ISO writes one.
            return end_of_market_day(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        sentence = f"{text!r} is neither a day like 2026-11-22 nor an ISO time."
        raise click.BadParameter(sentence) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _show(wiring: Wiring, balance: TrialBalance, as_of: datetime | None, as_json: bool) -> None:
    if as_json:
        found = {
            "as_of": as_of.isoformat() if as_of else None,
            "position": balance.position,
            "accounts": balance.rows(),
            "total_vnd": balance.total_vnd,
        }
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    Console(highlight=False).print(trial_balance_table(wiring, balance))


def trial_balance_table(wiring: Wiring, balance: TrialBalance, most: int | None = None) -> Table:
    """The trial balance for a person; `most` rows and the sums of all."""
    table = Table(box=SIMPLE_HEAD, show_footer=True)
    rows = balance.rows()
    names = wiring.register.keepers()
    table.add_column("Ai", footer="Cộng")
    table.add_column("Tài khoản")
    debits, credits = (sum(row[side] for row in rows) for side in ("debit_vnd", "credit_vnd"))
    table.add_column("Nợ", justify="right", footer=written(debits))
    table.add_column("Có", justify="right", footer=written(credits))
    for row in rows[:most]:
        table.add_row(
            names.get(row["entity"], row["entity"][:8]),
            f"{row['code']} {row['name']}",
            *(written(row[side]) if row[side] else "–" for side in ("debit_vnd", "credit_vnd")),
        )
    if most is not None and len(rows) > most:
        table.add_row("…", f"thêm {len(rows) - most} dòng", "", "")
    return table
