"""SePay's dialect: the bank watched over the vendor's shoulder, signed over time and raw body."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from integrations.wire import (
    MOST_BYTES,
    Malformed,
    booked_at,
    event_number,
    header,
    identity,
    is_recent,
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

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class SePay:
    """`X-SePay-Signature: sha256=<hex>`, HMAC-SHA256 over `<X-SePay-Timestamp>.<raw body>`.

    Header names and the five-minute window are SePay's own documentation; the signed text is
    what independent public integrations agree on. Never run against the live service.
    The other variant, `Authorization: Apikey KEY`, signs nothing (whoever saw one request can
    write the next), so it is not accepted: such a request has no signature.
    """

    provider = "sepay"

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> Verdict:
        """Judge the received bytes; `at` is now. The signature first: a forgery is never stale."""
        if len(body) > MOST_BYTES:
            return refused("malformed")
        signature = header(headers, "X-SePay-Signature")
        timestamp = header(headers, "X-SePay-Timestamp")
        if not signature or not timestamp:
            return refused("no_signature")
        algorithm, _, digest = signature.partition("=")
        if algorithm != "sha256" or not _TIMESTAMP.fullmatch(timestamp):
            return refused("bad_signature")
        if not signed_by_any(secrets, "sha256", [f"{timestamp}.".encode() + body], digest):
            return refused("bad_signature")
        if not is_recent(at, int(timestamp)):
            return refused("stale")
        try:
            return Verdict(authentic=True, reason="ok", notice=_notice(read_object(body)))
        except Refusal:
            return refused("malformed")


def _notice(told: Mapping[str, object]) -> BankNotice:
    return BankNotice(
        event_id=event_number(told, "id"),
        direction=_direction(text(told, "transferType")),
        amount_vnd=amount(whole_number(told.get("transferAmount"))),
        booked_at=booked_at(text(told, "transactionDate")),
        bank=identity(told, "gateway"),
        account_number=required(told, "accountNumber"),
        virtual_number=identity(told, "subAccount"),
        reference=identity(told, "referenceCode"),
        memo=text(told, "content"),
        order_code=identity(told, "code"),
    )


def _direction(transfer_type: str) -> Literal["in", "out"]:
    if transfer_type == "in":
        return "in"
    if transfer_type == "out":
        return "out"
    raise Malformed
