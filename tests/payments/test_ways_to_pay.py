"""Cards that ask their customer first, banks that take their time, and ways to pay that are not offered."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from inventory.models import Reservation
from orders.models import Order
from orders.services import expire_orders
from orders.states import OrderStatus
from payments.models import Payment
from payments.selectors import balance
from payments.services import catch_up
from payments.states import PaymentStatus
from sandbox.stripe.errors import ApiError
from tests.jobs import run_jobs
from tests.payments.between import Interrupted
from tests.payments.money import kept_at_gateway
from tests.shop import Shop


class AllowingDebits(Interrupted):
    """As if the list of allowed ways were longer: the one way to get a payment that is processing."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        if method.upper() == "POST" and url.endswith("/v1/payment_intents"):
            post_data = f"{post_data}&{urlencode({'allowed_payment_method_types[1]': 'sepa_debit'})}"
        return super().request(method, url, headers, post_data, **more)


def news(shop: Shop) -> None:
    shop.deliver_webhooks()
    run_jobs()


def lapse(order: Order) -> None:
    lapsed = timezone.now() - timedelta(seconds=1)
    Order.objects.filter(pk=order.pk).update(expires_at=lapsed)
    Reservation.objects.update(expires_at=lapsed)
    expire_orders()


def processing(shop: Shop, settings: Any) -> tuple[Order, Payment]:
    settings.STRIPE_HTTP_CLIENT = AllowingDebits(shop.gateway)
    order = shop.order()
    payment = shop.pay(order, "pm_success_de")
    news(shop)
    return order, Payment.objects.get(pk=payment.pk)


def test_a_way_to_pay_that_takes_days_is_not_offered(shop: Shop) -> None:
    with pytest.raises(ApiError, match="not allowed"):
        shop.pay(shop.order(), "pm_success_de")


# The bank takes its time


def test_while_the_bank_takes_its_time_the_order_waits(shop: Shop, settings: Any) -> None:
    order, payment = processing(shop, settings)

    assert payment.status == PaymentStatus.PROCESSING
    assert Order.objects.get(pk=order.pk).status == OrderStatus.PENDING_PAYMENT


def test_a_payment_that_is_processing_when_its_order_expires_is_left_alone(shop: Shop, settings: Any) -> None:
    order, payment = processing(shop, settings)

    lapse(order)
    ran = run_jobs()

    assert ran.count("payments.settle_order") == 1  # no job follows a job that could do nothing
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PROCESSING
    assert catch_up(young=timedelta(hours=3), older_than=timedelta(0)) == 2  # the payment, and its dead order


@pytest.mark.parametrize(("succeeds", "ends"), [(True, OrderStatus.CONFIRMED), (False, OrderStatus.PENDING_PAYMENT)])
def test_what_the_bank_decides_in_time_is_followed(shop: Shop, settings: Any, succeeds: bool, ends: str) -> None:
    order, payment = processing(shop, settings)

    shop.gateway.settle(str(payment.provider_ref), succeed=succeeds)
    news(shop)

    assert Order.objects.get(pk=order.pk).status == ends
    assert kept_at_gateway(shop) == (order.total_minor if succeeds else 0)


def test_money_that_the_bank_sends_after_expiry_is_late_money(shop: Shop, settings: Any) -> None:
    order, payment = processing(shop, settings)
    lapse(order)
    run_jobs()

    shop.gateway.settle(str(payment.provider_ref))
    news(shop)

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED
    assert balance(order.pk) == 0


def test_a_debit_that_comes_back_after_expiry_can_not_be_tried_again(shop: Shop, settings: Any) -> None:
    order, payment = processing(shop, settings)
    lapse(order)
    run_jobs()

    shop.gateway.settle(str(payment.provider_ref), succeed=False)
    news(shop)
    catch_up(young=timedelta(hours=3), older_than=timedelta(0))
    run_jobs()

    payment.refresh_from_db()
    assert payment.status == PaymentStatus.CANCELLED
    assert kept_at_gateway(shop) == 0


# The bank asks its customer (3-D Secure)


def test_a_card_that_asks_its_customer_leaves_the_payment_open_until_she_answers(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order, "pm_card_authenticationRequired")
    news(shop)
    payment.refresh_from_db()
    assert (payment.status, payment.last_error) == (PaymentStatus.PENDING, "")
    assert Order.objects.get(pk=order.pk).status == OrderStatus.PENDING_PAYMENT

    shop.gateway.complete_3ds(str(payment.provider_ref))
    news(shop)

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED


def test_a_customer_who_fails_her_banks_question_may_try_again(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order, "pm_card_authenticationRequired")
    shop.gateway.complete_3ds(str(payment.provider_ref), succeed=False)
    news(shop)
    payment.refresh_from_db()
    assert (payment.status, payment.last_error) == (PaymentStatus.PENDING, "authentication_required")

    shop.gateway.confirm(str(payment.provider_ref), "pm_card_visa")
    news(shop)

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CONFIRMED


def test_a_question_that_is_still_open_at_expiry_can_no_longer_be_answered(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order, "pm_card_authenticationRequired")
    lapse(order)
    run_jobs()

    with pytest.raises(ApiError):
        shop.gateway.complete_3ds(str(payment.provider_ref))
    news(shop)

    assert Order.objects.get(pk=order.pk).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == 0
