"""The one place that knows every concrete class. Everything else is handed what it needs."""

from integrations.casso import Casso
from integrations.payos import PayOS
from integrations.sepay import SePay
from market.ports import BankDialect

DIALECTS: dict[str, BankDialect] = {
    dialect.provider: dialect for dialect in (SePay(), Casso(), PayOS())
}
