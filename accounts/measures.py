"""What a cat measures, as clients send it: with its name to be kept, or without one to see what would fit."""

from rest_framework import serializers

from core.api import Input


def _millimetres(help_text: str) -> serializers.IntegerField:
    sentence = "Must be between 20 and 1500 millimetres."
    return serializers.IntegerField(
        min_value=20,
        max_value=1500,
        help_text=f"{help_text} Millimetres.",
        error_messages={
            "invalid": "Give whole millimetres, such as 460.",
            "min_value": sentence,
            "max_value": sentence,
        },
    )


class MeasuresInput(Input):
    """Four measures of a cat standing naturally, and what it weighs."""

    length_mm = _millimetres("A: nose tip to root of tail.")
    elbow_height_mm = _millimetres("B: ground to elbow; less than height_mm.")
    width_mm = _millimetres("C: across the shoulders or the widest point.")
    height_mm = _millimetres("D: ground to the top of the head or the ear tips, whichever is higher.")
    weight_g = serializers.IntegerField(
        min_value=200,
        max_value=20_000,
        help_text="Grams.",
        error_messages={
            "invalid": "Give whole grams, such as 4200.",
            "min_value": "Must be between 200 and 20000 grams.",
            "max_value": "Must be between 200 and 20000 grams.",
        },
    )
    snub_nosed = serializers.BooleanField(required=False, help_text="Persian, Exotic and the like: needs more room.")
    born_on = serializers.DateField(required=False, allow_null=True)
