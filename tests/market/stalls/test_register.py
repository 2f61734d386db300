"""The register: vendors join with their accounts, stalls open, change hands, move and close."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.bank_account import AccountTaken, MovedBackwards
from market.stalls.code import code_of
from market.stalls.demonstration import STALLS_FROM, furnish
from market.stalls.directory import ALWAYS
from market.stalls.register import (
    NotTheirAccount,
    RealBankInDemonstration,
    UnknownBank,
    UnknownStall,
)
from market.stalls.stall import AssignedBackwards, StallVacant
from tests.builders import (
    BANK,
    BOOK_ID,
    CODE,
    DAWN,
    NOON,
    OTHER_CODE,
    STRANGER,
    Market,
    Seller,
)

NUMBER, OTHER_NUMBER = "9900000001", "9900000002"
MORNING = DAWN + timedelta(hours=2)


def head(market: Market) -> int:
    return market.book.log.max_notification_id() or 0


def join(market: Market, vendor: UUID, number: str, bank: str = BANK) -> Seller:
    account = market.register.join(
        vendor, name="Lan", phone=None, bank=bank, account_number=number, at=DAWN
    )
    return Seller(vendor, number, account)


def purposes(market: Market, *heard: UUID) -> list[str]:
    return [market.transfer(one).stands.purpose.reason for one in heard]


def test_each_command_repeated_changes_nothing(market: Market) -> None:
    register = market.register

    def tell_all() -> None:
        seller = market.seller(NUMBER)
        place = register.open_place("pho", "street", "Phố Mẫu", "xã Mẫu")
        register.open_stall(CODE, place, "B7", "rau củ")
        register.assign(CODE, seller.id, seller.account, DAWN)
        register.add_alias(seller.account, "VQR1")
        register.move_stall(CODE, place, "B7")

    tell_all()
    before = head(market)
    tell_all()

    assert head(market) == before


def test_moving_an_account_to_where_it_is_changes_nothing(market: Market) -> None:
    seller, other = market.seller(NUMBER), market.seller(OTHER_NUMBER)
    market.register.move_account(other.account, seller.id, NOON)
    before = head(market)

    market.register.move_account(other.account, seller.id, NOON)

    assert head(market) == before


def test_an_account_belongs_to_one_vendor(market: Market) -> None:
    join(market, UUID(int=1), NUMBER)

    with pytest.raises(AccountTaken):
        join(market, UUID(int=2), NUMBER)


def test_a_refused_joining_changes_nothing_of_what_is_known_of_the_vendor(market: Market) -> None:
    """Their QR code would otherwise send shoppers to somebody else's account."""
    market.seller(NUMBER)
    market.stall(CODE, join(market, STRANGER, OTHER_NUMBER))

    with pytest.raises(AccountTaken):
        join(market, STRANGER, NUMBER)

    payee = market.register.payee(market.register.stall(CODE))
    assert payee is not None
    assert payee.account_number == OTHER_NUMBER


def test_a_stall_is_paid_on_its_own_account_also_when_its_vendor_has_two(market: Market) -> None:
    market.stall(CODE, join(market, STRANGER, NUMBER))
    market.stall(OTHER_CODE, join(market, STRANGER, OTHER_NUMBER))

    payees = [market.register.payee(market.register.stall(code)) for code in (CODE, OTHER_CODE)]

    assert [payee and payee.account_number for payee in payees] == [NUMBER, OTHER_NUMBER]


@pytest.mark.parametrize("bank", ["", "Ngân hàng Trên Trời", "12345", "CIMB"])
def test_a_bank_that_nobody_knows_is_refused(market: Market, bank: str) -> None:
    """CIMB bears two numbers: a guess would book money wrongly."""
    with pytest.raises(UnknownBank):
        join(market, STRANGER, NUMBER, bank)

    assert head(market) == 0


def test_a_real_bank_has_no_place_in_a_demonstration(market: Market) -> None:
    with pytest.raises(RealBankInDemonstration):
        join(market, STRANGER, NUMBER, "MB Bank")

    assert not market.register.has_real_accounts()


def test_one_account_however_its_bank_is_spelt(market: Market) -> None:
    assert (
        join(market, STRANGER, NUMBER).account
        == join(market, STRANGER, " 99 0000-0001 ", "Ngân hàng Mẫu").account
    )


def test_a_stall_is_paid_only_on_its_keepers_account(market: Market) -> None:
    seller, other = market.seller(NUMBER), market.seller(OTHER_NUMBER)
    market.stall(CODE, seller)

    with pytest.raises(NotTheirAccount):
        market.register.assign(CODE, seller.id, other.account, MORNING)
    with pytest.raises(NotTheirAccount):
        market.register.assign(CODE, seller.id, "unheard of", MORNING)


def test_a_stall_that_does_not_exist_cannot_be_given_moved_or_vacated(market: Market) -> None:
    seller = market.seller()
    register = market.register
    commands: list[Callable[[], object]] = [
        lambda: register.assign(CODE, seller.id, seller.account, DAWN),
        lambda: register.move_stall(CODE, BOOK_ID, "B7"),
        lambda: register.vacate(CODE, DAWN),
        lambda: register.stall(CODE),
    ]
    for command in commands:
        with pytest.raises(UnknownStall):
            command()


@pytest.mark.parametrize("command", ["move_account", "add_alias"])
def test_an_account_that_nobody_claimed_cannot_be_moved_or_named(
    market: Market, command: str
) -> None:
    words = (STRANGER, NOON) if command == "move_account" else ("VQR1",)

    with pytest.raises(NotTheirAccount):
        getattr(market.register, command)("unheard of", *words)


def test_a_stall_is_found_by_code_or_number_in_any_case(market: Market) -> None:
    market.stall(CODE, market.seller())
    number = market.register.stall(CODE).number

    for wanted in (CODE, CODE.lower(), f" {CODE} ", number, number.upper()):
        assert market.register.stall(wanted).code == CODE


def test_a_number_that_two_stalls_have_names_neither(market: Market) -> None:
    place = market.register.open_place("cho", "market", "Chợ", "xã")
    for code in (CODE, OTHER_CODE):
        market.register.open_stall(code, place, "A01", "rau")

    with pytest.raises(UnknownStall):
        market.register.stall("A01")


def test_a_stall_changes_hands_and_pays_each_keeper_in_their_time(market: Market) -> None:
    seller, other = market.seller(NUMBER), market.seller(OTHER_NUMBER)
    market.stall(CODE, seller, DAWN)
    market.register.assign(CODE, other.id, other.account, NOON)
    entry = market.register.stall(CODE)

    assert [entry.keeper_at(at).vendor_id for at in (DAWN, NOON)] == [seller.id, other.id]  # type: ignore[union-attr]
    with pytest.raises(AssignedBackwards):
        market.register.assign(CODE, seller.id, seller.account, MORNING)


def test_a_vacant_stall_has_no_payee_and_cannot_be_vacated_again(market: Market) -> None:
    market.stall(CODE, market.seller(), DAWN)
    market.register.vacate(CODE, NOON)

    assert market.register.payee(market.register.stall(CODE)) is None
    with pytest.raises(StallVacant):
        market.register.vacate(CODE, NOON + timedelta(hours=1))


def test_a_keeper_who_was_erased_is_no_payee(market: Market) -> None:
    seller = market.seller()
    market.stall(CODE, seller)
    market.persons.erase(seller.id)

    assert market.register.payee(market.register.stall(CODE)) is None


def test_the_keepers_are_told_by_the_numbers_of_their_stalls(market: Market) -> None:
    seller = market.seller()
    place = market.register.open_place("cho", "market", "Chợ", "xã")
    for number, code in (("A02", CODE), ("A01", OTHER_CODE)):
        market.register.open_stall(code, place, number, "rau")
        market.register.assign(code, seller.id, seller.account, ALWAYS)

    assert market.register.keepers() == {str(seller.id): "quầy A01, A02"}


def test_who_joins_gets_the_money_that_came_before(market: Market) -> None:
    orphan = market.hear(account_number=NUMBER).transfer_id
    strangers = market.hear(event_id="2", reference="FT2", account_number="77").transfer_id

    seller = market.seller(NUMBER)

    assert market.transfer(orphan).stands.entity_id == seller.id
    assert market.transfer(strangers).stands.entity_id is None
    assert purposes(market, orphan) == ["no_code"]


def test_who_gets_a_stall_gets_what_was_paid_for_it_before(market: Market) -> None:
    paid = market.hear(account_number=NUMBER).transfer_id

    market.stall(CODE, market.seller(NUMBER))

    assert purposes(market, paid) == ["only_stall"]


def test_an_account_that_moved_takes_the_money_since_then_along(market: Market) -> None:
    seller, other = market.seller(NUMBER), market.seller(OTHER_NUMBER)
    before = market.hear(account_number=NUMBER, booked_at=MORNING).transfer_id
    after = market.hear(event_id="2", reference="FT2", account_number=NUMBER, booked_at=NOON)

    market.register.move_account(seller.account, other.id, NOON)

    assert market.transfer(before).stands.entity_id == seller.id
    assert market.transfer(after.transfer_id).stands.entity_id == other.id
    with pytest.raises(MovedBackwards):
        market.register.move_account(seller.account, seller.id, MORNING)


def test_after_a_vacation_money_is_unmatched_from_then_on(market: Market) -> None:
    seller = market.seller(NUMBER)
    market.stall(CODE, seller, DAWN)
    before = market.hear(account_number=NUMBER, booked_at=MORNING).transfer_id
    after = market.hear(event_id="2", reference="FT2", account_number=NUMBER, booked_at=NOON)

    market.register.vacate(CODE, NOON)

    assert purposes(market, before, after.transfer_id) == ["only_stall", "no_code"]


def test_an_alias_that_is_learned_late_finds_the_money_that_came_on_it(market: Market) -> None:
    """A provider told the virtual number alone, before anybody said whose it is."""
    seller = market.seller(NUMBER)
    orphan = market.hear(account_number="VQR1").transfer_id

    market.register.add_alias(seller.account, "VQR1")

    assert market.transfer(orphan).stands.entity_id == seller.id


def test_demonstration_stalls_are_furnished_once(market: Market) -> None:
    made = furnish(market.register, market.title.book_id, 16)
    before = head(market)
    again = furnish(market.register, market.title.book_id, 16)

    assert (made, head(market)) == (again, before)
    assert len(market.register.stalls()) == 16
    assert len(market.directory.view.owners) == 15, "the fifteenth vendor keeps two"
    assert made[7].code == code_of(STALLS_FROM + 7), "the same stall in every book"
