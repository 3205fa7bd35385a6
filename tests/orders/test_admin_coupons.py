"""Coupons on the staff pages: made, refused in plain words, and how many are left."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import Coupon
from tests.factories.orders import CouponFactory, OrderFactory
from tests.orders.desk import address, desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return desk("catalog")


def form(**fields: str) -> dict[str, str]:
    empty = dict.fromkeys(("amount_minor", "currency", "minimum_minor", "valid_until", "most_uses"), "")
    return {"code": "Welcome-10", "percent": "10", "valid_from": "2026-11-01", "most_uses_each": "1", **empty, **fields}


def add(staff: Client, **fields: str) -> Any:
    return staff.post(address("orders_coupon_add"), form(**fields))


def test_a_coupon_is_kept_in_capitals(staff: Client) -> None:
    answer = add(staff)

    assert answer.status_code == 302, answer.context["errors"]
    coupon = Coupon.objects.get()
    assert (coupon.code, coupon.percent, coupon.currency, coupon.minimum_minor) == ("WELCOME-10", 10, "", 0)


def test_a_new_coupon_begins_today_unless_said_otherwise(staff: Client) -> None:
    page = staff.get(address("orders_coupon_add"))

    assert page.context["adminform"].form.initial["valid_from"] == timezone.localdate()


def test_amounts_are_typed_as_they_are_spoken_of(staff: Client) -> None:
    answer = add(staff, percent="", amount_minor="7,50", currency="eur", minimum_minor="30")

    assert answer.status_code == 302, answer.context["errors"]
    coupon = Coupon.objects.get()
    assert (coupon.amount_minor, coupon.currency, coupon.minimum_minor) == (750, "EUR", 3000)
    shown = staff.get(address("orders_coupon_change", coupon)).content.decode()
    assert 'value="7.50"' in shown
    assert 'value="30.00"' in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"percent": ""}, "Say either an amount or per cent."),
        ({"amount_minor": "5", "currency": "EUR"}, "Say either an amount or per cent."),
        ({"percent": "", "amount_minor": "5"}, "Choose a currency, such as EUR, to say what this amount is in."),
        ({"minimum_minor": "5"}, "Choose a currency, such as EUR, to say what this amount is in."),
        ({"percent": "", "amount_minor": "0", "currency": "EUR"}, "Say either an amount or per cent."),
        ({"percent": "101"}, "less than or equal to 100"),
        ({"valid_until": "2026-10-31"}, "The last day cannot be before the first."),
        ({"code": "tenth"}, "There is a coupon with this code."),
        ({"code": "a b"}, "Use letters, digits and dashes."),
        ({"currency": "ZZZ"}, "is not an ISO 4217 currency code"),
    ],
)
def test_a_coupon_that_cannot_be_is_refused_in_plain_words(staff: Client, fields: dict[str, str], said: str) -> None:
    CouponFactory(code="TENTH")

    answer = add(staff, **fields)

    assert answer.status_code == 200
    assert said in str(answer.context["errors"])
    assert Coupon.objects.count() == 1


def test_the_list_tells_how_many_are_left(staff: Client, django_assert_max_num_queries: Any) -> None:
    coupon = CouponFactory(code="FEW", most_uses=3, first_order_only=True)
    CouponFactory(percent=None, amount_minor=500, currency="EUR", minimum_minor=3000, most_uses_each=None)
    OrderFactory(coupon=coupon, confirmed=True)
    OrderFactory(coupon=coupon, expired=True)

    with django_assert_max_num_queries(8):
        rows = staff.get(address("orders_coupon_changelist")).content.decode()

    for said in ("first orders, 1 time each", "€5.00 from €30.00", "no limit", "everybody"):
        assert said in rows
    assert [(row.uses, row.most_uses) for row in Coupon.objects.with_uses().filter(code="FEW")] == [(1, 3)]
    assert "Used by orders" in staff.get(address("orders_coupon_change", coupon)).content.decode()


def test_a_coupon_that_an_order_used_is_not_deleted(staff: Client) -> None:
    coupon = CouponFactory()
    OrderFactory(coupon=coupon, expired=True)

    staff.post(address("orders_coupon_delete", coupon), {"post": "yes"})

    assert Coupon.objects.count() == 1


def test_the_counter_sees_coupons_and_makes_none(staff: Client) -> None:
    clerk = desk("clerk")

    assert clerk.get(address("orders_coupon_changelist")).status_code == 200
    assert clerk.get(address("orders_coupon_add")).status_code == 403
