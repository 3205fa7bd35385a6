"""What could stand in for a variant, against a plain reading of the catalog."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Kind, Variant
from catalog.selectors import Mode, fitting_instead
from tests.examples import examples
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db

sizes = st.tuples(*[st.sampled_from([300, 400, 500])] * 3)
variants = st.lists(
    st.tuples(
        st.integers(0, 2),  # whose container
        sizes,
        st.sampled_from([None, 20_00, 30_00]),  # what it costs to buy
        st.sampled_from([None, 5_00, 6_00]),  # and to rent
        st.sampled_from(["approved", "approved", "refused", None]),
    ),
    min_size=2,
    max_size=9,
)


def shop(described: Any, kinds: Any) -> list[Variant]:
    containers = [ContainerFactory(kind=kind, published=published) for kind, published in kinds]
    made = []
    for place, (length, width, height), price, daily, result in described:
        variant = VariantFactory(
            container=containers[place], inner_length_mm=length, inner_width_mm=width, inner_height_mm=height,
            outer_length_mm=600, outer_width_mm=600, outer_height_mm=600,
        )  # fmt: skip
        if result:
            ApprovalFactory(variant=variant, result=result)
        if price:
            SaleOfferFactory(variant=variant, price_minor=price)
        if daily:
            RentalOfferFactory(variant=variant, rates=[(1, daily)])
        made.append(variant)
    return made


def by_hand(own: Variant, mode: Mode, among: list[Variant], most: int) -> list[str]:
    def axes(one: Variant) -> tuple[int, int, int]:
        return one.inner_length_mm, one.inner_width_mm, one.inner_height_mm

    def does(one: Variant) -> bool:
        mine, its = own.container, one.container
        return (
            one != own and its.published and its.kind == mine.kind and (its.kind != Kind.ACCESSORY or its == mine)
            and all(large >= small for large, small in zip(axes(one), axes(own), strict=True))
            and Variant.objects.approved().filter(pk=one.pk).exists() and price(one) is not None
        )  # fmt: skip

    def price(one: Variant) -> int | None:
        if mode == Mode.BUY:
            return one.sale_offers.values_list("price_minor", flat=True).first()
        return one.rental_offers.values_list("rates__per_day_minor", flat=True).first()

    def closest(one: Variant) -> Any:
        length, width, height = axes(one)
        return length * width * height, one.container_id != own.container_id, price(one), one.sku

    return [one.sku for one in sorted(filter(does, among), key=closest)][:most]


@examples(40)
@given(
    variants,
    st.tuples(*[st.tuples(st.sampled_from([Kind.HARD, Kind.HARD, Kind.ACCESSORY]), st.booleans())] * 3),
    st.integers(1, 4),
)
def test_the_closest_that_can_be_had_stand_in(described: Any, kinds: Any, most: int):
    with transaction.atomic():
        made = shop(described, kinds)
        wanted = [(variant.sku, mode) for variant in made[:2] for mode in Mode]
        found = fitting_instead(wanted, currency="EUR", most=most)

        for variant in made[:2]:
            for mode in Mode:
                told = [row["variant"]["sku"] for row in found if (row["sku"], row["mode"]) == (variant.sku, mode)]
                assert told == by_hand(variant, mode, made, most), (variant.sku, mode)
        transaction.set_rollback(True)
