"""What is left while one claim after the other is laid upon what is free. Pure: no database, no clock."""

from collections.abc import Mapping
from datetime import date

from inventory.selectors import Pool, PoolAvailability

Period = tuple[date, date]  # half open


class Ledger:
    """Counts of some pools, whose days begin at `first`. A pool that is not among them gives nothing.

    A period of None is about pieces for sale, any other one about units for rent.
    """

    def __init__(self, counts: Mapping[Pool, PoolAvailability], *, first: date) -> None:
        self._first = first
        self._sale = {pool: count.sale for pool, count in counts.items()}
        self._days = {pool: list(count.rental_by_day) for pool, count in counts.items()}

    def free(self, pool: Pool, period: Period | None) -> int:
        """What can still be had on every day of the period, which must lie within the days counted."""
        if period is None:
            return self._sale.get(pool, 0)
        days = self._days.get(pool)
        return min(days[n] for n in self._days_in(period)) if days else 0

    def take(self, pool: Pool, period: Period | None, quantity: int) -> None:
        """Lay one claim down, whether or not it fits. Pools and days that were not counted are passed over."""
        if period is None:
            self._sale[pool] = self.free(pool, None) - quantity
            return
        days = self._days.get(pool, [])
        for n in self._days_in(period):
            if 0 <= n < len(days):
                days[n] -= quantity

    def _days_in(self, period: Period) -> range:
        return range((period[0] - self._first).days, (period[1] - self._first).days)
