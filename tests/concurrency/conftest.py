"""Races need real commits and a connection for everybody who runs."""

from collections.abc import Iterator

import pytest
from django.db import connection

MOST_RUNNERS = 20


@pytest.fixture
def _connections_for_all(transactional_db: None) -> Iterator[None]:
    pool = connection.pool
    before = (pool.min_size, pool.max_size)
    pool.resize(1, MOST_RUNNERS + 5)
    yield
    pool.resize(*before)
