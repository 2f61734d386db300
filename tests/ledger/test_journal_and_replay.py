"""What the book keeps and what its events say are the same balances, now and at any past moment."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from ledger.journal import TrialBalance, trial_balance
from ledger.market_day import MARKET_TIME, end_of_market_day, market_day
from ledger.replay import replay
from tests.builders import DAWN, NOON, VENDOR, Clock, Market, Seller, open_market

US = timedelta(microseconds=1)
SATURDAY = date(2026, 11, 21)


def both(market: Market, as_of: datetime | None = None) -> TrialBalance:
    """The trial balance, after making sure that the replay says the same."""
    kept, again = trial_balance(market.book, as_of), replay(market.book, as_of)
    assert kept.rows() == again.rows()
    assert (kept.position, kept.total_vnd) == (again.position, again.total_vnd)
    return kept


def vnd(balance: TrialBalance, seller: Seller, code: str) -> int:
    return balance.balances.get((seller.id, code), 0)


def head(market: Market) -> int:
    return market.book.log.max_notification_id() or 0


def test_an_empty_book_balances(market: Market) -> None:
    found = both(market)

    assert (found.position, found.rows(), found.total_vnd) == (0, [], 0)


def test_rows_are_sorted_name_their_account_and_hold_no_zeros(market: Market) -> None:
    one, other = market.seller("9900000002"), market.seller("9900000001")
    market.stall("CS000001K", one)
    market.hear(account_number=one.number)
    market.hear(event_id="2", account_number=other.number, amount_vnd=20_000)
    market.hear(event_id="3", reference="FT3", account_number=other.number, direction="out",
                amount_vnd=20_000)  # fmt: skip

    rows = both(market).rows()

    wanted = [(one, "1121"), (one, "5110"), (other, "3380"), (other, "3390")]
    assert [(row["entity"], row["code"]) for row in rows] == sorted(
        (str(seller.id), code) for seller, code in wanted
    )
    assert [row["name"] for row in rows if row["code"] == "5110"] == ["Doanh thu bán hàng"]
    assert sum(row["debit_vnd"] - row["credit_vnd"] for row in rows) == 0
    assert all(row["debit_vnd"] * row["credit_vnd"] == 0 for row in rows)


def history(market: Market) -> tuple[Seller, list[datetime]]:
    """A Saturday at the market: an orphan, its claim, a contradiction, a settlement, an assignment.

    Returns the seller and a moment shortly after each happening.
    """
    moments = []

    def passed() -> None:
        moments.append(market.clock.at + timedelta(seconds=1))
        market.clock.at += timedelta(hours=1, microseconds=123_457)

    orphan = market.hear(account_number="9900000001").transfer_id
    passed()
    seller = market.seller("9900000001")
    passed()
    market.hear("casso", account_number=seller.number, amount_vnd=45_000)
    passed()
    view = market.directory.view
    market.payments.settle(orphan, "line 1", 48_000, DAWN, view)
    passed()
    market.stall("CS000001K", seller)  # What was unmatched becomes the only stall's.
    passed()
    market.hear(event_id="2", reference="FT2", account_number=seller.number, direction="out",
                amount_vnd=10_000)  # fmt: skip
    passed()
    return seller, moments


def test_both_agree_after_each_happening_and_long_after(market: Market) -> None:
    seller, moments = history(market)

    banks = [
        (vnd(found, seller, "1121"), vnd(found, seller, "1120"))
        for found in (both(market, moment) for moment in moments)
    ]

    assert banks == [
        (0, 0),
        (50_000, 0),
        (45_000, 0),
        (0, 48_000),
        (0, 48_000),
        (-10_000, 48_000),
    ]
    assert both(market, moments[-1] + timedelta(days=400)).rows() == both(market).rows()


def test_both_agree_at_every_recorded_moment_and_just_before(market: Market) -> None:
    history(market)
    c = market.book.store.tables.events.c
    with market.book.reading() as connection:
        last = connection.execute(
            select(c.recorded_at, func.max(c.position)).group_by(c.recorded_at)
        ).all()
    before = 0
    for recorded_us, position in sorted(map(tuple, last)):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=recorded_us)

        assert both(market, moment).position == position, "as of a moment includes it"
        assert both(market, moment - US).position == before
        before = position
    assert before == head(market)


def test_a_moment_is_exact_in_the_days_of_our_children_too(sqlite_url: str) -> None:
    """Seconds as a float are too coarse for a microsecond from 2038 on."""
    clock = Clock(datetime(2040, 1, 1, 3, tzinfo=UTC))
    with open_market(sqlite_url, clock=clock) as market:
        for n in range(1, 41):
            clock.at += timedelta(microseconds=7)
            market.hear(event_id=str(n), reference=f"FT{n}")
            assert both(market, clock.at).position == n


def test_before_the_first_event_there_is_nothing(market: Market) -> None:
    history(market)

    for moment in (DAWN - US, datetime(1900, 1, 1, tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        found = both(market, moment)
        assert (found.position, found.rows()) == (0, [])


def test_the_future_is_as_now(market: Market) -> None:
    history(market)

    found = both(market, datetime.max.replace(tzinfo=UTC))

    assert found.position == head(market)
    assert found.rows() == both(market).rows()


def test_the_hour_may_be_told_in_any_zone(market: Market) -> None:
    _, moments = history(market)

    assert both(market, moments[2].astimezone(UTC)) == both(
        market, moments[2].astimezone(MARKET_TIME)
    )


def test_a_day_ends_with_its_last_microsecond_in_the_market_and_not_in_utc(market: Market) -> None:
    seller = market.seller()
    midnight = datetime(2026, 11, 22, tzinfo=MARKET_TIME)
    for n, at in enumerate([NOON, midnight - US, midnight, midnight + timedelta(hours=6)], 1):
        market.clock.at = at
        market.hear(event_id=str(n), reference=f"FT{n}", account_number=seller.number)

    saturday = both(market, end_of_market_day(SATURDAY))
    sunday = both(market, end_of_market_day(SATURDAY + timedelta(days=1)))

    assert (vnd(saturday, seller, "1121"), vnd(sunday, seller, "1121")) == (100_000, 200_000)
    assert market_day(midnight - US) == SATURDAY


def test_events_of_one_moment_are_all_of_it(market: Market) -> None:
    seller = market.seller()
    for n in range(1, 6):
        market.hear(event_id=str(n), reference=f"FT{n}", account_number=seller.number)

    assert vnd(both(market, market.clock.at), seller, "1121") == 250_000


def test_a_clock_that_is_set_back_does_not_set_the_book_back(market: Market) -> None:
    seller = market.seller()
    market.hear(account_number=seller.number)
    market.clock.at -= timedelta(days=1)
    market.hear(event_id="2", reference="FT2", account_number=seller.number)

    assert both(market, DAWN - timedelta(hours=1)).position == 0
    assert both(market, DAWN).position == head(market)


def test_an_entity_without_events_has_no_rows(market: Market) -> None:
    history(market)

    assert str(VENDOR) not in {row["entity"] for row in both(market).rows()}
