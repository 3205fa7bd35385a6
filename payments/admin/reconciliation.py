# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Comparisons with the gateway."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanWidget

from core.backoffice import NOTHING, moment, page_of, two_lines
from core.comparison_pages import ComparisonAdmin, Finding
from orders.models import Order
from payments.models import PaymentReconciliation

_MEANING = {
    "missing_here": "It has this, and we do not.",
    "missing_there": "We have this, and it does not.",
    "status": "It is further with this than we are, or behind.",
    "amount": "It says another amount than we do.",
    "mismatch": "It has this under another order or in another currency.",
    "unsettled": "Money is here that is neither confirmed nor on its way back.",
    "parked": "It contradicts what we know.",
    "sums": "What is written down is not what its rows come to.",
}


class CompareForm(forms.Form):
    """What to compare with the gateway."""

    days = forms.IntegerField(
        min_value=1, max_value=400, initial=30, widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many days back.",
    )  # fmt: skip
    repair = forms.BooleanField(
        required=False, widget=UnfoldBooleanWidget, label="Repair what can be repaired without harm"
    )

    def asked(self) -> dict[str, Any]:
        return self.cleaned_data


@admin.register(PaymentReconciliation)
class PaymentReconciliationAdmin(ComparisonAdmin):
    list_display = ("began", "state", "back_to", "who", "compared", "found", "repaired", "left")
    other, counts, heading = "gateway", ("payments", "refunds", "disputes"), "Order"
    asks_by = CompareForm
    things, settling, takes = "Payments, refunds and disputes", "a moment", "a minute"
    repairs = {
        "read_again": "Repair reads it again and applies it.",
        "cancel_there": "Repair cancels it there: nobody has paid it.",
        "send_again": "Repair asks for the refund again.",
        "settle": "Repair settles it: confirms the order or gives back.",
        "recount": "Repair counts its rows again.",
        "by_hand": "A person must look.",
    }
    what_repair_does = (
        ("Records", "What the gateway has is read again and applied, as its event would have done."),
        ("Strays", "A payment of ours that nobody paid and no order needs is cancelled there."),
        ("Orders", "Money without a confirmed order confirms it, or goes back."),
        ("Sums", "What went back of a payment is counted again; what a deposit does not keep goes back."),
        ("The rest", "What the gateway does not know, other amounts and failed refunds wait for a person."),
    )

    @display(description="Since")
    def back_to(self, row: PaymentReconciliation) -> str:
        return moment(row.since)

    def facts(self, row: PaymentReconciliation) -> list[tuple[str, Any]]:
        return [("Since", moment(row.since)), *super().facts(row)]

    def about(self, findings: Sequence[Finding], viewer: Any) -> Iterable[SafeString]:
        """Their orders. One statement."""
        orders = Order.objects.filter(number__in={finding["order"] for finding in findings})
        pks = dict(orders.values_list("number", "pk"))
        for finding in findings:
            number = finding["order"]
            known = number in pks
            link = page_of("orders_order", pks[number], number, viewer=viewer, strong=True) if known else number
            yield two_lines(link or NOTHING, f"{finding['what'].capitalize()} …{finding['ref'][-10:]}")

    def meaning(self, finding: Finding) -> str:
        return _MEANING[finding["difference"]]

    def plain(self, said: str) -> str:
        return said.replace("_", " ").capitalize() or NOTHING
