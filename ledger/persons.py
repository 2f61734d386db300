"""What is personal: encrypted outside the log, each person under a key of their own."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Column, Connection, LargeBinary, Table, Text, delete, insert, select, update

from ledger.store.engines import Engines
from ledger.store.tables import Id, Tables
from ledger.vault import Vault


class Persons:
    """Personal fields by person. Destroying a key erases all that lies under it."""

    def __init__(self, engines: Engines, tables: Tables, vault: Vault) -> None:
        self._engines = engines
        self._vault = vault
        self._keys, self._fields = tables_of(tables)

    def keep(self, person_id: UUID, fields: Mapping[str, str]) -> None:
        """Keeps these fields of a person; a field kept before is replaced."""
        with self._engines.writing() as connection:
            key = self._key(connection, person_id) or self._new_key(connection, person_id)
            c = self._fields.c
            for name, value in fields.items():
                sealed = self._vault.seal(key, value.encode(), _about(person_id, name))
                mine = (c.person_id == person_id) & (c.field == name)
                row = update(self._fields).where(mine).values(sealed=sealed)
                if not connection.execute(row).rowcount:
                    row_of = insert(self._fields).values(person_id=person_id, field=name)
                    connection.execute(row_of.values(sealed=sealed))

    def read(self, person_id: UUID) -> dict[str, str]:
        """All that is kept of a person; empty when nothing is, or when it was erased."""
        with self._engines.reading() as connection:
            key = self._key(connection, person_id)
            if key is None:
                return {}
            c = self._fields.c
            rows = connection.execute(
                select(c.field, c.sealed).where(c.person_id == person_id)
            ).all()
        return {
            row.field: self._vault.open(key, row.sealed, _about(person_id, row.field)).decode()
            for row in rows
        }

    def erase(self, person_id: UUID) -> None:
        """Destroys the person's key and fields. The caller asks first what the law keeps."""
        with self._engines.writing() as connection:
            for table in (self._fields, self._keys):
                connection.execute(delete(table).where(table.c.person_id == person_id))

    def _key(self, connection: Connection, person_id: UUID) -> bytes | None:
        wrapped = connection.scalar(
            select(self._keys.c.key).where(self._keys.c.person_id == person_id)
        )
        return None if wrapped is None else self._vault.unwrap(wrapped, person_id.bytes)

    def _new_key(self, connection: Connection, person_id: UUID) -> bytes:
        key = self._vault.new_key()
        wrapped = self._vault.wrap(key, person_id.bytes)
        connection.execute(insert(self._keys).values(person_id=person_id, key=wrapped))
        return key


def tables_of(tables: Tables) -> tuple[Table, Table]:
    """The persons' keys, and their fields."""
    known = tables.metadata.tables
    prefix = f"{tables.metadata.schema}." if tables.metadata.schema else ""
    if f"{prefix}personal" in known:
        return known[f"{prefix}person_keys"], known[f"{prefix}personal"]
    return (
        Table(
            "person_keys",
            tables.metadata,
            Column("person_id", Id, primary_key=True),
            Column("key", LargeBinary, nullable=False),
        ),
        Table(
            "personal",
            tables.metadata,
            Column("person_id", Id, primary_key=True),
            Column("field", Text, primary_key=True),
            Column("sealed", LargeBinary, nullable=False),
        ),
    )


def _about(person_id: UUID, name: str) -> bytes:
    return person_id.bytes + name.encode()
