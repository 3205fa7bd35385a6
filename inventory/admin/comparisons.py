# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Comparisons with the inventory system: what differed, in plain words, and what became of it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

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
from inventory.forms import ComparisonForm
from inventory.models import Reconciliation, StockLevel, Unit

RUN = "inventory.run_reconciliation"
MOST_SHOWN = 200
Finding = Mapping[str, str]

_TONES = {
    Reconciliation.Outcome.EQUAL: "success",
    Reconciliation.Outcome.REPAIRED: "info",
    Reconciliation.Outcome.DRIFT: "danger",
    Reconciliation.Outcome.UNREACHABLE: "warning",
}
_SAID = {
    Reconciliation.Outcome.EQUAL: "We and the inventory system say the same.",
    Reconciliation.Outcome.REPAIRED: "What differed was brought to agree.",
    Reconciliation.Outcome.DRIFT: "We and the inventory system differ, and it did not settle by itself.",
    Reconciliation.Outcome.UNREACHABLE: "The inventory system could not be asked to the end.",
}
_MEANING = {
    ("level", "missing_here"): "It counts this, and we have not read it.",
    ("level", "missing_there"): "We count this, and it does not.",
    ("level", "quantity"): "It says another number than we do.",
    ("level", "stale_mirror"): "It has counted since, and we have not read it.",
    ("unit", "missing_here"): "It has this unit, and we do not.",
    ("unit", "missing_there"): "We have this unit, and it does not.",
    ("unit", "state"): "This unit is another thing to it than to us.",
    ("unit", "stale_mirror"): "It has news of this unit that we have not read.",
    ("reservation", "missing_here"): "It keeps stock under a number that we do not know.",
    ("reservation", "missing_there"): "We promised this, and it keeps nothing for it.",
    ("reservation", "quantity"): "It keeps something else for this, or fewer days.",
    ("reservation", "state"): "It is not as far with this as we are, or further.",
}
_REPAIR = {
    "take_theirs": "Repair takes over what it says.",
    "write_off": "Repair sets our count to 0.",
    "tell_again": "Repair tells it what staff decided.",
    "sync_again": "Repair tells it again what we promised.",
    "release_there": "Repair gives it back there.",
    "by_hand": "A person must look.",
}
_WHAT_REPAIR_DOES = (
    ("Counts", "What it counts is taken over; what it does not count any more becomes 0."),
    ("Units", "Its news are taken over; what staff decided here is told again."),
    ("Reservations", "What we promised is told again; what nobody here knows is given back there."),
    ("The rest", "Goods that have left, other quantities and units that it does not list wait for a person."),
)
_RESULTS = {
    "repaired": ("Repaired", "success"),
    "gone": ("Gone by itself", "info"),
    "left": ("Still there", "danger"),
    "tried": ("Tried, then it went away", "warning"),
}
_AGREED = ("repaired", "gone")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)")


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = ("began", "state", "scope", "who", "compared", "found", "repaired", "left")
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
    def began(self, row: Reconciliation) -> str:
        return moment(row.started_at)

    @display(description="Outcome", ordering="outcome")
    def state(self, row: Reconciliation) -> SafeString:
        return _outcome(row)

    @display(description="Of")
    def scope(self, row: Reconciliation) -> str:
        return _scope(row)

    @display(description="By")
    def who(self, row: Any) -> str:
        return str(row.asked_by)

    @display(description="Compared")
    def compared(self, row: Reconciliation) -> int:
        return row.levels + row.units + row.reservations

    def page(self, request: HttpRequest, obj: Reconciliation) -> Page:
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
            table = _table(agreed, links, obj.finished_at, "What became of it")
            main.append(Card("What agrees again", table=table))
        if not shown and not obj.error:
            main.append(Card("What differs", table=Table(("",), (), empty="Nothing.")))
        if obj.found > len(shown):
            main.append(Card("And more", text=f"{len(shown)} of {obj.found} differences are shown."))
        return Page(
            headline=f"Comparison of {moment(obj.started_at)}",
            badges=[_outcome(obj)],
            subtitle=_SAID[Reconciliation.Outcome(obj.outcome)],
            figures=[("Differed", obj.found), ("Repaired", obj.repaired), ("Left", obj.left)],
            main=main,
            aside=[Card("Comparison", facts=_facts(obj))],
        )

    def has_run_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(RUN)

    def _again(self, request: HttpRequest) -> tuple[str, str] | None:
        return (
            ("Compare now…", reverse("admin:inventory_reconciliation_compare_now"))
            if request.user.has_perm(RUN)
            else None
        )

    @action(
        description="Compare now…",
        icon="rule",
        permissions=["run"],
        variant=ActionVariant.PRIMARY,
        url_path="compare-now",
    )
    def compare_now(self, request: HttpRequest) -> HttpResponse:
        """Have the job compare, and repair if that is ticked; what comes of it appears in the list."""
        back = reverse("admin:inventory_reconciliation_changelist")
        form = ComparisonForm(sent(request))
        if form.is_bound and form.is_valid():
            asked = form.asked()
            once = f"inventory.reconcile:{asked['depot']}:{asked['sku']}:{asked['repair']}"
            enqueue("inventory.reconcile", lock="inventory.reconcile", once=once, actor=actor_of(request), **asked)
            messages.success(request, "It has begun. What comes of it appears in this list in about half a minute.")
            return redirect(back)
        ask = Ask(
            title="Compare with the inventory system now?",
            text="Counts, units and reservations are compared, both ways. What differs is looked at again after a few "
            "seconds, as both sides move all the time. Without repair nothing is changed.",
            submit="Compare",
            facts=_WHAT_REPAIR_DOES,
        )
        context = {"back": back, "facts_card": Card("What repair does", facts=_WHAT_REPAIR_DOES)}
        return self.ask(request, form=form, ask=ask, context=context)


def _outcome(row: Reconciliation) -> SafeString:
    return badge(row.get_outcome_display(), _TONES[Reconciliation.Outcome(row.outcome)])


def _scope(row: Reconciliation) -> str:
    return " at ".join(filter(None, [row.sku, row.depot])) or "everything"


def _facts(row: Reconciliation) -> list[tuple[str, Any]]:
    took = max(row.finished_at - row.started_at, timedelta(0))
    return [
        ("Of", _scope(row)),
        ("By", people([row.actor])[row.actor]),
        ("Began (UTC)", moment(row.started_at)),
        ("Took", f"{took.total_seconds():.0f} s"),
        ("Levels", row.levels),
        ("Units", row.units),
        ("Reservations", row.reservations),
        ("Not ours", f"{row.skipped} rows" if row.skipped else NOTHING),
    ]


def _links(findings: Sequence[Finding], viewer: Any) -> dict[tuple[str, str, str], Any]:
    """Links to what the findings are about, by (what, ref, depot). Two statements."""
    units = Unit.objects.filter(serial__in={f["ref"] for f in findings if f["what"] == "unit"})
    levels = StockLevel.objects.filter(
        variant__sku__in={f["ref"] for f in findings if f["what"] == "level"},
        depot__code__in={f["depot"] for f in findings if f["what"] == "level"},
    )
    serials = dict(units.values_list("serial", "pk"))
    pools = {(sku, code): pk for pk, sku, code in levels.values_list("pk", "variant__sku", "depot__code")}
    found = {}
    for finding in findings:
        what, ref, depot = finding["what"], finding["ref"], finding["depot"]
        rows = {"unit": serials.get(ref), "level": pools.get((ref, depot))}
        pk = ref if what == "reservation" and finding["ours"] else rows.get(what)
        model = f"inventory_{'stocklevel' if what == 'level' else what}"
        text = format_html('<span class="nowrap">{}</span>', f"…{ref[-12:]}" if what == "reservation" else ref)
        found[what, ref, depot] = page_of(model, pk, text, viewer=viewer, strong=True) if pk else text
    return found


def _table(
    findings: Sequence[Finding], links: Mapping[tuple[str, str, str], Any], at: datetime, last_heading: str
) -> Table:
    rows = [
        (
            two_lines(links[f["what"], f["ref"], f["depot"]], f"{f['what'].capitalize()} at {f['depot']}"),
            two_lines(_MEANING[f["what"], f["drift"]], _since(f, at)),
            _plain(f["ours"]),
            _plain(f["theirs"]),
            _done(f),
        )
        for f in findings
    ]
    return Table(("What", "How it differs", "Here", "There", last_heading), rows)


def _plain(said: str) -> str:
    """What one side says, its instants as people write them."""
    if not said:
        return NOTHING
    return _INSTANT.sub(lambda found: moment(datetime.fromisoformat(found[0])), said).replace("_", " ")


def _since(finding: Finding, at: datetime) -> str:
    """How long it had differed when it was compared."""
    since = datetime.fromisoformat(finding["since"]) if finding["since"] else at
    return f"for at most {timesince(since, at, depth=1)}" if at - since >= timedelta(minutes=1) else ""


def _done(finding: Finding) -> SafeString:
    note = finding["note"][:1].upper() + finding["note"][1:].replace("_", " ")
    if finding["result"] in _RESULTS:
        text, tone = _RESULTS[finding["result"]]
        return format_html('{}<br><span class="quiet">{}</span>', badge(text, tone), note)
    return two_lines(_REPAIR[finding["repair"]], f"{note}." if note else "")
