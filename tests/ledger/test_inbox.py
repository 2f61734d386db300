"""The inbox keeps every authentic word as it came, encrypted; the events carry nothing personal."""

import pytest
from sqlalchemy import select, update

from ledger.inbox import open_word
from ledger.vault import Vault, WrongKey, digest
from tests.builders import PAYER, Market, body_of, everything_stored, notice

MEMO = "tien ca cua chi BI MAT CS00000Bx"
NUMBER = "9900000001"


def opened(market: Market, event_id: str = "1", connection: str = "sepay") -> list[bytes | None]:
    tables = market.book.store.tables
    with market.book.reading() as reading:
        return open_word(reading, tables, market.vault, connection, event_id)


def rows(market: Market) -> list[tuple[object, ...]]:
    c = market.book.store.tables.inbox.c
    with market.book.reading() as connection:
        found = connection.execute(
            select(c.connection, c.event_id, c.position).order_by(c.position)
        )
        return [tuple(row) for row in found]


def test_the_raw_body_is_readable_again(market: Market) -> None:
    market.hear(memo=MEMO)

    assert opened(market) == [body_of(notice(memo=MEMO))]


def test_the_same_word_again_leaves_one_row(market: Market) -> None:
    told = [market.hear(memo=MEMO).news, market.hear(memo=MEMO).news]

    assert told == ["first", "not_news"]
    assert len(opened(market)) == 1


def test_two_words_under_one_event_id_are_both_kept_in_order(market: Market) -> None:
    market.hear()
    market.hear(amount_vnd=45_000)

    assert opened(market) == [body_of(notice()), body_of(notice(amount_vnd=45_000))]


def test_a_third_body_after_a_repetition_of_the_first_two(market: Market) -> None:
    for amount_vnd in (50_000, 45_000, 50_000, 45_000, 40_000):
        market.hear(amount_vnd=amount_vnd)

    assert len(opened(market)) == 3


def test_each_connection_has_its_own_event_ids(market: Market) -> None:
    market.hear("sepay")
    market.hear("casso", amount_vnd=45_000)

    assert len(opened(market, connection="sepay")) == len(opened(market, connection="casso")) == 1


def test_a_row_lies_with_the_event_that_it_caused(market: Market) -> None:
    seller = market.seller()
    head = market.book.log.max_notification_id() or 0

    market.hear(account_number=seller.number)
    market.hear("casso", account_number=seller.number)

    assert rows(market) == [("sepay", "1", head + 1), ("casso", "1", head + 2)]


def test_where_the_notices_key_was_destroyed_the_body_stays_shut(market: Market) -> None:
    market.hear()
    table = market.book.store.tables.inbox

    with market.book.store.engines.writing() as connection:
        connection.execute(update(table).values(key=None))

    assert opened(market) == [None]


def test_a_word_after_the_key_was_destroyed_is_kept_under_a_new_one(market: Market) -> None:
    market.hear()
    table = market.book.store.tables.inbox
    with market.book.store.engines.writing() as connection:
        connection.execute(update(table).values(key=None, body=None))

    market.hear(amount_vnd=45_000)

    assert opened(market) == [None, body_of(notice(amount_vnd=45_000))]


def test_a_body_moved_to_another_row_is_refused(market: Market) -> None:
    market.hear(event_id="1")
    market.hear(event_id="2", reference="FT2")
    table = market.book.store.tables.inbox
    with market.book.store.engines.writing() as connection:
        body = connection.scalar(select(table.c.body).where(table.c.event_id == "1"))
        connection.execute(update(table).where(table.c.event_id == "2").values(body=body))

    with pytest.raises(WrongKey):
        opened(market, "2")


def test_another_master_key_opens_nothing(market: Market) -> None:
    market.hear()

    stranger = Vault((bytes(range(1, 33)),))
    with market.book.reading() as connection, pytest.raises(WrongKey):
        open_word(connection, market.book.store.tables, stranger, "sepay", "1")


def test_the_digest_says_nothing_without_the_notices_key(market: Market) -> None:
    """Two notices with one body would otherwise be known as alike, and short bodies guessed."""
    table = market.book.store.tables.inbox
    market.hear()

    with market.book.reading() as connection:
        kept = connection.scalar(select(table.c.digest))

    assert kept not in {digest(b"", body_of(notice())), digest(bytes(32), body_of(notice()))}


def test_nothing_personal_is_in_the_database_in_clear(market: Market) -> None:
    """Neither in the events nor anywhere else: no payer, no memo, no account number."""
    seller = market.seller(NUMBER)
    market.stall("CS00000BU", seller)

    market.hear(memo=MEMO, virtual_number="VQR123456789")
    market.hear("casso", memo=MEMO, amount_vnd=45_000)
    market.hear(event_id="2", reference=None, memo=MEMO)
    market.hear(event_id="3", reference="FT3", account_number="9911112222", memo=MEMO)
    stored = everything_stored(market)

    for word in (PAYER, "BÍ MẬT", MEMO, "BI MAT", NUMBER, "9911112222", "VQR123456789"):
        assert word.encode() not in stored, word


def test_the_events_name_the_code_alone_of_all_that_the_payer_wrote(market: Market) -> None:
    from tests.builders import CODE

    seller = market.seller(NUMBER)
    market.stall(CODE, seller)
    market.hear(memo=f"chi Bi Mat {CODE.lower()} 0912345678")

    events = market.book.store.tables.events
    with market.book.reading() as connection:
        last = connection.scalar(select(events.c.state).order_by(events.c.position.desc()).limit(1))

    assert f'"codes":["{CODE}"]' in last
    assert "0912345678" not in last
    assert "Mat" not in last
