"""A customer pays on the gateway's page in a browser, and comes back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from orders.states import OrderStatus
from sandbox.stripe.sandbox import StripeSandbox
from tests.browser.conftest import Snap
from tests.jobs import forget_jobs, run_jobs
from tests.payments.loopback import stripe_on_loopback
from tests.payments.money import kept_at_gateway
from tests.shop import Shop, key

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def gateway(settings: Settings) -> Iterator[StripeSandbox]:
    with stripe_on_loopback(settings) as sandbox:
        yield sandbox


@pytest.fixture
def address(shop: Shop, settings: Settings, live_server: LiveServer) -> Iterator[str]:
    """What the app opens in a browser to pay an order."""
    settings.PAYMENT_PAID_URL, settings.PAYMENT_LEFT_URL = f"{live_server.url}/livez", f"{live_server.url}/api/docs/"
    order = shop.order()
    body = {"via": "redirect"}
    yield shop.phone().post(f"/api/v1/orders/{order.number}/payment", body, headers=key()).json()["url"]
    forget_jobs()


def test_a_customer_is_declined_is_asked_by_the_bank_pays_and_comes_back(
    shop: Shop, address: str, page: Page, snap: Snap
) -> None:
    order = Order.objects.get()
    number, pays = page.get_by_label("Card number"), page.get_by_role("button", name="Pay", exact=True)

    page.goto(address)
    expect(page.get_by_role("heading")).to_have_text(re.compile("^Pay "))
    number.fill("4000 0000 0000 9995")
    pays.click()
    expect(page.get_by_role("status")).to_have_text("Your card has insufficient funds.")
    snap("payment-page")
    number.fill("4000 0027 6000 3184")
    pays.click()
    page.get_by_role("button", name="Refuse").click()
    page.wait_for_url(re.compile("/c/pay/"))
    number.fill("4000 0027 6000 3184")
    pays.click()
    page.get_by_role("button", name="Approve").click()

    page.wait_for_url(f"**/livez?order={order.number}")
    shop.deliver_webhooks()
    run_jobs(later=False)
    order.refresh_from_db()
    assert (order.status, kept_at_gateway(shop)) == (OrderStatus.CONFIRMED, order.total_minor)


def test_a_customer_who_turns_back_has_paid_nothing(shop: Shop, address: str, page: Page) -> None:
    order = Order.objects.get()
    page.goto(address)
    page.get_by_role("button", name="Back to the shop").click()

    page.wait_for_url(f"**/api/docs/?order={order.number}")
    assert kept_at_gateway(shop) == 0
    page.goto(address)
    expect(page.get_by_role("button", name="Pay", exact=True)).to_be_visible()
