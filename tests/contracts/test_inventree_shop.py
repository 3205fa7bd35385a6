"""A shop on InvenTree: what is sold here leaves there, and the mirror counts it once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from core.http import breaker_of
from core.time import today_in
from inventory import jobs
from inventory.models import Reservation, StockLevel, Unit
from inventory.providers.base import Line, UnknownOutcome
from inventory.providers.registry import get_provider
from inventory.services import (
    Claim,
    commit,
    enqueue_stragglers,
    hold,
    in_step,
    mirror_changes,
    put_back,
    reconcile_inventory,
    release,
    rewin,
    ship,
    sync_reservations,
    take_in,
    tidy_lapsed_holds,
)
from inventory.states import LIVE, ReservationKind, ReservationStatus
from sandbox.inventree.rules import CANCELLED, QUARANTINED
from sandbox.inventree.server import Sandbox, running
from tests.contracts.staff import StandInStaff, Verb
from tests.contracts.test_inventory_metrics import measured
from tests.contracts.test_inventree_adapter import watched
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, ReservationFactory
from tests.inventory.shelf import in_minutes
from tests.jobs import forget_jobs, run_jobs

pytestmark = pytest.mark.django_db


class Shop:
    """Five bags in Amsterdam, known to both sides."""

    def __init__(self, stand_in: Sandbox) -> None:
        self.stand_in, self.staff = stand_in, StandInStaff(stand_in)
        self.variant, self.depot = VariantFactory(sku="BAG"), DepotFactory(code="AMS")
        self.crate = VariantFactory(sku="SKY")  # for rent

    def hold(self, quantity: int) -> Reservation:
        row = ReservationFactory(variant=self.variant, depot=self.depot, quantity=quantity)
        return self.sync(row)

    def sync(self, row: Reservation) -> Reservation:
        sync_reservations(reservation_ids=[row.pk])
        row.refresh_from_db()
        return row

    def sold(self, quantity: int) -> Reservation:
        """Paid and handed over here; InvenTree knows that it is paid."""
        row = self.hold(quantity)
        commit(reservation_ids=[row.pk])
        row = self.sync(row)
        ship(reservation_id=row.pk)
        return row

    def free(self) -> int:
        """Pieces that could be promised, after a look at the feed."""
        mirror_changes()
        level = StockLevel.objects.get(variant=self.variant, depot=self.depot)
        claimed = Reservation.objects.filter(status__in=LIVE).values_list("quantity", flat=True)
        return level.on_hand - level.reserved_elsewhere - sum(claimed)


@contextmanager
def opened(settings: Any) -> Iterator[Shop]:
    """This installation speaks to an InvenTree."""
    breaker_of("inventory").reset()
    forget_jobs()
    with running(worker=0.02) as stand_in:
        shop = Shop(stand_in)
        settings.INVENTORY_PROVIDER, settings.INVENTREE_CUSTOMER = "inventree", shop.staff.customer
        settings.INVENTORY_URL, settings.INVENTORY_TOKEN = stand_in.url, stand_in.token
        shop.staff.receive("BAG", "AMS", 5)
        mirror_changes()
        yield shop
        get_provider().close()  # type: ignore[attr-defined]


@pytest.fixture
def shop(settings: Any) -> Iterator[Shop]:
    with opened(settings) as shop:
        yield shop


def test_a_sale_that_left_is_hidden_twice_for_a_moment_and_counted_once_from_then_on(shop: Shop):
    row = shop.sync(shop.sold(2))

    assert shop.free() <= 3
    for _ in range(3):
        shop.staff.advance(3)
        assert shop.free() == 3
    row.refresh_from_db()
    assert row.status == ReservationStatus.FULFILLED


def test_a_hand_over_whose_answer_was_lost_is_never_sold_twice_and_counted_once_in_the_end(shop: Shop):
    row = shop.sold(2)
    shop.staff.breaks(Verb.CHECK_OUT, "drop_after")
    with pytest.raises(UnknownOutcome):
        shop.sync(row)
    shop.staff.advance(10)
    assert shop.free() <= 3

    shop.staff.advance(30)
    shop.sync(row)

    for _ in range(3):
        shop.staff.advance(10)
        assert shop.free() <= 3
    shop.staff.advance(900)  # at the latest by the next snapshot
    assert shop.free() == 3


def test_a_walk_in_sale_and_a_claim_of_another_channel_show_at_the_next_look(shop: Shop):
    shop.staff.sell("BAG", "AMS", 1)
    assert shop.free() == 4

    shop.staff.claim_elsewhere("BAG", "AMS", 2)
    assert shop.free() == 2

    shop.staff.claim_elsewhere("BAG", "AMS", 0)
    assert shop.free() == 4


def test_a_hold_that_ended_here_is_given_back_there(shop: Shop):
    row = shop.hold(2)
    assert shop.free() == 3

    release(reservation_ids=[row.pk], expired=True)
    shop.sync(row)

    assert [order["status"] for order in shop.stand_in.store.rows("order")] == [CANCELLED]
    assert shop.free() == 5


# Rentals: InvenTree knows no dates, so a claim lives here alone until its unit leaves


@pytest.fixture
def rented(shop: Shop) -> Shop:
    """Two crates for rent at the same depot."""
    shop.staff.add_units("SKY", "AMS", ["SKY-1", "SKY-2"])
    mirror_changes()
    return shop


def booking(shop: Shop, days: int = 3) -> Reservation:
    first = today_in(shop.depot.time_zone)
    period = (first, first + timedelta(days=days))
    claim = Claim(shop.crate.pk, shop.depot.pk, ReservationKind.RENTAL, 1, period)
    return hold(claims=[claim], expires_at=in_minutes(15))[0]


def calls_of(step: Callable[[], object]) -> set[str]:
    """By what name InvenTree was called while this was done and told by all jobs that follow."""
    before = measured()
    step()
    enqueue_stragglers(older_than=timedelta(0))
    run_jobs()
    return {name for name, count in measured().items() if count > before.get(name, 0)}


def findings() -> list[tuple[str, str, str, str]]:
    """What a comparison finds after the mirror has read everything there is."""
    mirror_changes(anew=True)
    return [(f.drift, f.what, f.ours, f.theirs) for f in reconcile_inventory(settle=0).findings]


def state(row: Reservation) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.provider_state


def test_a_rental_lives_here_alone_until_its_unit_leaves_and_both_agree_at_every_step(rented: Shop):
    row = booking(rented)
    unit = Unit.objects.get(serial="SKY-1")
    steps: list[tuple[Callable[[], object], set[str], tuple[str, str]]] = [
        (lambda: None, set(), ("held", "local")),
        (lambda: commit(reservation_ids=[row.pk]), set(), ("committed", "local")),
        (lambda: ship(reservation_id=row.pk, unit_id=unit.pk), {"check_out"}, ("shipped", "checked_out")),
        (lambda: take_in(reservation_id=row.pk, condition="B"), {"check_in"}, ("fulfilled", "checked_in")),
        (lambda: put_back(unit_id=unit.pk), {"set_unit"}, ("fulfilled", "checked_in")),
    ]
    for step, calls, after in steps:
        assert calls_of(step) == calls
        assert state(row) == after
        assert in_step(row)
        assert enqueue_stragglers(older_than=timedelta(0)) == 0
        rented.staff.advance(3)
        assert findings() == []
    unit.refresh_from_db()
    assert (unit.status, unit.condition) == ("available", "B")


@pytest.mark.parametrize("told", [True, False], ids=["told before", "never told"])
@pytest.mark.parametrize("end", ["released", "lapsed", "cancelled after payment"])
def test_a_rental_that_ends_before_its_unit_left_makes_no_call(rented: Shop, end: str, told: bool):
    row = booking(rented)
    if told:
        rented.sync(row)
    if end == "lapsed":
        Reservation.objects.filter(pk=row.pk).update(expires_at=in_minutes(-5))
    if end == "cancelled after payment":
        commit(reservation_ids=[row.pk])

    assert calls_of(tidy_lapsed_holds if end == "lapsed" else lambda: release(reservation_ids=[row.pk])) == set()

    assert in_step(Reservation.objects.get(pk=row.pk))
    assert enqueue_stragglers(older_than=timedelta(0)) == 0
    assert findings() == []


def test_a_lapsed_rental_that_is_won_anew_lives_here_alone_again(rented: Shop):
    row = booking(rented)
    release(reservation_ids=[row.pk], expired=True)

    assert calls_of(lambda: rewin(reservation_ids=[row.pk], expires_at=in_minutes(15))) == set()

    assert state(row) == ("held", "local")


def test_days_that_grow_while_the_unit_is_out_are_not_taken_for_its_return(rented: Shop):
    row = booking(rented)
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial="SKY-1").pk)
    rented.sync(row)
    longer = DateRange(row.period.lower, row.period.upper + timedelta(days=4))

    assert calls_of(lambda: Reservation.objects.filter(pk=row.pk).update(period=longer)) == set()

    assert state(row) == ("shipped", "checked_out")
    assert enqueue_stragglers(older_than=timedelta(0)) == 0
    assert findings() == []


def test_a_unit_that_is_back_before_its_leaving_was_told_has_left_and_come_back_there(rented: Shop):
    row = booking(rented)
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial="SKY-1").pk)
    take_in(reservation_id=row.pk, condition="C")

    assert calls_of(lambda: None) == {"check_out", "check_in"}

    assert state(row) == ("fulfilled", "checked_in")


def test_a_sale_that_lapsed_here_is_given_back_where_holds_do_not_end(shop: Shop):
    row = shop.hold(2)
    shop.staff.advance(24 * 3600)
    assert shop.free() == 3
    Reservation.objects.filter(pk=row.pk).update(expires_at=in_minutes(-5))

    assert calls_of(lambda: jobs.tidy_holds(timestamp=0)) == {"release"}

    assert state(row) == ("expired", "released")
    assert shop.free() == 5
    assert findings() == []


def test_counts_that_are_only_told_with_a_later_instant_do_not_differ(shop: Shop):
    """InvenTree's `as_of` is that of the counting: it grows although nothing moved."""
    shop.staff.advance(60)

    assert reconcile_inventory(settle=0).findings == []


# At size: every list is longer than a page


LEVELS, UNITS, HELD = 230, 220, 110


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Hundreds of everything, the same on both sides."""
    variants = VariantFactory.create_batch(LEVELS - 1)
    shop.staff.seed(
        [(variant.sku, "AMS", 3) for variant in variants],
        [(f"SKY-{n:03}", "SKY", "AMS") for n in range(UNITS)],
    )
    mirror_changes(anew=True)
    rows = [ReservationFactory(variant=variant, depot=shop.depot, quantity=1) for variant in variants[:HELD]]
    for row in rows:
        sync_reservations(reservation_ids=[row.pk])
    return shop


def test_hundreds_of_rows_that_are_equal_are_equal_and_each_drift_among_them_is_found(busy: Shop) -> None:
    asked = watched(busy.stand_in)

    report = reconcile_inventory(settle=0)

    assert report.findings == []
    assert (report.levels, report.units, report.reservations) == (LEVELS + 1, UNITS, HELD)  # SKY, too, has a level
    for path in ("/part/", "/stock/", "/order/so/", "/order/so-line/"):
        assert f"GET {path} 100" in asked
    calls = len(asked)
    assert calls <= 25

    store, held = busy.stand_in.store, list(Reservation.objects.order_by("pk"))
    orders = {row["customer_reference"]: row["pk"] for row in store.rows("order")}
    units = {row["serial"]: row for row in store.rows("stock") if row["serial"]}
    fewer, gone = VariantFactory.create_batch(2)
    busy.staff.seed([(fewer.sku, "AMS", 3), (gone.sku, "AMS", 3)])
    mirror_changes(anew=True)
    busy.staff.sell(fewer.sku, "AMS", 1)
    store.get("part", busy.staff.part(gone.sku))["active"] = False
    units["SKY-007"]["status"] = QUARANTINED
    store._delete(units["SKY-150"])
    busy.staff.add_units("SKY", "AMS", ["SKY-NEW"])
    store.cancel(orders[str(held[70].pk)])
    store.issue(orders[str(held[3].pk)])
    stranger = uuid4()
    get_provider().reserve(key=stranger, lines=[Line("BAG", "AMS", 1, "sale")])
    asked.clear()

    found = {(f.drift, f.what, f.ref) for f in reconcile_inventory(settle=0).findings}

    assert found == {
        ("stale_mirror", "level", fewer.sku),
        ("missing_there", "level", gone.sku),
        ("stale_mirror", "unit", "SKY-007"),
        ("missing_there", "unit", "SKY-150"),
        ("missing_here", "unit", "SKY-NEW"),
        ("missing_there", "reservation", str(held[70].pk)),
        ("missing_here", "reservation", str(stranger)),
        ("state", "reservation", str(held[3].pk)),
    }
    assert len(asked) <= 2 * calls + 10
