"""What customers see of stock: counts per variant and depot, for the days they ask about.

Everything rests on `inventory.selectors.availability`, asked once; the days shown already contain each offer's
preparation and turnaround, exactly as a booking will.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from catalog.buffers import Buffers, bookable_by_day
from catalog.selectors import VariantRow
from core.errors import FieldError, InvalidInput
from core.time import day_after, days_counted
from inventory.models import Depot, DepotClosure
from inventory.selectors import Pool, PoolAvailability, availability


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

    The minimum of a run of days is how many can be rented for that run, if it neither begins nor ends on a closed day:
    `closed_on` tells which of the two is one.
    """

    sale: int
    rental_by_day: list[int]
    as_of: datetime | None
    closed_on: Sequence[date] = ()

    @property
    def rental(self) -> int:
        return 0 if self.closed_on else min(self.rental_by_day)


def depots_asked(code: str | None) -> list[Depot]:
    """The active depots, or the one with this code. One statement. Raises: InvalidInput for a code nobody has."""
    depots = Depot.objects.filter(active=True).with_closures()
    found = list(depots.filter(code=code) if code is not None else depots)
    if code is not None and not found:
        raise InvalidInput([FieldError("/depot", f'There is no depot "{code}"; GET /depots lists them.', "unknown")])
    return found


def days_asked(start_on: date | None, end_on: date | None, depots: Collection[Depot]) -> Days | None:
    """The days asked about; None when none were. Raises: InvalidInput as `bookable`."""
    if start_on is None or end_on is None:
        return None
    return bookable(Days(start_on, end_on), depots)


def bookable(days: Days, depots: Collection[Depot]) -> Days:
    """The same days. Raises: InvalidInput for days that are over, or too far ahead, in every one of these depots."""
    today = min((depot.today for depot in depots), default=None)
    last = max((depot.last_day for depot in depots), default=None)
    if today and days.start_on < today:
        raise InvalidInput([FieldError("/from", f"This day is over; the first day to ask about is {today}.", "past")])
    if last and days.end_on > last:
        raise InvalidInput(
            [FieldError("/to", f"This is too far ahead; the last day to ask about is {last}.", "too_far")]
        )
    return days


def counts(variants: Collection[VariantRow], depots: Collection[Depot], days: Days | None) -> dict[Pool, Count]:
    """What each depot can give of each variant on these days, as it is offered: what is not for sale counts 0.

    days: None for today, which each depot has its own of, whether or not it opens then.
    One statement, whatever the number of pools: the widest buffers are asked for, and each variant looks at its own.
    """
    if not variants or not depots:
        return {}
    buffers = {row["id"]: _buffers(row) for row in variants}
    asked = {depot.pk: _asked(depot, days) for depot in depots}
    widest = Buffers(
        prep_days=max(own.prep_days for own in buffers.values()),
        turnaround_days=max(own.turnaround_days for own in buffers.values()),
    )
    period = widest.blocked(
        min(at_depot.days.start_on for at_depot in asked.values()),
        max(at_depot.days.end_on for at_depot in asked.values()),
    )
    found = availability([(row["id"], depot.pk) for row in variants for depot in depots], period=period)
    return {
        (row["id"], depot.pk): _count(
            row, found[row["id"], depot.pk], buffers[row["id"]], asked[depot.pk], since=period[0]
        )
        for row in variants
        for depot in depots
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    """The days asked of one depot; `closed_on`: which of the first and the last it is closed on."""

    days: Days
    closed_on: Sequence[date] = ()
    can_be_booked: bool = True  # by the depot's own clock


def _asked(depot: Depot, days: Days | None) -> _Asked:
    if days is None:
        return _Asked(Days(depot.today, depot.today))
    ends = sorted({days.start_on, days.end_on})
    in_time = depot.today <= days.start_on and days.end_on <= depot.last_day
    return _Asked(days, [day for day in ends if depot.is_closed(day)], in_time)


def _buffers(row: VariantRow) -> Buffers:
    offer = row["rental"]
    return Buffers(offer["prep_days"], offer["turnaround_days"]) if offer else Buffers()


def _count(row: VariantRow, pool: PoolAvailability, own: Buffers, asked: _Asked, *, since: date) -> Count:
    """What the pool's counts, which begin at `since`, come to for this variant and these days."""
    first = (asked.days.start_on - since).days - own.prep_days
    free = pool.rental_by_day[first : first + own.prep_days + asked.days.count + own.turnaround_days]
    by_day = bookable_by_day(free, prep_days=own.prep_days, turnaround_days=own.turnaround_days)
    rentable = row["rental"] is not None and asked.can_be_booked
    return Count(
        sale=pool.sale if row["sale"] else 0,
        rental_by_day=by_day if rentable else [0] * asked.days.count,
        as_of=pool.as_of,
        closed_on=asked.closed_on,
    )


def closed_days(depot: Depot, days: Days) -> list[date]:
    """The days on which this depot neither hands out nor takes back."""
    return [day for day in days.all() if depot.is_closed(day)]


def depots_with_closures() -> QuerySet[Any]:
    """The active depots, each with `coming_closures`: those that are not over. Two statements."""
    coming = DepotClosure.objects.filter(end_on__gte=timezone.now().date() - timedelta(days=1))
    return Depot.objects.filter(active=True).prefetch_related(Prefetch("closures", coming, to_attr="coming_closures"))
