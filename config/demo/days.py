"""Which days the demo rents for, and which of them cost more."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from config.demo.records import Season

STAY = timedelta(days=4)
FARTHEST = 60  # days from today


def days_to_rent(
    today: date, opening_days: Collection[int], closures: Sequence[tuple[date, date]]
) -> tuple[date, date] | None:
    """The next two days that are four days apart and on which the depot is open, so that the demo works every day.

    opening_days: ISO weekdays. closures: first and last day of each. None when there are no such days.
    """

    def is_open(day: date) -> bool:
        return day.isoweekday() in opening_days and not any(first <= day <= last for first, last in closures)

    starts = (today + timedelta(days=offset) for offset in range(1, FARTHEST))
    return next(((start, start + STAY) for start in starts if is_open(start) and is_open(start + STAY)), None)


def end_of_the_year(today: date) -> Season:
    """The season around New Year's Eve that is not over yet."""
    year = today.year if today > date(today.year, 1, 6) else today.year - 1
    return Season("End of the year", date(year, 12, 20), date(year + 1, 1, 6), percent=20)
