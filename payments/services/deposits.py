"""Deposits: planned when an order is confirmed, secured shortly before the pickup, kept in part or given back (ADR 16).

What is decided is written under the order's lock; a job then brings the gateway there, as often as it must.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.queue import enqueue
from orders.models import Order
from orders.services import is_delivered, lock_order, mark_deposit_secured
from orders.states import OrderStatus, next_status
from payments.models import Deposit, GatewayCustomer, Payment
from payments.providers.base import KeySpent, NewPayment, ProviderRefused, RemotePayment
from payments.providers.registry import get_provider
from payments.selectors import held_by_bank, owed
from payments.services.collecting import give_up_payment, settle_payment
from payments.services.deposit_states import decline, new_deposit_payment, open_deposit_payment, settle_soon
from payments.services.returning import request_refund
from payments.states import DEPOSIT, DEPOSIT_LIVE, LIVE, DepositStatus, PaymentStatus

NO_CARD = "no_card_kept"
_RENEW_BEFORE = timedelta(hours=24)
_MOST = 200


def secure_due_deposits() -> int:
    """Enqueue the securing of every deposit whose time has come. Returns how many."""
    due = Deposit.objects.filter(status=DepositStatus.PLANNED, due_at__lte=timezone.now()).order_by("due_at")
    ids = list(due.values_list("pk", flat=True)[:_MOST])
    for deposit_id in ids:
        enqueue("payments.secure_deposit", once=f"secure:{deposit_id}", deposit_id=str(deposit_id))
    return len(ids)


def renew_ending_holds() -> int:
    """Enqueue the renewal of holds that the bank soon lets go. Returns how many."""
    ending = Deposit.objects.filter(
        status=DepositStatus.SECURED, capture_before__lte=timezone.now() + _RENEW_BEFORE
    ).order_by("capture_before")
    ids = list(ending.values_list("pk", flat=True)[:_MOST])
    for deposit_id in ids:
        enqueue("payments.secure_deposit", once=f"secure:{deposit_id}", deposit_id=str(deposit_id))
    return len(ids)


def secure_deposit(*, deposit_id: UUID) -> Deposit:
    """Hold or charge a deposit on the card that was kept, without its owner; renew a hold that ends within a day.

    Safe to repeat: while a payment of it is open, that one is looked at instead. A card that says no leaves the
    deposit unsecured, and the payment open for its owner. Network between transactions. Raises: ProviderUnavailable.
    """
    asked = _open_by_card(deposit_id)
    if asked is not None:
        payment, new, card_ref = asked
        provider = get_provider()
        try:
            remote = (
                provider.get_payment(payment.provider_ref)
                if payment.provider_ref
                else provider.charge_card(new, card_ref=card_ref)
            )
        except KeySpent:
            Payment.objects.filter(pk=payment.pk).update(attempts=F("attempts") + 1)
            raise
        except ProviderRefused as no:  # the card itself is not usable any more; nothing was made there
            give_up_payment(payment_id=payment.pk)
            _refused(deposit_id, no.code)
        else:
            settle_payment(payment_id=payment.pk, remote=remote)
    return Deposit.objects.get(pk=deposit_id)


@transaction.atomic
def _open_by_card(deposit_id: UUID) -> tuple[Payment, NewPayment, str] | None:
    """The deposit's one open payment and how to ask for it. Locks: order, deposit. None: there is nothing to ask."""
    order, deposit = _lock(deposit_id)
    if order.status != OrderStatus.CONFIRMED or not _needs_securing(deposit):
        return None
    card = GatewayCustomer.objects.filter(user=order.customer_id).exclude(card_ref="").first()
    payment = open_deposit_payment(deposit)
    if payment is None:
        if card is None:
            decline(deposit, NO_CARD)
            return None
        payment = new_deposit_payment(deposit)
    elif payment.provider_ref is None and card is None:
        return None  # its owner is about to pay it
    new = NewPayment(
        key=payment.key,
        payment_id=payment.pk,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_number=order.number,
        customer_ref=card.provider_ref if card else "",
        captures_later=payment.captures_later,
    )
    return payment, new, card.card_ref if card else ""


def _needs_securing(deposit: Deposit) -> bool:
    if deposit.status == DepositStatus.SECURED:
        ends = deposit.capture_before
        return ends is not None and ends <= timezone.now() + _RENEW_BEFORE
    return deposit.status in DEPOSIT_LIVE


@transaction.atomic
def _refused(deposit_id: UUID, code: str) -> None:
    _, deposit = _lock(deposit_id)
    if deposit.status in DEPOSIT_LIVE:
        decline(deposit, code)


@transaction.atomic
def end_deposit(*, order_id: UUID) -> Deposit | None:
    """Decide about a deposit whose order is over: keep what is owed, give back the rest. Safe to repeat.

    Over is an order that died, or of which all is delivered, back and inspected. Locks: order, deposit.
    """
    order = lock_order(order_id=order_id)
    deposit = Deposit.objects.select_for_update().filter(order=order, status__in=DEPOSIT_LIVE).first()
    if deposit is None or not _is_over(order):
        return None
    due = max(0, owed(order.pk)) if order.status == OrderStatus.CONFIRMED else 0
    keep = min(due, deposit.amount_minor) if deposit.status == DepositStatus.SECURED else 0
    deposit.status = next_status(DEPOSIT, "capture" if keep else "release", deposit.status)
    deposit.captured_minor, deposit.ended_at = keep, timezone.now()
    deposit.save(update_fields=["status", "captured_minor", "ended_at"])
    mark_deposit_secured(order, secured=False)
    settle_soon(deposit)
    return deposit


def _is_over(order: Order) -> bool:
    return order.status != OrderStatus.CONFIRMED or is_delivered(order)


def settle_deposit(*, deposit_id: UUID) -> None:
    """Bring the gateway to what was decided about a deposit: capture what is kept, let go of and give back the rest.

    Safe to repeat; network between transactions. Raises: ProviderUnavailable.
    """
    for step in _steps(deposit_id):
        step.take()


@dataclass(frozen=True, slots=True)
class _Step:
    """One payment of a deposit, and how much of it is to stay."""

    payment: Payment
    keep_minor: int

    def take(self) -> None:
        payment, keep = self.payment, self.keep_minor
        if payment.provider_ref is None:
            give_up_payment(payment_id=payment.pk)
        elif payment.status in (*LIVE, PaymentStatus.AUTHORISED):
            settle_payment(payment_id=payment.pk, remote=self._end(payment.provider_ref))
        elif payment.refundable_minor > keep:
            back = payment.refundable_minor - keep
            request_refund(payment_id=payment.pk, amount_minor=back, reason="deposit given back", actor="clock")

    def _end(self, ref: str) -> RemotePayment:
        if self.keep_minor and self.payment.status == PaymentStatus.AUTHORISED:
            return get_provider().capture(key=str(self.payment.pk), ref=ref, amount_minor=self.keep_minor)
        return get_provider().cancel_payment(ref)


@transaction.atomic
def _steps(deposit_id: UUID) -> list[_Step]:
    """Locks: order, deposit."""
    _, deposit = _lock(deposit_id)
    ended = deposit.status not in DEPOSIT_LIVE
    steps: list[_Step] = []
    free = deposit.payments.exclude(pk__in=held_by_bank().values("payment"))
    for payment in free.filter(parked_reason="").order_by("id"):
        current = payment.provider_ref == deposit.provider_ref and payment.provider_ref is not None
        secured = deposit.status == DepositStatus.SECURED
        if ended or (secured and not current and payment.status not in LIVE):
            steps.append(_Step(payment, deposit.captured_minor if current else 0))
    return steps


def deposits_in_step(order_id: UUID) -> bool:
    """True when the gateway has nothing left to do for ended deposits of this order."""
    ended = Payment.objects.filter(order_id=order_id, purpose=Payment.Purpose.DEPOSIT)
    under_way = ended.filter(status__in=[*LIVE, PaymentStatus.AUTHORISED]).exists()
    return not under_way and not Deposit.objects.filter(order_id=order_id, status__in=DEPOSIT_LIVE).exists()


def _lock(deposit_id: UUID) -> tuple[Order, Deposit]:
    order = lock_order(order_id=Deposit.objects.values_list("order_id", flat=True).get(pk=deposit_id))
    return order, Deposit.objects.select_for_update().get(pk=deposit_id)
