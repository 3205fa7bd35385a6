"""What the tests of accounts share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.factories.accounts import Phone

Race = Callable[..., list[Any]]


@pytest.fixture
def api() -> Phone:
    """An anonymous phone."""
    return Phone()


@pytest.fixture
def race(transactional_db: None) -> Race:
    """Run calls at the same moment, each on its own connection. Returns what each returned or raised."""

    def run(*calls: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(calls), timeout=10)

        def one(call: Callable[[], Any]) -> Any:
            try:
                connection.ensure_connection()
                barrier.wait()
                return call()
            except Exception as error:  # noqa: BLE001 (the loser's error is the result)
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    return run
