"""What InvenTree's numbers are called here: parts are SKUs (by IPN), locations are depots."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import TypeVar

from core.logging import get_logger
from inventory.providers.base import NotFound
from inventory.providers.inventree.client import Work
from inventory.providers.inventree.rows import Location, Part

log = get_logger(__name__)

BELIEVED_FOR = 60.0  # seconds that a name is not asked again
OFFERED = {"salable": "true", "active": "true"}
T = TypeVar("T")
Known = tuple[T, float]  # and since when


class Places:
    """Locations as depots.

    mapping: {depot code: location's primary key}. Without one, every location at the top is a depot and its name is
    the code. What lies in a location beneath a depot lies at that depot.
    """

    def __init__(self, locations: Iterable[Location], mapping: Mapping[str, int]) -> None:
        oldest_last = sorted(locations, key=lambda place: -place.pk)
        self._parents = {place.pk: place.parent for place in oldest_last}
        tops = {place.name: place.pk for place in oldest_last if place.parent is None}
        self.depots = {code: pk for code, pk in mapping.items() if pk in self._parents} if mapping else tops
        self._codes = {pk: code for code, pk in self.depots.items()}

    def depot_of(self, location: int | None) -> str | None:
        """The depot that a location belongs to; None for places that are nobody's."""
        seen: set[int] = set()
        while location is not None and location not in seen:
            if location in self._codes:
                return self._codes[location]
            seen.add(location)
            location = self._parents.get(location)
        return None


class Catalogue:
    """Knows the names, and asks for those that it lacks. Safe for threads.

    A customer's request needs one part and the locations, so it never reads the whole list of parts. Whoever counts
    everything asks `fresh` at the beginning, and depot by depot gets what was read then, for a minute.
    """

    def __init__(self, mapping: Mapping[str, int]) -> None:
        self._mapping = mapping
        self._lock = threading.Lock()
        self._places: Known[Places] | None = None
        self._offered: Known[Mapping[int, str]] | None = None
        self._parts: dict[int, Part] = {}  # for good: whose number is no longer offered may still be on an order
        self._by_sku: dict[str, Known[int]] = {}

    def places(self, work: Work, *, fresh: bool = False) -> Places:
        with self._lock:
            known = _believed(self._places)
        if known is not None and not fresh:
            return known
        places = Places(work.rows("/stock/location/", Location.read), self._mapping)
        with self._lock:
            self._places = (places, time.monotonic())
        return places

    def offered(self, work: Work, *, fresh: bool = False) -> Mapping[int, str]:
        """SKUs of all parts that are sold or rented, by the part's primary key."""
        with self._lock:
            known = _believed(self._offered)
        if known is not None and not fresh:
            return known
        parts = work.rows("/part/", Part.read, **OFFERED)
        skus = {pk: sku for sku, pk in _by_sku(parts).items()}
        with self._lock:
            self._parts.update((part.pk, part) for part in parts)
            self._offered = (skus, time.monotonic())
            self._by_sku = {sku: (pk, time.monotonic()) for pk, sku in skus.items()}
        return skus

    def part_of(self, work: Work, sku: str) -> int | None:
        """The part that is offered under this SKU."""
        with self._lock:
            known = _believed(self._by_sku.get(sku))
        if known is not None:
            return known
        parts = work.rows("/part/", Part.read, **OFFERED, IPN=sku)
        pk = _by_sku(parts).get(sku)
        with self._lock:
            self._by_sku.pop(sku, None)
            if pk is not None:
                self._by_sku[sku] = (pk, time.monotonic())
        return pk

    def sku_of(self, work: Work, part: int) -> str:
        """The SKU of any part, also of one that is no longer offered; "" for none."""
        with self._lock:
            known = self._parts.get(part)
        if known is None:
            known = work.get(f"/part/{part}/", Part.read)
            with self._lock:
                self._parts[part] = known
        return known.sku

    def offers(self, work: Work, part: int) -> str:
        """The SKU under which this part is offered; "" if it is not."""
        sku = self.sku_of(work, part)
        return sku if sku and self.part_of(work, sku) == part else ""

    def of_pool(self, work: Work, sku: str, depot: str) -> tuple[int, int]:
        """(part, location) of a pool. Raises: NotFound."""
        part = self.part_of(work, sku)
        if part is None:
            raise NotFound(f"InvenTree offers no part with the IPN {sku}.")
        return part, self.location_of(work, depot)

    def location_of(self, work: Work, depot: str) -> int:
        """Raises: NotFound."""
        known = self.places(work).depots
        location = known.get(depot) or self.places(work, fresh=True).depots.get(depot)
        if location is None:
            raise NotFound(f"InvenTree has no location for the depot {depot}.")
        return location


def _believed(known: Known[T] | None) -> T | None:
    return known[0] if known is not None and time.monotonic() - known[1] < BELIEVED_FOR else None


def _by_sku(parts: Iterable[Part]) -> dict[str, int]:
    """Of two parts with one number the older counts."""
    found: dict[str, int] = {}
    for part in sorted(parts, key=lambda part: part.pk):
        if part.sku and found.setdefault(part.sku, part.pk) != part.pk:
            log.error("inventree_ipn_twice", sku=part.sku, part=part.pk)
    return found
