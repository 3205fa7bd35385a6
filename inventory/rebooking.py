"""Whether one rental could have other days without taking a unit from anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from inventory.models import Reservation
from inventory.packing import Days, NoPlan, Shelf, misfits, plan, with_units
from inventory.selectors import Fleet, fleets, joined
from inventory.states import ReservationStatus


class Rebooking:
    """One live rental among everybody else's of its pool, or several that get the same days together, as the pieces of
    a bundle do. Reads once, in at most five statements; answers many times.

    A promise only while the pool is locked.
    """

    def __init__(self, *rows: Reservation, until: date | None = None, fleet: Fleet | None = None) -> None:
        """rows: of one pool and one state. until: the end, half open, of the days that they have a right to, if they
        are expected later: whom they keep waiting then is nobody who cannot be served. fleet: of their pool, if
        somebody has read it."""
        row = rows[0]
        pool = (row.variant_id, row.depot_id)
        self._row, self._fleet, self._today = row, fleet or fleets([pool])[pool], row.depot.today
        self._keys = {one.pk for one in rows}
        self._is_out = row.status == ReservationStatus.SHIPPED
        self._down: dict[int, list[Days]] = {
            one.unit.pk: [(d.period.lower, d.period.upper) for d in one.unit.downtimes.all()]
            for one in rows
            if one.unit is not None
        }
        self._now = self._shelves_until(until)
        lost = set(misfits(self._now, self._fleet.bookings))
        self._others = [b for b in self._fleet.bookings if b.key not in lost | self._keys]
        self._free: dict[date, bool] = {}
        self._mine = [b for b in self._fleet.bookings if b.key in self._keys]

    def fits(self, days: Days) -> bool:
        """True if they can have these days, half open and with their buffers, and all who can be served still can be.

        Whoever cannot be served now may be again: more days are had only where theirs are counted too, as the inventory
        system keeps them.
        """
        if not all(self._is_free_on(day) for day in self._more(days)):
            return False
        shelves, bookings = self._fleet.shelves, list(self._others)
        if self._is_out:
            if self._is_down_on_more(days):
                return False
            shelves = [self._with(shelf, days) for shelf in shelves]
        elif len(self._mine) < len(self._keys):
            return False  # its days are over
        else:
            span = (max(days[0], self._today), days[1])
            bookings = [*(replace(mine, days=span) for mine in self._mine), *bookings]
        set_aside = {key: unit for key, unit in self._fleet.set_aside.items() if key not in self._keys}
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
        others = (b.days for b in self._fleet.bookings if b.key not in self._keys)
        return units - sum(first <= day < end for first, end in others) >= len(self._keys)

    def _shelves_until(self, until: date | None) -> list[Shelf[int]]:
        if until is None or not self._is_out:
            return self._fleet.shelves
        now = (self._row.period.lower, min(until, self._row.period.upper))
        taken = {unit: joined([now, *down]) for unit, down in self._down.items()}
        return [Shelf(s.unit, taken[s.unit]) if s.unit in taken else s for s in self._fleet.shelves]

    def _with(self, shelf: Shelf[int], days: Days) -> Shelf[int]:
        return Shelf(shelf.unit, joined([*shelf.taken, days])) if shelf.unit in self._down else shelf

    def _is_down_on_more(self, days: Days) -> bool:
        """Days planned for repair before it left are not given to whoever has it."""
        more = (self._row.period.upper, days[1])
        return any(first < more[1] and more[0] < end for down in self._down.values() for first, end in down)
