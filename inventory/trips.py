"""Which container fits these cats on these flights, is free on these days, and costs what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catalog.fit import Answer, worst
from catalog.fitting import FittingRow, LeftOut, fitting
from catalog.selectors import Mode, Wish
from inventory.board import Counting, Days, Free, bookable, depot_asked
from inventory.journeys import Journey, PartyOnLeg, box_of, known_rules, require_within
from inventory.models import Depot

LOOKED_AT = 100  # of those that fit, the best: whether they are free


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip(Journey):
    """days: of the depot."""

    depot: str
    days: Days
    mode: Mode
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    row: FittingRow
    free: Free
    verdicts: Sequence[PartyOnLeg]

    @property
    def answer(self) -> Answer:
        return worst(one.verdict for one in self.verdicts).answer


@dataclass(frozen=True, slots=True, kw_only=True)
class TripAnswer:
    """`next_skip`: where to go on among those that fit; None at the end."""

    depot: Depot
    found: Sequence[Found]
    left_out: Sequence[LeftOut]
    closed_on: Sequence[date]  # of the first and the last day, for a rental
    taken: Sequence[str]  # SKUs that fit and are not free
    next_skip: int | None


def search_trip(trip: Trip, *, skip: int, most: int) -> TripAnswer:
    """The containers that fit every cat on every leg and are free for all of them: the surest fit first, then by price.

    Three statements, at any size of the catalog; two more where few of what fits is free, and one after a change of the
    catalog. Raises: InvalidInput for an unknown airline or depot, as `require_within` and as
    `board.bookable`.
    """
    rules = known_rules(trip.legs)
    depot = depot_asked(trip.depot, rules.catalog_version)
    days = bookable(trip.days, [depot])
    require_within(trip.legs, [(days.start_on, days.end_on if trip.mode == Mode.RENT else depot.last_day)])
    asked = trip.asks(rules)
    wish = Wish(currency=trip.currency, mode=trip.mode, days=days.count, first_on=days.start_on)
    found: list[Found] = []
    taken: list[str] = []
    end = skip
    for looked_at in (most + most // 4, LOOKED_AT):  # mostly, nearly all of the first are free
        begin, end = end, skip + looked_at
        fit = fitting(asked, wish, skip=begin, most=end - begin)
        _, counted = Counting([row["variant"] for row in fit.rows], [depot], days).free()
        for row, free in zip(fit.rows, counted, strict=True):
            if len(found) == most:
                break
            if (free.sale if trip.mode == Mode.BUY else free.rental) < len(trip.parties):
                taken.append(row["variant"]["sku"])
            else:
                box = box_of(row["variant"], row["kind"])
                found.append(Found(row=row, free=free, verdicts=trip.judge(box, asked)))
        if len(found) == most or fit.fit <= end:
            break
    after = skip + len(found) + len(taken)
    going_on = after if after < fit.fit else None
    ends = sorted({days.start_on, days.end_on}) if trip.mode == Mode.RENT else []
    return TripAnswer(
        depot=depot,
        found=found,
        left_out=fit.left_out,
        closed_on=[day for day in ends if depot.is_closed(day)],
        taken=taken,
        next_skip=going_on,
    )
