"""One movement of money at the simulated bank, and the ways of telling it differently."""

from base64 import b32encode
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

BANK_BIN = "999999"  # No bank has it.
BANK_CODE = "MAU"
BANK_NAME = "Ngân hàng Mẫu"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved on one account, and which provider tells of it."""

    provider: str
    event_id: int | str
    """The provider's id of the telling: a number; payOS's payment link is a text."""
    account_number: str
    amount_vnd: int
    booked_at: datetime
    """Aware, in UTC, in whole seconds: providers tell no finer."""
    reference: str | None
    memo: str
    direction: Literal["in", "out"] = "in"
    virtual_number: str | None = None
    order_code: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The names under which a movement is known: the same words give the same names, always."""

    number: int
    """Positive and below 2**53, so that every JSON reader keeps it exact."""
    reference: str
    """The bank's: "FT" and 14 characters."""
    link: str
    """payOS's name of a payment link: 32 hexadecimal digits."""

    def event_id(self, provider: str) -> int | str:
        """What that provider would call the telling."""
        return self.link if provider == "payos" else self.number


def identity(words: str) -> Identity:
    """The names that follow from `words`; other words, other names (70 bits of a hash and more)."""
    digest = sha256(words.encode()).digest()
    return Identity(
        number=int.from_bytes(digest[:8], "big") >> 11 or 1,
        reference="FT" + b32encode(digest[8:18]).decode()[:14],
        link=digest[16:].hex(),
    )


def retold(
    movement: Movement,
    *,
    amount_vnd: int | None = None,
    provider: str | None = None,
    new_event: bool = False,
    referenced: bool = True,
) -> Movement:
    """The same movement told in another way; a bank's contradiction, on purpose.

    `amount_vnd`: under the same reference with another amount. `provider`: by another provider,
    which knows it by another event id; so does `new_event` with the same provider.
    `referenced=False`: without the bank's reference.
    """
    teller = provider or movement.provider
    event_id = movement.event_id
    if new_event or teller != movement.provider:
        event_id = identity(f"{event_id}/{movement.reference}/told by {teller}").event_id(teller)
    order_code = movement.order_code
    if teller == "payos" and order_code is None:
        order_code = str(identity(str(event_id)).number)
    elif teller != "payos":
        order_code = None if movement.provider == "payos" else order_code
    return replace(
        movement,
        provider=teller,
        event_id=event_id,
        amount_vnd=movement.amount_vnd if amount_vnd is None else amount_vnd,
        reference=movement.reference if referenced else None,
        order_code=order_code,
    )
