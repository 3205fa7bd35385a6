"""What may be asked of the shop window, and the shape of its answers (for the OpenAPI document; see `rendering`)."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from rest_framework import serializers

from catalog.facets import Ready
from catalog.fit import PLACES
from catalog.models import Kind
from catalog.selectors import Mode, currencies_offered
from core.api import Input, MoneyOutput
from core.money import MAX_MINOR, validate_currency
from core.time import days_counted
from inventory.api.pages import SORTS
from inventory.travellers import AirlineInput


def currency_refused(currency: str) -> str:
    offered = ", ".join(sorted({*currencies_offered(), default_currency()}))
    return f'Nothing is offered in "{currency}"; offers are in: {offered}.'


def default_currency() -> str:
    return str(settings.DEFAULT_CURRENCY)


class CurrencyInput(Input):
    currency = serializers.CharField(
        required=False,
        default=default_currency,
        help_text="Offers in this currency only (ISO 4217); the shop's own when left out.",
    )

    def validate_currency(self, currency: str) -> str:
        """Whoever names none is told which there are."""
        try:
            validate_currency(currency)
        except ValidationError as no:
            raise serializers.ValidationError(
                " ".join([*no.messages, currency_refused(currency)]), code="unknown"
            ) from None
        return currency


class DaysInput(CurrencyInput):
    """`from` and `to`: days of the depot, first and last included; where they may be left out, both or none."""

    LONGEST: ClassVar[int] = 180
    REQUIRED: ClassVar[bool] = False

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        ahead = settings.BOOKING_HORIZON.days
        span = f"At most {self.LONGEST} days, first and last included, and {ahead} days ahead."
        return {
            **super().get_fields(),
            "from": serializers.DateField(source="start_on", required=self.REQUIRED, help_text="First day, not past."),
            "to": serializers.DateField(source="end_on", required=self.REQUIRED, help_text=f"Last day. {span}"),
        }

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        start_on, end_on = data.get("start_on"), data.get("end_on")
        if start_on is None and end_on is None:
            return data
        if start_on is None or end_on is None:
            missing = "from" if start_on is None else "to"
            raise serializers.ValidationError({missing: ["Give both from and to, or none."]}, code="required")
        if end_on < start_on:
            raise serializers.ValidationError({"to": ["The last day cannot be before the first."]}, code="order")
        if days_counted(start_on, end_on) > self.LONGEST:
            raise serializers.ValidationError({"to": [f"Ask for at most {self.LONGEST} days."]}, code="too_long")
        return data


class ContainerInput(DaysInput):
    depot = serializers.CharField(required=False, max_length=16, help_text="Counts of this depot only.")


class FacetsInput(ContainerInput):
    search = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=100,
        help_text="Words that all occur in name, brand, kind, description, SKU, size or colour: as they are, in "
        "another form, or by one that means the same; of the last one its beginning suffices.",
    )
    kind = serializers.MultipleChoiceField(
        choices=Kind.choices, required=False, help_text="Repeat it for several kinds."
    )
    mode = serializers.ChoiceField(
        [mode.value for mode in Mode],
        required=False,
        help_text="Only what is for rent, or for sale; left out: both, so prices count either way.",
    )
    cat = serializers.UUIDField(required=False, help_text="One of GET /me/cats: only what is large enough for it.")
    airline = AirlineInput(
        required=False,
        help_text="IATA code: only what this airline takes, or must be asked about. POST /trips/search tells more.",
    )
    cabin = serializers.ChoiceField(
        PLACES,
        required=False,
        help_text="With `airline`: where the cat travels; economy if left out.",
    )
    size = serializers.ListField(
        child=serializers.CharField(max_length=20, allow_blank=True),
        required=False,
        max_length=20,
        help_text="As variants name theirs; empty: those that name none. Repeat it for several.",
    )
    ready = serializers.MultipleChoiceField(
        choices=Ready.choices,
        required=False,
        help_text="Only what `airline`, or else some airline that we know, takes there by its rules, without a cat. "
        "Repeat it for several.",
    )
    min_price = serializers.IntegerField(required=False, min_value=0, max_value=MAX_MINOR, help_text="As `max_price`.")
    max_price = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_MINOR,
        help_text="Minor units. To rent: the fee for the days asked, or the cheapest day when none are. Without `mode` "
        "it is enough that one of both prices, to rent or to buy, is within.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        if "cabin" in data and "airline" not in data:
            raise serializers.ValidationError({"cabin": ["Name the airline too."]}, code="required")
        if data.get("min_price", 0) > data.get("max_price", MAX_MINOR):
            raise serializers.ValidationError({"max_price": ["This is less than min_price."]}, code="order")
        return data


class ContainersInput(FacetsInput):
    ordering = serializers.ChoiceField(
        list(SORTS),
        required=False,
        help_text="Left out: `relevance` for a search, else `name`. By price: by the least price within the filters.",
    )
    cursor = serializers.CharField(required=False, max_length=1000, help_text="From `next` or `previous`.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100, default=20)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        data.setdefault("ordering", "relevance" if data["search"] else "name")
        if data["ordering"] == "relevance" and not data["search"]:
            raise serializers.ValidationError(
                {"ordering": ["There is no relevance without a search."]}, code="required"
            )
        return data


class CalendarInput(DaysInput):
    LONGEST = 120
    REQUIRED = True

    depot = serializers.CharField(max_length=16)


class BoardInput(DaysInput):
    LONGEST = 90
    REQUIRED = True

    depot = serializers.CharField(max_length=16)
    sku = serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=1, max_length=200, help_text="Repeat it for several."
    )


class NothingInput(Input):
    """No parameter is known here."""


# ------------------------------------------------------------------------------------------------------- answers


class ImageSizeOutput(serializers.Serializer[Any]):
    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField()
    url = serializers.URLField(help_text="WebP.")
    avif = serializers.URLField(help_text="The same as AVIF, which is smaller.")


class ImageOutput(serializers.Serializer[Any]):
    url = serializers.URLField()
    alt = serializers.CharField(help_text="For people who cannot see it.")
    colour = serializers.CharField(help_text="The colour it shows; empty when it shows none in particular.")
    sizes = ImageSizeOutput(many=True, help_text="Narrower ones, the narrowest first; load `url` where none will do.")


class SizeOutput(serializers.Serializer[Any]):
    length_mm = serializers.IntegerField()
    width_mm = serializers.IntegerField()
    height_mm = serializers.IntegerField()


class SaleOutput(serializers.Serializer[Any]):
    price = MoneyOutput(help_text="Tax included.")


class RateOutput(serializers.Serializer[Any]):
    from_days = serializers.IntegerField()
    per_day = MoneyOutput()


class RentalOutput(serializers.Serializer[Any]):
    """A rental of n days costs the least of per_day * max(n, from_days) over the rates; days in a season cost more or
    less, which `fee` contains."""

    deposit = MoneyOutput()
    late_fee = MoneyOutput(help_text="A day.")
    min_days = serializers.IntegerField()
    max_days = serializers.IntegerField()
    keep_credit_percent = serializers.IntegerField(help_text="Of the rent paid, when the container is kept.")
    acclimatisation_percent = serializers.IntegerField(
        help_text="Of the day price, for days before the trip in which a cat gets used to it."
    )
    rates = RateOutput(many=True)
    days = serializers.IntegerField(required=False, help_text="With from and to: the days counted.")
    billed_days = serializers.IntegerField(
        required=False, allow_null=True, help_text="More than `days` where a longer rental costs less."
    )
    fee = MoneyOutput(
        required=False, allow_null=True, help_text="With from and to; null when not offered for so many days."
    )


class AvailabilityOutput(serializers.Serializer[Any]):
    depot = serializers.CharField()
    sale = serializers.IntegerField(help_text="Pieces that can be bought now.")
    rental = serializers.IntegerField(
        help_text="Units that can be rented from the first to the last of these days; without days, those free today. "
        "0 when the depot is closed on the first or the last, or when they cannot be booked by its clock."
    )
    closed_on = serializers.ListField(
        child=serializers.DateField(),
        help_text="Which of the first and the last day asked the depot is closed on: nothing can be rented then. "
        "A rental may run over closed days in between.",
    )
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the pieces were counted; null: never.")


class BundlePartOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    quantity = serializers.IntegerField(help_text="In each bundle.")
    comes_back = serializers.BooleanField(help_text="From a rental; false: it is used up, and stays with the customer.")


class VariantOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    size = serializers.CharField()
    colour = serializers.CharField()
    colour_hex = serializers.CharField()
    inner = SizeOutput()
    outer = SizeOutput()
    weight_g = serializers.IntegerField()
    max_load_g = serializers.IntegerField()
    sale = SaleOutput(allow_null=True, help_text="null: not for sale.")
    rental = RentalOutput(allow_null=True, help_text="null: not for rent.")
    parts = BundlePartOutput(
        many=True,
        help_text="Of a bundle, which is had as one: what is in it, the piece that holds the cat first. It is free as "
        "far as all of them are, and its measures are those of the first.",
    )
    availability = AvailabilityOutput(many=True)


class ContainerOutput(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    brand = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    description = serializers.CharField()
    images = ImageOutput(many=True)
    variants = VariantOutput(many=True)


class ContainerPageOutput(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ContainerOutput(many=True)


class DailyOutput(serializers.Serializer[Any]):
    sku = serializers.CharField()
    sale = serializers.IntegerField(
        allow_null=True, help_text="Pieces that can be bought now; null: it is not for sale in this currency."
    )
    rental = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="One count a day, beginning at `from`; null: it is not for rent in this currency. The minimum over "
        "a run of days can be rented for that run, if neither its first nor its last day is closed; preparation and "
        "turnaround are counted in.",
    )
    as_of = serializers.DateTimeField(allow_null=True)


class CalendarOutput(serializers.Serializer[Any]):
    depot = serializers.CharField()
    to = serializers.DateField()
    closed = serializers.ListField(
        child=serializers.DateField(), help_text="Days on which the depot neither hands out nor takes back."
    )
    variants = DailyOutput(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateField(), **super().get_fields()}


class BoardOutput(CalendarOutput):
    unknown = serializers.ListField(child=serializers.CharField(), help_text="SKUs asked for that are not offered.")


class ClosureOutput(serializers.Serializer[Any]):
    to = serializers.DateField()
    reason = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateField(), **super().get_fields()}


class DepotOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    street = serializers.CharField()
    postal_code = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166.")
    time_zone = serializers.CharField(help_text="Its days are dates in this zone.")
    opening_days = serializers.ListField(child=serializers.IntegerField(), help_text="ISO weekdays: 1 is Monday.")
    closures = ClosureOutput(many=True)


class DepotsOutput(serializers.Serializer[Any]):
    results = DepotOutput(many=True)


class AirlineOutput(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="IATA.")
    name = serializers.CharField()


class AirlinesOutput(serializers.Serializer[Any]):
    results = AirlineOutput(many=True)


class CategoryOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Kind.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not of DRF
    containers = serializers.IntegerField(help_text="How many can be had.")


class CategoriesOutput(serializers.Serializer[Any]):
    results = CategoryOutput(many=True)


class SizeFacetOutput(serializers.Serializer[Any]):
    size = serializers.CharField(help_text="Empty: of variants that name none.")
    containers = serializers.IntegerField()


class ReadyFacetOutput(serializers.Serializer[Any]):
    ready = serializers.ChoiceField(Ready.choices)
    containers = serializers.IntegerField()


class PriceStepOutput(serializers.Serializer[Any]):
    min_price = MoneyOutput()
    max_price = MoneyOutput()
    containers = serializers.IntegerField()


class PriceFacetOutput(serializers.Serializer[Any]):
    mode = serializers.ChoiceField([mode.value for mode in Mode], help_text="Ask with it for what a step counts.")
    label = serializers.CharField(  # type: ignore[assignment]  # a field of the answer, not of DRF
        help_text="What these are the prices of, for people."
    )
    least = MoneyOutput()
    most = MoneyOutput()
    steps = PriceStepOutput(
        many=True, help_text="As `mode`, `min_price` and `max_price` ask for; those without any left out."
    )


class FacetsOutput(serializers.Serializer[Any]):
    containers = serializers.IntegerField(help_text="How many `GET /containers` lists with these filters.")
    free = serializers.IntegerField(
        allow_null=True,
        help_text="How many of them are free somewhere for the days asked, or today; null: too many to count at once.",
    )
    kinds = CategoryOutput(many=True)
    sizes = SizeFacetOutput(many=True)
    ready = ReadyFacetOutput(many=True)
    price = PriceFacetOutput(
        many=True,
        help_text="Of each mode apart, as a day of rent and a price to buy are not alike; empty: nothing left.",
    )
