# mypy: disable-error-code="misc"
# unfold carries no types
"""Variants, what bundles consist of, and inspections."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextareaWidget

from catalog.checklist import items_of
from catalog.models import Variant, require_whole
from core.forms import MeasuresForm


class VariantForm(MeasuresForm):
    told_least = Variant.LEAST

    class Meta:
        model = Variant
        fields = forms.ALL_FIELDS
        widgets: ClassVar[dict[str, Any]] = {"colour_hex": UnfoldAdminColorInputWidget(attrs={"class": "max-w-20"})}


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
