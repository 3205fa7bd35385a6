# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Refunds: money on its way back, and money that is still owed because a refund failed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.backoffice import NOTHING, Card, Page, ReadOnlyAdmin, amount, moment, page_of, people
from core.money import format_minor
from payments.admin.looks import order_link, status_badge
from payments.models import Refund
from payments.states import RefundStatus


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("asked", "order_number", "state", "reason", "who", "money", "settled")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("payment__order__number", "provider_ref", "reason")
    search_help_text = "Order number, gateway reference or reason"
    ordering = ("-id",)  # UUIDv7: newest first, by the primary key

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        rows: QuerySet[Refund] = super().get_queryset(request)
        return rows.select_related("payment__order__depot", "payment__order__customer")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the names of who asked, for all rows at once."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        names = people(row.requested_by for row in rows)
        for row in rows:
            row.asked_by = names[row.requested_by]
        changelist.result_list = rows
        return changelist

    @display(description="Asked for", ordering="id")
    def asked(self, row: Refund) -> str:
        return moment(row.created_at, row.payment.order.depot.time_zone)

    @display(description="Order")
    def order_number(self, row: Refund) -> SafeString | str:
        return order_link(row.payment.order)

    @display(description="Status", ordering="status")
    def state(self, row: Refund) -> SafeString:
        return status_badge(row)

    @display(description="By")
    def who(self, row: Any) -> str:
        return str(row.asked_by)

    @display(description="Amount", ordering="amount_minor")
    def money(self, row: Refund) -> SafeString:
        return amount(row.amount_minor, row.payment.currency)

    @display(description="Settled", ordering="settled_at")
    def settled(self, row: Refund) -> str:
        return moment(row.settled_at, row.payment.order.depot.time_zone)

    def page(self, _request: HttpRequest, obj: Refund) -> Page:
        payment, order, zone = obj.payment, obj.payment.order, obj.payment.order.depot.time_zone
        facts: list[tuple[str, Any]] = [
            ("Order", order_link(order)),
            ("Payment", page_of("payments_payment", payment.pk, format_minor(payment.amount_minor, payment.currency))),
            ("Customer", order.customer),
            ("Reason", obj.reason),
            ("Asked for by", people([obj.requested_by])[obj.requested_by]),
            ("Gateway", format_html('<span class="mono">{}</span>', obj.provider_ref) if obj.provider_ref else NOTHING),
            ("Asked for", moment(obj.created_at, zone)),
            ("Settled", moment(obj.settled_at, zone)),
        ]
        return Page(
            headline=f"Refund of {format_minor(obj.amount_minor, payment.currency)}",
            badges=[status_badge(obj)],
            subtitle=f"{order} · {order.customer}",
            figures=[],
            main=[*_owed_card(obj), Card("Refund", facts=facts)],
        )


def _owed_card(refund: Refund) -> list[Card]:
    if refund.status != RefundStatus.FAILED:
        return []
    text = format_html(
        "The gateway could not pay it back{}. The customer is still owed this money: ask for a new refund on the {}.",
        f": {refund.failure}" if refund.failure else "",
        page_of("payments_payment", refund.payment_id, "payment's page"),
    )
    return [Card("Money still owed", text=text, tone="danger")]
