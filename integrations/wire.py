"""What arrives on the wire, read strictly: one JSON object, exact numbers, times, signatures."""

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from ledger.market_day import MARKET_TIME
from ledger.money import MOST_VND
from ledger.refusal import Refusal
from market.ports import Verdict

MOST_BYTES = 64 * 1024  # A notice is about 500 bytes; nobody may make us read a book.
MOST_CHARACTERS = 255  # Of an id or an account number: they become keys of database indexes.
WINDOW_S = 300  # How far from now a signed time may lie, either way.

_LOCAL_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)


class Malformed(Refusal):
    """The bytes are not a notice in this provider's words."""

    code = "malformed"


class Number(str):
    """A JSON number exactly as it was written: 599000, 599000.0 and 5.99e5 stay three spellings."""

    __slots__ = ()


def refused(reason: str) -> Verdict:
    """The verdict on a request that is not believed."""
    return Verdict(authentic=False, reason=reason, notice=None)


def header(headers: Mapping[str, str], name: str) -> str:
    """The header of that name in whatever case, or an empty text."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def signed_by_any(
    secrets: Sequence[str], algorithm: str, messages: Iterable[bytes], signature: str
) -> bool:
    """Whether `signature` is the lower-case hex HMAC of any message under any secret.

    Every pair is computed and compared in constant time, so that the time taken tells neither
    which secret fits nor how much of a forgery was right. An empty secret signs nothing.
    """
    given = signature.encode("utf-8", "surrogatepass")
    keys = [secret.encode("utf-8", "surrogatepass") for secret in secrets if secret]
    matches = [
        hmac.compare_digest(hmac.digest(key, message, algorithm).hex().encode(), given)
        for message in messages
        for key in keys
    ]
    return any(matches)


def is_recent(at: datetime, signed_s: float) -> bool:
    """Whether a signed Unix time lies within the window around `at`."""
    return abs(at.timestamp() - signed_s) <= WINDOW_S


def read_object(body: bytes) -> dict[str, object]:
    """The JSON object in `body`; its numbers are `Number`s.

    Malformed: more than 64 KiB, not UTF-8, not one object, a key twice in one object, NaN or
    Infinity, half a surrogate pair, nesting too deep for the reader.
    """
    if len(body) > MOST_BYTES:
        raise Malformed
    try:
        text = body.decode()
        value: object = _reader.decode(text)
        if "\\u" in text:  # Only an escape can smuggle in half a surrogate pair.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(value, dict):
        raise Malformed
    return value


def canonical_json(
    value: object, quoted: Callable[[str], str], spelled: Callable[[Number], str] = str
) -> str:
    """`value` as compact JSON, the keys of every object sorted.

    `quoted` writes a text with its quotation marks and escapes, `spelled` a number.
    """
    if isinstance(value, Number):
        return spelled(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        fields = (
            f"{quoted(key)}:{canonical_json(value[key], quoted, spelled)}" for key in sorted(value)
        )
        return "{" + ",".join(fields) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical_json(item, quoted, spelled) for item in value) + "]"
    return "null" if value is None else "true" if value is True else "false"


def quoted_raw(text: str) -> str:
    """A JSON text as JavaScript writes it: letters and `/` as they are."""
    return json.dumps(text, ensure_ascii=False)


def inner_object(fields: Mapping[str, object], name: str) -> dict[str, object]:
    """The object in that field; malformed when it is anything else."""
    value = fields.get(name)
    if not isinstance(value, dict):
        raise Malformed
    return value


def text(fields: Mapping[str, object], name: str) -> str:
    """The text in that field, empty when absent or null; malformed when it is no text."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, Number) or not isinstance(value, str):
        raise Malformed
    return value


def identity(fields: Mapping[str, object], name: str) -> str | None:
    """A name by which something is found again (reference, account number).

    Trimmed and without unprintable characters, which no database key should hold. None when
    nothing is left; malformed when longer than 255 characters.
    """
    printable = "".join(filter(str.isprintable, text(fields, name))).strip()
    if len(printable) > MOST_CHARACTERS:
        raise Malformed
    return printable or None


def required(fields: Mapping[str, object], name: str) -> str:
    """`identity`, but malformed when there is none."""
    value = identity(fields, name)
    if value is None:
        raise Malformed
    return value


def event_number(fields: Mapping[str, object], name: str) -> str:
    """A provider's id of a telling, as text; providers write it as a whole number."""
    value = fields.get(name)
    if isinstance(value, Number):
        if not re.fullmatch(r"-?[0-9]{1,64}", value):
            raise Malformed
        return str(int(value))
    return required(fields, name)


def whole_number(value: object) -> int:
    """A JSON number without a fraction, within what every JSON reader keeps exact.

    2277000, 2277000.0 and 2.277e6 are the same; a text or a boolean is not a number.
    """
    if not isinstance(value, Number):
        raise Malformed
    try:
        exact = Decimal(value)
        if not -MOST_VND <= exact <= MOST_VND or exact != (whole := int(exact)):
            raise Malformed
    except ArithmeticError:  # An exponent beyond what even Decimal holds.
        raise Malformed from None
    return whole


def booked_at(told: str) -> datetime:
    """A provider's "YYYY-MM-DD HH:MM:SS" in UTC; market time unless an offset is written."""
    if not _LOCAL_TIME.fullmatch(told):
        raise Malformed
    try:
        moment = datetime.fromisoformat(told)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=MARKET_TIME)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):  # Two readers could take different ones for the truth.
        raise ValueError("a key twice in one object")
    return fields


def _never(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


_reader = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=Number, parse_int=Number, parse_constant=_never
)
