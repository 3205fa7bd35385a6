"""Two clerks who swap one container at once, and two looks at the rules that an airline changed."""

from functools import partial

import pytest
from django.db import transaction

from catalog.models import Variant
from inventory.models import Reservation
from inventory.services import Claim, release
from inventory.states import ReservationKind
from orders.models import Order, OrderLine
from orders.services import recheck_rules, swap_container
from orders.services.history import move, move_sale
from orders.services.rechecking import _ahead, _judged, _rules
from orders.services.swapping import _won
from tests.concurrency.racing import meanwhile, won
from tests.orders.flights import know_airlines
from tests.orders.test_recheck import change, paid, stocked
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


@pytest.fixture
def order(shop: Shop) -> Order:
    """A bag that an airline does not take any more, and two that it takes."""
    know_airlines(shop)
    stocked(shop, "SMALL-1")
    stocked(shop, "SMALL-2")
    order = paid(shop, "LH")
    change(shop.day(5), height_mm=190)
    return order


def promised() -> list[str]:
    """What is held for the order, by SKU."""
    return sorted(Reservation.objects.filter(status="committed").values_list("variant__sku", flat=True))


@transaction.atomic
def swapped_without_the_lock(line_id: object, sku: str) -> bool:
    line = OrderLine.objects.select_related("order").get(pk=line_id)
    old, line.variant, line.sku = line.reservation_id, Variant.objects.get(sku=sku), sku
    (new,) = _won([Claim(line.variant_id, line.order.depot_id, ReservationKind.SALE, line.quantity)])
    move_sale(line.order, line, "replace", actor="staff:2", reservation_id=new)
    line.save(update_fields=["variant", "sku"])
    release(reservation_ids=[old])
    return True


def test_without_the_lock_two_containers_are_promised_for_one(order: Order) -> None:
    recheck_rules()
    line = order.lines.get()
    swap = partial(swap_container, line_id=line.pk, sku="SMALL-1", actor="staff:1", note="agreed")

    meanwhile(swap, partial(swapped_without_the_lock, line.pk, "SMALL-2"))

    assert promised() == ["SMALL-1", "SMALL-2"]


def test_of_two_who_swap_one_container_the_second_is_told_that_it_is_done(order: Order) -> None:
    recheck_rules()
    line = order.lines.get()
    steps = [
        partial(swap_container, line_id=line.pk, sku=sku, actor="staff:1", note="agreed")
        for sku in ("SMALL-1", "SMALL-2")
    ]

    done = won(meanwhile(*steps))

    assert [one.sku for one in done] == ["SMALL-1"]
    assert promised() == ["SMALL-1"]


@transaction.atomic
def rechecked_without_the_lock() -> bool:
    order = _ahead().get()
    fits, _ = _judged(order, _rules())
    move(order, "recheck_fit", actor="clock", trip=order.trip | {"fits": fits})
    return True


def test_without_the_lock_one_change_of_a_rule_is_told_twice(order: Order) -> None:
    meanwhile(recheck_rules, rechecked_without_the_lock)

    assert order.events.filter(event="recheck_fit").count() == 2


def test_of_two_looks_at_a_changed_rule_one_tells(order: Order) -> None:
    first, second = meanwhile(recheck_rules, recheck_rules)

    assert [len(list(found)) for found in (first, second)] == [1, 0]
    assert order.events.filter(event="recheck_fit").count() == 1
