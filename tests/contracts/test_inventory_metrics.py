"""Operators see how long each call of an inventory system takes, by the name that this shop has for it."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from inventory.providers.base import Line
from tests.contracts.conftest import Ims, window

LINES = [Line("BAG", "AMS", 1, "sale")]
CALLS: dict[str, Callable[[Ims, UUID], object]] = {
    "levels": lambda ims, _: ims.provider.levels(),
    "units": lambda ims, _: list(ims.provider.units()),
    "changes": lambda ims, _: ims.provider.changes(None),
    "reserve": lambda ims, _: ims.sale(key=uuid4()),
    "confirm": lambda ims, key: ims.provider.confirm(key=key),
    "release": lambda ims, key: ims.provider.release(key=key),
    "check_out": lambda ims, key: ims.provider.check_out(key=key, lines=LINES),
    "check_in": lambda ims, key: ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS"),
    "set_unit": lambda ims, _: ims.provider.set_unit(serial="U2", status="maintenance", condition="B"),
    "find": lambda ims, key: ims.provider.find(key),
    "reservations": lambda ims, _: list(ims.provider.reservations()),
}


def measured() -> dict[str, float]:
    """Answers and failures until now, by operation."""
    counts: dict[str, float] = {}
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.name == "outbound_http_seconds_count" and sample.labels["client"] == "inventory":
                name = sample.labels["operation"]
                counts[name] = counts.get(name, 0) + sample.value
    return counts


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_measured_under_its_name_and_no_other(ims: Ims, name: str) -> None:
    ims.stock(5)
    ims.rent_out("U1", "U2")
    key = ims.sale().key
    if name == "check_in":
        key = ims.book(window(0, 3))
        ims.check_out(key, serials=["U1"])
    before = measured()

    CALLS[name](ims, key)

    after = measured()
    assert {call for call, count in after.items() if count > before.get(call, 0)} == {name}
