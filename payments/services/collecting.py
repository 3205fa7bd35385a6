"""Money coming in: one live payment for each purpose, and one way to confirm it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.errors import NotFound
from core.logging import get_logger
from orders.errors import OrderExpired, TransitionNotAllowed
from orders.models import Order
from orders.services import mark_order_paid, ready_for_more, ready_for_payment, settle_soon
from orders.states import OrderStatus
from payments.errors import NothingToPay, PaymentProviderUnavailable, PaymentRefused
from payments.models import Deposit, Mail, Payment
from payments.providers.base import (
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RemotePayment,
    RemoteStatus,
)
from payments.providers.registry import get_provider
from payments.selectors import balance, is_paid_in_full, needs_securing, owed
from payments.services.asking import ask_for
from payments.services.customers import customer_at_gateway, keep_card
from payments.services.deposit_states import (
    follow_payment,
    new_deposit_payment,
    open_deposit_payment,
    plan_deposit,
)
from payments.services.documents import issue_soon
from payments.services.locking import lock_payment
from payments.services.mailing import mail_soon
from payments.services.parking import park
from payments.states import DEPOSIT_LIVE, LIVE, PaymentStatus

log = get_logger(__name__)

ITS_OWNERS_TURN = timedelta(minutes=30)  # an open payment is its owner's that long; then the kept card is asked
_DEAD = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)

_STATUS = {
    RemoteStatus.PENDING: PaymentStatus.PENDING,
    RemoteStatus.PROCESSING: PaymentStatus.PROCESSING,
    RemoteStatus.AUTHORISED: PaymentStatus.AUTHORISED,
    RemoteStatus.SUCCEEDED: PaymentStatus.SUCCEEDED,
    RemoteStatus.CANCELLED: PaymentStatus.CANCELLED,
}


def payment_status(remote: RemotePayment) -> PaymentStatus:
    """The gateway's status in our words."""
    return _STATUS[remote.status]


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """What the customer's phone needs to pay."""

    payment: Payment
    client_secret: str
    publishable_key: str
    customer_session: str


def start_payment(
    *,
    order_id: UUID,
    customer_id: UUID,
    purpose: Payment.Purpose = Payment.Purpose.ORDER,
    save_card: bool | None = None,
) -> StartedPayment:
    """Open the order's one payment for this purpose, or return it, however often and from however many phones.

    The first call for the order itself extends its hold once; one that is open is changed to what is owed now.
    save_card: whether the customer agrees that the card is kept for what this order may still owe; None: as before, at
    first yes if it has a deposit. Network between two transactions; the payment's id is the key at the gateway.
    Raises: NotFound, OrderStillReserving, OrderExpired, TransitionNotAllowed, NothingToPay, PaymentRefused,
    PaymentProviderUnavailable.
    """
    payment = _open(order_id=order_id, customer_id=customer_id, purpose=purpose, save_card=save_card)
    provider = get_provider()
    try:
        customer = customer_at_gateway(user_id=customer_id)
        remote = ask_for(payment, customer_ref=customer.provider_ref)
        session = provider.open_session(customer.provider_ref)
    except ProviderUnavailable as silence:  # what a spent key may have made is no customer's to pay (ADR 6)
        raise PaymentProviderUnavailable from silence
    except ProviderRefused as no:
        raise PaymentRefused(reason=no.code) from no
    payment = settle_payment(payment_id=payment.pk, remote=remote)
    _require_ours(payment, remote)
    _require_living(payment)
    if payment.status == PaymentStatus.CANCELLED:  # somebody closed it at the gateway: the next try opens another
        raise PaymentProviderUnavailable
    return StartedPayment(payment, remote.client_secret, provider.publishable_key, session)


def _require_ours(payment: Payment, remote: RemotePayment) -> None:
    """No secret of a payment that is not the row's own, or that a person must look at first. Network for a stray.

    Raises: PaymentProviderUnavailable, PaymentRefused.
    """
    if payment.provider_ref != remote.ref:  # while we waited, an event told us of an earlier one
        try:
            explain_stray(remote)
        except ProviderError as trouble:
            raise PaymentProviderUnavailable from trouble
        raise PaymentProviderUnavailable
    if payment.parked_reason:
        raise PaymentRefused(reason="under_review")


def _require_living(payment: Payment) -> None:
    """No secret for an order that died while the gateway worked. Raises: OrderExpired, TransitionNotAllowed."""
    status = Order.objects.values_list("status", flat=True).get(pk=payment.order_id)
    if status == OrderStatus.EXPIRED:
        raise OrderExpired
    if status == OrderStatus.CANCELLED:
        raise TransitionNotAllowed(event="pay", status=status, allowed=[])


@transaction.atomic
def _open(*, order_id: UUID, customer_id: UUID, purpose: Payment.Purpose, save_card: bool | None) -> Payment:
    """The live payment row of a payable order, as it is to be. Locks: order, and what extending its hold locks."""
    ready = ready_for_payment if purpose == Payment.Purpose.ORDER else ready_for_more
    order = ready(order_id=order_id, customer_id=customer_id)
    payment = _open_deposit(order) if purpose == Payment.Purpose.DEPOSIT else _open_charges(order, purpose)
    if payment.card_ref and payment.provider_ref is None:
        return payment  # the kept card is being asked at this moment
    agreed = payment.keeps_card if save_card is None else save_card
    was_for_kept_card = bool(payment.card_ref) and not payment.changes  # from now on another one may be used, and kept
    if agreed != payment.keeps_card or (was_for_kept_card and agreed):
        payment.keeps_card = agreed
        payment.save(update_fields=["keeps_card"])
        change_amount(payment, payment.amount_minor)
    return payment


def _open_charges(order: Order, purpose: Payment.Purpose) -> Payment:
    live = Payment.objects.select_for_update().filter(order=order, purpose=purpose, status__in=LIVE).first()
    due = owed(order.pk)
    if live is not None and (due <= 0 or purpose == Payment.Purpose.ORDER):
        return live
    if due <= 0:
        raise NothingToPay
    if live is None:
        agreed = bool(order.deposit_minor)  # to what may be charged later: the terms of a rental say so
        if purpose == Payment.Purpose.EXTRA:  # its owner may leave it, and nothing else would happen to the order
            settle_soon(order.pk, after=ITS_OWNERS_TURN)
        return Payment.objects.create(
            order=order, purpose=purpose, amount_minor=due, currency=order.currency, keeps_card=agreed
        )
    if live.amount_minor != due:
        change_amount(live, due)
    return live


def change_amount(payment: Payment, amount_minor: int) -> None:
    """Have an open payment of a locked order changed the next time the gateway is asked (services.asking).

    What counts is what it will have captured: an answer may be lost, and its owner may pay meanwhile.
    """
    if payment.provider_ref is None or payment.changing_to_minor is not None:
        return  # not made yet, or a change that must end first: the next call looks again
    payment.changing_to_minor = amount_minor
    payment.changes += 1
    payment.save(update_fields=["changing_to_minor", "changes"])


def _open_deposit(order: Order) -> Payment:
    deposit = Deposit.objects.select_for_update().filter(order=order, status__in=DEPOSIT_LIVE).first()
    if deposit is None or not needs_securing(deposit):
        raise NothingToPay("There is no deposit to secure.")
    return open_deposit_payment(deposit) or new_deposit_payment(deposit)


def apply_payment(*, provider_ref: str) -> Payment | None:
    """Read a payment again at the gateway and let our row and its order follow. The only way to confirm an order.

    Any order of events and any number of repeats give the same end. None: it is a stray of ours and nothing was
    captured. Network, then one transaction. Raises: ProviderUnavailable, ProviderRefused; NotFound when neither the
    reference nor our id in it is known.
    """
    remote = get_provider().get_payment(provider_ref)
    payment = Payment.objects.filter(provider_ref=provider_ref).first()
    if payment is None:  # the answer to our create call was lost
        payment = _of_its_order(remote).filter(provider_ref=None).first()
    if payment is None:
        return explain_stray(remote)
    return settle_asked(payment, remote)


def settle_asked(payment: Payment, remote: RemotePayment) -> Payment | None:
    """Settle a payment by what the gateway answered for it; if another one was quicker to be it, this is a stray.

    Locks as settle_payment. Network for a stray. Raises: ProviderUnavailable.
    """
    settled = settle_payment(payment_id=payment.pk, remote=remote)
    return settled if settled.provider_ref == remote.ref else explain_stray(remote)


def _of_its_order(remote: RemotePayment) -> QuerySet[Payment]:
    """The row that the gateway's metadata names, if it stands under the order named there."""
    if remote.payment_id is None:
        return Payment.objects.none()
    return Payment.objects.filter(pk=remote.payment_id, order__number=remote.order_number)


def explain_stray(remote: RemotePayment) -> Payment | None:
    """What to do with a payment made for a row of ours that has another one by now: it can no longer be paid, and
    money captured there gets a row of its own, so that it counts, or goes back as overpaid.

    Network, then one transaction. Raises: ProviderUnavailable; NotFound when its order is none of ours.
    """
    named = _of_its_order(remote).first()
    if named is None or (remote.captured_minor and remote.currency != named.currency):
        if not remote.captured_minor:
            return None
        raise NotFound(f"No payment of ours is {remote.ref}.")
    if remote.status != RemoteStatus.CANCELLED and not remote.captured_minor:
        remote = get_provider().cancel_payment(remote.ref)
    return _count_stray(named.pk, remote) if remote.captured_minor else None


@transaction.atomic
def _count_stray(named_id: UUID, remote: RemotePayment) -> Payment:
    """Locks: order, payment, and what confirming locks."""
    order, named = lock_payment(named_id)
    own = Payment.objects.filter(provider_ref=remote.ref).first()
    if own is None:
        own = Payment.objects.create(
            order=order,
            purpose=named.purpose,
            deposit=named.deposit,
            captures_later=named.captures_later,
            status=PaymentStatus.SUCCEEDED,  # not live: it never stands in the way of the one that is
            amount_minor=remote.amount_minor,
            currency=remote.currency,
            provider_ref=remote.ref,
        )
        log.error("stray_payment_captured", payment=str(own.pk), of=str(named.pk), order=order.number)
    return settle_payment(payment_id=own.pk, remote=remote)


@transaction.atomic
def settle_payment(*, payment_id: UUID, remote: RemotePayment) -> Payment:
    """Write what the gateway says about a payment; captured money confirms its order or comes back.

    A payment that contradicts ours (amount, currency, order, a part) is parked for a person and confirms nothing;
    money captured there is written down all the same, so that it can go back. What is not the row's own payment
    changes nothing: the caller looks at `provider_ref`. Locks: order, payment, and what confirming locks.
    """
    order, payment = lock_payment(payment_id)
    if payment.provider_ref not in (None, remote.ref):
        return payment
    adopted = payment.provider_ref is None
    if _is_replaced(payment, remote) if adopted else _is_older(payment, remote):
        return payment
    before = payment.status, payment.captured_minor, payment.last_error
    _follow_change(payment, remote)
    park(payment, _contradiction(order, payment, remote))
    captured = remote.captured_minor if remote.currency == payment.currency else 0
    newly_captured = captured - payment.captured_minor
    payment.provider_ref = remote.ref
    payment.status = payment_status(remote)
    payment.captured_minor = max(payment.captured_minor, captured)
    payment.last_error = remote.last_error
    payment.capture_before = remote.capture_before
    if newly_captured > 0:
        payment.succeeded_at = timezone.now()
    payment.save(
        update_fields=[
            *("provider_ref", "status", "captured_minor", "last_error", "capture_before", "succeeded_at"),
            *("amount_minor", "changing_to_minor"),
        ]
    )
    if payment.status in (PaymentStatus.AUTHORISED, PaymentStatus.SUCCEEDED):
        keep_card(payment, remote)
    if payment.purpose == Payment.Purpose.DEPOSIT:
        news = before != (payment.status, payment.captured_minor, payment.last_error)
        follow_payment(order, payment, news=news)
    elif newly_captured > 0 or (payment.captured_minor and order.unpaid):
        _confirm(order)
        if payment.purpose != Payment.Purpose.ORDER:
            settle_soon(order.pk)  # what was owed is paid: it may be complete
            mail_soon(Mail.Kind.MONEY_RECEIVED, order_id=order.pk, about=payment.pk)
    elif payment.purpose == Payment.Purpose.EXTRA and payment.status == PaymentStatus.PENDING and payment.last_error:
        mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=payment.pk)
    elif adopted and order.status in _DEAD and payment.status in LIVE:  # it died while the gateway made its payment
        settle_soon(order.pk)
    return payment


def _is_older(payment: Payment, remote: RemotePayment) -> bool:
    """True when a newer answer came first: what succeeded, was cancelled or is held does not wait again."""
    if payment.status in (PaymentStatus.SUCCEEDED, PaymentStatus.CANCELLED):
        return not remote.captured_minor
    waits = remote.status in (RemoteStatus.PENDING, RemoteStatus.PROCESSING)
    if payment.status == PaymentStatus.AUTHORISED:
        return waits
    was_changed = remote.amount_minor not in (payment.amount_minor, payment.changing_to_minor)
    return waits and payment.changes > 0 and was_changed


def _is_replaced(payment: Payment, remote: RemotePayment) -> bool:
    """True when it was given up and another one is open for its purpose: what the gateway made of it is a stray."""
    if payment.status != PaymentStatus.CANCELLED or payment_status(remote) not in LIVE:
        return False
    return Payment.objects.filter(order=payment.order_id, purpose=payment.purpose, status__in=LIVE).exists()


def _follow_change(payment: Payment, remote: RemotePayment) -> None:
    """The change that was asked for was made, or can no longer be made."""
    if payment.changing_to_minor is None:
        return
    if remote.amount_minor == payment.changing_to_minor:
        payment.amount_minor, payment.changing_to_minor = remote.amount_minor, None
    elif remote.status not in (RemoteStatus.PENDING, RemoteStatus.PROCESSING):
        payment.changing_to_minor = None


def _confirm(order: Order) -> None:
    """Money is here. If all of it is, the order is confirmed; what came too late or twice is settled by a job."""
    if order.unpaid and is_paid_in_full(order):
        order = mark_order_paid(order_id=order.pk)
        if order.status == OrderStatus.CONFIRMED:
            plan_deposit(order)
            mail_soon(Mail.Kind.ORDER_CONFIRMED, order_id=order.pk, about=order.pk)
            issue_soon(order.pk)
    if not order.unpaid and (order.status != OrderStatus.CONFIRMED or balance(order.pk) < 0):
        settle_soon(order.pk)


def _contradiction(order: Order, payment: Payment, remote: RemotePayment) -> str:
    """Why this cannot be our payment; "" when it can."""
    if remote.order_number and remote.order_number != order.number:
        return f"The gateway has it under order {remote.order_number}, we under {order.number}."
    if (remote.amount_minor, remote.currency) != (payment.amount_minor, payment.currency):
        theirs = f"{remote.amount_minor} {remote.currency}"
        return f"The gateway collects {theirs}, we asked for {payment.amount_minor} {payment.currency} (minor units)."
    captured, whole = remote.captured_minor, remote.captured_minor == payment.amount_minor or payment.captures_later
    if captured and (not whole or remote.status != RemoteStatus.SUCCEEDED):
        return f"The gateway captured {captured} of {payment.amount_minor} (minor units)."
    return ""


@transaction.atomic
def give_up_payment(*, payment_id: UUID) -> Payment:
    """Close a payment that the gateway never heard of. Locks: order, payment."""
    _, payment = lock_payment(payment_id)
    if payment.status == PaymentStatus.CREATED and payment.provider_ref is None:
        payment.status = PaymentStatus.CANCELLED
        payment.save(update_fields=["status"])
    return payment


def close_what_waits(payment: Payment) -> None:
    """Close a payment that only waits for its owner; whatever else has become of it is applied.

    Network, then a transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    if payment.provider_ref is None:
        give_up_payment(payment_id=payment.pk)
        return
    remote = get_provider().get_payment(payment.provider_ref)
    if remote.status == RemoteStatus.PENDING:
        remote = get_provider().cancel_payment(payment.provider_ref)
    settle_payment(payment_id=payment.pk, remote=remote)
