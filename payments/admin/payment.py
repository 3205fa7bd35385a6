# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Payments: what was collected for an order, what went back, and the one step that gives money back."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
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
    people,
    sent,
    two_lines,
)
from core.forms import AmountField, parse_amount
from core.money import exponent, format_minor, to_decimal
from orders.states import OrderStatus
from payments import services
from payments.admin.looks import AttentionFilter, gateway_link, order_link, payment_badges, status_badge
from payments.declines import sentence
from payments.models import Payment
from payments.selectors import (
    Entry,
    balance,
    empties,
    parked_payments,
    payments_owed_back,
    refund_limit_minor,
    statement,
)
from payments.states import RefundStatus

REFUND = "payments.refund_payment"


class NeedsPersonFilter(AttentionFilter):
    works: ClassVar = {
        "parked": ("Parked: a person must look", parked_payments),
        "owed": ("A refund failed: money still owed", payments_owed_back),
    }


class RefundForm(forms.Form):
    """How much goes back, and why. The amount is typed as it is spoken of and checked against what is left.

    `left` is what was left when the page was opened: a page that is sent twice gives back once.
    """

    left = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, payment: Payment) -> None:
        left = payment.refundable_minor
        super().__init__(data, initial={"left": left})
        self.payment = payment
        self.fields["amount"] = AmountField(
            currency=payment.currency,
            initial=format(to_decimal(left, payment.currency), "f"),
            help_text=f"At most {format_minor(left, payment.currency)}. Less gives back a part.",
            error_messages={"required": "Write how much goes back."},
        )
        self.fields["reason"] = forms.CharField(
            max_length=300,
            widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2}),
            help_text="The customer reads it on the statement.",
            error_messages={"required": "Write why, in words for the customer."},
        )

    def clean_amount(self) -> int:
        """In minor units."""
        minor, left = parse_amount(self.cleaned_data["amount"], self.payment.currency), self.payment.refundable_minor
        if minor == 0:
            raise ValidationError("Write an amount above zero.")
        if minor > left:
            raise ValidationError(f"This is more than is left: {format_minor(left, self.payment.currency)}.")
        return minor

    def clean(self) -> dict[str, Any] | None:
        left = self.payment.refundable_minor
        if self.cleaned_data.get("left") != left:
            self.data = {**dict(self.data.items()), "left": left}  # looked at again, it may be sent again
            said = "Something was given back since this page was opened. Look again whether this is still right."
            raise ValidationError(said)
        return super().clean()


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("order_number", "state", "purpose_shown", "money", "captured", "refunded", "trouble", "created")
    list_filter = (("status", ChoicesDropdownFilter), NeedsPersonFilter, ("purpose", ChoicesDropdownFilter))
    search_fields = ("order__number", "provider_ref", "page_ref", "order__customer__email")
    search_help_text = "Order number, gateway reference or customer's e-mail"
    ordering = ("-id",)  # UUIDv7: newest first, by the primary key
    actions_detail = ("refund",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        rows: QuerySet[Payment] = super().get_queryset(request)
        return rows.select_related("order__customer", "order__depot")

    @display(description="Order")
    def order_number(self, row: Payment) -> SafeString:
        return two_lines(row.order.number, row.order.customer)

    @display(description="Status", ordering="status")
    def state(self, row: Payment) -> SafeString:
        return format_html_join(" ", "{}", [(label,) for label in payment_badges(row)])

    @display(description="For")
    def purpose_shown(self, row: Payment) -> str:
        return row.get_purpose_display()

    @display(description="Amount", ordering="amount_minor")
    def money(self, row: Payment) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @display(description="Captured", ordering="captured_minor")
    def captured(self, row: Payment) -> SafeString | str:
        return amount(row.captured_minor, row.currency) if row.captured_minor else NOTHING

    @display(description="Refunded", ordering="refunded_minor")
    def refunded(self, row: Payment) -> SafeString | str:
        gone = row.refunded_minor + row.refund_pending_minor
        return amount(gone, row.currency) if gone else NOTHING

    @display(description="Trouble")
    def trouble(self, row: Payment) -> str:
        return row.parked_reason or sentence(row.last_error)

    @display(description="Started", ordering="id")
    def created(self, row: Payment) -> str:
        return moment(row.created_at, row.order.depot.time_zone)

    def page(self, request: HttpRequest, obj: Payment) -> Page:
        cur = obj.currency
        figures = [("Captured", amount(obj.captured_minor, cur))]
        if obj.refunded_minor or obj.refund_pending_minor:
            figures.append(("Refunded", amount(obj.refunded_minor + obj.refund_pending_minor, cur)))
        if obj.refund_waiting_minor:
            figures.append(("Waits for approval", amount(obj.refund_waiting_minor, cur)))
        if obj.disputed_minor:
            figures.append(("Taken back by a bank", amount(obj.disputed_minor, cur)))
        if obj.gone_minor:
            figures.append(("Left", amount(obj.refundable_minor, cur)))
        return Page(
            headline=format_minor(obj.amount_minor, cur),
            badges=payment_badges(obj),
            subtitle=f"{obj.order} · {obj.order.customer} · {moment(obj.created_at, obj.order.depot.time_zone)}",
            figures=figures,
            main=[*_parked_card(obj), _refunds_card(obj), _statement_card(obj)],
            aside=[Card("Payment", facts=_facts(obj, request.user))],
        )

    # Giving back

    def has_refund_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(REFUND)

    def steps(self, _request: HttpRequest, obj: Payment) -> Iterator[str]:
        if obj.refundable_minor > 0:
            yield "refund"

    @action(
        description="Refund…",
        icon="currency_exchange",
        permissions=["refund"],
        variant=ActionVariant.PRIMARY,
        url_path="refund",
    )
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        payment = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            refund = services.request_refund(
                payment_id=payment.pk,
                amount_minor=typed["amount"],
                reason=typed["reason"],
                actor=actor_of(request),
                seen_left_minor=typed["left"],
            )
            money = format_minor(refund.amount_minor, payment.currency)
            if refund.status == RefundStatus.WAITING:
                return f"{money} waits for a second person to approve it; nothing has been sent."
            told = f"{money} is on its way back to the customer."
            payment.order.refresh_from_db(fields=["status"])
            return (
                f"{told} {payment.order} is cancelled."
                if cancels and payment.order.status == OrderStatus.CANCELLED
                else told
            )

        cancels = empties(payment.order, payment.refundable_minor)

        ask = Ask(
            title=f"Refund for {payment.order}",
            text=f"The money goes back the way it came, usually within five to ten days. {_second_person(payment)}",
            submit="Refund",
            facts=_left(payment),
            facts_title="This payment",
            warning=_cancels(payment, request.user) if cancels else "",
            preview="admin/payments/preview.html",
            context={"payment": payment, "places": exponent(payment.currency)},
        )
        form = RefundForm(sent(request), payment=payment)
        return self.take_step(request, payment, step="refund", form=form, do=do, ask=ask)


def _second_person(payment: Payment) -> str:
    limit = refund_limit_minor(payment.currency)
    if not limit:
        return "A second person must approve it first."
    return f"Above {format_minor(limit, payment.currency)} for one order, a second person must approve it first."


def _cancels(payment: Payment, viewer: Any) -> SafeString:
    """What giving back everything means for an order that is still whole."""
    text = "Nothing of {} has been handed over: giving back all of {} cancels it. Give back less to keep it.{}"
    cancel = reverse("admin:orders_order_cancel", args=[payment.order_id])
    instead = format_html(' <a href="{}">Cancel the order instead</a>', cancel)
    may = viewer.has_perm("orders.cancel_order")
    return format_html(text, payment.order, amount(payment.refundable_minor, payment.currency), instead if may else "")


def _left(payment: Payment) -> Facts:
    cur, owed = payment.currency, max(0, -balance(payment.order_id))
    facts = [
        ("Captured", amount(payment.captured_minor, cur)),
        ("Already refunded", amount(payment.refunded_minor, cur)),
    ]
    if payment.refund_pending_minor:
        facts.append(("On its way", amount(payment.refund_pending_minor, cur)))
    if payment.refund_waiting_minor:
        facts.append(("Waits for approval", amount(payment.refund_waiting_minor, cur)))
    if payment.disputed_minor:
        facts.append(("Taken back by a bank", amount(payment.disputed_minor, cur)))
    facts.append(("Left to refund", amount(payment.refundable_minor, cur)))
    return [*facts, ("Owed back already", amount(owed, cur))] if owed else facts


def _parked_card(payment: Payment) -> list[Card]:
    if not payment.parked_reason:
        return []
    return [Card("Parked: a person must look", text=payment.parked_reason, tone="danger")]


def _refunds_card(payment: Payment) -> Card:
    zone, refunds = payment.order.depot.time_zone, list(payment.refunds.all())
    names = people(refund.requested_by for refund in refunds)
    rows = [
        [
            page_of("payments_refund", refund.pk, moment(refund.created_at, zone)),
            refund.reason,
            names[refund.requested_by],
            status_badge(refund),
            amount(refund.amount_minor, payment.currency),
        ]
        for refund in refunds
    ]
    table = Table(["Asked for", "Reason", "By", "Status", ">Amount"], rows, empty="Nothing went back.")
    return Card("Refunds", table=table)


def _statement_card(payment: Payment) -> Card:
    """The order's money as its customer sees it."""
    order, told = payment.order, statement(payment.order)
    rows = [
        [moment(entry.at, order.depot.time_zone), *_told(entry), amount(entry.amount_minor, order.currency)]
        for entry in told.entries
    ]
    owed = told.balance_minor
    word = "The customer owes" if owed > 0 else "Owed to the customer" if owed < 0 else "Balance"
    total = [word, "", "", amount(abs(owed), order.currency)]
    return Card("Statement of the order", table=Table(["When", "What", "Status", ">Amount"], rows, total))


def _told(entry: Entry) -> tuple[str, str]:
    """What an entry is, and how far it has come where that is not plain."""
    if entry.kind == "charge":
        return entry.what if entry.amount_minor > 0 else f"Credit: {entry.what}", ""
    return f"Refund: {entry.what}" if entry.kind == "refund" else entry.what, entry.status


def _facts(payment: Payment, viewer: Any) -> Facts:
    zone = payment.order.depot.time_zone
    facts: list[tuple[str, Any]] = [
        ("Order", order_link(payment.order)),
        ("Customer", page_of("accounts_user", payment.order.customer_id, payment.order.customer, viewer=viewer)),
        ("For", payment.get_purpose_display()),
        ("Gateway", gateway_link(payment)),
        ("Started", moment(payment.created_at, zone)),
        ("Paid", moment(payment.succeeded_at, zone)),
    ]
    return [*facts, ("Last trouble", sentence(payment.last_error))] if payment.last_error else facts
