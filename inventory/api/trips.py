"""The search for a trip: cats and flights in, containers and reasons out."""

from typing import Any, ClassVar

from django.core import signing
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import models as accounts
from accounts.measures import MeasuresInput
from catalog.fit import HOLD, Answer, CabinClass, Cat, Leg, Reason, Room, Trust
from catalog.models import Kind
from catalog.selectors import Mode
from core.api import Input, ListInput, MoneyOutput, money, parse
from core.errors import FieldError, InvalidInput
from inventory.api import examples, rendering
from inventory.api.serializers import DaysInput, ImageOutput, VariantOutput
from inventory.board import Days
from inventory.trips import Found, PartyOnLeg, Trip, TripAnswer, search_trip

MOST_CATS, MOST_LEGS = 4, 6
NOT_FREE = "not_free"
_MEASURES = ("length_mm", "elbow_height_mm", "width_mm", "height_mm", "weight_g")
_SIGNER = signing.Signer(salt="trips.page")


class TripCatInput(MeasuresInput):
    """A cat that is kept under /me/cats, or the measures of one that is not."""

    cat = serializers.UUIDField(required=False, help_text="One of GET /me/cats, instead of its measures.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        told = [name for name in (*_MEASURES, "snub_nosed", "born_on") if name in data]
        if "cat" in data and told:
            raise serializers.ValidationError({told[0]: ["Name a cat or give measures, not both."]}, code="both")
        missing = [name for name in _MEASURES if name not in data]
        if "cat" not in data and missing:
            no = ["Give this measure, or the cat that is kept."]
            raise serializers.ValidationError(dict.fromkeys(missing, no), code="required")
        if "cat" not in data and data["elbow_height_mm"] >= data["height_mm"]:
            raise serializers.ValidationError(
                {"elbow_height_mm": ["The elbow is below the top of the head: less than height_mm."]}, code="order"
            )
        return data


class LegInput(Input):
    airline = serializers.RegexField(
        r"^[A-Z0-9]{2}\Z",
        help_text="IATA code; GET /airlines lists them.",
        error_messages={"invalid": "Use the two capitals or digits of its IATA code, such as LH."},
    )
    cabin = serializers.ChoiceField(
        choices=[*CabinClass.values, HOLD], help_text="Where the cat travels: a class of the cabin, or the hold."
    )
    aircraft = serializers.RegexField(
        r"^[A-Z0-9]{0,20}\Z",
        required=False,
        default="",
        allow_blank=True,
        help_text="As 777 or ATR, if it is known.",
        error_messages={"invalid": "Use capitals and digits, such as 777."},
    )
    on = serializers.DateField(required=False, help_text="Day of the flight; `from` when left out.")


class TripInput(DaysInput):
    LONGEST: ClassVar[int] = 120
    REQUIRED: ClassVar[bool] = True

    cats = ListInput(child=TripCatInput(), min_length=1, max_length=MOST_CATS)
    together = serializers.BooleanField(default=False, help_text="All cats in one container; else each in its own.")
    legs = ListInput(child=LegInput(), min_length=1, max_length=MOST_LEGS)
    depot = serializers.CharField(max_length=16)
    mode = serializers.ChoiceField([mode.value for mode in Mode], required=False, default=Mode.RENT.value)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=50, default=20)
    cursor = serializers.CharField(required=False, max_length=200, help_text="From `next`, with the same search.")


class SlackOutput(serializers.Serializer[Any]):
    length_mm = serializers.IntegerField(allow_null=True)
    width_mm = serializers.IntegerField(allow_null=True)
    height_mm = serializers.IntegerField(allow_null=True)


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
    detail = serializers.CharField()
    inside = SlackOutput(help_text="Room around the cat. In the cabin it may be negative: there a cat lies curled up.")
    outside = SlackOutput(help_text="Room around the container; null: the airline names no limit.")
    rule = RuleOutput(allow_null=True)


class TripContainerOutput(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    brand = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    image = ImageOutput(allow_null=True)
    variant = VariantOutput()
    answer = serializers.ChoiceField(Answer.choices, help_text="The worst of the verdicts.")
    verdicts = VerdictOutput(many=True)
    quantity = serializers.IntegerField(help_text="How many these cats need.")
    price = MoneyOutput(help_text="Of all of them, for the days asked.")
    deposit = MoneyOutput(help_text="Of all of them; nothing when they are bought.")


class LeftOutOutput(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text=f"As of a verdict, or {NOT_FREE}.")
    detail = serializers.CharField()
    variants = serializers.IntegerField()
    skus = serializers.ListField(child=serializers.CharField(), help_text="Some of them.")


class TripOutput(serializers.Serializer[Any]):
    depot = serializers.CharField()
    to = serializers.DateField()
    next = serializers.CharField(
        allow_null=True, help_text="Send it as `cursor` for what fits less well or costs more."
    )
    results = TripContainerOutput(many=True)
    left_out = LeftOutOutput(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateField(), **super().get_fields()}


class TripSearchView(APIView):
    only_reads = True

    @extend_schema(
        operation_id="searchTrip",
        tags=["catalog"],
        summary="Containers that fit the cats and the flights and are free, with their price",
        request=TripInput,
        responses=TripOutput,
        examples=examples.TRIP,
    )
    def post(self, request: Request) -> Response:
        """The surest fit first, then by price. Confirm with the airline: a rule is only as good as its source."""
        body = parse(TripInput, request.data)
        trip = _trip(request, body)
        answer = search_trip(trip, skip=_skip(body.get("cursor")), most=body["page_size"])
        return Response(_shown(trip, answer))


def _trip(request: Request, body: dict[str, Any]) -> Trip:
    legs = [
        Leg(airline=leg["airline"], cabin=leg["cabin"], aircraft=leg["aircraft"], on=leg.get("on", body["start_on"]))
        for leg in body["legs"]
    ]
    return Trip(
        cats=_cats(request, body["cats"]), together=body["together"], legs=legs, depot=body["depot"],
        days=Days(body["start_on"], body["end_on"]), mode=Mode(body["mode"]), currency=body["currency"],
    )  # fmt: skip


def _cats(request: Request, told: list[dict[str, Any]]) -> list[Cat]:
    """As measured. A statement if any of them is kept. Raises: InvalidInput for a cat that is not the customer's."""
    asked = {cat["cat"] for cat in told if "cat" in cat}
    kept = accounts.Cat.objects.visible_to(request.user).in_bulk(asked) if asked else {}
    unknown = [
        FieldError(f"/cats/{number}/cat", "You have no such cat; GET /me/cats lists yours.", "unknown")
        for number, cat in enumerate(told)
        if "cat" in cat and cat["cat"] not in kept
    ]
    if unknown:
        raise InvalidInput(unknown)
    return [_measured(vars(kept[cat["cat"]]) if "cat" in cat else cat) for cat in told]


def _measured(cat: dict[str, Any]) -> Cat:
    return Cat(
        a=cat["length_mm"], b=cat["elbow_height_mm"], c=cat["width_mm"], d=cat["height_mm"], weight_g=cat["weight_g"],
        snub_nosed=cat.get("snub_nosed", False), born_on=cat.get("born_on"),
    )  # fmt: skip


def _skip(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(_SIGNER.unsign(cursor))
    except signing.BadSignature:
        raise InvalidInput([FieldError("/cursor", "Send what `next` said.", "invalid_cursor")]) from None


def _shown(trip: Trip, answer: TripAnswer) -> dict[str, Any]:
    showing = rendering.Showing(currency=trip.currency, days=trip.days)
    return {
        "depot": answer.depot.code,
        "from": trip.days.start_on,
        "to": trip.days.end_on,
        "next": None if answer.next_skip is None else _SIGNER.sign(str(answer.next_skip)),
        "results": [_container(trip, found, answer.depot.code, showing) for found in answer.found],
        "left_out": _left_out(answer),
    }


def _left_out(answer: TripAnswer) -> list[dict[str, Any]]:
    told = [(str(one.reason), one.reason.label, one.variants, one.skus) for one in answer.left_out]
    if answer.taken:
        told.append((NOT_FREE, "They fit, and are not free.", len(answer.taken), list(answer.taken)))
    return [dict(zip(("reason", "detail", "variants", "skus"), one, strict=True)) for one in told]


def _container(trip: Trip, found: Found, depot: str, showing: rendering.Showing) -> dict[str, Any]:
    row, quantity = found.row, len(trip.parties)
    rental = row["variant"]["rental"] if trip.mode == Mode.RENT else None
    deposit_minor = rental["deposit_minor"] if rental else 0
    return {
        "slug": row["slug"],
        "name": row["name"],
        "brand": row["brand"],
        "kind": row["kind"],
        "image": row["picture"] and rendering.image(row["picture"]),
        "variant": showing.variant(row["variant"], row["seasons"], [rendering.free(depot, found.free)]),
        "answer": found.answer,
        "verdicts": [_verdict(trip, one) for one in found.verdicts],
        "quantity": quantity,
        "price": money(row["price"] * quantity, trip.currency),
        "deposit": money(deposit_minor * quantity, trip.currency),
    }


def _verdict(trip: Trip, one: PartyOnLeg) -> dict[str, Any]:
    told = one.verdict
    return {
        "cats": list(range(len(trip.cats))) if trip.together else [one.party],
        "leg": one.leg,
        "answer": told.answer,
        "reason": told.reason,
        "detail": told.reason.label,
        "inside": _slack((told.inside.length, told.inside.width, told.inside.height)),
        "outside": _slack(told.outside),
        "rule": told.rule and {name: getattr(told.rule, name) for name in _RULE},
    }


_RULE = ("version", "airline", "source", "checked_on", "valid_from", "trust", "note")


def _slack(room: Room) -> dict[str, int | None]:
    return dict(zip(("length_mm", "width_mm", "height_mm"), room, strict=True))
