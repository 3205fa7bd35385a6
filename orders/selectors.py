"""Orders and quotes as their answers show them."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import repeat
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from catalog.pricing import RentalFee
from core.api import money
from core.time import days_counted, start_of_day
from inventory.models import Depot
from inventory.selectors import fleets
from orders.cancellation import in_words, percent_at, tiers_of, until_next, until_when
from orders.models import (
    ChargeKind,
    Claim,
    Fulfilment,
    LinePart,
    Order,
    OrderEvent,
    OrderLine,
    Quote,
    Rental,
    RentalPhoto,
    WaitlistEntry,
)
from orders.outlook import EXTENDABLE, Outlook, cancellation_of, keep_minor, returning_claims
from orders.prices import OtherCharge, Price, Prices, UnitPrice
from orders.rental_terms import RentalTerms
from orders.states import (
    CLAIM,
    ORDER,
    RENTAL,
    SALE,
    ClaimStatus,
    OrderStatus,
    RentalStatus,
    SaleStatus,
    WaitlistStatus,
    allowed_events,
)
from orders.terms import delivery_terms, deposit_terms

_CUSTOMERS_OWN = {"extend", "keep", "move", "post_back", "shorten", "tell_late"}
_TOLD_WHY = ("call_off", "rearrange")
_RENTAL_AHEAD = (RentalStatus.BOOKED, RentalStatus.READY)
_SALE_AHEAD = (SaleStatus.RESERVED, SaleStatus.READY)
_RENTAL_INSIDE = (*_RENTAL_AHEAD, RentalStatus.CANCELLED)
_SALE_INSIDE = (*_SALE_AHEAD, SaleStatus.CANCELLED)


def quote_answer(quote: Quote) -> dict[str, Any]:
    """A quote as it was frozen; needs `depot` and `coupon`."""
    cur = quote.currency
    return {
        "id": str(quote.pk),
        "depot": quote.depot.code,
        "fulfilment": quote.fulfilment,
        "currency": cur,
        "lines": [{**_quote_line(line, cur), "fit": fit} for line, fit in zip(quote.lines, _fits(quote), strict=False)],
        "coupon": str(quote.coupon) if quote.coupon else None,
        "discount": money(quote.discount_minor, cur),
        "delivery": money(quote.delivery_minor, cur),
        "delivery_terms": delivery_terms(quote),
        "total": money(quote.total_minor, cur),
        "tax_included": money(quote.tax_minor, cur),
        **_deposit(quote, cur),
        **_cancellation_terms(quote),
        "cheaper": [_proposal(told, cur) for told in quote.cheaper],
        "trip": _trip(quote),
        "expires_at": quote.expires_at,
    }


def _fits(promise: Quote | Order) -> Iterable[Any]:
    """Of each line whether it fits the trip; None for ever where there is no trip."""
    return promise.trip["fits"] if promise.trip else repeat(None)


def _trip(promise: Quote | Order) -> dict[str, Any] | None:
    return {name: promise.trip[name] for name in ("cats", "together", "legs")} if promise.trip else None


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


def waitlist_answer(entry: WaitlistEntry) -> dict[str, Any]:
    """A place in the waitlist; needs `depot`, `variant.container` and `order`."""
    order = entry.order if entry.status in (WaitlistStatus.OFFERED, WaitlistStatus.TAKEN) else None
    return {
        "id": str(entry.pk),
        "sku": entry.variant.sku,
        "title": entry.variant.title,
        "depot": entry.depot.code,
        "mode": "rent" if entry.kind == OrderLine.Kind.RENTAL else "buy",
        "from": entry.start_on,
        "to": entry.end_on,
        "acclimatisation_days": entry.acclimatisation_days,
        "coupon": entry.coupon or None,
        "coupon_refused": entry.coupon_refusal or None,
        "quantity": entry.quantity,
        "currency": entry.currency,
        "status": entry.status,
        "order": order.number if order else None,
        "expires_at": order.expires_at if order and order.unpaid else None,
        "created_at": entry.created_at,
    }


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
        "options": [
            {"end_on": option.end_on, "days": option.days, "price": money(option.price_minor, cur)}
            for option in outlook.options
        ],
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


def _deposit(promise: Quote | Order, cur: str, *, is_ahead: bool = True) -> dict[str, Any]:
    return {
        "deposit": money(promise.deposit_minor, cur),
        "deposit_plan": promise.deposit_plan or None,
        "deposit_terms": deposit_terms(promise) if is_ahead else "",
    }


def _quote_line(line: dict[str, Any], cur: str) -> dict[str, Any]:
    return {
        **{name: line[name] for name in ("kind", "sku", "title", "quantity")},
        "unit_price": money(line["unit_price_minor"], cur),
        "discount": money(line.get("discount_minor", 0), cur),
        "total": money(line["total_minor"], cur),
        "tax_included": money(line["tax_minor"], cur),
        "tax_percent": f"{line['tax_rate_bp'] / 100:g}",
        "deposit": money(line["deposit_minor"], cur),
        "parts": _parts(line),
        "rental": _terms(line, cur) if line["rental"] else None,
        "explanation": line["explanation"],
    }


def _parts(frozen: dict[str, Any]) -> list[dict[str, Any]]:
    """What a bundle consists of, each; none of anything else."""
    names = ("sku", "title", "quantity", "comes_back")
    return [{name: part[name] for name in names} for part in frozen.get("parts") or ()]


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
        "adjustments": [_adjustment(part, cur) for part in rental.get("adjustments", ())],
        "late_fee_per_day": money(rental["late_fee_minor"], cur),
        "keep_price": _keep_price(line, cur),
    }


def _transit(rental: dict[str, Any]) -> dict[str, Any] | None:
    """Of a delivery: when it is posted, and by when it must be posted back."""
    if not rental.get("transit"):
        return None
    return {**rental["transit"], "post_on": rental["leaves_on"], "post_back_by": rental["end_on"]}


def _adjustment(part: dict[str, Any], cur: str) -> dict[str, Any]:
    told = {name: part[name] for name in ("season", "days", "percent")}
    return {**told, "amount": money(part["amount_minor"], cur)}


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
        **_deposit(order, cur, is_ahead=order.unpaid or order.status == OrderStatus.CONFIRMED),
        "deposit_secured_at": order.deposit_secured_at,
        "placed_at": order.placed_at,
        "expires_at": order.expires_at if order.unpaid else None,
        "confirmed_at": order.confirmed_at,
        "trip": _trip(order),
        "rule_versions": list(order.rule_versions.values()),
        "fit_worse_at": order.fit_worse_at,
        "lines": [
            {**_order_line(line, order, prices.of_lines[line.pk]), "fit": fit}
            for line, fit in zip(prices.lines, _fits(order), strict=False)
        ],
    }


def fits_worse() -> Q:
    """Paid orders that fit their flights less well than was told, and for which no way was found yet."""
    return Q(status=OrderStatus.CONFIRMED, fit_worse_at__isnull=False)


def rentals_to_come(customer: User) -> QuerySet[Rental]:
    """What a customer still has to fetch or to bring back, soonest first; of orders that are paid."""
    ahead = [RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT]
    mine = Rental.objects.filter(line__order__customer=customer, line__order__status=OrderStatus.CONFIRMED)
    return mine.filter(status__in=ahead).select_related("line__order__depot").order_by("start_on", "id")


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


def to_pick_up(order: Order) -> list[Rental | OrderLine]:
    """What of a paid order its customer still has to fetch at a depot; needs `with_lines()`."""
    if order.status != OrderStatus.CONFIRMED or order.fulfilment != Fulfilment.PICKUP:
        return []
    return still_to_come(order)


def still_to_come(order: Order) -> list[Rental | OrderLine]:
    """What of a paid order has not left yet, in the order of its lines; needs `with_lines()`."""
    parts: list[Rental | OrderLine] = []
    for line in order.lines.all():
        parts += [line] if line.status in _SALE_AHEAD else []
        parts += [rental for rental in line.rentals.all() if rental.status in _RENTAL_AHEAD]
    return parts


def to_bring_back(order: Order) -> list[Rental]:
    """Rentals of an order that are with its customer; needs `with_lines()`."""
    if order.status != OrderStatus.CONFIRMED:
        return []
    rentals = (rental for line in order.lines.all() for rental in line.rentals.all())
    return [rental for rental in rentals if rental.status == RentalStatus.OUT]


def has_left(order: Order) -> bool:
    """True when something of the order has left the depot, so that it can no longer be undone as a whole."""
    return any(
        line.status not in _SALE_INSIDE
        if line.kind == OrderLine.Kind.SALE
        else any(rental.status not in _RENTAL_INSIDE for rental in line.rentals.all())
        for line in order.lines.all()
    )


def is_all_credited(order: Order) -> bool:
    """True when an order goes on although everything charged for it was credited again: nobody pays for it."""
    charged = order.charges.aggregate(total=Sum("amount_minor"))["total"]
    return order.status == OrderStatus.CONFIRMED and charged is not None and charged <= 0


def open_to_customer(order: Order) -> list[str]:
    """What its customer can do with the order at this moment."""
    events = set(allowed_events(ORDER, order.status))
    if order.unpaid and order.expires_at <= timezone.now():
        events.discard("pay")
    if "cancel" in events and has_left(order):
        events.discard("cancel")
    return sorted(events)


def lapsed_claims() -> QuerySet[Claim]:
    """Claims to which nobody objected in time, and that are not charged yet; the oldest first."""
    lapsed = Claim.objects.filter(status=ClaimStatus.OPEN, answer_by__lte=timezone.now())
    return lapsed.select_related("order", "rental__line").order_by("answer_by", "id")


def claim_answer(claim: Claim) -> dict[str, Any]:
    """A claim as its customer sees it; needs `order`, `photos`, and the photos of its rental."""
    cur = claim.order.currency
    return {
        "id": str(claim.pk),
        "rental": str(claim.rental_id),
        "kind": claim.kind,
        "status": claim.status,
        "amount": money(claim.amount_minor, cur),
        "reason": claim.reason,
        "filed_at": claim.created_at,
        "answer_by": claim.answer_by,
        "objection": claim.objection,
        "decision": claim.decision_note,
        "decided_at": claim.decided_at,
        "charged": None if claim.charged_minor is None else money(claim.charged_minor, cur),
        "photos": [photo_answer(photo, claim.order) for photo in (*_of_rental(claim), *claim.photos.all())],
        "allowed_events": _claim_open_to_customer(claim),
    }


def _of_rental(claim: Claim) -> list[RentalPhoto]:
    """Before and after; what other claims show is theirs."""
    return [photo for photo in claim.rental.photos.all() if photo.claim_id is None]


def photo_answer(photo: RentalPhoto, order: Order) -> dict[str, Any]:
    """Where a picture of a rental is, and what it shows."""
    return {
        "id": str(photo.pk),
        "rental": str(photo.rental_id),
        "moment": photo.moment,
        "taken_at": photo.created_at,
        "href": f"{settings.PUBLIC_URL}/api/v1/orders/{order.number}/photos/{photo.pk}.jpg",
    }


def _claim_open_to_customer(claim: Claim) -> list[str]:
    events = {"accept", "object"} & set(allowed_events(CLAIM, claim.status))
    if claim.answer_by < timezone.now():
        events.discard("object")
    return sorted(events)


def claims_to_decide() -> QuerySet[Claim]:
    """Claims that were objected to: staff decide."""
    return Claim.objects.filter(status=ClaimStatus.OBJECTED)


def returnable_until(line: OrderLine) -> datetime | None:
    """Until when its customer may send a sale back; what was shipped first has to arrive. None: it has not left yet."""
    if line.delivered_at is None:
        return None
    arrives = settings.SHIPPING_TIME if line.status == SaleStatus.SHIPPED else timedelta()
    return line.delivered_at + arrives + settings.RETURN_TIME


def _line_open_to_customer(line: OrderLine) -> list[str]:
    until = returnable_until(line)
    may = "ask_return" in allowed_events(SALE, line.status or "") and until is not None and timezone.now() <= until
    return ["ask_return"] if may else []


def rental_open_to_customer(rental: Rental, order: Order) -> list[str]:
    """What its customer can do with a rental of a paid order; the service may still say no, and why."""
    if order.status != OrderStatus.CONFIRMED:
        return []
    events, terms = _CUSTOMERS_OWN & set(allowed_events(RENTAL, rental.status)), rental.line.rental_terms
    if rental.is_posted_back:
        events &= {"post_back"}
    if terms.keep_price_minor is None:
        events.discard("keep")
    if terms.parcel_back_days is None:
        events.discard("post_back")
    return sorted(events)


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
        "allowed_events": _line_open_to_customer(line),
        "returnable_until": returnable_until(line),
        "shipment": _shipment(line),
        "parts": _parts(line.explanation),
        "rentals": [_rental(rental, order, unit) for rental, unit in price.units.items()],
        "explanation": price.explanation,
    }


def _other_charge(other: OtherCharge, cur: str) -> dict[str, Any]:
    rental = str(other.rental_id) if other.rental_id else None
    return {"kind": other.kind, "amount": money(other.amount_minor, cur), "text": other.text, "rental": rental}


def _shipment(part: OrderLine | Rental) -> dict[str, str] | None:
    return {"carrier": part.carrier, "tracking_number": part.tracking_number} if part.tracking_number else None


def _return_parcel(rental: Rental) -> dict[str, Any] | None:
    if rental.posted_back_at is None:
        return None
    told = {"carrier": rental.return_carrier, "tracking_number": rental.return_tracking_number}
    return {**told, "posted_at": rental.posted_back_at}


def _rental(rental: Rental, order: Order, unit: UnitPrice) -> dict[str, Any]:
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
        "shipment": _shipment(rental),
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
        "adjustments": [_adjustment(asdict(part), cur) for part in fee.adjustments],
    }


def _keep_price_now(rental: Rental, order: Order) -> int | None:
    """What keeping it would cost now; None once it has ended, or where it is not for sale."""
    if rental.status not in EXTENDABLE:
        return None
    fees = [c for c in order.charges_shown if c.rental_id == rental.pk and c.kind == ChargeKind.LATE_FEE]
    return keep_minor(rental, fees_minor=sum(charge.amount_minor for charge in fees))
