"""An order is complete only when nothing of its money is still on its way."""

from functools import partial

import pytest

from orders.models import Order, OrderLine
from orders.services import complete_order, deliver_sale, is_delivered, prepare_sale
from orders.states import OrderStatus
from payments.models import Payment
from payments.selectors import balance
from payments.services import request_refund, settle_order
from tests.concurrency.racing import meanwhile
from tests.jobs import forget_jobs
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


def delivered(shop: Shop) -> Order:
    order = shop.paid()
    line = OrderLine.objects.get()
    prepare_sale(line_id=line.pk, actor="staff:1")
    deliver_sale(line_id=line.pk, actor="staff:1")
    forget_jobs()
    return order


def give_back_a_part() -> None:
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=1000, reason="scratched", actor="staff:1")


def completed_without_the_lock(order: Order) -> None:
    """Look, then lock and write."""
    if balance(order.pk) == 0 and is_delivered(order):
        complete_order(order_id=order.pk, actor="clock")


def test_without_the_lock_an_order_is_complete_while_money_goes_back(shop: Shop) -> None:
    order = delivered(shop)

    meanwhile(give_back_a_part, partial(completed_without_the_lock, order))

    assert Order.objects.get().status == OrderStatus.COMPLETED


def test_an_order_is_not_complete_while_money_goes_back(shop: Shop) -> None:
    order = delivered(shop)

    meanwhile(give_back_a_part, partial(settle_order, order_id=order.pk))

    assert Order.objects.get().status == OrderStatus.CONFIRMED
