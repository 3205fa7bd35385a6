"""What tells whether the catalog is still what it was (ADR 31).

Every statement that writes a row of containers, images, variants, approvals, offers, rates, seasons, airlines or their
rules (and, for the shop window, of depots and closures) moves the version, by triggers: whoever writes, and however. It
becomes visible with what was changed, so what was read after a version had been read is at least as new as that.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from core.postgres import prepared_cursor

_T = TypeVar("_T")

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


class UnderVersion(Generic[_T]):
    """What is read of the catalog, read again by each process only when something of the catalog has changed.

    What comes back is shared by all threads and must not be changed.
    """

    def __init__(self, read: Callable[[], _T]) -> None:
        self._read = read
        self._kept: tuple[str, _T] | None = None

    def __call__(self, version: str) -> _T:
        """version: from before, so that what comes back is at least as new."""
        kept = self._kept
        if kept is None or kept[0] != version:
            kept = self._kept = version, self._read()
        return kept[1]
