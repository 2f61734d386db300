"""The demonstration market: invented vendors, a bank that does not exist, codes stamped MẪU."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from market.stalls.banks import DEMONSTRATION_BIN
from market.stalls.code import ALPHABET, BODY, code_of
from market.stalls.register import Register

BOOK_NAME = "Chợ Thoại Giang, xã Thoại Sơn (dữ liệu mô phỏng)"
MARKET = ("cho-thoai-giang", "Chợ Thoại Giang (mẫu)")
COMMUNE = "xã Thoại Sơn"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
"""When the invented vendors took over their stalls."""

STALLS_FROM = 31 * len(ALPHABET) ** (BODY - 1)
"""Codes from here on (CSZ…) are for demonstration stalls alone."""
REQUESTS_FROM = 30 * len(ALPHABET) ** (BODY - 1)
"""Codes from here on (CSY…) are for simulated payment requests alone."""

TRADES = (
    "rau củ", "thịt heo", "cá đồng", "trái cây", "gạo", "hàng khô", "bún, hủ tiếu", "quần áo",
    "gia vị", "trứng", "hoa tươi", "bánh mì", "chè, nước mát", "giày dép", "đồ nhựa", "mắm, khô",
    "thịt gà, vịt", "đồ gia dụng", "thuốc nam", "cà phê",
)  # fmt: skip
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ")
MIDDLE = ("Thị", "Văn", "Ngọc", "Kim", "Minh", "Thanh")
GIVEN = ("Mẫu Hoa", "Mẫu Lan", "Mẫu Sáu", "Mẫu Bảy", "Mẫu Tư", "Mẫu Út", "Mẫu Hai", "Mẫu Dung")

PROVIDERS = ("sepay", "sepay", "sepay", "casso", "sepay", "payos")
"""Who tells of a stall's account, by the account's number modulo six."""


class DemonstrationStall(NamedTuple):
    """A stall of the demonstration market; the same number is the same stall in every book."""

    number: int
    vendor: int
    """Every fifteenth vendor keeps two stalls on one account."""
    code: str
    label: str
    trade: str

    @property
    def account_number(self) -> str:
        return f"9900{self.vendor:06d}"

    @property
    def provider(self) -> str:
        """The provider that tells of the account."""
        return PROVIDERS[self.vendor % len(PROVIDERS)]

    @property
    def vendor_name(self) -> str:
        """Invented; says so."""
        n = self.vendor
        return f"{FAMILY[n % 10]} {MIDDLE[n % 6]} {GIVEN[n % 8]}"


def stall(number: int) -> DemonstrationStall:
    """Stall `number`, counted from 0.

    >>> stall(0).code, stall(0).label
    ('CSZ00000E', 'A01')
    """
    vendor = number - 1 if number % 15 == 14 else number
    row, place = divmod(number, 20)
    label = f"{chr(ord('A') + row % 26)}{place + 1:02d}" + (f"-{row // 26}" if row >= 26 else "")
    code = code_of(STALLS_FROM + number)
    return DemonstrationStall(number, vendor, code, label, TRADES[number % len(TRADES)])


def furnish(register: Register, book_id: UUID, stalls: int) -> list[DemonstrationStall]:
    """Creates the first `stalls` stalls of the demonstration market, as far as they are missing."""
    place = register.open_place(MARKET[0], "market", MARKET[1], COMMUNE)
    wanted = [stall(number) for number in range(stalls)]
    known = register.stalls()
    for made in wanted:
        entry = known.get(made.code)
        if entry is not None and entry.keepers:
            continue
        vendor_id = uuid5(book_id, f"demonstration vendor:{made.vendor}")
        account = register.join(
            vendor_id,
            name=made.vendor_name,
            phone=None,
            bank=DEMONSTRATION_BIN,
            account_number=made.account_number,
            at=SINCE,
        )
        register.open_stall(made.code, place, made.label, made.trade)
        register.assign(made.code, vendor_id, account, SINCE)
    return wanted
