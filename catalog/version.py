"""What tells whether the catalog is still what it was (ADR 31).

Every statement that writes a row of containers, images, variants, approvals, offers, rates, seasons, airlines or their
rules (and, for the shop window, of depots and closures) moves the version, by triggers: whoever writes, and however. It
becomes visible with what was changed, so what was read after a version had been read is at least as new as that.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from django.db import connection

from core.postgres import prepared_cursor

# As SQL: a text that was never there before once anything was changed.
CATALOG_VERSION = (
    "(SELECT concat_ws('.', edition.number, said.last_value, extract(epoch FROM edition.moved_at)) "
    "FROM catalog_version edition, catalog_statements said)"
)


def catalog_version() -> str:
    """One statement."""
    with prepared_cursor() as cursor:
        cursor.execute(f"SELECT {CATALOG_VERSION}")
        version: str = cursor.fetchone()[0]
    return version


def hold_catalog() -> None:
    """Let nobody else change the catalog until this transaction ends. Locks: its version (docs/locking.md)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM catalog_version FOR NO KEY UPDATE")


Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """What each process has read of the catalog, as long as the catalog is what it was; at most so many things.

    Nobody may change what comes out of it: it is everybody's.
    """

    def __init__(self, most: int) -> None:
        self._most, self._version = most, ""
        self._values: dict[Key, Value] = {}
        self._lock = threading.Lock()

    def get(
        self, version: str, keys: Collection[Key], read: Callable[[list[Key]], Mapping[Key, Value]]
    ) -> dict[Key, Value]:
        """What there is under these keys. version: as it was before now. read: what is not known yet, in one go."""
        with self._lock:
            if version != self._version:
                self._values.clear()
                self._version = version
            found = {key: self._values[key] for key in keys if key in self._values}
        if missing := [key for key in keys if key not in found]:
            found |= (new := read(missing))
            self._keep(version, new)
        return found

    def _keep(self, version: str, new: Mapping[Key, Value]) -> None:
        with self._lock:
            if version != self._version:
                return
            self._values |= new
            while len(self._values) > self._most:
                del self._values[next(iter(self._values))]
