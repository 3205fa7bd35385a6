"""Rows of the catalog with good defaults. What a test does not say does not matter to it.

* VariantFactory(approved=True, container__published=True)  # seen by customers, but without an offer
* VariantFactory(offered=True)  # approved, published, for sale and for rent
* RentalOfferFactory(rates=[(1, 900), (4, 700), (8, 500)])  # (from_days, per_day_minor)
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import factory
from django.db import transaction
from factory.django import DjangoModelFactory

from catalog.models import (
    Approval,
    BundlePart,
    Container,
    ContainerImage,
    Kind,
    RentalOffer,
    RentalRate,
    SaleOffer,
    Season,
    TaxClass,
    TaxRate,
    Variant,
)

EVERYTHING_MET = {"ventilation": True, "latch": True, "floor": True}


class ContainerFactory(DjangoModelFactory):
    """A published container without variants; add those with `VariantFactory(container=...)`."""

    class Meta:
        model = Container

    name = factory.Sequence(lambda n: f"Cocoon {n:04d}")
    slug = factory.LazyAttribute(lambda o: o.name.lower().replace(" ", "-"))
    brand = "Minkaro"
    kind = Kind.SOFT
    description = "A quiet bag for short ways."
    published = True


class ContainerImageFactory(DjangoModelFactory):
    """A picture that is named, not drawn: there is no file behind it."""

    class Meta:
        model = ContainerImage

    container = factory.SubFactory(ContainerFactory)
    image = factory.LazyAttribute(lambda o: f"containers/{o.container.slug}.webp")
    alt = factory.LazyAttribute(lambda o: f"{o.container.name} with a cat beside it")


class VariantFactory(DjangoModelFactory):
    """A variant nobody has checked yet.

    approved=True: its checklist is met. offered=True: approved, for sale at 49.90 EUR, for rent from 9.00 EUR a day.
    """

    class Meta:
        model = Variant
        skip_postgeneration_save = True

    container = factory.SubFactory(ContainerFactory)
    sku = factory.Sequence(lambda n: f"COC-{n:05d}")
    size = "M"
    colour = "sage"
    colour_hex = "#8aa38a"
    inner_length_mm = 420
    inner_width_mm = 250
    inner_height_mm = 240
    outer_length_mm = 440
    outer_width_mm = 270
    outer_height_mm = 260
    weight_g = 1100
    max_load_g = 7500

    @factory.post_generation
    def approved(self: Any, create: bool, extracted: bool | None, **_: Any) -> None:
        if create and extracted:
            ApprovalFactory(variant=self)

    @factory.post_generation
    def offered(self: Any, create: bool, extracted: bool | None, **_: Any) -> None:
        if create and extracted:
            ApprovalFactory(variant=self)
            SaleOfferFactory(variant=self)
            RentalOfferFactory(variant=self)


class ApprovalFactory(DjangoModelFactory):
    """The checklist was gone through and met. refused=True: it was not."""

    class Meta:
        model = Approval

    class Params:
        refused = factory.Trait(result=Approval.Result.REFUSED, checklist={**EVERYTHING_MET, "latch": False})

    variant = factory.SubFactory(VariantFactory)
    checklist = EVERYTHING_MET
    result = Approval.Result.APPROVED
    approved_on = date(2026, 1, 15)


class SaleOfferFactory(DjangoModelFactory):
    class Meta:
        model = SaleOffer

    variant = factory.SubFactory(VariantFactory)
    currency = "EUR"
    price_minor = 4990
    tax_class = TaxClass.STANDARD
    valid_from = date(2021, 1, 1)


class RentalOfferFactory(DjangoModelFactory):
    """A rental offer with the rates 9.00 from day 1, 7.00 from day 4, 5.00 from day 8.

    rates=[(from_days, per_day_minor), ...] chooses others; rates=[] none. No preparation, one day of turnaround.
    """

    class Meta:
        model = RentalOffer
        skip_postgeneration_save = True

    variant = factory.SubFactory(VariantFactory)
    currency = "EUR"
    deposit_minor = 4000
    late_fee_minor = 600
    min_days = 1
    max_days = 60
    prep_days = 0
    turnaround_days = 1
    keep_credit_percent = 50
    valid_from = date(2021, 1, 1)

    @factory.post_generation
    def rates(self: Any, create: bool, extracted: list[tuple[int, int]] | None, **_: Any) -> None:
        steps = [(1, 900), (4, 700), (8, 500)] if extracted is None else extracted
        if create:
            RentalRate.objects.bulk_create(
                RentalRate(offer=self, from_days=from_days, per_day_minor=per_day) for from_days, per_day in steps
            )


class BundlePartFactory(DjangoModelFactory):
    class Meta:
        model = BundlePart

    bundle = factory.SubFactory(VariantFactory)
    part = factory.SubFactory(VariantFactory)
    position = factory.Sequence(lambda n: n % 30_000)


def accessory(**more: Any) -> Variant:
    """A bowl: a variant that holds no cat, and that nobody offers alone."""
    small = {"inner_length_mm": 0, "inner_width_mm": 0, "inner_height_mm": 0, "outer_length_mm": 120}
    flat = {"outer_width_mm": 120, "outer_height_mm": 40, "weight_g": 90, "max_load_g": 0}
    variant: Variant = VariantFactory(container__kind=Kind.ACCESSORY, **{**small, **flat, **more})
    return variant


@transaction.atomic
def bundle(*parts: Variant, used_up: Sequence[Variant] = (), quantities: Sequence[int] = (), **more: Any) -> Variant:
    """An offered variant that is had as these others together, the first leading; of each one, or `quantities`."""
    whole: Variant = VariantFactory(**{"offered": True, **more})
    for position, part in enumerate([*parts, *used_up]):
        quantity = quantities[position] if quantities else 1
        BundlePartFactory(bundle=whole, part=part, position=position, quantity=quantity, comes_back=part not in used_up)
    return whole


class SeasonFactory(DjangoModelFactory):
    """Ten days of Christmas on which every rental costs a fifth more."""

    class Meta:
        model = Season

    name = "Christmas"
    start_on = date(2027, 12, 22)
    end_on = date(2027, 12, 31)
    percent = 20


class TaxRateFactory(DjangoModelFactory):
    """19 % in Germany, of old."""

    class Meta:
        model = TaxRate
        django_get_or_create = ("country", "tax_class", "valid_from")

    country = "DE"
    tax_class = TaxClass.STANDARD
    rate_bp = 1900
    valid_from = date(2021, 1, 1)
