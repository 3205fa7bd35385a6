"""The adapter for InvenTree. docs/inventree.md is its manual, docs/adr/0010-inventree.md says why it is as it is.

No word and no failure of InvenTree gets past it. Imports nothing of Django; the caller configures it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

from core.http import CircuitBreaker
from inventory.providers.base import (
    Capability,
    Changes,
    LevelPage,
    Line,
    Refused,
    RemoteReservation,
    RemoteState,
    UnitRecord,
    Window,
)
from inventory.providers.inventree.claims import is_ours, lines_of_open_orders, our_open_orders, read_claims
from inventory.providers.inventree.client import Client, Work
from inventory.providers.inventree.feed import Feed
from inventory.providers.inventree.handover import HandOver
from inventory.providers.inventree.holds import Holds
from inventory.providers.inventree.names import Catalogue
from inventory.providers.inventree.orders import Order, Orders
from inventory.providers.inventree.rows import Header, OrderLine, StockItem
from inventory.providers.inventree.shelf import Shelf, code_of, noted
from inventory.providers.signature import PushSignature

SKUS_A_PAGE = 20
SET_BY_SHOP = frozenset({"available", "cleaning", "maintenance", "lost", "sold", "retired"})


class InvenTreeProvider:
    """One shop's InvenTree. Safe for threads.

    customer: primary key of the company under which this shop's orders run. locations: {depot code: location's primary
    key}; without it the names of the top locations are the codes. push_secrets: every secret that may sign a push now.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        customer: int,
        locations: Mapping[str, int] | None = None,
        push_secrets: Sequence[str] = (),
        connect_timeout: float = 2.0,
        read_timeout: float = 10.0,
        breaker: CircuitBreaker | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = Client(
            base_url, token, connect_timeout=connect_timeout, read_timeout=read_timeout, breaker=breaker
        )
        self._customer = customer
        self._signature = PushSignature(push_secrets, clock)
        self._catalogue = Catalogue(locations or {})
        self._shelf = Shelf(self._catalogue, customer)
        self._orders = Orders(self._catalogue, customer)
        self._holds = Holds(self._orders, self._catalogue)
        self._handover = HandOver(self._orders, self._holds, self._shelf, self._catalogue)
        self._feed = Feed(self._catalogue, self._shelf, customer, home=base_url.rstrip("/"))

    @property
    def capabilities(self) -> frozenset[Capability]:
        """No dates and no holds that end: this shop does both alone."""
        able = {Capability.IDEMPOTENT, Capability.UNIT_STATES, Capability.CHANGE_FEED}
        return frozenset(able | ({Capability.PUSH} if self._signature.is_known else set()))

    def close(self) -> None:
        self._client.close()

    # What is on the shelves

    def levels(self, *, skus: Sequence[str] | None = None, cursor: str | None = None) -> LevelPage:
        """Pages of one depot, or of twenty SKUs when they are named."""
        work = self._client.work("levels")
        depots = self._catalogue.places(work, fresh=cursor is None).depots
        keys = sorted(set(skus)) if skus is not None else sorted(depots)
        if skus is None:
            self._catalogue.offered(work, fresh=cursor is None)
        size = 1 if skus is None else SKUS_A_PAGE
        rest = [key for key in keys if cursor is None or key > cursor]
        page, more = rest[:size], len(rest) > size
        if not page:
            return LevelPage(levels=(), cursor=None)
        claims = read_claims(work, self._customer)
        read = self._shelf.levels_at if skus is None else self._shelf.levels_of
        levels = [level for key in page for level in read(work, key, claims)]
        return LevelPage(levels=levels, cursor=page[-1] if more else None)

    def units(self, *, sku: str | None = None, depot: str | None = None) -> Iterator[UnitRecord]:
        work = self._client.work("units")
        if depot is not None and depot not in self._catalogue.places(work, fresh=True).depots:
            return
        claims = read_claims(work, self._customer)
        if sku is None:
            self._catalogue.offered(work, fresh=depot is None)
            yield from self._shelf.units_at(work, depot, claims)
            return
        found = self._shelf.units_of(work, sku, claims)
        yield from (unit for unit in found if depot in (None, unit.depot) and unit.status != "sold")

    def changes(self, cursor: str | None) -> Changes:
        return self._feed.read(self._client.work("changes"), cursor)

    def set_unit(self, *, serial: str, status: str, condition: str) -> UnitRecord:
        if status not in SET_BY_SHOP or condition not in set("ABCD"):
            raise Refused(f"InvenTree has no word for a unit that is {status} in condition {condition}.")
        work = self._client.write("set_unit")
        unit = self._shelf.unit(work, serial)
        if not unit.in_stock and status != "lost":
            raise Refused(f"{serial} is out; it has to come back first.")
        if unit.packaging != noted(condition):
            work.write("PATCH", f"/stock/{unit.pk}/", {"packaging": noted(condition)})
        code = code_of(status, condition)
        if unit.status != code:
            body = {"items": [unit.pk], "status": code, "note": f"{status}, condition {condition}"}
            work.write("POST", "/stock/change_status/", body, decides=True)
        return self._shelf.record(work, work.get(f"/stock/{unit.pk}/", StockItem.read))

    # Reservations

    def reserve(
        self,
        *,
        key: UUID,
        lines: Sequence[Line],
        window: Window | None = None,  # noqa: ARG002  (rentals are refused: there are no dates)
        timeout: float | None = None,
    ) -> RemoteReservation:
        return self._holds.reserve(self._client.write("reserve", timeout), key, lines)

    def confirm(self, *, key: UUID, timeout: float | None = None) -> RemoteReservation:
        return self._holds.confirm(self._client.write("confirm", timeout), key)

    def release(self, *, key: UUID, timeout: float | None = None) -> None:
        self._holds.release(self._client.write("release", timeout), key)

    def check_out(self, *, key: UUID, lines: Sequence[Line], serials: Sequence[str] = ()) -> RemoteReservation:
        return self._handover.check_out(self._client.write("check_out"), key, lines, serials)

    def check_in(self, *, key: UUID, serials: Sequence[str], condition: str, depot: str) -> RemoteReservation:
        return self._handover.check_in(self._client.write("check_in"), key, serials, condition, depot)

    def find(self, key: UUID) -> RemoteReservation | None:
        return self._holds.find(self._client.write("find"), key)

    def reservations(self) -> Iterator[RemoteReservation]:
        """Three lists, however many reservations there are; an order that staff closed with its unit out costs more.

        Lines cannot be asked for order by order without a call for each, so those of all open orders are in memory.
        """
        work = self._client.work("reservations")
        orders = our_open_orders(work, self._customer)
        rows = lines_of_open_orders(work)
        out: dict[int, list[str]] = {}
        for page in work.stream("/stock/", StockItem.read, serialized="true", customer=self._customer):
            for item in page:
                if item.sales_order is not None:
                    out.setdefault(item.sales_order, []).append(item.serial)
        closed = sorted(set(out) - set(orders))
        found = (self._remote(work, header, rows.get(header.pk, []), out) for header in orders.values())
        yield from (remote for remote in found if remote is not None)
        yield from (remote for pk in closed if (remote := self._closed(work, pk)) is not None)

    def _remote(
        self, work: Work, header: Header, rows: Sequence[OrderLine], out: Mapping[int, list[str]]
    ) -> RemoteReservation | None:
        lines = [self._orders.line(work, row) for row in rows]
        if header.key is None or not lines:
            return None
        order = Order(header.key, header, rows, lines)
        if order.is_rental:
            serials = tuple(sorted(out.get(header.pk, [])))
            gone = RemoteReservation(header.key, RemoteState.CHECKED_OUT, lines, work.at, serials_out=serials)
            return gone if serials else None
        remote = order.as_remote(work)
        return remote if remote and remote.state in (RemoteState.HELD, RemoteState.CONFIRMED) else None

    def _closed(self, work: Work, pk: int) -> RemoteReservation | None:
        header = work.get(f"/order/so/{pk}/", Header.read)
        if header.key is None or not is_ours(header, self._customer):
            return None
        remote = self._orders.load(work, header.key, header).as_remote(work)
        return remote if remote and remote.state == RemoteState.CHECKED_OUT and remote.serials_out else None

    # Pushes

    def parse_push(self, *, headers: Mapping[str, str], body: bytes) -> None:
        self._signature.verify(headers=headers, body=body)


__all__ = ["InvenTreeProvider"]
