"""What a quote tells whoever would pay less, or have more for the same. By count, as the calendar shows it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from catalog.models import titled
from catalog.selectors import InsteadRow, Mode
from core.money import format_minor
from core.time import day_after, days_counted
from inventory.alternatives import Wanted, is_free, read_around
from inventory.ledger import Ledger, Period
from inventory.models import Depot
from inventory.words import count, day
from orders.rental_terms import RentalTerms
from orders.services.asked import Asked, Json, asked_by, in_its_place, instead_of, price_of

MOST = 3


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What would do for a line instead: `wanted` is another thing, or the same with `more` days, half open."""

    line: int
    told: Json
    wanted: Wanted
    more: Period | None = None

    def is_free(self, depot: Depot, ledger: Ledger) -> bool:
        if self.more is None:
            return is_free(self.wanted, depot, ledger)
        first, end = self.more  # none, where a parcel is taken in on the same day
        return first == end or ledger.free(self.wanted.pool, self.more) >= self.wanted.quantity


def what_is_cheaper(lines: Sequence[Json], depot: Depot, currency: str, *, saved: Callable[[int], int]) -> list[Json]:
    """At most three proposals: the same for longer at the same price; another container of the same kind, inside as
    large or larger and with all else that is in a bundle, for less, what saves most first. Each is free beside
    everything that is asked for.

    Two statements at most, however many lines, and no locks. lines: as a quote freezes them; depot: with its closures
    and its version; saved: how much less is to be paid in the end when prices come to so much less: there may be a
    coupon.
    """
    asked = [asked_by(line, depot) for line in lines]
    instead = instead_of(asked, currency, version=depot.catalog_version)
    proposals = list(_proposals(lines, asked, instead, depot, currency, saved=saved))
    if not proposals:
        return []
    ledger = read_around([one.wanted for one in asked] + [proposal.wanted for proposal in proposals])
    for one in asked:
        ledger.take(one.wanted.pool, one.wanted.blocked, one.wanted.quantity)
    free = [proposal for proposal in proposals if proposal.is_free(depot, ledger)]
    longest = {proposal.line: proposal for proposal in free if proposal.more}
    others = sorted((p for p in free if not p.more), key=lambda p: (-p.told["saves_minor"], p.line, p.told["sku"]))
    return [{"line": proposal.line, **proposal.told} for proposal in (*longest.values(), *others)][:MOST]


def _proposals(
    lines: Sequence[Json],
    asked: Sequence[Asked],
    instead: Mapping[tuple[str, Mode], Sequence[InsteadRow]],
    depot: Depot,
    currency: str,
    *,
    saved: Callable[[int], int],
) -> Iterator[_Proposal]:
    for index, (line, one) in enumerate(zip(lines, asked, strict=True)):
        for row in instead.get((one.sku, one.mode), ()):
            price_minor = price_of(row, one)
            if price_minor is None or price_minor >= line["unit_price_minor"] or not _has_all_of(line, row):
                continue
            saves_minor = saved((line["unit_price_minor"] - price_minor) * line["quantity"])
            if saves_minor > 0:
                told = _another(row, price_minor, saves_minor, currency)
                yield _Proposal(index, told, in_its_place(one, row))
        if one.wanted.days and one.wanted.blocked:
            first, ends = one.wanted.blocked
            for end_on in _later_days(line, one.wanted.days, depot):
                more = days_counted(one.wanted.days[1], end_on) - 1
                wanted = replace(one.wanted, days=(one.wanted.days[0], end_on))
                later = (wanted.blocked or (first, ends))[1]
                yield _Proposal(index, _longer(line, one, more, end_on), wanted, (ends, later))


def _has_all_of(line: Json, row: InsteadRow) -> bool:
    """Whether it has what a bundle has beside the piece that holds the cat."""
    _, *further = line.get("parts") or [None]
    there = {part["sku"]: part["quantity"] for part in (row["variant"]["parts"] or [])[1:]}
    return all(there.get(part["sku"], 0) >= part["quantity"] for part in further)


def _later_days(line: Json, days: tuple[date, date], depot: Depot) -> Iterator[date]:
    """The later last days that cost no more, soonest first."""
    terms, (first_on, end_on) = RentalTerms.of(line["rental"]), days
    latest = min(terms.last_day(first_on), depot.last_day)
    while end_on < latest:
        end_on = day_after(end_on)
        if terms.fee_minor(first_on, end_on) > line["unit_price_minor"]:
            return
        if terms.buffers.transit or not depot.is_closed(end_on):
            yield end_on


def _longer(line: Json, one: Asked, more: int, end_on: date) -> Json:
    days = line["rental"]["days"] + more
    return {
        "kind": "longer",
        "sku": one.sku,
        "container": None,
        "title": line["title"],
        "end_on": end_on.isoformat(),
        "price_minor": line["unit_price_minor"],
        "saves_minor": 0,
        "text": f"{count(days, 'day')} cost the same as {line['rental']['days']}: keep it until {day(end_on)}.",
    }


def _another(row: InsteadRow, price_minor: int, saves_minor: int, currency: str) -> Json:
    variant = row["variant"]
    title = titled(row["brand"], row["name"], variant["size"], variant["colour"])
    return {
        "kind": "container",
        "sku": variant["sku"],
        "container": row["slug"],
        "title": title,
        "end_on": None,
        "price_minor": price_minor,
        "saves_minor": saves_minor,
        "text": f"{title}, inside as large or larger, costs {format_minor(saves_minor, currency)} less.",
    }
