"""Instants are UTC, days are dates in a depot's time zone."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils import timezone


def today_in(zone: str, at: datetime | None = None) -> date:
    """The calendar day it is in `zone` at `at` (default: now)."""
    return (at or timezone.now()).astimezone(ZoneInfo(zone)).date()


def start_of_day(day: date, zone: str) -> datetime:
    """The instant at which a day begins in `zone`."""
    return datetime.combine(day, time.min, ZoneInfo(zone))


def days_counted(start_on: date, end_on: date) -> int:
    """Rental days: calendar days, first and last included."""
    return (end_on - start_on).days + 1


def day_after(day: date, days: int = 1) -> date:
    """`days` later; the half-open end of a period whose last day is `day`."""
    return day + timedelta(days=days)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Accept IANA names only ("Europe/Berlin"). Raises: ValidationError."""
    if name not in _zones():
        raise ValidationError(f'"{name}" is not an IANA time zone such as Europe/Berlin.')
