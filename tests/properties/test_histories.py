"""Whatever the order in which banks and the register speak, the book comes to the same end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit import verify
from ledger.identity import account_key, bank_reference, transfer_id, unreferenced_id
from ledger.journal import trial_balance
from ledger.payment_request import PaymentRequest
from ledger.replay import replay
from ledger.transfer import Transfer
from market.ports import BankNotice
from market.stalls.code import code_of
from market.stalls.notice import Source
from tests.engines import postgresql_database
from tests.sample import sample
from web.config import settings as configuration
from web.wiring import Wiring, establish, opened

START = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
MOVED = START + timedelta(hours=5)
BANK = "999999"
CODES = ("stall_a", "stall_b", "stall_c", "request")
WORLDS = count()


@dataclass(frozen=True)
class Word:
    """A provider's notice about one of three transfers, before it has a world to be told in."""

    connection: str
    event: int
    transfer: int
    referenced: bool
    amount_vnd: int
    minutes: int
    memo: tuple[str, ...]


@st.composite
def words(draw: st.DrawFn) -> list[Word]:
    """Some words about up to three transfers, with every trick that a provider may play.

    Left out: one event id speaking of two transfers and, without a reference, of neither.
    """
    told = []
    for transfer in range(draw(st.integers(1, 3))):
        amount_vnd = draw(st.sampled_from([20_000, 35_000, 50_000]))
        minutes = draw(st.integers(0, 10)) * 60
        for n in range(draw(st.integers(1, 4))):
            memo = draw(st.lists(st.sampled_from(CODES), max_size=2, unique=True))
            told.append(
                Word(
                    connection=draw(st.sampled_from(["sepay", "casso"])),
                    event=transfer * 10 + draw(st.integers(0, 2)),
                    transfer=transfer,
                    referenced=draw(st.integers(0, 3)) > 0,
                    amount_vnd=amount_vnd - (1_000 if draw(st.integers(0, 4)) == 0 else 0),
                    minutes=minutes + n,
                    memo=tuple(memo),
                )
            )
    if len(told) > 1 and draw(st.integers(0, 3)) == 0:  # An event id is used for another transfer.
        one, other = told[0], told[-1]
        told[-1] = replace(other, connection=one.connection, event=one.event, referenced=True)
        told[0] = replace(one, referenced=True)
        told = [
            replace(w, referenced=True)
            if (w.connection, w.event) == (one.connection, one.event)
            else w
            for w in told
        ]
    return told


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """The same happenings in two orders; the register's own order stays. Somewhere on the way, and
    at the end, a person says which unreferenced transfers are others."""
    register = ["claim", "assign_a", "move", "assign_b"]
    told = draw(words())
    happenings = [*told, *register]

    def order() -> list[Any]:
        shuffled = draw(st.permutations(happenings))
        steps = iter(register)
        ordered = [next(steps) if isinstance(step, str) else step for step in shuffled]
        ordered.insert(draw(st.integers(0, len(ordered))), told)
        return [*ordered, told]

    return order(), order()


class World:
    """Vendors A and B, who share an account one after the other, and C with another one."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.n = next(WORLDS)
        register, book_id = wiring.register, wiring.title.book_id
        self.name = f"{self.n}"
        self.number = f"8800{self.n:08d}"
        self.key = account_key(wiring.title.key, BANK, self.number)
        self.a, self.b, self.c = (uuid5(book_id, f"{who}{self.name}") for who in "abc")
        place = register.open_place("cho", "market", "Chợ", "xã")
        self.codes = {name: code_of(self.n * 4 + n) for n, name in enumerate(CODES)}
        for name in CODES[:3]:
            register.open_stall(self.codes[name], place, f"{name}{self.name}", "rau")
        other = self._join(self.c, f"7700{self.n:08d}")
        register.assign(self.codes["stall_c"], self.c, other, START)
        self.request = wiring.payments.ask(
            book_id, self.codes["request"], self.a, None, 35_000, START, START + timedelta(hours=3)
        )

    def _join(self, vendor: UUID, number: str) -> str:
        return self.wiring.register.join(
            vendor, name="Mẫu", phone=None, bank=BANK, account_number=number, at=START
        )

    def happen(self, step: Any) -> None:
        register = self.wiring.register
        match step:
            case "claim":
                self._join(self.a, self.number)
            case "assign_a":
                register.assign(self.codes["stall_a"], self.a, self.key, START)
            case "move":
                register.move_account(self.key, self.b, MOVED)
            case "assign_b":
                register.assign(self.codes["stall_b"], self.b, self.key, MOVED)
            case Word():
                self._tell(step)
            case list():
                self._say_same(step)

    def _say_same(self, told: list[Word]) -> None:
        """A person says of each unreferenced transfer, as far as told, which one it is."""
        find = self.wiring.book.find
        ids = self._ids(told)
        for word in told:
            lone = find(Transfer, ids.get(f"{word.connection} {word.event}", UUID(int=0)))
            other = find(Transfer, ids.get(f"transfer {word.transfer}", UUID(int=0)))
            if lone is not None and other is not None and lone.same_as is None:
                self.wiring.payments.same(lone.id, other.id, self.wiring.directory.view)

    def _reference(self, transfer: int) -> str:
        return f"FT{self.n}X{transfer}"

    def _tell(self, word: Word) -> None:
        said = " ".join(self.codes[name] for name in word.memo)
        notice = BankNotice(
            event_id=f"{self.n}-{word.event}",
            direction="in",
            amount_vnd=word.amount_vnd,
            booked_at=START + timedelta(minutes=word.minutes),
            bank=BANK,
            account_number=self.number,
            virtual_number=None,
            reference=self._reference(word.transfer) if word.referenced else None,
            memo=said,
            order_code=None,
        )
        # Two worlds number themselves differently; the body, like the digest, only tells apart.
        self.wiring.reception.receive(
            Source(word.connection, BANK), notice, repr(word).encode(), START + timedelta(days=1)
        )

    def end(self, told: list[Word]) -> dict[str, Any]:
        """All that must be the same in every order."""
        book = self.wiring.book
        names = {code: name for name, code in self.codes.items()}
        stalls = {entry.stall_id: names[code] for code, entry in self._stalls().items()}
        people = {self.a: "a", self.b: "b", self.c: "c", None: None}
        found = {}
        for label, wanted in self._ids(told).items():
            transfer = book.find(Transfer, wanted)
            if transfer is None or transfer.same_as is not None:
                continue
            stands = transfer.stands
            found[label] = (
                stands.amount_vnd,
                people[stands.entity_id],
                stands.purpose.kind,
                stands.purpose.reason,
                names.get(stands.purpose.code or ""),
                stalls.get(stands.purpose.stall_id) if stands.purpose.stall_id else None,
                stands.purpose.request_id == self.request,
                transfer.marks,
            )
        request = book.find(PaymentRequest, self.request)
        assert request is not None
        balances = {
            (people[entity], code): vnd
            for (entity, code), vnd in trial_balance(book).balances.items()
            if entity in people and vnd
        }
        return {
            "transfers": found,
            "balances": balances,
            "request": (request.state(START + timedelta(hours=4)), request.received_vnd),
            "late": request.late,
        }

    def _stalls(self) -> dict[str, Any]:
        known = self.wiring.register.stalls()
        return {code: known[code] for name, code in self.codes.items() if name != "request"}

    def _ids(self, told: list[Word]) -> dict[str, UUID]:
        ids = {}
        for word in told:
            if word.referenced:
                reference = bank_reference(self._reference(word.transfer))
                assert reference is not None
                ids[f"transfer {word.transfer}"] = transfer_id(self.key, reference, "in")
            else:
                label = f"{word.connection} {word.event}"
                ids[label] = unreferenced_id(word.connection, f"{self.n}-{word.event}")
        return ids


@contextmanager
def a_book(home: Path, url: str | None = None) -> Iterator[Wiring]:
    """An open book; at the end it must pass its audit."""
    chosen = configuration({"CHOSO_HOME": str(home), "CHOSO_DATABASE_URL": url or ""})
    establish(chosen, name="Sổ thử", demonstration=True)
    with opened(chosen) as wiring:
        yield wiring
        assert verify(wiring.book).faults == []
        assert replay(wiring.book).rows() == trial_balance(wiring.book).rows()


@pytest.fixture(scope="module")
def wiring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wiring]:
    with a_book(tmp_path_factory.mktemp("histories")) as wiring:
        yield wiring


@pytest.fixture(scope="module")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: str
) -> Iterator[Wiring]:
    with (
        postgresql_database(postgresql_server) as url,
        a_book(tmp_path_factory.mktemp("histories"), url) as wiring,
    ):
        yield wiring


@settings(max_examples=sample(500, soak=10_000))
@given(histories())
def test_every_order_comes_to_the_same_end(
    wiring: Wiring, orders: tuple[list[Any], list[Any]]
) -> None:
    assert_same_end(wiring, orders)


@settings(max_examples=sample(40, soak=1_000))
@given(histories())
def test_every_order_comes_to_the_same_end_on_postgresql(
    on_postgresql: Wiring, orders: tuple[list[Any], list[Any]]
) -> None:
    assert_same_end(on_postgresql, orders)


def assert_same_end(wiring: Wiring, orders: tuple[list[Any], list[Any]]) -> None:
    ends = []
    for order in orders:
        world = World(wiring)
        for step in order:
            world.happen(step)
        ends.append(world.end([step for step in order if isinstance(step, Word)]))

    assert ends[0] == ends[1]


@settings(max_examples=sample(50, soak=1_000))
@given(words())
def test_telling_everything_again_changes_nothing(wiring: Wiring, told: list[Word]) -> None:
    world = World(wiring)
    for step in ["claim", "assign_a", *told]:
        world.happen(step)
    before, position = world.end(told), wiring.book.log.max_notification_id()

    for word in reversed(told):
        world.happen(word)

    assert (world.end(told), wiring.book.log.max_notification_id()) == (before, position)
