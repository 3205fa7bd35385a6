"""Cats and flights as clients send them, and verdicts as they read them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts import models as accounts
from accounts.measures import MeasuresInput
from accounts.plausible import MEASURES, wrong_together
from catalog.fit import PLACES, Answer, Cat, Reason, Room, Trust, sentence
from core.api import Input
from core.errors import FieldError, InvalidInput
from inventory.journeys import Journey, PartyOnLeg, measured, rule_as_json

MOST_CATS, MOST_LEGS = 4, 6
TOO_MANY_CATS = f"At most {MOST_CATS} cats at once; search for the rest apart."
TOO_MANY_LEGS = f"At most {MOST_LEGS} flights at once; search for the rest apart."
_NO_SUCH_CAT = "You have no such cat; GET /me/cats lists yours."
_TWICE = "This cat is named already: name each cat once."


class TripCatInput(MeasuresInput):
    """A cat that is kept under /me/cats, or the measures of one that is not."""

    cat = serializers.UUIDField(required=False, help_text="One of GET /me/cats, instead of its measures.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        told = [name for name in (*MEASURES, "snub_nosed", "born_on") if name in data]
        if "cat" in data and told:
            raise serializers.ValidationError({told[0]: ["Name a cat or give measures, not both."]}, code="both")
        missing = [name for name in MEASURES if name not in data]
        if "cat" not in data and missing:
            no = ["Give this measure, or name a cat of GET /me/cats in `cat` instead of all measures."]
            raise serializers.ValidationError(dict.fromkeys(missing, no), code="required")
        if "cat" in data:
            return data
        if wrong := wrong_together(data, born_on=data.get("born_on"), today=timezone.now().date()):
            raise serializers.ValidationError({name: [why] for name, why in wrong.items()})
        return data


class AirlineInput(serializers.RegexField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Use the two capitals or digits of its IATA code, such as LH."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Z0-9]{2}\Z", **kwargs)


class LegInput(Input):
    airline = AirlineInput(help_text="IATA code; GET /airlines lists them.")
    cabin = serializers.ChoiceField(PLACES, help_text="Where the cat travels: a class of the cabin, or the hold.")
    aircraft = serializers.RegexField(
        r"^[A-Z0-9]{0,20}\Z",
        required=False,
        default="",
        allow_blank=True,
        help_text="As 777 or ATR, if it is known.",
        error_messages={"invalid": "Use capitals and digits, such as 777."},
    )
    on = serializers.DateField(required=False, help_text="Day of the flight; the first day asked for when left out.")


class InsideOutput(serializers.Serializer[Any]):
    length_mm = serializers.IntegerField()
    width_mm = serializers.IntegerField()
    height_mm = serializers.IntegerField()
    weight_g = serializers.IntegerField(help_text="Of what the container carries.")


class OutsideOutput(serializers.Serializer[Any]):
    length_mm = serializers.IntegerField(allow_null=True)
    width_mm = serializers.IntegerField(allow_null=True)
    height_mm = serializers.IntegerField(allow_null=True)
    sum_mm = serializers.IntegerField(allow_null=True, help_text="Of the three together.")
    weight_g = serializers.IntegerField(allow_null=True, help_text="Of the container with the cats in it.")


@extend_schema_serializer(component_name="AirlineRule")
class RuleOutput(serializers.Serializer[Any]):
    version = serializers.CharField(help_text="Which version of which rule.")
    airline = serializers.CharField(help_text='IATA code; "": of all airlines.')
    source = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not of DRF
    checked_on = serializers.DateField(help_text="When somebody last read it there.")
    valid_from = serializers.DateField()
    trust = serializers.ChoiceField(Trust.choices)
    note = serializers.CharField()


class VerdictOutput(serializers.Serializer[Any]):
    cats = serializers.ListField(child=serializers.IntegerField(), help_text="Which of the cats asked about.")
    leg = serializers.IntegerField(help_text="Which of the legs.")
    answer = serializers.ChoiceField(Answer.choices)
    reason = serializers.ChoiceField([reason.value for reason in Reason])
    detail = serializers.CharField(help_text="In a sentence for people, with the number that it hangs on.")
    inside = InsideOutput(
        help_text="How much larger the container is inside than the cats need: in the hold to stand and turn, in the "
        "cabin to lie curled up; below zero: so much too small."
    )
    outside = OutsideOutput(
        help_text="How much smaller the container is than the airline allows, in the cabin than the space under the "
        "seat; below zero: so much too large; null: the airline names no limit, or an old quote does not tell it."
    )
    rule = RuleOutput(allow_null=True)


def cats_asked(user: Any, told: Sequence[dict[str, Any]]) -> list[Cat]:
    """As measured. A statement if any of them is kept.

    Raises: InvalidInput for a cat that is not the customer's, and for one that is named twice; measures may be alike.
    """
    named = [cat.get("cat") for cat in told]
    again = [number for number, cat in enumerate(named) if cat is not None and cat in named[:number]]
    if again:
        raise InvalidInput([FieldError(f"/cats/{number}/cat", _TWICE, "twice") for number in again])
    asked = {f"/cats/{number}/cat": cat["cat"] for number, cat in enumerate(told) if "cat" in cat}
    kept = kept_cats(user, asked) if asked else {}
    return [kept[cat["cat"]] if "cat" in cat else measured(cat) for cat in told]


def kept_cats(user: Any, asked: Mapping[str, UUID]) -> dict[UUID, Cat]:
    """The customer's own, as measured, by id. One statement. Raises: InvalidInput for another's.

    asked: {where it was asked for: its id}.
    """
    kept = accounts.Cat.objects.visible_to(user).in_bulk(set(asked.values()))
    unknown = [FieldError(pointer, _NO_SUCH_CAT, "unknown") for pointer, cat_id in asked.items() if cat_id not in kept]
    if unknown:
        raise InvalidInput(unknown)
    return {cat_id: measured(vars(cat)) for cat_id, cat in kept.items()}


def verdict_as_json(journey: Journey, one: PartyOnLeg) -> dict[str, Any]:
    told = one.verdict
    return {
        "cats": journey.cats_of(one.party),
        "leg": one.leg,
        "answer": str(told.answer),
        "reason": str(told.reason),
        "detail": sentence(told, place=journey.legs[one.leg].cabin),
        "inside": {**_axes((told.inside.length, told.inside.width, told.inside.height)), "weight_g": told.load_g},
        "outside": {**_axes(told.outside), "sum_mm": told.sum_mm, "weight_g": told.weight_g},
        "rule": told.rule and rule_as_json(told.rule),
    }


def _axes(room: Room) -> dict[str, int | None]:
    return dict(zip(("length_mm", "width_mm", "height_mm"), room, strict=True))
