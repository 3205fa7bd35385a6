"""Units are chosen late, and never so that somebody else goes without."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import time_machine

from inventory.errors import HoldLapsed, OutOfStock, UnitNotFree, UnitTransitionNotAllowed
from inventory.models import Reservation, StockLevel, Unit
from inventory.services import (
    add_unit,
    commit,
    decide_unit,
    exchange_units,
    put_down,
    release,
    review_promises,
    set_aside,
    ship,
    take_in,
)
from inventory.states import DECISIONS, UNIT, UnitStatus
from tests.factories.inventory import DepotFactory, DowntimeFactory, UnitFactory
from tests.inventory.shelf import Shelf
from tests.jobs import waiting_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def april(day: int) -> date:
    return date(2027, 4, day)  # today is the 20th


def paid(shelf: Shelf, first: int, end: int) -> Reservation:
    (row,) = shelf.hold(shelf.rental(april(first), april(end)))
    commit(reservation_ids=[row.pk])
    return row


def unit_of(row: Reservation) -> str | None:
    row.refresh_from_db()
    return row.unit.serial if row.unit else None


def review() -> None:
    """What the job does; the inventory system is not there to be told."""
    for task, arguments in waiting_jobs("review_promises"):
        assert task == "inventory.review_promises"
        review_promises(**arguments)


def two_units(**later: tuple[int, int]) -> tuple[Shelf, Unit, Unit]:
    """Two units; `first` and `second` name the days on which they are down."""
    shelf = Shelf(units=2)
    first, second = shelf.all_units
    for unit, name in ((first, "first"), (second, "second")):
        if name in later:
            DowntimeFactory(unit=unit, days=(april(later[name][0]), april(later[name][1])))
    return shelf, first, second


# Setting aside


def test_a_paid_rental_gets_a_unit_and_asking_again_gives_one_too() -> None:
    shelf = Shelf(units=1)
    row = paid(shelf, 20, 23)

    assert [set_aside(reservation_id=row.pk).unit for _ in range(2)] == shelf.all_units * 2
    assert shelf.all_units[0].status == "available"


def test_the_unit_with_room_is_kept_for_the_booking_that_needs_it() -> None:
    shelf, roomy, down_later = two_units(second=(24, 26))
    long = paid(shelf, 21, 26)
    short = paid(shelf, 20, 22)

    assert set_aside(reservation_id=short.pk).unit == down_later
    assert set_aside(reservation_id=long.pk).unit == roomy


def test_a_unit_that_somebody_else_needs_is_refused_by_name_and_another_is_named() -> None:
    shelf, roomy, down_later = two_units(second=(24, 26))
    paid(shelf, 21, 26)
    short = paid(shelf, 20, 22)

    with pytest.raises(UnitNotFree, match=f"{roomy.serial} is needed.*Take {down_later.serial} instead"):
        set_aside(reservation_id=short.pk, serial=roomy.serial)


def test_a_unit_that_stands_ready_for_somebody_is_not_given_to_another() -> None:
    shelf = Shelf(units=2)
    one, other = paid(shelf, 20, 23), paid(shelf, 21, 24)
    first = set_aside(reservation_id=one.pk).unit

    assert set_aside(reservation_id=other.pk).unit != first
    with pytest.raises(UnitNotFree):
        set_aside(reservation_id=other.pk, serial=first.serial if first else "")


def test_a_unit_ready_for_next_month_may_serve_until_then() -> None:
    shelf = Shelf(units=1)
    later, now = paid(shelf, 26, 28), paid(shelf, 20, 24)
    set_aside(reservation_id=later.pk)

    assert set_aside(reservation_id=now.pk).unit == shelf.all_units[0]


def test_only_what_is_paid_gets_a_unit() -> None:
    shelf = Shelf(units=1, pieces=1)
    (held,) = shelf.hold(shelf.rental(april(20), april(22)))
    (bought,) = shelf.hold(shelf.sale())
    commit(reservation_ids=[bought.pk])

    for row in (held, bought):
        with pytest.raises(HoldLapsed):
            set_aside(reservation_id=row.pk)


@pytest.mark.parametrize("status", sorted(set(UnitStatus.values) - {"available"}))
def test_only_what_is_on_the_shelf_is_set_aside(status: str) -> None:
    shelf = Shelf(units=1)
    row = paid(shelf, 20, 22)
    Unit.objects.update(status=status)

    with pytest.raises(UnitNotFree, match="on the shelf"):
        set_aside(reservation_id=row.pk)


def test_where_more_is_promised_than_there_is_the_first_come_is_served() -> None:
    shelf = Shelf(units=2)
    first, second = paid(shelf, 20, 23), paid(shelf, 20, 23)
    decide_unit(unit_id=shelf.all_units[0].pk, event="lose")

    assert set_aside(reservation_id=first.pk).unit == shelf.all_units[1]
    with pytest.raises(UnitNotFree):
        set_aside(reservation_id=second.pk)


def test_a_choice_is_taken_back_and_what_is_given_up_frees_its_unit() -> None:
    shelf = Shelf(units=2)
    one, other = paid(shelf, 20, 23), paid(shelf, 20, 23)
    for row in (one, other):
        set_aside(reservation_id=row.pk)

    for _ in range(2):
        put_down(reservation_id=one.pk)
    release(reservation_ids=[other.pk])

    assert unit_of(one) is unit_of(other) is None


def test_a_unit_that_cannot_serve_its_booking_any_more_keeps_nobody_else_from_getting_one() -> None:
    shelf = Shelf(units=3)
    later, now = paid(shelf, 24, 27), paid(shelf, 20, 23)
    unit = set_aside(reservation_id=later.pk).unit
    assert unit is not None
    DowntimeFactory(unit=unit, days=(april(25), april(26)))

    assert set_aside(reservation_id=now.pk).unit is not None


def test_a_downtime_after_the_days_asked_for_counts_too() -> None:
    """A booking reaches from these days to that downtime; the counts of these days alone would promise too much."""
    shelf, first, _ = two_units(first=(26, 28))
    out = paid(shelf, 20, 24)
    ship(reservation_id=out.pk, unit_id=first.pk)
    paid(shelf, 24, 30)  # only the second unit can serve it

    assert shelf.free(april(22), april(25)).rental == 1
    with pytest.raises(OutOfStock):
        shelf.hold(shelf.rental(april(22), april(25)))


# Swapping


def test_two_bookings_swap_their_units() -> None:
    shelf = Shelf(units=2)
    one, other = paid(shelf, 20, 23), paid(shelf, 21, 24)
    before = {set_aside(reservation_id=row.pk).unit_id for row in (one, other)}

    exchange_units(one_id=one.pk, other_id=other.pk)

    assert [unit_of(one), unit_of(other)] == [unit.serial for unit in reversed(shelf.all_units)]
    assert {Reservation.objects.get(pk=row.pk).unit_id for row in (one, other)} == before


def test_units_are_not_swapped_onto_days_on_which_they_are_down() -> None:
    shelf, _, _ = two_units(second=(24, 26))
    short, long = paid(shelf, 20, 22), paid(shelf, 21, 26)
    for row in (short, long):
        set_aside(reservation_id=row.pk)
    before = unit_of(short), unit_of(long)

    with pytest.raises(UnitNotFree):
        exchange_units(one_id=short.pk, other_id=long.pk)
    assert (unit_of(short), unit_of(long)) == before
    put_down(reservation_id=long.pk)
    with pytest.raises(UnitNotFree):
        exchange_units(one_id=short.pk, other_id=long.pk)


def test_a_swap_takes_no_unit_from_a_third() -> None:
    shelf, _, _ = two_units(second=(26, 28))
    short, long = paid(shelf, 20, 22), paid(shelf, 21, 24)
    third = paid(shelf, 22, 30)  # needs the unit that is never down
    with_third = set_aside(reservation_id=third.pk).unit
    for row in (short, long):
        set_aside(reservation_id=row.pk)

    with pytest.raises(UnitNotFree):
        exchange_units(one_id=short.pk, other_id=long.pk)
    assert unit_of(third) == (with_third.serial if with_third else None)


# Leaving


def test_the_unit_that_stands_ready_is_the_one_that_leaves() -> None:
    shelf = Shelf(units=2)
    row = paid(shelf, 20, 23)
    ready = set_aside(reservation_id=row.pk).unit

    assert ship(reservation_id=row.pk).unit == ready


def test_who_comes_after_his_days_takes_the_days_from_now_if_nobody_else_has_them(
    clock: time_machine.Traveller,
) -> None:
    shelf = Shelf(units=1)
    row = paid(shelf, 20, 22)
    clock.shift(timedelta(days=5))

    shipped = ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)

    assert (shipped.period.lower, shipped.period.upper) == (april(20), april(26))


def test_who_comes_after_his_days_does_not_get_what_the_next_one_booked(clock: time_machine.Traveller) -> None:
    shelf = Shelf(units=1)
    row = paid(shelf, 20, 22)
    paid(shelf, 25, 27)
    clock.shift(timedelta(days=5))

    with pytest.raises(UnitNotFree, match="promised to somebody else"):
        ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)


# Coming back


def test_a_unit_may_come_back_elsewhere_and_is_promised_there() -> None:
    shelf, there = Shelf(units=1), DepotFactory()
    row = paid(shelf, 20, 23)
    ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)

    take_in(reservation_id=row.pk, condition="B", turnaround_days=0, depot_id=there.pk)

    assert shelf.free(april(21), april(22)).rental == 0
    assert StockLevel.objects.filter(variant=shelf.variant, depot=there).exists()
    assert Unit.objects.get().depot == there


@pytest.mark.parametrize("event", ["find", "mend"])
def test_a_unit_whose_rental_is_not_back_is_not_put_on_the_shelf_past_it(event: str) -> None:
    shelf = Shelf(units=1)
    row = paid(shelf, 20, 23)
    ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)
    decide_unit(unit_id=shelf.all_units[0].pk, event="lose")
    if event == "mend":
        Unit.objects.update(status="maintenance")

    with pytest.raises(UnitNotFree, match="take it back there"):
        decide_unit(unit_id=shelf.all_units[0].pk, event=event)
    assert take_in(reservation_id=row.pk, condition="B").status == "fulfilled"
    assert shelf.all_units[0].status == "cleaning"


# What staff decide


@pytest.mark.parametrize("status", UnitStatus.values)
@pytest.mark.parametrize("event", DECISIONS)
def test_only_what_makes_sense_can_be_said_of_a_unit(status: str, event: str) -> None:
    unit = UnitFactory(status=status)
    allowed = sorted({name for name, source in UNIT if source == status and name in DECISIONS})

    if (event, status) in UNIT:
        decided = decide_unit(unit_id=unit.pk, event=event, condition="C")
        assert (decided.status, decided.condition, decided.decided_here) == (UNIT[event, status], "C", True)
        assert ("inventory.tell_unit", {"unit_id": unit.pk}) in waiting_jobs()
    else:
        with pytest.raises(UnitTransitionNotAllowed) as no:
            decide_unit(unit_id=unit.pk, event=event)
        assert no.value.members["allowed"] == allowed
        assert waiting_jobs() == []


def test_a_unit_that_breaks_no_longer_stands_ready_and_whose_booking_it_was_is_found() -> None:
    shelf = Shelf(units=1)
    row = paid(shelf, 20, 23)
    set_aside(reservation_id=row.pk)

    decide_unit(unit_id=shelf.all_units[0].pk, event="break")
    review()

    row.refresh_from_db()
    assert (row.unit, row.misfit_at is not None) == (None, True)
    decide_unit(unit_id=shelf.all_units[0].pk, event="mend")
    review()
    row.refresh_from_db()
    assert row.misfit_at is None


def test_the_youngest_booking_is_the_one_that_cannot_be_served() -> None:
    shelf = Shelf(units=2)
    rows = [paid(shelf, 20, 23), paid(shelf, 21, 24)]
    decide_unit(unit_id=shelf.all_units[0].pk, event="lose")

    review()

    assert misfits() == {rows[1].pk}
    release(reservation_ids=[rows[0].pk])
    review()
    assert misfits() == set()


def misfits() -> set[UUID]:
    return set(Reservation.objects.filter(misfit_at__isnull=False).values_list("pk", flat=True))


def test_a_new_unit_can_be_promised_at_once() -> None:
    shelf = Shelf()
    shelf.level.delete()

    add_unit(unit=Unit(serial="NEW-1", variant=shelf.variant, depot=shelf.depot))

    assert shelf.free().rental == 1
