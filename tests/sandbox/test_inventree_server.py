"""The InvenTree stand-in answers as `externals.md` records of the real one: row by row, oddities included."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.inventree.rules import (
    CANCELLED,
    DAMAGED,
    IN_PROGRESS,
    LOST,
    OK,
    ON_HOLD,
    PENDING,
    QUARANTINED,
    SHIPPED,
)
from sandbox.inventree.server import Sandbox, running

Answer = tuple[int, Any]


class Caller:
    def __init__(self, stand_in: Sandbox) -> None:
        self.stand_in, self.headers = stand_in, {"Authorization": f"Token {stand_in.token}"}
        self.got: dict[str, str] = {}

    def __call__(self, method: str, path: str, body: object = None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.stand_in.url + "/api" + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                self.got = dict(answer.headers.items())
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                self.got, said = dict(error.headers.items()), error.read()
                return error.code, json.loads(said) if "json" in self.got["Content-Type"] else said.decode()

    def made(self, path: str, **body: object) -> Any:
        status, row = self("POST", path, body)
        assert status == 201, row
        return row

    def order(self, reference: str = "SO-900001", **more: object) -> int:
        return self.made("/order/so/", customer=1, reference=reference, **more)["pk"]

    def line(self, order: int, quantity: int = 1) -> int:
        return self.made("/order/so-line/", order=order, part=1, quantity=quantity, reference="")["pk"]

    def allocate(self, order: int, line: int, item: int, quantity: int = 1) -> Answer:
        items = [{"line_item": line, "stock_item": item, "quantity": quantity}]
        return self("POST", f"/order/so/{order}/allocate/", {"items": items})

    def list(self, path: str) -> list[Any]:
        return self("GET", f"{path}{'&' if '?' in path else '?'}limit=100")[1]["results"]


@pytest.fixture
def call() -> Iterator[Caller]:
    """A customer, a trackable part, a place, 5 pieces (stock 1) and the units 1001 to 1003 (2 to 4)."""
    with running() as stand_in:
        caller = Caller(stand_in)
        caller.made("/company/", name="Web shop")
        caller.made("/part/", name="Bag", IPN="BAG", trackable=True)
        caller.made("/stock/location/", name="AMS")
        caller.made("/stock/", part=1, quantity=5, location=1, delete_on_deplete=False)
        caller.made("/stock/", part=1, quantity=3, serial_numbers="1001-1003", location=1)
        yield caller


def shipped(call: Caller, order: int, item: int, quantity: int = 1) -> int:
    """A shipment that left."""
    line = call.line(order, quantity)
    call.allocate(order, line, item, quantity)
    call("POST", f"/order/so/{order}/issue/", {})
    shipment = call.made("/order/so/shipment/", order=order, reference="1")["pk"]
    for row in call.list(f"/order/so-allocation/?order={order}"):
        call("PATCH", f"/order/so-allocation/{row['pk']}/", {"shipment": shipment})
    assert call("POST", f"/order/so/shipment/{shipment}/ship/", {"tracking_number": "T"})[0] == 201
    return shipment


# Getting in


def test_every_answer_names_the_api_version(call: Caller):
    for path in ("/", "/part/", "/nowhere/"):
        call("GET", path)
        assert call.got["X-InvenTree-API"] == "530"


def test_without_the_token_nothing_is_told(call: Caller):
    call.headers = {}
    assert call("GET", "/part/") == (401, {"detail": "Authentication credentials were not provided."})
    call.headers = {"Authorization": "Token other"}
    assert call("GET", "/part/")[0] == 401


def test_a_token_is_had_by_name_and_is_the_same_the_next_time(call: Caller):
    call.headers = {"Authorization": "Basic " + base64.b64encode(f"me:{call.stand_in.token}".encode()).decode()}
    first, second = (call("GET", "/user/token/?name=backend") for _ in range(2))
    assert first[0] == 200
    assert (first[1]["token"], first[1]["name"]) == (call.stand_in.token, "backend")
    assert first[1]["token"] == second[1]["token"]
    call.headers = {"Authorization": "Basic " + base64.b64encode(b"me:wrong").decode()}
    assert call("GET", "/user/token/?name=backend")[0] == 401


# Lists


def test_a_list_comes_in_pages_and_without_a_limit_as_a_bare_array(call: Caller):
    status, page = call("GET", "/stock/?limit=3&offset=3")
    assert (status, page["count"], page["next"], len(page["results"])) == (200, 4, None, 1)
    assert "offset=0" in page["previous"]
    assert "offset=3" in call("GET", "/stock/?limit=3")[1]["next"]
    assert [row["pk"] for row in call("GET", "/stock/")[1]] == [1, 2, 3, 4]


def test_one_page_of_parts_has_all_numbers(call: Caller):
    order = call.order()
    call.allocate(order, call.line(order, 2), 1, 2)
    (part,) = call.list("/part/?salable=true&active=true")
    names = ("IPN", "in_stock", "unallocated_stock", "allocated_to_sales_orders", "required_for_sales_orders")
    assert [part[name] for name in names] == ["BAG", 8, 6, 2, 2]
    _, told = call("GET", "/part/1/requirements/")
    assert (told["total_stock"], told["unallocated_stock"], told["allocated_to_sales_orders"]) == (8, 6, 2)
    assert call("GET", "/part/9/requirements/")[0] == 404


def test_what_is_damaged_is_available_and_what_is_lost_is_not(call: Caller):
    call("POST", "/stock/change_status/", {"items": [2], "status": DAMAGED, "note": ""})
    call("POST", "/stock/change_status/", {"items": [3], "status": LOST, "note": ""})
    assert [row["serial"] for row in call.list("/stock/?serialized=true&available=true")] == ["1001", "1003"]
    assert [row["serial"] for row in call.list(f"/stock/?serialized=true&available=true&status={OK}")] == ["1003"]
    assert call("GET", "/stock/?status=fine")[0] == 400


def test_updated_after_takes_a_day_and_no_instant(call: Caller):
    assert call("GET", "/stock/?updated_after=2020-01-01")[0] == 200
    assert call("GET", "/stock/?updated_after=2020-01-01T00:00:00")[0] == 400
    assert call("GET", "/order/so/?updated_after=2020-01-01T00:00:00")[0] == 400


# Stock


def test_units_are_made_from_a_range_of_serial_numbers_each_once(call: Caller):
    made = call.made("/stock/", part=1, quantity=2, serial_numbers="7-8", location=1)
    assert [row["serial"] for row in made] == ["7", "8"]
    status, said = call("POST", "/stock/", {"part": 1, "quantity": 2, "serial_numbers": "8-9", "location": 1})
    assert status == 400
    assert "already exist" in said["serial_numbers"][0]


def test_removing_more_than_there_is_leaves_none_and_says_yes(call: Caller):
    assert call("POST", "/stock/remove/", {"items": [{"pk": 1, "quantity": 100}], "notes": ""})[0] == 201
    assert call("GET", "/stock/1/")[1]["quantity"] == 0


def test_a_row_that_is_to_be_deleted_when_empty_is_gone_with_its_trace(call: Caller):
    (row,) = call.made("/stock/", part=1, quantity=2, location=1)
    call("POST", "/stock/remove/", {"items": [{"pk": row["pk"], "quantity": 2}], "notes": ""})
    assert call("GET", f"/stock/{row['pk']}/")[0] == 404
    assert [trace for trace in call.list("/stock/track/") if trace["item"] == row["pk"]] == []


def test_what_is_allocated_may_be_removed(call: Caller):
    order = call.order()
    call.allocate(order, call.line(order, 5), 1, 5)
    call("POST", "/stock/remove/", {"items": [{"pk": 1, "quantity": 3}], "notes": ""})
    _, row = call("GET", "/stock/1/")
    assert (row["quantity"], row["allocated"]) == (2, 5)


def test_a_negative_count_or_a_row_that_vanished_is_refused(call: Caller):
    assert call("POST", "/stock/count/", {"items": [{"pk": 1, "quantity": -1}], "notes": ""})[0] == 400
    assert call("POST", "/stock/add/", {"items": [{"pk": 99, "quantity": 1}], "notes": ""})[0] == 400
    assert call("POST", "/stock/count/", {"items": [{"pk": 1, "quantity": 3}], "notes": ""})[0] == 201
    assert call("GET", "/stock/1/")[1]["quantity"] == 3


def test_the_trace_is_read_newest_first_and_its_dates_are_minutes(call: Caller):
    call("POST", "/stock/transfer/", {"items": [{"pk": 1, "quantity": 5}], "location": 1, "notes": ""})
    rows = call.list("/stock/track/?ordering=-date")
    assert [row["pk"] for row in rows] == [5, 4, 3, 2, 1]
    assert len(rows[0]["date"]) == len("2026-11-25 20:13")


def test_a_unit_is_assigned_to_a_customer_and_returned_with_a_status(call: Caller):
    assert call("POST", "/stock/assign/", {"items": [{"item": 2}], "customer": 1, "notes": ""})[0] == 201
    _, unit = call("GET", "/stock/2/")
    assert (unit["in_stock"], unit["customer"], unit["location"]) == (False, 1, None)
    assert call("POST", "/stock/assign/", {"items": [{"item": 2}], "customer": 1, "notes": ""})[0] == 400
    body = {"items": [{"pk": 2, "quantity": 1, "status": QUARANTINED}], "location": 1, "notes": ""}
    assert call("POST", "/stock/return/", body)[0] == 201
    _, unit = call("GET", "/stock/2/")
    assert (unit["in_stock"], unit["customer"], unit["location"], unit["status"]) == (True, None, 1, QUARANTINED)


# Orders


def test_a_reference_is_unique_and_of_one_pattern(call: Caller):
    assert call("POST", "/order/so/", {"customer": 1, "reference": "SO-900001"})[1]["status"] == PENDING
    status, said = call("POST", "/order/so/", {"customer": 1, "reference": "SO-900001"})
    assert (status, "already exists" in said["reference"][0]) == (400, True)
    for odd in ("900001", "SO-1", "SO-x", "so-900002"):
        status, said = call("POST", "/order/so/", {"customer": 1, "reference": odd})
        assert (status, "must match" in said["reference"][0]) == (400, True)


def test_a_customer_reference_is_not_unique_and_found_only_by_searching(call: Caller):
    for reference in ("SO-0001", "SO-0002"):
        call.order(reference, customer_reference="hold-1")
    assert len(call.list("/order/so/?search=hold-1")) == 2
    assert len(call.list("/order/so/?reference=SO-0002")) == 1


def test_an_allocation_is_allowed_while_pending_and_refused_beyond_what_is_free(call: Caller):
    order = call.order()
    line = call.line(order, 5)
    assert call.allocate(order, line, 1, 5)[0] == 201
    status, said = call.allocate(order, line, 1, 1)
    assert (status, said["items"][0]["quantity"]) == (400, ["Available quantity (0) exceeded"])
    assert call("POST", "/order/so-line/", {"order": order, "part": 99, "quantity": 1})[0] == 400


def test_an_allocation_of_several_items_is_made_wholly_or_not_at_all(call: Caller):
    order = call.order()
    line = call.line(order, 9)
    items = [{"line_item": line, "stock_item": item, "quantity": count} for item, count in ((1, 5), (2, 2))]
    status, said = call("POST", f"/order/so/{order}/allocate/", {"items": items})
    assert (status, said["items"][0]) == (400, {})
    assert call.list(f"/order/so-allocation/?order={order}") == []


def test_units_are_allocated_by_serial_number_and_listed_without_it(call: Caller):
    order = call.order()
    line = call.line(order)
    body = {"line_item": line, "quantity": 1, "serial_numbers": "1001"}
    assert call("POST", f"/order/so/{order}/allocate-serials/", body)[0] == 201
    (row,) = call.list(f"/order/so-allocation/?order={order}")
    assert (row["item"], row["serial"], row["shipment"]) == (2, None, None)
    status, said = call("POST", f"/order/so/{order}/allocate-serials/", body | {"serial_numbers": "9"})
    assert (status, said["serial_numbers"][0][:18]) == (400, "No match found for")
    assert call("DELETE", f"/order/so-allocation/{row['pk']}/") == (204, None)
    assert call("DELETE", f"/order/so-allocation/{row['pk']}/")[0] == 404


def test_allocations_and_cancels_leave_no_trace(call: Caller):
    before = len(call.list("/stock/track/"))
    order = call.order()
    call.allocate(order, call.line(order), 1)
    call("POST", f"/order/so/{order}/cancel/", {})
    assert len(call.list("/stock/track/")) == before


def test_a_cancel_says_yes_to_everything_and_falls_over_an_unknown_order(call: Caller):
    order = call.order()
    call.allocate(order, call.line(order), 1)
    for _ in range(2):
        assert call("POST", f"/order/so/{order}/cancel/", {}) == (201, {})
    assert call("GET", f"/order/so/{order}/")[1]["status"] == CANCELLED
    assert call.list("/order/so-allocation/") == []
    assert call("POST", "/order/so/999/cancel/", {})[0] == 500


def test_a_cancel_after_shipping_says_yes_and_the_unit_stays_with_the_customer(call: Caller):
    order = call.order()
    shipped(call, order, 2)
    assert call("POST", f"/order/so/{order}/cancel/", {}) == (201, {})
    assert call("GET", f"/order/so/{order}/")[1]["status"] == CANCELLED
    _, unit = call("GET", "/stock/2/")
    assert (unit["customer"], unit["sales_order"], unit["in_stock"]) == (1, order, False)


def test_an_order_that_is_put_aside_keeps_what_it_has_and_can_be_issued(call: Caller):
    order = call.order()
    call.allocate(order, call.line(order), 1)
    assert call("POST", f"/order/so/{order}/hold/", {})[0] == 201
    assert call("GET", f"/order/so/{order}/")[1]["status"] == ON_HOLD
    assert len(call.list("/order/so-allocation/")) == 1
    assert call("POST", f"/order/so/{order}/issue/", {})[0] == 201
    assert call("GET", f"/order/so/{order}/")[1]["status"] == IN_PROGRESS


def test_shipping_takes_pieces_out_of_their_row_and_completing_may_be_repeated(call: Caller):
    order = call.order()
    shipment = shipped(call, order, 1, 2)
    assert call("GET", "/stock/1/")[1]["quantity"] == 3
    assert call.list(f"/order/so-line/?order={order}")[0]["shipped"] == 2
    for _ in range(2):
        assert call("POST", f"/order/so/{order}/complete/", {})[0] == 201
    assert call("GET", f"/order/so/{order}/")[1]["status"] == SHIPPED
    assert call("POST", f"/order/so/shipment/{shipment}/ship/", {})[0] == 400


def test_an_empty_shipment_a_double_one_and_an_unfinished_order_are_refused(call: Caller):
    order = call.order()
    call.line(order)
    shipment = call.made("/order/so/shipment/", order=order, reference="1")["pk"]
    status, said = call("POST", f"/order/so/shipment/{shipment}/ship/", {})
    assert (status, "no allocated stock items" in said["non_field_errors"][0]) == (400, True)
    assert call("POST", "/order/so/shipment/", {"order": order, "reference": "1"})[0] == 400
    status, said = call("POST", f"/order/so/{order}/complete/", {})
    assert (status, list(said)) == (400, ["accept_incomplete"])


def test_without_a_worker_shipping_is_done_at_once(call: Caller):
    order = call.order()
    call.allocate(order, call.line(order), 2)
    shipment = call.made("/order/so/shipment/", order=order, reference="1")["pk"]
    (row,) = call.list("/order/so-allocation/")
    call("PATCH", f"/order/so-allocation/{row['pk']}/", {"shipment": shipment})
    _, said = call("POST", f"/order/so/shipment/{shipment}/ship/", {})
    assert (said["task_id"], said["complete"]) == ("", True)


def test_with_a_worker_shipping_goes_on_after_the_answer():
    with running(worker=0.1) as stand_in:
        call = Caller(stand_in)
        call.made("/company/", name="Web shop")
        call.made("/part/", name="Bag", IPN="BAG")
        call.made("/stock/location/", name="AMS")
        call.made("/stock/", part=1, quantity=5, location=1)
        order = call.order()
        shipment = shipped(call, order, 1, 2)
        assert call("GET", f"/order/so/shipment/{shipment}/")[1]["shipment_date"] is None
        task = next(iter(stand_in.store.rows("task")))["task_id"]
        assert call("GET", f"/background-task/{task}/")[1]["pending"] is True
        until = time.monotonic() + 3
        while call("GET", f"/background-task/{task}/")[1]["pending"] and time.monotonic() < until:
            time.sleep(0.02)
        assert call("GET", f"/order/so/shipment/{shipment}/")[1]["shipment_date"]


def test_a_return_order_asks_little(call: Caller):
    order = call.made("/order/ro/", customer=1, customer_reference="x")["pk"]
    line = call.made("/order/ro-line/", order=order, item=2, quantity=1)["pk"]
    receive = {"items": [{"item": line, "status": DAMAGED}], "location": 1}
    assert call("POST", f"/order/ro/{order}/receive/", receive)[0] == 400
    assert call("POST", f"/order/ro/{order}/issue/", {})[0] == 201
    assert call("POST", f"/order/ro/{order}/receive/", receive)[0] == 201
    assert call("POST", f"/order/ro/{order}/complete/", {})[0] == 201
    assert call("GET", "/stock/2/")[1]["status"] == DAMAGED


def test_metadata_lives_under_its_own_address(call: Caller):
    order = call.order()
    assert call("PATCH", f"/metadata/salesorder/{order}/", {"metadata": {"a": 1}}) == (200, {"metadata": {"a": 1}})
    assert call("GET", f"/metadata/salesorder/{order}/")[1] == {"metadata": {"a": 1}}
    assert call("GET", f"/order/so/{order}/metadata/")[0] == 404


def test_nothing_is_limited(call: Caller):
    assert {call("GET", "/part/?limit=1")[0] for _ in range(200)} == {200}


def test_a_change_that_fails_halfway_leaves_nothing(call: Caller):
    body = {"items": [{"pk": 1, "quantity": 1}, {"pk": 2, "quantity": -1}], "notes": ""}
    assert call("POST", "/stock/add/", body)[0] == 400
    assert call("GET", "/stock/1/")[1]["quantity"] == 5
