"""payOS's dialect: one QR code an order, signed over the `data` object and nothing around it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from integrations.payos.signed_text import EMPTY, signed_text
from integrations.wire import (
    MOST_BYTES,
    Malformed,
    Number,
    booked_at,
    event_number,
    identity,
    inner_object,
    read_object,
    refused,
    required,
    signed_by_any,
    text,
    whole_number,
)
from ledger.money import amount
from ledger.refusal import Refusal
from market.ports import BankNotice, Verdict


class PayOS:
    """The `signature` field, HMAC-SHA256 in hex over the fields of `data` (see `signed_text`).

    Contract-tested against payOS's published samples, never run against the live service. The
    fields around `data` (`code`, `desc`, `success`) are not signed: they are never looked at.
    payOS signs no time, so nothing here is stale: a replay meets its earlier self in the inbox.
    """

    provider = "payos"

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> Verdict:
        """Judge the received bytes; `headers` and `at` say nothing that payOS signs."""
        if len(body) > MOST_BYTES:
            return refused("malformed")
        try:
            told = read_object(body)
            signature = told.get("signature")
            if signature is None or signature == "":
                return refused("no_signature")
            if isinstance(signature, Number) or not isinstance(signature, str):
                return refused("bad_signature")
            data = inner_object(told, "data")
            message = signed_text(data).encode()
            if not signed_by_any(secrets, "sha256", [message], signature):
                return refused("bad_signature")
            return _verdict(data)
        except (Refusal, RecursionError):
            return refused("malformed")


def _verdict(data: Mapping[str, object]) -> Verdict:
    # What is signed as empty is read as empty, or one signature would have two readings.
    data = {key: None if value in EMPTY else value for key, value in data.items()}
    if text(data, "code") != "00":
        return Verdict(authentic=True, reason="not_money", notice=None)
    if text(data, "currency") not in ("", "VND"):
        raise Malformed
    return Verdict(authentic=True, reason="ok", notice=_notice(data))


def _notice(data: Mapping[str, object]) -> BankNotice:
    reference = identity(data, "reference")
    return BankNotice(
        event_id=f"{required(data, 'paymentLinkId')}:{reference or ''}",
        direction="in",
        amount_vnd=amount(whole_number(data.get("amount"))),
        booked_at=booked_at(text(data, "transactionDateTime")),
        bank=None,
        account_number=required(data, "accountNumber"),
        virtual_number=identity(data, "virtualAccountNumber"),
        reference=reference,
        memo=text(data, "description"),
        order_code=_order_code(data),
    )


def _order_code(data: Mapping[str, object]) -> str | None:
    told = data.get("orderCode")
    if told is None:
        return None
    if not isinstance(told, Number):  # The text "123" is signed like the number: read one only.
        raise Malformed
    return event_number(data, "orderCode")
