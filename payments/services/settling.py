"""Where money and orders are brought to agree: the inbox, the order's own settlement, and what webhooks forgot."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from core.errors import NotFound
from core.logging import get_logger
from core.queue import enqueue
from inventory.errors import HoldLapsed, OutOfStock
from orders.errors import NotHadAnew
from orders.models import Order
from orders.services import complete_order, confirm_late, hold_anew, is_delivered, let_go_again, lock_order
from orders.states import OrderStatus
from payments.errors import SignatureInvalid
from payments.models import GONE, Dispute, Mail, Payment, ProviderEvent, Refund
from payments.providers.base import EventRejected, ProviderUnavailable, Topic, UnknownPayment
from payments.providers.registry import get_provider
from payments.secrets import without_secrets
from payments.selectors import balance, failed_refunds, is_paid_in_full, owed, with_sums
from payments.services.collecting import apply_payment, close_payment
from payments.services.deposit_states import plan_anew, plan_deposit
from payments.services.deposits import deposits_in_step, end_deposit, unsettled_deposits
from payments.services.disputes import apply_disputes, dispute_status
from payments.services.documents import issue_documents
from payments.services.extras import collect_extra
from payments.services.mailing import mail_soon
from payments.services.pages import apply_page
from payments.services.returning import apply_refunds, refund_overpayment, refund_status, send_refund
from payments.states import DEPOSIT_LIVE, LIVE, NOT_OVER, UNDER_WAY, EventStatus, PaymentStatus, RefundStatus

log = get_logger(__name__)

_DEAD = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
_MOST = 200
_MOST_FAILURES, _MOST_SILENCES = 10, 400  # tries of one event; a silent gateway is asked for more than a day


@transaction.atomic
def receive_event(*, body: bytes, signature: str) -> bool:
    """Put a signed event into the inbox, once, together with the job that will look at it. Returns False on a repeat.

    Raises: SignatureInvalid.
    """
    try:
        notice = get_provider().parse_event(body=body, signature=signature)
    except EventRejected as error:
        raise SignatureInvalid from error
    event, fresh = ProviderEvent.objects.get_or_create(
        event_id=notice.event_id,
        defaults={
            "kind": notice.kind,
            "object_ref": notice.ref,
            "payload": {"topic": notice.topic, "event": without_secrets(notice.payload)},
        },
    )
    if fresh:
        enqueue("payments.process_event", lock=f"gateway:{notice.ref or notice.event_id}", event_id=event.pk)
    return fresh


def process_event(*, event_id: int) -> ProviderEvent:
    """Look again at what an event is about and apply it. Safe to repeat, in any order.

    What goes wrong stays on the event, which stays `received` until it was tried often enough; then it is parked.
    Raises: what went wrong, such as ProviderUnavailable.
    """
    event = ProviderEvent.objects.get(pk=event_id)
    if event.status in (EventStatus.PROCESSED, EventStatus.IGNORED):
        return event
    ProviderEvent.objects.filter(pk=event_id).update(attempts=F("attempts") + 1)
    try:
        status, error = _apply(event)
    except Exception as problem:
        told = f"{type(problem).__name__}: {problem}"[:500]
        silent = isinstance(problem, (ProviderUnavailable, OperationalError, InterfaceError))
        ProviderEvent.objects.filter(pk=event_id).update(error=told)
        if event.attempts + 1 < (_MOST_SILENCES if silent else _MOST_FAILURES):
            raise
        status, error = _parked(event, told)
    ProviderEvent.objects.filter(pk=event_id).update(status=status, error=error[:500], processed_at=timezone.now())
    event.refresh_from_db()
    return event


def _apply(event: ProviderEvent) -> tuple[EventStatus, str]:
    topic = Topic(event.payload["topic"])
    if topic == Topic.OTHER:
        return EventStatus.IGNORED, ""
    try:
        if topic == Topic.PAGE:
            payment = apply_page(page_ref=event.object_ref)
        else:
            payment = apply_payment(provider_ref=event.object_ref)
        if payment is not None and topic == Topic.REFUND:
            apply_refunds(payment_ref=event.object_ref)
        if payment is not None and topic == Topic.DISPUTE:
            apply_disputes(payment_ref=event.object_ref)
        if payment is not None:
            payment.refresh_from_db()
    except (NotFound, UnknownPayment) as unknown:
        return _parked(event, str(unknown))
    if payment is None:
        return EventStatus.IGNORED, "No payment of ours; nothing was captured."
    if payment.parked_reason:
        return EventStatus.PARKED, payment.parked_reason
    return EventStatus.PROCESSED, ""


def _parked(event: ProviderEvent, reason: str) -> tuple[EventStatus, str]:
    """A dead letter alerts once, not at every replay that changes nothing."""
    if (event.status, event.error) != (EventStatus.PARKED, reason[:500]):
        log.error("gateway_event_parked", event_id=event.event_id, kind=event.kind, reason=reason)
    return EventStatus.PARKED, reason


def settle_order(*, order_id: UUID) -> Order:
    """Bring an order and its money to agree. Safe to repeat; network between transactions.

    Dead orders can no longer be paid; money that came too late wins the stock anew or goes back; what is overpaid goes
    back; a deposit that is over pays what is owed and goes back; what is owed beyond it is collected from the kept
    card; what is delivered and balanced is complete; receipts and credit notes are written.
    Raises: ProviderUnavailable, inventory ProviderError.
    """
    order = Order.objects.get(pk=order_id)
    if order.status in _DEAD:
        close_payments(order_id=order_id)
    if order.status == OrderStatus.EXPIRED and balance(order_id) < 0:
        order = _win_or_refund(order)
    elif balance(order_id) < 0 and not order.unpaid:
        refund_overpayment(order_id=order_id, reason=_why(order), actor="clock")
    end_deposit(order_id=order_id)
    if order.status == OrderStatus.CONFIRMED:
        _plan_deposit_anew(order_id)
        collect_extra(order_id=order_id)
        order = _complete_if_done(order_id)
    if order.status in _DEAD and not Refund.objects.promised().filter(payment__order=order).exists():
        mail_soon(Mail.Kind.ORDER_ENDED, order_id=order_id, about=f"{order_id}:{order.status}")
    issue_documents(order_id=order_id)
    return order


@transaction.atomic
def _plan_deposit_anew(order_id: UUID) -> None:
    """Its rentals may be on other days than when it was confirmed. Locks: order, deposit."""
    plan_anew(lock_order(order_id=order_id))


@transaction.atomic
def _complete_if_done(order_id: UUID) -> Order:
    """Locks: order, before anything is looked at."""
    order = lock_order(order_id=order_id)
    if order.status == OrderStatus.CONFIRMED and _is_balanced(order_id) and is_delivered(order):
        order = complete_order(order_id=order_id, actor="clock")
    return order


def _win_or_refund(order: Order) -> Order:
    """Win the stock anew, then confirm if the whole price is still here: that is looked at under the order's lock."""
    reason = "paid too late, and no longer in full"
    try:
        if _is_wanted(order):
            hold_anew(order_id=order.pk)
        with transaction.atomic():
            order = lock_order(order_id=order.pk)
            if order.status == OrderStatus.EXPIRED and _is_wanted(order):
                order = confirm_late(order_id=order.pk)
                plan_deposit(order)
                mail_soon(Mail.Kind.ORDER_CONFIRMED, order_id=order.pk, about=order.pk)
                return order
            let_go_again(order_id=order.pk)
    except (OutOfStock, HoldLapsed):
        reason = "paid too late, and no longer in stock"
    except NotHadAnew as no:
        reason = f"paid too late: {no.detail}"[:300]
    refund_overpayment(order_id=order.pk, reason=reason, actor="clock")
    return order


def _is_wanted(order: Order) -> bool:
    """The whole price is here, and somebody is there to fetch it."""
    is_there = User.objects.filter(pk=order.customer_id, closed_at=None).exists()
    return is_there and is_paid_in_full(order, charging_minor=order.total_minor)


def _is_balanced(order_id: UUID) -> bool:
    """Nothing is owed, and no refund under way could still fail."""
    under_way = Refund.objects.filter(payment__order_id=order_id, status__in=UNDER_WAY)
    return owed(order_id) == 0 and not under_way.exists() and deposits_in_step(order_id)


def _why(order: Order) -> str:
    """As its customer reads it: what was credited since money last came or went back, the largest of it."""
    if order.status == OrderStatus.CANCELLED:
        return "order cancelled"
    came = Payment.objects.for_charges().filter(order=order).aggregate(last=Max("succeeded_at"))["last"]
    went = Refund.objects.filter(payment__order=order, payment__deposit=None).aggregate(last=Max("created_at"))["last"]
    since = max((at for at in (came, went) if at), default=order.placed_at)
    credit = order.charges.filter(amount_minor__lt=0, created_at__gt=since).order_by("amount_minor", "id").first()
    return credit.reason if credit and credit.reason else "paid more than was owed"


def close_payments(*, order_id: UUID) -> None:
    """See to it that a dead order's payments can no longer be paid; what was paid meanwhile is applied.

    Network, then a transaction for each. Raises: ProviderUnavailable.
    """
    for payment in Payment.objects.for_charges().filter(order_id=order_id, status__in=LIVE):
        close_payment(payment)


def catch_up(*, young: timedelta, older_than: timedelta) -> int:
    """Apply what webhooks may have forgotten, for payments made within `young` and untouched for `older_than`.

    Live payments and holds are read again, refunds under way are sent or read again, events left lying are looked at,
    orders that owe money back or whose extra was never asked for are settled, and so are ended deposits. Returns how
    many things were enqueued.
    """
    now = timezone.now()
    window = Q(created_at__gt=now - young, created_at__lt=now - older_than)
    jobs: list[tuple[str, str, dict[str, Any]]] = []
    for payment_id in _ids(Payment.objects.at_gateway().filter(window, status__in=NOT_OVER, parked_reason="")):
        jobs.append(("payments.refresh_payment", f"payment:{payment_id}", {"payment_id": str(payment_id)}))
    open_refunds = Refund.objects.filter(window, status__in=UNDER_WAY)
    for refund_id in _ids(open_refunds):
        jobs.append(("payments.send_refund", f"refund:{refund_id}", {"refund_id": str(refund_id)}))
    waiting = ProviderEvent.objects.filter(status=EventStatus.RECEIVED, received_at__lt=now - older_than)
    for event_id in waiting.values_list("pk", flat=True)[:_MOST]:
        jobs.append(("payments.process_event", f"event:{event_id}", {"event_id": event_id}))
    for order_id in _unsettled_orders(now - young, now - older_than):
        jobs.append(("payments.settle_order", f"settle:{order_id}", {"order_id": str(order_id)}))
    for order_id in _uncollected_orders(now - young, now - older_than):
        jobs.append(("payments.settle_order", f"settle:{order_id}", {"order_id": str(order_id)}))
    for deposit_id in unsettled_deposits(now - young, now - older_than):
        jobs.append(("payments.settle_deposit", f"deposit:{deposit_id}", {"deposit_id": str(deposit_id)}))
    for task, key, arguments in jobs:
        locks = (f"{name}:{arguments[f'{name}_id']}" for name in ("order", "deposit") if f"{name}_id" in arguments)
        enqueue(task, once=key, lock=next(locks, None), **arguments)
    return len(jobs)


def catch_up_on_refunds(*, since: timedelta) -> int:
    """Apply what webhooks may have forgotten of refunds made at the gateway since then, by hand or by us: new ones, and
    such that went another way. One question to the gateway, however many payments there are. Returns how many payments
    are looked at. Network. Raises: ProviderUnavailable.
    """
    remote = list(get_provider().refunds_since(timezone.now() - since))
    known = dict(Refund.objects.filter(provider_ref__in=[r.ref for r in remote]).values_list("provider_ref", "status"))
    refs = {r.payment_ref for r in remote if known.get(r.ref, RefundStatus.FAILED) != refund_status(r)}
    payments = list(_ids(Payment.objects.filter(provider_ref__in=refs, parked_reason="")))
    for payment_id in payments:
        enqueue("payments.refresh_refunds", once=f"refunds:{payment_id}", payment_id=str(payment_id))
    return len(payments)


def catch_up_on_disputes(*, since: timedelta) -> int:
    """Apply what webhooks may have forgotten of disputes opened since then. One question to the gateway, however many
    payments there are. Returns how many payments are looked at. Network. Raises: ProviderUnavailable.
    """
    remote = list(get_provider().disputes_since(timezone.now() - since))
    rows = Dispute.objects.filter(provider_ref__in=[r.ref for r in remote])
    known = {ref: told for ref, *told in rows.values_list("provider_ref", "status", "withdrawn_minor", "is_refundable")}
    refs = {
        r.payment_ref for r in remote if known.get(r.ref) != [dispute_status(r), r.withdrawn_minor, r.is_refundable]
    }
    payments = list(_ids(Payment.objects.filter(provider_ref__in=refs)))
    for payment_id in payments:
        enqueue("payments.refresh_disputes", once=f"disputes:{payment_id}", payment_id=str(payment_id))
    return len(payments)


def refresh_disputes(*, payment_id: UUID) -> None:
    """Read a payment's disputes again at the gateway."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.provider_ref:
        apply_disputes(payment_ref=payment.provider_ref)


def refresh_refunds(*, payment_id: UUID) -> None:
    """Read a payment's refunds again at the gateway."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.provider_ref:
        apply_refunds(payment_ref=payment.provider_ref)


def _ids(rows: QuerySet[Any]) -> Iterable[UUID]:
    return rows.order_by("id").values_list("pk", flat=True)[:_MOST]


def _unsettled_orders(after: datetime, before: datetime) -> Iterable[UUID]:
    """Dead orders with more money than they charge or a payment still open; confirmed ones settle by their own steps.

    Left out is what waits for a person: a payment of which a refund failed, or that is parked. Deposits that have ended
    are settled by themselves.
    """
    failed = failed_refunds().filter(payment=OuterRef("pk"))
    has_too_much = Exists(with_sums(Order.objects.filter(pk=OuterRef("order"))).filter(Q(here__gt=F("charged"))))
    is_here = Q(~Exists(failed), captured_minor__gt=GONE + F("refund_waiting_minor"))
    unsettled = Payment.objects.filter(
        Q(deposit=None) | Q(deposit__status__in=DEPOSIT_LIVE),
        Q(status__in=LIVE, parked_reason="") | is_here & (Q(deposit__isnull=False) | has_too_much),
        order__status__in=_DEAD,
        order__placed_at__lt=before,
        created_at__gt=after,
    )
    return unsettled.order_by("order_id").values_list("order_id", flat=True).distinct()[:_MOST]


def _uncollected_orders(after: datetime, before: datetime) -> Iterable[UUID]:
    """Orders with an extra that nobody has asked the gateway for, because it was silent for too long."""
    never_asked = Payment.objects.filter(
        purpose=Payment.Purpose.EXTRA,
        status=PaymentStatus.CREATED,
        provider_ref=None,
        created_at__gt=after,
        created_at__lt=before,
    ).exclude(card_ref="")
    return never_asked.order_by("id").values_list("order_id", flat=True)[:_MOST]


def refresh_payment(*, payment_id: UUID) -> None:
    """Read a payment again at the gateway, as its webhook would have made us do."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.page_ref and payment.status in LIVE:
        apply_page(page_ref=payment.page_ref)
    elif payment.provider_ref and payment.status in NOT_OVER:
        apply_payment(provider_ref=payment.provider_ref)


def push_refund(*, refund_id: UUID) -> None:
    """Send a refund that was asked for, or read again one that is under way."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status == RefundStatus.REQUESTED:
        send_refund(refund_id=refund_id)
    elif refund.status == RefundStatus.PENDING and refund.payment.provider_ref:
        apply_refunds(payment_ref=refund.payment.provider_ref)
