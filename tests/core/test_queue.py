"""Jobs: there exactly when their row is, at most one waits for the same thing, and patience has an end."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from procrastinate import exceptions
from procrastinate.jobs import Job

from accounts.models import User
from core.queue import Patient, enqueue
from tests.core.worker import Unavailable, fetch, jobs, ran, work
from tests.factories.accounts import UserFactory


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


# In the caller's transaction


def test_a_job_is_gone_with_the_transaction_that_asked_for_it(db: None) -> None:
    with transaction.atomic():
        UserFactory(email="mia@example.com")
        enqueue("tests.note", n=1)
        transaction.set_rollback(True)

    assert (jobs("tests.note"), User.objects.count()) == ([], 0)


def test_what_a_job_asks_for_is_gone_with_that_jobs_transaction_too(transactional_db: None) -> None:
    """A worker gives procrastinate a connection of its own; rows and jobs must not part there."""
    enqueue("tests.ask_and_break")

    work()

    assert jobs("tests.ask_and_break") == [("failed", 1)]
    assert jobs("tests.note") == []


def test_a_job_cannot_be_seen_before_its_row_can(somebody_else: psycopg.Connection[Any]) -> None:
    somebody_else.autocommit = True
    with transaction.atomic():
        enqueue("tests.note", n=1)
        before = fetch(somebody_else)
    after = fetch(somebody_else)

    assert (before, after is not None) == (None, True)


def test_a_name_that_nobody_answers_to_raises_at_once(db: None) -> None:
    with pytest.raises(exceptions.TaskNotFound):
        enqueue("tests.nobody")
    with pytest.raises(exceptions.TaskNotFound):
        enqueue("tests.nobody", once="K")


def test_arguments_arrive_as_they_were_given(transactional_db: None) -> None:
    arguments = {"order_id": "0198f3a2", "n": 3, "nothing": None, "words": ["ü", "🐈"]}

    enqueue("tests.note", **arguments)
    work()

    assert ran == [arguments]


def test_a_job_for_later_waits_until_then(db: None) -> None:
    enqueue("tests.note", after=timedelta(minutes=5), n=1)

    with connection.cursor() as cursor:
        cursor.execute("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = 'tests.note'")
        scheduled = cursor.fetchone()[0]
    assert abs(scheduled - timezone.now() - timedelta(minutes=5)) < timedelta(seconds=5)


# At most one waits


def test_a_job_for_later_holds_no_lock_that_others_would_wait_for(db: None) -> None:
    with pytest.raises(ValueError, match="cannot hold the lock"):
        enqueue("tests.note", after=timedelta(minutes=5), lock="L", n=1)


def test_two_requests_for_one_thing_make_one_job(db: None) -> None:
    for _ in range(3):
        enqueue("tests.note", once="K", n=1)
    enqueue("tests.note", once="another", n=1)

    assert jobs("tests.note") == [("todo", 0)] * 2


def test_joining_a_job_does_not_harm_the_callers_transaction(db: None) -> None:
    enqueue("tests.note", once="K", n=1)

    with transaction.atomic():
        UserFactory()
        enqueue("tests.note", once="K", n=1)
        UserFactory()

    assert User.objects.count() == 2


def test_a_job_that_has_begun_cannot_be_joined(db: None) -> None:
    enqueue("tests.note", once="K", n=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")

    enqueue("tests.note", once="K", n=2)

    assert jobs("tests.note") == [("doing", 0), ("todo", 0)]


def test_a_joined_job_does_not_begin_before_it_can_see_what_was_written(somebody_else: psycopg.Connection[Any]) -> None:
    somebody_else.autocommit = True
    enqueue("tests.note", once="K", n=1)

    with transaction.atomic():
        UserFactory()
        enqueue("tests.note", once="K", n=1)
        during = fetch(somebody_else)
    after = fetch(somebody_else)

    assert (during, after is not None) == (None, True)


def test_two_transactions_can_join_one_job_without_waiting_for_each_other(
    somebody_else: psycopg.Connection[Any],
) -> None:
    enqueue("tests.note", once="K", n=1)
    somebody_else.execute("SELECT id FROM procrastinate_jobs FOR SHARE")  # has joined, and is still busy

    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    with transaction.atomic():
        enqueue("tests.note", once="K", n=1)

    assert jobs("tests.note") == [("todo", 0)]


def rests() -> bool:
    """True when the one job there is waits for its time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT scheduled_at > now() FROM procrastinate_jobs WHERE status = 'todo'")
        (row,) = cursor.fetchall()
        return bool(row[0])


def test_a_job_that_rests_is_joined_as_it_is_unless_it_is_hastened(transactional_db: None) -> None:
    enqueue("tests.note", once="K", after=timedelta(minutes=1), n=1)
    enqueue("tests.note", once="K", n=1)
    assert rests()

    with transaction.atomic():
        enqueue("tests.note", once="K", hasten=True, n=1)
        assert rests()  # what the caller writes is not there to be seen yet

    assert not rests()


def test_hastening_waits_for_nobody(transactional_db: None, somebody_else: psycopg.Connection[Any]) -> None:
    enqueue("tests.note", once="K", after=timedelta(minutes=1), n=1)
    somebody_else.execute("SELECT id FROM procrastinate_jobs FOR SHARE")  # has joined, and is still busy
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")

    enqueue("tests.note", once="K", hasten=True, n=1)

    assert jobs("tests.note") == [("todo", 0)]


def test_a_failed_job_gives_way_to_the_one_that_was_asked_for_while_it_ran(transactional_db: None) -> None:
    enqueue("tests.fail_once_meanwhile_asked_again", lock="L", once="K", n=1)

    work()

    assert ran == [{"n": 1}, {"n": 2}]
    assert jobs("tests.fail_once_meanwhile_asked_again") == [("succeeded", 1)]


# Patience


def job(attempts: int) -> Job:
    return Job(
        id=1, queue="q", lock=None, queueing_lock=None, task_name="t", priority=0, status="doing", attempts=attempts
    )


def waits(strategy: Patient, attempts: int, error: Exception | None = None) -> int | None:
    """Whole seconds until the next try; None when it gives up."""
    with time_machine.travel(0, tick=False):
        decision = strategy.get_retry_decision(exception=error or Unavailable(), job=job(attempts))
        return None if decision is None else round(decision.retry_at.timestamp())


@pytest.mark.parametrize(("attempts", "least", "most"), [(0, 1, 1), (1, 1, 3), (3, 6, 10), (5, 24, 40), (8, 192, 320)])
def test_each_try_waits_about_twice_as_long_as_the_one_before(attempts: int, least: int, most: int) -> None:
    assert all(least <= waits(Patient(Unavailable, longest=1000), attempts) <= most for _ in range(50))


def test_no_try_waits_much_longer_than_the_longest() -> None:
    found = {waits(Patient(Unavailable, attempts=10_000, longest=60), attempts) for attempts in (6, 20, 9_999)}

    assert all(45 <= seconds <= 75 for seconds in found)


def test_a_thousand_jobs_do_not_wake_together() -> None:
    assert len({waits(Patient(Unavailable, longest=300), 20) for _ in range(1000)}) > 50


def test_who_is_told_how_long_to_wait_waits_that_long() -> None:
    error = Unavailable()
    error.retry_after = 90.4

    assert waits(Patient(Unavailable), 0, error) == 90


def test_patience_ends() -> None:
    assert waits(Patient(Unavailable, attempts=5), 4) is not None
    assert waits(Patient(Unavailable, attempts=5), 5) is None


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_other_errors_are_not_tried_again(error: Exception) -> None:
    assert waits(Patient(Unavailable), 0, error) is None
