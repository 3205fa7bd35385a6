"""Refunds above the limit: nothing of them happens before a second person said yes."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from core.errors import NotFound
from orders.models import Charge, ChargeKind
from orders.services import add_charge, cancel_order
from orders.states import OrderStatus
from payments.errors import ApprovalByAnother, RefundDecided, RefundTooLarge
from payments.models import Deposit, Payment, Refund
from payments.selectors import balance, statement
from payments.services import apply_payment, approve_refund, catch_up, decline_refund, request_refund
from payments.states import RefundStatus
from tests.factories.payments import RefundFactory
from tests.jobs import run_jobs, waiting_jobs
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import rented, returned, settled
from tests.payments.test_refund_news import made_up_for
from tests.shop import Shop

ANNA, BO = f"staff:{UUID(int=1)}", f"staff:{UUID(int=2)}"


@pytest.fixture(autouse=True)
def _at_most_twenty(settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 20}


def ask(amount: int, actor: str = ANNA) -> Refund:
    return request_refund(payment_id=Payment.objects.get().pk, amount_minor=amount, reason="sorry", actor=actor)


def sums() -> tuple[int, int, int]:
    payment = Payment.objects.get()
    return payment.refunded_minor, payment.refund_pending_minor, payment.refund_waiting_minor


# The limit


@pytest.mark.parametrize(
    ("amount", "actor", "status"),
    [
        (2000, ANNA, RefundStatus.REQUESTED),
        (2001, ANNA, RefundStatus.WAITING),
        (4990, "clock", RefundStatus.REQUESTED),
        (4990, "provider", RefundStatus.REQUESTED),
    ],
)
def test_only_staff_and_only_above_the_limit_need_a_second_person(
    shop: Shop, amount: int, actor: str, status: str
) -> None:
    shop.paid()

    assert ask(amount, actor).status == status


def test_the_limit_is_of_the_order_and_not_of_each_part(shop: Shop) -> None:
    shop.paid()

    assert [ask(1000).status, ask(1000, BO).status, ask(1).status] == ["requested", "requested", "waiting"]


def test_what_was_approved_leaves_room_for_small_ones(shop: Shop) -> None:
    shop.paid()
    approve_refund(refund_id=ask(2500).pk, actor=BO)

    assert ask(2000).status == RefundStatus.REQUESTED


def test_of_a_currency_that_is_not_named_everything_waits(shop: Shop, settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"USD": 500}
    shop.paid()

    assert ask(1).status == RefundStatus.WAITING


# Waiting


def test_what_waits_is_neither_sent_nor_credited_and_cannot_be_given_twice(shop: Shop) -> None:
    order = shop.paid()

    ask(3000)
    made_up_for()
    run_jobs()

    assert (sums(), kept_at_gateway(shop)) == ((0, 0, 3000), 4990)
    assert (order.charges.total(), balance(order.pk), statement(order).balance_minor) == (4990, 0, 0)
    assert [entry.kind for entry in statement(order).entries] == ["charge", "payment"]  # nothing is promised yet
    with pytest.raises(RefundTooLarge):
        ask(1991)
    with pytest.raises(RefundTooLarge):
        ask(1991, "clock")


def test_what_waits_is_not_looked_for_by_any_job(shop: Shop) -> None:
    shop.paid()
    ask(3000)

    catch_up(young=timedelta(days=1), older_than=timedelta(0))

    assert "payments.send_refund" not in [task for task, _ in waiting_jobs()]


def test_an_order_that_waits_to_lose_all_its_money_stays_confirmed_until_then(shop: Shop) -> None:
    order = shop.paid()
    refund = ask(4990)
    order.refresh_from_db()
    assert order.status == OrderStatus.CONFIRMED

    approve_refund(refund_id=refund.pk, actor=BO)
    run_jobs()

    order.refresh_from_db()
    assert (order.status, balance(order.pk), kept_at_gateway(shop)) == (OrderStatus.CANCELLED, 0, 0)


# Yes


def test_an_approved_refund_is_credited_and_sent(shop: Shop) -> None:
    order = shop.paid()
    refund = ask(3000)

    refund = approve_refund(refund_id=refund.pk, actor=BO, note="I spoke with her.")
    run_jobs()

    refund.refresh_from_db()
    assert (refund.status, refund.requested_by, refund.approved_by) == (RefundStatus.SUCCEEDED, ANNA, BO)
    assert refund.decision_note == "I spoke with her."
    assert (sums(), kept_at_gateway(shop), balance(order.pk)) == ((3000, 0, 0), 1990, 0)
    assert [c.reason for c in order.charges.filter(kind="goodwill")] == ["sorry"]


def test_nobody_approves_what_they_asked_for(shop: Shop) -> None:
    shop.paid()
    refund = ask(3000)

    with pytest.raises(ApprovalByAnother):
        approve_refund(refund_id=refund.pk, actor=ANNA)

    assert sums() == (0, 0, 3000)
    with pytest.raises(IntegrityError, match="refund_approved_by_another"), transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(approved_by=ANNA)


def test_it_is_approved_once(shop: Shop) -> None:
    shop.paid()
    refund = ask(3000)
    approve_refund(refund_id=refund.pk, actor=BO)

    with pytest.raises(RefundDecided):
        approve_refund(refund_id=refund.pk, actor=f"staff:{uuid4()}")
    with pytest.raises(RefundDecided):
        decline_refund(refund_id=refund.pk, actor=BO, note="no")

    assert sums() == (0, 3000, 0)


def test_what_a_bank_took_meanwhile_cannot_be_approved(shop: Shop) -> None:
    shop.paid()
    refund = ask(3000)
    shop.gateway.open_dispute(str(Payment.objects.get().provider_ref))
    shop.deliver_webhooks()
    run_jobs()

    with pytest.raises(RefundTooLarge):
        approve_refund(refund_id=refund.pk, actor=BO)
    decline_refund(refund_id=refund.pk, actor=BO, note="The bank took it.")

    payment = Payment.objects.get()
    assert (payment.parked_reason, payment.disputed_minor, payment.refund_waiting_minor) == ("", 4990, 0)


def test_an_order_cancelled_meanwhile_is_given_no_goodwill(shop: Shop) -> None:
    order = shop.paid()
    refund = ask(3000)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()
    assert (kept_at_gateway(shop), balance(order.pk)) == (3000, -3000)

    approve_refund(refund_id=refund.pk, actor=BO)
    run_jobs()

    assert (kept_at_gateway(shop), balance(order.pk)) == (0, 0)
    assert not order.charges.filter(kind="goodwill").exists()


# No


def test_a_declined_refund_frees_its_money_and_leaves_a_trace(shop: Shop) -> None:
    order = shop.paid()
    refund = ask(3000)

    decline_refund(refund_id=refund.pk, actor=BO, note="She has had it already.")
    run_jobs()

    refund.refresh_from_db()
    assert (refund.status, refund.declined_by, refund.decision_note) == ("declined", BO, "She has had it already.")
    assert refund.decided_at is not None
    assert (sums(), balance(order.pk), kept_at_gateway(shop)) == ((0, 0, 0), 0, 4990)
    assert Payment.objects.get().refundable_minor == 4990


def test_a_declined_refund_does_not_have_a_failed_one_sent_again_by_itself(shop: Shop) -> None:
    order = shop.paid()
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()
    shop.gateway.fail_refund(str(Refund.objects.get().provider_ref))
    shop.deliver_webhooks()
    run_jobs()

    decline_refund(refund_id=ask(3000).pk, actor=BO, note="Her card is closed: by bank transfer.")
    run_jobs()

    assert sorted(Refund.objects.values_list("status", flat=True)) == ["declined", "failed"]
    assert balance(order.pk) == -4990


def test_who_asked_may_take_it_back(shop: Shop) -> None:
    shop.paid()
    refund = ask(3000)

    assert decline_refund(refund_id=refund.pk, actor=ANNA, note="My mistake.").status == RefundStatus.DECLINED


def test_what_is_owed_back_goes_by_itself_once_the_waiting_one_is_declined(shop: Shop) -> None:
    order = shop.paid()
    refund = ask(3000)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    decline_refund(refund_id=refund.pk, actor=BO, note="The rules give it back anyway.")
    run_jobs()

    assert (kept_at_gateway(shop), balance(order.pk)) == (0, 0)


def test_a_refund_by_hand_at_the_gateway_of_what_waits_here_waits_for_a_person(shop: Shop) -> None:
    order = shop.paid()
    refund = ask(3000)
    shop.gateway.dashboard_refund(str(Payment.objects.get().provider_ref), 3000)
    shop.deliver_webhooks()
    run_jobs()
    assert (sums(), balance(order.pk)) == ((3000, 0, 3000), 0)
    assert Payment.objects.get().parked_reason

    decline_refund(refund_id=refund.pk, actor=BO, note="Done by hand.")

    assert (sums(), Payment.objects.get().parked_reason, balance(order.pk)) == ((3000, 0, 0), "", 0)


# A deposit


def kept(shop: Shop, days: int) -> Deposit:
    """3000 of 4000 are kept for damage."""
    order = rented(shop, days=days)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=3000, reason="torn", actor=ANNA)
    returned(shop, order)
    settled(shop)
    deposit = Deposit.objects.get()
    assert deposit.captured_minor == 3000
    return deposit


def of(deposit: Deposit) -> Payment:
    return deposit.payments.get()


def test_what_waits_of_a_kept_deposit_stays_kept_until_it_is_approved(shop: Shop) -> None:
    deposit = kept(shop, days=3)
    refund = request_refund(payment_id=of(deposit).pk, amount_minor=2500, reason="sorry", actor=ANNA)

    apply_payment(provider_ref=str(deposit.provider_ref))  # as any late event makes us do

    deposit.refresh_from_db()
    assert (deposit.captured_minor, balance(deposit.order_id)) == (3000, 0)

    approve_refund(refund_id=refund.pk, actor=BO)

    deposit.refresh_from_db()
    assert (deposit.captured_minor, balance(deposit.order_id)) == (500, 0)


def test_a_refund_by_hand_credits_no_more_than_itself_while_another_waits(shop: Shop) -> None:
    deposit = kept(shop, days=3)
    request_refund(payment_id=of(deposit).pk, amount_minor=2100, reason="sorry", actor=ANNA)

    shop.gateway.dashboard_refund(str(deposit.provider_ref), 500)
    settled(shop)

    deposit.refresh_from_db()
    assert (deposit.captured_minor, balance(deposit.order_id)) == (2500, 0)
    assert Charge.objects.get(kind=ChargeKind.GOODWILL).amount_minor == -500


def test_what_is_not_kept_goes_back_once_the_waiting_one_is_declined(shop: Shop) -> None:
    order = rented(shop, days=8)
    deposit = Deposit.objects.get()
    refund = request_refund(payment_id=of(deposit).pk, amount_minor=4000, reason="sorry", actor=ANNA)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=3000, reason="torn", actor=ANNA)
    returned(shop, order)
    settled(shop)
    deposit.refresh_from_db()
    assert (deposit.captured_minor, of(deposit).refundable_minor) == (3000, 0)

    decline_refund(refund_id=refund.pk, actor=BO, note="no")
    settled(shop)

    order.refresh_from_db()
    assert (of(deposit).refunded_minor, balance(order.pk), order.status) == (1000, 0, OrderStatus.COMPLETED)


@pytest.mark.parametrize("decide", [approve_refund, decline_refund])
def test_a_refund_that_does_not_exist_is_not_found(db: None, decide: Any) -> None:
    with pytest.raises(NotFound):
        decide(refund_id=uuid4(), actor=BO, note="")


def test_a_refund_is_declined_by_somebody(db: None) -> None:
    refund = RefundFactory()

    with pytest.raises(IntegrityError, match="refund_declined_by_somebody"), transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(status="declined")
