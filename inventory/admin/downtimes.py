# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Days on which nobody gets a unit: written by hand, and looked at at once for whose booking they meet."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from core.backoffice import NewestFirst, badge
from core.editing import EditedByMany
from inventory import services, words
from inventory.admin.promises import warn_of_misfits
from inventory.forms import DowntimeForm
from inventory.models import Downtime


@admin.register(Downtime)
class DowntimeAdmin(EditedByMany, NewestFirst, ModelAdmin):
    form = DowntimeForm
    list_display = ("titled", "depot", "days", "reason_shown")
    list_filter = (("unit__depot", RelatedDropdownFilter),)
    list_select_related = ("unit__variant__container", "unit__depot")
    search_fields = ("unit__serial", "reason")
    search_help_text = "Serial number or reason"
    autocomplete_fields = ("unit",)
    fields = ("unit", ("start_on", "end_on"), "reason")
    ordering = ("-period",)
    list_per_page = 50
    warn_unsaved_form = True

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("unit",) if obj else ()

    @display(description="Unit", header=True, ordering="unit__serial")
    def titled(self, row: Downtime) -> list[str]:
        return [row.unit.serial, str(row.unit.variant.container)]

    @display(description="Depot", ordering="unit__depot__code")
    def depot(self, row: Downtime) -> str:
        return row.unit.depot.code

    @display(description="Days", ordering="period")
    def days(self, row: Downtime) -> str:
        return words.days(row.period)

    @display(description="Why", ordering="reason")
    def reason_shown(self, row: Downtime) -> SafeString | str:
        return format_html("{} {}", row.reason, badge("Cleaning", "primary")) if row.is_turnaround else row.reason

    def save_model(self, request: HttpRequest, obj: Downtime, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        pool = (obj.unit.variant_id, obj.unit.depot_id)
        services.review_soon([pool])
        warn_of_misfits(request, pool)

    def delete_model(self, request: HttpRequest, obj: Downtime) -> None:
        """Days that are free again may serve a booking that nothing was left for."""
        super().delete_model(request, obj)
        services.review_soon([(obj.unit.variant_id, obj.unit.depot_id)])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Downtime]) -> None:
        pools = set(queryset.values_list("unit__variant_id", "unit__depot_id"))
        super().delete_queryset(request, queryset)
        services.review_soon(pools)

    def response_post_save_add(self, _request: HttpRequest, obj: Downtime) -> HttpResponse:
        """Back to the unit, where its days are seen."""
        return redirect("admin:inventory_unit_change", obj.unit_id)

    def response_post_save_change(self, _request: HttpRequest, obj: Downtime) -> HttpResponse:
        return redirect("admin:inventory_unit_change", obj.unit_id)
