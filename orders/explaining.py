"""How a price came about, in words. Pure: no database."""

from collections.abc import Iterator
from datetime import date

from catalog.pricing import RentalFee
from core.money import format_minor
from core.time import day_after, days_counted
from inventory.words import count, day
from orders.rental_terms import RentalTerms


def explain_rent(terms: RentalTerms, start_on: date, end_on: date, quantity: int, currency: str) -> Iterator[str]:
    """What so many rentals of these days, both included, cost by their terms, before a coupon."""
    days, ahead, fee = days_counted(start_on, end_on), terms.acclimatisation_days, terms.fee(start_on, end_on)
    yield f"{count(days, 'day')}, first and last included"
    if ahead:
        yield f"{count(ahead, 'day')} of them before {day_after(start_on, ahead)}, to get used to it"
    yield from _rate(fee, days, currency)
    for part in fee.adjustments:
        named = part.season or "to get used to it"
        yield f"{named}: {count(part.days, 'day')} at {part.percent:+} %, {signed(part.amount_minor, currency)}"
    if quantity > 1:
        yield f"{quantity} × {format_minor(fee.amount_minor, currency)}"


def explain_parcel(terms: RentalTerms, leaves_on: date, end_on: date) -> Iterator[str]:
    """Of a delivery: when it is posted, and when it must be posted back."""
    if (transit := terms.buffers.transit) is None:
        return
    yield f"posted on {day(leaves_on)}, {count(transit.out_days, 'day')} on its way to you"
    yield f"to be posted back by {day(end_on)}; {count(transit.back_days, 'day')} on its way, which is not billed"


def _rate(fee: RentalFee, days: int, currency: str) -> Iterator[str]:
    rate = f"{format_minor(fee.per_day_minor, currency)} a day (rate from {count(fee.from_days, 'day')})"
    if fee.billed_days > days:
        yield f"charged as {fee.billed_days} days at {rate}, which is cheaper than {count(days, 'single day')}"
    else:
        yield rate


def explain_coupon(coupon: object, discount_minor: int, currency: str) -> str:
    return f"coupon {coupon}: {signed(-discount_minor, currency)}"


def signed(amount_minor: int, currency: str) -> str:
    return f"{'+' if amount_minor >= 0 else '-'}{format_minor(abs(amount_minor), currency)}"
