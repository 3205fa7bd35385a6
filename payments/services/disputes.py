"""Disputes: a bank takes money back, gives it again or keeps it, and staff decide about what it kept (ADR 18)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from core.errors import NotFound
from core.logging import get_logger
from orders.models import Charge, ChargeKind, Order
from orders.services import settle_soon
from payments.errors import DisputeDecided
from payments.models import Dispute, Mail, Payment
from payments.providers.base import ProviderUnavailable, RemoteDispute, RemoteDisputeStatus
from payments.providers.registry import get_provider
from payments.selectors import balance
from payments.services.deposit_states import follow_payment, settle_deposit_soon
from payments.services.locking import lock_payment
from payments.services.mailing import mail_soon
from payments.services.parking import park, save_sums
from payments.services.returning import GATEWAY
from payments.states import DISPUTE_OPEN, DisputeDecision, DisputeStatus, ParkedBy

log = get_logger(__name__)

_STATUS = {
    RemoteDisputeStatus.NEEDS_RESPONSE: DisputeStatus.NEEDS_RESPONSE,
    RemoteDisputeStatus.UNDER_REVIEW: DisputeStatus.UNDER_REVIEW,
    RemoteDisputeStatus.WON: DisputeStatus.WON,
    RemoteDisputeStatus.LOST: DisputeStatus.LOST,
    RemoteDisputeStatus.DROPPED: DisputeStatus.DROPPED,
}
_MOST_TRIES = 5


def apply_disputes(*, payment_ref: str) -> list[Dispute]:
    """Let our rows follow every dispute that the gateway has for a payment, and the payment's sum with them.

    Any order of events and any number of repeats give the same end: what somebody else wrote while the gateway was
    read is newer, so it is read again. Network, then a transaction. Raises: ProviderUnavailable.
    """
    payment = Payment.objects.filter(provider_ref=payment_ref).first()
    if payment is None:
        return []
    for _ in range(_MOST_TRIES):
        before = _versions(payment.pk)
        found = get_provider().disputes_of(payment_ref)
        if not found and not before:
            return []
        followed = _follow(payment.pk, found, before)
        if followed is not None:
            return followed
    raise ProviderUnavailable("the disputes of this payment moved whenever they were read")


def dispute_status(remote: RemoteDispute) -> DisputeStatus:
    """The gateway's status in our words."""
    return _STATUS[remote.status]


def _versions(payment_id: UUID) -> dict[str, int]:
    return dict(Dispute.objects.filter(payment_id=payment_id).values_list("provider_ref", "version"))


@transaction.atomic
def _follow(payment_id: UUID, found: Sequence[RemoteDispute], before: Mapping[str, int]) -> list[Dispute] | None:
    """None: the rows moved since `before`, what was read may be older. Locks: order, payment."""
    order, payment = lock_payment(payment_id)
    if _versions(payment_id) != before:
        return None
    for remote in found:
        if remote.currency != payment.currency:
            reason = f"The gateway has a dispute in {remote.currency}, we were paid in {payment.currency}."
            park(payment, reason, by=ParkedBy.DISPUTE)
            return []
    park(payment, "", by=ParkedBy.DISPUTE)
    rows = [_write(order, payment, remote) for remote in found]
    withdrawn = Dispute.objects.filter(payment=payment).aggregate(sum=Sum("withdrawn_minor"))["sum"] or 0
    if withdrawn != payment.disputed_minor:
        payment.disputed_minor = withdrawn
        save_sums(payment)
        if payment.deposit_id is not None:
            follow_payment(order, payment, news=False)
    if _versions(payment_id) != before:
        settle_soon(order.pk)
        if payment.deposit_id is not None:
            settle_deposit_soon(payment.deposit_id)
    return rows


def _write(order: Order, payment: Payment, remote: RemoteDispute) -> Dispute:
    row = Dispute.objects.filter(provider_ref=remote.ref).first()
    fresh = row is None
    row = row or Dispute(payment=payment, provider_ref=remote.ref)
    told = {
        "status": dispute_status(remote),
        "is_inquiry": remote.is_inquiry,
        "is_refundable": remote.is_refundable,
        "amount_minor": remote.amount_minor,
        "withdrawn_minor": remote.withdrawn_minor,
        "reason": remote.reason[:100],
        "evidence_due_at": remote.evidence_due_at,
        "opened_at": remote.opened_at,
    }
    if not fresh and all(getattr(row, name) == value for name, value in told.items()):
        return row
    came_back = row.withdrawn_minor - remote.withdrawn_minor
    was_open = not fresh and row.status in DISPUTE_OPEN
    for name, value in told.items():
        setattr(row, name, value)
    is_open = row.status in DISPUTE_OPEN
    row.closed_at = None if is_open else row.closed_at or timezone.now()
    if came_back > 0 or is_open:
        _undecide(order, row)
    row.version += 1
    row.save()
    if fresh or was_open != is_open:
        about = {"dispute": str(row.pk), "order": order.number, "status": row.status, "inquiry": row.is_inquiry}
        log.error("payment_disputed", **about) if is_open else log.warning("dispute_closed", **about)
    return row


def _undecide(order: Order, row: Dispute) -> None:
    """What was decided about lost money falls with the loss: what was credited for it is charged again."""
    if row.written_off is not None:
        Charge.objects.create(
            order=order,
            reverses=row.written_off,
            kind=ChargeKind.GOODWILL,
            amount_minor=row.written_off_minor,
            reason="credit taken back: the bank returned the payment",
            actor=GATEWAY,
        )
    row.decision, row.written_off = DisputeDecision.NONE, None


@transaction.atomic
def write_off_dispute(*, dispute_id: UUID, reason: str, actor: str) -> Dispute:
    """Give up what a bank kept: the customer is credited with it, so that the order is balanced again.

    Locks: order, payment. Raises: NotFound, DisputeDecided.
    """
    order, dispute = _lock_lost(dispute_id)
    credit = min(max(0, balance(order.pk)), dispute.withdrawn_minor)
    if credit:
        dispute.written_off = Charge.objects.create(
            order=order, kind=ChargeKind.GOODWILL, amount_minor=-credit, reason=reason[:300], actor=actor
        )
    return _decide(order, dispute, DisputeDecision.WRITE_OFF, note=reason, actor=actor)


@transaction.atomic
def ask_for_disputed(*, dispute_id: UUID, note: str, actor: str) -> Dispute:
    """Ask the customer for what the bank kept: it can be paid in the app (purpose "extra"), no card is charged for it,
    and no deposit kept. They are written to, whether the order is complete or not.

    Locks: order, payment. Raises: NotFound, DisputeDecided.
    """
    order, dispute = _lock_lost(dispute_id)
    dispute = _decide(order, dispute, DisputeDecision.ASK, note=note, actor=actor)
    mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=f"{dispute.pk}:{dispute.version}")
    return dispute


def _lock_lost(dispute_id: UUID) -> tuple[Order, Dispute]:
    payment_id = Dispute.objects.filter(pk=dispute_id).values_list("payment_id", flat=True).first()
    if payment_id is None:
        raise NotFound("There is no such dispute.")
    order, _ = lock_payment(payment_id)
    dispute = Dispute.objects.get(pk=dispute_id)
    if dispute.status != DisputeStatus.LOST or dispute.decision == DisputeDecision.WRITE_OFF:
        raise DisputeDecided
    if not dispute.withdrawn_minor:
        raise DisputeDecided("The bank kept nothing.")
    return order, dispute


def _decide(order: Order, dispute: Dispute, decision: DisputeDecision, *, note: str, actor: str) -> Dispute:
    dispute.decision, dispute.decision_note = decision, note[:300]
    dispute.decided_by, dispute.decided_at = actor, timezone.now()
    dispute.version += 1
    dispute.save()
    settle_soon(order.pk)
    return dispute
