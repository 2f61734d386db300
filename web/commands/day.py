"""`choso day`: a market day of the simulated bank, with all the tricks of a real one."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import click

from ledger.journal import trial_balance
from ledger.money import written
from ledger.payment_request import ReferenceTaken
from ledger.refusal import Refusal
from market.stalls import demonstration
from market.stalls.code import ALPHABET, BODY, code_of
from market.stalls.demonstration import DemonstrationStall
from web.commands.progress import progress
from web.serve.own_server import own_server
from web.simulated_bank import NotAuthentic, contracts, for_simulated_money, take_in
from web.wiring import Delivery, HttpBank, PayableStall, Plan, Wiring, plan_day

SENDERS = 32
"""How many notices are under way at once."""
MINUTE_S = 0.1
"""How long a minute between two tries of the simulated bank takes."""


class ServerDidNotAnswer(Refusal):
    """The server did not acknowledge a notice in all the tries that a bank makes."""

    code = "server_did_not_answer"


@click.command()
@click.option("--stalls", type=click.IntRange(1, 2_000), default=60, show_default=True)
@click.option("--payments", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="the same seed, the same day")
@click.option(
    "--on", "on_text", metavar="DATE", help="the market day; default follows from the seed"
)
@click.option("--via", type=click.Choice(["http", "direct"]), default="direct", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def day(
    stalls: int, payments: int, seed: int, on_text: str | None, via: str, as_json: bool
) -> None:
    """A market day: signed notices, verified, matched, booked; with all the tricks of a bank."""
    on = _day(on_text) if on_text else date(2026, 10, 1) + timedelta(days=seed % 31)
    with for_simulated_money() as wiring:
        result = run_day(wiring, stalls, payments, seed, on, via)
    if as_json:
        click.echo(json.dumps(result))
        return
    click.echo(
        f"{result['payments']:,} payments in {result['notices_sent']:,} notices: "
        f"{result['duplicates_ignored']:,} repeated, {result['forged_refused']:,} refused, "
        f"{result['orphaned']:,} to accounts that nobody has.\n"
        f"Received {written(result['received_vnd'])} in {result['seconds']:.1f} s "
        f"({result['payments_per_second']:,.0f} payments a second)."
    )


def _day(text: str) -> date:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day like 2026-11-22.") from None
    if not 2000 <= on.year < 2100:
        raise click.BadParameter("A simulated day lies between the years 2000 and 2099.")
    return on


def run_day(
    wiring: Wiring, stalls: int, payments: int, seed: int, on: date, via: str = "direct"
) -> dict[str, Any]:
    """Furnishes what is missing, sends the day's notices and says what became of them."""
    made = demonstration.furnish(wiring.register, wiring.title.book_id, stalls)
    plan = plan_day(_payable(wiring, made, seed, on), payments, seed, on)
    started = time.perf_counter()
    became = _send_all(wiring, plan, via)
    seconds = time.perf_counter() - started
    return {
        "payments": plan.payments,
        "notices_sent": plan.notices,
        "duplicates_ignored": became["not_news"] + became["further"],
        "forged_refused": became["refused"],
        "orphaned": plan.orphans,
        "received_vnd": plan.received_vnd,
        "trial_balance_vnd": trial_balance(wiring.book).total_vnd,
        "seconds": round(seconds, 3),
        "payments_per_second": round(plan.payments / seconds, 1),
    }


def _payable(
    wiring: Wiring, made: list[DemonstrationStall], seed: int, on: date
) -> list[PayableStall]:
    """The stalls as the simulated bank knows them, every third with an open payment request.

    Who asks must not follow from the number of payments: more of them only add to the day.
    """
    return [
        PayableStall(
            stall.code,
            stall.account_number,
            stall.provider,
            weight=1 + stall.number % 7,
            requests=() if stall.number % 3 else _ask(wiring, stall, f"{seed}/{len(made)}/{on}"),
        )
        for stall in made
    ]


def _ask(wiring: Wiring, stall: DemonstrationStall, day_name: str) -> list[tuple[str, int]]:
    """One payment request of the day at this stall: its code and amount follow from the names."""
    lot = int.from_bytes(sha256(f"{day_name}/{stall.code}".encode()).digest()[:8], "big")
    code = code_of(demonstration.REQUESTS_FROM + lot % len(ALPHABET) ** (BODY - 1))
    entry = wiring.register.stall(stall.code)
    keeper = entry.keeper
    assert keeper is not None
    assert keeper.vendor_id is not None
    amount_vnd = 10_000 + lot % 200 * 1_000
    now = datetime.now(UTC)
    try:
        wiring.payments.ask(
            wiring.title.book_id, code, keeper.vendor_id, entry.stall_id, amount_vnd,
            now, now + timedelta(hours=12),
        )  # fmt: skip
    except ReferenceTaken:
        return []  # Another seed's day has this code already: this stall asks for nothing today.
    return [(code, amount_vnd)]


def _send_all(wiring: Wiring, plan: Plan, via: str) -> Counter[str]:
    """Signs each notice as it leaves, sends it, counts what became of it."""
    contracts(wiring)  # The server knows only what is kept when a notice comes.
    send = _over_http if via == "http" else _directly
    became: Counter[str] = Counter()
    with progress("Market day", len(plan.deliveries)) as advance:
        for outcome in send(wiring, plan):
            became[outcome] += 1
            advance()
    return became


def _directly(wiring: Wiring, plan: Plan) -> Iterator[str]:
    """Takes each notice in as the door would."""
    by_provider = contracts(wiring)
    secrets = {provider: found.secrets[0] for provider, found in by_provider.items()}

    def send(delivery: Delivery) -> str:
        at = datetime.now(UTC)
        provider, headers, body = delivery.signed(at, secrets)
        try:
            return take_in(wiring, by_provider[provider], headers, body, at).news
        except NotAuthentic:
            return "refused"

    with ThreadPoolExecutor(SENDERS) as senders:
        yield from senders.map(send, plan.deliveries)


def _over_http(wiring: Wiring, plan: Plan) -> Iterator[str]:
    """Through the door of a server of our own, on a free port."""
    secrets = {provider: found.secrets[0] for provider, found in contracts(wiring).items()}
    with own_server() as url:
        bank = HttpBank(url, secrets, lambda: datetime.now(UTC), time.sleep, MINUTE_S)
        for sent in bank.send_all(plan.deliveries, SENDERS):
            if sent.became == "unanswered":
                raise ServerDidNotAnswer(f"A notice was not acknowledged in {sent.tries} tries.")
            yield sent.became
