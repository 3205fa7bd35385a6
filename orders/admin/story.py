"""The page of an order: everything that was promised, done and charged, on one sheet."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice import Card, Moment, Page, Table, amount, moment, page_of, people, two_lines
from core.time import today_in
from inventory.words import day
from orders.admin.history import placed, timeline
from orders.admin.looks import address_lines, customer_link, day_count, days, status_badge, unpaid_warning
from orders.admin.steps import HANDLE, next_button
from orders.models import Charge, Order, OrderEvent, OrderLine, Rental


def order_page(request: HttpRequest, order: Order) -> Page:
    """Needs `customer`, `depot`, and lines with their rentals and units loaded."""
    lines = list(order.lines.all())
    charges, events = list(order.charges.all()), list(order.events.all())
    return Page(
        headline=order.number,
        badges=[status_badge(order)],
        subtitle=_subtitle(order),
        figures=_figures(order, charges),
        main=[
            *_unpaid_card(order),
            *_fit_card(order),
            _lines_card(request, order, lines),
            _charges_card(order, lines, charges),
        ],
        aside=[_facts_card(request, order), *_address_card(order), _history_card(order, lines, events)],
    )


def _unpaid_card(order: Order) -> list[Card]:
    said = unpaid_warning(order)
    return [Card("Nothing is paid", text=said, tone="danger")] if said else []


def _fit_card(order: Order) -> list[Card]:
    """The flights that it is for, and how it fits them."""
    facts = flights_of(order)
    if not facts:
        return []
    if order.fit_worse_at is None:
        return [Card("For the flight", facts=facts)]
    return [Card("Fits less well than told", text="An airline changed its rules.", facts=facts, tone="danger")]


def flights_of(order: Order) -> list[tuple[str, object]]:
    """Each flight, and the verdict on each line for it by the rules as they are now."""
    if not order.trip:
        return []
    verdicts = [verdict for fit in order.trip["fits"] for verdict in fit["verdicts"]]
    return [
        (
            f"{leg['airline']}, {leg['cabin'].replace('_', ' ')}, {day(date.fromisoformat(leg['on']))}",
            " ".join(dict.fromkeys(verdict["detail"] for verdict in verdicts if verdict["leg"] == number)),
        )
        for number, leg in enumerate(order.trip["legs"])
    ]


def _subtitle(order: Order) -> str:
    said = f"{order.customer} · placed {moment(order.placed_at, order.depot.time_zone)} · {order.depot}"
    return f"{said} · {order.get_fulfilment_display().lower()}"


def _figures(order: Order, charges: Iterable[Charge]) -> list[tuple[str, SafeString]]:
    cur = order.currency
    charged = sum(charge.amount_minor for charge in charges)
    figures = [("Deposit", amount(order.deposit_minor, cur))] if order.deposit_minor else []
    if charged == order.total_minor:
        return [*figures, ("Total", amount(charged, cur))]
    return [*figures, ("As ordered", amount(order.total_minor, cur)), ("Charged", amount(charged, cur))]


_HEADINGS = ("Container", "What", "Status", ">Price", ">Next step")


def _lines_card(request: HttpRequest, order: Order, lines: Iterable[OrderLine]) -> Card:
    acts = request.user.has_perm(HANDLE)
    rows = [row for line in lines for row in _line_rows(line)]
    if delivery := order.quote.delivery_minor:
        rows.append(["Delivery", "", "", amount(delivery, order.currency), ""])
    columns = len(_HEADINGS) if acts else len(_HEADINGS) - 1
    return Card("What was ordered", table=Table(_HEADINGS[:columns], [row[:columns] for row in rows]))


def _line_rows(line: OrderLine) -> list[list[Any]]:
    """A sale is one row; a rental line has one for each rental, and its price once."""
    cur, title = line.order.currency, two_lines(format_html('<span class="strong">{}</span>', line.title), line.sku)
    price = _explained(amount(line.total_minor, cur), line)
    if line.kind == OrderLine.Kind.SALE:
        what = two_lines(f"{line.quantity} bought", format_html("{} each", amount(line.unit_price_minor, cur)))
        return [[title, what, status_badge(line), price, next_button(line)]]
    today = today_in(line.order.depot.time_zone)
    return [
        [
            "" if index else title,
            two_lines(page_of("orders_rental", rental.pk, f"{days(rental)}"), _unit(rental)),
            status_badge(rental, today=today),
            "" if index else price,
            next_button(rental),
        ]
        for index, rental in enumerate(line.rentals.all())
    ]


def _explained(price: SafeString, line: OrderLine) -> SafeString:
    """How the price came about, for who points at it."""
    said = "; ".join(line.explanation.get("said", []))
    return format_html('<span class="explained" title="{}">{}</span>', said, price) if said else price


def _unit(rental: Rental) -> str:
    return f"{day_count(rental)}, unit {rental.unit}" if rental.unit else f"{day_count(rental)}, no unit yet"


def _charges_card(order: Order, lines: Iterable[OrderLine], charges: list[Charge]) -> Card:
    skus, names = {line.pk: line.sku for line in lines}, people(charge.actor for charge in charges)
    rows = [
        [
            moment(charge.created_at, order.depot.time_zone),
            two_lines(charge.get_kind_display(), charge.reason or _sku(skus, charge)),
            names[charge.actor],
            amount(charge.amount_minor, order.currency),
        ]
        for charge in charges
    ]
    total = amount(sum(charge.amount_minor for charge in charges), order.currency)
    table = Table(["When", "Charge", "By", ">Amount"], rows, ["Charged in all", "", "", total], empty="Nothing yet.")
    return Card("Charges and credits", table=table)


def _sku(skus: dict[UUID, str], charge: Charge) -> str:
    return skus.get(charge.line_id, "") if charge.line_id else ""


def _address_card(order: Order) -> list[Card]:
    return [Card("Delivery address", text=address_lines(order.address))] if order.address else []


def _facts_card(request: HttpRequest, order: Order) -> Card:
    zone = order.depot.time_zone
    facts: list[tuple[str, object]] = [
        ("Customer", customer_link(order.customer, request.user)),
        ("Depot", order.depot.name),
        ("Tax included", amount(order.tax_minor, order.currency)),
        ("Placed", moment(order.placed_at, zone)),
    ]
    if order.unpaid:
        facts.append(("Pay until", moment(order.expires_at, zone)))
    facts.append(("Paid", moment(order.confirmed_at, zone)))
    return Card("Order", facts=facts)


def _history_card(order: Order, lines: Iterable[OrderLine], events: list[OrderEvent]) -> Card:
    about = {f"line {line.pk}": line.sku for line in lines}
    about |= {f"rental {rental.pk}": f"{line.sku}, {days(rental)}" for line in lines for rental in line.rentals.all()}
    moments: list[Moment] = [*timeline(events, zone=order.depot.time_zone, about=about), placed(order)]
    return Card("History", timeline=moments)
