"""A market day of the simulated bank, with everything else that can befall a payment."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.telling import Purpose
from ledger.transfer import Transfer
from market.stalls import demonstration
from market.stalls.demonstration import DemonstrationStall
from market.stalls.notice import Source
from tests.builders import BANK, DAWN, Market
from web.wiring import DIALECTS, PayableStall, plan_day

STALLS = 16
"""The fifteenth is kept by the vendor of the fourteenth, on one account."""
SECRETS = {provider: f"a secret of {provider}" for provider in DIALECTS}
DAY = date(2026, 11, 21)


class TroubledDay:
    """Each step is something that happened; between two of them a test may look."""

    def __init__(self, market: Market, payments: int, seed: int) -> None:
        self.market = market
        self._payments, self._seed = payments, seed
        self._rng = Random(seed)
        self._number = 0
        self.stalls = demonstration.furnish(market.register, market.title.book_id, STALLS)

    def __iter__(self) -> Iterator[None]:
        """The bank's day, with a trouble after every few payments; then every trouble again."""
        troubles = self._troubles()
        deliveries = plan_day(
            [PayableStall(s.code, s.account_number, s.provider) for s in self.stalls],
            self._payments,
            self._seed,
            DAY,
        ).deliveries
        for n, delivery in enumerate(deliveries):
            self._at(delivery.sent_at)
            provider, headers, body = delivery.signed(delivery.sent_at, SECRETS)
            verdict = DIALECTS[provider].verify(
                headers, body, (SECRETS[provider],), delivery.sent_at
            )
            if verdict.notice is not None:
                source = Source(f"mau-{provider}", BANK)
                self.market.reception.receive(source, verdict.notice, body, delivery.sent_at)
                yield
            if n % 7 == 0:
                next(troubles)
                yield
        for _ in range(2 * len(self._all())):
            next(troubles)
            yield

    def _troubles(self) -> Iterator[None]:
        """All in turn, each time in another order, at other stalls."""
        while True:
            for trouble in self._rng.sample(self._all(), len(self._all())):
                self._number += 1
                self._at(self.market.clock.at + timedelta(minutes=self._rng.randrange(90)))
                trouble()
                yield

    def _at(self, moment: datetime) -> None:
        self.market.clock.at = max(self.market.clock.at, moment)

    def _all(self) -> list[Callable[[], object]]:
        return [
            self.plain, self.told_by_two, self.contradicted, self.decided, self.repeated,
            self.settled, self.settled_otherwise, self.unreferenced, self.same_after_all,
            self.moved_about, self.private_matter, self.coded_later, self.wrong_account,
            self.several_codes, self.booked_earlier, self.reversed, self.outgoing,
            self.one_event_two_transfers, self.orphan, self.claimed, self.account_moved,
        ]  # fmt: skip

    def _stall(self) -> DemonstrationStall:
        return self._rng.choice(self.stalls)

    def _hear(
        self, connection: str = "mau-sepay", *, again: str = "", to: str | None = None, **but: Any
    ) -> UUID:
        """A notice of this step's transfer; `again` tells several events or references apart."""
        facts: dict[str, Any] = {
            "account_number": to or self.stalls[self._number % STALLS].account_number,
            "event_id": f"T{self._number}{again}",
            "reference": f"TROUBLE{self._number}",
            "amount_vnd": self._rng.randint(5, 200) * 1_000,
            "booked_at": self.market.clock.at - timedelta(seconds=self._rng.randrange(80_000)),
        }
        heard: UUID = self.market.hear(connection, **(facts | but)).transfer_id
        return heard

    def _told(self, **but: Any) -> dict[str, Any]:
        """What two tellings of one transfer have in common."""
        stall = self._stall()
        told = {"to": stall.account_number, "memo": stall.code, "amount_vnd": 80_000}
        return told | {"booked_at": self.market.clock.at - timedelta(minutes=5)} | but

    def plain(self) -> None:
        self._hear(**self._told())

    def told_by_two(self) -> None:
        told = self._told()
        self._hear(**told)
        self._hear("mau-casso", **told)

    def contradicted(self) -> UUID:
        told = self._told()
        self._hear(**told)
        return self._hear(
            "mau-casso", **(told | {"amount_vnd": self._rng.choice([70_000, 90_000])})
        )

    def decided(self) -> None:
        wanted = self.contradicted()
        self.market.payments.decide_amount(wanted, 85_000, self._view())

    def repeated(self) -> None:
        told = self._told()
        self._hear(**told)
        self._hear(**told, again="again")

    def settled(self) -> None:
        wanted = self._hear(**self._told())
        self.market.payments.settle(wanted, f"line {wanted}", 80_000, DAWN, self._view())

    def settled_otherwise(self) -> None:
        wanted = self.contradicted()
        self.market.payments.settle(wanted, f"line {wanted}", 60_000, DAWN, self._view())

    def unreferenced(self) -> None:
        self._hear(**self._told(reference=None))

    def same_after_all(self) -> None:
        told = self._told()
        self._hear(**told, reference=None)
        self._hear(**told)

    def moved_about(self) -> None:
        """To another stall, and perhaps back, by a person's word."""
        wanted = self._hear(**self._told())
        before = self.market.transfer(wanted).stands.purpose
        for purpose in (self._sale(), before, self._sale())[: self._rng.randint(1, 3)]:
            self.market.payments.assign(wanted, purpose, self._view())

    def private_matter(self) -> None:
        wanted = self._hear(**self._told())
        self.market.payments.assign(wanted, Purpose("owner", "person"), self._view())

    def coded_later(self) -> None:
        """Of two stalls on one account the first telling names none."""
        told = self._told(to=self.stalls[14].account_number)
        self._hear(**(told | {"memo": ""}))
        self._hear("mau-casso", **(told | {"memo": self.stalls[14].code}))

    def wrong_account(self) -> None:
        self._hear(**self._told(to=self.stalls[1].account_number, memo=self.stalls[2].code))

    def several_codes(self) -> None:
        memo = f"{self.stalls[13].code} {self.stalls[14].code}"
        self._hear(**self._told(to=self.stalls[14].account_number, memo=memo))

    def booked_earlier(self) -> None:
        """Another provider says that it was booked on the day before."""
        told = self._told()
        self._hear(**told)
        earlier = told["booked_at"] - timedelta(hours=self._rng.randint(1, 30))
        self._hear("mau-casso", **(told | {"booked_at": earlier}))

    def reversed(self) -> None:
        told = self._told()
        wanted = self._hear(**told)
        back = self._hear(**told, direction="out", again="back")
        self.market.payments.reverse(wanted, back, self._view())

    def outgoing(self) -> None:
        self._hear(**self._told(direction="out"))

    def one_event_two_transfers(self) -> None:
        told = self._told()
        self._hear(**told)
        self._hear(**told, reference=f"OTHER{self._number}")

    def orphan(self) -> None:
        self._hear(**self._told(to=f"77{self._rng.randrange(3):08d}", memo=""))

    def claimed(self) -> None:
        """Somebody takes an account over that money has come to already."""
        seller = self.market.seller(f"77{self._rng.randrange(3):08d}")
        if self._rng.random() < 0.5:
            code = demonstration.stall(STALLS + self._number).code
            self.market.stall(code, seller)

    def account_moved(self) -> None:
        """From last night on an account is another's, and so is what came since."""
        account = self.market.seller(f"66{self._number:08d}")
        self._hear(**self._told(to=account.number, memo=""))
        heir = self.market.seller(f"55{self._number:08d}")
        since = self.market.clock.at - timedelta(hours=12)
        self.market.register.move_account(account.account, heir.id, since)

    def _sale(self) -> Purpose:
        code = self._stall().code
        return Purpose("sale", "person", code, self.market.register.stall(code).stall_id)

    def _view(self) -> Any:
        return self.market.directory.view

    def transfers(self) -> list[Transfer]:
        """Every transfer of the book, in the order of their first words."""
        c = self.market.book.store.tables.events.c
        query = select(c.originator_id).where(c.topic == Transfer.Created.TOPIC)
        with self.market.book.reading() as connection:
            wanted = connection.scalars(query.order_by(c.position)).all()
        return [self.market.transfer(transfer) for transfer in wanted]
