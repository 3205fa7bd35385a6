"""Which unit serves which booking. Pure: no database, no clock.

Units of a pool are alike but for the days on which each is taken already. Counting free units day by day is not enough
then: two units, one down on Monday and the other on Tuesday, leave one free on each day and none for both. Here every
booking gets one unit for all of its days, or it is known that there is no such plan.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from typing import Generic, TypeVar

K = TypeVar("K")  # of bookings
U = TypeVar("U")  # of units

Days = tuple[date, date]  # half open
PATIENCE = 1_000  # dead ends of one call; real fleets meet a few, and each costs well under a millisecond


@dataclass(frozen=True, slots=True)
class Shelf(Generic[U]):
    """One unit and the days on which nobody can have it, apart from each other."""

    unit: U
    taken: Sequence[Days] = ()

    def is_free(self, days: Days) -> bool:
        return not _overlaps(self.taken, days)


@dataclass(frozen=True, slots=True)
class Booking(Generic[K, U]):
    """Days that one unit is needed for; `unit` when it has to be this one."""

    key: K
    days: Days
    unit: U | None = None


class NoPlan(Exception):
    """Not every booking can be served."""


class Unsure(NoPlan):
    """No plan was found in time. Who is about to promise something takes it for a no."""


class Patience:
    """How many dead ends may be met, over all searches of one call."""

    def __init__(self, dead_ends: int = PATIENCE) -> None:
        self._left = dead_ends

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Unsure


def plan(
    shelves: Collection[Shelf[U]], bookings: Collection[Booking[K, U]], *, patience: Patience | None = None
) -> dict[K, U]:
    """A unit for every booking. Raises: NoPlan when there is none, Unsure when none was found in time."""
    taken = {shelf.unit: sorted(shelf.taken) for shelf in shelves}
    served: dict[K, U] = {}
    for booking in bookings:
        if booking.unit is None:
            continue
        if booking.unit not in taken or _overlaps(taken[booking.unit], booking.days):
            raise NoPlan
        taken[booking.unit] = sorted([*taken[booking.unit], booking.days])
        served[booking.key] = booking.unit
    free = sorted((b for b in bookings if b.unit is None), key=lambda b: b.days)
    if _is_crowded([*(days for periods in taken.values() for days in periods), *(b.days for b in free)], len(taken)):
        raise NoPlan
    return served | _Search(taken, free, patience or Patience()).solve()


def misfits(shelves: Collection[Shelf[U]], bookings: Sequence[Booking[K, U]]) -> list[K]:
    """Bookings that surely cannot be served beside those before them: the first come are the first served."""
    patience = Patience()
    try:
        plan(shelves, bookings, patience=patience)
    except Unsure:
        return []
    except NoPlan:
        return _left_over(shelves, bookings, patience)
    return []


def _left_over(shelves: Collection[Shelf[U]], bookings: Sequence[Booking[K, U]], patience: Patience) -> list[K]:
    kept: list[Booking[K, U]] = []
    left_over: list[K] = []
    for booking in bookings:
        try:
            plan(shelves, [*kept, booking], patience=patience)
        except Unsure:
            kept.append(booking)
        except NoPlan:
            left_over.append(booking.key)
        else:
            kept.append(booking)
    return left_over


def with_units(
    shelves: Collection[Shelf[U]], bookings: Sequence[Booking[K, U]], set_aside: Mapping[K, U]
) -> list[Booking[K, U]]:
    """The bookings with the units that stand ready for them, as far as these can still serve them.

    A unit that is away, down or needed by an earlier one of them is no longer counted upon.
    """
    taken = {shelf.unit: list(shelf.taken) for shelf in shelves}
    pinned = []
    for booking in bookings:
        unit = set_aside.get(booking.key)
        if unit is not None and unit in taken and not _overlaps(taken[unit], booking.days):
            taken[unit].append(booking.days)
            pinned.append(replace(booking, unit=unit))
        else:
            pinned.append(booking)
    return pinned


def _is_crowded(periods: Collection[Days], units: int) -> bool:
    """True if on some day more is asked of the units than there are of them."""
    steps: Counter[date] = Counter()
    for first, end in periods:
        steps[first] += 1
        steps[end] -= 1
    return any(busy > units for busy in accumulate(steps[day] for day in sorted(steps)))


def _overlaps(taken: Collection[Days], days: Days) -> bool:
    return any(first < days[1] and days[0] < end for first, end in taken)


class _Search(Generic[K, U]):
    """Depth first, earliest booking first.

    When its turn comes, units differ only in what lies ahead of them: those with the same days taken from here on are
    interchangeable, so one of each sort is tried, the one with the least room to spare first. Positions that led
    nowhere are remembered.
    """

    def __init__(
        self, taken: Mapping[U, Sequence[Days]], bookings: Sequence[Booking[K, U]], patience: Patience
    ) -> None:
        self._taken = taken
        self._patience = patience
        self._bookings = bookings
        self._free_from = dict.fromkeys(taken, date.min)  # after the last booking given to it
        self._served: dict[K, U] = {}
        self._dead: set[tuple[int, tuple[tuple[date, tuple[Days, ...]], ...]]] = set()

    def solve(self) -> dict[K, U]:
        choices = [self._choices(0)] if self._bookings else []
        undo: list[tuple[U, date]] = []
        while choices:
            place = len(choices) - 1
            unit = next(choices[-1], None)
            if unit is None:
                self._patience.spend()
                self._dead.add(self._position(place))
                choices.pop()
                if undo:
                    last, before = undo.pop()
                    self._free_from[last] = before
                continue
            booking = self._bookings[place]
            undo.append((unit, self._free_from[unit]))
            self._served[booking.key] = unit
            self._free_from[unit] = booking.days[1]
            if place + 1 == len(self._bookings):
                return self._served
            choices.append(self._choices(place + 1))
        if self._bookings:
            raise NoPlan
        return {}

    def _choices(self, place: int) -> Iterator[U]:
        if self._position(place) in self._dead:
            return iter(())
        days = self._bookings[place].days
        sorts: dict[tuple[Days, ...], U] = {}
        for unit, taken in self._taken.items():
            if self._free_from[unit] <= days[0] and not _overlaps(taken, days):
                sorts.setdefault(self._ahead(unit, days[0]), unit)
        return iter([sorts[ahead] for ahead in sorted(sorts, key=lambda ahead: ahead[0][0] if ahead else date.max)])

    def _position(self, place: int) -> tuple[int, tuple[tuple[date, tuple[Days, ...]], ...]]:
        """Everything that the rest of the search depends on."""
        day = self._bookings[place].days[0]
        return place, tuple(sorted((max(self._free_from[unit], day), self._ahead(unit, day)) for unit in self._taken))

    def _ahead(self, unit: U, day: date) -> tuple[Days, ...]:
        return tuple(days for days in self._taken[unit] if days[1] > day)
