"""Money decided about once, whoever else decides at the same time: banks, a second person, a page sent twice."""

import pytest
from pytest_django import Settings

from orders.errors import ChargeOutdated
from orders.models import Charge, ChargeKind, Order
from orders.services import add_charge
from orders.states import OrderStatus
from payments.models import Deposit, Dispute, GatewayCustomer, Mail, Payment
from payments.selectors import balance
from payments.services import decline_refund, request_refund
from payments.services.letters import write
from payments.states import DepositStatus
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import fresh, rented, returned, settled, totals
from tests.shop import Shop

STAFF, BOSS = "staff:01980000-0000-7000-8000-000000000001", "staff:01980000-0000-7000-8000-000000000002"


def charge(order: Order, minor: int) -> Charge:
    return Charge.objects.create(
        order=order, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="torn", actor="staff:1"
    )


@pytest.mark.parametrize("days", [3, 8])
def test_a_kept_deposit_stays_kept_when_its_dispute_is_won(shop: Shop, days: int) -> None:
    order = rented(shop, days)
    charge(order, order.deposit_minor)
    returned(shop, order)
    settled(shop)
    before = kept_at_gateway(shop)

    shop.gateway.open_dispute(str(Payment.objects.get(purpose="deposit").provider_ref))
    settled(shop)
    shop.gateway.close_dispute(Dispute.objects.get().provider_ref, won=True)
    settled(shop)

    assert (Deposit.objects.get().status, balance(order.pk)) == (DepositStatus.CAPTURED, 0)
    assert kept_at_gateway(shop) == before
    assert fresh(order).status == OrderStatus.COMPLETED


def test_a_declined_refund_of_an_ended_deposit_lets_it_go_back_by_itself(shop: Shop, settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 1}
    order = rented(shop, 8)
    payment = Payment.objects.get(purpose="deposit")
    asked = request_refund(payment_id=payment.pk, amount_minor=payment.captured_minor, reason="kind", actor=STAFF)
    returned(shop, order)
    settled(shop)

    decline_refund(refund_id=asked.pk, actor=BOSS, note="no")
    settled(shop)

    assert totals(shop)["refunded"] == order.deposit_minor
    assert balance(order.pk) == 0


def test_nobody_is_asked_for_money_that_a_bank_holds(shop: Shop) -> None:
    order = rented(shop)
    shop.gateway.open_dispute(str(Payment.objects.get(purpose="order").provider_ref))
    settled(shop)
    charge(order, 1500)

    letter = write(Mail.Kind.MONEY_REQUESTED, order, f"{order.pk}:1500")

    assert letter is not None
    assert "€15.00" in letter.subject


def test_an_amount_that_no_card_can_pay_costs_the_customer_no_kept_card(shop: Shop) -> None:
    order = rented(shop)
    charge(order, order.deposit_minor + 20)
    returned(shop, order)
    settled(shop)

    assert GatewayCustomer.objects.get().card_ref != ""


def test_the_history_of_money_tells_no_refund_that_was_declined(shop: Shop, settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 1}
    shop.paid()
    asked = request_refund(payment_id=Payment.objects.get().pk, amount_minor=2000, reason="kind", actor=STAFF)
    decline_refund(refund_id=asked.pk, actor=BOSS, note="no")

    told = shop.phone().get("/api/v1/transactions").json()["results"]

    assert [row["kind"] for row in told] == ["payment"]


def test_a_charge_that_is_sent_twice_is_charged_once(shop: Shop) -> None:
    order = rented(shop)
    seen = order.charges.count()

    def send() -> None:
        add_charge(
            order_id=order.pk,
            kind=ChargeKind.CLEANING,
            amount_minor=900,
            reason="hair",
            actor="staff:1",
            seen_charges=seen,
        )

    send()
    with pytest.raises(ChargeOutdated):
        send()

    assert order.charges.filter(kind=ChargeKind.CLEANING).count() == 1
