"""What InvenTree's numbers are called here: parts are SKUs (by IPN), locations are depots."""

import threading
import time
from collections.abc import Mapping

from core.logging import get_logger
from inventory.providers.base import NotFound
from inventory.providers.inventree.client import Work
from inventory.providers.inventree.rows import Location, Part

log = get_logger(__name__)

BELIEVED_FOR = 60.0  # seconds


class Names:
    """One reading of the catalogue.

    mapping: {depot code: location pk}. Without one, every location at the top is a depot and its name is the code.
    What lies in a location beneath a depot lies at that depot.
    """

    def __init__(self, parts: list[Part], locations: list[Location], mapping: Mapping[str, int]) -> None:
        self.skus = {part.pk: part.sku for part in parts}
        self.parts: dict[str, int] = {}
        for part in sorted(parts, key=lambda part: part.pk):
            if self.parts.setdefault(part.sku, part.pk) != part.pk:
                log.error("inventree_ipn_twice", sku=part.sku, part=part.pk)
                del self.skus[part.pk]
        self._parents = {place.pk: place.parent for place in locations}
        oldest_last = sorted(locations, key=lambda place: -place.pk)
        tops = {place.name: place.pk for place in oldest_last if place.parent is None}
        known = {code: pk for code, pk in mapping.items() if pk in self._parents}
        self.depots: dict[str, int] = known if mapping else tops
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
    """Knows the names, and asks again every minute or when one is missing. Safe for threads."""

    def __init__(self, mapping: Mapping[str, int]) -> None:
        self._mapping = mapping
        self._lock = threading.Lock()
        self._names: Names | None = None
        self._read_at = 0.0

    def names(self, work: Work, *, fresh: bool = False) -> Names:
        with self._lock:
            names, age = self._names, time.monotonic() - self._read_at
        if names is not None and age < BELIEVED_FOR and not fresh:
            return names
        parts = work.rows("/part/", Part.read, salable="true", active="true")
        names = Names([part for part in parts if part.sku], work.rows("/stock/location/", Location.read), self._mapping)
        with self._lock:
            self._names, self._read_at = names, time.monotonic()
        return names

    def of_pool(self, work: Work, sku: str, depot: str) -> tuple[int, int]:
        """(part, location) of a pool. Raises: NotFound."""
        names = self.names(work)
        if sku not in names.parts or depot not in names.depots:
            names = self.names(work, fresh=True)
        if sku not in names.parts:
            raise NotFound(f"InvenTree has no salable part with the IPN {sku}.")
        if depot not in names.depots:
            raise NotFound(f"InvenTree has no location for the depot {depot}.")
        return names.parts[sku], names.depots[depot]

    def sku_of(self, work: Work, part: int) -> str:
        """The SKU of a part, also of one that is no longer sold."""
        names = self.names(work)
        return names.skus.get(part) or work.get(f"/part/{part}/", Part.read).sku or f"part {part}"
