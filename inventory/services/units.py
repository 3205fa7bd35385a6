"""Units: chosen late, leaving, coming back, and what staff decide about them."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.utils import timezone

from core.time import day_after, today_in
from inventory.errors import HoldLapsed, OutOfStock, UnitNotFree, UnitTransitionNotAllowed
from inventory.models import Downtime, Reservation, StockLevel, Unit
from inventory.packing import NoPlan, misfits, plan, with_units
from inventory.selectors import Fleet, fleets
from inventory.services.holds import Claim, lock_pools, lock_reservations, require_free
from inventory.services.soon import choose_anew_soon, review_soon, sync_soon, tell_unit_soon
from inventory.states import DECISIONS, GRADED, ReservationKind, ReservationStatus, UnitStatus, next_unit_status

TURNAROUND = "Turnaround"


@transaction.atomic
def set_aside(*, reservation_id: UUID, serial: str = "") -> Reservation:
    """Choose the unit that a paid rental will get: the one named, or the best that leaves a plan for everybody else.

    A unit is taken only if every other booking that can be served can still be served without it; so no customer loses
    a unit to a clerk's choice. Asked again, it chooses anew. Locks: stock level, reservation.
    Raises: HoldLapsed, UnitNotFree.
    """
    row = lock_reservations([reservation_id])[0]
    if row.status != ReservationStatus.COMMITTED or row.kind != ReservationKind.RENTAL:
        raise HoldLapsed("Only a paid rental gets a unit.")
    row.unit = _choose(row, serial)
    row.save(update_fields=["unit"])
    return row


@transaction.atomic
def put_down(*, reservation_id: UUID) -> None:
    """Take back the choice of a unit that has not left. Safe to repeat. Locks: stock level, reservation."""
    row = lock_reservations([reservation_id])[0]
    if row.status == ReservationStatus.COMMITTED and row.unit_id is not None:
        row.unit = None
        row.save(update_fields=["unit"])


@transaction.atomic
def exchange_units(*, one_id: UUID, other_id: UUID) -> tuple[Reservation, Reservation]:
    """Let two paid rentals of one pool, each with a unit set aside, swap them. Locks: stock levels, reservations.

    Raises: UnitNotFree when a unit is down on the other's days, or nothing is set aside.
    """
    rows = {row.pk: row for row in lock_reservations([one_id, other_id])}
    one, other = rows[one_id], rows[other_id]
    if one.unit_id is None or other.unit_id is None or {one.status, other.status} != {ReservationStatus.COMMITTED}:
        raise UnitNotFree("Both must have a unit set aside that has not left.")
    pool = (one.variant_id, one.depot_id)
    fleet = fleets([pool])[pool]
    one.unit_id, other.unit_id = other.unit_id, one.unit_id
    chosen = {one.pk: one.unit_id, other.pk: other.unit_id}
    for row in (one, other):
        taken = _standing_ready(fleet, row, but=set(chosen))
        if row.unit_id not in {unit.pk for unit in free_units_of(row)} - taken:
            raise UnitNotFree("A unit is not free on the other one's days.")
    if not _leaves_a_plan(fleet, chosen):
        raise UnitNotFree("Then a unit would be missing for another booking.")
    Reservation.objects.bulk_update([one, other], ["unit"])
    return one, other


@transaction.atomic
def ship(*, reservation_id: UUID, unit_id: int | None = None) -> Reservation:
    """Record that the goods of a committed reservation left the depot; a rental leaves with its unit.

    The unit is the one named, or the one set aside. One that leaves before its days begin, or so late that it cannot be
    back and ready in time, takes these days as well, if nobody else is promised them.
    Safe to repeat. The IMS hears of it by a job. Locks: stock level, reservation, unit.
    Raises: HoldLapsed, UnitNotFree.
    """
    row = lock_reservations([reservation_id])[0]
    if row.status in (ReservationStatus.SHIPPED, ReservationStatus.FULFILLED):
        return row
    if row.status != ReservationStatus.COMMITTED:
        raise HoldLapsed("Only what is paid for can leave the depot.")
    if row.kind == ReservationKind.RENTAL:
        row.unit = _lock_unit(unit_id or row.unit_id, row)
        row.period = _days_from_now(row)
        _require_not_ready_for_others(row)
        _move(row.unit, "hand_over")
    row.status, row.shipped_at = ReservationStatus.SHIPPED, timezone.now()
    row.misfit_at = None
    row.save(update_fields=["status", "shipped_at", "unit", "period", "misfit_at"])
    sync_soon([row.pk])
    return row


@transaction.atomic
def take_in(
    *, reservation_id: UUID, condition: str, turnaround_days: int | None = None, depot_id: int | None = None
) -> Reservation:
    """Record that a rented unit is back and being cleaned; its days end with today's turnaround.

    These days are a downtime of the unit until it is put back. depot_id: where it came back, if elsewhere than it left.
    Safe to repeat. Locks: stock level, reservation, unit. Raises: HoldLapsed when nothing had left.
    """
    here = Reservation.objects.only("variant_id", "depot_id").get(pk=reservation_id)
    there = (here.variant_id, depot_id or here.depot_id)
    _ensure_pool(*there)
    lock_pools({(here.variant_id, here.depot_id), there})
    row = lock_reservations([reservation_id])[0]
    if row.status == ReservationStatus.FULFILLED:
        return row
    if row.status != ReservationStatus.SHIPPED or row.unit_id is None:
        raise HoldLapsed("This unit is not out.")
    unit = Unit.objects.select_for_update().get(pk=row.unit_id)
    unit.condition, unit.depot_id = condition, depot_id or unit.depot_id
    if unit.status == UnitStatus.OUT:
        _move(unit, "take_back", "condition", "depot")
    else:  # written off meanwhile, and here it is again
        unit.status = UnitStatus.CLEANING
        unit.save(update_fields=["status", "condition", "depot"])
    today = today_in(unit.depot.time_zone)
    days = row.turnaround_days if turnaround_days is None else turnaround_days
    row.status = ReservationStatus.FULFILLED
    row.period = DateRange(min(row.period.lower, today), day_after(today, 1 + days))
    row.save(update_fields=["status", "period"])
    _block(unit.pk, today, row.period.upper)
    review_soon({(row.variant_id, row.depot_id), (unit.variant_id, unit.depot_id)})
    sync_soon([row.pk])
    return row


@transaction.atomic
def part_with(*, reservation_id: UUID, event: str) -> Reservation:
    """Record that a rented unit will not come back: whoever has it bought it ("sell"), or it is lost ("lose").

    Its days end today. Safe to repeat. The IMS hears that the rental is over, then what became of the unit.
    Locks: stock level, reservation, unit. Raises: HoldLapsed when nothing had left.
    """
    row = lock_reservations([reservation_id])[0]
    if row.status == ReservationStatus.FULFILLED:
        return row
    if row.status != ReservationStatus.SHIPPED or row.unit_id is None:
        raise HoldLapsed("This unit is not out.")
    unit = Unit.objects.select_for_update().get(pk=row.unit_id)
    unit.decided_here = True
    if (event, unit.status) != ("lose", UnitStatus.LOST):  # staff may have written it off before
        unit.status = next_unit_status(event, unit.status)
    unit.save(update_fields=["status", "decided_here"])
    today = today_in(unit.depot.time_zone)
    row.status = ReservationStatus.FULFILLED
    row.period = DateRange(min(row.period.lower, today), day_after(today))
    row.save(update_fields=["status", "period"])
    review_soon([(row.variant_id, row.depot_id)])
    sync_soon([row.pk])
    return row


@transaction.atomic
def put_back(*, unit_id: int, fit: bool = True) -> Unit:
    """A cleaned unit goes back on the shelf, or to maintenance when it is not fit; its turnaround is over.

    Safe to repeat. Locks: stock level, unit.
    """
    unit = _lock_with_pool(unit_id)
    if unit.status == UnitStatus.CLEANING:
        _decide(unit, "shelve" if fit else "break")
    return unit


@transaction.atomic
def decide_unit(*, unit_id: int, event: str, condition: str = "") -> Unit:
    """Staff's word about a unit: shelve, break, mend, lose, find or retire it.

    The IMS is told by a job, and its older news no longer count. Bookings that this leaves without a unit are found by
    another. Locks: stock level, reservations, unit. Raises: UnitTransitionNotAllowed, naming what may be said of it
    now; UnitNotFree while a rental has it that is not back.
    """
    if event not in DECISIONS:
        raise ValueError(f"{event} is nothing that staff decide")
    unit = _lock_with_pool(unit_id)
    if event in ("find", "mend") and unit.reservations.filter(status=ReservationStatus.SHIPPED).exists():
        raise UnitNotFree(f"{unit.serial} left with a rental that is not back; take it back there.")
    if condition:
        unit.condition = condition
    _decide(unit, event)
    return unit


@transaction.atomic
def grade_unit(*, unit_id: int, condition: str) -> Unit:
    """Write down how worn a unit is that is at hand; the IMS is told by a job.

    Locks: unit. Raises: UnitTransitionNotAllowed while it is elsewhere: then its condition is seen when it is back.
    """
    unit = Unit.objects.select_for_update().get(pk=unit_id)
    if unit.status not in GRADED:
        raise UnitTransitionNotAllowed(event="grade", status=unit.status, allowed=[])
    unit.condition, unit.decided_here = condition, True
    unit.save(update_fields=["condition", "decided_here"])
    tell_unit_soon(unit.pk)
    return unit


@transaction.atomic
def add_unit(*, unit: Unit) -> Unit:
    """Write down a new unit, and the stock level that promises of its pool are made under."""
    unit.save()
    _ensure_pool(unit.variant_id, unit.depot_id)
    review_soon([(unit.variant_id, unit.depot_id)])
    return unit


def free_units(*, variant_id: int, depot_id: int, period: tuple[date, date]) -> list[Unit]:
    """Units of a pool that are on the shelf and not down on any of these days, best condition first."""
    return list(
        Unit.objects.filter(variant_id=variant_id, depot_id=depot_id, status=UnitStatus.AVAILABLE)
        .exclude(Q(downtimes__period__overlap=DateRange(*period)))
        .order_by("condition", "serial")
    )


def free_units_of(row: Reservation) -> list[Unit]:
    """Units on the shelf that could serve this booking, best condition first; some may stand ready for others."""
    today = today_in(row.depot.time_zone)
    first = max(row.period.lower, min(today, day_after(row.period.upper, -1)))
    return free_units(variant_id=row.variant_id, depot_id=row.depot_id, period=(first, row.period.upper))


def _choose(row: Reservation, serial: str) -> Unit:
    pool = (row.variant_id, row.depot_id)
    fleet = fleets([pool])[pool]
    taken = _standing_ready(fleet, row)
    shelf = [unit for unit in free_units_of(row) if unit.pk not in taken]
    wanted = [unit for unit in shelf if serial in ("", unit.serial)]
    if not wanted:
        raise UnitNotFree(_why_not(serial, row) if serial else "No unit is free on the shelf for these days.")
    for unit in wanted:
        if _leaves_a_plan(fleet, {row.pk: unit.pk}):
            return unit
    better = next((unit.serial for unit in shelf if _leaves_a_plan(fleet, {row.pk: unit.pk})), "")
    instead = f" Take {better} instead." if better else ""
    raise UnitNotFree(f"{serial or 'Whatever is on the shelf'} is needed for another booking.{instead}")


def _why_not(serial: str, row: Reservation) -> str:
    unit = Unit.objects.select_related("depot", "variant").filter(serial=serial).first()
    if unit is None:
        return f"There is no unit {serial}."
    if unit.variant_id != row.variant_id:
        return f"{serial} is another thing: {unit.variant.sku}."
    if unit.depot_id != row.depot_id:
        return f"{serial} is at another depot: {unit.depot.name}."
    if unit.status != UnitStatus.AVAILABLE:
        return f"{serial} is not on the shelf: {unit.get_status_display().lower()}."
    return f"{serial} is down or stands ready for somebody else on these days."


def _standing_ready(fleet: Fleet, row: Reservation, *, but: Collection[UUID] = ()) -> set[int]:
    """Units set aside for others on days that overlap with this booking's."""
    days = {booking.key: booking.days for booking in fleet.bookings}
    mine = (row.period.lower, row.period.upper)
    return {
        unit
        for key, unit in fleet.set_aside.items()
        if key != row.pk and key not in but and days[key][0] < mine[1] and mine[0] < days[key][1]
    }


def _leaves_a_plan(fleet: Fleet, chosen: Mapping[UUID, int]) -> bool:
    """True if all bookings that can be served now still can be when these get these units."""
    mine = [booking for booking in fleet.bookings if booking.key in chosen]
    others = [booking for booking in fleet.bookings if booking.key not in chosen]
    lost = set(misfits(fleet.shelves, [*mine, *others]))
    kept = [booking for booking in [*mine, *others] if booking.key not in lost]
    bookings = with_units(fleet.shelves, kept, {**fleet.set_aside, **chosen})
    has_them = all(booking.unit == chosen[booking.key] for booking in bookings if booking.key in chosen)
    try:
        plan(fleet.shelves, bookings)
    except NoPlan:
        return False
    return has_them


def _lock_with_pool(unit_id: int) -> Unit:
    """The unit, with the pool it is in: whoever prepares or hands over meanwhile waits."""
    lock_pools(Unit.objects.filter(pk=unit_id).values_list("variant_id", "depot_id"))
    ready = Reservation.objects.filter(unit=unit_id, status=ReservationStatus.COMMITTED).order_by("id")
    list(ready.select_for_update().values_list("pk"))
    return Unit.objects.select_for_update().get(pk=unit_id)


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
    first, end = row.period.lower, row.period.upper
    ready_again = day_after(today, 1 + row.turnaround_days)
    more = [(today, first)] if today < first else [(max(end, today), ready_again)] if end < ready_again else []
    for days in more:
        try:
            require_free([Claim(row.variant_id, row.depot_id, ReservationKind.RENTAL, 1, days)])
        except OutOfStock as taken:
            when = f"Until {first}" if today < first else f"From {days[0]} on"
            raise UnitNotFree(f"{when} it is promised to somebody else.") from taken
    return DateRange(min(first, today), max(end, ready_again) if today >= first else end)


def _require_not_ready_for_others(row: Reservation) -> None:
    """The pool may have room for more days, and this very unit be somebody else's on them. Raises: UnitNotFree."""
    others = Reservation.objects.filter(unit=row.unit, status=ReservationStatus.COMMITTED, period__overlap=row.period)
    taken = others.exclude(pk=row.pk).order_by("period").first()
    if taken is not None:
        raise UnitNotFree(f"From {taken.period.lower} on it stands ready for somebody else; swap it for another.")


def _block(unit_id: int, first: date, free: date) -> None:
    """Nobody is promised the unit from `first` until before `free`; days that are down already stay as they are."""
    down = Downtime.objects.filter(unit_id=unit_id, period__overlap=DateRange(first, free)).order_by("period")
    periods = [downtime.period for downtime in down]
    starts = [first, *(period.upper or free for period in periods)]
    ends = [*(period.lower or first for period in periods), free]
    Downtime.objects.bulk_create(
        Downtime(unit_id=unit_id, period=DateRange(start, end), reason=TURNAROUND, is_turnaround=True)
        for start, end in zip(starts, ends, strict=True)
        if start < end
    )


def _move(unit: Unit, event: str, *fields: str) -> None:
    unit.status = next_unit_status(event, unit.status)
    unit.save(update_fields=["status", *fields])


def _decide(unit: Unit, event: str) -> None:
    unit.decided_here = True
    _move(unit, event, "condition", "decided_here")
    if event in ("shelve", "break"):
        unit.downtimes.filter(is_turnaround=True).delete()
    if unit.status != UnitStatus.AVAILABLE:
        ready = Reservation.objects.filter(unit=unit, status=ReservationStatus.COMMITTED)
        choose_anew_soon(ready.values_list("pk", flat=True))
        ready.update(unit=None)
    review_soon([(unit.variant_id, unit.depot_id)])
    tell_unit_soon(unit.pk)


def _ensure_pool(variant_id: int, depot_id: int) -> None:
    StockLevel.objects.get_or_create(variant_id=variant_id, depot_id=depot_id)
