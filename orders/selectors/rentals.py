"""Rentals of an order as its answer shows them, and what could be changed about them."""

from dataclasses import asdict
from typing import Any

from django.db.models import Prefetch

from catalog.pricing import RentalFee
from core.api import money
from core.money import format_minor
from core.time import days_counted
from inventory import words
from inventory.models import Depot
from inventory.selectors import fleets
from orders.models import ChargeKind, LinePart, Order, OrderLine, Rental
from orders.outlook import EXTENDABLE, Delay, Option, Outlook, keep_minor, returning_claims
from orders.prices import UnitPrice
from orders.selectors.allowed import rental_open_to_customer
from orders.selectors.told import adjustment_told
from orders.states import OrderStatus


def extension_options(order: Order) -> list[dict[str, Any]]:
    """How long each rental of an order could last and what that costs, what bringing it back earlier would credit, and
    what keeping it costs; none whose days are settled. Needs `with_lines()`. A fixed number of statements."""
    depot = Depot.objects.with_closures().get(pk=order.depot_id)
    rentals = [rental for line in order.lines.all() for rental in line.rentals.all()]
    is_paid = order.status == OrderStatus.CONFIRMED
    can_change = (rental for rental in rentals if rental.status in EXTENDABLE and not rental.is_posted_back)
    ids = [rental.pk for rental in can_change if is_paid]
    parts = LinePart.objects.select_related("reservation__unit", "reservation__depot")
    parts = parts.prefetch_related("reservation__unit__downtimes")
    rows = (
        Rental.objects.filter(pk__in=ids)
        .select_related("line__order__quote", "reservation__unit", "reservation__depot")
        .prefetch_related("charges", "reservation__unit__downtimes", Prefetch("parts", parts))
        .order_by("id")
    )
    claims = [claim for rental in rows for claim in returning_claims(rental)]
    read = fleets({(claim.variant_id, claim.depot_id) for claim in claims})
    return [_extension(Outlook(rental, depot, read=read), order) for rental in rows]


def _extension(outlook: Outlook, order: Order) -> dict[str, Any]:
    rental, keep, cur = outlook.rental, keep_minor(outlook.rental), order.currency
    offered = keep is not None and "keep" in rental_open_to_customer(rental, order)
    return {
        "rental": str(rental.pk),
        "end_on": rental.end_on,
        "latest_on": outlook.latest,
        "why_not_longer": outlook.limit,
        "options": [_option(option, cur) for option in outlook.options],
        "earlier": [
            {
                "end_on": option.end_on,
                "days": option.days,
                "credit": money(option.credit_minor, cur),
                "credited_percent": option.percent,
                "until": option.until,
            }
            for option in outlook.earlier
        ],
        "keep_price": money(keep, cur) if offered and keep is not None else None,
    }


def _option(option: Option, cur: str) -> dict[str, Any]:
    return {"end_on": option.end_on, "days": option.days, "price": money(option.price_minor, cur)}


def delay_answer(delay: Delay, cur: str) -> dict[str, Any]:
    """What was told about coming back late, and what to do instead where that costs less."""
    return {
        "rental": str(delay.rental.pk),
        "back_on": delay.rental.late_reported_on,
        "late_fees": money(delay.fees_minor, cur),
        "extension": delay.extension and _instead(delay.extension, delay.fees_minor, cur),
    }


def _instead(option: Option, fees_minor: int, cur: str) -> dict[str, Any]:
    saves = fees_minor - option.price_minor
    text = (
        f"Extending until {words.day(option.end_on)} is cheaper: {format_minor(option.price_minor, cur)} instead of "
        f"{format_minor(fees_minor, cur)} in late fees."
    )
    return {**_option(option, cur), "saves": money(saves, cur), "text": text}


def shipment_of(part: OrderLine | Rental) -> dict[str, str] | None:
    return {"carrier": part.carrier, "tracking_number": part.tracking_number} if part.tracking_number else None


def _return_parcel(rental: Rental) -> dict[str, Any] | None:
    if rental.posted_back_at is None:
        return None
    told = {"carrier": rental.return_carrier, "tracking_number": rental.return_tracking_number}
    return {**told, "posted_at": rental.posted_back_at}


def rental_answer(rental: Rental, order: Order, unit: UnitPrice) -> dict[str, Any]:
    cur, keep = order.currency, _keep_price_now(rental, order)
    return {
        "id": str(rental.pk),
        "status": rental.status,
        "start_on": rental.start_on,
        "end_on": rental.end_on,
        "days": days_counted(rental.start_on, rental.end_on),
        "acclimatisation_days": rental.line.rental_terms.acclimatisation_days,
        **_fee(unit.fee, cur),
        "price": money(unit.fee.amount_minor, cur),
        "discount": money(unit.discount_minor, cur),
        "expected_on": rental.late_reported_on,
        "unit": rental.unit.serial if rental.unit else None,
        "post_on": rental.post_on,
        "shipment": shipment_of(rental),
        "return_parcel": _return_parcel(rental),
        "handed_over_at": rental.handed_over_at,
        "returned_at": rental.returned_at,
        "allowed_events": rental_open_to_customer(rental, order),
        "late_fee_per_day": money(rental.line.rental_terms.late_fee_minor, cur),
        "keep_price": None if keep is None else money(keep, cur),
    }


def _fee(fee: RentalFee, cur: str) -> dict[str, Any]:
    return {
        "billed_days": fee.billed_days,
        "rate_from_days": fee.from_days,
        "per_day": money(fee.per_day_minor, cur),
        "adjustments": [adjustment_told(asdict(part), cur) for part in fee.adjustments],
    }


def _keep_price_now(rental: Rental, order: Order) -> int | None:
    """What keeping it would cost now; None once it has ended, or where it is not for sale."""
    if rental.status not in EXTENDABLE:
        return None
    fees = [c for c in order.charges_shown if c.rental_id == rental.pk and c.kind == ChargeKind.LATE_FEE]
    return keep_minor(rental, fees_minor=sum(charge.amount_minor for charge in fees))
