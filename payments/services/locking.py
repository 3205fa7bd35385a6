"""The lock that every move of money takes first (docs/locking.md)."""

from uuid import UUID

from orders.models import Order
from orders.services import lock_order
from payments.models import Payment


def lock_payment(payment_id: UUID) -> tuple[Order, Payment]:
    """A payment and its order, locked in this order; `payment.order` is the locked one."""
    order = lock_order(order_id=Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    payment.order = order
    return order, payment
