"""What the tests of core share."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.factories.accounts import Phone, UserFactory, client_for

Race = Callable[..., list[Any]]


@pytest.fixture
def phone(db: None) -> Phone:
    """A phone on which a customer is logged in."""
    return client_for(UserFactory())


def stranger_connection() -> psycopg.Connection[Any]:
    """A connection to the test's database that Django knows nothing of."""
    known = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return psycopg.connect(**{name: known[name] for name in names if known.get(name)})


@pytest.fixture
def somebody_else(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Another session of the database, in a transaction of its own until it commits or rolls back."""
    with stranger_connection() as other:
        yield other
        other.rollback()


def wait_until(seen: Callable[[], bool]) -> None:
    until = monotonic() + 5
    while not seen() and monotonic() < until:
        sleep(0.01)


def wait_until_somebody_waits_for(holder: psycopg.Connection[Any]) -> None:
    """Until another session wants a lock that this one holds."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    with stranger_connection() as console:
        console.autocommit = True
        wait_until(lambda: console.execute(waiting, [holder.info.backend_pid]).fetchone() != (0,))


@pytest.fixture
def race(transactional_db: None) -> Race:
    """Run calls at the same moment, each on its own connection. Returns what each returned."""

    def run(*calls: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(calls), timeout=10)

        def one(call: Callable[[], Any]) -> Any:
            try:
                connection.ensure_connection()
                barrier.wait()
                return call()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    return run
