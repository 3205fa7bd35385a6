"""How stock reads for staff: the colours of its states, the words for what the inventory system said, whose it is."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from core.backoffice import NOTHING, badge, page_of, two_lines
from core.time import today_in
from inventory import words
from inventory.fleet_calendar import first_of_week
from inventory.models import Reservation, Unit
from inventory.states import ProviderState, ReservationKind, ReservationStatus, UnitStatus

UNIT_WORDS: dict[str, tuple[str, str]] = {
    UnitStatus.AVAILABLE: ("On the shelf", "success"),
    UnitStatus.OUT: ("Out", "info"),
    UnitStatus.CLEANING: ("Being cleaned", "primary"),
    UnitStatus.MAINTENANCE: ("In maintenance", "warning"),
    UnitStatus.LOST: ("Lost", "danger"),
    UnitStatus.SOLD: ("Sold", ""),
    UnitStatus.RETIRED: ("Retired", ""),
}
CLAIM_WORDS: dict[str, tuple[str, str]] = {
    ReservationStatus.HELD: ("Held, not paid", "warning"),
    ReservationStatus.COMMITTED: ("Paid", "success"),
    ReservationStatus.SHIPPED: ("Left the depot", "info"),
    ReservationStatus.FULFILLED: ("Done", "primary"),
    ReservationStatus.RELEASED: ("Given back", ""),
    ReservationStatus.EXPIRED: ("Expired", ""),
}
LAPSED = ("Lapsed", "")
RENTAL_WORDS = {ReservationStatus.SHIPPED: "With the customer", ReservationStatus.FULFILLED: "Came back"}
THEIR_WORDS: dict[str, str] = {
    ProviderState.NONE: "not told yet",
    ProviderState.HELD: "holds it",
    ProviderState.CONFIRMED: "keeps it for us",
    ProviderState.CHECKED_OUT: "knows that it left",
    ProviderState.CHECKED_IN: "knows that it is back",
    ProviderState.RELEASED: "gave it up",
    ProviderState.REFUSED: "refused it",
    ProviderState.LOCAL: "keeps no dates",
}

# The keys of the app above, by name: whose reservation it is. Loaded with select_related(*WITH_ORDER).
WITH_ORDER = (
    "rental__line__order__customer", "order_line__order__customer", "line_part__line__order__customer",
)  # fmt: skip


def order_of(row: Reservation) -> Any:
    """The order that a reservation is a part of, or None; loaded with `WITH_ORDER`."""
    part = getattr(row, "rental", None) or getattr(row, "line_part", None)
    line = part.line if part is not None else getattr(row, "order_line", None)
    return line.order if line is not None else None


def order_link(row: Reservation, viewer: Any = None) -> SafeString | str:
    order = order_of(row)
    if order is None:
        return NOTHING
    number = format_html('<span class="nowrap">{}</span>', order.number)
    return page_of("orders_order", order.pk, number, viewer=viewer, strong=True)


def whose(row: Reservation, viewer: Any) -> SafeString | str:
    """The order, and below it the customer for who may see orders."""
    order = order_of(row)
    if order is None or not viewer.has_perm("orders.view_order"):
        return order_link(row, viewer)
    return two_lines(order_link(row, viewer), order.customer)


def named(row: Reservation) -> str:
    """What a message calls a reservation."""
    order = order_of(row)
    name = order.number if order is not None else row.variant.sku
    return f"{name}, {words.days(row.period)}" if row.period else str(name)


def thing(row: Any) -> SafeString:
    """The container, and below it the SKU."""
    return two_lines(row.variant.container, row.variant.sku)


def days_of(row: Reservation) -> str:
    return words.days(row.period) if row.period else NOTHING


def unit_badge(unit: Unit) -> SafeString:
    return badge(*UNIT_WORDS[unit.status])


def claim_words(row: Reservation) -> tuple[str, str]:
    text, tone = CLAIM_WORDS[row.status]
    if row.is_lapsed(timezone.now()):
        return LAPSED
    return (
        (RENTAL_WORDS.get(ReservationStatus(row.status), text), tone)
        if row.kind == ReservationKind.RENTAL
        else (text, tone)
    )


def claim_badge(row: Reservation) -> SafeString:
    return badge(*claim_words(row))


def calendar_address(depot_id: int, sku: str, row: Reservation | None = None) -> str:
    """The fleet calendar of one pool, in the week in which a reservation begins or goes on."""
    asked: dict[str, Any] = {"depot": depot_id, "q": sku}
    if row is not None and row.period:
        asked["from"] = first_of_week(max(row.period.lower, today_in(row.depot.time_zone))).isoformat()
    return f"{reverse('admin:inventory_unit_calendar')}?{urlencode(asked)}"
