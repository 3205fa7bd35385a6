"""Quotes as their answers show them."""

from datetime import date
from typing import Any

from django.utils import timezone

from core.api import money
from core.time import start_of_day
from orders.cancellation import in_words, percent_at, tiers_of, until_next, until_when
from orders.models import Quote
from orders.rental_terms import RentalTerms
from orders.selectors.told import adjustment_told, deposit_of, fits_of, parts_of, trip_of
from orders.terms import delivery_terms


def quote_answer(quote: Quote) -> dict[str, Any]:
    """A quote as it was frozen; needs `depot` and `coupon`."""
    cur = quote.currency
    return {
        "id": str(quote.pk),
        "depot": quote.depot.code,
        "fulfilment": quote.fulfilment,
        "currency": cur,
        "lines": [
            {**_quote_line(line, cur), "fit": fit} for line, fit in zip(quote.lines, fits_of(quote), strict=False)
        ],
        "coupon": str(quote.coupon) if quote.coupon else None,
        "discount": money(quote.discount_minor, cur),
        "delivery": money(quote.delivery_minor, cur),
        "delivery_terms": delivery_terms(quote),
        "total": money(quote.total_minor, cur),
        "tax_included": money(quote.tax_minor, cur),
        **deposit_of(quote, cur),
        **_cancellation_terms(quote),
        "cheaper": [_proposal(told, cur) for told in quote.cheaper],
        "trip": trip_of(quote),
        "expires_at": quote.expires_at,
    }


def _proposal(told: dict[str, Any], cur: str) -> dict[str, Any]:
    same = {name: told[name] for name in ("line", "kind", "sku", "container", "title", "end_on", "text")}
    return {**same, "price": money(told["price_minor"], cur), "saves": money(told["saves_minor"], cur)}


def _cancellation_terms(quote: Quote) -> dict[str, Any]:
    """The terms, and what of them holds at this moment."""
    zone, now, tiers = quote.depot.time_zone, timezone.now(), tiers_of(quote.cancellation)
    days = [date.fromisoformat(line["rental"]["start_on"]) for line in quote.lines if line["rental"]]
    begins_at = start_of_day(min(days), zone) if days else None
    terms = [{"until": until, "credited_percent": percent} for until, percent in until_when(tiers, begins_at)]
    holds = {
        "credited_percent": percent_at(tiers, begins_at, now),
        "until": until_next(tiers, begins_at, now),
        "text": in_words(tiers, begins_at, now),
    }
    return {"cancellation": terms, "cancellation_now": holds}


def _quote_line(line: dict[str, Any], cur: str) -> dict[str, Any]:
    return {
        **{name: line[name] for name in ("kind", "sku", "title", "quantity")},
        "unit_price": money(line["unit_price_minor"], cur),
        "discount": money(line.get("discount_minor", 0), cur),
        "total": money(line["total_minor"], cur),
        "tax_included": money(line["tax_minor"], cur),
        "tax_percent": f"{line['tax_rate_bp'] / 100:g}",
        "deposit": money(line["deposit_minor"], cur),
        "parts": parts_of(line),
        "rental": _terms(line, cur) if line["rental"] else None,
        "explanation": line["explanation"],
    }


def _keep_price(line: dict[str, Any], cur: str) -> dict[str, Any] | None:
    """What keeping one would cost from the first day: its price, less the credit for this rent."""
    price = RentalTerms.of(line["rental"]).keep_minor(line["unit_price_minor"])
    return None if price is None else money(price, cur)


def _terms(line: dict[str, Any], cur: str) -> dict[str, Any]:
    rental = line["rental"]
    return {
        **{name: rental[name] for name in ("start_on", "end_on", "days", "billed_days")},
        "rate_from_days": rental["from_days"],
        "per_day": money(rental["per_day_minor"], cur),
        "acclimatisation_days": rental.get("acclimatisation_days", 0),
        "transit": _transit(rental),
        "adjustments": [adjustment_told(part, cur) for part in rental.get("adjustments", ())],
        "late_fee_per_day": money(rental["late_fee_minor"], cur),
        "keep_price": _keep_price(line, cur),
    }


def _transit(rental: dict[str, Any]) -> dict[str, Any] | None:
    """Of a delivery: when it is posted, and by when it must be posted back."""
    if not rental.get("transit"):
        return None
    return {**rental["transit"], "post_on": rental["leaves_on"], "post_back_by": rental["end_on"]}
