"""What the market needs from outside: a bank's word in our words, and who vouches for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class BankNotice:
    """One telling of one movement on one account, whoever told it and in whatever dialect."""

    event_id: str
    """The provider's own id of this telling; the same id again is the same telling."""
    direction: Literal["in", "out"]
    amount_vnd: int
    booked_at: datetime
    """When the bank booked it, aware, in UTC."""
    bank: str | None
    """The account's bank as the provider names it (BIN, abbreviation or name), if it does."""
    account_number: str
    virtual_number: str | None
    """The virtual account that was paid to, if the provider tells one."""
    reference: str | None
    """The bank's reference of the transfer, as told; None when the provider gives none."""
    memo: str
    """The payer's words, as mangled by the banks on the way."""
    order_code: str | None
    """Our own order number, where a provider carries it outside the memo."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is what its provider signed, and what it then says."""

    authentic: bool
    reason: str
    """`ok`, `not_money`; or refused: `no_signature`, `bad_signature`, `stale`, `malformed`."""
    notice: BankNotice | None
    """None when refused, and for an authentic word that tells of no money (`not_money`)."""


class BankDialect(Protocol):
    """How one provider signs and words its notices; implemented in `integrations/<provider>`."""

    provider: str

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> Verdict:
        """Judge the received bytes. `secrets`: the keys in force (two during a rotation);
        `at`: now, aware, for providers that sign a time. Never raises on hostile input."""
        ...
