"""What its customer can do with an order and its parts at this moment."""

from django.utils import timezone

from orders.models import Order, OrderLine, Rental
from orders.selectors.standing import has_left, returnable_until
from orders.states import ORDER, RENTAL, SALE, OrderStatus, allowed_events

_CUSTOMERS_OWN = {"extend", "keep", "move", "post_back", "shorten", "tell_late"}


def open_to_customer(order: Order) -> list[str]:
    """What its customer can do with the order at this moment."""
    events = set(allowed_events(ORDER, order.status))
    if order.unpaid and order.expires_at <= timezone.now():
        events.discard("pay")
    if "cancel" in events and has_left(order):
        events.discard("cancel")
    return sorted(events)


def line_open_to_customer(line: OrderLine) -> list[str]:
    until = returnable_until(line)
    may = "ask_return" in allowed_events(SALE, line.status or "") and until is not None and timezone.now() <= until
    return ["ask_return"] if may else []


def rental_open_to_customer(rental: Rental, order: Order) -> list[str]:
    """What its customer can do with a rental of a paid order; the service may still say no, and why."""
    if order.status != OrderStatus.CONFIRMED:
        return []
    events, terms = _CUSTOMERS_OWN & set(allowed_events(RENTAL, rental.status)), rental.line.rental_terms
    if rental.is_posted_back:
        events &= {"post_back"}
    if terms.keep_price_minor is None:
        events.discard("keep")
    first = rental.posted_back_from(order.depot.time_zone)
    if terms.parcel_back_days is None or (first is not None and order.depot.today < first):
        events.discard("post_back")
    return sorted(events)
