"""Orders and quotes as their answers show them."""

from orders.selectors.allowed import rental_open_to_customer
from orders.selectors.claims import claim_answer, claims_to_decide, lapsed_claims, photo_answer
from orders.selectors.orders import cancellation_answer, order_answer, order_events
from orders.selectors.quotes import quote_answer
from orders.selectors.rentals import delay_answer, extension_options
from orders.selectors.standing import (
    fits_worse,
    has_left,
    is_all_credited,
    rentals_to_come,
    returnable_until,
    still_to_come,
    to_bring_back,
    to_pick_up,
)
from orders.selectors.waitlist import waitlist_answer

__all__ = [
    "cancellation_answer",
    "claim_answer",
    "claims_to_decide",
    "delay_answer",
    "extension_options",
    "fits_worse",
    "has_left",
    "is_all_credited",
    "lapsed_claims",
    "order_answer",
    "order_events",
    "photo_answer",
    "quote_answer",
    "rental_open_to_customer",
    "rentals_to_come",
    "returnable_until",
    "still_to_come",
    "to_bring_back",
    "to_pick_up",
    "waitlist_answer",
]
