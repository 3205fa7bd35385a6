"""Filters of the order list."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str

from orders.selectors import fits_worse


class FitFilter(admin.SimpleListFilter):
    """Orders whose flights an airline changed its rules for, until staff found a way with the customer."""

    title = "flight"
    parameter_name = "fit"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("worse", "Fits less well than told")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(fits_worse()) if self.value() == "worse" else queryset


class DaysFilter(RangeDateFilter):  # type: ignore[misc]  # unfold is untyped
    """From one day to another, both included, of an instant; days are UTC's. What is no date is left out."""

    def __init__(self, field: Any, *args: Any, **options: Any) -> None:
        super().__init__(field, *args, **options)
        self.title = str(field.verbose_name).removesuffix(" at")

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.parameter_name
        if (first := self._midnight(f"{name}_from")) is not None:
            queryset = queryset.filter(**{f"{name}__gte": first})
        if (last := self._midnight(f"{name}_to")) is not None:
            queryset = queryset.filter(**{f"{name}__lt": last + timedelta(days=1)})
        return queryset

    def _midnight(self, parameter: str) -> datetime | None:
        day = parse_date_str(str(self.used_parameters.get(parameter) or ""))
        return datetime.combine(day, time(), tzinfo=UTC) if day is not None else None
