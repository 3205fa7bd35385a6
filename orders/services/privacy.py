"""What orders know of a customer: see `accounts.privacy`."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from orders.models import Order, Quote
from orders.selectors import has_left, order_answer, order_events
from orders.services.cancelling import cancel_order
from orders.services.changes import is_delivered
from orders.services.feeds import close_feed
from orders.states import OrderStatus

_TO_CANCEL = (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED)


def what_keeps(*, user_id: UUID) -> Iterator[str]:
    """A carrier that is out, or not yet inspected. Locks: quotes, so that no order is placed, then orders."""
    list(Quote.objects.select_for_update().filter(customer=user_id).order_by("id").values_list("pk"))
    for order in _open_orders(user_id):
        if has_left(order) and not is_delivered(order):
            yield f"Order {order.number}: something is still out, or not looked at yet; bring it back first."


def forget(*, user_id: UUID) -> None:
    """Cancel what has not begun; addresses, unused quotes and the calendar go. Locks: orders, reservations."""
    for order in _open_orders(user_id):
        if not has_left(order):
            cancel_order(order_id=order.pk, actor=f"customer:{user_id}", note="account closed")
    mine = Quote.objects.filter(customer=user_id)
    mine.filter(order=None).delete()
    mine.update(address=None)
    Order.objects.filter(customer=user_id).update(address=None)
    close_feed(customer_id=user_id)


def export(*, user_id: UUID) -> dict[str, Any]:
    orders = Order.objects.filter(customer=user_id).order_by("placed_at")
    return {
        "orders": [
            {**order_answer(order), "address": order.address, "history": order_events(order)}
            for order in orders.with_lines()
        ]
    }


def _open_orders(user_id: UUID) -> list[Order]:
    """Locked, in id order."""
    mine = Order.objects.filter(customer=user_id, status__in=_TO_CANCEL)
    return list(mine.select_for_update(of=("self",)).with_lines().order_by("id"))
