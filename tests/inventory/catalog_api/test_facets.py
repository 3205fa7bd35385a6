"""What each further filter would leave, by the same filters as the list."""

from typing import Any

import pytest
from django.utils import timezone

from catalog.facets import MOST_COUNTED
from catalog.models import Airline, Approval, CabinRule, HoldRule, Kind, SaleOffer, Variant
from inventory.models import Depot
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)
from tests.factories.inventory import ReservationFactory, StockLevelFactory, UnitFactory
from tests.inventory.catalog_api.asking import LIST, Get, day, days, names, pointers

pytestmark = pytest.mark.django_db
FACETS = f"{LIST}/facets"


def sold(name: str, sku: str, price: int, size: str = "M", kind: Kind = Kind.SOFT, **variant: Any) -> Variant:
    container = ContainerFactory(name=name, slug=sku.lower(), kind=kind)
    made: Variant = VariantFactory(container=container, sku=sku, size=size, approved=True, **variant)
    SaleOfferFactory(variant=made, price_minor=price)
    return made


OUTSIDE = ("outer_length_mm", "outer_width_mm", "outer_height_mm")


def outside(*measures: int) -> dict[str, int]:
    return dict(zip(OUTSIDE, measures, strict=True)) | {
        name.replace("outer", "inner"): side - 10 for name, side in zip(OUTSIDE, measures, strict=True)
    }


@pytest.fixture
def range_of_four(depot: Depot) -> dict[str, Variant]:
    """Small and large bags, a backpack, and a crate that no seat has room for; one airline for cabin and hold."""
    how = {"source": "https://air.example", "checked_on": timezone.now().date(), "trust": "good"}
    how["valid_from"] = timezone.now().date()
    air = Airline.objects.create(code="ZZ", name="Zephyr")
    CabinRule.objects.create(airline=air, length_mm=460, width_mm=280, height_mm=280, **how)
    HoldRule.objects.create(airline=air, **how)
    return {
        "alma": sold("Alma", "ALM-S", 2990, "S", **outside(400, 250, 230)),
        "bora": sold("Bora", "BOR-L", 4990, "L", **outside(520, 300, 300)),
        "cora": sold("Cora", "COR-M", 8990, "M", Kind.BACKPACK, **outside(280, 450, 280)),
        "dora": sold("Dora", "DOR-L", 12990, "L", Kind.AIRLINE_CRATE, **outside(600, 400, 400)),
    }


def counts(answer: Any) -> tuple[dict[str, int], dict[str, int], dict[str, int], dict[int, int]]:
    return (
        {one["kind"]: one["containers"] for one in answer["kinds"] if one["containers"]},
        {one["size"]: one["containers"] for one in answer["sizes"]},
        {one["ready"]: one["containers"] for one in answer["ready"]},
        {one["min_price"]["amount"]: one["containers"] for by_mode in answer["price"] for one in by_mode["steps"]},
    )


PRICES = {2000: 1, 4000: 1, 8000: 1, 12000: 1}
KINDS = {"soft": 2, "backpack": 1, "airline_crate": 1}
SIZES = {"L": 2, "M": 1, "S": 1}
NOT_READY = {"cabin": 0, "hold": 0}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (KINDS, SIZES, {"cabin": 2, "hold": 1}, PRICES)),
        ({"kind": "soft"}, (KINDS, {"L": 1, "S": 1}, {"cabin": 1, "hold": 0}, {2500: 1, 4500: 1})),
        ({"size": "L"}, ({"soft": 1, "airline_crate": 1}, SIZES, {"cabin": 0, "hold": 1}, {4000: 1, 12000: 1})),
        (
            {"ready": "cabin"},
            ({"soft": 1, "backpack": 1}, {"M": 1, "S": 1}, {"cabin": 2, "hold": 1}, {2000: 1, 8000: 1}),
        ),
        (
            {"min_price": 4000, "max_price": 9000},
            ({"soft": 1, "backpack": 1}, {"L": 1, "M": 1}, {"cabin": 1, "hold": 0}, PRICES),
        ),
        ({"search": "bora"}, ({"soft": 1}, {"L": 1}, NOT_READY, {4990: 1})),
        ({"mode": "rent"}, ({}, {}, NOT_READY, {})),
        ({"kind": "soft", "size": "M"}, ({"backpack": 1}, {"L": 1, "S": 1}, NOT_READY, {})),
    ],
)
@pytest.mark.usefixtures("range_of_four")
def test_each_facet_counts_with_all_filters_but_its_own(get: Get, query: dict[str, Any], expected: Any):
    answer = get(FACETS, **query)

    assert counts(answer) == expected
    assert answer["containers"] == len(get(LIST, **query)["results"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"size": ["S", "M"]}, ["Alma", "Cora"]),
        ({"min_price": 4990}, ["Bora", "Cora", "Dora"]),
        ({"ready": "cabin"}, ["Alma", "Cora"]),  # a footprint may be turned
        ({"ready": "hold"}, ["Dora"]),
        ({"ready": ["cabin", "hold"]}, ["Alma", "Cora", "Dora"]),
        ({"ready": "cabin", "airline": "ZZ", "cabin": "business"}, ["Alma", "Cora"]),
    ],
)
@pytest.mark.usefixtures("range_of_four")
def test_the_list_takes_the_same_filters(get: Get, query: dict[str, Any], expected: list[str]):
    assert names(get(LIST, **query)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"checked_on": "2020-01-01"},
        {"trust": "uncertain"},
        {"trust": "low"},
        {"allowed": False},
        {"height_mm": None},
        {"height_mm": 200},
        {"sum_mm": 700},
        {"weight_g": 60},
        {"shell": "hard"},
        {"valid_from": "2999-01-01"},
        {"cabin": "first"},
    ],
)
@pytest.mark.usefixtures("range_of_four")
def test_only_what_a_rule_plainly_takes_is_ready(get: Get, change: dict[str, Any]):
    CabinRule.objects.update(**change)

    assert names(get(LIST, ready="cabin", airline="ZZ")) == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"ready": "moon"}, "#/ready"),
        ({"size": "x" * 21}, "#/size/0"),
        ({"size": "XXL"}, "#/size/0"),
        ({"min_price": -1}, "#/min_price"),
        ({"min_price": 2, "max_price": 1}, "#/max_price"),
        ({"airline": "QQ"}, "#/airline"),
        ({"depot": "NOWHERE"}, "#/depot"),
        ({"ordering": "name"}, "#/ordering"),
        ({"cursor": "x"}, "#/cursor"),
        ({"search": "x" * 101}, "#/search"),
    ],
)
@pytest.mark.usefixtures("depot")
def test_what_makes_no_sense_is_refused(get: Get, query: dict[str, Any], pointer: str):
    assert pointers(get(FACETS, status=400, **query)) == [pointer]


@pytest.mark.parametrize("path", [LIST, FACETS])
@pytest.mark.usefixtures("range_of_four")
def test_a_size_that_nothing_has_is_refused_naming_those_there_are(get: Get, path: str):
    VariantFactory(container__published=False, size="SECRET", approved=True)

    refused = get(path, status=400, size=["M", "m", "SECRET"])

    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [
        ("#/size/1", "unknown"),
        ("#/size/2", "unknown"),
    ]
    assert refused["errors"][0]["detail"] == 'Nothing has the size "m"; they are: L, M, S.'


def test_where_nothing_has_a_size_that_is_said(get: Get):
    [wrong] = get(LIST, status=400, size=["M"])["errors"]

    assert wrong["detail"] == 'Nothing has the size "M"; nothing here names a size.'


def test_variants_that_name_no_size_are_asked_for_by_the_empty_one(get: Get, depot: Depot):
    sold("Alma", "ALM", 2990, size="")
    sold("Bora", "BOR", 2990)

    assert names(get(LIST, size="")) == ["Alma"]


def test_an_empty_shop_has_facets_without_containers(get: Get, depot: Depot):
    answer = get(FACETS)

    assert (answer["containers"], answer["free"], answer["price"], answer["sizes"]) == (0, 0, [], [])
    assert {one["containers"] for one in answer["kinds"]} == {0}


def test_the_free_are_counted_at_this_moment(get: Get, depot: Depot):
    variant = VariantFactory(offered=True)
    UnitFactory(variant=variant, depot=depot)
    RentalOfferFactory(variant=VariantFactory(approved=True))
    StockLevelFactory(variant=sold("Alma", "ALM-S", 100), depot=depot, on_hand=1)

    free = [get(FACETS, **query)["free"] for query in (days(3, 4), {"mode": "rent", **days(3, 4)}, {"mode": "buy"})]
    ReservationFactory(variant=variant, depot=depot, rental=(day(3), day(4)))

    assert free == [2, 1, 1]
    assert get(FACETS, mode="rent", **days(3, 4))["free"] == 0


def test_a_container_is_counted_once_however_many_of_its_variants_are_meant(get: Get, depot: Depot):
    container = ContainerFactory()
    VariantFactory.create_batch(3, container=container, offered=True)

    answer = get(FACETS)

    assert (answer["containers"], counts(answer)[:2]) == (1, ({"soft": 1}, {"M": 1}))


@pytest.mark.parametrize("containers", [2, 20])
def test_facets_take_three_statements_and_one_when_they_are_remembered(
    get: Get, depot: Depot, containers: int, django_assert_num_queries: Any
):
    for _ in range(containers):
        VariantFactory(offered=True)

    with django_assert_num_queries(3):
        first = get(FACETS, **days(1, 3))
    with django_assert_num_queries(1):
        assert get(FACETS, **days(1, 3)) == first


def test_more_than_can_be_counted_at_once_are_not_counted(get: Get, depot: Depot):
    like = VariantFactory(offered=True)
    numbers = range(MOST_COUNTED)
    made = VariantFactory.build_batch(len(numbers), container=like.container)
    Variant.objects.bulk_create(made)
    Approval.objects.bulk_create(ApprovalFactory.build(variant=one) for one in made)
    SaleOffer.objects.bulk_create(SaleOfferFactory.build(variant=one) for one in made)

    assert get(FACETS)["free"] is None
    assert get(FACETS, max_price=500)["free"] == 0


def test_no_container_takes_the_address_of_the_facets():
    with pytest.raises(Exception, match="container_slug_free"):
        ContainerFactory(slug="facets")


@pytest.fixture
def rented_and_sold(depot: Depot) -> None:
    """Alma is rented for 3.50 a day and sold for 60.00, Bora only sold, Cora only rented."""
    alma, bora = sold("Alma", "ALM-M", 6000), sold("Bora", "BOR-M", 5000)
    cora = VariantFactory(container=ContainerFactory(name="Cora"), sku="COR-M", approved=True)
    for variant, per_day in ((alma, 350), (cora, 500)):
        RentalOfferFactory(variant=variant, rates=[(1, per_day)], min_days=1, max_days=30)
    UnitFactory(variant=alma, depot=depot)
    StockLevelFactory(variant=bora, depot=depot, on_hand=1)


@pytest.mark.usefixtures("rented_and_sold")
@pytest.mark.parametrize(
    ("query", "rent", "buy"),
    [
        ({}, ("To rent, a day from", 350, 500), ("To buy", 5000, 6000)),
        (days(1, 2), ("To rent, for these days", 700, 1000), ("To buy", 5000, 6000)),
        ({"mode": "rent"}, ("To rent, a day from", 350, 500), None),
        ({"mode": "buy"}, None, ("To buy", 5000, 6000)),
    ],
)
def test_prices_to_rent_and_to_buy_are_told_apart(get: Get, query: dict[str, str], rent: Any, buy: Any):
    told = get(FACETS, **query)["price"]

    found = {one["mode"]: (one["label"], one["least"]["amount"], one["most"]["amount"]) for one in told}
    assert found == {mode: one for mode, one in (("rent", rent), ("buy", buy)) if one}


@pytest.mark.usefixtures("rented_and_sold")
@pytest.mark.parametrize("query", [{}, days(1, 2)])
def test_a_step_counts_what_the_list_then_shows(get: Get, query: dict[str, str]):
    for by_mode in get(FACETS, **query)["price"]:
        for step in by_mode["steps"]:
            asked = {name: step[name]["amount"] for name in ("min_price", "max_price")}
            chosen = {**query, "mode": by_mode["mode"], **asked}

            assert len(get(LIST, **chosen)["results"]) == step["containers"] == get(FACETS, **chosen)["containers"]


@pytest.mark.usefixtures("rented_and_sold")
@pytest.mark.parametrize(
    ("query", "expected", "free"),
    [
        ({"min_price": 400, "max_price": 5500}, ["Cora", "Bora"], 1),
        ({"min_price": 5500}, ["Alma"], 0),  # to buy, though it is rented for less; its piece is there to rent only
        ({"max_price": 400}, ["Alma"], 1),
        ({}, ["Alma", "Cora", "Bora"], 2),
    ],
)
def test_without_a_mode_either_price_may_be_the_one(get: Get, query: dict[str, Any], expected: list[str], free: int):
    assert names(get(LIST, ordering="price", **query)) == expected
    assert (get(FACETS, **query)["containers"], get(FACETS, **query)["free"]) == (len(expected), free)
