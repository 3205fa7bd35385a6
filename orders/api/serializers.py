"""What orders accepts and answers. Inputs refuse fields they do not know; outputs describe the documents."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from catalog.fit import HOLD, Answer, CabinClass, Leg
from catalog.selectors import Mode
from core.api import Input, ListInput, MoneyInput, MoneyOutput
from core.errors import FieldError, InvalidInput
from core.money import validate_currency
from core.schema import ProblemOutput
from inventory.journeys import Journey
from inventory.travellers import (
    MOST_CATS,
    MOST_LEGS,
    LegInput,
    RuleOutput,
    TripCatInput,
    VerdictOutput,
    cats_asked,
)
from orders.models import ChargeKind, DepositPlan, Fulfilment, OrderLine, WaitlistEntry
from orders.services import LineRequest, QuoteRequest, WaitRequest
from orders.states import CLAIM, ORDER, RENTAL, SALE, OrderStatus, RentalStatus, SaleStatus, WaitlistStatus

PLACED = "place"  # the beginning, which is no change of state
_OF_CLAIMS = {"file_claim", *(f"{event}_claim" for event, _ in CLAIM)}
EVENTS = [(name, name) for name in sorted({PLACED, *(e for e, _ in (*ORDER, *RENTAL, *SALE)), *_OF_CLAIMS})]
RENTAL_EVENTS = [(name, name) for name in ("extend", "keep", "move", "post_back", "shorten", "tell_late")]
LINE_EVENTS = [("ask_return", "ask_return")]
LIMITS = [(name, name) for name in ("next_booking", "longest_rental", "too_far", "overdue")]
PROPOSALS = [(name, name) for name in ("longer", "container")]
CUSTOMER_EVENTS = [(name, name) for name in ("cancel", "pay")]
ROLES = [(role, role) for role in ("customer", "staff", "clock", "provider")]
MOST_LINES, MOST_PIECES, MOST_UNITS, MOST_AHEAD = 20, 100, 10, 14


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


class OrderInput(Input):
    """The quote to order; its price is the price."""

    quote = serializers.UUIDField()

    @staticmethod
    def quote_id(body: dict[str, Any]) -> UUID:
        quote: UUID = body["quote"]
        return quote


class CancelInput(Input):
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    credit = MoneyInput(required=False, help_text="As GET …/cancellation told; refused when it is another by now.")


class ExtendInput(Input):
    """One rental and its new last day."""

    rental = serializers.UUIDField()
    end_on = serializers.DateField(help_text="Included.")
    price = MoneyInput(required=False, help_text="As GET …/extension-options told; refused when it is another by now.")


class ShortenInput(Input):
    """One rental and its new, earlier last day."""

    rental = serializers.UUIDField()
    end_on = serializers.DateField(help_text="Included; today or later.")
    credit = MoneyInput(required=False, help_text="As GET …/extension-options told; refused when it is another by now.")


class MoveInput(Input):
    """One rental and its new days, both included."""

    rental = serializers.UUIDField()
    start_on = serializers.DateField(
        help_text="When it is handed out; with the days to get used to it, if it has some."
    )
    end_on = serializers.DateField()
    price = MoneyInput(required=False, help_text="The rent of the new days, if it was shown; refused when it differs.")


class DelayInput(Input):
    """When a unit comes back that cannot come back in time."""

    rental = serializers.UUIDField()
    back_on = serializers.DateField()


class DelayOutput(serializers.Serializer[Any]):
    rental = serializers.UUIDField()
    back_on = serializers.DateField()
    late_fees = MoneyOutput(help_text="What the late days will cost that are not charged yet, if it comes back then.")


class ParcelInput(Input):
    """A rental that was posted back, and who brings it."""

    rental = serializers.UUIDField()
    carrier = serializers.CharField(max_length=40)
    tracking_number = serializers.CharField(max_length=40)


class ReturnInput(Input):
    """Lines of goods that go back."""

    lines = ListInput(child=serializers.UUIDField(), min_length=1, max_length=MOST_LINES)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class KeepInput(Input):
    """The rental whose unit is bought."""

    rental = serializers.UUIDField()
    price = MoneyInput(required=False, help_text="As GET …/extension-options told; refused when it is another by now.")


class AdjustmentOutput(serializers.Serializer[Any]):
    """Days that cost more or less than their day price."""

    season = serializers.CharField(allow_blank=True, help_text='Its name; "": days to get used to it.')
    days = serializers.IntegerField(help_text="Of the days billed.")
    percent = serializers.IntegerField()
    amount = MoneyOutput(help_text="Of one; below zero: cheaper.")


class TransitOutput(serializers.Serializer[Any]):
    """How a delivery comes and goes. Its days are not billed, and nobody is late by them."""

    out_days = serializers.IntegerField(help_text="How long the parcel takes.")
    back_days = serializers.IntegerField(help_text="And back.")
    post_on = serializers.DateField(help_text="When we post it, to be there on start_on.")
    post_back_by = serializers.DateField(help_text="The last day: posted later, it is late.")


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


class QuotedRentalOutput(RentedDaysOutput):
    transit = TransitOutput(allow_null=True, help_text="Of a delivery; null: it is picked up.")
    late_fee_per_day = MoneyOutput(help_text="Once a day's grace is over, and never more than keeping it costs.")
    keep_price = MoneyOutput(
        allow_null=True, help_text="What keeping one costs after this rent is credited; null: it is not for sale."
    )


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


class FitOutput(serializers.Serializer[Any]):
    """Whether one container will do for the cats on their flights. Confirm with the airline."""

    answer = serializers.ChoiceField(Answer.choices, help_text="The worst of the verdicts.")
    verdicts = VerdictOutput(many=True)


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


class CancellationOutput(serializers.Serializer[Any]):
    """What cancelling the order now would do."""

    possible = serializers.BooleanField()
    credit = MoneyOutput()
    kept = MoneyOutput()
    rent_credited_percent = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True, help_text="Then less is credited; null: it stays so.")


class ExtensionOptionOutput(serializers.Serializer[Any]):
    end_on = serializers.DateField(help_text="Included.")
    days = serializers.IntegerField(help_text="Calendar days from the first, both included.")
    price = MoneyOutput(help_text="What it costs more.")


class EarlierOptionOutput(serializers.Serializer[Any]):
    end_on = serializers.DateField(help_text="Included.")
    days = serializers.IntegerField(help_text="Calendar days from the first, both included.")
    credit = MoneyOutput(help_text="What is credited: the days given back are cancelled by the policy of the quote.")
    credited_percent = serializers.IntegerField(
        help_text="Of the rent of the days given back, by how long before they begin that is said."
    )
    until = serializers.DateTimeField(allow_null=True, help_text="Then less of it is credited; null: it stays so.")


class ExtensionOutput(serializers.Serializer[Any]):
    """How long one rental could last. Only the extension itself promises it."""

    rental = serializers.UUIDField()
    end_on = serializers.DateField()
    latest_on = serializers.DateField(allow_null=True)
    why_not_longer = serializers.ChoiceField(choices=LIMITS)
    options = ExtensionOptionOutput(many=True)
    earlier = EarlierOptionOutput(many=True, help_text="Of a unit that is out: by when it could be back before.")
    keep_price = MoneyOutput(allow_null=True, help_text="What keeping it costs now; null: it cannot be kept now.")


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


class OtherChargeOutput(serializers.Serializer[Any]):
    """What is charged apart from a price, such as days late or keeping it; below zero it is credited."""

    kind = serializers.ChoiceField(choices=ChargeKind.choices)
    amount = MoneyOutput()
    text = serializers.CharField(help_text="What for, in a few words for people.")
    rental = serializers.UUIDField(allow_null=True, help_text="Of which rental, if of one.")


class ShipmentOutput(serializers.Serializer[Any]):
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()


class ReturnParcelOutput(serializers.Serializer[Any]):
    """A rental on its way back. Whether it is late is judged by posted_at."""

    carrier = serializers.CharField(allow_blank=True, help_text="Empty: staff took it in, and nobody had told.")
    tracking_number = serializers.CharField(allow_blank=True)
    posted_at = serializers.DateTimeField()


class BookedRentalOutput(RentedDaysOutput):
    """One unit as it is booked now, also after it was extended, moved or shortened."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RentalStatus.choices)
    price = MoneyOutput(help_text="Of its days as they are now, before the coupon.")
    discount = MoneyOutput(help_text="What the coupon takes off that.")
    expected_on = serializers.DateField(
        allow_null=True, help_text="When it comes back, if its customer said that it is late."
    )
    unit = serializers.CharField(allow_null=True, help_text="Serial of the unit, once one is chosen.")
    post_on = serializers.DateField(
        allow_null=True, help_text="When we post it, to be there on start_on; null: a pickup."
    )
    shipment = ShipmentOutput(allow_null=True, help_text="Once it was posted with a tracking number.")
    return_parcel = ReturnParcelOutput(allow_null=True, help_text="Once it was posted back.")
    handed_over_at = serializers.DateTimeField(allow_null=True)
    returned_at = serializers.DateTimeField(allow_null=True)
    allowed_events = serializers.ListField(child=serializers.ChoiceField(choices=RENTAL_EVENTS))
    late_fee_per_day = MoneyOutput()
    keep_price = MoneyOutput(
        allow_null=True, help_text="What keeping it costs by now; null: it has ended, or is not for sale."
    )


class OrderLineOutput(PricedOutput):
    """A line as it is now; the quote tells it as it was ordered."""

    id = serializers.UUIDField()
    unit_price = MoneyOutput(
        allow_null=True, help_text="Now; null: its units have different days by now, so each has a price of its own."
    )
    discount = MoneyOutput(help_text="What the coupon takes off now, of all pieces.")
    other_charges = OtherChargeOutput(many=True)
    total = MoneyOutput(help_text="unit_price × quantity − discount + other_charges: what is charged for it by now.")
    status = serializers.ChoiceField(
        choices=SaleStatus.choices, allow_null=True, help_text="Of a sale line; rentals have their own."
    )
    allowed_events = serializers.ListField(child=serializers.ChoiceField(choices=LINE_EVENTS))
    returnable_until = serializers.DateTimeField(
        allow_null=True, help_text="Of a sale: until then it may be sent back; null: it has not left yet."
    )
    shipment = ShipmentOutput(allow_null=True, help_text="Of a sale that was shipped with a tracking number.")
    rentals = BookedRentalOutput(many=True)
    fit = FitOutput(
        allow_null=True,
        help_text="For the trip, by the rules of airlines as they are now: judged again every night, and when one "
        "changes. The quote tells it as it was ordered.",
    )


class OrderOutput(serializers.Serializer[Any]):
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    allowed_events = serializers.ListField(
        child=serializers.ChoiceField(choices=CUSTOMER_EVENTS),
        help_text="What its customer can do with it now: pay, cancel.",
    )
    quote = serializers.UUIDField()
    depot = serializers.CharField()
    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices)
    currency = serializers.CharField()
    coupon = serializers.CharField(allow_null=True)
    discount = MoneyOutput(help_text="Of the coupon; the lines contain it.")
    delivery = MoneyOutput()
    other_charges = OtherChargeOutput(many=True, help_text="Of no line.")
    total = MoneyOutput(help_text="Lines + delivery + other_charges: what is charged by now.")
    tax_included = MoneyOutput()
    deposit = MoneyOutput()
    deposit_plan = serializers.ChoiceField(choices=DepositPlan.choices, allow_null=True)
    deposit_terms = serializers.CharField(
        help_text="When it is taken and goes back, in a sentence; empty once the order is over."
    )
    deposit_secured_at = serializers.DateTimeField(
        allow_null=True, help_text="Nothing rented is handed over before. Secure it by a payment of purpose deposit."
    )
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Pay before this; none once it is paid or dead.")
    confirmed_at = serializers.DateTimeField(allow_null=True)
    trip = JourneyOutput(allow_null=True)
    rule_versions = RuleOutput(many=True, help_text="Those that decided whether it fits, as they were when ordered.")
    fit_worse_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when it fits less well than it was told; it may be swapped free of charge."
    )
    lines = OrderLineOutput(many=True)


class OtherDaysOutput(serializers.Serializer[Any]):
    first_on = serializers.DateField()
    last_on = serializers.DateField(help_text="Included; as many days as were asked for.")


class WaitlistInput(Input):
    """What to wait for. A rental names its first day and its last, both included."""

    sku = serializers.CharField(max_length=40)
    depot = serializers.CharField(max_length=16)
    mode = serializers.ChoiceField(choices=[(mode.value, mode.value) for mode in Mode])
    quantity = serializers.IntegerField(min_value=1, max_value=WaitlistEntry.MOST, default=1)
    currency = serializers.CharField(max_length=3, min_length=3, required=False, validators=[validate_currency])
    acclimatisation_days = serializers.IntegerField(
        min_value=0,
        max_value=MOST_AHEAD,
        required=False,
        help_text="Of a rental: so many days before from.",
    )
    coupon = serializers.CharField(
        max_length=32,
        required=False,
        allow_blank=True,
        help_text="Whether it counts is judged when it is held.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        days = {name: serializers.DateField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **days}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = [name for name in ("from", "to", "acclimatisation_days") if name in attrs]
        if attrs["mode"] == Mode.BUY and days:
            raise serializers.ValidationError({days[0]: ["Only a rental has days."]}, code="not_a_rental")
        missing = {"from", "to"} - set(days)
        if attrs["mode"] == Mode.RENT and missing:
            raise serializers.ValidationError({name: ["A rental needs this day."] for name in sorted(missing)})
        return attrs

    @staticmethod
    def request(body: dict[str, Any], default_currency: str) -> WaitRequest:
        """The validated input as the service takes it."""
        kind = OrderLine.Kind.RENTAL if body["mode"] == Mode.RENT else OrderLine.Kind.SALE
        ahead = body.get("acclimatisation_days", 0)
        line = LineRequest(kind, body["sku"], body["quantity"], body.get("from"), body.get("to"), ahead)
        return WaitRequest(body["depot"], line, body.get("currency", default_currency), body.get("coupon", ""))


class WaitlistOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    title = serializers.CharField()
    depot = serializers.CharField()
    mode = serializers.ChoiceField(choices=[(mode.value, mode.value) for mode in Mode])
    to = serializers.DateField(allow_null=True)
    acclimatisation_days = serializers.IntegerField(help_text="Before from.")
    coupon = serializers.CharField(allow_null=True)
    coupon_refused = serializers.CharField(
        allow_null=True, help_text="Why the order that holds it was made without the coupon, in a sentence for people."
    )
    quantity = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=WaitlistStatus.choices)
    order = serializers.CharField(allow_null=True, help_text="The order that holds it; pay it, and it is yours.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until then that order can be paid.")
    created_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.DateField(allow_null=True)}


class OtherDepotOutput(serializers.Serializer[Any]):
    depot = serializers.CharField()
    available = serializers.IntegerField()


class OtherContainerOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    container = serializers.CharField(help_text="Its slug: GET /containers/{slug}.")
    title = serializers.CharField()
    price = MoneyOutput(help_text="Of one: to buy, or the fee for the days asked for.")
    available = serializers.IntegerField()


class AlternativesOutput(serializers.Serializer[Any]):
    """What is free in the number asked for. By count, as the calendar shows it: only an order reserves it."""

    dates = OtherDaysOutput(
        many=True, help_text="The nearest other days within two weeks, at most five; none for a sale."
    )
    depots = OtherDepotOutput(many=True, help_text="Other places that have it for the same days, the most first.")
    containers = OtherContainerOutput(
        many=True,
        help_text="At the same depot for the same days: of the same kind, inside as large or larger on every axis, the "
        "closest size first, at most five.",
    )


class WaitLinkOutput(serializers.Serializer[Any]):
    """How to wait for this: POST `body` to `href`."""

    href = serializers.CharField()
    body = WaitlistInput()


class ShortLineOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    depot = serializers.CharField()
    kind = serializers.ChoiceField(choices=OrderLine.Kind.choices)
    requested = serializers.IntegerField(help_text="Of all lines for the same thing and days.")
    available = serializers.IntegerField()
    first_on = serializers.DateField(allow_null=True, help_text="As asked for; null: a sale.")
    last_on = serializers.DateField(allow_null=True)
    alternatives = AlternativesOutput()
    waitlist = WaitLinkOutput(
        allow_null=True,
        help_text="Whoever waits is told when it is free, and has it held for half an hour; null: they are too many.",
    )


class OutOfStockOutput(ProblemOutput):
    """A problem. With the code out_of_stock it also tells what is short and what could be had instead."""

    lines = ShortLineOutput(many=True, required=False)
    held_by_your_orders = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Numbers of your own unpaid orders that hold what is short: pay one of them, or cancel it.",
    )

    class Meta:
        ref_name = "OutOfStockProblem"


class EventOutput(serializers.Serializer[Any]):
    """One thing that happened to an order, or to a part of it."""

    at = serializers.DateTimeField()
    event = serializers.ChoiceField(choices=EVENTS)
    subject = serializers.CharField(allow_blank=True, help_text="The rental or line it is about; empty: the order.")
    from_status = serializers.CharField(allow_blank=True)
    to_status = serializers.CharField()
    by = serializers.ChoiceField(choices=ROLES)
    reason = serializers.CharField(
        allow_blank=True, help_text="Why it was cancelled, or moved or called off by the shop, if anybody said."
    )
