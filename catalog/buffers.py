"""The days around a rental that block its unit. What is shown and what is promised are computed here alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

Period = tuple[date, date]  # half open: [first day, first free day)
IsClosed = Callable[[date], bool]

_A_DAY = timedelta(days=1)
_LONGEST_CLOSED = 31  # days; a depot that is closed for longer posts and takes in nothing


def _always_open(_day: date) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Transit:
    """How many days a parcel is on its way to a customer, and back from there."""

    out_days: int
    back_days: int


@dataclass(frozen=True, slots=True)
class Buffers:
    """What a unit needs around a rental. transit: of its parcel; None: it is picked up and brought back.

    The only place that makes the days of a claim. `is_closed` is the depot's, and matters to parcels alone: they are
    posted and taken in on open days, while whoever picks something up has chosen open days.
    """

    prep_days: int = 0
    turnaround_days: int = 0
    transit: Transit | None = None

    @property
    def ready_days(self) -> int:
        """How long after a customer lets go of a unit it is ready again, at least."""
        return self.turnaround_days + (self.transit.back_days if self.transit else 0)

    def leaves_on(self, start_on: date, is_closed: IsClosed = _always_open) -> date:
        """The day on which it leaves the depot to be with its customer on `start_on`; a closed one if none will do."""
        if self.transit is None:
            return start_on
        return _nearest_open(start_on - self.transit.out_days * _A_DAY, -_A_DAY, is_closed)

    def posted_on(self, start_on: date, is_closed: IsClosed = _always_open) -> date | None:
        """The day on which its parcel is posted; None: it is picked up."""
        return self.leaves_on(start_on, is_closed) if self.transit else None

    def arrives_on(self, ready_on: date, is_closed: IsClosed = _always_open) -> date:
        """The day on which what is ready on `ready_on` is with its customer."""
        if self.transit is None:
            return ready_on
        return _nearest_open(ready_on, _A_DAY, is_closed) + self.transit.out_days * _A_DAY

    def is_back_on(self, end_on: date, is_closed: IsClosed = _always_open) -> date:
        """The day on which it is taken in when its customer lets go of it on `end_on`."""
        if self.transit is None:
            return end_on
        return _nearest_open(end_on + self.transit.back_days * _A_DAY, _A_DAY, is_closed)

    def blocked(self, start_on: date, end_on: date, is_closed: IsClosed = _always_open) -> Period:
        """The days that a rental from `start_on` to `end_on`, both included, keeps a unit from everybody else."""
        first = self.leaves_on(start_on, is_closed) - self.prep_days * _A_DAY
        return first, self.is_back_on(end_on, is_closed) + (self.turnaround_days + 1) * _A_DAY


def _nearest_open(day: date, step: timedelta, is_closed: IsClosed) -> date:
    """The first open day from `day` on in steps of one; `day` itself when all of a month are closed."""
    days = (day + n * step for n in range(_LONGEST_CLOSED))
    return next((one for one in days if not is_closed(one)), day)


def bookable_by_day(free: list[int], *, prep_days: int, turnaround_days: int) -> list[int]:
    """How many could be rented for each single day, when `free` is how many are unclaimed on each day.

    `free` begins `prep_days` before the first day and ends `turnaround_days` after the last. The minimum over a run
    of days is how many can be rented for that run: the windows of its days cover exactly its blocked period.
    """
    window = prep_days + 1 + turnaround_days
    if len(set(free)) == 1:  # as on most days of most variants
        return free[: len(free) - window + 1]
    return [min(free[first : first + window]) for first in range(len(free) - window + 1)]
