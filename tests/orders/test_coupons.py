"""Coupons: when they count, what they take off, and that no order loses or wins a cent by them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.money import included_tax
from orders.errors import CouponFirstOrder, CouponUsed, CouponUsedUp
from orders.models import Coupon, DeliveryRate, Order, OrderLine, Quote, Rental
from orders.outlook import keep_minor
from orders.services import (
    cancel_order,
    expire_orders,
    extend_rental,
    move_rental_days,
    place_order,
    settle_no_show,
)
from orders.services.coupons import discount_of, spread
from orders.states import OrderStatus, RentalStatus
from payments.models import Document
from payments.selectors import balance
from tests.factories.accounts import AddressFactory, UserFactory
from tests.factories.orders import CouponFactory
from tests.jobs import run_jobs
from tests.orders.test_orders_api import CONTROL
from tests.orders.test_renting import noon
from tests.shop import Shop, key

ME = "customer:1"


def ask(shop: Shop, code: str, *lines: Any, **more: Any) -> Any:
    return shop.phone().post("/api/v1/quotes", shop.body(*lines, coupon=code, **more), format="json")


def test_a_coupon_takes_its_part_off_each_line_and_the_tax_with_it(shop: Shop) -> None:
    CouponFactory(code="TENTH")

    quote = ask(shop, "tenth", shop.sale(2), shop.rental(10, 12)).json()

    bag, crate = quote["lines"]
    assert (quote["coupon"], quote["discount"]["amount"]) == ("TENTH", 1268)  # a tenth of 126.80
    assert (bag["unit_price"]["amount"], bag["discount"]["amount"], bag["total"]["amount"]) == (4990, 998, 8982)
    assert (crate["discount"]["amount"], crate["total"]["amount"]) == (270, 2430)
    assert bag["tax_included"]["amount"] == included_tax(8982, 1900)
    assert bag["explanation"][-1] == "coupon TENTH: -€9.98"
    assert quote["total"]["amount"] == 8982 + 2430
    assert quote["tax_included"]["amount"] == included_tax(8982, 1900) + included_tax(2430, 1900)


def test_the_statement_says_what_a_coupon_took_off_each_line(shop: Shop) -> None:
    CouponFactory(code="TENTH", percent=10)
    order = shop.paid(shop.sale(2), coupon="TENTH")

    told = shop.phone().get(f"/api/v1/orders/{order.number}/statement").json()

    charged = told["entries"][0]
    assert charged["amount"]["amount"] == 8982
    assert charged["text"].endswith("less 9.98 EUR by coupon TENTH.")
    assert told["balance"]["amount"] == 0


def test_a_coupon_touches_neither_delivery_nor_deposit_nor_what_keeping_costs(shop: Shop) -> None:
    CouponFactory(code="HALF", percent=50)
    DeliveryRate.objects.create(country="DE", currency="EUR", amount_minor=690)
    to = {"fulfilment": "delivery", "address": str(AddressFactory(owner=shop.customer, country="DE").pk)}

    plain, cheap = (ask(shop, code, shop.rental(10, 12), **to).json() for code in ("", "HALF"))

    assert cheap["total"]["amount"] == 1350 + 690
    for name in ("delivery", "deposit", "deposit_plan"):
        assert cheap[name] == plain[name]
    assert cheap["lines"][0]["rental"] == plain["lines"][0]["rental"]


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "another word": ({"code": "OTHER"}, "coupon_unknown"),
    "tomorrow": ({"valid_from": 1}, "coupon_not_yet_valid"),
    "yesterday": ({"valid_until": -1}, "coupon_expired"),
    "francs": ({"currency": "CHF"}, "coupon_currency"),
    "a minimum": ({"currency": "EUR", "minimum_minor": 4991}, "coupon_minimum"),
    "used up": ({"most_uses": 0}, "coupon_used_up"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_coupon_that_does_not_count_is_refused_with_the_reason(shop: Shop, case: str) -> None:
    changes, code = REFUSALS[case]
    days = {name: shop.day(offset) for name, offset in changes.items() if name.startswith("valid")}
    CouponFactory(**{"code": "WORD", **changes, **days})

    answer = ask(shop, "WORD")

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/coupon"]
    assert Quote.objects.count() == 0


def test_a_coupon_counts_on_its_first_and_its_last_day_and_for_its_minimum(shop: Shop) -> None:
    CouponFactory(
        code="TODAY", valid_from=shop.today, valid_until=shop.today, currency="EUR", minimum_minor=4990, most_uses=1
    )

    assert ask(shop, "TODAY").status_code == 201


def ordered(shop: Shop, code: str, *lines: Any, customer: Any = None) -> Order:
    return shop.order(*lines, customer=customer, coupon=code)


def test_a_customer_uses_it_as_often_as_it_says(shop: Shop) -> None:
    CouponFactory(code="ONCE")
    ordered(shop, "ONCE")

    assert ask(shop, "ONCE").json()["code"] == "coupon_used"
    assert ordered(shop, "ONCE", customer=UserFactory()).total_minor == 4491


def test_a_first_order_is_one_before_which_none_was_made_that_lives(shop: Shop) -> None:
    CouponFactory(code="WELCOME", first_order_only=True)
    first = shop.order()

    assert ask(shop, "WELCOME").json()["code"] == "coupon_first_order"

    cancel_order(order_id=first.pk, actor=ME)
    assert ask(shop, "WELCOME").status_code == 201


@pytest.mark.parametrize(
    ("coupon", "refusal"),
    [
        ({"most_uses": 1}, CouponUsedUp),
        ({"most_uses_each": 1}, CouponUsed),
        ({"first_order_only": True, "most_uses_each": None}, CouponFirstOrder),
    ],
)
def test_what_was_used_since_the_quote_is_refused_when_it_is_ordered(
    shop: Shop, coupon: dict[str, Any], refusal: Any
) -> None:
    CouponFactory(code="WORD", **coupon)
    other = UserFactory() if refusal is CouponUsedUp else None
    quote = shop.quote(coupon="WORD")
    ordered(shop, "WORD", customer=other)

    with pytest.raises(refusal) as no:
        place_order(customer_id=quote.customer_id, quote_id=quote.pk)

    assert no.value.pointer == "/quote"  # the order itself names no coupon
    assert Order.objects.count() == 1
    assert len(shop.claims_at_ims()) == 1


def test_what_the_quote_promised_holds_although_the_coupon_has_ended_since(shop: Shop) -> None:
    coupon = CouponFactory(code="WORD")
    quote = shop.quote(coupon="WORD")
    Coupon.objects.filter(pk=coupon.pk).update(valid_from=shop.day(-9), valid_until=shop.day(-1), percent=1)

    order = shop.place(quote)

    assert (order.total_minor, order.charges.total()) == (4491, 4491)


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_an_order_that_ends_before_anything_left_gives_its_coupon_back(shop: Shop, how: str) -> None:
    CouponFactory(code="ONCE", most_uses=1)
    order = ordered(shop, "ONCE")
    if how == "cancelled":
        cancel_order(order_id=order.pk, actor=ME)
    else:
        Order.objects.filter(pk=order.pk).update(expires_at=order.placed_at - timedelta(days=1))
        expire_orders()

    assert Coupon.objects.with_uses().get().uses == 0
    assert ask(shop, "ONCE").status_code == 201


def late(shop: Shop) -> Order:
    """An order with a coupon that is paid at the gateway, which we hear only after it expired."""
    CouponFactory(code="ONCE", most_uses=1)
    order = ordered(shop, "ONCE")
    shop.pay(order)
    Order.objects.filter(pk=order.pk).update(expires_at=order.placed_at - timedelta(days=1))
    expire_orders()
    return order


def test_money_that_comes_late_confirms_with_its_coupon_if_that_is_still_there(shop: Shop) -> None:
    order = late(shop)

    shop.deliver_webhooks()
    run_jobs()

    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == (OrderStatus.CONFIRMED, 0)
    assert Coupon.objects.with_uses().get().uses == 1


def test_money_that_comes_late_goes_back_when_somebody_else_has_the_coupon_by_now(shop: Shop) -> None:
    order = late(shop)
    ordered(shop, "ONCE", customer=UserFactory())

    shop.deliver_webhooks()
    run_jobs()

    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == (OrderStatus.EXPIRED, 0)
    assert order.payments.get().refunded_minor == order.total_minor
    assert len(shop.claims_at_ims()) == 1
    assert Coupon.objects.with_uses().get().uses == 1


def test_a_coupon_adds_a_statement_to_a_quote_and_two_to_an_order(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    CouponFactory(code="TENTH")
    phone, body = shop.phone(), shop.body(shop.sale(1), shop.rental(), coupon="TENTH")

    with django_assert_max_num_queries(8 + 1):
        quote = phone.post("/api/v1/quotes", body, format="json").json()
    with django_assert_max_num_queries(40) as captured:
        answer = phone.post("/api/v1/orders", {"quote": quote["id"]}, format="json", headers=key())

    assert answer.json()["coupon"] == "TENTH"
    statements = [q["sql"] for q in captured.captured_queries if not q["sql"].startswith(CONTROL)]
    assert len(statements) <= 20 + 2


def test_the_receipt_says_what_a_coupon_took_off_and_taxes_what_is_left(shop: Shop) -> None:
    CouponFactory(code="TENTH")

    shop.paid(shop.sale(2), coupon="TENTH")

    line = Document.objects.get().lines.get()
    assert (line.quantity, line.unit_price_minor, line.total_minor) == (1, 8982, 8982)
    assert line.detail.endswith("2 × €49.90, less €9.98 by coupon TENTH")
    assert line.taxes == [{"rate_bp": 1900, "gross_minor": 8982, "tax_minor": included_tax(8982, 1900)}]


def half(shop: Shop, *days: int, quantity: int = 1) -> list[Rental]:
    CouponFactory(code="HALF", percent=50)
    shop.paid(shop.rental(*days, quantity), coupon="HALF")
    return list(Rental.objects.order_by("id"))


def test_more_days_cost_their_whole_price(shop: Shop) -> None:
    [rental] = half(shop, 10, 12)

    extend_rental(rental_id=rental.pk, end_on=shop.day(13), actor=ME)

    assert balance(rental.line.order_id) == 100  # 4 × 7.00 less 3 × 9.00


def test_a_coupon_falls_with_the_rent_when_it_is_moved_and_is_back_when_that_is(shop: Shop) -> None:
    [rental] = half(shop, 10, 12)

    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(10), actor=ME)
    assert rental.line.order.charges.total() == 450

    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(12), actor=ME)
    assert rental.line.order.charges.total() == 1350


def test_keeping_costs_the_same_with_a_coupon_as_without(shop: Shop) -> None:
    [rental] = half(shop, 10, 12)

    assert keep_minor(rental) == 4990 - 2700 // 2
    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(10), actor=ME)
    assert keep_minor(Rental.objects.get()) == 4990 - 900 // 2


def test_cancelling_gives_back_what_was_paid(shop: Shop) -> None:
    [one, _] = half(shop, 10, 12, quantity=2)

    cancel_order(order_id=one.line.order_id, actor=ME)
    run_jobs()

    assert one.line.order.payments.get().refunded_minor == 2700


def test_a_coupon_of_more_than_everything_leaves_one_euro_to_pay(shop: Shop) -> None:
    CouponFactory(code="ALL", percent=None, amount_minor=10_000, currency="EUR")

    quote = ask(shop, "ALL").json()

    assert quote["total"]["amount"] == 100
    assert quote["discount"]["amount"] == 4890


TOTALS = st.lists(st.integers(0, 500_00), min_size=1, max_size=20)


@given(totals=TOTALS, delivery=st.integers(0, 20_00), data=st.data())
def test_a_discount_is_spread_to_the_cent_and_no_line_costs_less_than_nothing(
    totals: list[int], delivery: int, data: st.DataObject
) -> None:
    off = data.draw(st.integers(1, 100).map(lambda n: Coupon(percent=n)) | st.integers(1, 9999_00).map(_amount))

    discount = discount_of(off, goods_minor=sum(totals), delivery_minor=delivery, currency="EUR")

    parts = spread(discount, totals)
    assert sum(parts) == discount
    assert all(0 <= part <= total for part, total in zip(parts, totals, strict=True))
    assert sum(totals) + delivery - discount >= min(100, sum(totals) + delivery)


def _amount(amount_minor: int) -> Coupon:
    return Coupon(amount_minor=amount_minor, currency="EUR")


@given(unit=st.integers(0, 100_00), quantity=st.integers(1, 10), data=st.data())
def test_the_units_of_a_line_cost_together_what_the_line_does_and_more_rent_is_never_cheaper(
    unit: int, quantity: int, data: st.DataObject
) -> None:
    total = data.draw(st.integers(0, unit * quantity))
    line = OrderLine(unit_price_minor=unit, quantity=quantity, total_minor=total)
    parts = spread(line.discount_minor, [unit] * quantity)
    rentals = [Rental(line=line, discount_minor=part) for part in parts]
    rent = data.draw(st.integers(0, 2 * unit))

    assert sum(rental.as_ordered_minor for rental in rentals) == total
    for rental in rentals:
        assert 0 <= rental.after_discount(rent) <= rental.after_discount(rent + 1) <= rent + 1
        assert rental.after_discount(0) == 0


def test_units_of_a_line_that_end_one_by_one_leave_no_cent_of_it(shop: Shop) -> None:
    CouponFactory(code="ODD", percent=None, amount_minor=100, currency="EUR")
    order = shop.paid(shop.rental(10, 12, 3), coupon="ODD")  # 1.00 off three of 27.00
    rentals = list(Rental.objects.order_by("id"))

    for last, rental in enumerate(rentals, start=12):  # each on days of its own, so that none ends with another
        move_rental_days(rental_id=rental.pk, start_on=shop.day(last - 2), end_on=shop.day(last), actor=ME)
    for rental in rentals:
        with time_machine.travel(noon(shop, 20)):
            settle_no_show(rental_id=rental.pk)

    assert set(Rental.objects.values_list("status", flat=True)) == {RentalStatus.CANCELLED}
    assert order.charges.total() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "tenth-0"},
        {"percent": None},
        {"amount_minor": 100, "currency": "EUR"},
        {"minimum_minor": 100},
        {"percent": 101},
        {"percent": None, "amount_minor": 0, "currency": "EUR"},
        {"valid_until": "2025-12-31"},
    ],
    ids=str,
)
@pytest.mark.django_db
def test_the_database_refuses_a_coupon_that_cannot_be(wrong: dict[str, Any]) -> None:
    CouponFactory(code="TENTH-0")

    with pytest.raises(IntegrityError), transaction.atomic():
        CouponFactory(**wrong)
