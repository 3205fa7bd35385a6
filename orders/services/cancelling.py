"""An order, or one rental of it, that its customer or the shop calls off."""

from uuid import UUID

from django.db import transaction

from inventory.services import release, sync_soon
from orders.errors import PartlyHandedOver
from orders.models import Order, OrderLine, Rental
from orders.outlook import cancellation_of, rent_charged_minor, require_seen
from orders.selectors import has_left
from orders.services.history import give_credit, lock_order, lock_rental, move, move_rental
from orders.services.parts import claims_of_rentals
from orders.services.placing import give_back
from orders.services.soon import settle_soon, tell_soon
from orders.states import ORDER, RENTAL, OrderStatus, RentalStatus, SaleStatus, next_status


@transaction.atomic
def cancel_order(
    *, order_id: UUID, actor: str, note: str = "", in_full: bool = False, seen_minor: int | None = None
) -> Order:
    """Undo an order of which nothing was handed over: stock is given back, and what was charged is credited by the
    policy of its quote.

    Money that was paid follows by a job. in_full: credit everything, whatever the policy says. seen_minor: the credit
    that the customer was told. Locks: order, reservations.
    Raises: NotFound, PartlyHandedOver, TransitionNotAllowed, PriceChanged.
    """
    order = lock_order(order_id=order_id)
    if order.status == OrderStatus.CONFIRMED and has_left(order):
        raise PartlyHandedOver
    next_status(ORDER, "cancel", order.status)
    cancellation = cancellation_of(order)
    require_seen(seen_minor, cancellation.credit_minor, order.currency, pointer="/credit")
    move(order, "cancel", actor=actor, note=note)
    give_back(order, actor=actor, reason="order cancelled", but={} if in_full else cancellation.kept_of_lines)
    return order


@transaction.atomic
def call_off_rental(*, rental_id: UUID, actor: str, note: str) -> Rental:
    """End one rental that the shop cannot serve and nobody has fetched: its unit is free, all of its rent is credited,
    and its customer is told. The rest of its order goes on; where nothing else is left the order is cancelled.

    note: why, in words for the customer. Locks: order, reservations. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "call_off", rental.status)
    if _is_all_there_is(order, rental):
        cancel_order(order_id=order.pk, actor=actor, note=note, in_full=True)
        return Rental.objects.get(pk=rental_id)
    move_rental(order, rental, "call_off", actor=actor, note=note, unit=None)
    claims = claims_of_rentals([rental.pk])
    release(reservation_ids=claims)
    give_credit(order, rent_charged_minor(rental), rental=rental, reason=note, actor=actor)
    sync_soon(claims)
    settle_soon(order.pk)
    tell_soon("rental_called_off", order_id=order.pk, about=order.events.latest("pk").pk)
    return rental


def _is_all_there_is(order: Order, rental: Rental) -> bool:
    others = Rental.objects.filter(line__order=order).exclude(pk=rental.pk).select_related("line")
    sales = order.lines.filter(kind=OrderLine.Kind.SALE).exclude(status=SaleStatus.CANCELLED)
    return not any(_is_charged(other) for other in others) and not sales.exists()


def _is_charged(rental: Rental) -> bool:
    """It goes on, or its customer never came and its rent stays charged."""
    if rental.status != RentalStatus.CANCELLED:
        return True
    return rental.missed_at is not None and rent_charged_minor(rental) > 0
