"""The inventory system is slow, or away for ten minutes: customers go on, and afterwards both sides are in step."""

import random
from datetime import timedelta
from time import monotonic

import pytest
import time_machine
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from core.http import breaker_of
from inventory import jobs
from inventory.models import Reservation, StockLevel, Unit
from inventory.providers.base import Unavailable, UnknownOutcome
from inventory.services import (
    commit,
    decide_unit,
    in_step,
    reconcile_inventory,
    release,
    ship,
    sync_reservations,
    sync_soon,
)
from tests.inventory.shelf import bag, crate
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db

TEN_MINUTES = 10


def test_an_order_waits_for_a_slow_system_no_longer_than_its_budget_and_its_job_goes_on(shop: Shop) -> None:
    shop.ims.faults.update({"latency_ms": 10_000})
    began = monotonic()

    order = shop.order()

    assert 1.4 < monotonic() - began < 8  # the budget is 1.5 s
    assert order.status == "reserving"
    shop.ims.faults.update({"latency_ms": 0})
    run_jobs()
    order.refresh_from_db()
    assert (order.status, len(shop.claims_at_ims())) == ("pending_payment", 1)


@pytest.mark.usefixtures("no_settling")
def test_after_ten_minutes_without_it_nothing_is_lost_and_both_are_in_step(shop: Shop) -> None:
    paid, gone, leaving = bag(shop, 2), bag(shop), crate(shop)
    before = [paid, gone, leaving]
    sync_reservations(reservation_ids=[row.pk for row in before])
    with time_machine.travel(timezone.now(), tick=False) as clock:
        shop.ims.faults.update({"down": True})
        order = shop.order()
        new = bag(shop)
        commit(reservation_ids=[paid.pk, leaving.pk, new.pk])
        release(reservation_ids=[gone.pk])
        ship(reservation_id=leaving.pk, unit_id=Unit.objects.get(serial="CRATE-1-2").pk)
        shop.ims.store.sell("BAG-1", "BER", 1)  # at its own counter
        for _ in range(TEN_MINUTES):
            clock.shift(60)
            jobs.sync_stragglers(timestamp=0)
            jobs.mirror(timestamp=0)
            with pytest.raises(Unavailable):
                sync_reservations(reservation_ids=[new.pk])
        behind = Reservation.objects.count()
        assert len(waiting_jobs("inventory.sync_reservation")) == behind  # one each, not one a minute
        assert set(Reservation.objects.values_list("sync_after", "sync_failures")) == {(None, 0)}  # not its fault

        shop.ims.faults.update({"down": False})
        breaker_of("inventory").reset()  # its ten seconds are those of another clock
        run_jobs()
        jobs.mirror(timestamp=0)
        order.refresh_from_db()

        assert all(in_step(row) for row in Reservation.objects.all())
        assert {row["state"] for row in shop.claims_at_ims()} == {"held", "confirmed", "checked_out"}
        assert StockLevel.objects.get(variant=shop.bag).on_hand == 9
        assert reconcile_inventory().findings == []
        assert order.status == "pending_payment"


TALKING = ("inventory.sync_reservation", "inventory.tell_unit", "orders.settle_reserving")


def job_of(task: str, attempts: int) -> Job:
    return Job(id=1, queue="q", lock=None, queueing_lock=None, task_name=task, status="doing", attempts=attempts)


@pytest.mark.parametrize("luck", range(5))
def test_after_ten_minutes_without_it_every_job_is_alive_and_tries_within_a_minute(shop: Shop, luck: int) -> None:
    random.seed(luck)  # of the jitter
    broken = Unit.objects.get(serial="CRATE-1-3")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        shop.ims.faults.update({"down": True})
        order = shop.order()
        sync_soon([bag(shop).pk])
        decide_unit(unit_id=broken.pk, event="break")
        work = [(task, arguments) for task, arguments in waiting_jobs() if task in TALKING]
        due = [(timezone.now(), 0) for _ in work]
        back = timezone.now() + timedelta(minutes=TEN_MINUTES)
        while min(due)[0] < back:
            which = due.index(min(due))
            (at, attempts), (task, arguments) = due[which], work[which]
            clock.move_to(at)
            with pytest.raises((Unavailable, UnknownOutcome)) as down:
                app.tasks[task](**arguments)
            again = app.tasks[task].retry_strategy.get_retry_decision(exception=down.value, job=job_of(task, attempts))
            assert again is not None, f"{task} gave up after {attempts} tries"
            due[which] = (again.retry_at, attempts + 1)

        shop.ims.faults.update({"down": False})
        breaker_of("inventory").reset()  # its ten seconds are those of another clock
        for (at, _), (task, arguments) in sorted(zip(due, work, strict=True), key=lambda one: one[0]):
            clock.move_to(at)
            app.tasks[task](**arguments)

        order.refresh_from_db()
        broken.refresh_from_db()
        assert {task for task, _ in work} == set(TALKING)
        assert max(due)[0] <= back + timedelta(seconds=60)
        assert all(in_step(row) for row in Reservation.objects.all())
        assert (order.status, broken.decided_here) == ("pending_payment", False)
