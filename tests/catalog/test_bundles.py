"""What a bundle may consist of, and what it takes from its parts."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from catalog.checklist import codes_of
from catalog.models import Approval, BundlePart, Kind, Variant, require_whole
from catalog.services import duplicate_container, inspect_variant
from tests.desk import errors, formset
from tests.factories.catalog import BundlePartFactory, VariantFactory, accessory, bundle
from tests.factories.inventory import StockLevelFactory

pytestmark = pytest.mark.django_db


def check_now() -> None:
    """What is checked when a transaction ends."""
    connection.check_constraints()


def test_the_measures_of_a_bundle_are_those_of_its_leading_part():
    carrier = VariantFactory(inner_height_mm=300, outer_height_mm=330, weight_g=1900)

    whole = bundle(carrier, accessory())
    check_now()

    whole.refresh_from_db()
    assert (whole.inner_height_mm, whole.outer_height_mm, whole.weight_g) == (300, 330, 1900)


def test_a_bundle_follows_when_its_leading_part_is_measured_anew():
    carrier = VariantFactory()
    whole = bundle(carrier, accessory())
    check_now()

    Variant.objects.filter(pk=carrier.pk).update(weight_g=1234)
    Variant.objects.filter(pk=whole.pk).update(max_load_g=99)

    whole.refresh_from_db()
    assert (whole.weight_g, whole.max_load_g) == (1234, carrier.max_load_g)


def test_another_part_that_leads_gives_its_measures():
    small, large = VariantFactory(weight_g=1000), VariantFactory(weight_g=2000)
    whole = bundle(small, large)

    BundlePart.objects.filter(bundle=whole, part=small).update(position=7)
    check_now()

    whole.refresh_from_db()
    assert whole.weight_g == 2000


@pytest.mark.parametrize(
    "make",
    [
        lambda: bundle(VariantFactory()),
        lambda: bundle(accessory(), VariantFactory()),
        lambda: bundle(used_up=[VariantFactory(), accessory()]),
        lambda: bundle(bundle(VariantFactory(), accessory()), accessory()),
        lambda: bundle(VariantFactory(), accessory(), quantities=[11, 1]),
        lambda: bundle(VariantFactory(), accessory(), quantities=[0, 2]),
    ],
    ids=["one piece", "an accessory leads", "the lead is used up", "a bundle of a bundle", "too many", "none"],
)
def test_the_database_takes_no_bundle_that_is_not_whole(make: Any):
    def committed() -> None:
        make()
        check_now()

    with pytest.raises(IntegrityError):
        committed()


def test_two_of_one_carrier_are_a_bundle():
    bundle(VariantFactory(), quantities=[2])

    check_now()


def test_a_part_is_named_once_and_never_itself():
    whole = VariantFactory()

    with pytest.raises(IntegrityError):
        BundlePartFactory(bundle=whole, part=whole)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (lambda: [(VariantFactory(approved=True), 1, True)], "A bundle has two pieces at least."),
        (lambda: [(accessory(sku="BOWL"), 2, True)], "BOWL holds no cat, so it cannot be the first part."),
        (
            lambda: [(VariantFactory(approved=True, container__kind=Kind.HARD), 2, True)],
            "Its first part is a hard carrier, so its container must be one too.",
        ),
        (lambda: [(VariantFactory(approved=True), 2, False)], "The first part comes back from a rental."),
        (lambda: [(VariantFactory(sku="NEW"), 2, True)], "NEW is not approved."),
        (
            lambda: [(bundle(VariantFactory(), accessory(), sku="SET"), 1, True), (accessory(), 1, True)],
            "SET is a bundle itself; name its parts instead.",
        ),
    ],
)
def test_staff_read_plainly_why_a_bundle_is_not_whole(parts: Any, said: str):
    whole = VariantFactory()
    rows = [
        BundlePart(bundle=whole, part=part, quantity=quantity, comes_back=back, position=n)
        for n, (part, quantity, back) in enumerate(parts())
    ]

    with pytest.raises(ValidationError) as refused:
        require_whole(whole, rows)

    assert said in refused.value.messages


def test_a_whole_bundle_is_taken():
    require_whole(
        VariantFactory(),
        [BundlePart(part=VariantFactory(approved=True)), BundlePart(part=accessory(), position=1, comes_back=False)],
    )


def test_a_part_of_a_bundle_cannot_become_one():
    carrier = VariantFactory(approved=True)
    bundle(carrier, accessory())

    with pytest.raises(ValidationError, match="a part of a bundle itself"):
        require_whole(carrier, [BundlePart(part=VariantFactory(approved=True), quantity=2)])


def test_a_container_that_is_refused_takes_its_bundles_along(admin_user: Any):
    carrier = VariantFactory(approved=True)
    whole, other = bundle(carrier, accessory()), bundle(VariantFactory(), accessory())

    inspect_variant(variant_id=carrier.pk, met=[], actor=admin_user)

    assert set(Variant.objects.approved().filter(pk__in=[whole.pk, other.pk])) == {other}
    assert Approval.objects.filter(variant=whole).first().note == f"its part {carrier.sku} was refused"


def test_an_accessory_is_checked_for_what_concerns_it(admin_user: Any):
    bowl = accessory()

    approval = inspect_variant(variant_id=bowl.pk, met=codes_of("accessory"), actor=admin_user)

    assert approval.result == Approval.Result.APPROVED
    assert set(approval.checklist) == {"washability", "no_sharp_edges"}


def test_only_an_accessory_may_have_no_inside():
    accessory().full_clean()
    bag = VariantFactory.build(container=VariantFactory().container, sku="FLAT-1", inner_height_mm=0, max_load_g=400)

    with pytest.raises(ValidationError) as refused:
        bag.full_clean()

    assert refused.value.message_dict == {
        "inner_height_mm": ["Make sure that this is at least 50."],
        "max_load_g": ["Make sure that this is at least 500."],
    }


def parts_of(*parts: tuple[Variant, int, bool]) -> dict[str, Any]:
    """The rows of the page of a variant."""
    rows = [
        {"part": part.pk, "quantity": quantity, "position": place, **({"comes_back": "on"} if comes_back else {})}
        for place, (part, quantity, comes_back) in enumerate(parts)
    ]
    return formset("parts", *rows) | formset("sale_offers") | formset("rental_offers") | formset("approvals")


def page_of(variant: Variant) -> dict[str, Any]:
    names = ("sku", "size", "colour", "colour_hex", *Variant.LEAST)
    return {"container": variant.container_id, **{name: getattr(variant, name) for name in names}}


def test_staff_make_a_bundle_on_the_page_of_a_variant(staff: Client):
    carrier, bowl, whole = VariantFactory(approved=True, weight_g=900), accessory(sku="BOWL"), VariantFactory(sku="SET")

    answer = staff.post(
        reverse("admin:catalog_variant_change", args=[whole.pk]),
        page_of(whole) | parts_of((carrier, 1, True), (bowl, 2, False)),
    )

    assert answer.status_code == 302, errors(answer)
    check_now()
    whole.refresh_from_db()
    assert [(row.part, row.quantity, row.comes_back) for row in whole.parts.all()] == [
        (carrier, 1, True),
        (bowl, 2, False),
    ]
    assert whole.weight_g == 900
    shown = staff.get(reverse("admin:catalog_variant_changelist")).content.decode()
    assert f"Bundle of 1 × {carrier}, 2 × BOWL" in shown


@pytest.mark.parametrize("has_stock", [True, False])
def test_staff_read_why_a_bundle_cannot_be(staff: Client, has_stock: bool):
    carrier, whole = VariantFactory(approved=True), VariantFactory(sku="SET")
    if has_stock:
        StockLevelFactory(variant=whole)

    answer = staff.post(
        reverse("admin:catalog_variant_change", args=[whole.pk]),
        page_of(whole) | parts_of((carrier, 2 if has_stock else 1, True)),
    )

    assert answer.status_code == 200
    said = "has stock of its own" if has_stock else "A bundle has two pieces at least."
    assert said in answer.content.decode()
    assert not BundlePart.objects.exists()


def test_a_container_is_duplicated_with_the_parts_of_its_bundles():
    whole = bundle(VariantFactory(), accessory())

    made = duplicate_container(container_id=whole.container_id, name="Two", slug="two", skus={whole.pk: "SET-2"})
    check_now()

    assert [row.part for row in made.variants.get().parts.all()] == [row.part for row in whole.parts.all()]


NO_MEASURES = dict.fromkeys(Variant.LEAST, "")


def test_a_bundle_takes_the_measures_that_nobody_typed_from_its_first_part(staff: Client):
    carrier, bowl = VariantFactory(approved=True, weight_g=900), accessory(sku="BOWL")
    told = page_of(VariantFactory.build(container=carrier.container, sku="SET")) | {"container": carrier.container_id}

    answer = staff.post(
        reverse("admin:catalog_variant_add"), told | NO_MEASURES | parts_of((carrier, 1, True), (bowl, 1, True))
    )

    assert answer.status_code == 302, errors(answer)
    made = Variant.objects.get(sku="SET")
    assert [getattr(made, name) for name in Variant.LEAST] == [getattr(carrier, name) for name in Variant.LEAST]


@pytest.mark.parametrize(
    ("typed", "placed"),
    [(("", "", ""), [1, 2, 3]), (("0", "", ""), [0, 1, 2]), (("", "1", ""), [2, 1, 3]), (("7", "9", ""), [7, 9, 10])],
)
def test_parts_whose_place_is_left_empty_stand_as_their_rows_do(staff: Client, typed: Any, placed: list[int]):
    parts = [VariantFactory(sku=sku, approved=True) for sku in ("ONE", "TWO", "THREE")]
    lead = parts[placed.index(min(placed))]
    told = page_of(VariantFactory.build(container=lead.container, sku="SET")) | {"container": lead.container_id}
    rows = parts_of(*((part, 1, True) for part in parts))
    rows |= {f"parts-{n}-position": place for n, place in enumerate(typed)}

    answer = staff.post(reverse("admin:catalog_variant_add"), told | NO_MEASURES | rows)

    assert answer.status_code == 302, errors(answer)
    made = BundlePart.objects.filter(bundle__sku="SET")
    assert {row.part: row.position for row in made} == dict(zip(parts, placed, strict=True))


def test_a_part_that_is_added_without_a_place_comes_last(staff: Client):
    whole = bundle(VariantFactory(approved=True), accessory(sku="BOWL"), sku="SET")
    pad = accessory(sku="PAD")
    kept = list(whole.parts.all())
    rows = parts_of(*((row.part, row.quantity, row.comes_back) for row in kept), (pad, 1, True))
    rows |= {f"parts-{n}-{name}": value for n, row in enumerate(kept)
             for name, value in {"id": row.pk, "position": row.position}.items()}  # fmt: skip
    rows |= {"parts-INITIAL_FORMS": len(kept), "parts-2-position": ""}
    address = reverse("admin:catalog_variant_change", args=[whole.pk])

    answer = staff.post(address, page_of(whole) | rows)

    assert answer.status_code == 302, errors(answer)
    assert list(whole.parts.all())[-1].part == pad


def test_a_measure_that_differs_from_the_first_part_is_refused_beside_it(staff: Client):
    carrier, bowl = VariantFactory(sku="MUR-M", approved=True, weight_g=900), accessory(sku="BOWL")
    told = page_of(VariantFactory.build(container=carrier.container, sku="SET")) | {"container": carrier.container_id}

    answer = staff.post(
        reverse("admin:catalog_variant_add"),
        told | NO_MEASURES | {"weight_g": "1 kg"} | parts_of((bowl, 1, True), (carrier, 1, True)),
    )
    assert "holds no cat" in errors(answer)
    answer = staff.post(
        reverse("admin:catalog_variant_add"),
        told | NO_MEASURES | {"weight_g": "1 kg"} | parts_of((carrier, 1, True), (bowl, 1, True)),
    )

    assert answer.context["adminform"].form.errors == {
        "weight_g": ["It is 900 g in MUR-M, the first part; leave it empty."]
    }
    assert not Variant.objects.filter(sku="SET").exists()


def test_what_is_no_bundle_needs_its_measures(staff: Client):
    told = page_of(VariantFactory.build(sku="SET")) | {"container": VariantFactory().container_id}

    answer = staff.post(reverse("admin:catalog_variant_add"), told | NO_MEASURES | parts_of())

    assert set(answer.context["adminform"].form.errors) == set(Variant.LEAST)


def test_the_pages_of_a_bundle_and_of_its_first_part_say_who_measures_what(staff: Client):
    carrier, bowl = VariantFactory(sku="MUR-M"), accessory(sku="BOWL")
    whole = bundle(carrier, bowl, sku="SET")

    shown = {
        row.sku: staff.get(reverse("admin:catalog_variant_change", args=[row.pk])) for row in (whole, carrier, bowl)
    }

    assert "A bundle measures what its first part does" in shown["SET"].text
    assert not set(Variant.LEAST) & set(shown["SET"].context["adminform"].form.fields)
    assert "changes in bundles led by it" in shown["MUR-M"].text
    assert "bundles led by it" not in shown["BOWL"].text
