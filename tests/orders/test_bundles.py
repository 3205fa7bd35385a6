"""Bundles: sold or rented as one line for one price, with the stock and the units of every part."""

from dataclasses import replace

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import BundlePart, Container, SaleOffer, Variant
from core.errors import InvalidInput
from inventory.errors import OutOfStock, UnitNotFree
from inventory.models import Reservation, StockLevel, Unit
from inventory.services import decide_unit, mirror_changes
from orders.errors import ExtensionNotPossible, OrderRefused
from orders.models import CancellationTier, LinePart, Order, OrderLine, Rental
from orders.selectors import extension_options, order_answer
from orders.services import (
    LineRequest,
    call_off_rental,
    cancel_order,
    choose_anew,
    choose_part,
    close_rental,
    deliver_sale,
    extend_rental,
    hand_over_rental,
    keep_rental,
    lose_rental,
    move_rental_days,
    next_in_line,
    prepare_rental,
    prepare_sale,
    settle_no_show,
    swap_container,
    take_back_rental,
    unprepare_rental,
)
from orders.states import OrderStatus, RentalStatus, SaleStatus
from payments.selectors import balance
from tests.factories.accounts import UserFactory
from tests.factories.catalog import ApprovalFactory, SaleOfferFactory, VariantFactory, accessory, bundle
from tests.factories.inventory import StockLevelFactory
from tests.jobs import run_jobs
from tests.orders.conftest import Set
from tests.orders.test_renting import noon, told_by_ims
from tests.shop import Shop, key

ME, CLERK = "customer:1", "staff:1"
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def rental_of(order: Order) -> Rental:
    return Rental.objects.get(line__order=order)


def line_of(order: Order) -> OrderLine:
    return OrderLine.objects.get(order=order)


def claimed(order: Order) -> dict[str, list[tuple[str, int, str]]]:
    """(kind, quantity, status) of the reservations behind an order, by SKU."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    of_parts = Reservation.objects.filter(line_part__line__order=order)
    of_leads = Reservation.objects.filter(rental__line__order=order) | Reservation.objects.filter(
        order_line__order=order
    )
    for row in [*of_leads.select_related("variant"), *of_parts.select_related("variant")]:
        found.setdefault(row.variant.sku, []).append((row.kind, row.quantity, row.status))
    return found


def at_ims(shop: Shop) -> dict[str, str]:
    """The state of what the inventory system holds, by SKU."""
    return {line["sku"]: claim["state"] for claim in shop.claims_at_ims() for line in claim["lines"]}


def ready(shop: Shop, line: LineRequest) -> Rental:
    rental = rental_of(shop.ready(line))
    return prepare_rental(rental_id=rental.pk, actor=CLERK)


def out(shop: Shop, line: LineRequest) -> Rental:
    return hand_over_rental(rental_id=ready(shop, line).pk, actor=CLERK)


def free_of(shop: Shop, sku: str) -> tuple[int, int]:
    """(pieces, units today) that the shop window shows."""
    answer = shop.phone().get("/api/v1/containers", {"depot": "BER", "page_size": 50}).json()
    variants = [variant for container in answer["results"] for variant in container["variants"]]
    [told] = next(variant["availability"] for variant in variants if variant["sku"] == sku)
    return told["sale"], told["rental"]


# What customers see


def test_a_bundle_is_free_as_far_as_its_scarcest_part_is(shop: Shop, cabin: Variant) -> None:
    assert free_of(shop, "CABIN-1") == (3, 2)


def test_a_bundle_tells_its_parts_the_one_that_holds_the_cat_first(shop: Shop, cabin: Variant) -> None:
    told = shop.phone().get(f"/api/v1/containers/{cabin.container.slug}").json()["variants"][0]

    assert [(part["sku"], part["quantity"], part["comes_back"]) for part in told["parts"]] == [
        ("CRATE-1", 1, True),
        ("BOWL-1", 1, True),
        ("PAD-1", 1, False),
    ]
    assert told["parts"][0]["title"] == shop.crate.title


def test_the_board_counts_a_bundle_day_by_day(shop: Shop, rented: Set) -> None:
    shop.order(rented(10, 12))

    board = shop.phone().get("/api/v1/availability", {
        "depot": "BER", "from": shop.day(9).isoformat(), "to": shop.day(14).isoformat(), "sku": ["CABIN-1"]
    }).json()  # fmt: skip

    [told] = board["variants"]
    assert (told["sale"], told["rental"]) == (3, [1, 1, 1, 1, 1, 2])  # and a day after each rental


def test_a_bundle_is_one_line_with_one_price_in_quote_and_order(shop: Shop, rented: Set) -> None:
    quote = shop.phone().post("/api/v1/quotes", shop.body(rented(10, 16)), format="json").json()
    order = shop.phone().post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key()).json()

    [quoted], [line] = quote["lines"], order["lines"]
    assert quoted["total"] == line["total"] == order["total"] == {"amount": 40_00, "currency": "EUR"}
    assert [part["sku"] for part in quoted["parts"]] == [part["sku"] for part in line["parts"]]
    assert len(line["rentals"]) == 1
    assert quoted["deposit"]["amount"] == 40_00


def test_parts_are_called_what_they_are_called_in_the_language_of_who_asks(shop: Shop, bought: Set) -> None:
    pad = Variant.objects.get(sku="PAD-1").container
    pad.i18n = {"name_de": "Unterlage"}
    pad.save()

    english = Variant.objects.get(sku="PAD-1").title

    def titles(language: str) -> list[str]:
        told = shop.phone().post(
            "/api/v1/quotes", shop.body(bought()), format="json", headers={"accept-language": language}
        )
        return [part["title"] for part in told.json()["lines"][0]["parts"] if part["sku"] == "PAD-1"]

    assert [titles("en"), titles("de"), titles("en")] == [
        [english],
        [english.replace(pad.name, "Unterlage")],
        [english],
    ]


def test_an_order_keeps_the_parts_that_it_was_sold_with(shop: Shop, cabin: Variant, bought: Set) -> None:
    quote = shop.quote(bought())
    BundlePart.objects.get(part__sku="PAD-1").delete()

    order = shop.place(quote)

    assert set(claimed(order)) == {"CRATE-1", "BOWL-1", "PAD-1"}


@pytest.mark.parametrize("kind", ["sale", "rental"])
def test_a_bundle_adds_no_statement_but_the_one_that_writes_its_parts(
    shop: Shop, rented: Set, bought: Set, kind: str
) -> None:
    def statements(*lines: LineRequest) -> tuple[int, int]:
        shop.quote(*lines)  # what the catalog says of them is known from then on
        with CaptureQueriesContext(connection) as quoting:
            quote = shop.quote(*lines)
        phone = shop.phone()
        with CaptureQueriesContext(connection) as placing:
            answer = phone.post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())
        assert answer.status_code == 201
        told = ([q["sql"] for q in captured if not q["sql"].startswith(CONTROL)] for captured in (quoting, placing))
        quoted, placed = (len(sqls) for sqls in told)
        return quoted, placed

    plain = statements(shop.sale() if kind == "sale" else shop.rental(40, 42))
    one = statements(bought() if kind == "sale" else rented(10, 12))
    two = statements(*(bought() for _ in range(2)) if kind == "sale" else (rented(20, 22), rented(30, 32)))

    assert one == two == (plain[0], plain[1] + 1)
    assert one[0] <= 8
    assert one[1] <= 20


# Never two customers for one thing


def test_the_inventory_system_holds_every_part(shop: Shop, rented: Set, bought: Set) -> None:
    order = shop.order(rented(), bought(2))

    assert {sku: sorted(rows) for sku, rows in claimed(order).items()} == {
        "CRATE-1": [("rental", 1, "held"), ("sale", 2, "held")],
        "BOWL-1": [("rental", 1, "held"), ("sale", 2, "held")],
        "PAD-1": [("sale", 1, "held"), ("sale", 2, "held")],
    }
    assert len(shop.claims_at_ims()) == 6


def test_a_bundle_and_its_part_alone_compete_for_the_same_units(shop: Shop, rented: Set) -> None:
    shop.order(shop.rental(10, 16, 3))

    with pytest.raises(OutOfStock) as no:
        shop.quote(rented(12, 13))

    [line] = no.value.members["lines"]
    assert (line["sku"], line["requested"], line["available"]) == ("CABIN-1", 1, 0)
    assert line["first_on"] == shop.day(12).isoformat()
    assert no.value.members["held_by_your_orders"]


def test_bundle_and_part_in_one_order_need_both(shop: Shop, rented: Set) -> None:
    with pytest.raises(OutOfStock):
        shop.quote(rented(10, 12, 2), shop.rental(10, 12, 2))

    shop.quote(rented(10, 12, 2), shop.rental(10, 12, 1))


def test_a_rental_needs_what_it_uses_up(shop: Shop, rented: Set) -> None:
    shop.ims.store.sell("PAD-1", "BER", 5)
    mirror_changes()

    with pytest.raises(OutOfStock) as no:
        shop.quote(rented())

    [line] = no.value.members["lines"]
    assert (line["sku"], line["kind"], line["available"]) == ("CABIN-1", "rental", 0)


def test_what_is_short_may_be_waited_for_as_many_as_all_parts_are_enough_for(shop: Shop, rented: Set) -> None:
    shop.order(rented(10, 12, 2), customer=UserFactory())
    body = {"sku": "CABIN-1", "depot": "BER", "mode": "rent", "currency": "EUR"}
    days = {"from": shop.day(10).isoformat(), "to": shop.day(12).isoformat()}

    refused = shop.phone().post("/api/v1/waitlist", {**body, **days, "quantity": 3}, format="json", headers=key())
    waits = shop.phone().post("/api/v1/waitlist", {**body, **days, "quantity": 2}, format="json", headers=key())

    assert (refused.status_code, waits.status_code) == (400, 201), (refused.content, waits.content)


def test_the_inventory_system_refuses_one_part_and_so_all_of_it(shop: Shop, rented: Set) -> None:
    quote = shop.quote(rented())
    for serial in ("BOWL-1-1", "BOWL-1-2"):
        shop.ims.store.set_unit(serial, status="maintenance")

    with pytest.raises(OrderRefused) as no:
        shop.place(quote)
    run_jobs()

    assert [line["sku"] for line in no.value.members["lines"]] == ["CABIN-1"]
    order = Order.objects.get()
    assert (order.status, balance(order.pk)) == (OrderStatus.CANCELLED, 0)
    assert {status for rows in claimed(order).values() for _, _, status in rows} == {"released"}
    assert shop.claims_at_ims() == []


def test_a_part_that_the_inventory_system_does_not_know_is_named_with_its_bundle(shop: Shop, rented: Set) -> None:
    bundle(shop.crate, used_up=[part := accessory(sku="STRAP-1")], sku="OURS-1")
    StockLevelFactory(variant=part, depot=shop.depot, on_hand=5)

    with pytest.raises(OrderRefused) as no:
        shop.place(shop.quote(replace(rented(), sku="OURS-1")))

    assert no.value.detail.startswith("The warehouse does not know STRAP-1 (a part of OURS-1) yet; ")
    assert [line["sku"] for line in no.value.members["lines"]] == ["OURS-1"]


# A bundle that is bought


def test_a_bundle_is_bought_packed_and_collected_as_one(shop: Shop, bought: Set) -> None:
    order = shop.paid(bought(2))
    line = line_of(order)
    prepare_sale(line_id=line.pk, actor=CLERK)
    deliver_sale(line_id=line.pk, actor=CLERK)
    run_jobs()
    mirror_changes()

    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)
    assert line_of(order).status == SaleStatus.COLLECTED
    assert dict(StockLevel.objects.values_list("variant__sku", "on_hand")) == {
        "BAG-1": 10, "CRATE-1": 2, "BOWL-1": 1, "PAD-1": 3
    }  # fmt: skip


def test_a_bundle_with_two_carriers_takes_two_of_each(shop: Shop, cabin: Variant) -> None:
    bowls = BundlePart.objects.get(part__sku="BOWL-1").part
    bundle(shop.crate, bowls, quantities=[2, 1], sku="PAIR-1")

    order = shop.order(LineRequest("rental", "PAIR-1", 1, shop.day(10), shop.day(12)), LineRequest("sale", "PAIR-1", 1))

    assert free_of(shop, "PAIR-1") == (1, 1)
    counts = {sku: sorted((kind, many) for kind, many, _ in rows) for sku, rows in claimed(order).items()}
    assert counts == {
        "CRATE-1": [("rental", 1), ("rental", 1), ("sale", 2)],
        "BOWL-1": [("rental", 1), ("sale", 1)],
    }
    with pytest.raises(OutOfStock):
        shop.quote(LineRequest("rental", "PAIR-1", 1, shop.day(10), shop.day(12)))


# A bundle that is rented


def test_a_rented_bundle_lives_as_one(shop: Shop, rented: Set) -> None:
    rental = ready(shop, rented(0, 3))
    serials = set(Reservation.objects.exclude(unit=None).values_list("unit__serial", flat=True))
    assert serials == {rental.unit.serial, "BOWL-1-1"}

    hand_over_rental(rental_id=rental.pk, actor=CLERK)
    run_jobs()
    assert sorted(told_by_ims(shop).values()) == ["available"] * 3 + ["out"] * 2
    assert free_of(shop, "CABIN-1") == (3, 1)

    take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A")
    close_rental(rental_id=rental.pk, actor=CLERK)
    run_jobs()
    mirror_changes()

    order = Order.objects.get()
    assert (order.status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)
    assert set(told_by_ims(shop).values()) == {"available"}
    assert StockLevel.objects.get(variant__sku="PAD-1").on_hand == 4  # used up
    assert not Unit.objects.exclude(status="available").exists()


def test_a_bundle_is_ready_only_when_every_part_has_a_unit(shop: Shop, rented: Set) -> None:
    rental = rental_of(shop.ready(rented(0, 3)))
    for serial in ("BOWL-1-1", "BOWL-1-2"):
        decide_unit(unit_id=Unit.objects.get(serial=serial).pk, event="break")

    with pytest.raises(UnitNotFree, match="BOWL-1"):
        prepare_rental(rental_id=rental.pk, actor=CLERK)

    rental.refresh_from_db()
    assert (rental.status, rental.unit) == (RentalStatus.BOOKED, None)
    assert not Reservation.objects.exclude(unit=None).exists()


def test_what_is_put_back_on_the_shelf_is_put_back_with_all_its_parts(shop: Shop, rented: Set) -> None:
    rental = ready(shop, rented())

    unprepare_rental(rental_id=rental.pk, actor=CLERK)

    assert not Reservation.objects.exclude(unit=None).exists()


def test_a_clerk_takes_another_unit_of_a_part(shop: Shop, rented: Set) -> None:
    rental = ready(shop, rented())
    part = LinePart.objects.get(sku="BOWL-1")
    [other] = {"BOWL-1-1", "BOWL-1-2"} - {part.reservation.unit.serial}

    choose_part(part_id=part.pk, actor=CLERK, serial=other)

    part.reservation.refresh_from_db()
    assert part.reservation.unit.serial == other
    hand_over_rental(rental_id=rental.pk, actor=CLERK)
    assert Unit.objects.get(serial=other).status == "out"


def test_a_part_that_breaks_while_it_stands_ready_is_chosen_anew(shop: Shop, rented: Set) -> None:
    rental = ready(shop, rented())
    part = LinePart.objects.get(sku="BOWL-1")
    broken = part.reservation.unit

    decide_unit(unit_id=broken.pk, event="break")
    run_jobs()

    part.reservation.refresh_from_db()
    rental.refresh_from_db()
    assert rental.status == RentalStatus.READY
    assert rental.unit_id == rental.reservation.unit_id
    assert part.reservation.unit not in (None, broken)

    decide_unit(unit_id=part.reservation.unit_id, event="break")
    run_jobs()
    rental.refresh_from_db()
    assert rental.status == RentalStatus.BOOKED  # to be prepared again, when a bowl is there
    assert choose_anew(reservation_id=part.reservation_id) is not None


def test_a_part_that_does_not_come_back_is_written_off_and_the_rest_is_taken_in(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))
    bowl = LinePart.objects.get(sku="BOWL-1").reservation.unit

    with pytest.raises(InvalidInput):
        take_back_rental(rental_id=rental.pk, actor=CLERK, condition="B", missing=[rental.unit.serial])
    take_back_rental(rental_id=rental.pk, actor=CLERK, condition="B", missing=[bowl.serial])
    close_rental(rental_id=rental.pk, actor=CLERK)
    run_jobs()

    told = told_by_ims(shop)
    assert (told[bowl.serial], told[rental.unit.serial]) == ("lost", "available")
    assert LinePart.objects.get(sku="BOWL-1").missing_at is not None
    assert Order.objects.get().events.get(event="take_back").note.startswith(f"condition B. without {bowl.serial}")


def test_every_part_that_comes_back_lasts_as_long(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    run_jobs()

    rows = Reservation.objects.filter(kind="rental")
    assert {row.period.upper for row in rows} == {shop.day(8)}
    assert {row.provider_period.upper for row in rows} == {shop.day(8)}


def test_a_bundle_lasts_no_longer_than_its_scarcest_part(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))
    shop.paid(rented(7, 9, 2), customer=UserFactory())  # both bowls

    [told] = extension_options(Order.objects.with_lines().get(pk=rental.line.order_id))
    with pytest.raises(ExtensionNotPossible):
        extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    extend_rental(rental_id=rental.pk, end_on=shop.day(5), actor=ME)

    assert told["latest_on"] == shop.day(5)


@pytest.mark.parametrize("is_out", [False, True])
def test_two_of_one_kind_last_as_long_as_there_are_two(shop: Shop, is_out: bool) -> None:
    pair = bundle(shop.crate, quantities=[2])
    line = LineRequest("rental", pair.sku, 1, shop.day(0), shop.day(3))
    rental = out(shop, line) if is_out else rental_of(shop.paid(line))
    shop.paid(shop.rental(7, 9, 2), customer=UserFactory())  # which leaves one

    [told] = extension_options(Order.objects.with_lines().get(pk=rental.line.order_id))
    with pytest.raises(ExtensionNotPossible) as refused:
        extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    extend_rental(rental_id=rental.pk, end_on=shop.day(5), actor=ME)

    assert told["latest_on"] == shop.day(5)
    assert refused.value.members["latest_on"] == shop.day(5).isoformat()


def test_the_options_of_bundles_cost_the_same_statements_however_many_there_are(shop: Shop, rented: Set) -> None:
    def statements(order: Order) -> int:
        order = Order.objects.with_lines().get(pk=order.pk)
        with CaptureQueriesContext(connection) as captured:
            extension_options(order)
        return len(captured)

    one = shop.paid(rented(10, 12))
    two = shop.paid(rented(20, 22), rented(30, 32))

    assert statements(one) == statements(two)


def test_a_bundle_moves_with_all_its_parts_or_not_at_all(shop: Shop, rented: Set) -> None:
    CancellationTier.objects.create(hours=24, percent=100)
    rental = rental_of(shop.paid(rented(10, 12)))
    shop.paid(rented(30, 32, 2), customer=UserFactory())

    with pytest.raises(OutOfStock, match="CABIN-1"):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(30), end_on=shop.day(31), actor=ME)
    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(22), actor=ME)

    mine = Reservation.objects.filter(rental=rental) | Reservation.objects.filter(line_part__rental=rental)
    assert {row.period.lower for row in mine if row.period} == {shop.day(20)}


def test_whoever_keeps_a_bundle_keeps_all_of_it(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))
    price = SaleOffer.objects.get(variant__sku="CABIN-1").price_minor

    keep_rental(rental_id=rental.pk, actor=ME)
    run_jobs()

    assert sorted(told_by_ims(shop).values()) == ["available"] * 3 + ["sold"] * 2
    charged = rental.charges.get(kind="keep").amount_minor
    assert charged == price - 28_00 // 2


def test_a_lost_bundle_is_written_off_with_all_its_parts(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))

    lose_rental(rental_id=rental.pk, actor=CLERK, note="left in a train", owed_minor=30_00)
    run_jobs()

    assert sorted(told_by_ims(shop).values()) == ["available"] * 3 + ["lost"] * 2


def test_a_cancelled_bundle_gives_every_part_back(shop: Shop, rented: Set, bought: Set) -> None:
    order = shop.paid(rented(), bought())

    cancel_order(order_id=order.pk, actor=ME)
    run_jobs()

    assert shop.claims_at_ims() == []
    assert free_of(shop, "CABIN-1") == (3, 2)


def test_a_bundle_that_is_called_off_gives_every_part_back(shop: Shop, rented: Set) -> None:
    order = shop.paid(rented(), shop.sale())

    call_off_rental(rental_id=rental_of(order).pk, actor=CLERK, note="the crates are recalled")
    run_jobs()

    assert set(at_ims(shop)) == {"BAG-1"}


def test_an_unpaid_bundle_lapses_with_every_part(shop: Shop, rented: Set) -> None:
    order = shop.order(rented())

    shop.lapse(order)

    assert free_of(shop, "CABIN-1") == (3, 2)


def test_a_bundle_that_nobody_came_for_is_free_again_with_every_part(shop: Shop, rented: Set) -> None:
    rental = rental_of(shop.paid(rented(1, 2)))

    with time_machine.travel(noon(shop, 4), tick=False):
        settle_no_show(rental_id=rental.pk)
        run_jobs()

    assert at_ims(shop) == {}


def test_an_accessory_is_sold_alone_when_it_is_offered(shop: Shop, cabin: Variant) -> None:
    assert "BOWL-1" not in str(shop.phone().get("/api/v1/containers", {"kind": "accessory"}).json())
    alone = VariantFactory(sku="LABEL-1", offered=True, container=Variant.objects.get(sku="BOWL-1").container)
    shop.ims.store.receive(alone.sku, "BER", 2)
    mirror_changes()

    shop.order(LineRequest("sale", "LABEL-1", 2))

    assert free_of(shop, "LABEL-1")[0] == 0


# Another container instead


def to_swap(order: Order) -> OrderLine:
    """Its line, of an order that fits its flight less well by now."""
    Order.objects.filter(pk=order.pk).update(fit_worse_at=timezone.now())
    return line_of(order)


@pytest.mark.parametrize("kind", ["sale", "rental"])
def test_a_bundle_that_is_swapped_gives_every_part_back(shop: Shop, rented: Set, bought: Set, kind: str) -> None:
    order = shop.paid(bought(2) if kind == "sale" else rented())
    VariantFactory(sku="OTHER-1", offered=True)
    shop.ims.store.receive("OTHER-1", "BER", 2)
    shop.ims.store.add_units("OTHER-1", "BER", ["OTHER-1-1"], "A")
    mirror_changes()

    swap_container(line_id=to_swap(order).pk, sku="OTHER-1", actor=CLERK, note="too long by now")
    run_jobs()

    assert set(at_ims(shop)) == {"OTHER-1"}
    assert not LinePart.objects.exists()
    assert order_answer(Order.objects.with_lines().get(pk=order.pk))["lines"][0]["parts"] == []


@pytest.mark.parametrize("kind", ["sale", "rental"])
def test_a_bundle_may_stand_in_for_another_container(shop: Shop, cabin: Variant, kind: str) -> None:
    order = shop.paid(shop.sale(2) if kind == "sale" else shop.rental(quantity=2))

    swap_container(line_id=to_swap(order).pk, sku="CABIN-1", actor=CLERK, note="too long by now")
    run_jobs()

    assert set(at_ims(shop)) == {"CRATE-1", "BOWL-1", "PAD-1"}
    many = {sku: sum(quantity for _, quantity, status in rows if status == "committed")
            for sku, rows in claimed(order).items()}  # fmt: skip
    assert many == {"CRATE-1": 2, "BOWL-1": 2, "PAD-1": 2}
    assert len(order_answer(Order.objects.with_lines().get(pk=order.pk))["lines"][0]["parts"]) == 3


# Whoever waits


def test_who_waits_for_a_bundle_is_not_overtaken_by_who_waits_for_a_part(shop: Shop, rented: Set) -> None:
    first, second = UserFactory(), UserFactory()
    holder = shop.order(rented(10, 12, 2), shop.rental(10, 12), customer=UserFactory())
    body = {"depot": "BER", "mode": "rent", "currency": "EUR", "quantity": 1}
    days = {"from": shop.day(10).isoformat(), "to": shop.day(12).isoformat()}
    for who, sku in ((first, "CABIN-1"), (second, "CRATE-1")):
        answer = shop.phone(who).post("/api/v1/waitlist", {**body, **days, "sku": sku}, format="json", headers=key())
        assert answer.status_code == 201, answer.content
    shop.ims.store.set_unit("BOWL-1-1", status="maintenance")
    shop.ims.store.set_unit("BOWL-1-2", status="maintenance")
    mirror_changes()
    cancel_order(order_id=holder.pk, actor=ME)

    assert next_in_line() == []  # crates are free, and the first in line still lacks a bowl

    shop.ims.store.set_unit("BOWL-1-1", status="available")
    mirror_changes()
    assert [entry.customer for entry in next_in_line()] == [first, second]


def test_who_waits_to_rent_a_bundle_is_not_overtaken_by_who_waits_to_buy_what_it_uses_up(
    shop: Shop, rented: Set
) -> None:
    pad = Variant.objects.get(sku="PAD-1")
    SaleOfferFactory(variant=pad)
    ApprovalFactory(variant=pad)
    Container.objects.filter(pk=pad.container_id).update(published=True)
    first, second = UserFactory(), UserFactory()
    holder = shop.order(LineRequest("sale", "PAD-1", 5), customer=UserFactory())
    asked = {"depot": "BER", "currency": "EUR", "quantity": 1}
    days = {"from": shop.day(10).isoformat(), "to": shop.day(12).isoformat()}
    for who, wish in ((first, {"sku": "CABIN-1", "mode": "rent", **days}), (second, {"sku": "PAD-1", "mode": "buy"})):
        answer = shop.phone(who).post("/api/v1/waitlist", {**asked, **wish}, format="json", headers=key())
        assert answer.status_code == 201, answer.content
    for bowl in ("BOWL-1-1", "BOWL-1-2"):
        shop.ims.store.set_unit(bowl, status="maintenance")
    mirror_changes()
    cancel_order(order_id=holder.pk, actor=ME)

    assert next_in_line() == []

    shop.ims.store.set_unit("BOWL-1-1", status="available")
    mirror_changes()
    assert [entry.customer for entry in next_in_line()] == [first, second]
