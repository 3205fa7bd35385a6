"""What tests of stock share."""

from collections.abc import Iterator

import pytest
import time_machine

from core.http import breaker_of
from tests.inventory.shelf import NOW


@pytest.fixture(autouse=True)
def _closed_breaker() -> None:
    """Nobody inherits the failures of the test before."""
    breaker_of("inventory").reset()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is NOW, until the test moves it: clock.shift(seconds)."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
