"""The clerk's day: prepare, hand over, take back, inspect. Every step under the order's lock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from catalog.models import Variant
from core.errors import FieldError, InvalidInput, NotFound
from core.time import start_of_day, today_in
from inventory.errors import UnitNotFree
from inventory.models import Unit
from inventory.services import exchange_units, lock_reservations, put_back, set_aside, ship, take_in
from orders.checklists import Point, points_of
from orders.errors import (
    ChecklistOpen,
    DepositNotSecured,
    NothingPaid,
    ShipmentUnsuitable,
    TransitionNotAllowed,
    WrongUnit,
)
from orders.models import Fulfilment, LinePart, Order, OrderLine, Rental, RentalPhoto
from orders.pictures import cleaned
from orders.selectors import has_left, is_all_credited
from orders.services.history import (
    CLOCK,
    lock_line,
    lock_orders,
    lock_rental,
    move_rental,
    move_sale,
    record,
    require_confirmed,
)
from orders.services.lateness import charge_late_days_of, credit_late_days_of
from orders.services.parcels import Tracked, tracked_by
from orders.services.parts import (
    is_complete,
    lock_claims,
    put_all_down,
    put_parts_back,
    reservations_of_line,
    set_parts_aside,
    ship_parts,
    take_parts_in,
)
from orders.services.soon import settle_soon, tell_soon
from orders.states import RENTAL, RentalStatus, allowed_events, next_status


@dataclass(frozen=True, slots=True)
class Look:
    """How a unit looked to a clerk: its condition (A to D), the points of the checklist (`orders.checklists`) that are
    in order (None: it was not gone through), and up to 6 pictures."""

    condition: str
    checked: Collection[str] | None = None
    photos: Sequence["File[bytes]"] = ()

    def __post_init__(self) -> None:
        if self.condition not in Unit.Condition.values:
            raise ValueError(f"{self.condition!r} is no condition of a unit")


@transaction.atomic
def prepare_rental(*, rental_id: UUID, actor: str, serial: str = "") -> Rental:
    """Set a unit aside for a rental: the one named, or the best that leaves a unit for everybody else. Of a bundle also
    one for each part.

    A unit that broke while it stood ready for somebody else, and is whole again, is free for anybody.
    Locks: the orders concerned, in id order, stock levels, reservations.
    Raises: TransitionNotAllowed, NothingPaid, UnitNotFree.
    """
    order, rental = _lock_and_let_go_of_lost(rental_id, actor=actor)
    _require_paid(order)
    next_status(RENTAL, "prepare", rental.status)  # a rental that is out keeps the unit it has
    claim = set_aside(reservation_id=rental.reservation_id, serial=serial)
    set_parts_aside(rental)
    return move_rental(order, rental, "prepare", actor=actor, note=str(claim.unit), unit=claim.unit)


@transaction.atomic
def unprepare_rental(*, rental_id: UUID, actor: str, note: str = "") -> Rental:
    """Put a unit that was set aside back on the shelf, as it was the wrong one.

    Locks: order, stock levels, reservations. Raises: TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    serial = rental.unit.serial if rental.unit is not None else ""
    moved = move_rental(order, rental, "unprepare", actor=actor, note=f"{serial}. {note}".rstrip(), unit=None)
    put_all_down(rental)
    return moved


@transaction.atomic
def choose_part(*, part_id: int, actor: str, serial: str) -> Rental:
    """Let a rental that stands ready have another unit of one of its parts. Locks: order, stock levels, reservations.

    Raises: NotFound, TransitionNotAllowed, UnitNotFree.
    """
    part = LinePart.objects.filter(pk=part_id, rental__isnull=False).first()
    if part is None or part.rental_id is None:
        raise NotFound("There is no such part of a rental.")
    order, rental = lock_rental(part.rental_id)
    if rental.status != RentalStatus.READY:
        raise TransitionNotAllowed(event="swap", status=rental.status, allowed=allowed_events(RENTAL, rental.status))
    claim = set_aside(reservation_id=part.reservation_id, serial=serial)
    _note_swap(order, rental, str(claim.unit), actor=actor)
    return rental


@transaction.atomic
def swap_unit(*, rental_id: UUID, actor: str, serial: str) -> Rental:
    """Give a prepared rental another unit; one that stands ready for somebody else changes places with its own.

    Locks: the orders concerned, in id order, stock levels, reservations. Raises: TransitionNotAllowed, UnitNotFree.
    """
    mine = Rental.objects.only("period").get(pk=rental_id)
    ready = Rental.objects.filter(unit__serial=serial, status=RentalStatus.READY, unit=F("reservation__unit"))
    other = ready.filter(period__overlap=mine.period).exclude(pk=rental_id).first()
    order, rental = _lock_and_let_go_of_lost(rental_id, actor=actor, also=[other.pk] if other else [])
    if rental.status != RentalStatus.READY:
        raise TransitionNotAllowed(event="swap", status=rental.status, allowed=allowed_events(RENTAL, rental.status))
    if other is None or not _share_days(rental, other):
        rental.unit = set_aside(reservation_id=rental.reservation_id, serial=serial).unit
        rental.save(update_fields=["unit"])
        _note_swap(order, rental, str(rental.unit), actor=actor)
        return rental
    order_of_other, other = lock_rental(other.pk)
    if other.status != RentalStatus.READY or other.unit is None or other.unit.serial != serial:
        raise UnitNotFree("Somebody else changed this meanwhile; look again.")
    exchange_units(one_id=rental.reservation_id, other_id=other.reservation_id)
    rental.unit, other.unit = other.unit, rental.unit
    Rental.objects.bulk_update([rental, other], ["unit"])
    _note_swap(order, rental, str(rental.unit), actor=actor)
    _note_swap(order_of_other, other, str(other.unit), actor=actor)
    return rental


@transaction.atomic
def choose_anew(*, reservation_id: UUID) -> Rental | None:
    """Give a rental another unit from which one that stood ready was taken, of a part too: it broke, was lost or
    retired.

    Where none is free it is booked again, to be prepared; whether it can be served at all is found by a review of
    promises. Safe to repeat. Locks: order, stock levels, reservations.
    Raises: TransitionNotAllowed when its order is over.
    """
    mine = Q(reservation=reservation_id) | Q(parts__reservation=reservation_id)
    rental_id = Rental.objects.filter(mine).values_list("pk", flat=True).first()
    if rental_id is None:
        return None
    order, rental = lock_rental(rental_id)
    is_lost = rental.unit_id != rental.reservation.unit_id
    if rental.status != RentalStatus.READY or (not is_lost and is_complete(rental)):
        return rental
    kept, taken = rental.unit, str(rental.unit) if is_lost else "a part"
    put_all_down(rental)
    move_rental(order, rental, "unprepare", actor=CLOCK, note=f"{taken} had to be taken from it", unit=None)
    try:
        with transaction.atomic():
            claim = set_aside(reservation_id=rental.reservation_id, serial="" if is_lost else str(kept))
            set_parts_aside(rental)
    except UnitNotFree:
        return rental
    return move_rental(order, rental, "prepare", actor=CLOCK, note=str(claim.unit), unit=claim.unit)


@transaction.atomic
def hand_over_rental(
    *,
    rental_id: UUID,
    actor: str,
    note: str = "",
    without_deposit: str = "",
    serial: str = "",
    swap: bool = False,
    look: Look | None = None,
    carrier: str = "",
    tracking_number: str = "",
) -> Rental:
    """Give the prepared unit to the customer, or to the carrier of a delivery; of what is shipped the customer is told.

    carrier, tracking_number: of a delivery, both or neither. without_deposit: why, if it is to leave although the
    deposit is not secured. serial: what was scanned; swap: if that is another unit than the prepared one, it goes
    instead (`swap_unit`). look: how it looked; a point that is not in order needs a note.
    Locks: the orders concerned, in id order, stock levels, reservations, unit.
    Raises: TransitionNotAllowed, NothingPaid, DepositNotSecured, WrongUnit, ChecklistOpen, PhotoUnsuitable,
    UnitNotFree, ShipmentUnsuitable.
    """
    photos = cleaned(look.photos) if look is not None else []
    order, rental = _lock_and_let_go_of_lost(rental_id, actor=actor) if not swap else _swapped(rental_id, serial, actor)
    _require_paid(order)
    event = "ship" if order.fulfilment == Fulfilment.DELIVERY else "hand_over"
    next_status(RENTAL, event, rental.status)
    tracked = _tracked(order, carrier, tracking_number)
    _require_unit(rental, serial)
    if order.deposit_plan and order.deposit_secured_at is None:
        if not without_deposit:
            raise DepositNotSecured
        note = f"without its deposit: {without_deposit}. {note}".rstrip()
    if look is not None:
        _require_in_order(rental, look, note=note)
        rental.condition_report = _report(rental, "handed_over", look, note)
    claim = ship(reservation_id=rental.reservation_id, unit_id=rental.unit_id)
    ship_parts(rental)
    moved = move_rental(
        order,
        rental,
        event,
        actor=actor,
        note=note,
        handed_over_at=timezone.now(),
        condition_report=rental.condition_report,
        period=claim.period,
        carrier=tracked.carrier,
        tracking_number=tracked.number,
    )
    _keep_photos(rental, RentalPhoto.Moment.HANDED_OVER, photos)
    if event == "ship":
        tell_soon("shipped", order_id=order.pk, about=rental.pk)
    return moved


@transaction.atomic
def take_back_rental(
    *,
    rental_id: UUID,
    actor: str,
    condition: str,
    note: str = "",
    checked: Collection[str] | None = None,
    photos: Sequence["File[bytes]"] = (),
    posted_on: date | None = None,
    missing: Collection[str] = (),
) -> Rental:
    """Take a unit back in the condition it is in (A to D); it goes to cleaning. Days that it is late are charged.

    posted_on: the day on which it was posted, if it came by parcel; the customer's word counts when it is the same day,
    else no later day is late, and what was charged for one is credited. checked: the points of the checklist that are
    in order; None: it was not gone through. photos: up to 6. missing: serials of parts of a bundle that are not here:
    they are written off, and claimed as damage where that is due.
    Locks: order, stock levels, reservations, units.
    Raises: TransitionNotAllowed, InvalidInput, HoldLapsed, PhotoUnsuitable.
    """
    look, kept = Look(condition, checked), cleaned(photos)
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "take_back", rental.status)
    rental.posted_back_at = _posted_at(order, rental, posted_on)
    charge_late_days_of(order, rental, at=timezone.now())
    credit_late_days_of(order, rental)
    turnaround = rental.line.rental_terms.buffers.turnaround_days
    lock_claims([rental.pk])
    claim = take_in(reservation_id=rental.reservation_id, condition=condition, turnaround_days=turnaround)
    take_parts_in(rental, turnaround_days=turnaround, missing=missing)
    if missing:
        note = f"without {', '.join(sorted(missing))}. {note}".rstrip()
    moved = move_rental(
        order,
        rental,
        "take_back",
        actor=actor,
        note=f"condition {condition}. {note}".rstrip(),
        returned_at=timezone.now(),
        condition_report=_report(rental, "returned", look, note),
        period=claim.period,
        posted_back_at=rental.posted_back_at,
    )
    _keep_photos(rental, RentalPhoto.Moment.TAKEN_BACK, kept)
    return moved


@transaction.atomic
def close_rental(*, rental_id: UUID, actor: str, fit: bool = True, note: str = "") -> Rental:
    """After inspection: the unit goes back on the shelf, or to maintenance when not fit; the parts of a bundle that
    came back go on the shelf.

    Locks: order, stock levels, reservations, units.
    """
    order, rental = lock_rental(rental_id)
    lock_claims([rental.pk])
    found = "fit for the next" if fit else "to maintenance"
    moved = move_rental(order, rental, "close", actor=actor, note=f"{found}. {note}".rstrip())
    if rental.unit_id is not None:
        put_back(unit_id=rental.unit_id, fit=fit)
    put_parts_back(rental)
    settle_soon(order.pk)  # it may be done and balanced
    return moved


@transaction.atomic
def prepare_sale(*, line_id: UUID, actor: str) -> OrderLine:
    """Pack what was bought. Locks: order. Raises: TransitionNotAllowed, NothingPaid."""
    order, line = _lock_line(line_id)
    _require_paid(order)
    return move_sale(order, line, "prepare", actor=actor)


@transaction.atomic
def deliver_sale(
    *, line_id: UUID, actor: str, note: str = "", carrier: str = "", tracking_number: str = ""
) -> OrderLine:
    """Hand what was bought to the customer or the carrier; of what is shipped the customer is told.

    carrier, tracking_number: both or neither. Locks: order, reservation.
    Raises: TransitionNotAllowed, NothingPaid, ShipmentUnsuitable.
    """
    order, line = _lock_line(line_id)
    _require_paid(order)
    lock_reservations(reservations_of_line(line))
    event = "ship" if order.fulfilment == Fulfilment.DELIVERY else "collect"
    tracked = _tracked(order, carrier, tracking_number)
    moved = move_sale(
        order, line, event, actor=actor, note=note, delivered_at=timezone.now(), carrier=tracked.carrier,
        tracking_number=tracked.number,
    )  # fmt: skip
    if event == "ship":
        tell_soon("shipped", order_id=order.pk, about=line.pk)
    if line.reservation_id is not None:
        ship(reservation_id=line.reservation_id)
        ship_parts(line)
    settle_soon(order.pk)  # it may be done and balanced
    return moved


def _tracked(order: Order, carrier: str, tracking_number: str) -> Tracked:
    """Raises: ShipmentUnsuitable, also for what nobody ships."""
    tracked = tracked_by(carrier, tracking_number)
    if tracked.carrier and order.fulfilment != Fulfilment.DELIVERY:
        raise ShipmentUnsuitable
    return tracked


def _when_posted(first: date | None, today: date) -> str:
    if first is None or first > today:
        return "It was only just shipped, and cannot have been posted back yet: leave this empty."
    return f"Name a day from {first} until today."


def _posted_at(order: Order, rental: Rental, posted_on: date | None) -> datetime | None:
    """When a unit was posted back: as its customer told, unless it was on another day. Raises: InvalidInput."""
    zone, told = order.depot.time_zone, rental.posted_back_at
    if posted_on is None or (told is not None and today_in(zone, told) == posted_on):
        return told
    first, today = rental.posted_back_from(zone), today_in(zone)
    if first is None or not first <= posted_on <= today:
        raise InvalidInput([FieldError("/posted_on", _when_posted(first, today), "out_of_range")])
    return start_of_day(posted_on, zone)


def _swapped(rental_id: UUID, serial: str, actor: str) -> tuple[Order, Rental]:
    """The rental with the unit that was scanned. Its order and those concerned are locked."""
    standing = Rental.objects.filter(pk=rental_id).values_list("unit__serial", flat=True).first()
    if serial in ("", standing):
        return _lock_and_let_go_of_lost(rental_id, actor=actor)
    swap_unit(rental_id=rental_id, actor=actor, serial=serial)
    return lock_rental(rental_id)


def _require_unit(rental: Rental, serial: str) -> None:
    """Raises: WrongUnit when another unit was scanned than the one that stands ready."""
    expected = rental.unit.serial if rental.unit is not None else ""
    if serial not in ("", expected):
        raise WrongUnit(
            f"This is {serial}; {expected} stands ready for this rental.", expected=expected, scanned=serial
        )


def _points(rental: Rental) -> tuple[Point, ...]:
    return points_of(Variant.objects.select_related("container").get(pk=rental.line.variant_id).container.kind)


def _require_in_order(rental: Rental, look: Look, *, note: str) -> None:
    missing = [point for point in _points(rental) if look.checked is not None and point.code not in look.checked]
    if missing and not note:
        said = "; ".join(point.text for point in missing)
        raise ChecklistOpen(
            f"Not in order: {said}. Write in the note why it goes out all the same.",
            missing=[point.code for point in missing],
        )


def _report(rental: Rental, when: str, look: Look, note: str) -> dict[str, object]:
    """The condition report of a rental with this look added. when: "handed_over" or "returned"."""
    told: dict[str, object] = {f"{when}_condition": look.condition, f"{when}_note": note}
    if look.checked is not None:
        told[f"{when}_checks"] = {point.code: point.code in look.checked for point in _points(rental)}
    return {**rental.condition_report, **told}


def _keep_photos(rental: Rental, moment: RentalPhoto.Moment, photos: Sequence["File[bytes]"]) -> None:
    for photo in photos:
        RentalPhoto.objects.create(rental=rental, moment=moment, image=photo)


def _lock_and_let_go_of_lost(rental_id: UUID, *, actor: str, also: Collection[UUID] = ()) -> tuple[Order, Rental]:
    """A rental to be given a unit, locked; others that only seem to have one are to be prepared again.

    Inventory takes a unit that breaks from the claim it stood ready for, and cannot tell the rental, which lives above.
    """
    lost = list(_ready_without_unit(rental_id).values_list("pk", flat=True))
    lock_orders(Rental.objects.filter(pk__in=[rental_id, *lost, *also]))
    lock_claims([rental_id, *lost, *also])
    for other in _ready_without_unit(rental_id).filter(pk__in=lost).select_related("line__order", "unit"):
        note = f"{other.unit} had to be taken from it"
        move_rental(other.line.order, other, "unprepare", actor=actor, note=note, unit=None)
        put_all_down(other)
    return lock_rental(rental_id)


def _ready_without_unit(rental_id: UUID) -> QuerySet[Rental]:
    """Others of this rental's pool that are called ready, though their unit is not set aside for them any more."""
    mine = Rental.objects.filter(pk=rental_id)
    ready = Rental.objects.filter(status=RentalStatus.READY).exclude(unit=F("reservation__unit"))
    return ready.exclude(pk=rental_id).filter(
        reservation__variant__in=mine.values("reservation__variant"),
        reservation__depot__in=mine.values("reservation__depot"),
    )


def _lock_line(line_id: UUID) -> tuple[Order, OrderLine]:
    order, line = lock_line(line_id)
    return require_confirmed(order), line


def _share_days(one: Rental, other: Rental) -> bool:
    return bool(one.period.lower < other.period.upper and other.period.lower < one.period.upper)


def _note_swap(order: Order, rental: Rental, serial: str, *, actor: str) -> None:
    record(order, "swap", rental.status, rental.status, actor=actor, note=serial, subject=f"rental {rental.pk}")


def _require_paid(order: Order) -> None:
    """Nothing leaves for an order of which everything was refunded before. Raises: NothingPaid."""
    if is_all_credited(order) and not has_left(order):
        raise NothingPaid
