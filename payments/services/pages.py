"""Pages of the gateway's on which customers pay: one for each payment that is paid so (ADR 20)."""

from uuid import UUID

from django.db import transaction

from orders.states import OrderStatus
from payments.models import Payment
from payments.providers.base import RemotePage
from payments.providers.registry import get_provider
from payments.services.collecting import apply_payment, close_what_waits
from payments.services.locking import lock_payment
from payments.states import LIVE, PaymentStatus

_DEAD = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)


@transaction.atomic
def keep_page(*, payment_id: UUID, page: RemotePage) -> Payment:
    """Write down the page a payment is paid on, before anybody sees it; not for one that ended meanwhile.

    The caller looks at `page_ref`. Safe to repeat. Locks: order, payment.
    """
    order, payment = lock_payment(payment_id)
    if payment.page_ref is None and payment.status in LIVE and order.status not in _DEAD:
        payment.page_ref = page.ref
        payment.status = PaymentStatus.PENDING if payment.status == PaymentStatus.CREATED else payment.status
        payment.save(update_fields=["page_ref", "status"])
    return payment


def apply_page(*, page_ref: str) -> Payment | None:
    """Read a page again at the gateway, and let the payment on it follow; with a page that ended unpaid it ends.

    Any order of events and any number of repeats give the same end. None: nobody of ours pays on it. Network, then
    transactions. Raises: as `apply_payment`.
    """
    page = get_provider().get_page(page_ref)
    payment = apply_payment(provider_ref=page.payment_ref) if page.payment_ref else None
    mine = Payment.objects.filter(page_ref=page_ref).first()
    if mine is not None and not page.is_open and mine.status in (PaymentStatus.CREATED, PaymentStatus.PENDING):
        close_what_waits(mine)
        mine.refresh_from_db()
    return mine or payment
