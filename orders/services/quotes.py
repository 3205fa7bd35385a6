"""A quote: every line priced and explained, frozen for a while, and nothing promised yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import Address
from catalog.buffers import Buffers, Transit
from catalog.models import Kind, RentalOffer, Variant
from core.errors import FieldError, InvalidInput, NotFound
from core.money import format_minor, included_tax
from core.postgres.prepared import insert
from core.time import day_after, days_counted
from inventory.errors import OutOfStock
from inventory.journeys import Journey, known_rules, require_within
from inventory.models import Depot
from inventory.services import Claim, require_free
from orders.bundles import pieces_of
from orders.explaining import explain_coupon, explain_parcel, explain_rent
from orders.models import Coupon, DeliveryRate, DepositPlan, Fulfilment, OrderLine, Quote
from orders.rental_terms import RentalTerms
from orders.services.alternatives import tell_alternatives
from orders.services.cheaper import what_is_cheaper
from orders.services.coupons import discount_of, find_coupon, saved_with, spread
from orders.services.fitting import judge
from orders.services.offered import Terms, frozen_part, load_terms

SALE, RENTAL = OrderLine.Kind.SALE, OrderLine.Kind.RENTAL


@dataclass(frozen=True, slots=True)
class LineRequest:
    """One thing asked for. A rental names its first and last day, both included.

    acclimatisation_days: so many days before the first one in which the cat gets used to it; part of the rental.
    """

    kind: str
    sku: str
    quantity: int
    start_on: date | None = None
    end_on: date | None = None
    acclimatisation_days: int = 0


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    depot: str
    lines: Sequence[LineRequest]
    currency: str
    fulfilment: str = Fulfilment.PICKUP
    address_id: UUID | None = None
    coupon: str = ""
    journey: Journey | None = None


def create_quote(*, customer_id: UUID, request: QuoteRequest) -> Quote:
    """Price what is asked for and freeze it for QUOTE_LIFETIME, with whether it fits the journey. Reserves nothing.

    What does not fit is quoted all the same, and said to be too small.
    Raises: InvalidInput, with a pointer to each wrong field, and as `require_within`; NotFound for somebody else's
    address; OutOfStock when it could not be had even now, with what could be had instead; what `find_coupon` raises.
    """
    address, delivery_minor, transit = _delivery(customer_id, request)
    terms = load_terms(
        depot=request.depot, currency=request.currency, skus={line.sku for line in request.lines},
        rented={line.sku for line in request.lines if line.kind == RENTAL}, transit=transit,
    )  # fmt: skip
    lines = [_price(terms, index, line) for index, line in enumerate(request.lines)]
    if terms.errors:
        raise InvalidInput(terms.errors)
    priced = [line for line in lines if line is not None]
    if request.journey is not None:
        require_within(request.journey.legs, _had(priced, terms))
    try:
        require_free(claims_of(priced, terms.depot.pk))  # a quote for what cannot be had would only waste a walk
    except OutOfStock as no:
        tell_alternatives(
            no, customer_id=customer_id, depot_id=terms.depot.pk, currency=request.currency, lines=priced,
            coupon=request.coupon,
        )  # fmt: skip
        raise
    coupon, discount_minor = _take_off(priced, customer_id, request, terms.depot.today, delivery_minor)
    goods_minor = sum(line["total_minor"] + line["discount_minor"] for line in priced)
    saved = partial(
        saved_with, coupon, goods_minor=goods_minor, delivery_minor=delivery_minor, currency=request.currency
    )
    cheaper = what_is_cheaper(priced, terms.depot, request.currency, saved=saved)
    delivery_tax = included_tax(delivery_minor, terms.tax.get("standard", 0))
    quote = Quote(
        customer_id=customer_id,
        depot=terms.depot,
        fulfilment=request.fulfilment,
        address=address,
        currency=request.currency,
        lines=priced,
        coupon=coupon,
        discount_minor=discount_minor,
        delivery_minor=delivery_minor,
        total_minor=sum(line["total_minor"] for line in priced) + delivery_minor,
        tax_minor=sum(line["tax_minor"] for line in priced) + delivery_tax,
        deposit_minor=sum(line["deposit_minor"] for line in priced),
        deposit_plan=_deposit_plan(priced),
        cancellation=terms.cancellation,
        cheaper=cheaper,
        trip=_trip(request, terms),
        expires_at=timezone.now() + settings.QUOTE_LIFETIME,
    )
    insert([quote])
    return quote


def _had(lines: Sequence[dict[str, Any]], terms: Terms) -> set[tuple[date, date]]:
    """The days on which the customer has something that a cat travels in: from today on where none of it is rented."""
    ever = (terms.depot.today, terms.depot.last_day)
    travels = [line for line in lines if Kind(terms.variants[line["sku"]].container.kind).holds_cats]
    return {_days_of(line["rental"]) if line["rental"] else ever for line in travels} or {ever}


def _days_of(rental: Mapping[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(rental["start_on"]), date.fromisoformat(rental["end_on"])


def _trip(request: QuoteRequest, terms: Terms) -> dict[str, Any] | None:
    """The journey as it is kept, with what was told of each line. One statement, none without a journey."""
    if request.journey is None:
        return None
    rules = known_rules(request.journey.legs)
    variants = [terms.variants[line.sku] for line in request.lines]
    return request.journey.as_json() | {"fits": judge(request.journey, variants, rules)}


def _take_off(
    lines: Sequence[dict[str, Any]], customer_id: UUID, request: QuoteRequest, today: date, delivery_minor: int
) -> tuple[Coupon | None, int]:
    """Make priced lines cheaper by the coupon asked for. Returns it, and what it takes off."""
    if not request.coupon:
        return None, 0
    currency, totals = request.currency, [line["total_minor"] for line in lines]
    coupon = find_coupon(
        code=request.coupon, customer_id=customer_id, today=today, currency=currency, goods_minor=sum(totals)
    )
    discount_minor = discount_of(coupon, goods_minor=sum(totals), delivery_minor=delivery_minor, currency=currency)
    for line, part in zip(lines, spread(discount_minor, totals), strict=True):
        total = line["total_minor"] - part
        line.update(
            {"discount_minor": part, "total_minor": total, "tax_minor": included_tax(total, line["tax_rate_bp"])}
        )
        line["explanation"].append(explain_coupon(coupon, part, currency))
    return coupon, discount_minor


def _deposit_plan(lines: Sequence[dict[str, Any]]) -> str:
    """Banks hold money for days only: what is out for longer is charged, and given back after it is inspected."""
    rentals = [line["rental"] for line in lines if line["deposit_minor"]]
    if not rentals:
        return ""
    first = min(date.fromisoformat(rental["leaves_on"]) for rental in rentals)
    last = max(date.fromisoformat(rental["is_back_on"]) for rental in rentals)
    return DepositPlan.HOLD if days_counted(first, last) <= settings.DEPOSIT_HOLD_DAYS else DepositPlan.CHARGE


def _delivery(customer_id: UUID, request: QuoteRequest) -> tuple[dict[str, str] | None, int, Transit | None]:
    """The sealed address, what bringing it there costs, and how long parcels take; nothing for a pickup."""
    if request.fulfilment == Fulfilment.PICKUP:
        if request.address_id is not None:
            raise InvalidInput([FieldError("/address", "A pickup needs no address; leave it out.", "not_a_delivery")])
        return None, 0, None
    if request.address_id is None:
        raise InvalidInput([FieldError("/address", "A delivery needs one of your addresses.", "required")])
    rate = DeliveryRate.objects.filter(country=OuterRef("country"), currency=request.currency)
    names = ("amount_minor", "out_days", "back_days")
    address = (
        Address.objects.filter(owner_id=customer_id, pk=request.address_id)
        .annotate(rate=Subquery(rate.values(row=JSONObject(**{name: name for name in names}))[:1]))
        .first()
    )
    if address is None:
        raise NotFound("There is no such address, or it is not yours.").at("/address")
    if address.rate is None:
        detail = f"We do not deliver to {address.country} in {request.currency}; pick it up at the depot instead."
        raise InvalidInput([FieldError("/address", detail, "delivery_not_offered")])
    transit = Transit(address.rate["out_days"], address.rate["back_days"])
    return address.snapshot(), address.rate["amount_minor"], transit


def _price(terms: Terms, index: int, line: LineRequest) -> dict[str, Any] | None:
    """One line as it will be shown and charged, or None with the reasons added to `terms.errors`."""
    pointer = f"/lines/{index}"
    variant = terms.variants.get(line.sku)
    if variant is None:
        terms.errors.append(FieldError(f"{pointer}/sku", "We do not offer this SKU.", "not_offered"))
        return None
    return (
        _price_sale(terms, pointer, line, variant)
        if line.kind == SALE
        else _price_rental(terms, pointer, line, variant)
    )


def _price_sale(terms: Terms, pointer: str, line: LineRequest, variant: Any) -> dict[str, Any] | None:
    if variant.sale_minor is None:
        detail = f"This is not for sale in {terms.currency}."
        terms.errors.append(FieldError(f"{pointer}/sku", detail, "not_offered_in_currency"))
        return None
    return _priced(terms, line, variant, variant.sale_minor, variant.sale_tax) | {
        "explanation": [f"{line.quantity} × {format_minor(variant.sale_minor, terms.currency)}"],
    }


def _price_rental(terms: Terms, pointer: str, line: LineRequest, variant: Any) -> dict[str, Any] | None:
    offer = terms.offers.get(variant.pk)
    if offer is None:
        detail = f"This cannot be rented in {terms.currency}."
        terms.errors.append(FieldError(f"{pointer}/sku", detail, "not_offered_in_currency"))
        return None
    buffers = Buffers(offer.prep_days, offer.turnaround_days, terms.transit)
    problems = list(_wrong_days(terms.depot, pointer, line, offer, buffers))
    if problems or line.start_on is None or line.end_on is None:
        terms.errors.extend(problems)
        return None
    first_on, ahead = _first_day(line, line.start_on), line.acclimatisation_days
    is_closed = terms.depot.is_closed
    blocked = buffers.blocked(first_on, line.end_on, is_closed)
    leaves_on, is_back_on = buffers.leaves_on(first_on, is_closed), buffers.is_back_on(line.end_on, is_closed)
    promised = {
        "start_on": first_on.isoformat(),
        "end_on": line.end_on.isoformat(),
        "deposit_minor": offer.deposit_minor,
        "late_fee_minor": offer.late_fee_minor,
        "prep_days": offer.prep_days,
        "turnaround_days": offer.turnaround_days,
        "transit": asdict(terms.transit) if terms.transit else None,
        "parcel_back_days": terms.parcel_back_days,
        "leaves_on": leaves_on.isoformat(),
        "is_back_on": is_back_on.isoformat(),
        "keep_price_minor": variant.sale_minor,
        "keep_tax_rate_bp": terms.tax.get(variant.sale_tax, 0),
        "keep_credit_percent": offer.keep_credit_percent,
        "rates": [[rate.from_days, rate.per_day_minor] for rate in terms.rates[variant.pk]],
        "seasons": _seasons(terms, variant),
        "acclimatisation_days": ahead,
        "acclimatisation_percent": offer.acclimatisation_percent,
        "min_days": max(offer.min_days, ahead + 1),
        "max_days": offer.max_days,
        "blocked_from": blocked[0].isoformat(),
        "blocked_until": blocked[1].isoformat(),
    }
    frozen = RentalTerms.of(promised)
    fee = frozen.fee(first_on, line.end_on)
    days = days_counted(first_on, line.end_on)
    counted = {"days": days, "billed_days": fee.billed_days, "from_days": fee.from_days}
    told = {"per_day_minor": fee.per_day_minor, "adjustments": [asdict(part) for part in fee.adjustments]}
    return _priced(terms, line, variant, fee.amount_minor, offer.tax_class) | {
        "deposit_minor": offer.deposit_minor * line.quantity,
        "rental": promised | counted | told,
        "explanation": [
            *explain_rent(frozen, first_on, line.end_on, line.quantity, terms.currency),
            *explain_parcel(frozen, leaves_on, line.end_on),
        ],
    }


def _first_day(line: LineRequest, start_on: date) -> date:
    return day_after(start_on, -line.acclimatisation_days)


def _seasons(terms: Terms, variant: Variant) -> list[list[Any]]:
    """Those of its kind that are not over."""
    today, kinds = terms.depot.today.isoformat(), ("", variant.container.kind)
    rows = [row for row in terms.seasons if row["kind"] in kinds and row["end_on"] >= today]
    return [[row["name"], row["start_on"], row["end_on"], row["percent"]] for row in rows]


def _priced(terms: Terms, line: LineRequest, variant: Any, unit_minor: int, tax_class: str) -> dict[str, Any]:
    total, rate_bp = unit_minor * line.quantity, terms.tax.get(tax_class, 0)
    return {
        "kind": line.kind,
        "variant_id": variant.pk,
        "sku": variant.sku,
        "title": variant.title,
        "quantity": line.quantity,
        "unit_price_minor": unit_minor,
        "discount_minor": 0,
        "total_minor": total,
        "tax_rate_bp": rate_bp,
        "tax_minor": included_tax(total, rate_bp),
        "deposit_minor": 0,
        "rental": None,
        "parts": [frozen_part(row) for row in variant.bundled],
    }


def _wrong_days(
    depot: Depot, pointer: str, line: LineRequest, offer: RentalOffer, buffers: Buffers
) -> Iterator[FieldError]:
    if line.start_on is None or line.end_on is None:
        yield FieldError(pointer, "A rental needs start_on and end_on.", "required")
        return
    if line.end_on < line.start_on:
        yield FieldError(f"{pointer}/end_on", "The last day is before the first.", "end_before_start")
        return
    ahead = line.acclimatisation_days
    limits = {"shortest": max(offer.min_days, ahead + 1), "longest": offer.max_days}
    begins = "acclimatisation_days" if ahead else "start_on"
    first_on = _first_day(line, line.start_on)
    yield from wrong_days(depot, pointer, first_on, line.end_on, buffers=buffers, begins=begins, **limits)


def wrong_days(
    depot: Depot,
    pointer: str,
    start: date,
    end: date,
    *,
    buffers: Buffers,
    shortest: int,
    longest: int,
    begins: str = "start_on",
) -> Iterator[FieldError]:
    """Why a rental cannot be on these days, whether something is free or not. `depot` knows its closures.

    begins: the field that the first day follows from.
    """
    if start < (today := depot.today):
        passed = f"It would begin on {start}, which has passed; today is {today} at the depot."
        yield FieldError(f"{pointer}/{begins}", passed, "in_the_past")
    elif start < (earliest := depot.earliest_start(buffers)):
        detail = f"It cannot be with you before {earliest}: it is prepared, posted and brought before."
        yield FieldError(f"{pointer}/{begins}", detail, "too_soon")
    if end < start:
        yield FieldError(f"{pointer}/end_on", "The last day is before the first.", "end_before_start")
        return
    if end > depot.last_day:
        yield FieldError(f"{pointer}/end_on", "This is too far ahead; rentals are booked for the next year.", "too_far")
    days = days_counted(start, end)
    if not shortest <= days <= longest:
        detail = f"This is rented for {shortest} to {longest} days; {days} were asked for."
        yield FieldError(f"{pointer}/end_on", detail, "rental_length")
    if buffers.transit is not None:
        if depot.is_closed(buffers.leaves_on(start, depot.is_closed)):
            detail = "The depot is closed for so long before that it could not be posted in time; choose a later day."
            yield FieldError(f"{pointer}/{begins}", detail, "depot_closed")
        return
    for name, on in ((begins, start), ("end_on", end)):
        if depot.is_closed(on):
            yield FieldError(f"{pointer}/{name}", f"The depot is closed on {on}; choose another day.", "depot_closed")


def claims_of(lines: Sequence[dict[str, Any]], depot_id: int) -> list[Claim]:
    """What a quote's lines claim of the stock: a sale line its pieces, a rental line one claim for each unit. A bundle
    claims its parts, in the order of `pieces_of`."""
    claims: list[Claim] = []
    for line in lines:
        if (terms := line["rental"]) is None:
            claims += [piece.claim(depot_id) for piece in pieces_of(line)]
            continue
        blocked = date.fromisoformat(terms["blocked_from"]), date.fromisoformat(terms["blocked_until"])
        ready_days = RentalTerms.of(terms).buffers.ready_days
        of_one = [
            piece.claim(depot_id, days=_days_of(terms), period=blocked, turnaround_days=ready_days)
            for piece in pieces_of(line)
        ]
        claims += of_one * line["quantity"]
    return claims
