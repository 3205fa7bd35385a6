"""Sums that are not what their rows come to are found, named, and counted again where that can do no harm."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from orders.models import ChargeKind, Order
from orders.services import add_charge
from payments.models import Deposit, Dispute, Payment, Refund
from payments.selectors import balance
from payments.services import reconcile_payments, request_refund
from payments.services.reconcile import Report
from payments.services.sums import SUMS, deposits_miscounted, payments_miscounted, recount_payment
from payments.states import ParkedBy
from tests.factories.payments import PaymentFactory, RefundFactory
from tests.jobs import forget_jobs, run_jobs
from tests.payments.test_deposits import rented, returned
from tests.shop import Shop

STAFF = "staff:01980000-0000-7000-8000-000000000001"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_once(settings: Settings) -> None:
    settings.PAYMENTS_SETTLE = 0


def look(*, repair: bool = False) -> Report:
    return reconcile_payments(since=timezone.now() - timedelta(days=30), repair=repair)


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(f.what, f.difference, f.repair) for f in report.findings]


def some_of_everything(shop: Shop) -> Payment:
    """Given back, on its way, waiting, and taken by a bank."""
    payment = shop.pay(shop.order(shop.sale(5)), "pm_card_pendingRefund")
    shop.deliver_webhooks()
    run_jobs()
    for amount in (1000, 500):
        request_refund(payment_id=payment.pk, amount_minor=amount, reason="sorry", actor="clock")
        run_jobs()
    shop.gateway.succeed_refund(str(Refund.objects.earliest("created_at").provider_ref))
    shop.deliver_webhooks()
    run_jobs()
    request_refund(payment_id=payment.pk, amount_minor=51_00, reason="much", actor=STAFF)
    shop.gateway.open_dispute(str(payment.provider_ref), 300)
    shop.deliver_webhooks()
    run_jobs()
    payment.refresh_from_db()
    return payment


def sums(payment: Payment) -> dict[str, int]:
    return {column: getattr(Payment.objects.get(pk=payment.pk), column) for column in SUMS}


@pytest.mark.parametrize("column", SUMS)
def test_a_sum_that_was_changed_is_found_and_counted_again(shop: Shop, settings: Settings, column: str) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 50}
    payment = some_of_everything(shop)
    right = sums(payment)
    assert min(right.values()) > 0
    assert not payments_miscounted(since=payment.created_at).exists()
    Payment.objects.filter(pk=payment.pk).update(**{column: right[column] + 7})

    (found,) = look().findings
    report = look(repair=True)

    name = column.removesuffix("_minor").replace("_", " ")
    euros = (f"€{(right[column] + extra) / 100:.2f} {name}" for extra in (7, 0))
    assert (found.what, found.difference, found.repair) == ("payment", "sums", "recount")
    assert (found.ref, found.order, found.since) == (
        payment.provider_ref, payment.order.number, payment.created_at.isoformat(),
    )  # fmt: skip
    assert (found.ours, found.theirs) == tuple(euros)
    assert (report.repaired, report.left, sums(payment)) == (1, 0, right)


def test_a_row_that_vanished_is_found_too(shop: Shop) -> None:
    order = shop.paid()
    payment = Payment.objects.get()
    shop.gateway.open_dispute(str(payment.provider_ref), 300)
    shop.deliver_webhooks()
    run_jobs()
    Dispute.objects.all().delete()

    findings = look().findings

    assert ("payment", "sums", "recount") in [(f.what, f.difference, f.repair) for f in findings]
    look(repair=True)  # the dispute is read again, and its sum is right
    assert (sums(payment)["disputed_minor"], balance(order.pk)) == (300, 300)


def test_rows_that_cannot_be_true_are_left_to_a_person(shop: Shop) -> None:
    shop.paid()
    payment = Payment.objects.get()
    refund = RefundFactory(payment=payment, succeeded=True, amount_minor=100)
    Refund.objects.filter(pk=refund.pk).update(amount_minor=payment.captured_minor + 1)

    (counted,) = payments_miscounted(since=payment.created_at)
    recount_payment(payment_id=payment.pk)

    assert (counted.rows_refunded, counted.captured_minor) == (payment.captured_minor + 1, payment.captured_minor)
    assert sums(payment)["refunded_minor"] == 100
    found = [f for f in look().findings if f.difference == "sums"]
    assert [(f.repair, f.note) for f in found] == [("by_hand", "its rows say that more went back than was paid")]


def test_what_is_right_is_not_read() -> None:
    payments = PaymentFactory.create_batch(3, succeeded=True)
    RefundFactory(payment=payments[0], status="failed")
    RefundFactory(payment=payments[1], status="declined", declined_by=STAFF)

    with CaptureQueriesContext(connection) as asked:
        assert list(payments_miscounted(since=payments[0].created_at)) == []
        assert list(deposits_miscounted(since=payments[0].created_at)) == []

    assert len(asked) == 2


# Deposits


def ended(shop: Shop, days: int) -> tuple[Order, Deposit]:
    """15.00 were kept of it, the rest went back."""
    order = rented(shop, days=days)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="torn", actor=STAFF)
    returned(shop, order)
    shop.deliver_webhooks()
    run_jobs()
    deposit = Deposit.objects.get()
    assert (deposit.status, deposit.captured_minor) == ("captured", 1500)
    return order, deposit


@pytest.mark.parametrize("days", [3, 8])
def test_an_ended_deposit_that_says_what_is_left_of_it_is_equal(shop: Shop, days: int) -> None:
    ended(shop, days)

    assert told(look()) == []


@pytest.mark.parametrize("days", [3, 8])
def test_a_deposit_that_keeps_less_than_is_left_gives_the_rest_back(shop: Shop, days: int) -> None:
    _, deposit = ended(shop, days)
    Deposit.objects.update(captured_minor=1200)
    forget_jobs()

    (found,) = look().findings
    report = look(repair=True)

    assert (found.what, found.difference, found.repair, found.ref) == ("deposit", "sums", "settle", str(deposit.pk))
    assert (found.ours, found.theirs) == ("captured: €12.00 kept", "€15.00 left of its payment")
    assert [(f.what, f.result) for f in report.findings] == [("deposit", "repaired")]
    assert Refund.objects.latest("created_at").amount_minor == 300


def test_a_deposit_that_keeps_more_than_is_left_is_left_to_a_person(shop: Shop) -> None:
    ended(shop, 3)
    Deposit.objects.update(captured_minor=1700)

    report = look(repair=True)

    assert [(f.what, f.difference, f.repair, f.note) for f in report.findings] == [
        ("deposit", "sums", "by_hand", "it keeps more than is there: who has the rest?")
    ]


def is_parked(deposit: Deposit) -> None:
    Payment.objects.filter(deposit=deposit).update(parked_reason="look", parked_by=ParkedBy.PAYMENT)


def fails(deposit: Deposit) -> None:
    RefundFactory(payment=Payment.objects.get(deposit=deposit), status="failed", settled_at=timezone.now())


def fails_before_another_is_declined(deposit: Deposit) -> None:
    fails(deposit)
    RefundFactory(
        payment=Payment.objects.get(deposit=deposit),
        status="declined",
        declined_by="staff:2",
        decided_at=timezone.now(),
    )


@pytest.mark.parametrize("waits", [is_parked, fails, fails_before_another_is_declined])
def test_a_deposit_that_waits_for_somebody_is_no_news(shop: Shop, waits: Callable[[Deposit], None]) -> None:
    _, deposit = ended(shop, 3)
    Deposit.objects.update(captured_minor=1200)

    waits(deposit)

    assert list(deposits_miscounted(since=deposit.created_at)) == []
