"""A no that helps: what is short, when, where and what else can be had, and whether the customer holds it himself."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from catalog.selectors import InsteadRow, Mode
from core.api import money
from core.errors import DomainError
from core.time import day_after
from inventory.alternatives import is_free, nearest_starts, other_depots, read_around
from inventory.ledger import Ledger
from inventory.models import Depot, Reservation
from inventory.selectors import fleet_sizes
from inventory.states import ReservationStatus
from orders.models import Order, WaitlistEntry
from orders.services.asked import Asked, Json, asked_by, in_its_place, instead_of, price_of
from orders.states import OrderStatus

MOST_CONTAINERS = 5
_UNPAID = (OrderStatus.RESERVING, OrderStatus.PENDING_PAYMENT)


def tell_alternatives(
    no: DomainError, *, customer_id: UUID, depot_id: int, currency: str, lines: Sequence[Json], coupon: str = ""
) -> None:
    """Add to a refusal for want of stock what could be had instead.

    `lines` of the refusal become whole: sku, depot, kind, requested, available, first_on, last_on, alternatives.
    `held_by_your_orders` names the customer's own unpaid orders that hold what is short: they can still be paid.
    Five statements, however many lines, and no locks: for after the transaction that was refused.

    lines: as a quote froze them. coupon: its code, to wait with.
    """
    depots = list(Depot.objects.filter(Q(active=True) | Q(pk=depot_id)).with_closures().with_version())
    [home] = (depot for depot in depots if depot.pk == depot_id)
    asked = list(_sum_up(lines, home))
    short = [(one, fact) for fact in no.members.get("lines", ()) for one in asked if one.is_meant(fact)]
    no.members |= {"lines": [], "held_by_your_orders": []}
    if not short:
        return
    missing = [one for one, _ in short]
    instead = instead_of(missing, currency, version=home.catalog_version)
    wanted = [one.wanted.at(depot) for one in missing for depot in depots]
    wanted += [in_its_place(one, row) for one in missing for row in instead.get((one.sku, one.mode), ())]
    ledger = read_around(wanted)
    for one in asked:
        if one not in missing:
            ledger.take(one.wanted.pool, one.wanted.blocked, one.wanted.quantity)
    open_depots, fleets = [depot for depot in depots if depot.active], _fleets(missing, home)
    teller = _Teller(home, open_depots, ledger, fleets, currency, coupon)
    no.members["lines"] = [teller.line(one, fact, instead.get((one.sku, one.mode), ())) for one, fact in short]
    if own := _own_orders(customer_id, missing):
        no.members["held_by_your_orders"] = own
        no.detail += f" Your unpaid order {' and '.join(own)} holds what is short: pay it, or cancel it."


def _fleets(missing: Sequence[Asked], home: Depot) -> dict[int, int]:
    """How many units there are of each, in use or not."""
    rented = {one.wanted.variant_id for one in missing if one.mode == Mode.RENT}
    return fleet_sizes(rented, home.pk) if rented else {}


def _sum_up(lines: Sequence[Json], depot: Depot) -> Iterator[Asked]:
    sums: dict[tuple[Any, ...], Asked] = {}
    for line in lines:
        one = asked_by(line, depot)
        wanted = one.wanted
        key = (line["kind"], wanted.variant_id, wanted.days)
        if key in sums:
            wanted = replace(wanted, quantity=wanted.quantity + sums[key].wanted.quantity)
        sums[key] = replace(one, wanted=wanted)
    yield from sums.values()


@dataclass(frozen=True, slots=True)
class _Teller:
    """What is the same for every line of one answer."""

    home: Depot
    depots: Collection[Depot]
    ledger: Ledger
    fleets: Mapping[int, int]  # units of a variant here
    currency: str
    coupon: str

    def line(self, one: Asked, fact: Json, instead: Sequence[InsteadRow]) -> Json:
        first_on, last_on = one.days_asked
        same = not fact.get("only_others")
        return {
            "sku": one.sku,
            "depot": self.home.code,
            "kind": one.kind,
            "requested": one.wanted.quantity,
            "available": fact["available"],
            "first_on": first_on,
            "last_on": last_on,
            "alternatives": {
                "dates": [
                    {"first_on": day_after(first, one.acclimatisation_days).isoformat(), "last_on": last.isoformat()}
                    for first, last in nearest_starts(one.wanted, self.home, self.ledger)
                    if same
                ],
                "depots": [
                    {"depot": depot.code, "available": free}
                    for depot, free in other_depots(one.wanted, self.depots, self.ledger)
                    if same
                ],
                "containers": list(islice(self._containers(one, instead), MOST_CONTAINERS)),
            },
            "waitlist": self._wait(one) if same and self._can_wait(one) else None,
        }

    def _can_wait(self, one: Asked) -> bool:
        """Who waits gets an order of its own, for pickup; and never more units than there are."""
        wanted = one.wanted
        if wanted.buffers.transit is not None or wanted.quantity > WaitlistEntry.MOST:
            return False
        return one.mode == Mode.BUY or wanted.quantity <= self.fleets.get(wanted.variant_id, 0)

    def _wait(self, one: Asked) -> Json:
        """What to send, and where, to wait for this."""
        first_on, last_on = one.days_asked
        more: Json = {"from": first_on, "to": last_on} if first_on else {}
        if one.acclimatisation_days:
            more["acclimatisation_days"] = one.acclimatisation_days
        if self.coupon:
            more["coupon"] = self.coupon
        body = {"sku": one.sku, "depot": self.home.code, "mode": one.mode.value, "quantity": one.wanted.quantity}
        return {"href": reverse("waitlist"), "body": {**body, "currency": self.currency, **more}}

    def _containers(self, one: Asked, instead: Sequence[InsteadRow]) -> Iterator[Json]:
        for row in instead:
            wanted, price_minor = in_its_place(one, row), price_of(row, one)
            if price_minor is not None and is_free(wanted, self.home, self.ledger):
                variant = row["variant"]
                yield {
                    "sku": variant["sku"],
                    "container": row["slug"],
                    "title": titled(row["brand"], row["name"], variant["size"], variant["colour"]),
                    "price": money(price_minor, self.currency),
                    "available": self.ledger.free(wanted.pool, wanted.blocked),
                }


def _own_orders(customer_id: UUID, missing: Sequence[Asked]) -> list[str]:
    """Numbers of this customer's orders that hold what is missing and can still be paid, the oldest first."""
    now = timezone.now()
    claimed = reduce(or_, (_claimed(one) for one in missing))
    held = Reservation.objects.living(now).filter(claimed, status=ReservationStatus.HELD)
    unpaid = Order.objects.filter(customer_id=customer_id, status__in=_UNPAID, expires_at__gt=now)
    holding = unpaid.filter(
        Q(lines__reservation__in=held) | Q(lines__rentals__reservation__in=held) | Q(lines__parts__reservation__in=held)
    )
    return list(holding.order_by("placed_at").distinct().values_list("number", flat=True))


def _claimed(one: Asked) -> Q:
    """Claims upon what is missing."""
    mine = Q(kind=one.kind, variant_id__in=one.claimed, depot_id=one.wanted.depot.pk)
    return mine & Q(period__overlap=DateRange(*one.wanted.blocked)) if one.wanted.blocked else mine


__all__ = ["tell_alternatives"]
