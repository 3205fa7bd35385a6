"""Money coming in: one live payment for each purpose, and one way to confirm it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import NotFound
from core.logging import get_logger
from core.queue import enqueue
from orders.errors import OrderExpired, TransitionNotAllowed
from orders.models import Order
from orders.services import lock_order, mark_order_paid, ready_for_payment
from orders.states import OrderStatus
from payments.errors import NothingToPay, PaymentProviderUnavailable, PaymentRefused
from payments.models import Payment
from payments.providers.base import KeySpent, ProviderRefused, ProviderUnavailable, RemotePayment, RemoteStatus
from payments.providers.registry import get_provider
from payments.selectors import balance
from payments.states import LIVE, PaymentStatus

log = get_logger(__name__)

_DEAD = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)

_STATUS = {
    RemoteStatus.PENDING: PaymentStatus.PENDING,
    RemoteStatus.PROCESSING: PaymentStatus.PROCESSING,
    RemoteStatus.SUCCEEDED: PaymentStatus.SUCCEEDED,
    RemoteStatus.CANCELLED: PaymentStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """What the customer's phone needs to pay."""

    payment: Payment
    client_secret: str
    publishable_key: str


def start_payment(*, order_id: UUID, customer_id: UUID) -> StartedPayment:
    """Open the order's one payment, or return it: however often and from however many phones it is asked for.

    The first call extends the order's hold once. Network between two transactions; the payment's id is the key at
    the gateway. Raises: NotFound, OrderStillReserving, OrderExpired, TransitionNotAllowed, NothingToPay,
    PaymentRefused, PaymentProviderUnavailable.
    """
    payment, number = _open(order_id=order_id, customer_id=customer_id)
    provider = get_provider()
    try:
        if payment.provider_ref:
            remote = provider.get_payment(payment.provider_ref)
        else:
            remote = provider.create_payment(
                key=payment.key,
                payment_id=payment.pk,
                amount_minor=payment.amount_minor,
                currency=payment.currency,
                order_number=number,
            )
    except KeySpent as broken:  # what it may have made, nobody can pay: its secret reached no one
        Payment.objects.filter(pk=payment.pk).update(attempts=F("attempts") + 1)
        raise PaymentProviderUnavailable from broken
    except ProviderUnavailable as silence:
        raise PaymentProviderUnavailable from silence
    except ProviderRefused as no:
        raise PaymentRefused(reason=no.code) from no
    payment = settle_payment(payment_id=payment.pk, remote=remote)
    _require_living(payment)
    return StartedPayment(payment, remote.client_secret, provider.publishable_key)


def _require_living(payment: Payment) -> None:
    """No secret for an order that died while the gateway worked. Raises: OrderExpired, TransitionNotAllowed."""
    status = Order.objects.values_list("status", flat=True).get(pk=payment.order_id)
    if status == OrderStatus.EXPIRED:
        raise OrderExpired
    if status == OrderStatus.CANCELLED:
        raise TransitionNotAllowed(event="pay", status=status, allowed=[])


@transaction.atomic
def _open(*, order_id: UUID, customer_id: UUID) -> tuple[Payment, str]:
    """The live payment row of a payable order. Locks: order, and what extending its hold locks."""
    order = ready_for_payment(order_id=order_id, customer_id=customer_id)
    live = Payment.objects.filter(order=order, purpose=Payment.Purpose.ORDER, status__in=LIVE).first()
    if live is not None:
        return live, order.number
    owed = balance(order.pk)
    if owed <= 0:
        raise NothingToPay
    return Payment.objects.create(order=order, amount_minor=owed, currency=order.currency), order.number


def apply_payment(*, provider_ref: str) -> Payment:
    """Read a payment again at the gateway and let our row and its order follow. The only way to confirm an order.

    Any order of events and any number of repeats give the same end. Network, then one transaction.
    Raises: ProviderUnavailable, ProviderRefused; NotFound when neither the reference nor our id in it is known.
    """
    remote = get_provider().get_payment(provider_ref)
    payment = Payment.objects.filter(provider_ref=provider_ref).first()
    if payment is None and remote.payment_id is not None:  # the answer to our create call was lost
        payment = Payment.objects.filter(
            pk=remote.payment_id, provider_ref=None, order__number=remote.order_number
        ).first()
    if payment is None:
        raise NotFound(f"No payment of ours is {provider_ref}.")
    return settle_payment(payment_id=payment.pk, remote=remote)


@transaction.atomic
def settle_payment(*, payment_id: UUID, remote: RemotePayment) -> Payment:
    """Write what the gateway says about a payment; captured money confirms its order or comes back.

    A payment that contradicts ours (amount, currency, order) is parked for a person and changes nothing.
    Locks: order, payment, and what confirming locks.
    """
    order, payment = _lock(payment_id)
    contradiction = _contradiction(order, payment, remote)
    if contradiction:
        return _park(payment, contradiction)
    overtaken = payment.status in (PaymentStatus.SUCCEEDED, PaymentStatus.CANCELLED) and not remote.captured_minor
    if overtaken and payment.provider_ref is not None:
        return payment  # an old answer, after a newer one
    newly_captured = remote.captured_minor - payment.captured_minor
    payment.provider_ref = remote.ref
    payment.status = _STATUS[remote.status]
    payment.captured_minor = max(payment.captured_minor, remote.captured_minor)
    payment.last_error = remote.last_error
    if newly_captured > 0:
        payment.succeeded_at = timezone.now()
    payment.save(update_fields=["provider_ref", "status", "captured_minor", "last_error", "succeeded_at"])
    if newly_captured > 0:
        _confirm(order)
    elif order.status in _DEAD and payment.status in LIVE:  # the order died while the gateway made its payment
        enqueue("payments.settle_order", lock=f"order:{order.pk}", order_id=str(order.pk))
    return payment


def _confirm(order: Order) -> None:
    """The money is here: the order is confirmed, or a job wins it anew or gives the money back."""
    if mark_order_paid(order_id=order.pk).status != OrderStatus.CONFIRMED:
        enqueue("payments.settle_order", lock=f"order:{order.pk}", order_id=str(order.pk))


def _lock(payment_id: UUID) -> tuple[Order, Payment]:
    order_id = Payment.objects.values_list("order_id", flat=True).get(pk=payment_id)
    order = lock_order(order_id=order_id)
    return order, Payment.objects.select_for_update().get(pk=payment_id)


def _contradiction(order: Order, payment: Payment, remote: RemotePayment) -> str:
    """Why this cannot be our payment; "" when it can."""
    if payment.provider_ref and payment.provider_ref != remote.ref:
        return f"The gateway answers {remote.ref} for {payment.provider_ref}."
    if remote.order_number and remote.order_number != order.number:
        return f"The gateway has it under order {remote.order_number}, we under {order.number}."
    if (remote.amount_minor, remote.currency) != (payment.amount_minor, payment.currency):
        theirs = f"{remote.amount_minor} {remote.currency}"
        return f"The gateway collects {theirs}, we asked for {payment.amount_minor} {payment.currency} (minor units)."
    if remote.captured_minor > payment.amount_minor:
        return f"The gateway captured {remote.captured_minor} of {payment.amount_minor}."
    return ""


def _park(payment: Payment, reason: str) -> Payment:
    if payment.parked_reason != reason:
        payment.parked_reason = reason
        payment.save(update_fields=["parked_reason"])
        log.error("payment_parked", payment=str(payment.pk), reason=reason)
    return payment


@transaction.atomic
def give_up_payment(*, payment_id: UUID) -> Payment:
    """Close a payment that the gateway never heard of. Locks: order, payment."""
    _, payment = _lock(payment_id)
    if payment.status == PaymentStatus.CREATED and payment.provider_ref is None:
        payment.status = PaymentStatus.CANCELLED
        payment.save(update_fields=["status"])
    return payment
