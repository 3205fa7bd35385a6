"""What may still become of a rental, and what it would cost: how long it can last, whether it can be kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from core.time import days_counted, start_of_day
from inventory.models import Depot, Reservation
from inventory.packing import Days
from inventory.rebooking import Rebooking
from inventory.selectors import Fleet, Pool
from orders.cancellation import ALL, Tier, percent_at, retained, tiers_of, until_next
from orders.charged import left_of_lines
from orders.errors import ExtensionNotPossible, PriceChanged
from orders.models import ChargeKind, Order, Rental
from orders.states import RentalStatus

_A_DAY = timedelta(days=1)
EXTENDABLE = (RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT)


def returning_claims(rental: Rental) -> list[Reservation]:
    """The claims of everything that comes back with a rental, the leading one first. Needs `reservation`."""
    return [rental.reservation, *(part.reservation for part in rental.parts.all() if part.reservation.period)]


@dataclass(frozen=True, slots=True)
class Option:
    """One more last day that a rental could have."""

    end_on: date
    days: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Delay:
    """What it costs to be late: fees that are not charged yet. extension: lasting until then, where that costs less."""

    rental: Rental
    fees_minor: int
    extension: Option | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier last day that a rental could have. percent: of the days given back that is credited, by the policy of
    its quote, until when; None: it stays so."""

    end_on: date
    days: int
    credit_minor: int
    percent: int
    until: datetime | None


class Outlook:
    """How long one rental can last. `depot` knows its closures. A promise only while the pool is locked.

    read: the fleets of its pools, if they were read for several.
    """

    def __init__(self, rental: Rental, depot: Depot, *, read: Mapping[Pool, Fleet] | None = None) -> None:
        self.rental, self.depot, self.terms, self._read = rental, depot, rental.line.rental_terms, read or {}

    def price_minor(self, end_on: date) -> int:
        """What lasting until this day costs more."""
        rent = self.rental.after_discount(self.terms.fee_minor(self.rental.start_on, end_on))
        return max(0, rent - self._settled_minor)

    @cached_property
    def _charged_minor(self) -> int:
        return rent_charged_minor(self.rental)

    @cached_property
    def _settled_minor(self) -> int:
        return rent_settled_minor(self.rental)

    def days(self, end_on: date) -> Days:
        """The days that its unit is kept from everybody else, if it lasts until this day."""
        return self.rental.reservation.period.lower, self._blocked_until(end_on)

    @property
    def paid_until(self) -> date:
        """The end, half open, of the days that it has by now; the customer may have told of more."""
        return self._blocked_until(self.rental.end_on)

    def _blocked_until(self, end_on: date) -> date:
        return self.terms.buffers.blocked(self.rental.start_on, end_on, self.depot.is_closed)[1]

    def _can_end_on(self, day: date) -> bool:
        """A parcel is posted on any day."""
        return self.terms.buffers.transit is not None or not self.depot.is_closed(day)

    def require(self, end_on: date) -> None:
        """Raises: ExtensionNotPossible, with the reason and the last day that is possible."""
        reason = self._obstacle(end_on)
        if reason:
            raise ExtensionNotPossible(reason, self.latest)

    @cached_property
    def latest(self) -> date | None:
        """The latest last day that it could have; None when it cannot last longer at all."""
        possible = [option.end_on for option in self.options]
        return possible[-1] if possible else None

    @cached_property
    def options(self) -> list[Option]:
        """Every later last day that is possible, soonest first."""
        start = self.rental.start_on
        return [
            Option(day, days_counted(start, day), self.price_minor(day))
            for day in self._later_days()
            if self._can_end_on(day)
        ]

    @cached_property
    def limit(self) -> str:
        """Why it cannot last longer than the latest day."""
        return self._general_obstacle(self._furthest + _A_DAY) or "next_booking"

    @cached_property
    def earlier(self) -> list[Earlier]:
        """Every open day from today on by which a unit that is out could be back before its last one, and what is
        credited then: not less than the shortest rental, and not without a credit, as nobody would gain by it."""
        tiers, now = tiers_of(self.rental.line.order.quote.cancellation), timezone.now()
        day, days = max(self.rental.start_on + timedelta(days=self.terms.min_days - 1), self.depot.today), []
        while self.rental.status == RentalStatus.OUT and day < self.rental.end_on:
            if self._can_end_on(day) and (one := self._given_back(day, tiers, now)).credit_minor > 0:
                days.append(one)
            day += _A_DAY
        return days

    def _given_back(self, end_on: date, tiers: Sequence[Tier], now: datetime) -> Earlier:
        """The days that are given back are cancelled, by how long before they begin."""
        start, begins = self.rental.start_on, start_of_day(end_on + _A_DAY, self.depot.time_zone)
        less = self._charged_minor - self.rental.after_discount(self.terms.fee_minor(start, end_on))
        percent = percent_at(tiers, begins, now)
        credit = less - retained(less, percent)
        return Earlier(end_on, days_counted(start, end_on), credit, percent, until_next(tiers, begins, now))

    def _later_days(self) -> Iterator[date]:
        day = self.rental.end_on
        while day < self._furthest:
            day += _A_DAY
            yield day

    @cached_property
    def _furthest(self) -> date:
        """The last day on which it could be returned, were every day open."""
        low, high = self.rental.end_on, min(self.terms.last_day(self.rental.start_on), self.depot.last_day)
        if self.is_overdue or self.rental.status not in EXTENDABLE:
            return low
        pools: dict[Pool, list[Reservation]] = {}
        for row in returning_claims(self.rental):
            pools.setdefault((row.variant_id, row.depot_id), []).append(row)
        rebookings = [
            Rebooking(*rows, until=self.paid_until, fleet=self._read.get(pool)) for pool, rows in pools.items()
        ]
        while low < high:  # what does not fit does not fit with more days either
            middle = low + timedelta(days=(days_counted(low, high)) // 2)
            if all(rebooking.fits(self.days(middle)) for rebooking in rebookings):
                low = middle
            else:
                high = middle - _A_DAY
        return low

    @property
    def is_overdue(self) -> bool:
        """It should be back: too late to ask for more days."""
        return self.rental.end_on < self.depot.today

    def _obstacle(self, end_on: date) -> str:
        if reason := self._general_obstacle(end_on):
            return reason
        if not self._can_end_on(end_on):
            return "depot_closed"
        return "next_booking" if end_on > self._furthest else ""

    def _general_obstacle(self, end_on: date) -> str:
        if self.is_overdue:
            return "overdue"
        if end_on > self.terms.last_day(self.rental.start_on):
            return "longest_rental"
        return "too_far" if end_on > self.depot.last_day else ""


def rent_charged_minor(rental: Rental) -> int:
    """The rent charged for one unit so far, whatever was added or taken off when its days changed. Needs `line`."""
    changes = _charged(rental, ChargeKind.EXTENSION, ChargeKind.CANCELLATION)
    return rental.as_ordered_minor + changes


def _charged(rental: Rental, *kinds: ChargeKind) -> int:
    """One statement, and none where `charges` were prefetched."""
    return sum(charge.amount_minor for charge in rental.charges.all() if charge.kind in kinds)


def rent_settled_minor(rental: Rental) -> int:
    """The rent that is not asked for again: what was charged, and what the days that it has would cost where the shop
    gave some of them (`rearrange_rental`). Needs `line`."""
    days = rental.line.rental_terms.fee_minor(rental.start_on, rental.end_on)
    return max(rent_charged_minor(rental), rental.after_discount(days))


def late_fees_minor(rental: Rental) -> int:
    """The late fees charged for one unit so far."""
    return _charged(rental, ChargeKind.LATE_FEE)


def keep_minor(rental: Rental, *, fees_minor: int | None = None) -> int | None:
    """What keeping the unit costs now, whatever a coupon took off its rent; None: it is not for sale. Needs `line`.

    fees_minor: the late fees charged so far, where they are known.
    """
    terms = rental.line.rental_terms
    price = terms.keep_minor(terms.fee_minor(rental.start_on, rental.end_on))
    if price is None:
        return None
    return max(0, price - (late_fees_minor(rental) if fees_minor is None else fees_minor))


def late_days(rental: Rental, depot: Depot, at: datetime) -> list[date]:
    """The days that a unit still out is charged for at this instant: each once its grace is over.

    Those after its last one; where it is brought back, from the second open day on: the first one is that of its
    return. None at a depot that is not in use. What was posted back is late by when it was posted.
    `depot` knows its closures, those that are over too.
    """
    at = min(at, rental.posted_back_at) if rental.posted_back_at else at
    days, day = [], rental.end_on + _A_DAY
    while depot.active and start_of_day(day, depot.time_zone) + settings.LATE_GRACE <= at:
        days.append(day)
        day += _A_DAY
    if rental.line.rental_terms.buffers.transit is not None:
        return days  # a parcel is posted on any day
    chances = [day for day in (rental.end_on, *days) if not depot.is_closed(day)]
    return [day for day in days if len(chances) > 1 and day >= chances[1]]


def require_seen(seen_minor: int | None, now_minor: int, currency: str, *, pointer: str = "/price") -> None:
    """Raises: PriceChanged when a customer agreed to another amount than it is by now; None: none was shown.

    pointer: to what the customer was shown.
    """
    if seen_minor is not None and seen_minor != now_minor:
        raise PriceChanged(now_minor, currency).at(pointer)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling an order now would credit and keep. until: when less is credited; None: it stays so."""

    credit_minor: int
    percent: int
    until: datetime | None
    kept_of_lines: dict[UUID, int]

    @property
    def is_free(self) -> bool:
        """The whole rent is credited."""
        return self.percent == ALL

    @property
    def kept_minor(self) -> int:
        return sum(self.kept_of_lines.values())


def cancellation_of(order: Order, *, now: datetime | None = None) -> Cancellation:
    """By the policy of its quote; what is not paid yet costs nothing. Needs `quote` and `depot`."""
    mine = Rental.objects.filter(line__order=order).select_related("line").prefetch_related("charges")
    rentals = list(mine.order_by("line", "id"))
    at, begins = now or timezone.now(), _begins_at(order, rentals)
    tiers = tiers_of(order.quote.cancellation) if not order.unpaid else []
    percent = percent_at(tiers, begins, at)
    charged = order.charges.total()
    kept = {} if order.unpaid else _kept_of_lines(order, rentals, percent)
    return Cancellation(charged - sum(kept.values()), percent, until_next(tiers, begins, at), kept)


def _kept_of_lines(order: Order, rentals: Sequence[Rental], percent: int) -> dict[UUID, int]:
    """Of the rent as it was ordered: days added later may not be paid yet, and are credited whole. What stays of a
    rental that ended before was settled then. Never more of a line than is still charged for it."""
    stays = {rental: _stays_of(rental, percent) for rental in rentals}
    left = left_of_lines(order) if any(stays.values()) else {}
    kept: dict[UUID, int] = {}
    for rental, most in stays.items():
        so_far = kept.get(rental.line_id, 0)
        amount = min(most, left.get(rental.line_id, 0) - so_far)
        if amount > 0:
            kept[rental.line_id] = so_far + amount
    return kept


def _stays_of(rental: Rental, percent: int) -> int:
    if rental.status == RentalStatus.CANCELLED:
        return rent_charged_minor(rental)
    return retained(min(rental.as_ordered_minor, rent_charged_minor(rental)), percent)  # less, on cheaper days by now


def _begins_at(order: Order, rentals: Sequence[Rental]) -> datetime | None:
    """When the first day of its first rental begins at the depot, of those that did not end before; None: it rents
    nothing."""
    days = [rental.start_on for rental in rentals if rental.status != RentalStatus.CANCELLED]
    return start_of_day(min(days), order.depot.time_zone) if days else None


def late_rentals(*, at: datetime | None = None) -> list[Rental]:
    """Rentals that are out and so late that a day is charged for; the longest late first. Two statements."""
    now = at or timezone.now()
    out = Rental.objects.filter(status=RentalStatus.OUT, end_on__lt=now.date() + _A_DAY)
    rows = out.select_related("line__order__depot").order_by("end_on", "id")
    depots = Depot.objects.with_closures(past=True).in_bulk()
    return [rental for rental in rows if late_days(rental, depots[rental.line.order.depot_id], now)]
