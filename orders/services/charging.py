"""What staff charge beyond the price, and what proves it."""

from collections.abc import Sequence
from uuid import UUID

from django.core.files.base import File
from django.db import transaction

from core.errors import NotFound
from core.money import MAX_MINOR
from orders.errors import ChargeOutdated, ChargeUnsuitable, ClaimPending, TransitionNotAllowed
from orders.models import Charge, ChargeKind, ChargePhoto, Rental
from orders.pictures import cleaned
from orders.services.history import lock_order
from orders.services.soon import settle_soon
from orders.states import UNDECIDED, OrderStatus

EXTRAS = (ChargeKind.DAMAGE, ChargeKind.CLEANING, ChargeKind.LATE_FEE)


@transaction.atomic
def add_charge(
    *,
    order_id: UUID,
    kind: ChargeKind,
    amount_minor: int,
    reason: str,
    actor: str,
    rental_id: UUID | None = None,
    photos: Sequence["File[bytes]"] = (),
    seen_charges: int | None = None,
) -> Charge:
    """Charge a confirmed order for damage, cleaning or days late; its deposit pays when everything is back.

    amount_minor: of the order's currency, above zero. rental_id: what it is about. photos: up to 6 pictures of up to
    10 MB; JPEG, PNG or WebP; they are kept without metadata. seen_charges: how many charges the order had when whoever
    asks looked: a form that is sent twice charges once. Locks: order. Raises: NotFound, TransitionNotAllowed,
    ChargeUnsuitable, PhotoUnsuitable, ChargeOutdated, ClaimPending.
    """
    proofs = cleaned(photos)
    if kind not in EXTRAS or not 0 < amount_minor <= MAX_MINOR or not reason.strip():
        raise ChargeUnsuitable
    order = lock_order(order_id=order_id)
    if order.status != OrderStatus.CONFIRMED:
        raise TransitionNotAllowed(event="charge", status=order.status, allowed=[])
    if seen_charges is not None and order.charges.count() != seen_charges:
        raise ChargeOutdated
    rental = Rental.objects.filter(pk=rental_id, line__order=order).first() if rental_id else None
    if rental_id and rental is None:
        raise NotFound("There is no such rental in this order.")
    if rental and rental.claims.filter(kind=kind, status__in=UNDECIDED).exists():
        raise ClaimPending  # it says the same, and its customer may still object
    charge = Charge.objects.create(
        order=order,
        line_id=rental.line_id if rental else None,
        rental=rental,
        kind=kind,
        amount_minor=amount_minor,
        reason=reason.strip()[:300],
        actor=actor,
    )
    for proof in proofs:
        ChargePhoto.objects.create(charge=charge, image=proof)
    settle_soon(order.pk)
    return charge
