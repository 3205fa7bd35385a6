"""What a cat measures, as clients send it: with its name to be kept, or without one to see what would fit."""

from typing import Any

from rest_framework import serializers

from accounts.plausible import ELBOW_HEIGHT, HEIGHT, LENGTH, WEIGHT, WIDTH, Range
from core.api import Input

_WHOLE = {"mm": "Give whole millimetres, such as 460.", "g": "Give whole grams, such as 4200."}
_UNITS = {"mm": "Millimetres", "g": "Grams"}


class MeasureInput(serializers.IntegerField):
    """A whole number within the range; whoever thought in a larger unit is told so."""

    def __init__(self, within: Range, help_text: str = "") -> None:
        super().__init__(
            min_value=within.least,
            max_value=within.most,
            help_text=f"{help_text} {_UNITS[within.unit]}, {within.words}.".strip(),
            error_messages=dict.fromkeys(("invalid", "max_string_length"), _WHOLE[within.unit]),
        )
        self.within = within

    def to_internal_value(self, data: Any) -> int:
        try:
            number = super().to_internal_value(data)
        except serializers.ValidationError:
            if (guess := self._guess(data)) is None:
                raise
            raise serializers.ValidationError(guess, code="invalid") from None
        if (refusal := self.within.refusal(number)) is not None:
            code = "min_value" if number < self.within.least else "max_value"
            raise serializers.ValidationError(refusal, code=code)
        return number

    def _guess(self, data: Any) -> str | None:
        """Of what is no whole number, such as 46.5 for 46.5 cm."""
        return self.within.refusal(data) if isinstance(data, float) else None


class MeasuresInput(Input):
    """Four measures of a cat standing naturally, and what it weighs."""

    length_mm = MeasureInput(LENGTH, "A: nose tip to root of tail.")
    elbow_height_mm = MeasureInput(ELBOW_HEIGHT, "B: ground to elbow; less than height_mm.")
    width_mm = MeasureInput(WIDTH, "C: across the shoulders or the widest point; less than length_mm.")
    height_mm = MeasureInput(HEIGHT, "D: ground to the top of the head or the ear tips, whichever is higher.")
    weight_g = MeasureInput(WEIGHT)
    snub_nosed = serializers.BooleanField(required=False, help_text="Persian, Exotic and the like: needs more room.")
    born_on = serializers.DateField(required=False, allow_null=True)
