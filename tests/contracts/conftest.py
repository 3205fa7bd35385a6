"""The systems that the conformance suite of inventory adapters runs against."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.http import CircuitBreaker
from inventory.providers.base import Capability, InventoryProvider, Level, Line, OutOfStock, RemoteReservation, Window
from inventory.providers.http import HttpInventoryProvider
from inventory.providers.inventree import InvenTreeProvider
from sandbox.inventory.server import running
from sandbox.inventree.server import running as running_inventree
from tests.contracts.openapi import checked
from tests.contracts.staff import HttpStaff, InvenTreeStaff, Lever, Staff, StandInStaff, Verb, window

__all__ = ["Capability", "Ims", "Lever", "Verb", "needs", "window", "winners"]

Wrap = Callable[[InventoryProvider], Any]


@dataclass
class Ims:
    """An adapter, and the hands of the staff of the system behind it."""

    provider: InventoryProvider
    staff: Staff
    can: frozenset[str]
    lines: dict[UUID, Line] = field(default_factory=dict)

    def stock(self, on_hand: int, sku: str = "BAG", depot: str = "AMS") -> None:
        self.staff.receive(sku, depot, on_hand)

    def rent_out(self, *serials: str, sku: str = "SKY", depot: str = "AMS") -> None:
        """These units are for rent."""
        self.staff.add_units(sku, depot, serials)

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

    def book(self, days: Window, quantity: int = 1) -> UUID:
        """A rental is promised: here, and there where dates are known."""
        key = uuid4()
        self.lines[key] = Line("SKY", "AMS", quantity, "rental")
        if Capability.RENTAL_WINDOWS in self.can:
            self.rental(days, quantity, key=key)
        return key

    def check_out(self, key: UUID, serials: Sequence[str] = ()) -> RemoteReservation:
        if key in self.lines:
            lines: Sequence[Line] = [self.lines[key]]
        else:
            found = self.provider.find(key)
            lines = found.lines if found else ()
        return self.provider.check_out(key=key, lines=lines, serials=serials)

    def levels(self, **asked: Any) -> list[Level]:
        """Every page; without the pools of which there is nothing, which some systems list and others do not."""
        page = self.provider.levels(**asked)
        found = list(page.levels)
        while page.cursor:
            page = self.provider.levels(**asked, cursor=page.cursor)
            found += page.levels
        return [level for level in found if level.on_hand or level.reserved_elsewhere]

    def level(self, sku: str = "BAG", depot: str = "AMS") -> Level:
        return next(row for row in self.levels(skus=[sku]) if row.depot == depot)

    def on_hand(self, sku: str = "BAG") -> int:
        return sum(level.on_hand for level in self.levels(skus=[sku]))

    def free(self, sku: str = "BAG", depot: str = "AMS") -> int:
        """Pieces that could be reserved now, counted by the system itself."""
        level = self.level(sku, depot)
        live = [line for found in self.provider.reservations() for line in found.lines if line.kind == "sale"]
        ours = sum(line.quantity for line in live if (line.sku, line.depot) == (sku, depot))
        return level.on_hand - level.reserved_elsewhere - ours

    def status(self, serial: str) -> str:
        return next(unit.status for unit in self.provider.units() if unit.serial == serial)

    def told(self, cursor: str | None) -> tuple[dict[tuple[str, str], int], dict[str, str], str]:
        """The feed from a cursor to its end: pieces by pool, status by serial, and the next cursor."""
        pieces: dict[tuple[str, str], int] = {}
        units: dict[str, str] = {}
        while True:
            page = self.provider.changes(cursor)
            pieces |= {(level.sku, level.depot): level.on_hand for level in page.levels}
            units |= {unit.serial: unit.status for unit in page.units}
            cursor = page.cursor
            if not page.more:
                return pieces, units, cursor

    def caught_up(self) -> str:
        """A cursor behind all that happened until now. A feed may repeat itself for some seconds, not for ever."""
        *_, cursor = self.told(None)
        for _ in range(4):
            self.staff.advance(6)
            pieces, units, cursor = self.told(cursor)
            if not pieces and not units:
                return cursor
        raise AssertionError("The feed does not fall silent.")


def same(*answers: RemoteReservation) -> bool:
    """Equal in everything but `at`, which a system without instants may only say roughly."""
    return all(replace(answer, at=answers[0].at) == answers[0] for answer in answers)


def eventually(value: Callable[[], object], expected: object) -> bool:
    """True as soon as they are equal: some systems go on working after their answer."""
    until = time.monotonic() + 3
    while value() != expected:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def winners(call: Callable[[int], object], attempts: int) -> list[Any]:
    """Results of calls made at once; a call that is out of stock has none."""

    def attempt(number: int) -> object:
        try:
            return call(number)
        except OutOfStock:
            return None

    with ThreadPoolExecutor(attempts) as pool:
        return [result for result in pool.map(attempt, range(attempts)) if result is not None]


# The adapters

LEVERS = frozenset(Lever)
DATELESS = frozenset(Capability) - {Capability.RENTAL_WINDOWS, Capability.HOLD_EXPIRY}
CAN: dict[str, frozenset[str]] = {
    "http": frozenset(Capability) | LEVERS,
    "inventree": DATELESS | LEVERS,
    "inventree-no-worker": (DATELESS - {Capability.PUSH}) | LEVERS,  # without its worker no plugin is called
    "real-inventree": DATELESS - {Capability.PUSH},
}


def _patient() -> CircuitBreaker:
    return CircuitBreaker("inventory", failures=1_000)


@contextmanager
def http_ims(wrap: Wrap = lambda provider: provider) -> Iterator[Ims]:
    """The `http` adapter and the stand-in, over real loopback HTTP; every answer is held against the contract."""
    breaches: list[str] = []
    with running(push_secret="new") as stand_in:
        stand_in.app.route = checked(stand_in.app.route, breaches)
        provider = HttpInventoryProvider(
            stand_in.url, stand_in.token, ("new", "old"), connect_timeout=1, read_timeout=5, breaker=_patient()
        )
        try:
            yield Ims(wrap(provider), HttpStaff(stand_in), CAN["http"])
        finally:
            provider.close()
    assert breaches == []


@contextmanager
def inventree_ims(wrap: Wrap = lambda provider: provider, worker: float | None = 0.02) -> Iterator[Ims]:
    """The `inventree` adapter and the stand-in, with its worker or without."""
    with running_inventree(push_secret="new", worker=worker) as stand_in:
        staff = StandInStaff(stand_in)
        provider = InvenTreeProvider(
            stand_in.url,
            stand_in.token,
            customer=staff.customer,
            push_secrets=("new", "old") if worker is not None else (),
            connect_timeout=1,
            read_timeout=5,
            breaker=_patient(),
        )
        can = CAN["inventree" if worker is not None else "inventree-no-worker"]
        try:
            yield Ims(wrap(provider), staff, can)
        finally:
            provider.close()


def inventree_without_worker(wrap: Wrap = lambda provider: provider) -> AbstractContextManager[Ims]:
    return inventree_ims(wrap, None)


@contextmanager
def real_inventree(wrap: Wrap = lambda provider: provider) -> Iterator[Ims]:
    """A running InvenTree, whose data a test may spoil; see docs/inventree.md."""
    url, token = os.environ["INVENTREE_URL"], os.environ["INVENTREE_TOKEN"]
    staff = InvenTreeStaff(url, token, shop=f"Web shop {time.time_ns()}")
    for depot in ("AMS", "RTM"):
        staff.location(depot)
    provider = InvenTreeProvider(
        url, token, customer=staff.customer, locations=dict(staff.locations), breaker=_patient()
    )
    try:
        yield Ims(wrap(provider), staff, CAN["real-inventree"])  # type: ignore[arg-type]
    finally:
        provider.close()
        staff.leave()


ADAPTERS: dict[str, Callable[..., AbstractContextManager[Ims]]] = {
    "http": http_ims,
    "inventree": inventree_ims,
    "inventree-no-worker": inventree_without_worker,
}
if os.environ.get("INVENTREE_URL") and os.environ.get("INVENTREE_TOKEN"):
    ADAPTERS["real-inventree"] = real_inventree


def needs(*what: Capability | Lever) -> pytest.MarkDecorator:
    """This promise is one of systems that can do this; for the others the test is left out."""
    return pytest.mark.needs(*what)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*what): left out for inventory systems that cannot do this")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not _is_for(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_for(item)]


def _is_for(item: pytest.Item) -> bool:
    name = getattr(getattr(item, "callspec", None), "params", {}).get("ims")
    if name not in CAN:
        return True
    return all(what in CAN[name] for mark in item.iter_markers("needs") for what in mark.args)


@pytest.fixture(params=sorted(ADAPTERS))
def ims(request: pytest.FixtureRequest) -> Iterator[Ims]:
    with ADAPTERS[request.param]() as system:
        yield system
