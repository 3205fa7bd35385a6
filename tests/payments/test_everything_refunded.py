"""An order follows its money: when everything goes back before anything was handed over, it is cancelled (ADR 15)."""

import pytest
from django.test import Client

from inventory.models import Reservation
from orders.errors import NothingPaid
from orders.models import ChargeKind, Order, OrderLine, Rental
from orders.services import deliver_sale, hand_over_rental, prepare_rental, prepare_sale
from orders.states import OrderStatus
from payments.models import Payment
from payments.selectors import balance
from payments.services import request_refund
from tests.factories.orders import ChargeFactory, OrderFactory, RentalFactory, SaleLineFactory
from tests.factories.payments import PaymentFactory
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, said, who
from tests.payments.money import kept_at_gateway
from tests.shop import Shop

pytestmark = pytest.mark.django_db


def give_back(amount: int) -> None:
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=amount, reason="sorry", actor="staff:1")


def by_hand(shop: Shop, amount: int | None = None) -> None:
    shop.gateway.dashboard_refund(str(Payment.objects.get().provider_ref), amount)
    shop.deliver_webhooks()
    run_jobs()


def hand_over_the_sale(order: Order) -> None:
    line = OrderLine.objects.get(order=order, kind=OrderLine.Kind.SALE)
    prepare_sale(line_id=line.pk, actor="staff:1")
    deliver_sale(line_id=line.pk, actor="staff:1")


def test_everything_refunded_at_the_gateway_cancels_the_order_and_frees_its_stock(shop: Shop) -> None:
    order = shop.paid(shop.sale(), shop.rental())

    by_hand(shop)

    order.refresh_from_db()
    event = order.events.get(event="cancel", subject="")
    assert order.status == OrderStatus.CANCELLED
    assert (event.actor, event.note) == ("provider", "everything was refunded at the payment gateway")
    assert set(Reservation.objects.values_list("status", flat=True)) == {"released"}
    assert shop.claims_at_ims() == []
    assert kept_at_gateway(shop) == balance(order.pk) == 0


def test_everything_refunded_from_the_form_cancels_the_order_and_says_so_before_and_after(shop: Shop) -> None:
    order, boss = shop.paid(), desk("boss")
    url = address("payments_payment_refund", Payment.objects.get())

    asked = boss.get(url).content.decode()
    sent = boss.post(url, {"amount": "49.90", "reason": "The zip was broken.", "left": 4990})
    run_jobs()

    order.refresh_from_db()
    assert f"Nothing of {order} has been handed over" in asked
    assert address("orders_order_cancel", order) in asked
    assert f"{order} is cancelled." in said(sent)
    assert order.status == OrderStatus.CANCELLED
    assert order.events.get(event="cancel", subject="").actor == who(boss)
    assert kept_at_gateway(shop) == balance(order.pk) == 0


def test_the_last_part_cancels_the_order_and_the_parts_before_do_not(shop: Shop) -> None:
    order = shop.paid()

    give_back(4000)
    run_jobs()
    order.refresh_from_db()
    between = order.status
    by_hand(shop, 990)

    order.refresh_from_db()
    assert (between, order.status) == (OrderStatus.CONFIRMED, OrderStatus.CANCELLED)
    kinds = order.charges.exclude(kind=ChargeKind.SALE).values_list("kind", "amount_minor")
    assert list(kinds) == [(ChargeKind.GOODWILL, -4000), (ChargeKind.CANCELLATION, -990)]
    assert kept_at_gateway(shop) == balance(order.pk) == 0


@pytest.mark.parametrize("side", ["form", "gateway"])
def test_after_something_was_handed_over_everything_given_back_is_goodwill(shop: Shop, side: str) -> None:
    order = shop.paid(shop.sale(), shop.rental())
    hand_over_the_sale(order)

    if side == "form":
        give_back(Payment.objects.get().captured_minor)
    else:
        by_hand(shop)
    run_jobs()

    order.refresh_from_db()
    assert order.status == OrderStatus.CONFIRMED
    assert order.charges.filter(kind=ChargeKind.GOODWILL).total() == -order.total_minor
    assert balance(order.pk) == 0


def test_of_an_order_paid_twice_one_payment_goes_back_and_the_order_stays() -> None:
    order = OrderFactory(confirmed=True)
    ChargeFactory(order=order)
    payment = PaymentFactory(order=order, succeeded=True)
    PaymentFactory(order=order, succeeded=True)

    request_refund(payment_id=payment.pk, amount_minor=4990, reason="paid twice", actor="clock")

    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == (OrderStatus.CONFIRMED, 0)


# Orders that are empty all the same


@pytest.fixture
def empty() -> Order:
    """Emptied before orders followed their money."""
    order = OrderFactory(confirmed=True)
    ChargeFactory(order=order)
    ChargeFactory(order=order, kind=ChargeKind.GOODWILL, amount_minor=-4990)
    return order


def test_nothing_is_prepared_or_handed_out_for_an_order_that_nobody_pays(empty: Order) -> None:
    booked, ready = RentalFactory(line__order=empty), RentalFactory(line__order=empty, ready=True)
    reserved, packed = SaleLineFactory(order=empty), SaleLineFactory(order=empty, ready=True)

    with pytest.raises(NothingPaid):
        prepare_rental(rental_id=booked.pk, actor="staff:1")
    with pytest.raises(NothingPaid):
        hand_over_rental(rental_id=ready.pk, actor="staff:1")
    with pytest.raises(NothingPaid):
        prepare_sale(line_id=reserved.pk, actor="staff:1")
    with pytest.raises(NothingPaid):
        deliver_sale(line_id=packed.pk, actor="staff:1")

    assert not empty.events.exists()


def test_its_page_and_its_steps_say_so_in_red(empty: Order) -> None:
    clerk = desk("clerk")
    booked, ready = RentalFactory(line__order=empty), RentalFactory(line__order=empty, ready=True)
    reserved, packed = SaleLineFactory(order=empty), SaleLineFactory(order=empty, ready=True)
    pages = [
        address("orders_order_change", empty),
        address("orders_rental_prepare", booked),
        address("orders_rental_hand_over", ready),
        address("orders_orderline_pack", reserved),
        address("orders_orderline_deliver", packed),
    ]

    assert ["Nothing is paid: everything was refunded." in clerk.get(page).content.decode() for page in pages] == [
        True
    ] * len(pages)


def test_what_was_handed_over_before_comes_back_all_the_same(empty: Order, client: Client) -> None:
    out = RentalFactory(line__order=empty, out=True, days=(-5, 2))

    desk("clerk").post(address("orders_rental_take_back", out), {"condition": "B"})

    assert Rental.objects.get(pk=out.pk).status == "returned"


# The money on the order's page


def test_the_order_page_tells_its_money_to_who_may_see_payments(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    give_back(1990)
    run_jobs()

    seen = desk("auditor").get(address("orders_order_change", order)).content.decode()
    hidden = desk("clerk").get(address("orders_order_change", order)).content.decode()

    for told in ("Charged", "€79.90", "€99.80", "€19.90", address("payments_payment_change", Payment.objects.get())):
        assert told in seen, told
    assert "Balance" in seen
    assert "Balance" not in hidden
    assert "/payments/payment/" not in hidden
