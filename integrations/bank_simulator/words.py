"""How the simulated bank puts a movement into each provider's words, and signs them.

Written apart from the adapters on purpose: they prove each other. The body follows from the
movement alone, so that a telling repeated has identical bytes; only headers know the time.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime

from integrations.bank_simulator.movement import BANK_CODE, BANK_NAME, Movement
from ledger.market_day import MARKET_TIME
from ledger.refusal import Refusal

Signed = tuple[dict[str, str], bytes]


class NotTold(Refusal):
    """payOS tells only of money that comes in, and always names an order."""

    code = "not_told"


def say(provider: str, movement: Movement, at: datetime, secret: str) -> Signed:
    """Headers and body of the notice that `provider` sends at `at` (aware) about that movement."""
    headers, body = _TELLERS[provider](movement, at, secret)
    return {"Content-Type": "application/json"} | headers, body


def providers() -> list[str]:
    """The providers whose words the simulated bank speaks."""
    return list(_TELLERS)


def _sepay(movement: Movement, at: datetime, secret: str) -> Signed:
    body = _json(
        {
            "id": movement.event_id,
            "gateway": BANK_NAME,
            "transactionDate": _local(movement.booked_at),
            "accountNumber": movement.account_number,
            "code": movement.order_code,
            "content": movement.memo,
            "transferType": movement.direction,
            "transferAmount": movement.amount_vnd,
            "accumulated": 0,
            "subAccount": movement.virtual_number,
            "referenceCode": movement.reference,
            "description": "",
        }
    )
    timestamp = str(int(at.timestamp()))
    signature = _hmac(secret, f"{timestamp}.".encode() + body, "sha256")
    return {"X-SePay-Timestamp": timestamp, "X-SePay-Signature": f"sha256={signature}"}, body


def _casso(movement: Movement, at: datetime, secret: str) -> Signed:
    signed_vnd = movement.amount_vnd if movement.direction == "in" else -movement.amount_vnd
    told = {
        "error": 0,
        "data": {
            "id": movement.event_id,
            "reference": movement.reference or "",
            "description": movement.memo,
            "amount": signed_vnd,
            "runningBalance": 0,
            "transactionDateTime": _local(movement.booked_at),
            "accountNumber": movement.account_number,
            "bankName": BANK_NAME,
            "bankAbbreviation": BANK_CODE,
            "virtualAccountNumber": movement.virtual_number or "",
            "virtualAccountName": "",
            "counterAccountName": "",
            "counterAccountNumber": "",
            "counterAccountBankId": "",
            "counterAccountBankName": "",
        },
    }
    signed_ms = int(at.timestamp() * 1000)
    signature = _hmac(secret, f"{signed_ms}.".encode() + _json(told, sort_keys=True), "sha512")
    return {"X-Casso-Signature": f"t={signed_ms},v1={signature}"}, _json(told)


def _payos(movement: Movement, at: datetime, secret: str) -> Signed:
    if movement.direction != "in" or movement.order_code is None:
        raise NotTold
    data = {
        "orderCode": int(movement.order_code),
        "amount": movement.amount_vnd,
        "description": movement.memo,
        "accountNumber": movement.account_number,
        "reference": movement.reference or "",
        "transactionDateTime": _local(movement.booked_at),
        "currency": "VND",
        "paymentLinkId": str(movement.event_id),
        "code": "00",
        "desc": "success",
        "counterAccountBankId": "",
        "counterAccountBankName": "",
        "counterAccountName": "",
        "counterAccountNumber": "",
        "virtualAccountName": "",
        "virtualAccountNumber": movement.virtual_number or "",
    }
    message = "&".join(f"{name}={value}" for name, value in sorted(data.items()))
    signature = _hmac(secret, message.encode(), "sha256")
    told = {"code": "00", "desc": "success", "success": True, "data": data, "signature": signature}
    return {}, _json(told)


_TELLERS: dict[str, Callable[[Movement, datetime, str], Signed]] = {
    "sepay": _sepay,
    "casso": _casso,
    "payos": _payos,
}


def _json(told: Mapping[str, object], sort_keys: bool = False) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys).encode()


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(MARKET_TIME):%Y-%m-%d %H:%M:%S}"


def _hmac(secret: str, message: bytes, algorithm: str) -> str:
    return hmac.digest(secret.encode(), message, algorithm).hex()
