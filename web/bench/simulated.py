"""A book of the benchmark's own with a demonstration market in it, and who signs its notices."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledger.refusal import Refusal
from ledger.vault import KEY_BYTES
from market.stalls import demonstration
from web.config import Settings, settings
from web.simulated_bank import contracts
from web.wiring import establish, opened

STALLS = 60


class NoOwnDatabase(Refusal):
    """The bench needs a database of its own, and this log-in may not create one."""

    code = "no_own_database"


@dataclass(frozen=True)
class SimulatedMarket:
    """Where the book lies, who is paid, and with which secrets the notices are signed."""

    environ: Mapping[str, str]
    settings: Settings
    secrets: dict[str, str]
    """By provider."""
    payees: list[tuple[str, str]]
    """Code and account of each stall."""


def simulated_market(folder: Path, database_url: str, stalls: int = STALLS) -> SimulatedMarket:
    """Founds a book in an empty database and furnishes it."""
    environ = {name: told for name, told in os.environ.items() if not name.startswith("CHOSO_")}
    environ |= {
        "CHOSO_HOME": str(folder),
        "CHOSO_DATABASE_URL": database_url,
        "CHOSO_MASTER_KEY": os.urandom(KEY_BYTES).hex(),
    }
    chosen = settings(environ)
    establish(chosen, name=demonstration.BOOK_NAME, demonstration=True)
    with opened(chosen) as wiring:
        made = demonstration.furnish(wiring.register, wiring.title.book_id, stalls)
        known = contracts(wiring)
    return SimulatedMarket(
        environ,
        chosen,
        {provider: contract.secrets[0] for provider, contract in known.items()},
        [(stall.code, stall.account_number) for stall in made],
    )


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """A database that does not exist yet on the same server, and of which nothing is left."""
    server = make_url(url).set(drivername="postgresql+psycopg")
    name = f"choso_bench_{uuid4().hex[:12]}"
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except DBAPIError:
        raise NoOwnDatabase from None
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
