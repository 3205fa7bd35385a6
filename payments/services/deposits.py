"""Deposits: planned when an order is confirmed, secured shortly before the pickup, kept in part or given back (ADR 16).

What is decided is written under the order's lock; a job then brings the gateway there, as often as it must.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.logging import get_logger
from orders.errors import TransitionNotAllowed
from orders.models import Order
from orders.services import is_renting, lock_order, mark_deposit_secured, note_deposit
from orders.states import OrderStatus, next_status
from payments.errors import PaymentProviderUnavailable, RefundOutdated
from payments.models import GONE, Deposit, GatewayCustomer, Mail, Payment, Refund
from payments.providers.base import KeySpent, ProviderRefused, ProviderUnavailable, RemotePayment
from payments.providers.registry import get_provider
from payments.selectors import LAST_ENDED, RENEW_BEFORE, STAYS, asked_minor, held_by_bank, needs_securing, owed
from payments.services.asking import ask_for, made_before
from payments.services.collecting import (
    ITS_OWNERS_TURN,
    close_payment,
    close_what_waits,
    give_up_payment,
    settle_asked,
    settle_payment,
)
from payments.services.customers import card_for, forget_card
from payments.services.deposit_states import (
    decline,
    new_deposit_payment,
    open_deposit_payment,
    secure_soon,
    settle_deposit_soon,
)
from payments.services.mailing import mail_soon
from payments.services.returning import request_refund
from payments.states import DEPOSIT, DEPOSIT_LIVE, LIVE, NOT_OVER, DepositStatus, PaymentStatus, RefundStatus

log = get_logger(__name__)

NO_CARD = "no_card_kept"
_MOST = 200


def secure_due_deposits() -> int:
    """Enqueue the securing of every deposit whose time has come. Returns how many.

    Left out is what its owner is paying at this moment; what waits for them since the card said no is not planned.
    """
    now = timezone.now()
    open_now = _waiting().filter(created_at__gt=now - ITS_OWNERS_TURN)
    due = Deposit.objects.filter(~Exists(open_now), status=DepositStatus.PLANNED, due_at__lte=now).order_by("due_at")
    return _secure_soon(due)


def renew_ending_holds() -> int:
    """Enqueue the renewal of holds that the bank soon lets go. Returns how many.

    Left out is what waits for its owner, until the hold has ended.
    """
    now = timezone.now()
    ending = Deposit.objects.filter(
        Q(capture_before__lte=now) | ~Exists(_waiting()),
        status=DepositStatus.SECURED,
        capture_before__lte=now + RENEW_BEFORE,
    )
    return _secure_soon(ending.order_by("capture_before"))


def _waiting() -> QuerySet[Payment]:
    return Payment.objects.at_gateway().filter(deposit=OuterRef("pk"), status__in=LIVE)


def _secure_soon(deposits: QuerySet[Deposit]) -> int:
    ids = list(deposits.values_list("pk", flat=True)[:_MOST])
    for deposit_id in ids:
        secure_soon(deposit_id)
    return len(ids)


def secure_deposit(*, deposit_id: UUID, again: bool = False) -> Deposit:
    """Hold or charge a deposit on the card that was kept, without its owner; renew a hold that ends within a day.

    Safe to repeat: while a payment of it is open, that one is looked at instead. A card that says no leaves the
    deposit unsecured, and the payment open for its owner. again: the card is asked although it said no before.
    Network between transactions. Raises: ProviderUnavailable.
    """
    _look_at_ended_hold(deposit_id)
    _clear_the_way(deposit_id, at_once=again)
    asked = _open_by_card(deposit_id)
    if asked is not None:
        payment, customer = asked
        try:
            settle_asked(payment, ask_for(payment, customer_ref=customer.provider_ref))
        except ProviderRefused as no:  # nothing was made there
            forget_card(payment, no)
            give_up_payment(payment_id=payment.pk)
            _refused(deposit_id, no.code)
    return Deposit.objects.get(pk=deposit_id)


def secure_deposit_now(*, deposit_id: UUID, actor: str) -> Deposit:
    """Staff have the kept card asked at once, although it may have said no before. The history keeps it.

    Network between transactions. Raises: PaymentProviderUnavailable.
    """
    with transaction.atomic():
        order, _ = _lock(deposit_id)
        note_deposit(order, "secure_deposit", actor=actor, note="")
    try:
        return secure_deposit(deposit_id=deposit_id, again=True)
    except ProviderUnavailable as silence:
        raise PaymentProviderUnavailable from silence


def _look_at_ended_hold(deposit_id: UUID) -> None:
    """The bank may have let go without our hearing of it: what is not held any more secures nothing."""
    deposit = Deposit.objects.get(pk=deposit_id)
    over = deposit.capture_before is not None and deposit.capture_before <= timezone.now()
    if deposit.status == DepositStatus.SECURED and over and deposit.provider_ref:
        payment = Payment.objects.get(provider_ref=deposit.provider_ref)
        settle_payment(payment_id=payment.pk, remote=get_provider().get_payment(deposit.provider_ref))


def _clear_the_way(deposit_id: UUID, *, at_once: bool) -> None:
    """Close an open payment that only waits for its owner, at once or after a while, so that the card can be asked."""
    deposit = Deposit.objects.get(pk=deposit_id)
    payment = deposit.payments.filter(status__in=LIVE).first()
    if payment is None or not needs_securing(deposit):
        return
    is_late = deposit.status == DepositStatus.PLANNED and payment.created_at <= timezone.now() - ITS_OWNERS_TURN
    if not (at_once or is_late) or (payment.card_ref and payment.provider_ref is None):
        return
    close_what_waits(payment)


@transaction.atomic
def _open_by_card(deposit_id: UUID) -> tuple[Payment, GatewayCustomer] | None:
    """The deposit's one open payment, and whose card it is asked from. Locks: order, deposit.

    None: there is nothing to ask, or its owner is about to pay it.
    """
    order, deposit = _lock(deposit_id)
    if order.status != OrderStatus.CONFIRMED or not needs_securing(deposit):
        return None
    payment = open_deposit_payment(deposit)
    if payment is None:
        card = card_for(order)
        if card is None:
            decline(deposit, NO_CARD)
            return None
        payment = new_deposit_payment(deposit, card_ref=card.card_ref)
    elif not payment.card_ref and payment.provider_ref is None:
        return None
    return payment, GatewayCustomer.objects.get(user=order.customer_id)


@transaction.atomic
def _refused(deposit_id: UUID, code: str) -> None:
    _, deposit = _lock(deposit_id)
    if deposit.is_live:
        decline(deposit, code)


@transaction.atomic
def release_deposit(*, deposit_id: UUID, actor: str, note: str) -> Deposit:
    """Give a deposit back before its time, nothing kept. Locks: order, deposit. Raises: TransitionNotAllowed."""
    order, deposit = _lock(deposit_id)
    if not deposit.is_live:
        raise TransitionNotAllowed(event="release", status=deposit.status, allowed=[])
    _end(order, deposit, keep_minor=0)
    note_deposit(order, "release_deposit", actor=actor, note=note)
    return deposit


@transaction.atomic
def end_deposit(*, order_id: UUID) -> Deposit | None:
    """Decide about a deposit whose order is over: keep what is owed, give back the rest. Safe to repeat.

    Over is an order that died, or of which all that was rented is back and inspected, or was called off. What its
    customer was asked for since a bank kept it is theirs to pay. Locks: order, deposit.
    """
    order = lock_order(order_id=order_id)
    deposit = Deposit.objects.select_for_update().filter(order=order, status__in=DEPOSIT_LIVE).first()
    if deposit is None or not _is_over(order):
        return None
    due = max(0, owed(order.pk) - asked_minor(order.pk)) if order.status == OrderStatus.CONFIRMED else 0
    _end(order, deposit, keep_minor=min(due, _secured_minor(deposit)))
    return deposit


def _end(order: Order, deposit: Deposit, *, keep_minor: int) -> None:
    deposit.status = next_status(DEPOSIT, "capture" if keep_minor else "release", deposit.status)
    deposit.captured_minor, deposit.ended_at = keep_minor, timezone.now()
    deposit.save(update_fields=["status", "captured_minor", "ended_at"])
    mark_deposit_secured(order, secured=False)
    settle_deposit_soon(deposit.pk)
    if deposit.secured_at is not None:
        mail_soon(Mail.Kind.DEPOSIT_ENDED, order_id=order.pk, about=deposit.pk)


def _is_over(order: Order) -> bool:
    return order.status != OrderStatus.CONFIRMED or not is_renting(order)


def _secured_minor(deposit: Deposit) -> int:
    """What can be kept: less than the deposit when some of it went back already."""
    if deposit.status != DepositStatus.SECURED:
        return 0
    payment = deposit.payments.filter(provider_ref=deposit.provider_ref, parked_reason="").first()
    return min(deposit.amount_minor, payment.secures_minor) if payment else 0


def settle_deposit(*, deposit_id: UUID) -> None:
    """Bring the gateway to what was decided about a deposit: capture what is kept, let go of and give back the rest.

    Safe to repeat; network between transactions. What the gateway refuses stays with the deposit as its trouble.
    Raises: ProviderUnavailable.
    """
    for step in _steps(deposit_id):
        try:
            step.take()
        except RefundOutdated:  # somebody else gave back of it meanwhile: look again
            settle_deposit_soon(deposit_id)
        except ProviderRefused as no:
            Deposit.objects.filter(pk=deposit_id).update(last_error=no.code)
            log.error("deposit_not_settled", deposit=str(deposit_id), payment=str(step.payment.pk), code=no.code)


@dataclass(frozen=True, slots=True)
class _Step:
    """One payment of a deposit, and how much of it is to stay."""

    payment: Payment
    keep_minor: int
    customer_ref: str

    def take(self) -> None:
        payment, keep = self.payment, self.keep_minor
        if payment.provider_ref is None and payment.status in LIVE:
            self._give_up()
        elif payment.provider_ref is not None and payment.status == PaymentStatus.AUTHORISED and keep:
            settle_payment(payment_id=payment.pk, remote=self._capture(payment.provider_ref))
        elif payment.provider_ref is not None and payment.status in NOT_OVER:
            close_payment(payment)
        elif payment.refundable_minor > keep and not _is_refused(payment):
            seen = payment.refundable_minor
            request_refund(
                payment_id=payment.pk,
                amount_minor=seen - keep,
                reason="deposit given back",
                actor="clock",
                seen_left_minor=seen,
            )

    def _give_up(self) -> None:
        """Close what the gateway never heard of, after a look whether it did."""
        made = made_before(self.payment, customer_ref=self.customer_ref) if self.payment.card_ref else None
        if made is None:
            close_payment(self.payment)
        else:
            settle_payment(payment_id=self.payment.pk, remote=made)

    def _capture(self, ref: str) -> RemotePayment:
        try:
            return get_provider().capture(key=self.payment.key, ref=ref, amount_minor=self.keep_minor)
        except KeySpent:  # captured or not: the next try looks
            Payment.objects.filter(pk=self.payment.pk).update(attempts=F("attempts") + 1)
            raise


def _is_refused(payment: Payment) -> bool:
    """A refund that failed is not repeated by itself; staff see the money owed and choose."""
    last = payment.refunds.order_by(*LAST_ENDED).first()
    return last is not None and last.status == RefundStatus.FAILED


@transaction.atomic
def _steps(deposit_id: UUID) -> list[_Step]:
    """What the gateway still has to do. Locks: order, deposit."""
    order, deposit = _lock(deposit_id)
    customer = GatewayCustomer.objects.filter(user=order.customer_id).first()
    ref = customer.provider_ref if customer else ""
    free = deposit.payments.exclude(pk__in=held_by_bank().values("payment"))
    return [
        _Step(payment, deposit.stays_of(payment), ref)
        for payment in free.filter(parked_reason="").order_by("id")
        if not deposit.is_live or _is_surplus(deposit, payment)
    ]


def _is_surplus(deposit: Deposit, payment: Payment) -> bool:
    """Another one secures it already."""
    secured = deposit.status == DepositStatus.SECURED
    return secured and payment.secures_minor > 0 and not deposit.is_secured_by(payment)


def unsettled_deposits(after: datetime, before: datetime) -> Iterable[UUID]:
    """Ended deposits of which the gateway still has something to do, of payments made in between.

    Left out is what waits for a person or a bank: a refund that failed, a payment that is parked or disputed.
    """
    refunds = Refund.objects.filter(payment=OuterRef("pk")).order_by(*LAST_ENDED)
    more_than_stays = Q(captured_minor__gt=GONE + F("refund_waiting_minor") + STAYS, status=PaymentStatus.SUCCEEDED)
    left = (
        Payment.objects.filter(created_at__gt=after, created_at__lt=before, parked_reason="")
        .filter(purpose=Payment.Purpose.DEPOSIT)
        .exclude(deposit__status__in=DEPOSIT_LIVE)
        .exclude(pk__in=held_by_bank().values("payment"))
        .alias(last_refund=Coalesce(Subquery(refunds.values("status")[:1]), Value("")))
        .filter(Q(status__in=NOT_OVER) | more_than_stays & ~Q(last_refund=RefundStatus.FAILED))
    )
    return left.order_by("deposit_id").values_list("deposit_id", flat=True).distinct()[:_MOST]


def deposits_in_step(order_id: UUID) -> bool:
    """True when the deposits of this order have ended and all that was to come or to go back has, or is on its way."""
    for deposit in Deposit.objects.filter(order_id=order_id).prefetch_related("payments"):
        if deposit.is_live or any(_is_out_of_step(deposit, payment) for payment in deposit.payments.all()):
            return False
    return True


def _is_out_of_step(deposit: Deposit, payment: Payment) -> bool:
    under_way = payment.status in NOT_OVER
    return under_way or payment.here_minor > deposit.stays_of(payment)


def _lock(deposit_id: UUID) -> tuple[Order, Deposit]:
    order = lock_order(order_id=Deposit.objects.values_list("order_id", flat=True).get(pk=deposit_id))
    return order, Deposit.objects.select_for_update().get(pk=deposit_id)
