# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Who waits for what, in line (docs/adr/0026-the-waitlist.md)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from core.backoffice import NOTHING, Card, Page, ReadOnlyAdmin, badge, moment
from inventory import words
from orders.admin.looks import customer_link, order_link
from orders.models import WaitlistEntry
from orders.states import WaitlistStatus

_TONES = {
    WaitlistStatus.WAITING: "info",
    WaitlistStatus.OFFERED: "warning",
    WaitlistStatus.TAKEN: "success",
}


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(ReadOnlyAdmin):
    list_display = ("what", "days", "depot", "customer_shown", "state", "order_number", "since")
    list_filter = (("status", ChoicesDropdownFilter), ("depot", RelatedDropdownFilter))
    search_fields = ("variant__sku", "customer__email", "order__number")
    search_help_text = "SKU, e-mail address or order number"
    ordering = ("-id",)
    nothing = "Customers wait here for what is short; what becomes free is held for whoever came first."

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaitlistEntry]:
        rows: QuerySet[WaitlistEntry] = super().get_queryset(request)
        return rows.select_related("variant__container", "depot", "customer", "order")

    @display(description="Waits for", ordering="variant__sku")
    def what(self, row: WaitlistEntry) -> str:
        return f"{row.quantity} × {row.variant.sku}"

    @display(description="Days", ordering="start_on")
    def days(self, row: WaitlistEntry) -> str:
        return words.span(row.start_on, row.end_on) if row.start_on and row.end_on else "to buy"

    @display(description="Customer")
    def customer_shown(self, row: WaitlistEntry) -> str:
        return str(row.customer)

    @display(description="Status", ordering="status")
    def state(self, row: WaitlistEntry) -> SafeString:
        return badge(row.get_status_display(), _TONES.get(WaitlistStatus(row.status), ""))

    @display(description="Order")
    def order_number(self, row: WaitlistEntry) -> SafeString | str:
        return order_link(row.order) if row.order is not None else NOTHING

    @display(description="Since", ordering="id")
    def since(self, row: WaitlistEntry) -> str:
        return moment(row.created_at, row.depot.time_zone)

    def page(self, request: HttpRequest, obj: WaitlistEntry) -> Page:
        zone = obj.depot.time_zone
        facts: list[tuple[str, Any]] = [
            ("Customer", customer_link(obj.customer, request.user)),
            ("Depot", str(obj.depot)),
            ("Days", self.days(obj)),
            ("Days to get used to it", obj.acclimatisation_days or NOTHING),
            ("Coupon", " · ".join(filter(None, [obj.coupon, obj.coupon_refusal])) or NOTHING),
            ("Waits since", moment(obj.created_at, zone)),
            ("Held by", self.order_number(obj)),
            ("Told", moment(obj.told_at, zone) if obj.told_at else NOTHING),
            ("Not offered before", moment(obj.rests_until, zone) if obj.rests_until else NOTHING),
        ]
        return Page(
            headline=f"{obj.quantity} × {obj.variant.title}",
            badges=[self.state(obj)],
            subtitle="What becomes free is held for whoever came first.",
            figures=[],
            main=[Card("Place in the waitlist", facts=facts)],
            aside=[],
        )
