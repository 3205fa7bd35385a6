"""What is short, and what could be had instead."""

from typing import Any

from rest_framework import serializers

from core.api import MoneyOutput
from core.schema import ProblemOutput
from orders.api.serializers.waitlist import WaitlistInput
from orders.models import OrderLine


class OtherDaysOutput(serializers.Serializer[Any]):
    first_on = serializers.DateField()
    last_on = serializers.DateField(help_text="Included; as many days as were asked for.")


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
