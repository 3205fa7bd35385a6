"""What a rental costs: one rule, said once in Python and once in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

# `rental_fee(...).amount_minor` over the rates `r` of one offer, for %(days)s days.
FEE_IN_SQL = "min(r.per_day_minor * greatest(r.from_days, %(days)s))"


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
class RentalFee:
    """The price of a rental and how it came about: `billed_days` days at `per_day_minor`, the rate of `from_days` on.

    `billed_days` is more than was asked for where a longer rental costs less.
    """

    amount_minor: int
    billed_days: int
    from_days: int
    per_day_minor: int


def rental_fee(rates: Iterable[Rate], days: int) -> RentalFee:
    """Fee(n): the least of per_day * max(n, from_days) over the rates.

    A longer rental never costs less than a shorter one, and none costs more than the entry to a later step.
    Raises: ValueError when there is no rate or no day.
    """
    if days < 1:
        raise ValueError("a rental has at least one day")
    offers = [_at_rate(rate, max(days, rate.from_days)) for rate in rates]
    if not offers:
        raise ValueError("an offer without rates has no price")
    return min(offers, key=lambda fee: (fee.amount_minor, fee.billed_days))


def _at_rate(rate: Rate, billed_days: int) -> RentalFee:
    return RentalFee(rate.per_day_minor * billed_days, billed_days, rate.from_days, rate.per_day_minor)
