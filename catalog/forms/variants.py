# mypy: disable-error-code="misc"
# unfold carries no types
"""Variants, what bundles consist of, and inspections."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextareaWidget

from catalog.checklist import items_of
from catalog.models import BundlePart, Variant, require_whole
from core.forms import MeasuresForm


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
    told = [row.cleaned_data for row in rows.forms if row.is_valid() and row.cleaned_data.get("part")]
    kept = [row for row in told if not row["DELETE"]]
    lead: Variant | None = min(kept, key=lambda row: row["position"])["part"] if kept else None
    return lead


class BundlePartFormSet(PaginationInlineFormSet):
    """All the parts of a bundle, which are judged together."""

    def clean(self) -> None:
        super().clean()
        bundle = self.instance
        if any(self.errors) or bundle.container_id is None:
            return
        told = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        parts = sorted((form.instance for form in told), key=lambda part: part.position)
        require_whole(bundle, parts)
        if parts and bundle.pk is not None and bundle.stock_levels.exists():
            raise ValidationError(
                f"{bundle} has stock of its own, so it cannot be a bundle: give the bundle a new SKU."
            )


_PartRows = forms.inlineformset_factory(
    Variant, BundlePart, fk_name="bundle", fields=("position", "part", "quantity", "comes_back")
)


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
