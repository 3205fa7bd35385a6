"""Whether one rental could have other days without taking a unit from anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from inventory.models import Reservation
from inventory.packing import Days, NoPlan, Shelf, misfits, plan, with_units
from inventory.selectors import Fleet, fleets, joined
from inventory.states import ReservationStatus


class Rebooking:
    """One live rental among everybody else's of its pool. Reads once, in at most five statements; answers many times.

    A promise only while the pool is locked.
    """

    def __init__(self, row: Reservation, *, until: date | None = None, fleet: Fleet | None = None) -> None:
        """until: the end, half open, of the days that it has a right to, if it is expected later: whom it keeps waiting
        then is nobody who cannot be served. fleet: of its pool, if somebody has read it."""
        pool = (row.variant_id, row.depot_id)
        self._row, self._fleet, self._today = row, fleet or fleets([pool])[pool], row.depot.today
        self._down = [(d.period.lower, d.period.upper) for d in row.unit.downtimes.all()] if row.unit else []
        self._now = self._shelves_until(until)
        lost = set(misfits(self._now, self._fleet.bookings))
        self._others = [b for b in self._fleet.bookings if b.key not in lost and b.key != row.pk]
        self._free: dict[date, bool] = {}
        self._mine = next((b for b in self._fleet.bookings if b.key == row.pk), None)

    def fits(self, days: Days) -> bool:
        """True if it can have these days, half open and with their buffers, and all who can be served still can be.

        Whoever cannot be served now may be again: more days are had only where theirs are counted too, as the inventory
        system keeps them.
        """
        if not all(self._is_free_on(day) for day in self._more(days)):
            return False
        shelves, bookings = self._fleet.shelves, list(self._others)
        if self._row.status == ReservationStatus.SHIPPED:
            if self._is_down_on_more(days):
                return False
            shelves = [self._with(shelf, days) for shelf in shelves]
        elif self._mine is None:
            return False  # its days are over
        else:
            bookings.insert(0, replace(self._mine, days=(max(days[0], self._today), days[1])))
        set_aside = {key: unit for key, unit in self._fleet.set_aside.items() if key != self._row.pk}
        try:
            plan(shelves, with_units(shelves, bookings, set_aside))
        except NoPlan:
            return False
        return True

    def _more(self, days: Days) -> Iterator[date]:
        """The days that it does not have yet."""
        mine = self._row.period
        for n in range((days[1] - days[0]).days):
            day = days[0] + timedelta(days=n)
            if not (mine.lower <= day < mine.upper):
                yield day

    def _is_free_on(self, day: date) -> bool:
        """Asked for the same days again and again, as the furthest one is looked for."""
        if day not in self._free:
            self._free[day] = self._has_unit_left(day)
        return self._free[day]

    def _has_unit_left(self, day: date) -> bool:
        units = sum(not any(first <= day < end for first, end in shelf.taken) for shelf in self._now)
        others = (b.days for b in self._fleet.bookings if b.key != self._row.pk)
        return units > sum(first <= day < end for first, end in others)

    def _shelves_until(self, until: date | None) -> list[Shelf[int]]:
        if until is None or self._row.status != ReservationStatus.SHIPPED:
            return self._fleet.shelves
        taken = joined([(self._row.period.lower, min(until, self._row.period.upper)), *self._down])
        return [Shelf(s.unit, taken) if s.unit == self._row.unit_id else s for s in self._fleet.shelves]

    def _with(self, shelf: Shelf[int], days: Days) -> Shelf[int]:
        return Shelf(shelf.unit, joined([*shelf.taken, days])) if shelf.unit == self._row.unit_id else shelf

    def _is_down_on_more(self, days: Days) -> bool:
        """Days planned for repair before it left are not given to whoever has it."""
        more = (self._row.period.upper, days[1])
        return any(first < more[1] and more[0] < end for first, end in self._down)
