# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Counts and units."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from core.backoffice import NOTHING, badge
from core.time import today_in
from inventory.forms import DowntimeForm, UnitForm
from inventory.models import Downtime, StockLevel, Unit
from inventory.selectors import availability
from inventory.states import IN_SERVICE, UnitStatus

STATUS_LABELS = {
    UnitStatus.AVAILABLE.label: "success",
    UnitStatus.OUT.label: "info",
    UnitStatus.CLEANING.label: "primary",
    UnitStatus.MAINTENANCE.label: "warning",
    UnitStatus.LOST.label: "danger",
    UnitStatus.SOLD.label: "default",
    UnitStatus.RETIRED.label: "default",
}


class ReadOnlyMixin:
    """Rows come from elsewhere; here they are looked at."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class LevelChangeList(ChangeList):
    """Asks once what the pools of a page can still give today."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        today = timezone.now().date()
        pools = [(row.variant_id, row.depot_id) for row in self.result_list]
        free = availability(pools, period=(today, today + timedelta(days=1)))
        for row in self.result_list:
            row.free = free[row.variant_id, row.depot_id]


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ("titled", "depot", "on_hand", "reserved_elsewhere", "free_to_sell", "free_to_rent", "counted")
    list_filter = (("depot", RelatedDropdownFilter), ("variant__container__kind", ChoicesDropdownFilter))
    list_filter_submit = True
    list_select_related = ("variant__container", "depot")
    search_fields = ("variant__sku", "variant__container__name", "depot__code")
    search_help_text = "SKU, container or depot code"
    ordering = ("variant__sku", "depot__code")
    list_per_page = 50

    def get_changelist(self, *_: Any, **__: Any) -> type[LevelChangeList]:
        return LevelChangeList

    @display(description="Variant", header=True, ordering="variant__sku")
    def titled(self, row: StockLevel) -> list[str]:
        return [row.variant.sku, str(row.variant.container)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockLevel]:
        units = Unit.objects.filter(variant=OuterRef("variant"), depot=OuterRef("depot"), status__in=IN_SERVICE)
        counted = units.order_by().values("variant").annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(units_in_service=Coalesce(Subquery(counted), 0))

    @display(description="Free to sell now")
    def free_to_sell(self, row: Any) -> str:
        return _free(row.free.sale, row.on_hand, "danger")

    @display(description="Units free today")
    def free_to_rent(self, row: Any) -> str:
        return _free(row.free.rental, row.units_in_service, "warning")

    @display(description="Counted", ordering="as_of")
    def counted(self, row: StockLevel) -> str:
        return f"{timesince(row.as_of, depth=1)} ago" if row.as_of else "never"


def _free(free: int, there: int, tone: str) -> str:
    if there == 0:
        return NOTHING
    return f"{free} of {there}" if free else badge("all promised", tone)


class DowntimeInline(TabularInline):
    model = Downtime
    form = DowntimeForm
    fields = ("start_on", "end_on", "reason")
    verbose_name_plural = "Downtimes: days on which nobody gets it"
    hide_title = True
    extra = 0


@admin.register(Unit)
class UnitAdmin(ModelAdmin):
    form = UnitForm
    list_display = ("titled", "depot", "condition", "status_shown", "down")
    list_filter = (
        ("status", ChoicesDropdownFilter), ("condition", ChoicesDropdownFilter), ("depot", RelatedDropdownFilter),
        ("variant__container__kind", ChoicesDropdownFilter),
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("variant__container", "depot")
    search_fields = ("serial", "variant__sku", "variant__container__name")
    search_help_text = "Serial number, SKU or container"
    autocomplete_fields = ("variant",)
    fieldsets = ((None, {"fields": ("serial", ("variant", "depot"), ("condition", "status"))}),)
    inlines = (DowntimeInline,)
    warn_unsaved_form = True
    compressed_fields = True
    list_per_page = 50

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("serial", "variant", "depot") if obj else ()  # the inventory system knows which thing it is

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unit]:
        return super().get_queryset(request).prefetch_related("downtimes")

    @display(description="Unit", header=True, ordering="serial")
    def titled(self, row: Unit) -> list[str]:
        return [row.serial, str(row.variant.container)]

    @display(description="Status", label=STATUS_LABELS, ordering="status")
    def status_shown(self, row: Unit) -> str:
        return row.get_status_display()

    @display(description="Downtimes")
    def down(self, row: Unit) -> str:
        today = today_in(row.depot.time_zone)
        coming = [downtime for downtime in row.downtimes.all() if downtime.period.upper > today]
        return ", ".join(_days(downtime) for downtime in coming) or NOTHING


@admin.register(Downtime)
class DowntimeAdmin(ModelAdmin):
    form = DowntimeForm
    list_display = ("titled", "days", "reason")
    list_filter = (("unit__depot", RelatedDropdownFilter),)
    list_select_related = ("unit__variant__container",)
    search_fields = ("unit__serial", "reason")
    autocomplete_fields = ("unit",)
    fields = ("unit", ("start_on", "end_on"), "reason")
    ordering = ("-period",)

    @display(description="Unit", header=True, ordering="unit__serial")
    def titled(self, row: Downtime) -> list[str]:
        return [row.unit.serial, str(row.unit.variant.container)]

    @display(description="Days", ordering="period")
    def days(self, row: Downtime) -> str:
        return _days(row)


def _days(downtime: Downtime) -> str:
    return f"{downtime.period.lower:%-d %b %Y} to {downtime.period.upper - timedelta(days=1):%-d %b %Y}"


__all__ = ["DowntimeAdmin", "ReadOnlyMixin", "StockLevelAdmin", "UnitAdmin"]
