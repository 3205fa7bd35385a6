"""A place in the waitlist."""

from typing import Any

from rest_framework import serializers

from catalog.selectors import Mode
from core.api import Input
from core.money import validate_currency
from orders.api.serializers.lines import MOST_AHEAD
from orders.models import OrderLine, WaitlistEntry
from orders.services import LineRequest, WaitRequest
from orders.states import WaitlistStatus


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
