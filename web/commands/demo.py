"""`choso demo`: a market day from nothing to the auditor's verdict."""

import time
from datetime import UTC, datetime

import click
from rich.console import Console

from ledger.audit import verify
from ledger.journal import trial_balance
from ledger.market_day import market_day
from ledger.money import written
from ledger.replay import replay
from market.stalls import demonstration
from web.commands.audit import describe, trial_balance_table
from web.commands.day import run_day
from web.simulated_bank import for_simulated_money


@click.command()
@click.option("--stalls", type=click.IntRange(1, 2_000), default=60, show_default=True)
@click.option("--payments", type=click.IntRange(1, 1_000_000), default=2_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
def demo(stalls: int, payments: int, seed: int) -> None:
    """A market day in a demonstration market, then the trial balance and the audit's verdict."""
    console = Console(highlight=False, soft_wrap=True)
    say = console.print
    today = market_day(datetime.now(UTC))
    with for_simulated_money() as wiring:
        say(f"\n[bold]{demonstration.BOOK_NAME}[/bold]")
        say(f"Sổ: {wiring.book.store.engines.url.render_as_string()}")
        say(
            f"\n1. Một ngày chợ {today:%d/%m/%Y}: {stalls} quầy, khách quét VietQR, "
            "ngân hàng mẫu báo tiền về\n"
            "   (a market day: shoppers scan, a simulated bank sends signed notices, "
            "with repeats, delays, forgeries)"
        )
        result = run_day(wiring, stalls, payments, seed, today)
        say(
            f"   {result['notices_sent']:,} tin báo: {result['payments']:,} khoản tiền, "
            f"{result['duplicates_ignored']:,} báo trùng, {result['forged_refused']:,} sai chữ ký "
            f"hoặc quá cũ bị từ chối, {result['orphaned']:,} khoản chưa rõ của ai\n"
            f"   Đã nhận {written(result['received_vnd'])}, "
            f"{result['payments_per_second']:,.0f} khoản mỗi giây"
        )
        say("\n2. Bảng cân đối thử: nợ bằng có, từng người bán (trial balance, first lines)")
        kept = trial_balance(wiring.book)
        say(trial_balance_table(wiring, kept, most=12))
        say("3. Kiểm toán: tính lại tất cả từ các sự kiện (audit: recompute all from the events)")
        started = time.perf_counter()
        verdict, again = verify(wiring.book), replay(wiring.book)
        if not verdict.ok or again.rows() != kept.rows():
            fault = verdict.faults[0].message if verdict.faults else "the replay differs"
            raise click.ClickException(f"The book does not hold: {fault}")
        say(f"   {describe(verdict)}")
        say(f"   Sổ khớp đến từng đồng, sau {time.perf_counter() - started:.1f} s.")
        first = demonstration.stall(0)
        say(
            "\nThử thêm (try):\n"
            f"   choso pay --stall {first.label} --amount 50000\n"
            f"   choso vietqr encode --bin 999999 --account {first.account_number} "
            f"--memo {first.code}\n"
            "   choso audit trial-balance      choso audit verify      choso day --seed 8\n"
        )
