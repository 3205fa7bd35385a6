"""The demo's rows: there after one run, untouched by the next."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from catalog.models import BundlePart, Container, ContainerImage, SaleOffer, Season, TaxRate, Variant
from config.demo.catalog import (
    ACCESSORIES,
    BUNDLES,
    CONTAINERS,
    COUPONS,
    DEPOTS,
    PART_STOCK,
    PART_UNITS,
    STOCK,
    UNITS,
)
from config.seeding.people import PASSWORD
from config.seeding.pictures import seed_pictures, wanted
from inventory.models import Depot, StockLevel, Unit
from orders.models import Coupon, DeliveryRate

pytestmark = pytest.mark.django_db
OURS = ("accounts", "auth", "catalog", "inventory", "orders")


def seed(*options: str) -> str:
    said = StringIO()
    call_command("seed_demo", "--no-pictures", *options, stdout=said, stderr=StringIO())
    return said.getvalue()


def counts() -> dict[str, int]:
    return {model._meta.label: model.objects.count() for app in OURS for model in apps.get_app_config(app).get_models()}


def test_the_shop_is_full_after_one_run(ims: Any):
    seed()

    assert Container.objects.count() == len((*CONTAINERS, *ACCESSORIES, *BUNDLES))
    assert Depot.objects.count() == len(DEPOTS)
    assert StockLevel.objects.filter(on_hand__gt=0).count() == sum(level.on_hand > 0 for level in (*STOCK, *PART_STOCK))
    assert Unit.objects.count() == len((*UNITS, *PART_UNITS))
    bundled = {v.sku for bundle in BUNDLES for v in bundle.container.variants}
    assert {row.bundle.sku for row in BundlePart.objects.select_related("bundle")} == bundled
    approved = bundled | {v.sku for c in CONTAINERS for v in c.variants if v.approval and not v.approval.failed}
    assert set(Variant.objects.approved().values_list("sku", flat=True)) == approved
    season = Season.objects.get()
    assert season.end_on >= timezone.localdate()
    assert set(Coupon.objects.values_list("code", "valid_from")) == {(c.code, timezone.localdate()) for c in COUPONS}


def test_everybody_can_log_in_and_mia_has_cats_and_an_address():
    seed("--no-stock")

    for name in ("clerk", "catalog", "refunds", "approvals", "auditor"):
        user = User.objects.get(email=f"{name}@example.com")
        assert user.is_staff
        assert user.check_password(PASSWORD)
        assert user.groups.get().name == name
    assert User.objects.get(email="admin@example.com").is_superuser
    mia = User.objects.get(email="mia@example.com")
    assert not mia.is_staff
    assert mia.cats.count() == 3
    assert mia.addresses.get().city == "Berlin"


def test_a_second_run_changes_nothing_and_leaves_what_staff_changed(ims: Any):
    seed()
    SaleOffer.objects.filter(variant__sku="MUR-S-SAGE", currency="EUR").update(price_minor=1)
    before = counts()

    with CaptureQueriesContext(connection) as statements:
        said = seed()

    assert counts() == before
    assert SaleOffer.objects.get(variant__sku="MUR-S-SAGE", currency="EUR").price_minor == 1
    assert all(line.endswith("up to date") for line in said.splitlines()), said
    assert len(statements) <= 40


def test_what_staff_renamed_or_deleted_is_neither_an_error_nor_back_after_the_next_run(ims: Any):
    seed()
    Container.objects.filter(slug=CONTAINERS[0].slug).update(slug="renamed")
    User.objects.filter(email="mia@example.com").update(email="Mia@Example.com")
    User.objects.filter(email="catalog@example.com").update(email="Catalog@example.com")
    TaxRate.objects.filter(country="PT").delete()
    DeliveryRate.objects.filter(country="GB").delete()
    before = counts()

    said = seed()

    assert counts() == before
    assert all(line.endswith("up to date") for line in said.splitlines()), said


def test_a_picture_that_staff_deleted_does_not_come_back():
    seed("--no-stock")
    two = [picture for picture in wanted() if picture.slug == CONTAINERS[1].slug][:2]
    seed_pictures(StringIO(), pictures=two)
    ContainerImage.objects.filter(colour=two[0].colour).delete()

    assert seed_pictures(StringIO(), pictures=two) == 0
    assert [image.colour for image in ContainerImage.objects.all()] == [two[1].colour]


def test_only_missing_pictures_are_drawn():
    seed("--no-stock")
    two = wanted()[:2]
    progress = StringIO()

    assert seed_pictures(progress, pictures=two) == 2
    assert "pictures drawn: 2 of 2" in progress.getvalue()
    default_storage.delete(two[0].file)

    assert seed_pictures(progress, pictures=two) == 1
    assert seed_pictures(progress, pictures=two) == 0
    assert ContainerImage.objects.count() == 2
    assert default_storage.open(two[0].file).read(4) == b"RIFF"


def test_a_stand_in_that_does_not_answer_is_named(settings: Any):
    settings.INVENTORY_URL = "http://127.0.0.1:9"

    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:9"):
        seed()


def test_an_inventory_system_elsewhere_is_left_alone(settings: Any):
    settings.INVENTORY_URL = "https://inventory.example.com"

    assert "rows of stock" not in seed()


@pytest.mark.parametrize(("name", "value"), [("SECURE_SSL_REDIRECT", True), ("STRIPE_SECRET_KEY", "sk_live_1")])
def test_the_demo_is_refused_where_things_are_real(settings: Any, name: str, value: str):
    setattr(settings, name, value)

    with pytest.raises(CommandError, match="not for production"):
        seed()

    assert not User.objects.exists()
