# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""The staff pages of comparisons (core.comparing): what differed, in plain words, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.backoffice import Ask, Card, Page, ReadOnlyAdmin, Table, actor_of, badge, moment, people, sent, two_lines
from core.comparing import AGREED
from core.queue import enqueue

MOST_SHOWN = 200
Finding = Mapping[str, str]  # as JSON

_TONES = {"equal": "success", "repaired": "info", "unreachable": "warning"}
_SAID = {
    "equal": "We and the {other} say the same.",
    "repaired": "What differed was brought to agree.",
    "unreachable": "The {other} could not be asked to the end.",
}
_DRIFTED = "We and the {other} differ, and it did not settle by itself."
_RESULTS = {
    "repaired": ("Repaired", "success"),
    "gone": ("Gone by itself", "info"),
    "left": ("Still there", "danger"),
    "tried": ("Tried, then it went away", "warning"),
}


class ComparisonAdmin(ReadOnlyAdmin):
    """Rows that `core.comparing.Run.keep` wrote, and the step that has the app's job "<app>.reconcile" compare."""

    list_filter = (("outcome", ChoicesDropdownFilter),)
    actions_list = ("compare_now",)

    other: ClassVar[str]  # as in "the gateway"
    counts: ClassVar[Sequence[str]]  # columns
    heading: ClassVar[str]  # over what a finding is about
    repairs: ClassVar[Mapping[str, str]]  # what each does, as a sentence
    note_end: ClassVar[str] = ""
    asks_by: ClassVar[type[Any]]  # a form, whose asked() gives the job's arguments
    things: ClassVar[str]  # as the question names them
    settling: ClassVar[str]  # the time between two looks
    takes: ClassVar[str]
    what_repair_does: ClassVar[Sequence[tuple[str, str]]]

    def about(self, findings: Sequence[Finding], viewer: Any) -> Iterable[SafeString]:
        """What each finding is about, with links for a `viewer` who may follow them."""
        raise NotImplementedError

    def meaning(self, finding: Finding) -> str:
        """How it differs, as a sentence."""
        raise NotImplementedError

    def plain(self, said: str) -> str:
        """What one side says, in people's words."""
        raise NotImplementedError

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
    def began(self, row: Any) -> str:
        return moment(row.started_at)

    @display(description="Outcome", ordering="outcome")
    def state(self, row: Any) -> SafeString:
        return badge(row.get_outcome_display(), _TONES.get(row.outcome, "danger"))

    @display(description="By")
    def who(self, row: Any) -> str:
        return str(row.asked_by)

    @display(description="Compared")
    def compared(self, row: Any) -> int:
        return sum(getattr(row, name) for name in self.counts)

    def page(self, request: HttpRequest, obj: Any) -> Page:
        shown = obj.findings[:MOST_SHOWN]
        told = list(zip(shown, self.about(shown, request.user), strict=True))
        still = [(finding, about) for finding, about in told if finding["result"] not in AGREED]
        agreed = [(finding, about) for finding, about in told if finding["result"] in AGREED]
        main = []
        if obj.error:
            main.append(Card("It could not be asked", text=obj.error, tone="danger"))
        if still:
            table = self._table(still, obj.finished_at, "What to do")
            main.append(Card("What differs", table=table, link=self._again(request)))
        if agreed:
            main.append(Card("What agrees again", table=self._table(agreed, obj.finished_at, "What became of it")))
        if not shown and not obj.error:
            main.append(Card("What differs", table=Table(("",), (), empty="Nothing.")))
        if obj.found > len(shown):
            main.append(Card("And more", text=f"{len(shown)} of {obj.found} differences are shown."))
        return Page(
            headline=f"Comparison of {moment(obj.started_at)}",
            badges=[self.state(obj)],
            subtitle=_SAID.get(obj.outcome, _DRIFTED).format(other=self.other),
            figures=[("Differed", obj.found), ("Repaired", obj.repaired), ("Left", obj.left)],
            main=main,
            aside=[Card("Comparison", facts=self.facts(obj))],
        )

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        took = max(row.finished_at - row.started_at, timedelta(0))
        return [
            ("By", people([row.actor])[row.actor]),
            ("Began (UTC)", moment(row.started_at)),
            ("Took", f"{took.total_seconds():.0f} s"),
            *((name.capitalize(), getattr(row, name)) for name in self.counts),
        ]

    def has_run_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.run_{self.opts.model_name}")

    @action(
        description="Compare now…", icon="rule", permissions=["run"], variant=ActionVariant.PRIMARY,
        url_path="compare-now",
    )  # fmt: skip
    def compare_now(self, request: HttpRequest) -> HttpResponse:
        """Have the job compare, and repair if that is ticked; what comes of it appears in the list."""
        back = self._address("changelist")
        form = self.asks_by(sent(request))
        if form.is_bound and form.is_valid():
            job, asked = f"{self.opts.app_label}.reconcile", form.asked()
            once = ":".join([job, *map(str, asked.values())])
            enqueue(job, lock=job, once=once, actor=actor_of(request), **asked)
            messages.success(request, f"It has begun. What comes of it appears in this list in about {self.takes}.")
            return redirect(back)
        ask = Ask(
            title=f"Compare with the {self.other} now?",
            text=f"{self.things} are compared, both ways. What differs is looked at again after "
            f"{self.settling}, as both sides move all the time. Without repair nothing is changed.",
            submit="Compare",
            facts=self.what_repair_does,
        )
        context = {"back": back, "facts_card": Card("What repair does", facts=self.what_repair_does)}
        return self.ask(request, form=form, ask=ask, context=context)

    def _again(self, request: HttpRequest) -> tuple[str, str] | None:
        return ("Compare now…", self._address("compare_now")) if self.has_run_permission(request) else None

    def _address(self, name: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}")

    def _table(self, told: Iterable[tuple[Finding, SafeString]], at: datetime, last_heading: str) -> Table:
        rows = [
            (
                about,
                two_lines(self.meaning(finding), _since(finding, at)),
                self.plain(finding["ours"]),
                self.plain(finding["theirs"]),
                self._done(finding),
            )
            for finding, about in told
        ]
        return Table((self.heading, "How it differs", "Here", "There", last_heading), rows)

    def _done(self, finding: Finding) -> SafeString:
        note = finding["note"][:1].upper() + finding["note"][1:].replace("_", " ")
        if finding["result"] in _RESULTS:
            text, tone = _RESULTS[finding["result"]]
            return format_html('{}<br><span class="quiet">{}</span>', badge(text, tone), note)
        return two_lines(self.repairs[finding["repair"]], note and f"{note}{self.note_end}")


def _since(finding: Finding, at: datetime) -> str:
    """How long it had differed when it was compared."""
    since = datetime.fromisoformat(finding["since"]) if finding["since"] else at
    return f"for at most {timesince(since, at, depth=1)}" if at - since >= timedelta(minutes=1) else ""
