"""The log: one JSON object a line on standard error, without personal data, bodies or addresses.

An error is told by its kind and its place in the code, never by its words: those may quote a row.
"""

import logging
import sys
import traceback
from typing import Any

import msgspec
import structlog

_encode = msgspec.json.Encoder(enc_hook=str).encode


def _line(told: dict[str, Any], **_: object) -> bytes:
    return _encode(told)


_PROCESSORS: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_RENDERER = structlog.processors.JSONRenderer(serializer=_line)

_STANDARD_ERROR = open(2, "wb", buffering=0, closefd=False)  # noqa: SIM115 (never closed)

structlog.configure(
    processors=[*_PROCESSORS, _RENDERER],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    logger_factory=structlog.BytesLoggerFactory(_STANDARD_ERROR),
)
log: Any = structlog.get_logger().bind()


def what(error: BaseException) -> str:
    """The kind of an error and of its causes.

    >>> what(ValueError("0912345678"))
    'ValueError'
    """
    kinds: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(kinds) < 5:
        kinds.append(type(seen).__name__)
        seen = seen.__cause__
    return " < ".join(kinds)


def where(error: BaseException) -> list[str]:
    """The places in the code that it came through, the last first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)][:12]


class _Plain(logging.Formatter):
    """A record of a library's, as one of our lines."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {"event": record.getMessage(), "logger": record.name}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            told |= {"error": what(error), "where": where(error)}
        method = record.levelname.lower()
        for process in _PROCESSORS:
            told = process(None, method, told)  # type: ignore[assignment]
        return _line(told).decode()


def speak_plainly(logger: logging.Logger) -> None:
    """From now on this logger of the standard library, and those below it, speak like ours."""
    speaker = logging.StreamHandler(sys.stderr)
    speaker.setFormatter(_Plain())
    logger.handlers = [speaker]
    logger.propagate = False
