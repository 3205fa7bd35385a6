"""What every test may ask for. Real PostgreSQL, real HTTP to stand-ins on loopback, no patching of our own code."""

import gc
import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from pytest_django import Settings
from rest_framework.test import APIClient

import tests.examples  # noqa: F401 (loads the profile)
from core.http import breaker_of
from sandbox.inventory.server import Sandbox as InventorySandbox
from sandbox.inventory.server import running as running_inventory
from sandbox.stripe.client import InProcessHTTPClient
from sandbox.stripe.sandbox import StripeSandbox
from tests.emptying import empty_tables
from tests.jobs import forget_every_job
from tests.shop import Shop

HOUR, LONGER_THAN_A_TEST = 3600, 10  # seconds

TransactionTestCase._fixture_teardown = lambda _: empty_tables()  # type: ignore[method-assign] # what pytest-django calls


@pytest.hookimpl(trylast=True)  # pytest-django puts whatever commits last
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole processes first: what takes minutes must not begin when the other core has nothing left to do."""
    items.sort(key=lambda item: item.get_closest_marker("journey") is None)


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: whoever looks for garbage need not go through all of it each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _day_that_lasts() -> None:
    """Midnight is at a whole hour for every depot: a test that reckons in days from today begins after it."""
    if (left := HOUR - time.time() % HOUR) < LONGER_THAN_A_TEST:
        time.sleep(left)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _jobs_end_with_their_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django empties the tables that it manages; procrastinate's are its own."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or bool(marker and marker.kwargs.get("transaction"))
    if not commits:
        yield
        return
    request.getfixturevalue("transactional_db")
    forget_every_job()
    yield
    forget_every_job()


@pytest.fixture
def api() -> APIClient:
    """An anonymous phone."""
    return APIClient()


@pytest.fixture
def ims(settings: Settings) -> Iterator[InventorySandbox]:
    """An inventory system of this test's own, over real HTTP; `ims.store` is the hand of its staff."""
    breaker_of("inventory").reset()  # the breaker is the process's; another test may have opened it
    with running_inventory(token="token-of-the-test", push_secret="push-new") as sandbox:
        settings.INVENTORY_URL, settings.INVENTORY_TOKEN = sandbox.url, "token-of-the-test"
        yield sandbox


@pytest.fixture
def gateway(settings: Settings) -> Iterator[StripeSandbox]:
    """A Stripe account of this test's own, behind the real SDK; every answer is checked against the SDK's types."""
    with StripeSandbox(check_answers=True, webhook_secrets=["whsec_new"]) as sandbox:
        settings.STRIPE_HTTP_CLIENT = InProcessHTTPClient(sandbox)
        yield sandbox


@pytest.fixture
def shop(db: None, ims: InventorySandbox, gateway: StripeSandbox) -> Shop:
    """A depot in Berlin with one thing to buy and one to rent, known to the inventory system alike."""
    return Shop.opened(ims, gateway)
