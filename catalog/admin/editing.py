"""Forms of the catalog that are saved only on top of what they showed."""

from typing import Any

from catalog.version import hold_catalog
from core.editing import EditedByMany


class EditedInCatalog(EditedByMany):
    """Everything that belongs to the catalog waits for its version, so nothing of a page moves while it is compared."""

    def hold(self, key: Any) -> None:  # noqa: ARG002 (of all rows)
        hold_catalog()
