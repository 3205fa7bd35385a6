"""A bundle, made in a browser by whoever keeps the catalog."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from catalog.models import BundlePart
from config.groups import setup_groups
from tests.browser.conftest import Snap, fits, log_in
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory, accessory, bundle
from tests.orders.desk import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _keeper(page: Page) -> None:
    setup_groups()
    keeper = UserFactory(staff=True, email="noa.klein@example.com", name="Noa Klein")
    keeper.groups.add(Group.objects.get(name="catalog"))
    log_in(page, keeper)


def test_a_bundle_is_changed_and_one_that_cannot_be_is_refused_in_words(page: Page, snap: Snap) -> None:
    carrier, bowl = VariantFactory(sku="MUR-M-SAGE", approved=True), accessory(sku="BOWL-MINT")
    whole = bundle(carrier, bowl, sku="CABIN-M-SAGE", used_up=[accessory(sku="PAD-WHITE")])
    page.goto(address("catalog_variant_change", whole.pk))
    quantity = page.locator("[name=parts-1-quantity]")
    expect(quantity).to_be_visible()
    quantity.scroll_into_view_if_needed()
    assert fits(page)
    snap("bundle")

    page.locator("[name=parts-0-comes_back]").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The first part comes back from a rental.")).to_be_visible()
    assert fits(page)
    snap("bundle-refused")

    page.locator("[name=parts-0-comes_back]").check()
    page.locator("[name=parts-1-quantity]").fill("2")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/variant/")
    assert fits(page)
    snap("bundles")
    assert BundlePart.objects.get(part=bowl).quantity == 2
