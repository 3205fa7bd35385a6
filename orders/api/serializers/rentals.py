"""What a customer does with one rental of an order."""

from typing import Any

from rest_framework import serializers

from core.api import Input, MoneyInput, MoneyOutput

LIMITS = [(name, name) for name in ("next_booking", "longest_rental", "too_far", "overdue")]


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


class ParcelInput(Input):
    """A rental that was posted back, and who brings it."""

    rental = serializers.UUIDField()
    carrier = serializers.CharField(max_length=40)
    tracking_number = serializers.CharField(max_length=40)


class KeepInput(Input):
    """The rental whose unit is bought."""

    rental = serializers.UUIDField()
    price = MoneyInput(required=False, help_text="As GET …/extension-options told; refused when it is another by now.")


class ExtensionOptionOutput(serializers.Serializer[Any]):
    end_on = serializers.DateField(help_text="Included.")
    days = serializers.IntegerField(help_text="Calendar days from the first, both included.")
    price = MoneyOutput(help_text="What it costs more.")


class CheaperExtensionOutput(ExtensionOptionOutput):
    saves = MoneyOutput(help_text="Less than the late fees.")
    text = serializers.CharField(help_text="The same in a sentence for people.")


class DelayOutput(serializers.Serializer[Any]):
    rental = serializers.UUIDField()
    back_on = serializers.DateField()
    late_fees = MoneyOutput(help_text="What the late days will cost that are not charged yet, if it comes back then.")
    extension = CheaperExtensionOutput(
        allow_null=True, help_text="Where POST …/extend until that day is possible and costs less; null: it does not."
    )


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
