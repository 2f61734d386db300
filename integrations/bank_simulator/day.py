"""A market day at the simulated bank: who pays whom how much, and in what disorder it is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import log
from random import Random

from integrations.bank_simulator import memo
from integrations.bank_simulator.delivery import FORGERIES, Delivery, Kind
from integrations.bank_simulator.movement import Movement, identity
from integrations.bank_simulator.words import providers
from ledger.market_day import MARKET_TIME
from ledger.refusal import Refusal

OPENS_S, PEAK_S, LULL_S, CLOSES_S = (hour * 3600 for hour in (5, 7, 11, 18))

SIGNS_A_TIME = ("sepay", "casso")

SHARES = {
    "orphan": 0.01,
    "codeless": 0.05,
    "truncated": 0.02,
    "mangled": 0.30,
    "repeated": 0.08,
    "late": 0.02,
    "forged": 0.02,
    "stale": 0.01,
}
"""Of a hundred payments, how many (as a fraction) meet each trick."""

CERTAIN_FROM = 20
"""From so many payments on, every trick happens at least once."""


class NobodyToPay(Refusal):
    """A simulated market day needs at least one stall, each with a provider that it can speak."""

    code = "nobody_to_pay"


@dataclass(frozen=True, slots=True)
class PayableStall:
    """What the simulated bank must know of a stall to pay it."""

    code: str
    account_number: str
    provider: str
    weight: float = 1
    """How busy it is, beside the others."""
    requests: Sequence[tuple[str, int]] = ()
    """(code, amount_vnd) of open payment requests; some get paid, some with a wrong amount."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be sent, in sending order, and what the simulator knows of it."""

    movements: list[Movement]
    """The distinct genuine transfers, orphans included."""
    deliveries: list[Delivery]
    orphans: int
    """Genuine transfers to accounts that no stall has."""
    received_vnd: int
    """The sum of the genuine transfers to accounts that a stall has."""

    @property
    def payments(self) -> int:
        """Distinct genuine transfers."""
        return len(self.movements)

    @property
    def notices(self) -> int:
        """Everything that is sent, forgeries too."""
        return len(self.deliveries)

    @property
    def repeats(self) -> int:
        """Genuine notices that were told before."""
        return self._count("repeat")

    @property
    def forged(self) -> int:
        """Notices that no provider signed."""
        return self._count("forged")

    @property
    def stale(self) -> int:
        """Genuine notices signed more than five minutes before they are sent."""
        return self._count("stale")

    def _count(self, kind: Kind) -> int:
        return sum(delivery.kind == kind for delivery in self.deliveries)


def plan_day(stalls: Sequence[PayableStall], payments: int, seed: int, on: date) -> Plan:
    """A market day with so many genuine transfers; the same arguments give the same day.

    Payment i follows from seed, stalls, day and i alone: more payments only add movements, and
    another seed shares none with this one.
    """
    if not stalls or not {stall.provider for stall in stalls} <= set(providers()):
        raise NobodyToPay
    day = _Day(stalls, payments, seed, on)
    movements: list[Movement] = []
    deliveries: list[Delivery] = []
    orphans = received_vnd = 0
    for number in range(payments):
        rng = Random(f"{day.name}/{number}")
        tricks = day.tricks(number, rng)
        movement = day.movement(number, tricks, rng)
        movements.append(movement)
        deliveries.extend(day.tellings(number, movement, tricks, rng))
        if "orphan" in tricks:
            orphans += 1
        else:
            received_vnd += movement.amount_vnd
    if payments >= CERTAIN_FROM and not any(sent.kind == "stale" for sent in deliveries):
        timed = (movement for movement in movements if movement.provider in SIGNS_A_TIME)
        deliveries.extend(day.replay(movement) for movement in list(timed)[:1])
    deliveries.sort(key=lambda sent: sent.sent_at)
    return Plan(movements, deliveries, orphans, received_vnd)


class _Day:
    """The lots of one day: drawn once, then asked for each payment in turn."""

    def __init__(self, stalls: Sequence[PayableStall], payments: int, seed: int, on: date) -> None:
        self.name = f"{seed}/{len(stalls)}/{on}"
        self.midnight = datetime.combine(on, time(), MARKET_TIME).astimezone(UTC)
        # A notice is late by about three others, so that they overtake each other at any size.
        self.usual_delay_s = min(3600.0, max(20.0, 3 * (CLOSES_S - OPENS_S) / max(payments, 1)))
        self._stalls = stalls
        self._weights = list(accumulate(stall.weight for stall in stalls))
        self._owned = {stall.account_number for stall in stalls}
        self._unpaid = [iter(stall.requests) for stall in stalls]
        self._requests_paid = 0
        # Each trick surely meets one of the first payments, but never the very first.
        lots = Random(self.name).sample(range(1, CERTAIN_FROM), len(SHARES))
        self._certain = dict(zip(lots, SHARES, strict=True))

    def tricks(self, number: int, rng: Random) -> set[str]:
        """The tricks that payment meets."""
        met = {trick for trick, share in SHARES.items() if rng.random() < share}
        if number in self._certain:
            met.add(self._certain[number])
        return met

    def movement(self, number: int, tricks: set[str], rng: Random) -> Movement:
        """The money that moves."""
        names = identity(f"{self.name}/{number}")
        at = rng.choices(range(len(self._stalls)), cum_weights=self._weights)[0]
        stall = self._stalls[at]
        code, amount_vnd = stall.code, _amount_vnd(rng)
        account_number = stall.account_number
        request = None
        if "orphan" in tricks:
            account_number = self._unowned(rng)
        elif rng.random() < 0.5 and (request := next(self._unpaid[at], None)) is not None:
            code, amount_vnd = request[0], self._paid_vnd(request[1], rng)
        order_code = None
        if stall.provider == "payos":
            asked = request is not None and code.isascii() and code.isdigit()
            order_code = code if asked else str(names.number)
        return Movement(
            provider=stall.provider,
            event_id=names.event_id(stall.provider),
            account_number=account_number,
            amount_vnd=amount_vnd,
            booked_at=self.midnight + timedelta(seconds=_moment_s(rng)),
            reference=names.reference,
            memo=_memo(code, tricks, rng),
            order_code=order_code,
        )

    def tellings(
        self, number: int, movement: Movement, tricks: set[str], rng: Random
    ) -> Iterator[Delivery]:
        """Every notice about that movement, or about one that someone pretends."""
        sent_at = movement.booked_at + timedelta(
            seconds=2 + rng.expovariate(1 / self.usual_delay_s)
        )
        if "late" in tricks:
            days = rng.choice((0, 0, 1, 2, 3))
            sent_at = self.midnight + timedelta(days=days, seconds=CLOSES_S + rng.randrange(18_000))
        yield Delivery("first", movement, sent_at)
        if "stale" in tricks and movement.provider in SIGNS_A_TIME:
            yield self.replay(movement, rng.randrange(360, 3 * 86_400))
        if "forged" in tricks:
            yield self._forgery(number, movement, rng)
        if "repeated" in tricks:
            for _ in range(rng.randint(1, 3)):
                long_after = rng.random() < 0.2
                pause_s = rng.randint(3600, 40_000) if long_after else 60 * rng.randint(1, 13)
                sent_at += timedelta(seconds=pause_s)
                yield Delivery("repeat", movement, sent_at)

    def replay(self, movement: Movement, age_s: int = 3600) -> Delivery:
        """A genuine notice, caught on the way and sent again long after it was signed."""
        sent_at = movement.booked_at + timedelta(seconds=age_s)
        return Delivery("stale", movement, sent_at, age_s=age_s)

    def _forgery(self, number: int, movement: Movement, rng: Random) -> Delivery:
        forgery = rng.choice(FORGERIES)
        if forgery != "altered":  # The others tell of money that never moved.
            names = identity(f"{self.name}/{number}/pretended")
            movement = replace(
                movement,
                event_id=names.event_id(movement.provider),
                reference=names.reference,
                amount_vnd=_amount_vnd(rng),
            )
        sent_at = movement.booked_at + timedelta(seconds=rng.randrange(3600))
        return Delivery("forged", movement, sent_at, forgery=forgery)

    def _unowned(self, rng: Random) -> str:
        while (account_number := f"99{rng.randrange(10**10):010d}") in self._owned:
            pass
        return account_number

    def _paid_vnd(self, asked_vnd: int, rng: Random) -> int:
        """Of six who pay a request, the second pays less and the fourth more than asked."""
        turn = self._requests_paid % 6
        self._requests_paid += 1
        wrong_by_vnd = 1_000 * rng.randint(1, max(1, asked_vnd // 2_000))
        if turn == 1:
            return max(asked_vnd - wrong_by_vnd, 1)
        return asked_vnd + wrong_by_vnd if turn == 3 else asked_vnd


def _amount_vnd(rng: Random) -> int:
    """Mostly 20.000 to 100.000, rounded to the thousand; one in two hundred is a large one."""
    if rng.random() < 0.005:
        return rng.randint(2_000, 15_000) * 1_000
    thousands = round(rng.lognormvariate(log(45), 0.85))
    return min(max(thousands, 5), 2_000) * 1_000


def _moment_s(rng: Random) -> int:
    """Seconds since midnight: seven in ten buy in the morning."""
    if rng.random() < 0.7:
        return int(rng.triangular(OPENS_S, LULL_S, PEAK_S))
    return rng.randrange(LULL_S, CLOSES_S)


def _memo(code: str, tricks: set[str], rng: Random) -> str:
    if "codeless" in tricks:
        return memo.codeless(rng)
    if "truncated" in tricks:
        return memo.truncated(code, rng)
    return memo.mangled(code, rng) if "mangled" in tricks else memo.plain(code, rng)
