"""Money in and out: one live payment, one way to confirm, refunds that never exceed what was captured."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Reservation
from inventory.services import sync_reservations
from orders.models import Order, OrderLine, Rental
from orders.services import cancel_order, expire_orders
from orders.states import OrderStatus, RentalStatus, SaleStatus
from payments.errors import PaymentProviderUnavailable, RefundTooLarge
from payments.models import Payment, ProviderEvent, Refund
from payments.providers.base import ProviderUnavailable
from payments.selectors import balance, statement
from payments.services import apply_payment, apply_refunds, catch_up, request_refund, settle_order, start_payment
from payments.states import EventStatus, PaymentStatus, RefundStatus
from tests.factories.orders import OrderFactory
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.payments.money import kept_at_gateway
from tests.shop import Shop


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


# Collecting


def test_a_paid_order_is_confirmed_and_its_stock_committed_here_and_at_the_ims(shop: Shop) -> None:
    order = shop.paid(shop.sale(2), shop.rental())

    assert order.status == OrderStatus.CONFIRMED
    assert balance(order.pk) == 0
    rows = Reservation.objects.values_list("status", "provider_state")
    assert set(rows) == {("committed", "confirmed")}


def test_starting_to_pay_twice_returns_the_same_payment(shop: Shop) -> None:
    order = shop.order()

    first = start_payment(order_id=order.pk, customer_id=order.customer_id)
    second = start_payment(order_id=order.pk, customer_id=order.customer_id)

    assert first.payment.pk == second.payment.pk
    assert first.client_secret == second.client_secret != ""
    assert len(shop.gateway.events("payment_intent.created")) == 1


def test_the_first_start_extends_the_hold_and_the_second_does_not(shop: Shop) -> None:
    order = shop.order()
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=False):
        start_payment(order_id=order.pk, customer_id=order.customer_id)
        extended = fresh(order).expires_at
    with time_machine.travel(timezone.now() + timedelta(minutes=20), tick=False):
        start_payment(order_id=order.pk, customer_id=order.customer_id)

    assert extended > order.expires_at
    assert fresh(order).expires_at == extended
    assert Reservation.objects.get().expires_at == extended


def test_a_decline_leaves_the_same_payment_open_with_a_stable_code(shop: Shop) -> None:
    order = shop.order()

    payment = shop.pay(order, "pm_card_chargeDeclinedInsufficientFunds")
    apply_payment(provider_ref=str(payment.provider_ref))

    payment.refresh_from_db()
    assert (payment.status, payment.last_error) == (PaymentStatus.PENDING, "insufficient_funds")
    assert fresh(order).status == OrderStatus.PENDING_PAYMENT


def test_a_second_card_after_a_decline_pays_the_same_payment(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order, "pm_card_chargeDeclined")
    shop.deliver_webhooks()
    run_jobs()

    shop.gateway.confirm(str(payment.provider_ref), "pm_card_visa")
    shop.deliver_webhooks()
    run_jobs()

    assert fresh(order).status == OrderStatus.CONFIRMED
    assert Payment.objects.get().last_error == ""


def test_applying_a_payment_again_changes_nothing(shop: Shop) -> None:
    order = shop.paid()
    events = order.events.count()

    for _ in range(5):
        apply_payment(provider_ref=str(Payment.objects.get().provider_ref))

    assert order.events.count() == events
    assert Payment.objects.get().captured_minor == order.total_minor
    assert waiting_jobs() == []


def test_a_silent_gateway_costs_nothing_and_a_later_try_uses_the_same_payment(shop: Shop) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "drop_after")

    with pytest.raises(PaymentProviderUnavailable):
        start_payment(order_id=order.pk, customer_id=order.customer_id)
    started = start_payment(order_id=order.pk, customer_id=order.customer_id)

    assert Payment.objects.get().pk == started.payment.pk
    assert len(shop.gateway.events("payment_intent.created")) == 1  # the lost answer's intent, found by its key


def test_a_payment_with_another_amount_is_parked_and_confirms_nothing(shop: Shop) -> None:
    order = shop.order()
    payment = shop.pay(order)
    Payment.objects.filter(pk=payment.pk).update(amount_minor=payment.amount_minor + 1)

    shop.deliver_webhooks()
    run_jobs()

    assert fresh(order).status == OrderStatus.PENDING_PAYMENT
    payment.refresh_from_db()
    assert "4990 EUR" in payment.parked_reason
    parked = ProviderEvent.objects.filter(status=EventStatus.PARKED)
    assert parked.filter(kind="payment_intent.succeeded").exists()


def test_a_payment_that_names_another_order_is_parked(shop: Shop) -> None:
    cheap, dear = shop.order(shop.sale(1)), shop.order(shop.sale(3))
    payment = shop.pay(cheap)
    start_payment(order_id=dear.pk, customer_id=dear.customer_id)
    Payment.objects.filter(order=dear).update(provider_ref=None, amount_minor=payment.amount_minor)
    Payment.objects.filter(pk=payment.pk).delete()
    Payment.objects.filter(order=dear).update(provider_ref=payment.provider_ref)

    apply_payment(provider_ref=str(payment.provider_ref))

    assert cheap.number in Payment.objects.get().parked_reason
    assert fresh(dear).status == OrderStatus.PENDING_PAYMENT


def test_the_database_allows_one_live_payment_for_each_purpose(shop: Shop) -> None:
    order = shop.order()
    start_payment(order_id=order.pk, customer_id=order.customer_id)

    with pytest.raises(IntegrityError, match="payment_one_live_per_purpose"), transaction.atomic():
        Payment.objects.create(order=order, amount_minor=1, currency="EUR")


# Too late


def test_money_that_comes_too_late_wins_the_stock_anew_when_it_is_still_there(shop: Shop) -> None:
    order = shop.order(shop.sale(), shop.rental())
    shop.pay(order)
    shop.lapse(order)

    shop.deliver_webhooks()
    run_jobs()

    assert fresh(order).status == OrderStatus.CONFIRMED
    assert list(order.events.filter(subject="").values_list("event", flat=True)) == ["hold", "expire", "pay_late"]
    assert OrderLine.objects.get(kind="sale").status == SaleStatus.RESERVED
    assert Rental.objects.get().status == RentalStatus.BOOKED
    assert balance(order.pk) == 0
    assert kept_at_gateway(shop) == order.total_minor


def test_money_that_comes_too_late_goes_back_when_somebody_else_has_the_stock(shop: Shop) -> None:
    order = shop.order(shop.sale(10))
    shop.pay(order)
    shop.lapse(order)
    other = shop.order(shop.sale(1))

    shop.deliver_webhooks()
    run_jobs()

    assert fresh(order).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == 0
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.status) == (order.total_minor, RefundStatus.SUCCEEDED)
    assert balance(order.pk) == 0
    assert fresh(other).status == OrderStatus.PENDING_PAYMENT


def test_money_that_comes_too_late_goes_back_when_the_ims_has_sold_it_meanwhile(shop: Shop) -> None:
    order = shop.order(shop.sale(10))
    shop.pay(order)
    shop.lapse(order)
    let_everything_lapse(shop)
    shop.ims.store.sell("BAG-1", "BER", 1)  # a walk-in customer; our mirror has not heard of it

    shop.deliver_webhooks()
    run_jobs()

    assert fresh(order).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


def test_money_that_comes_when_the_days_of_its_rental_have_begun_goes_back(shop: Shop) -> None:
    order = shop.order(shop.rental(0, 2))
    shop.pay(order)

    with time_machine.travel(timezone.now() + timedelta(days=1), tick=True):
        expire_orders()
        catch_up(young=timedelta(days=400), older_than=timedelta(hours=3))
        run_jobs()

    assert fresh(order).status == OrderStatus.EXPIRED
    assert kept_at_gateway(shop) == balance(order.pk) == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


def let_everything_lapse(shop: Shop) -> None:
    """The clock and its jobs have run, here and at the IMS; of the payment nobody has heard."""
    expire_orders()
    ids = [UUID(args["reservation_id"]) for _, args in waiting_jobs("inventory.sync_reservation")]
    sync_reservations(reservation_ids=ids)
    forget_jobs()


def test_an_order_that_expires_unpaid_can_no_longer_be_paid(shop: Shop) -> None:
    order = shop.order()
    started = start_payment(order_id=order.pk, customer_id=order.customer_id)
    shop.lapse(order)

    expire_orders()
    run_jobs()

    assert Payment.objects.get().status == PaymentStatus.CANCELLED
    assert (shop.gateway.retrieve(str(started.payment.provider_ref)) or {})["status"] == "canceled"
    assert balance(order.pk) == 0


# Refunds


def test_cancelling_a_paid_order_gives_everything_back(shop: Shop) -> None:
    order = shop.paid(shop.sale(2), shop.rental())

    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    assert fresh(order).status == OrderStatus.CANCELLED
    assert kept_at_gateway(shop) == 0
    assert balance(order.pk) == 0
    assert set(Reservation.objects.values_list("status", "provider_state")) == {("released", "released")}


def test_parts_can_be_refunded_until_nothing_is_left(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    payment = Payment.objects.get()

    for amount in (1000, 2500, 6480):
        request_refund(payment_id=payment.pk, amount_minor=amount, reason="scratched", actor="staff:1")
    with pytest.raises(RefundTooLarge) as refused:
        request_refund(payment_id=payment.pk, amount_minor=1, reason="more", actor="staff:1")
    run_jobs()

    assert refused.value.members == {"refundable": 0}
    assert kept_at_gateway(shop) == 0
    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.refund_pending_minor) == (order.total_minor, 0)
    assert balance(order.pk) == 0


@pytest.mark.parametrize("amount", [0, -1, 4991])
def test_a_refund_of_nothing_or_of_more_than_was_paid_is_refused(shop: Shop, amount: int) -> None:
    shop.paid()

    with pytest.raises(RefundTooLarge):
        request_refund(payment_id=Payment.objects.get().pk, amount_minor=amount, reason="x", actor="staff:1")

    assert not Refund.objects.exists()


@pytest.mark.parametrize("fault", ["500_before", "500_after", "drop_after", "timeout"])
def test_a_refund_whose_answer_is_lost_is_paid_once(shop: Shop, fault: str) -> None:
    shop.paid()
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=990, reason="late", actor="staff:1")
    shop.gateway.fail_next("POST /v1/refunds", fault)

    with pytest.raises(ProviderUnavailable):
        run_jobs()
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=True):
        catch_up(young=timedelta(hours=1), older_than=timedelta(seconds=20))
        run_jobs()

    assert kept_at_gateway(shop) == 4990 - 990
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED


def test_a_refund_that_the_gateway_refuses_stays_visible_as_money_owed(shop: Shop) -> None:
    order = shop.paid()
    cancel_order(order_id=order.pk, actor="staff:1")
    payment = Payment.objects.get()
    shop.gateway.dashboard_refund(str(payment.provider_ref), 4990)  # somebody refunded it at Stripe just before

    run_jobs()

    assert Refund.objects.filter(status=RefundStatus.FAILED).count() == 1
    apply_refunds(payment_ref=str(payment.provider_ref))
    assert kept_at_gateway(shop) == 0
    assert balance(order.pk) == 0


def test_a_refund_made_at_the_gateway_itself_appears_here(shop: Shop) -> None:
    order = shop.paid()
    shop.gateway.dashboard_refund(str(Payment.objects.get().provider_ref), 1500)

    shop.deliver_webhooks()
    run_jobs()

    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.requested_by, refund.status) == (1500, "provider", RefundStatus.SUCCEEDED)
    assert balance(order.pk) == 0


def test_a_refund_that_fails_after_it_had_arrived_is_owed_again(shop: Shop) -> None:
    order = shop.paid()
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=1000, reason="late", actor="staff:1")
    run_jobs()

    shop.gateway.fail_refund(str(Refund.objects.get().provider_ref))
    shop.deliver_webhooks()
    run_jobs()

    assert Refund.objects.get().status == RefundStatus.FAILED
    assert Payment.objects.get().refunded_minor == 0
    assert balance(order.pk) == -1000


# The statement


def test_the_statement_shows_every_cent_and_ends_at_the_balance(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=980, reason="scratched", actor="staff:1")
    run_jobs()

    told = statement(order)

    assert [(e.kind, e.amount_minor) for e in told.entries] == [
        ("charge", 9980),
        ("payment", -9980),
        ("charge", -980),
        ("refund", 980),
    ]
    assert sum(entry.amount_minor for entry in told.entries) == told.balance_minor == 0


def test_settling_an_order_that_agrees_changes_nothing(shop: Shop) -> None:
    order = shop.paid()
    before: Any = list(order.events.values()), list(order.charges.values())

    for _ in range(3):
        settle_order(order_id=order.pk)

    assert (list(order.events.values()), list(order.charges.values())) == before


def test_the_catch_up_on_young_payments_never_reads_them_all(shop: Shop) -> None:
    shop.paid()
    paid = {"amount_minor": 100, "currency": "EUR", "captured_minor": 100, "status": PaymentStatus.SUCCEEDED}
    orders = OrderFactory.create_batch(50, confirmed=True, customer=shop.customer, depot=shop.depot)
    Payment.objects.bulk_create(Payment(order=order, **paid) for order in orders * 100)
    Payment.objects.filter(status=PaymentStatus.SUCCEEDED).update(created_at=timezone.now() - timedelta(days=30))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    with CaptureQueriesContext(connection) as asked:
        catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20))

    about_payments = [query["sql"] for query in asked if "payments_payment" in query["sql"]]
    plans = [plan_of(sql) for sql in about_payments if sql.startswith("SELECT")]
    assert len(plans) >= 4
    assert not [plan for plan in plans if "Seq Scan on payments_payment" in plan]


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())
