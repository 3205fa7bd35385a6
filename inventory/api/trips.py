"""The search for a trip: cats and flights in, containers and reasons out."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core import signing
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.fit import Answer, Leg
from catalog.fitting import LeftOut
from catalog.models import Kind
from catalog.selectors import Mode
from core.api import ListInput, MoneyOutput, money, parse
from core.errors import FieldError, InvalidInput
from inventory import words
from inventory.api import examples, rendering
from inventory.api.asking import refuse_idle_currency
from inventory.api.serializers import DaysInput, ImageOutput, VariantOutput
from inventory.board import Days
from inventory.travellers import (
    MOST_CATS,
    MOST_LEGS,
    TOO_MANY_CATS,
    TOO_MANY_LEGS,
    LegInput,
    TripCatInput,
    VerdictOutput,
    cats_asked,
    verdict_as_json,
)
from inventory.trips import Found, Trip, TripAnswer, search_trip

NOT_FREE, DEPOT_CLOSED, NOT_OFFERED = "not_free", "depot_closed", "not_offered"
_SIGNER = signing.Signer(salt="trips.page")


class TripInput(DaysInput):
    LONGEST: ClassVar[int] = 120
    REQUIRED: ClassVar[bool] = True

    cats = ListInput(
        child=TripCatInput(), min_length=1, max_length=MOST_CATS, error_messages={"max_length": TOO_MANY_CATS}
    )
    together = serializers.BooleanField(default=False, help_text="All cats in one container; else each in its own.")
    legs = ListInput(child=LegInput(), min_length=1, max_length=MOST_LEGS, error_messages={"max_length": TOO_MANY_LEGS})
    depot = serializers.CharField(max_length=16)
    mode = serializers.ChoiceField([mode.value for mode in Mode], required=False, default=Mode.RENT.value)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=50, default=20)
    cursor = serializers.CharField(required=False, max_length=200, help_text="From `next`, with the same search.")


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
    reason = serializers.CharField(help_text=f"As of a verdict, or {NOT_FREE}, {DEPOT_CLOSED}, {NOT_OFFERED}.")
    detail = serializers.CharField()
    cats = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Of a verdict: which of the cats it is about; of several the first. Else empty.",
    )
    leg = serializers.IntegerField(allow_null=True, help_text="And on which of the legs; else null.")
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
        if not (answer.found or answer.left_out or answer.taken):
            refuse_idle_currency(trip.currency)
        return Response(_shown(trip, answer))


def _trip(request: Request, body: dict[str, Any]) -> Trip:
    legs = [
        Leg(airline=leg["airline"], cabin=leg["cabin"], aircraft=leg["aircraft"], on=leg.get("on", body["start_on"]))
        for leg in body["legs"]
    ]
    return Trip(
        cats=cats_asked(request.user, body["cats"]), together=body["together"], legs=legs, depot=body["depot"],
        days=Days(body["start_on"], body["end_on"]), mode=Mode(body["mode"]), currency=body["currency"],
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
        "left_out": _left_out(trip, answer),
    }


def _left_out(trip: Trip, answer: TripAnswer) -> list[dict[str, Any]]:
    told = [_too_small(trip, one) for one in answer.left_out]
    if answer.taken and answer.closed_on:
        days = " and ".join(map(words.day, answer.closed_on))
        told.append(_for_all(DEPOT_CLOSED, f"They fit; the depot is closed on {days}.", answer.taken))
    elif answer.taken:
        told.append(_for_all(NOT_FREE, "They fit, and are not free.", answer.taken))
    if not told and not answer.found:
        told.append(_for_all(NOT_OFFERED, "Nothing is offered in this currency for so many days.", ()))
    return told


def _too_small(trip: Trip, one: LeftOut) -> dict[str, Any]:
    party, leg = trip.party_and_leg(one.asked)
    said = {"reason": str(one.reason), "detail": one.reason.in_place(trip.legs[leg].cabin)}
    return {**said, "cats": trip.cats_of(party), "leg": leg, "variants": one.variants, "skus": one.skus}


def _for_all(reason: str, detail: str, skus: Sequence[str]) -> dict[str, Any]:
    return {"reason": reason, "detail": detail, "cats": [], "leg": None, "variants": len(skus), "skus": list(skus)}


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
        "verdicts": [verdict_as_json(trip, one) for one in found.verdicts],
        "quantity": quantity,
        "price": money(row["price"] * quantity, trip.currency),
        "deposit": money(deposit_minor * quantity, trip.currency),
    }
