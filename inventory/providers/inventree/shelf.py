"""What lies at the depots: pieces for sale (stock without serial numbers) and units for rent (with)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

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
from inventory.providers.inventree.rows import Header, StockItem

PIECES: dict[str, str | int] = {"serialized": "false", "in_stock": "true", "status": code.OK}
FEW_ORDERS = 3  # up to here it is cheaper to ask for the lines of each
HANDED_OUT = frozenset({code.OK, code.ATTENTION, code.RETURNED})  # statuses in which a unit may leave

# Words of ours -> status codes, and back. Worse conditions have a status of their own; the exact one is in `packaging`.
_CODES = {
    "cleaning": code.RETURNED,
    "maintenance": code.QUARANTINED,
    "lost": code.LOST,
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

    def units_at(self, work: Work, depot: str | None, claims: Claims) -> list[UnitRecord]:
        """Units that lie at a depot or left from it for a customer of ours; of all depots for None."""
        skus, depots = self._catalogue.offered(work), self._catalogue.places(work).depots
        place: Mapping[str, str | int] = {} if depot is None else {"location": depots[depot], "cascade": "true"}
        items = work.rows("/stock/", StockItem.read, serialized="true", in_stock="true", **place)
        items += work.rows("/stock/", StockItem.read, serialized="true", customer=self._customer)
        found = self._records(work, [item for item in items if item.part in skus], claims)
        return [unit for unit in found if depot in (None, unit.depot)]

    def units_of(self, work: Work, sku: str, claims: Claims) -> list[UnitRecord]:
        """Every unit of a part that ever was, those sold by others included."""
        part = self._catalogue.part_of(work, sku)
        items = [] if part is None else work.rows("/stock/", StockItem.read, serialized="true", part=part)
        return self._records(work, items, claims)

    def unit(self, work: Work, serial: str) -> StockItem:
        """The unit with this serial number, among the parts of this shop. Raises: NotFound, Refused."""
        found = work.rows("/stock/", StockItem.read, serial=serial)
        known = [item for item in found if self._catalogue.offers(work, item.part)]
        if not known:
            raise NotFound(f"InvenTree has no unit {serial}.")
        if len(known) > 1:
            raise Refused(f"InvenTree has several units {serial}; let it keep serial numbers unique.")
        return known[0]

    def record(self, work: Work, item: StockItem) -> UnitRecord:
        return self._records(work, [item], read_claims(work, self._customer))[0]

    def _records(self, work: Work, items: Sequence[StockItem], claims: Claims) -> list[UnitRecord]:
        places, as_of = self._catalogue.places(work), work.client.stamp(claims.seen)
        claimed = {claim.item for claim in claims.of_others}
        departed = _Departures(work, self._customer, items)
        found = []
        for item in items:
            here = places.depot_of(item.location)
            depot = here or departed.depot_of(item) or min(places.depots, default=None)  # what was sold lies nowhere
            if depot is None or (item.in_stock and here is None):
                continue  # at a place that is no depot
            status = departed.status_of(item, is_claimed=item.pk in claimed)
            sku = self._catalogue.sku_of(work, item.part)
            found.append(UnitRecord(item.serial, sku, depot, condition_of(item), status, as_of))
        return found


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
    """Which of these units are out on an order of ours, and where from."""

    def __init__(self, work: Work, customer: int, items: Iterable[StockItem]) -> None:
        gone = {item.sales_order for item in items if item.sales_order is not None and item.customer == customer}
        orders = our_open_orders(work, customer) if gone else {}
        for pk in sorted(gone - set(orders)):  # closed by staff while its unit is out
            header = work.get(f"/order/so/{pk}/", Header.read)
            if is_ours(header, customer):
                orders[pk] = header
        self._depots: dict[tuple[int, int], str] = {}
        lines = lines_of_open_orders(work) if len(gone) > FEW_ORDERS else {}
        for order in sorted(gone & set(orders)):
            for line in lines.get(order) or lines_of(work, order):
                self._depots[order, line.part] = line.reference.partition(" ")[2]

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
