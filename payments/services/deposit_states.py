"""What a deposit becomes when its order or a payment of it moves. Under the order's lock, no network."""

from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from core.logging import get_logger
from core.queue import enqueue
from core.time import start_of_day
from orders.models import DepositPlan, Order, Rental
from orders.services import mark_deposit_secured, settle_soon
from orders.states import RentalStatus, next_status
from payments.models import Deposit, Mail, Payment
from payments.services.mailing import mail_soon
from payments.states import DEPOSIT, LIVE, DepositStatus, PaymentStatus

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
        secure_soon(deposit.pk)
    return deposit


def plan_anew(order: Order) -> None:
    """Ask for a locked order's deposit when its first pickup is by now, if nobody was asked yet."""
    planned = Deposit.objects.select_for_update().filter(order=order, status=DepositStatus.PLANNED).first()
    if planned is None or planned.due_at == (due_at := _due_at(order)):
        return
    planned.due_at = due_at
    planned.save(update_fields=["due_at"])
    if due_at <= timezone.now():
        secure_soon(planned.pk)


def open_deposit_payment(deposit: Deposit) -> Payment | None:
    return Payment.objects.select_for_update().filter(deposit=deposit, status__in=LIVE).first()


def new_deposit_payment(deposit: Deposit, *, card_ref: str = "", page_ends_at: datetime | None = None) -> Payment:
    """card_ref: the kept card to ask; "": its owner pays, on a page of the gateway's that ends then, or in the app."""
    return Payment.objects.create(
        order_id=deposit.order_id,
        purpose=Payment.Purpose.DEPOSIT,
        deposit=deposit,
        captures_later=deposit.plan == DepositPlan.HOLD,
        amount_minor=deposit.amount_minor,
        currency=deposit.currency,
        card_ref=card_ref,
        keeps_card=True,
        page_ends_at=page_ends_at,
    )


def follow_payment(order: Order, payment: Payment, *, news: bool) -> None:
    """Let a deposit follow what became of one of its payments. The order and the payment are locked. Safe to repeat.

    news: the payment has just changed; what is no news asks for nothing again.
    """
    if payment.parked_reason:
        return
    deposit = Deposit.objects.select_for_update().get(payments=payment)
    if not deposit.is_live:
        _follow_after_end(deposit, payment, news=news)
    elif payment.secures_minor:
        _secure(order, deposit, payment)
    elif deposit.status == DepositStatus.SECURED and deposit.is_secured_by(payment):
        lapse(order, deposit, _why_gone(payment))
    elif payment.status == PaymentStatus.PENDING and payment.last_error:
        decline(deposit, payment.last_error)


def _why_gone(payment: Payment) -> str:
    if payment.status == PaymentStatus.CANCELLED:
        return "hold_expired"
    return "deposit_disputed" if payment.disputed_minor else "deposit_refunded"


def decline(deposit: Deposit, code: str) -> None:
    """The card said no, as `code` (payments.declines); one that is secured stays so until its hold ends."""
    if deposit.last_error == code and deposit.status != DepositStatus.PLANNED:
        return
    if deposit.status == DepositStatus.PLANNED:
        deposit.status = next_status(DEPOSIT, "decline", deposit.status)
    deposit.last_error = code
    deposit.save(update_fields=["status", "last_error"])
    log.warning("deposit_declined", deposit=str(deposit.pk), code=code)
    _ask_its_owner(deposit)


def lapse(order: Order, deposit: Deposit, code: str) -> None:
    """What secured it is gone, as `code` says (payments.declines)."""
    deposit.status = next_status(DEPOSIT, "lapse", deposit.status)
    deposit.capture_before = deposit.secured_at = None
    deposit.last_error = code
    deposit.save(update_fields=["status", "capture_before", "secured_at", "last_error"])
    mark_deposit_secured(order, secured=False)
    log.error("deposit_lapsed", deposit=str(deposit.pk), order=order.number, code=code)
    _ask_its_owner(deposit)


def _ask_its_owner(deposit: Deposit) -> None:
    """Once for each reason, and for each hold that was lost."""
    occasion = f"{deposit.pk}:{deposit.last_error}:{deposit.provider_ref or ''}"
    mail_soon(Mail.Kind.DEPOSIT_NEEDS_YOU, order_id=deposit.order_id, about=occasion)


def secure_soon(deposit_id: UUID) -> None:
    """Have a job secure this deposit (services.deposits)."""
    enqueue("payments.secure_deposit", once=f"secure:{deposit_id}", deposit_id=str(deposit_id))


def settle_deposit_soon(deposit_id: UUID) -> None:
    """Have a job bring the gateway to what was decided about this deposit (services.deposits)."""
    key = f"deposit:{deposit_id}"
    enqueue("payments.settle_deposit", once=key, lock=key, deposit_id=str(deposit_id))


def _secure(order: Order, deposit: Deposit, payment: Payment) -> None:
    if deposit.status != DepositStatus.SECURED:
        deposit.status = next_status(DEPOSIT, "secure", deposit.status)
        mail_soon(Mail.Kind.DEPOSIT_SECURED, order_id=order.pk, about=f"{deposit.pk}:{payment.pk}")
    elif deposit.is_secured_by(payment):
        if deposit.capture_before != payment.capture_before:  # captured at the gateway, by hand
            deposit.capture_before = payment.capture_before
            deposit.save(update_fields=["capture_before"])
        return
    elif _lasts_until(payment) <= _lasts_until(deposit):
        settle_deposit_soon(deposit.pk)  # one is enough: this one goes back
        return
    deposit.provider_ref, deposit.capture_before = payment.provider_ref, payment.capture_before
    deposit.secured_at, deposit.last_error = timezone.now(), ""
    deposit.save(update_fields=["status", "provider_ref", "capture_before", "secured_at", "last_error"])
    mark_deposit_secured(order, secured=True)
    if any(other.secures_minor for other in deposit.payments.exclude(pk=payment.pk)):
        settle_deposit_soon(deposit.pk)  # another one secured it before


def _lasts_until(what: Deposit | Payment) -> datetime:
    return what.capture_before or datetime.max.replace(tzinfo=UTC)


def _follow_after_end(deposit: Deposit, payment: Payment, *, news: bool) -> None:
    """What was to be kept and cannot be had any more is owed again; what came after the end goes back.

    What a bank took stays decided: it is not in the balance meanwhile, and kept again when the dispute is won.
    """
    over = payment.status in (PaymentStatus.CANCELLED, PaymentStatus.SUCCEEDED)
    if over and payment.not_returned_minor < deposit.stays_of(payment):
        keep_less(deposit, payment.not_returned_minor)
    if not news:
        return
    if over:  # the order may have waited for this
        settle_soon(deposit.order_id)
    if not over or payment.refundable_minor > deposit.stays_of(payment):
        settle_deposit_soon(deposit.pk)


def keep_less(deposit: Deposit, kept_minor: int) -> None:
    """Less of an ended deposit stays with the shop than was decided; what is missing is owed again."""
    deposit.captured_minor = kept_minor
    if not kept_minor:
        deposit.status = next_status(DEPOSIT, "lose", deposit.status)
    deposit.save(update_fields=["status", "captured_minor"])


def _due_at(order: Order) -> datetime:
    """A while before the day begins at the depot on which the first rental leaves."""
    rentals = Rental.objects.filter(line__order=order).exclude(status=RentalStatus.CANCELLED)
    first = rentals.aggregate(first=Min(Rental.LEAVES_ON))["first"]
    return start_of_day(first, order.depot.time_zone) - settings.DEPOSIT_LEAD
