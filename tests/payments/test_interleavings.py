"""What else may happen while we wait for an outside system, and what a day without it may do. No cent goes astray."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from procrastinate.contrib.django import app

from inventory.models import Reservation
from orders.errors import TransitionNotAllowed
from orders.models import Order
from orders.services import cancel_order, expire_orders
from orders.states import OrderStatus
from payments.errors import RefundOutdated
from payments.models import Payment, ProviderEvent, Refund
from payments.providers.base import ProviderUnavailable
from payments.selectors import balance
from payments.services import apply_refunds, catch_up, refund_overpayment, request_refund, settle_order, start_payment
from payments.states import EventStatus
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.payments.between import Interrupted
from tests.payments.money import kept_at_gateway
from tests.shop import Shop


def paid_too_late(shop: Shop) -> Order:
    """Its money is here, its hold is over, and nothing has been made of it yet."""
    order = shop.order(shop.sale(2))
    shop.pay(order)
    shop.lapse(order)
    shop.deliver_webhooks()
    expire_orders()
    run_jobs_of("payments.process_event")
    return Order.objects.get(pk=order.pk)


def run_jobs_of(task: str) -> None:
    """Run these and forget the rest."""
    todo = waiting_jobs(task)
    forget_jobs()
    for name, arguments in todo:
        app.tasks[name](**arguments)
    forget_jobs()


def while_the_ims_is_asked(shop: Shop, something: Callable[[], Any]) -> None:
    """Let something happen once, in the middle of the next call to the IMS."""
    answer = shop.ims.app.route

    def route(request: Any) -> Any:
        shop.ims.app.route = answer  # type: ignore[method-assign]
        try:
            something()
        finally:
            connections.close_all()
        return answer(request)

    shop.ims.app.route = route  # type: ignore[method-assign]


@pytest.mark.django_db(transaction=True)
def test_money_that_went_back_while_the_stock_was_won_anew_confirms_nothing(shop: Shop) -> None:
    order = paid_too_late(shop)
    while_the_ims_is_asked(
        shop, lambda: refund_overpayment(order_id=order.pk, reason="staff was quicker", actor="staff:1")
    )

    settle_order(order_id=order.pk)
    run_jobs()

    assert Order.objects.get(pk=order.pk).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == balance(order.pk) == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()
    assert shop.claims_at_ims() == []


def test_a_late_order_of_which_a_part_went_back_is_not_confirmed_and_the_rest_goes_back(shop: Shop) -> None:
    order = paid_too_late(shop)
    payment = Payment.objects.get()
    request_refund(payment_id=payment.pk, amount_minor=9000, reason="as agreed", actor="staff:1")

    settle_order(order_id=order.pk)
    run_jobs()

    assert Order.objects.get(pk=order.pk).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == balance(order.pk) == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


@pytest.mark.django_db(transaction=True)
def test_a_part_that_goes_back_while_the_stock_is_won_anew_confirms_nothing(shop: Shop) -> None:
    order = paid_too_late(shop)
    payment = Payment.objects.get()
    while_the_ims_is_asked(
        shop, lambda: request_refund(payment_id=payment.pk, amount_minor=9000, reason="as agreed", actor="staff:1")
    )

    settle_order(order_id=order.pk)
    run_jobs()

    assert Order.objects.get(pk=order.pk).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == balance(order.pk) == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()
    assert shop.claims_at_ims() == []


def test_late_money_goes_back_when_the_ims_refuses_for_good(shop: Shop) -> None:
    order = paid_too_late(shop)
    shop.ims.faults.plan("PUT /reservations", "refuse")

    settle_order(order_id=order.pk)
    run_jobs()

    assert Order.objects.get(pk=order.pk).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == balance(order.pk) == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


def test_an_order_cancelled_while_its_payment_was_made_can_not_be_paid(shop: Shop, settings: Any) -> None:
    order = shop.order()

    def cancel() -> None:
        cancel_order(order_id=order.pk, actor="customer:x")
        run_jobs()

    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway, cancel)
    with pytest.raises(TransitionNotAllowed):
        start_payment(order_id=order.pk, customer_id=order.customer_id)
    run_jobs()

    intent = shop.gateway.recent()[0]
    assert intent["status"] == "canceled"
    assert Payment.objects.get().provider_ref == intent["id"]


def test_two_refunds_asked_for_on_one_sight_of_what_is_left_are_one(shop: Shop) -> None:
    shop.paid()
    payment = Payment.objects.get()
    ask = {"payment_id": payment.pk, "amount_minor": 1000, "reason": "sorry", "actor": "staff:1"}
    request_refund(**ask, seen_left_minor=4990)

    with pytest.raises(RefundOutdated):
        request_refund(**ask, seen_left_minor=4990)

    assert Refund.objects.count() == 1


def test_a_refund_whose_answer_was_lost_is_paid_once_even_after_the_gateway_forgot_its_key(shop: Shop) -> None:
    shop.paid()
    shop.gateway.fail_next("POST /v1/refunds", "drop_after")
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=500, reason="late", actor="staff:1")
    with pytest.raises(ProviderUnavailable):
        run_jobs()

    with time_machine.travel(timezone.now() + timedelta(hours=26), tick=True):
        catch_up(young=timedelta(days=30), older_than=timedelta(hours=3))
        run_jobs()

    assert kept_at_gateway(shop) == 4990 - 500


def test_a_failed_refund_that_staff_repaired_does_not_stop_later_ones(shop: Shop) -> None:
    order = shop.paid()
    payment = Payment.objects.get()
    first = request_refund(payment_id=payment.pk, amount_minor=500, reason="late", actor="staff:1")
    run_jobs()
    first.refresh_from_db()
    shop.gateway.fail_refund(str(first.provider_ref))
    apply_refunds(payment_ref=str(payment.provider_ref))
    request_refund(payment_id=payment.pk, amount_minor=500, reason="again", actor="staff:1")
    run_jobs()

    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    assert kept_at_gateway(shop) == balance(order.pk) == 0


def test_a_cancellation_long_after_the_payment_whose_job_was_lost_is_made_up_for(shop: Shop) -> None:
    order = shop.paid(shop.rental(60, 66))
    Payment.objects.update(created_at=timezone.now() - timedelta(days=40))
    Order.objects.update(placed_at=timezone.now() - timedelta(days=40))
    cancel_order(order_id=order.pk, actor="customer:x")
    forget_jobs()

    catch_up(young=timedelta(days=400), older_than=timedelta(hours=3))
    run_jobs()

    assert kept_at_gateway(shop) == 0


def test_an_event_about_a_payment_that_the_gateway_denies_is_parked_and_not_tried_for_ever(shop: Shop) -> None:
    event = ProviderEvent.objects.create(
        event_id="evt_x", kind="payment_intent.succeeded", object_ref="pi_not_there", payload={"topic": "payment"}
    )
    ProviderEvent.objects.update(received_at=timezone.now() - timedelta(days=60))

    catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20))
    run_jobs()

    event.refresh_from_db()
    assert event.status == EventStatus.PARKED
    assert catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20)) == 0
