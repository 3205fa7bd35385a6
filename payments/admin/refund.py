# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Refunds: money on its way back, and money that is still owed because a refund failed."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
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
    actor_of,
    amount,
    moment,
    page_of,
    people,
    sent,
)
from core.money import format_minor
from payments import services
from payments.admin.looks import order_link, status_badge
from payments.models import Refund
from payments.states import RefundStatus

APPROVE = "payments.approve_refund"


class DecisionForm(forms.Form):
    """`required`: whoever says no says why."""

    note = forms.CharField(
        max_length=300,
        required=False,
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2}),
        help_text="For staff.",
        error_messages={"required": "Write why not."},
    )

    def __init__(self, data: Any, *, required: bool) -> None:
        super().__init__(data)
        self.fields["note"].required = required


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("asked", "order_number", "state", "reason", "who", "money", "settled")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("payment__order__number", "provider_ref", "reason")
    search_help_text = "Order number, gateway reference or reason"
    ordering = ("-id",)  # UUIDv7: newest first, by the primary key
    actions_detail = ("approve", "decline")

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
        names = people([obj.requested_by, obj.approved_by, obj.declined_by])
        facts: list[tuple[str, Any]] = [
            ("Order", order_link(order)),
            ("Payment", page_of("payments_payment", payment.pk, format_minor(payment.amount_minor, payment.currency))),
            ("Customer", order.customer),
            ("Reason", obj.reason),
            ("Asked for by", names[obj.requested_by]),
            *_decided(obj, names, zone),
            ("Gateway", format_html('<span class="mono">{}</span>', obj.provider_ref) if obj.provider_ref else NOTHING),
            ("Asked for", moment(obj.created_at, zone)),
            ("Settled", moment(obj.settled_at, zone)),
        ]
        return Page(
            headline=f"Refund of {format_minor(obj.amount_minor, payment.currency)}",
            badges=[status_badge(obj)],
            subtitle=f"{order} · {order.customer}",
            figures=[],
            main=[*_owed_card(obj), *_waiting_card(obj), Card("Refund", facts=facts)],
        )

    # Saying yes or no

    def has_approve_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(APPROVE)

    def has_decline_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Whoever may ask may take back; whoever may approve may say no."""
        return request.user.has_perm(APPROVE) or request.user.has_perm("payments.refund_payment")

    def steps(self, request: HttpRequest, obj: Refund) -> Iterator[str]:
        if obj.status == RefundStatus.WAITING:
            mine = obj.requested_by == actor_of(request)
            if not mine:
                yield "approve"
            if mine or request.user.has_perm(APPROVE):
                yield "decline"

    @action(
        description="Approve…", icon="done_all", permissions=["approve"], variant=ActionVariant.PRIMARY,
        url_path="approve",
    )  # fmt: skip
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refund = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.approve_refund(refund_id=refund.pk, actor=actor_of(request), note=typed["note"])
            return f"{format_minor(refund.amount_minor, refund.payment.currency)} is on its way back to the customer."

        ask = Ask(
            title=f"Approve the refund for {refund.payment.order}?",
            text="It is credited and sent now. The money goes back the way it came.",
            submit="Approve",
            facts=_asked_for(refund),
            facts_title="This refund",
        )
        form = DecisionForm(sent(request), required=False)
        return self.take_step(request, refund, step="approve", form=form, do=do, ask=ask)

    @action(description="Decline…", icon="block", permissions=["decline"], url_path="decline")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refund = self.row(request, object_id)
        mine = refund.requested_by == actor_of(request)
        if not (mine or request.user.has_perm(APPROVE)):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            services.decline_refund(refund_id=refund.pk, actor=actor_of(request), note=typed["note"])
            return "Taken back; nothing was sent." if mine else "Declined; nothing was sent."

        ask = Ask(
            title=f"{'Take back' if mine else 'Decline'} the refund for {refund.payment.order}?",
            text="Nothing is sent or credited, and the money is free to be given back another way.",
            submit="Take back" if mine else "Decline",
            facts=_asked_for(refund),
            facts_title="This refund",
            danger=True,
        )
        form = DecisionForm(sent(request), required=True)
        return self.take_step(request, refund, step="decline", form=form, do=do, ask=ask)


def _asked_for(refund: Refund) -> Facts:
    cur = refund.payment.currency
    return [
        ("Amount", amount(refund.amount_minor, cur)),
        ("Reason", refund.reason),
        ("Asked for by", people([refund.requested_by])[refund.requested_by]),
        ("Captured", amount(refund.payment.captured_minor, cur)),
    ]


def _decided(refund: Refund, names: dict[str, str], zone: str) -> Facts:
    if not refund.decided_at:
        return []
    by = (
        ("Approved by", names[refund.approved_by]) if refund.approved_by else ("Declined by", names[refund.declined_by])
    )
    note = [("Note", refund.decision_note)] if refund.decision_note else []
    return [by, ("Decided", moment(refund.decided_at, zone)), *note]


def _waiting_card(refund: Refund) -> list[Card]:
    if refund.status != RefundStatus.WAITING:
        return []
    text = "It is above the limit. Until somebody else than who asked has approved it, nothing is credited or sent."
    return [Card("Waits for a second person", text=text, tone="danger")]


def _owed_card(refund: Refund) -> list[Card]:
    if refund.status != RefundStatus.FAILED:
        return []
    text = format_html(
        "The gateway could not pay it back{}. The customer is still owed this money: ask for a new refund on the "
        "{}, or of another payment of the order. Until then nothing goes back of this payment by itself.",
        f": {refund.failure}" if refund.failure else "",
        page_of("payments_payment", refund.payment_id, "payment's page"),
    )
    return [Card("Money still owed", text=text, tone="danger")]
