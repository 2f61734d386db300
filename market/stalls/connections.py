"""Our connections to providers, with their secrets; two in force while one is exchanged."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Column, LargeBinary, Table, Text, delete, insert, select

from ledger.store.engines import Engines
from ledger.store.tables import Tables
from ledger.vault import Vault
from market.stalls.notice import Source


class Connection(NamedTuple):
    """One contract with a provider."""

    name: str
    provider: str
    bank: str | None
    """The bank of its accounts, for providers that do not say."""
    secrets: tuple[str, ...]
    """Newest first."""

    @property
    def source(self) -> Source:
        """The connection as the reception knows it."""
        return Source(self.name, self.bank)


class Connections:
    """Reads and keeps connections."""

    def __init__(self, engines: Engines, tables: Tables, vault: Vault) -> None:
        self._engines = engines
        self._vault = vault
        self._table = table(tables)

    def all(self) -> list[Connection]:
        """All connections, by name."""
        with self._engines.reading() as connection:
            rows = connection.execute(select(self._table).order_by(self._table.c.name)).all()
        return [
            Connection(
                row.name,
                row.provider,
                row.bank,
                tuple(json.loads(self._vault.unwrap(row.secrets, row.name.encode()))),
            )
            for row in rows
        ]

    def keep(self, name: str, provider: str, bank: str | None, secrets: Sequence[str]) -> None:
        """Keeps a connection under its name; one kept before is replaced."""
        sealed = self._vault.wrap(json.dumps(list(secrets)).encode(), name.encode())
        row = {"name": name, "provider": provider, "bank": bank, "secrets": sealed}
        with self._engines.writing() as connection:
            connection.execute(delete(self._table).where(self._table.c.name == name))
            connection.execute(insert(self._table).values(row))


def table(tables: Tables) -> Table:
    """One row a connection."""
    known = tables.metadata.tables
    name = f"{tables.metadata.schema}.connections" if tables.metadata.schema else "connections"
    if name in known:
        return known[name]
    return Table(
        "connections",
        tables.metadata,
        Column("name", Text, primary_key=True),
        Column("provider", Text, nullable=False),
        Column("bank", Text),
        Column("secrets", LargeBinary, nullable=False),
    )
