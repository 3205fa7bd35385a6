"""An order that its customer or the shop calls off."""

from uuid import UUID

from django.db import transaction

from orders.errors import PartlyHandedOver
from orders.models import Order
from orders.outlook import cancellation_of, require_seen
from orders.selectors import has_left
from orders.services.history import lock_order, move
from orders.services.placing import give_back
from orders.states import ORDER, OrderStatus, next_status


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
    require_seen(seen_minor, cancellation.credit_minor, order.currency)
    move(order, "cancel", actor=actor, note=note)
    give_back(order, actor=actor, reason="order cancelled", but={} if in_full else cancellation.kept_of_lines)
    return order
