"""What tests of stock share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread

import pytest
import time_machine
from django.db import connection, transaction
from pytest_django import Settings

from core.http import breaker_of
from inventory.models import StockLevel
from tests.inventory.shelf import NOW


@pytest.fixture(autouse=True)
def _closed_breaker() -> None:
    """Nobody inherits the failures of the test before."""
    breaker_of("inventory").reset()


@pytest.fixture
def no_settling(settings: Settings) -> None:
    """Nobody moves anything between the two looks of a comparison."""
    settings.INVENTORY_SETTLE = 0


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is NOW, until the test moves it: clock.shift(seconds)."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def holder() -> Callable[[int], AbstractContextManager[None]]:
    """Holds the stock levels of a variant on a connection of its own."""

    @contextmanager
    def hold(variant_id: int) -> Iterator[None]:
        locked, done = Event(), Event()

        def work() -> None:
            try:
                with transaction.atomic():
                    list(StockLevel.objects.select_for_update().filter(variant_id=variant_id))
                    locked.set()
                    done.wait(30)
            finally:
                connection.close()

        thread = Thread(target=work)
        thread.start()
        locked.wait(10)
        yield
        done.set()
        thread.join()

    return hold
