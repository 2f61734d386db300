"""An event is stored as plain JSON and read back as what it was, whichever way it went in."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import JSONTranscoder, MapperDeserialisationError, StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import ledger
import market
from ledger.bank_account import BankAccount
from ledger.book import Book
from ledger.fact import RECORDED_ELSEWHERE, Fact, begin, first
from ledger.identity import bank_account_id
from ledger.market_day import MARKET_TIME
from ledger.store.mapper import FactMapper, shape
from ledger.telling import Purpose, Standing, Telling
from ledger.transfer import Transfer
from tests.sample import sample

MAPPER = FactMapper(JSONTranscoder())
WHO = UUID(int=77)
AT = datetime(2026, 11, 21, 5, 30, 0, 123456, tzinfo=UTC)


def events_of(kind: type[Fact]) -> Iterator[type[Fact.Event]]:
    """Every event that has a stored name, of this fact and all that descend from it."""
    for fact in kind.__subclasses__():
        for value in vars(fact).values():
            if isinstance(value, type) and getattr(value, "TOPIC", None):
                yield value
        yield from events_of(fact)


def all_events() -> dict[str, type[Fact.Event]]:
    for package in (ledger, market):
        for room in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(room.name)
    ours = [e for e in events_of(Fact) if e.__module__.split(".")[0] in {"ledger", "market"}]
    return {event.TOPIC: event for event in ours}  # type: ignore[attr-defined]


EVENTS = all_events()
BESIDE = {"originator_id", "originator_version", "timestamp", "originator_topic"}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation: also the empty, the odd and the extreme."""
    arguments = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(values_of, arguments))
    if get_origin(hint) is Literal:
        return st.sampled_from(arguments)
    if get_origin(hint) is tuple:
        return st.lists(values_of(arguments[0]), max_size=4).map(tuple)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.builds(hint, **{n: values_of(h) for n, h in get_type_hints(hint).items()})
    return {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.integers(-(2**63), 2**63 - 1),
        str: st.text(max_size=30) | st.sampled_from(["", "\0", "null", '"\\', "\u2028", "Đồng 💰"]),
        UUID: st.uuids(),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }[hint]


def happened(kind: type[Fact.Event]) -> st.SearchStrategy[Fact.Event]:
    """Events of this class, built straight."""
    hints = get_type_hints(kind)
    facts = {name: values_of(hints[name]) for name in shape(kind).__struct_fields__}
    if issubclass(kind, Fact.Created):
        return st.builds(first, st.just(kind), st.uuids(), **facts)
    return st.builds(
        kind,
        originator_id=st.uuids(),
        originator_version=st.integers(2, 2**63 - 1),
        timestamp=st.just(RECORDED_ELSEWHERE),
        **facts,
    )


def received(**but: Any) -> Transfer.Created:
    facts = {
        "account_key": "a1" * 16,
        "reference": None,
        "telling": Telling("sepay", "1", "d1" * 16, 50_000, AT, AT),
        "stands": Standing("in", None, 50_000, Purpose("unmatched", "orphan")),
    }
    created = first(Transfer.Created, WHO, **facts | but)
    assert isinstance(created, Transfer.Created)
    return created


def test_all_events_of_the_house_are_looked_at_here() -> None:
    assert {"ledger.Transfer.Created", "ledger.PaymentRequest.Received"} <= set(EVENTS)
    assert {"market.Stall.Created", "market.Vendor.Created"} <= set(EVENTS)


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_every_event_is_read_back_as_it_was(topic: str) -> None:
    @given(happened(EVENTS[topic]))
    def read_back(event: Fact.Event) -> None:
        stored = MAPPER.to_stored_event(event)
        again = MAPPER.to_domain_event(stored)

        assert again == event
        assert vars(again) == vars(event)
        assert MAPPER.to_stored_event(again) == stored
        assert (stored.topic, stored.originator_id) == (topic, event.originator_id)
        assert set(json.loads(stored.state)) == set(vars(event)) - BESIDE
        assert b"\0" not in stored.state

    read_back()


@given(values_of(Telling), values_of(Standing))
def test_what_was_told_and_how_it_stands_are_read_back(telling: Telling, stands: Standing) -> None:
    again = MAPPER.to_domain_event(MAPPER.to_stored_event(received(telling=telling, stands=stands)))

    assert isinstance(again, Transfer.Created)
    assert (again.telling, again.stands) == (telling, stands)
    assert (type(again.telling), type(again.stands.purpose)) == (Telling, Purpose)
    assert again.telling.booked_at.tzinfo == UTC


def test_a_local_time_is_read_back_as_the_same_moment() -> None:
    local = AT.astimezone(MARKET_TIME)
    telling = Telling("sepay", "1", "d1", 1, local, local + timedelta(microseconds=1))

    again = MAPPER.to_domain_event(MAPPER.to_stored_event(received(telling=telling)))

    assert isinstance(again, Transfer.Created)
    assert again.telling == telling
    assert again.telling.received_at - again.telling.booked_at == timedelta(microseconds=1)


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    book = Book(database_url)
    book.store.create()
    yield book
    book.close()


def stored_in(book: Book, fact_id: UUID) -> StoredEvent:
    [stored] = book.log.select_events(fact_id)
    return stored


def test_the_short_way_and_the_way_through_the_aggregate_store_the_same(
    book: Book,
) -> None:
    """Also with the lines that follow, and the library reads both as the same aggregate."""
    vendor = UUID(int=1)
    stands = Standing("in", vendor, 50_000, Purpose("sale", "code", "CSX1", UUID(int=5)))
    short = received(reference="FT1", stands=stands)
    long = first(Transfer.Created, UUID(int=78), **{
        name: getattr(short, name) for name in ("account_key", "reference", "telling", "stands")
    })  # fmt: skip

    book.record(short)
    book.save(begin(long))

    one, other = stored_in(book, WHO), stored_in(book, UUID(int=78))
    assert (one.originator_version, one.topic, one.state) == (1, other.topic, other.state)
    with book.reading() as connection:
        lines = connection.exec_driver_sql(
            "SELECT position, line, code, amount_vnd FROM lines ORDER BY position, line"
        ).all()
    assert [tuple(row[1:]) for row in lines[:2]] == [tuple(row[1:]) for row in lines[2:]]
    expected = begin(short)
    expected.pending_events.clear()
    assert book.find(Transfer, WHO) == expected
    found = book.find(Transfer, UUID(int=78))
    assert found
    assert vars(found) | {"_id": WHO} == vars(expected)


def test_what_the_class_itself_makes_is_stored_the_same_as_what_is_built_straight() -> None:
    facts = {"account_key": "a1", "bank": "999999", "entity_id": WHO}
    straight = first(BankAccount.Created, bank_account_id("a1"), **facts)
    made = BankAccount(**facts)

    assert made.pending_events == [straight]
    assert MAPPER.to_stored_event(made.pending_events[0]) == MAPPER.to_stored_event(straight)
    assert MAPPER.to_stored_event(straight).state.decode() == (
        '{"account_key":"a1","bank":"999999","entity_id":"00000000-0000-0000-0000-00000000004d"}'
    )


def test_every_event_goes_through_the_database_unharmed(book: Book) -> None:
    """On the engine itself, NUL, quotes and the largest numbers included."""
    recorded: dict[tuple[UUID, int], Fact.Event] = {}

    @settings(max_examples=sample(150, soak=5_000))
    @given(st.one_of(*map(happened, EVENTS.values())))
    def record(event: Fact.Event) -> None:
        if recorded.setdefault((event.originator_id, event.originator_version), event) is event:
            book.log.insert_events([MAPPER.to_stored_event(event)])

    record()
    with book.reading() as connection:
        stored = connection.execute(select(book.store.tables.events)).all()
    assert len(stored) == len(recorded)
    for row in stored:
        event = MAPPER.to_domain_event(
            StoredEvent(row.originator_id, row.originator_version, row.topic, row.state.encode())
        )
        assert event == recorded[row.originator_id, row.originator_version]


CREATED = '{"account_key":"a","reference":null,"telling":%s,"stands":%s}'
TOLD = (
    '{"connection":"c","event_id":"1","digest":"d","amount_vnd":%s,'
    '"booked_at":%s,"received_at":"2026-11-21T05:30:00Z","codes":%s}'
)
STANDS = (
    '{"direction":"in","entity_id":null,"amount_vnd":5,'
    '"purpose":{"kind":"unmatched","reason":"orphan"},"settled":%s}'
)
TIME = '"2026-11-21T05:30:00Z"'


def created(
    amount: str = "5", booked_at: str = TIME, codes: str = "[]", settled: str = "false"
) -> str:
    return CREATED % (TOLD % (amount, booked_at, codes), STANDS % settled)


UNREADABLE = {
    "nothing": "",
    "half of it": created()[:-9],
    "too much": created() + "}",
    "an array": "[]",
    "null": "null",
    "nothing inside": "{}",
    "an amount that is text": created(amount='"5"'),
    "an amount with a fraction": created(amount="5.5"),
    "an amount that is true": created(amount="true"),
    "an amount that is null": created(amount="null"),
    "an amount that is not a number": created(amount="NaN"),
    "a time that is none": created(booked_at='"yesterday"'),
    "a day that is none": created(booked_at='"2026-02-30T00:00:00Z"'),
    "a time that is a number": created(booked_at="5"),
    "codes that are text": created(codes='"CSX1"'),
    "a code that is a number": created(codes="[1]"),
    "settled by a word": created(settled='"yes"'),
    "a direction that is none": created().replace('"in"', '"sideways"'),
    "an entity that is no id": created().replace('"entity_id":null', '"entity_id":"7"'),
    "a missing word": created().replace('"digest":"d",', ""),
}


def unread(state: bytes) -> StoredEvent:
    return StoredEvent(WHO, 1, "ledger.Transfer.Created", state)


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_state_that_cannot_be_read_is_said_so(what: str) -> None:
    with pytest.raises(MapperDeserialisationError, match=r"ledger\.Transfer\.Created"):
        MAPPER.to_domain_event(unread(UNREADABLE[what].encode()))


@pytest.mark.parametrize("state", [b"\xff", b'{"\xff":1}', b"[" * 100_000, bytes(100)])
def test_bytes_that_are_no_words_are_said_so(state: bytes) -> None:
    with pytest.raises(MapperDeserialisationError):
        MAPPER.to_domain_event(unread(state))


def test_a_field_that_a_later_version_may_add_is_passed_over() -> None:
    state = created().replace("{", '{"later":[1,{"x":null}],', 1)

    assert MAPPER.to_domain_event(unread(state.encode())) == MAPPER.to_domain_event(
        unread(created().encode())
    )
