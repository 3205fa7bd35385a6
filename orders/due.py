"""What the clock finds: whom to remind of what, and who never came. Days and hours are the depot's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.time import day_after, days_counted, start_of_day, today_in
from inventory.models import Depot
from orders.disruption import WAITING, Disruption, with_disruption
from orders.models import Fulfilment, Order, Reminder, Rental
from orders.outlook import keep_minor, late_days
from orders.states import OrderStatus, RentalStatus

_AWAKE = time(9), time(21)
_A_DAY = timedelta(days=1)
Kind = Reminder.Kind


@dataclass(slots=True)
class Due:
    """A reminder that is due: rentals of one order with the same day are told of together."""

    order: Order
    kind: Kind
    day: date
    rentals: list[Rental] = field(default_factory=list)


def is_awake(zone: str, at: datetime) -> bool:
    """True at an hour at which people may be told something."""
    first, last = _AWAKE
    return first <= at.astimezone(ZoneInfo(zone)).time() < last


def due_reminders(*, at: datetime | None = None) -> list[Due]:
    """The reminders that are true now and were not asked for before, the oldest day first. Nothing at night.

    Three statements, and two more for each rental that is late and whose customer was not offered to keep it.
    """
    now = at or timezone.now()
    soon = now.date() + 2 * _A_DAY  # no depot's tomorrow is later
    rows = Rental.objects.filter(
        Q(start_on__gte=now.date(), start_on__lte=soon, status__in=[*WAITING, RentalStatus.OUT])
        | Q(status=RentalStatus.OUT, end_on__lte=soon),
        line__order__status=OrderStatus.CONFIRMED,
    )
    rows = with_disruption(rows.select_related("line__order__depot"), now=now)
    rentals, depots = list(rows.order_by("end_on", "id")), Depot.objects.with_closures(past=True).in_bulk()
    asked = Reminder.objects.filter(order__in={rental.line.order_id for rental in rentals})
    told = set(asked.values_list("order", "kind", "day"))
    due: dict[tuple[object, ...], Due] = {}
    for rental in rentals:
        order = rental.line.order
        if not is_awake(order.depot.time_zone, now):
            continue
        for kind, day in _moments(rental, depots[order.depot_id], now):
            key = (order.pk, kind, day)
            if key in due:
                due[key].rentals.append(rental)
            elif key not in told and (kind != Kind.KEEP_PROPOSED or _proposes_keeping(rental, now)):
                due[key] = Due(order, kind, day, [rental])
    return sorted(due.values(), key=lambda one: one.day)


def reminded_of(order: Order, kind: Kind, day: date, *, at: datetime | None = None) -> list[Rental]:
    """The rentals of which a reminder is still true; none: it is outdated."""
    now = at or timezone.now()
    if order.status != OrderStatus.CONFIRMED:
        return []
    rows = Rental.objects.filter(line__order=order).select_related("line__order__depot")
    rentals = with_disruption(rows, now=now).order_by("id")
    depot = Depot.objects.with_closures(past=True).get(pk=order.depot_id)
    mine = [rental for rental in rentals if (kind, day) in _moments(rental, depot, now)]
    return [rental for rental in mine if kind != Kind.KEEP_PROPOSED or _proposes_keeping(rental, now)]


def _moments(rental: Rental, depot: Depot, at: datetime) -> Iterator[tuple[Kind, date]]:
    """Nobody is sent to a depot that is closed: of such days people tell (`disruption`)."""
    tomorrow, wrong = today_in(depot.time_zone, at) + _A_DAY, rental.disruption
    can_begin = wrong not in (Disruption.DEPOT, Disruption.FIRST_DAY)
    can_end = wrong not in (Disruption.DEPOT, Disruption.LAST_DAY)
    is_brought = rental.line.order.fulfilment == Fulfilment.DELIVERY
    is_ahead = rental.status == RentalStatus.OUT if is_brought else rental.status in WAITING and can_begin
    if rental.start_on == tomorrow and is_ahead:
        yield Kind.PICKUP_TOMORROW, rental.start_on
    if rental.status != RentalStatus.OUT or rental.posted_back_at is not None:
        return
    if rental.end_on == tomorrow and can_end:
        yield Kind.RETURN_TOMORROW, rental.end_on
    if late_days(rental, depot, at):
        yield Kind.OVERDUE, rental.end_on
        yield Kind.KEEP_PROPOSED, rental.end_on


def _proposes_keeping(rental: Rental, at: datetime) -> bool:
    """Of a late rental: the fees have reached what keeping it costs, or it is late for so long that this is likely."""
    price = keep_minor(rental)
    late = days_counted(rental.end_on, today_in(rental.line.order.depot.time_zone, at)) - 1
    return price is not None and (price == 0 or late >= settings.KEEP_PROPOSED_AFTER_DAYS)


def is_missed(rental: Rental, depot: Depot, at: datetime) -> bool:
    """Its first open day is over, and the grace after it, and nobody came for it. `depot` knows its closures,
    those that are over too."""
    opens = _first_open(rental, depot)
    return rental.status in WAITING and opens is not None and at >= _over_at(opens, depot.time_zone)


def is_forfeit(rental: Rental, depot: Depot, at: datetime) -> bool:
    """Its last day is over, and nobody can come for it any more. Never when the depot was closed on all of its days,
    or is not in use any more: then people decide."""
    is_over = rental.status in WAITING and at >= _over_at(rental.end_on, depot.time_zone)
    return is_over and _first_open(rental, depot) is not None


def _first_open(rental: Rental, depot: Depot) -> date | None:
    """The first day on which it could have been fetched; None: never, and at no depot that is not in use."""
    if not depot.active:
        return None
    days = (rental.start_on + n * _A_DAY for n in range(days_counted(rental.start_on, rental.end_on)))
    return next((day for day in days if not depot.is_closed(day)), None)


def no_shows(*, at: datetime | None = None) -> list[Rental]:
    """Rentals of which it is to be written down that nobody came, or that end by it. What we bring is never missed.

    The oldest first. Two statements. Nothing at night, as their customers are told.
    """
    now = at or timezone.now()
    rows = Rental.objects.filter(
        status__in=WAITING,
        start_on__lte=now.date(),
        line__order__status=OrderStatus.CONFIRMED,
        line__order__fulfilment=Fulfilment.PICKUP,
    )
    found, depots = [], Depot.objects.with_closures(past=True).in_bulk()
    for rental in rows.select_related("line__order").order_by("start_on", "id"):
        depot = depots[rental.line.order.depot_id]
        is_news = rental.missed_at is None and is_missed(rental, depot, now)
        if is_awake(depot.time_zone, now) and (is_news or is_forfeit(rental, depot, now)):
            found.append(rental)
    return found


def _over_at(day: date, zone: str) -> datetime:
    return start_of_day(day_after(day), zone) + settings.NO_SHOW_GRACE
