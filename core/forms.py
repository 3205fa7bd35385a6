"""Forms in which people type and read amounts as they speak of them: 49.90, not 4990."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.models import BaseInlineFormSet
from unfold.widgets import UnfoldAdminTextInputWidget

from core.money import MAX_MINOR, exponent, format_minor, to_decimal, to_minor, validate_currency


class LinesField(forms.CharField):
    """Text of several lines. Browsers send CRLF; what nobody changed stays unchanged."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class DayInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # unfold is untyped
    """The browser's own calendar: the admin's needs scripts that a step does not load."""

    input_type = "date"


NEGATIVE = "An amount cannot be less than nothing."
NO_PRICE = "A price must be more than nothing."


class AmountField(forms.DecimalField):
    """A decimal typed with a point or a comma. `currency`, when known, is shown beside it."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Write an amount such as 49.90.",
        "min_value": NEGATIVE,
    }

    def __init__(self, *, currency: str | None = None, **options: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        options.setdefault("widget", UnfoldAdminTextInputWidget(attrs | ({"suffix": currency} if currency else {})))
        self.currency = currency
        super().__init__(min_value=0, max_digits=14, **options)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # DecimalField's own
        if isinstance(value, str) and "," in value and "." not in value:
            value = value.replace(",", ".")
        if isinstance(value, str) and "e" in value.lower():  # 1e3: nobody who means a price writes it so
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class MeasureField(forms.IntegerField):
    """A length or weight in its small unit, mm or g, typed with any unit people use: 460, 46 cm, 41,5cm, 1.2 kg."""

    UNITS: ClassVar[dict[str, dict[str, int]]] = {"mm": {"mm": 1, "cm": 10, "m": 1000}, "g": {"g": 1, "kg": 1000}}
    _SPOKEN: ClassVar[dict[str, str]] = {"mm": "cm", "g": "kg"}

    def __init__(self, *, unit: str, least: int, most: int, told_least: int | None = None, **options: Any) -> None:
        """told_least: what is said to be the least, where only the row itself knows whether it may be less."""
        attrs = {"suffix": unit, "autocomplete": "off"}
        super().__init__(widget=UnfoldAdminTextInputWidget(attrs), **options)
        self.unit, self.least, self.most = unit, least, most
        spoken = self._SPOKEN[unit]
        factor, what = self.UNITS[unit][spoken], "a length" if unit == "mm" else "a weight"
        said = least if told_least is None else told_least
        ends = f"{said / factor:g} to {most / factor:g} {spoken}"
        self.wrong = f"Write {what} from {said} to {most} {unit}, or from {ends}."
        self.error_messages["too_small"] = self.wrong

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if isinstance(value, int):
            return value
        read = _MEASURE.fullmatch(str(value).lower())
        factor = self.UNITS[self.unit].get(read["unit"] or self.unit) if read else None
        measure = Decimal(read["number"].replace(",", ".")) * factor if read and factor else None
        if measure is None or measure != int(measure) or not self.least <= measure <= self.most:
            raise ValidationError(self.wrong, code="unmeasured")
        return int(measure)


_MEASURE = re.compile(r"\s*(?P<number>[0-9]{1,9}(?:[.,][0-9]{1,4})?)\s*(?P<unit>[a-z]*)\s*")


class MeasuresForm(forms.ModelForm):
    """A model form whose `*_mm` and `*_g` fields are typed with or without their unit; their ranges are the model's."""

    told_least: ClassVar[Mapping[str, int]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in list(self.fields.items()):
            unit = name.rpartition("_")[2]
            if unit in MeasureField.UNITS:
                column = type(self.instance)._meta.get_field(name)  # noqa: SLF001 (public, whatever its name)
                ends = {type(check): check.limit_value for check in column.validators if hasattr(check, "limit_value")}
                least, most = ends.get(MinValueValidator, 0), ends[MaxValueValidator]
                self.fields[name] = MeasureField(
                    unit=unit, least=least, most=most, told_least=self.told_least.get(name),
                    label=field.label, required=field.required, initial=field.initial,
                )  # fmt: skip


def parse_amount(amount: Decimal, currency: str) -> int:
    """Minor units of a typed amount. Raises: ValidationError, in words for whoever typed it."""
    try:
        minor = to_minor(amount, currency)
    except ValidationError:
        raise ValidationError(_too_fine(currency), code="too_fine") from None
    if minor > MAX_MINOR:
        raise ValidationError(f"This is more than {format_minor(MAX_MINOR, currency)}.", code="too_much")
    return minor


def _too_fine(currency: str) -> str:
    places = exponent(currency)
    if places == 0:
        return f"{currency} has no decimals: write a whole number."
    return f"{currency} has {places} decimals, not more."


class MinorUnitsForm(forms.ModelForm):
    """A model form whose `minor_units` fields are stored in minor units and typed as decimals of the row's currency.

    The currency is that of the form's own `currency` field, of its row, or of the row above (`MinorUnitsFormSet`).
    """

    minor_units: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, parent: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parent = parent
        currency = getattr(parent or self.instance, "currency", "")
        known = currency if (parent or self.instance).pk else None
        for name in self.minor_units:
            if name in self.fields:
                field = self.fields[name]
                self.fields[name] = AmountField(
                    currency=known, label=field.label, help_text=field.help_text, required=field.required
                )
                if isinstance(self.initial.get(name), int) and currency:
                    self.initial[name] = to_decimal(self.initial[name], currency)

    def typed_currency(self) -> str | None:
        """The currency that the amounts are in; None when what was typed for it is no currency."""
        if "currency" in self.fields:
            return self.cleaned_data.get("currency")
        return getattr(self.parent or self.instance, "currency", None)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        currency = self.typed_currency()
        for name in self.minor_units:
            amount = self.cleaned_data.get(name)
            if amount is not None:
                try:
                    self.cleaned_data[name] = _in_minor(amount, currency)
                except ValidationError as error:
                    self.add_error(name, error)
        return cleaned


def _in_minor(amount: Decimal, currency: str | None) -> int:
    try:
        validate_currency(currency or "")
    except ValidationError:
        raise ValidationError(
            "Choose a currency, such as EUR, to say what this amount is in.", code="no_currency"
        ) from None
    return parse_amount(amount, currency or "")


class MinorUnitsFormSet(BaseInlineFormSet):
    """Rows whose amounts are in the currency of the row above them, also while that is still being typed."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "parent": self.instance}
