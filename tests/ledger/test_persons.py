"""Names, phones and accounts of people lie encrypted beside the book, and can be erased."""

from uuid import UUID

import pytest
from sqlalchemy import update

from ledger.persons import Persons, tables_of
from ledger.vault import Vault, WrongKey
from tests.builders import MASTER_KEY, Market, everything_stored

LAN, HOA = UUID(int=1), UUID(int=2)
NEW_KEY = bytes(range(64, 96))
FIELDS = {"name": "Nguyễn Thị Bí Mật", "phone": "0912345678", "account_number": "0011012345678"}


def test_what_is_kept_is_read_again(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)

    assert market.persons.read(LAN) == FIELDS


def test_of_a_stranger_nothing_is_known(market: Market) -> None:
    assert market.persons.read(LAN) == {}


def test_a_field_kept_again_is_replaced_and_the_others_stay(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)

    market.persons.keep(LAN, {"phone": "0987654321"})

    assert market.persons.read(LAN) == FIELDS | {"phone": "0987654321"}


def test_each_person_has_their_own_fields(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)
    market.persons.keep(HOA, {"name": "Trần Văn Mẫu"})

    assert market.persons.read(HOA) == {"name": "Trần Văn Mẫu"}


def test_nothing_of_it_is_in_the_database_in_clear(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)

    stored = everything_stored(market)

    assert LAN.bytes in stored or str(LAN).encode() in stored
    assert [value for value in FIELDS.values() if value.encode() in stored] == []


def test_erasing_leaves_neither_key_nor_fields(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)
    market.persons.keep(HOA, FIELDS)

    market.persons.erase(LAN)
    market.persons.erase(LAN)

    keys, fields = tables_of(market.book.store.tables)
    with market.book.reading() as connection:
        left = {
            row.person_id for table in (keys, fields) for row in connection.execute(table.select())
        }
    assert left == {HOA}
    assert market.persons.read(LAN) == {}
    assert market.persons.read(HOA) == FIELDS


def test_who_was_erased_can_join_again_under_a_new_key(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)
    before = key_of(market, LAN)
    market.persons.erase(LAN)

    market.persons.keep(LAN, {"name": "Lan"})

    assert market.persons.read(LAN) == {"name": "Lan"}
    assert key_of(market, LAN) != before


def test_a_field_moved_to_another_person_is_refused(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)
    market.persons.keep(HOA, FIELDS)

    _, fields = tables_of(market.book.store.tables)
    c = fields.c
    with market.book.store.engines.writing() as connection:
        sealed = connection.scalar(
            fields.select().with_only_columns(c.sealed).where(c.person_id == LAN, c.field == "name")
        )
        connection.execute(
            update(fields).where(c.person_id == HOA, c.field == "name").values(sealed=sealed)
        )

    with pytest.raises(WrongKey):
        market.persons.read(HOA)


def test_a_changed_master_key_still_reads_and_a_foreign_one_does_not(market: Market) -> None:
    market.persons.keep(LAN, FIELDS)

    assert persons_under(market, NEW_KEY, MASTER_KEY).read(LAN) == FIELDS
    with pytest.raises(WrongKey):
        persons_under(market, NEW_KEY).read(LAN)


def persons_under(market: Market, *masters: bytes) -> Persons:
    return Persons(market.book.store.engines, market.book.store.tables, Vault(masters))


def key_of(market: Market, person: UUID) -> bytes:
    keys, _ = tables_of(market.book.store.tables)
    with market.book.reading() as connection:
        query = keys.select().where(keys.c.person_id == person)
        return bytes(connection.execute(query).one().key)
