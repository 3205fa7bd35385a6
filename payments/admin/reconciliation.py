# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Comparisons with the gateway: what differed, in plain words, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanWidget

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Page,
    ReadOnlyAdmin,
    Table,
    actor_of,
    badge,
    moment,
    page_of,
    people,
    sent,
    two_lines,
)
from core.queue import enqueue
from orders.models import Order
from payments.models import PaymentReconciliation

RUN = "payments.run_paymentreconciliation"
MOST_SHOWN = 200
Finding = Mapping[str, str]
Outcome = PaymentReconciliation.Outcome

_TONES = {
    Outcome.EQUAL: "success",
    Outcome.REPAIRED: "info",
    Outcome.DIFFERENCES: "danger",
    Outcome.UNREACHABLE: "warning",
}
_SAID = {
    Outcome.EQUAL: "We and the gateway say the same.",
    Outcome.REPAIRED: "What differed was brought to agree.",
    Outcome.DIFFERENCES: "We and the gateway differ, and it did not settle by itself.",
    Outcome.UNREACHABLE: "The gateway could not be asked to the end.",
}
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
_REPAIR = {
    "read_again": "Repair reads it again and applies it.",
    "cancel_there": "Repair cancels it there: nobody has paid it.",
    "send_again": "Repair asks for the refund again.",
    "settle": "Repair settles it: confirms the order or gives back.",
    "recount": "Repair counts its rows again.",
    "by_hand": "A person must look.",
}
_WHAT_REPAIR_DOES = (
    ("Records", "What the gateway has is read again and applied, as its event would have done."),
    ("Strays", "A payment of ours that nobody paid and no order needs is cancelled there."),
    ("Orders", "Money without a confirmed order confirms it, or goes back."),
    ("Sums", "What went back of a payment is counted again; what a deposit does not keep goes back."),
    ("The rest", "What the gateway does not know, other amounts and failed refunds wait for a person."),
)
_RESULTS = {
    "repaired": ("Repaired", "success"),
    "gone": ("Gone by itself", "info"),
    "left": ("Still there", "danger"),
    "tried": ("Tried, then it went away", "warning"),
}
_AGREED = ("repaired", "gone")


class CompareForm(forms.Form):
    """What to compare with the gateway."""

    days = forms.IntegerField(
        min_value=1, max_value=400, initial=30, widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many days back.",
    )  # fmt: skip
    repair = forms.BooleanField(
        required=False, widget=UnfoldBooleanWidget, label="Repair what can be repaired without harm"
    )


@admin.register(PaymentReconciliation)
class PaymentReconciliationAdmin(ReadOnlyAdmin):
    list_display = ("began", "state", "back_to", "who", "compared", "found", "repaired", "left")
    list_filter = (("outcome", ChoicesDropdownFilter),)
    actions_list = ("compare_now",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the names of who asked, for all rows at once, and without their findings."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list.defer("findings"))
        names = people(row.actor for row in rows)
        for row in rows:
            row.asked_by = names[row.actor]
        changelist.result_list = rows
        return changelist

    @display(description="Began (UTC)", ordering="id")
    def began(self, row: PaymentReconciliation) -> str:
        return moment(row.started_at)

    @display(description="Outcome", ordering="outcome")
    def state(self, row: PaymentReconciliation) -> SafeString:
        return _outcome(row)

    @display(description="Since")
    def back_to(self, row: PaymentReconciliation) -> str:
        return moment(row.since)

    @display(description="By")
    def who(self, row: Any) -> str:
        return str(row.asked_by)

    @display(description="Compared")
    def compared(self, row: PaymentReconciliation) -> int:
        return row.payments + row.refunds + row.disputes

    def page(self, request: HttpRequest, obj: PaymentReconciliation) -> Page:
        shown = obj.findings[:MOST_SHOWN]
        links = _links(shown, request.user)
        still = [finding for finding in shown if finding["result"] not in _AGREED]
        agreed = [finding for finding in shown if finding["result"] in _AGREED]
        main = []
        if obj.error:
            main.append(Card("It could not be asked", text=obj.error, tone="danger"))
        if still:
            table = _table(still, links, obj.finished_at, "What to do")
            main.append(Card("What differs", table=table, link=self._again(request)))
        if agreed:
            main.append(Card("What agrees again", table=_table(agreed, links, obj.finished_at, "What became of it")))
        if not shown and not obj.error:
            main.append(Card("What differs", table=Table(("",), (), empty="Nothing.")))
        if obj.found > len(shown):
            main.append(Card("And more", text=f"{len(shown)} of {obj.found} differences are shown."))
        return Page(
            headline=f"Comparison of {moment(obj.started_at)}",
            badges=[_outcome(obj)],
            subtitle=_SAID[Outcome(obj.outcome)],
            figures=[("Differed", obj.found), ("Repaired", obj.repaired), ("Left", obj.left)],
            main=main,
            aside=[Card("Comparison", facts=_facts(obj))],
        )

    def has_run_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(RUN)

    def _again(self, request: HttpRequest) -> tuple[str, str] | None:
        address = reverse("admin:payments_paymentreconciliation_compare_now")
        return ("Compare now…", address) if request.user.has_perm(RUN) else None

    @action(
        description="Compare now…", icon="rule", permissions=["run"], variant=ActionVariant.PRIMARY,
        url_path="compare-now",
    )  # fmt: skip
    def compare_now(self, request: HttpRequest) -> HttpResponse:
        """Have the job compare, and repair if that is ticked; what comes of it appears in the list."""
        back = reverse("admin:payments_paymentreconciliation_changelist")
        form = CompareForm(sent(request))
        if form.is_bound and form.is_valid():
            asked = form.cleaned_data
            once = f"payments.reconcile:{asked['days']}:{asked['repair']}"
            enqueue("payments.reconcile", lock="payments.reconcile", once=once, actor=actor_of(request), **asked)
            messages.success(request, "It has begun. What comes of it appears in this list in about a minute.")
            return redirect(back)
        ask = Ask(
            title="Compare with the gateway now?",
            text="Payments, refunds and disputes are compared, both ways. What differs is looked at again after a "
            "moment, as both sides move all the time. Without repair nothing is changed.",
            submit="Compare",
            facts=_WHAT_REPAIR_DOES,
        )
        context = {"back": back, "facts_card": Card("What repair does", facts=_WHAT_REPAIR_DOES)}
        return self.ask(request, form=form, ask=ask, context=context)


def _outcome(row: PaymentReconciliation) -> SafeString:
    return badge(row.get_outcome_display(), _TONES[Outcome(row.outcome)])


def _facts(row: PaymentReconciliation) -> list[tuple[str, Any]]:
    took = max(row.finished_at - row.started_at, timedelta(0))
    return [
        ("Since", moment(row.since)),
        ("By", people([row.actor])[row.actor]),
        ("Began (UTC)", moment(row.started_at)),
        ("Took", f"{took.total_seconds():.0f} s"),
        ("Payments", row.payments),
        ("Refunds", row.refunds),
        ("Disputes", row.disputes),
    ]


def _links(findings: Sequence[Finding], viewer: Any) -> dict[str, Any]:
    """Links to the orders of the findings, by number. One statement."""
    numbers = {finding["order"] for finding in findings if finding["order"]}
    found = dict(Order.objects.filter(number__in=numbers).values_list("number", "pk"))
    return {
        number: page_of("orders_order", found[number], number, viewer=viewer, strong=True)
        if number in found
        else number
        for number in numbers
    }


def _table(findings: Sequence[Finding], links: Mapping[str, Any], at: datetime, last_heading: str) -> Table:
    rows = [
        (
            two_lines(links.get(f["order"], NOTHING), f"{f['what'].capitalize()} …{f['ref'][-10:]}"),
            two_lines(_MEANING[f["difference"]], _since(f, at)),
            _plain(f["ours"]),
            _plain(f["theirs"]),
            _done(f),
        )
        for f in findings
    ]
    return Table(("Order", "How it differs", "Here", "There", last_heading), rows)


def _plain(said: str) -> str:
    return said.replace("_", " ").capitalize() or NOTHING


def _since(finding: Finding, at: datetime) -> str:
    """How long it had differed when it was compared."""
    since = datetime.fromisoformat(finding["since"]) if finding["since"] else at
    return f"for at most {timesince(since, at, depth=1)}" if at - since >= timedelta(minutes=1) else ""


def _done(finding: Finding) -> SafeString:
    note = finding["note"][:1].upper() + finding["note"][1:].replace("_", " ")
    if finding["result"] in _RESULTS:
        text, tone = _RESULTS[finding["result"]]
        return format_html('{}<br><span class="quiet">{}</span>', badge(text, tone), note)
    return two_lines(_REPAIR[finding["repair"]], note)
