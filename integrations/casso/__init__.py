"""Casso's dialect (webhook V2): signed over the time and the sorted, compact JSON of the body."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from integrations.wire import (
    MOST_BYTES,
    booked_at,
    canonical_json,
    event_number,
    header,
    identity,
    inner_object,
    is_recent,
    quoted_raw,
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

_SIGNATURE = re.compile(r"t=([0-9]{1,15}),v1=([0-9a-f]{128})")


class Casso:
    """`X-Casso-Signature: t=<ms>,v1=<hex>`, HMAC-SHA512 over `<t>.<canonical JSON>`.

    Contract-tested against Casso's published samples, never run against the live service. Those
    samples hold neither `/` nor a letter beyond ASCII, and Casso's own sample programs would
    write such characters differently; so every spelling of theirs is accepted. That lets in
    nothing foreign: each spelling, read as JSON, gives back exactly the body that came.
    Casso publishes no age limit for `t`; the five minutes are our rule. The older hook, a plain
    `secure-token` header, signs nothing and is not accepted.
    """

    provider = "casso"

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> Verdict:
        """Judge the received bytes; `at` is now. The signature first: a forgery is never stale."""
        if len(body) > MOST_BYTES:
            return refused("malformed")
        signature = header(headers, "X-Casso-Signature")
        if not signature:
            return refused("no_signature")
        parts = _SIGNATURE.fullmatch(signature)
        if parts is None:
            return refused("bad_signature")
        signed_ms, digest = parts.groups()
        try:
            told = read_object(body)
            messages = [f"{signed_ms}.{spelling}".encode() for spelling in spellings(told)]
            if not signed_by_any(secrets, "sha512", messages, digest):
                return refused("bad_signature")
            if not is_recent(at, int(signed_ms) / 1000):
                return refused("stale")
            return _verdict(told)
        except (Refusal, RecursionError):
            return refused("malformed")


def spellings(told: Mapping[str, object]) -> list[str]:
    """The canonical JSON of a body in each way in which Casso may have written it, no two alike.

    As JavaScript writes it (nothing escaped), as PHP does (`/` and all beyond ASCII escaped) and
    as Python does (only what is beyond ASCII). Numbers keep the spelling in which they came.
    """
    styles = (quoted_raw, _quoted_as_php, json.dumps)
    return list(dict.fromkeys(canonical_json(told, style) for style in styles))


def _quoted_as_php(written: str) -> str:
    return json.dumps(written).replace("/", "\\/")


def _verdict(told: Mapping[str, object]) -> Verdict:
    if "error" in told and whole_number(told["error"]) != 0:
        return Verdict(authentic=True, reason="not_money", notice=None)
    return Verdict(authentic=True, reason="ok", notice=_notice(inner_object(told, "data")))


def _notice(data: Mapping[str, object]) -> BankNotice:
    """A negative amount is money that left: general knowledge of Casso, in no published sample."""
    signed_vnd = whole_number(data.get("amount"))
    return BankNotice(
        event_id=event_number(data, "id"),
        direction="out" if signed_vnd < 0 else "in",
        amount_vnd=amount(abs(signed_vnd)),
        booked_at=booked_at(text(data, "transactionDateTime")),
        bank=identity(data, "bankAbbreviation") or identity(data, "bankName"),
        account_number=required(data, "accountNumber"),
        virtual_number=identity(data, "virtualAccountNumber"),
        reference=identity(data, "reference"),
        memo=text(data, "description"),
        order_code=None,
    )
