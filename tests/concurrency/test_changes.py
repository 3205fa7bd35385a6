"""Customer and clerk, or two clerks, change the same rental or sale in the same moment."""

from collections.abc import Callable
from functools import partial

import pytest

from inventory.models import Unit
from orders.errors import TransitionNotAllowed
from orders.models import ChargeKind, Order, OrderLine, Rental
from orders.services import (
    call_off_rental,
    cancel_order,
    extend_rental,
    hand_over_rental,
    keep_rental,
    move_rental_days,
    prepare_rental,
    rearrange_rental,
    receive_return,
    take_back_rental,
)
from orders.states import ORDER, RENTAL, SALE, Table, next_status
from tests.concurrency.racing import meanwhile, won
from tests.orders.test_goods import collected, sent_back
from tests.orders.test_renting import only_rental, out
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]

ME, CLERK = "customer:1", "staff:1"


def without_the_lock(row: Order | OrderLine | Rental, table: Table, event: str) -> Callable[[], str]:
    """Looks where it stands and writes where it goes, as whoever forgets the order's lock would."""

    def step() -> str:
        seen = type(row)._default_manager.get(pk=row.pk)
        after = next_status(table, event, str(seen.status))
        type(row)._default_manager.filter(pk=row.pk).update(status=after)
        return after

    return step


def test_without_the_lock_a_carrier_is_kept_and_brought_back(shop: Shop) -> None:
    rental = out(shop)
    steps = (without_the_lock(rental, RENTAL, event) for event in ("keep", "take_back"))

    assert won(meanwhile(*steps)) == ["kept", "returned"]


@pytest.mark.parametrize("customer_first", [True, False])
def test_a_carrier_is_kept_or_brought_back_and_never_both(shop: Shop, customer_first: bool) -> None:
    rental = out(shop)
    kept = partial(keep_rental, rental_id=rental.pk, actor=ME)
    returned = partial(take_back_rental, rental_id=rental.pk, condition="A", actor=CLERK)

    outcomes = meanwhile(kept, returned) if customer_first else meanwhile(returned, kept)

    assert [type(outcome) for outcome in outcomes] == [Rental, TransitionNotAllowed]
    rental.refresh_from_db()
    assert rental.status == ("kept" if customer_first else "returned")
    assert rental.charges.filter(kind=ChargeKind.KEEP).count() == int(customer_first)
    assert (Unit.objects.get(pk=rental.unit_id).status == "sold") is customer_first


def test_without_the_lock_goods_come_back_twice(shop: Shop) -> None:
    line = sent_back(collected(shop))
    receive = without_the_lock(line, SALE, "receive")

    assert won(meanwhile(receive, receive)) == ["returned", "returned"]


def test_goods_that_come_back_are_credited_by_one_of_two_clerks(shop: Shop) -> None:
    order = collected(shop)
    line = sent_back(order)
    receive = partial(receive_return, line_id=line.pk, actor=CLERK)

    first, second = meanwhile(receive, receive)

    assert (type(first), type(second)) == (OrderLine, TransitionNotAllowed)
    assert order.charges.total() == 0


def test_without_the_lock_a_cancelled_order_has_a_longer_rental(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    longer = without_the_lock(only_rental(order), RENTAL, "extend")

    assert won(meanwhile(without_the_lock(order, ORDER, "cancel"), longer)) == ["cancelled", "booked"]


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_an_order_that_is_cancelled_while_it_is_extended_charges_nothing(shop: Shop, cancelled_first: bool) -> None:
    order = shop.paid(shop.rental(10, 12))
    cancel = partial(cancel_order, order_id=order.pk, actor=ME)
    extend = partial(extend_rental, rental_id=only_rental(order).pk, end_on=shop.day(14), actor=ME)

    outcomes = meanwhile(cancel, extend) if cancelled_first else meanwhile(extend, cancel)

    assert len(won(outcomes)) == (1 if cancelled_first else 2)
    order = Order.objects.get(pk=order.pk)
    assert (order.status, order.charges.total(), only_rental(order).status) == ("cancelled", 0, "cancelled")


def test_without_the_lock_a_rental_is_handed_over_and_called_off(shop: Shop) -> None:
    rental = prepare_rental(rental_id=only_rental(shop.ready(shop.rental(0, 2))).pk, actor=CLERK)
    steps = (without_the_lock(rental, RENTAL, event) for event in ("hand_over", "call_off"))

    assert won(meanwhile(*steps)) == ["out", "cancelled"]


@pytest.mark.parametrize("handed_over_first", [True, False])
def test_a_rental_is_handed_over_or_called_off_by_one_of_two_clerks(shop: Shop, handed_over_first: bool) -> None:
    order = shop.ready(shop.rental(0, 2), shop.sale())
    rental = prepare_rental(rental_id=only_rental(order).pk, actor=CLERK)
    rent, total = rental.as_ordered_minor, order.charges.total()
    hand_over = partial(hand_over_rental, rental_id=rental.pk, actor=CLERK)
    call_off = partial(call_off_rental, rental_id=rental.pk, actor="staff:2", note="Broken.")

    outcomes = meanwhile(hand_over, call_off) if handed_over_first else meanwhile(call_off, hand_over)

    assert [type(outcome) for outcome in outcomes] == [Rental, TransitionNotAllowed]
    assert only_rental(order).status == ("out" if handed_over_first else "cancelled")
    assert order.charges.total() == (total if handed_over_first else total - rent)


def test_without_the_lock_customer_and_clerk_move_a_rental_from_the_same_days(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))
    steps = (without_the_lock(rental, RENTAL, event) for event in ("move", "rearrange"))

    assert won(meanwhile(*steps)) == ["booked", "booked"]  # each as if the other had not


@pytest.mark.parametrize("customer_first", [True, False])
def test_customer_and_clerk_move_a_rental_one_after_the_other(shop: Shop, customer_first: bool) -> None:
    """To more days by the customer, to fewer by the clerk: it costs what it has in the end."""
    order = shop.paid(shop.rental(10, 12))
    rental = only_rental(order)
    move = partial(move_rental_days, rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(15), actor=ME)
    other = partial(
        rearrange_rental, rental_id=rental.pk, start_on=shop.day(11), end_on=shop.day(12), actor=CLERK, note="Closed."
    )

    outcomes = meanwhile(move, other) if customer_first else meanwhile(other, move)

    assert len(won(outcomes)) == 2
    last = only_rental(order)
    assert last.start_on == shop.day(11 if customer_first else 10)
    assert order.charges.total() == last.line.rental_terms.fee_minor(last.start_on, last.end_on)
    assert last.reservation.period == last.period
