"""Which container fits these cats on these flights, is free on these days, and costs what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from catalog.fit import Answer, Box, Cat, Leg, Needs, Rules, Shell, Size, Verdict, needs, verdict, worst
from catalog.fitting import FittingRow, LeftOut, fitting
from catalog.models import Kind
from catalog.rules import rules_of
from catalog.selectors import Mode, VariantRow, Wish
from core.errors import FieldError, InvalidInput
from inventory.board import Counting, Days, Free, bookable, depots_asked
from inventory.models import Depot

LOOKED_AT = 100  # of those that fit, the best: whether they are free


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """cats: each in a container of its own, or all in one when `together`. days: of the depot."""

    cats: Sequence[Cat]
    together: bool
    legs: Sequence[Leg]
    depot: str
    days: Days
    mode: Mode
    currency: str

    @property
    def parties(self) -> list[Sequence[Cat]]:
        """Who shares a container."""
        return [self.cats] if self.together else [[cat] for cat in self.cats]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyOnLeg:
    """One verdict: who (the number of its party), and on which leg."""

    party: int
    leg: int
    verdict: Verdict


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
    taken: Sequence[str]  # SKUs that fit and are not free
    next_skip: int | None


def search_trip(trip: Trip, *, skip: int, most: int) -> TripAnswer:
    """The containers that fit every cat on every leg and are free for all of them: the surest fit first, then by price.

    Four statements, at any size of the catalog. Raises: InvalidInput for an unknown airline or depot, and as
    `board.bookable`.
    """
    [depot] = depots_asked(trip.depot)
    days = bookable(trip.days, [depot])
    rules = _rules(trip.legs)
    today = timezone.now().date()
    asked = [
        {shell: needs(party, leg, shell, rules, today=today) for shell in Shell}
        for party in trip.parties
        for leg in trip.legs
    ]
    wish = Wish(currency=trip.currency, mode=trip.mode, days=days.count, first_on=days.start_on)
    fit = fitting(asked, wish, skip=skip, most=LOOKED_AT)
    _, counted = Counting([row["variant"] for row in fit.rows], [depot], days).free()
    found: list[Found] = []
    taken: list[str] = []
    for row, free in zip(fit.rows, counted, strict=True):
        if len(found) == most:
            break
        if (free.sale if trip.mode == Mode.BUY else free.rental) < len(trip.parties):
            taken.append(row["variant"]["sku"])
        else:
            found.append(Found(row=row, free=free, verdicts=_verdicts(row, trip, asked)))
    after = skip + len(found) + len(taken)
    going_on = after if after < fit.fit else None
    return TripAnswer(depot=depot, found=found, left_out=fit.left_out, taken=taken, next_skip=going_on)


def _rules(legs: Sequence[Leg]) -> Rules:
    rules, known = rules_of({leg.airline for leg in legs})
    unknown = [
        FieldError(
            f"/legs/{number}/airline", f'We know no airline "{leg.airline}"; GET /airlines lists them.', "unknown"
        )
        for number, leg in enumerate(legs)
        if leg.airline not in known
    ]
    if unknown:
        raise InvalidInput(unknown)
    return rules


def _verdicts(row: FittingRow, trip: Trip, asked: Sequence[Mapping[Shell, Sequence[Needs]]]) -> list[PartyOnLeg]:
    """In the order of `asked`: every leg of the first party, then of the next."""
    box = box_of(row["variant"], Kind(row["kind"]))
    return [
        PartyOnLeg(
            party=number // len(trip.legs), leg=number % len(trip.legs), verdict=verdict(box, by_shell[box.shell])
        )
        for number, by_shell in enumerate(asked)
    ]


def box_of(row: VariantRow, kind: Kind) -> Box:
    return Box(
        shell=kind.shell,
        inner=Size(row["inner_length_mm"], row["inner_width_mm"], row["inner_height_mm"]),
        outer=Size(row["outer_length_mm"], row["outer_width_mm"], row["outer_height_mm"]),
        weight_g=row["weight_g"],
        max_load_g=row["max_load_g"],
    )
