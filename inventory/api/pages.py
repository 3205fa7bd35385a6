"""Pages of containers, kept by the last row seen."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core import signing
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from catalog.languages import language_asked
from catalog.selectors import ContainerRow, Sort, Stretch

SORTS: Mapping[str, tuple[Sort, bool]] = {
    # asked        sorted by         falling
    "name":   (Sort.NAME,       False),
    "-name":  (Sort.NAME,       True),
    "price":  (Sort.PRICE,      False),
    "-price": (Sort.PRICE,      True),
    "newest": (Sort.CREATED_AT, True),
    "relevance": (Sort.RELEVANCE, True),
}  # fmt: skip
_SIGNER = signing.Signer(salt="containers.page")  # no time in it: an unchanged page keeps its ETag


class ContainerPage:
    """One page by (sort value, id): nothing doubles or is skipped, not even where values tie, and nothing is counted.

    A cursor belongs to one ordering, search and language, and is signed, so that what reaches the database is what was
    in it.
    Raises: ValidationError with a pointer to `cursor`.
    """

    def __init__(self, request: Request, *, ordering: str, search: str, cursor: str | None, size: int) -> None:
        self.address = request.build_absolute_uri()
        self.ordering, self.size = ordering, size
        told = f"{ordering} {language_asked()} {search}"
        self.of = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
        self.at = self._read(cursor) if cursor else None
        self.backwards = bool(self.at and self.at["back"])

    @property
    def stretch(self) -> Stretch:
        """What to ask for: one row more than the page, which tells whether there is another one."""
        by, falling = SORTS[self.ordering]
        after = (self.at["value"], self.at["id"]) if self.at else None
        return Stretch(by=by, falling=falling != self.backwards, after=after, limit=self.size + 1)

    def rows(self, found: Sequence[ContainerRow]) -> list[ContainerRow]:
        """The rows of the page, in its own order."""
        page = list(found[: self.size])
        return page[::-1] if self.backwards else page

    def body(self, found: Sequence[ContainerRow], results: list[Any]) -> dict[str, Any]:
        """The answer, with links to the pages on both sides as far as there are any."""
        rows, more = self.rows(found), len(found) > self.size
        has_next, has_previous = (True, more) if self.backwards else (more, self.at is not None)
        return {
            "next": self._link(rows[-1], back=False) if rows and has_next else None,
            "previous": self._link(rows[0], back=True) if rows and has_previous else None,
            "results": results,
        }

    def _link(self, row: ContainerRow, *, back: bool) -> str:
        value = row[SORTS[self.ordering][0].value]
        at = {
            "of": self.of,
            "back": back,
            "value": value.isoformat() if isinstance(value, datetime) else value,
            "id": row["id"],
        }
        return str(replace_query_param(self.address, "cursor", _SIGNER.sign_object(at)))

    def _read(self, cursor: str) -> dict[str, Any]:
        try:
            at: dict[str, Any] = _SIGNER.unsign_object(cursor)
        except (signing.BadSignature, ValueError):
            at = {}
        if at.get("of") != self.of:
            detail = "This cursor is not one of ours, or of another ordering, search or language; start again."
            raise ValidationError({"cursor": [detail]}, code="invalid_cursor")
        return at
