"""Orders as their answers show them."""

from typing import Any

from core.api import money
from orders.models import Order, OrderEvent, OrderLine
from orders.outlook import cancellation_of
from orders.prices import OtherCharge, Price, Prices
from orders.selectors.allowed import line_open_to_customer, open_to_customer
from orders.selectors.rentals import rental_answer, shipment_of
from orders.selectors.standing import returnable_until
from orders.selectors.told import deposit_of, fits_of, parts_of, trip_of
from orders.states import OrderStatus

_TOLD_WHY = ("call_off", "rearrange")


def cancellation_answer(order: Order) -> dict[str, Any]:
    """What cancelling it now would do, which is nothing where it cannot be; needs `quote` and `depot`."""
    now = cancellation_of(order)
    if "cancel" not in open_to_customer(order):
        kept = money(now.credit_minor + now.kept_minor, order.currency)
        nothing = {"credit": money(0, order.currency), "kept": kept, "rent_credited_percent": 0, "until": None}
        return {"possible": False, **nothing}
    return {
        "possible": True,
        "credit": money(now.credit_minor, order.currency),
        "kept": money(now.kept_minor, order.currency),
        "rent_credited_percent": now.percent,
        "until": now.until,
    }


def order_answer(order: Order) -> dict[str, Any]:
    """An order with its lines and rentals; needs `Order.objects.with_lines()`."""
    cur, prices = order.currency, Prices(order)
    return {
        "number": order.number,
        "status": order.status,
        "allowed_events": open_to_customer(order),
        "quote": str(order.quote_id),
        "depot": order.depot.code,
        "fulfilment": order.fulfilment,
        "currency": cur,
        "coupon": str(order.coupon) if order.coupon else None,
        "discount": money(prices.discount_minor, cur),
        "delivery": money(prices.delivery_minor, cur),
        "other_charges": [_other_charge(other, cur) for other in prices.others],
        "total": money(prices.total_minor, cur),
        "tax_included": money(prices.tax_minor, cur),
        **deposit_of(order, cur, is_ahead=order.unpaid or order.status == OrderStatus.CONFIRMED),
        "deposit_secured_at": order.deposit_secured_at,
        "placed_at": order.placed_at,
        "expires_at": order.expires_at if order.unpaid else None,
        "confirmed_at": order.confirmed_at,
        "trip": trip_of(order),
        "rule_versions": list(order.rule_versions.values()),
        "fit_worse_at": order.fit_worse_at,
        "lines": [
            {**_order_line(line, order, prices.of_lines[line.pk]), "fit": fit}
            for line, fit in zip(prices.lines, fits_of(order), strict=False)
        ],
    }


def order_events(order: Order) -> list[dict[str, Any]]:
    """What happened to an order as its customer may know it, oldest first: its beginning, then every event."""
    began = {"at": order.placed_at, "event": "place", "subject": "", "from_status": "", "to_status": "reserving"}
    return [{**began, "by": "customer", "reason": ""}, *(_event(event) for event in order.events.all())]


def _event(event: OrderEvent) -> dict[str, Any]:
    """Who it was is told without the person, and of notes only why the shop changed or ended something: others are the
    desk's."""
    told = {name: getattr(event, name) for name in ("at", "event", "subject", "from_status", "to_status")}
    is_told = event.event in _TOLD_WHY or (event.event == "cancel" and not event.subject)
    return {**told, "by": event.actor.partition(":")[0], "reason": event.note if is_told else ""}


def _order_line(line: OrderLine, order: Order, price: Price) -> dict[str, Any]:
    cur = order.currency
    return {
        "id": str(line.pk),
        "kind": line.kind,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price": None if price.unit_minor is None else money(price.unit_minor, cur),
        "discount": money(price.discount_minor, cur),
        "other_charges": [_other_charge(other, cur) for other in price.others],
        "total": money(price.total_minor, cur),
        "tax_included": money(price.tax_minor, cur),
        "tax_percent": f"{line.tax_rate_bp / 100:g}",
        "status": line.status,
        "allowed_events": line_open_to_customer(line),
        "returnable_until": returnable_until(line),
        "shipment": shipment_of(line),
        "parts": parts_of(line.explanation),
        "rentals": [rental_answer(rental, order, unit) for rental, unit in price.units.items()],
        "explanation": price.explanation,
    }


def _other_charge(other: OtherCharge, cur: str) -> dict[str, Any]:
    rental = str(other.rental_id) if other.rental_id else None
    return {"kind": other.kind, "amount": money(other.amount_minor, cur), "text": other.text, "rental": rental}
