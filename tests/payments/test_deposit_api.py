"""What customers are told of a deposit and of their card, and how they secure it in the app."""

from typing import Any

import pytest

from orders.models import Order
from payments.models import Deposit, Payment
from payments.states import DepositStatus
from tests.factories.accounts import UserFactory
from tests.payments.test_deposits import settled
from tests.shop import Shop, key

pytestmark = pytest.mark.django_db


def pay(shop: Shop, order: Order, **body: Any) -> Any:
    return shop.phone().post(f"/api/v1/orders/{order.number}/payment", body, headers=key())


@pytest.mark.parametrize(
    ("last", "plan", "told"),
    [
        (12, "hold", "€40.00 is held on your card from the day before the pickup and let go after the return."),
        (16, "charge", "€40.00 is charged to your card the day before the pickup and given back after the return."),
    ],
)
def test_a_quote_tells_how_its_deposit_is_secured(shop: Shop, last: int, plan: str, told: str) -> None:
    quote = shop.phone().post("/api/v1/quotes", shop.body(shop.rental(10, last)), headers=key()).json()

    assert (quote["deposit_plan"], quote["deposit_terms"]) == (plan, told)


def test_a_sale_has_no_deposit_to_tell_of(shop: Shop) -> None:
    quote = shop.phone().post("/api/v1/quotes", shop.body(), headers=key()).json()

    assert (quote["deposit_plan"], quote["deposit_terms"]) == (None, "")


def test_an_order_tells_whether_its_deposit_is_secured(shop: Shop) -> None:
    order = shop.paid(shop.rental(0, 2))

    told = shop.phone().get(f"/api/v1/orders/{order.number}").json()

    assert told["deposit_plan"] == "hold"
    assert told["deposit_secured_at"] is not None


def test_a_started_payment_tells_what_the_kept_card_is_charged_for(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 2))

    started = pay(shop, order).json()

    assert started["card_kept"] is True
    assert "only for the deposit of €40.00" in started["card_terms"]


def test_a_card_that_is_not_to_be_kept_is_not_kept_and_the_deposit_asked_for_in_the_app(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 2))
    started = pay(shop, order, save_card=False).json()
    assert started["card_kept"] is False
    assert "You are asked to confirm the deposit of €40.00" in started["card_terms"]
    shop.gateway.confirm(started["client_secret"].partition("_secret_")[0])
    settled(shop)
    assert Deposit.objects.get().status == DepositStatus.UNSECURED

    asked = pay(shop, order, purpose="deposit").json()
    intent = asked["client_secret"].partition("_secret_")[0]
    shop.gateway.confirm(intent, "pm_card_authenticationRequired")
    shop.gateway.complete_3ds(intent)
    settled(shop)

    assert asked["amount"]["amount"] == order.deposit_minor
    assert Deposit.objects.get().status == DepositStatus.SECURED


def test_a_sale_keeps_no_card_unless_asked_to(shop: Shop) -> None:
    order = shop.order()

    assert pay(shop, order).json()["card_kept"] is False
    assert pay(shop, order, save_card=True).json()["card_kept"] is True
    assert Payment.objects.count() == 1


def test_a_secured_deposit_is_not_asked_for_again(shop: Shop) -> None:
    order = shop.paid(shop.rental(0, 2))

    answer = pay(shop, order, purpose="deposit")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_pay")


def test_nobody_elses_deposit_can_be_opened(shop: Shop) -> None:
    order = shop.paid(shop.rental(0, 2))
    stranger = shop.phone(UserFactory())

    answer = stranger.post(f"/api/v1/orders/{order.number}/payment", {"purpose": "deposit"}, headers=key())

    assert answer.status_code == 404
