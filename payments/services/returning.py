"""Money going back: asked for under lock, sent by a job, settled by what the gateway says."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import NotFound
from core.logging import get_logger
from core.money import format_minor
from core.queue import enqueue
from orders.models import Charge, ChargeKind, Order
from orders.services import cancel_order, lock_order, settle_soon
from payments.errors import ApprovalByAnother, PaymentDisputed, RefundDecided, RefundOutdated, RefundTooLarge
from payments.models import Deposit, Mail, Payment, Refund
from payments.providers.base import KeySpent, ProviderRefused, RemoteRefund, RemoteStatus
from payments.providers.registry import get_provider
from payments.selectors import LAST_ENDED, balance, empties, failed_refunds, held_by_bank, needs_approval
from payments.services.deposit_states import follow_payment, keep_less, settle_deposit_soon
from payments.services.locking import lock_payment
from payments.services.mailing import mail_soon
from payments.services.parking import park, save_sums
from payments.states import DEPOSIT_LIVE, UNDER_WAY, ParkedBy, RefundStatus

log = get_logger(__name__)

GATEWAY = "provider"
_STATUS = {
    RemoteStatus.SUCCEEDED: RefundStatus.SUCCEEDED,
    RemoteStatus.FAILED: RefundStatus.FAILED,
}
_FIRST_TRY = timedelta(minutes=10)


@transaction.atomic
def request_refund(
    *,
    payment_id: UUID,
    amount_minor: int,
    reason: str,
    actor: str,
    seen_left_minor: int | None = None,
    told_with: Refund | None = None,
) -> Refund:
    """Ask for part or all of a payment to go back. What was not owed back already is credited as goodwill, unless
    the order is not confirmed yet: then it is simply unpaid again. When nothing stays paid of a confirmed order of
    which nothing was handed over, it is cancelled (ADR 15).

    Above the limit, what staff ask for waits for a second person, and nothing of that happens before (ADR 18).
    seen_left_minor: what whoever asks saw was left; when that has changed meanwhile, nothing is done.
    told_with: of the same credit, whose mail tells of this one too.
    Locks: order, payment, reservations. Raises: RefundTooLarge, RefundOutdated, PaymentDisputed.
    """
    _, payment = lock_payment(payment_id)
    if seen_left_minor is not None and seen_left_minor != payment.refundable_minor:
        raise RefundOutdated(refundable=payment.refundable_minor)
    if not 0 < amount_minor <= payment.refundable_minor:
        left = format_minor(payment.refundable_minor, payment.currency)
        raise RefundTooLarge(
            f"A refund must be more than zero and at most {left}.", refundable=payment.refundable_minor
        )
    refund = Refund(
        payment=payment, amount_minor=amount_minor, reason=reason[:300], requested_by=actor, told_with=told_with
    )
    if needs_approval(payment, amount_minor, actor=actor):
        refund.status = RefundStatus.WAITING
        refund.save(force_insert=True)
        payment.refund_waiting_minor += amount_minor
        save_sums(payment)
        log.info("refund_waits_for_approval", refund=str(refund.pk))
        return refund
    refund.save(force_insert=True)
    return _let_go(payment, refund)


@transaction.atomic
def approve_refund(*, refund_id: UUID, actor: str, note: str = "") -> Refund:
    """Let a refund go that somebody else asked for: only now its credit is written, and it is sent.

    Locks: order, payment, refund, and what crediting locks. Raises: NotFound, RefundDecided, ApprovalByAnother;
    PaymentDisputed or RefundTooLarge when a bank took the money meanwhile.
    """
    payment, refund = _lock_waiting(refund_id)
    if refund.requested_by == actor:
        raise ApprovalByAnother
    payment.refund_waiting_minor -= refund.amount_minor
    if refund.amount_minor > payment.refundable_minor:
        left = format_minor(payment.refundable_minor, payment.currency)
        raise RefundTooLarge(f"Only {left} are left of this payment.", refundable=payment.refundable_minor)
    refund.status, refund.approved_by = RefundStatus.REQUESTED, actor
    _decided(refund, note)
    return _let_go(payment, refund)


@transaction.atomic
def decline_refund(*, refund_id: UUID, actor: str, note: str) -> Refund:
    """Say no to a refund that waits, or take one's own back: its money is free again, nothing was credited.

    Locks: order, payment, refund. Raises: NotFound, RefundDecided.
    """
    payment, refund = _lock_waiting(refund_id)
    refund.status, refund.declined_by = RefundStatus.DECLINED, actor
    _decided(refund, note)
    payment.refund_waiting_minor -= refund.amount_minor
    save_sums(payment)
    _tell_deposit(payment.order, payment)  # it may have been parked, as a bank took what waited
    settle_soon(payment.order_id)  # what the order owes back may go by itself now
    if payment.deposit_id is not None:
        settle_deposit_soon(payment.deposit_id)  # and so may what is not kept of a deposit
    return refund


def _lock_waiting(refund_id: UUID) -> tuple[Payment, Refund]:
    payment_id = Refund.objects.filter(pk=refund_id).values_list("payment_id", flat=True).first()
    if payment_id is None:
        raise NotFound("There is no such refund.")
    _, payment = lock_payment(payment_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.status != RefundStatus.WAITING:
        raise RefundDecided(status=refund.status)
    return payment, refund


def _decided(refund: Refund, note: str) -> None:
    refund.decision_note, refund.decided_at = note[:300], timezone.now()
    refund.save(update_fields=["status", "approved_by", "declined_by", "decision_note", "decided_at"])


def _let_go(payment: Payment, refund: Refund) -> Refund:
    """Credit what goes back, count it, and have it sent. The order and the payment are locked."""
    if held_by_bank().filter(payment=payment).exists():
        raise PaymentDisputed
    _credit_for(payment.order, payment, refund.amount_minor, reason=refund.reason, actor=refund.requested_by)
    payment.refund_pending_minor += refund.amount_minor
    save_sums(payment)
    _tell_deposit(payment.order, payment)
    _tell_customer(refund, payment)
    enqueue("payments.send_refund", lock=f"refund:{refund.pk}", refund_id=str(refund.pk))
    return refund


@transaction.atomic
def refund_overpayment(*, order_id: UUID, reason: str, actor: str) -> list[Refund]:
    """Give back what the shop owes, newest payment first, and last what was kept of a deposit; one mail names it all.
    Safe to repeat: what is on its way counts as gone.

    What failed is not repeated by itself, nor given back of another payment: staff see it owed and choose (ADR 21).
    Locks: order, payments.
    """
    order = lock_order(order_id=order_id)
    paid = Payment.objects.filter(order=order, captured_minor__gt=0).for_charges()
    failed = Counter[UUID]()
    for refund in failed_refunds().filter(payment__order=order):
        failed[refund.payment_id] += refund.amount_minor
    left_to_staff = sum(min(failed[p.pk], p.refundable_minor) for p in paid)
    owed = -balance(order.pk) - left_to_staff
    refunds: list[Refund] = []
    paid = paid.exclude(pk__in=failed)
    paid = paid.exclude(pk__in=held_by_bank().values("payment"))  # settled again when the bank has decided
    here = [(payment, payment.refundable_minor) for payment in paid.order_by("-created_at")]
    for payment, most in [*here, *_kept_of_deposits(order)]:
        amount = min(owed, most)
        if amount > 0:
            told = next((refund for refund in refunds if refund.payment.deposit_id is None), None)
            refunds.append(
                request_refund(payment_id=payment.pk, amount_minor=amount, reason=reason, actor=actor, told_with=told)
            )
            owed -= amount
    return refunds


def _kept_of_deposits(order: Order) -> Iterator[tuple[Payment, int]]:
    """Payments of ended deposits, and how much of what was kept can go back: not while a bank has it, nor once a
    refund of it failed."""
    kept = Payment.objects.filter(deposit__order=order, provider_ref=F("deposit__provider_ref"))
    kept = kept.exclude(deposit__status__in=DEPOSIT_LIVE).exclude(pk__in=held_by_bank().values("payment"))
    for payment in kept.select_related("deposit").order_by("-created_at"):
        last = payment.refunds.order_by(*LAST_ENDED).first()
        if payment.deposit is not None and (last is None or last.status != RefundStatus.FAILED):
            yield payment, min(payment.deposit.stays_of(payment), payment.refundable_minor)


def send_refund(*, refund_id: UUID) -> Refund:
    """Ask the gateway to pay a refund. Its id makes the key there: a repeat pays nothing. After an error
    of the gateway's own, or when the gateway may have forgotten the key, it looks first. Network, then a transaction.

    Raises: ProviderUnavailable.
    """
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status != RefundStatus.REQUESTED or not refund.payment.provider_ref:
        return refund
    ref, provider = refund.payment.provider_ref, get_provider()
    try:
        tried_before = refund.attempts > 0 or refund.created_at < timezone.now() - _FIRST_TRY
        remote = _look_for(refund, provider.refunds_of(ref)) if tried_before else None
        if remote is None:
            remote = provider.refund(
                key=refund.key, refund_id=refund.pk, payment_ref=ref, amount_minor=refund.amount_minor
            )
    except KeySpent:
        Refund.objects.filter(pk=refund_id).update(attempts=F("attempts") + 1)
        raise
    except ProviderRefused as no:
        failed = _settle_status(refund_id=refund.pk, status=RefundStatus.FAILED, failure=str(no))
        apply_refunds(payment_ref=ref)  # there may be one that we have not heard of; settling then asks for the rest
        return failed
    return settle_refund(refund_id=refund.pk, remote=remote)


def _look_for(refund: Refund, found: Sequence[RemoteRefund]) -> RemoteRefund | None:
    """What the gateway made of this refund before it broke, if anything."""
    return next((remote for remote in found if remote.refund_id == refund.pk), None)


def apply_refunds(*, payment_ref: str) -> list[Refund]:
    """Let our rows follow every refund that the gateway has for a payment, also those made there by hand.

    More than we think was captured and is left is parked for a person. Network, then a transaction for each.
    Raises: ProviderUnavailable.
    """
    payment = Payment.objects.filter(provider_ref=payment_ref).first()
    if payment is None:
        return []
    found = sorted(get_provider().refunds_of(payment_ref), key=lambda remote: remote.refund_id is None)
    unfit = [remote for remote in found if not _follow(payment, remote)]  # ours first: they may give room for others
    if not unfit:
        _unpark(payment.pk)
    refs = [remote.ref for remote in found]
    return list(Refund.objects.filter(payment=payment, provider_ref__in=refs).order_by("created_at"))


@transaction.atomic
def _unpark(payment_id: UUID) -> None:
    """Every refund that the gateway has is written down here, or moved no money. Locks: order, payment."""
    if Payment.objects.filter(pk=payment_id, parked_by=ParkedBy.REFUND).exists():
        order, payment = lock_payment(payment_id)
        park(payment, "", by=ParkedBy.REFUND)
        _tell_deposit(order, payment)


def _follow(payment: Payment, remote: RemoteRefund) -> bool:
    """Write down a refund of the gateway's. False: it moved money and does not fit."""
    known = Refund.objects.filter(payment=payment, provider_ref=remote.ref).first()
    if known is None and remote.refund_id is not None:
        known = Refund.objects.filter(payment=payment, pk=remote.refund_id, provider_ref=None).first()
    if known is None and refund_status(remote) == RefundStatus.FAILED:
        return True  # no money moved, and nobody here waits for it
    known = known or _adopt(payment_id=payment.pk, remote=remote)
    if known is None:
        return False
    settle_refund(refund_id=known.pk, remote=remote)
    return True


@transaction.atomic
def _adopt(*, payment_id: UUID, remote: RemoteRefund) -> Refund | None:
    """Write down a refund that somebody made at the gateway itself. None: it does not fit, and the payment is parked
    until it does.

    Locks: order, payment, reservations.
    """
    order, payment = lock_payment(payment_id)
    known = Refund.objects.filter(provider_ref=remote.ref).first()
    if known is not None:
        return known
    left = payment.here_minor
    if remote.amount_minor > left:
        reason = f"{remote.amount_minor} were refunded at the gateway, {left} were left here."
        park(payment, reason, by=ParkedBy.REFUND)
        return None
    reason = "refunded at the payment gateway"
    _credit_for(order, payment, remote.amount_minor, reason=reason, actor=GATEWAY)
    payment.refund_pending_minor += remote.amount_minor
    save_sums(payment)
    _tell_deposit(order, payment)
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=remote.amount_minor,
        reason=reason,
        requested_by=GATEWAY,
        provider_ref=remote.ref,
    )
    _tell_customer(refund, payment)
    return refund


def _tell_customer(refund: Refund, payment: Payment) -> None:
    """Of a deposit that goes back they hear from the deposit."""
    if payment.deposit_id is None and refund.told_with_id is None:
        mail_soon(Mail.Kind.REFUND_UNDER_WAY, order_id=payment.order_id, about=refund.pk)


def refund_status(remote: RemoteRefund) -> RefundStatus:
    """The gateway's status in our words."""
    return _STATUS.get(remote.status, RefundStatus.PENDING)


def settle_refund(*, refund_id: UUID, remote: RemoteRefund) -> Refund:
    """Write what the gateway says about a refund. Safe to repeat."""
    return _settle_status(refund_id=refund_id, status=refund_status(remote), ref=remote.ref, failure=remote.failure)


@transaction.atomic
def _settle_status(*, refund_id: UUID, status: RefundStatus, ref: str = "", failure: str = "") -> Refund:
    """Move a refund and its payment's sums together. Locks: order, payment, refund."""
    order, payment = lock_payment(Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id))
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    known_there = refund.provider_ref is not None
    if ref:
        refund.provider_ref = ref
    before = RefundStatus(refund.status)
    failed_there = before == RefundStatus.FAILED and known_there
    if status == before or (before not in UNDER_WAY and status in UNDER_WAY) or failed_there:
        refund.save(update_fields=["provider_ref"])
        return refund  # nothing new, or an old answer overtaken by a newer one: what failed there has ended
    if before in UNDER_WAY:
        payment.refund_pending_minor -= refund.amount_minor if status not in UNDER_WAY else 0
    else:
        payment.refunded_minor -= refund.amount_minor if before == RefundStatus.SUCCEEDED else 0
    if status == RefundStatus.SUCCEEDED:
        payment.refunded_minor += refund.amount_minor
    save_sums(payment)
    refund.status, refund.failure = status, failure[:300]
    refund.settled_at = None if status in UNDER_WAY else timezone.now()
    refund.save(update_fields=["status", "failure", "settled_at", "provider_ref"])
    _tell_deposit(order, payment)
    settle_soon(payment.order_id)
    if status == RefundStatus.FAILED:
        log.error("refund_failed", refund=str(refund.pk), failure=failure)
        mail_soon(Mail.Kind.REFUND_FAILED, order_id=payment.order_id, about=refund.pk)
    return refund


def _credit_for(order: Order, payment: Payment, going_back_minor: int, *, reason: str, actor: str) -> None:
    """Credit what goes back of a payment; of a deposit's, only what was kept of it had paid for anything."""
    if payment.deposit_id is None:
        _credit(order, going_back_minor, reason=reason, actor=actor)
        return
    deposit = Deposit.objects.select_for_update().get(payments=payment)
    kept = deposit.stays_of(payment)
    no_longer_kept = going_back_minor - max(0, payment.here_minor - kept)  # a bank may have taken of what is kept
    if no_longer_kept > 0:
        _credit(order, no_longer_kept, reason=reason, actor=actor)
        keep_less(deposit, kept - no_longer_kept)


def _tell_deposit(order: Order, payment: Payment) -> None:
    """A deposit is secured by what has not gone back."""
    if payment.deposit_id is not None:
        follow_payment(order, payment, news=False)


def _credit(order: Order, going_back_minor: int, *, reason: str, actor: str) -> None:
    """Let an order follow money that goes back without being owed back: as goodwill, or by being cancelled."""
    goodwill = going_back_minor - max(0, -balance(order.pk))
    if goodwill <= 0 or order.unpaid:
        return
    if empties(order, going_back_minor):
        said = f"everything was {reason}" if actor == GATEWAY else f"everything was refunded: {reason}"
        cancel_order(order_id=order.pk, actor=actor, note=said, in_full=True)
        return
    Charge.objects.create(
        order=order, kind=ChargeKind.GOODWILL, amount_minor=-goodwill, reason=reason[:300], actor=actor
    )
