"""What the catalog's rows may say, and which of them customers may see."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from catalog.models import Approval, Container, RentalOffer, Variant
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    TaxRateFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def test_a_variant_that_nobody_checked_is_not_approved():
    VariantFactory()

    assert not Variant.objects.approved().exists()


@pytest.mark.parametrize(("first", "second", "approved"), [(False, True, False), (True, False, True)])
def test_the_latest_inspection_counts(first: bool, second: bool, approved: bool):
    variant = VariantFactory()
    ApprovalFactory(variant=variant, refused=first, approved_on=date(2026, 1, 1))
    ApprovalFactory(variant=variant, refused=second, approved_on=date(2026, 2, 1))

    assert Variant.objects.approved().exists() is approved


def test_of_two_inspections_on_one_day_the_later_one_counts():
    variant = VariantFactory(approved=True)
    ApprovalFactory(variant=variant, refused=True)

    assert not Variant.objects.approved().exists()


def test_an_inspection_dated_earlier_does_not_count_over_a_later_one():
    variant = VariantFactory(approved=True)
    ApprovalFactory(variant=variant, refused=True, approved_on=date(2020, 1, 1))

    assert Variant.objects.approved().get() == variant


def test_customers_see_published_containers_with_an_approved_variant():
    seen = VariantFactory(approved=True).container
    VariantFactory(approved=True, container__published=False)
    VariantFactory()
    ContainerFactory()

    assert Container.objects.published().get() == seen
    assert Variant.objects.offered().get().container == seen


def test_a_title_names_brand_size_and_colour():
    variant = VariantFactory(container__brand="Minkaro", container__name="Murmur", size="", colour="sage")

    assert variant.title == "Minkaro Murmur, sage"


@pytest.mark.parametrize(
    ("factory", "fields"),
    [
        (VariantFactory, {"inner_length_mm": 500, "outer_length_mm": 400}),
        (SaleOfferFactory, {"price_minor": 0}),
        (RentalOfferFactory, {"min_days": 9, "max_days": 3}),
        (RentalOfferFactory, {"min_days": 0}),
        (RentalOfferFactory, {"rates": [(1, 100), (1, 200)]}),
        (RentalOfferFactory, {"rates": [(0, 100)]}),
        (ApprovalFactory, {"result": "perhaps"}),
        (ContainerFactory, {"kind": "spaceship"}),
    ],
)
def test_the_database_refuses_what_makes_no_sense(factory: Any, fields: dict[str, Any]):
    with pytest.raises(IntegrityError):
        factory(**fields)


@pytest.mark.parametrize("factory", [SaleOfferFactory, RentalOfferFactory])
def test_a_variant_has_one_offer_of_a_kind_in_each_currency(factory: Any):
    offer = factory()
    factory(variant=offer.variant, currency="CHF")

    with pytest.raises(IntegrityError):
        factory(variant=offer.variant)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (lambda: VariantFactory.build(sku="lower case"), "sku"),
        (lambda: VariantFactory.build(colour_hex="green"), "colour_hex"),
        (lambda: RentalOffer(currency="XXY", deposit_minor=1, late_fee_minor=1), "currency"),
        (lambda: TaxRateFactory.build(country="Germany"), "country"),
        (lambda: Approval(result="approved", checklist={"latch": False}, approved_on=date(2026, 1, 1)), "result"),
        (lambda: Approval(result="approved", checklist={}, approved_on=date(2026, 1, 1)), "result"),
        (lambda: Approval(result="approved", checklist={"latch": True}, approved_on=date(2026, 1, 1)), "result"),
        (lambda: Approval(result="approved", checklist={"anything": True}, approved_on=date(2026, 1, 1)), "result"),
    ],
)
def test_forms_hear_which_field_is_wrong(row: Any, field: str):
    with pytest.raises(ValidationError) as refused:
        row().full_clean()

    assert field in refused.value.message_dict
