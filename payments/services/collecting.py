"""Money coming in: one live payment for each purpose, and one way to confirm it."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from core.errors import NotFound
from core.logging import get_logger
from core.postgres.prepared import Given, PreparedUpdate
from orders.models import Order
from orders.services import mark_order_paid, settle_later, settle_soon
from orders.states import OrderStatus
from payments.models import Mail, Payment
from payments.providers.base import (
    RemotePayment,
    RemoteStatus,
)
from payments.providers.registry import get_provider
from payments.selectors import balance, is_paid_in_full
from payments.services.customers import keep_card
from payments.services.deposit_states import (
    follow_payment,
    plan_deposit,
)
from payments.services.documents import issue_soon
from payments.services.locking import lock_payment
from payments.services.mailing import mail_soon
from payments.services.parking import park
from payments.states import LIVE, ParkedBy, PaymentStatus

log = get_logger(__name__)

ITS_OWNERS_TURN = timedelta(minutes=30)  # an open payment is its owner's that long; then the kept card is asked
_TIME_TO_TURN = timedelta(minutes=1)  # from a page to the sheet
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


def change_amount(payment: Payment, amount_minor: int) -> None:
    """Have an open payment of a locked order changed the next time the gateway is asked (services.asking).

    What counts is what it will have captured: an answer may be lost, and its owner may pay meanwhile.
    """
    if payment.provider_ref is None or payment.changing_to_minor is not None:
        return  # not made yet, or a change that must end first: the next call looks again
    payment.changing_to_minor = amount_minor
    payment.changes += 1
    payment.save(update_fields=["changing_to_minor", "changes"])


def apply_payment(*, provider_ref: str) -> Payment | None:
    """Read a payment again at the gateway and let our row and its order follow. The only way to confirm an order.

    Any order of events and any number of repeats give the same end. None: it is a stray of ours and nothing was
    captured. Network, then one transaction. Raises: ProviderUnavailable, ProviderRefused; NotFound when neither the
    reference nor our id in it is known.
    """
    remote = get_provider().get_payment(provider_ref)
    # One statement: in two, the reference could be written down in between, and our own payment be taken for a stray.
    known = Q(provider_ref=provider_ref)
    if remote.payment_id is not None:  # the answer to our create call was lost, or is late
        known |= Q(provider_ref=None, pk=remote.payment_id, order__number=remote.order_number)
    payment = Payment.objects.filter(known).order_by(F("provider_ref").asc(nulls_last=True)).first()
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
    _follow_ended_page(payment, payment_status(remote))
    _follow_change(payment, remote)
    park(payment, _contradiction(order, payment, remote), by=ParkedBy.PAYMENT)
    captured = remote.captured_minor if remote.currency == payment.currency else 0
    newly_captured = captured - payment.captured_minor
    payment.provider_ref = remote.ref
    payment.status = payment_status(remote)
    payment.captured_minor = max(payment.captured_minor, captured)
    payment.last_error = remote.last_error
    payment.capture_before = remote.capture_before
    if newly_captured > 0:
        payment.succeeded_at = timezone.now()
    _SETTLED.save(payment)
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


_SETTLED = PreparedUpdate(
    lambda: Payment.objects.filter(pk=Given("pk")),
    *("provider_ref", "status", "captured_minor", "last_error", "capture_before", "succeeded_at"),
    *("amount_minor", "changing_to_minor"),
)


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
def give_up_payment(*, payment_id: UUID, closed_page: str | None = None) -> Payment:
    """Close a payment that the gateway never heard of, or whose page was closed before anybody tried to pay there.

    Locks: order, payment.
    """
    _, payment = lock_payment(payment_id)
    if payment.status in LIVE and payment.provider_ref is None and payment.page_ref == closed_page:
        payment.status = PaymentStatus.CANCELLED
        payment.save(update_fields=["status"])
        _follow_ended_page(payment, PaymentStatus.CANCELLED)
    return payment


def _follow_ended_page(payment: Payment, status: PaymentStatus) -> None:
    """An extra whose page ended unpaid is the kept card's, unless its owner has turned to the sheet."""
    if payment.is_on_page and payment.purpose == Payment.Purpose.EXTRA and status == PaymentStatus.CANCELLED:
        settle_later(payment.order_id, after=_TIME_TO_TURN)


def close_what_waits(payment: Payment) -> None:
    """Close a payment that only waits for its owner; whatever else has become of it is applied.

    Network, then a transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    _close(payment, only_waiting=True)


def close_payment(payment: Payment) -> None:
    """See to it that a payment can no longer be paid and holds nothing; what was paid meanwhile is applied.

    Network, then a transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    _close(payment, only_waiting=False)


def _close(payment: Payment, *, only_waiting: bool) -> None:
    provider, ref = get_provider(), payment.provider_ref
    if payment.page_ref:  # first, as what is paid on an open page cannot be cancelled
        ref = provider.close_page(payment.page_ref).payment_ref or ref
    if ref is None:
        give_up_payment(payment_id=payment.pk, closed_page=payment.page_ref)
        return
    if only_waiting:
        remote = provider.get_payment(ref)
        remote = provider.cancel_payment(ref) if remote.status == RemoteStatus.PENDING else remote
    else:
        remote = provider.cancel_payment(ref)
    settle_payment(payment_id=payment.pk, remote=remote)
