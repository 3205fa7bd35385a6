"""Pages of containers, kept by the last row seen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from core.api import KeysetPagination

SORTS: Mapping[str, tuple[str, bool]] = {
    # asked        field         descending
    "name":   ("name",       False),
    "-name":  ("name",       True),
    "price":  ("price",      False),
    "-price": ("price",      True),
    "newest": ("created_at", True),
}  # fmt: skip
_SIGNER = signing.Signer(salt="containers.page")  # no time in it: an unchanged page keeps its ETag


class ContainerPages(KeysetPagination):
    """Pages of dictionaries by (sort value, id): nothing doubles or is skipped, not even where values tie.

    A cursor belongs to one ordering and is signed, so that what reaches the database is what was in it.
    Raises: ValidationError with a pointer to `cursor`.
    """

    def __init__(self, ordering: str) -> None:
        self.asked = ordering
        self.field, self.descending = SORTS[ordering]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        self.request, self.address = request, request.build_absolute_uri()
        size = self.get_page_size(request) or self.max_page_size
        at = self._read_cursor(request)
        backwards = at is not None and at["back"]
        falling = self.descending != backwards
        if at is not None:
            queryset = queryset.filter(self._beyond(at, falling=falling))
        sign = "-" if falling else ""
        rows = list(queryset.order_by(f"{sign}{self.field}", f"{sign}id")[: size + 1])
        more, self.page = len(rows) > size, rows[:size]
        if backwards:
            self.page.reverse()
        self.has_next, self.has_previous = (True, more) if backwards else (more, at is not None)
        return self.page

    def get_next_link(self) -> str | None:
        return self._link(self.page[-1], back=False) if self.has_next and self.page else None

    def get_previous_link(self) -> str | None:
        return self._link(self.page[0], back=True) if self.has_previous and self.page else None

    def _beyond(self, at: dict[str, Any], *, falling: bool) -> Q:
        side = "lt" if falling else "gt"
        tied = Q(**{self.field: at["value"], f"id__{side}": at["id"]})
        return Q(**{f"{self.field}__{side}": at["value"]}) | tied

    def _link(self, row: dict[str, Any], *, back: bool) -> str:
        value = row[self.field]
        at = {
            "by": self.asked,
            "back": back,
            "value": value.isoformat() if isinstance(value, datetime) else value,
            "id": row["id"],
        }
        return replace_query_param(self.address, self.cursor_query_param, _SIGNER.sign_object(at))

    def _read_cursor(self, request: Request) -> dict[str, Any] | None:
        sent = request.query_params.get(self.cursor_query_param)
        if not sent:
            return None
        try:
            at: dict[str, Any] = _SIGNER.unsign_object(sent)
        except (signing.BadSignature, ValueError):
            at = {}
        if at.get("by") != self.asked:
            raise ValidationError({"cursor": [self.invalid_cursor_message]}, code="invalid_cursor")
        return at
