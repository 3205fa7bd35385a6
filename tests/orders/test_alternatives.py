"""A no that helps: what is short, when, where and what else, whose order holds it. Quotes and orders alike."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Kind, RentalOffer, Variant
from inventory.models import Depot, Reservation
from orders.models import Order
from orders.services import LineRequest
from tests.factories.accounts import UserFactory
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)
from tests.factories.inventory import (
    DepotClosureFactory,
    DepotFactory,
    ReservationFactory,
    StockLevelFactory,
    UnitFactory,
)
from tests.jobs import run_jobs
from tests.shop import Shop, key


def refused(shop: Shop, *lines: LineRequest, **more: Any) -> Any:
    """What a quote that cannot be had answers."""
    answer = shop.phone().post("/api/v1/quotes", shop.body(*lines, **more), format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock"), answer.json()
    return answer.json()


def alternatives(shop: Shop, *lines: LineRequest) -> Any:
    [line] = refused(shop, *lines)["lines"]
    return line["alternatives"]


def book(shop: Shop, first: int, end: int, units: int = 3, **fields: Any) -> None:
    """So many units gone, half open, buffers inside."""
    days = (shop.day(first), shop.day(end))
    ReservationFactory.create_batch(units, variant=shop.crate, depot=shop.depot, rental=days, committed=True, **fields)


def starts(shop: Shop, found: Any) -> list[int]:
    """The first days of alternatives, counted from those of today."""
    return [(date.fromisoformat(one["first_on"]) - shop.today).days for one in found["dates"]]


@pytest.fixture
def munich(shop: Shop) -> Depot:
    """Another depot, with twenty to buy and four to rent."""
    depot: Depot = DepotFactory(code="MUC")
    StockLevelFactory(variant=shop.bag, depot=depot, on_hand=20)
    UnitFactory.create_batch(4, variant=shop.crate, depot=depot)
    return depot


# What is short


def test_a_shortage_is_told_in_the_days_that_the_customer_asked_for(shop: Shop) -> None:
    RentalOffer.objects.filter(variant=shop.crate).update(prep_days=2, turnaround_days=3)

    [line] = refused(shop, shop.rental(10, 12, quantity=4))["lines"]

    assert {name: line[name] for name in line if name not in ("alternatives", "waitlist")} == {
        "sku": "CRATE-1",
        "depot": "BER",
        "kind": "rental",
        "requested": 4,
        "available": 3,
        "first_on": shop.day(10).isoformat(),
        "last_on": shop.day(12).isoformat(),
    }


def test_every_short_line_has_its_own_alternatives(shop: Shop, munich: Depot) -> None:
    bag, crate = refused(shop, shop.sale(12), shop.rental(10, 12, quantity=4))["lines"]

    assert (bag["first_on"], bag["alternatives"]["dates"]) == (None, [])
    assert bag["alternatives"]["depots"] == [{"depot": "MUC", "available": 20}]
    assert crate["alternatives"]["depots"] == [{"depot": "MUC", "available": 4}]


def test_an_order_is_refused_with_the_same_words_as_a_quote(shop: Shop, munich: Depot) -> None:
    quote = shop.quote(shop.sale(10))
    shop.order(shop.sale(1), customer=UserFactory())
    expected = refused(shop, shop.sale(10))

    answer = shop.phone().post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())

    assert (answer.status_code, answer.json()) == (409, expected)
    assert expected["lines"][0]["alternatives"]["depots"] == [{"depot": "MUC", "available": 20}]


def test_the_warehouses_no_has_the_same_shape(shop: Shop, munich: Depot) -> None:
    quote = shop.quote(shop.rental(10, 12), shop.sale(10))
    shop.ims.store.sell("BAG-1", "BER", 3)

    answer = shop.phone().post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())

    assert answer.json()["lines"] == [
        {
            "sku": "BAG-1",
            "depot": "BER",
            "kind": "sale",
            "requested": 10,
            "available": 7,
            "first_on": None,
            "last_on": None,
            "alternatives": {"dates": [], "depots": [{"depot": "MUC", "available": 20}], "containers": []},
            "waitlist": {
                "href": "/api/v1/waitlist",
                "body": {"sku": "BAG-1", "depot": "BER", "mode": "buy", "quantity": 10, "currency": "EUR"},
            },
        }
    ]
    assert answer.json()["held_by_your_orders"] == []


def place(shop: Shop, *lines: Any) -> Any:
    quote = shop.quote(*lines)
    return shop.phone().post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())


@pytest.mark.parametrize("kind", ["sale", "rental"])
def test_what_the_warehouse_does_not_know_is_named_and_only_another_container_is_told(
    shop: Shop, munich: Depot, kind: str
) -> None:
    ours = VariantFactory(sku="OURS-1", offered=True)
    for depot in (shop.depot, munich):
        StockLevelFactory(variant=ours, depot=depot, on_hand=5)
        UnitFactory.create_batch(2, variant=ours, depot=depot)
    line = replace(shop.rental(10, 12) if kind == "rental" else shop.sale(), sku="OURS-1")

    answer = place(shop, shop.sale(), line)

    told = answer.json()
    assert told["detail"] == ("The warehouse does not know OURS-1 yet; nothing was charged. Please choose another.")
    [short] = told["lines"]
    assert (short["sku"], short["kind"], short["requested"], short["available"]) == ("OURS-1", kind, 1, 0)
    assert (short["alternatives"]["dates"], short["alternatives"]["depots"], short["waitlist"]) == ([], [], None)
    assert "OURS-1" in Order.objects.get().events.get(event="refuse").note
    run_jobs()
    assert shop.claims_at_ims() == []


def test_a_unit_that_exists_only_here_is_no_reason_to_say_that_somebody_was_quicker(shop: Shop) -> None:
    StockLevelFactory(variant=(ours := VariantFactory(sku="OURS-1", offered=True)), depot=shop.depot, on_hand=5)
    UnitFactory(variant=ours, depot=shop.depot)
    shop.ims.store.receive("OURS-1", "BER", 5)

    told = place(shop, replace(shop.rental(10, 12), sku="OURS-1")).json()

    assert told["detail"] == "The warehouse has none of OURS-1 free for this; nothing was charged."
    assert [(line["sku"], line["available"]) for line in told["lines"]] == [("OURS-1", 0)]


# Other days


def test_the_nearest_days_for_as_long_are_offered_before_and_after(shop: Shop) -> None:
    book(shop, 10, 15)  # a rental of three days blocks four: it fits before it until day 6, and from day 15 on

    found = alternatives(shop, shop.rental(11, 13))

    assert starts(shop, found) == [15, 6, 16, 5, 17]
    assert all(
        date.fromisoformat(one["last_on"]) - date.fromisoformat(one["first_on"]) == timedelta(days=2)
        for one in found["dates"]
    )


def test_days_two_weeks_away_are_offered_and_none_beyond(shop: Shop) -> None:
    book(shop, 0, 34)
    assert starts(shop, alternatives(shop, shop.rental(20, 21))) == [34]

    book(shop, 34, 35)
    assert starts(shop, alternatives(shop, shop.rental(20, 21))) == []


def test_no_day_that_is_over_is_offered(shop: Shop) -> None:
    book(shop, 1, 40)

    assert starts(shop, alternatives(shop, shop.rental(2, 2))) == []


def test_no_day_is_offered_that_is_too_far_ahead(shop: Shop) -> None:
    book(shop, 350, 360)

    assert starts(shop, alternatives(shop, shop.rental(355, 360))) == [360, 361, 343, 342, 341]


def test_no_rental_is_offered_that_would_begin_or_end_on_a_closed_day(shop: Shop) -> None:
    book(shop, 10, 15)
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(15), end_on=shop.day(15))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(7), end_on=shop.day(7))

    assert starts(shop, alternatives(shop, shop.rental(11, 13))) == [6, 16, 17, 4, 18]


def test_days_must_have_room_for_all_that_was_asked(shop: Shop) -> None:
    book(shop, 10, 15)
    book(shop, 15, 30, units=1)

    assert starts(shop, alternatives(shop, shop.rental(11, 13, quantity=3))) == [6, 5, 4, 3, 2]


def test_what_else_is_asked_for_in_the_same_request_is_not_offered_again(shop: Shop) -> None:
    book(shop, 10, 15, units=3)

    found = alternatives(shop, shop.rental(11, 13), shop.rental(15, 17, quantity=3))

    assert starts(shop, found) == [6, 5, 4, 3, 19]


# Other depots


def test_a_depot_that_is_closed_gone_or_has_less_is_not_offered(shop: Shop, munich: Depot) -> None:
    for code, units, fields in (("FEW", 3, {}), ("GONE", 9, {"active": False}), ("SHUT", 9, {"opening_days": []})):
        UnitFactory.create_batch(units, variant=shop.crate, depot=DepotFactory(code=code, **fields))
    DepotClosureFactory(
        depot=UnitFactory.create_batch(5, variant=shop.crate, depot=DepotFactory(code="HOL"))[0].depot,
        start_on=shop.day(12),
        end_on=shop.day(12),
    )

    assert alternatives(shop, shop.rental(10, 12, quantity=4))["depots"] == [{"depot": "MUC", "available": 4}]


def test_the_depot_with_most_comes_first(shop: Shop, munich: Depot) -> None:
    UnitFactory.create_batch(6, variant=shop.crate, depot=DepotFactory(code="HAM"))

    found = alternatives(shop, shop.rental(10, 12, quantity=4))["depots"]

    assert [one["depot"] for one in found] == ["HAM", "MUC"]


# Other containers


def large(shop: Shop, sku: str, *, units: int = 2, length: int = 430, **fields: Any) -> Variant:
    """Something larger to rent at Berlin for 9.00 a day."""
    sizes = {"inner_length_mm": length, "outer_length_mm": length + 20}
    variant: Variant = VariantFactory(sku=sku, approved=True, **sizes, **fields)
    RentalOfferFactory(variant=variant)
    UnitFactory.create_batch(units, variant=variant, depot=shop.depot)
    return variant


def test_what_fits_as_well_is_offered_with_its_price_the_closest_size_first(shop: Shop) -> None:
    book(shop, 10, 15)
    container = ContainerFactory(slug="nimbus", brand="Pawline", name="Nimbus")
    large(shop, "LARGE", length=440)
    large(shop, "SAME", length=420, container=container, colour="sand", units=3)

    found = alternatives(shop, shop.rental(11, 13))["containers"]

    assert [one["sku"] for one in found] == ["SAME", "LARGE"]
    assert found[0] == {
        "sku": "SAME",
        "container": "nimbus",
        "title": "Pawline Nimbus, M sand",
        "price": {"amount": 2700, "currency": "EUR"},
        "available": 3,
    }


def test_what_does_not_fit_is_not_offered_or_cannot_be_had_is_left_out(shop: Shop) -> None:
    book(shop, 10, 15)
    large(shop, "SMALLER", length=410)
    large(shop, "LOWER", inner_height_mm=230)
    large(shop, "OTHER-KIND", container__kind=Kind.AIRLINE_CRATE)
    large(shop, "HIDDEN", container__published=False)
    ApprovalFactory(variant=large(shop, "REFUSED"), refused=True, approved_on="2026-06-01")
    large(shop, "ELSEWHERE").units.update(depot=DepotFactory())
    RentalOffer.objects.filter(variant=large(shop, "FRANCS")).update(currency="CHF")
    RentalOffer.objects.filter(variant=large(shop, "LONGER")).update(min_days=4)
    RentalOffer.objects.filter(variant=large(shop, "CLEANED-LONG")).update(turnaround_days=9)
    ReservationFactory.create_batch(
        2, variant=Variant.objects.get(sku="CLEANED-LONG"), depot=shop.depot, rental=(shop.day(20), shop.day(22))
    )
    to_buy = VariantFactory(sku="TO-BUY", approved=True)
    SaleOfferFactory(variant=to_buy)
    UnitFactory(variant=to_buy, depot=shop.depot)

    assert alternatives(shop, shop.rental(11, 13))["containers"] == []


def test_to_buy_something_else_its_price_is_told(shop: Shop) -> None:
    other = VariantFactory(sku="OTHER", approved=True)
    SaleOfferFactory(variant=other, price_minor=7700)
    StockLevelFactory(variant=other, depot=shop.depot, on_hand=11)

    [found] = alternatives(shop, shop.sale(11))["containers"]

    assert (found["sku"], found["price"]["amount"], found["available"]) == ("OTHER", 7700, 11)


def test_at_most_five_of_each_are_offered(shop: Shop) -> None:
    for n in range(8):
        large(shop, f"LARGE-{n}", units=4)

    found = alternatives(shop, shop.rental(40, 42, quantity=4))

    assert len(found["containers"]) == 5


# One's own order


def test_the_customers_own_unpaid_order_is_named(shop: Shop) -> None:
    order = shop.order(shop.rental(10, 12, quantity=3))

    answer = refused(shop, shop.rental(12, 14))

    assert answer["held_by_your_orders"] == [order.number]
    assert order.number in answer["detail"]


def test_a_retry_after_a_failed_payment_finds_the_order_that_can_still_be_paid(shop: Shop) -> None:
    first, second = shop.quote(shop.sale(10)), shop.quote(shop.sale(10))
    phone = shop.phone()
    number = phone.post("/api/v1/orders", {"quote": str(first.pk)}, format="json", headers=key()).json()["number"]
    shop.pay(Order.objects.get(), card="pm_card_chargeDeclined")

    answer = phone.post("/api/v1/orders", {"quote": str(second.pk)}, format="json", headers=key())

    assert answer.json()["held_by_your_orders"] == [number]
    assert phone.post(f"/api/v1/orders/{number}/payment", {}, format="json", headers=key()).status_code in {200, 201}


@pytest.mark.parametrize("case", ["a stranger's", "other days", "another thing", "paid", "lapsed", "cancelled"])
def test_no_order_is_named_that_does_not_hold_what_is_short(shop: Shop, case: str) -> None:
    if case == "a stranger's":
        shop.order(shop.rental(10, 12, quantity=3), customer=UserFactory())
    elif case == "other days":
        shop.order(shop.rental(30, 32, quantity=3))
    elif case == "another thing":
        shop.order(shop.sale(10))
    elif case == "paid":
        shop.paid(shop.rental(10, 12, quantity=3))
    elif case == "lapsed":
        shop.order(shop.rental(10, 12, quantity=3))
        Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        number = shop.order(shop.rental(10, 12)).number
        shop.phone().post(f"/api/v1/orders/{number}/cancel", {}, format="json", headers=key())

    assert refused(shop, shop.rental(10, 12, quantity=4))["held_by_your_orders"] == []


# What is offered can be had


def test_every_alternative_can_be_ordered(shop: Shop, munich: Depot) -> None:
    book(shop, 10, 15)
    large(shop, "LARGE")
    found = alternatives(shop, shop.rental(11, 13))
    dates = [shop.body(LineRequest("rental", "CRATE-1", 1, one["first_on"], one["last_on"])) for one in found["dates"]]
    depots = [shop.body(shop.rental(11, 13), depot=one["depot"]) for one in found["depots"]]
    containers = [
        shop.body(LineRequest("rental", one["sku"], 1, shop.day(11), shop.day(13))) for one in found["containers"]
    ]

    answers = [shop.phone().post("/api/v1/quotes", body, format="json") for body in dates + depots + containers]

    assert [answer.status_code for answer in answers] == [201] * 7
    assert answers[-1].json()["total"] == found["containers"][0]["price"]


def test_an_order_remembers_the_days_for_cleaning_at_the_end_of_its_rental(shop: Shop) -> None:
    RentalOffer.objects.filter(variant=shop.crate).update(prep_days=1, turnaround_days=3)

    shop.order(shop.rental(10, 12))

    claim = Reservation.objects.get()
    assert (claim.period.lower, claim.period.upper) == (shop.day(9), shop.day(16))
    assert claim.turnaround_days == 3


# What it costs


class Depths:
    """How deep in transactions each statement is run."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append((len(connection.savepoint_ids), sql))
        return execute(sql, params, many, context)


@pytest.fixture
def plenty(shop: Shop) -> list[LineRequest]:
    """Ten things to rent that are short, each with a dozen others of its size, at a dozen depots."""
    depots = DepotFactory.create_batch(12)
    lines = []
    for n in range(10):
        variant = large(shop, f"SHORT-{n}", units=0, length=600 + n, container__kind=Kind.HARD)
        for depot in depots:
            UnitFactory(variant=variant, depot=depot)
        lines.append(LineRequest("rental", variant.sku, 1, shop.day(10), shop.day(12 + n)))
    for n in range(12):
        large(shop, f"LARGE-{n}", length=700, container__kind=Kind.HARD)
    return lines


def statements_of_a_no(shop: Shop, lines: list[LineRequest]) -> int:
    phone, body = shop.phone(), shop.body(*lines)
    with CaptureQueriesContext(connection) as captured:
        answer = phone.post("/api/v1/quotes", body, format="json")
    assert len(answer.json()["lines"]) == len(lines)
    assert all(line["alternatives"]["containers"] for line in answer.json()["lines"])
    return len(captured)


def test_a_no_costs_the_same_few_statements_however_much_is_short(shop: Shop, plenty: list[LineRequest]) -> None:
    """Four for the price, counts, two for names, and five for what could be had instead."""
    assert statements_of_a_no(shop, plenty[:1]) == statements_of_a_no(shop, plenty) == 12


def test_alternatives_are_sought_when_the_transaction_has_ended(shop: Shop) -> None:
    quote, depths = shop.quote(shop.sale(10)), Depths()
    shop.order(shop.sale(1), customer=UserFactory())
    outside = len(connection.savepoint_ids)

    with connection.execute_wrapper(depths):
        shop.phone().post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())

    counted = [depth for depth, sql in depths.seen if "WITH pool" in sql]
    assert counted[0] > outside  # the refusal, under the lock of the pools
    assert counted[1:] == [outside]
    assert not [sql for depth, sql in depths.seen if depth == outside and "FOR UPDATE" in sql]
