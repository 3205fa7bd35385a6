"""What one line of a quote asks for, and what could stand in for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils import timezone

from catalog.buffers import Buffers
from catalog.languages import language_asked
from catalog.models import shop_today
from catalog.selectors import InsteadRow, Mode, fee_for, fitting_instead
from catalog.version import Remembered
from core.time import day_after, days_counted
from inventory.alternatives import Wanted
from inventory.models import Depot
from orders.bundles import pieces_of
from orders.models import OrderLine
from orders.rental_terms import RentalTerms

_MOST_LOOKED_AT = 50  # for each line, of which most may be gone too
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """So many of one thing, for the same days."""

    sku: str
    kind: str
    wanted: Wanted
    claimed: Sequence[int]  # variants whose stock it takes: its own, or those of a bundle's parts
    acclimatisation_days: int = 0

    @property
    def mode(self) -> Mode:
        return Mode.BUY if self.kind == OrderLine.Kind.SALE else Mode.RENT

    @property
    def days_told(self) -> tuple[str | None, str | None]:
        if self.wanted.days is None:
            return None, None
        return self.wanted.days[0].isoformat(), self.wanted.days[1].isoformat()

    @property
    def days_asked(self) -> tuple[str | None, str | None]:
        """As a customer names them: without the days to get used to it."""
        if self.wanted.days is None:
            return None, None
        first_on, last_on = self.wanted.days
        return day_after(first_on, self.acclimatisation_days).isoformat(), last_on.isoformat()

    def is_meant(self, fact: Json) -> bool:
        """Whether a shortage is about this. The IMS names SKUs only."""
        first_on, last_on = self.days_told
        mine = {"sku": self.sku, "kind": self.kind, "first_on": first_on, "last_on": last_on}
        return all(fact.get(name, value) == value for name, value in mine.items())


def asked_by(line: Json, depot: Depot) -> Asked:
    """What a line asks for, as a quote froze it. depot: with its closures."""
    terms, claimed = line["rental"], [piece.variant_id for piece in pieces_of(line) if piece.kind == line["kind"]]
    if terms is None:
        return Asked(line["sku"], line["kind"], Wanted(line["variant_id"], depot, line["quantity"]), claimed)
    days = date.fromisoformat(terms["start_on"]), date.fromisoformat(terms["end_on"])
    wanted = Wanted(line["variant_id"], depot, line["quantity"], days, RentalTerms.of(terms).buffers)
    return Asked(line["sku"], line["kind"], wanted, claimed, terms.get("acclimatisation_days", 0))


_Now = tuple[date, date, str]
_INSTEAD: Remembered[tuple[str, Mode, str, _Now], list[InsteadRow]] = Remembered(100)


def instead_of(missing: Sequence[Asked], currency: str, *, version: str) -> dict[tuple[str, Mode], list[InsteadRow]]:
    """What might do instead, by SKU and mode of what is missing, the closest size first. One statement at most.

    version: of the catalog.
    """
    now = timezone.now().date(), shop_today(), language_asked()  # seasons end, prices begin
    found = _INSTEAD.get(version, {(one.sku, one.mode, currency, now) for one in missing}, _read_instead)
    return {(sku, mode): rows for (sku, mode, _, _), rows in found.items()}


def _read_instead(
    wanted: Sequence[tuple[str, Mode, str, _Now]],
) -> dict[tuple[str, Mode, str, _Now], list[InsteadRow]]:
    """All of one currency, as of now."""
    _, _, currency, now = wanted[0]
    found: dict[tuple[str, Mode, str, _Now], list[InsteadRow]] = {one: [] for one in wanted}
    for row in fitting_instead([(sku, mode) for sku, mode, *_ in wanted], currency=currency, most=_MOST_LOOKED_AT):
        found[row["sku"], Mode(row["mode"]), currency, now].append(row)
    return found


def in_its_place(one: Asked, row: InsteadRow) -> Wanted:
    """The same days and number of another variant, which has its own days around a rental."""
    offer, transit = row["variant"]["rental"], one.wanted.buffers.transit
    own = Buffers(offer["prep_days"], offer["turnaround_days"], transit) if offer else Buffers()
    return replace(one.wanted, variant_id=row["variant"]["id"], buffers=own)


def price_of(row: InsteadRow, one: Asked) -> int | None:
    """What one costs to buy, or to rent for the same days; None when it is not offered for so many."""
    variant, days = row["variant"], one.wanted.days
    if days is None:
        return variant["sale"]["price_minor"] if variant["sale"] else None
    if variant["rental"] is None:
        return None
    fee = fee_for(
        variant["rental"], row["seasons"],
        first_on=days[0], days=days_counted(*days), acclimatisation_days=one.acclimatisation_days,
    )  # fmt: skip
    return fee.amount_minor if fee else None
