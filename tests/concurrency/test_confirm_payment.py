"""One order, one price, however many hands are on it. Each race is first shown to happen without its lock."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from inventory.models import Reservation
from orders.models import ChargeKind, Order
from orders.services import add_charge, cancel_order, expire_orders
from orders.states import OrderStatus
from payments.errors import PaymentProviderUnavailable, RefundDecided, RefundOutdated, RefundTooLarge
from payments.models import Payment, ProviderEvent, Refund
from payments.providers.base import RemotePage
from payments.providers.registry import get_provider
from payments.selectors import balance
from payments.services import (
    StartedPayment,
    apply_disputes,
    approve_refund,
    decline_refund,
    end_deposit,
    process_event,
    receive_event,
    request_refund,
    settle_deposit,
    settle_payment,
    start_payment,
)
from payments.services.collecting import give_up_payment
from payments.services.pages import keep_page
from payments.states import LIVE, PaymentStatus, RefundStatus
from tests.concurrency.racing import meanwhile, race, won
from tests.factories.payments import PaymentFactory
from tests.jobs import run_jobs
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import rented, returned
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]

FIVE = 5


def settled(order: Order) -> Order:
    run_jobs()
    return Order.objects.get(pk=order.pk)


# Two phones start to pay


@transaction.atomic
def opened_without_the_lock(order: Order) -> Payment:
    """Look for the live payment, then write one."""
    live = Payment.objects.filter(order=order, status__in=LIVE).first()
    return live or Payment.objects.create(order=order, amount_minor=order.total_minor, currency=order.currency)


def test_without_the_lock_only_the_constraint_stops_a_second_payment(shop: Shop) -> None:
    order = shop.order()
    start = partial(opened_without_the_lock, order)

    _, second = meanwhile(start, start)

    assert isinstance(second, IntegrityError)


def test_phones_that_start_to_pay_at_once_get_one_secret(shop: Shop) -> None:
    """The gateway lets only one call with a key go on at a time: the others are told to ask again."""
    order = shop.order()
    start = partial(start_payment, order_id=order.pk, customer_id=order.customer_id)

    outcomes = race([start] * FIVE)

    assert {type(outcome) for outcome in outcomes} <= {StartedPayment, PaymentProviderUnavailable}
    assert {one.client_secret for one in won(outcomes)} == {start().client_secret}
    assert len(shop.gateway.recent()) == Payment.objects.count() == 1


def test_phones_that_ask_for_a_page_at_once_get_one_page(shop: Shop) -> None:
    order = shop.order()
    start = partial(start_payment, order_id=order.pk, customer_id=order.customer_id, on_page=True)

    outcomes = race([start] * FIVE)

    assert {type(outcome) for outcome in outcomes} <= {StartedPayment, PaymentProviderUnavailable}
    assert {one.url for one in won(outcomes)} == {start().url}
    assert len(shop.gateway.recent("checkout.session")) == Payment.objects.count() == 1


@transaction.atomic
def page_kept_without_the_lock(payment: Payment) -> None:
    """What was seen before decides: it was live then."""
    Payment.objects.filter(pk=payment.pk).update(page_ref="page_1", status=PaymentStatus.PENDING)


def waiting_for_its_page(shop: Shop) -> Payment:
    ends_at = timezone.now() + timedelta(hours=1)
    order = shop.order()
    return PaymentFactory(order=order, amount_minor=order.total_minor, status="created", page_ends_at=ends_at)


def test_without_the_lock_a_page_is_shown_for_a_payment_that_was_given_up(shop: Shop) -> None:
    payment = waiting_for_its_page(shop)

    meanwhile(partial(give_up_payment, payment_id=payment.pk), partial(page_kept_without_the_lock, payment))

    assert Payment.objects.get().status in LIVE


@pytest.mark.parametrize("first", ["the page", "the end"])
def test_a_page_and_the_end_of_its_payment_agree(shop: Shop, first: str) -> None:
    """Whoever comes second looks: no page is shown of a payment that ended, and none ends whose page is not closed."""
    payment = waiting_for_its_page(shop)
    keep = partial(keep_page, payment_id=payment.pk, page=RemotePage("page_1", is_open=True, url="https://x"))
    end = partial(give_up_payment, payment_id=payment.pk)

    won(meanwhile(keep, end) if first == "the page" else meanwhile(end, keep))

    ended = Payment.objects.get()
    expected = ("page_1", "pending") if first == "the page" else (None, "cancelled")
    assert (ended.page_ref, ended.status) == expected


@pytest.mark.parametrize("rounds", range(3))
def test_phones_that_ask_for_both_ways_at_once_leave_one_way_to_pay(shop: Shop, rounds: int) -> None:
    order = shop.order()
    start = partial(start_payment, order_id=order.pk, customer_id=order.customer_id)
    ways = [partial(start, on_page=way) for way in (False, True)]

    won(race(ways * 3))

    waiting = [i for i in shop.gateway.recent() if i["status"] == "requires_payment_method"]
    pages = [s for s in shop.gateway.recent("checkout.session") if s["status"] == "open"]
    live = Payment.objects.filter(status__in=LIVE)
    shown = {payment.page_ref or payment.provider_ref for payment in live}
    assert live.count() <= 1
    assert {each["id"] for each in [*waiting, *pages]} - shown == set()


# Paid, and at the same moment expired or cancelled


def paid_at_gateway(shop: Shop) -> tuple[Order, Callable[[], Any]]:
    """An order that was just paid, and the step that applies it without any network."""
    order = shop.order()
    payment = shop.pay(order)
    remote = get_provider().get_payment(str(payment.provider_ref))
    return order, partial(settle_payment, payment_id=payment.pk, remote=remote)


def hold_ends_now(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now())


def status_written_without_the_lock(order: Order, seen: str, status: str) -> None:
    """What was seen before decides, whatever is true by now."""
    if seen == OrderStatus.PENDING_PAYMENT:
        Order.objects.filter(pk=order.pk).update(status=status)


@pytest.mark.parametrize("end", [OrderStatus.EXPIRED, OrderStatus.CANCELLED])
def test_without_the_lock_a_paid_order_is_ended_all_the_same(shop: Shop, end: str) -> None:
    order, apply = paid_at_gateway(shop)
    seen = Order.objects.get().status

    meanwhile(apply, partial(status_written_without_the_lock, order, seen, end))

    assert Order.objects.get().status == end
    assert set(Reservation.objects.values_list("status", flat=True)) == {"committed"}  # promised to nobody, for ever


@pytest.mark.parametrize("first", ["the money", "the clock"])
def test_pay_against_expire_ends_paid_and_confirmed(shop: Shop, first: str) -> None:
    order, apply = paid_at_gateway(shop)
    hold_ends_now(order)

    won(meanwhile(apply, expire_orders) if first == "the money" else meanwhile(expire_orders, apply))

    ended = settled(order)  # the stock is still there: late money wins it anew
    assert (ended.status, balance(order.pk), kept_at_gateway(shop)) == ("confirmed", 0, order.total_minor)
    assert set(Reservation.objects.values_list("status", "provider_state")) == {("committed", "confirmed")}


@pytest.mark.parametrize("first", ["the money", "the customer"])
def test_pay_against_cancel_ends_cancelled_and_paid_back(shop: Shop, first: str) -> None:
    order, apply = paid_at_gateway(shop)
    cancel = partial(cancel_order, order_id=order.pk, actor="customer:x")

    won(meanwhile(apply, cancel) if first == "the money" else meanwhile(cancel, apply))

    ended = settled(order)
    assert (ended.status, balance(order.pk), kept_at_gateway(shop)) == ("cancelled", 0, 0)
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


@pytest.mark.parametrize("rounds", range(3))
def test_pay_expire_and_cancel_all_at_once_leave_nothing_open(shop: Shop, rounds: int) -> None:
    order, apply = paid_at_gateway(shop)
    hold_ends_now(order)

    race([apply, expire_orders, partial(cancel_order, order_id=order.pk, actor="customer:x"), apply])

    ended = settled(order)
    kept = order.total_minor if ended.status == OrderStatus.CONFIRMED else 0
    assert ended.status in {OrderStatus.CONFIRMED, OrderStatus.CANCELLED}
    assert (balance(order.pk), kept_at_gateway(shop)) == (0, kept)


# One event, five times at once


def received_without_the_constraint(event_id: str) -> bool:
    """Look whether it is known, then note it."""
    known = ProviderEvent.objects.filter(object_ref=event_id).exists()
    if not known:
        fresh = f"{event_id}-{ProviderEvent.objects.count()}-{timezone.now().timestamp()}"
        ProviderEvent.objects.create(event_id=fresh, kind="x", object_ref=event_id, payload={})
    return not known


def test_without_the_constraint_an_event_is_fresh_more_than_once(db: None) -> None:
    receive = partial(received_without_the_constraint, "evt_1")

    assert won(meanwhile(receive, receive)) == [True, True]


def test_five_equal_webhooks_at_once_are_one_event_and_one_confirmation(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order)
    body, signature = next(e for e in shop.gateway.take_webhooks() if b"payment_intent.succeeded" in e[0])

    fresh = won(race([partial(receive_event, body=body, signature=signature)] * FIVE))
    won(race([partial(process_event, event_id=ProviderEvent.objects.get().pk)] * FIVE))

    assert sorted(fresh) == [False] * 4 + [True]
    assert settled(order).status == OrderStatus.CONFIRMED
    assert list(order.events.values_list("event", flat=True)) == ["hold", "pay"]
    assert Payment.objects.get().captured_minor == order.total_minor


# Two members of staff give back


def refund_written_without_the_lock(payment: Payment, amount: int) -> None:
    """What was left when it was looked at is taken for what is left."""
    if amount <= payment.refundable_minor:
        pending = payment.refund_pending_minor + amount
        Payment.objects.filter(pk=payment.pk).update(refund_pending_minor=pending)
        Refund.objects.create(payment=payment, amount_minor=amount, reason="sorry", requested_by="staff:1")


def test_without_the_lock_two_refunds_are_asked_for_and_one_is_forgotten(shop: Shop) -> None:
    shop.paid()
    write = partial(refund_written_without_the_lock, Payment.objects.get(), 3000)

    meanwhile(write, write)

    assert Refund.objects.count() == 2
    assert Payment.objects.get().refund_pending_minor == 3000


@pytest.mark.parametrize("seen", [None, 4990])
def test_two_refunds_at_once_never_exceed_what_was_captured(shop: Shop, seen: int | None) -> None:
    order = shop.paid()
    payment = Payment.objects.get()
    ask = partial(
        request_refund,
        payment_id=payment.pk,
        amount_minor=3000,
        reason="sorry",
        actor="staff:1",
        seen_left_minor=seen,
    )

    outcomes = race([ask, ask])

    assert len(won(outcomes)) == 1
    assert {type(o) for o in outcomes} == {Refund, RefundTooLarge if seen is None else RefundOutdated}
    run_jobs()
    assert kept_at_gateway(shop) == order.total_minor - 3000


# A second person, a bank, and whoever gives back a little


@transaction.atomic
def approved_without_the_lock(refund: Refund, actor: str) -> None:
    """Whether it waits is looked at, then it is let go, and counted."""
    if Refund.objects.get(pk=refund.pk).status == RefundStatus.WAITING:
        pending = F("refund_pending_minor") + refund.amount_minor
        Payment.objects.filter(pk=refund.payment_id).update(refund_pending_minor=pending, refund_waiting_minor=0)
        Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.REQUESTED, approved_by=actor)


def test_without_the_lock_a_refund_is_approved_twice_and_counted_twice(shop: Shop, settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 0}
    shop.paid()
    asked = request_refund(payment_id=Payment.objects.get().pk, amount_minor=2000, reason="sorry", actor="staff:1")

    meanwhile(*(partial(approved_without_the_lock, asked, f"staff:{n}") for n in (2, 3)))

    assert Payment.objects.get().refund_pending_minor == 4000


def test_one_refund_is_approved_once_however_many_say_yes(shop: Shop, settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 0}
    order = shop.paid()
    payment = Payment.objects.get()
    asked = request_refund(payment_id=payment.pk, amount_minor=3000, reason="sorry", actor="staff:1")
    says = [partial(approve_refund, refund_id=asked.pk, actor=f"staff:{n}") for n in range(2, 7)]
    no = partial(decline_refund, refund_id=asked.pk, actor="staff:9", note="no")

    outcomes = race([*says, no])

    assert len(won(outcomes)) == 1
    assert {type(o) for o in outcomes} == {Refund, RefundDecided}
    run_jobs()
    declined = Refund.objects.get().status == "declined"
    assert kept_at_gateway(shop) == order.total_minor - (0 if declined else 3000)


def test_small_refunds_at_once_do_not_slip_below_the_limit(shop: Shop, settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 10}
    shop.paid()
    payment = Payment.objects.get()
    ask = partial(request_refund, payment_id=payment.pk, amount_minor=600, reason="sorry", actor="staff:1")

    won(race([ask] * FIVE))

    assert sorted(Refund.objects.values_list("status", flat=True)) == ["requested"] + ["waiting"] * 4


def test_a_bank_and_a_refund_at_once_leave_the_books_as_the_gateways(shop: Shop) -> None:
    order = shop.paid()
    payment = Payment.objects.get()
    shop.gateway.open_dispute(str(payment.provider_ref), 3000)
    hear = partial(apply_disputes, payment_ref=str(payment.provider_ref))
    ask = partial(request_refund, payment_id=payment.pk, amount_minor=4000, reason="sorry", actor="clock")

    race([hear, ask, hear])
    run_jobs()

    payment.refresh_from_db()
    assert payment.disputed_minor == 3000
    assert payment.refunded_minor == order.total_minor - kept_at_gateway(shop)
    assert payment.parked_reason == ""


# Two jobs settle one deposit


def test_a_deposit_that_is_settled_many_times_at_once_gives_its_rest_back_once(shop: Shop) -> None:
    order = rented(shop, days=8)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=3000, reason="torn", actor="staff:1")
    returned(shop, order)
    deposit = end_deposit(order_id=order.pk)
    assert deposit is not None

    won(race([partial(settle_deposit, deposit_id=deposit.pk)] * FIVE))
    run_jobs()

    assert [refund.amount_minor for refund in Refund.objects.all()] == [1000]
    assert balance(order.pk) == 0
