"""Orders of the stand-in: sales orders, their lines, allocations and shipments, and return orders."""

from __future__ import annotations

import re
import threading
import uuid

from sandbox.inventree.rules import (
    AVAILABLE,
    CANCELLED,
    COMPLETE,
    IN_PROGRESS,
    ON_HOLD,
    OPEN,
    PENDING,
    RO_COMPLETE,
    RO_IN_PROGRESS,
    RO_PENDING,
    SHIPPED,
    Crash,
    Row,
    at_item,
    invalid,
    missing,
    no_such,
)
from sandbox.inventree.stock import Stock, serials_of

NOT_MATCHED = "Reference must match required pattern: SO-{ref:04d}"


class Store(Stock):
    """Everything that this InvenTree knows.

    worker: seconds that its background worker takes to ship; None: there is no worker, and shipping is done at once.
    """

    def __init__(self, *, worker: float | None = None, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.worker = worker

    # Orders

    def create_order(self, body: Row) -> Row:
        reference = str(body.get("reference", ""))
        self.named("company", body.get("customer"), "customer")
        if not re.fullmatch(r"SO-\d{4,}", reference):
            raise invalid(reference=NOT_MATCHED)
        if any(order["reference"] == reference for order in self.rows("order")):
            raise invalid(reference="sales order with this Order Reference already exists.")
        if len(str(body.get("customer_reference", ""))) > 64 or len(str(body.get("description", ""))) > 250:
            raise invalid(description="Ensure this field has no more than 250 characters.")
        kept = {name: body.get(name, "") for name in ("customer", "reference", "customer_reference", "description")}
        return self.insert("order", **kept, status=PENDING, creation_date=self._today(), shipment_date=None)

    def create_line(self, body: Row) -> Row:
        order = self.named("order", body.get("order"), "order")
        part = self.named("part", body.get("part"), "part")
        if not part["salable"]:
            raise invalid(part=no_such(part["pk"]))
        kept = {"reference": body.get("reference", ""), "quantity": float(body.get("quantity", 0))}
        return self.insert("line", order=order["pk"], part=part["pk"], shipped=0.0, **kept)

    def delete_line(self, pk: int) -> None:
        self.get("line", pk)
        for row in [row for row in self.rows("allocation") if row["line"] == pk]:
            del self.tables["allocation"][row["pk"]]
        del self.tables["line"][pk]

    def lines_of(self, order: int) -> list[Row]:
        return [line for line in self.rows("line") if line["order"] == order]

    def allocations_of(self, order: int) -> list[Row]:
        lines = {line["pk"] for line in self.lines_of(order)}
        return [row for row in self.rows("allocation") if row["line"] in lines]

    # Allocations: no trace of them is kept

    def allocate(self, pk: int, body: Row) -> Row:
        self.get("order", pk)
        items = body.get("items") or []
        if not items:
            raise invalid(items="Allocation items must be provided")
        for place, entry in enumerate(items):
            line, item = self.tables["line"].get(entry["line_item"]), self.tables["stock"].get(entry["stock_item"])
            if line is None or line["order"] != pk:
                raise at_item(place, len(items), line_item=no_such(entry["line_item"]))
            if item is None or item["part"] != line["part"]:
                raise at_item(place, len(items), stock_item=no_such(entry["stock_item"]))
            free = item["quantity"] - self.allocated(item) if self.in_stock(item) else 0
            if entry["quantity"] <= 0 or entry["quantity"] > free:
                raise at_item(place, len(items), quantity=f"Available quantity ({max(free, 0):g}) exceeded")
            self._allocate(line, item, entry["quantity"], body.get("shipment"))
        return {"items": items}

    def allocate_serials(self, pk: int, body: Row) -> Row:
        self.get("order", pk)
        line = self.named("line", body.get("line_item"), "line_item")
        serials = serials_of(body.get("serial_numbers", ""))
        units = {u["serial"]: u for u in self.rows("stock") if u["part"] == line["part"] and u["serial"] in serials}
        if unknown := [serial for serial in serials if serial not in units]:
            raise invalid(serial_numbers=f"No match found for the following serial numbers: {','.join(unknown)}")
        gone = [s for s, u in units.items() if u["status"] not in AVAILABLE or not self.is_available(u)]
        if gone:
            raise invalid(serial_numbers=f"The following serial numbers are unavailable: {','.join(sorted(gone))}")
        for unit in units.values():
            self._allocate(line, unit, 1, body.get("shipment"))
        return body

    def _allocate(self, line: Row, item: Row, quantity: float, shipment: int | None) -> None:
        row = self.insert("allocation", line=line["pk"], item=item["pk"], quantity=float(quantity), shipment=shipment)
        self.on_event("salesorderallocation.created", row["pk"])

    def patch_allocation(self, pk: int, body: Row) -> Row:
        row = self.get("allocation", pk)
        if "shipment" in body:
            row["shipment"] = self.named("shipment", body["shipment"], "shipment")["pk"]
        if "quantity" in body:
            row["quantity"] = float(body["quantity"])
        return row

    def deallocate(self, pk: int) -> None:
        self.get("allocation", pk)
        del self.tables["allocation"][pk]
        self.on_event("salesorderallocation.deleted", pk)

    # What becomes of an order

    def cancel(self, pk: int) -> Row:
        """Always a success, even when the goods are out: they stay with the customer."""
        order = self.tables["order"].get(pk)
        if order is None:
            raise Crash(f"KeyError: {pk}")
        if order["status"] not in {CANCELLED, COMPLETE}:
            order["status"] = CANCELLED
            for row in self.allocations_of(pk):
                self.deallocate(row["pk"])
        return {}

    def hold(self, pk: int) -> Row:
        order = self.get("order", pk)
        if order["status"] in {PENDING, IN_PROGRESS}:
            order["status"] = ON_HOLD
        return {}

    def issue(self, pk: int) -> Row:
        order = self.get("order", pk)
        if order["status"] in {PENDING, ON_HOLD}:
            order["status"] = IN_PROGRESS
            self.on_event("salesorder.issued", pk)
        return {}

    def complete(self, pk: int, body: Row) -> Row:
        order = self.get("order", pk)
        lacking = any(line["shipped"] < line["quantity"] for line in self.lines_of(pk))
        if order["status"] in OPEN:
            if lacking and not body.get("accept_incomplete"):
                raise invalid(accept_incomplete="Order has incomplete line items")
            if any(self._is_live(row) for row in self.allocations_of(pk)):
                raise invalid(non_field_errors="Order cannot be completed as there are incomplete allocations")
            order.update(status=SHIPPED, shipment_date=self._today())
            self.on_event("salesorder.completed", pk)
        return {}

    # Shipping

    def create_shipment(self, body: Row) -> Row:
        order = self.named("order", body.get("order"), "order")
        reference = str(body.get("reference", ""))
        if any((s["order"], s["reference"]) == (order["pk"], reference) for s in self.rows("shipment")):
            raise invalid(non_field_errors="The fields order, reference must make a unique set.")
        return self.insert("shipment", order=order["pk"], reference=reference, shipment_date=None, tracking_number="")

    def ship(self, pk: int, body: Row) -> Row:
        """With a worker the answer comes first and the goods leave later."""
        shipment = self.get("shipment", pk)
        if shipment["shipment_date"]:
            raise invalid(non_field_errors="Shipment has already been sent")
        if not any(row["shipment"] == pk for row in self.rows("allocation")):
            raise invalid(non_field_errors="Shipment has no allocated stock items")
        shipment["tracking_number"] = body.get("tracking_number", "")
        if self.worker is None:
            self._ship(pk)
            return {"task_id": "", "pending": False, "complete": True, "success": True}
        task = self.insert("task", task_id=uuid.uuid4().hex, complete=False)
        timer = threading.Timer(self.worker, self._work, [task["pk"], pk])
        timer.daemon = True
        timer.start()
        return {"task_id": task["task_id"], "pending": True, "complete": False, "success": False}

    def _work(self, task: int, shipment: int) -> None:
        with self.changing():
            self._ship(shipment)
            self.get("task", task)["complete"] = True

    def task(self, task_id: str) -> Row:
        for task in self.rows("task"):
            if task["task_id"] == task_id:
                done = task["complete"]
                return {"task_id": task_id, "pending": not done, "complete": done, "success": done}
        raise missing()

    def _ship(self, pk: int) -> None:
        shipment = self.get("shipment", pk)
        if shipment["shipment_date"]:
            return
        for row in [row for row in self.rows("allocation") if row["shipment"] == pk]:
            line, item = self.get("line", row["line"]), self.get("stock", row["item"])
            sent = self._split(item, row["quantity"])
            order = self.get("order", line["order"])
            sent.update(customer=order["customer"], sales_order=order["pk"], location=None)
            row["item"] = sent["pk"]
            line["shipped"] += row["quantity"]
            self.track(sent, "assignedtocustomer", salesorder=order["pk"])
        shipment["shipment_date"] = self._today()

    def _split(self, item: Row, quantity: float) -> Row:
        """The part of a row that leaves; the whole row when nothing stays behind."""
        if item["quantity"] <= quantity:
            return item
        item["quantity"] -= quantity
        self.track(item, "split", quantity=item["quantity"])
        copied = {name: value for name, value in item.items() if name != "pk"}
        return self.insert("stock", **{**copied, "quantity": quantity})

    # Return orders: they ask little

    def create_return(self, body: Row) -> Row:
        customer = self.named("company", body.get("customer"), "customer")["pk"]
        row = self.insert("return_order", customer=customer, status=RO_PENDING)
        return row | {"reference": f"RMA-{row['pk']:04d}", "customer_reference": body.get("customer_reference", "")}

    def create_return_line(self, body: Row) -> Row:
        order = self.named("return_order", body.get("order"), "order")
        item = self.named("stock", body.get("item"), "item")
        return self.insert("return_line", order=order["pk"], item=item["pk"], quantity=1, received_date=None)

    def issue_return(self, pk: int) -> Row:
        self.get("return_order", pk)["status"] = RO_IN_PROGRESS
        return {}

    def receive_return(self, pk: int, body: Row) -> Row:
        order = self.get("return_order", pk)
        if order["status"] != RO_IN_PROGRESS:
            raise invalid(non_field_errors="Items can only be received against orders which are in progress")
        for entry in body.get("items", []):
            line = self.named("return_line", entry.get("item"), "item")
            item = {"pk": line["item"], "status": entry.get("status", 75)}
            self.take_back({"items": [item], "location": body.get("location")})
            line["received_date"] = self._today()
        return {}

    def complete_return(self, pk: int) -> Row:
        self.get("return_order", pk)["status"] = RO_COMPLETE
        return {}
