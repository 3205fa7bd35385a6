"""What payments know of a customer: see `accounts.privacy`."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from core.money import format_minor
from core.queue import enqueue
from orders.models import Order
from orders.states import OrderStatus
from payments.models import GatewayCustomer, Payment
from payments.providers.registry import get_provider
from payments.selectors import owed, statement
from payments.states import NOT_OVER

_KEPT = (OrderStatus.CONFIRMED, OrderStatus.COMPLETED)


def what_keeps(*, user_id: UUID) -> Iterator[str]:
    """Money that is owed: a debt has a name. Locks nothing of its own: orders holds their rows."""
    for order in Order.objects.filter(customer=user_id, status__in=_KEPT).order_by("id"):
        if (minor := owed(order.pk)) > 0:
            yield f"Order {order.number}: {format_minor(minor, order.currency)} is still owed; pay it first."


def forget(*, user_id: UUID) -> None:
    """The kept card is charged no more, and a job has the gateway forget its owner. Receipts stay, as the law asks."""
    GatewayCustomer.objects.filter(user=user_id).update(card_ref="", card_kept_at=None)
    enqueue("payments.forget_gateway_customers", once="payments.forget_gateway_customers")


def export(*, user_id: UUID) -> dict[str, Any]:
    orders = Order.objects.filter(customer=user_id).order_by("placed_at")
    return {
        "statements": [
            {
                "order": order.number,
                "currency": order.currency,
                "entries": [{"at": entry.at, "text": entry.text, "amount_minor": entry.amount_minor} for entry in told],
                "documents": list(
                    order.documents.order_by("id").values("number", "issued_on", "total_minor", "customer")
                ),
            }
            for order in orders
            if (told := statement(order).entries)
        ]
    }


def forget_gateway_customers() -> int:
    """Have the gateway forget the customers who closed their account, once nothing of theirs can be paid any more.

    Returns how many. Safe to repeat. Network, outside any transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    open_ones = Payment.objects.filter(order__customer=OuterRef("user"), status__in=NOT_OVER)
    forgotten = 0
    for customer in GatewayCustomer.objects.filter(~Exists(open_ones), user__closed_at__isnull=False).order_by("id"):
        get_provider().forget_customer(customer.provider_ref)
        customer.delete()
        forgotten += 1
    return forgotten
