"""Stock of the stand-in: rows of pieces, serialised units, and what moves them."""

from __future__ import annotations

import re
from typing import Any

from sandbox.inventree.rules import AVAILABLE, OK, OPEN, STOCK_STATUSES, Row, at_item, invalid, no_such
from sandbox.inventree.world import World


def serials_of(text: object) -> list[str]:
    """ "1001-1003,7" is four serial numbers; that is why a hyphen in a serial number is trouble."""
    found: list[str] = []
    for group in str(text).split(","):
        span = re.fullmatch(r"\s*(\d+)-(\d+)\s*", group)
        found += [str(n) for n in range(int(span[1]), int(span[2]) + 1)] if span else [group.strip()]
    return [serial for serial in found if serial]


class Stock(World):
    """Parts, places and what lies there."""

    def allocated(self, item: Row) -> float:
        """Promised to orders and not shipped."""
        return sum(
            (row["quantity"] for row in self.rows("allocation") if row["item"] == item["pk"] and self._is_live(row)),
            0.0,
        )

    def _is_live(self, allocation: Row) -> bool:
        shipment = self.tables["shipment"].get(allocation["shipment"] or 0)
        order = self.get("order", self.get("line", allocation["line"])["order"])
        return order["status"] in OPEN and not (shipment and shipment["shipment_date"])

    @staticmethod
    def in_stock(item: Row) -> bool:
        return item["quantity"] > 0 and item["customer"] is None and item["sales_order"] is None

    def is_available(self, item: Row) -> bool:
        free = item["quantity"] - self.allocated(item) > 0
        return self.in_stock(item) and item["status"] in AVAILABLE and free

    # Places

    def beneath(self, location: int) -> set[int]:
        """The place and all places in it."""
        found = {location}
        while more := {row["pk"] for row in self.rows("location") if row["parent"] in found} - found:
            found |= more
        return found

    # New stock

    def create(self, body: Row) -> list[Row]:
        part = self.named("part", body.get("part"), "part")
        quantity = _number(body.get("quantity"), "quantity")
        if body.get("location") is not None:
            self.named("location", body["location"], "location")
        serials = serials_of(body.get("serial_numbers") or "")
        if serials and not part["trackable"]:
            raise invalid(serial_numbers="Serial numbers cannot be supplied for a non-trackable part")
        if serials and len(serials) != quantity:
            raise invalid(
                serial_numbers=f"Number of unique serial numbers ({len(serials)}) must match quantity ({quantity:g})"
            )
        taken = {item["serial"] for item in self.rows("stock") if item["part"] == part["pk"]} & set(serials)
        if taken:
            raise invalid(
                serial_numbers=f"The following serial numbers already exist or are invalid: {', '.join(sorted(taken))}"
            )
        return [self._put(body, serial) for serial in serials] or [self._put(body, None)]

    def _put(self, body: Row, serial: str | None) -> Row:
        item = self.insert(
            "stock",
            part=body["part"],
            quantity=1.0 if serial else float(body["quantity"]),
            serial=serial,
            location=body.get("location"),
            status=body.get("status", OK),
            packaging=body.get("packaging"),
            batch=body.get("batch", ""),
            delete_on_deplete=body.get("delete_on_deplete", True),
            customer=None,
            sales_order=None,
            belongs_to=None,
            consumed_by=None,
            is_building=False,
        )
        self.track(item, "created", quantity=item["quantity"])
        return item

    def patch(self, pk: int, body: Row) -> Row:
        item = self.get("stock", pk)
        unknown = set(body) - {"packaging", "batch", "status", "delete_on_deplete", "serial"}
        item |= {name: value for name, value in body.items() if name not in unknown}
        self.track(item, "edited", **{name: value for name, value in body.items() if name not in unknown})
        return item

    # Adjustments

    def adjust(self, verb: str, body: Row) -> Row:
        """Add, remove or count pieces. Removing more than there is leaves none, and nobody is told."""
        items = self._items(body)
        for place, (item, entry) in enumerate(items):
            quantity = _number(entry.get("quantity"), "quantity")
            if quantity < 0:
                raise at_item(place, len(items), quantity="Ensure this value is greater than or equal to 0.")
            was = item["quantity"]
            item["quantity"] = max({"add": was + quantity, "remove": was - quantity, "count": quantity}[verb], 0.0)
            self.track(item, {"add": "added", "remove": "removed", "count": "counted"}[verb], quantity=item["quantity"])
            if item["quantity"] == 0 and item["delete_on_deplete"]:
                self._delete(item)
        return body

    def _delete(self, item: Row) -> None:
        """Gone, and its trace and its allocations with it."""
        del self.tables["stock"][item["pk"]]
        for table in ("track", "allocation"):
            for row in [row for row in self.rows(table) if row["item"] == item["pk"]]:
                del self.tables[table][row["pk"]]

    def change_status(self, body: Row) -> Row:
        pks, status = body.get("items", []), body.get("status")
        if status not in STOCK_STATUSES:
            raise invalid(status=f'"{status}" is not a valid choice.')
        items = [self.named("stock", pk, "items") for pk in pks]
        for item in items:
            if item["status"] != status:
                item["status"] = status
                self.track(item, "edited", status=status)
        return body

    def transfer(self, body: Row) -> Row:
        place = self.named("location", body.get("location"), "location")
        for item, _entry in self._items(body):
            item["location"] = place["pk"]
            self.track(item, "moved", location=place["pk"])
        return body

    def assign(self, body: Row) -> Row:
        """To a customer, without an order."""
        customer = self.named("company", body.get("customer"), "customer")
        items = self._items(body, "item")
        for place, (item, _entry) in enumerate(items):
            if not self.in_stock(item):
                raise at_item(place, len(items), item="Stock item must be in stock")
        for item, _entry in items:
            item.update(customer=customer["pk"], location=None)
            self.track(item, "assignedtocustomer", customer=customer["pk"])
        return body

    def take_back(self, body: Row) -> Row:
        """From a customer: the order is forgotten, and its allocation with it."""
        place = self.named("location", body.get("location"), "location")
        for item, entry in self._items(body):
            for row in [row for row in self.rows("allocation") if row["item"] == item["pk"]]:
                del self.tables["allocation"][row["pk"]]
            item.update(
                customer=None, sales_order=None, location=place["pk"], status=entry.get("status", item["status"])
            )
            self.track(item, "returnedtostock", location=place["pk"], status=item["status"])
        return body

    def _items(self, body: Row, key: str = "pk") -> list[tuple[Row, Row]]:
        entries: list[Any] = body.get("items") or []
        if not entries:
            raise invalid(items="A list of stock items must be provided")
        found = []
        for place, entry in enumerate(entries):
            item = self.tables["stock"].get(entry.get(key))
            if item is None:
                raise at_item(place, len(entries), **{key: no_such(entry.get(key))})
            found.append((item, entry))
        return found


def _number(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise invalid(**{field: "This field is required."})
    try:
        return float(value)
    except ValueError:
        raise invalid(**{field: "A valid number is required."}) from None
