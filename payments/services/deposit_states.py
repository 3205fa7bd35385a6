"""What a deposit becomes when its order or a payment of it moves. Under the order's lock, no network."""

from datetime import datetime

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from core.logging import get_logger
from core.queue import enqueue
from core.time import start_of_day
from orders.models import DepositPlan, Order, Rental
from orders.services import mark_deposit_secured
from orders.states import next_status
from payments.models import Deposit, Payment
from payments.states import DEPOSIT, DEPOSIT_LIVE, LIVE, DepositStatus, PaymentStatus

log = get_logger(__name__)


def plan_deposit(order: Order) -> Deposit | None:
    """Plan the deposit of a locked order that has just been confirmed; asked for at once when its time has come."""
    if not order.deposit_minor or not order.deposit_plan:
        return None
    deposit = Deposit.objects.create(
        order=order,
        plan=order.deposit_plan,
        amount_minor=order.deposit_minor,
        currency=order.currency,
        due_at=_due_at(order),
    )
    if deposit.due_at <= timezone.now():
        enqueue("payments.secure_deposit", once=f"secure:{deposit.pk}", deposit_id=str(deposit.pk))
    return deposit


def open_deposit_payment(deposit: Deposit) -> Payment | None:
    return Payment.objects.filter(deposit=deposit, status__in=LIVE).first()


def new_deposit_payment(deposit: Deposit) -> Payment:
    return Payment.objects.create(
        order_id=deposit.order_id,
        purpose=Payment.Purpose.DEPOSIT,
        deposit=deposit,
        captures_later=deposit.plan == DepositPlan.HOLD,
        amount_minor=deposit.amount_minor,
        currency=deposit.currency,
    )


def follow_payment(order: Order, payment: Payment) -> None:
    """Let a deposit follow what became of one of its payments. The order and the payment are locked. Safe to repeat."""
    if payment.parked_reason:
        return
    deposit = Deposit.objects.select_for_update().get(payments=payment)
    if deposit.status not in DEPOSIT_LIVE:
        _follow_after_end(deposit, payment)
    elif _secures(payment):
        _secure(order, deposit, payment)
    elif payment.status == PaymentStatus.CANCELLED:
        if deposit.status == DepositStatus.SECURED and deposit.provider_ref == payment.provider_ref:
            lapse(order, deposit)
    elif payment.last_error:
        decline(deposit, payment.last_error)


def decline(deposit: Deposit, code: str) -> None:
    """The card said no, as `code` (payments.declines); one that is secured stays so until its hold ends."""
    if deposit.last_error == code and deposit.status != DepositStatus.PLANNED:
        return
    if deposit.status == DepositStatus.PLANNED:
        deposit.status = next_status(DEPOSIT, "decline", deposit.status)
    deposit.last_error = code
    deposit.save(update_fields=["status", "last_error"])
    log.warning("deposit_declined", deposit=str(deposit.pk), code=code)


def lapse(order: Order, deposit: Deposit) -> None:
    """The gateway let go of what secured it."""
    deposit.status = next_status(DEPOSIT, "lapse", deposit.status)
    deposit.capture_before = deposit.secured_at = None
    deposit.last_error = "hold_expired"
    deposit.save(update_fields=["status", "capture_before", "secured_at", "last_error"])
    mark_deposit_secured(order, secured=False)
    log.error("deposit_lapsed", deposit=str(deposit.pk), order=order.number)


def settle_soon(deposit: Deposit) -> None:
    """Have a job bring the gateway to what was decided about this deposit (services.deposits)."""
    key = f"deposit:{deposit.pk}"
    enqueue("payments.settle_deposit", once=key, lock=key, deposit_id=str(deposit.pk))


def _secures(payment: Payment) -> bool:
    """A hold while it lasts; a charge once it arrived, and as long as it has not gone back."""
    if payment.captures_later:
        return payment.status == PaymentStatus.AUTHORISED
    return payment.captured_minor > 0 and payment.refundable_minor > 0


def _secure(order: Order, deposit: Deposit, payment: Payment) -> None:
    if deposit.provider_ref == payment.provider_ref and deposit.status == DepositStatus.SECURED:
        return
    if deposit.status != DepositStatus.SECURED:
        deposit.status = next_status(DEPOSIT, "secure", deposit.status)
    elif payment.capture_before and deposit.capture_before and payment.capture_before <= deposit.capture_before:
        return  # news of the hold that was renewed
    deposit.provider_ref, deposit.capture_before = payment.provider_ref, payment.capture_before
    deposit.secured_at, deposit.last_error = timezone.now(), ""
    deposit.save(update_fields=["status", "provider_ref", "capture_before", "secured_at", "last_error"])
    mark_deposit_secured(order, secured=True)
    if deposit.payments.exclude(pk=payment.pk).exclude(status=PaymentStatus.CANCELLED).exists():
        settle_soon(deposit)  # another one secured it before, or still could


def _follow_after_end(deposit: Deposit, payment: Payment) -> None:
    """What was to be kept and cannot be had any more is owed again; what came after the end goes back."""
    current = deposit.provider_ref == payment.provider_ref
    over = payment.status in (PaymentStatus.CANCELLED, PaymentStatus.SUCCEEDED)
    kept = payment.captured_minor - payment.refunded_minor - payment.refund_pending_minor
    if current and over and kept < deposit.captured_minor:
        deposit.captured_minor = kept
        deposit.save(update_fields=["captured_minor"])
    if over:  # the order may have waited for this
        enqueue("payments.settle_order", lock=f"order:{deposit.order_id}", order_id=str(deposit.order_id))
    wanted = deposit.captured_minor if current else 0
    if payment.status in (*LIVE, PaymentStatus.AUTHORISED) or kept > wanted:
        settle_soon(deposit)


def _due_at(order: Order) -> datetime:
    """A while before the first pickup's day begins at the depot."""
    rentals = Rental.objects.filter(line__order=order)
    first = rentals.aggregate(first=Min("start_on"))["first"]
    return start_of_day(first, order.depot.time_zone) - settings.DEPOSIT_LEAD
