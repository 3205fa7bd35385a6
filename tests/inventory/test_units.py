"""Things that leave and come back."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange

from inventory.errors import HoldLapsed, UnitNotFree
from inventory.models import Downtime, Reservation, Unit
from inventory.services import commit, free_units, put_back, release, ship, take_in
from tests.factories.inventory import DowntimeFactory, UnitFactory
from tests.inventory.shelf import Shelf
from tests.jobs import waiting_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def april(day: int) -> date:
    return date(2027, 4, day)  # today is the 20th


def booked(shelf: Shelf, first: int = 20, end: int = 26) -> Reservation:
    (row,) = shelf.hold(shelf.rental(april(first), april(end)))
    commit(reservation_ids=[row.pk])
    row.refresh_from_db()
    return row


def out(shelf: Shelf, **days: int) -> Reservation:
    return ship(reservation_id=booked(shelf, **days).pk, unit_id=shelf.all_units[0].pk)


def syncs_of(row: Reservation) -> int:
    return waiting_jobs().count(("inventory.sync_reservation", {"reservation_id": str(row.pk)}))


def status_of(unit: Unit) -> str:
    unit.refresh_from_db()
    return unit.status


# Leaving


def test_a_rental_leaves_with_its_unit_and_the_inventory_system_will_hear_of_it() -> None:
    shelf = Shelf(units=2)
    row, unit = booked(shelf), shelf.all_units[1]

    shipped = ship(reservation_id=row.pk, unit_id=unit.pk)
    ship(reservation_id=row.pk, unit_id=unit.pk)

    assert (shipped.status, shipped.unit) == ("shipped", unit)
    assert status_of(unit) == "out"
    assert syncs_of(row) == 1
    assert shelf.free(april(20), april(27)).rental_by_day == [1, 1, 1, 1, 1, 1, 2]


def test_a_sale_leaves_without_a_unit_and_counts_until_it_is_counted() -> None:
    shelf = Shelf(pieces=3)
    (row,) = shelf.hold(shelf.sale(2))
    commit(reservation_ids=[row.pk])

    assert ship(reservation_id=row.pk).status == "shipped"
    assert (shelf.free().sale, syncs_of(row)) == (1, 1)

    Reservation.objects.update(status="fulfilled")  # counted
    assert ship(reservation_id=row.pk).status == "fulfilled"
    assert syncs_of(row) == 1


@pytest.mark.parametrize("end", [release, None])
def test_only_what_is_paid_for_can_leave(end: Any) -> None:
    shelf = Shelf(units=1)
    (row,) = shelf.hold(shelf.rental(april(20), april(26)))
    if end:
        end(reservation_ids=[row.pk])

    with pytest.raises(HoldLapsed):
        ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)

    assert status_of(shelf.all_units[0]) == "available"


@pytest.mark.parametrize("status", ["out", "cleaning", "maintenance", "lost", "sold", "retired"])
def test_only_a_unit_on_the_shelf_can_leave(status: str) -> None:
    shelf = Shelf(units=2)
    row, unit = booked(shelf), shelf.all_units[0]
    Unit.objects.filter(pk=unit.pk).update(status=status)

    with pytest.raises(UnitNotFree, match=status):
        ship(reservation_id=row.pk, unit_id=unit.pk)

    row.refresh_from_db()
    assert (row.status, status_of(unit)) == ("committed", status)


def test_a_rental_leaves_with_a_unit_of_its_own_kind_and_depot_and_never_without() -> None:
    shelf = Shelf(units=1)
    row = booked(shelf)

    for unit_id in (None, UnitFactory(depot=shelf.depot).pk, UnitFactory(variant=shelf.variant).pk):
        with pytest.raises(UnitNotFree):
            ship(reservation_id=row.pk, unit_id=unit_id)


def test_a_unit_that_leaves_early_takes_the_days_until_its_own_begin() -> None:
    shelf = Shelf(units=1)
    row = booked(shelf, first=23, end=26)

    shipped = ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)

    shipped.refresh_from_db()
    assert shipped.period == DateRange(april(20), april(26))
    assert shelf.free(april(19), april(27)).rental_by_day == [1, 0, 0, 0, 0, 0, 0, 1]


def test_a_unit_cannot_leave_early_when_somebody_else_is_promised_these_days() -> None:
    shelf = Shelf(units=1)
    row = booked(shelf, first=23, end=26)
    booked(shelf, first=21, end=22)

    with pytest.raises(UnitNotFree, match="2027-04-23"):
        ship(reservation_id=row.pk, unit_id=shelf.all_units[0].pk)

    assert status_of(shelf.all_units[0]) == "available"


# Coming back


@pytest.mark.parametrize(
    ("returned_on", "turnaround_days", "free_by_day"),
    [
        (22, 1, [1, 1, 0, 0, 1, 1, 1, 1, 1, 1]),  # early: the days after its cleaning are free again
        (24, 1, [1, 1, 1, 1, 0, 0, 1, 1, 1, 1]),  # on its last day
        (26, 2, [1, 1, 1, 1, 1, 1, 0, 0, 0, 1]),  # late
        (22, 0, [1, 1, 0, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_what_is_back_is_free_after_its_turnaround(
    returned_on: int, turnaround_days: int, free_by_day: list[int], clock: time_machine.Traveller
) -> None:
    shelf = Shelf(units=1)
    row, (unit,) = out(shelf), shelf.all_units
    clock.shift(timedelta(days=returned_on - 20))

    for _ in range(2):
        taken = take_in(reservation_id=row.pk, condition="C", turnaround_days=turnaround_days)

    assert (taken.status, status_of(unit), unit.condition) == ("fulfilled", "cleaning", "C")
    assert taken.period == DateRange(april(20), april(returned_on + 1 + turnaround_days))
    assert syncs_of(row) == 1  # tells both, that it left and that it came back
    assert shelf.free(april(20), april(30)).rental_by_day == free_by_day


def test_nothing_comes_back_that_never_left() -> None:
    shelf = Shelf(pieces=1, units=1)
    (sale,) = shelf.hold(shelf.sale())
    commit(reservation_ids=[sale.pk])
    ship(reservation_id=sale.pk)

    for row in (booked(shelf), sale):
        with pytest.raises(HoldLapsed):
            take_in(reservation_id=row.pk, condition="A", turnaround_days=1)


def test_a_turnaround_leaves_the_downtimes_that_were_planned_as_they_are() -> None:
    shelf = Shelf(units=1)
    row, (unit,) = out(shelf), shelf.all_units
    DowntimeFactory(unit=unit, days=(april(21), april(22)), reason="Zip")
    DowntimeFactory(unit=unit, days=(april(23), april(28)), reason="Fair")

    take_in(reservation_id=row.pk, condition="B", turnaround_days=4)

    down = Downtime.objects.order_by("period").values_list("reason", "period")
    assert [(reason, period.lower.day, period.upper.day) for reason, period in down] == [
        ("Turnaround", 20, 21),
        ("Zip", 21, 22),
        ("Turnaround", 22, 23),
        ("Fair", 23, 28),
    ]


# Back on the shelf


def test_a_cleaned_unit_is_free_at_once() -> None:
    shelf = Shelf(units=1)
    row, (unit,) = out(shelf), shelf.all_units
    DowntimeFactory(unit=unit, days=(april(27), april(29)))
    take_in(reservation_id=row.pk, condition="A", turnaround_days=3)

    for _ in range(2):
        assert put_back(unit_id=unit.pk).status == "available"

    assert shelf.free(april(20), april(30)).rental_by_day == [1, 1, 1, 1, 1, 1, 1, 0, 0, 1]


def test_a_unit_that_is_not_fit_goes_to_maintenance() -> None:
    shelf = Shelf(units=1)
    row, (unit,) = out(shelf), shelf.all_units
    take_in(reservation_id=row.pk, condition="D", turnaround_days=1)

    assert put_back(unit_id=unit.pk, fit=False).status == "maintenance"
    assert put_back(unit_id=unit.pk).status == "maintenance"

    assert shelf.free(april(20), april(30)).rental == 0


@pytest.mark.parametrize("status", ["available", "out", "maintenance", "lost", "sold", "retired"])
def test_only_a_unit_being_cleaned_is_put_back(status: str) -> None:
    unit = UnitFactory(status=status)

    assert put_back(unit_id=unit.pk).status == status


def test_the_units_to_choose_from_are_on_the_shelf_for_all_these_days_best_first() -> None:
    shelf = Shelf(units=0)
    worn, new, also_new, planned = (
        UnitFactory(variant=shelf.variant, depot=shelf.depot, condition=condition, serial=serial)
        for condition, serial in [("C", "U-1"), ("A", "U-3"), ("A", "U-2"), ("A", "U-0")]
    )
    UnitFactory(variant=shelf.variant, depot=shelf.depot, status="cleaning")
    UnitFactory(variant=shelf.variant)
    UnitFactory(depot=shelf.depot)
    DowntimeFactory(unit=planned, days=(april(22), april(23)))
    DowntimeFactory(unit=worn, days=(april(26), april(27)))

    choice = {"variant_id": shelf.variant.pk, "depot_id": shelf.depot.pk}
    assert free_units(**choice, period=(april(20), april(26))) == [also_new, new, worn]
    assert free_units(**choice, period=(april(23), april(26))) == [planned, also_new, new, worn]
