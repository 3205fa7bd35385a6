# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Mails that were sent: what about, when, and what they say. Neither address nor text is kept (ADR 19)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.backoffice import Card, Page, ReadOnlyAdmin, badge, moment, page_of
from payments import services
from payments.admin.looks import order_link
from payments.models import Mail

_FRAME = '<iframe class="letter" sandbox title="{}" srcdoc="{}"></iframe>'


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ("what", "order_number", "customer", "sent")
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("order__number",)
    search_help_text = "Order number"
    ordering = ("-id",)
    nothing = "Mails are sent when something happens to an order."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mail]:
        rows: QuerySet[Mail] = super().get_queryset(request)
        return rows.select_related("order__customer", "order__depot")

    @display(description="Mail", ordering="kind")
    def what(self, row: Mail) -> str:
        return str(row).capitalize()

    @display(description="Order")
    def order_number(self, row: Mail) -> SafeString | str:
        return order_link(row.order)

    @display(description="Customer")
    def customer(self, row: Mail) -> str:
        return str(row.order.customer)

    @display(description="Sent", ordering="id")
    def sent(self, row: Mail) -> str:
        return moment(row.sent_at, row.order.depot.time_zone)

    def page(self, request: HttpRequest, obj: Mail) -> Page:
        order = obj.order
        told = services.read_mail(obj)
        facts: list[tuple[str, Any]] = [
            ("Order", order_link(order)),
            ("Customer", page_of("accounts_user", order.customer_id, order.customer, viewer=request.user)),
            ("Sent", moment(obj.sent_at, order.depot.time_zone)),
            ("To", "The shop" if told and told.to_staff else "The customer"),
        ]
        if told is None:
            text = "What it told of has changed since: nothing would be written now."
            main = [Card("What it says", text=text)]
        else:
            main = [
                Card(told.subject, text=format_html(_FRAME, told.subject, escape(told.html))),
                Card("As plain text", code=told.text),
            ]
        return Page(
            headline=str(obj).capitalize(),
            badges=[badge("Sent", "success")],
            subtitle="No copy is kept: this is what it would say today.",
            figures=[],
            main=main,
            aside=[Card("Mail", facts=facts)],
        )
