"""The demo can be walked on every day of the year."""

from datetime import date, timedelta

import pytest

from config.demo.days import days_to_rent, end_of_the_year
from config.demo.places import DEPOTS
from config.demo.records import Depot

BERLIN = DEPOTS[0]


def closures(depot: Depot) -> list[tuple[date, date]]:
    return [(closure.start_on, closure.end_on) for closure in depot.closures]


@pytest.mark.parametrize("depot", DEPOTS, ids=lambda depot: depot.code)
def test_whatever_day_it_is_the_depot_is_open_on_both_days(depot: Depot) -> None:
    for offset in range(400):
        today = date(2026, 11, 1) + timedelta(days=offset)
        days = days_to_rent(today, depot.opening_days, closures(depot))

        assert days is not None, today
        assert today < days[0] < today + timedelta(days=21)
        assert days[1] - days[0] == timedelta(days=4)
        for day in days:
            assert day.isoweekday() in depot.opening_days
            assert not any(first <= day <= last for first, last in closures(depot))


def test_neither_day_is_christmas() -> None:
    starts = [days_to_rent(date(2026, 12, day), BERLIN.opening_days, closures(BERLIN)) for day in (20, 24)]

    assert starts == [(date(2026, 12, 22), date(2026, 12, 26)), (date(2026, 12, 26), date(2026, 12, 30))]


def test_a_depot_that_never_opens_has_no_days() -> None:
    assert days_to_rent(date(2026, 12, 1), (), []) is None


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 26), date(2026, 12, 20)),
        (date(2026, 12, 31), date(2026, 12, 20)),
        (date(2027, 1, 6), date(2026, 12, 20)),
        (date(2027, 1, 7), date(2027, 12, 20)),
    ],
)
def test_the_season_around_the_end_of_the_year_is_not_over(today: date, first: date) -> None:
    season = end_of_the_year(today)

    assert season.start_on == first
    assert season.start_on < season.end_on >= today
