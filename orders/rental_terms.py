"""What a quote promised for one unit of a rental line. Every later price follows from it alone. Pure: no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from catalog.buffers import Buffers, Transit
from catalog.pricing import Calendar, RentalFee, SeasonDays, Step, rental_fee
from core.time import days_counted


@dataclass(frozen=True, slots=True)
class RentalTerms:
    """Frozen with the quote, so that what changes in the catalog later changes nothing for this customer.

    seasons: those of that day, of the whole year ahead. acclimatisation_days: the first of the rental, whenever it is.
    keep_price_minor: what the container cost to buy when it was quoted; None: it is not for sale. parcel_back_days: how
    long a parcel with it takes back to the depot; None: it is brought back.
    """

    rates: tuple[Step, ...]
    seasons: tuple[SeasonDays, ...]
    acclimatisation_days: int
    acclimatisation_percent: int
    min_days: int
    max_days: int
    buffers: Buffers
    parcel_back_days: int | None
    late_fee_minor: int
    keep_price_minor: int | None
    keep_credit_percent: int

    @classmethod
    def of(cls, terms: Mapping[str, Any]) -> Self:
        """As a quote's line keeps them, under "rental"."""
        first, start = (date.fromisoformat(terms[name]) for name in ("blocked_from", "start_on"))
        return cls(
            rates=tuple(Step(from_days, per_day) for from_days, per_day in terms["rates"]),
            seasons=tuple(
                SeasonDays(name, date.fromisoformat(start_on), date.fromisoformat(end_on), percent)
                for name, start_on, end_on, percent in terms.get("seasons", ())  # quotes had none before ADR 23
            ),
            acclimatisation_days=terms.get("acclimatisation_days", 0),
            acclimatisation_percent=terms.get("acclimatisation_percent", 100),
            buffers=Buffers(
                prep_days=terms.get("prep_days", (start - first).days),  # quotes had none before ADR 28
                turnaround_days=terms["turnaround_days"],
                transit=Transit(**terms["transit"]) if terms.get("transit") else None,
            ),
            parcel_back_days=terms.get("parcel_back_days"),
            **{name: terms[name] for name in _PLAIN},
        )

    def fee(self, start_on: date, end_on: date) -> RentalFee:
        """The rent for these days, both included; never less for more of them."""
        calendar = Calendar(start_on, self.seasons, self.acclimatisation_days, self.acclimatisation_percent)
        return rental_fee(self.rates, days_counted(start_on, end_on), calendar)

    def fee_minor(self, start_on: date, end_on: date) -> int:
        return self.fee(start_on, end_on).amount_minor

    def last_day(self, start_on: date) -> date:
        """The last day of the longest rental that begins on this day."""
        return start_on + timedelta(days=self.max_days - 1)

    def keep_minor(self, rent_minor: int) -> int | None:
        """What keeping the unit costs whoever has paid this much rent for it; None: it is not for sale."""
        if self.keep_price_minor is None:
            return None
        return max(0, self.keep_price_minor - rent_minor * self.keep_credit_percent // 100)


_PLAIN = ("min_days", "max_days", "late_fee_minor", "keep_price_minor", "keep_credit_percent")
