"""What staff change for customers, in a browser: longer days, a unit that is bought, a return, the policy."""

import pytest
from playwright.sync_api import Page, expect

from orders.models import CancellationTier, Order, OrderLine, Rental
from orders.services import ask_return, deliver_sale, prepare_sale
from orders.states import OrderStatus, RentalStatus, SaleStatus
from tests.browser.conftest import Snap, fits
from tests.browser.test_deposits import counter  # noqa: F401 (a fixture)
from tests.orders.desk import address
from tests.payments.test_deposits import settled
from tests.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def out() -> Rental:
    return Rental.objects.get(status=RentalStatus.OUT)


def test_a_rental_is_extended_by_choosing_among_the_days_that_are_possible(
    counter: Shop,  # noqa: F811
    page: Page,
    snap: Snap,
) -> None:
    page.goto(address("orders_rental_change", out()))
    assert fits(page)
    snap("rental-out")
    page.get_by_role("link", name="Extend…").click()
    snap("rental-extend")
    page.get_by_label("New last day").select_option(counter.day(6).isoformat())
    page.get_by_role("button", name="Extend").click()

    expect(page.get_by_text("is rented until").first).to_be_visible()
    assert out().end_on == counter.day(6)


def test_a_unit_is_sold_to_whoever_has_it_once_its_price_was_seen(
    counter: Shop,  # noqa: F811
    page: Page,
    snap: Snap,
) -> None:
    page.goto(address("orders_rental_keep", out()))
    assert fits(page)
    snap("rental-keep")
    page.get_by_role("button", name="Sell it").click()

    expect(page.get_by_text("is sold to").first).to_be_visible()
    snap("rental-kept")
    assert Rental.objects.filter(status=RentalStatus.KEPT).count() == 1


def test_what_comes_back_is_found_received_and_credited(counter: Shop, page: Page, snap: Snap) -> None:  # noqa: F811
    order = counter.paid(counter.sale(2))
    line = OrderLine.objects.get(order=order)
    prepare_sale(line_id=line.pk, actor="staff:1")
    deliver_sale(line_id=line.pk, actor="staff:1")
    settled(counter)
    ask_return(order_id=order.pk, line_ids=[line.pk], actor=f"customer:{order.customer_id}", note="Miso does not fit.")

    page.goto(address("orders_orderline_changelist") + "?work=returns")
    snap("returns")
    page.goto(address("orders_orderline_change", line))
    snap("return")
    page.get_by_role("link", name="It came back").click()
    page.get_by_role("button", name="Take it back").click()

    expect(page.get_by_text("is back, and credited").first).to_be_visible()
    assert OrderLine.objects.get(pk=line.pk).status == SaleStatus.RETURNED


def test_cancelling_shows_what_the_policy_would_keep(counter: Shop, page: Page, snap: Snap) -> None:  # noqa: F811
    CancellationTier.objects.create(hours=9000, percent=100)
    CancellationTier.objects.create(hours=24, percent=50)
    page.goto(address("orders_cancellationtier_changelist"))
    snap("policy")
    order = counter.paid(counter.rental(20, 22))

    page.goto(address("orders_order_cancel", order))
    assert fits(page)
    snap("cancel-by-policy")
    page.get_by_label("Reason").fill("They travel later.")
    page.get_by_label("Credit everything").uncheck()
    page.get_by_role("button", name="Cancel the order").click()

    expect(page.get_by_text("is cancelled").first).to_be_visible()
    assert Order.objects.get(pk=order.pk).status == OrderStatus.CANCELLED
    assert order.charges.total() == 1350
