"""A market for each test, on both engines."""

from tests.markets import communes as communes
from tests.markets import market as market
