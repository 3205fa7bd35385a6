# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Counts, as the inventory system made them, and what is free of them."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from core.backoffice import NOTHING, Card, Page, ReadOnlyAdmin, Table, badge, link, moment, page_of
from core.time import today_in
from inventory.admin.looks import calendar_address, unit_badge
from inventory.models import StockLevel, Unit
from inventory.selectors import availability
from inventory.states import IN_SERVICE

MOST_UNITS = 50


class LevelChangeList(ChangeList):
    """Asks once what the pools of a page can still give today."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        tell_free(self.result_list)


def tell_free(levels: Any) -> None:
    """Give each level `free` and `units_free`: of today, which is another day at depots far apart. One statement."""
    today = {level.pk: today_in(level.depot.time_zone) for level in levels}
    if not today:
        return
    first, last = min(today.values()), max(today.values())
    pools = [(level.variant_id, level.depot_id) for level in levels]
    free = availability(pools, period=(first, last + timedelta(days=1)))
    for level in levels:
        level.free = free[level.variant_id, level.depot_id]
        level.units_free = level.free.rental_by_day[(today[level.pk] - first).days]


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyAdmin):
    list_display = ("titled", "depot_code", "on_hand", "elsewhere", "free_to_sell", "free_to_rent", "counted")
    list_filter = (("depot", RelatedDropdownFilter), ("variant__container__kind", ChoicesDropdownFilter))
    search_fields = ("variant__sku", "variant__container__name", "depot__code")
    search_help_text = "SKU, container or depot code"
    ordering = ("variant__sku", "depot__code")

    def get_changelist(self, *_: Any, **__: Any) -> type[LevelChangeList]:
        return LevelChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockLevel]:
        units = Unit.objects.filter(variant=OuterRef("variant"), depot=OuterRef("depot"), status__in=IN_SERVICE)
        counted = units.order_by().values("variant").annotate(count=Count("pk")).values("count")
        rows = super().get_queryset(request).select_related("variant__container", "depot")
        return rows.annotate(units_in_service=Coalesce(Subquery(counted), 0))

    @display(description="Container", header=True, ordering="variant__sku")
    def titled(self, row: StockLevel) -> list[str]:
        return [str(row.variant.container), row.variant.sku]

    @display(description="Depot", ordering="depot__code")
    def depot_code(self, row: StockLevel) -> str:
        return row.depot.code

    @display(description="Promised elsewhere", ordering="reserved_elsewhere")
    def elsewhere(self, row: StockLevel) -> int | str:
        return row.reserved_elsewhere or NOTHING

    @display(description="Free to sell now")
    def free_to_sell(self, row: Any) -> str:
        return _free(row.free.sale, row.on_hand, "danger")

    @display(description="Units free today")
    def free_to_rent(self, row: Any) -> str:
        return _free(row.units_free, row.units_in_service, "warning")

    @display(description="Counted", ordering="as_of")
    def counted(self, row: StockLevel) -> str:
        return f"{timesince(row.as_of, depth=1)} ago" if row.as_of else "never"

    def page(self, request: HttpRequest, obj: Any) -> Page:
        tell_free([obj])
        return Page(
            headline=str(obj.variant.container),
            badges=[],
            subtitle=f"{obj.variant.sku} · {obj.depot}",
            figures=[("Free to sell", obj.free.sale), ("Units free today", obj.units_free)],
            main=[_units_card(request, obj)],
            aside=[
                Card(
                    "Pieces for sale",
                    facts=[
                        ("On hand", obj.on_hand),
                        ("Promised elsewhere", obj.reserved_elsewhere),
                        ("Promised by us", obj.on_hand - obj.reserved_elsewhere - obj.free.sale),
                        ("Free to sell", _free(obj.free.sale, obj.on_hand, "danger")),
                    ],
                    tone="figures",
                ),
                Card(
                    "Inventory system",
                    facts=[("Counted", moment(obj.as_of, obj.depot.time_zone) if obj.as_of else "never")],
                    text=""
                    if obj.as_of
                    else "Pieces were never counted here; it is the row that promises of units are made under.",
                ),
            ],
        )


def _free(free: int, there: int, tone: str) -> str:
    if there == 0:
        return NOTHING
    return f"{free} of {there}" if free else badge("all promised", tone)


def _units_card(request: HttpRequest, level: StockLevel) -> Card:
    units = Unit.objects.filter(variant=level.variant, depot=level.depot).order_by("status", "serial")
    rows = [
        [page_of("inventory_unit", unit.pk, unit.serial, viewer=request.user), unit_badge(unit), unit.condition]
        for unit in units[: MOST_UNITS + 1]
    ]
    if len(rows) > MOST_UNITS:
        every = f"{reverse('admin:inventory_unit_changelist')}?{urlencode({'q': level.variant.sku})}"
        rows[MOST_UNITS:] = [[link(every, "All units"), "", ""]]
    calendar = ("Fleet calendar", calendar_address(level.depot_id, level.variant.sku)) if rows else None
    return Card("Units for rent", table=Table(["Unit", "Status", "Condition"], rows, empty="None."), link=calendar)
