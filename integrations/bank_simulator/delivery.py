"""One sending of one notice: told first, told again, forged, or replayed too late."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from integrations.bank_simulator.movement import Movement
from integrations.bank_simulator.words import say

Kind = Literal["first", "repeat", "forged", "stale"]
Forgery = Literal["wrong_key", "altered", "unsigned", "foreign_key"]

FORGERIES: tuple[Forgery, ...] = ("wrong_key", "altered", "unsigned", "foreign_key")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the simulated bank, or someone who pretends to be it, sends to the market's door."""

    kind: Kind
    movement: Movement
    """For a forgery by a foreign hand: money that never moved."""
    sent_at: datetime
    """When, by the simulated day's clock; callers with a clock of their own may ignore it."""
    forgery: Forgery | None = None
    age_s: int = 0
    """How long before the sending a stale notice was signed: more than five minutes."""

    def signed(self, at: datetime, secrets: Mapping[str, str]) -> tuple[str, dict[str, str], bytes]:
        """Provider, headers and body as they leave at `at`; `secrets` by provider."""
        provider = self.movement.provider
        secret = secrets[provider]
        if self.forgery is None:
            signed_at = at - timedelta(seconds=self.age_s)
            return provider, *say(provider, self.movement, signed_at, secret)
        if self.forgery == "altered":
            return provider, *_altered(self.movement, at, secret)
        if self.forgery == "unsigned":
            return provider, *_unsigned(self.movement, at, secret)
        key = secret + "?"
        if self.forgery == "foreign_key":
            key = _foreign_key(provider, secrets) or key
        return provider, *say(provider, self.movement, at, key)


def _altered(movement: Movement, at: datetime, secret: str) -> tuple[dict[str, str], bytes]:
    """The genuine notice, its amount made ten times larger after signing."""
    headers, body = say(movement.provider, movement, at, secret)
    return headers, re.sub(rb'(mount":-?[0-9]+)', rb"\g<1>0", body, count=1)


def _unsigned(movement: Movement, at: datetime, secret: str) -> tuple[dict[str, str], bytes]:
    headers, body = say(movement.provider, movement, at, secret)
    body = body.partition(b',"signature":')[0] + b"}" if b',"signature":' in body else body
    return {name: told for name, told in headers.items() if "Signature" not in name}, body


def _foreign_key(provider: str, secrets: Mapping[str, str]) -> str | None:
    """Another provider's key, if there is one that differs."""
    others = (secrets[name] for name in sorted(secrets) if name != provider)
    return next((other for other in others if other != secrets[provider]), None)
