"""Days belong to a depot's time zone, also on the weekends when its clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core.time import day_after, days_counted, today_in, validate_time_zone

# zone, a Saturday before the clocks go forward, a Saturday before they go back
DST = [
    ("Europe/Berlin", date(2027, 3, 27), date(2027, 10, 30)),
    ("America/New_York", date(2027, 3, 13), date(2027, 11, 6)),
    ("Pacific/Auckland", date(2027, 9, 25), date(2027, 4, 3)),
]
WEEKENDS = [(zone, saturday) for zone, *saturdays in DST for saturday in saturdays]


@pytest.mark.parametrize(("zone", "saturday"), WEEKENDS)
def test_clocks_do_change_on_these_weekends(zone: str, saturday: date) -> None:
    noon = [
        datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)) for day in (saturday, saturday + timedelta(1))
    ]

    assert abs(noon[1].astimezone(UTC) - noon[0].astimezone(UTC) - timedelta(days=1)) == timedelta(hours=1)


@pytest.mark.parametrize(("zone", "saturday"), WEEKENDS)
def test_a_day_begins_at_the_depots_midnight(zone: str, saturday: date) -> None:
    for day in (saturday, day_after(saturday), day_after(saturday, 2)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)

        assert today_in(zone, midnight) == day
        assert today_in(zone, midnight - timedelta(microseconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize(("zone", "saturday"), WEEKENDS)
def test_every_hour_of_such_a_weekend_has_the_day_that_the_wall_shows(zone: str, saturday: date) -> None:
    start = datetime(saturday.year, saturday.month, saturday.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    days = [today_in(zone, start + timedelta(minutes=30 * step)) for step in range(2 * 49)]

    assert days == sorted(days)
    assert {days.count(saturday), days.count(day_after(saturday))} in ({48, 46}, {48, 50})


@pytest.mark.parametrize(("zone", "saturday"), WEEKENDS)
def test_a_rental_over_such_a_weekend_has_as_many_days_as_the_calendar(zone: str, saturday: date) -> None:
    friday, monday = saturday - timedelta(days=1), day_after(saturday, 2)

    assert days_counted(friday, monday) == 4


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 12, 31)),
        ("Pacific/Auckland", date(2027, 1, 1)),
        ("America/New_York", date(2026, 12, 31)),
    ],
)
def test_today_is_not_the_same_everywhere(zone: str, day: date) -> None:
    with time_machine.travel(datetime(2026, 12, 31, 12, tzinfo=UTC), tick=False):
        assert today_in(zone) == day


def test_a_rental_of_one_day_is_one_day() -> None:
    assert days_counted(date(2027, 5, 3), date(2027, 5, 3)) == 1


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 400))
def test_a_period_of_n_days_ends_before_the_day_after_its_last(start_on: date, days: int) -> None:
    end = day_after(start_on, days)  # half open

    assert days_counted(start_on, end - timedelta(days=1)) == days


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Pacific/Auckland"])
def test_iana_zones_are_accepted(name: str) -> None:
    validate_time_zone(name)


@pytest.mark.parametrize("name", ["Berlin", "", "europe/berlin", "+01:00", "../etc/passwd", "Europe/Berlin\x00"])
def test_other_names_of_zones_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="IANA"):
        validate_time_zone(name)
