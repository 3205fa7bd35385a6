"""Forms of the stock pages: days are typed first and last included, weekdays are ticked."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from catalog.models import Variant
from inventory.models import Depot, Downtime, Unit

FURTHEST = timedelta(days=5 * 366)  # nobody plans further ahead, and calendars must end
WEEKDAYS = [
    (1, "Monday"),
    (2, "Tuesday"),
    (3, "Wednesday"),
    (4, "Thursday"),
    (5, "Friday"),
    (6, "Saturday"),
    (7, "Sunday"),
]


class DepotForm(forms.ModelForm):
    opening_days = forms.TypedMultipleChoiceField(
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        initial=[number for number, _ in WEEKDAYS],  # of a new one: what never opens rents nothing out
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Days on which it hands out and takes back. Holidays go into the closures below.",
    )

    class Meta:
        model = Depot
        fields = ("code", "name", "active", "street", "postal_code", "city", "country", "time_zone", "opening_days")
        help_texts: ClassVar[dict[str, str]] = {
            "code": "What the warehouse calls it, spelled exactly so. It cannot be changed later.",
            "country": "Two capitals, such as DE.",
            "time_zone": "Such as Europe/Berlin.",
        }


class UnitForm(forms.ModelForm):
    """A new unit. From then on it moves by steps, and the inventory system knows it by what is written here."""

    class Meta:
        model = Unit
        fields = ("serial", "variant", "depot", "condition")

    def clean_variant(self) -> Variant:
        variant: Variant = self.cleaned_data["variant"]
        if variant.parts.exists():
            raise ValidationError("A bundle has no units of its own; add those of its parts.")
        return variant


TOO_FAR = "The last day can be at most five years from now. A unit that nobody gets any more is retired instead."


class ComparisonForm(forms.Form):
    """What to compare with the inventory system."""

    depot = forms.ModelChoiceField(
        Depot.objects.order_by("code"), required=False, empty_label="Every depot", widget=UnfoldAdminSelectWidget
    )
    sku = forms.CharField(
        label="SKU", required=False, max_length=40, help_text="Empty: every variant.", widget=UnfoldAdminTextInputWidget
    )
    repair = forms.BooleanField(
        required=False,
        label="Repair what can be repaired without harm",
        help_text="The rest is listed for a person.",
        widget=UnfoldBooleanWidget,
    )

    def clean_sku(self) -> str:
        sku = str(self.cleaned_data["sku"]).strip().upper()
        if sku and not Variant.objects.filter(sku=sku).exists():
            raise ValidationError("There is no variant with this SKU.")
        return sku

    def asked(self) -> dict[str, Any]:
        depot = self.cleaned_data["depot"]
        return {
            "depot": depot.code if depot else "",
            "sku": self.cleaned_data["sku"],
            "repair": self.cleaned_data["repair"],
        }


class DowntimeForm(forms.ModelForm):
    """A range of days, both included, as people say it; the database keeps it half open."""

    start_on = forms.DateField(label="First day", widget=UnfoldAdminSingleDateWidget)
    end_on = forms.DateField(label="Last day", widget=UnfoldAdminSingleDateWidget)

    class Meta:
        model = Downtime
        fields = ("unit", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (period := self.instance.period) is not None:
            self.initial["start_on"] = period.lower
            self.initial["end_on"] = period.upper - timedelta(days=1)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        start_on, end_on = self.cleaned_data.get("start_on"), self.cleaned_data.get("end_on")
        if start_on and end_on:
            if end_on < start_on:
                raise ValidationError({"end_on": "The last day cannot be before the first."})
            if end_on > timezone.localdate() + FURTHEST:
                raise ValidationError({"end_on": TOO_FAR})
            self.instance.period = DateRange(start_on, end_on + timedelta(days=1))
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """Two downtimes of a unit never overlap: checked although `period` is no field, and the unit a fixed one."""
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # not in the stubs
        return exclusions if self.errors else exclusions - {"period", "unit"}
