"""Races need real commits and a connection for everybody who runs, and clean up behind themselves."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.jobs import forget_jobs

MOST_RUNNERS = 20


@pytest.fixture
def _connections_for_all(transactional_db: None) -> Iterator[None]:
    pool = connection.pool
    before = (pool.min_size, pool.max_size)
    pool.resize(1, MOST_RUNNERS + 5)
    yield
    pool.resize(*before)
    forget_jobs()  # a flush leaves them where they are
