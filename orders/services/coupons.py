"""Coupons: whether one counts, how much it takes off, and of which lines. It is used while an order with it lives."""

from collections.abc import Sequence
from datetime import date
from itertools import accumulate, pairwise
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, Q, Value, When

from core.money import Money, one_or_hundred
from orders.errors import (
    CouponCurrency,
    CouponExpired,
    CouponFirstOrder,
    CouponMinimum,
    CouponNotYetValid,
    CouponUnknown,
    CouponUsed,
    CouponUsedUp,
)
from orders.models import Coupon, Order, uses_in


def find_coupon(*, code: str, customer_id: UUID, today: date, currency: str, goods_minor: int) -> Coupon:
    """The coupon with this code, whatever the case, if it counts for this customer and these goods and rents. One
    statement; promises nothing: it is used when it is ordered.

    Raises: CouponUnknown, CouponNotYetValid, CouponExpired, CouponCurrency, CouponMinimum, COUPON_GONE.
    """
    coupon: Coupon | None = _counted(customer_id).filter(code__iexact=code).first()
    if coupon is None:
        raise CouponUnknown
    if today < coupon.valid_from:
        raise CouponNotYetValid(f"It is valid from {coupon.valid_from} on.", valid_from=coupon.valid_from.isoformat())
    if coupon.valid_until and today > coupon.valid_until:
        raise CouponExpired
    if coupon.currency not in ("", currency):
        raise CouponCurrency(f"It is for prices in {coupon.currency}.", currency=coupon.currency)
    if goods_minor < coupon.minimum_minor:
        least = Money(coupon.minimum_minor, currency)
        raise CouponMinimum(f"It is for goods and rents from {least}.", minimum=least.as_json())
    _require_left(coupon)
    return coupon


def use_coupon(*, coupon_id: int, customer_id: UUID) -> Coupon:
    """The coupon, sure to be left for one more order of this customer, which the caller makes in this transaction.

    Two statements: the one that waited for the lock does not see what was ordered meanwhile. First orders lock all
    coupons for such, else two of them would make two first orders.
    Locks: coupons, in id order. Raises: COUPON_GONE.
    """
    of_a_kind = Q(first_order_only=True) & Exists(Coupon.objects.filter(pk=coupon_id, first_order_only=True))
    locked = Coupon.objects.select_for_update().filter(Q(pk=coupon_id) | of_a_kind)
    list(locked.order_by("id").values_list("pk"))
    coupon: Coupon = _counted(customer_id).get(pk=coupon_id)
    _require_left(coupon)
    return coupon


def _counted(customer_id: UUID) -> Any:
    """Coupons with `uses` if there is a limit, those `by` this customer, and whether the customer `has_ordered`."""
    own = Order.objects.filter(customer_id=customer_id)
    has_ordered = Exists(own.filter(status__in=Order.LIVING))
    uses = Case(When(most_uses__isnull=False, then=uses_in(Order.objects.all())), default=Value(0))  # else never read
    return Coupon.objects.annotate(uses=uses, by=uses_in(own), has_ordered=has_ordered)


def _require_left(coupon: Any) -> None:
    if coupon.first_order_only and coupon.has_ordered:
        raise CouponFirstOrder
    if coupon.most_uses_each is not None and coupon.by >= coupon.most_uses_each:
        raise CouponUsed
    if coupon.most_uses is not None and coupon.uses >= coupon.most_uses:
        raise CouponUsedUp


def discount_of(coupon: Coupon, *, goods_minor: int, delivery_minor: int, currency: str) -> int:
    """What it takes off goods and rents, rounded half up, and never so much that nothing is left to pay: an order is
    confirmed by its payment."""
    off = coupon.amount_minor if coupon.percent is None else (2 * goods_minor * coupon.percent + 100) // 200
    return max(0, min(off or 0, goods_minor, goods_minor + delivery_minor - one_or_hundred(currency)))


def saved_with(coupon: Coupon | None, less_minor: int, *, goods_minor: int, delivery_minor: int, currency: str) -> int:
    """How much less is to be paid in all when goods and rents cost so much less; 0 where that would lose the coupon."""
    if coupon is None:
        return less_minor
    left = goods_minor - less_minor
    if left < coupon.minimum_minor:
        return 0
    before, after = (
        goods - discount_of(coupon, goods_minor=goods, delivery_minor=delivery_minor, currency=currency)
        for goods in (goods_minor, left)
    )
    return before - after


def spread(discount_minor: int, totals: Sequence[int]) -> list[int]:
    """What of a discount falls on each line, in proportion, to the cent, and never more than the line costs."""
    whole = sum(totals)
    if not whole:
        return [0] * len(totals)
    reached = [discount_minor * total // whole for total in accumulate(totals, initial=0)]
    return [end - start for start, end in pairwise(reached)]


__all__ = ["discount_of", "find_coupon", "saved_with", "spread", "use_coupon"]
