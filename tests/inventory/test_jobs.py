"""What goes on by itself."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine

from core.queue import app
from inventory import jobs
from inventory.models import Feed, Reservation
from inventory.providers.base import NotFound, Unavailable
from tests.factories.inventory import DepotFactory
from tests.inventory.shelf import IN_A_QUARTER, MINUTE, NOW, Shelf
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("time_zone", "free_by_day"),  # from the 21st on; there it is the 21st, 22nd, 21st
    [("Europe/Berlin", [0, 0, 0, 1]), ("Pacific/Auckland", [0, 0, 0, 0, 1]), ("Pacific/Honolulu", [0, 0, 0, 1])],
)
def test_a_late_unit_keeps_today_and_its_turnaround_without_any_job(time_zone: str, free_by_day: list[int]) -> None:
    shelf = Shelf(units=1, depot=DepotFactory(time_zone=time_zone))
    shelf.reserved(rental=(date(2027, 4, 12), date(2027, 4, 18)), status="shipped", turnaround_days=2)

    now = datetime.fromisoformat("2027-04-21T13:30Z")

    end = date(2027, 4, 21) + timedelta(days=len(free_by_day))
    assert shelf.free(date(2027, 4, 21), end, now=now).rental_by_day == free_by_day


def test_the_booking_that_a_late_unit_takes_is_found(clock: time_machine.Traveller) -> None:
    shelf = Shelf(units=1)
    shelf.reserved(rental=(date(2027, 4, 12), date(2027, 4, 21)), status="shipped", turnaround_days=1)
    next_one = shelf.reserved(rental=(date(2027, 4, 21), date(2027, 4, 25)), status="committed", expires_at=None)

    jobs.review_overdue(timestamp=0)
    run_jobs()

    next_one.refresh_from_db()
    assert next_one.misfit_at == NOW


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


def test_the_mirror_looks_every_ten_seconds() -> None:
    """So a walk-in sale shows within ten seconds also where no push tells of it."""
    (schedule,) = [one for one in app.periodic_registry.periodic_tasks.values() if one.task.name == "inventory.mirror"]
    beats = schedule.croniter

    rounds = [beats.get_next(float) for _ in range(20)]

    assert max(after - before for before, after in pairwise(rounds)) <= 10


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
