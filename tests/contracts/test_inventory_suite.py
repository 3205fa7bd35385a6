"""The conformance suite itself: adapters that break a promise do not pass it."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import ClassVar
from uuid import UUID, uuid5

import pytest

from inventory.providers.base import Line, NotFound, OutOfStock, RemoteReservation, Unavailable, UnknownOutcome, Window
from inventory.providers.http import HttpInventoryProvider
from tests.contracts import test_inventory_failures as failures
from tests.contracts import test_inventory_provider as suite
from tests.contracts import test_inventory_push as pushes
from tests.contracts.conftest import Ims, http_ims


class Forgetful(HttpInventoryProvider):
    """Makes a new reservation at every repeat."""

    numbers: ClassVar = count()

    def reserve(
        self, *, key: UUID, lines: Sequence[Line], window: Window | None = None, timeout: float | None = None
    ) -> RemoteReservation:
        return super().reserve(key=uuid5(key, str(next(self.numbers))), lines=lines, window=window, timeout=timeout)


class Optimist(HttpInventoryProvider):
    """Takes a lost answer for a refusal, and an unreachable system for an unknown key."""

    def reserve(
        self, *, key: UUID, lines: Sequence[Line], window: Window | None = None, timeout: float | None = None
    ) -> RemoteReservation:
        try:
            return super().reserve(key=key, lines=lines, window=window, timeout=timeout)
        except UnknownOutcome:
            raise OutOfStock(sku=lines[0].sku, have=0) from None

    def find(self, key: UUID) -> RemoteReservation | None:
        try:
            return super().find(key)
        except Unavailable:
            return None


class Pedant(HttpInventoryProvider):
    """Thinks that a release of nothing is an error."""

    def release(self, *, key: UUID, timeout: float | None = None) -> None:
        if self.find(key) is None:
            raise NotFound(str(key))
        super().release(key=key, timeout=timeout)


class Gullible(HttpInventoryProvider):
    """Accepts whatever is pushed."""

    def parse_push(self, **_push: object) -> None:
        return


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (Forgetful, suite.test_the_same_key_again_is_the_same_hold),
        (Forgetful, suite.test_one_key_from_many_threads_is_one_hold),
        (
            Optimist,
            lambda ims: failures.test_find_settles_a_reservation_that_went_wrong_and_the_repeat_succeeds(
                ims, "500_after"
            ),
        ),
        (Optimist, lambda ims: failures.test_a_read_that_went_wrong_may_simply_be_repeated(ims, "find", "html")),
        (Pedant, suite.test_releasing_gives_back_once_and_a_repeat_or_an_unknown_key_is_success),
        (Gullible, pushes.test_a_push_of_the_system_itself_is_accepted_and_the_feed_has_the_news),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_adapter_does_not_pass(broken: type[HttpInventoryProvider], promise: Callable[[Ims], None]):
    with http_ims() as sound:
        promise(sound)
    with http_ims(broken) as ims, pytest.raises((AssertionError, NotFound, OutOfStock, pytest.fail.Exception)):
        promise(ims)
