"""Counts are known to be what they were, and never taken to be when they are not (ADR 38)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Variant
from inventory import changes
from inventory.changes import Seen, forget_old_changes, look
from inventory.models import Depot, Reservation, Unit
from inventory.selectors import Pools, counted, counted_again
from tests.core.conftest import stranger_connection
from tests.examples import examples
from tests.factories.catalog import VariantFactory, bundle
from tests.factories.inventory import (
    COUNTED_AT,
    DepotFactory,
    DowntimeFactory,
    ReservationFactory,
    StockLevelFactory,
    UnitFactory,
)
from tests.inventory.test_availability import nodes_of

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = timezone.now().date()
DAYS = (TODAY + timedelta(days=3), TODAY + timedelta(days=6))


class Onlooker:
    """Somebody who counts these again and again, as each process does."""

    def __init__(self, depot: Depot, *variants: Variant) -> None:
        self.pools = Pools([(variant.pk, depot.pk) for variant in variants])
        self.last = counted(self.pools, period=DAYS)

    def looks(self) -> bool:
        """True if all was counted anew."""
        before = self.last
        self.last = counted_again(self.pools, before, period=DAYS)
        return self.last.rows is not before.rows

    @property
    def is_right(self) -> bool:
        return sorted(self.last.rows) == sorted(counted(self.pools, period=DAYS).rows)


@dataclass
class Stock:
    """Five pieces, one of them gone, and four units: one free, one down on the first day, one rented, one overdue."""

    depot: Depot
    variant: Variant = field(default_factory=VariantFactory)

    def __post_init__(self) -> None:
        pool: dict[str, Any] = {"variant": self.variant, "depot": self.depot}
        self.level = StockLevelFactory(**pool, on_hand=5, reserved_elsewhere=1).pk
        self.free, self.down, _ = (unit.pk for unit in UnitFactory.create_batch(3, **pool))
        self.downtime = DowntimeFactory(unit_id=self.down, period=(DAYS[0], DAYS[0] + timedelta(days=1))).pk
        self.held = ReservationFactory(**pool, rental=DAYS).pk
        long_ago = (TODAY - timedelta(days=3), TODAY - timedelta(days=1))
        out = ReservationFactory(**pool, rental=long_ago, status="shipped")
        self.out, self.out_unit = out.pk, out.unit_id
        counted_before = COUNTED_AT - timedelta(days=1)
        self.sold = ReservationFactory(
            **pool, status="shipped", provider_state="checked_out", provider_acked_at=counted_before
        ).pk


@pytest.fixture
def depot() -> Depot:
    return DepotFactory(time_zone="UTC")


@pytest.fixture
def variant(depot: Depot) -> Variant:
    return Stock(depot).variant


@pytest.fixture
def other(depot: Depot) -> Variant:
    return Stock(depot).variant


@pytest.fixture
def onlooker(depot: Depot, variant: Variant) -> Onlooker:
    return Onlooker(depot, variant)


@pytest.fixture
def stranger(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Another process, in a transaction of its own until it commits."""
    with stranger_connection() as other:
        yield other
        other.rollback()


def test_what_nobody_changed_is_not_counted_again(onlooker: Onlooker):
    with CaptureQueriesContext(connection) as seen:
        assert [onlooker.looks() for _ in range(3)] == [False] * 3

    assert len(seen) == 3
    assert not any("inventory_reservation" in query["sql"] for query in seen)


CHANGES = [
    "UPDATE inventory_stocklevel SET on_hand = 9 WHERE id = {level}",
    "UPDATE inventory_stocklevel SET reserved_elsewhere = 3 WHERE id = {level}",
    "UPDATE inventory_stocklevel SET as_of = as_of + interval '1 s' WHERE id = {level}",
    "UPDATE inventory_stocklevel SET variant_id = {new} WHERE id = {level}",
    "UPDATE inventory_stocklevel SET depot_id = {elsewhere} WHERE id = {level}",
    "UPDATE inventory_unit SET status = 'lost' WHERE id = {free}",
    "UPDATE inventory_unit SET variant_id = {new} WHERE id = {free}",
    "UPDATE inventory_unit SET depot_id = {elsewhere} WHERE id = {free}",
    "UPDATE inventory_downtime SET period = daterange(lower(period), upper(period) + 3) WHERE id = {downtime}",
    "UPDATE inventory_downtime SET unit_id = {others} WHERE id = {downtime}",
    "UPDATE inventory_reservation SET variant_id = {new} WHERE id = '{held}'",
    "UPDATE inventory_reservation SET depot_id = {elsewhere} WHERE id = '{held}'",
    "UPDATE inventory_reservation SET status = 'released' WHERE id = '{held}'",
    "UPDATE inventory_reservation SET kind = 'sale', period = NULL WHERE id = '{held}'",
    "UPDATE inventory_reservation SET period = daterange(lower(period) + 1, upper(period)) WHERE id = '{held}'",
    "UPDATE inventory_reservation SET expires_at = now() - interval '1 s' WHERE id = '{held}'",
    "UPDATE inventory_reservation SET turnaround_days = 4 WHERE id = '{out}'",
    "UPDATE inventory_reservation SET unit_id = {others} WHERE id = '{out}'",
    "UPDATE inventory_reservation SET provider_state = 'confirmed' WHERE id = '{sold}'",
    "UPDATE inventory_reservation SET provider_acked_at = now() WHERE id = '{sold}'",
    "UPDATE inventory_reservation SET status = 'held', quantity = 2 WHERE id = '{sold}'",
    "DELETE FROM inventory_reservation WHERE id = '{held}'",
    "DELETE FROM inventory_downtime WHERE id = {downtime}",
    "DELETE FROM inventory_unit WHERE id = {free}",
    "DELETE FROM inventory_stocklevel WHERE id = {level}",
    "TRUNCATE inventory_downtime",
]


def test_whatever_is_counted_and_changes_is_counted_again(stranger: psycopg.Connection[Any], depot: Depot):
    others, elsewhere = UnitFactory(depot=depot).pk, DepotFactory().pk
    for statement in CHANGES:
        stock, new = Stock(depot), VariantFactory().pk
        onlooker = Onlooker(depot, stock.variant)
        before = onlooker.last
        stranger.execute(statement.format(**vars(stock), others=others, elsewhere=elsewhere, new=new))
        while_it_is_open = onlooker.looks()
        stranger.commit()

        assert (while_it_is_open, onlooker.is_right) == (False, False), statement
        assert (onlooker.looks(), onlooker.is_right) == (True, True), statement
        assert onlooker.last.rows != before.rows


@pytest.mark.parametrize(
    "statement", ["UPDATE inventory_stocklevel SET on_hand = 9", "UPDATE inventory_unit SET status = 'lost'"]
)
def test_without_the_triggers_a_change_would_go_unseen(
    onlooker: Onlooker, stranger: psycopg.Connection[Any], statement: str
):
    """What the test above is worth."""
    stranger.execute("SET session_replication_role = replica")  # no trigger of anybody
    stranger.execute(statement)
    stranger.commit()

    assert not onlooker.looks()
    assert not onlooker.is_right


def test_what_is_new_is_counted(onlooker: Onlooker, depot: Depot, variant: Variant):
    seen = []
    for add in (UnitFactory, ReservationFactory):
        add(variant=variant, depot=depot)
        seen.append((onlooker.looks(), onlooker.is_right, onlooker.looks()))

    assert seen == [(True, True, False)] * 2


def test_what_is_not_counted_may_change(onlooker: Onlooker, stranger: psycopg.Connection[Any], other: Variant):
    for statement in (
        "UPDATE inventory_reservation SET sync_failures = 1, provider_state = 'held' WHERE status = 'held'",
        "UPDATE inventory_unit SET as_of = now(), condition = 'B'",
        "UPDATE inventory_downtime SET reason = 'Scratched.'",
        f"UPDATE inventory_stocklevel SET on_hand = 1 WHERE variant_id = {other.pk}",
    ):
        stranger.execute(statement)
        stranger.commit()

        assert (onlooker.looks(), onlooker.is_right) == (False, True), statement


def test_a_bundle_changes_with_each_of_its_parts(depot: Depot, variant: Variant, other: Variant):
    onlooker = Onlooker(depot, bundle(variant, used_up=[other]))
    seen = []
    for part in (variant, other):
        ReservationFactory(variant=part, depot=depot)
        seen.append((onlooker.looks(), onlooker.is_right, onlooker.looks()))

    assert seen == [(True, True, False)] * 2


def test_a_hold_that_lapses_is_counted_again_although_nobody_wrote_it_down(onlooker: Onlooker):
    ends = Reservation.objects.get(status="held").expires_at
    assert ends is not None
    with time_machine.travel(ends - timedelta(microseconds=1), tick=False):
        before = (onlooker.looks(), onlooker.is_right)
    with time_machine.travel(ends, tick=False):
        ended = (onlooker.looks(), onlooker.is_right, onlooker.looks())

    assert (before, ended) == ((False, True), (True, True, False))


def test_what_was_undone_was_nothing(onlooker: Onlooker, stranger: psycopg.Connection[Any]):
    stranger.execute("DELETE FROM inventory_downtime")
    stranger.rollback()

    assert not onlooker.looks()
    assert onlooker.is_right


def test_inside_of_a_transaction_all_is_counted(onlooker: Onlooker, variant: Variant, depot: Depot):
    with transaction.atomic():
        assert onlooker.looks()
        ReservationFactory(variant=variant, depot=depot)
        assert onlooker.looks()
        assert onlooker.is_right
        transaction.set_rollback(True)
    onlooker.looks()

    assert (onlooker.looks(), onlooker.is_right) == (False, True)


def test_who_began_long_ago_is_seen_when_it_ends_however_much_ended_and_was_forgotten_before(
    onlooker: Onlooker, stranger: psycopg.Connection[Any], variant: Variant, depot: Depot
):
    stranger.execute("UPDATE inventory_stocklevel SET on_hand = 9")
    for _ in range(3):
        ReservationFactory(variant=variant, depot=depot)
        onlooker.looks()
        forget_old_changes()
    between = onlooker.looks()
    stranger.commit()

    assert not between
    assert (onlooker.looks(), onlooker.is_right) == (True, True)


def test_a_downtime_of_a_unit_that_becomes_another_variants_meanwhile_is_seen(
    other: Variant, onlooker: Onlooker, stranger: psycopg.Connection[Any], depot: Depot, variant: Variant
):
    unit = UnitFactory(depot=depot, variant=other)
    days = f"daterange('{DAYS[0]}', '{DAYS[1]}')"
    stranger.execute(
        f"INSERT INTO inventory_downtime (unit_id, period, reason, is_turnaround) VALUES ({unit.pk}, {days}, '', false)"
    )
    Unit.objects.filter(pk=unit.pk).update(variant=variant)
    before = (onlooker.looks(), onlooker.is_right)
    stranger.commit()

    assert before == (True, True)
    assert (onlooker.looks(), onlooker.is_right) == (True, True)


def test_where_the_catalog_has_changed_nothing_is_counted_in_vain(onlooker: Onlooker, variant: Variant, depot: Depot):
    before = onlooker.last
    ReservationFactory(variant=variant, depot=depot)
    VariantFactory()

    with CaptureQueriesContext(connection) as seen:
        looked = onlooker.looks()

    assert (looked, len(seen), onlooker.last.version != before.version) == (False, 1, True)
    assert (onlooker.looks(), onlooker.is_right) == (True, True)


def test_a_line_is_kept_until_everybody_may_have_seen_it(onlooker: Onlooker, variant: Variant, depot: Depot):
    forget_old_changes()
    forget_old_changes()
    ReservationFactory(variant=variant, depot=depot)

    assert [forget_old_changes(), forget_old_changes() > 0] == [0, True]
    assert (onlooker.looks(), onlooker.is_right) == (True, True)


def test_who_has_not_looked_for_two_rounds_of_forgetting_counts_again(onlooker: Onlooker):
    forget_old_changes()
    once = onlooker.looks()
    forget_old_changes()
    forget_old_changes()

    assert (once, onlooker.looks(), onlooker.looks()) == (False, True, False)


def test_numbers_of_another_server_say_nothing(onlooker: Onlooker):
    _, forgotten, snapshot = onlooker.last.seen
    of_another = Seen("2020-01-01 00:00:00+00", forgotten, snapshot)

    told = [look(onlooker.last.variants, seen)[2] for seen in (onlooker.last.seen, of_another)]
    assert told == [False, True]


def test_what_came_with_a_backup_of_another_server_is_forgotten_and_whoever_looked_counts_again(
    onlooker: Onlooker, stranger: psycopg.Connection[Any], variant: Variant, depot: Depot
):
    forget_old_changes()
    forget_old_changes()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_changes_forgotten SET server = 'another', snapshot = '9000000000:9000000000:'")
        cursor.execute("INSERT INTO inventory_change VALUES ('8000000000', %s)", [variant.pk])
    before = [onlooker.looks(), onlooker.looks()]
    stranger.execute("DELETE FROM inventory_downtime")
    ReservationFactory(variant=variant, depot=depot)
    forgotten = forget_old_changes()

    assert (before, forgotten) == ([True, True], 2)
    assert [onlooker.looks(), onlooker.is_right, onlooker.looks()] == [True, True, False]
    stranger.commit()
    assert [onlooker.looks(), onlooker.is_right, forget_old_changes()] == [True, True, 0]


def test_whoever_looked_before_a_backup_was_put_back_counts_again(onlooker: Onlooker):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_change RENAME TO inventory_change_before")
        cursor.execute("CREATE TABLE inventory_change (LIKE inventory_change_before INCLUDING ALL)")
        cursor.execute("DROP TABLE inventory_change_before")
        cursor.execute("ALTER INDEX inventory_change_transaction_idx RENAME TO change_by_transaction")

    assert [onlooker.looks(), onlooker.is_right, onlooker.looks()] == [True, True, False]


def test_to_see_that_nothing_changed_reads_only_what_is_new(onlooker: Onlooker):
    places = {name: f"${n}" for n, name in enumerate([*Seen._fields, "variants"], start=1)}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inventory_change")
        cursor.execute(
            "INSERT INTO inventory_change (transaction, variant_id) SELECT n::text::xid8, 0 "
            "FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE inventory_change")
        cursor.execute(f"PREPARE look (text, bigint, text, text) AS {changes._CHANGED % places}")
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE look (%s, %s, %s, %s)",
            [*onlooker.last.seen, onlooker.last.variants],
        )
        nodes = nodes_of(cursor.fetchone()[0][0]["Plan"])
        cursor.execute("DEALLOCATE look")

    [read] = [node for node in nodes if node.get("Relation Name") == "inventory_change"]
    assert read["Index Name"] == "change_by_transaction"
    assert read["Actual Rows"] < 100


# Two that write, each with a transaction of its own, and one that looks.

WRITES = [
    "UPDATE inventory_reservation SET status = 'committed' WHERE id = '{claim}'",
    "UPDATE inventory_reservation SET status = 'released' WHERE id = '{claim}'",
    "UPDATE inventory_reservation SET quantity = 3 - quantity WHERE id = '{claim}'",
    "UPDATE inventory_unit SET status = 'available' WHERE id = {unit}",
    "UPDATE inventory_unit SET status = 'lost' WHERE id = {unit}",
    "SAVEPOINT here; UPDATE inventory_unit SET status = 'retired' WHERE id = {unit}; ROLLBACK TO here",
    "SAVEPOINT here; UPDATE inventory_unit SET status = 'cleaning' WHERE id = {unit}; RELEASE here",
]
steps = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 1), st.sampled_from([*WRITES, "COMMIT", "COMMIT", "ROLLBACK"])),
        st.sampled_from(["look", "look", "forget"]),
    ),
    min_size=4,
    max_size=25,
)


def test_whoever_writes_and_ends_in_whatever_order_who_looks_is_right(depot: Depot, variant: Variant):
    own = [
        {
            "claim": ReservationFactory(variant=variant, depot=depot, expires_at=timezone.now() + timedelta(days=1)).pk,
            "unit": UnitFactory(variant=variant, depot=depot).pk,
        }
        for _ in range(2)
    ]
    seen = []
    with stranger_connection() as one, stranger_connection() as two:

        @examples(60)
        @given(steps)
        def check(taken: list[Any]) -> None:
            onlooker = Onlooker(depot, variant)
            for step in taken:
                if step == "forget":
                    forget_old_changes()
                elif step == "look":
                    seen.append(onlooker.looks())
                    assert onlooker.is_right
                else:
                    who, statement = step
                    for part in statement.format(**own[who]).split("; "):
                        (one, two)[who].execute(part)
            one.rollback()
            two.rollback()

        check()

    assert {True, False} <= set(seen)
