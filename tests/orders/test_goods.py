"""What was bought may be sent back for two weeks, and is credited once it is here."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from core.errors import NotFound
from orders.errors import ReturnTooLate, ShipmentUnsuitable, TransitionNotAllowed
from orders.models import Charge, ChargeKind, DeliveryRate, Order, OrderLine, Rental
from orders.services import (
    add_charge,
    ask_return,
    close_rental,
    deliver_sale,
    hand_over_rental,
    prepare_rental,
    prepare_sale,
    receive_return,
    refuse_return,
    take_back_rental,
)
from orders.states import OrderStatus, SaleStatus
from payments.models import Deposit, Document, Payment
from payments.selectors import balance, unsettled_orders
from payments.services import request_refund
from tests.factories.accounts import AddressFactory
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, said
from tests.shop import Shop, key

ME, CLERK = "customer:1", "staff:1"


def collected(shop: Shop, *lines: Any) -> Order:
    order = shop.paid(*(lines or (shop.sale(),)))
    for line in order.lines.filter(kind="sale"):
        prepare_sale(line_id=line.pk, actor=CLERK)
        deliver_sale(line_id=line.pk, actor=CLERK)
    settle(shop)
    return Order.objects.get(pk=order.pk)


def settle(shop: Shop) -> None:
    for _ in range(2):
        run_jobs()
        shop.deliver_webhooks()


def sent_back(order: Order) -> OrderLine:
    line = order.lines.get(kind="sale")
    ask_return(order_id=order.pk, line_ids=[line.pk], actor=ME)
    return OrderLine.objects.get(pk=line.pk)


def test_what_came_back_is_credited_and_paid_back_though_its_order_was_complete(shop: Shop) -> None:
    order = collected(shop)
    assert order.status == OrderStatus.COMPLETED
    line = sent_back(order)
    assert balance(order.pk) == 0  # nothing goes back before it is here

    receive_return(line_id=line.pk, actor=CLERK)
    settle(shop)

    assert Payment.objects.get().refunded_minor == order.total_minor
    assert (balance(order.pk), OrderLine.objects.get().status) == (0, SaleStatus.RETURNED)
    assert Document.objects.get(kind="credit_note").total_minor == -order.total_minor


def test_the_days_of_return_begin_when_it_is_handed_over_and_end(shop: Shop) -> None:
    order = collected(shop)
    line = order.lines.get()

    with time_machine.travel(timezone.now() + timedelta(days=14, minutes=1)), pytest.raises(ReturnTooLate) as no:
        ask_return(order_id=order.pk, line_ids=[line.pk], actor=ME)
    assert no.value.pointer == "/lines/0"
    with time_machine.travel(timezone.now() + timedelta(days=13, hours=23)):
        ask_return(order_id=order.pk, line_ids=[line.pk], actor=ME)


def test_the_app_shows_until_when_and_sends_back_over_http_once(shop: Shop) -> None:
    order, headers = collected(shop), key()
    line = order.lines.get()
    shown = shop.phone().get(f"/api/v1/orders/{order.number}").json()["lines"][0]
    assert shown["allowed_events"] == ["ask_return"]
    assert shown["returnable_until"] > timezone.now().isoformat()

    body = {"lines": [str(line.pk)], "reason": "Miso does not fit."}
    answers = [
        shop.phone().post(f"/api/v1/orders/{order.number}/returns", body, format="json", headers=headers)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["lines"][0]["status"] == "return_requested"
    assert order.events.filter(event="ask_return").count() == 1


@pytest.mark.parametrize("foreign", [True, False])
def test_a_line_that_is_not_of_this_order_is_not_there_and_nothing_is_done(shop: Shop, foreign: bool) -> None:
    order, other = collected(shop), collected(shop)
    ids = [order.lines.get().pk, other.lines.get().pk if foreign else shop.customer.pk]

    with pytest.raises(NotFound):
        ask_return(order_id=order.pk, line_ids=ids, actor=ME)

    assert OrderLine.objects.get(order=order).status == SaleStatus.COLLECTED


def test_what_is_still_here_is_cancelled_not_sent_back(shop: Shop) -> None:
    order = shop.paid()

    with pytest.raises(TransitionNotAllowed):
        ask_return(order_id=order.pk, line_ids=[order.lines.get().pk], actor=ME)


def test_only_the_line_that_came_back_is_credited(shop: Shop) -> None:
    order = collected(shop, shop.sale(), shop.rental(10, 12))
    line = sent_back(order)

    receive_return(line_id=line.pk, actor=CLERK)
    settle(shop)

    assert Payment.objects.get(purpose="order").refunded_minor == line.total_minor
    assert balance(order.pk) == 0


def test_a_return_that_is_refused_credits_nothing_and_may_be_asked_again(shop: Shop) -> None:
    line = sent_back(collected(shop))

    refuse_return(line_id=line.pk, actor=CLERK, note="chewed by a dog")
    settle(shop)

    assert Payment.objects.get().refunded_minor == 0
    ask_return(order_id=line.order_id, line_ids=[line.pk], actor=ME)


def test_what_was_given_back_before_is_not_credited_again(shop: Shop) -> None:
    line = sent_back(collected(shop))
    Charge.objects.create(order=line.order, kind=ChargeKind.GOODWILL, amount_minor=-3000, actor="staff:1")

    receive_return(line_id=line.pk, actor=CLERK)

    assert line.order.charges.total() == 0


def test_what_a_deposit_paid_goes_back_when_nothing_else_is_left(shop: Shop) -> None:
    order = shop.ready(shop.sale(), shop.rental(0, 2))
    sale, rental = order.lines.get(kind="sale"), Rental.objects.get()
    prepare_rental(rental_id=rental.pk, actor=CLERK)
    hand_over_rental(rental_id=rental.pk, actor=CLERK)
    prepare_sale(line_id=sale.pk, actor=CLERK)
    deliver_sale(line_id=sale.pk, actor=CLERK)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=3000, reason="torn", actor=CLERK)
    take_back_rental(rental_id=rental.pk, actor=CLERK, condition="B")
    close_rental(rental_id=rental.pk, actor=CLERK)
    settle(shop)
    assert Deposit.objects.get().captured_minor == 3000
    shop.gateway.dashboard_refund(str(Payment.objects.get(purpose="order").provider_ref))
    settle(shop)

    receive_return(line_id=sent_back(order).pk, actor=CLERK)
    settle(shop)

    of_the_sale = 4990 - round(7690 * 4990 / (7690 + 3000))  # the rest of it went back with everything before
    kept = 3000 - of_the_sale
    assert (order.charges.total(), Deposit.objects.get().captured_minor, balance(order.pk)) == (kept, kept, 0)
    assert [*unsettled_orders(since=timezone.now() - timedelta(days=1))] == []


def test_a_return_is_received_once(shop: Shop) -> None:
    line = sent_back(collected(shop))
    receive_return(line_id=line.pk, actor=CLERK)

    with pytest.raises(TransitionNotAllowed):
        receive_return(line_id=line.pk, actor=CLERK)


def test_the_counter_finds_what_comes_back_though_its_order_was_complete(shop: Shop) -> None:
    line, clerk = sent_back(collected(shop)), desk("clerk")

    waiting = clerk.get(address("orders_orderline_changelist"), {"work": "returns"}).content.decode()
    answer = clerk.post(address("orders_orderline_receive", line), {"note": ""}, follow=True)

    assert line.order.number in waiting
    assert "is back, and credited" in said(answer)
    assert desk("auditor").post(address("orders_orderline_refuse", line)).status_code == 403


# By parcel


def shipped(shop: Shop, **tracked: str) -> OrderLine:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    home = AddressFactory(owner=shop.customer, country="DE")
    order = shop.paid(shop.sale(), fulfilment="delivery", address_id=home.pk)
    line = order.lines.get()
    prepare_sale(line_id=line.pk, actor=CLERK)
    mail.outbox.clear()
    deliver_sale(line_id=line.pk, actor=CLERK, **tracked)
    run_jobs()
    return line


def test_what_is_shipped_is_told_with_who_brings_it_and_shown_in_the_app(shop: Shop) -> None:
    line = shipped(shop, carrier="DHL", tracking_number=" 00340434161094042557 ")

    (message,) = [message for message in mail.outbox if "is on its way" in message.subject]
    assert "Carrier: DHL" in message.body
    assert "Tracking number: 00340434161094042557" in message.body
    told = shop.phone().get(f"/api/v1/orders/{line.order.number}").json()["lines"][0]
    assert told["shipment"] == {"carrier": "DHL", "tracking_number": "00340434161094042557"}


def test_what_is_shipped_without_a_number_is_told_too(shop: Shop) -> None:
    line = shipped(shop)

    (message,) = [message for message in mail.outbox if "is on its way" in message.subject]
    assert "Tracking number" not in message.body
    assert shop.phone().get(f"/api/v1/orders/{line.order.number}").json()["lines"][0]["shipment"] is None


@pytest.mark.parametrize("half", [{"carrier": "DHL"}, {"tracking_number": "0034"}])
def test_a_carrier_without_a_number_tracks_nothing(shop: Shop, half: dict[str, str]) -> None:
    with pytest.raises(ShipmentUnsuitable):
        shipped(shop, **half)

    assert OrderLine.objects.get().status == SaleStatus.READY


def test_what_is_handed_over_at_the_counter_has_no_parcel(shop: Shop) -> None:
    line = shop.paid(shop.sale()).lines.get()
    prepare_sale(line_id=line.pk, actor=CLERK)

    with pytest.raises(ShipmentUnsuitable):
        deliver_sale(line_id=line.pk, actor=CLERK, carrier="DHL", tracking_number="0034")


def test_at_the_desk_the_number_is_typed_when_the_parcel_is_given_away(shop: Shop) -> None:
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    home = AddressFactory(owner=shop.customer, country="DE")
    line = shop.paid(shop.sale(), fulfilment="delivery", address_id=home.pk).lines.get()
    prepare_sale(line_id=line.pk, actor=CLERK)
    clerk, step = desk("clerk"), reverse("admin:orders_orderline_deliver", args=[line.pk])

    refused = clerk.post(step, {"carrier": "DHL", "tracking_number": "", "note": ""})
    done = clerk.post(step, {"carrier": "DHL", "tracking_number": "00340434", "note": ""})

    assert "its name and its tracking number, or neither" in refused.content.decode()
    assert done.status_code == 302
    line.refresh_from_db()
    assert (line.status, line.carrier, line.tracking_number) == (SaleStatus.SHIPPED, "DHL", "00340434")


def test_what_was_given_back_of_the_order_before_is_not_given_again_with_a_part_of_it(shop: Shop) -> None:
    order = collected(shop, shop.sale(), shop.rental())  # 49.90 and 40.00
    request_refund(payment_id=Payment.objects.get(purpose="order").pk, amount_minor=2000, reason="sorry", actor=CLERK)

    receive_return(line_id=sent_back(order).pk, actor=CLERK)

    given_before = round(2000 * 4990 / (4990 + 4000))
    assert Charge.objects.get(kind=ChargeKind.CANCELLATION).amount_minor == -(4990 - given_before)
    assert order.charges.total() == 4000 - (2000 - given_before)
