"""The hands of the staff behind each inventory system: what the conformance suite needs done on the other side."""

import json
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import count
from typing import Any, Protocol
from urllib.parse import quote

from inventory.providers.base import Window
from sandbox.inventory.server import Sandbox as HttpSandbox
from sandbox.inventree.rules import OK, QUARANTINED
from sandbox.inventree.server import Sandbox as InvenTreeSandbox

TODAY = date.today()  # noqa: DTZ011  (days are only compared with each other)


def window(start: int, end: int) -> Window:
    """Days from today; `end` is the first free one."""
    return Window(TODAY + timedelta(days=start), TODAY + timedelta(days=end))


class Lever(StrEnum):
    """What the staff of a system can do for a test, beyond their daily work."""

    FAULTS = "faults"  # make the next call go wrong
    CLOCK = "clock"  # let time pass for the system alone
    HISTORY = "history"  # lose what its cursors point to
    BULK = "bulk"  # put hundreds of rows in at once


class Verb(StrEnum):
    """A call of an adapter, by the one request that decides it."""

    READ = "read"
    RESERVE = "reserve"
    CONFIRM = "confirm"
    RELEASE = "release"
    CHECK_OUT = "check_out"
    CHECK_IN = "check_in"
    SET_UNIT = "set_unit"


class Staff(Protocol):
    def receive(self, sku: str, depot: str, quantity: int) -> None:
        """Pieces for sale arrive."""

    def add_units(self, sku: str, depot: str, serials: Sequence[str]) -> None:
        """Units for rent arrive."""

    def seed(self, levels: Iterable[tuple[str, str, int]], units: Iterable[tuple[str, str, str]] = ()) -> None:
        """Many at once: (SKU, depot, pieces) and (serial, SKU, depot)."""

    def sell(self, sku: str, depot: str, quantity: int) -> None:
        """A walk-in customer buys."""

    def claim_elsewhere(self, sku: str, depot: str, quantity: int) -> None:
        """Another channel claims this many in all."""

    def set_unit(self, serial: str, status: str) -> None:
        """available or maintenance"""

    def breaks(self, verb: Verb, kind: str, times: int = 1) -> None:
        """The next calls of this verb fail in this way."""

    def be_slow(self, milliseconds: int) -> None: ...

    def be_down(self, *, down: bool) -> None: ...

    def advance(self, seconds: int) -> None:
        """Time passes for the system."""

    def lose_cursor(self) -> None: ...

    def push_to(self, url: str) -> None:
        """Tell this address about changes."""

    def stop(self) -> None:
        """The system is gone."""


class Levers:
    """What every stand-in can be made to do."""

    CALLS: Mapping[Verb, str]
    _stand_in: HttpSandbox | InvenTreeSandbox

    def breaks(self, verb: Verb, kind: str, times: int = 1) -> None:
        self._stand_in.faults.plan(self.CALLS[verb], kind, times)

    def be_slow(self, milliseconds: int) -> None:
        self._stand_in.faults.update({"latency_ms": milliseconds})

    def be_down(self, *, down: bool) -> None:
        self._stand_in.faults.update({"down": down})

    def advance(self, seconds: int) -> None:
        self._stand_in.store.advance(seconds)

    def stop(self) -> None:
        self._stand_in.server.stop()


class HttpStaff(Levers):
    """Of `sandbox.inventory`."""

    CALLS = {
        Verb.READ: "GET ",
        Verb.RESERVE: "PUT /reservations",
        Verb.CONFIRM: "POST /reservations/*/confirm",
        Verb.RELEASE: "POST /reservations/*/release",
        Verb.CHECK_OUT: "POST /reservations/*/check-out",
        Verb.CHECK_IN: "POST /reservations/*/check-in",
        Verb.SET_UNIT: "PUT /units/",
    }

    def __init__(self, stand_in: HttpSandbox) -> None:
        self._stand_in, self._store = stand_in, stand_in.store

    def receive(self, sku: str, depot: str, quantity: int) -> None:
        self._store.receive(sku, depot, quantity)

    def add_units(self, sku: str, depot: str, serials: Sequence[str]) -> None:
        self._store.add_units(sku, depot, serials, "A")

    def seed(self, levels: Iterable[tuple[str, str, int]], units: Iterable[tuple[str, str, str]] = ()) -> None:
        self._store.seed(
            [{"sku": sku, "depot": depot, "on_hand": pieces} for sku, depot, pieces in levels],
            [{"serial": serial, "sku": sku, "depot": depot} for serial, sku, depot in units],
        )

    def sell(self, sku: str, depot: str, quantity: int) -> None:
        self._store.sell(sku, depot, quantity)

    def claim_elsewhere(self, sku: str, depot: str, quantity: int) -> None:
        self._store.claim_elsewhere(sku, depot, quantity)

    def set_unit(self, serial: str, status: str) -> None:
        self._store.set_unit(serial, status=status)

    def lose_cursor(self) -> None:
        self._store.lose_cursor()

    def push_to(self, url: str) -> None:
        self._stand_in.pusher.url = url


class InvenTreeStaff:
    """Of any InvenTree, by its own API: so the same hands serve the stand-in and a real one.

    What they make stays: two locations and some companies. In the end the parts are switched off and
    the orders cancelled.
    """

    def __init__(self, url: str, token: str, *, shop: str = "Web shop") -> None:
        self._url, self._token = f"{url.rstrip('/')}/api", token
        self._numbers = count(int(time.time() * 1000) % 10**9 * 1000)
        self._parts: dict[str, int] = {}
        self.locations: dict[str, int] = {}
        self._claims: dict[tuple[str, str], int] = {}
        self.customer = self._company(shop)
        self._other = self._company("Market stall")

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def _company(self, name: str) -> int:
        known = self.call("GET", "/company/?is_customer=true&limit=100")["results"]
        found = next((row["pk"] for row in known if row["name"] == name), None)
        body = {"name": name, "is_customer": True, "description": "of a test", "currency": "EUR"}
        return found or self.call("POST", "/company/", body)["pk"]

    def part(self, sku: str) -> int:
        if sku not in self._parts:
            body = {"name": f"{sku} {next(self._numbers)}", "IPN": sku, "description": "of a test"}
            body |= {"salable": True, "trackable": True, "active": True}
            self._parts[sku] = self.call("POST", "/part/", body)["pk"]
        return self._parts[sku]

    def location(self, depot: str) -> int:
        if depot not in self.locations:
            known = self.call("GET", f"/stock/location/?search={quote(depot)}&limit=100")["results"]
            found = next((row["pk"] for row in known if row["name"] == depot and row["parent"] is None), None)
            body = {"name": depot, "description": "of a test", "parent": None}
            self.locations[depot] = found or self.call("POST", "/stock/location/", body)["pk"]
        return self.locations[depot]

    def pieces(self, sku: str, depot: str) -> list[dict[str, Any]]:
        place = f"part={self.part(sku)}&location={self.location(depot)}"
        return self.call("GET", f"/stock/?{place}&serialized=false&limit=100")["results"]

    def unit(self, serial: str) -> dict[str, Any]:
        found = self.call("GET", f"/stock/?serial={serial}&limit=100")["results"]
        return next(row for row in found if row["part"] in self._parts.values())

    def receive(self, sku: str, depot: str, quantity: int) -> None:
        if rows := self.pieces(sku, depot):
            self.call("POST", "/stock/add/", {"items": [{"pk": rows[0]["pk"], "quantity": quantity}], "notes": ""})
            return
        body = {"part": self.part(sku), "location": self.location(depot), "quantity": quantity}
        self.call("POST", "/stock/", body | {"delete_on_deplete": False})

    def add_units(self, sku: str, depot: str, serials: Sequence[str]) -> None:
        for serial in serials:
            body = {"part": self.part(sku), "location": self.location(depot), "quantity": 1}
            self.call("POST", "/stock/", body | {"serial_numbers": serial})

    def seed(self, levels: Iterable[tuple[str, str, int]], units: Iterable[tuple[str, str, str]] = ()) -> None:
        for sku, depot, pieces in levels:
            self.receive(sku, depot, pieces)
        for serial, sku, depot in units:
            self.add_units(sku, depot, [serial])

    def sell(self, sku: str, depot: str, quantity: int) -> None:
        (row,) = self.pieces(sku, depot)
        self.call("POST", "/stock/remove/", {"items": [{"pk": row["pk"], "quantity": quantity}], "notes": "walk-in"})

    def claim_elsewhere(self, sku: str, depot: str, quantity: int) -> None:
        if before := self._claims.pop((sku, depot), None):
            self.call("POST", f"/order/so/{before}/cancel/", {})
        if quantity:
            (row,) = self.pieces(sku, depot)
            self._claims[sku, depot] = self.allocate(self.part(sku), row["pk"], quantity)

    def allocate(self, part: int, item: int, quantity: int) -> int:
        """An order of another channel."""
        body = {"customer": self._other, "reference": f"SO-{next(self._numbers)}", "description": "of a test"}
        order = self.call("POST", "/order/so/", body)["pk"]
        line = self.call("POST", "/order/so-line/", {"order": order, "part": part, "quantity": quantity})["pk"]
        items = [{"line_item": line, "stock_item": item, "quantity": quantity}]
        self.call("POST", f"/order/so/{order}/allocate/", {"items": items})
        return order

    def set_unit(self, serial: str, status: str) -> None:
        code = {"available": OK, "maintenance": QUARANTINED}[status]
        body = {"items": [self.unit(serial)["pk"]], "status": code, "note": "of a test"}
        self.call("POST", "/stock/change_status/", body)

    def advance(self, seconds: int) -> None:
        time.sleep(seconds)

    def leave(self) -> None:
        """Nothing that was made here is offered or promised any more."""
        for customer in (self.customer, self._other):
            for order in self.call("GET", f"/order/so/?customer={customer}&outstanding=true&limit=100")["results"]:
                self.call("POST", f"/order/so/{order['pk']}/cancel/", {})
        for part in self._parts.values():
            self.call("PATCH", f"/part/{part}/", {"active": False})


class StandInStaff(Levers, InvenTreeStaff):
    """Of `sandbox.inventree`: with every lever."""

    CALLS = {
        Verb.READ: "GET ",
        Verb.RESERVE: "POST /api/order/so/*/allocate/",
        Verb.CONFIRM: "POST /api/order/so/*/issue/",
        Verb.RELEASE: "POST /api/order/so/*/cancel/",
        Verb.CHECK_OUT: "POST /api/order/so/shipment/*/ship/",
        Verb.CHECK_IN: "POST /api/stock/return/",
        Verb.SET_UNIT: "POST /api/stock/change_status/",
    }

    def __init__(self, stand_in: InvenTreeSandbox) -> None:
        self._stand_in, self._store = stand_in, stand_in.store
        super().__init__(stand_in.url, stand_in.token)

    def seed(self, levels: Iterable[tuple[str, str, int]], units: Iterable[tuple[str, str, str]] = ()) -> None:
        store = self._store
        skus = {row["IPN"]: row["pk"] for row in store.rows("part")}
        rows = [(sku, depot, pieces, None) for sku, depot, pieces in levels]
        rows += [(sku, depot, 1, serial) for serial, sku, depot in units]
        for sku, depot, pieces, serial in rows:
            if sku not in skus:
                part = {"name": sku, "IPN": sku, "salable": True, "active": True, "trackable": True}
                skus[sku] = self._parts[sku] = store.insert("part", **part)["pk"]
            body = {"part": skus[sku], "location": self.location(depot), "quantity": pieces, "delete_on_deplete": False}
            store.create(body | ({"serial_numbers": serial} if serial else {}))

    def lose_cursor(self) -> None:
        self._store.restore_backup()

    def push_to(self, url: str) -> None:
        self._stand_in.plugin.url = url
