"""What a rental costs: one rule, said once in Python and once in SQL (ADR 23)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise
from typing import Protocol

from core.time import day_after, days_counted


def seasons_in_sql(kind: str, from_days: str) -> str:
    """The per cent that seasons add to the days of a rate, of all days together; nothing when there are none."""
    billed = f"greatest({from_days}, %(days)s)"
    counted = f"CASE WHEN x.percent > 0 THEN %(days)s ELSE {billed} END"  # only days that are had cost more
    return f"""(
    SELECT sum(x.percent * (least(x.end_on - %(first_on)s::date, {counted} - 1)
                            - greatest(x.start_on - %(first_on)s::date, 0) + 1))
    FROM catalog_season x
    WHERE x.start_on < %(first_on)s::date + {counted} AND x.end_on >= %(first_on)s::date AND x.kind IN ('', {kind})
)"""  # noqa: S608 (constants only)


def fee_in_sql(seasons: str) -> str:
    """What the days cost at the rate `r`; seasons: as of `seasons_in_sql`."""
    billed = "greatest(r.from_days, %(days)s)"
    return f"r.per_day_minor * {billed} + coalesce(floor((r.per_day_minor * {seasons} + 50) / 100.0), 0)::bigint"


_KIND = "(SELECT k.kind FROM catalog_container k WHERE k.id = v.container_id)"
# `rental_fee(...).amount_minor` over the rates `r` of one offer, for %(days)s days from %(first_on)s of variant `v`.
FEE_IN_SQL = f"min({fee_in_sql(seasons_in_sql(_KIND, 'r.from_days'))})"


class Rate(Protocol):
    """From this many days on, a day costs this much: a `RentalRate`, or anything shaped like one."""

    @property
    def from_days(self) -> int: ...
    @property
    def per_day_minor(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Step:
    """A rate without its row."""

    from_days: int
    per_day_minor: int


@dataclass(frozen=True, slots=True)
class SeasonDays:
    """Days, first and last included, that cost so many per cent more, or less."""

    name: str
    start_on: date
    end_on: date
    percent: int

    def among(self, first_on: date, days: int) -> int:
        """How many of the `days` from `first_on` on are in it."""
        last_on = day_after(first_on, days - 1)
        return max(0, days_counted(max(self.start_on, first_on), min(self.end_on, last_on)))


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is special about the days of a rental: the seasons they are in, and that the first of them are cheaper.

    acclimatisation_percent: of the day price, for each of the first `acclimatisation_days`.
    """

    first_on: date
    seasons: Sequence[SeasonDays] = ()
    acclimatisation_days: int = 0
    acclimatisation_percent: int = 100


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What some of the days cost more or less than their day price, in per cent. `season` is "" for acclimatisation."""

    season: str
    days: int
    percent: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RentalFee:
    """The price of a rental and how it came about: `billed_days` days at `per_day_minor`, the rate of `from_days` on,
    and the adjustments of some of these days.

    `billed_days` is more than was asked for where a longer rental costs less.
    """

    amount_minor: int
    billed_days: int
    from_days: int
    per_day_minor: int
    adjustments: tuple[Adjustment, ...] = ()


def rental_fee(rates: Iterable[Rate], days: int, calendar: Calendar | None = None) -> RentalFee:
    """Fee(n): the least over the rates of what max(n, from_days) days cost, each its day price in its season. A day
    that is billed and not had costs no more for its season.

    A longer rental never costs less than a shorter one that begins on the same day, and none costs more than the entry
    to a later step. Rounded once, half up. Raises: ValueError when there is no rate or no day.
    """
    if days < 1:
        raise ValueError("a rental has at least one day")
    offers = [_at_rate(rate, days, calendar) for rate in rates]
    if not offers:
        raise ValueError("an offer without rates has no price")
    return min(offers, key=lambda fee: (fee.amount_minor, fee.billed_days))


def without_effect(rates: Iterable[Rate]) -> tuple[Rate, Rate] | None:
    """A rate that no fee is ever computed from, as a day costs more than at one from fewer days on, and that one."""
    steps = sorted(rates, key=lambda rate: rate.from_days)
    return next(((later, step) for step, later in pairwise(steps) if later.per_day_minor > step.per_day_minor), None)


_WHOLE = 100 * 100  # a day price, as its season and its acclimatisation are both in per cent


def _at_rate(rate: Rate, days: int, calendar: Calendar | None) -> RentalFee:
    billed_days = max(days, rate.from_days)
    special = list(_special(calendar, days, billed_days)) if calendar else []
    sums = accumulate((share for _, _, _, share in special), initial=0)
    rounded = [(2 * rate.per_day_minor * share + _WHOLE) // (2 * _WHOLE) for share in sums]
    return RentalFee(
        rate.per_day_minor * billed_days + rounded[-1],
        billed_days,
        rate.from_days,
        rate.per_day_minor,
        tuple(
            Adjustment(season, days, percent, amount - before)
            for (season, days, percent, _), (before, amount) in zip(special, pairwise(rounded), strict=True)
        ),
    )


def _special(calendar: Calendar, days: int, billed_days: int) -> Iterator[tuple[str, int, int, int]]:
    """(season, days, percent, what that comes to in parts of a day price) of the days that are billed."""
    first_on, less = calendar.first_on, 100 - calendar.acclimatisation_percent
    cheaper = min(calendar.acclimatisation_days, billed_days)
    if cheaper and less:
        yield "", cheaper, -less, -less * 100 * cheaper
    for season in calendar.seasons:
        counted = days if season.percent > 0 else billed_days
        if inside := season.among(first_on, counted):
            parts = 100 * inside - less * season.among(first_on, min(cheaper, counted))
            yield season.name, inside, season.percent, season.percent * parts
