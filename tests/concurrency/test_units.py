"""One unit, two hands."""

from datetime import date
from functools import partial

import pytest
from django.utils import timezone

from core.time import day_after, today_in
from inventory.errors import UnitNotFree
from inventory.models import Reservation, Unit
from inventory.providers.base import Changes, UnitRecord
from inventory.services import apply_changes, commit, hold, ship, take_in
from tests.concurrency.racing import meanwhile, race, won
from tests.inventory.shelf import NOW, Shelf, in_minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


def booked(shelf: Shelf, *, rentals: int = 1, days: int = 3) -> list[Reservation]:
    today: date = today_in(shelf.depot.time_zone)
    rows = hold(claims=[shelf.rental(today, day_after(today, days))] * rentals, expires_at=in_minutes(15))
    commit(reservation_ids=[row.pk for row in rows])
    return rows


def test_a_unit_is_handed_to_one_customer_only() -> None:
    shelf = Shelf(units=2)
    unit = shelf.all_units[0]
    mine, yours = booked(shelf, rentals=2)

    outcomes = race([partial(ship, reservation_id=row.pk, unit_id=unit.pk) for row in (mine, yours)])

    assert len(won(outcomes)) == 1
    assert [type(outcome) for outcome in outcomes].count(UnitNotFree) == 1
    assert Reservation.objects.get(status="shipped").unit == unit


@pytest.mark.parametrize("first", ["clerk", "mirror"])
def test_news_of_a_unit_never_undo_the_hand_over_that_happens_meanwhile(first: str) -> None:
    shelf = Shelf(units=1)
    (unit,), (row,) = shelf.all_units, booked(shelf)
    seen = UnitRecord(unit.serial, shelf.variant.sku, shelf.depot.code, "A", "available", NOW)
    clerk = partial(ship, reservation_id=row.pk, unit_id=unit.pk)
    mirror = partial(apply_changes, Changes([], [seen], "1", more=False))

    won(meanwhile(clerk, mirror) if first == "clerk" else meanwhile(mirror, clerk))

    assert Unit.objects.get().status == "out"


def test_a_unit_that_turns_out_to_be_broken_meanwhile_is_not_handed_over() -> None:
    shelf = Shelf(units=1)
    (unit,), (row,) = shelf.all_units, booked(shelf)
    broken = UnitRecord(unit.serial, shelf.variant.sku, shelf.depot.code, "D", "maintenance", timezone.now())

    _, handed_over = meanwhile(
        partial(apply_changes, Changes([], [broken], "1", more=False)),
        partial(ship, reservation_id=row.pk, unit_id=unit.pk),
    )

    assert isinstance(handed_over, UnitNotFree)
    assert Unit.objects.get().status == "maintenance"


def test_a_return_that_two_clerks_record_is_recorded_once() -> None:
    shelf = Shelf(units=1)
    (unit,), (row,) = shelf.all_units, booked(shelf)
    ship(reservation_id=row.pk, unit_id=unit.pk)

    outcomes = race([partial(take_in, reservation_id=row.pk, condition="B", turnaround_days=1)] * 2)

    assert len(won(outcomes)) == 2
    assert unit.downtimes.count() == 1
