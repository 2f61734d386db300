"""Whatever is changed or made up: the three dialects believe what was signed, and only that."""

import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from integrations.bank_simulator.movement import Movement
from integrations.bank_simulator.words import say
from integrations.casso import spellings
from integrations.payos.signed_text import signed_text
from integrations.wire import Malformed, read_object
from ledger.money import MOST_VND
from ledger.refusal import Refusal
from market.ports import BankNotice
from web.wiring import DIALECTS

AT = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
SECRET = "khóa của chợ"
PROVIDERS = sorted(DIALECTS)

letters = st.characters(exclude_categories=["C", "Z"])
names = st.text(letters, min_size=1, max_size=40)
memos = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@st.composite
def movements(draw: st.DrawFn, provider: str) -> Movement:
    payos = provider == "payos"
    # payOS signs these words like an empty text; the simulated bank says only what it means.
    told = [names.filter(lambda word: word not in {"null", "undefined"}) for _ in range(4)]
    return Movement(
        provider=provider,
        event_id=draw(told[0]) if payos else draw(st.integers(0, MOST_VND)),
        account_number=draw(told[1]),
        amount_vnd=draw(st.integers(1, MOST_VND)),
        booked_at=draw(moments).replace(microsecond=0),
        reference=draw(st.none() | told[2]),
        memo=draw(memos.filter(lambda memo: not payos or memo not in {"null", "undefined"})),
        direction="in" if payos else draw(st.sampled_from(["in", "out"])),
        virtual_number=draw(st.none() | told[3]),
        order_code=str(draw(st.integers(0, MOST_VND))) if payos else None,
    )


anything = st.sampled_from(PROVIDERS).flatmap(movements)


@given(movement=anything, late_s=st.integers(-299, 299))
def test_what_the_bank_says_is_what_the_market_hears(movement: Movement, late_s: int) -> None:
    headers, body = say(movement.provider, movement, AT, SECRET)
    verdict = DIALECTS[movement.provider].verify(
        headers, body, ["another", SECRET], AT + timedelta(seconds=late_s)
    )

    payos = movement.provider == "payos"
    bank = {"sepay": "Ngân hàng Mẫu", "casso": "MAU", "payos": None}[movement.provider]
    link = f"{movement.event_id}:{movement.reference or ''}"
    assert verdict.reason == "ok"
    assert verdict.notice == BankNotice(
        event_id=link if payos else str(movement.event_id),
        direction=movement.direction,
        amount_vnd=movement.amount_vnd,
        booked_at=movement.booked_at,
        bank=bank,
        account_number=movement.account_number,
        virtual_number=movement.virtual_number,
        reference=movement.reference,
        memo=movement.memo,
        order_code=movement.order_code,
    )


@given(movement=anything, data=st.data())
def test_any_changed_byte_of_what_is_signed_is_noticed(
    movement: Movement, data: st.DataObject
) -> None:
    headers, body = say(movement.provider, movement, AT, SECRET)
    start, end = 0, len(body)
    if movement.provider == "payos":  # Only `data` is signed.
        start, end = body.index(b'{"orderCode"'), body.index(b',"signature":')
    at = data.draw(st.integers(start, end - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != body[at]))
    other = body[:at] + bytes([byte]) + body[at + 1 :]
    if movement.provider != "sepay":  # The content is signed, and \\u001F is as good as \\u001f.
        with suppress(ValueError):
            assume(json.loads(other) != json.loads(body))

    verdict = DIALECTS[movement.provider].verify(headers, other, [SECRET], AT)

    assert (verdict.authentic, verdict.notice) == (False, None)


@given(movement=anything, data=st.data())
def test_any_changed_letter_of_a_signature_is_noticed(
    movement: Movement, data: st.DataObject
) -> None:
    headers, body = say(movement.provider, movement, AT, SECRET)
    letter = data.draw(st.sampled_from("0123456789abcdefABCDEF= ,é\ud800"))
    if movement.provider == "payos":
        told = json.loads(body)
        told["signature"] = changed(told["signature"], letter, data)
        body = json.dumps(told).encode()
    else:
        name = data.draw(st.sampled_from(sorted(set(headers) - {"Content-Type"})))
        headers |= {name: changed(headers[name], letter, data)}

    assert not DIALECTS[movement.provider].verify(headers, body, [SECRET], AT).authentic


def changed(text: str, letter: str, data: st.DataObject) -> str:
    at = data.draw(st.integers(0, len(text) - 1).filter(lambda at: text[at] != letter))
    return text[:at] + letter + text[at + 1 :]


@given(
    movement=movements("casso"), shuffle=st.randoms(use_true_random=False), indent=st.integers(0, 4)
)
def test_cassos_order_and_white_space_do_not_count(
    movement: Movement, shuffle: Random, indent: int
) -> None:
    headers, body = say("casso", movement, AT, SECRET)
    told = json.loads(body)
    fields = list(told["data"].items())
    shuffle.shuffle(fields)
    other = json.dumps({"data": dict(fields), "error": 0}, indent=indent).encode()

    assert DIALECTS["casso"].verify(headers, other, [SECRET], AT) == DIALECTS["casso"].verify(
        headers, body, [SECRET], AT
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(movement=movements("payos"), around=st.dictionaries(st.text(), json_values, max_size=4))
def test_what_stands_around_payos_data_changes_nothing(
    movement: Movement, around: dict[str, object]
) -> None:
    headers, body = say("payos", movement, AT, SECRET)
    told = json.loads(body)
    other = json.dumps(around | {key: told[key] for key in ("data", "signature")}).encode()
    try:
        read_object(other)
    except Malformed:
        assume(False)

    assert DIALECTS["payos"].verify(headers, other, [SECRET], AT) == DIALECTS["payos"].verify(
        headers, body, [SECRET], AT
    )


header_names = (
    st.sampled_from(
        ["X-SePay-Signature", "x-sepay-timestamp", "X-Casso-Signature", "Authorization", ""]
    )
    | st.text()
)
header_values = st.text() | st.from_regex(
    r"(sha256=[0-9a-f]{64}|t=[0-9]{1,20},v1=[0-9a-f]{128}|[0-9]{1,20})", fullmatch=True
)
hostile_bodies = st.binary(max_size=400) | json_values.map(lambda told: json.dumps(told).encode())


@pytest.mark.parametrize("provider", PROVIDERS)
@given(
    headers=st.dictionaries(header_names, header_values, max_size=5),
    body=hostile_bodies,
    secrets=st.lists(st.text(), max_size=3),
    at=st.datetimes(timezones=st.just(UTC)),
)
@example(headers={}, body=b"[" * 60_000, secrets=["k"], at=AT)
@example(headers={"X-SePay-Signature": "\ud800"}, body=b"", secrets=["\ud800"], at=AT)
def test_bytes_that_nobody_signed_are_refused_and_never_raise(
    provider: str, headers: dict[str, str], body: bytes, secrets: list[str], at: datetime
) -> None:
    verdict = DIALECTS[provider].verify(headers, body, secrets, at)

    assert (verdict.authentic, verdict.notice) == (False, None)
    assert verdict.reason in {"no_signature", "bad_signature", "malformed"}


@given(
    provider=st.sampled_from(PROVIDERS), fields=st.dictionaries(st.text(), json_values), d=st.data()
)
def test_any_json_that_a_provider_might_sign_is_judged_and_never_raises(
    provider: str, fields: dict[str, object], d: st.DataObject
) -> None:
    """A provider's own slip, authentically signed, must not bring the door down either."""
    movement = d.draw(movements(provider))
    told = json.loads(say(provider, movement, AT, SECRET)[1])
    inner = told.get("data", told)
    inner |= dict.fromkeys(d.draw(st.lists(st.sampled_from(sorted(inner)))), d.draw(json_values))
    inner |= fields
    headers, body = signed(provider, told)

    verdict = DIALECTS[provider].verify(headers, body, [SECRET], AT)

    assert verdict.reason in {"ok", "not_money", "malformed", "bad_signature"}
    assert verdict.authentic == (verdict.reason in {"ok", "not_money"})
    assert (verdict.notice is not None) == (verdict.reason == "ok")
    if verdict.notice is not None:
        assert 0 < verdict.notice.amount_vnd <= MOST_VND
        assert verdict.notice.booked_at.tzinfo is UTC


def signed(provider: str, told: dict[str, object]) -> tuple[dict[str, str], bytes]:
    """`told` signed by its provider's rule; with an empty text where the rule finds no words."""
    if provider == "payos":
        with suppress(Refusal):
            data = read_object(json.dumps(told["data"]).encode())
            told["signature"] = hmac_hex(signed_text(data), "sha256")
        return {}, json.dumps(told).encode()
    body = json.dumps(told).encode()
    seconds = int(AT.timestamp())
    if provider == "sepay":
        signature = hmac_hex(f"{seconds}.{body.decode()}", "sha256")
        return {
            "X-SePay-Timestamp": str(seconds),
            "X-SePay-Signature": f"sha256={signature}",
        }, body
    spelling = ""
    with suppress(Refusal):
        spelling = spellings(read_object(body))[0]
    digest = hmac_hex(f"{seconds}000.{spelling}", "sha512")
    return {"X-Casso-Signature": f"t={seconds}000,v1={digest}"}, body


def hmac_hex(message: str, algorithm: str) -> str:
    return hmac.digest(SECRET.encode(), message.encode(), algorithm).hex()
