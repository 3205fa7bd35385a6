# mypy: disable-error-code="misc"
# unfold carries no types
"""Words that mean the same."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from catalog.models import SynonymGroup


class SynonymGroupForm(forms.ModelForm):
    class Meta:
        model = SynonymGroup
        fields = forms.ALL_FIELDS
        widgets: ClassVar[dict[str, Any]] = {"words": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
