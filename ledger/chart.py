"""The chart of accounts: what each code means and on which side it grows."""

from typing import NamedTuple

DEBIT, CREDIT = 1, -1


class Account(NamedTuple):
    """One account of the chart, alike in every entity's own book."""

    code: str
    name: str
    name_vi: str
    side: int
    """+1 when a debit makes it grow (assets, expenses), -1 when a credit does."""


CHART = {
    account.code: account
    for account in (
        Account("1110", "Cash in hand", "Tiền mặt", DEBIT),
        Account("1120", "Bank, settled", "Tiền gửi ngân hàng, đã đối soát", DEBIT),
        Account("1121", "Bank, notified", "Tiền gửi ngân hàng, ngân hàng đã báo", DEBIT),
        Account("1310", "Receivable", "Phải thu", DEBIT),
        Account("3310", "Payable", "Phải trả", CREDIT),
        Account("3320", "Refunds payable", "Phải hoàn tiền", CREDIT),
        Account("3380", "Unmatched receipts", "Thu chưa rõ nội dung", CREDIT),
        Account(
            "3390", "Owner's account (not trade)", "Tài khoản chủ hộ (không phải bán hàng)", CREDIT
        ),
        Account("5110", "Sales", "Doanh thu bán hàng", CREDIT),
        Account("5120", "Fee income", "Doanh thu phí", CREDIT),
        Account("5210", "Sales returns", "Hàng bán bị trả lại", DEBIT),
        Account("6420", "Provider fees", "Phí nhà cung cấp dịch vụ", DEBIT),
        Account("6430", "Market fees", "Phí chợ", DEBIT),
    )
}
"""Every account that a posting may name, by its code."""

CASH, SETTLED, NOTIFIED, SALES = "1110", "1120", "1121", "5110"

COUNTER_ACCOUNT = {
    "sale": "5110",
    "unmatched": "3380",
    "receivable": "1310",
    "owner": "3390",
    "refund": "3320",
    "payable": "3310",
}
"""Where the other side of a bank line stands, by the movement's purpose."""
