"""Things that happen at the same time, each in a thread with a connection and transactions of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Queue
from threading import Barrier, Event
from time import monotonic, sleep
from typing import TypeVar

from django.db import Error, connection, transaction

from core.errors import DomainError

T = TypeVar("T")
Outcome = T | DomainError | Error
PATIENCE = 10.0  # seconds


def race(steps: Sequence[Callable[[], T]]) -> list[Outcome[T]]:
    """Let all steps go at once, after each has its connection. Returns what each returned or was refused with."""
    start = Barrier(len(steps))

    def run(step: Callable[[], T]) -> Outcome[T]:
        _be_patient()
        start.wait(PATIENCE)
        try:
            return _outcome(step)
        finally:
            _be_patient(again=False)

    return _in_threads(*(lambda step=step: run(step) for step in steps))


def _be_patient(*, again: bool = True) -> None:
    """A race is about who wins; on a busy machine the last of twenty may wait for longer than a customer would."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20s'" if again else "RESET lock_timeout")


def meanwhile(first: Callable[[], T], second: Callable[[], T]) -> list[Outcome[T]]:
    """Run `first`, and `second` while the transaction of `first` is open.

    `first` commits when `second` waits for it or is done. Returns what both returned or were refused with.
    """
    begun, done, backend = Event(), Event(), Queue[int]()

    def one() -> Outcome[T]:
        with transaction.atomic():
            outcome = _outcome(first)
            begun.set()
            pid, until = backend.get(timeout=PATIENCE), monotonic() + PATIENCE
            while not (done.is_set() or _waits(pid)) and monotonic() < until:
                sleep(0.005)
        return outcome

    def two() -> Outcome[T]:
        begun.wait(PATIENCE)
        connection.ensure_connection()
        backend.put(connection.connection.info.backend_pid)
        try:
            return _outcome(second)
        finally:
            done.set()

    return _in_threads(one, two)


def queued(held: Callable[[], object], *steps: Callable[[], T]) -> list[Outcome[T]]:
    """Let each step begin when the one before it waits for what `held` locked, then let go of that.

    Returns what each step returned or was refused with.
    """
    turns, backends = [Event() for _ in steps], [Queue[int]() for _ in steps]

    def hold() -> None:
        with transaction.atomic():
            held()
            for turn, backend in zip(turns, backends, strict=True):
                turn.set()
                pid, until = backend.get(timeout=PATIENCE), monotonic() + PATIENCE
                while not _waits(pid) and monotonic() < until:
                    sleep(0.005)

    def take(step: Callable[[], T], turn: Event, backend: "Queue[int]") -> Outcome[T]:
        turn.wait(PATIENCE)
        _be_patient()
        backend.put(connection.connection.info.backend_pid)
        try:
            return _outcome(step)
        finally:
            _be_patient(again=False)

    _, *outcomes = _in_threads(hold, *map(partial(partial, take), steps, turns, backends))
    return outcomes


def won(outcomes: Sequence[Outcome[T]]) -> list[T]:
    """What the successful ones returned. Refusals by a rule are expected in a race, database errors are not."""
    for outcome in outcomes:
        if isinstance(outcome, Error):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, DomainError)]


def _outcome(step: Callable[[], T]) -> Outcome[T]:
    try:
        return step()
    except (DomainError, Error) as refusal:
        return refusal


def _waits(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return bool(cursor.fetchone()[0])


def _in_threads(*runs: Callable[[], T]) -> list[T]:
    def run(one: Callable[[], T]) -> T:
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(runs)) as threads:
        return list(threads.map(run, runs))
