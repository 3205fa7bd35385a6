"""What customers see of stock: counts per variant and depot, for the days they ask about.

Everything rests on the one count of `inventory.selectors`, made once; the days shown already contain each offer's
preparation and turnaround, exactly as a booking will.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from catalog.buffers import Buffers, Period, bookable_by_day
from catalog.selectors import VariantRow
from catalog.version import Remembered, catalog_version
from core.errors import FieldError, InvalidInput
from core.time import day_after, days_counted
from inventory.models import Depot, DepotClosure
from inventory.selectors import Counted, Pool, PoolCount, Pools, counted, counted_again, counts_of

_T = TypeVar("_T")


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


class Free(NamedTuple):
    """What one depot can still give of one variant on all of the days asked: pieces to sell, units to rent.

    `closed_on` tells which of the first and the last of these days the depot is closed on: nothing is rented then.
    """

    sale: int
    rental: int
    as_of: datetime | None
    closed_on: Sequence[date] = ()


class FreeByDay(NamedTuple):
    """The same day by day: `rental` is how many could be rented for each day alone.

    The minimum of a run of days is how many can be rented for that run, if it neither begins nor ends on a closed day.
    """

    sale: int
    rental: list[int]
    as_of: datetime | None


def depots_asked(code: str | None) -> list[Depot]:
    """The active depots, or the one with this code. Each tells the version of the catalog that it was read under.

    One statement. Raises: InvalidInput for a code nobody has.
    """
    depots = Depot.objects.filter(active=True).with_closures().with_version()
    found: list[Depot] = [*(depots.filter(code=code) if code is not None else depots)]
    if code is not None and not found:
        raise _no_such_depot(code)
    return found


def depot_asked(code: str, version: str) -> Depot:
    """The active depot with this code; no statement, unless something of the catalog has changed.

    version: of the catalog, read before. Raises: InvalidInput for a code nobody has.
    """
    if (depot := _DEPOTS.get(version, [code], _read_depots).get(code)) is None:
        raise _no_such_depot(code)
    return depot


_DEPOTS: Remembered[str, Depot] = Remembered(1_000)


def _read_depots(codes: Collection[str]) -> dict[str, Depot]:
    return {depot.code: depot for depot in Depot.objects.filter(active=True, code__in=codes).with_closures()}


def _no_such_depot(code: str) -> InvalidInput:
    return InvalidInput([FieldError("/depot", f'There is no depot "{code}"; GET /depots lists them.', "unknown")])


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


class Counting:
    """What is counted for one answer: these variants at these depots on these days. Made once, counted often.

    Good for as long as it is the same day at every depot and the catalog's version is what it was. days: None for
    today, which each depot has its own of, whether or not it opens then. One statement whatever the number of pools:
    the widest buffers are asked for, and each variant looks at its own. Counts come in the order of the variants, and
    for each in that of the depots. They come as the same list as the last time where nothing has changed, as mostly
    nothing has: then nothing is counted (ADR 38), and where something has it takes a second statement.
    """

    def __init__(self, variants: Collection[VariantRow], depots: Collection[Depot], days: Days | None) -> None:
        asked = [_asked(depot, days) for depot in depots]
        self._period = _widest(variants, asked) if variants and asked else None
        self._shares = [_share(row, one, self._period[0]) for row in variants for one in asked if self._period]
        self._pools = Pools([share.pool for share in self._shares])
        self._last: tuple[Any, Counted, list[Any]] | None = None  # what was told, of which counts, and how

    def __len__(self) -> int:
        """How many counts it makes: of each variant at each depot one."""
        return len(self._shares)

    def free(self) -> tuple[str, list[Free]]:
        """What is free on all of the days, and the catalog's version in the instant of the count."""
        return self._told(_free)

    def by_day(self) -> tuple[str, list[FreeByDay]]:
        """What is free on each of the days, and the catalog's version in the instant of the count."""
        return self._told(_free_by_day)

    def _told(self, what: Callable[["_Share", PoolCount], _T]) -> tuple[str, list[_T]]:
        if self._period is None:
            return catalog_version(), []
        last = self._last  # read at once: others may be counting the same
        if last is None or last[0] is not what:
            now = counted(self._pools, period=self._period)
            told = self._tell(what, now)
        else:
            _, before, told = last
            now = counted_again(self._pools, before, period=self._period)
            if now.rows is not before.rows and now.rows != before.rows:
                told = self._tell(what, now)
        self._last = what, now, told
        return now.version, told

    def _tell(self, what: Callable[["_Share", PoolCount], _T], counted: Counted) -> list[_T]:
        assert self._period is not None  # noqa: S101 (it was counted for)
        counts = counts_of(counted, self._pools, period=self._period)
        return [what(share, counts[share.pool]) for share in self._shares]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The days asked of one depot; `closed_on`: which of the first and the last it is closed on."""

    depot: int
    days: Days
    closed_on: Sequence[date] = ()
    can_be_booked: bool = True  # by the depot's own clock


def _asked(depot: Depot, days: Days | None) -> _Asked:
    if days is None:
        return _Asked(depot.pk, Days(depot.today, depot.today))
    ends = sorted({days.start_on, days.end_on})
    in_time = depot.today <= days.start_on and days.end_on <= depot.last_day
    return _Asked(depot.pk, days, [day for day in ends if depot.is_closed(day)], in_time)


@dataclass(frozen=True, slots=True)
class _Share:
    """What one variant at one depot is looked at for: days `first` to `end` of those counted, with its own buffers."""

    pool: Pool
    first: int
    end: int
    days: int
    prep_days: int
    turnaround_days: int
    is_sold: bool
    can_be_booked: bool
    closed_on: Sequence[date]

    @property
    def is_rented(self) -> bool:
        return self.can_be_booked and not self.closed_on

    def bookable(self, unclaimed: Sequence[int]) -> list[int]:
        own = [max(count, 0) for count in unclaimed[self.first : self.end]]
        return bookable_by_day(own, prep_days=self.prep_days, turnaround_days=self.turnaround_days)


def _free(share: _Share, count: PoolCount) -> Free:
    return Free(
        max(count.sale, 0) if share.is_sold else 0,
        max(min(count.rental_by_day[share.first : share.end]), 0) if share.is_rented else 0,
        count.as_of,
        share.closed_on,
    )


def _free_by_day(share: _Share, count: PoolCount) -> FreeByDay:
    return FreeByDay(
        max(count.sale, 0) if share.is_sold else 0,
        share.bookable(count.rental_by_day) if share.can_be_booked else [0] * share.days,
        count.as_of,
    )


def _buffers(row: VariantRow) -> tuple[int, int]:
    offer = row["rental"]
    return (offer["prep_days"], offer["turnaround_days"]) if offer else (0, 0)


def _widest(variants: Collection[VariantRow], asked: Collection[_Asked]) -> Period:
    prep_days, turnaround_days = (max(_buffers(row)[side] for row in variants) for side in (0, 1))
    first, last = min(one.days.start_on for one in asked), max(one.days.end_on for one in asked)
    return Buffers(prep_days, turnaround_days).blocked(first, last)


def _share(row: VariantRow, asked: _Asked, since: date) -> _Share:
    prep_days, turnaround_days = _buffers(row)
    first = (asked.days.start_on - since).days - prep_days
    return _Share(
        pool=(row["id"], asked.depot), first=first, end=first + prep_days + asked.days.count + turnaround_days,
        days=asked.days.count, prep_days=prep_days, turnaround_days=turnaround_days, is_sold=row["sale"] is not None,
        can_be_booked=row["rental"] is not None and asked.can_be_booked, closed_on=asked.closed_on,
    )  # fmt: skip


def closed_days(depot: Depot, days: Days) -> list[date]:
    """The days on which this depot neither hands out nor takes back."""
    return [day for day in days.all() if depot.is_closed(day)]


def depots_with_closures() -> QuerySet[Any]:
    """The active depots, each with `coming_closures`: those that are not over. Two statements."""
    coming = DepotClosure.objects.filter(end_on__gte=timezone.now().date() - timedelta(days=1))
    return Depot.objects.filter(active=True).prefetch_related(Prefetch("closures", coming, to_attr="coming_closures"))
