"""The settings: each named, typed and read once, from the environment."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ledger.refusal import Refusal
from ledger.store.engines import NotADatabase
from ledger.vault import KEY_BYTES

KNOWN_KEYS = frozenset({bytes(KEY_BYTES), bytes([255] * KEY_BYTES), bytes(range(KEY_BYTES))})
"""Keys that anybody would guess; refused in production."""


class BadKey(Refusal):
    """A master key is 32 bytes, written as 64 hexadecimal digits or in base64."""

    code = "bad_key"


class NoKey(Refusal):
    """No master key is configured: set CHOSO_MASTER_KEY or CHOSO_MASTER_KEY_FILE."""

    code = "no_key"


class BadSetting(Refusal):
    """A setting has a value that means nothing."""

    code = "bad_setting"


class KeyOutOfReach(Refusal):
    """The file of the master key can be neither read nor made."""

    code = "key_out_of_reach"


@dataclass(frozen=True)
class Settings:
    """What the program was told about where it runs."""

    home: Path
    """CHOSO_HOME: where `var/` lies; default the checkout, so that `choso` works from anywhere."""
    database_url: str
    """CHOSO_DATABASE_URL: sqlite:///FILE or postgresql://...; default a file under `var/`."""
    production: bool
    """CHOSO_ENV=production: no invented keys, no simulated money, no missing rights."""
    master_key: str | None = field(repr=False)
    """CHOSO_MASTER_KEY: the master key itself; older ones, which only open, follow after commas."""
    master_key_file: Path | None
    """CHOSO_MASTER_KEY_FILE: where it is written, one a line, the newest first."""

    @property
    def key_file(self) -> Path:
        """Where the master key lies: as configured, else beside the book."""
        if self.master_key_file is not None:
            return self.master_key_file
        try:
            url = make_url(self.database_url)
        except (ArgumentError, ValueError):  # ValueError: the port is no number.
            raise NotADatabase from None
        backend = url.get_backend_name()
        if backend == "sqlite" and url.database and url.database != ":memory:":
            return Path(url.database).with_suffix(".key")
        if backend not in ("postgresql", "postgres"):
            raise NotADatabase
        name = sha256(f"{url.host}{url.port}{url.database}{dict(url.query)}".encode()).hexdigest()
        return self.home / "var" / f"{url.database}-{name[:8]}.key"


def settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process."""
    home = Path(environ.get("CHOSO_HOME") or _home()).resolve()
    file = environ.get("CHOSO_MASTER_KEY_FILE")
    return Settings(
        home=home,
        database_url=environ.get("CHOSO_DATABASE_URL") or f"sqlite:///{home}/var/choso.sqlite3",
        production=_is_production(environ.get("CHOSO_ENV") or "development"),
        master_key=environ.get("CHOSO_MASTER_KEY") or None,
        master_key_file=Path(file) if file else None,
    )


def _is_production(word: str) -> bool:
    if word not in ("production", "development"):
        raise BadSetting(f"CHOSO_ENV is production or development, not {word!r}.")
    return word == "production"


def _home() -> Path:
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def master_keys(settings: Settings, *, create: bool = False) -> tuple[bytes, ...]:
    """The master keys, newest first. `create`: writes a random one when none is configured,
    except in production, where a missing or known key is refused."""
    if settings.master_key is not None:
        texts = settings.master_key.split(",")
    elif settings.key_file.exists():
        texts = _written_keys(settings.key_file)
    elif create and not settings.production:
        texts = _write_new_key(settings.key_file)
    else:
        raise NoKey
    keys = tuple(_key(text.strip()) for text in texts)
    if not keys:
        raise NoKey
    if settings.production and not KNOWN_KEYS.isdisjoint(keys):
        raise NoKey("This master key is known to everybody; production needs one of its own.")
    return keys


def _written_keys(file: Path) -> list[str]:
    try:
        return file.read_text("ascii", errors="replace").split()
    except OSError as error:
        raise KeyOutOfReach(f"The key file {file} cannot be read: {error.strerror}.") from None


def _write_new_key(file: Path) -> list[str]:
    text = os.urandom(KEY_BYTES).hex()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(text + "\n")
    except FileExistsError:  # Another process was faster: its key it is.
        return _written_keys(file)
    except OSError as error:
        raise KeyOutOfReach(f"The key file {file} cannot be made: {error.strerror}.") from None
    return [text]


def _key(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise BadKey
