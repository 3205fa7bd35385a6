"""The staff pages as people use them: by looking, typing and pressing buttons."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from catalog.models import SaleOffer
from orders.models import Rental
from orders.states import RentalStatus
from payments.models import Payment, ProviderEvent, Refund
from payments.states import EventStatus, RefundStatus
from tests.browser.conftest import Looking, log_in
from tests.browser.day import Day, a_day
from tests.jobs import forget_jobs
from tests.orders.desk import address
from tests.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def day(shop: Shop, page: Page) -> Iterator[Day]:
    """A day of the shop, with its boss logged in."""
    today = a_day(shop)
    forget_jobs()
    log_in(page, today.boss)
    yield today
    forget_jobs()  # the flush between tests leaves the queue's tables as they are


def test_a_price_is_changed_an_order_read_and_a_part_of_it_refunded(day: Day, page: Page) -> None:
    offer = SaleOffer.objects.get(variant__sku="BAG-1")
    page.goto(address("catalog_saleoffer_change", offer))
    page.locator("[name=price_minor]").fill("54.90")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/saleoffer/")
    offer.refresh_from_db()
    assert offer.price_minor == 5490

    page.goto(address("orders_order_changelist"))
    page.get_by_role("link", name=day.order.number).click()
    expect(page.get_by_role("heading", name=day.order.number).last).to_be_visible()
    page.get_by_role("link", name="Payments", exact=True).last.click()
    page.get_by_role("link", name=day.order.number).last.click()  # the deposit's is newer
    page.get_by_role("link", name="Refund…").click()
    page.get_by_label("Amount").fill("9,90")
    page.get_by_label("Reason").fill("A scratch on the lid.")
    expect(page.locator(".bo-preview")).to_contain_text("A scratch on the lid.")
    expect(page.locator(".bo-preview")).to_contain_text("€9.90")
    page.get_by_role("button", name="Refund", exact=True).click()

    expect(page.get_by_text("€9.90 is on its way back to the customer.")).to_be_visible()
    refund = Refund.objects.get(reason="A scratch on the lid.")
    assert (refund.payment_id, refund.amount_minor) == (day.payment.pk, 990)
    assert Payment.objects.get(pk=day.payment.pk).refund_pending_minor == 990


def test_a_wrong_amount_is_explained_where_it_was_typed(day: Day, page: Page) -> None:
    page.goto(address("payments_payment_refund", day.payment))
    page.get_by_label("Amount").fill("9999")
    page.get_by_label("Reason").fill("Too much.")
    page.get_by_role("button", name="Refund", exact=True).click()

    expect(page.get_by_text("This is more than is left")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("Too much.")
    assert not Refund.objects.filter(reason="Too much.").exists()


def test_a_late_rental_is_taken_back_from_the_worklist(day: Day, page: Page) -> None:
    page.goto(address("orders_rental_changelist"))
    page.get_by_role("link", name="Overdue").click()
    page.get_by_role("link", name="Take back").click()
    page.get_by_text("B: light traces").click()
    page.get_by_label("Note").fill("Wiped down already.")
    page.get_by_role("button", name="Take back").click()

    page.wait_for_url("**/rental/?work=overdue")
    expect(page.get_by_text("goes to cleaning")).to_be_visible()
    expect(page.get_by_text("Nothing waits in this list.")).to_be_visible()
    assert Rental.objects.get(pk=day.late.pk).status == RentalStatus.RETURNED


def pages_of(day: Day) -> dict[str, str]:
    booked = Rental.objects.filter(status=RentalStatus.BOOKED).first()
    return {
        "today": address("index"),
        "orders": address("orders_order_changelist"),
        "order": address("orders_order_change", day.order),
        "order-unpaid": address("orders_order_change", day.unpaid),
        "cancel": address("orders_order_cancel", day.unpaid),
        "rentals": address("orders_rental_changelist"),
        "rental": address("orders_rental_change", day.late),
        "prepare": address("orders_rental_prepare", booked),
        "take-back": address("orders_rental_take_back", day.late),
        "sales": address("orders_orderline_changelist"),
        "quotes": address("orders_quote_changelist"),
        "delivery-rate": address("orders_deliveryrate_add"),
        "payments": address("payments_payment_changelist"),
        "payment": address("payments_payment_change", day.payment),
        "refund": address("payments_payment_refund", day.payment),
        "refunds": address("payments_refund_changelist"),
        "refund-failed": address("payments_refund_change", Refund.objects.get(status=RefundStatus.FAILED)),
        "documents": address("payments_document_changelist"),
        "document": address("payments_document_change", day.order.documents.first()),
        "mails": address("payments_mail_changelist"),
        "mail": address("payments_mail_change", day.order.mails.first()),
        "inbox": address("payments_providerevent_changelist"),
        "event": address("payments_providerevent_change", ProviderEvent.objects.get(status=EventStatus.PARKED)),
    }


def test_every_page_fits_its_window(day: Day, page: Page, look: Looking) -> None:
    for name, url in pages_of(day).items():
        page.goto(url)
        look(name)
