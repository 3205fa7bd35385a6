"""What goes on by itself."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange

from inventory import jobs
from inventory.models import Feed, Reservation
from inventory.providers.base import NotFound, Unavailable
from tests.factories.inventory import DepotFactory
from tests.inventory.shelf import IN_A_QUARTER, MINUTE, NOW, Shelf
from tests.jobs import waiting_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("time_zone", "until"),
    [("Europe/Berlin", 22), ("Pacific/Auckland", 23), ("Pacific/Honolulu", 22)],  # there it is the 21st, 22nd, 21st
)
def test_a_unit_that_is_out_past_its_days_keeps_them(time_zone: str, until: int) -> None:
    shelf = Shelf(units=1, depot=DepotFactory(time_zone=time_zone))
    row = shelf.reserved(rental=(date(2027, 4, 12), date(2027, 4, 20)), status="shipped")

    with time_machine.travel(datetime.fromisoformat("2027-04-21T13:30Z"), tick=False):
        for _ in range(2):
            jobs.keep_overdue_reserved(timestamp=0)

    row.refresh_from_db()
    assert row.period == DateRange(date(2027, 4, 12), date(2027, 4, until))


@pytest.mark.parametrize("status", ["held", "committed", "fulfilled", "released"])
def test_only_what_is_out_keeps_its_days(status: str, clock: time_machine.Traveller) -> None:
    shelf = Shelf(units=1)
    past = shelf.reserved(rental=(date(2027, 4, 12), date(2027, 4, 16)), status=status)
    out = shelf.reserved(rental=(date(2027, 4, 12), date(2027, 4, 21)), status="shipped")
    sold = shelf.reserved(status="shipped")

    jobs.keep_overdue_reserved(timestamp=0)

    for row, period in [
        (past, DateRange(date(2027, 4, 12), date(2027, 4, 16))),
        (out, DateRange(date(2027, 4, 12), date(2027, 4, 21))),
        (sold, None),
    ]:
        row.refresh_from_db()
        assert row.period == period


def test_lapsed_holds_are_tidied_after_a_while(clock: time_machine.Traveller) -> None:
    shelf = Shelf(pieces=9)
    old, fresh, living = (shelf.reserved(expires_at=NOW + minutes * MINUTE) for minutes in (-3, -1, 1))
    paid = shelf.reserved(status="committed", expires_at=None)

    jobs.tidy_holds(timestamp=0)

    for row, status in [(old, "expired"), (fresh, "held"), (living, "held"), (paid, "committed")]:
        row.refresh_from_db()
        assert row.status == status


def test_the_inventory_system_is_asked_again_for_what_it_did_not_acknowledge(clock: time_machine.Traveller) -> None:
    shelf = Shelf(pieces=9)
    lost = shelf.reserved()
    told = shelf.reserved(provider_state="held")
    clock.shift(IN_A_QUARTER)
    shelf.reserved()  # its request is still under way

    for _ in range(2):
        jobs.sync_stragglers(timestamp=0)

    assert waiting_jobs() == [("inventory.sync_reservation", {"reservation_id": str(lost.pk)})]
    assert told.provider_state == "held"


def test_a_refusal_ends_the_job_and_stays_on_the_row(shop: Shop) -> None:
    shop.ims.store.sell("BAG-1", "BER", 10)
    row = Reservation.objects.create(
        variant=shop.bag, depot=shop.depot, kind="sale", quantity=1, status="committed", expires_at=None
    )

    jobs.sync_reservation(reservation_id=str(row.pk))

    row.refresh_from_db()
    assert row.provider_state == "refused"


def test_a_mirror_that_cannot_read_waits_for_its_next_round(shop: Shop) -> None:
    before = Feed.objects.get()
    shop.ims.faults.update({"down": True})

    jobs.mirror(timestamp=0)

    assert Feed.objects.get().cursor == before.cursor


def test_a_sync_is_tried_again_while_the_inventory_system_is_away_but_not_for_ever() -> None:
    class Job:
        attempts = 3

    retry = jobs.sync_reservation.retry_strategy
    wait = retry.get_retry_decision(exception=Unavailable("away"), job=Job())

    assert timedelta(seconds=5) < wait.retry_at - datetime.now(wait.retry_at.tzinfo) < timedelta(seconds=12)
    assert retry.get_retry_decision(exception=NotFound("no such SKU"), job=Job()) is None
    Job.attempts = 40
    assert retry.get_retry_decision(exception=Unavailable("away"), job=Job()) is None
