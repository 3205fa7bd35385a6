"""What is free: each rule of the one function that counts it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from psycopg import _queries

from bench.availability import Volume, fill
from inventory import selectors
from inventory.models import StockLevel, Unit
from inventory.selectors import PoolAvailability, availability
from inventory.states import UnitStatus
from tests.factories.inventory import DepotFactory, DowntimeFactory, StockLevelFactory, UnitFactory
from tests.inventory.shelf import COUNTED_AT, MINUTE, NOW, Shelf, may

pytestmark = pytest.mark.django_db

MICROSECOND = timedelta(microseconds=1)


# Sale


def test_pieces_are_free_that_are_on_hand_and_claimed_by_nobody() -> None:
    shelf = Shelf(pieces=10)
    shelf.level.delete()
    StockLevelFactory(variant=shelf.variant, depot=shelf.depot, on_hand=10, reserved_elsewhere=2, as_of=COUNTED_AT)
    shelf.reserved(quantity=3)
    shelf.reserved(quantity=1, status="committed", expires_at=None)

    assert shelf.free() == PoolAvailability(sale=4, rental=0, rental_by_day=[0], as_of=COUNTED_AT)


@pytest.mark.parametrize(
    ("status", "left"),
    [("held", 3), ("committed", 3), ("shipped", 3), ("fulfilled", 5), ("released", 5), ("expired", 5)],
)
def test_only_live_claims_count(status: str, left: int) -> None:
    shelf = Shelf(pieces=5)
    shelf.reserved(quantity=2, status=status)

    assert shelf.free().sale == left


@pytest.mark.parametrize(("ends_in", "left"), [(MICROSECOND, 0), (timedelta(0), 1), (-MICROSECOND, 1)])
def test_a_hold_is_dead_at_the_instant_it_ends_without_any_job(ends_in: timedelta, left: int) -> None:
    shelf = Shelf(pieces=1, units=1)
    shelf.reserved(expires_at=NOW + ends_in)
    shelf.reserved(expires_at=NOW + ends_in, rental=(may(1), may(2)))

    assert (shelf.free().sale, shelf.free().rental) == (left, left)


@pytest.mark.parametrize(
    ("provider_state", "acknowledged_at", "left"),
    [
        ("none", None, 3),
        ("held", COUNTED_AT - MINUTE, 3),  # the acknowledgement of a hold says nothing about the goods
        ("confirmed", COUNTED_AT - MINUTE, 3),
        ("checked_out", COUNTED_AT + MICROSECOND, 3),
        ("checked_out", COUNTED_AT, 5),
        ("checked_out", COUNTED_AT - MINUTE, 5),
    ],
)
def test_a_sale_that_left_counts_until_the_inventory_system_has_counted_it(
    provider_state: str, acknowledged_at: datetime | None, left: int
) -> None:
    shelf = Shelf(pieces=5)
    shelf.reserved(
        quantity=2, status="shipped", provider_state=provider_state, provider_acked_at=acknowledged_at, expires_at=None
    )

    assert shelf.free().sale == left


def test_a_level_that_was_never_counted_contains_no_sale() -> None:
    shelf = Shelf(pieces=5)
    shelf.level.delete()
    StockLevelFactory(variant=shelf.variant, depot=shelf.depot, on_hand=5, as_of=None)
    shelf.reserved(quantity=2, status="shipped", provider_state="checked_out", provider_acked_at=COUNTED_AT)

    assert shelf.free().sale == 3
    assert shelf.free().as_of is None


def test_a_pool_that_owes_more_than_it_has_gives_nothing() -> None:
    shelf = Shelf(pieces=1, units=1)
    shelf.reserved(quantity=3)
    shelf.reserved(rental=(may(1), may(2)))
    shelf.reserved(rental=(may(1), may(2)))

    assert shelf.free() == PoolAvailability(sale=0, rental=0, rental_by_day=[0], as_of=COUNTED_AT)


# Rental


def test_a_rental_takes_its_unit_from_its_first_day_until_before_its_end() -> None:
    shelf = Shelf(units=2)
    shelf.reserved(rental=(may(3), may(6)))

    free = shelf.free(may(1), may(9))

    assert free.rental_by_day == [2, 2, 1, 1, 1, 2, 2, 2]
    assert free.rental == 1


@pytest.mark.parametrize(
    ("first", "end", "free"),
    [(may(1), may(3), 1), (may(6), may(9), 1), (may(1), may(4), 0), (may(5), may(9), 0), (may(4), may(5), 0)],
)
def test_neighbours_share_no_day(first: date, end: date, free: int) -> None:
    shelf = Shelf(units=1)
    shelf.reserved(rental=(may(3), may(6)))

    assert shelf.free(first, end).rental == free


def test_the_worst_day_decides_and_rentals_may_take_turns() -> None:
    shelf = Shelf(units=2)
    for first, end in [(1, 4), (3, 6), (6, 9)]:
        shelf.reserved(rental=(may(first), may(end)))

    free = shelf.free(may(1), may(9))

    assert free.rental_by_day == [1, 1, 0, 1, 1, 1, 1, 1]
    assert free.rental == 0


def test_rentals_that_begin_before_or_end_after_the_days_asked_about_count_on_those_days() -> None:
    shelf = Shelf(units=4)
    shelf.reserved(rental=(date(2027, 4, 1), may(2)))
    shelf.reserved(rental=(may(3), date(2027, 9, 1)))
    shelf.reserved(rental=(date(2027, 4, 1), date(2027, 9, 1)))
    shelf.reserved(rental=(date(2027, 4, 1), may(1)))
    shelf.reserved(rental=(may(5), may(8)))

    assert shelf.free(may(1), may(5)).rental_by_day == [2, 3, 2, 2]


def test_pieces_and_units_do_not_take_from_each_other() -> None:
    shelf = Shelf(pieces=2, units=2)
    shelf.reserved(rental=(may(1), may(2)))
    shelf.reserved(quantity=2)

    assert (shelf.free().sale, shelf.free().rental) == (0, 1)


@pytest.mark.parametrize("status", UnitStatus.values)
def test_only_units_at_hand_count(status: str) -> None:
    """What is out under no reservation of ours, the IMS gave to somebody of its own."""
    shelf = Shelf(units=1)
    UnitFactory(variant=shelf.variant, depot=shelf.depot, status=status)

    assert shelf.free().rental == (2 if status in ("available", "cleaning") else 1)


@pytest.mark.parametrize(("status", "free"), [("out", [1, 1, 2]), ("lost", [1, 1, 1]), ("maintenance", [1, 1, 1])])
def test_a_unit_with_our_customer_is_free_again_after_its_days_unless_it_is_written_off(
    status: str, free: list[int]
) -> None:
    shelf = Shelf(units=2)
    row = shelf.reserved(rental=(may(1), may(3)), status="shipped")
    Unit.objects.filter(pk=row.unit_id).update(status=status)

    assert shelf.free(may(1), may(4)).rental_by_day == free


def test_days_on_which_a_unit_is_out_and_down_are_taken_once() -> None:
    shelf = Shelf(units=2)
    row = shelf.reserved(rental=(may(2), may(5)), status="shipped")
    DowntimeFactory(unit=row.unit, days=(may(1), may(3)))
    DowntimeFactory(unit=row.unit, days=(may(4), may(7)))

    assert shelf.free(may(1), may(8)).rental_by_day == [1, 1, 1, 1, 1, 1, 2]


def test_a_unit_in_downtime_is_not_free_on_those_days() -> None:
    shelf = Shelf(units=2)
    DowntimeFactory(unit=shelf.all_units[0], days=(may(3), may(5)))
    DowntimeFactory(unit=shelf.all_units[0], days=(may(7), date(2027, 12, 1)))
    DowntimeFactory(unit=shelf.all_units[1], days=(date(2027, 4, 1), may(2)))

    assert shelf.free(may(1), may(9)).rental_by_day == [1, 2, 1, 1, 2, 2, 1, 1]


def test_the_downtime_of_a_unit_that_is_not_in_service_takes_nothing() -> None:
    shelf = Shelf(units=1)
    broken = UnitFactory(variant=shelf.variant, depot=shelf.depot, status="maintenance")
    DowntimeFactory(unit=broken, days=(may(1), may(5)))

    assert shelf.free(may(1), may(5)).rental == 1


@pytest.mark.parametrize(
    ("time_zone", "free_by_day"),
    [
        ("Europe/Berlin", [0, 0, 1, 1]),
        ("Pacific/Auckland", [0, 0, 0, 1]),  # it is the 22nd there already
        ("Pacific/Honolulu", [0, 0, 1, 1]),
    ],
)
def test_a_unit_that_is_overdue_is_not_free_today_by_its_depot_without_any_job(
    time_zone: str, free_by_day: list[int]
) -> None:
    shelf = Shelf(units=1, depot=DepotFactory(time_zone=time_zone))
    shelf.reserved(rental=(date(2027, 4, 12), date(2027, 4, 21)), status="shipped", expires_at=None)

    free = shelf.free(date(2027, 4, 20), date(2027, 4, 24), now=datetime.fromisoformat("2027-04-21T13:30Z"))

    assert free.rental_by_day == free_by_day


def test_a_unit_that_is_out_within_its_days_is_free_after_them() -> None:
    shelf = Shelf(units=1)
    shelf.reserved(rental=(date(2027, 4, 12), may(3)), status="shipped", expires_at=None)

    assert shelf.free(may(1), may(5)).rental_by_day == [0, 0, 1, 1]


@pytest.mark.parametrize("first", [date(2027, 3, 27), date(2027, 10, 30)])
def test_a_day_is_a_day_when_the_clocks_change(first: date) -> None:
    shelf = Shelf(units=1)
    shelf.reserved(rental=(first + timedelta(1), first + timedelta(2)))

    assert shelf.free(first, first + timedelta(4)).rental_by_day == [1, 0, 1, 1]


# Pools


def test_a_pool_without_a_stock_level_gives_nothing() -> None:
    shelf = Shelf(pieces=5, units=3)
    shelf.level.delete()

    assert shelf.free() == PoolAvailability(sale=0, rental=0, rental_by_day=[0], as_of=None)


def test_each_pool_is_counted_for_itself_in_one_statement(django_assert_num_queries: Any) -> None:
    berlin = Shelf(pieces=3, units=1)
    vienna = Shelf(pieces=5, units=2, variant=berlin.variant)
    other = Shelf(pieces=7, depot=berlin.depot)
    berlin.reserved(quantity=2)
    vienna.reserved(rental=(may(1), may(2)))
    DowntimeFactory(unit=vienna.all_units[0], days=(may(2), may(3)))
    nobody = (other.variant.pk, vienna.depot.pk)

    with django_assert_num_queries(1):
        free = availability(
            [berlin.pool, vienna.pool, other.pool, nobody, berlin.pool], period=(may(1), may(4)), now=NOW
        )

    assert {pool: (count.sale, count.rental_by_day) for pool, count in free.items()} == {
        berlin.pool: (1, [1, 1, 1]),
        vienna.pool: (5, [1, 1, 2]),
        other.pool: (7, [0, 0, 0]),
        nobody: (0, [0, 0, 0]),
    }


def test_nothing_asked_costs_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert availability([], period=(may(1), may(2))) == {}


@pytest.mark.parametrize("end", [may(1), may(3)])
def test_a_period_without_a_day_is_a_mistake(end: date) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        availability([(1, 1)], period=(may(3), end))


# Speed


class Explainer:
    """Keeps the statement that is run, to be explained."""

    statement: str = ""
    params: Any = None

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statement, self.params = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params
        return execute(sql, params, many, context)


def nodes_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes_of(child))]


def test_the_past_costs_nothing(django_assert_num_queries: Any) -> None:
    """`make bench` shows the same at full volume (docs/performance.md)."""
    volume, explainer = Volume(variants=50, units=20, live=5_000, past=20_000), Explainer()
    fill(volume)
    pools = list(StockLevel.objects.values_list("variant_id", "depot_id"))
    today = timezone.now().date()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_reservation")

        with django_assert_num_queries(1), connection.execute_wrapper(explainer):
            availability(pools, period=(today, today + timedelta(days=90)))

        cursor.execute(explainer.statement, explainer.params)
        nodes = nodes_of(cursor.fetchone()[0][0]["Plan"])
    [read] = [node for node in nodes if node.get("Relation Name") == "inventory_reservation"]
    assert read["Node Type"] in {"Bitmap Heap Scan", "Index Scan"}
    assert "reservation_live_by_pool" in {node.get("Index Name") for node in nodes}
    assert read["Actual Rows"] * read["Actual Loops"] == volume.live
    assert {read.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck")} == {0}


def test_few_pools_read_their_own_claims_only() -> None:
    volume, explainer = Volume(variants=50, units=20, live=5_000, past=20_000), Explainer()
    fill(volume)
    [pool] = StockLevel.objects.values_list("variant_id", "depot_id")[:1]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_reservation")

        with connection.execute_wrapper(explainer):
            availability([pool], period=(may(1), may(31)), now=NOW)

        cursor.execute(explainer.statement, explainer.params)
        nodes = nodes_of(cursor.fetchone()[0][0]["Plan"])
    [read] = [node for node in nodes if node.get("Relation Name") == "inventory_reservation"]
    assert "reservation_live_by_pool" in {node.get("Index Name") for node in nodes}
    assert read["Actual Rows"] + read.get("Rows Removed by Filter", 0) == volume.live / volume.variants


def test_psycopg_remembers_how_to_send_the_statement() -> None:
    """It takes longer texts apart each time they are sent, for a tenth of what the count costs."""
    assert len(selectors._SQL) <= _queries.MAX_CACHED_STATEMENT_LENGTH
