# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Reservations and the feed, to be looked at: they move with orders and with the inventory system."""

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display

from core.backoffice import NOTHING
from inventory.admin.stock import ReadOnlyMixin
from inventory.models import Feed, Reservation
from inventory.states import ReservationStatus

LAPSED = "Lapsed"
CLAIM_LABELS = {
    ReservationStatus.HELD.label: "warning",
    LAPSED: "default",
    ReservationStatus.COMMITTED.label: "success",
    ReservationStatus.SHIPPED.label: "info",
    ReservationStatus.FULFILLED.label: "primary",
    ReservationStatus.RELEASED.label: "default",
    ReservationStatus.EXPIRED.label: "default",
}


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ("titled", "depot", "kind", "quantity", "days", "state", "provider_state", "created_at")
    list_filter = (
        ("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter),
        ("provider_state", ChoicesDropdownFilter), ("depot", RelatedDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("variant__container", "depot")
    search_fields = ("=id", "variant__sku", "unit__serial")
    search_help_text = "Id, SKU or serial number"
    show_full_result_count = False
    list_per_page = 50

    @display(description="Variant", header=True, ordering="variant__sku")
    def titled(self, row: Reservation) -> list[str]:
        return [row.variant.sku, str(row.variant.container)]

    @display(description="Days kept", ordering="period")
    def days(self, row: Reservation) -> str:
        if row.period is None:
            return NOTHING
        return f"{row.period.lower:%-d %b} to {row.period.upper - timedelta(days=1):%-d %b %Y}"

    @display(description="State", label=CLAIM_LABELS, ordering="status")
    def state(self, row: Reservation) -> str:
        lapsed = row.status == ReservationStatus.HELD and row.expires_at and row.expires_at <= timezone.now()
        return LAPSED if lapsed else row.get_status_display()


@admin.register(Feed)
class FeedAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ("name", "cursor", "read_at")
