"""An order, what its customer does with it as a whole, and what happened to it."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from core.api import Input, ListInput, MoneyInput, MoneyOutput
from inventory.travellers import RuleOutput
from orders.api.serializers.lines import FitOutput, JourneyOutput, PricedOutput, RentedDaysOutput
from orders.api.serializers.quotes import MOST_LINES
from orders.models import ChargeKind, DepositPlan, Fulfilment
from orders.states import CLAIM, ORDER, RENTAL, SALE, OrderStatus, RentalStatus, SaleStatus

PLACED = "place"  # the beginning, which is no change of state
_OF_CLAIMS = {"file_claim", *(f"{event}_claim" for event, _ in CLAIM)}
EVENTS = [(name, name) for name in sorted({PLACED, *(e for e, _ in (*ORDER, *RENTAL, *SALE)), *_OF_CLAIMS})]
RENTAL_EVENTS = [(name, name) for name in ("extend", "keep", "move", "post_back", "shorten", "tell_late")]
LINE_EVENTS = [("ask_return", "ask_return")]
CUSTOMER_EVENTS = [(name, name) for name in ("cancel", "pay")]
ROLES = [(role, role) for role in ("customer", "staff", "clock", "provider")]


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


class ReturnInput(Input):
    """Lines of goods that go back."""

    lines = ListInput(child=serializers.UUIDField(), min_length=1, max_length=MOST_LINES)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class CancellationOutput(serializers.Serializer[Any]):
    """What cancelling the order now would do."""

    possible = serializers.BooleanField()
    credit = MoneyOutput()
    kept = MoneyOutput()
    rent_credited_percent = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True, help_text="Then less is credited; null: it stays so.")


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
