"""Encryption at rest: each thing under a key of its own, each key wrapped by a master key."""

import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.refusal import Refusal

KEY_BYTES, NONCE_BYTES, ID_BYTES = 32, 12, 4


class WrongKey(Refusal):
    """This was encrypted under a key that is not configured here."""

    code = "wrong_key"


def key_id(key: bytes) -> bytes:
    """By which a wrapped key names the master key that opens it; tells nothing of the key."""
    return hmac.digest(key, b"choso master key id", sha256)[:ID_BYTES]


@dataclass(frozen=True)
class Vault:
    """Master keys: the first wraps, all of them open, so that the first can be changed."""

    masters: tuple[bytes, ...] = field(repr=False)
    random_bytes: Callable[[int], bytes] = os.urandom
    _ciphers: Mapping[bytes, AESGCM] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.masters or any(len(key) != KEY_BYTES for key in self.masters):
            raise WrongKey("A master key is exactly 32 bytes.")
        ciphers = {key_id(key): AESGCM(key) for key in self.masters}
        object.__setattr__(self, "_ciphers", ciphers)

    def new_key(self) -> bytes:
        """A fresh key for one person or one notice."""
        return self.random_bytes(KEY_BYTES)

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """The key, encrypted; `about` binds it to its row, so that rows cannot be swapped."""
        nonce = self.random_bytes(NONCE_BYTES)
        master = key_id(self.masters[0])
        return master + nonce + self._ciphers[master].encrypt(nonce, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The key again. Raises WrongKey when no configured master key opens it here."""
        cipher = self._ciphers.get(wrapped[:ID_BYTES])
        if cipher is None:
            raise WrongKey
        return _open(cipher, wrapped[ID_BYTES:], about)

    def seal(self, key: bytes, plain: bytes, about: bytes) -> bytes:
        """`plain` encrypted under `key`."""
        nonce = self.random_bytes(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, about)

    def open(self, key: bytes, sealed: bytes, about: bytes) -> bytes:
        """What was sealed. Raises WrongKey when it was not sealed with this key for this row."""
        return _open(AESGCM(key), sealed, about)


def _open(cipher: AESGCM, sealed: bytes, about: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError):  # ValueError: cut short.
        raise WrongKey from None


def digest(key: bytes, body: bytes) -> bytes:
    """Keyed digest of a raw body, 16 bytes: equal for equal bodies, meaningless without the key."""
    return hmac.digest(key, body, sha256)[:16]
