"""Counts by day, and the short lists: depots and categories."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.models import Kind
from inventory.models import Depot
from tests.factories.catalog import (
    ContainerFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
    accessory,
    bundle,
)
from tests.factories.inventory import (
    DepotClosureFactory,
    DepotFactory,
    ReservationFactory,
)
from tests.inventory.catalog_api.asking import LIST, TODAY, Get, day, days, free, pointers

pytestmark = pytest.mark.django_db


def test_a_calendar_tells_each_day_what_can_be_had(get: Get, depot: Depot, pool: Any):
    ReservationFactory(variant=pool, depot=depot, rental=(day(5), day(8)), committed=True)
    DepotClosureFactory(depot=depot, start_on=TODAY + timedelta(days=2), end_on=TODAY + timedelta(days=3))

    shown = get(f"{LIST}/pool/calendar", depot="BER", **days(1, 10))

    assert (shown["depot"], shown["from"], shown["to"]) == ("BER", day(1), day(10))
    assert shown["closed"] == [day(2), day(3)]
    [variant] = shown["variants"]
    assert (variant["sku"], variant["sale"]) == ("POO-ONE", None)  # it is only for rent
    # blocked from day 5 to 7; two days of turnaround must lie before, one of preparation after
    assert variant["rental"] == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]


def test_what_is_not_rented_or_not_sold_is_told_apart_from_what_is_all_gone(get: Get, depot: Depot):
    lead = VariantFactory(sku="BAG", approved=True, container__slug="bag")
    SaleOfferFactory(variant=lead)
    whole = bundle(lead, accessory(sku="BOWL"), sku="SET", container__slug="set", offered=False, approved=True)
    SaleOfferFactory(variant=whole)
    RentalOfferFactory(variant=VariantFactory(sku="CRATE", approved=True))

    board = get("/api/v1/availability", depot="BER", sku=["BAG", "SET", "CRATE"], **days(1, 2))

    assert {one["sku"]: (one["sale"], one["rental"]) for one in board["variants"]} == {
        "BAG": (0, None), "SET": (0, None), "CRATE": (None, [0, 0]),
    }  # fmt: skip
    for slug in ("bag", "set"):
        [shown] = get(f"{LIST}/{slug}/calendar", depot="BER", **days(1, 2))["variants"]
        assert (shown["sale"], shown["rental"]) == (0, None)


def test_the_calendar_agrees_with_the_list_for_every_run_of_days(get: Get, depot: Depot, pool: Any):
    ReservationFactory(variant=pool, depot=depot, rental=(day(4), day(6)), committed=True)
    [variant] = get(f"{LIST}/pool/calendar", depot="BER", **days(0, 9))["variants"]

    for first in range(0, 10, 3):
        for last in range(first, 10, 3):
            assert free(get(LIST, **days(first, last))) == min(variant["rental"][first : last + 1])


def test_days_on_which_a_depot_never_opens_are_closed(get: Get, pool: Any):
    DepotFactory(code="NEVER", time_zone="UTC", opening_days=[])

    assert get(f"{LIST}/pool/calendar", depot="NEVER", **days(0, 2))["closed"] == [day(0), day(1), day(2)]


def test_a_board_answers_for_many_variants_and_names_those_it_does_not_know(get: Get, depot: Depot, pool: Any):
    VariantFactory(sku="HID-DEN")

    board = get("/api/v1/availability", depot="BER", sku=["POO-ONE", "HID-DEN", "NO-SUCH"], **days(1, 3))

    assert [variant["sku"] for variant in board["variants"]] == ["POO-ONE"]
    assert board["variants"][0]["rental"] == [1, 1, 1]
    assert board["unknown"] == ["HID-DEN", "NO-SUCH"]


@pytest.mark.parametrize("count", [1, 60])
def test_calendar_and_board_do_not_grow_with_what_they_show(
    get: Get, depot: Depot, count: int, django_assert_max_num_queries: Any
):
    container = ContainerFactory(slug="many")
    many = [variant.sku for variant in VariantFactory.create_batch(count, container=container, offered=True)]

    with django_assert_max_num_queries(3):
        assert len(get(f"{LIST}/many/calendar", depot="BER", **days(1, 120))["variants"]) == count
    with django_assert_max_num_queries(3):
        assert len(get("/api/v1/availability", depot="BER", sku=many, **days(1, 90))["variants"]) == count


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("containers/pool/calendar", {}, ["#/depot", "#/from", "#/to"]),
        ("containers/pool/calendar", {"depot": "BER", **days(1, 121)}, ["#/to"]),
        ("containers/pool/calendar", {"depot": "X", **days(1, 2)}, ["#/depot"]),
        ("containers/pool/calendar", {"depot": "BER", **days(350, 367)}, ["#/to"]),
        ("containers/pool/calendar", {"depot": "BER", **days(-1, 2)}, ["#/from"]),
        ("containers/pool/calendar", {"depot": "BER", "from": "9999-12-30", "to": "9999-12-31"}, ["#/to"]),
        ("availability", {"depot": "BER", "sku": "A", "from": "9999-12-31", "to": "9999-12-31"}, ["#/to"]),
        ("availability", {"depot": "BER", **days(1, 2)}, ["#/sku"]),
        ("availability", {"depot": "BER", "sku": "A", **days(1, 91)}, ["#/to"]),
        ("availability", {"depot": "BER", "sku": ["A"] * 201, **days(1, 2)}, ["#/sku"]),
        ("depots", {"city": "Berlin"}, ["#/city"]),
        ("categories", {"currency": "?"}, ["#/currency"]),
    ],
)
@pytest.mark.usefixtures("pool")
def test_questions_that_are_too_wide_or_too_vague_are_refused(
    get: Get, path: str, query: dict[str, Any], wrong: list[str]
):
    assert sorted(pointers(get(f"/api/v1/{path}", status=400, **query))) == wrong


def test_depots_are_listed_with_their_days_and_coming_closures(get: Get, django_assert_num_queries: Any):
    open_one = DepotFactory(code="BER", name="Berlin Airport", opening_days=[1, 2, 3])
    DepotFactory(code="OLD", active=False)
    DepotClosureFactory(depot=open_one, start_on=TODAY - timedelta(days=9), end_on=TODAY - timedelta(days=8))
    DepotClosureFactory(depot=open_one, start_on=TODAY, end_on=TODAY, reason="Stocktaking")

    with django_assert_num_queries(2):
        [shown] = get("/api/v1/depots")["results"]

    assert (shown["code"], shown["opening_days"], shown["time_zone"]) == ("BER", [1, 2, 3], "Europe/Berlin")
    assert shown["closures"] == [{"from": day(0), "to": day(0), "reason": "Stocktaking"}]


def test_categories_count_what_can_be_had(get: Get, depot: Depot, django_assert_num_queries: Any):
    VariantFactory(offered=True, container__kind=Kind.SOFT)
    VariantFactory(offered=True, container__kind=Kind.SOFT, container__published=False)
    VariantFactory(approved=True, container__kind=Kind.HARD)

    with django_assert_num_queries(1):
        shown = get("/api/v1/categories")["results"]

    assert shown[0] == {"kind": "soft", "label": "Soft bag", "containers": 1}
    assert [(category["kind"], category["containers"]) for category in shown[1:]] == [
        (kind, 0) for kind in Kind.values[1:]
    ]
