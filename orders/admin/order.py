# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Orders: found quickly, told completely, and cancelled with a reason."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.backoffice import NOTHING, Ask, Page, ReadOnlyAdmin, actor_of, amount, attempt, moment, sent, two_lines
from orders import services
from orders.admin.counter import counter_page
from orders.admin.filters import DaysFilter, FitFilter
from orders.admin.looks import status_badge
from orders.admin.steps import CANCEL, HANDLE, CancelForm, FitForm, SwapForm
from orders.admin.story import flights_of, order_page
from orders.models import Order, OrderLine, Rental
from orders.outlook import cancellation_of
from orders.selectors import has_left
from orders.states import ORDER, OrderStatus, allowed_events


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("number_shown", "who", "state", "depot_code", "goes", "total", "placed", "pay_until")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("depot", RelatedDropdownFilter),
        ("fulfilment", ChoicesDropdownFilter),
        ("placed_at", DaysFilter),
        FitFilter,
    )
    search_fields = ("number", "customer__email", "lines__sku")
    search_help_text = "Order number, customer's e-mail or SKU"
    actions = ("cancel_selected",)
    actions_detail = ("swap", "settle_fit", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows: QuerySet[Order] = super().get_queryset(request)
        return rows.select_related("customer", "depot")

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(partial(counter_page, self))
        return [path("counter/", page, name="orders_order_counter"), *super().get_urls()]

    @display(description="Order", ordering="number")
    def number_shown(self, row: Order) -> str:
        return row.number

    @display(description="Customer", ordering="customer__email")
    def who(self, row: Order) -> SafeString | str:
        return two_lines(row.customer.name, row.customer.email) if row.customer.name else row.customer.email

    @display(description="Status", ordering="status")
    def state(self, row: Order) -> SafeString:
        return status_badge(row)

    @display(description="Depot", ordering="depot__code")
    def depot_code(self, row: Order) -> str:
        return row.depot.code

    @display(description="Goes by", ordering="fulfilment")
    def goes(self, row: Order) -> str:
        return row.get_fulfilment_display()

    @display(description="Total", ordering="total_minor")
    def total(self, row: Order) -> SafeString:
        return amount(row.total_minor, row.currency)

    @display(description="Placed", ordering="placed_at")
    def placed(self, row: Order) -> str:
        return moment(row.placed_at, row.depot.time_zone)

    @display(description="Pay until", ordering="expires_at")
    def pay_until(self, row: Order) -> str:
        return moment(row.expires_at, row.depot.time_zone) if row.unpaid else NOTHING

    def page(self, request: HttpRequest, obj: Order) -> Page:
        rentals = Prefetch("rentals", Rental.objects.select_related("unit").order_by("id"))
        lines = OrderLine.objects.prefetch_related(rentals).order_by("position")
        prefetch_related_objects([obj], Prefetch("lines", lines))
        return order_page(request, obj)

    # Flights

    def has_handle_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(HANDLE)

    @action(description="Another container…", icon="swap_horiz", permissions=["handle"], url_path="swap")
    def swap(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self.row(request, object_id)
        form = SwapForm(sent(request), services.swap_options(order))

        def do(typed: dict[str, Any]) -> str:
            line_id, sku = form.chosen()
            line = services.swap_container(line_id=line_id, sku=sku, actor=actor_of(request), note=typed["note"])
            return f"{order} has {line.title} now, at no other price."

        ask = Ask(
            title=f"Another container for {order}",
            text="Free of charge, as an airline changed its rules. These fit every cat on every flight, or the airline "
            "must be asked; the best comes first. Agree on it first.",
            submit="Swap it",
            facts=[("Customer", order.customer), *flights_of(order)],
            facts_title="Order",
        )
        return self.take_step(request, order, step="swap", form=form, do=do, ask=ask)

    @action(description="A way was found…", icon="flight", permissions=["handle"], url_path="settle-fit")
    def settle_fit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.settle_fit(order_id=order.pk, actor=actor_of(request), note=typed["note"])
            return f"{order} is settled."

        ask = Ask(
            title=f"Was a way found for {order}?",
            text="The customer was told that an airline changed its rules. Say what you agreed on; the order then "
            "leaves the list.",
            submit="It is settled",
            facts=[("Customer", order.customer), *flights_of(order)],
            facts_title="Order",
        )
        return self.take_step(request, order, step="settle_fit", form=FitForm(sent(request)), do=do, ask=ask)

    # Cancelling

    def has_cancel_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(CANCEL)

    def steps(self, _request: HttpRequest, obj: Order) -> Iterator[str]:
        if obj.fit_worse_at is not None and obj.status == OrderStatus.CONFIRMED:
            yield "swap"
            yield "settle_fit"
        if "cancel" in allowed_events(ORDER, obj.status):
            prefetch_related_objects([obj], "lines__rentals")  # however many there are
            if not has_left(obj):
                yield "cancel"

    @action(
        description="Cancel…", icon="cancel", permissions=["cancel"], url_path="cancel", variant=ActionVariant.DANGER
    )
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            return _cancel(order, actor=actor_of(request), typed=typed)

        ask = Ask(
            title=f"Cancel {order}?",
            text="Everything reserved is given back. What is credited goes back by itself, the way it came. This "
            "cannot be undone.",
            submit="Cancel the order",
            danger=True,
            facts=[
                ("Customer", order.customer),
                ("Status", status_badge(order)),
                ("Total", amount(order.total_minor, order.currency)),
                ("Placed", moment(order.placed_at, order.depot.time_zone)),
                ("Kept by the policy", amount(cancellation_of(order).kept_minor, order.currency)),
            ],
            facts_title="Order",
        )
        return self.take_step(request, order, step="cancel", form=CancelForm(sent(request)), do=do, ask=ask)

    @admin.action(description="Cancel the selected orders…", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse:
        """Asks for the reason once; then each order is cancelled on its own, and each refusal is said."""
        orders = list(queryset)
        form = CancelForm(request.POST if "reason" in request.POST else None)
        if form.is_bound and form.is_valid():
            self._cancel_all(request, orders, form.cleaned_data)
            return redirect(request.get_full_path())
        chosen = [("action", "cancel_selected"), *((ACTION_CHECKBOX_NAME, str(order.pk)) for order in orders)]
        ask = Ask(
            title=f"Cancel {len(orders)} order{'s' if len(orders) != 1 else ''}?",
            text="Everything reserved is given back, and what is credited goes back. "
            "Orders of which something was handed over stay as they are.",
            submit="Cancel them",
            danger=True,
            facts=[(order.number, amount(order.total_minor, order.currency)) for order in orders],
            facts_title="Orders",
            context={"hidden": chosen},
        )
        return self.ask(request, form=form, ask=ask, context={"back": request.get_full_path()})

    def _cancel_all(self, request: HttpRequest, orders: list[Order], typed: dict[str, Any]) -> None:
        cancelled = []
        for order in orders:
            done, refused = attempt(partial(_cancel, order, actor=actor_of(request), typed=typed))
            if done:
                self.log_change(request, order, done)
                cancelled.append(order.number)
            else:
                messages.error(request, f"{order}: {refused}")
        if cancelled:
            messages.success(request, f"Cancelled: {', '.join(cancelled)}.")


def _cancel(order: Order, *, actor: str, typed: dict[str, Any]) -> str:
    services.cancel_order(order_id=order.pk, actor=actor, note=typed["reason"], in_full=typed["in_full"])
    return f"{order} is cancelled."
