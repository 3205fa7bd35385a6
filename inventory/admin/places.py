# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Depots, their days and their closures."""

from itertools import chain
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from catalog.version import hold_catalog
from core.backoffice import NewestFirst
from core.editing import EditedByMany
from core.time import today_in
from inventory.admin.promises import warn_of_a_depot_not_in_use, warn_of_closed_days
from inventory.forms import WEEKDAYS, DepotForm
from inventory.models import Depot, DepotClosure
from inventory.states import IN_SERVICE


class DepotClosureInline(TabularInline):
    model = DepotClosure
    fields = ("start_on", "end_on", "reason")
    verbose_name_plural = "Closures: days on which it neither hands out nor takes back"
    hide_title = True
    extra = 0


class TaxFilter(DropdownFilter):
    title = "tax"
    parameter_name = "tax"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("none", "No tax rate for its country")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Depot]) -> QuerySet[Depot]:
        return queryset.filter(pk__in=Depot.objects.untaxed().values("pk")) if self.value() else queryset


@admin.register(Depot)
class DepotAdmin(EditedByMany, NewestFirst, ModelAdmin):
    form = DepotForm
    list_display = ("titled", "address", "opens", "state", "units_in_service")
    list_filter = (TaxFilter,)
    list_filter_submit = True
    search_fields = ("code", "name", "city")
    fieldsets = (
        (None, {"fields": (("code", "name"), "active")}),
        ("Address", {"fields": (("street", "postal_code"), ("city", "country"))}),
        ("Days", {"fields": ("time_zone", "opening_days")}),
    )
    inlines = (DepotClosureInline,)
    warn_unsaved_form = True
    compressed_fields = True

    def hold(self, key: Any) -> None:  # noqa: ARG002 (of all rows)
        hold_catalog()  # depots and closures move its version (ADR 31)

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()  # the inventory system knows it by this

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Days that are closed now may be somebody's already: those are named."""
        super().save_related(request, form, formsets, change)
        closures = [*chain.from_iterable(_saved(formset) for formset in formsets if formset.model is DepotClosure)]
        before = set(form.initial.get("opening_days") or []) if change else set()
        closed = before - set(form.instance.opening_days)
        if change and (closures or closed):
            warn_of_closed_days(request, form.instance, closures, closed)
        if "active" in form.changed_data and not form.instance.active:
            warn_of_a_depot_not_in_use(request, form.instance)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Depot]:
        in_service = Count("units", filter=Q(units__status__in=IN_SERVICE))
        return super().get_queryset(request).annotate(in_service=in_service).prefetch_related("closures")

    @display(description="Depot", header=True, ordering="name")
    def titled(self, row: Depot) -> list[str]:
        return [row.name, row.time_zone, row.code]

    @display(description="Address", ordering="city")
    def address(self, row: Depot) -> str:
        return ", ".join(filter(None, [row.street, f"{row.postal_code} {row.city}".strip(), row.country]))

    @display(description="Opens")
    def opens(self, row: Depot) -> str:
        days = [name[:2] for number, name in WEEKDAYS if number in row.opening_days]
        return "every day" if len(days) == len(WEEKDAYS) else ", ".join(days) or "never"

    @display(description="Today", label={"Open": "success", "Closed today": "warning", "Not in use": "danger"})
    def state(self, row: Depot) -> str:
        if not row.active:
            return "Not in use"
        today = today_in(row.time_zone)
        closed = any(closure.start_on <= today <= closure.end_on for closure in row.closures.all())
        return "Open" if today.isoweekday() in row.opening_days and not closed else "Closed today"

    @display(description="Units in service", ordering="in_service")
    def units_in_service(self, row: Depot) -> int:
        return row.in_service  # type: ignore[attr-defined]  # annotated


def _saved(formset: Any) -> list[DepotClosure]:
    return [*formset.new_objects, *(row for row, _ in formset.changed_objects)]
