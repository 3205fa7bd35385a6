# mypy: disable-error-code="misc"
# unfold carries no types
"""Rules of airlines."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from catalog.models import CabinRule, HoldRule
from core.forms import MeasuresForm


class _RuleForm(MeasuresForm):
    """A new rule was read today and holds from today, unless it is said otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("valid_from", "checked_on"):
            if name in self.fields and not self.instance.pk:
                self.fields[name].initial = timezone.now().date()


class CabinRuleForm(_RuleForm):
    class Meta:
        model = CabinRule
        fields = forms.ALL_FIELDS


class HoldRuleForm(_RuleForm):
    class Meta:
        model = HoldRule
        fields = forms.ALL_FIELDS
        help_texts: ClassVar[dict[str, str]] = {"airline": "Empty: for all that have no rule of their own."}
