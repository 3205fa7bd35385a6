"""What orders know of a customer: see `accounts.privacy`."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import F

from orders.errors import TransitionNotAllowed
from orders.models import Claim, Order, OrderLine, Quote, Rental, WaitlistEntry
from orders.selectors import has_left, order_answer, order_events, quote_answer
from orders.services.cancelling import cancel_order
from orders.services.changes import is_delivered
from orders.services.feeds import close_feed
from orders.services.waiting import leave_waitlist
from orders.states import UNDECIDED, OrderStatus, RentalStatus, SaleStatus

_CLAIM = ("kind", "amount_minor", "reason", "status", "objection")
_WAIT = ("kind", "quantity", "start_on", "end_on", "acclimatisation_days", "coupon", "status", "created_at")
_TO_CANCEL = (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED)


def what_keeps(*, user_id: UUID) -> Iterator[str]:
    """A carrier that is out, or not yet inspected. Locks: quotes, so that no order is placed, then orders."""
    list(Quote.objects.select_for_update().filter(customer=user_id).order_by("id").values_list("pk"))
    for order in _open_orders(user_id):
        if has_left(order) and not is_delivered(order):
            yield f"Order {order.number}: {_what_is_open(order)}"


def wind_up(*, user_id: UUID, actor: str) -> None:
    """Give up places in the waitlist and cancel the orders that have not begun, each in a transaction of its own."""
    waiting = WaitlistEntry.objects.filter(customer=user_id, status__in=WaitlistEntry.OPEN)
    for entry_id in waiting.values_list("pk", flat=True):
        with suppress(TransitionNotAllowed):  # taken, or over, meanwhile
            leave_waitlist(customer_id=user_id, entry_id=entry_id)
    mine = Order.objects.filter(customer=user_id, status__in=_TO_CANCEL).with_lines().order_by("id")
    for order in mine:
        if not has_left(order):
            cancel_order(order_id=order.pk, actor=actor, note="account closed")


def forget(*, user_id: UUID) -> None:
    """Addresses, cats and flights, the numbers of parcels, which carriers have addresses for, unused quotes and the
    calendar go."""
    mine = Quote.objects.filter(customer=user_id)
    mine.filter(order=None).delete()
    mine.update(address=None, trip=None)
    Order.objects.filter(customer=user_id).update(address=None, trip=None)
    untracked = {"carrier": "", "tracking_number": ""}
    OrderLine.objects.filter(order__customer=user_id).update(**untracked)
    back = {f"return_{name}": value for name, value in untracked.items()}
    Rental.objects.filter(line__order__customer=user_id).update(**untracked, **back)
    close_feed(customer_id=user_id)


def export(*, user_id: UUID) -> dict[str, Any]:
    orders = Order.objects.filter(customer=user_id).with_lines().prefetch_related("events").order_by("placed_at")
    unused = Quote.objects.filter(customer=user_id, order=None).select_related("depot", "coupon").order_by("created_at")
    claims = Claim.objects.filter(order__customer=user_id).order_by("pk")
    waits = WaitlistEntry.objects.filter(customer=user_id).order_by("pk")
    return {
        "orders": [
            {**order_answer(order), "address": order.address, "history": order_events(order)} for order in orders
        ],
        "claims": list(claims.values(*_CLAIM, order_number=F("order__number"))),
        "waitlist": list(waits.values(*_WAIT, sku=F("variant__sku"), at=F("depot__code"))),
        "quotes": [{**quote_answer(quote), "address": quote.address} for quote in unused],
    }


def _open_orders(user_id: UUID) -> list[Order]:
    """Locked, in id order."""
    mine = Order.objects.filter(customer=user_id, status__in=_TO_CANCEL)
    return list(mine.select_for_update(of=("self",)).with_lines().order_by("id"))


def _what_is_open(order: Order) -> str:
    lines = list(order.lines.all())
    rentals = {rental.status for line in lines for rental in line.rentals.all()}
    if RentalStatus.OUT in rentals:
        return "something is still out; it has to be here first."
    if RentalStatus.RETURNED in rentals:
        return "we have yet to look at what came back; try again tomorrow."
    if any(line.status == SaleStatus.RETURN_REQUESTED for line in lines):
        return "what you send back is not here yet."
    if order.claims.filter(status__in=UNDECIDED).exists():
        return "a claim waits for your answer, or for ours."
    return "a part of it still waits for you at the depot; fetch it, or ask us to call it off."
