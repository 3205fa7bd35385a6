"""Staff change rentals for their customers, at the desk."""

from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape

from orders.models import CancellationTier, Charge, ChargeKind, Order, Rental
from orders.services import hand_over_rental, prepare_rental
from orders.states import OrderStatus, RentalStatus
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, said
from tests.orders.test_renting import noon, only_rental, out
from tests.shop import Shop


@pytest.fixture
def clerk(shop: Shop) -> Client:
    return desk("clerk")


def step(client: Client, name: str, rental: Rental, **typed: Any) -> Any:
    return client.post(address(f"orders_rental_{name}", rental), typed, follow=True)


def test_a_clerk_extends_a_rental_to_a_day_that_is_possible(clerk: Client, shop: Shop) -> None:
    rental = out(shop, 0, 2)
    offered = clerk.get(address("orders_rental_extend", rental)).content.decode()

    answer = step(clerk, "extend", rental, end_on=shop.day(6).isoformat())

    assert "€13.00 more" in offered
    assert "is rented until" in said(answer)
    assert only_rental(rental.line.order).end_on == shop.day(6)


def test_a_day_that_is_not_offered_is_refused(clerk: Client, shop: Shop) -> None:
    rental = out(shop, 0, 2)

    answer = step(clerk, "extend", rental, end_on=shop.day(99).isoformat())

    assert "is not one of the available choices" in answer.content.decode()
    assert only_rental(rental.line.order).end_on == shop.day(2)


def test_a_clerk_sells_a_unit_to_whoever_has_it(clerk: Client, shop: Shop) -> None:
    rental = out(shop, 0, 2)
    asked = clerk.get(address("orders_rental_keep", rental)).content.decode()

    answer = step(clerk, "keep", rental)

    assert "€36.40" in asked  # 49.90 less half the rent of 27.00
    assert "is sold to" in said(answer)
    assert only_rental(rental.line.order).status == RentalStatus.KEPT


def test_a_clerk_writes_off_a_unit_and_charges_for_it(clerk: Client, shop: Shop) -> None:
    rental = out(shop, 0, 2)
    suggested = clerk.get(address("orders_rental_lose", rental)).content.decode()

    answer = step(clerk, "lose", rental, note="left on the train", amount="30.00")

    assert 'value="36.40"' in suggested
    assert Charge.objects.get(rental=rental).amount_minor == 3000

    assert "is written off" in said(answer)
    page = clerk.get(address("orders_rental_change", rental)).content.decode()
    assert "left on the train" in page


def test_steps_that_are_not_possible_are_not_offered(clerk: Client, shop: Shop) -> None:
    rental = only_rental(shop.ready(shop.rental(0, 2)))
    booked = clerk.get(address("orders_rental_change", rental)).content.decode()
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")
    gone = clerk.get(address("orders_rental_change", rental)).content.decode()

    names = ("extend", "keep", "lose")
    assert [address(f"orders_rental_{name}", rental) in booked for name in names] == [True, False, False]
    assert [address(f"orders_rental_{name}", rental) in gone for name in names] == [True, True, True]


@pytest.mark.parametrize("group", ["auditor", "refunds", "catalog"])
def test_who_does_not_handle_orders_changes_no_rental(shop: Shop, group: str) -> None:
    rental = out(shop, 0, 2)

    for name in ("extend", "keep", "lose"):
        assert step(desk(group), name, rental).status_code == 403
    assert only_rental(rental.line.order).status == RentalStatus.OUT


@pytest.mark.parametrize(("typed", "kept"), [({"in_full": "on"}, 0), ({}, 2700)])
def test_staff_cancel_by_the_policy_or_credit_everything(
    clerk: Client, shop: Shop, typed: dict[str, str], kept: int
) -> None:
    CancellationTier.objects.create(hours=9000, percent=100)
    order = shop.paid(shop.rental(10, 12))
    page = clerk.get(address("orders_order_cancel", order)).content.decode()

    clerk.post(address("orders_order_cancel", order), {"reason": "they asked", **typed})

    assert "€27.00" in page
    assert (Order.objects.get(pk=order.pk).status, order.charges.total()) == (OrderStatus.CANCELLED, kept)


def test_the_policy_of_cancellation_is_read_by_the_counter_and_written_by_the_boss(clerk: Client) -> None:
    boss, row = desk("boss"), {"hours": 48, "percent": 100}
    add = address("orders_cancellationtier_add")

    assert clerk.post(add, row).status_code == 403
    assert boss.post(add, row).status_code == 302
    assert "at most" not in clerk.get(address("orders_cancellationtier_changelist")).content.decode()
    refused = boss.post(add, {"hours": 24, "percent": 101})
    assert escape("Ensure this value is less than or equal to 100.") in refused.content.decode()


def test_the_command_lists_who_is_late_and_has_them_charged(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with time_machine.travel(noon(shop, 3)):
        dry, wet = StringIO(), StringIO()
        call_command("late_fees", "--dry-run", stdout=dry)
        run_jobs()
        assert not Charge.objects.filter(kind=ChargeKind.LATE_FEE).exists()
        call_command("late_fees", stdout=wet)
        run_jobs()

    assert rental.line.order.number in dry.getvalue()
    assert "1 due; their days are being charged" in wet.getvalue()
    assert Charge.objects.filter(kind=ChargeKind.LATE_FEE).count() == 1
