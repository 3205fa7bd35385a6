"""Stripe over real HTTP: what it costs the shop while Stripe hangs."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from core.http import breaker_of
from payments.models import Payment
from payments.providers.stripe import StripeTransport
from payments.states import PaymentStatus
from sandbox.inventory.server import Sandbox as InventorySandbox
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.server import running
from tests.jobs import run_jobs
from tests.shop import Shop, key


@pytest.fixture
def gateway(settings: Any) -> Iterator[StripeSandbox]:
    """As in tests.conftest, but behind a socket."""
    breaker_of("stripe").reset()
    with running(check_answers=True, webhook_secrets=["whsec_new"]) as sandbox:
        settings.STRIPE_API_BASE, settings.STRIPE_HTTP_CLIENT = sandbox.url, None
        yield sandbox
    breaker_of("stripe").reset()


@pytest.fixture
def shop(db: None, ims: InventorySandbox, gateway: StripeSandbox) -> Shop:
    return Shop.opened(ims, gateway)


def pay(shop: Shop, number: str) -> tuple[int, float]:
    """(status, seconds)"""
    began = time.monotonic()
    answer = shop.phone().post(f"/api/v1/orders/{number}/payment", {}, format="json", headers=key())
    return answer.status_code, time.monotonic() - began


def test_an_order_is_paid_and_given_back_over_real_http(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    shop.phone().post(f"/api/v1/orders/{order.number}/cancel", {}, format="json", headers=key())
    run_jobs()

    payment = Payment.objects.get()
    assert (payment.status, payment.refunded_minor) == (PaymentStatus.SUCCEEDED, order.total_minor)


def test_while_stripe_hangs_the_breaker_opens_and_later_answers_come_at_once(shop: Shop, settings: Any) -> None:
    settings.STRIPE_HTTP_CLIENT = StripeTransport(read_seconds=0.2)
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "timeout", times=5, seconds=20)

    hanging = [pay(shop, order.number) for _ in range(5)]
    assert breaker_of("stripe").is_open
    assert not shop.gateway.faults.as_json()["next"]  # whoever asks from now on is answered
    heard = len(shop.gateway.recent())
    refused = [pay(shop, order.number) for _ in range(3)]

    assert {status for status, _ in hanging + refused} == {503}
    assert all(seconds > 0.2 for _, seconds in hanging)
    assert len(shop.gateway.recent()) == heard  # the last three were never sent


def test_one_hanging_call_ends_within_seven_seconds(shop: Shop) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "timeout", seconds=20)

    status, seconds = pay(shop, order.number)

    assert (status, seconds < 7.5) == (503, True)
    assert pay(shop, order.number)[0] == 200
    assert len(shop.gateway.recent()) == 1  # what the hanging call had made
