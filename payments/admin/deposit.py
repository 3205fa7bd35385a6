# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Deposits: what secures the rentals, what is in its way, and the steps that secure it or give it back early."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Facts,
    Page,
    ReadOnlyAdmin,
    Table,
    actor_of,
    amount,
    moment,
    page_of,
    sent,
    two_lines,
)
from core.money import format_minor
from orders.models import DepositPlan
from orders.states import OrderStatus
from orders.terms import deposit_terms
from payments import services
from payments.admin.looks import AttentionFilter, gateway_link, order_link, payment_badges, status_badge
from payments.declines import sentence
from payments.models import Deposit, Payment
from payments.selectors import balance, deposits_in_trouble, deposits_to_secure, needs_securing
from payments.states import DepositStatus

HANDLE = "payments.handle_deposit"


class DepositWorkFilter(AttentionFilter):
    parameter_name = "work"
    works: ClassVar = {
        "soon": ("Not secured, needed today or tomorrow", deposits_to_secure),
        "trouble": ("The card or the bank said no", deposits_in_trouble),
    }


class AgainForm(forms.Form):
    """Nothing is asked but whether."""


class ReleaseForm(forms.Form):
    note = forms.CharField(
        max_length=300,
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2}),
        help_text="The order's history keeps it.",
        error_messages={"required": "Write why it goes back before everything is returned."},
    )


@admin.register(Deposit)
class DepositAdmin(ReadOnlyAdmin):
    list_display = ("order_number", "state", "plan_shown", "money", "kept", "until", "trouble")
    list_filter = (DepositWorkFilter, ("status", ChoicesDropdownFilter), ("plan", ChoicesDropdownFilter))
    search_fields = ("order__number", "provider_ref", "order__customer__email")
    search_help_text = "Order number, gateway reference or customer's e-mail"
    ordering = ("-id",)  # UUIDv7: newest first, by the primary key
    nothing = "No deposit: every rental without one, or none that asks for attention."
    actions_detail = ("secure", "release")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deposit]:
        rows: QuerySet[Deposit] = super().get_queryset(request)
        return rows.select_related("order__customer", "order__depot")

    @display(description="Order")
    def order_number(self, row: Deposit) -> SafeString:
        return two_lines(row.order.number, row.order.customer)

    @display(description="Status", ordering="status")
    def state(self, row: Deposit) -> SafeString:
        return status_badge(row)

    @display(description="How")
    def plan_shown(self, row: Deposit) -> str:
        return "Held" if row.plan == DepositPlan.HOLD else "Charged"

    @display(description="Amount", ordering="amount_minor")
    def money(self, row: Deposit) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @display(description="Kept", ordering="captured_minor")
    def kept(self, row: Deposit) -> SafeString | str:
        return amount(row.captured_minor, row.currency) if row.captured_minor else NOTHING

    @display(description="Asked for / held until")
    def until(self, row: Deposit) -> str:
        if row.status == DepositStatus.SECURED:
            return moment(row.capture_before, row.order.depot.time_zone)
        return moment(row.due_at, row.order.depot.time_zone) if row.is_live else NOTHING

    @display(description="Trouble")
    def trouble(self, row: Deposit) -> str:
        return sentence(row.last_error)

    def page(self, _request: HttpRequest, obj: Deposit) -> Page:
        order = obj.order
        return Page(
            headline=f"Deposit of {format_minor(obj.amount_minor, obj.currency)}",
            badges=[status_badge(obj)],
            subtitle=f"{order} · {order.customer}",
            figures=[("Kept", amount(obj.captured_minor, obj.currency))] if obj.captured_minor else [],
            main=[*_trouble_card(obj), Card("Deposit", facts=_facts(obj)), _payments_card(obj)],
        )

    # The steps

    def has_handle_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(HANDLE)

    def steps(self, _request: HttpRequest, obj: Deposit) -> Iterator[str]:
        if obj.order.status == OrderStatus.CONFIRMED and needs_securing(obj):
            yield "secure"
        if obj.is_live:
            yield "release"

    @action(
        description="Secure now…",
        icon="lock",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="secure",
    )
    def secure(self, request: HttpRequest, object_id: str) -> HttpResponse:
        deposit = self.row(request, object_id)

        def do(_typed: dict[str, Any]) -> str:
            tried = services.secure_deposit_now(deposit_id=deposit.pk, actor=actor_of(request))
            if tried.status == DepositStatus.SECURED and not needs_securing(tried):
                return f"{format_minor(tried.amount_minor, tried.currency)} is secured."
            return f"Not secured. {sentence(tried.last_error) or 'The bank has not answered yet; look again soon.'}"

        ask = Ask(
            title=f"Ask the card for {format_minor(deposit.amount_minor, deposit.currency)}?",
            text="The card that was kept for this order is asked at once, without its owner. If it says no, the "
            "customer must confirm the deposit in the app.",
            submit="Ask the card",
            facts=_beside(deposit),
            facts_title="Deposit",
        )
        return self.take_step(request, deposit, step="secure", form=AgainForm(sent(request)), do=do, ask=ask)

    @action(description="Give back early…", icon="lock_open", permissions=["handle"], url_path="release")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        deposit = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.release_deposit(deposit_id=deposit.pk, actor=actor_of(request), note=typed["note"])
            return f"{format_minor(deposit.amount_minor, deposit.currency)} goes back to the customer."

        owed = balance(deposit.order_id)
        owing = f"The customer still owes {format_minor(owed, deposit.currency)}: it will not be kept of the deposit."
        ask = Ask(
            title="Give the deposit back early?",
            text="It is let go or paid back at once, and nothing of it can be kept afterwards.",
            submit="Give it back",
            danger=True,
            warning=owing if owed > 0 else "",
            facts=_beside(deposit),
            facts_title="Deposit",
        )
        return self.take_step(request, deposit, step="release", form=ReleaseForm(sent(request)), do=do, ask=ask)


def _facts(deposit: Deposit) -> Facts:
    order, zone = deposit.order, deposit.order.depot.time_zone
    return [
        ("Order", order_link(order)),
        ("Customer", order.customer),
        ("The customer was told", deposit_terms(order)),
        ("Asked for", moment(deposit.due_at, zone)),
        ("Secured", moment(deposit.secured_at, zone)),
        *([("Held until", moment(deposit.capture_before, zone))] if deposit.capture_before else []),
        *([("Ended", moment(deposit.ended_at, zone))] if deposit.ended_at else []),
    ]


def _beside(deposit: Deposit) -> Facts:
    """What staff have before their eyes while a step asks."""
    zone = deposit.order.depot.time_zone
    return [
        ("Order", order_link(deposit.order)),
        ("Customer", deposit.order.customer),
        ("Status", status_badge(deposit)),
        ("Amount", amount(deposit.amount_minor, deposit.currency)),
        *([("Held until", moment(deposit.capture_before, zone))] if deposit.capture_before else []),
    ]


def _trouble_card(deposit: Deposit) -> list[Card]:
    if not deposit.last_error:
        return []
    return [Card("What is in its way", text=sentence(deposit.last_error), tone="danger" if deposit.is_live else "")]


def _payments_card(deposit: Deposit) -> Card:
    rows = [_payment_row(payment, deposit) for payment in deposit.payments.order_by("-created_at")]
    table = Table(["When", "Payment", "Gateway", ">Captured", ">Given back"], rows, empty="The card was not asked yet.")
    return Card("How it was secured", table=table)


def _payment_row(payment: Payment, deposit: Deposit) -> list[Any]:
    said = sentence(payment.last_error)
    shown = page_of("payments_payment", payment.pk, format_minor(payment.amount_minor, payment.currency))
    state = two_lines(payment_badges(payment)[0], said) if said else payment_badges(payment)[0]
    return [
        two_lines(moment(payment.created_at, deposit.order.depot.time_zone), shown),
        state,
        gateway_link(payment),
        amount(payment.captured_minor, payment.currency),
        amount(payment.refunded_minor + payment.refund_pending_minor, payment.currency),
    ]
