"""What a customer changes about a rental that is theirs: how long they have it, and whether it comes back."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.errors import FieldError, InvalidInput
from inventory.errors import OutOfStock
from inventory.models import Depot
from inventory.services import change_days, part_with, put_down
from orders.errors import ExtensionNotPossible, KeepNotOffered, PriceChanged
from orders.models import Charge, ChargeKind, Order, Rental
from orders.outlook import Outlook, keep_minor
from orders.services.history import lock_rental, move_rental
from orders.services.lateness import charge_late_days_of
from orders.services.soon import settle_soon
from orders.states import RENTAL, RentalStatus, next_status


@transaction.atomic
def extend_rental(*, rental_id: UUID, end_on: date, actor: str, seen_minor: int | None = None) -> Rental:
    """Let a rental last until `end_on`, both included; the difference in rent is charged, by the terms of its quote.

    However many steps an extension takes, it costs the same. A unit that stood ready is prepared again.
    seen_minor: what the customer was told that it costs.
    Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, InvalidInput, ExtensionNotPossible, PriceChanged.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "extend", rental.status)
    if end_on <= rental.end_on:
        detail = f"It lasts until {rental.end_on} already; name a later day."
        raise InvalidInput([FieldError("/end_on", detail, "not_later")])
    outlook = Outlook(rental, Depot.objects.with_closures().get(pk=order.depot_id))
    outlook.require(end_on)
    price = outlook.price_minor(end_on)
    if seen_minor is not None and seen_minor != price:
        raise PriceChanged(price, order.currency)
    try:
        claim = change_days(reservation_id=rental.reservation_id, days=outlook.days(end_on))
    except OutOfStock as taken:
        raise ExtensionNotPossible("next_booking", end_on) from taken
    if rental.status == RentalStatus.READY and claim.unit_id is None:
        note = "its days changed: choose a unit again"
        move_rental(order, rental, "unprepare", actor=actor, note=note, unit=None)
        put_down(reservation_id=rental.reservation_id)
    note = f"until {end_on}"
    move_rental(
        order, rental, "extend", actor=actor, note=note, end_on=end_on, period=claim.period, late_reported_on=None
    )
    if price:
        _charge(order, rental, ChargeKind.EXTENSION, price, reason=f"extended until {end_on}", actor=actor)
    settle_soon(order.pk)
    return rental


@transaction.atomic
def keep_rental(*, rental_id: UUID, actor: str, seen_minor: int | None = None) -> Rental:
    """Sell a rented unit to whoever has it: for its price of the day it was quoted, less the credit for rent and less
    the late fees charged. Ends the rental and sells the unit in one transaction; the deposit pays what is owed first.

    seen_minor: what the customer was told that it costs.
    Locks: order, stock level, reservation, unit. Raises: NotFound, TransitionNotAllowed, KeepNotOffered, PriceChanged.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "keep", rental.status)
    charge_late_days_of(order, rental, at=timezone.now())
    price = keep_minor(rental)
    if price is None:
        raise KeepNotOffered
    if seen_minor is not None and seen_minor != price:
        raise PriceChanged(price, order.currency)
    claim = part_with(reservation_id=rental.reservation_id, event="sell")
    move_rental(order, rental, "keep", actor=actor, period=claim.period)
    if price:
        _charge(order, rental, ChargeKind.KEEP, price, reason="kept by the customer", actor=actor)
    settle_soon(order.pk)
    return rental


@transaction.atomic
def lose_rental(*, rental_id: UUID, actor: str, note: str) -> Rental:
    """Write off a unit that will not come back. What the customer owes for it is charged apart (add_charge).

    Locks: order, stock level, reservation, unit. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "lose", rental.status)
    charge_late_days_of(order, rental, at=timezone.now())
    claim = part_with(reservation_id=rental.reservation_id, event="lose")
    move_rental(order, rental, "lose", actor=actor, note=note, period=claim.period)
    settle_soon(order.pk)
    return rental


def _charge(order: Order, rental: Rental, kind: ChargeKind, amount_minor: int, *, reason: str, actor: str) -> None:
    Charge.objects.create(
        order=order, line_id=rental.line_id, rental=rental, kind=kind, amount_minor=amount_minor, reason=reason,
        actor=actor,
    )  # fmt: skip
