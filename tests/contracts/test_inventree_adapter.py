"""The `inventree` adapter alone: what follows from what InvenTree is."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.http import CircuitBreaker
from inventory.providers.base import (
    CursorLost,
    InventoryProvider,
    Line,
    NotFound,
    OutOfStock,
    RateLimited,
    Refused,
    RemoteState,
    Unavailable,
    UnknownOutcome,
)
from inventory.providers.inventree import InvenTreeProvider
from inventory.providers.inventree.claims import reference_of
from inventory.providers.registry import get_provider
from sandbox.http import Request, Response, Server
from sandbox.inventree.rules import CANCELLED, DAMAGED, PENDING, QUARANTINED, Row
from sandbox.inventree.server import Sandbox, running
from tests.contracts.conftest import CAN, Ims, eventually, same, winners
from tests.contracts.staff import StandInStaff, Verb, window

ALLOCATE = "POST /api/order/so/*/allocate/"
KEY = UUID("0197a1f0-5a3e-7c11-9d55-6f0a1b2c3d4e")


class InvenTree(Ims):
    """The adapter, the staff, and a look into the system itself."""

    def __init__(self, stand_in: Sandbox, **options: Any) -> None:
        staff = StandInStaff(stand_in)
        self.stand_in, self.store = stand_in, stand_in.store
        super().__init__(self.another(staff.customer, **options), staff, CAN["inventree"])

    def another(self, customer: int = 0, **options: Any) -> InvenTreeProvider:
        """An adapter of another process."""
        return InvenTreeProvider(
            self.stand_in.url,
            self.stand_in.token,
            customer=customer or self.staff.customer,
            connect_timeout=1,
            read_timeout=5,
            breaker=CircuitBreaker("inventory", failures=99),
            **options,
        )

    def orders(self, *, of_others: bool = False) -> list[Row]:
        rows = self.store.rows("order")
        return [row for row in rows if (row["customer"] != self.staff.customer) == of_others]

    def units(self) -> dict[str, Row]:
        return {row["serial"]: row for row in self.store.rows("stock") if row["serial"]}

    def calls(self) -> list[str]:
        """From now on, every call that changes something."""
        return watched(self.stand_in, lambda call: not call.startswith("GET "))


def watched(stand_in: Sandbox, wanted: Callable[[str], bool] = lambda _call: True) -> list[str]:
    """From now on, every call: method, path, and how far into the list."""
    seen: list[str] = []
    route = stand_in.app.route

    def watch(request: Request) -> Response:
        call = f"{request.method} {request.path.removeprefix('/api')} {request.first('offset') or ''}".strip()
        if wanted(call):
            seen.append(call)
        return route(request)

    stand_in.app.route = watch  # type: ignore[method-assign]
    return seen


@pytest.fixture
def tree() -> Iterator[InvenTree]:
    with running() as stand_in:
        system = InvenTree(stand_in)
        yield system
        system.provider.close()


# A reservation is an order with a number of its own


def test_an_order_bears_the_reservation_and_a_number_made_of_it(tree: InvenTree):
    tree.stock(3)

    tree.sale(2, key=KEY)

    (order,) = tree.orders()
    assert order["reference"] == reference_of(KEY, 0)
    assert order["customer_reference"] == str(KEY)
    assert order["description"].startswith("sale: 2 BAG from AMS [")
    assert order["status"] == PENDING


def test_numbers_are_of_one_length_and_differ_between_reservations_and_generations():
    numbers = {reference_of(UUID(int=n), generation) for n in range(200) for generation in range(5)}

    assert len(numbers) == 1000
    assert {len(number) for number in numbers} == {len("SO-") + 18}


@pytest.mark.parametrize("call", ["POST /api/order/so/", "POST /api/order/so-line/", ALLOCATE])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "500_before", "500_after", "garbage"])
def test_whatever_a_crash_left_behind_a_repeat_continues(tree: InvenTree, call: str, fault: str):
    tree.stock(3)
    tree.stock(3, "MAT")
    lines = [Line("BAG", "AMS", 2, "sale"), Line("MAT", "AMS", 1, "sale")]
    tree.stand_in.faults.plan(call, fault)
    with pytest.raises(UnknownOutcome):
        tree.provider.reserve(key=KEY, lines=lines)

    held = tree.provider.reserve(key=KEY, lines=lines)

    assert (held.state, list(held.lines)) == (RemoteState.HELD, lines)
    assert len(tree.orders()) == 1
    assert (tree.free(), tree.free("MAT")) == (1, 2)


@pytest.mark.parametrize("call", ["POST /api/order/so-line/", ALLOCATE])
def test_what_is_begun_and_not_held_is_nothing_and_can_be_given_back(tree: InvenTree, call: str):
    tree.stock(3)
    tree.stand_in.faults.plan(call, "drop_before")
    with pytest.raises(UnknownOutcome):
        tree.sale(2, key=KEY)

    assert tree.provider.find(KEY) is None
    assert list(tree.provider.reservations()) == []
    with pytest.raises(NotFound):
        tree.provider.confirm(key=KEY)
    tree.provider.release(key=KEY)

    assert [order["status"] for order in tree.orders()] == [CANCELLED]


def test_an_order_with_a_line_too_few_is_not_taken_for_a_hold(tree: InvenTree):
    tree.stock(3)
    tree.stock(3, "MAT")
    lines = [Line("BAG", "AMS", 2, "sale"), Line("MAT", "AMS", 1, "sale")]
    tree.provider.reserve(key=KEY, lines=lines)
    tree.store.delete_line(max(line["pk"] for line in tree.store.rows("line")))

    assert tree.provider.find(KEY) is None
    assert list(tree.provider.reserve(key=KEY, lines=lines).lines) == lines


def test_a_shop_that_is_sold_out_makes_no_orders(tree: InvenTree):
    tree.stock(1)
    calls = tree.calls()

    with pytest.raises(OutOfStock) as short:
        tree.sale(2)

    assert short.value.have == 1
    assert calls == []


def test_who_loses_the_last_piece_after_the_order_was_made_cancels_it(tree: InvenTree):
    tree.stock(1)
    route = tree.stand_in.app.route

    def somebody_is_faster(request: Request) -> Response:
        if request.path.endswith("/allocate/") and not tree.orders(of_others=True):
            (item,) = tree.store.rows("stock")
            order = tree.store.create_order({"customer": 2, "reference": "SO-0001"})["pk"]
            line = tree.store.create_line({"order": order, "part": item["part"], "quantity": 1})["pk"]
            entry = {"line_item": line, "stock_item": item["pk"], "quantity": 1}
            tree.store.allocate(order, {"items": [entry]})
        return route(request)

    tree.stand_in.app.route = somebody_is_faster  # type: ignore[method-assign]

    with pytest.raises(OutOfStock) as short:
        tree.sale(1, key=KEY)

    assert short.value.have == 0
    assert [order["status"] for order in tree.orders()] == [CANCELLED]


def test_a_number_that_somebody_else_has_is_passed_over(tree: InvenTree):
    tree.stock(3)
    tree.store.create_order({"customer": 2, "reference": reference_of(KEY, 0)})

    assert tree.sale(2, key=KEY).state == RemoteState.HELD
    assert tree.provider.find(KEY) is not None
    assert [order["reference"] for order in tree.orders()] == [reference_of(KEY, 1)]


def test_a_key_given_back_and_won_anew_is_a_new_order(tree: InvenTree):
    tree.stock(3)
    for _ in range(3):
        tree.sale(2, key=KEY)
        tree.provider.release(key=KEY)
    tree.sale(2, key=KEY)

    assert [order["reference"] for order in tree.orders()] == [reference_of(KEY, n) for n in range(4)]
    assert [order["status"] for order in tree.orders()] == [CANCELLED] * 3 + [PENDING]


def test_orders_of_others_under_our_customer_are_not_ours(tree: InvenTree):
    tree.stock(3)
    (item,) = tree.store.rows("stock")
    typed = {"customer": tree.staff.customer, "reference": "SO-0001", "customer_reference": str(KEY)}
    order = tree.store.create_order(typed)["pk"]
    line = tree.store.create_line({"order": order, "part": item["part"], "quantity": 1})["pk"]
    tree.store.allocate(order, {"items": [{"line_item": line, "stock_item": item["pk"], "quantity": 1}]})

    assert list(tree.provider.reservations()) == []
    assert tree.level().reserved_elsewhere == 1


def test_pieces_are_taken_from_several_shelves_of_one_depot(tree: InvenTree):
    tree.stock(2)
    shelf = tree.store.insert("location", name="Shelf 7", parent=tree.staff.location("AMS"))["pk"]
    tree.store.create({"part": tree.staff.part("BAG"), "quantity": 3, "location": shelf})

    assert tree.on_hand() == 5
    assert tree.sale(4).state == RemoteState.HELD
    assert tree.free() == 1


def test_an_order_that_staff_put_aside_keeps_its_pieces_and_can_be_confirmed(tree: InvenTree):
    tree.stock(2)
    tree.sale(2, key=KEY)
    tree.store.hold(tree.orders()[0]["pk"])

    assert tree.provider.confirm(key=KEY).state == RemoteState.CONFIRMED


def test_rentals_are_not_held_as_there_are_no_dates(tree: InvenTree):
    tree.rent_out("U1")

    with pytest.raises(Refused, match="dates"):
        tree.rental(window(0, 3))

    assert tree.orders() == []


def test_many_at_once_with_answers_lost_at_random_win_exactly_what_there_is(tree: InvenTree):
    tree.stock(8)
    chance = random.Random(7)
    calls = ["POST /api/order/so/", "POST /api/order/so-line/", ALLOCATE, "GET /api/stock/", "GET /api/order/so"]
    kinds = ["500_before", "500_after", "drop_before", "drop_after", "garbage", "html", "503", "429"]
    for _ in range(60):
        tree.stand_in.faults.plan(chance.choice(calls), chance.choice(kinds))

    def persistent(_number: int) -> UUID:
        key = uuid4()
        for _ in range(100):
            try:
                return tree.sale(1, key=key).key
            except (UnknownOutcome, Unavailable, RateLimited):
                continue
        raise AssertionError("It never ends.")

    won = winners(persistent, 12)
    tree.stand_in.faults.clear()

    assert len(won) == 8
    assert {found.key for found in tree.provider.reservations()} == set(won)
    assert sum(row["quantity"] for row in tree.store.rows("allocation")) == 8
    for order in tree.orders():
        if order["status"] != CANCELLED:
            assert sum(row["quantity"] for row in tree.store.allocations_of(order["pk"])) == 1


# What has left


def test_what_has_left_is_never_cancelled(tree: InvenTree):
    tree.stock(2)
    tree.rent_out("U1")
    rented = tree.book(window(0, 3))
    tree.check_out(rented, serials=["U1"])
    tree.sale(1, key=KEY)
    tree.check_out(KEY)
    calls = tree.calls()

    for key in (KEY, rented):
        with pytest.raises(Refused):
            tree.provider.release(key=key)

    assert calls == []


def test_an_order_that_staff_cancelled_with_its_unit_out_is_still_out(tree: InvenTree):
    tree.rent_out("U1")
    key = tree.book(window(0, 3))
    tree.check_out(key, serials=["U1"])
    tree.store.cancel(tree.orders()[0]["pk"])

    found = tree.provider.find(key)
    assert found is not None
    assert (found.state, found.serials_out) == (RemoteState.CHECKED_OUT, ("U1",))
    assert [each.key for each in tree.provider.reservations()] == [key]
    assert tree.status("U1") == "out"
    back = tree.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS")
    assert back.state == RemoteState.CHECKED_IN


@pytest.mark.parametrize(
    "call",
    [
        "POST /api/order/so/",
        "POST /api/order/so-line/",
        "POST /api/order/so/*/issue/",
        ALLOCATE,
        "POST /api/order/so/shipment/",
        "PATCH /api/order/so-allocation/",
        "POST /api/order/so/shipment/*/ship/",
    ],
)
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_hand_over_that_broke_off_anywhere_is_completed_by_its_repeat(tree: InvenTree, call: str, fault: str):
    tree.rent_out("U1", "U2")
    key = tree.book(window(0, 3), 2)
    tree.stand_in.faults.plan(call, fault)
    with pytest.raises(UnknownOutcome):
        tree.check_out(key, serials=["U1", "U2"])

    left = tree.check_out(key, serials=["U1", "U2"])

    assert (left.state, left.serials_out) == (RemoteState.CHECKED_OUT, ("U1", "U2"))
    assert len(tree.orders()) == 1


def test_a_unit_that_was_swapped_after_a_broken_hand_over_stays_on_its_shelf(tree: InvenTree):
    tree.rent_out("U1", "U2")
    key = tree.book(window(0, 3))
    tree.stand_in.faults.plan("POST /api/order/so/shipment/", "drop_before")
    with pytest.raises(UnknownOutcome):
        tree.check_out(key, serials=["U1"])

    assert tree.check_out(key, serials=["U2"]).serials_out == ("U2",)

    assert tree.status("U1") == "available"
    assert tree.store.allocated(tree.units()["U1"]) == 0


def test_a_serial_number_with_a_hyphen_is_one_unit(tree: InvenTree):
    for serial in ("3", "SKY-1-3"):
        part = tree.staff.part("SKY")
        tree.store.insert("stock", **_unit(part, tree.staff.location("AMS"), serial))
    key = tree.book(window(0, 3))

    assert tree.check_out(key, serials=["SKY-1-3"]).serials_out == ("SKY-1-3",)
    assert tree.status("3") == "available"


def _unit(part: int, location: int, serial: str) -> Row:
    nowhere = dict.fromkeys(("customer", "sales_order", "belongs_to", "consumed_by", "packaging"))
    more = {"status": 10, "batch": "", "quantity": 1.0, "delete_on_deplete": True, "is_building": False}
    return {"part": part, "location": location, "serial": serial, **nowhere, **more}


@pytest.mark.parametrize(("condition", "status", "ours"), [("A", 10, "available"), ("B", 10, "available")])
def test_a_good_unit_comes_back_as_good(tree: InvenTree, condition: str, status: int, ours: str):
    assert _returned(tree, condition) == (status, ours, condition)


@pytest.mark.parametrize(("condition", "status", "ours"), [("C", 50, "available"), ("D", QUARANTINED, "maintenance")])
def test_a_worn_unit_comes_back_for_attention_or_into_quarantine(
    tree: InvenTree, condition: str, status: int, ours: str
):
    assert _returned(tree, condition) == (status, ours, condition)


def _returned(tree: InvenTree, condition: str) -> tuple[int, str, str]:
    tree.rent_out("U1")
    key = tree.book(window(0, 3))
    tree.check_out(key, serials=["U1"])
    tree.provider.check_in(key=key, serials=["U1"], condition=condition, depot="AMS")
    (unit,) = tree.provider.units()
    return tree.units()["U1"]["status"], unit.status, unit.condition


def test_a_slow_worker_is_waited_for_and_a_repeat_meanwhile_ships_once():
    with running(worker=0.3) as stand_in:
        tree = InvenTree(stand_in)
        tree.stock(5)
        tree.sale(2, key=KEY)
        tree.provider.confirm(key=KEY)
        tree.stand_in.faults.plan("POST /api/order/so/shipment/*/ship/", "drop_after")
        with pytest.raises(UnknownOutcome):
            tree.check_out(KEY)

        left = tree.check_out(KEY)

        assert left.state == RemoteState.CHECKED_OUT
        assert tree.on_hand() == 3
        tree.provider.close()


# Counts


def test_what_is_damaged_is_for_nobody_although_it_is_available_there(tree: InvenTree):
    tree.stock(5)
    tree.rent_out("U1")
    for item in tree.store.rows("stock"):
        item["status"] = DAMAGED

    assert all(tree.store.is_available(item) for item in tree.store.rows("stock"))
    assert tree.levels() == []
    assert tree.status("U1") == "maintenance"
    with pytest.raises(OutOfStock):
        tree.sale()


def test_units_are_not_pieces_and_pieces_are_not_units(tree: InvenTree):
    tree.stock(5, "SKY")
    tree.rent_out("U1", "U2")

    assert tree.on_hand("SKY") == 5
    assert len(list(tree.provider.units(sku="SKY"))) == 2


def test_a_unit_that_lies_at_no_depot_is_not_one_of_this_shop(tree: InvenTree):
    tree.rent_out("U1")
    tree.units()["U1"]["location"] = None
    calls = tree.calls()

    assert list(tree.provider.units()) == []
    with pytest.raises(NotFound):
        tree.provider.set_unit(serial="U1", status="maintenance", condition="C")
    assert calls == []


def test_a_list_that_shrinks_while_it_is_walked_through_tells_every_unit_once(tree: InvenTree):
    tree.staff.seed([], [(f"U{n:03}", "SKY", "AMS") for n in range(250)])
    units = tree.provider.units(depot="AMS")
    first = next(units).serial
    for serial in (first, "U050"):  # told by then; the second page now begins two rows later
        tree.store._delete(tree.units()[serial])

    told = [first, *(unit.serial for unit in units)]

    assert sorted(told) == [f"U{n:03}" for n in range(250)]


def test_what_is_out_costs_no_call_for_each_unit(tree: InvenTree):
    serials = [f"U{n:03}" for n in range(130)]
    tree.rent_out(*serials)
    for serial in serials:
        tree.check_out(tree.book(window(0, 3)), serials=[serial])
    asked = watched(tree.stand_in)

    assert {unit.status for unit in tree.provider.units()} == {"out"}

    assert len(asked) <= 12


def test_half_a_piece_is_not_for_sale(tree: InvenTree):
    tree.stock(5)
    (item,) = tree.store.rows("stock")
    item["quantity"] = 2.5

    assert tree.on_hand() == 2
    with pytest.raises(OutOfStock):
        tree.sale(3)


def test_with_a_mapping_only_its_locations_are_depots():
    with running() as stand_in:
        staff = StandInStaff(stand_in)
        old, new = staff.location("Old barn"), staff.location("Warehouse 2")
        tree = InvenTree(stand_in, locations={"AMS": new, "RTM": 999})
        tree.staff.locations.update(AMS=new, BARN=old)
        tree.stock(3)
        tree.stock(4, depot="BARN")

        assert [(level.depot, level.on_hand) for level in tree.levels()] == [("AMS", 3)]
        with pytest.raises(NotFound):
            tree.sale(depot="RTM")
        tree.provider.close()


def test_a_renamed_location_is_another_depot_and_what_lies_there_moves_with_it(tree: InvenTree):
    tree.stock(3)
    tree.store.get("location", tree.staff.location("AMS"))["name"] = "UTR"

    assert [(level.depot, level.on_hand) for level in tree.levels()] == [("UTR", 3)]


def test_a_part_at_a_place_that_did_not_exist_before_is_told_by_the_feed(tree: InvenTree):
    tree.stock(3)
    cursor = tree.caught_up()

    tree.stock(4, "NEW", "UTR")

    assert tree.told(cursor)[0]["NEW", "UTR"] == 4


def test_a_part_that_is_not_offered_any_more_is_not_reserved(tree: InvenTree):
    tree.stock(3)
    tree.sale(1, key=KEY)
    tree.store.get("part", tree.staff.part("BAG"))["active"] = False
    other = tree.another()

    with pytest.raises(NotFound):
        other.reserve(key=uuid4(), lines=[Line("BAG", "AMS", 1, "sale")])
    assert other.confirm(key=KEY).lines == [Line("BAG", "AMS", 1, "sale")]
    assert other.levels().levels == []
    other.close()


def test_a_customers_request_reads_no_list_of_parts(tree: InvenTree):
    tree.staff.seed([(f"S{n:03}", "AMS", 1) for n in range(150)])
    asked = watched(tree.stand_in)

    tree.sale(1, sku="S007")

    assert len(asked) <= 15
    assert not [call for call in asked if call.endswith(" 100")]


def test_a_part_number_that_two_parts_have_means_the_older(tree: InvenTree, caplog: pytest.LogCaptureFixture):
    tree.stock(3)
    twin = tree.store.insert("part", name="twin", IPN="BAG", salable=True, active=True, trackable=True)["pk"]
    tree.store.create({"part": twin, "quantity": 9, "location": tree.staff.location("AMS")})

    with caplog.at_level(logging.ERROR):
        assert tree.on_hand() == 3
    assert "inventree_ipn_twice" in caplog.text


def test_two_counts_of_one_second_are_in_order_and_below_the_next(tree: InvenTree):
    tree.stock(3)
    counts = [tree.level().as_of for _ in range(30)]

    assert counts == sorted(set(counts))
    seconds = {count.replace(microsecond=0) for count in counts}
    assert len(seconds) <= 3


def test_a_check_out_is_dated_at_a_whole_second_after_it(tree: InvenTree):
    tree.stock(3)
    tree.sale(1, key=KEY)
    before = tree.level().as_of

    left = tree.check_out(KEY)

    assert left.at.microsecond == 0
    assert timedelta(0) < left.at - before < timedelta(seconds=3)


# The feed


def test_a_unit_that_others_set_aside_is_told_without_a_trace_and_told_back(tree: InvenTree):
    tree.rent_out("U1", "U2")
    cursor = tree.caught_up()
    unit = tree.units()["U1"]
    traces = len(list(tree.store.rows("track")))

    order = tree.staff.allocate(unit["part"], unit["pk"], 1)
    _, units, cursor = tree.told(cursor)
    assert units == {"U1": "maintenance", "U2": "available"}

    tree.store.cancel(order)
    _, units, _ = tree.told(cursor)
    assert units == {"U1": "available", "U2": "available"}
    assert len(list(tree.store.rows("track"))) == traces


def test_claims_are_noticed_by_a_process_that_has_not_seen_the_earlier_ones(tree: InvenTree):
    tree.stock(5)
    tree.stock(5, "MAT")
    tree.staff.claim_elsewhere("BAG", "AMS", 2)
    cursor = tree.caught_up()
    tree.staff.claim_elsewhere("BAG", "AMS", 0)

    other = tree.another()
    page = other.changes(cursor)
    other.close()

    assert [(level.sku, level.reserved_elsewhere) for level in page.levels] == [("BAG", 0)]


def test_a_unit_that_others_sold_is_told(tree: InvenTree):
    tree.rent_out("U1")
    cursor = tree.caught_up()

    unit = tree.units()["U1"]
    tree.store.assign({"items": [{"item": unit["pk"]}], "customer": 2})

    assert tree.told(cursor)[1] == {"U1": "sold"}
    key = tree.book(window(0, 1))
    with pytest.raises(Refused):
        tree.check_out(key, serials=["U1"])


def test_a_row_that_deleted_itself_with_its_trace_is_noticed_within_a_quarter_of_an_hour(tree: InvenTree):
    body = {"part": tree.staff.part("BAG"), "quantity": 2, "location": tree.staff.location("AMS")}
    (item,) = tree.store.create(body)
    tree.stock(5, "MAT")
    cursor = tree.caught_up()
    tree.store.adjust("remove", {"items": [{"pk": item["pk"], "quantity": 2}]})
    assert item["pk"] not in {row["item"] for row in tree.store.rows("track")}

    tree.staff.advance(900)

    assert tree.told(cursor)[0]["BAG", "AMS"] == 0


def test_more_moves_than_can_be_asked_for_one_by_one_are_told_as_a_whole(tree: InvenTree):
    tree.staff.seed([(f"S{n:03}", "AMS", 1) for n in range(60)] + [("S000", "RTM", 1)])
    cursor = tree.caught_up()
    for item in list(tree.store.rows("stock")):
        tree.store.adjust("add", {"items": [{"pk": item["pk"], "quantity": 1}]})

    pieces, _, cursor = tree.told(cursor)

    assert sum(pieces.values()) == 122
    for _ in range(3):
        tree.staff.advance(6)
        pieces, _, cursor = tree.told(cursor)
    assert pieces == {}


def test_a_snapshot_reads_the_list_of_parts_once_however_many_depots_there_are(tree: InvenTree):
    tree.staff.seed([(f"S{n:03}", "AMS", 1) for n in range(250)] + [("S000", depot, 1) for depot in ("RTM", "UTR")])
    tree.caught_up()
    asked = watched(tree.stand_in)

    pieces, *_ = tree.told(None)

    assert len(pieces) == 3 * 250
    assert [call for call in asked if call.startswith("GET /part/")] == [f"GET /part/ {n}" for n in (0, 100, 200)]
    # trace and claims of three pages, places, parts; pieces (three pages at AMS), units at hand and units out
    assert len(asked) == 3 * 2 + 1 + 3 + (3 + 1 + 1) + 3 * 2
    tree.stock(4, "NEW", "UTR")
    assert tree.told(None)[0]["NEW", "UTR"] == 4  # the next one knows what is new


def test_counting_page_by_page_reads_the_list_of_parts_once(tree: InvenTree):
    tree.staff.seed([("BAG", depot, 1) for depot in ("AMS", "RTM", "UTR")])
    asked = watched(tree.stand_in)

    for _ in range(2):  # the second count begins anew
        assert len(tree.levels()) == 3
        for depot in ("AMS", "RTM", "UTR"):
            list(tree.provider.units(depot=depot))

    assert asked.count("GET /part/ 0") == 2


def test_a_cursor_fits_into_the_column_that_keeps_it_and_belongs_to_one_inventree(tree: InvenTree):
    tree.stock(3)
    cursor = tree.caught_up()

    assert len(cursor) <= 500
    with running() as other:
        stranger = InvenTree(other)
        with pytest.raises(CursorLost):
            stranger.provider.changes(cursor)
        stranger.provider.close()


# What goes wrong


@pytest.mark.parametrize("version", [529, None])
def test_an_inventree_that_is_too_old_or_none_is_unavailable_and_told_once(
    version: int | None, caplog: pytest.LogCaptureFixture
):
    with running(api_version=version) as stand_in:
        provider = InvenTreeProvider(stand_in.url, stand_in.token, customer=1)
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                with pytest.raises(Unavailable, match="API 530 or newer"):
                    provider.levels()
        provider.close()

    assert caplog.text.count("inventree_version_refused") == 1


def test_a_wrong_token_refuses_nobodys_order(tree: InvenTree, caplog: pytest.LogCaptureFixture):
    tree.stand_in.app.token = "inv-another"

    with caplog.at_level(logging.ERROR), pytest.raises(Unavailable):
        tree.sale()

    assert "inventory_credentials_refused" in caplog.text


def test_the_token_is_sent_as_inventree_wants_it_and_never_told(tree: InvenTree):
    asked = []

    def refuses(request: Request) -> Response:
        asked.append(request.headers["Authorization"])
        return Response.json({"detail": "Invalid token."}, 401)

    tree.stand_in.server.handle = refuses
    with pytest.raises(Unavailable) as refused:
        tree.provider.levels()

    assert asked == [f"Token {tree.stand_in.token}"]
    assert tree.stand_in.token not in str(refused.value)


def test_a_repeat_after_a_lost_answer_of_a_return_changes_nothing(tree: InvenTree):
    tree.rent_out("U1")
    key = tree.book(window(0, 3))
    tree.check_out(key, serials=["U1"])
    tree.staff.breaks(Verb.CHECK_IN, "drop_after")
    with pytest.raises(UnknownOutcome):
        tree.provider.check_in(key=key, serials=["U1"], condition="B", depot="AMS")
    calls = tree.calls()

    back = tree.provider.check_in(key=key, serials=["U1"], condition="B", depot="AMS")

    assert back.state == RemoteState.CHECKED_IN
    assert [call for call in calls if "/stock/" in call] == []
    again = tree.provider.check_in(key=key, serials=["U1"], condition="B", depot="AMS")
    assert same(back, again)


@contextmanager
def answering(body: object, status: int = 200) -> Iterator[InvenTreeProvider]:
    """An InvenTree that gives one answer to everything."""
    headers = {"X-InvenTree-API": "530"}
    with Server(lambda _request: Response.json(body, status, headers)) as server:
        provider = InvenTreeProvider(server.url, "t", customer=1, breaker=CircuitBreaker("inventory", failures=999))
        yield provider
        provider.close()


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {"results": []},
        {"count": 1, "results": {}},
        {"count": 1, "results": [{"pk": "1"}]},
        {"count": 1, "results": [{"pk": True}]},
        {"count": 1, "results": [{"pk": 1, "IPN": 7}]},
        {"count": 1, "results": [{"pk": 1, "IPN": "B\x00G"}]},
        {"count": 5, "results": [{"pk": 1, "IPN": "BAG"}]},
        {"count": -1, "results": []},
        {"count": 10**12, "results": []},
    ],
    ids=str,
)
def test_a_list_that_cannot_be_read_or_keeps_changing_is_unavailable(body: object):
    with answering(body) as provider, pytest.raises(Unavailable):
        provider.levels()


def test_a_page_of_a_web_server_is_neither_an_unknown_key_nor_a_release():
    with Server(lambda _request: Response.html("<h1>404 Not Found</h1>", 404)) as server:
        provider = InvenTreeProvider(server.url, "t", customer=1)
        for call in (lambda: provider.find(KEY), lambda: provider.release(key=KEY)):
            with pytest.raises(Unavailable):
                call()
        provider.close()


def test_the_settings_name_the_adapter(settings: Any):
    settings.INVENTORY_PROVIDER, settings.INVENTREE_CUSTOMER = "inventree", 7
    settings.INVENTREE_LOCATIONS = {"AMS": 3}

    provider: InventoryProvider = get_provider()

    assert isinstance(provider, InvenTreeProvider)
    assert get_provider() is provider
    settings.INVENTORY_PROVIDER = "http"
    assert not isinstance(get_provider(), InvenTreeProvider)


def test_an_unknown_unit_or_key_is_told_apart_from_one_that_is_refused(tree: InvenTree):
    tree.rent_out("U1")

    with pytest.raises(NotFound):
        tree.provider.set_unit(serial="U9", status="available", condition="A")
    with pytest.raises(Refused):
        tree.provider.set_unit(serial="U1", status="out", condition="A")
    with pytest.raises(NotFound):
        tree.provider.check_in(key=uuid4(), serials=["U1"], condition="A", depot="AMS")
    assert eventually(lambda: tree.status("U1"), "available")
