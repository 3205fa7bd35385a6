"""Things leaving and coming back."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Func, Q, Value

from core.queue import enqueue
from core.time import day_after, today_in
from inventory.errors import HoldLapsed, OutOfStock, UnitNotFree
from inventory.models import Depot, Downtime, Reservation, Unit
from inventory.services.holds import Claim, lock_reservations, require_free
from inventory.states import ReservationKind, ReservationStatus, UnitStatus

TURNAROUND = "Turnaround"


@transaction.atomic
def ship(*, reservation_id: UUID, unit_id: int | None = None) -> Reservation:
    """Record that the goods of a committed reservation left the depot; a rental names its unit.

    A unit that leaves before its days begin takes the days until then as well, if nobody else is promised them.
    Safe to repeat. The IMS hears of it by a job. Locks: stock level, reservation, unit.
    Raises: HoldLapsed, UnitNotFree.
    """
    row = lock_reservations([reservation_id])[0]
    if row.status in (ReservationStatus.SHIPPED, ReservationStatus.FULFILLED):
        return row
    if row.status != ReservationStatus.COMMITTED:
        raise HoldLapsed("Only what is paid for can leave the depot.")
    if row.kind == ReservationKind.RENTAL:
        row.unit = _lock_unit(unit_id, row)
        row.period = _days_from_now(row)
        Unit.objects.filter(pk=row.unit.pk).update(status=UnitStatus.OUT)
    row.status = ReservationStatus.SHIPPED
    row.save(update_fields=["status", "unit", "period"])
    _tell_ims(row)
    return row


@transaction.atomic
def take_in(*, reservation_id: UUID, condition: str, turnaround_days: int) -> Reservation:
    """Record that a rented unit is back and being cleaned; its days end with today's turnaround.

    These days are a downtime of the unit until it is put back. Safe to repeat. Locks: reservation, unit.
    Raises: HoldLapsed when nothing had left.
    """
    row = Reservation.objects.select_for_update(of=["self"]).select_related("depot").get(pk=reservation_id)
    if row.status == ReservationStatus.FULFILLED:
        return row
    if row.status != ReservationStatus.SHIPPED or row.unit_id is None:
        raise HoldLapsed("This unit is not out.")
    Unit.objects.filter(pk=row.unit_id).update(status=UnitStatus.CLEANING, condition=condition)
    today = today_in(row.depot.time_zone)
    row.status = ReservationStatus.FULFILLED
    row.period = DateRange(min(row.period.lower, today), day_after(today, 1 + turnaround_days))
    row.save(update_fields=["status", "period"])
    _block(row.unit_id, today, row.period.upper)
    _tell_ims(row)
    return row


@transaction.atomic
def put_back(*, unit_id: int, fit: bool = True) -> Unit:
    """A cleaned unit goes back on the shelf, or to maintenance when it is not fit; its turnaround is over.

    Safe to repeat. Locks: unit.
    """
    unit = Unit.objects.select_for_update().get(pk=unit_id)
    if unit.status == UnitStatus.CLEANING:
        unit.status = UnitStatus.AVAILABLE if fit else UnitStatus.MAINTENANCE
        unit.save(update_fields=["status"])
        unit.downtimes.filter(reason=TURNAROUND).delete()
    return unit


def free_units(*, variant_id: int, depot_id: int, period: tuple[date, date]) -> list[Unit]:
    """Units of a pool that are on the shelf and not down on any of these days, best condition first."""
    return list(
        Unit.objects.filter(variant_id=variant_id, depot_id=depot_id, status=UnitStatus.AVAILABLE)
        .exclude(Q(downtimes__period__overlap=DateRange(*period)))
        .order_by("condition", "serial")
    )


def keep_overdue_reserved() -> int:
    """Write down that units which are still out past their return are not free today.

    `availability` knows it without. Returns how many were rolled. Days are the depot's.
    """
    rolled = 0
    for depot in Depot.objects.all():
        tomorrow = day_after(today_in(depot.time_zone))
        overdue = Reservation.objects.filter(
            depot=depot,
            kind=ReservationKind.RENTAL,
            status=ReservationStatus.SHIPPED,
            period__endswith__lt=tomorrow,
        )
        rolled += overdue.update(period=Func(Func("period", function="lower"), Value(tomorrow), function="daterange"))
    return rolled


def _lock_unit(unit_id: int | None, row: Reservation) -> Unit:
    if unit_id is None:
        raise UnitNotFree("A rental leaves with a unit; choose one by its serial.")
    unit = Unit.objects.select_for_update().get(pk=unit_id)
    if (unit.variant_id, unit.depot_id) != (row.variant_id, row.depot_id):
        raise UnitNotFree(f"{unit.serial} is another thing, or at another depot.")
    if unit.status != UnitStatus.AVAILABLE:
        raise UnitNotFree(f"{unit.serial} is {unit.status}, not on the shelf.")
    return unit


def _days_from_now(row: Reservation) -> DateRange:
    """The days of a unit that leaves now. The pool is locked. Raises: UnitNotFree."""
    today = today_in(row.depot.time_zone)
    if row.period.lower <= today:
        return row.period
    try:
        require_free([Claim(row.variant_id, row.depot_id, ReservationKind.RENTAL, 1, (today, row.period.lower))])
    except OutOfStock as taken:
        raise UnitNotFree(f"Until {row.period.lower} it is promised to somebody else.") from taken
    return DateRange(today, row.period.upper)


def _block(unit_id: int, first: date, free: date) -> None:
    """Nobody is promised the unit from `first` until before `free`; days that are down already stay as they are."""
    down = Downtime.objects.filter(unit_id=unit_id, period__overlap=DateRange(first, free)).order_by("period")
    periods = [downtime.period for downtime in down]
    starts = [first, *(period.upper or free for period in periods)]
    ends = [*(period.lower or first for period in periods), free]
    Downtime.objects.bulk_create(
        Downtime(unit_id=unit_id, period=DateRange(start, end), reason=TURNAROUND)
        for start, end in zip(starts, ends, strict=True)
        if start < end
    )


def _tell_ims(row: Reservation) -> None:
    enqueue("inventory.sync_reservation", lock=f"reservation:{row.pk}", reservation_id=str(row.pk))
