"""The systems that the conformance suite of inventory adapters runs against."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from core.http import CircuitBreaker
from inventory.providers.base import InventoryProvider, Line, OutOfStock, RemoteReservation, Window
from inventory.providers.http import HttpInventoryProvider
from sandbox.inventory.server import Sandbox, running
from tests.contracts.openapi import checked

TODAY = date.today()  # noqa: DTZ011  (the stand-in's days are only compared with each other)


def window(start: int, end: int) -> Window:
    """Days from today; `end` is the first free one."""
    return Window(TODAY + timedelta(days=start), TODAY + timedelta(days=end))


@dataclass
class Ims:
    """An adapter, and the hands of the staff of the system behind it."""

    provider: InventoryProvider
    stand_in: Sandbox

    def stock(self, on_hand: int, sku: str = "BAG", depot: str = "AMS") -> None:
        self.stand_in.store.receive(sku, depot, on_hand)

    def rent_out(self, *serials: str, sku: str = "SKY", depot: str = "AMS") -> None:
        """These units are for rent."""
        self.stand_in.store.add_units(sku, depot, serials, "A")

    def sale(
        self, quantity: int = 1, *, key: UUID | None = None, sku: str = "BAG", depot: str = "AMS"
    ) -> RemoteReservation:
        lines = [Line(sku, depot, quantity, "sale")]
        return self.provider.reserve(key=key or uuid4(), lines=lines)

    def rental(
        self, days: Window, quantity: int = 1, *, key: UUID | None = None, sku: str = "SKY", depot: str = "AMS"
    ) -> RemoteReservation:
        lines = [Line(sku, depot, quantity, "rental")]
        return self.provider.reserve(key=key or uuid4(), lines=lines, window=days)

    def check_out(self, key: UUID, serials: Sequence[str] = ()) -> RemoteReservation:
        found = self.provider.find(key)
        return self.provider.check_out(key=key, lines=found.lines if found else (), serials=serials)

    def on_hand(self, sku: str = "BAG") -> int:
        return sum(level.on_hand for level in self.provider.levels(skus=[sku]).levels)

    def free(self, sku: str = "BAG", depot: str = "AMS") -> int:
        """Pieces that could be reserved now, counted by the system itself."""
        level = next(row for row in self.provider.levels(skus=[sku]).levels if row.depot == depot)
        live = [line for found in self.provider.reservations() for line in found.lines if line.kind == "sale"]
        ours = sum(line.quantity for line in live if (line.sku, line.depot) == (sku, depot))
        return level.on_hand - level.reserved_elsewhere - ours

    def status(self, serial: str) -> str:
        return next(unit.status for unit in self.provider.units() if unit.serial == serial)

    def breaks(self, match: str, kind: str, times: int = 1) -> None:
        """The next calls that begin like this fail."""
        self.stand_in.faults.plan(match, kind, times)


def winners(call: Callable[[int], object], attempts: int) -> list[object]:
    """Results of calls made at once; a call that is out of stock has none."""

    def attempt(number: int) -> object:
        try:
            return call(number)
        except OutOfStock:
            return None

    with ThreadPoolExecutor(attempts) as pool:
        return [result for result in pool.map(attempt, range(attempts)) if result is not None]


Adapter = Callable[[], AbstractContextManager[Ims]]


@contextmanager
def http_ims(
    provider_class: type[HttpInventoryProvider] = HttpInventoryProvider, push_secrets: Sequence[str] = ("new", "old")
) -> Iterator[Ims]:
    """The `http` adapter and the stand-in, over real loopback HTTP; every answer is held against the contract."""
    breaches: list[str] = []
    with running(push_secret=push_secrets[0]) as stand_in:
        stand_in.app.route = checked(stand_in.app.route, breaches)
        breaker = CircuitBreaker("inventory", failures=1_000)
        provider = provider_class(
            stand_in.url, stand_in.token, push_secrets, connect_timeout=1, read_timeout=5, breaker=breaker
        )
        try:
            yield Ims(provider, stand_in)
        finally:
            provider.close()
    assert breaches == []


ADAPTERS: dict[str, Adapter] = {"http": http_ims}


@pytest.fixture(params=sorted(ADAPTERS))
def ims(request: pytest.FixtureRequest) -> Iterator[Ims]:
    with ADAPTERS[request.param]() as system:
        yield system
