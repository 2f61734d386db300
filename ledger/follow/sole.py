"""One process follows at a time: on PostgreSQL whoever holds a lock, others stand by for it."""

from collections.abc import Sequence
from zlib import crc32

from sqlalchemy import Connection, exc

from ledger.follow.projection import Projection
from ledger.store.engines import Engines


class SoleFollower:
    """Saves work and nothing else: two who follow the same all the same do no harm, since a place
    moves on once. On SQLite there is one process to follow, and no such lock."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def of(self, projections: Sequence[Projection]) -> list[Projection]:
        """Those that are ours to follow now. Raises what the database raises when it is away."""
        if self._engines.dialect != "postgresql":
            return list(projections)
        try:
            connection = self._open()
            for projection in projections:
                if projection.name not in self._held and self._take(connection, projection.name):
                    self._held.add(projection.name)
            connection.exec_driver_sql("SELECT 1")  # With the connection its locks would be gone.
        except exc.SQLAlchemyError:
            self.let_go()
            raise
        return [projection for projection in projections if projection.name in self._held]

    def let_go(self) -> None:
        """The locks go with their connection, which never returns to the pool."""
        held, self._connection = self._connection, None
        self._held.clear()
        if held is not None:
            held.close()

    def _open(self) -> Connection:
        if self._connection is None:
            opened = self._engines.reader.connect().execution_options(isolation_level="AUTOCOMMIT")
            opened.detach()
            self._connection = opened
        return self._connection

    def _take(self, connection: Connection, name: str) -> bool:
        lock = crc32(f"follow:{self._engines.schema}:{name}".encode())
        return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({lock})").scalar())
