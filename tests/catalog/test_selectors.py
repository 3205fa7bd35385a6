"""The shop window without its frame: rows, prices and statements."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as PropertyTestCase

from catalog.models import Kind
from catalog.pricing import Calendar, SeasonDays, Step, rental_fee
from catalog.selectors import (
    ContainerRow,
    Mode,
    Sort,
    Stretch,
    Wish,
    container_detail,
    currencies_offered,
    kinds_offered,
    shop_window,
    variants_by_sku,
)
from core.errors import NotFound
from tests.examples import examples
from tests.factories.catalog import (
    ContainerFactory,
    ContainerImageFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    SeasonFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def window(**wish: Any) -> list[ContainerRow]:
    return shop_window(Wish(**{"currency": "EUR", **wish}), Stretch(limit=100))


def test_a_row_holds_everything_below_its_container(django_assert_num_queries: Any):
    container = ContainerFactory(name="Murmur")
    ContainerImageFactory(container=container, position=2, alt="second")
    ContainerImageFactory(container=container, position=1, alt="first")
    VariantFactory(container=container, sku="BIG-ONE", outer_length_mm=900, offered=True)
    VariantFactory(container=container, sku="SMALL-ONE", offered=True)

    with django_assert_num_queries(1):
        [row] = window()

    assert [picture["alt"] for picture in row["pictures"]] == ["first", "second"]
    assert [variant["sku"] for variant in row["offered"]] == ["SMALL-ONE", "BIG-ONE"]
    small = row["offered"][0]
    assert small["sale"] == {"price_minor": 4990}
    assert small["rental"]["turnaround_days"] == 1
    assert small["rental"]["steps"][0] == {"from_days": 1, "per_day_minor": 900}


def test_a_variant_without_one_of_the_offers_says_so():
    SaleOfferFactory(variant=VariantFactory(approved=True))

    [row] = window()

    assert (row["offered"][0]["sale"], row["offered"][0]["rental"]) == ({"price_minor": 4990}, None)


@pytest.mark.parametrize(
    ("wish", "price"),
    [
        ({"mode": Mode.BUY}, 4990),
        ({"mode": Mode.RENT}, 500),
        ({"mode": Mode.RENT, "days": 1}, 900),
        ({"mode": Mode.RENT, "days": 6}, 4000),
        ({}, 500),
        ({"days": 60}, 4990),
    ],
)
def test_the_price_of_a_container_is_the_least_for_which_anything_in_it_can_be_had(wish: dict[str, Any], price: int):
    container = ContainerFactory()
    VariantFactory(container=container, offered=True)
    dear = VariantFactory(container=container, approved=True)
    SaleOfferFactory(variant=dear, price_minor=9900)

    [row] = window(**wish)

    assert row["price"] == price


STEPS = st.dictionaries(st.integers(1, 60), st.integers(1, 500_00), min_size=1, max_size=5)


class TheDatabaseComputesTheFeeAsPythonDoes(PropertyTestCase):
    @examples(30)
    @given(steps=STEPS, days=st.integers(1, 60))
    def test_price_and_limit(self, steps: dict[int, int], days: int) -> None:
        RentalOfferFactory(variant=VariantFactory(approved=True), rates=list(steps.items()))
        fee = rental_fee([Step(*step) for step in steps.items()], days).amount_minor

        [row] = window(mode=Mode.RENT, days=days, max_price_minor=fee)

        assert row["price"] == fee
        assert window(mode=Mode.RENT, days=days, max_price_minor=fee - 1) == []


FIRST = date(2027, 12, 20)


class TheDatabaseComputesTheFeeInItsSeasonsAsPythonDoes(PropertyTestCase):
    @examples(30)
    @given(
        steps=STEPS,
        days=st.integers(1, 60),
        seasons=st.lists(
            st.tuples(st.integers(-20, 70), st.integers(0, 20), st.integers(-50, 200).filter(bool)), max_size=2
        ),
    )
    def test_price_and_limit(self, steps: dict[int, int], days: int, seasons: list[tuple[int, int, int]]) -> None:
        RentalOfferFactory(variant=VariantFactory(approved=True), rates=list(steps.items()))
        SeasonFactory(kind=Kind.HARD, start_on=FIRST, percent=200)  # of others
        spans = [
            SeasonDays("", FIRST + timedelta(days=first), FIRST + timedelta(days=first + more), percent)
            for first, more, percent in seasons
        ]
        for kind, span in zip(("", Kind.SOFT), spans, strict=False):
            SeasonFactory(kind=kind, start_on=span.start_on, end_on=span.end_on, percent=span.percent)
        fee = rental_fee([Step(*step) for step in steps.items()], days, Calendar(FIRST, spans)).amount_minor

        [row] = window(mode=Mode.RENT, days=days, first_on=FIRST, max_price_minor=fee)

        assert row["price"] == fee
        assert window(mode=Mode.RENT, days=days, first_on=FIRST, max_price_minor=fee - 1) == []


def test_the_cheapest_day_is_one_that_the_longest_rental_reaches():
    RentalOfferFactory(variant=VariantFactory(approved=True), max_days=14, rates=[(1, 900), (8, 500), (30, 100)])

    assert window()[0]["price"] == 500


def test_a_rental_offer_without_rates_is_none():
    RentalOfferFactory(variant=VariantFactory(approved=True), rates=[])

    assert window() == []


@pytest.mark.parametrize("by", list(Sort))
@pytest.mark.parametrize("falling", [False, True])
def test_a_stretch_goes_on_where_another_ended_even_where_values_tie(by: Sort, falling: bool):
    for number in range(5):
        VariantFactory(offered=True, container__name=f"Twin {number // 2}", container__slug=f"twin-{number}")
    wish = Wish(currency="EUR")
    everything = shop_window(wish, Stretch(by=by, falling=falling, limit=9))

    for cut in range(1, 5):
        last: Any = everything[cut - 1]
        after = (last[by.value], last["id"])
        assert shop_window(wish, Stretch(by=by, falling=falling, after=after, limit=9)) == everything[cut:]


def test_a_container_that_cannot_be_had_is_not_found():
    VariantFactory(offered=True, container__slug="seen")
    ContainerFactory(slug="empty")

    assert container_detail("seen", currency="EUR")["slug"] == "seen"
    for slug, currency in (("empty", "EUR"), ("seen", "CHF"), ("none", "EUR")):
        with pytest.raises(NotFound):
            container_detail(slug, currency=currency)


def test_variants_are_found_by_sku_where_they_can_be_had(django_assert_num_queries: Any):
    for sku in ("BBB-1", "AAA-1"):
        VariantFactory(sku=sku, offered=True)
    VariantFactory(sku="HIDDEN-1", offered=True, container__published=False)

    with django_assert_num_queries(1):
        found = variants_by_sku(["BBB-1", "AAA-1", "HIDDEN-1", "NONE"], currency="EUR")

    assert [row["sku"] for row in found] == ["AAA-1", "BBB-1"]


def test_kinds_are_counted_by_what_can_be_had():
    VariantFactory.create_batch(2, offered=True, container__kind=Kind.HARD)

    counted = kinds_offered(currency="EUR")

    assert counted[Kind.HARD] == 2
    assert set(counted) == set(Kind.values)
    assert sum(kinds_offered(currency="CHF").values()) == 0


def test_a_search_looks_at_no_more_words_than_people_type(django_assert_num_queries: Any):
    VariantFactory(offered=True, container__name="Murmur")

    with django_assert_num_queries(1):
        rows = window(search="murmur " * 400)

    assert len(rows) == 1


def test_a_currency_is_offered_as_long_as_a_price_in_it_is_in_force() -> None:
    today = timezone.now().date()
    week = timedelta(days=7)
    SaleOfferFactory(currency="USD")
    SaleOfferFactory(currency="GBP", valid_until=today - week)
    RentalOfferFactory(currency="CHF", valid_from=today + week)

    assert currencies_offered() == ["USD"]
