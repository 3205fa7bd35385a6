"""How much of what lies where. Computed from the names alone, so that every run fills the same shelves."""

from collections.abc import Iterator
from zlib import crc32

from config.demo.containers import CONTAINERS
from config.demo.places import DEPOTS
from config.demo.records import Condition, Kind, StockLevel, Unit, Variant

HUB = "BER"  # every rented variant has at least one unit here that can go out
WEAR: tuple[Condition, ...] = ("A", "A", "B", "A", "B", "C", "B", "A", "C", "B", "D")  # D always waits for repair
REPAIRS: dict[Kind, tuple[str, ...]] = {
    "soft": ("Zip slider being replaced.", "Mesh torn at the seam, with the tailor."),
    "hard": ("Latch spring ordered.", "Door pin bent, being straightened."),
    "backpack": ("Strap buckle being replaced.", "Window scratched, new one ordered."),
    "wheeled": ("Wheel bearing squeaks, being changed.", "Handle does not lock at the middle height."),
    "car_crate": ("Belt path being checked after an accident report.", "Bar weld being redone."),
    "airline_crate": ("Door hinge being replaced.", "Two bolts missing, set ordered."),
}


def _dice(*parts: object) -> int:
    return crc32("/".join(map(str, parts)).encode())


def _carried() -> Iterator[tuple[Kind, Variant]]:
    for container in CONTAINERS:
        for variant in container.variants:
            if variant.sale_offers or variant.rental_offers:
                yield container.kind, variant


def _levels() -> Iterator[StockLevel]:
    for _, variant in _carried():
        for depot in DEPOTS:
            on_hand = _dice("stock", variant.sku, depot.code) % 26 if variant.sale_offers else 0
            yield StockLevel(variant.sku, depot.code, on_hand)


def _units_at(depot: str, kind: Kind, variant: Variant) -> Iterator[Unit]:
    at_hub = depot == HUB
    for number in range(1, _dice("units", variant.sku, depot) % 5 + 1 + at_hub):
        serial = f"{depot}-{variant.sku}-{number:03d}"
        dice = _dice(serial)
        condition = "A" if at_hub and number == 1 else WEAR[dice % len(WEAR)]
        note = REPAIRS[kind][dice % 2] if condition == "D" else ""
        yield Unit(
            serial=serial,
            sku=variant.sku,
            depot=depot,
            condition=condition,
            status="maintenance" if note else "available",
            note=note,
        )


def _units() -> Iterator[Unit]:
    for kind, variant in _carried():
        if variant.rental_offers:
            for depot in DEPOTS:
                yield from _units_at(depot.code, kind, variant)


STOCK = tuple(_levels())
UNITS = tuple(_units())
