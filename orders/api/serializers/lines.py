"""What a quote and an order tell alike of a line, and of the trip it is for."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from catalog.fit import HOLD, Answer, CabinClass
from core.api import MoneyOutput
from inventory.travellers import InsideOutput, VerdictOutput
from orders.models import OrderLine

MOST_AHEAD = 14  # days in which a cat gets used to what is rented


class AdjustmentOutput(serializers.Serializer[Any]):
    """Days that cost more or less than their day price."""

    season = serializers.CharField(allow_blank=True, help_text='Its name; "": days to get used to it.')
    days = serializers.IntegerField(help_text="Of the days billed.")
    percent = serializers.IntegerField()
    amount = MoneyOutput(help_text="Of one; below zero: cheaper.")


class RentedDaysOutput(serializers.Serializer[Any]):
    """The days of a rental, and how its price comes about."""

    start_on = serializers.DateField(help_text="When it is handed out, or there; with the days to get used to it.")
    end_on = serializers.DateField(help_text="Included.")
    days = serializers.IntegerField(help_text="Calendar days, first and last included.")
    acclimatisation_days = serializers.IntegerField(help_text="The first of them, before the trip.")
    billed_days = serializers.IntegerField()
    rate_from_days = serializers.IntegerField()
    per_day = MoneyOutput()
    adjustments = AdjustmentOutput(many=True)


class LinePartOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    quantity = serializers.IntegerField(help_text="In each piece of the line.")
    comes_back = serializers.BooleanField(help_text="From a rental; false: it is used up, and stays with the customer.")


class PricedOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=OrderLine.Kind.choices)
    sku = serializers.CharField()
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    parts = LinePartOutput(many=True, help_text="What is in it, if it is a bundle: the price is that of all of them.")
    unit_price = MoneyOutput()
    discount = MoneyOutput(help_text="What the coupon takes off, of all pieces.")
    total = MoneyOutput(help_text="unit_price × quantity − discount.")
    tax_included = MoneyOutput()
    tax_percent = serializers.CharField()
    explanation = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(component_name="KeptVerdict")
class KeptVerdictOutput(VerdictOutput):
    """As it was found when the quote was made, or when the order was looked at again."""

    inside = InsideOutput(
        allow_null=True,
        help_text="How much larger the container is inside than the cats need, as of a Verdict; null: an old quote "
        "does not tell it.",
    )


class FitOutput(serializers.Serializer[Any]):
    """Whether one container will do for the cats on their flights. Confirm with the airline."""

    answer = serializers.ChoiceField(Answer.choices, help_text="The worst of the verdicts.")
    verdicts = KeptVerdictOutput(many=True)


class TravellerOutput(serializers.Serializer[Any]):
    length_mm = serializers.IntegerField()
    elbow_height_mm = serializers.IntegerField()
    width_mm = serializers.IntegerField()
    height_mm = serializers.IntegerField()
    weight_g = serializers.IntegerField()
    snub_nosed = serializers.BooleanField()
    born_on = serializers.DateField(allow_null=True)


class FlightOutput(serializers.Serializer[Any]):
    airline = serializers.CharField()
    cabin = serializers.ChoiceField([*CabinClass.values, HOLD])
    aircraft = serializers.CharField(allow_blank=True)
    on = serializers.DateField()


class JourneyOutput(serializers.Serializer[Any]):
    """What it is for, as it was told."""

    cats = TravellerOutput(many=True)
    together = serializers.BooleanField()
    legs = FlightOutput(many=True)
