"""A no that helps: what is short, when, where and what else can be had, and whether the customer holds it himself."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from catalog.models import titled
from catalog.pricing import Step, rental_fee
from catalog.selectors import InsteadRow, Mode, fitting_instead
from core.api import money
from core.errors import DomainError
from core.time import days_counted
from inventory.alternatives import Wanted, is_free, nearest_starts, other_depots, read_around
from inventory.ledger import Ledger
from inventory.models import Depot, Reservation
from inventory.states import ReservationStatus
from orders.models import Order, OrderLine, WaitlistEntry
from orders.states import OrderStatus

MOST_CONTAINERS = 5
_MOST_LOOKED_AT = 50  # for each short line, of which most may be gone too
_UNPAID = (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Everything that one request asks of one thing for the same days."""

    sku: str
    kind: str
    wanted: Wanted

    @property
    def mode(self) -> Mode:
        return Mode.BUY if self.kind == OrderLine.Kind.SALE else Mode.RENT

    @property
    def days_told(self) -> tuple[str | None, str | None]:
        if self.wanted.days is None:
            return None, None
        return self.wanted.days[0].isoformat(), self.wanted.days[1].isoformat()

    def is_meant(self, fact: Json) -> bool:
        """Whether a shortage is about this. The IMS names SKUs only."""
        first_on, last_on = self.days_told
        mine = {"sku": self.sku, "kind": self.kind, "first_on": first_on, "last_on": last_on}
        return all(fact.get(name, value) == value for name, value in mine.items())


def tell_alternatives(
    no: DomainError, *, customer_id: UUID, depot_id: int, currency: str, lines: Sequence[Json]
) -> None:
    """Add to a refusal for want of stock what could be had instead.

    `lines` of the refusal become whole: sku, depot, kind, requested, available, first_on, last_on, alternatives.
    `held_by_your_orders` names the customer's own unpaid orders that hold what is short: they can still be paid.
    Four statements, however many lines, and no locks: for after the transaction that was refused.

    lines: as a quote froze them.
    """
    asked = list(_sum_up(lines, depot_id))
    short = [(one, fact["available"]) for fact in no.members.get("lines", ()) for one in asked if one.is_meant(fact)]
    no.members |= {"lines": [], "held_by_your_orders": []}
    if not short:
        return
    missing = [one for one, _ in short]
    depots = list(Depot.objects.filter(Q(active=True) | Q(pk=depot_id)).with_closures())
    [home] = (depot for depot in depots if depot.pk == depot_id)
    instead = _instead_of(missing, currency)
    wanted = [one.wanted.at(depot) for one in missing for depot in depots]
    wanted += [_in_its_place(one, row) for one in missing for row in instead.get((one.sku, one.mode), ())]
    ledger = read_around(wanted)
    for one in asked:
        if one not in missing:
            ledger.take(one.wanted.pool, one.wanted.blocked, one.wanted.quantity)
    teller = _Teller(home, [depot for depot in depots if depot.active], ledger, currency)
    no.members["lines"] = [teller.line(one, have, instead.get((one.sku, one.mode), ())) for one, have in short]
    if own := _own_orders(customer_id, missing):
        no.members["held_by_your_orders"] = own
        no.detail += f" Your unpaid order {' and '.join(own)} holds what is short: pay it, or cancel it."


def _sum_up(lines: Sequence[Json], depot_id: int) -> Iterator[_Asked]:
    sums: dict[tuple[Any, ...], _Asked] = {}
    for line in lines:
        wanted = _wanted(line, depot_id)
        key = (line["kind"], wanted.variant_id, wanted.days)
        if key in sums:
            wanted = replace(wanted, quantity=wanted.quantity + sums[key].wanted.quantity)
        sums[key] = _Asked(line["sku"], line["kind"], wanted)
    yield from sums.values()


def _wanted(line: Json, depot_id: int) -> Wanted:
    terms = line["rental"]
    if terms is None:
        return Wanted(line["variant_id"], depot_id, line["quantity"])
    start_on, end_on = date.fromisoformat(terms["start_on"]), date.fromisoformat(terms["end_on"])
    return Wanted(
        line["variant_id"],
        depot_id,
        line["quantity"],
        days=(start_on, end_on),
        prep_days=(start_on - date.fromisoformat(terms["blocked_from"])).days,
        turnaround_days=terms["turnaround_days"],
    )


def _instead_of(missing: Sequence[_Asked], currency: str) -> dict[tuple[str, str], list[InsteadRow]]:
    """What might do instead, by SKU and mode of what is missing, the closest size first."""
    found: dict[tuple[str, str], list[InsteadRow]] = {}
    for row in fitting_instead({(one.sku, one.mode) for one in missing}, currency=currency, most=_MOST_LOOKED_AT):
        found.setdefault((row["sku"], row["mode"]), []).append(row)
    return found


def _in_its_place(one: _Asked, row: InsteadRow) -> Wanted:
    """The same days and number of another variant, which has its own days around a rental."""
    offer = row["variant"]["rental"]
    prep, turnaround = (offer["prep_days"], offer["turnaround_days"]) if offer else (0, 0)
    return replace(one.wanted, variant_id=row["variant"]["id"], prep_days=prep, turnaround_days=turnaround)


@dataclass(frozen=True, slots=True)
class _Teller:
    """What is the same for every line of one answer."""

    home: Depot
    depots: Collection[Depot]
    ledger: Ledger
    currency: str

    def line(self, one: _Asked, have: int, instead: Sequence[InsteadRow]) -> Json:
        first_on, last_on = one.days_told
        return {
            "sku": one.sku,
            "depot": self.home.code,
            "kind": one.kind,
            "requested": one.wanted.quantity,
            "available": have,
            "first_on": first_on,
            "last_on": last_on,
            "alternatives": {
                "dates": [
                    {"first_on": first.isoformat(), "last_on": last.isoformat()}
                    for first, last in nearest_starts(one.wanted, self.home, self.ledger)
                ],
                "depots": [
                    {"depot": depot.code, "available": free}
                    for depot, free in other_depots(one.wanted, self.depots, self.ledger)
                ],
                "containers": list(islice(self._containers(one, instead), MOST_CONTAINERS)),
            },
            "waitlist": self._wait(one) if one.wanted.quantity <= WaitlistEntry.MOST else None,
        }

    def _wait(self, one: _Asked) -> Json:
        """What to send, and where, to wait for this."""
        first_on, last_on = one.days_told
        days = {"from": first_on, "to": last_on} if first_on else {}
        body = {"sku": one.sku, "depot": self.home.code, "mode": one.mode.value, "quantity": one.wanted.quantity}
        return {"href": reverse("waitlist"), "body": {**body, "currency": self.currency, **days}}

    def _containers(self, one: _Asked, instead: Sequence[InsteadRow]) -> Iterator[Json]:
        for row in instead:
            wanted, price_minor = _in_its_place(one, row), _price(row, one.wanted.days)
            if price_minor is not None and is_free(wanted, self.home, self.ledger):
                variant = row["variant"]
                yield {
                    "sku": variant["sku"],
                    "container": row["slug"],
                    "title": titled(row["brand"], row["name"], variant["size"], variant["colour"]),
                    "price": money(price_minor, self.currency),
                    "available": self.ledger.free(wanted.pool, wanted.blocked),
                }


def _price(row: InsteadRow, days: tuple[date, date] | None) -> int | None:
    """What one costs to buy, or to rent for these days; None when it is not offered for so many."""
    if days is None:
        sale = row["variant"]["sale"]
        return sale["price_minor"] if sale else None
    offer, count = row["variant"]["rental"], days_counted(*days)
    if offer is None or not offer["min_days"] <= count <= offer["max_days"]:
        return None
    return rental_fee([Step(**step) for step in offer["steps"]], count).amount_minor


def _own_orders(customer_id: UUID, missing: Sequence[_Asked]) -> list[str]:
    """Numbers of this customer's orders that hold what is missing and can still be paid, the oldest first."""
    now = timezone.now()
    claimed = reduce(or_, (_claimed(one) for one in missing))
    held = Reservation.objects.living(now).filter(claimed, status=ReservationStatus.HELD)
    unpaid = Order.objects.filter(customer_id=customer_id, status__in=_UNPAID, expires_at__gt=now)
    holding = unpaid.filter(Q(lines__reservation__in=held) | Q(lines__rentals__reservation__in=held))
    return list(holding.order_by("placed_at").distinct().values_list("number", flat=True))


def _claimed(one: _Asked) -> Q:
    """Claims upon what is missing."""
    variant_id, depot_id = one.wanted.pool
    mine = Q(kind=one.kind, variant_id=variant_id, depot_id=depot_id)
    return mine & Q(period__overlap=DateRange(*one.wanted.blocked)) if one.wanted.blocked else mine


__all__ = ["tell_alternatives"]
