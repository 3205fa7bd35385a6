"""What is owed beyond the price: paid from the kept card, or asked for."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from core.logging import get_logger
from orders.services import is_delivered, lock_order
from orders.states import OrderStatus
from payments.models import Deposit, Dispute, GatewayCustomer, Payment
from payments.providers.base import KeySpent, NewPayment, ProviderRefused
from payments.providers.registry import get_provider
from payments.selectors import owed
from payments.services.collecting import give_up_payment, settle_payment
from payments.states import DEPOSIT_LIVE, LIVE, DisputeDecision, PaymentStatus

log = get_logger(__name__)


def collect_extra(*, order_id: UUID) -> Payment | None:
    """Collect from the kept card what an order that is over still owes after its deposit; once for each amount owed.

    A card that says no leaves the payment open for the customer (purpose "extra"), who is asked to pay it. None:
    nothing is owed, or somebody is at it. Network between transactions. Raises: ProviderUnavailable.
    """
    opened = _open(order_id)
    if opened is None:
        return None
    payment, new, card_ref = opened
    try:
        remote = get_provider().charge_card(new, card_ref=card_ref)
    except KeySpent:
        Payment.objects.filter(pk=payment.pk).update(attempts=F("attempts") + 1)
        raise
    except ProviderRefused as no:  # the card itself is not usable any more; nothing was made there
        log.warning("extra_not_collected", payment=str(payment.pk), code=no.code)
        return give_up_payment(payment_id=payment.pk)
    return settle_payment(payment_id=payment.pk, remote=remote)


@transaction.atomic
def _open(order_id: UUID) -> tuple[Payment, NewPayment, str] | None:
    """Locks: order."""
    order = lock_order(order_id=order_id)
    due = owed(order_id)
    waits_for_deposit = Deposit.objects.filter(order=order, status__in=DEPOSIT_LIVE).exists()
    if due <= 0 or order.status != OrderStatus.CONFIRMED or waits_for_deposit or not is_delivered(order):
        return None
    card = GatewayCustomer.objects.filter(user=order.customer_id).exclude(card_ref="").first()
    extra = Payment.objects.filter(order=order, purpose=Payment.Purpose.EXTRA)
    live = extra.filter(status__in=LIVE).first()
    given_up = extra.filter(status=PaymentStatus.CANCELLED, amount_minor=due)
    asked = Dispute.objects.filter(payment__order=order, decision=DisputeDecision.ASK)
    if card is None or asked.exists() or (live and live.provider_ref) or given_up.exists():
        return None
    payment = live or Payment.objects.create(
        order=order, purpose=Payment.Purpose.EXTRA, amount_minor=due, currency=order.currency
    )
    new = NewPayment(
        key=payment.key,
        payment_id=payment.pk,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_number=order.number,
        customer_ref=card.provider_ref,
    )
    return payment, new, card.card_ref
