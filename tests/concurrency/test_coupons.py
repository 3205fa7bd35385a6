"""A coupon that is left once, and two customers who order with it at the same time."""

from functools import partial
from typing import Any

import pytest
from django.db import transaction

from orders.errors import CouponFirstOrder, CouponUsedUp
from orders.models import Coupon, Order, Quote
from orders.services import place_order
from orders.services.coupons import _counted, _require_left
from tests.concurrency.racing import meanwhile, race, won
from tests.concurrency.test_place_order import claimed, written
from tests.factories.accounts import UserFactory
from tests.factories.orders import CouponFactory
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


@transaction.atomic
def used_without_the_lock(quote: Quote) -> Order:
    """Count, then order."""
    _require_left(_counted(quote.customer_id).get(pk=quote.coupon_id))
    return with_coupon(quote)


@transaction.atomic
def used_in_the_locking_statement(quote: Quote) -> Order:
    """Lock and count at once: who waited sees the orders that were there before it waited."""
    rows = _counted(quote.customer_id).select_for_update(of=("self",))
    _require_left(rows.get(pk=quote.coupon_id))
    return with_coupon(quote)


def with_coupon(quote: Quote) -> Order:
    order = written(quote)
    Order.objects.filter(pk=order.pk).update(coupon=quote.coupon_id)
    return order


def placed(quote: Quote) -> Order:
    return place_order(customer_id=quote.customer_id, quote_id=quote.pk)


def two_customers(shop: Shop) -> list[Quote]:
    CouponFactory(code="LAST", most_uses=1)
    return [shop.quote(coupon="LAST", customer=UserFactory()) for _ in range(2)]


@pytest.mark.parametrize("how", [used_without_the_lock, used_in_the_locking_statement])
def test_without_the_lock_or_a_second_look_both_use_what_is_left_once(shop: Shop, how: Any) -> None:
    one, other = two_customers(shop)

    assert len(won(meanwhile(partial(how, one), partial(how, other)))) == 2

    assert Coupon.objects.with_uses().get().uses == 2


def test_the_second_waits_and_is_told_that_it_is_used_up(shop: Shop) -> None:
    one, other = two_customers(shop)

    first, refused = meanwhile(partial(claimed, one), partial(claimed, other))

    assert isinstance(first, Order)
    assert isinstance(refused, CouponUsedUp)
    assert Coupon.objects.with_uses().get().uses == 1


def test_a_coupon_is_never_used_more_often_than_it_may_be(shop: Shop) -> None:
    CouponFactory(code="FEW", most_uses=3)
    quotes = [shop.quote(coupon="FEW", customer=UserFactory()) for _ in range(8)]

    orders = won(race([partial(placed, quote) for quote in quotes]))

    assert len(orders) == Coupon.objects.with_uses().get().uses == 3
    assert len(shop.claims_at_ims()) == 3


def test_one_customer_has_one_first_order_even_from_many_phones(shop: Shop) -> None:
    for code in ("WELCOME", "HELLO"):
        CouponFactory(code=code, first_order_only=True, most_uses_each=None)
    quotes = [shop.quote(coupon=code) for code in ("WELCOME", "HELLO") * 3]

    outcomes = race([partial(placed, quote) for quote in quotes])

    assert len(won(outcomes)) == 1
    assert sum(isinstance(outcome, CouponFirstOrder) for outcome in outcomes) == 5
