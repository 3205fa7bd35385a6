"""Two phones order one quote. It has one order, and both are told of it."""

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from orders.models import Order, Quote
from orders.services import place_order
from orders.services.placing import _claim
from tests.concurrency.racing import meanwhile, race, won
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


@transaction.atomic
def claimed_without_the_lock(quote: Quote) -> Order:
    """Look whether there is an order, then write one."""
    order = Order.objects.filter(quote=quote).first()
    return order or written(quote)


@transaction.atomic
def claimed_in_the_locking_statement(quote: Quote) -> Order:
    """Lock the quote and look for its order at once: who waited sees what was there before it waited."""
    locked = Quote.objects.select_for_update(of=("self",)).select_related("order").get(pk=quote.pk)
    return locked.order if hasattr(locked, "order") else written(quote)


def written(quote: Quote) -> Order:
    return Order.objects.create(
        quote=quote,
        customer_id=quote.customer_id,
        depot_id=quote.depot_id,
        fulfilment=quote.fulfilment,
        currency=quote.currency,
        total_minor=quote.total_minor,
        tax_minor=quote.tax_minor,
        expires_at=quote.expires_at,
    )


def claimed(quote: Quote) -> Order:
    return _claim(customer_id=quote.customer_id, quote_id=quote.pk)[0]


@pytest.mark.parametrize("how", [claimed_without_the_lock, claimed_in_the_locking_statement])
def test_without_the_lock_or_a_second_look_the_second_phone_runs_into_the_first(shop: Shop, how: Any) -> None:
    quote = shop.quote()

    _, second = meanwhile(partial(how, quote), partial(how, quote))

    assert isinstance(second, IntegrityError)


def test_the_second_phone_waits_and_is_told_of_the_first_ones_order(shop: Shop) -> None:
    quote = shop.quote(shop.sale(10))  # all there are: the second may not be told that they are gone

    first, second = won(meanwhile(partial(claimed, quote), partial(claimed, quote)))

    assert first.pk == second.pk == Order.objects.get().pk


def test_many_phones_get_one_order(shop: Shop) -> None:
    quote = shop.quote(shop.sale(10))
    place = partial(place_order, customer_id=quote.customer_id, quote_id=quote.pk)

    orders = won(race([place] * 8))

    assert {order.pk for order in orders} == {Order.objects.get().pk}
    assert len(orders) == 8
    assert len(shop.claims_at_ims()) == 1
