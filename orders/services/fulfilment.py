"""The clerk's day: prepare, hand over, take back, inspect. Every step under the order's lock."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from core.errors import NotFound
from core.queue import enqueue
from core.time import day_after, today_in
from inventory.models import Unit
from inventory.services import free_units, put_back, ship, take_in
from inventory.states import UnitStatus
from orders.errors import NothingPaid, TransitionNotAllowed, UnitUnsuitable
from orders.models import Fulfilment, Order, OrderLine, Rental
from orders.selectors import has_left, is_all_credited
from orders.services.history import lock_order, move_rental, move_sale
from orders.states import OrderStatus


@transaction.atomic
def prepare_rental(*, rental_id: UUID, actor: str, serial: str = "") -> Rental:
    """Choose the unit a rental will get, by its serial or the best that is free, and set it aside.

    Locks: order. Raises: TransitionNotAllowed, NothingPaid, UnitUnsuitable.
    """
    order, rental = _lock(rental_id)
    _require_paid(order)
    unit = _choose(rental, serial)
    try:
        with transaction.atomic():
            return move_rental(order, rental, "prepare", actor=actor, note=unit.serial, unit=unit)
    except IntegrityError as taken:
        raise UnitUnsuitable(f"{unit.serial} is promised to another rental on these days.") from taken


@transaction.atomic
def unprepare_rental(*, rental_id: UUID, actor: str, note: str = "") -> Rental:
    """Put a unit that was set aside back on the shelf, as it was the wrong one. Locks: order.

    Raises: TransitionNotAllowed.
    """
    order, rental = _lock(rental_id)
    serial = rental.unit.serial if rental.unit is not None else ""
    return move_rental(order, rental, "unprepare", actor=actor, note=f"{serial}. {note}".rstrip(), unit=None)


@transaction.atomic
def hand_over_rental(*, rental_id: UUID, actor: str, note: str = "") -> Rental:
    """Give the prepared unit to the customer. Locks: order, reservation, unit.

    Raises: TransitionNotAllowed, NothingPaid.
    """
    order, rental = _lock(rental_id)
    _require_paid(order)
    moved = move_rental(order, rental, "hand_over", actor=actor, note=note, handed_over_at=timezone.now())
    ship(reservation_id=rental.reservation_id, unit_id=rental.unit_id)
    return moved


@transaction.atomic
def take_back_rental(*, rental_id: UUID, actor: str, condition: str, note: str = "") -> Rental:
    """Take a unit back in the condition it is in (A to D); it goes to cleaning. Locks: order, reservation, unit."""
    if condition not in Unit.Condition.values:
        raise UnitUnsuitable(f"Condition is one of {', '.join(Unit.Condition.values)}.")
    order, rental = _lock(rental_id)
    terms = rental.line.explanation["rental"]
    today = today_in(order.depot.time_zone)
    moved = move_rental(
        order,
        rental,
        "take_back",
        actor=actor,
        note=f"condition {condition}. {note}".rstrip(),
        returned_at=timezone.now(),
        condition_report=rental.condition_report | {"returned_condition": condition, "returned_note": note},
        period=DateRange(min(rental.period.lower, today), day_after(today, 1 + terms["turnaround_days"])),
    )
    take_in(reservation_id=rental.reservation_id, condition=condition, turnaround_days=terms["turnaround_days"])
    return moved


@transaction.atomic
def close_rental(*, rental_id: UUID, actor: str, fit: bool = True, note: str = "") -> Rental:
    """After inspection: the unit goes back on the shelf, or to maintenance when not fit. Locks: order, unit."""
    order, rental = _lock(rental_id)
    found = "fit for the next" if fit else "to maintenance"
    moved = move_rental(order, rental, "close", actor=actor, note=f"{found}. {note}".rstrip())
    if rental.unit_id is not None:
        put_back(unit_id=rental.unit_id, fit=fit)
    _settle(order)
    return moved


@transaction.atomic
def prepare_sale(*, line_id: UUID, actor: str) -> OrderLine:
    """Pack what was bought. Locks: order. Raises: TransitionNotAllowed, NothingPaid."""
    order, line = _lock_line(line_id)
    _require_paid(order)
    return move_sale(order, line, "prepare", actor=actor)


@transaction.atomic
def deliver_sale(*, line_id: UUID, actor: str, note: str = "") -> OrderLine:
    """Hand what was bought to the customer or the carrier. Locks: order, reservation.

    Raises: TransitionNotAllowed, NothingPaid.
    """
    order, line = _lock_line(line_id)
    _require_paid(order)
    event = "ship" if order.fulfilment == Fulfilment.DELIVERY else "collect"
    moved = move_sale(order, line, event, actor=actor, note=note)
    if line.reservation_id is not None:
        ship(reservation_id=line.reservation_id)
    _settle(order)
    return moved


def _lock(rental_id: UUID) -> tuple[Order, Rental]:
    order_id = Rental.objects.filter(pk=rental_id).values_list("line__order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such rental.")
    order = _confirmed(lock_order(order_id=order_id))
    rental = Rental.objects.select_related("line__order__depot", "reservation", "unit").get(pk=rental_id)
    order.depot = rental.line.order.depot
    return order, rental


def _lock_line(line_id: UUID) -> tuple[Order, OrderLine]:
    order_id = OrderLine.objects.filter(pk=line_id, kind=OrderLine.Kind.SALE).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such sale line.")
    order = _confirmed(lock_order(order_id=order_id))
    return order, OrderLine.objects.get(pk=line_id)


def _confirmed(order: Order) -> Order:
    if order.status != OrderStatus.CONFIRMED:
        raise TransitionNotAllowed(event="hand over", status=f"{order.status} (the order)", allowed=[])
    return order


def _require_paid(order: Order) -> None:
    """Nothing leaves for an order of which everything was refunded before (ADR 10). Raises: NothingPaid."""
    if is_all_credited(order) and not has_left(order):
        raise NothingPaid


def _choose(rental: Rental, serial: str) -> Unit:
    """The unit named, or the best free one: on the shelf, of the right kind, not promised for these days."""
    days = (rental.period.lower, rental.period.upper)
    pool = {"variant_id": rental.reservation.variant_id, "depot_id": rental.reservation.depot_id}
    promised = set(
        Rental.objects.filter(status__in=Rental.KEEPS_UNIT, period__overlap=DateRange(*days), unit__isnull=False)
        .exclude(pk=rental.pk)
        .values_list("unit_id", flat=True)
    )
    free = [unit for unit in free_units(**pool, period=days) if unit.pk not in promised]
    if serial:
        free = [unit for unit in free if unit.serial == serial]
    if not free:
        raise UnitUnsuitable(_why_not(rental, serial, promised))
    return free[0]


def _why_not(rental: Rental, serial: str, promised: Collection[int]) -> str:
    """What is wrong with the unit that was named, or with all of them."""
    pool = rental.reservation
    if not serial:
        return f"No unit of {rental.line.sku} is free at {pool.depot.code} on these days."
    unit = Unit.objects.select_related("variant", "depot").filter(serial=serial).first()
    if unit is None:
        return f"There is no unit {serial}. Look at the label again."
    if unit.variant_id != pool.variant_id:
        return f"{serial} is of {unit.variant.sku}; this rental is for {rental.line.sku}."
    if unit.depot_id != pool.depot_id:
        return f"{serial} belongs to {unit.depot.code}; this rental is handed out at {pool.depot.code}."
    return f"{serial} is {_where(unit, promised)}."


def _where(unit: Unit, promised: Collection[int]) -> str:
    """What keeps a unit of the right kind and depot from being had."""
    if unit.status != UnitStatus.AVAILABLE and unit.pk not in promised:
        return f"not on the shelf: {unit.get_status_display().lower()}"
    return "promised to another rental on these days" if unit.pk in promised else "down on some of these days"


def _settle(order: Order) -> None:
    """Payments looks whether the order is done and balanced."""
    enqueue("payments.settle_order", lock=f"order:{order.pk}", order_id=str(order.pk))
