"""What becomes of a rental's days, and whether it comes back: changed by its customer, or by staff in their stead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.buffers import Transit
from core.errors import FieldError, InvalidInput
from core.time import start_of_day, today_in
from inventory import words
from inventory.errors import OutOfStock
from inventory.models import Depot, Reservation
from inventory.packing import Days
from inventory.states import ReservationKind, ReservationStatus
from orders.errors import (
    DepotClosed,
    ExtensionNotPossible,
    KeepNotOffered,
    ParcelNotTaken,
    ParcelNotThere,
    ShipmentUnsuitable,
    TooLateToMove,
    TransitionNotAllowed,
)
from orders.models import ChargeKind, LinePart, Order, Rental
from orders.outlook import (
    Delay,
    Outlook,
    cancellation_of,
    keep_minor,
    late_days,
    rent_charged_minor,
    rent_settled_minor,
    require_seen,
)
from orders.rental_terms import RentalTerms
from orders.services.history import charge_rental, give_credit, lock_orders, lock_rental, move_rental
from orders.services.lateness import charge_late_days_of
from orders.services.parcels import tracked_by
from orders.services.parts import change_all_days, expect_all_back, lock_claims, part_with_all, put_all_down
from orders.services.quotes import wrong_days
from orders.services.soon import settle_soon, tell_soon
from orders.states import RENTAL, RentalStatus, next_status

_MOST_LATE = timedelta(days=14)


@transaction.atomic
def extend_rental(*, rental_id: UUID, end_on: date, actor: str, seen_minor: int | None = None) -> Rental:
    """Let a rental last until `end_on`, both included; the difference in rent is charged, by the terms of its quote.

    However many steps an extension takes, it costs the same. A unit that stood ready is prepared again only if it is
    not free for so long.
    seen_minor: what the customer was told that it costs.
    Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, InvalidInput, ExtensionNotPossible, PriceChanged.
    """
    order, rental, rivals = _lock_with_rivals(rental_id)
    _require_possible(rental, "extend")
    if end_on <= rental.end_on:
        detail = f"It lasts until {rental.end_on} already; name a later day."
        raise InvalidInput([FieldError("/end_on", detail, "not_later")])
    outlook = Outlook(rental, Depot.objects.with_closures().get(pk=order.depot_id))
    outlook.require(end_on)
    price = outlook.price_minor(end_on)
    require_seen(seen_minor, price, order.currency)
    _let_others_choose_anew(rivals, outlook.days(end_on), actor=actor)
    try:
        claims = change_all_days(rental, outlook.days(end_on), until=outlook.paid_until)
    except OutOfStock as taken:  # somebody was quicker: what was looked at before the lock says no day
        raise ExtensionNotPossible("next_booking", None) from taken
    _unprepare_without_unit(order, rental, claims, actor=actor)
    until = f"until {words.day(end_on)}"
    move_rental(
        order, rental, "extend", actor=actor, note=until, end_on=end_on, period=claims[0].period, late_reported_on=None
    )
    if price:
        charge_rental(order, rental, ChargeKind.EXTENSION, price, reason=f"extended {until}", actor=actor)
    settle_soon(order.pk)
    return rental


@transaction.atomic
def shorten_rental(*, rental_id: UUID, end_on: date, actor: str, seen_minor: int | None = None) -> Rental:
    """Let a rental that is out end on `end_on`, today or later: its unit is free for others sooner.

    The days given back are credited as if they were cancelled, by the policy of the quote. From now on it is late after
    `end_on`. seen_minor: the credit that the customer was told. Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, InvalidInput, PriceChanged.
    """
    order, rental = lock_rental(rental_id)
    _require_possible(rental, "shorten")
    outlook = Outlook(rental, Depot.objects.with_closures().get(pk=order.depot_id))
    option = next((option for option in outlook.earlier if option.end_on == end_on), None)
    if option is None:
        detail = f"Name one of the days before {rental.end_on} that GET …/extension-options lists as earlier."
        raise InvalidInput([FieldError("/end_on", detail, "not_possible")])
    require_seen(seen_minor, option.credit_minor, order.currency, pointer="/credit")
    claim = change_all_days(rental, outlook.days(end_on))[0]
    back = f"back on {words.day(end_on)} already"
    move_rental(
        order, rental, "shorten", actor=actor, note=back, end_on=end_on, period=claim.period, late_reported_on=None
    )
    give_credit(order, option.credit_minor, rental=rental, reason=back, actor=actor)
    settle_soon(order.pk)
    return rental


@transaction.atomic
def move_rental_days(
    *, rental_id: UUID, start_on: date, end_on: date, actor: str, seen_minor: int | None = None
) -> Rental:
    """Let a rental that has not begun be on other days; the difference in rent is charged or credited.

    It costs nothing as long as cancelling would credit everything. A unit that stood ready is prepared again only if it
    is not free on the new days.
    seen_minor: the rent of the new days that the customer was told.
    Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, TooLateToMove, InvalidInput, OutOfStock, PriceChanged.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "move", rental.status)
    if not cancellation_of(order).is_free:
        raise TooLateToMove
    terms, depot = rental.line.rental_terms, Depot.objects.with_closures().get(pk=order.depot_id)
    buffers = terms.buffers
    if wrong := _wrong_by_terms(terms, depot, start_on, end_on):
        raise InvalidInput(wrong)
    rent = terms.fee_minor(start_on, end_on)
    require_seen(seen_minor, rent, order.currency)
    charged, owed = rent_charged_minor(rental), rental.after_discount(rent)
    settled = rent_settled_minor(rental)
    days = buffers.blocked(start_on, end_on, depot.is_closed)
    claims = change_all_days(rental, days)
    _unprepare_without_unit(order, rental, claims, actor=actor)
    said = f"moved to {words.span(start_on, end_on)}"
    move_rental(
        order, rental, "move", actor=actor, note=said, start_on=start_on, end_on=end_on, period=claims[0].period,
        missed_at=None, post_on=buffers.posted_on(start_on, depot.is_closed),
    )  # fmt: skip
    if owed > settled:
        charge_rental(order, rental, ChargeKind.EXTENSION, owed - settled, reason=said, actor=actor)
    else:
        give_credit(order, charged - owed, rental=rental, reason=said, actor=actor)
    settle_soon(order.pk)
    return rental


@transaction.atomic
def rearrange_rental(*, rental_id: UUID, start_on: date, end_on: date, actor: str, note: str) -> Rental:
    """Let a rental be on other days because the shop cannot keep those that it promised. It never costs more; what it
    costs less is credited, and its customer is told.

    What is out gets another last day only, until it is late or posted back. A unit that stood ready is prepared again.
    note: why, in words for the customer.
    Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, DepotClosed, ExtensionNotPossible, InvalidInput, OutOfStock.
    """
    order, rental, rivals = _lock_with_rivals(rental_id)
    _require_possible(rental, "rearrange")
    depot = Depot.objects.with_closures().get(pk=order.depot_id)
    if not depot.active:
        raise DepotClosed(f"{depot} is not in use any more: call the rental off.", depot=depot.code)
    outlook, is_out = Outlook(rental, depot), rental.status == RentalStatus.OUT
    if is_out and outlook.is_overdue:
        raise ExtensionNotPossible("overdue", None)
    if wrong := wrong_other_days(rental, depot, start_on, end_on):
        raise InvalidInput(wrong)
    buffers = outlook.terms.buffers
    days = outlook.days(end_on) if is_out else buffers.blocked(start_on, end_on, depot.is_closed)
    rent = rental.after_discount(outlook.terms.fee_minor(start_on, end_on))
    _let_others_choose_anew(rivals, days, actor=actor)
    claims = change_all_days(rental, days, until=outlook.paid_until)
    _unprepare_without_unit(order, rental, claims, actor=actor)
    move_rental(
        order, rental, "rearrange", actor=actor, note=note, start_on=start_on, end_on=end_on, period=claims[0].period,
        missed_at=None, late_reported_on=None,
        post_on=rental.post_on if is_out else buffers.posted_on(start_on, depot.is_closed),
    )  # fmt: skip
    less = rent_charged_minor(rental) - rent
    give_credit(order, less, rental=rental, reason=f"moved to {words.span(start_on, end_on)}", actor=actor)
    settle_soon(order.pk)
    tell_soon("rental_rearranged", order_id=order.pk, about=order.events.latest("pk").pk)
    return rental


def wrong_other_days(rental: Rental, depot: Depot, start_on: date, end_on: date) -> list[FieldError]:
    """Why the shop cannot move a rental to these days, whether something is free or not. `depot` knows its closures."""
    wrong = _wrong_by_terms(rental.line.rental_terms, depot, start_on, end_on)
    if rental.status != RentalStatus.OUT:
        return wrong
    found = [error for error in wrong if error.pointer == "/end_on"]  # its first day has been
    if start_on != rental.start_on:
        found.append(FieldError("/start_on", "It is out: only its last day can be another one.", "not_possible"))
    if end_on < depot.today:
        found.append(FieldError("/end_on", f"{end_on} has passed; today is {depot.today} there.", "in_the_past"))
    return found


def _wrong_by_terms(terms: RentalTerms, depot: Depot, start_on: date, end_on: date) -> list[FieldError]:
    shortest, longest = terms.min_days, terms.max_days
    return list(wrong_days(depot, "", start_on, end_on, buffers=terms.buffers, shortest=shortest, longest=longest))


@transaction.atomic
def report_late(*, rental_id: UUID, back_on: date, actor: str) -> Delay:
    """A customer says that the unit comes back only on `back_on`, and hears what that will cost.

    Nothing is charged yet: each late day is, once it is over its grace. Its unit is expected then and not before, so
    that whoever has it next is thought of now. Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, InvalidInput.
    """
    order, rental, rivals = _lock_with_rivals(rental_id)
    _require_possible(rental, "tell_late")
    terms, today = rental.line.rental_terms, order.depot.today
    first = max(rental.end_on, today)
    if not first < back_on <= first + _MOST_LATE:
        detail = f"Name a day after {first}, within {_MOST_LATE.days} days; for more, ask us."
        raise InvalidInput([FieldError("/back_on", detail, "out_of_range")])
    depot = Depot.objects.with_closures(past=True).get(pk=order.depot_id)
    if terms.buffers.transit is None and depot.is_closed(back_on):
        detail = f"The depot is closed on {back_on}; name the next day on which you come."
        raise InvalidInput([FieldError("/back_on", detail, "depot_closed")])
    until = terms.buffers.blocked(rental.start_on, back_on, depot.is_closed)[1]  # what was said before is forgotten
    instead = next((option for option in Outlook(rental, depot).options if option.end_on == back_on), None)
    _let_others_choose_anew(rivals, (rental.reservation.period.lower, until), actor=actor)
    claim = expect_all_back(rental, until=until)
    move_rental(
        order, rental, "tell_late", actor=actor, note=f"back on {words.day(back_on)}", late_reported_on=back_on,
        period=claim.period,
    )  # fmt: skip
    late = late_days(rental, depot, start_of_day(back_on, depot.time_zone) + settings.LATE_GRACE)
    charged = rental.charges.filter(late_on__in=late).count()
    fees, most = (len(late) - charged) * terms.late_fee_minor, keep_minor(rental)
    fees = fees if most is None else min(fees, most)
    return Delay(rental, fees, instead if instead is not None and instead.price_minor < fees else None)


@transaction.atomic
def post_back_rental(*, rental_id: UUID, carrier: str, tracking_number: str, actor: str) -> Rental:
    """A customer has posted a unit back: whether it is late is judged by this moment, however long the parcel takes.

    Its unit is kept from everybody else until the parcel can be here, and on until it really is. Told again, only who
    brings it is corrected. Locks: order, stock level, reservation.
    Raises: NotFound, TransitionNotAllowed, ParcelNotTaken, ParcelNotThere, ShipmentUnsuitable.
    """
    order, rental, rivals = _lock_with_rivals(rental_id)
    next_status(RENTAL, "post_back", rental.status)
    terms, tracked = rental.line.rental_terms, tracked_by(carrier, tracking_number)
    if terms.parcel_back_days is None:
        raise ParcelNotTaken
    if not tracked.carrier:
        raise ShipmentUnsuitable
    at, depot = rental.posted_back_at or timezone.now(), Depot.objects.with_closures().get(pk=order.depot_id)
    posted_on = today_in(depot.time_zone, at)
    first = rental.posted_back_from(depot.time_zone)
    if rental.posted_back_at is None and first is not None and posted_on < first:
        raise ParcelNotThere(today_in(depot.time_zone, rental.handed_over_at), first)
    way = replace(terms.buffers, transit=Transit(out_days=0, back_days=terms.parcel_back_days))
    until = max(
        terms.buffers.blocked(rental.start_on, rental.end_on, depot.is_closed)[1],
        way.blocked(posted_on, posted_on, depot.is_closed)[1],
    )
    _let_others_choose_anew(rivals, (rental.reservation.period.lower, until), actor=actor)
    claim = expect_all_back(rental, until=until, turnaround_days=terms.buffers.turnaround_days)
    return move_rental(
        order, rental, "post_back", actor=actor, period=claim.period, posted_back_at=at,
        return_carrier=tracked.carrier, return_tracking_number=tracked.number,
    )  # fmt: skip


@transaction.atomic
def deny_parcel(*, rental_id: UUID, actor: str, note: str = "") -> Rental:
    """Staff found that a unit was never posted back: it is as if nobody had said so, and late after its last day.

    Locks: order, stock level, reservation. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "deny_parcel", rental.status)
    if not rental.is_posted_back:
        raise TransitionNotAllowed(event="deny_parcel", status="not posted back", allowed=[])
    buffers, depot = rental.line.rental_terms.buffers, Depot.objects.with_closures().get(pk=order.depot_id)
    until = buffers.blocked(rental.start_on, rental.end_on, depot.is_closed)[1]
    claim = expect_all_back(rental, until=until, turnaround_days=buffers.ready_days)
    return move_rental(
        order, rental, "deny_parcel", actor=actor, note=note, period=claim.period, posted_back_at=None,
        return_carrier="", return_tracking_number="",
    )  # fmt: skip


@transaction.atomic
def keep_rental(*, rental_id: UUID, actor: str, seen_minor: int | None = None) -> Rental:
    """Sell a rented unit to whoever has it: for its price of the day it was quoted, less the credit for rent and less
    the late fees charged. Ends the rental and sells the unit in one transaction; the deposit pays what is owed first.

    seen_minor: what the customer was told that it costs.
    Locks: order, stock level, reservation, unit. Raises: NotFound, TransitionNotAllowed, KeepNotOffered, PriceChanged.
    """
    order, rental = lock_rental(rental_id)
    _require_possible(rental, "keep")
    charge_late_days_of(order, rental, at=timezone.now())
    price = keep_minor(rental)
    if price is None:
        raise KeepNotOffered
    require_seen(seen_minor, price, order.currency)
    claim = part_with_all(rental, "sell")
    move_rental(order, rental, "keep", actor=actor, period=claim.period)
    if price:
        charge_rental(order, rental, ChargeKind.KEEP, price, reason="kept by the customer", actor=actor)
    settle_soon(order.pk)
    return rental


@transaction.atomic
def lose_rental(*, rental_id: UUID, actor: str, note: str, owed_minor: int = 0) -> Rental:
    """Write off a unit that will not come back, and charge what its customer owes for it: the deposit pays first.

    Both at once, as the order may be complete afterwards, and its deposit gone.

    Locks: order, stock level, reservation, unit. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    next_status(RENTAL, "lose", rental.status)
    charge_late_days_of(order, rental, at=timezone.now())
    claim = part_with_all(rental, "lose")
    move_rental(order, rental, "lose", actor=actor, note=note, period=claim.period)
    if owed_minor:
        charge_rental(order, rental, ChargeKind.DAMAGE, owed_minor, reason="not brought back", actor=actor)
    settle_soon(order.pk)
    return rental


def _require_possible(rental: Rental, event: str) -> None:
    """Raises: TransitionNotAllowed, also for what is on its way back: its days are settled."""
    next_status(RENTAL, event, rental.status)
    if rental.is_posted_back:
        raise TransitionNotAllowed(event=event, status="posted back", allowed=["post_back"])


def _lock_with_rivals(rental_id: UUID) -> tuple[Order, Rental, list[Rental]]:
    """A rental, and those for which a unit of it stands ready later; their orders are locked in id order, then their
    claims.

    What is out is chosen for nobody any more, so there can only be fewer of them afterwards. Raises: NotFound,
    TransitionNotAllowed.
    """
    mine = Q(rental=rental_id) | Q(line_part__rental=rental_id)
    out = Reservation.objects.filter(mine, kind=ReservationKind.RENTAL, status=ReservationStatus.SHIPPED)
    units = list(out.values_list("unit", flat=True))
    has_one = Q(unit__in=units) | Q(pk__in=LinePart.objects.filter(reservation__unit__in=units).values("rental"))
    ready = Rental.objects.filter(has_one, status=RentalStatus.READY).exclude(pk=rental_id)
    ids = list(ready.values_list("pk", flat=True)) if units else []
    lock_orders(Rental.objects.filter(pk__in=[rental_id, *ids]))
    order, rental = lock_rental(rental_id)
    if not ids:
        return order, rental, []
    lock_claims([rental_id, *ids])
    return order, rental, list(ready.filter(pk__in=ids).select_related("line__order", "unit"))


def _let_others_choose_anew(rivals: Sequence[Rental], days: Days, *, actor: str) -> None:
    """A unit that stands ready for somebody on these days stays with whoever has it."""
    for rival in rivals:
        if rival.period.lower < days[1]:
            note = f"{rival.unit} stays out for longer"
            move_rental(rival.line.order, rival, "unprepare", actor=actor, note=note, unit=None)
            put_all_down(rival)


def _unprepare_without_unit(order: Order, rental: Rental, claims: Sequence[Reservation], *, actor: str) -> None:
    """Keep the units that stood ready if they do on the new days too: all of them, the leading one first, or none."""
    if rental.status != RentalStatus.READY:
        return
    unit = claims[0].unit_id
    others = Rental.objects.filter(unit=unit, status__in=Rental.KEEPS_UNIT, period__overlap=claims[0].period)
    is_taken = unit is not None and others.exclude(pk=rental.pk).exists()  # called ready, though it was taken away
    if is_taken or any(claim.unit_id is None for claim in claims):
        put_all_down(rental)
        move_rental(order, rental, "unprepare", actor=actor, note="its days changed: choose a unit again", unit=None)
