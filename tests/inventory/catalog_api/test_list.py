"""The shop window over HTTP: what is shown, to whom, at which price, and what is refused."""

from typing import Any

import pytest

from catalog.models import Container, Kind
from inventory.models import Depot
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    ContainerImageFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)
from tests.factories.inventory import (
    DepotFactory,
    StockLevelFactory,
    UnitFactory,
)
from tests.inventory.catalog_api.asking import LIST, Get, day, days, names, pointers, skus

pytestmark = pytest.mark.django_db


def test_a_container_is_shown_with_images_prices_and_counts(get: Get, depot: Depot, settings: Any):
    container = ContainerFactory(name="Murmur", slug="murmur", brand="Minkaro", description="Quiet.")
    ContainerImageFactory(container=container, alt="Murmur in sage", colour="sage")
    variant = VariantFactory(container=container, sku="MUR-M", offered=True)
    level = StockLevelFactory(variant=variant, depot=depot, on_hand=7, reserved_elsewhere=2)
    UnitFactory.create_batch(3, variant=variant, depot=depot)

    [shown] = get(LIST)["results"]

    assert (shown["slug"], shown["kind"], shown["description"]) == ("murmur", "soft", "Quiet.")
    assert shown["images"] == [
        {
            "url": f"{settings.PUBLIC_URL}/media/containers/murmur.webp",
            "alt": "Murmur in sage",
            "colour": "sage",
            "sizes": [],
        }
    ]
    [answer] = shown["variants"]
    assert answer["inner"] == {"length_mm": 420, "width_mm": 250, "height_mm": 240}
    assert answer["sale"] == {"price": {"amount": 4990, "currency": "EUR"}}
    assert answer["rental"] == {
        "deposit": {"amount": 4000, "currency": "EUR"},
        "late_fee": {"amount": 600, "currency": "EUR"},
        "min_days": 1,
        "max_days": 60,
        "keep_credit_percent": 50,
        "acclimatisation_percent": 100,
        "rates": [
            {"from_days": 1, "per_day": {"amount": 900, "currency": "EUR"}},
            {"from_days": 4, "per_day": {"amount": 700, "currency": "EUR"}},
            {"from_days": 8, "per_day": {"amount": 500, "currency": "EUR"}},
        ],
    }
    counted_at = level.as_of.isoformat().replace("+00:00", "Z")
    assert answer["availability"] == [{"depot": "BER", "sale": 5, "rental": 3, "closed_on": [], "as_of": counted_at}]


def test_the_fee_for_the_days_asked_is_explained(get: Get, depot: Depot):
    VariantFactory(offered=True)

    [shown] = get(LIST, **days(1, 6))["results"]

    rental = shown["variants"][0]["rental"]
    assert (rental["days"], rental["billed_days"], rental["fee"]) == (6, 8, {"amount": 4000, "currency": "EUR"})


def test_a_rental_that_is_not_offered_for_so_many_days_has_no_fee(get: Get, depot: Depot):
    variant = VariantFactory(approved=True)
    SaleOfferFactory(variant=variant)
    RentalOfferFactory(variant=variant, max_days=5)

    [shown] = get(LIST, **days(1, 6))["results"]

    rental = shown["variants"][0]["rental"]
    assert (rental["days"], rental["billed_days"], rental["fee"]) == (6, None, None)


def test_what_is_not_approved_not_published_or_not_offered_is_hidden(get: Get, depot: Depot):
    seen = VariantFactory(offered=True)
    SaleOfferFactory(variant=VariantFactory(container=seen.container))  # never checked
    SaleOfferFactory(variant=VariantFactory(approved=True, container__published=False))
    VariantFactory(approved=True)  # without an offer
    RentalOfferFactory(variant=VariantFactory(approved=True), rates=[])
    once_approved = VariantFactory(offered=True)
    ApprovalFactory(variant=once_approved, refused=True, approved_on="2026-06-01")

    page = get(LIST)

    assert skus(page) == [seen.sku]
    for hidden in Container.objects.exclude(pk=seen.container_id):
        assert get(f"{LIST}/{hidden.slug}", status=404)["code"] == "not_found"


def test_every_active_depot_answers_or_the_one_that_was_asked(get: Get, depot: Depot):
    DepotFactory(code="MUC")
    DepotFactory(code="OLD", active=False)
    VariantFactory(offered=True)

    everywhere = get(LIST)["results"][0]["variants"][0]["availability"]
    in_munich = get(LIST, depot="MUC")["results"][0]["variants"][0]["availability"]

    assert [count["depot"] for count in everywhere] == ["BER", "MUC"]
    assert in_munich == [{"depot": "MUC", "sale": 0, "rental": 0, "closed_on": [], "as_of": None}]


@pytest.fixture
def range_of_three(depot: Depot) -> None:
    """A soft bag to buy at 49.90, a backpack to rent at 9.00 to 5.00 a day, a crate for both (120.00; 20.00 a day)."""
    bag = VariantFactory(container=ContainerFactory(name="Alma", kind=Kind.SOFT), sku="ALM-ONE", approved=True)
    SaleOfferFactory(variant=bag, price_minor=4990)
    pack = VariantFactory(
        container=ContainerFactory(name="Bora", kind=Kind.BACKPACK, brand="Windig"), sku="BOR-ONE", approved=True
    )
    RentalOfferFactory(variant=pack, max_days=14)
    crate = VariantFactory(
        container=ContainerFactory(name="Citadel", kind=Kind.AIRLINE_CRATE, description="For the 100 % anxious_cat."),
        sku="CIT-ONE",
        approved=True,
    )
    SaleOfferFactory(variant=crate, price_minor=12000)
    RentalOfferFactory(variant=crate, rates=[(1, 2000)], min_days=3)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Alma", "Bora", "Citadel"]),
        ({"search": "alma"}, ["Alma"]),
        ({"search": "WINDIG bora"}, ["Bora"]),
        ({"search": "windig alma"}, []),
        ({"search": "cit-one"}, ["Citadel"]),
        ({"search": "backpack"}, ["Bora"]),
        ({"search": "100 %"}, ["Citadel"]),
        ({"search": "anxious_c"}, ["Citadel"]),
        ({"search": "quie_", "ordering": "name"}, ["Alma", "Bora"]),  # signs are not sought
        ({"search": "' OR 1=1 --"}, []),
        ({"kind": "soft"}, ["Alma"]),
        ({"kind": ["soft", "backpack"]}, ["Alma", "Bora"]),
        ({"mode": "buy"}, ["Alma", "Citadel"]),
        ({"mode": "rent"}, ["Bora", "Citadel"]),
        ({"mode": "rent", **days(1, 2)}, ["Bora"]),
        ({"mode": "rent", **days(1, 20)}, ["Citadel"]),
        ({"mode": "rent", "max_price": 500}, ["Bora"]),
        ({"mode": "rent", "max_price": 499}, []),
        ({"mode": "rent", "max_price": 2800, **days(1, 4)}, ["Bora"]),
        ({"mode": "rent", "max_price": 2799, **days(1, 4)}, []),
        ({"mode": "rent", "max_price": 8000, **days(1, 4)}, ["Bora", "Citadel"]),
        ({"mode": "buy", "max_price": 4990}, ["Alma"]),
        ({"max_price": 4990}, ["Alma", "Bora", "Citadel"]),
        ({"ordering": "-name"}, ["Citadel", "Bora", "Alma"]),
        ({"ordering": "newest"}, ["Citadel", "Bora", "Alma"]),
        ({"ordering": "price"}, ["Bora", "Citadel", "Alma"]),
        ({"ordering": "price", "mode": "buy"}, ["Alma", "Citadel"]),
        ({"ordering": "-price", "mode": "rent", **days(1, 4)}, ["Citadel", "Bora"]),
        ({"search": "", "depot": "BER"}, ["Alma", "Bora", "Citadel"]),
    ],
)
@pytest.mark.usefixtures("range_of_three")
def test_filters_and_orderings(get: Get, query: dict[str, Any], expected: list[str]):
    assert names(get(LIST, **query)) == expected


def test_only_the_variants_within_the_price_are_shown(get: Get, depot: Depot):
    container = ContainerFactory()
    for sku, price in (("AAA-CHEAP", 1000), ("AAA-DEAR", 9000)):
        SaleOfferFactory(variant=VariantFactory(container=container, sku=sku, approved=True), price_minor=price)

    assert skus(get(LIST, max_price=5000)) == ["AAA-CHEAP"]


def test_offers_in_another_currency_are_shown_in_that_currency_only(get: Get, depot: Depot):
    variant = VariantFactory(approved=True)
    SaleOfferFactory(variant=variant, currency="EUR")
    SaleOfferFactory(variant=variant, currency="JPY", price_minor=8000)

    assert get(LIST, currency="JPY")["results"][0]["variants"][0]["sale"]["price"] == {
        "amount": 8000,
        "currency": "JPY",
    }


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"colour": "red"}, ["#/colour"]),
        ({"kind": "spaceship"}, ["#/kind"]),
        ({"mode": "steal"}, ["#/mode"]),
        ({"ordering": "weight"}, ["#/ordering"]),
        ({"ordering": "id"}, ["#/ordering"]),
        ({"depot": "NOWHERE"}, ["#/depot"]),
        ({"depot": "OLD"}, ["#/depot"]),
        ({"depot": "x" * 40}, ["#/depot"]),
        ({"currency": "cats"}, ["#/currency"]),
        ({"currency": "USD"}, ["#/currency"]),
        ({"currency": "eur"}, ["#/currency"]),
        ({"max_price": "-1"}, ["#/max_price"]),
        ({"max_price": "cheap"}, ["#/max_price"]),
        ({"max_price": "9" * 40}, ["#/max_price"]),
        ({"page_size": "0"}, ["#/page_size"]),
        ({"page_size": "101"}, ["#/page_size"]),
        ({"cursor": "bm9uc2Vuc2U="}, ["#/cursor"]),
        ({"cursor": "x" * 5000}, ["#/cursor"]),
        ({"search": "a\x00b"}, ["#/search"]),
        ({"search": "x" * 101}, ["#/search"]),
        ({"search": "x" * 10_000}, ["#/search"]),
        ({"from": day(1)}, ["#/to"]),
        ({"to": day(1)}, ["#/from"]),
        ({"from": "tomorrow", "to": day(1)}, ["#/from"]),
        ({"from": "2027-02-30", "to": "2027-03-02"}, ["#/from"]),
        (days(-2, 1), ["#/from"]),
        (days(3, 2), ["#/to"]),
        (days(1, 181), ["#/to"]),
        ({"from": "2027-01-01", "to": "9999-12-31"}, ["#/to"]),
        ({"kind": "spaceship", "page_size": "x"}, ["#/kind", "#/page_size"]),
    ],
)
@pytest.mark.usefixtures("depot")
def test_what_makes_no_sense_is_refused_field_by_field(get: Get, query: dict[str, Any], wrong: list[str]):
    DepotFactory(code="OLD", active=False)

    problem = get(LIST, status=400, **query)

    assert problem["code"] == "invalid_input"
    assert pointers(problem) == wrong


def test_the_longest_days_that_may_be_asked(get: Get, depot: Depot):
    assert get(LIST, **days(0, 179))["results"] == []
