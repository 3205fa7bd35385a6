"""Housekeeping: the jobs of the dead go to the living, and what is done is forgotten in time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import croniter
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from core.jobs import forget_old_idempotency_keys
from core.models import IdempotencyKey
from core.queue import enqueue
from tests.core.worker import jobs, ran, work


def sql(statement: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def begun_by_a_worker(*, silent_for: float) -> None:
    """Every waiting job was begun by one worker, which last gave a sign of life so many seconds ago."""
    [[worker]] = sql("SELECT worker_id FROM procrastinate_register_worker_v1()")
    sql("UPDATE procrastinate_workers SET last_heartbeat = now() - %s * interval '1 second'", silent_for)
    sql("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE status = 'todo'", worker)


def rescue() -> None:
    """A worker that lives does the rescuing, as it does every few seconds."""
    app.configure_task("core.retry_stalled_jobs", queue="rescue").defer(timestamp=0)
    work(queues=["rescue"])


def test_the_jobs_of_a_dead_worker_are_done_by_the_living(transactional_db: None) -> None:
    ran.clear()
    enqueue("tests.note", n=1)
    begun_by_a_worker(silent_for=settings.WORKER_LOST_AFTER + 1)

    rescue()
    work()

    assert ran == [{"n": 1}]
    assert jobs("tests.note") == [("succeeded", 2)]  # begun twice


def test_the_jobs_of_a_living_worker_are_left_to_it(transactional_db: None) -> None:
    enqueue("tests.note", n=1)
    begun_by_a_worker(silent_for=settings.WORKER_LOST_AFTER / 2)

    rescue()

    assert jobs("tests.note") == [("doing", 0)]


def test_a_dead_workers_job_whose_twin_waits_is_dropped_and_frees_its_lock(transactional_db: None) -> None:
    ran.clear()
    enqueue("tests.note", lock="L", once="K", n=1)
    begun_by_a_worker(silent_for=settings.WORKER_LOST_AFTER + 1)
    enqueue("tests.note", lock="L", once="K", n=2)

    rescue()
    work()

    assert ran == [{"n": 2}]
    assert jobs("tests.note") == [("succeeded", 1)]


def test_workers_give_signs_of_life_often_enough_to_miss_some() -> None:
    beat = settings.PROCRASTINATE_WORKER_DEFAULTS["update_heartbeat_interval"]

    assert beat * 2 < settings.WORKER_LOST_AFTER


def test_finished_jobs_are_forgotten_after_days_and_failed_ones_stay(transactional_db: None) -> None:
    for status in ("succeeded", "cancelled", "failed", "succeeded"):
        enqueue("tests.note", n=1)
        sql("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
        sql("UPDATE procrastinate_jobs SET status = %s WHERE status = 'doing'", status)
        if len(jobs("tests.note")) == 3:
            sql("UPDATE procrastinate_events SET at = at - interval '73 hours'")

    app.configure_task("core.delete_old_jobs", queue="cleaning").defer(timestamp=0)
    work(queues=["cleaning"])

    assert jobs("tests.note") == [("failed", 0), ("succeeded", 0)]


def test_stored_answers_are_forgotten_by_a_job(db: None) -> None:
    IdempotencyKey.objects.create(owner="1", key="k", request_hash="", operation="", running_until=timezone.now())
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=365))

    forget_old_idempotency_keys(timestamp=0)

    assert not IdempotencyKey.objects.exists()


# When


def gaps(cron: str) -> set[float]:
    """Seconds between one run and the next, over some thousand runs."""
    runs = croniter.croniter(cron, datetime(2027, 1, 1, tzinfo=UTC))
    times = [runs.get_next(float) for _ in range(3000)]
    return {later - earlier for earlier, later in pairwise(times)}


PERIODIC = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}


@pytest.mark.parametrize(("name", "cron"), PERIODIC.items())
def test_a_periodic_job_runs_at_even_intervals_and_never_every_second(name: str, cron: str) -> None:
    [gap] = gaps(cron)

    assert gap >= 5


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("core.retry_stalled_jobs", 15),
        ("inventory.mirror", 10),
        ("orders.expire_unpaid_orders", 15),
        ("payments.reconcile_young", 60),
    ],
)
def test_what_customers_wait_for_happens_within_seconds(name: str, seconds: int) -> None:
    assert max(gaps(PERIODIC[name])) <= seconds
