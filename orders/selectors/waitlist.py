"""Places in the waitlist as their answers show them."""

from typing import Any

from orders.models import OrderLine, WaitlistEntry
from orders.states import WaitlistStatus


def waitlist_answer(entry: WaitlistEntry) -> dict[str, Any]:
    """A place in the waitlist; needs `depot`, `variant.container` and `order`."""
    order = entry.order if entry.status in (WaitlistStatus.OFFERED, WaitlistStatus.TAKEN) else None
    return {
        "id": str(entry.pk),
        "sku": entry.variant.sku,
        "title": entry.variant.title,
        "depot": entry.depot.code,
        "mode": "rent" if entry.kind == OrderLine.Kind.RENTAL else "buy",
        "from": entry.start_on,
        "to": entry.end_on,
        "acclimatisation_days": entry.acclimatisation_days,
        "coupon": entry.coupon or None,
        "coupon_refused": entry.coupon_refusal or None,
        "quantity": entry.quantity,
        "currency": entry.currency,
        "status": entry.status,
        "order": order.number if order else None,
        "expires_at": order.expires_at if order and order.unpaid else None,
        "created_at": entry.created_at,
    }
