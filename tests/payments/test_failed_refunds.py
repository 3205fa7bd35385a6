"""A refund that failed: its money waits for a person, and nothing else does (ADR 21)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Charge, ChargeKind, Order
from orders.services import cancel_order
from payments.models import Payment, Refund
from payments.selectors import balance, failed_refunds, payments_owed_back, unsettled_orders
from payments.services import catch_up, refund_overpayment, request_refund
from tests.jobs import forget_jobs, run_jobs
from tests.payments.money import kept_at_gateway
from tests.payments.test_documents import paid_extra
from tests.shop import Shop

STAFF = "staff:01980000-0000-7000-8000-000000000001"
PRICE, EXTRA = 4990, 2000


@pytest.fixture
def order(shop: Shop) -> Order:
    """Paid twice: its price, and a late fee."""
    order = shop.paid()
    charge(order, EXTRA)
    paid_extra(shop, order)
    return order


def charge(order: Order, amount_minor: int) -> None:
    kind = ChargeKind.LATE_FEE if amount_minor > 0 else ChargeKind.GOODWILL
    Charge.objects.create(order=order, kind=kind, amount_minor=amount_minor, actor=STAFF, reason="as agreed")


def payment(purpose: str) -> Payment:
    return Payment.objects.get(purpose=purpose)


def fails(shop: Shop, refund: Refund) -> None:
    refund.refresh_from_db()
    shop.gateway.fail_refund(str(refund.provider_ref))
    shop.deliver_webhooks()
    run_jobs()


def failed(shop: Shop, order: Order, amount_minor: int) -> Refund:
    """So much is owed back, goes back of the newest payment, and comes back."""
    charge(order, -amount_minor)
    (refund,) = refund_overpayment(order_id=order.pk, reason="less", actor="clock")
    run_jobs()
    fails(shop, refund)
    refund.refresh_from_db()
    assert (refund.status, refund.payment) == ("failed", payment("extra"))
    return refund


def given_back(order: Order) -> list[tuple[str, int]]:
    made = refund_overpayment(order_id=order.pk, reason="less", actor="clock")
    run_jobs()
    return [(refund.payment.purpose, refund.amount_minor) for refund in made]


def test_what_failed_is_not_sent_again_by_itself_of_no_payment(shop: Shop, order: Order) -> None:
    refund = failed(shop, order, 500)

    assert given_back(order) == []
    assert balance(order.pk) == -500
    assert list(payments_owed_back()) == [refund.payment]


def test_other_payments_of_the_order_give_back_what_is_owed_beyond_it(shop: Shop, order: Order) -> None:
    failed(shop, order, 500)
    charge(order, -1200)

    assert given_back(order) == [("order", 1200)]
    assert balance(order.pk) == -500
    assert given_back(order) == []


def test_a_cancelled_order_gives_back_all_but_the_payment_that_could_not(shop: Shop, order: Order) -> None:
    failed(shop, order, 500)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    assert payment("order").refunded_minor == PRICE
    assert balance(order.pk) == -EXTRA == -kept_at_gateway(shop)
    assert [told["failed"] for told in unsettled_orders(since=timezone.now() - timedelta(days=1))] == [False]


@pytest.mark.parametrize("purpose", ["order", "extra"])
def test_staff_try_again_on_the_same_or_another_payment_and_it_is_done(shop: Shop, order: Order, purpose: str) -> None:
    failed(shop, order, 500)

    request_refund(payment_id=payment(purpose).pk, amount_minor=500, reason="again", actor=STAFF)
    run_jobs()

    assert (balance(order.pk), list(failed_refunds()), list(payments_owed_back())) == (0, [], [])
    charge(order, -300)
    assert given_back(order) == [("extra", 300)]


def test_what_is_left_after_staff_gave_back_a_part_goes_by_itself(shop: Shop, order: Order) -> None:
    failed(shop, order, 500)

    request_refund(payment_id=payment("order").pk, amount_minor=200, reason="a part", actor=STAFF)
    run_jobs()

    assert balance(order.pk) == 0
    assert Refund.objects.filter(requested_by="clock").latest("created_at").amount_minor == 300


def test_one_that_fails_again_waits_again(shop: Shop, order: Order) -> None:
    failed(shop, order, 500)
    again = request_refund(payment_id=payment("extra").pk, amount_minor=500, reason="again", actor=STAFF)
    run_jobs()

    fails(shop, again)

    assert list(failed_refunds()) == [again]
    assert given_back(order) == []


def test_a_refund_asked_for_before_another_failed_says_nothing_about_it(shop: Shop, order: Order) -> None:
    charge(order, -500)
    (first,) = refund_overpayment(order_id=order.pk, reason="less", actor="clock")
    run_jobs()
    request_refund(payment_id=payment("order").pk, amount_minor=100, reason="sorry", actor=STAFF)
    run_jobs()

    fails(shop, first)

    assert list(failed_refunds()) == [first]
    assert (given_back(order), balance(order.pk)) == ([], -500)


def test_money_of_a_dead_order_is_found_although_another_refund_of_it_failed(shop: Shop, order: Order) -> None:
    failed(shop, order, EXTRA)
    cancel_order(order_id=order.pk, actor="customer:x")
    forget_jobs()

    assert catch_up(young=timedelta(days=1), older_than=timedelta(minutes=-1)) == 1
    run_jobs()

    assert (kept_at_gateway(shop), balance(order.pk)) == (EXTRA, -EXTRA)
    assert catch_up(young=timedelta(days=1), older_than=timedelta(minutes=-1)) == 0
    assert [told["failed"] for told in unsettled_orders(since=timezone.now() - timedelta(days=1))] == [True]
