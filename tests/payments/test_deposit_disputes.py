"""Disputes of deposits: what was decided about one outlives what a bank takes and gives again."""

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from orders.models import ChargeKind
from orders.services import add_charge
from orders.states import OrderStatus
from payments.models import Deposit, Dispute, Payment, Refund
from payments.selectors import balance, payments_owed_back, statement, unsettled_orders
from payments.services import apply_disputes, decline_refund, request_refund, start_payment, write_off_dispute
from payments.states import DepositStatus
from tests.jobs import run_jobs
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import fresh, rented, returned, settled
from tests.shop import Shop

STAFF = "staff:01980000-0000-7000-8000-000000000001"


def kept(shop: Shop, days: int, minor: int) -> Deposit:
    """So much of 4000 is kept for damage."""
    order = rented(shop, days)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="torn", actor=STAFF)
    returned(shop, order)
    settled(shop)
    deposit = Deposit.objects.get()
    assert (deposit.captured_minor, balance(order.pk)) == (minor, 0)
    return deposit


def disputed(shop: Shop, deposit: Deposit, minor: int | None = None) -> Dispute:
    """The bank takes of it, and we hear of it, late events of the payment included."""
    shop.gateway.open_dispute(str(deposit.provider_ref), minor)
    settled(shop)
    settled(shop)
    return Dispute.objects.get()


def closed(shop: Shop, row: Dispute, *, won: bool) -> None:
    shop.gateway.close_dispute(row.provider_ref, won=won)
    settled(shop)
    settled(shop)


@pytest.mark.parametrize("days", [3, 8])
def test_a_kept_deposit_stays_kept_when_its_dispute_is_won(shop: Shop, days: int) -> None:
    deposit = kept(shop, days, 4000)
    before = kept_at_gateway(shop)

    row = disputed(shop, deposit)
    assert balance(deposit.order_id) == 4000
    closed(shop, row, won=True)

    deposit.refresh_from_db()
    assert (deposit.status, deposit.captured_minor) == (DepositStatus.CAPTURED, 4000)
    assert (balance(deposit.order_id), kept_at_gateway(shop)) == (0, before)
    assert not Refund.objects.exists()
    assert fresh(deposit.order).status == OrderStatus.COMPLETED


def test_what_goes_back_beside_a_lost_dispute_credits_no_more_than_itself(shop: Shop) -> None:
    deposit = kept(shop, 3, 4000)
    closed(shop, disputed(shop, deposit, 3000), won=False)
    assert balance(deposit.order_id) == 3000

    request_refund(payment_id=deposit.payments.get().pk, amount_minor=1000, reason="sorry", actor=STAFF)

    deposit.refresh_from_db()
    assert (deposit.captured_minor, balance(deposit.order_id)) == (3000, 3000)


def test_a_disputed_deposit_secures_nothing_and_asks_its_owner_until_the_dispute_is_won(
    shop: Shop, mailoutbox: list[EmailMessage]
) -> None:
    order = rented(shop, 8)
    deposit = Deposit.objects.get()
    mailoutbox.clear()

    shop.gateway.open_dispute(str(deposit.provider_ref))
    apply_disputes(payment_ref=str(deposit.provider_ref))  # and no other news of the payment
    run_jobs()

    deposit.refresh_from_db()
    assert (deposit.status, deposit.last_error) == (DepositStatus.UNSECURED, "deposit_disputed")
    assert fresh(order).deposit_secured_at is None
    assert [message.subject for message in mailoutbox] == [f"Please confirm the deposit for {order.number}"]

    closed(shop, Dispute.objects.get(), won=True)

    deposit.refresh_from_db()
    assert (deposit.status, deposit.last_error) == (DepositStatus.SECURED, "")
    assert fresh(order).deposit_secured_at is not None


def test_a_deposit_that_a_bank_took_while_its_refund_waited_secures_nothing_once_that_is_declined(
    shop: Shop, settings: Settings
) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 10}
    order = rented(shop, 8)
    payment = Deposit.objects.get().payments.get()
    refund = request_refund(payment_id=payment.pk, amount_minor=4000, reason="sorry", actor=STAFF)
    disputed(shop, Deposit.objects.get())
    payment.refresh_from_db()
    assert payment.parked_reason

    decline_refund(refund_id=refund.pk, actor=STAFF, note="a bank has it")

    payment.refresh_from_db()
    assert payment.parked_reason == ""
    assert Deposit.objects.get().status == DepositStatus.UNSECURED
    assert fresh(order).deposit_secured_at is None


def test_of_a_deposit_confirmed_again_while_the_bank_had_it_one_goes_back(shop: Shop) -> None:
    order = rented(shop, 8)
    row = disputed(shop, Deposit.objects.get())
    started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.DEPOSIT)
    shop.gateway.confirm(str(started.payment.provider_ref), "pm_card_visa")
    settled(shop)
    assert Deposit.objects.get().status == DepositStatus.SECURED

    closed(shop, row, won=True)

    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert kept_at_gateway(shop) == order.total_minor + order.deposit_minor


def test_the_statement_tells_what_a_bank_took_of_a_deposit_that_had_gone_back(shop: Shop) -> None:
    order = rented(shop, 8)
    returned(shop, order)
    settled(shop)
    deposit = Deposit.objects.get()
    assert (deposit.status, balance(order.pk)) == (DepositStatus.RELEASED, 0)

    disputed(shop, deposit)

    told = statement(fresh(order))
    assert (told.balance_minor, balance(order.pk)) == (4000, 4000)
    assert sum(entry.amount_minor for entry in told.entries) == 4000


def test_a_deposit_that_did_not_go_back_is_seen_while_a_bank_holds_the_money_of_its_order(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 7))
    paid = shop.pay(order, "pm_card_refundFail")
    settled(shop)
    shop.gateway.open_dispute(str(paid.provider_ref))
    settled(shop)

    returned(shop, order)
    settled(shop)

    deposit = Deposit.objects.get()
    assert (deposit.status, Refund.objects.get().status) == (DepositStatus.RELEASED, "failed")
    assert payments_owed_back().get().deposit == deposit


def test_the_comparison_finds_nothing_when_staff_gave_up_what_a_bank_took_of_a_deposit_twice_returned(
    shop: Shop,
) -> None:
    order = rented(shop, 8)
    returned(shop, order)
    settled(shop)
    row = disputed(shop, Deposit.objects.get())
    closed(shop, row, won=False)
    write_off_dispute(dispute_id=row.pk, reason="lost", actor=STAFF)
    settled(shop)

    assert balance(order.pk) == 0
    assert not list(unsettled_orders(since=order.placed_at))
