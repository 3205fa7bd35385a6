# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Disputes: until when the bank waits for an answer, and what is decided about money that it kept."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Page,
    ReadOnlyAdmin,
    actor_of,
    amount,
    badge,
    moment,
    page_of,
    people,
    sent,
    two_lines,
)
from core.money import format_minor
from payments import services
from payments.admin.looks import AttentionFilter, gateway_dispute_link, order_link
from payments.models import Dispute
from payments.selectors import disputes_of_attention, lost_minor
from payments.states import DISPUTE_OPEN, DisputeDecision, DisputeStatus

DECIDE = "payments.decide_dispute"
TONES = {
    DisputeStatus.NEEDS_RESPONSE: "danger",
    DisputeStatus.UNDER_REVIEW: "warning",
    DisputeStatus.WON: "success",
    DisputeStatus.LOST: "danger",
    DisputeStatus.DROPPED: "",
}
_MEANING = {
    DisputeStatus.NEEDS_RESPONSE: "The bank waits for our evidence. It is given at the gateway.",
    DisputeStatus.UNDER_REVIEW: "The bank has our evidence and decides; that takes weeks.",
    DisputeStatus.WON: "The bank gave the money back.",
    DisputeStatus.LOST: "The bank kept the money.",
    DisputeStatus.DROPPED: "It ended without a decision; no money moved.",
}


class DisputeWorkFilter(AttentionFilter):
    works: ClassVar = {"yes": ("Open, or lost and not decided", disputes_of_attention)}


class WriteOffForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2}),
        help_text="The customer reads it on the statement.",
        error_messages={"required": "Write why, in words for the customer."},
    )


class AskForm(forms.Form):
    note = forms.CharField(
        max_length=300,
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2}),
        help_text="For staff: why the customer is to pay it.",
        error_messages={"required": "Write why."},
    )


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = ("order_number", "state", "due", "money", "withdrawn", "why", "decided", "opened")
    list_filter = (("status", ChoicesDropdownFilter), DisputeWorkFilter)
    search_fields = ("payment__order__number", "provider_ref", "payment__order__customer__email")
    search_help_text = "Order number, gateway reference or customer's e-mail"
    actions_detail = ("write_off", "ask_customer")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        rows: QuerySet[Dispute] = super().get_queryset(request)
        return rows.select_related("payment__order__customer", "payment__order__depot")

    def get_ordering(self, _request: HttpRequest) -> list[Any]:
        """What must be answered first comes first, what is closed last."""
        return [F("closed_at").desc(nulls_first=True), F("evidence_due_at").asc(nulls_last=True), "-id"]

    @display(description="Order")
    def order_number(self, row: Dispute) -> SafeString:
        return two_lines(row.payment.order.number, row.payment.order.customer)

    @display(description="Status", ordering="status")
    def state(self, row: Dispute) -> SafeString:
        return _badge(row)

    @display(description="Answer until", ordering="evidence_due_at")
    def due(self, row: Dispute) -> SafeString | str:
        return _due(row)

    @display(description="About", ordering="amount_minor")
    def money(self, row: Dispute) -> SafeString:
        return amount(row.amount_minor, row.payment.currency)

    @display(description="Taken", ordering="withdrawn_minor")
    def withdrawn(self, row: Dispute) -> SafeString | str:
        return amount(row.withdrawn_minor, row.payment.currency) if row.withdrawn_minor else NOTHING

    @display(description="Reason")
    def why(self, row: Dispute) -> str:
        return _words(row.reason)

    @display(description="Decided")
    def decided(self, row: Dispute) -> str:
        return row.get_decision_display() if row.decision else NOTHING

    @display(description="Opened", ordering="opened_at")
    def opened(self, row: Dispute) -> str:
        return moment(row.opened_at, row.payment.order.depot.time_zone)

    def page(self, request: HttpRequest, obj: Dispute) -> Page:
        payment, order = obj.payment, obj.payment.order
        zone, cur = order.depot.time_zone, payment.currency
        figures: list[tuple[str, Any]] = [
            ("About", amount(obj.amount_minor, cur)),
            ("Taken by the bank", amount(obj.withdrawn_minor, cur)),
        ]
        if obj.status == DisputeStatus.NEEDS_RESPONSE:
            figures.insert(0, ("Answer until", moment(obj.evidence_due_at, zone)))
        facts = [
            ("Order", order_link(order)),
            ("Payment", page_of("payments_payment", payment.pk, format_minor(payment.amount_minor, cur))),
            ("Customer", page_of("accounts_user", order.customer_id, order.customer, viewer=request.user)),
            ("Reason", _words(obj.reason)),
            ("Gateway", gateway_dispute_link(obj)),
            ("Opened", moment(obj.opened_at, zone)),
            ("Answer until", moment(obj.evidence_due_at, zone)),
            ("Closed", moment(obj.closed_at, zone)),
        ]
        return Page(
            headline=f"Dispute of {format_minor(obj.amount_minor, cur)}",
            badges=[_badge(obj)],
            subtitle=f"{order} · {order.customer}",
            figures=figures,
            main=[*_what_to_do(obj), *_decision(obj, zone)],
            aside=[Card("Dispute", facts=facts)],
        )

    # Deciding about what the bank kept

    def has_decide_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(DECIDE)

    def steps(self, _request: HttpRequest, obj: Dispute) -> Iterator[str]:
        if obj.status == DisputeStatus.LOST and obj.withdrawn_minor and obj.decision != DisputeDecision.WRITE_OFF:
            yield "write_off"
            if obj.decision != DisputeDecision.ASK:
                yield "ask_customer"

    @action(
        description="Write off…", icon="money_off", permissions=["decide"], variant=ActionVariant.PRIMARY,
        url_path="write-off",
    )  # fmt: skip
    def write_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(row: Dispute, typed: dict[str, Any]) -> str:
            done = services.write_off_dispute(dispute_id=row.pk, reason=typed["reason"], actor=actor_of(request))
            credited = format_minor(done.written_off_minor, row.payment.currency)
            return f"Written off: {credited} are credited on {row.payment.order}."

        text = "The customer is credited with what the bank kept, and owes nothing for it any more. No money moves."
        form = WriteOffForm(sent(request))
        return self._decide(request, object_id, step="write_off", form=form, do=do, text=text, submit="Write off")

    @action(description="Ask the customer…", icon="forward_to_inbox", permissions=["decide"], url_path="ask")
    def ask_customer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(row: Dispute, typed: dict[str, Any]) -> str:
            services.ask_for_disputed(dispute_id=row.pk, note=typed["note"], actor=actor_of(request))
            return f"{row.payment.order} shows it as owed; the customer can pay it in the app."

        text = "The order shows it as owed, and the customer can pay it in the app. No card is charged by itself."
        form = AskForm(sent(request))
        return self._decide(request, object_id, step="ask_customer", form=form, do=do, text=text, submit="Ask")

    def _decide(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        step: str,
        form: forms.Form,
        do: Callable[[Dispute, dict[str, Any]], str],
        text: str,
        submit: str,
    ) -> HttpResponse:
        row = self.row(request, object_id)
        cur = row.payment.currency
        facts = [
            ("Kept by the bank", amount(row.withdrawn_minor, cur)),
            ("Owed for it", amount(lost_minor(row.payment.order_id), cur)),
        ]
        ask = Ask(
            title=f"{submit}: dispute of {row.payment.order}", text=text, submit=submit, facts=facts,
            facts_title="This dispute",
        )  # fmt: skip
        return self.take_step(request, row, step=step, form=form, do=lambda typed: do(row, typed), ask=ask)


def _badge(row: Dispute) -> SafeString:
    if row.is_inquiry and row.status in DISPUTE_OPEN:
        return badge("Inquiry", "warning", title="The bank only asks; no money moved.")
    return badge(row.get_status_display(), TONES[DisputeStatus(row.status)])


def _due(row: Dispute) -> SafeString | str:
    if row.status != DisputeStatus.NEEDS_RESPONSE or row.evidence_due_at is None:
        return NOTHING
    late = row.evidence_due_at <= timezone.now()
    left = "too late" if late else f"in {timeuntil(row.evidence_due_at, depth=1)}"
    return two_lines(moment(row.evidence_due_at, row.payment.order.depot.time_zone), left)


def _words(reason: str) -> str:
    return reason.replace("_", " ").capitalize() or NOTHING


def _what_to_do(row: Dispute) -> list[Card]:
    meaning = _MEANING[DisputeStatus(row.status)]
    if row.status in DISPUTE_OPEN:
        money = (
            "No money has moved."
            if row.is_inquiry
            else "It has taken the money meanwhile; the order goes on as if paid."
        )
        return [Card("What happens now", text=f"{meaning} {money}", tone="danger" if not row.is_inquiry else "")]
    undecided = row.status == DisputeStatus.LOST and row.withdrawn_minor and not row.decision
    if undecided:
        meaning += " Decide whether it is written off, or whether the customer is asked to pay it."
    return [Card("What came of it", text=meaning, tone="danger" if undecided else "")]


def _decision(row: Dispute, zone: str) -> list[Card]:
    if not row.decision:
        return []
    facts = [
        ("Decided", row.get_decision_display()),
        ("Credited", amount(row.written_off_minor, row.payment.currency)),
        ("Why", row.decision_note),
        ("By", people([row.decided_by])[row.decided_by]),
        ("When", moment(row.decided_at, zone)),
    ]
    return [Card("What was decided", facts=facts)]
