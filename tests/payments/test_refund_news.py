"""Refunds made at the gateway by hand, refused there, failed there: heard of late, twice, in any order, or never."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from orders.models import Order
from orders.services import cancel_order
from orders.states import OrderStatus
from payments.models import Deposit, Payment, ProviderEvent, Refund
from payments.providers.base import ProviderUnavailable
from payments.selectors import balance, payments_owed_back
from payments.services import (
    apply_payment,
    apply_refunds,
    catch_up,
    catch_up_on_refunds,
    push_refund,
    release_deposit,
    request_refund,
)
from payments.states import DepositStatus, EventStatus, ParkedBy, RefundStatus
from tests.jobs import forget_jobs, run_jobs
from tests.payments.between import Belated, Denying, Interrupted
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import rented, settled
from tests.shop import Shop


def refund_by_hand(shop: Shop, amount: int | None = None) -> None:
    """Staff gives money back in the gateway's dashboard."""
    shop.gateway.dashboard_refund(str(Payment.objects.get().provider_ref), amount)


def unheard(shop: Shop, something: Callable[[], Any]) -> None:
    """It happens at the gateway, and its webhooks are lost."""
    shop.gateway.set_webhooks(mode="drop")
    something()
    shop.gateway.set_webhooks()


def ask_for(amount: int) -> Refund:
    return request_refund(payment_id=Payment.objects.get().pk, amount_minor=amount, reason="sorry", actor="staff:1")


def made_up_for() -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=5), tick=True):
        catch_up_on_refunds(since=timedelta(days=30))
        run_jobs()


# Lost


def test_a_refund_made_by_hand_whose_webhook_is_lost_is_made_up_for(shop: Shop) -> None:
    order = shop.paid()
    unheard(shop, lambda: refund_by_hand(shop, 1500))

    made_up_for()

    assert Refund.objects.get().amount_minor == 1500
    assert kept_at_gateway(shop) == 3490
    assert balance(order.pk) == 0


def test_a_refund_that_failed_without_our_hearing_of_it_is_made_up_for(shop: Shop) -> None:
    order = shop.paid()
    refund = ask_for(1000)
    run_jobs()
    refund.refresh_from_db()
    unheard(shop, lambda: shop.gateway.fail_refund(str(refund.provider_ref)))

    made_up_for()

    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED
    assert balance(order.pk) == -1000


def test_what_is_known_already_costs_no_further_question(shop: Shop) -> None:
    shop.paid()
    ask_for(1000)
    run_jobs()

    assert catch_up_on_refunds(since=timedelta(days=30)) == 0


# Refused


def test_a_refused_refund_is_asked_for_anew_with_what_is_truly_left(shop: Shop) -> None:
    order = shop.paid()
    unheard(shop, lambda: refund_by_hand(shop, 1500))
    cancel_order(order_id=order.pk, actor="customer:x")

    run_jobs()

    told = sorted(Refund.objects.values_list("amount_minor", "status"))
    assert told == [(1500, "succeeded"), (3490, "succeeded"), (4990, "failed")]
    assert kept_at_gateway(shop) == balance(order.pk) == 0


def test_a_refund_by_hand_that_fits_once_ours_was_refused_parks_nothing_any_more(shop: Shop) -> None:
    order = shop.paid()
    unheard(shop, lambda: refund_by_hand(shop, 1500))
    refund = ask_for(4990)
    apply_refunds(payment_ref=str(Payment.objects.get().provider_ref))
    assert Payment.objects.get().parked_reason

    push_refund(refund_id=refund.pk)

    assert Payment.objects.get().parked_reason == ""
    run_jobs()
    assert kept_at_gateway(shop) == balance(order.pk) == 0


def test_a_refund_by_hand_beside_one_of_ours_that_no_longer_fits_is_parked_until_ours_is_settled(shop: Shop) -> None:
    order = shop.paid()
    refund_by_hand(shop, 1000)
    ask_for(4500)

    shop.deliver_webhooks()
    run_jobs()

    assert Payment.objects.get().refunded_minor == 4990 - kept_at_gateway(shop)
    assert (kept_at_gateway(shop), balance(order.pk)) == (490, 0)
    assert sorted(Refund.objects.values_list("amount_minor", "status")) == [
        (1000, "succeeded"),
        (3500, "succeeded"),
        (4500, "failed"),
    ]


def test_a_refund_that_does_not_fit_parks_its_payment_and_event(shop: Shop) -> None:
    shop.paid()
    unheard(shop, lambda: refund_by_hand(shop, 1000))
    ask_for(4500)
    forget_jobs()

    apply_refunds(payment_ref=str(Payment.objects.get().provider_ref))

    payment = Payment.objects.get()
    assert payment.parked_reason == "1000 were refunded at the gateway, 490 were left here."
    assert (payment.refunded_minor, payment.refund_pending_minor) == (0, 4500)


def test_what_is_left_of_a_deposit_secures_it_again_once_its_refunds_fit(shop: Shop) -> None:
    rented(shop, 8)
    deposit = Deposit.objects.get()
    payment = deposit.payments.get()
    unheard(shop, lambda: shop.gateway.dashboard_refund(str(payment.provider_ref), 1000))
    request_refund(payment_id=payment.pk, amount_minor=4000, reason="sorry", actor="staff:1")
    apply_refunds(payment_ref=str(payment.provider_ref))
    payment.refresh_from_db()
    deposit.refresh_from_db()
    assert (payment.parked_by, deposit.status) == (ParkedBy.REFUND, DepositStatus.UNSECURED)

    run_jobs()  # the gateway refuses ours

    payment.refresh_from_db()
    deposit.refresh_from_db()
    assert (payment.parked_reason, payment.here_minor) == ("", 3000)
    assert deposit.status == DepositStatus.SECURED


def test_a_look_at_the_payment_alone_takes_nothing_away_that_its_refunds_showed(shop: Shop) -> None:
    shop.paid()
    unheard(shop, lambda: refund_by_hand(shop, 1000))
    ask_for(4500)
    forget_jobs()
    ref = str(Payment.objects.get().provider_ref)
    apply_refunds(payment_ref=ref)

    apply_payment(provider_ref=ref)  # as an event about the payment itself has us do

    assert Payment.objects.get().parked_by == "refund"


def test_a_refund_that_did_not_fit_and_failed_there_parks_nothing_any_more(shop: Shop) -> None:
    shop.paid()
    ref, by_hand = str(Payment.objects.get().provider_ref), []
    unheard(shop, lambda: by_hand.append(shop.gateway.dashboard_refund(ref, 1000)))
    ask_for(4500)
    forget_jobs()
    apply_refunds(payment_ref=ref)
    assert Payment.objects.get().parked_reason

    shop.gateway.fail_refund(by_hand[0]["id"])
    apply_refunds(payment_ref=ref)

    assert Payment.objects.get().parked_reason == ""


@pytest.mark.parametrize("denial", [401, 403])
def test_a_refund_waits_while_the_gateway_does_not_know_us(shop: Shop, settings: Any, denial: int) -> None:
    order = shop.paid()
    cancel_order(order_id=order.pk, actor="customer:x")
    settings.STRIPE_HTTP_CLIENT = Denying(shop.gateway, denial)
    with pytest.raises(ProviderUnavailable):
        run_jobs()
    refund = Refund.objects.get()
    assert refund.status == RefundStatus.REQUESTED

    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway)
    push_refund(refund_id=refund.pk)

    assert kept_at_gateway(shop) == balance(order.pk) == 0


# Stale


def test_an_old_answer_does_not_revive_a_refund_that_has_failed(shop: Shop, settings: Any) -> None:
    order = shop.paid()
    ask_for(1000)

    def it_fails_and_we_hear_of_it() -> None:
        shop.gateway.fail_refund(shop.gateway.recent("refund")[0]["id"])
        shop.deliver_webhooks()
        apply_refunds(payment_ref=str(Payment.objects.get().provider_ref))

    settings.STRIPE_HTTP_CLIENT = Belated(shop.gateway, it_fails_and_we_hear_of_it)
    run_jobs()

    assert Refund.objects.get().status == RefundStatus.FAILED
    assert Payment.objects.get().refunded_minor == 0
    assert balance(order.pk) == -1000


# The webhooks of a whole story, in every order

Story = Callable[[Shop], None]


def given_back_in_parts(shop: Shop) -> None:
    """One part by us, one by hand."""
    shop.pay(shop.order(shop.sale(2)))
    hear(shop)
    ask_for(1000)
    run_jobs()
    refund_by_hand(shop, 2500)


def cancelled(shop: Shop) -> None:
    order = shop.order(shop.sale(2))
    shop.pay(order)
    hear(shop)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()


def failed_late(shop: Shop) -> None:
    """A refund of ours arrives and comes back; one by hand stays."""
    shop.pay(shop.order(shop.sale(2)))
    hear(shop)
    refund = ask_for(1000)
    run_jobs()
    refund.refresh_from_db()
    shop.gateway.fail_refund(str(refund.provider_ref))
    refund_by_hand(shop, 2000)


def hear(shop: Shop) -> None:
    """The payment's events are applied, as they must be before anything can be given back."""
    for event in shop.gateway.take_webhooks():
        post(shop, event)
    run_jobs()


def post(shop: Shop, event: tuple[bytes, str]) -> None:
    body, signature = event
    answer = shop.phone().post(
        "/api/v1/webhooks/stripe", body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature
    )
    assert answer.status_code == 200


ENDS = {
    given_back_in_parts: (OrderStatus.CONFIRMED, 9980, 3500, 0, ["succeeded", "succeeded"]),
    cancelled: (OrderStatus.CANCELLED, 9980, 9980, 0, ["succeeded"]),
    failed_late: (OrderStatus.CONFIRMED, 9980, 2000, 0, ["failed", "succeeded"]),
}
ARRIVALS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "in order": lambda events: events,
    "reversed": lambda events: events[::-1],
    "five times": lambda events: events * 5,
    "reversed five times": lambda events: events[::-1] * 5,
    "every second one lost": lambda events: events[::2],
    "all lost": lambda _: [],
}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("story", ENDS, ids=lambda story: story.__name__)
@pytest.mark.parametrize("jobs", ["after each", "after all"])
def test_however_refund_events_arrive_the_end_is_the_same(shop: Shop, story: Story, arrival: str, jobs: str) -> None:
    story(shop)

    for event in ARRIVALS[arrival](shop.gateway.take_webhooks()):
        post(shop, event)
        if jobs == "after each":
            run_jobs()
    run_jobs()
    made_up_for()

    order, payment = Order.objects.get(), Payment.objects.get()
    status, captured, refunded, pending, refunds = ENDS[story]
    assert (order.status, payment.captured_minor) == (status, captured)
    assert (payment.refunded_minor, payment.refund_pending_minor) == (refunded, pending)
    assert sorted(Refund.objects.values_list("status", flat=True)) == refunds
    assert kept_at_gateway(shop) == captured - refunded
    assert set(ProviderEvent.objects.values_list("status", flat=True)) <= {EventStatus.PROCESSED, EventStatus.IGNORED}


def test_refund_events_delayed_by_days_are_applied_all_the_same(shop: Shop) -> None:
    given_back_in_parts(shop)
    late = shop.gateway.take_webhooks()
    made_up_for()

    for event in late:
        post(shop, event)
    run_jobs()

    assert (Payment.objects.get().refunded_minor, balance(Order.objects.get().pk)) == (3500, 0)
    assert Refund.objects.count() == 2


def test_two_refunds_that_fail_do_not_call_for_each_other_for_ever(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order, "pm_card_pendingRefund")
    settled(shop)
    for minor in (1000, 500):
        request_refund(payment_id=payment.pk, amount_minor=minor, reason="sorry", actor="staff:1")

    settled(shop)

    for refund in list(Refund.objects.order_by("created_at")):
        shop.gateway.fail_refund(str(refund.provider_ref))
        settled(shop)

    assert Refund.objects.filter(status="failed").count() == Refund.objects.count() == 2
    assert payments_owed_back().get() == payment


def test_two_refunds_of_a_deposit_that_fail_do_not_call_for_each_other_for_ever(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 7))
    shop.pay(order, "pm_card_pendingRefund")
    settled(shop)
    deposit = Deposit.objects.get()
    payment = deposit.payments.get()
    request_refund(payment_id=payment.pk, amount_minor=1000, reason="sorry", actor="staff:1")
    release_deposit(deposit_id=deposit.pk, actor="staff:1", note="a friend of the house")

    settled(shop)

    for refund in list(Refund.objects.order_by("created_at")):
        shop.gateway.fail_refund(str(refund.provider_ref))
        settled(shop)
        catch_up(young=timedelta(days=1), older_than=timedelta(0))
        run_jobs()

    assert Refund.objects.filter(status="failed").count() == Refund.objects.count() == 2
    assert payments_owed_back().get() == payment
