"""Seasons and coupons, made in a browser by whoever keeps the catalog."""

from datetime import date

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from catalog.models import RentalOffer, Season
from config.groups import setup_groups
from orders.models import Coupon
from tests.browser.conftest import Snap, fits, log_in
from tests.factories.accounts import UserFactory
from tests.factories.catalog import SeasonFactory, VariantFactory
from tests.factories.orders import CouponFactory, OrderFactory
from tests.orders.desk import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _keeper(page: Page) -> None:
    setup_groups()
    keeper = UserFactory(staff=True, email="noa.klein@example.com", name="Noa Klein")
    keeper.groups.add(Group.objects.get(name="catalog"))
    log_in(page, keeper)


def test_a_season_is_made_and_one_that_meets_another_is_refused(page: Page, snap: Snap) -> None:
    SeasonFactory(name="Summer holidays", kind="airline_crate", start_on=date(2027, 7, 1), end_on=date(2027, 8, 31))
    SeasonFactory(name="February", start_on=date(2027, 2, 1), end_on=date(2027, 2, 28), percent=-15)
    page.goto(address("catalog_season_add"))
    page.get_by_label("Name").fill("Christmas")
    page.locator("[name=start_on]").fill("2027-02-20")
    page.locator("[name=end_on]").fill("2027-12-31")
    page.locator("[name=percent]").fill("20")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Another season for the same containers")).to_be_visible()
    assert fits(page)
    snap("season-refused")

    page.locator("[name=start_on]").fill("2027-12-20")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/season/")
    assert fits(page)
    snap("seasons")
    assert Season.objects.count() == 3


def test_a_coupon_is_made_and_the_list_tells_what_is_left(page: Page, snap: Snap) -> None:
    few = CouponFactory(
        code="AIRPORT-5", percent=None, amount_minor=500, currency="EUR", minimum_minor=3000, most_uses=3
    )
    OrderFactory(coupon=few, confirmed=True)
    page.goto(address("orders_coupon_add"))
    page.get_by_label("Code").fill("welcome-10")
    page.locator("[name=valid_from]").fill("2026-11-01")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Say either an amount or per cent.")).to_be_visible()
    snap("coupon-refused")

    page.locator("[name=percent]").fill("10")
    page.get_by_label("First order only").check()
    snap("coupon")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/coupon/")
    assert fits(page)
    snap("coupons")
    assert Coupon.objects.get(code="WELCOME-10").first_order_only
    page.goto(address("orders_coupon_change", few))
    snap("coupon-used")


def test_the_price_of_days_to_get_used_to_it_is_a_term_of_the_offer(page: Page, snap: Snap) -> None:
    offer = VariantFactory(offered=True).rental_offers.get()
    page.goto(address("catalog_rentaloffer_change", offer))
    page.get_by_label("Day price to get used to it (%)").fill("50")
    assert fits(page)
    snap("rental-offer")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/rentaloffer/")
    assert RentalOffer.objects.in_force().get().acclimatisation_percent == 50
