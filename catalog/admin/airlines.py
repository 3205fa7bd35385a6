# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold and import-export carry no types
"""Airlines and their rules. What a version of a rule says stays as it is: another version follows it."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from catalog.admin.deleting import SaysWhatIsDeleted
from catalog.admin.editing import EditedInCatalog
from catalog.admin.showing import lines, link
from catalog.admin.variants import TransferMixin
from catalog.fit import BELIEVED_FOR, Trust
from catalog.forms.airlines import CabinRuleForm, HoldRuleForm
from catalog.models import Airline, CabinRule, HoldRule
from catalog.resources import AirlineResource, CabinRuleResource, HoldRuleResource
from catalog.services import recheck_soon
from core.backoffice import NOTHING, AtAGlance, FindsRow, NewestFirst, badge

RECHECK_WITHIN = timedelta(days=30)  # before a rule is too old to be believed
IN_UNITS = "Millimetres and grams; 55 cm and 8 kg may be written so. What the airline does not name stays empty."
_TONES = {Trust.GOOD: "success", Trust.MEDIUM: "info", Trust.LOW: "warning", Trust.UNCERTAIN: "danger"}


def too_old(rules: QuerySet[Any]) -> QuerySet[Any]:
    """Those that are not believed any more, as nobody has read them again."""
    return rules.filter(checked_on__lt=timezone.now().date() - BELIEVED_FOR)


class DueFilter(admin.SimpleListFilter):
    title = "last read"
    parameter_name = "read"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("old", "Too old to be believed"), ("soon", "Too old within 30 days")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "old":
            return too_old(queryset)
        if self.value() == "soon":
            last = timezone.now().date() - BELIEVED_FOR
            return queryset.filter(checked_on__gte=last, checked_on__lt=last + RECHECK_WITHIN)
        return queryset


class RuleAdmin(EditedInCatalog, SaysWhatIsDeleted, FindsRow, NewestFirst, ModelAdmin, TransferMixin):
    list_filter = (
        DueFilter, ("trust", ChoicesDropdownFilter), "allowed", ("airline", RelatedDropdownFilter),
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("airline",)
    search_fields = ("airline__name", "airline__code", "aircraft", "source", "note")
    search_help_text = "Airline, aircraft or source"
    autocomplete_fields = ("airline",)
    deleting = "This version never comes into force: flights are judged by the one before it, if there is one."
    actions = ("read_again",)
    actions_detail = ("new_version",)
    warn_unsaved_form = True
    compressed_fields = True
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only before it is in force: orders may be stamped with it afterwards."""
        in_force = obj is not None and obj.valid_from <= timezone.now().date()
        return bool(super().has_delete_permission(request, obj)) and not in_force

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        return self.model.SAYS if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 (as Django calls it)
        super().save_model(request, obj, form, change)
        recheck_soon()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        recheck_soon()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        recheck_soon()

    @display(description="In force from", ordering="valid_from")
    def from_shown(self, row: Any) -> str:
        return date_format(row.valid_from)

    @display(description="Last read", ordering="checked_on")
    def read_shown(self, row: Any) -> SafeString | str:
        age = timezone.now().date() - row.checked_on
        if age > BELIEVED_FOR:
            return badge(f"{date_format(row.checked_on)}: too old", "danger")
        if age > BELIEVED_FOR - RECHECK_WITHIN:
            return badge(date_format(row.checked_on), "warning", title="Soon too old to be believed")
        return date_format(row.checked_on)

    @display(description="Trust", ordering="trust")
    def trust_shown(self, row: Any) -> SafeString:
        return badge(row.get_trust_display(), _TONES[Trust(row.trust)])

    def has_version_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_add_permission(request)

    @admin.action(description="Read again today: still so", permissions=["change"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = list(queryset)
        queryset.update(checked_on=timezone.now().date())
        recheck_soon()
        for row in rows:
            self.log_change(request, row, "Read again: still so.")
        self.message_user(request, f"Read again today: {len(rows)}.", messages.SUCCESS)

    @action(description="New version", icon="update", permissions=["version"], url_path="new-version")
    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form of a new rule, filled in with what this one says."""
        row = self.row(request, object_id)
        told = {
            name: getattr(row, f"{name}_id" if name == "airline" else name) for name in (*self.model.SAYS, "source")
        }
        told |= {"note": row.note, "trust": row.trust}
        filled = {  # "False" would tick a box, and what is left out would be as in any new rule
            name: "" if value is None or value is False else value
            for name, value in told.items()
            if name != "valid_from"
        }
        return redirect(f"{self._page('add')}?{urlencode(filled)}")

    def _page(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args)


def _by(row: Any, *names: str) -> str:
    """ "550 x 400 x 230 mm"; a side that is not named is a question mark."""
    sides = [getattr(row, name) for name in names]
    return "" if not any(sides) else " x ".join(str(side or "?") for side in sides) + " mm"


def _about(row: CabinRule) -> str:
    parts = [
        row.get_cabin_display() if row.cabin else "",
        row.aircraft,
        row.get_shell_display() if row.shell else "",
    ]
    return ", ".join(filter(None, parts)) or "Every cabin and carrier"


_WHO = {"No cats": "danger", "No snub-nosed cats": "warning", "All cats": "success"}


def _who_flies(row: HoldRule) -> str:
    if not row.allowed:
        return "No cats"
    return "All cats" if row.snub_nosed else "No snub-nosed cats"


@admin.register(CabinRule)
class CabinRuleAdmin(RuleAdmin):
    form = CabinRuleForm
    resource_classes: ClassVar[list[Any]] = [CabinRuleResource]
    list_display = ("airline", "scope_shown", "limits_shown", "from_shown", "read_shown", "trust_shown")
    fieldsets = (
        ("About", {"fields": (("airline", "cabin"), ("aircraft", "shell"))}),
        (
            "Says",
            {
                "description": IN_UNITS,
                "fields": (
                    ("allowed", "most_cats"), ("length_mm", "width_mm", "height_mm"), ("sum_mm", "weight_g"),
                    "valid_from", "note",
                )
            },
        ),
        ("Where it was read", {"fields": ("source", ("checked_on", "trust"))}),
    )  # fmt: skip

    @display(description="About")
    def scope_shown(self, row: CabinRule) -> SafeString | str:
        return lines([_about(row)])

    @display(description="Takes")
    def limits_shown(self, row: CabinRule) -> SafeString | str:
        if not row.allowed:
            return badge("No cats", "danger")
        together = f"sum {row.sum_mm} mm" if row.sum_mm else ""
        weight = f"{row.weight_g / 1000:g} kg with the cat" if row.weight_g else ""
        return lines(filter(None, [_by(row, "length_mm", "width_mm", "height_mm"), together, weight]))


@admin.register(HoldRule)
class HoldRuleAdmin(RuleAdmin):
    form = HoldRuleForm
    resource_classes: ClassVar[list[Any]] = [HoldRuleResource]
    list_display = ("about_shown", "takes_shown", "crate_shown", "from_shown", "read_shown", "trust_shown")
    fieldsets = (
        ("About", {"fields": (("airline", "aircraft"),)}),
        (
            "Says",
            {
                "description": IN_UNITS,
                "fields": (
                    ("allowed", "snub_nosed"), ("bedding_mm", "snub_nosed_percent"),
                    ("most_cats", "cat_weight_g", "most_kittens"), ("length_mm", "width_mm", "height_mm"),
                    "valid_from", "note",
                )
            },
        ),
        ("Where it was read", {"fields": ("source", ("checked_on", "trust"))}),
    )  # fmt: skip

    @display(description="Airline", ordering="airline__name")
    def about_shown(self, row: HoldRule) -> str:
        return " ".join(filter(None, [str(row.airline) if row.airline else "All airlines", row.aircraft]))

    @display(description="Takes")
    def takes_shown(self, row: HoldRule) -> SafeString:
        return badge(_who_flies(row), _WHO[_who_flies(row)])

    @display(description="Crate")
    def crate_shown(self, row: HoldRule) -> SafeString | str:
        largest = _by(row, "length_mm", "width_mm", "height_mm")
        more = f"+{row.snub_nosed_percent} % for snub-nosed cats"
        return lines([f"{row.bedding_mm} mm of bedding, {more}", *([f"at most {largest}"] if largest else [])])


class CabinRuleInline(AtAGlance):
    """An airline's rules at a glance; each has its own page."""

    model: type[Model] = CabinRule
    fields = ("page", "says", "valid_from", "checked_on", "trust")
    readonly_fields = fields
    verbose_name_plural = "In the cabin"

    @display(description="Rule")
    def page(self, row: CabinRule) -> SafeString:
        return link("catalog_cabinrule", row.pk, _about(row))

    @display(description="Takes")
    def says(self, row: CabinRule) -> str:
        return (_by(row, "length_mm", "width_mm", "height_mm") or NOTHING) if row.allowed else "No cats"


class HoldRuleInline(CabinRuleInline):
    model = HoldRule
    verbose_name_plural = "In the hold"

    @display(description="Rule")
    def page(self, row: HoldRule) -> SafeString:
        return link("catalog_holdrule", row.pk, row.aircraft or "Every aircraft")

    @display(description="Takes")
    def says(self, row: HoldRule) -> str:
        return _who_flies(row)


@admin.register(Airline)
class AirlineAdmin(EditedInCatalog, SaysWhatIsDeleted, NewestFirst, ModelAdmin, TransferMixin):
    resource_classes: ClassVar[list[Any]] = [AirlineResource]
    list_display = ("name", "code", "cabin_shown", "hold_shown")
    search_fields = ("name", "code")
    search_help_text = "Name or IATA code"
    fields = (("name", "code"),)
    warn_unsaved_form = True
    deleting = "It has no rules of its own: flights with it are judged by those for all airlines, as they are now."
    instead = "Its rules stay, as orders are stamped with them; so does it."

    def get_inlines(self, _request: HttpRequest, obj: Any) -> list[Any]:
        """Those of which there are any."""
        counted = ((CabinRuleInline, obj.cabin_count), (HoldRuleInline, obj.hold_count)) if obj else ()
        return [inline for inline, count in counted if count]

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Flights and stamps of orders name an airline by its code."""
        return ("code",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Airline]:
        counted = {name: Count(f"{name}_rules", distinct=True) for name in ("cabin", "hold")}
        return super().get_queryset(request).annotate(**{f"{name}_count": count for name, count in counted.items()})

    @display(description="Rules for the cabin", ordering="cabin_count")
    def cabin_shown(self, row: Any) -> Any:
        return row.cabin_count or NOTHING

    @display(description="Rules for the hold", ordering="hold_count")
    def hold_shown(self, row: Any) -> Any:
        return row.hold_count or NOTHING
