"""Orders and their parts as staff see them. They move by actions, each of which is one service call."""

from orders.admin.claim import ClaimAdmin
from orders.admin.coupon import CouponAdmin
from orders.admin.order import OrderAdmin
from orders.admin.passport import passport
from orders.admin.plain import DeliveryRateAdmin, QuoteAdmin
from orders.admin.rental import RentalAdmin
from orders.admin.sale import OrderLineAdmin
from orders.admin.waitlist import WaitlistEntryAdmin

__all__ = [
    "ClaimAdmin",
    "CouponAdmin",
    "DeliveryRateAdmin",
    "OrderAdmin",
    "OrderLineAdmin",
    "QuoteAdmin",
    "RentalAdmin",
    "WaitlistEntryAdmin",
    "passport",
]
