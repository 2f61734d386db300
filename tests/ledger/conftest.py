"""The market of each test; and a book that has seen everything, with an insider to harm it."""

from collections.abc import Iterator

import pytest

from tests.builders import Market, open_market
from tests.engines import ENGINES, postgresql_database, sqlite_database
from tests.ledger.insider import Insider, tell
from tests.markets import communes as communes
from tests.markets import market as market


@pytest.fixture(scope="module", params=ENGINES)
def book(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Market]:
    """One book an engine for all tests of a file; the insider leaves it as it was."""
    if request.param == "sqlite":
        with open_market(sqlite_database(tmp_path_factory.mktemp("book"))) as market:
            tell(market)
            yield market
    else:
        server = request.getfixturevalue("postgresql_server")
        with postgresql_database(server) as url, open_market(url) as market:
            tell(market)
            yield market


@pytest.fixture
def insider(book: Market) -> Iterator[Insider]:
    insider = Insider(book)
    yield insider
    book.book.store.engines.reader.dispose()  # A test that failed may still hold an old view.
    insider.repents()
