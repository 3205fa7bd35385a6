"""Which unit a rental gets: one unit is never promised twice, and a wrong one can be put back."""

import pytest
from django.db import IntegrityError, transaction

from inventory.errors import UnitNotFree
from inventory.models import Unit
from inventory.services import decide_unit, put_down
from orders.errors import TransitionNotAllowed
from orders.models import Rental
from orders.services import hand_over_rental, prepare_rental, swap_unit, take_back_rental, unprepare_rental
from orders.states import RentalStatus
from tests.factories.orders import RentalFactory
from tests.shop import Shop


@pytest.mark.parametrize(("days", "fits"), [((3, 9), False), ((9, 12), False), ((20, 25), True)])
def test_the_database_gives_one_unit_to_one_rental_at_a_time(db: None, days: tuple[int, int], fits: bool) -> None:
    first, second = RentalFactory(days=(3, 9), ready=True), RentalFactory(days=days)
    promise = Rental.objects.filter(pk=second.pk)

    if fits:
        promise.update(unit=first.unit)
        return
    with pytest.raises(IntegrityError, match="rental_unit_never_twice"), transaction.atomic():
        promise.update(unit=first.unit)


@pytest.mark.parametrize("over", [RentalStatus.RETURNED, RentalStatus.CLOSED, RentalStatus.CANCELLED])
def test_a_rental_that_is_over_lets_its_unit_go(db: None, over: str) -> None:
    first, second = RentalFactory(days=(3, 9), ready=True), RentalFactory(days=(3, 9))
    Rental.objects.filter(pk=first.pk).update(status=over)

    Rental.objects.filter(pk=second.pk).update(unit=first.unit)

    assert Rental.objects.filter(unit=first.unit).count() == 2


def test_a_unit_comes_back_in_a_condition_that_there_is(db: None) -> None:
    rental = RentalFactory(days=(3, 9), ready=True)

    with pytest.raises(ValueError, match="'E' is no condition of a unit"):
        take_back_rental(rental_id=rental.pk, actor="clerk", condition="E")


def test_a_unit_that_was_set_aside_by_mistake_is_put_back_and_another_taken(shop: Shop) -> None:
    rental = Rental.objects.get(line__order=shop.ready(shop.rental(0, 3)))
    prepare_rental(rental_id=rental.pk, actor="staff:1", serial="CRATE-1-2")

    back = unprepare_rental(rental_id=rental.pk, actor="staff:1", note="a wheel is loose")

    assert (back.status, back.unit) == (RentalStatus.BOOKED, None)
    event = back.line.order.events.last()
    assert event is not None
    assert (event.event, event.note) == ("unprepare", "CRATE-1-2. a wheel is loose")
    again = prepare_rental(rental_id=rental.pk, actor="staff:1", serial="CRATE-1-3")
    assert again.unit is not None
    assert again.unit.serial == "CRATE-1-3"


def test_what_the_customer_has_is_not_put_back(shop: Shop) -> None:
    rental = Rental.objects.get(line__order=shop.ready(shop.rental(0, 3)))
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")

    with pytest.raises(TransitionNotAllowed):
        unprepare_rental(rental_id=rental.pk, actor="staff:1")


def test_a_unit_that_broke_while_it_stood_ready_may_go_to_somebody_else_once_it_is_mended(shop: Shop) -> None:
    first, second = (Rental.objects.get(line__order=shop.ready(shop.rental(0, 3))) for _ in range(2))
    prepare_rental(rental_id=first.pk, actor="staff:1", serial="CRATE-1-2")
    unit = Unit.objects.get(serial="CRATE-1-2")
    decide_unit(unit_id=unit.pk, event="break")
    decide_unit(unit_id=unit.pk, event="mend")

    prepared = prepare_rental(rental_id=second.pk, actor="staff:1", serial="CRATE-1-2")

    first.refresh_from_db()
    assert prepared.unit == unit
    assert (first.status, first.unit) == (RentalStatus.BOOKED, None)
    event = first.line.order.events.last()
    assert event is not None
    assert event.event == "unprepare"
    assert prepare_rental(rental_id=first.pk, actor="staff:1").unit not in (None, unit)


def test_a_unit_does_not_leave_early_on_days_for_which_it_stands_ready_for_somebody_else(shop: Shop) -> None:
    """Another one is free on these days, so the clerk swaps."""
    later, sooner = (Rental.objects.get(line__order=shop.ready(shop.rental(*days))) for days in [(8, 10), (3, 5)])
    for rental in (later, sooner):
        prepare_rental(rental_id=rental.pk, actor="staff:1", serial="CRATE-1-2")

    with pytest.raises(UnitNotFree, match="stands ready for somebody else"):
        hand_over_rental(rental_id=later.pk, actor="staff:1")

    swap_unit(rental_id=later.pk, actor="staff:1", serial="CRATE-1-3")
    assert hand_over_rental(rental_id=later.pk, actor="staff:1").status == RentalStatus.OUT


def test_a_rental_that_lost_its_unit_is_in_nobodys_way_when_that_unit_leaves_early(shop: Shop) -> None:
    later, sooner = (Rental.objects.get(line__order=shop.ready(shop.rental(*days))) for days in [(8, 10), (3, 5)])
    prepare_rental(rental_id=sooner.pk, actor="staff:1", serial="CRATE-1-2")
    unit = Unit.objects.get(serial="CRATE-1-2")
    prepare_rental(rental_id=later.pk, actor="staff:1", serial="CRATE-1-2")
    put_down(reservation_id=sooner.reservation_id)  # as when it breaks and is mended

    assert hand_over_rental(rental_id=later.pk, actor="staff:1").unit == unit

    sooner.refresh_from_db()
    assert (sooner.status, sooner.unit) == (RentalStatus.BOOKED, None)
