"""Four weeks of a fleet: every day of every unit says what it is, and no booking is left out."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.fleet_calendar import FleetCalendar, Look, fleet_calendar
from inventory.models import Reservation, Unit
from inventory.states import UnitStatus
from tests.desk import sit
from tests.factories.inventory import DowntimeFactory, UnitFactory
from tests.factories.orders import RentalFactory
from tests.inventory.shelf import NOW, Shelf
from tests.orders.desk import address

pytestmark = pytest.mark.django_db
TODAY = date(2027, 4, 20)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def looked_at(shelf: Shelf, first: date = TODAY, days: int = 28) -> FleetCalendar:
    return fleet_calendar(depot=shelf.depot, variants=[shelf.variant], first=first, days=days, now=NOW)


def looks(calendar: FleetCalendar, row: int = 0) -> list[str]:
    """Day by day."""
    cells = calendar.pools[0].units[row].cells
    return [cell.mark.look for cell in cells for _ in range(cell.days)]


def book(shelf: Shelf, first: int, end: int, **fields: Any) -> Reservation:
    fields = {"status": "committed", "expires_at": None, **fields}
    return shelf.reserved(rental=(day(first), day(end)), **fields)


def shown(calendar: FleetCalendar) -> set[UUID]:
    return calendar.reservation_ids


def test_each_day_of_a_unit_says_what_it_is(clock: Any):
    shelf = Shelf(units=1)
    unit = shelf.all_units[0]
    book(shelf, 1, 3, unit=unit)
    book(shelf, 4, 5)
    DowntimeFactory(unit=unit, days=(day(6), day(8)))
    DowntimeFactory(unit=unit, days=(day(8), day(9)), is_turnaround=True)

    seen = looks(looked_at(shelf, days=10))

    ready, planned, down, clean, free = Look.SET_ASIDE, Look.PLANNED, Look.DOWN, Look.CLEANING, Look.FREE
    assert seen == [free, ready, ready, free, planned, free, down, down, clean, free]


def test_a_unit_that_is_out_keeps_its_days_and_one_that_is_late_keeps_today_and_its_turnaround(clock: Any):
    shelf = Shelf(units=2)
    one, other = shelf.all_units
    book(shelf, -1, 2, status="shipped", unit=one)
    book(shelf, -5, -2, status="shipped", unit=other, turnaround_days=1)
    Unit.objects.update(status="out")

    calendar = looked_at(shelf, first=day(-6), days=10)

    assert looks(calendar, 0)[5:] == [Look.OUT, Look.OUT, Look.OUT, Look.FREE, Look.FREE]
    assert looks(calendar, 1) == [Look.FREE, *[Look.LATE] * 7, Look.FREE, Look.FREE]


def test_what_came_back_is_the_past_only(clock: Any):
    shelf = Shelf(units=1)
    book(shelf, -4, 1, status="fulfilled", unit=shelf.all_units[0])

    assert looks(looked_at(shelf, first=day(-5), days=7)) == [Look.FREE, *[Look.WAS_OUT] * 4, Look.FREE, Look.FREE]


@pytest.mark.parametrize(
    ("status", "look"),
    [(UnitStatus.MAINTENANCE, Look.DOWN), (UnitStatus.OUT, Look.AWAY), (UnitStatus.AVAILABLE, Look.FREE)],
)
def test_what_nobody_can_have_from_today_on_is_seen_from_today_on(clock: Any, status: str, look: Look):
    shelf = Shelf(units=1)
    Unit.objects.update(status=status)

    assert looks(looked_at(shelf, first=day(-2), days=5)) == [Look.FREE, Look.FREE, look, look, look]


def test_a_unit_being_cleaned_is_so_today(clock: Any):
    shelf = Shelf(units=1)
    Unit.objects.update(status=UnitStatus.CLEANING)

    assert looks(looked_at(shelf, days=3)) == [Look.CLEANING, Look.FREE, Look.FREE]


@pytest.mark.parametrize("status", [UnitStatus.LOST, UnitStatus.SOLD, UnitStatus.RETIRED])
def test_what_left_the_fleet_is_not_shown_and_its_bookings_are(clock: Any, status: str):
    shelf = Shelf(units=1)
    row = book(shelf, 2, 4)
    Unit.objects.update(status=status)

    pool = looked_at(shelf).pools[0]

    assert pool.units == []
    assert [cell.mark.reservation_id for cell in pool.unserved[0] if cell.mark.look == Look.UNSERVED] == [row.pk]


def test_bookings_that_nothing_is_left_for_share_a_row_where_they_do_not_meet(clock: Any):
    shelf = Shelf(units=0)
    for days in ((1, 4), (4, 6), (3, 5)):
        book(shelf, *days)

    assert len(looked_at(shelf).pools[0].unserved) == 2


def test_the_plan_leaves_out_no_booking_that_fits(clock: Any):
    """Laid out one after the other on the first unit that is free, the last one would find none."""
    shelf = Shelf(units=2)
    DowntimeFactory(unit=shelf.all_units[0], days=(day(5), day(6)))
    rows = [book(shelf, 1, 3), book(shelf, 2, 8), book(shelf, 3, 5)]

    calendar = looked_at(shelf)

    assert calendar.pools[0].unserved == []
    assert shown(calendar) == {row.pk for row in rows}


def test_a_unit_set_aside_that_went_down_since_does_not_hide_the_booking(clock: Any):
    shelf = Shelf(units=2)
    row = book(shelf, 1, 3, unit=shelf.all_units[0])
    DowntimeFactory(unit=shelf.all_units[0], days=(day(2), day(3)))

    calendar = looked_at(shelf)

    assert looks(calendar, 1)[1:3] == [Look.PLANNED, Look.PLANNED]
    assert shown(calendar) == {row.pk}


def test_a_hold_that_has_lapsed_takes_no_place(clock: Any):
    shelf = Shelf(units=1)
    book(shelf, 1, 3, status="held", expires_at=NOW - timedelta(seconds=1))
    alive = book(shelf, 1, 3, status="held", expires_at=NOW + timedelta(minutes=5))

    calendar = looked_at(shelf)

    assert shown(calendar) == {alive.pk}
    assert {cell.mark.note for cell in calendar.pools[0].units[0].cells} == {"", "held, not paid yet"}


def test_days_are_the_depots_own():
    shelf = Shelf(units=1)
    shelf.depot.time_zone = "Pacific/Auckland"
    shelf.depot.save()

    assert looked_at(shelf).today == day(1)


def test_it_asks_the_same_number_of_statements_for_any_fleet(clock: Any, django_assert_num_queries: Any):
    small, large = Shelf(units=1), Shelf(units=6)
    for n in range(10):
        book(large, n, n + 3)
        book(large, -9 + n, -8 + n, status="fulfilled", unit=large.all_units[0])
        DowntimeFactory(unit=large.all_units[n % 6], days=(day(20 + 2 * n), day(21 + 2 * n)))

    for shelf in (small, large):
        with django_assert_num_queries(8):
            looked_at(shelf)


# ------------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def clerk(client: Client) -> Client:
    return sit(client, "clerk")


def rented(unit: Unit, first: int = 3, last: int = 6) -> Any:
    return RentalFactory(
        line__order__confirmed=True, line__order__depot=unit.depot, line__variant=unit.variant, days=(first, last)
    )


CALENDAR = "inventory_unit_calendar"


def test_the_page_names_orders_and_links_to_them(clerk: Client):
    rental = rented(UnitFactory())

    text = clerk.get(address(CALENDAR)).content.decode()

    assert rental.line.order.number in text
    assert address("orders_order_change", rental.line.order) in text
    assert str(rental.line.order.customer) in text


def test_the_page_asks_the_same_number_of_statements_for_any_fleet(clerk: Client):
    unit = UnitFactory()
    rented(unit)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert clerk.get(address(CALENDAR), {"depot": unit.depot_id}).status_code == 200
        return len(captured)

    statements()
    few = statements()
    for n in range(8):
        more = UnitFactory(depot=unit.depot)
        rented(more, n, n + 2)
        DowntimeFactory(unit=more, days=(timezone.localdate(), timezone.localdate() + timedelta(days=1)))
        rented(unit)

    assert statements() == few


def test_units_are_found_by_container_and_sku_and_booked_pools_without_units_are_not_hidden(clerk: Client):
    unit = UnitFactory(variant__sku="MUR-M", variant__container__name="Murmur")
    other = UnitFactory(depot=unit.depot, variant__sku="COC-S")
    rented(other)
    Unit.objects.filter(pk=other.pk).update(status=UnitStatus.LOST)

    def groups(**asked: Any) -> set[str]:
        page = clerk.get(address(CALENDAR), {"depot": unit.depot_id, **asked})
        return {group.sku for group in page.context["sheet"].groups}

    assert groups() == {"MUR-M", "COC-S"}
    assert groups(q="murmur mur-m") == groups(q="mur") == {"MUR-M"}
    assert groups(q="nothing") == set()


@pytest.mark.parametrize(
    "asked",
    [{"from": "9999-12-31"}, {"from": "0001-01-01"}, {"from": "soon"}, {"depot": "x"}, {"p": "99"}, {"q": "\x00"}],
)
def test_what_makes_no_sense_is_answered_all_the_same(clerk: Client, asked: dict[str, str]):
    UnitFactory()

    assert clerk.get(address(CALENDAR), asked).status_code == 200


def test_a_shop_without_a_depot_has_an_empty_calendar(clerk: Client):
    assert "There is no depot yet" in clerk.get(address(CALENDAR)).content.decode()


def test_today_is_marked_by_the_depots_clock(client: Client):
    UnitFactory(depot__time_zone="Pacific/Auckland")
    late = timezone.now().replace(hour=13)

    with time_machine.travel(late, tick=False):
        columns = sit(client, "clerk").get(address(CALENDAR)).context["sheet"].columns

    assert [column.day for column in columns if "today" in column.css] == [late.date() + timedelta(days=1)]


@pytest.mark.parametrize("group", ["catalog", "refunds"])
def test_who_sees_no_units_sees_no_calendar(client: Client, group: str):
    assert sit(client, group).get(address(CALENDAR)).status_code == 403
