"""What customers send and see of themselves."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.measures import MeasuresInput
from accounts.models import Address, Cat, Device, User
from core.api import Input, LineInput
from core.countries import validate_country
from core.schema import ProblemOutput

MAX_PASSWORD = 256  # characters; hashing is costly on purpose, so its input is bounded


class _NewSessionInput(Input):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False, style={"input_type": "password"})
    device_name = LineInput(
        max_length=120, required=False, allow_blank=True, help_text="What the owner calls this phone."
    )


class RegisterInput(_NewSessionInput):
    name = LineInput(max_length=120, required=False, allow_blank=True)


class LogInInput(_NewSessionInput):
    pass


class RefreshTokenInput(Input):
    refresh_token = serializers.CharField(max_length=256, help_text="The last refresh token that was handed out.")


@extend_schema_serializer(component_name="AccountInUse")
class AccountInUseOutput(ProblemOutput):
    reasons = serializers.ListField(child=serializers.CharField(), required=False)


class MeInput(Input):
    name = LineInput(max_length=120, allow_blank=True)


class CatInput(MeasuresInput):
    """A cat by name."""

    name = LineInput(max_length=80)


class AddressInput(Input):
    recipient = LineInput(max_length=120)
    line1 = LineInput(max_length=120)
    line2 = LineInput(max_length=120, required=False, allow_blank=True)
    postal_code = LineInput(max_length=16)
    city = LineInput(max_length=80)
    country = serializers.RegexField(
        r"^[A-Z]{2}\Z",
        help_text="ISO 3166-1 alpha-2.",
        error_messages={"invalid": "Use an ISO 3166 two-letter code such as DE."},
    )
    phone = LineInput(max_length=32, required=False, allow_blank=True)

    def validate_country(self, code: str) -> str:
        validate_country(code)
        return code


class DeviceInput(Input):
    token = serializers.RegexField(
        r"^[\x21-\x7e]+\Z",
        max_length=1024,
        help_text="The registration token that the push service gave the app.",
        error_messages={"invalid": "A token has neither spaces nor other than ASCII characters."},
    )
    platform = serializers.ChoiceField(choices=Device.Platform.choices)
    name = LineInput(max_length=120, required=False, allow_blank=True, help_text="What the owner calls this phone.")


class MeOutput(serializers.ModelSerializer[User]):
    joined_at = serializers.DateTimeField(source="date_joined")

    class Meta:
        model = User
        fields = ("id", "email", "name", "joined_at")
        read_only_fields = fields


class SessionOutput(serializers.Serializer[Any]):
    access_token = serializers.CharField(help_text="Send as `Authorization: Bearer …`.")
    token_type = serializers.CharField(help_text="Always `Bearer`.")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")
    refresh_token = serializers.CharField(help_text="Can be exchanged once, at /auth/refresh.")
    user = MeOutput()


class CatOutput(serializers.ModelSerializer[Cat]):
    class Meta:
        model = Cat
        fields = (
            "id",
            "name",
            "length_mm",
            "elbow_height_mm",
            "width_mm",
            "height_mm",
            "weight_g",
            "snub_nosed",
            "born_on",
            "created_at",
        )
        read_only_fields = fields


class AddressOutput(serializers.ModelSerializer[Address]):
    class Meta:
        model = Address
        fields = ("id", "recipient", "line1", "line2", "postal_code", "city", "country", "phone", "created_at")
        read_only_fields = fields


class DeviceOutput(serializers.ModelSerializer[Device]):
    class Meta:
        model = Device
        fields = ("id", "platform", "name", "created_at", "seen_at")
        read_only_fields = fields
