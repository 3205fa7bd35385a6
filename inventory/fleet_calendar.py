"""The fleet day by day: who has each unit, for whom it stands ready, who could get it, and what does not fit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from catalog.models import Variant
from core.time import day_after, today_in
from inventory.models import Depot, Downtime, Reservation, Unit
from inventory.packing import Booking, NoPlan, misfits, plan, with_units
from inventory.selectors import Fleet, fleets
from inventory.states import ReservationKind, ReservationStatus, UnitStatus

WEEKS = 4
SHOWN = (UnitStatus.AVAILABLE, UnitStatus.OUT, UnitStatus.CLEANING, UnitStatus.MAINTENANCE)


class Look(StrEnum):
    """What a unit is on a day; in this order the one covers the other."""

    FREE = "free"
    WAS_OUT = "was_out"  # before today
    PLANNED = "planned"  # booked, and this unit could serve it
    SET_ASIDE = "set_aside"  # stands ready for somebody
    CLEANING = "cleaning"
    DOWN = "down"
    OUT = "out"
    LATE = "late"  # out, and it should be back
    AWAY = "away"  # out, but not by us
    UNSERVED = "unserved"  # a booking that nothing is left for


@dataclass(frozen=True, slots=True)
class Mark:
    """Days of a unit, or of a booking, that look alike. Both days included, and not cut off at the calendar's edge."""

    look: Look
    first: date
    last: date
    reservation_id: UUID | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """So many columns of the calendar; a free one is one day."""

    days: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class UnitRow:
    unit: Unit
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class PoolRows:
    variant: Variant
    units: list[UnitRow]
    unserved: list[list[Cell]]  # as many rows as it takes for none to cover another


@dataclass(frozen=True, slots=True)
class FleetCalendar:
    days: list[date]
    today: date
    pools: list[PoolRows]

    @property
    def reservation_ids(self) -> set[UUID]:
        """Everything that is named in it."""
        rows = [row.cells for pool in self.pools for row in pool.units]
        rows += [row for pool in self.pools for row in pool.unserved]
        return {cell.mark.reservation_id for row in rows for cell in row if cell.mark.reservation_id}


def first_of_week(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def fleet_calendar(
    *, depot: Depot, variants: Sequence[Variant], first: date, days: int = 7 * WEEKS, now: datetime | None = None
) -> FleetCalendar:
    """The units of these variants at a depot over `days` days from `first`. Eight statements, whatever there is.

    Bookings without a unit of their own are laid out by the same plan that promises are made by
    (`inventory.packing`): which unit they will get is not decided, only that there is one.
    """
    at = now or timezone.now()
    window = _Window(first, day_after(first, days), today_in(depot.time_zone, at))
    pools = [(variant.pk, depot.pk) for variant in variants]
    planned = fleets(pools, now=at) if pools else {}
    units = Unit.objects.filter(depot=depot, variant__in=variants, status__in=SHOWN).order_by("serial")
    shown = list(units.prefetch_related("downtimes"))
    of_pool: dict[int, list[Unit]] = defaultdict(list)
    for unit in shown:
        of_pool[unit.variant_id].append(unit)
    claims = {row.pk: row for row in [*_live(depot, variants, at), *_past(shown, window)]}
    return FleetCalendar(
        days=window.days,
        today=window.today,
        pools=[
            _pool(variant, of_pool[variant.pk], planned[variant.pk, depot.pk], claims, window) for variant in variants
        ],
    )


def _live(depot: Depot, variants: Sequence[Variant], at: datetime) -> Iterable[Reservation]:
    rows = Reservation.objects.living(at).filter(depot=depot, variant__in=variants, kind=ReservationKind.RENTAL)
    return rows.order_by("id")


def _past(units: Collection[Unit], window: "_Window") -> Iterable[Reservation]:
    overlaps = Q(period__startswith__lt=window.end, period__endswith__gt=window.first)
    return Reservation.objects.filter(overlaps, unit__in=units, status=ReservationStatus.FULFILLED).order_by("id")


@dataclass(frozen=True, slots=True)
class _Window:
    first: date
    end: date
    today: date

    @property
    def days(self) -> list[date]:
        return [day_after(self.first, offset) for offset in range((self.end - self.first).days)]

    def clip(self, mark: Mark) -> range:
        """The columns of a mark."""
        first, last = max(mark.first, self.first), min(mark.last, day_after(self.end, -1))
        return range((first - self.first).days, (last - self.first).days + 1)


def _pool(
    variant: Variant, units: list[Unit], fleet: Fleet, claims: dict[UUID, Reservation], window: _Window
) -> PoolRows:
    bookings = [booking for booking in fleet.bookings if booking.key in claims]  # read apart: one may just have gone
    unserved = set(misfits(fleet.shelves, bookings))
    served = _served(fleet, [booking for booking in bookings if booking.key not in unserved])
    ours = {row.unit_id for row in claims.values() if row.status == ReservationStatus.SHIPPED}
    marks: dict[int, list[Mark]] = {unit.pk: _own_marks(unit, window, is_ours=unit.pk in ours) for unit in units}
    for row in claims.values():
        if row.variant_id == variant.pk and row.unit_id in marks:
            marks[row.unit_id] += _gone(row, window)
    for booking in bookings:
        unit_id = served.get(booking.key)
        if unit_id in marks:
            is_ready = fleet.set_aside.get(booking.key) == unit_id
            marks[unit_id].append(_booked(claims, booking, Look.SET_ASIDE if is_ready else Look.PLANNED))
    left_over = [_booked(claims, booking, Look.UNSERVED) for booking in bookings if booking.key in unserved]
    return PoolRows(
        variant=variant,
        units=[UnitRow(unit, _cells(marks[unit.pk], window)) for unit in units],
        unserved=[_cells(lane, window) for lane in _lanes([mark for mark in left_over if window.clip(mark)])],
    )


def _served(fleet: Fleet, bookings: list[Booking[UUID, int]]) -> dict[UUID, int]:
    """A unit for every booking: the one set aside for it, as far as that leaves a plan for the others."""
    for attempt in (with_units(fleet.shelves, bookings, fleet.set_aside), bookings):
        try:
            return plan(fleet.shelves, attempt)
        except NoPlan:
            continue
    return {}


def _booked(claims: dict[UUID, Reservation], booking: Booking[UUID, int], look: Look) -> Mark:
    note = "held, not paid yet" if claims[booking.key].status == ReservationStatus.HELD else ""
    return Mark(look, booking.days[0], day_after(booking.days[1], -1), booking.key, note)


def _gone(row: Reservation, window: _Window) -> list[Mark]:
    """Where a unit was, or is: an overdue one keeps today and its turnaround, as in the counts."""
    last = day_after(row.period.upper, -1)
    if row.status == ReservationStatus.SHIPPED:
        still = day_after(window.today, row.turnaround_days)
        late = day_after(last, -row.turnaround_days) < window.today
        return [Mark(Look.LATE if late else Look.OUT, row.period.lower, max(last, still), row.pk)]
    if row.status == ReservationStatus.FULFILLED and row.period.lower < window.today:
        return [Mark(Look.WAS_OUT, row.period.lower, min(last, day_after(window.today, -1)), row.pk)]
    return []


def _own_marks(unit: Unit, window: _Window, *, is_ours: bool) -> list[Mark]:
    """What is with the unit itself, whoever booked."""
    marks = [_down(downtime) for downtime in unit.downtimes.all()]
    ahead = (window.today, max(window.today, day_after(window.end, -1)))
    if unit.status == UnitStatus.MAINTENANCE:
        marks.append(Mark(Look.DOWN, *ahead, note="in maintenance"))
    if unit.status == UnitStatus.OUT and not is_ours:
        marks.append(Mark(Look.AWAY, *ahead, note="not for an order of ours"))
    if unit.status == UnitStatus.CLEANING:
        marks.append(Mark(Look.CLEANING, window.today, window.today))
    return marks


def _down(downtime: Downtime) -> Mark:
    first, last = downtime.period.lower, day_after(downtime.period.upper, -1)
    return Mark(Look.CLEANING if downtime.is_turnaround else Look.DOWN, first, last, note=downtime.reason)


_COVERS = {look: place for place, look in enumerate(Look)}


def _cells(marks: Iterable[Mark], window: _Window) -> list[Cell]:
    """One row: what covers comes last, and neighbours of one mark become one cell."""
    row: list[Mark] = [Mark(Look.FREE, day, day) for day in window.days]
    for mark in sorted(marks, key=lambda mark: _COVERS[mark.look]):
        for column in window.clip(mark):
            row[column] = mark
    cells: list[Cell] = []
    for mark in row:
        if cells and cells[-1].mark is mark:
            cells[-1] = Cell(cells[-1].days + 1, mark)
        else:
            cells.append(Cell(1, mark))
    return cells


def _lanes(marks: Iterable[Mark]) -> list[list[Mark]]:
    """The fewest rows in which none covers another."""
    lanes: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda mark: mark.first):
        lane = next((lane for lane in lanes if lane[-1].last < mark.first), None)
        if lane is None:
            lanes.append([mark])
        else:
            lane.append(mark)
    return lanes
