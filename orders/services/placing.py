"""From a quote to an order that may be paid: held here, then held at the IMS."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet
from django.utils import timezone

from core.errors import NotFound
from core.logging import get_logger
from core.postgres.prepared import Given, Prepared, PreparedUpdate, insert
from core.queue import enqueue
from core.time import today_in
from inventory.errors import OutOfStock
from inventory.journeys import Journey
from inventory.models import Reservation, closed_spans, yesterday
from inventory.providers.base import NotFound as UnknownToIms
from inventory.providers.base import OutOfStock as RefusedByIms
from inventory.providers.base import ProviderError, Refused
from inventory.services import hold, lease_for, release, sync_reservations, sync_soon
from orders.bundles import Piece, pieces_of
from orders.errors import COUPON_GONE, DepotClosed, OrderRefused, QuoteExpired, QuoteUsed, short_line
from orders.models import Coupon, LinePart, Order, OrderEvent, OrderLine, Quote, Rental
from orders.services.alternatives import tell_alternatives
from orders.services.coupons import spread, use_coupon
from orders.services.fitting import stamps
from orders.services.history import PROVIDER, charge_lines, credit_all, lock_order, move, move_rental, move_sale
from orders.services.quotes import claims_of
from orders.services.soon import settle_soon
from orders.states import ORDER, OrderStatus, RentalStatus, SaleStatus, next_status

log = get_logger(__name__)

_UNCHARGED = "nothing was charged."
_JOB_TAKES_OVER = timedelta(seconds=3)  # longer than the request's own try


def place_order(*, customer_id: UUID, quote_id: UUID) -> Order:
    """Turn a quote into its one order: everything reserved here and at the IMS, or nothing.

    Safe to repeat: a quote has one order, however often it is asked for. When the IMS does not answer in time the
    order comes back `reserving` and a job goes on. Network between two transactions.
    Locks: quote, coupon, stock levels. Raises: NotFound, QuoteExpired, QuoteUsed, DepotClosed, COUPON_GONE,
    OutOfStock (ours), OrderRefused (the IMS's); the last two with what could be had instead.
    """
    try:
        order, fresh = _claim(customer_id=customer_id, quote_id=quote_id)
        if fresh and settle_reserving(order_id=order.pk, fresh=fresh, budget=settings.INVENTORY_REQUEST_BUDGET):
            order.status = OrderStatus.PENDING_PAYMENT  # as it was written; read again it would cost a statement
    except (OutOfStock, OrderRefused) as no:
        quote = Quote.objects.select_related("coupon").get(pk=quote_id)
        tell_alternatives(
            no, customer_id=customer_id, depot_id=quote.depot_id, currency=quote.currency, lines=quote.lines,
            coupon=str(quote.coupon or ""),
        )  # fmt: skip
        raise
    return order


def settle_reserving(*, order_id: UUID, fresh: Sequence[Reservation] = (), budget: float | None = None) -> bool:
    """Ask the IMS for what a `reserving` order needs and move the order by its answer. Safe to repeat.

    fresh: what was reserved just now, with the lease to speak about it. Returns whether the IMS said yes. With a budget
    (a request is waiting) silence leaves the order to its job; without one (the job) it raises.
    Raises: OrderRefused; ProviderError when there is no budget.
    """
    try:
        sync_reservations(
            reservation_ids=[row.pk for row in fresh] or reservations_of(order_id),
            budget=budget,
            leased_until=fresh[0].sync_leased_until if fresh else None,
        )
    except RefusedByIms as no:
        sku, have = _as_sold(order_id, no.sku, no.have)
        detail = f"The warehouse has {f'only {have}' if have else 'none'} of {sku} free for this; {_UNCHARGED}"
        lines = [short_line(sku, available=have)]
        refuse_order(order_id=order_id, note=str(no), detail=detail, lines=lines)
        raise OrderRefused(detail, lines=lines) from no
    except (UnknownToIms, Refused) as no:
        log.error("ims_refused_order", order=str(order_id), sku=no.sku, error=str(no))
        sku, _ = _as_sold(order_id, no.sku, 0)
        named = sku if sku == no.sku else f"{no.sku} (a part of {sku})"
        why = f"does not know {named} yet" if isinstance(no, UnknownToIms) else f"cannot reserve {named} now"
        detail = f"The warehouse {why}; {_UNCHARGED} Please choose another."
        lines = [short_line(sku, available=0, only_others=True)]
        refuse_order(order_id=order_id, note=f"{no.sku}: {no}", detail=detail, lines=lines)
        raise OrderRefused(detail, lines=lines) from no
    except ProviderError:
        if budget is None:
            raise
        return False
    _mark_held(order_id)
    return True


def _as_sold(order_id: UUID, sku: str, have: int) -> tuple[str, int]:
    """What the IMS has of a SKU, in what this order asked for: it knows the parts of a bundle, and not the bundle."""
    lines = list(OrderLine.objects.filter(order=order_id).order_by("position"))
    if any(line.sku == sku for line in lines):
        return sku, have
    for line in lines:
        for part in line.explanation.get("parts") or ():
            if part["sku"] == sku:
                return line.sku, have // part["quantity"]
    return sku, have


@transaction.atomic
def refuse_order(*, order_id: UUID, note: str, detail: str, lines: Sequence[dict[str, Any]]) -> None:
    """The IMS said no: nothing stays reserved, nothing is owed. Safe to repeat. Locks: order, reservations.

    detail, lines: what the customer is told, now and whenever the quote is sent again.
    """
    order = lock_order(order_id=order_id)
    if order.status != OrderStatus.RESERVING:
        return
    move(order, "refuse", actor=PROVIDER, note=note, refusal={"detail": detail, "lines": list(lines)})
    give_back(order, actor=PROVIDER, reason="not in stock")


def reservations_of(order_id: UUID) -> list[UUID]:
    """The claims behind an order: one of each sale line, one of each rental, and those of the parts of bundles."""
    return _RESERVATIONS.all(order=order_id)


def _ids_of(**order: Any) -> QuerySet[Reservation, UUID]:
    return Reservation.objects.filter(**order).values_list("pk", flat=True)


_RESERVATIONS = Prepared(
    lambda: _ids_of(order_line__order=Given("order")).union(
        _ids_of(rental__line__order=Given("order")), _ids_of(line_part__line__order=Given("order"))
    )
)


def give_back(
    order: Order, *, actor: str, reason: str, expired: bool = False, but: Mapping[UUID, int] | None = None
) -> None:
    """Release what a locked order holds, cancel its parts, credit what it charged; IMS and payments follow by jobs.

    but: what is not credited of each of these lines.
    """
    for rental in Rental.objects.filter(line__order=order).exclude(status=RentalStatus.CANCELLED).order_by("id"):
        move_rental(order, rental, "cancel", actor=actor)
    for line in OrderLine.objects.filter(order=order, kind=OrderLine.Kind.SALE):
        move_sale(order, line, "cancel", actor=actor)
    ids = reservations_of(order.pk)
    release(reservation_ids=ids, expired=expired)
    credit_all(order, actor=actor, reason=reason, but=but)
    sync_soon(ids)
    settle_soon(order.pk)


@transaction.atomic
def place_for(*, customer_id: UUID, quote_id: UUID, lifetime: timedelta) -> Order:
    """Turn a quote into its one order for somebody who is not here: the IMS is asked by a job, and it is held for
    `lifetime`.

    Locks: quote, then stock levels. Raises: NotFound, QuoteExpired, QuoteUsed, DepotClosed, OutOfStock.
    """
    return _claim(customer_id=customer_id, quote_id=quote_id, lifetime=lifetime)[0]


@transaction.atomic
def _claim(
    *, customer_id: UUID, quote_id: UUID, lifetime: timedelta | None = None
) -> tuple[Order, Sequence[Reservation]]:
    """The quote's order, and what was reserved for it just now; nothing when it was there already.

    lifetime: of the hold when nobody waits for an answer, so that the job may ask the IMS at once.
    """
    quote: Any = _QUOTE.first(id=quote_id, customer=customer_id, since=yesterday())
    if quote is None:
        raise NotFound("There is no such quote, or it is not yours.").at("/quote")
    quote.depot.closed_spans = quote.closed_spans
    # A statement of its own: the one that waited for the lock does not see what was committed meanwhile.
    order = _ORDER.first(quote=quote_id)
    if order is not None:
        return _living(order), []
    if quote.expires_at <= timezone.now():
        raise QuoteExpired
    if _has_begun(quote):
        raise QuoteExpired("The first day of its rental, or of its parcel, has passed meanwhile; ask for a new quote.")
    _require_open(quote)
    if quote.coupon_id:
        quote.coupon = _coupon_left(quote.coupon_id, customer_id)
    expires_at = timezone.now() + (lifetime or settings.HOLD_LIFETIME)
    lease = lease_for(settings.INVENTORY_REQUEST_BUDGET) if lifetime is None else None
    reservations = hold(claims=claims_of(quote.lines, quote.depot_id), expires_at=expires_at, leased_until=lease)
    order = _write_order(quote, reservations, expires_at)
    # No lock: others must not wait.
    enqueue("orders.settle_reserving", after=_JOB_TAKES_OVER if lease else None, order_id=str(order.pk))
    return order, reservations


_QUOTE = Prepared(
    lambda: (
        Quote.objects.select_for_update(of=("self",))
        .select_related("depot")
        .filter(pk=Given("id"), customer=Given("customer"))
        .annotate(closed_spans=closed_spans("depot", since=Given("since")))
    )
)
_ORDER = Prepared(lambda: Order.objects.filter(quote=Given("quote")).order_by())


def _has_begun(quote: Quote) -> bool:
    """True when a rental would have left before today, by the depot's clock; needs `depot`."""
    today = today_in(quote.depot.time_zone)
    return any(line["rental"] is not None and _leaves_on(line["rental"]) < today for line in quote.lines)


def _leaves_on(terms: dict[str, Any]) -> date:
    return date.fromisoformat(terms.get("leaves_on", terms["start_on"]))  # quotes had none before ADR 28


def _coupon_left(coupon_id: int, customer_id: UUID) -> Coupon:
    """Raises: COUPON_GONE, of the quote that it was promised in."""
    try:
        return use_coupon(coupon_id=coupon_id, customer_id=customer_id)
    except COUPON_GONE as gone:
        gone.at("/quote")
        raise


def _require_open(quote: Quote) -> None:
    """Needs `depot` with its closures. Raises: DepotClosed when a rental would leave, or be brought back, on a closed
    day."""
    rentals = [line["rental"] for line in quote.lines if line["rental"] is not None]
    leave = {_leaves_on(terms) for terms in rentals}
    back = {date.fromisoformat(terms["end_on"]) for terms in rentals if not terms.get("transit")}
    days = sorted(leave | back)
    closed = [day.isoformat() for day in days if quote.depot.is_closed(day)]
    if closed:
        detail = f"{quote.depot} is closed on {' and '.join(closed)} by now; ask for a new quote with other days."
        raise DepotClosed(detail, depot=quote.depot.code, closed_on=closed)


def _living(order: Order) -> Order:
    if order.refusal is not None:  # the same answer again: the first may have been lost on its way
        raise OrderRefused(order.refusal["detail"], lines=order.refusal["lines"])
    if order.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED):
        detail = f"Order {order.number} of this quote is {order.status}; ask for a new quote."
        raise QuoteUsed(detail, order=order.number, current=order.status)
    return order


def _write_order(quote: Quote, reservations: Sequence[Reservation], expires_at: Any) -> Order:
    order = Order(
        quote=quote,
        customer_id=quote.customer_id,
        depot=quote.depot,
        fulfilment=quote.fulfilment,
        address=quote.address,
        currency=quote.currency,
        coupon=quote.coupon,
        total_minor=quote.total_minor,
        tax_minor=quote.tax_minor,
        deposit_minor=quote.deposit_minor,
        deposit_plan=quote.deposit_plan,
        trip=quote.trip,
        flies_on=Journey.of(quote.trip).last_on if quote.trip else None,
        rule_versions=stamps(quote.trip["fits"]) if quote.trip else {},
        expires_at=expires_at,
    )
    insert([order])
    unused = iter(reservations)  # in the order of claims_of(quote.lines)
    lines: list[OrderLine] = []
    rentals: list[Rental] = []
    parts: list[LinePart] = []
    for position, priced in enumerate(quote.lines):
        line = _line(order, position, priced)
        lines.append(line)
        _, *further = pieces_of(priced)
        if priced["rental"] is None:
            line.reservation = next(unused)
            parts += line_parts(line, None, further, unused)
            continue
        for discount in spread(line.discount_minor, [line.unit_price_minor] * line.quantity):
            rental = _rental(line, priced["rental"], next(unused), discount)
            rentals.append(rental)
            parts += line_parts(line, rental, further, unused)
    insert(lines)
    insert(rentals)
    insert(parts)
    order.charges_shown = charge_lines(order, lines, quote.delivery_minor, actor=f"customer:{quote.customer_id}")
    order.know_lines(lines, rentals)
    return order


def line_parts(
    line: OrderLine, rental: Rental | None, pieces: Sequence[Piece], unused: Iterator[Reservation]
) -> list[LinePart]:
    """What a bundle has beside the piece that leads it, each with the next reservation."""
    return [
        LinePart(line=line, rental=rental, reservation=next(unused), sku=piece.sku, title=piece.title)
        for piece in pieces
    ]


def _line(order: Order, position: int, priced: dict[str, Any]) -> OrderLine:
    sale = priced["rental"] is None
    copied = ("kind", "variant_id", "sku", "title", "quantity", "unit_price_minor", "total_minor", "tax_minor")
    return OrderLine(
        order=order,
        position=position,
        tax_rate_bp=priced["tax_rate_bp"],
        explanation={"said": priced["explanation"], "rental": priced["rental"], "parts": priced.get("parts")},
        status=SaleStatus.RESERVED if sale else None,
        **{name: priced[name] for name in copied},
    )


def _rental(line: OrderLine, terms: dict[str, Any], reservation: Reservation, discount_minor: int) -> Rental:
    return Rental(
        line=line,
        reservation=reservation,
        start_on=date.fromisoformat(terms["start_on"]),
        end_on=date.fromisoformat(terms["end_on"]),
        post_on=_leaves_on(terms) if terms.get("transit") else None,
        period=DateRange(date.fromisoformat(terms["blocked_from"]), date.fromisoformat(terms["blocked_until"])),
        discount_minor=discount_minor,
    )


@transaction.atomic
def _mark_held(order_id: UUID) -> None:
    """`hold`, in one conditional update: two that both heard the yes write it once."""
    source = OrderStatus.RESERVING
    target = next_status(ORDER, "hold", source)
    if _HELD.run(id=order_id, status=target):
        insert([OrderEvent(order_id=order_id, event="hold", from_status=source, to_status=target, actor=PROVIDER)])


_HELD = PreparedUpdate(lambda: Order.objects.filter(pk=Given("id"), status=OrderStatus.RESERVING), "status")


__all__ = ["give_back", "line_parts", "place_for", "place_order", "refuse_order", "reservations_of", "settle_reserving"]
