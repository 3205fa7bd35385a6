"""Deposits and extra money when answers are lost, cards say no, and two people do something at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.utils import timezone
from procrastinate.contrib.django import app
from pytest_django import Settings

from orders.models import Charge, ChargeKind, Order
from orders.services import cancel_order
from orders.states import OrderStatus
from payments.errors import NothingToPay, PaymentProviderUnavailable, RefundOutdated
from payments.models import Deposit, GatewayCustomer, Payment, Refund
from payments.providers.base import KeySpent, ProviderUnavailable
from payments.providers.registry import get_provider
from payments.selectors import balance, payments_owed_back, unsettled_orders
from payments.services import (
    apply_payment,
    catch_up,
    decline_refund,
    end_deposit,
    renew_ending_holds,
    request_refund,
    secure_deposit,
    secure_deposit_now,
    secure_due_deposits,
    settle_deposit,
    settle_order,
    start_payment,
)
from payments.services.deposits import _steps, unsettled_deposits
from payments.states import DepositStatus, PaymentStatus, RefundStatus
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.payments.between import Belated, Interrupted
from tests.payments.test_deposits import brought_back, fresh, handed_over, rented, returned, settled, totals
from tests.shop import Shop

STAFF = "staff:01980000-0000-7000-8000-000000000001"
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
CREATES, CAPTURES = "POST /v1/payment_intents", "POST /v1/payment_intents/*/capture"


def due(shop: Shop, days: int = 3) -> Order:
    """Paid, to be picked up today; its deposit is about to be asked for."""
    order = shop.order(shop.rental(0, days - 1))
    shop.pay(order)
    shop.deliver_webhooks()
    for name, arguments in waiting_jobs("payments.process_event"):
        app.tasks[name](**arguments)
    forget_jobs()
    assert Deposit.objects.get().status == DepositStatus.PLANNED
    return fresh(order)


def charge(order: Order, minor: int) -> None:
    Charge.objects.create(order=order, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="torn", actor="staff:1")


def confirm_deposit(shop: Shop, order: Order, card: str = "pm_card_visa") -> Payment:
    """The customer confirms the deposit in the app."""
    started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.DEPOSIT)
    shop.gateway.confirm(str(started.payment.provider_ref), card)
    return started.payment


def card_says_no(shop: Shop) -> None:
    shop.gateway.fail_next(CREATES, "decline", decline_code="insufficient_funds")


@pytest.mark.parametrize("fault", ["500_after", "drop_after", "500_before", "drop_before"])
@pytest.mark.parametrize("days", [3, 8])
def test_a_lost_answer_secures_a_deposit_once(shop: Shop, fault: str, days: int) -> None:
    order = due(shop, days)
    deposit = Deposit.objects.get()
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.fail_next(CREATES, fault)
    with pytest.raises(ProviderUnavailable):
        secure_deposit(deposit_id=deposit.pk)

    secure_deposit(deposit_id=deposit.pk)

    assert Deposit.objects.get().status == DepositStatus.SECURED
    taken = totals(shop)
    assert taken["held"] + taken["captured"] == order.total_minor + order.deposit_minor


@pytest.mark.parametrize("fault", ["500_after", "drop_after"])
def test_a_lost_answer_captures_what_is_kept_once(shop: Shop, fault: str) -> None:
    order = rented(shop)
    charge(order, 1500)
    returned(shop, order)
    settle_order(order_id=order.pk)
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.fail_next(CAPTURES, fault)
    with pytest.raises(ProviderUnavailable):
        settle_deposit(deposit_id=Deposit.objects.get().pk)

    run_jobs()

    assert totals(shop)["captured"] == order.total_minor + 1500
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_what_a_hold_that_ran_out_before_its_capture_was_to_pay_is_collected_from_the_kept_card(shop: Shop) -> None:
    order = rented(shop)
    charge(order, 1500)
    returned(shop, order)
    settle_order(order_id=order.pk)
    assert Deposit.objects.get().captured_minor == 1500
    shop.gateway.expire_hold(str(Deposit.objects.get().provider_ref))

    run_jobs()
    settled(shop)

    assert (Deposit.objects.get().status, Deposit.objects.get().captured_minor) == (DepositStatus.RELEASED, 0)
    assert Payment.objects.get(purpose="extra").captured_minor == 1500
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


@pytest.mark.parametrize("days", [3, 8])
def test_an_order_cancelled_while_its_deposit_is_secured_keeps_nothing(shop: Shop, settings: Any, days: int) -> None:
    order = due(shop, days)

    def cancelled() -> None:
        cancel_order(order_id=order.pk, actor="customer:1")
        run_jobs()

    settings.STRIPE_HTTP_CLIENT = Belated(shop.gateway, cancelled)
    secure_deposit(deposit_id=Deposit.objects.get().pk)
    run_jobs()

    left = totals(shop)
    assert (left["held"], left["captured"] - left["refunded"]) == (0, 0)
    assert Deposit.objects.get().status == DepositStatus.RELEASED


def test_an_order_cancelled_after_the_answer_was_lost_keeps_nothing_even_without_webhooks(shop: Shop) -> None:
    order = due(shop, 8)
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.fail_next(CREATES, "drop_after")
    with pytest.raises(ProviderUnavailable):
        secure_deposit(deposit_id=Deposit.objects.get().pk)
    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor

    cancel_order(order_id=order.pk, actor="customer:1")
    run_jobs()

    assert totals(shop)["captured"] == totals(shop)["refunded"]


@pytest.mark.parametrize("days", [3, 8])
def test_a_deposit_opened_in_the_app_while_the_kept_card_is_asked_is_secured_once(
    shop: Shop, settings: Any, days: int
) -> None:
    order = due(shop, days)

    told: list[str] = []

    def in_the_app() -> None:
        started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.DEPOSIT)
        told.append(started.payment.status)

    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway, in_the_app)
    secure_deposit(deposit_id=Deposit.objects.get().pk)
    settled(shop)

    assert told == [PaymentStatus.AUTHORISED if days == 3 else PaymentStatus.SUCCEEDED]

    taken = totals(shop)
    assert taken["held"] + taken["captured"] - taken["refunded"] == order.total_minor + order.deposit_minor
    assert Deposit.objects.get().status == DepositStatus.SECURED


def test_a_stray_charge_of_a_deposit_goes_back(shop: Shop, settings: Any) -> None:
    order = due(shop, 8)
    shop.gateway.fail_next(CREATES, "500_after")
    with pytest.raises(KeySpent):
        secure_deposit(deposit_id=Deposit.objects.get().pk)
    payment = Payment.objects.get(purpose="deposit")
    stray = shop.gateway.recent()[0]["id"]
    Payment.objects.filter(pk=payment.pk).update(provider_ref="pi_another", status=PaymentStatus.PENDING)

    apply_payment(provider_ref=stray)

    own = Payment.objects.get(provider_ref=stray)
    assert own.deposit_id == payment.deposit_id
    assert Deposit.objects.get().provider_ref == stray
    assert order.deposit_minor == own.captured_minor


def test_a_renewal_that_the_card_declines_leaves_the_hold_and_waits_for_its_owner(shop: Shop) -> None:
    order = rented(shop, days=5)
    first = Deposit.objects.get()
    assert first.capture_before is not None

    with time_machine.travel(first.capture_before - timedelta(hours=20), tick=False):
        card_says_no(shop)
        renew_ending_holds()
        run_jobs()

        deposit = Deposit.objects.get()
        assert (deposit.status, deposit.last_error) == (DepositStatus.SECURED, "insufficient_funds")
        assert renew_ending_holds() == 0
        confirm_deposit(shop, order)
        settled(shop)

    renewed = Deposit.objects.get()
    assert renewed.provider_ref != first.provider_ref
    assert renewed.last_error == ""
    assert totals(shop)["held"] == order.deposit_minor


def test_who_must_confirm_a_renewal_hears_of_it_while_the_hold_still_lasts(
    shop: Shop, mailoutbox: list[EmailMessage]
) -> None:
    order = rented(shop, days=5)
    ends = Deposit.objects.get().capture_before
    assert ends is not None
    mailoutbox.clear()

    with time_machine.travel(ends - timedelta(hours=20), tick=False):
        card_says_no(shop)
        renew_ending_holds()
        run_jobs()

    assert [message.subject for message in mailoutbox] == [f"Please confirm the deposit for {order.number}"]


def test_a_hold_that_ran_out_unheard_of_is_seen_before_the_card_is_asked_again(shop: Shop) -> None:
    order = rented(shop, days=5)
    first = Deposit.objects.get()
    assert first.capture_before is not None
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.expire_hold(str(first.provider_ref))

    with time_machine.travel(first.capture_before + timedelta(minutes=1), tick=False):
        card_says_no(shop)
        renew_ending_holds()
        run_jobs()

    assert Deposit.objects.get().status == DepositStatus.UNSECURED
    assert fresh(order).deposit_secured_at is None


def test_the_jobs_do_not_ask_again_for_what_waits_for_the_customer(shop: Shop) -> None:
    due(shop)
    card_says_no(shop)
    secure_due_deposits()
    run_jobs()
    asked = len(shop.gateway.recent())

    assert (secure_due_deposits(), renew_ending_holds()) == (0, 0)
    assert len(shop.gateway.recent()) == asked


def test_a_deposit_that_its_owner_left_halfway_is_asked_from_the_kept_card_after_a_while(shop: Shop) -> None:
    order = due(shop)
    start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.DEPOSIT)
    assert secure_due_deposits() == 0

    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        assert secure_due_deposits() == 1
        run_jobs()

    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert totals(shop)["held"] == order.deposit_minor


def test_staff_have_the_card_asked_again(shop: Shop) -> None:
    order = due(shop)
    card_says_no(shop)
    secure_deposit(deposit_id=Deposit.objects.get().pk)
    assert Deposit.objects.get().status == DepositStatus.UNSECURED

    secure_deposit(deposit_id=Deposit.objects.get().pk, again=True)

    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert totals(shop)["held"] == order.deposit_minor


@pytest.mark.parametrize("part", ["all", "some"])
def test_a_charged_deposit_refunded_in_the_dashboard_secures_no_more_than_is_left(shop: Shop, part: str) -> None:
    order = rented(shop, days=8)
    deposit = Deposit.objects.get()
    back = deposit.amount_minor if part == "all" else deposit.amount_minor - 1000
    shop.gateway.dashboard_refund(str(deposit.provider_ref), back)
    settled(shop)
    is_secured = Deposit.objects.get().status == DepositStatus.SECURED
    assert is_secured == (part == "some")
    Order.objects.filter(pk=order.pk).update(deposit_secured_at=timezone.now())

    charge(order, 1500)
    returned(shop, order)
    settled(shop)

    kept = totals(shop)["captured"] - totals(shop)["refunded"]
    assert kept == order.total_minor + 1500
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_a_hold_captured_in_the_dashboard_still_secures_and_the_rest_goes_back(shop: Shop) -> None:
    order = rented(shop)
    intent = str(Deposit.objects.get().provider_ref)
    get_provider().capture(key="dashboard", ref=intent, amount_minor=order.deposit_minor)
    settled(shop)
    assert Deposit.objects.get().capture_before is None

    returned(shop, order)
    settled(shop)

    assert totals(shop)["captured"] - totals(shop)["refunded"] == order.total_minor
    assert fresh(order).status == OrderStatus.COMPLETED


def test_a_deposit_whose_refund_failed_is_not_refunded_again_by_itself_and_stays_visible(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 7))
    payment = shop.pay(order, "pm_card_refundFail")
    settled(shop)
    order = fresh(order)
    assert Deposit.objects.get().status == DepositStatus.SECURED

    returned(shop, order)
    settled(shop)
    settle_deposit(deposit_id=Deposit.objects.get().pk)
    settled(shop)

    assert Refund.objects.exclude(payment=payment).count() == 1
    assert payments_owed_back().get().purpose == "deposit"


def test_an_extra_that_was_declined_is_never_tried_again_by_itself(shop: Shop) -> None:
    order = rented(shop)
    charge(order, order.deposit_minor + 2000)
    returned(shop, order)
    card_says_no(shop)
    settled(shop)
    extra = Payment.objects.get(purpose="extra")
    assert (extra.status, extra.last_error) == (PaymentStatus.PENDING, "insufficient_funds")

    for _ in range(2):
        settle_order(order_id=order.pk)
        catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=-5))
        run_jobs()

    assert Payment.objects.get(purpose="extra").attempts == 0
    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor
    assert fresh(order).status == OrderStatus.CONFIRMED


def test_an_extra_that_was_declined_and_then_cancelled_at_the_gateway_is_not_asked_from_the_card_again(
    shop: Shop,
) -> None:
    order, extra = extra_left_open(shop)
    get_provider().cancel_payment(str(extra.provider_ref))

    settled(shop)
    settle_order(order_id=order.pk)
    settled(shop)

    assert Payment.objects.get(purpose="extra").status == PaymentStatus.CANCELLED
    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor


def extra_left_open(shop: Shop) -> tuple[Order, Payment]:
    order = rented(shop)
    charge(order, order.deposit_minor + 2000)
    returned(shop, order)
    card_says_no(shop)
    settled(shop)
    return fresh(order), Payment.objects.get(purpose="extra")


def pay_extra(shop: Shop, order: Order) -> Payment:
    started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.EXTRA)
    shop.gateway.confirm(str(started.payment.provider_ref), "pm_card_mastercard")
    return started.payment


def test_an_open_extra_follows_another_charge_and_is_not_made_anew(shop: Shop) -> None:
    order, extra = extra_left_open(shop)
    charge(order, 500)

    started = pay_extra(shop, order)
    settled(shop)

    assert (started.pk, started.amount_minor) == (extra.pk, 2500)
    assert Payment.objects.get(purpose="extra").captured_minor == 2500
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


@pytest.mark.parametrize("heard_of", [True, False])
def test_an_extra_that_its_owner_left_halfway_is_asked_from_the_kept_card_after_a_while(
    shop: Shop, *, heard_of: bool
) -> None:
    order = rented(shop)
    handed_over(order)
    charge(order, order.deposit_minor + 2000)
    start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.EXTRA)
    if not heard_of:  # the app went away before the gateway was asked
        Payment.objects.filter(purpose="extra").update(status=PaymentStatus.CREATED, provider_ref=None)
    brought_back(order)
    run_jobs(later=False)
    assert Payment.objects.filter(purpose="extra", captured_minor__gt=0).count() == 0

    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        settled(shop)

    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)
    assert Payment.objects.get(purpose="extra", status=PaymentStatus.SUCCEEDED).captured_minor == 2000


@pytest.mark.parametrize("fault", ["500_after", "drop_after", "500_before", "drop_before"])
def test_a_lost_answer_to_a_change_of_the_amount_loses_no_cent(shop: Shop, fault: str) -> None:
    order, extra = extra_left_open(shop)
    charge(order, 500)
    shop.gateway.fail_next("POST /v1/payment_intents/*", fault)
    with pytest.raises(ProviderUnavailable):
        settle_order(order_id=order.pk)
    shop.gateway.confirm(str(extra.provider_ref), "pm_card_mastercard")

    settled(shop)
    settle_order(order_id=order.pk)
    settled(shop)

    assert not Payment.objects.exclude(parked_reason="").exists()
    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor + 2500
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_an_extra_paid_while_its_amount_changes_counts_as_it_was_captured(shop: Shop, settings: Any) -> None:
    order, extra = extra_left_open(shop)
    charge(order, 500)

    def it_is_paid() -> None:
        shop.gateway.confirm(str(extra.provider_ref), "pm_card_mastercard")

    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway, it_is_paid)

    settle_order(order_id=order.pk)
    settled(shop)

    assert Payment.objects.get(pk=extra.pk).captured_minor == 2000
    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor + 2500
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_an_open_extra_is_closed_when_nothing_is_owed_any_more(shop: Shop) -> None:
    order, extra = extra_left_open(shop)
    charge(order, -2000)

    settle_order(order_id=order.pk)

    assert Payment.objects.get(pk=extra.pk).status == PaymentStatus.CANCELLED
    assert fresh(order).status == OrderStatus.COMPLETED


@pytest.mark.parametrize("fault", ["500_after", "drop_after"])
def test_a_lost_answer_charges_an_extra_once(shop: Shop, fault: str) -> None:
    order = rented(shop)
    charge(order, order.deposit_minor + 2000)
    returned(shop, order)
    shop.gateway.set_webhooks(mode="drop")
    shop.gateway.fail_next(CREATES, fault)
    for _ in range(3):
        try:
            run_jobs()
        except ProviderUnavailable:
            settle_order(order_id=order.pk)

    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor + 2000
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_a_card_that_must_be_confirmed_leaves_an_extra_to_its_owner_who_confirms_it(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 2))
    payment = shop.pay(order, "pm_card_authenticationRequired")
    shop.gateway.complete_3ds(str(payment.provider_ref))
    settled(shop)
    confirm_deposit(shop, order, "pm_card_authenticationRequired")
    shop.gateway.complete_3ds(str(Payment.objects.get(purpose="deposit").provider_ref))
    settled(shop)
    order = fresh(order)
    charge(order, order.deposit_minor + 2000)
    returned(shop, order)
    settled(shop)
    assert Payment.objects.get(purpose="extra").last_error == "authentication_required"

    started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.EXTRA)
    shop.gateway.confirm(str(started.payment.provider_ref), "pm_card_authenticationRequired")
    shop.gateway.complete_3ds(str(started.payment.provider_ref))
    settled(shop)

    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_a_customer_who_does_not_agree_to_a_kept_card_is_asked_in_the_app(shop: Shop) -> None:
    shop.paid(shop.rental(10, 11))  # this one agreed, for another order
    order = shop.order(shop.rental(0, 2))
    started = start_payment(order_id=order.pk, customer_id=order.customer_id, save_card=False)
    shop.gateway.confirm(str(started.payment.provider_ref))
    settled(shop)

    deposit = Deposit.objects.get(order=order)
    assert (deposit.status, deposit.last_error) == (DepositStatus.UNSECURED, "no_card_kept")
    assert GatewayCustomer.objects.get().card_ref
    confirm_deposit(shop, order)
    settled(shop)
    assert Deposit.objects.get(order=order).status == DepositStatus.SECURED


def test_a_change_of_mind_about_the_kept_card_reaches_the_open_payment(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 2))
    first = start_payment(order_id=order.pk, customer_id=order.customer_id)
    ref = str(first.payment.provider_ref)
    assert (shop.gateway.retrieve(ref) or {})["setup_future_usage"] == "off_session"

    again = start_payment(order_id=order.pk, customer_id=order.customer_id, save_card=False)

    assert again.payment.provider_ref == ref
    assert (shop.gateway.retrieve(ref) or {})["setup_future_usage"] is None
    assert not Payment.objects.get().keeps_card


def test_a_kept_card_that_the_gateway_does_not_know_any_more_is_forgotten(shop: Shop) -> None:
    due(shop)
    GatewayCustomer.objects.update(card_ref="pm_taken_away")

    secure_deposit(deposit_id=Deposit.objects.get().pk)

    assert GatewayCustomer.objects.get().card_ref == ""
    assert Deposit.objects.get().status == DepositStatus.UNSECURED
    assert not Payment.objects.filter(purpose="deposit", status__in=Payment.LIVE).exists()


def test_a_secured_deposit_is_not_paid_again(shop: Shop) -> None:
    order = rented(shop)

    with pytest.raises(NothingToPay):
        confirm_deposit(shop, order)


def test_a_payment_given_up_while_its_owner_opened_it_stays_closed_when_another_one_is_open(
    shop: Shop, settings: Settings
) -> None:
    order = due(shop)

    def staff_ask_the_card() -> None:
        shop.gateway.fail_next(CREATES, "decline")
        secure_deposit_now(deposit_id=Deposit.objects.get().pk, actor="staff:1")

    settings.STRIPE_HTTP_CLIENT = Belated(shop.gateway, staff_ask_the_card)
    with pytest.raises(PaymentProviderUnavailable):
        start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.DEPOSIT)

    of_deposit = Payment.objects.filter(purpose="deposit").order_by("created_at")
    assert [payment.status for payment in of_deposit] == [PaymentStatus.CANCELLED, PaymentStatus.PENDING]
    confirm_deposit(shop, order)
    settled(shop)
    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert totals(shop)["held"] == order.deposit_minor


def test_what_is_kept_is_credited_once_when_the_gateway_gives_back_what_waits_for_approval(
    shop: Shop, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 1}
    order = rented(shop)
    charge(order, 1500)
    returned(shop, order)
    settled(shop)
    secured = Payment.objects.get(purpose="deposit", captured_minor=1500)
    refund = request_refund(payment_id=secured.pk, amount_minor=1500, reason="sorry", actor="staff:1")

    shop.gateway.dashboard_refund(str(secured.provider_ref))
    settled(shop)
    decline_refund(refund_id=refund.pk, actor="staff:2", note="done by hand")
    settled(shop)

    assert (Deposit.objects.get().captured_minor, balance(order.pk)) == (0, 0)
    assert order.charges.total() == order.total_minor
    assert not Payment.objects.exclude(parked_reason="").exists()


def test_what_staff_give_back_while_a_deposit_is_settled_does_not_go_back_twice(shop: Shop) -> None:
    order = rented(shop, days=8)
    charge(order, 3000)
    returned(shop, order)
    deposit = end_deposit(order_id=order.pk)
    assert deposit is not None
    payment = deposit.payments.get()
    looked = _steps(deposit.pk)
    request_refund(payment_id=payment.pk, amount_minor=400, reason="sorry", actor=STAFF)

    with pytest.raises(RefundOutdated):
        looked[0].take()
    settled(shop)

    deposit.refresh_from_db()
    assert (deposit.captured_minor, totals(shop)["refunded"], balance(order.pk)) == (3000, 1000, 0)


def test_a_deposit_whose_settling_was_lost_goes_back_with_the_next_catch_up(shop: Shop) -> None:
    order = rented(shop, days=8)
    charge(order, 3000)
    returned(shop, order)
    deposit = end_deposit(order_id=order.pk)
    assert deposit is not None
    forget_jobs()

    catch_up(young=timedelta(days=1), older_than=timedelta(minutes=-1))
    settled(shop)

    assert (totals(shop)["refunded"], balance(order.pk)) == (1000, 0)
    assert [*unsettled_deposits(*ALWAYS)] == []


def test_a_deposit_whose_refund_failed_waits_for_a_person(shop: Shop) -> None:
    order = rented(shop, days=8)
    returned(shop, order)
    settled(shop)
    shop.gateway.fail_refund(str(Refund.objects.get().provider_ref))
    settled(shop)

    assert Refund.objects.get().status == RefundStatus.FAILED
    assert [*unsettled_deposits(*ALWAYS)] == []


def test_an_order_is_not_done_while_what_goes_back_of_its_deposit_waits(shop: Shop, settings: Any) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 1}
    order = rented(shop, days=8)
    waiting = request_refund(
        payment_id=Deposit.objects.get().payments.get().pk, amount_minor=4000, reason="sorry", actor=STAFF
    )
    returned(shop, order)
    settled(shop)
    assert fresh(order).status == OrderStatus.CONFIRMED

    decline_refund(refund_id=waiting.pk, actor="staff:2", note="no")
    settled(shop)

    assert (fresh(order).status, totals(shop)["refunded"]) == (OrderStatus.COMPLETED, 4000)


def test_a_refund_that_failed_waits_for_a_person_although_the_deposits_arrived(shop: Shop) -> None:
    order = rented(shop, days=8)
    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)
    failed = Refund.objects.get(payment__purpose="order")
    shop.gateway.fail_refund(str(failed.provider_ref))
    settled(shop)
    assert Refund.objects.latest("created_at").payment.deposit_id is not None

    enqueued = catch_up(young=timedelta(days=1), older_than=timedelta(minutes=-1))

    assert enqueued == 0
    assert [told["failed"] for told in unsettled_orders(since=ALWAYS[0])] == [True]


def test_a_failed_refund_of_a_deposit_does_not_keep_the_orders_money(shop: Shop) -> None:
    order = rented(shop, days=8)
    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)
    shop.gateway.fail_refund(str(Refund.objects.exclude(payment__deposit=None).get().provider_ref))
    settled(shop)

    enqueued = catch_up(young=timedelta(days=1), older_than=timedelta(minutes=-1))

    assert enqueued == 0
    assert [*unsettled_orders(since=ALWAYS[0])] == []
