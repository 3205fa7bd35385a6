"""Staff decide about money in a browser: a large refund, a dispute, a comparison."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import User
from payments.models import Dispute, Payment, PaymentReconciliation, Refund
from payments.services import reconcile_payments, request_refund
from tests.browser.conftest import Looking, log_in
from tests.factories.accounts import UserFactory
from tests.factories.orders import ChargeFactory
from tests.factories.payments import DisputeFactory, PaymentFactory, PaymentReconciliationFactory
from tests.jobs import forget_jobs, run_jobs
from tests.orders.desk import address
from tests.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def morning(shop: Shop, page: Page, settings: Settings) -> Iterator[Shop]:
    """A refund that waits, disputes in every state, and a night that found something; the boss is logged in."""
    settings.PAYMENTS_SETTLE, settings.REFUND_APPROVAL_ABOVE = 0, {"EUR": 20}
    User.objects.filter(pk=shop.customer.pk).update(name="Mia Vogel", email="mia.vogel@example.com")
    clerk = UserFactory(staff=True, name="Jonas Weber", email="jonas.weber@example.com")
    shop.paid()
    waits = {"payment_id": Payment.objects.get().pk, "amount_minor": 3000, "actor": f"staff:{clerk.pk}"}
    request_refund(**waits, reason="The zip was broken on the first day.")
    shop.paid()
    shop.gateway.open_dispute(str(Payment.objects.latest("id").provider_ref), 4990, "product_not_received")
    shop.deliver_webhooks()
    run_jobs()
    lost = DisputeFactory(lost=True, payment=PaymentFactory(succeeded=True, order__customer__name="Aylin Demir"))
    ChargeFactory(order=lost.payment.order, amount_minor=lost.payment.amount_minor)
    DisputeFactory(inquiry=True, reason="unrecognized", payment__order__customer__name="Clara Neumann")
    for night, outcome in enumerate(["equal", "repaired", "unreachable", "equal"]):
        at = (timezone.now() - timedelta(days=5 - night)).replace(hour=3, minute=20)
        PaymentReconciliationFactory(started_at=at, finished_at=at + timedelta(seconds=48), outcome=outcome)
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    log_in(page, boss)
    yield shop
    forget_jobs()


def differ(shop: Shop) -> PaymentReconciliation:
    """Something was refunded at the gateway by hand, and nobody here has heard of it."""
    shop.gateway.set_webhooks(mode="drop")
    shop.paid()
    shop.gateway.set_webhooks()
    reconcile_payments(since=timezone.now() - timedelta(hours=1), actor="job")
    return PaymentReconciliation.objects.all()[0]


def test_a_large_refund_is_approved_by_somebody_else(morning: Shop, page: Page) -> None:
    page.get_by_role("link", name="Refunds to approve").click()
    page.get_by_role("row", name="Waits for approval").get_by_role("link").first.click()
    expect(page.get_by_text("Waits for a second person")).to_be_visible()

    page.get_by_role("link", name="Approve…").click()
    page.get_by_label("Note").fill("I have seen the photos.")
    page.get_by_role("button", name="Approve").click()

    expect(page.get_by_text("is on its way back to the customer.")).to_be_visible()
    run_jobs()
    assert Refund.objects.get().status == "succeeded"


def test_a_lost_dispute_is_written_off(morning: Shop, page: Page) -> None:
    page.goto(address("payments_dispute_change", Dispute.objects.get(status="lost")))
    page.get_by_role("link", name="Write off…").click()
    page.get_by_label("Reason").fill("The bank believed the customer.")
    page.get_by_role("button", name="Write off").click()

    expect(page.get_by_text("€30.00 are credited")).to_be_visible()
    expect(page.get_by_role("heading", name="What was decided")).to_be_visible()
    assert Dispute.objects.get(status="lost").decision == "write_off"


def test_the_pages_of_money_fit_their_window(morning: Shop, page: Page, look: Looking) -> None:
    compared = differ(morning)
    refund, lost = Refund.objects.get(), Dispute.objects.get(status="lost")
    pages: dict[str, Any] = {
        "day": "/admin/",
        "disputes": address("payments_dispute_changelist"),
        "dispute": address(
            "payments_dispute_change", Dispute.objects.filter(is_inquiry=False).exclude(pk=lost.pk).get()
        ),
        "lost": address("payments_dispute_change", lost),
        "write-off": address("payments_dispute_write_off", lost),
        "refunds": address("payments_refund_changelist"),
        "refund": address("payments_refund_change", refund),
        "approve": address("payments_refund_approve", refund),
        "payment": address("payments_payment_change", refund.payment),
        "comparisons": address("payments_paymentreconciliation_changelist"),
        "comparison": address("payments_paymentreconciliation_change", compared),
        "compare": address("payments_paymentreconciliation_compare_now"),
    }

    for name, url in pages.items():
        page.goto(url)
        look(f"money-{name}")
