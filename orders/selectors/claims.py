"""Claims of the shop, as staff find them and customers see them."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from core.api import money
from orders.models import Claim, Order, RentalPhoto
from orders.states import CLAIM, ClaimStatus, allowed_events


def lapsed_claims() -> QuerySet[Claim]:
    """Claims to which nobody objected in time, and that are not charged yet; the oldest first."""
    lapsed = Claim.objects.filter(status=ClaimStatus.OPEN, answer_by__lte=timezone.now())
    return lapsed.select_related("order", "rental__line").order_by("answer_by", "id")


def claim_answer(claim: Claim) -> dict[str, Any]:
    """A claim as its customer sees it; needs `order`, `photos`, and the photos of its rental."""
    cur = claim.order.currency
    return {
        "id": str(claim.pk),
        "rental": str(claim.rental_id),
        "kind": claim.kind,
        "status": claim.status,
        "amount": money(claim.amount_minor, cur),
        "reason": claim.reason,
        "filed_at": claim.created_at,
        "answer_by": claim.answer_by,
        "objection": claim.objection,
        "decision": claim.decision_note,
        "decided_at": claim.decided_at,
        "charged": None if claim.charged_minor is None else money(claim.charged_minor, cur),
        "photos": [photo_answer(photo, claim.order) for photo in (*_of_rental(claim), *claim.photos.all())],
        "allowed_events": _claim_open_to_customer(claim),
    }


def _of_rental(claim: Claim) -> list[RentalPhoto]:
    """Before and after; what other claims show is theirs."""
    return [photo for photo in claim.rental.photos.all() if photo.claim_id is None]


def photo_answer(photo: RentalPhoto, order: Order) -> dict[str, Any]:
    """Where a picture of a rental is, and what it shows."""
    return {
        "id": str(photo.pk),
        "rental": str(photo.rental_id),
        "moment": photo.moment,
        "taken_at": photo.created_at,
        "href": f"{settings.PUBLIC_URL}/api/v1/orders/{order.number}/photos/{photo.pk}.jpg",
    }


def _claim_open_to_customer(claim: Claim) -> list[str]:
    events = {"accept", "object"} & set(allowed_events(CLAIM, claim.status))
    if claim.answer_by < timezone.now():
        events.discard("object")
    return sorted(events)


def claims_to_decide() -> QuerySet[Claim]:
    """Claims that were objected to: staff decide."""
    return Claim.objects.filter(status=ClaimStatus.OBJECTED)
