"""Jobs live in the database: enqueued in the caller's transaction, one exists when the row that needs it does."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Job, JobDeferrer, Status
from procrastinate.manager import JobManager

__all__ = ["Patient", "app", "enqueue", "on_app_ready"]


# A worker gives procrastinate's app a connection of its own. A job enqueued by a job must be written on ours all the
# same: else it would start before the row that needs it is committed, or outlive a rollback.
_IN_OUR_TRANSACTION = JobManager(DjangoConnector())


def enqueue(
    task: str,
    *,
    after: timedelta | None = None,
    lock: str | None = None,
    once: str | None = None,
    hasten: bool = False,
    **arguments: Any,
) -> None:
    """Ask for a job by name, in the caller's transaction.

    after: earliest start. lock: jobs with the same lock run one after the other. once: at most one waiting job has
    this key; a second request joins it, and the job then starts after this transaction has ended, so that it sees what
    the caller wrote. hasten (of `once`): if that one rests after a failure, it rests no longer once this transaction
    has ended; a rest of more than five minutes was asked for, and is kept.
    An unknown name raises at once (procrastinate TaskNotFound), and so does a lock for later (ValueError): a job that
    waits for its time with a lock keeps all others of that lock waiting too.
    """
    if after is not None and lock is not None:
        raise ValueError(f"{task} for later cannot hold the lock {lock}")
    options: dict[str, Any] = {"lock": lock, "queueing_lock": once}
    if after is not None:
        options["schedule_at"] = timezone.now() + after
    job = app.configure_task(task, allow_unknown=False, **{k: v for k, v in options.items() if v is not None})
    job.job_manager = _IN_OUR_TRANSACTION
    if once is None:
        job.defer(**arguments)
        return
    while not _deferred(job, arguments) and not _joined(once):
        pass  # the job that was waiting has started meanwhile, too early to see what this caller wrote
    if hasten:
        # Not before: whoever changes its row keeps others from joining. Robust: the caller's work is done by then.
        transaction.on_commit(partial(_end_rest, once), robust=True)


def _deferred(job: JobDeferrer, arguments: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():  # a refused insert must not poison the caller's transaction
            job.defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def _joined(once: str) -> bool:
    """Keep the waiting job from starting before this transaction ends: workers pass over rows that are locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo' FOR SHARE", [once]
        )
        return cursor.fetchone() is not None


def _end_rest(once: str) -> None:
    """Where somebody else is just joining, it goes on resting: nobody waits here, the caller's work is done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE id IN (SELECT id FROM procrastinate_jobs"
            " WHERE queueing_lock = %s AND status = 'todo' AND scheduled_at > now()"
            " AND scheduled_at < now() + %s * interval '1 second' FOR UPDATE SKIP LOCKED)",
            [once, _LONGEST_REST.total_seconds()],
        )


_LONGEST_REST = timedelta(minutes=5)  # that is ours to end: a longer one was asked for (Retry-After)


class Jobs(JobManager):
    """Procrastinate's own, but for a failed job whose `once` twin was enqueued while it ran.

    The two cannot both wait under one key. Without this the failed one would stay "doing", its lock held, for as long
    as its worker lives.
    """

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Let a job wait for its next try; if its twin waits already, that one does the work."""
        try:
            await super().retry_job(job, retry_at, priority, queue, lock)
        except UniqueViolation:
            await self.finish_job(job, status=Status.ABORTED, delete_job=True)


def on_app_ready(ready: App) -> None:
    """PROCRASTINATE_ON_APP_READY."""
    ready.job_manager = Jobs(ready.connector)


_DATABASE = (OperationalError, InterfaceError)  # a lock not had in time, a restart: nothing happened


class Patient(BaseRetryStrategy):
    """Try again on the errors named, and when the database is busy or away, for about `attempts` tries.

    Waits 1, 2, 4 … seconds, at most `longest`; the jitter keeps a thousand jobs from waking together.
    """

    def __init__(self, *errors: type[Exception], attempts: int = 30, longest: int = 300) -> None:
        self.errors: Sequence[type[Exception]] = errors
        self.attempts = attempts
        self.longest = longest

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, (*self.errors, *_DATABASE)) or job.attempts >= self.attempts:
            return None
        wait = min(2**job.attempts, self.longest)
        asked = getattr(exception, "retry_after", None) or 0
        seconds = max(wait * random.uniform(0.75, 1.25), asked)  # noqa: S311 (jitter, not a secret)
        return RetryDecision(retry_in={"seconds": max(1, round(seconds))})
