"""What lies at the depots: pieces for sale (stock without serial numbers) and units for rent (with)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from inventory.providers.base import Level, NotFound, Refused, UnitRecord
from inventory.providers.inventree import rows as code
from inventory.providers.inventree.claims import (
    Claims,
    is_ours,
    lines_of,
    lines_of_open_orders,
    our_open_orders,
    read_claims,
)
from inventory.providers.inventree.client import Work, whole
from inventory.providers.inventree.names import Catalogue
from inventory.providers.inventree.rows import Header, OrderLine, StockItem

PIECES: dict[str, str | int] = {"serialized": "false", "in_stock": "true", "status": code.OK}
FEW_ORDERS = 3  # up to here it is cheaper to ask for the lines of each
HANDED_OUT = frozenset({code.OK, code.ATTENTION, code.RETURNED})  # statuses in which a unit may leave

# Words of ours -> status codes, and back. Worse conditions have a status of their own; the exact one is in `packaging`.
_CODES = {
    "cleaning": code.RETURNED,
    "maintenance": code.QUARANTINED,
    "lost": code.LOST,
    "sold": code.DESTROYED,  # it has no word for it; the note tells
    "retired": code.DESTROYED,
}
_STATUSES = {
    code.OK: "available",
    code.ATTENTION: "available",
    code.RETURNED: "cleaning",
    code.DAMAGED: "maintenance",
    code.QUARANTINED: "maintenance",
    code.REJECTED: "maintenance",
    code.DESTROYED: "retired",
    code.LOST: "lost",
}
_AFTER_RETURN = {"A": code.OK, "B": code.OK, "C": code.ATTENTION, "D": code.QUARANTINED}
_GRADES = {code.OK: "AB", code.ATTENTION: "CD"}  # what a status code admits; the first where nothing was noted


def code_of(status: str, condition: str) -> int:
    """InvenTree's status for a unit of which staff here say this."""
    if status == "available":
        return code.OK if condition in "AB" else code.ATTENTION
    return _CODES[status]


def code_after_return(condition: str) -> int:
    """A worn unit (D) is quarantined: Damaged would still be available to InvenTree's own orders."""
    return _AFTER_RETURN[condition]


def noted(condition: str) -> str:
    """How a condition is written into `packaging`, where staff see it."""
    return f"Condition {condition}"


def condition_of(item: StockItem) -> str:
    match = re.fullmatch(r"Condition ([ABCD])", item.packaging)
    admitted = _GRADES.get(item.status, "CABD")
    return match[1] if match and match[1] in admitted else admitted[0]


class Shelf:
    """Reads stock. `customer` is the company under which this shop's orders run."""

    def __init__(self, catalogue: Catalogue, customer: int) -> None:
        self._catalogue, self._customer = catalogue, customer

    # Pieces

    def levels_at(self, work: Work, depot: str, claims: Claims) -> list[Level]:
        """Every part that is offered, at one depot; also those of which there is nothing."""
        places, skus = self._catalogue.places(work), self._catalogue.offered(work)
        items = work.rows("/stock/", StockItem.read, **PIECES, location=places.depots[depot], cascade="true")
        pools = [(sku, depot) for sku in skus.values()]
        found = {item: (skus.get(item.part, ""), places.depot_of(item.location) or "") for item in items}
        return _levels(pools, found, claims, work.client.stamp(claims.seen))

    def levels_of(self, work: Work, sku: str, claims: Claims) -> list[Level]:
        """One part, at every depot; nothing for a part that is not offered."""
        places, part = self._catalogue.places(work), self._catalogue.part_of(work, sku)
        if part is None:
            return []
        items = work.rows("/stock/", StockItem.read, **PIECES, part=part)
        found = {item: (sku, places.depot_of(item.location) or "") for item in items}
        return _levels([(sku, depot) for depot in places.depots], found, claims, work.client.stamp(claims.seen))

    # Units

    def units_at(self, work: Work, depot: str | None, claims: Claims) -> Iterator[UnitRecord]:
        """Units at a depot or gone from it to a customer of ours, of all depots for None. A page at a time."""
        skus, depots = self._catalogue.offered(work), self._catalogue.places(work).depots
        place: Mapping[str, str | int] = {} if depot is None else {"location": depots[depot], "cascade": "true"}
        here = work.stream("/stock/", StockItem.read, serialized="true", in_stock="true", **place)
        gone = work.stream("/stock/", StockItem.read, serialized="true", customer=self._customer)
        pages = ([item for item in page if item.part in skus] for page in chain(here, gone))
        yield from (unit for unit in self._records(work, pages, claims) if depot in (None, unit.depot))

    def units_of(self, work: Work, sku: str, claims: Claims) -> Iterator[UnitRecord]:
        """Every unit of a part that ever was, those sold by others included. A page at a time."""
        part = self._catalogue.part_of(work, sku)
        if part is not None:
            yield from self._records(work, work.stream("/stock/", StockItem.read, serialized="true", part=part), claims)

    def unit(self, work: Work, serial: str) -> StockItem:
        """The unit with this serial number, among what this shop offers at its depots. Raises: NotFound, Refused."""
        found = work.rows("/stock/", StockItem.read, serial=serial)
        known = [item for item in found if self._catalogue.offers(work, item.part) and self._is_ours(work, item)]
        if not known:
            raise NotFound(f"InvenTree has no unit {serial}.")
        if len(known) > 1:
            raise Refused(f"InvenTree has several units {serial}; let it keep serial numbers unique.")
        return known[0]

    def _is_ours(self, work: Work, item: StockItem) -> bool:
        return not item.in_stock or self._catalogue.places(work).depot_of(item.location) is not None

    def record(self, work: Work, item: StockItem) -> UnitRecord:
        return next(self._records(work, [[item]], read_claims(work, self._customer)))

    def _records(self, work: Work, pages: Iterable[Sequence[StockItem]], claims: Claims) -> Iterator[UnitRecord]:
        places, as_of = self._catalogue.places(work), work.client.stamp(claims.seen)
        claimed = {claim.item for claim in claims.of_others}
        departed = _Departures(work, self._customer)
        for item in departed.known(pages):
            here = places.depot_of(item.location)
            depot = here or departed.depot_of(item) or min(places.depots, default=None)  # what was sold lies nowhere
            if depot is None or (item.in_stock and here is None):
                continue  # at a place that is no depot
            status = departed.status_of(item, is_claimed=item.pk in claimed)
            sku = self._catalogue.sku_of(work, item.part)
            yield UnitRecord(item.serial, sku, depot, condition_of(item), status, as_of)


def _levels(
    pools: Iterable[tuple[str, str]], items: Mapping[StockItem, tuple[str, str]], claims: Claims, as_of: datetime
) -> list[Level]:
    on_hand = dict.fromkeys(pools, 0)
    claimed = dict.fromkeys(on_hand, 0)
    by_item: dict[int, float] = {}
    for claim in claims.of_others:
        by_item[claim.item] = by_item.get(claim.item, 0) + claim.quantity
    for item, pool in items.items():
        if pool in on_hand:
            on_hand[pool] += whole(item.quantity)
            claimed[pool] += _up(by_item.get(item.pk, 0))
    return [Level(sku, depot, on_hand[sku, depot], claimed[sku, depot], as_of) for sku, depot in sorted(on_hand)]


def _up(quantity: float) -> int:
    """Claims count wholly: half a piece that is promised is not for sale."""
    return whole(quantity) + (1 if quantity - whole(quantity) > 1e-9 else 0)


class _Departures:
    """Which units are out on an order of ours, and where from. Knows those of the pages that it was shown."""

    def __init__(self, work: Work, customer: int) -> None:
        self._work, self._customer = work, customer
        self._asked: set[int] = set()  # orders
        self._open: set[int] | None = None  # ours, when that was needed first
        self._lines: dict[int, list[OrderLine]] | None = None  # of open orders, once there are more than a few
        self._depots: dict[tuple[int, int], str] = {}

    def known(self, pages: Iterable[Sequence[StockItem]]) -> Iterator[StockItem]:
        """The units of these pages, each when its order has been asked for."""
        for page in pages:
            orders = {item.sales_order for item in page if item.customer == self._customer and item.sales_order}
            self._ask(orders - self._asked)
            yield from page

    def _ask(self, orders: set[int]) -> None:
        self._asked |= orders
        if orders and self._open is None:
            self._open = set(our_open_orders(self._work, self._customer))
        if orders and self._lines is None and len(self._asked) > FEW_ORDERS:
            self._lines = lines_of_open_orders(self._work)
        for order in sorted(orders):
            if not self._is_ours(order):
                continue
            for line in (self._lines or {}).get(order) or lines_of(self._work, order):
                self._depots[order, line.part] = line.reference.partition(" ")[2]

    def _is_ours(self, order: int) -> bool:
        """Open, or closed by staff while its unit is out."""
        if self._open is not None and order in self._open:
            return True
        return is_ours(self._work.get(f"/order/so/{order}/", Header.read), self._customer)

    def depot_of(self, item: StockItem) -> str | None:
        return self._depots.get((item.sales_order or 0, item.part))

    def status_of(self, item: StockItem, *, is_claimed: bool) -> str:
        if item.status == code.LOST:
            return "lost"
        if item.customer is not None or item.sales_order is not None:
            return "out" if self.depot_of(item) else "sold"
        if not item.in_stock or is_claimed:
            return "maintenance"  # built into something, or set aside for an order that is not ours
        return _STATUSES.get(item.status, "maintenance")
