"""`choso pay`: the simulated bank pays one stall."""

from datetime import UTC, datetime
from uuid import uuid4

import click

from ledger.money import amount, written
from market.stalls.stall import StallVacant
from web.simulated_bank import contracts, for_simulated_money, take_in
from web.wiring import Movement, identity, say


@click.command()
@click.option("--stall", "wanted", required=True, help="code or number of the stall")
@click.option("--amount", "amount_vnd", type=int, required=True, help="whole đồng")
def pay(wanted: str, amount_vnd: int) -> None:
    """The simulated bank pays a stall (development only)."""
    amount(amount_vnd)
    with for_simulated_money() as wiring:
        stall = wiring.register.stall(wanted)
        payee = wiring.register.payee(stall)
        if payee is None:
            raise StallVacant
        contract = contracts(wiring)["sepay"]
        names = identity(f"pay/{uuid4()}")
        at = datetime.now(UTC)
        movement = Movement(
            provider="sepay",
            event_id=names.number,
            account_number=payee.account_number,
            amount_vnd=amount_vnd,
            booked_at=at.replace(microsecond=0),
            reference=names.reference,
            memo=f"ck {stall.code}",
        )
        headers, body = say("sepay", movement, at, contract.secrets[0])
        heard = take_in(wiring, contract, headers, body, at)
    received = f"quầy {stall.number} ({stall.trade}) đã nhận {written(amount_vnd)}"
    click.echo(f"Ngân hàng Mẫu báo: {received}\ntransfer {heard.transfer_id}")
