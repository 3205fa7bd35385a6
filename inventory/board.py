"""What customers see of stock: counts per variant and depot, for the days they ask about.

Everything rests on `inventory.selectors.availability`, asked once; the days shown already contain each offer's
preparation and turnaround, exactly as a booking will.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from catalog.buffers import blocked_period, bookable_by_day
from catalog.selectors import VariantRow
from core.errors import FieldError, InvalidInput
from core.time import day_after, days_counted, today_in
from inventory.models import Depot, DepotClosure
from inventory.selectors import NOTHING, Pool, PoolAvailability, availability


@dataclass(frozen=True, slots=True)
class Days:
    """Days that are asked about, first and last included."""

    start_on: date
    end_on: date

    @property
    def count(self) -> int:
        return days_counted(self.start_on, self.end_on)

    def all(self) -> list[date]:
        return [day_after(self.start_on, offset) for offset in range(self.count)]


@dataclass(frozen=True, slots=True)
class Count:
    """What one depot can still give of one variant. `rental_by_day`: how many could be rented for that day alone.

    The minimum of a run of days is how many can be rented for that run.
    """

    sale: int
    rental_by_day: list[int]
    as_of: datetime | None

    @property
    def rental(self) -> int:
        return min(self.rental_by_day)


def depots_asked(code: str | None) -> list[Depot]:
    """The active depots, or the one with this code. One statement. Raises: InvalidInput for a code nobody has."""
    depots = Depot.objects.filter(active=True)
    found = list(depots.filter(code=code) if code is not None else depots)
    if code is not None and not found:
        raise InvalidInput([FieldError("/depot", f'There is no depot "{code}"; GET /depots lists them.', "unknown")])
    return found


def days_asked(start_on: date | None, end_on: date | None, depots: Collection[Depot]) -> Days | None:
    """The days asked about; None when none were. Raises: InvalidInput for days over in every depot asked about."""
    if start_on is None or end_on is None:
        return None
    today = min((today_in(depot.time_zone) for depot in depots), default=timezone.now().date())
    if start_on < today:
        raise InvalidInput([FieldError("/from", f"This day is over; the first day to ask about is {today}.", "past")])
    return Days(start_on, end_on)


def today() -> Days:
    """What counts are shown for when nobody asked for days: today, in UTC."""
    day = timezone.now().date()
    return Days(day, day)


def counts(variants: Collection[VariantRow], depots: Collection[Depot], days: Days) -> dict[Pool, Count]:
    """What each depot can give of each variant on these days, as it is offered: what is not for sale counts 0.

    One statement, whatever the number of pools: the widest buffers are asked for, and each variant looks at its own.
    """
    buffers = {row["id"]: _buffers(row) for row in variants}
    prep = max((own.prep_days for own in buffers.values()), default=0)
    turnaround = max((own.turnaround_days for own in buffers.values()), default=0)
    period = blocked_period(days.start_on, days.end_on, prep_days=prep, turnaround_days=turnaround)
    found = availability([(row["id"], depot.pk) for row in variants for depot in depots], period=period)
    return {
        (row["id"], depot.pk): _count(row, found.get((row["id"], depot.pk), NOTHING), buffers[row["id"]], prep, days)
        for row in variants
        for depot in depots
    }


@dataclass(frozen=True, slots=True)
class _Buffers:
    prep_days: int = 0
    turnaround_days: int = 0


def _buffers(row: VariantRow) -> _Buffers:
    offer = row["rental"]
    return _Buffers(offer["prep_days"], offer["turnaround_days"]) if offer else _Buffers()


def _count(row: VariantRow, pool: PoolAvailability, own: _Buffers, widest_prep: int, days: Days) -> Count:
    first = widest_prep - own.prep_days
    free = pool.rental_by_day[first : first + own.prep_days + days.count + own.turnaround_days]
    by_day = bookable_by_day(free, prep_days=own.prep_days, turnaround_days=own.turnaround_days)
    rentable = row["rental"] is not None and by_day
    return Count(
        sale=pool.sale if row["sale"] else 0,
        rental_by_day=by_day if rentable else [0] * days.count,
        as_of=pool.as_of,
    )


def closed_days(depot: Depot, days: Days) -> list[date]:
    """The days on which this depot neither hands out nor takes back. One statement."""
    closures = list(depot.closures.filter(start_on__lte=days.end_on, end_on__gte=days.start_on))
    return [
        day
        for day in days.all()
        if day.isoweekday() not in depot.opening_days or any(c.start_on <= day <= c.end_on for c in closures)
    ]


def depots_with_closures() -> QuerySet[Any]:
    """The active depots, each with `coming_closures`: those that are not over. Two statements."""
    coming = DepotClosure.objects.filter(end_on__gte=timezone.now().date() - timedelta(days=1))
    return Depot.objects.filter(active=True).prefetch_related(Prefetch("closures", coming, to_attr="coming_closures"))
