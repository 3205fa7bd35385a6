# mypy: disable-error-code="misc"
# unfold carries no types
"""Variants, what bundles consist of, and inspections."""

from itertools import count
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextareaWidget

from catalog.checklist import items_of
from catalog.models import BundlePart, Variant, require_whole
from core.forms import MeasuresForm

LAST_PLACE = 999


class VariantForm(MeasuresForm):
    """Of a bundle the measures are left empty: they are those of its first part, which the rows of the page name."""

    told_least = Variant.LEAST

    class Meta:
        model = Variant
        fields = forms.ALL_FIELDS
        widgets: ClassVar[dict[str, Any]] = {"colour_hex": UnfoldAdminColorInputWidget(attrs={"class": "max-w-20"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measures = [name for name in Variant.LEAST if name in self.fields]
        self.lead = _lead(self) if self.is_bound and self.measures else None
        for name in self.measures if self.lead else ():
            self.fields[name].required = False
            self.fields[name].widget.attrs["placeholder"] = getattr(self.lead, name)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in self.measures if self.lead else ():
            given, typed = getattr(self.lead, name), self.cleaned_data.get(name)
            setattr(self.instance, name, given)
            if name in self.changed_data and typed not in (None, given):
                unit = name.rpartition("_")[2]
                self.add_error(name, f"It is {given} {unit} in {self.lead}, the first part; leave it empty.")
            elif name not in self.errors:
                self.cleaned_data[name] = given
        return cleaned


def _lead(form: VariantForm) -> Variant | None:
    """The part at the first place, of those typed for a bundle."""
    rows = _PartRows(form.data, instance=form.instance, prefix="parts")
    if not rows.management_form.is_valid():
        return None
    told = [row.cleaned_data for row in _kept(rows)]
    lead: Variant | None = min(told, key=lambda row: row["position"])["part"] if told else None
    return lead


def _kept(rows: Any) -> list[Any]:
    """The rows that stay, each with a place: one that was left empty is the first free after the row above."""
    kept = [
        row for row in rows.forms
        if row.is_valid() and row.cleaned_data.get("part") and not row.cleaned_data.get("DELETE")
    ]  # fmt: skip
    taken, place = {row.cleaned_data["position"] for row in kept}, 0
    for row in kept:
        if row.cleaned_data["position"] is None:
            place = next(free for free in count(place + 1) if free not in taken)
            taken.add(place)
            row.cleaned_data["position"] = row.instance.position = place
        place = row.cleaned_data["position"]
    return kept


class BundlePartForm(forms.ModelForm):
    """Its place may be left empty."""

    class Meta:
        model = BundlePart
        fields = ("position", "part", "quantity", "comes_back")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if place := self.fields.get("position"):  # whoever may only look has no fields
            place.required, place.initial = False, None
            place.validators.append(MaxValueValidator(LAST_PLACE))
            place.widget.attrs |= {"placeholder": "next", "max": LAST_PLACE}


class BundlePartFormSet(PaginationInlineFormSet):
    """All the parts of a bundle, which are judged together."""

    def clean(self) -> None:
        super().clean()
        bundle = self.instance
        if any(self.errors) or bundle.container_id is None:
            return
        parts = sorted((row.instance for row in _kept(self)), key=lambda part: part.position)
        require_whole(bundle, parts)
        if parts and bundle.pk is not None and bundle.stock_levels.exists():
            raise ValidationError(
                f"{bundle} has stock of its own, so it cannot be a bundle: give the bundle a new SKU."
            )


_PartRows = forms.inlineformset_factory(Variant, BundlePart, form=BundlePartForm, fk_name="bundle")


class InspectionForm(forms.Form):
    """One tick for each item of the checklist."""

    note = forms.CharField(
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What you saw, for colleagues. Customers do not read it.",
    )

    def __init__(self, data: Any, kind: str) -> None:
        super().__init__(data)
        self._asked = items_of(kind)
        for item in self._asked:
            self.fields[item.code] = forms.BooleanField(label=item.title, help_text=item.text, required=False)

    @property
    def items(self) -> list[forms.BoundField]:
        return [self[item.code] for item in self._asked]

    def met(self) -> list[str]:
        """Codes of the items that were ticked."""
        return [item.code for item in self._asked if self.cleaned_data[item.code]]
