"""Deposits: held or charged shortly before the pickup, kept in part or given back, never a cent unexplained."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from inventory.models import Unit
from orders.errors import DepositNotSecured
from orders.models import Charge, ChargeKind, DepositPlan, Order, Rental
from orders.services import cancel_order, close_rental, hand_over_rental, prepare_rental, take_back_rental
from orders.states import OrderStatus
from payments.models import Deposit, GatewayCustomer, Payment
from payments.selectors import balance
from payments.services import renew_ending_holds, secure_due_deposits, start_payment
from payments.states import DepositStatus, PaymentStatus
from tests.jobs import run_jobs
from tests.shop import Shop

AUTHENTICATES = "pm_card_authenticationRequired"


def settled(shop: Shop) -> None:
    shop.deliver_webhooks()
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def totals(shop: Shop) -> dict[str, Any]:
    return dict(shop.gateway.totals()["eur"])


def rented(shop: Shop, days: int = 3) -> Order:
    """Paid, to be picked up today; its deposit has been asked for."""
    order = shop.paid(shop.rental(0, days - 1))
    settled(shop)
    return fresh(order)


def returned(shop: Shop, order: Order) -> None:
    """Handed over, brought back and inspected."""
    handed_over(order)
    brought_back(order)


def handed_over(order: Order) -> None:
    rental = Rental.objects.get(line__order=order)
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")
    run_jobs()


def brought_back(order: Order) -> None:
    rental = Rental.objects.get(line__order=order)
    take_back_rental(rental_id=rental.pk, actor="staff:1", condition="B")
    close_rental(rental_id=rental.pk, actor="staff:1")


def test_a_short_rentals_deposit_is_only_held_on_the_card_that_paid(shop: Shop) -> None:
    order = rented(shop)

    deposit = Deposit.objects.get()
    assert (order.deposit_plan, deposit.status) == (DepositPlan.HOLD, DepositStatus.SECURED)
    assert deposit.capture_before is not None
    assert totals(shop)["held"] == order.deposit_minor
    assert totals(shop)["captured"] == order.total_minor
    assert balance(order.pk) == 0


def test_a_long_rentals_deposit_is_charged_and_given_back_after_inspection(shop: Shop) -> None:
    order = rented(shop, days=8)
    assert Deposit.objects.get().plan == DepositPlan.CHARGE
    assert totals(shop)["captured"] == order.total_minor + order.deposit_minor

    returned(shop, order)
    settled(shop)

    assert totals(shop)["refunded"] == order.deposit_minor
    assert Deposit.objects.get().status == DepositStatus.RELEASED
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_a_deposit_is_not_asked_for_before_its_time(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))

    secure_due_deposits()
    settled(shop)

    assert Deposit.objects.get().status == DepositStatus.PLANNED
    with time_machine.travel(timezone.now() + timedelta(days=9, hours=1), tick=False):
        secure_due_deposits()
        run_jobs()
    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert fresh(order).deposit_secured_at is not None


def test_nothing_is_handed_over_before_its_deposit_is_secured_unless_staff_say_why(shop: Shop) -> None:
    order = shop.paid(shop.rental(0, 2))
    Deposit.objects.get()
    Order.objects.filter(pk=order.pk).update(deposit_secured_at=None)
    rental = Rental.objects.get()
    prepare_rental(rental_id=rental.pk, actor="staff:1")

    with pytest.raises(DepositNotSecured):
        hand_over_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1", without_deposit="A regular; paid in cash.")

    assert "paid in cash" in order.events.last().note
    assert Unit.objects.get(pk=Rental.objects.get().unit_id).status == "out"


def test_what_is_owed_at_the_end_is_kept_of_the_held_deposit_and_the_rest_let_go(shop: Shop) -> None:
    order = rented(shop)
    Charge.objects.create(order=order, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="torn mesh", actor="staff:1")

    returned(shop, order)
    settled(shop)

    deposit = Deposit.objects.get()
    assert (deposit.status, deposit.captured_minor) == (DepositStatus.CAPTURED, 1500)
    assert totals(shop) == {"captured": order.total_minor + 1500, "refunded": 0, "held": 0, "disputed": 0}
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_what_is_owed_beyond_the_deposit_is_collected_from_the_kept_card(shop: Shop) -> None:
    order = rented(shop)
    damage = order.deposit_minor + 2000
    Charge.objects.create(order=order, kind=ChargeKind.DAMAGE, amount_minor=damage, reason="crushed", actor="staff:1")

    returned(shop, order)
    settled(shop)

    assert Payment.objects.get(purpose="extra").captured_minor == 2000
    assert totals(shop)["captured"] == order.total_minor + damage
    assert (fresh(order).status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_a_card_that_must_be_confirmed_leaves_the_deposit_to_its_owner_who_secures_it_in_the_app(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 2))
    payment = shop.pay(order, AUTHENTICATES)
    shop.gateway.complete_3ds(str(payment.provider_ref))
    settled(shop)
    deposit = Deposit.objects.get()
    assert (deposit.status, deposit.last_error) == (DepositStatus.UNSECURED, "authentication_required")

    started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.DEPOSIT)
    shop.gateway.confirm(str(started.payment.provider_ref), "pm_card_visa")
    settled(shop)

    assert Deposit.objects.get().status == DepositStatus.SECURED
    assert Payment.objects.filter(purpose="deposit").count() == 1


def test_a_cancelled_order_lets_its_deposit_go(shop: Shop) -> None:
    order = rented(shop)

    cancel_order(order_id=order.pk, actor="customer:1")
    settled(shop)

    assert Deposit.objects.get().status == DepositStatus.RELEASED
    assert totals(shop)["held"] == 0
    assert totals(shop)["refunded"] == order.total_minor


def test_a_hold_is_renewed_before_the_bank_lets_go_and_the_old_one_is_released(shop: Shop) -> None:
    order = rented(shop, days=5)
    first = Deposit.objects.get()
    assert first.capture_before is not None

    with time_machine.travel(first.capture_before - timedelta(hours=20), tick=False):
        renew_ending_holds()
        run_jobs()

    renewed = Deposit.objects.get()
    assert renewed.provider_ref != first.provider_ref
    assert totals(shop)["held"] == order.deposit_minor
    assert Payment.objects.get(provider_ref=first.provider_ref).status == PaymentStatus.CANCELLED


def test_a_hold_that_the_bank_let_go_leaves_the_deposit_unsecured(shop: Shop) -> None:
    order = rented(shop)

    shop.gateway.expire_hold(str(Deposit.objects.get().provider_ref))
    settled(shop)

    deposit = Deposit.objects.get()
    assert (deposit.status, deposit.last_error) == (DepositStatus.UNSECURED, "hold_expired")
    assert fresh(order).deposit_secured_at is None


def test_only_a_card_kept_with_consent_is_remembered(shop: Shop) -> None:
    shop.paid(shop.sale())
    assert GatewayCustomer.objects.get().card_ref == ""

    shop.paid(shop.rental())

    assert GatewayCustomer.objects.get().card_ref.startswith("pm_")
