"""Days as people say them: "26 Nov – 4 Dec", the last day included."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone


def day(when: date) -> str:
    """A day such as "4 Dec", with the year where it is not this one."""
    return f"{when.day} {when:%b}{_year(when)}"


def span(first: date, last: date) -> str:
    """From one day to another, both included."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {day(last)}"
    year = _year(first) if first.year != last.year else ""
    return f"{first.day} {first:%b}{year} – {day(last)}"


def days(period: Any) -> str:
    """A half-open range of days."""
    return span(period.lower, period.upper - timedelta(days=1))


def count(number: int, thing: str) -> str:
    """Such as "1 booking" or "3 bookings"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _year(when: date) -> str:
    return "" if when.year == timezone.localdate().year else f" {when.year}"
