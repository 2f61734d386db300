"""The simulated bank's way in: contracts with each provider, and the door of real money."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from secrets import token_hex

from ledger.hearing import Heard
from ledger.refusal import Refusal
from market.stalls import demonstration
from market.stalls.banks import DEMONSTRATION_BIN
from market.stalls.connections import Connection
from web.config import settings
from web.wiring import DIALECTS, Wiring, establish, is_founded, opened


class NotForRealMoney(Refusal):
    """Simulated money comes only into a book without real accounts, and never in production."""

    code = "not_for_real_money"


class NotAuthentic(Refusal):
    """The notice is not what its provider signed."""

    code = "not_authentic"


@contextmanager
def for_simulated_money() -> Iterator[Wiring]:
    """The book, when simulated money may come in; founded as a demonstration when there is none."""
    chosen = settings()
    if chosen.production:
        raise NotForRealMoney
    if not is_founded(chosen):
        establish(chosen, name=demonstration.BOOK_NAME, demonstration=True)
    with opened(chosen) as wiring:
        if wiring.register.has_real_accounts():
            raise NotForRealMoney
        yield wiring


def contracts(wiring: Wiring) -> dict[str, Connection]:
    """By provider, under names that begin with `mau-`; made with fresh secrets when missing."""
    names = {f"mau-{provider}": provider for provider in DIALECTS}
    for missing in names.keys() - {known.name for known in wiring.connections.all()}:
        wiring.connections.keep(missing, names[missing], DEMONSTRATION_BIN, [token_hex(24)])
    return {known.provider: known for known in wiring.connections.all() if known.name in names}


def take_in(
    wiring: Wiring, contract: Connection, headers: dict[str, str], body: bytes, at: datetime
) -> Heard:
    """What the door does with a request: verify the received bytes, then let the book hear it."""
    verdict = DIALECTS[contract.provider].verify(headers, body, contract.secrets, at)
    if not verdict.authentic:
        raise NotAuthentic(f"{NotAuthentic.__doc__} ({verdict.reason})")
    assert verdict.notice is not None, "the simulated bank speaks of money only"
    return wiring.reception.receive(contract.source, verdict.notice, body, at)
