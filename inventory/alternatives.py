"""Something is short: when and where else it can be had.

Counts by day, as the shop window shows them; that one unit can serve all days of a booking is seen to when it is held.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from django.utils import timezone

from catalog.buffers import Buffers
from core.time import day_after
from inventory.ledger import Ledger, Period
from inventory.models import Depot
from inventory.selectors import Pool, availability

REACH = 14  # days before and after those asked for
MOST_STARTS, MOST_DEPOTS = 5, 10


_NONE = Buffers()


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of one variant at one depot, which knows its closures; to rent, from the first to the last of `days`,
    both included."""

    variant_id: int
    depot: Depot
    quantity: int
    days: tuple[date, date] | None = None
    buffers: Buffers = _NONE

    @property
    def pool(self) -> Pool:
        return (self.variant_id, self.depot.pk)

    @property
    def blocked(self) -> Period | None:
        """The days that this keeps a unit from everybody else."""
        if self.days is None:
            return None
        return self.buffers.blocked(*self.days, self.depot.is_closed)

    def at(self, depot: Depot) -> "Wanted":
        return replace(self, depot=depot)

    def shifted(self, days: int) -> "Wanted":
        """The same rental, so many days later."""
        assert self.days is not None  # noqa: S101 (rentals only)
        return replace(self, days=(day_after(self.days[0], days), day_after(self.days[1], days)))


def read_around(wanted: Collection[Wanted]) -> Ledger:
    """What the pools of all these can give, on their days and so many before and after. One statement."""
    today = timezone.now().date()
    around = [one.shifted(shift) for one in wanted if one.days for shift in (-REACH, 0, REACH)]
    periods = [one.blocked for one in around if one.blocked] or [(today, day_after(today))]
    first, end = min(first for first, _ in periods), max(end for _, end in periods)
    return Ledger(availability({one.pool for one in wanted}, period=(first, end)), first=first)


def is_free(wanted: Wanted, depot: Depot, ledger: Ledger) -> bool:
    """True when it can be had at this depot, as far as counts and the depot's days tell."""
    there = wanted.at(depot)
    if there.days is not None and not depot.takes(*there.days, there.buffers):
        return False
    return ledger.free(there.pool, there.blocked) >= there.quantity


def nearest_starts(wanted: Wanted, depot: Depot, ledger: Ledger) -> list[tuple[date, date]]:
    """The same number of days, first and last, on other days when it is free here: the nearest first."""
    if wanted.days is None:
        return []
    shifts = sorted((n for n in range(-REACH, REACH + 1) if n), key=lambda n: (abs(n), n))
    found = (moved for moved in map(wanted.shifted, shifts) if is_free(moved, depot, ledger))
    return [moved.days for moved in islice(found, MOST_STARTS) if moved.days]


def other_depots(wanted: Wanted, depots: Iterable[Depot], ledger: Ledger) -> list[tuple[Depot, int]]:
    """Where else it is free for the same days, and how many: the most first."""
    others = [depot for depot in depots if depot.pk != wanted.depot.pk and is_free(wanted, depot, ledger)]
    counted = [(depot, ledger.free(wanted.at(depot).pool, wanted.blocked)) for depot in others]
    return sorted(counted, key=lambda found: (-found[1], found[0].code))[:MOST_DEPOTS]
