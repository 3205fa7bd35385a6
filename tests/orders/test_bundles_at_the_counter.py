"""What staff see of bundles, and do with their parts."""

import pytest

from orders.counter import find
from orders.models import LinePart
from tests.orders.conftest import Set
from tests.orders.desk import address, desk, said
from tests.orders.test_bundles import line_of, out, ready
from tests.shop import Shop

pytestmark = pytest.mark.django_db


def test_the_page_of_a_rental_tells_its_parts_and_which_unit_each_is(shop: Shop, rented: Set) -> None:
    rental = ready(shop, rented())

    page = desk("clerk").get(address("orders_rental_change", rental.pk)).content.decode()

    assert "What goes with it" in page
    assert "BOWL-1-1" in page
    assert "Stays with the customer" in page


def test_the_page_of_a_sale_tells_its_parts(shop: Shop, bought: Set) -> None:
    line = line_of(shop.paid(bought(2)))

    page = desk("clerk").get(address("orders_orderline_change", line.pk)).content.decode()

    assert "PAD-1" in page


def test_a_clerk_scans_another_bowl(shop: Shop, rented: Set) -> None:
    rental, part = ready(shop, rented()), LinePart.objects.get(sku="BOWL-1")

    answer = desk("clerk").post(
        address("orders_rental_swap_part", rental.pk), {"part": part.pk, "serial": "BOWL-1-2"}, follow=True
    )

    assert "BOWL-1-2 goes with" in said(answer)
    part.reservation.refresh_from_db()
    assert part.reservation.unit.serial == "BOWL-1-2"


def test_a_clerk_says_what_did_not_come_back(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))

    answer = desk("clerk").post(
        address("orders_rental_take_back", rental.pk), {"condition": "A", "missing": ["BOWL-1-1"]}, follow=True
    )

    assert answer.status_code == 200
    assert LinePart.objects.get(sku="BOWL-1").missing_at is not None
    assert "Not brought back" in desk("clerk").get(address("orders_rental_change", rental.pk)).content.decode()


def test_the_serial_of_a_part_finds_the_rental_that_it_is_of(shop: Shop, rented: Set) -> None:
    rental = out(shop, rented(0, 3))

    assert find("BOWL-1-1").rental == rental
