"""Claims for damage: what a customer is to pay, said before any money moves, with the pictures of before and after."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from core.errors import NotFound
from core.money import MAX_MINOR
from core.queue import enqueue
from orders.errors import ClaimPending, ClaimTooLate, ClaimUnsuitable, TransitionNotAllowed
from orders.models import CLAIMABLE, ChargeKind, Claim, Order, RentalPhoto
from orders.pictures import cleaned
from orders.selectors import lapsed_claims
from orders.services.history import CLOCK, charge_rental, lock_order, lock_rental, record
from orders.services.soon import settle_soon, tell_soon
from orders.states import CLAIM, UNDECIDED, ClaimStatus, RentalStatus, next_status

_BACK = (RentalStatus.RETURNED, RentalStatus.CLOSED)


@transaction.atomic
def file_claim(
    *,
    rental_id: UUID,
    kind: ChargeKind,
    amount_minor: int,
    reason: str,
    actor: str,
    photos: Sequence["File[bytes]"] = (),
) -> Claim:
    """Say what a customer is to pay for a unit that came back damaged or dirty. Until it is decided the order stays
    open and its deposit secured.

    amount_minor: of the order's currency, above zero. photos: up to 6 that show it.
    Locks: order. Raises: NotFound, TransitionNotAllowed, ClaimUnsuitable, ClaimPending, PhotoUnsuitable.
    """
    proofs = cleaned(photos)
    if kind not in CLAIMABLE or not 0 < amount_minor <= MAX_MINOR or not reason.strip():
        raise ClaimUnsuitable
    order, rental = lock_rental(rental_id)
    if rental.status not in _BACK:
        raise TransitionNotAllowed(event="claim for", status=rental.status, allowed=[])
    if rental.claims.filter(kind=kind, status__in=UNDECIDED).exists():
        raise ClaimPending
    claim = Claim.objects.create(
        order=order,
        rental=rental,
        kind=kind,
        amount_minor=amount_minor,
        reason=reason.strip()[:300],
        filed_by=actor,
        answer_by=timezone.now() + settings.CLAIM_TIME,
    )
    for proof in proofs:
        RentalPhoto.objects.create(rental=rental, claim=claim, moment=RentalPhoto.Moment.CLAIMED, image=proof)
    record(order, "file_claim", "", claim.status, actor=actor, note=f"{claim}: {claim.reason}", subject=_subject(claim))
    tell_soon("claim_filed", order_id=order.pk, about=claim.pk)
    return claim


@transaction.atomic
def accept_claim(*, claim_id: UUID, actor: str) -> Claim:
    """The customer agrees, also after having objected: it is charged, and the deposit pays first.

    Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order, claim = _lock(claim_id)
    return _charge(order, claim, "accept", claim.amount_minor, actor=actor)


@transaction.atomic
def object_to_claim(*, claim_id: UUID, text: str, actor: str) -> Claim:
    """The customer does not agree, and says why: staff decide. Locks: order.

    Raises: NotFound, TransitionNotAllowed, ClaimTooLate.
    """
    order, claim = _lock(claim_id)
    after = next_status(CLAIM, "object", claim.status)
    if timezone.now() > claim.answer_by:
        raise ClaimTooLate(until=claim.answer_by.isoformat())
    claim.objection = text.strip()
    return _move(order, claim, "object", after, actor=actor, fields=["objection"])


@transaction.atomic
def uphold_claim(*, claim_id: UUID, note: str, actor: str, amount_minor: int | None = None) -> Claim:
    """Staff charge what was objected to, or less of it: amount_minor. The customer reads the note.

    Locks: order. Raises: NotFound, TransitionNotAllowed, ClaimUnsuitable.
    """
    order, claim = _lock(claim_id)
    amount = claim.amount_minor if amount_minor is None else amount_minor
    if not 0 < amount <= claim.amount_minor or not note.strip():
        raise ClaimUnsuitable
    return _charge(
        order, claim, "uphold" if amount == claim.amount_minor else "reduce", amount, actor=actor, note=note.strip()
    )


@transaction.atomic
def drop_claim(*, claim_id: UUID, note: str, actor: str) -> Claim:
    """Staff let a claim go that is not decided; nothing is charged. The customer reads the note.

    Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order, claim = _lock(claim_id)
    claim.decision_note = note.strip()[:300]
    after = next_status(CLAIM, "drop", claim.status)
    dropped = _decide(order, claim, "drop", after, actor=actor, fields=["decision_note"])
    settle_soon(order.pk)  # its deposit may have waited for this alone
    return dropped


@transaction.atomic
def settle_claim(*, claim_id: UUID) -> bool:
    """Charge a claim to which nobody objected in time. Returns whether it was.

    Safe to repeat. Locks: order. Raises: NotFound.
    """
    order, claim = _lock(claim_id)
    if claim.status != ClaimStatus.OPEN or claim.answer_by > timezone.now():
        return False
    _charge(order, claim, "lapse", claim.amount_minor, actor=CLOCK)
    return True


def settle_claims(*, dry_run: bool = False) -> list[Claim]:
    """Have every claim charged whose days to object are over, each by a job of its own. Returns them.

    dry_run: only tells which. No locks.
    """
    lapsed = list(lapsed_claims())
    for claim in lapsed if not dry_run else ():
        key = f"claim:{claim.pk}"
        enqueue("orders.settle_claim", once=key, lock=key, claim_id=str(claim.pk))
    return lapsed


def _lock(claim_id: UUID) -> tuple[Order, Claim]:
    order_id = Claim.objects.filter(pk=claim_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such claim.")
    order = lock_order(order_id=order_id)
    claim = Claim.objects.select_related("rental").get(pk=claim_id)
    claim.order = order
    return order, claim


def _charge(order: Order, claim: Claim, event: str, amount_minor: int, *, actor: str, note: str = "") -> Claim:
    after = next_status(CLAIM, event, claim.status)
    claim.charge = charge_rental(
        order, claim.rental, ChargeKind(claim.kind), amount_minor, reason=claim.reason, actor=actor
    )
    claim.charged_minor, claim.decision_note = amount_minor, note[:300]
    moved = _decide(order, claim, event, after, actor=actor, fields=["charge", "charged_minor", "decision_note"])
    settle_soon(order.pk)
    return moved


def _decide(order: Order, claim: Claim, event: str, after: str, *, actor: str, fields: list[str]) -> Claim:
    claim.decided_by, claim.decided_at = actor, timezone.now()
    moved = _move(order, claim, event, after, actor=actor, fields=[*fields, "decided_by", "decided_at"])
    if event != "accept":  # who accepts knows
        tell_soon("claim_decided", order_id=order.pk, about=claim.pk)
    return moved


def _move(order: Order, claim: Claim, event: str, after: str, *, actor: str, fields: list[str]) -> Claim:
    before, claim.status = claim.status, after
    claim.save(update_fields=["status", *fields])
    note = claim.decision_note  # what the customer wrote stays with the claim: events can never be changed
    record(order, f"{event}_claim", before, after, actor=actor, note=note, subject=_subject(claim))
    return claim


def _subject(claim: Claim) -> str:
    return f"claim {claim.pk}"
