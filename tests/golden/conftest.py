"""The market of each test."""

from tests.markets import communes as communes
from tests.markets import market as market
