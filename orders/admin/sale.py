# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Things that were bought: packed, then shipped or handed over."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.backoffice import Ask, Card, Page, actor_of, amount, sent, two_lines
from orders import services
from orders.admin.history import timeline
from orders.admin.looks import (
    address_card,
    address_lines,
    customer_link,
    order_link,
    status_badge,
    still_to_come_text,
    unpaid_warning,
)
from orders.admin.parts import parts_card
from orders.admin.steps import HANDLE, ConfirmForm, NoteForm, ReasonForm, ShipForm, next_button, next_sale_step
from orders.admin.worklists import SaleWork, WorklistAdmin
from orders.models import Fulfilment, OrderLine
from orders.states import SaleStatus


@admin.register(OrderLine)
class OrderLineAdmin(WorklistAdmin):
    """Only what was sold; rentals have a list of their own."""

    list_display = ("thing", "quantity", "customer", "order_number", "goes", "depot", "state")
    list_filter = (SaleWork, ("status", ChoicesDropdownFilter), ("order__depot", RelatedDropdownFilter))
    search_fields = ("order__number", "sku", "order__customer__email")
    search_help_text = "Order number, SKU or customer's e-mail"
    ordering = ("order__placed_at", "position")
    sortable_by = ()
    actions_detail = ("pack", "deliver", "receive", "refuse")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        rows: QuerySet[OrderLine] = super().get_queryset(request)
        return rows.filter(kind=OrderLine.Kind.SALE).select_related("order__customer", "order__depot")

    @display(description="Container")
    def thing(self, row: OrderLine) -> SafeString:
        return two_lines(row.title, row.sku)

    @display(description="Customer")
    def customer(self, row: OrderLine) -> str:
        return str(row.order.customer)

    @display(description="Order")
    def order_number(self, row: OrderLine) -> SafeString | str:
        return order_link(row.order)

    @display(description="Goes by")
    def goes(self, row: OrderLine) -> str:
        return row.order.get_fulfilment_display()

    @display(description="Depot")
    def depot(self, row: OrderLine) -> str:
        return row.order.depot.code

    @display(description="Status")
    def state(self, row: OrderLine) -> SafeString:
        return status_badge(row)

    @display(description="Next step")
    def next_step(self, row: OrderLine) -> SafeString | str:
        return next_button(row)

    def page(self, request: HttpRequest, obj: OrderLine) -> Page:
        order = obj.order
        happened = order.events.filter(subject=f"line {obj.pk}")
        facts = [
            ("Order", order_link(order)),
            ("Customer", customer_link(order.customer, request.user)),
            ("Goes by", order.get_fulfilment_display()),
            ("Depot", order.depot),
            ("Price of one", amount(obj.unit_price_minor, order.currency)),
            *([("Together", amount(obj.total_minor, order.currency))] if obj.quantity > 1 else []),
            *([("Shipped by", f"{obj.carrier}, {obj.tracking_number}")] if obj.tracking_number else []),
        ]
        history = timeline(happened, zone=order.depot.time_zone, about={})
        return Page(
            headline=obj.title,
            badges=[status_badge(obj)],
            subtitle=obj.sku,
            figures=[("Pieces", obj.quantity)],
            main=[Card("Sale", facts=facts), *parts_card(obj, request.user), *address_card(order)],
            aside=[Card("History", timeline=history, text="" if history else "Nothing has happened to it yet.")],
        )

    def has_handle_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(HANDLE)

    def steps(self, _request: HttpRequest, obj: OrderLine) -> Iterator[str]:
        step = next_sale_step(obj)
        if step is not None:
            yield step.name
        if obj.status == SaleStatus.RETURN_REQUESTED:
            yield "refuse"

    @action(
        description="Pack", icon="package_2", permissions=["handle"], variant=ActionVariant.PRIMARY, url_path="pack"
    )
    def pack(self, request: HttpRequest, object_id: str) -> HttpResponse:
        line = self.row(request, object_id)

        def do(_: dict[str, Any]) -> str:
            services.prepare_sale(line_id=line.pk, actor=actor_of(request))
            return f"{line} is packed for {line.order}."

        text = "It is taken from the shelf and packed for this order."
        ask = Ask(title=f"Pack {line}", text=text, submit="Pack", warning=unpaid_warning(line.order), **_beside(line))
        return self.take_step(request, line, step="pack", form=ConfirmForm(sent(request)), do=do, ask=ask)

    @action(
        description="Ship or hand over",
        icon="local_shipping",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="deliver",
    )
    def deliver(self, request: HttpRequest, object_id: str) -> HttpResponse:
        line = self.row(request, object_id)
        ships = line.order.fulfilment == Fulfilment.DELIVERY

        def do(typed: dict[str, Any]) -> str:
            services.deliver_sale(line_id=line.pk, actor=actor_of(request), **typed)
            gone = f"{line} {'is on its way to' if ships else 'was handed over to'} {line.order.customer}."
            return gone + still_to_come_text(line.order_id)

        ask = Ask(
            title=f"{'Ship' if ships else 'Hand over'} {line}",
            text=_HOW[ships],
            submit="Ship" if ships else "Hand over",
            warning=unpaid_warning(line.order),
            **_beside(line),
        )
        form = (ShipForm if ships else NoteForm)(sent(request))
        return self.take_step(request, line, step="deliver", form=form, do=do, ask=ask)

    @action(
        description="It came back",
        icon="assignment_return",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="receive",
    )
    def receive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        line = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.receive_return(line_id=line.pk, actor=actor_of(request), note=typed["note"])
            return f"{line} is back, and credited."

        ask = Ask(
            title=f"Take {line} back?",
            text="What was paid for it goes back by itself. Count it in at the inventory system.",
            submit="Take it back",
            **_beside(line),
        )
        return self.take_step(request, line, step="receive", form=NoteForm(sent(request)), do=do, ask=ask)

    @action(description="Refuse…", icon="block", permissions=["handle"], url_path="refuse")
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        line = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.refuse_return(line_id=line.pk, actor=actor_of(request), note=typed["reason"])
            return f"{line} stays the customer's."

        ask = Ask(
            title=f"Refuse the return of {line}?",
            text="It never came, or cannot be taken back as it is. It stays the customer's and nothing is credited.",
            submit="Refuse it",
            danger=True,
            **_beside(line),
        )
        return self.take_step(request, line, step="refuse", form=ReasonForm(sent(request)), do=do, ask=ask)


_HOW = {
    True: "The carrier takes it now. The customer is told, with the tracking number if there is one.",
    False: "The customer takes it along now. Make sure who it is.",
}


def _beside(line: OrderLine) -> dict[str, Any]:
    facts = [
        ("Order", order_link(line.order)),
        ("Customer", line.order.customer),
        ("Container", line.sku),
        ("Pieces", line.quantity),
        ("Goes by", line.order.get_fulfilment_display()),
        *([("Delivery address", address_lines(line.order.address))] if line.order.address else []),
    ]
    return {"facts": facts, "facts_title": "Sale"}
