# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""The outbox of pushes: what phones were told, and what keeps the others from it (docs/adr/0025-the-clock.md)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.backoffice import Card, Page, ReadOnlyAdmin, badge, moment, page_of
from payments.admin.looks import order_link
from payments.models import Mail, Push
from payments.services.pushing import TEXTS

_LOOKS = {
    Push.Status.WAITING: "warning",
    Push.Status.SENT: "success",
    Push.Status.OUTDATED: "info",
    Push.Status.REFUSED: "danger",
}


@admin.register(Push)
class PushAdmin(ReadOnlyAdmin):
    list_display = ("what", "order_number", "customer", "phone", "state", "written", "attempts")
    list_filter = (("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    search_fields = ("order__number",)
    search_help_text = "Order number"
    ordering = ("-id",)
    nothing = "Phones are told what their owner should know, once the app has sent a push token."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Push]:
        rows: QuerySet[Push] = super().get_queryset(request)
        return rows.select_related("order__customer", "order__depot", "device")

    @display(description="Push", ordering="kind")
    def what(self, row: Push) -> str:
        return str(row).capitalize()

    @display(description="Order")
    def order_number(self, row: Push) -> SafeString | str:
        return order_link(row.order)

    @display(description="Customer")
    def customer(self, row: Push) -> str:
        return str(row.order.customer)

    @display(description="Phone")
    def phone(self, row: Push) -> str:
        return str(row.device)

    @display(description="Status", ordering="status")
    def state(self, row: Push) -> SafeString:
        return badge(row.get_status_display().capitalize(), _LOOKS[Push.Status(row.status)])

    @display(description="Written", ordering="id")
    def written(self, row: Push) -> str:
        return moment(row.created_at, row.order.depot.time_zone)

    def page(self, request: HttpRequest, obj: Push) -> Page:
        zone = obj.order.depot.time_zone
        title, body = TEXTS[Mail.Kind(obj.kind)]
        facts: list[tuple[str, Any]] = [
            ("Order", order_link(obj.order)),
            ("Customer", page_of("accounts_user", obj.order.customer_id, obj.order.customer, viewer=request.user)),
            ("Phone", str(obj.device)),
            ("Written", moment(obj.created_at, zone)),
            ("Sent", moment(obj.sent_at, zone) if obj.sent_at else "-"),
            ("Attempts", obj.attempts),
            ("Last error", obj.error or "-"),
        ]
        return Page(
            headline=str(obj).capitalize(),
            badges=[badge(obj.get_status_display().capitalize(), _LOOKS[Push.Status(obj.status)])],
            subtitle="A screen that is locked shows no more than this.",
            figures=[],
            main=[Card(title, text=body)],
            aside=[Card("Push", facts=facts)],
        )
