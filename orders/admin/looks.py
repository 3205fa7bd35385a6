"""How orders and their parts read: the colours of their states, the words for what happened."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.backoffice import Card, Facts, badge, moment, page_of
from core.time import days_counted
from inventory.words import day
from orders.disruption import Disruption
from orders.models import Claim, Order, OrderLine, Rental
from orders.selectors import has_left, is_all_credited, still_to_come
from orders.states import ClaimStatus, OrderStatus, RentalStatus, SaleStatus

TONES: dict[str, str] = {
    OrderStatus.RESERVING: "info",
    OrderStatus.PENDING_PAYMENT: "warning",
    OrderStatus.CONFIRMED: "primary",
    OrderStatus.COMPLETED: "success",
    RentalStatus.BOOKED: "info",
    RentalStatus.READY: "primary",
    RentalStatus.OUT: "warning",
    RentalStatus.RETURNED: "info",
    RentalStatus.CLOSED: "success",
    RentalStatus.LOST: "danger",
    RentalStatus.KEPT: "success",
    SaleStatus.RESERVED: "info",
    SaleStatus.SHIPPED: "success",
    SaleStatus.COLLECTED: "success",
    SaleStatus.RETURN_REQUESTED: "warning",
}

CLAIM_TONES: dict[str, str] = {
    ClaimStatus.OPEN: "info",
    ClaimStatus.OBJECTED: "danger",
    ClaimStatus.CHARGED: "success",
}

HAPPENED: dict[str, tuple[str, str]] = {
    "hold": ("Held by the warehouse", "info"),
    "refuse": ("Refused by the warehouse", "danger"),
    "expire": ("Expired unpaid", ""),
    "pay": ("Paid", "success"),
    "pay_late": ("Paid late, stock won anew", "success"),
    "cancel": ("Cancelled", "danger"),
    "complete": ("Completed", "success"),
    "prepare": ("Prepared", "primary"),
    "unprepare": ("Put back on the shelf", ""),
    "restore": ("Booked again", ""),
    "hand_over": ("Handed over", "warning"),
    "take_back": ("Taken back", "info"),
    "close": ("Inspected and closed", "success"),
    "extend": ("Rented for longer", "info"),
    "shorten": ("Comes back earlier", "info"),
    "move": ("Moved to other days", "info"),
    "replace": ("Another container instead", "warning"),
    "recheck_fit": ("Fits its flight less well than told", "danger"),
    "settle_fit": ("A way was found for its flight", "success"),
    "rearrange": ("Moved by us, as its days could not be kept", "warning"),
    "tell_late": ("Says it comes back late", "warning"),
    "post_back": ("Posted back", "info"),
    "deny_parcel": ("Was not posted back", "danger"),
    "be_late": ("Late: a fee a day from now on", "danger"),
    "miss": ("Not picked up on its first day", "warning"),
    "forfeit": ("Never picked up: ended", "danger"),
    "call_off": ("Called off by us", "danger"),
    "keep": ("Kept by the customer", "success"),
    "lose": ("Reported lost", "danger"),
    "ship": ("Shipped", "success"),
    "collect": ("Collected", "success"),
    "ask_return": ("Return requested", "warning"),
    "receive": ("Return received", "info"),
    "refuse_return": ("Return refused", "warning"),
    "swap": ("Given another unit", "info"),
    "file_claim": ("Damage claimed", "warning"),
    "accept_claim": ("Claim accepted", "success"),
    "object_claim": ("Objects to the claim", "danger"),
    "lapse_claim": ("Claim not objected to in time", "success"),
    "uphold_claim": ("Claim upheld", "info"),
    "reduce_claim": ("Claim reduced", "info"),
    "drop_claim": ("Claim dropped", ""),
    "secure_deposit": ("Card asked for the deposit", "info"),
    "release_deposit": ("Deposit given back early", "warning"),
}


def status_badge(thing: Order | OrderLine | Rental, *, today: date | None = None) -> SafeString:
    """The state of an order, a line or a rental; a rental that is late says so."""
    if isinstance(thing, Rental) and today is not None and is_overdue(thing, today):
        late = (today - thing.end_on).days
        return badge(f"Overdue {late} day{'s' if late > 1 else ''}", "danger")
    if isinstance(thing, Rental) and thing.is_posted_back:
        return badge("On its way back", "info")
    return badge(thing.get_status_display(), TONES.get(str(thing.status), ""))


def claim_badge(claim: Claim) -> SafeString:
    return badge(claim.get_status_display(), CLAIM_TONES.get(str(claim.status), ""))


def part_text(part: Rental | OrderLine) -> str:
    """A part of an order in a sentence about several: "2 × Minkaro Cocoon, M sage"."""
    return f"{part.line.title}, {days(part)}" if isinstance(part, Rental) else str(part)


def still_to_come_text(order_id: UUID) -> str:
    """What of an order is still to be handed over after a step; "" when it was the last."""
    order = Order.objects.with_lines().get(pk=order_id)
    parts = still_to_come(order)
    return f" Still to come: {'; '.join(map(part_text, parts))}." if parts else ""


def unpaid_warning(order: Order) -> SafeString | str:
    """What is said in red beside an order that goes on although nobody pays for it; "" for any other."""
    if not is_all_credited(order):
        return ""
    if has_left(order):
        return "Nothing is paid: everything was refunded after a part was handed over. Ask before the rest goes out."
    return "Nothing is paid: everything was refunded. It must be cancelled, not handed over."


def disruption_text(rental: Rental) -> str:
    """What stands in the way of a rental, as a sentence; "" where nothing does, or nobody asked (`with_disruption`)."""
    return f"{Disruption(rental.disruption).label}." if rental.disruption else ""


def is_overdue(rental: Rental, today: date) -> bool:
    return rental.status == RentalStatus.OUT and rental.posted_back_at is None and rental.end_on < today


def days(rental: Rental) -> str:
    """The days of a rental, first and last included."""
    first, last = rental.start_on, rental.end_on
    if first == last:
        return day(first)
    same_month = (first.year, first.month) == (last.year, last.month)
    return f"{first.day} to {day(last)}" if same_month else f"{day(first)} to {day(last)}"


def day_count(rental: Rental) -> str:
    count = days_counted(rental.start_on, rental.end_on)
    return f"{count} day{'s' if count > 1 else ''}"


def order_link(order: Order) -> SafeString | str:
    return page_of("orders_order", order.pk, format_html('<span class="nowrap">{}</span>', order.number), strong=True)


def customer_link(user: Model, viewer: Any) -> SafeString | str:
    return page_of("accounts_user", user.pk, user, viewer=viewer)


def posted_back(rental: Rental) -> Facts:
    """When it was posted back, and who brings it; nothing of what was not."""
    if rental.posted_back_at is None:
        return []
    told = f"{rental.return_carrier}, {rental.return_tracking_number}" if rental.return_carrier else ""
    at = moment(rental.posted_back_at, rental.line.order.depot.time_zone)
    return [("Posted back", at), *([("Brought by", told)] if told else [])]


def address_card(order: Order) -> list[Card]:
    return [Card("Delivery address", text=address_lines(order.address))] if order.address else []


def address_lines(address: Any) -> SafeString | str:
    """A sealed address as on a parcel."""
    if not address:
        return ""
    town = f"{address.get('country', '')}-{address.get('postal_code', '')} {address.get('city', '')}"
    lines = [address.get("recipient"), address.get("line1"), address.get("line2"), town, address.get("phone")]
    return format_html_join(mark_safe("<br>"), "{}", [(line,) for line in lines if line])
