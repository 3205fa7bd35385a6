"""The days around a rental that block its unit. What is shown and what is promised are computed here alike."""

from datetime import date, timedelta

Period = tuple[date, date]  # half open: [first day, first free day)


def blocked_period(start_on: date, end_on: date, *, prep_days: int, turnaround_days: int) -> Period:
    """The days that a rental from `start_on` to `end_on`, both included, keeps a unit from everybody else."""
    return start_on - timedelta(days=prep_days), end_on + timedelta(days=turnaround_days + 1)


def bookable_by_day(free: list[int], *, prep_days: int, turnaround_days: int) -> list[int]:
    """How many could be rented for each single day, when `free` is how many are unclaimed on each day.

    `free` begins `prep_days` before the first day and ends `turnaround_days` after the last. The minimum over a run
    of days is how many can be rented for that run: the windows of its days cover exactly its blocked period.
    """
    window = prep_days + 1 + turnaround_days
    if len(set(free)) == 1:  # as on most days of most variants
        return free[: len(free) - window + 1]
    return [min(free[first : first + window]) for first in range(len(free) - window + 1)]
