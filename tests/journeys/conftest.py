"""Whole processes need committed rows: these tests use the database without a transaction around them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from sandbox.inventory.server import Sandbox as InventorySandbox
from sandbox.stripe.sandbox import StripeSandbox
from tests.journeys.stack import Stack, running_stack
from tests.shop import Shop


@pytest.fixture
def stack(transactional_db: None, ims: InventorySandbox, tmp_path: Path, settings: object) -> Iterator[Stack]:
    """Web and worker, not started yet."""
    with running_stack(
        ims, tmp_path, HOLD_MINUTES="1", HOLD_EXTENSION_MINUTES="1", IDEMPOTENCY_LEASE_SECONDS="4"
    ) as stack:
        yield stack


@pytest.fixture
def gateway(stack: Stack) -> StripeSandbox:
    return stack.stripe


@pytest.fixture
def shop(transactional_db: None, ims: InventorySandbox, gateway: StripeSandbox) -> Shop:
    return Shop.opened(ims, gateway)


@pytest.fixture(autouse=True)
def _no_job_left(transactional_db: None) -> Iterator[None]:
    """Django flushes its own tables only; the tests after these would find jobs that nobody has done."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
