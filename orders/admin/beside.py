"""What a clerk has before his eyes while a step about a rental asks."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice import NOTHING, Facts, amount, badge
from core.time import today_in
from orders.admin.looks import address_lines, days, is_overdue, order_link, posted_back
from orders.models import Order, Rental
from orders.states import RentalStatus


def beside(rental: Rental, more: Facts = ()) -> dict[str, Any]:
    """The facts of a rental, and more of them; as options of an Ask."""
    order, terms = rental.line.order, rental.line.explanation.get("rental") or {}
    today, ships = today_in(order.depot.time_zone), rental.status == RentalStatus.READY and bool(order.address)
    late = (today - rental.end_on).days if is_overdue(rental, today) else 0
    facts = [
        ("Order", order_link(order)),
        ("Customer", order.customer),
        ("Container", rental.line.sku),
        ("Unit", rental.unit or NOTHING),
        ("Days", days(rental)),
        *([("Delivery address", address_lines(order.address))] if ships else []),
        *posted_back(rental),
        *([("Late", badge(f"{late} day{'s' if late > 1 else ''}", "danger"))] if late > 0 else []),
        *([("Deposit", _deposit(order, terms["deposit_minor"]))] if terms.get("deposit_minor") else []),
    ]
    return {"facts": [*facts, *more], "facts_title": "Rental"}


def _deposit(order: Order, minor: int) -> SafeString:
    secured = order.deposit_secured_at is not None
    shown = badge("Secured", "success") if secured else badge("Not secured", "danger") if order.deposit_plan else ""
    return format_html("{} {}", amount(minor, order.currency), shown)
