"""The inbox: every authentic word of a provider, as it came, encrypted under a key of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.instant import microseconds
from ledger.store.command import InboxRow
from ledger.store.tables import Tables
from ledger.vault import Vault, digest


class Known(NamedTuple):
    """What a provider said before under one event id."""

    digest: bytes
    transfer_id: UUID
    key: bytes | None


class Word(NamedTuple):
    """A provider's notice on its way into the inbox."""

    connection: str
    event_id: str
    body: bytes
    received_at: datetime

    @property
    def about(self) -> bytes:
        """Binds key and body to their row."""
        return f"inbox:{self.connection}:{self.event_id}".encode()


def known_words(
    connection: Connection, tables: Tables, provider: str, event_id: str
) -> Sequence[Known]:
    """All that the provider has said under this id, in the order of arrival."""
    c = tables.inbox.c
    rows = connection.execute(
        select(c.digest, c.transfer_id, c.key)
        .where(c.connection == provider, c.event_id == event_id)
        .order_by(c.position)
    )
    return [Known(row.digest, row.transfer_id, row.key) for row in rows]


def key_of(vault: Vault, word: Word, known: Sequence[Known]) -> tuple[bytes, bytes | None]:
    """The notice's own key, and the same wrapped when this row is the first to carry it.

    Where the key was destroyed, a new one is made: the old body stays unreadable.
    """
    for row in known:
        if row.key is not None:
            return vault.unwrap(row.key, word.about), None
    key = vault.new_key()
    return key, vault.wrap(key, word.about)


def sealed(
    vault: Vault,
    word: Word,
    transfer_id: UUID,
    *,
    seen: int,
    key: bytes,
    wrapped: bytes | None,
) -> InboxRow:
    """The row that goes into the inbox with the first event of its command."""
    return InboxRow(
        0,
        word.connection,
        word.event_id,
        seen,
        digest(key, word.body),
        transfer_id,
        microseconds(word.received_at),
        wrapped,
        vault.seal(key, word.body, word.about),
    )


def open_word(
    connection: Connection, tables: Tables, vault: Vault, provider: str, event_id: str
) -> list[bytes | None]:
    """The raw bodies of one event id, in order; None where the key has been destroyed."""
    c = tables.inbox.c
    rows = connection.execute(
        select(c.key, c.body)
        .where(c.connection == provider, c.event_id == event_id)
        .order_by(c.position)
    ).all()
    about = Word(provider, event_id, b"", datetime.min).about
    keys = [vault.unwrap(row.key, about) for row in rows if row.key is not None]
    return [vault.open(keys[0], row.body, about) if keys and row.body else None for row in rows]
