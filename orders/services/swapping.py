"""Another container in place of one that an airline does not take any more: free of charge, by staff."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from catalog.buffers import Buffers
from catalog.fit import Answer
from catalog.fitting import FittingRow, fitting
from catalog.models import RentalOffer, Variant, in_force
from catalog.rules import rules_of
from catalog.selectors import Mode, Wish
from core.errors import FieldError, InvalidInput, NotFound
from core.time import days_counted
from inventory.journeys import Journey
from inventory.models import Depot, Reservation
from inventory.selectors import Pool
from inventory.services import Claim, commit, hold, lock_pools, release, sync_soon
from orders.bundles import Piece, pieces_of
from orders.disruption import WAITING
from orders.errors import TransitionNotAllowed
from orders.models import LinePart, Order, OrderLine, Rental
from orders.services.history import lock_order, move_rental, move_sale, require_confirmed
from orders.services.offered import frozen_parts
from orders.services.parts import claims_of_rentals, put_all_down, reservations_of_line
from orders.services.placing import line_parts
from orders.services.rechecking import judge_again
from orders.services.soon import settle_soon, tell_soon
from orders.states import RENTAL, SALE, RentalStatus, SaleStatus, next_status

MOST_OPTIONS = 20  # of each line
_IN_HAND = timedelta(minutes=1)  # between the hold and its commit, in one transaction


@transaction.atomic
def swap_container(*, line_id: UUID, sku: str, actor: str, note: str) -> OrderLine:
    """Give a line that has not left, of an order that fits its flight less well than told, as another container.

    All of its pieces or none; what it costs, its deposit and its terms stay, even where the other is dearer to rent or
    to keep. What stood ready is prepared again. The order is judged anew, and leaves the list of staff when all is as
    good as told; its customer is told. The inventory system follows.
    Locks: order, stock levels of both, reservations.
    Raises: NotFound, TransitionNotAllowed, InvalidInput when it is not offered so, OutOfStock.
    """
    order, line = _lock(line_id)
    variant = _offered(line, sku)
    old = reservations_of_line(line) if line.status else claims_of_rentals(rental.pk for rental in _living(line))
    parts = frozen_parts(variant)
    lock_pools(_pools(order, old, [part["variant_id"] for part in parts] or [variant.pk]))
    release(reservation_ids=old)  # what both consist of is free for it again
    line.explanation["parts"] = parts
    line.variant, line.sku, line.title = variant, variant.sku, variant.title
    new = _swap_sale(order, line, actor, note) if line.status else _swap_rentals(order, line, actor, note)
    line.save(update_fields=["variant", "sku", "title", "explanation"])
    sync_soon([*old, *new])
    judge_again(order.pk)
    settle_soon(order.pk)
    tell_soon("container_swapped", order_id=order.pk, about=order.events.filter(event="replace").latest("pk").pk)
    return line


def swap_options(order: Order) -> list[tuple[OrderLine, FittingRow]]:
    """For each line that may be swapped what fits instead, best first: those cats that it was not too small for when it
    was ordered, on every flight that is ahead. Whether it is free the swap itself says."""
    if not order.trip or not order.quote.trip:
        return []
    journey = Journey.of(order.trip)
    asks = journey.asks(rules_of(journey.airlines)[0])
    found: list[tuple[OrderLine, FittingRow]] = []
    for line, told in zip(order.lines.prefetch_related("rentals"), order.quote.trip["fits"], strict=True):
        asked = [asks[number] for number in _asked_of(journey, told["verdicts"])]
        if not asked:
            continue
        rental = next(iter(_living(line)), None)
        if line.status != SaleStatus.RESERVED and (rental is None or rental.status not in WAITING):
            continue
        days = days_counted(rental.start_on, rental.end_on) if rental else 1
        first_on = rental.start_on if rental else None
        mode = Mode.RENT if rental else Mode.BUY
        wish = Wish(currency=order.currency, mode=mode, days=days, first_on=first_on)
        rows = fitting(asked, wish, most=MOST_OPTIONS).rows
        found += [(line, row) for row in rows if row["variant"]["sku"] != line.sku]
    return found


def _asked_of(journey: Journey, verdicts: Sequence[dict[str, Any]]) -> list[int]:
    """The numbers of what a journey asks of a line: for the cats that it was to be right for, on flights ahead."""
    today = timezone.now().date()
    right = [verdict for verdict in verdicts if verdict["answer"] != Answer.TOO_SMALL]
    too_small_for = [verdict["cats"] for verdict in verdicts if verdict["answer"] == Answer.TOO_SMALL]
    wholly = [verdict for verdict in right if verdict["cats"] not in too_small_for]
    return [verdicts.index(one) for one in wholly or right if journey.legs[one["leg"]].on >= today]


def _lock(line_id: UUID) -> tuple[Order, OrderLine]:
    order_id = OrderLine.objects.filter(pk=line_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such line.")
    order = require_confirmed(lock_order(order_id=order_id))
    if order.fit_worse_at is None:
        raise TransitionNotAllowed(event="swap", status="as well fitting as told", allowed=[])
    line = OrderLine.objects.get(pk=line_id)
    if line.status:
        next_status(SALE, "replace", line.status)
    for rental in _living(line):
        next_status(RENTAL, "replace", rental.status)
    return order, line


def _living(line: OrderLine) -> list[Rental]:
    return list(line.rentals.exclude(status=RentalStatus.CANCELLED).select_related("line__order").order_by("id"))


def _pools(order: Order, old: Sequence[UUID], variant_ids: Sequence[int]) -> set[Pool]:
    before = Reservation.objects.filter(pk__in=old).values_list("variant_id", "depot_id")
    return {*before, *((variant_id, order.depot_id) for variant_id in variant_ids)}


def _pieces(line: OrderLine) -> list[Piece]:
    """The claims that the line makes as what it is now."""
    told = {name: getattr(line, name) for name in ("kind", "quantity", "variant_id", "sku", "title")}
    return pieces_of({**told, "parts": line.explanation["parts"]})


def _offered(line: OrderLine, sku: str) -> Variant:
    """Raises: InvalidInput unless it may be had as the line is, in the currency of its order."""
    offer = "sale_offers" if line.status else "rental_offers"
    had = Variant.objects.offered().filter(
        in_force(of=f"{offer}__"), **{"sku": sku, f"{offer}__currency": line.order.currency}
    )
    variant = had.exclude(pk=line.variant_id).select_related("container").first()
    if variant is None:
        detail = "This is what they have, or it is not offered in the same way."
        raise InvalidInput([FieldError("/sku", detail, "not_offered")])
    return variant


def _swap_sale(order: Order, line: OrderLine, actor: str, note: str) -> list[UUID]:
    pieces = _pieces(line)
    new = _won([piece.claim(order.depot_id) for piece in pieces])
    move_sale(order, line, "replace", actor=actor, note=note, reservation_id=new[0].pk)
    line.parts.all().delete()
    LinePart.objects.bulk_create(line_parts(line, None, pieces[1:], iter(new[1:])))
    return [row.pk for row in new]


def _swap_rentals(order: Order, line: OrderLine, actor: str, note: str) -> list[UUID]:
    """The days stay the customer's; those around them are the other container's own."""
    depot = Depot.objects.with_closures().get(pk=order.depot_id)
    offer = RentalOffer.objects.in_force().get(variant=line.variant_id, currency=order.currency)
    around = Buffers(offer.prep_days, offer.turnaround_days, line.rental_terms.buffers.transit)
    rentals, pieces = _living(line), _pieces(line)
    periods = [around.blocked(rental.start_on, rental.end_on, depot.is_closed) for rental in rentals]
    new = _won(
        [
            piece.claim(
                order.depot_id, days=(rental.start_on, rental.end_on), period=period, turnaround_days=around.ready_days
            )
            for rental, period in zip(rentals, periods, strict=True)
            for piece in pieces
        ]
    )
    unused = iter(new)
    for rental, period in zip(rentals, periods, strict=True):
        if rental.status == RentalStatus.READY:
            put_all_down(rental)
            move_rental(order, rental, "unprepare", actor=actor, note="another container instead", unit=None)
        rental.parts.all().delete()
        move_rental(
            order, rental, "replace", actor=actor, note=note, reservation_id=next(unused).pk, period=DateRange(*period),
            unit=None,
        )  # fmt: skip
        LinePart.objects.bulk_create(line_parts(line, rental, pieces[1:], unused))
    line.explanation["rental"] |= {"prep_days": offer.prep_days, "turnaround_days": offer.turnaround_days}
    return [row.pk for row in new]


def _won(claims: list[Claim]) -> list[Reservation]:
    """Raises: OutOfStock."""
    rows = hold(claims=claims, expires_at=timezone.now() + _IN_HAND)
    commit(reservation_ids=[row.pk for row in rows])
    return rows
