"""Payments that the gateway made for a row of ours which has another one by now, and payments that contradict us."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from inventory.models import Reservation
from orders.models import Order
from orders.services import cancel_order, expire_orders
from orders.states import OrderStatus
from payments.errors import PaymentProviderUnavailable, PaymentRefused
from payments.models import Payment, ProviderEvent, Refund
from payments.providers.registry import get_provider
from payments.selectors import balance
from payments.services import apply_payment, catch_up, process_event, start_payment
from payments.states import EventStatus, PaymentStatus
from tests.jobs import run_jobs
from tests.payments.between import Interrupted
from tests.payments.money import kept_at_gateway
from tests.shop import Shop


def start(order: Order) -> Any:
    return start_payment(order_id=order.pk, customer_id=order.customer_id)


def two_payments_of_one_row(shop: Shop, settings: Any) -> tuple[Order, str, str]:
    """The gateway broke and left a payment behind; its event comes while the second is made. (order, ours, stray)"""
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "500_after")
    with pytest.raises(PaymentProviderUnavailable):
        start(order)

    def the_event_comes() -> None:
        shop.deliver_webhooks()
        run_jobs()

    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway, the_event_comes)
    with pytest.raises(PaymentProviderUnavailable):
        start(order)
    stray, ours = (intent["id"] for intent in shop.gateway.recent())
    assert Payment.objects.get().provider_ref == ours
    return order, ours, stray


def test_no_phone_gets_the_secret_of_a_stray_and_the_stray_is_cancelled(shop: Shop, settings: Any) -> None:
    order, ours, stray = two_payments_of_one_row(shop, settings)

    secret = start(order).client_secret

    assert secret.startswith(ours)
    assert (shop.gateway.retrieve(stray) or {})["status"] == "canceled"
    assert Payment.objects.get().parked_reason == ""


def test_what_a_broken_gateway_left_behind_is_no_alarm(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "500_after")
    with pytest.raises(PaymentProviderUnavailable):
        start(order)
    start(order)

    shop.deliver_webhooks()
    run_jobs()

    assert [r for r in caplog.records if r.levelname == "ERROR"] == []
    assert set(ProviderEvent.objects.values_list("status", flat=True)) == {"processed", "ignored"}
    assert {intent["status"] for intent in shop.gateway.recent()} == {"canceled", "requires_payment_method"}


def test_an_event_that_is_looked_at_while_the_answer_is_written_down_cancels_nothing(shop: Shop) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "drop_after")
    with pytest.raises(PaymentProviderUnavailable):
        start(order)
    ref = shop.gateway.recent()[0]["id"]
    written: list[str] = []

    def somebody_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if sql.startswith("SELECT") and '"provider_ref"' in sql and not written:
            written.append(sql)
            Payment.objects.update(provider_ref=ref)
        return found

    with connection.execute_wrapper(somebody_writes):
        apply_payment(provider_ref=ref)

    assert written
    assert (shop.gateway.retrieve(ref) or {})["status"] == "requires_payment_method"
    assert (Payment.objects.get().provider_ref, Payment.objects.get().status) == (ref, PaymentStatus.PENDING)


def captured_stray(shop: Shop) -> tuple[Order, str]:
    """An order with a payment open, and another of its payments paid at the gateway. (order, the stray's reference)"""
    order = shop.order()
    stray = str(start(order).payment.provider_ref)
    Payment.objects.update(provider_ref=None, attempts=1)
    start(order)
    shop.gateway.confirm(stray)
    shop.deliver_webhooks()
    run_jobs()
    return order, stray


def test_money_captured_on_a_stray_counts_towards_its_order(shop: Shop) -> None:
    order, stray = captured_stray(shop)

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED
    assert Payment.objects.get(provider_ref=stray).captured_minor == order.total_minor
    assert balance(order.pk) == 0


def test_money_captured_on_both_goes_back_once(shop: Shop) -> None:
    order, stray = captured_stray(shop)
    ours = str(Payment.objects.exclude(provider_ref=stray).get().provider_ref)

    shop.gateway.confirm(ours)
    shop.deliver_webhooks()
    run_jobs()

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED
    assert kept_at_gateway(shop) == order.total_minor
    assert balance(order.pk) == 0
    assert Refund.objects.get().amount_minor == order.total_minor


def test_money_captured_on_a_stray_of_a_dead_order_goes_back(shop: Shop) -> None:
    order = shop.order()
    stray = str(start(order).payment.provider_ref)
    Payment.objects.update(provider_ref=None, attempts=1)
    start(order)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    shop.gateway.confirm(stray)
    shop.deliver_webhooks()
    run_jobs()

    assert kept_at_gateway(shop) == balance(order.pk) == 0
    assert Refund.objects.get().payment.provider_ref == stray


def test_a_payment_that_somebody_closed_at_the_gateway_is_replaced(shop: Shop) -> None:
    order = shop.order()
    closed = str(start(order).payment.provider_ref)
    get_provider().cancel_payment(closed)

    with pytest.raises(PaymentProviderUnavailable):
        start(order)

    assert not start(order).client_secret.startswith(closed)
    assert Payment.objects.filter(status=PaymentStatus.PENDING).count() == 1


# What contradicts us


def parked(shop: Shop) -> tuple[Order, Payment]:
    """An order whose payment collected less than we asked for."""
    order = shop.order()
    payment = shop.pay(order)
    Payment.objects.filter(pk=payment.pk).update(amount_minor=payment.amount_minor + 1)
    shop.deliver_webhooks()
    run_jobs()
    return order, Payment.objects.get()


def test_money_of_a_parked_payment_is_written_down_and_confirms_nothing(shop: Shop) -> None:
    order, payment = parked(shop)

    assert "4990 EUR" in payment.parked_reason
    assert (payment.captured_minor, payment.status) == (4990, PaymentStatus.SUCCEEDED)
    assert Order.objects.get(pk=order.pk).status == OrderStatus.PENDING_PAYMENT


def test_more_money_than_was_asked_for_is_written_down_too(shop: Shop) -> None:
    payment = shop.pay(shop.order())
    Payment.objects.update(amount_minor=payment.amount_minor - 1)

    apply_payment(provider_ref=str(payment.provider_ref))

    payment.refresh_from_db()
    assert (payment.captured_minor, payment.refundable_minor) == (4990, 4990)
    assert payment.parked_reason


def test_a_part_of_the_price_confirms_nothing(shop: Shop, settings: Any) -> None:
    order = shop.order()
    payment = shop.pay(order)

    class PartlyCaptured(Interrupted):
        def request(self, *args: Any, **more: Any) -> Any:
            body, status, headers = super().request(*args, **more)
            return body.replace('"amount_received":4990', '"amount_received":3000'), status, headers

    settings.STRIPE_HTTP_CLIENT = PartlyCaptured(shop.gateway)
    apply_payment(provider_ref=str(payment.provider_ref))

    payment.refresh_from_db()
    assert (payment.captured_minor, payment.parked_reason) == (
        3000,
        "The gateway captured 3000 of 4990 (minor units).",
    )
    assert Order.objects.get(pk=order.pk).status == OrderStatus.PENDING_PAYMENT


def test_a_parked_payment_gives_no_secret_and_its_money_goes_back_when_its_order_dies(shop: Shop) -> None:
    order, payment = parked(shop)
    Payment.objects.update(status=PaymentStatus.PENDING)
    with pytest.raises(PaymentRefused) as refused:
        start(order)
    assert refused.value.members == {"reason": "under_review"}

    lapsed = timezone.now() - timedelta(seconds=1)
    Order.objects.update(expires_at=lapsed)
    Reservation.objects.update(expires_at=lapsed)
    expire_orders()
    run_jobs()

    assert kept_at_gateway(shop) == balance(order.pk) == 0
    payment.refresh_from_db()
    assert payment.refunded_minor == 4990


def test_a_payment_that_agrees_again_is_no_longer_parked_and_confirms(shop: Shop) -> None:
    order, payment = parked(shop)
    Payment.objects.update(amount_minor=4990)

    for event in ProviderEvent.objects.filter(status=EventStatus.PARKED):
        process_event(event_id=event.pk)

    payment.refresh_from_db()
    assert (payment.parked_reason, payment.captured_minor) == ("", 4990)
    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED
    assert not ProviderEvent.objects.filter(status=EventStatus.PARKED).exists()


def test_what_is_parked_is_not_asked_for_again_and_again(shop: Shop) -> None:
    parked(shop)
    Payment.objects.update(status=PaymentStatus.PENDING)

    assert catch_up(young=timedelta(days=400), older_than=timedelta(0)) == 0
