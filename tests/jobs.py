"""Run the jobs that are waiting, in this thread and on this connection, as a worker would one after the other."""

import json
from typing import Any

from django.db import connection
from procrastinate.contrib.django import app


def waiting_jobs(task: str = "") -> list[tuple[str, dict[str, Any]]]:
    """(task, arguments) of every job that waits, oldest first."""
    return [(name, args) for _, name, args in _todo() if task in name]


def run_jobs(*, rounds: int = 20, later: bool = True) -> list[str]:
    """Run what waits, and what that enqueues, until nothing waits. Errors are the test's. Returns the tasks run.

    later=False leaves what is scheduled for later.
    """
    ran: list[str] = []
    for _ in range(rounds):
        todo = _todo(later=later)
        if not todo:
            return ran
        for job_id, name, args in todo:
            _finish(job_id)
            if not app.tasks[name].pass_context:  # a real worker's own housekeeping, which the clock asked for
                app.tasks[name](**args)
                ran.append(name)
    raise AssertionError(f"jobs go on and on: {ran[-10:]}")


def forget_jobs() -> None:
    """What a crash of everything, database restored from a backup, would leave: no jobs at all."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'cancelled' WHERE status = 'todo'")


def forget_every_job() -> None:
    """Also those that are done, and the workers that did them."""
    with connection.cursor() as cursor:
        for table in ("procrastinate_periodic_defers", "procrastinate_jobs", "procrastinate_workers"):
            cursor.execute(f"DELETE FROM {table}")


def _todo(*, later: bool = True) -> list[tuple[int, str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo'"
            " AND (%s OR scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id",
            [later],
        )
        return [
            (pk, name, args if isinstance(args, dict) else json.loads(args)) for pk, name, args in cursor.fetchall()
        ]


def _finish(job_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [job_id])
        cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job_id])
