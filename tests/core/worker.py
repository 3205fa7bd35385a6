"""A real worker on real connections, for tests that commit."""

from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app

from core.queue import Patient, enqueue

QUEUE = "tests"
ran: list[dict[str, Any]] = []


class Unavailable(Exception):
    """The other system is down."""

    retry_after: float | None = None


@app.task(name="tests.note", queue=QUEUE)
def note(**arguments: Any) -> None:
    ran.append(arguments)


@app.task(name="tests.fail_once_meanwhile_asked_again", queue=QUEUE, retry=Patient(Unavailable))
def fail_once_meanwhile_asked_again(**arguments: Any) -> None:
    """Fails, and while it runs somebody asks for the same thing again."""
    ran.append(arguments)
    if len(ran) == 1:
        enqueue("tests.fail_once_meanwhile_asked_again", lock="L", once="K", n=2)
        raise Unavailable


@app.task(name="tests.ask_and_break", queue=QUEUE)
def ask_and_break() -> None:
    with transaction.atomic():
        enqueue("tests.note", n=1)
        raise ValueError("a bug")


def work(*, queues: list[str] | None = None) -> None:
    """Do all that is due in these queues, and what comes of it, as a worker process would; then stop."""
    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        app.run_worker(
            queues=queues or [QUEUE], wait=False, install_signal_handlers=False, listen_notify=False, concurrency=1
        )


def jobs(task: str) -> list[tuple[str, int]]:
    """(status, attempts) of every job of this task, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, attempts FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [task])
        return cursor.fetchall()


def fetch(other: Any, queue: str = QUEUE) -> int | None:
    """What a worker on another connection would begin next; None when it finds nothing to do."""
    worker = other.execute("SELECT * FROM procrastinate_register_worker_v1()").fetchone()[0]
    row = other.execute("SELECT id FROM procrastinate_fetch_job_v2(%s::varchar[], %s)", [[queue], worker]).fetchone()
    return row[0] if row else None
