"""A frozen price: what to price, and what it comes to."""

from typing import Any

from rest_framework import serializers

from catalog.fit import Leg
from core.api import Input, ListInput, MoneyOutput
from core.errors import FieldError, InvalidInput
from core.money import validate_currency
from inventory.journeys import Journey
from inventory.travellers import MOST_CATS, MOST_LEGS, LegInput, TripCatInput, cats_asked
from orders.api.serializers.lines import MOST_AHEAD, FitOutput, JourneyOutput, PricedOutput, RentedDaysOutput
from orders.models import DepositPlan, Fulfilment, OrderLine
from orders.services import LineRequest, QuoteRequest

PROPOSALS = [(name, name) for name in ("longer", "container")]
MOST_LINES, MOST_PIECES, MOST_UNITS = 20, 100, 10


class QuoteLineInput(Input):
    """One thing to buy, or to rent from its first to its last day, both included."""

    kind = serializers.ChoiceField(choices=OrderLine.Kind.choices)
    sku = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PIECES, default=1)
    start_on = serializers.DateField(required=False)
    end_on = serializers.DateField(required=False)
    acclimatisation_days = serializers.IntegerField(
        min_value=0,
        max_value=MOST_AHEAD,
        required=False,
        help_text="Of a rental: so many days before start_on, in which a cat gets used to it. The rental begins then.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = [name for name in ("start_on", "end_on", "acclimatisation_days") if name in attrs]
        if attrs["kind"] == OrderLine.Kind.SALE:
            if days:
                raise serializers.ValidationError({days[0]: ["Only a rental has days."]}, code="not_a_rental")
            return attrs
        if attrs["quantity"] > MOST_UNITS:
            raise serializers.ValidationError({"quantity": [f"At most {MOST_UNITS} of one kind are rented at once."]})
        missing = {"start_on", "end_on"} - set(days)
        if missing:
            raise serializers.ValidationError({name: ["A rental needs this day."] for name in sorted(missing)})
        return attrs


class QuoteInput(Input):
    """What to price."""

    depot = serializers.CharField(max_length=16)
    currency = serializers.CharField(max_length=3, min_length=3, required=False, validators=[validate_currency])
    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices, default=Fulfilment.PICKUP)
    address = serializers.UUIDField(required=False, allow_null=True)
    coupon = serializers.CharField(
        max_length=32, required=False, allow_blank=True, help_text="Its code, in capitals or not."
    )
    lines = ListInput(child=QuoteLineInput(), min_length=1, max_length=MOST_LINES)
    cats = ListInput(
        child=TripCatInput(),
        min_length=1,
        max_length=MOST_CATS,
        required=False,
        help_text="Who travels; with legs, the quote tells whether each line fits.",
    )
    together = serializers.BooleanField(default=False, help_text="All cats in one container; else each in its own.")
    legs = ListInput(child=LegInput(), min_length=1, max_length=MOST_LEGS, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        told = [name for name in ("cats", "legs") if name in attrs]
        if len(told) == 1:
            [missing] = {"cats", "legs"} - set(told)
            raise serializers.ValidationError({missing: ["Cats and legs are told together."]}, code="required")
        return attrs

    @staticmethod
    def request(body: dict[str, Any], default_currency: str, customer: Any) -> QuoteRequest:
        """The validated input as the service takes it. A statement where one of the customer's own cats is named."""
        legs = _legs(body)
        journey = (
            Journey(cats=cats_asked(customer, body["cats"]), together=body["together"], legs=legs) if legs else None
        )
        return QuoteRequest(
            depot=body["depot"],
            lines=[LineRequest(**line) for line in body["lines"]],
            currency=body.get("currency", default_currency),
            fulfilment=body["fulfilment"],
            address_id=body.get("address"),
            coupon=body.get("coupon", ""),
            journey=journey,
        )


def _legs(body: dict[str, Any]) -> list[Leg]:
    """A flight without its day is on the first day of what is rented. Raises: InvalidInput when nothing is."""
    first_on = min((line["start_on"] for line in body["lines"] if "start_on" in line), default=None)
    detail = "Give the day of the flight: nothing here is rented from a day on."
    legs = body.get("legs", ())
    wrong = [FieldError(f"/legs/{number}/on", detail, "required") for number, leg in enumerate(legs) if "on" not in leg]
    if wrong and first_on is None:
        raise InvalidInput(wrong)
    return [Leg(**{"on": first_on, **leg}) for leg in legs]


class TransitOutput(serializers.Serializer[Any]):
    """How a delivery comes and goes. Its days are not billed, and nobody is late by them."""

    out_days = serializers.IntegerField(help_text="How long the parcel takes.")
    back_days = serializers.IntegerField(help_text="And back.")
    post_on = serializers.DateField(help_text="When we post it, to be there on start_on.")
    post_back_by = serializers.DateField(help_text="The last day: posted later, it is late.")


class QuotedRentalOutput(RentedDaysOutput):
    transit = TransitOutput(allow_null=True, help_text="Of a delivery; null: it is picked up.")
    late_fee_per_day = MoneyOutput(help_text="Once a day's grace is over, and never more than keeping it costs.")
    keep_price = MoneyOutput(
        allow_null=True, help_text="What keeping one costs after this rent is credited; null: it is not for sale."
    )


class QuoteLineOutput(PricedOutput):
    fit = FitOutput(allow_null=True, help_text="For the trip; null: none was told. What is too small is quoted too.")
    deposit = MoneyOutput()
    rental = QuotedRentalOutput(allow_null=True)


class CancellationTermOutput(serializers.Serializer[Any]):
    """Cancelled until then, so much of the rent is credited; later than all of them, none. The rest always is."""

    until = serializers.DateTimeField()
    credited_percent = serializers.IntegerField()


class CancellationNowOutput(serializers.Serializer[Any]):
    """What cancelling would credit of the rent at this moment, once it is paid."""

    credited_percent = serializers.IntegerField(help_text="0: the rent is not refundable.")
    until = serializers.DateTimeField(allow_null=True, help_text="Then less is credited; null: it stays so.")
    text = serializers.CharField(help_text="The same in a sentence for people, by the depot's clock.")


class ProposalOutput(serializers.Serializer[Any]):
    """What would cost less than a line, or be longer for the same; free when it was quoted, and not reserved."""

    line = serializers.IntegerField(help_text="Which of the lines, from 0 on.")
    kind = serializers.ChoiceField(choices=PROPOSALS)
    sku = serializers.CharField()
    container = serializers.CharField(allow_null=True, help_text="Of another one, its slug: GET /containers/{slug}.")
    title = serializers.CharField()
    end_on = serializers.DateField(allow_null=True, help_text="Of the same for longer: the last day it could have.")
    text = serializers.CharField(help_text="The same in a sentence for people.")
    price = MoneyOutput(help_text="Of one, before a coupon.")
    saves = MoneyOutput(help_text="Of what is to be paid in all, with the coupon.")


class QuoteOutput(serializers.Serializer[Any]):
    """A frozen price. Nothing is reserved until it is ordered."""

    id = serializers.UUIDField()
    depot = serializers.CharField()
    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices)
    currency = serializers.CharField()
    lines = QuoteLineOutput(many=True)
    coupon = serializers.CharField(allow_null=True)
    discount = MoneyOutput(help_text="Of the coupon; the lines contain it.")
    delivery = MoneyOutput()
    delivery_terms = serializers.CharField(help_text="What that pays for, in a sentence for people; empty: a pickup.")
    total = MoneyOutput()
    tax_included = MoneyOutput()
    deposit = MoneyOutput(help_text="Apart from the total.")
    deposit_plan = serializers.ChoiceField(choices=DepositPlan.choices, allow_null=True)
    deposit_terms = serializers.CharField(help_text="When it is taken and goes back, in a sentence for people.")
    cancellation = CancellationTermOutput(many=True, help_text="Empty: all is credited until something is handed over.")
    cancellation_now = CancellationNowOutput()
    cheaper = ProposalOutput(many=True, help_text="At most three.")
    trip = JourneyOutput(allow_null=True)
    expires_at = serializers.DateTimeField()
