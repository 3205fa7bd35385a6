"""Numbers of receipts have no gap and no double, whoever writes at the same time and whatever fails meanwhile."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction

from orders.models import Charge, ChargeKind, Order
from payments.models import Document, DocumentCounter, DocumentKind
from payments.services import issue_documents
from payments.services.documents import take_number
from tests.concurrency.racing import meanwhile, race, won
from tests.factories.orders import OrderFactory
from tests.factories.payments import PaymentFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


class Trouble(IntegrityError):
    """Whatever ends a transaction after the number was taken."""


def paid_orders(count: int) -> list[Order]:
    orders = [OrderFactory(confirmed=True) for _ in range(count)]
    for order in orders:
        Charge.objects.create(order=order, kind=ChargeKind.SALE, amount_minor=order.total_minor, actor="clock")
        PaymentFactory(order=order, succeeded=True)
    return orders


def sequences() -> list[int]:
    return sorted(Document.objects.values_list("sequence", flat=True))


def issue_and_fail(order: Order) -> None:
    with transaction.atomic():
        issue_documents(order_id=order.pk)
        raise Trouble


def number_without_the_lock() -> int:
    counter, _ = DocumentCounter.objects.get_or_create(kind=DocumentKind.RECEIPT, year=2027)
    counter.last += 1
    counter.save()
    return counter.last


def number_with_the_lock() -> int:
    with transaction.atomic():
        return take_number(DocumentKind.RECEIPT, 2027)


def test_without_the_lock_two_take_the_same_number() -> None:
    DocumentCounter.objects.create(kind=DocumentKind.RECEIPT, year=2027)
    read = DocumentCounter.objects.get()

    def late() -> int:
        read.last += 1
        read.save()
        return read.last

    assert meanwhile(number_without_the_lock, late) == [1, 1]


def test_two_take_different_numbers() -> None:
    assert sorted(meanwhile(number_with_the_lock, number_with_the_lock)) == [1, 2]


def test_many_at_once_are_numbered_without_a_gap() -> None:
    orders = paid_orders(12)

    won(race([partial(issue_documents, order_id=order.pk) for order in orders]))

    assert sequences() == list(range(1, 13))


def test_what_is_rolled_back_leaves_no_gap() -> None:
    orders = paid_orders(12)
    steps = [
        partial(issue_and_fail, order) if n % 2 else partial(issue_documents, order_id=order.pk)
        for n, order in enumerate(orders)
    ]

    outcomes = race(steps)

    assert sum(isinstance(outcome, Trouble) for outcome in outcomes) == 6
    assert sequences() == list(range(1, 7))
    for order in orders:
        issue_documents(order_id=order.pk)
    assert sequences() == list(range(1, 13))


def test_one_order_gets_one_receipt_however_many_write_it() -> None:
    (order,) = paid_orders(1)

    won(race([partial(issue_documents, order_id=order.pk)] * 6))

    assert [document.number[-6:] for document in Document.objects.all()] == ["000001"]
