# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Units in the hands of staff: what is said of each, and the days on which nobody gets it."""

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Facts,
    Moment,
    NewestFirst,
    Page,
    ReadOnlyAdmin,
    Table,
    badge,
    link,
    moment,
    page_of,
    sent,
)
from core.editing import EditedByMany
from core.time import today_in
from inventory import services, words
from inventory.admin.calendar import FLEET_STYLES, calendar_page, strip
from inventory.admin.looks import (
    THEIR_WORDS,
    UNIT_WORDS,
    WITH_ORDER,
    calendar_address,
    claim_badge,
    unit_badge,
    whose,
)
from inventory.admin.promises import warn_of_misfits
from inventory.admin.steps import BY_EVENT, DECISIONS, Decision, DecisionForm, GradeForm
from inventory.errors import UnitTransitionNotAllowed
from inventory.forms import UnitForm
from inventory.models import Downtime, Reservation, RetireRule, Unit
from inventory.states import GONE, GRADED, LIVE, UNIT, ReservationStatus

CHANGE_UNIT = "inventory.change_unit"
MOST_PAST = 20


def _step(decision: Decision) -> Any:
    """The page of one word about a unit."""

    def step(self: "UnitAdmin", request: HttpRequest, object_id: str) -> HttpResponse:
        return self.decide(request, object_id, decision)

    step.__name__ = decision.name
    decorate = action(
        description=decision.label,
        icon=decision.icon,
        permissions=["decide"],
        variant=decision.variant,
        url_path=decision.name.replace("_", "-"),
    )
    return decorate(step)


class UnitStateFilter(DropdownFilter):
    """By the words that the list shows."""

    title = "status"
    parameter_name = "status"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [(status, text) for status, (text, _) in UNIT_WORDS.items()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Unit]) -> QuerySet[Unit]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class RetireFilter(DropdownFilter):
    """The worklist of what has made its trips."""

    title = "retirement"
    parameter_name = "retire"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("due", "Due for retirement")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Unit]) -> QuerySet[Unit]:
        return queryset.filter(pk__in=Unit.objects.due_to_retire().values("pk")) if self.value() else queryset


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    form = UnitForm
    add_form_template = "admin/change_form.html"
    list_display = ("titled", "depot", "condition", "made", "state", "down")
    list_filter = (
        UnitStateFilter, RetireFilter, ("condition", ChoicesDropdownFilter), ("depot", RelatedDropdownFilter),
        ("variant__container__kind", ChoicesDropdownFilter),
    )  # fmt: skip
    list_select_related = ("variant__container", "variant__retire_rule", "depot")
    search_fields = ("serial", "variant__sku", "variant__container__name")
    search_help_text = "Serial number, SKU or container"
    autocomplete_fields = ("variant",)
    fieldsets = ((None, {"fields": ("serial", ("variant", "depot"), "condition")}),)
    actions_detail = (
        "shelve", "mend", "find", "send_to_maintenance",
        {"title": "More", "icon": "more_horiz", "items": ["grade", "lose", "retire"]},
    )  # fmt: skip
    warn_unsaved_form = True

    class Media:
        css: ClassVar = {"all": [FLEET_STYLES]}

    shelve = _step(BY_EVENT["shelve"])
    mend = _step(BY_EVENT["mend"])
    find = _step(BY_EVENT["find"])
    send_to_maintenance = _step(BY_EVENT["break"])
    lose = _step(BY_EVENT["lose"])
    retire = _step(BY_EVENT["retire"])

    def get_urls(self) -> list[URLPattern]:
        calendar = self.admin_site.admin_view(partial(calendar_page, self))
        return [path("calendar/", calendar, name="inventory_unit_calendar"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unit]:
        rows = super().get_queryset(request).select_related("variant__container", "variant__retire_rule", "depot")
        return rows.with_trips().prefetch_related("downtimes")

    @display(description="Unit", header=True, ordering="serial")
    def titled(self, row: Unit) -> list[str]:
        return [row.serial, str(row.variant.container)]

    @display(description="Status", ordering="status")
    def state(self, row: Unit) -> SafeString:
        return unit_badge(row)

    @display(description="Trips", ordering="trips")
    def made(self, row: Unit) -> SafeString | str:
        return badge(_trips(row), "warning", title=DUE) if _is_due(row) else _trips(row)

    @display(description="Down")
    def down(self, row: Unit) -> str:
        return ", ".join(words.days(downtime.period) for downtime in _coming(row)) or NOTHING

    # Adding

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return ModelAdmin.has_add_permission(self, request)

    def save_model(self, _request: HttpRequest, obj: Unit, _form: Any, _change: Any) -> None:
        """Only new units come here."""
        services.add_unit(unit=obj)

    # The page

    def page(self, request: HttpRequest, obj: Unit) -> Page:
        untold = [badge("Not told yet", "warning", title=UNTOLD)] if obj.decided_here else []
        return Page(
            headline=obj.serial,
            badges=[
                unit_badge(obj),
                *untold,
                *([badge("Due for retirement", "warning", title=DUE)] if _is_due(obj) else []),
            ],
            subtitle=f"{obj.variant.container} · {obj.variant.sku} · {obj.depot}",
            figures=[("Trips", _trips(obj)), ("Condition", obj.condition)],
            main=[*_days_card(request, obj), _claims_card(request, obj), _downtimes_card(request, obj)],
            aside=[Card("Unit", facts=_facts(obj, request.user)), _theirs_card(obj), *_history_card(obj)],
        )

    # The steps

    def has_decide_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(CHANGE_UNIT)

    def steps(self, _request: HttpRequest, obj: Unit) -> Iterator[str]:
        yield from (decision.name for decision in DECISIONS if (decision.event, obj.status) in UNIT)
        if obj.status in GRADED:
            yield "grade"

    def decide(self, request: HttpRequest, object_id: str, decision: Decision) -> HttpResponse:
        """Ask whether, and say it."""
        unit = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            try:
                services.decide_unit(unit_id=unit.pk, event=decision.event, condition=typed.get("condition") or "")
            except UnitTransitionNotAllowed as no:
                raise _in_words(unit, no) from no
            warn_of_misfits(request, (unit.variant_id, unit.depot_id))
            return _with_note(decision.done.format(unit=unit), typed["note"])

        ask = Ask(
            title=decision.title.format(unit=unit),
            text=decision.text,
            submit=decision.label,
            danger=decision.is_danger,
            facts=_beside(unit, request.user),
            facts_title="Unit",
        )
        form = DecisionForm(sent(request), unit=unit, decision=decision)
        return self.take_step(request, unit, step=decision.name, form=form, do=do, ask=ask)

    @action(description="Condition", icon="grade", permissions=["decide"], url_path="grade")
    def grade(self, request: HttpRequest, object_id: str) -> HttpResponse:
        unit = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            try:
                graded = services.grade_unit(unit_id=unit.pk, condition=typed["condition"])
            except UnitTransitionNotAllowed as no:
                raise _in_words(unit, no) from no
            return _with_note(f"{unit} is in condition {graded.get_condition_display()}.", typed["note"])

        ask = Ask(
            title=f"How does {unit} look?",
            text="The best units that are free are given out first.",
            submit="Write it down",
            facts=_beside(unit, request.user),
            facts_title="Unit",
        )
        return self.take_step(request, unit, step="grade", form=GradeForm(sent(request), unit=unit), do=do, ask=ask)


DUE = "It has made as many trips as the rule for its variant allows."
UNTOLD = "The inventory system has not taken our word for this unit yet; until then ours holds."


class NotNow(UnitTransitionNotAllowed):
    """The same no, in the words of the buttons."""

    def __init__(self, detail: str) -> None:
        super(UnitTransitionNotAllowed, self).__init__(detail)


def _in_words(unit: Unit, no: UnitTransitionNotAllowed) -> NotNow:
    now = Unit(status=no.members["current"])
    labels = [BY_EVENT[event].label for event in no.members["allowed"]]
    instead = f" Possible now: {'; '.join(labels)}." if labels else ""
    return NotNow(f"{unit} is {_standing(now)} now, so this cannot be said of it.{instead}")


def _rule(unit: Unit) -> RetireRule | None:
    return getattr(unit.variant, "retire_rule", None)


def _is_due(unit: Unit) -> bool:
    rule = _rule(unit)
    return rule is not None and unit.status not in GONE and unit.trips >= rule.after_trips


def _trips(unit: Unit) -> str:
    rule = _rule(unit)
    return f"{unit.trips} of {rule.after_trips}" if rule is not None else str(unit.trips)


_STANDING = {
    "available": "on the shelf",
    "out": "out",
    "cleaning": "being cleaned",
    "maintenance": "in maintenance",
    "lost": "lost",
    "sold": "sold",
    "retired": "retired",
}


def _standing(unit: Unit) -> str:
    return _STANDING[unit.status]


def _with_note(done: str, note: str) -> str:
    return f"{done} {note.strip()}".strip()


def _coming(unit: Unit) -> list[Downtime]:
    today = today_in(unit.depot.time_zone)
    return sorted((d for d in unit.downtimes.all() if d.period.upper > today), key=lambda d: d.period.lower)


def _facts(unit: Unit, viewer: Any) -> Facts:
    return [
        ("Container", page_of("catalog_variant", unit.variant_id, unit.variant.container, viewer=viewer)),
        ("SKU", unit.variant.sku),
        ("Depot", page_of("inventory_depot", unit.depot_id, unit.depot.name, viewer=viewer)),
        ("Condition", unit.get_condition_display()),
    ]


def _beside(unit: Unit, viewer: Any) -> Facts:
    """What staff have before their eyes while a step asks."""
    return [
        *_facts(unit, viewer),
        ("Status", unit_badge(unit)),
        *(
            ("Promised to" if row.status == ReservationStatus.COMMITTED else "Out for", whose(row, viewer))
            for row in _claims_of(unit)
        ),
    ]


def _claims_of(unit: Unit) -> QuerySet[Reservation]:
    rows = Reservation.objects.filter(unit=unit, status__in=LIVE).select_related("depot", *WITH_ORDER)
    return rows.order_by("-period", "-id")


def _days_card(request: HttpRequest, unit: Unit) -> list[Card]:
    """Four weeks of it; nothing for a unit that has left the fleet."""
    drawn = strip(unit, request.user)
    address = calendar_address(unit.depot_id, unit.variant.sku)
    return [Card("Its days", text=drawn, link=("Fleet calendar", address))] if drawn else []


def _claims_card(request: HttpRequest, unit: Unit) -> Card:
    """Who has it and who gets it; who had it is told by the trips that orders know of."""
    table = Table(
        ["Days kept", "Order", "Status", "Inventory system"],
        [
            [
                page_of("inventory_reservation", row.pk, words.days(row.period), viewer=request.user),
                whose(row, request.user),
                claim_badge(row),
                THEIR_WORDS[row.provider_state],
            ]
            for row in _claims_of(unit)
        ],
        empty="It is promised to nobody in particular.",
    )
    return Card("Reservations", table=table)


def _downtimes_card(request: HttpRequest, unit: Unit) -> Card:
    changes = request.user.has_perm("inventory.change_downtime")
    rows = [
        [
            page_of("inventory_downtime", row.pk, words.days(row.period)) if changes else words.days(row.period),
            row.reason or NOTHING,
        ]
        for row in sorted(unit.downtimes.all(), key=lambda d: d.period.lower, reverse=True)[:MOST_PAST]
    ]
    add = f"{reverse('admin:inventory_downtime_add')}?{urlencode({'unit': unit.pk})}"
    return Card(
        "Downtimes",
        table=Table(["Days", "Why"], rows, empty="There are no days on which nobody gets it."),
        link=("Add days", add) if request.user.has_perm("inventory.add_downtime") else None,
    )


def _theirs_card(unit: Unit) -> Card:
    said = moment(unit.as_of, unit.depot.time_zone) if unit.as_of else "never"
    facts: list[tuple[str, Any]] = [("Last heard of", said)]
    if unit.decided_here:
        facts.append(("Our word", badge("Not told yet", "warning", title=UNTOLD)))
        return Card("Inventory system", facts=facts, text=UNTOLD)
    return Card("Inventory system", facts=facts)


def _history_card(unit: Unit) -> list[Card]:
    """What staff said of it; that it left and came back is told by its reservations."""
    entries = LogEntry.objects.filter(content_type=get_content_type_for_model(unit), object_id=str(unit.pk))
    told = [
        Moment(moment(entry.action_time, unit.depot.time_zone), entry.get_change_message(), who=str(entry.user))
        for entry in entries.select_related("user").order_by("-action_time")[:MOST_PAST]
    ]
    return [Card("History", timeline=told)] if told else []


@admin.register(RetireRule)
class RetireRuleAdmin(EditedByMany, NewestFirst, ModelAdmin):
    list_display = ("variant", "after_trips", "due")
    search_fields = ("variant__sku", "variant__container__name")
    autocomplete_fields = ("variant",)
    list_select_related = ("variant__container",)
    warn_unsaved_form = True

    @display(description="Units due")
    def due(self, row: RetireRule) -> SafeString:
        query = urlencode({"retire": "due", "q": row.variant.sku})
        return link(f"{reverse('admin:inventory_unit_changelist')}?{query}", "Show")
