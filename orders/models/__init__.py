"""Quotes, orders, their lines and rentals, and every charge and event that ever happened to them."""

from orders.models.charge import Charge, ChargeKind
from orders.models.claim import CLAIMABLE, Claim
from orders.models.order import CalendarFeed, Order, OrderEvent, OrderLine
from orders.models.owned import OwnedByCustomer
from orders.models.part import LinePart
from orders.models.photo import ChargePhoto, RentalPhoto, _private_files, _unguessable  # noqa: F401 (migrations)
from orders.models.quote import DepositPlan, Fulfilment, Quote
from orders.models.rental import Reminder, Rental
from orders.models.rules import CancellationTier, Coupon, DeliveryRate, uses_in
from orders.models.waitlist import WaitlistEntry

__all__ = [
    "CLAIMABLE",
    "CalendarFeed",
    "CancellationTier",
    "Charge",
    "ChargeKind",
    "ChargePhoto",
    "Claim",
    "Coupon",
    "DeliveryRate",
    "DepositPlan",
    "Fulfilment",
    "LinePart",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OwnedByCustomer",
    "Quote",
    "Reminder",
    "Rental",
    "RentalPhoto",
    "WaitlistEntry",
    "uses_in",
]
