"""The lock that every move of money takes first (docs/locking.md)."""

from uuid import UUID

from core.postgres.prepared import Given, Prepared
from orders.models import Order
from payments.models import Payment


def lock_payment(payment_id: UUID) -> tuple[Order, Payment]:
    """A payment and its order, locked in this order; `payment.order` is the locked one."""
    order = _ORDER.first(payment=payment_id)
    payment = _PAYMENT.first(id=payment_id)
    if order is None or payment is None:
        raise Payment.DoesNotExist
    payment.order = order
    return order, payment


_ORDER = Prepared(lambda: Order.objects.filter(payments=Given("payment")).order_by().select_for_update(of=("self",)))
_PAYMENT = Prepared(lambda: Payment.objects.filter(pk=Given("id")).order_by().select_for_update())
