"""How variants may be had: what they cost to buy and to rent, from which day on, and the tax in it."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Ord, Substr
from django.utils.formats import date_format

from catalog.models.containers import Kind, Variant
from core.money import MAX_MINOR, validate_currency
from core.time import today_in


class TaxClass(models.TextChoices):
    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"


class TaxRate(models.Model):
    """Tax contained in prices, per class and country, from a day on. Basis points: 1900 is 19 %."""

    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)
    country = models.CharField(max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$")])
    rate_bp = models.PositiveIntegerField("rate (basis points)", validators=[MaxValueValidator(10_000)])
    valid_from = models.DateField()

    class Meta:
        ordering = ["country", "tax_class", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["country", "tax_class", "valid_from"], name="tax_rate_once_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.tax_class} {self.rate_bp / 100:g} %"


def _amount(label: str) -> Any:
    return models.PositiveBigIntegerField(label, validators=[MaxValueValidator(MAX_MINOR)])


def shop_today() -> date:
    """The day it is in the shop's own time zone, TIME_ZONE: a price begins everywhere at once (ADR 37)."""
    return today_in(settings.TIME_ZONE)


def in_force(on: date | Expression | None = None, *, of: str = "") -> Q:
    """What is in force on a day, today if none is said, of the rows that `of` leads to, as in "sale_offers__"."""
    day = on or shop_today()
    begun, goes_on = {f"{of}valid_from__lte": day}, {f"{of}valid_until__gt": day}
    return Q(**begun) & (Q(**{f"{of}valid_until": None}) | Q(**goes_on))


class OfferQuerySet(models.QuerySet[Any]):
    def in_force(self, on: date | None = None) -> Self:
        return self.filter(in_force(on))

    def to_come(self) -> Self:
        return self.filter(valid_from__gt=shop_today())


class Offer(models.Model):
    """A row is one version: what it says holds from `valid_from` until the day before `valid_until`, None: until
    another one begins. Of a variant and currency at most one is in force on any day, none while it is not offered.
    """

    valid_from = models.DateField("in force from", default=shop_today, editable=False)
    valid_until = models.DateField("no more from", null=True, blank=True, editable=False)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    set_at = models.DateTimeField(auto_now=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        """Raises: ValidationError, saying once what two constraints say alike."""
        try:
            super().validate_constraints(exclude=exclude)
        except ValidationError as no:
            raise ValidationError({name: list(dict.fromkeys(said)) for name, said in no.message_dict.items()}) from None

    def is_in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or self.valid_until > on)

    @property
    def is_over(self) -> bool:
        return self.valid_until is not None and self.valid_until <= shop_today()

    @property
    def is_to_come(self) -> bool:
        return self.valid_from > shop_today()

    @property
    def _begins(self) -> str:
        """What tells a version that is to come from the one in force."""
        return f", from {date_format(self.valid_from)}" if self.is_to_come else ""


def _one_version_a_day(table: str, message: str) -> list[Any]:
    """The variant and the currency stand as ranges: together with the days they would need an extension."""
    code = Ord("currency") * 65_536 + Ord(Substr("currency", 2)) * 256 + Ord(Substr("currency", 3))
    own, days = "int8range(%(expressions)s, '[]')", "daterange(%(expressions)s)"
    spans: list[Combinable] = [
        Func(F("variant"), F("variant"), template=own),
        Func(code, code, template=own),
        Func(F("valid_from"), F("valid_until"), template=days, output_field=DateRangeField()),
    ]
    return [
        models.UniqueConstraint(
            fields=["variant", "currency", "valid_from"],
            name=f"{table}_once_from_a_day",
            violation_error_message=message,
        ),
        ExclusionConstraint(
            name=f"{table}_one_in_force",
            expressions=[(span, str(RangeOperators.OVERLAPS)) for span in spans],
            violation_error_message=message,
        ),
        models.CheckConstraint(
            condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name=f"{table}_ends_after_it_begins"
        ),
    ]


class SaleOffer(Offer):
    """The variant may be bought for this price, tax included."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="sale_offers")
    currency = models.CharField(max_length=3, validators=[validate_currency], default="EUR")
    price_minor = _amount("price")
    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)

    class Meta:
        constraints = [
            *_one_version_a_day("sale_offer", "There is a sale offer in this currency already."),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="sale_offer_price_positive"),
        ]
        indexes = [models.Index(fields=["currency", "price_minor"], name="sale_offer_by_price")]

    def __str__(self) -> str:
        return f"sale price in {self.currency}{self._begins}"


class RentalOffer(Offer):
    """The variant may be rented: deposit, limits and the days around a rental that block its unit."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="rental_offers")
    currency = models.CharField(max_length=3, validators=[validate_currency], default="EUR")
    deposit_minor = _amount("deposit")
    late_fee_minor = _amount("late fee a day")
    min_days = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    max_days = models.PositiveSmallIntegerField(default=60, validators=[MaxValueValidator(180)])
    prep_days = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(14)])
    turnaround_days = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(14)])
    keep_credit_percent = models.PositiveSmallIntegerField(default=50, validators=[MaxValueValidator(100)])
    acclimatisation_percent = models.PositiveSmallIntegerField(default=100, validators=[MaxValueValidator(100)])
    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)

    class Meta:
        constraints = [
            *_one_version_a_day("rental_offer", "There is a rental offer in this currency already."),
            models.CheckConstraint(
                condition=Q(min_days__gte=1, min_days__lte=F("max_days")),
                name="rental_offer_days_ordered",
                violation_error_message="The shortest rental cannot be longer than the longest.",
            ),
            models.CheckConstraint(
                condition=Q(acclimatisation_percent__lte=100), name="rental_offer_acclimatisation_percent_valid"
            ),  # never dearer: the fee would not grow with the days
        ]

    def __str__(self) -> str:
        return f"rental offer in {self.currency}{self._begins}"


class RentalRate(models.Model):
    """From this many days on, a day costs this much. See `catalog.pricing.rental_fee`."""

    offer = models.ForeignKey(RentalOffer, on_delete=models.CASCADE, related_name="rates")
    from_days = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(180)])
    per_day_minor = _amount("price a day")

    class Meta:
        ordering = ["from_days"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer", "from_days"],
                name="rental_rate_once_per_step",
                violation_error_message="There is a rate from this day already.",
            ),
            models.CheckConstraint(condition=Q(from_days__gte=1), name="rental_rate_from_first_day"),
        ]

    def __str__(self) -> str:
        return f"from {self.from_days} days"


_LEAST, _MOST = -50, 200  # per cent; two seasons may meet, and no day may cost less than nothing


def _once(kind: str) -> ExclusionConstraint:
    span = Func(F("start_on"), F("end_on"), Value("[]"), function="daterange", output_field=DateRangeField())
    return ExclusionConstraint(
        name=f"season_once_{kind or 'all'}",
        expressions=[(span, RangeOperators.OVERLAPS)],
        condition=Q(kind=kind),
        violation_error_message="Another season for the same containers has some of these days already.",
    )


class Season(models.Model):
    """Days, first and last included, on which a rental costs more or less: all kinds of containers, or one.

    Where a season of all and one of a kind meet, both count. See `catalog.pricing.rental_fee`.
    """

    name = models.CharField(max_length=60)
    kind = models.CharField("for", max_length=16, choices=[("", "All containers"), *Kind.choices], blank=True)
    start_on = models.DateField("first day")
    end_on = models.DateField("last day")
    percent = models.SmallIntegerField(validators=[MinValueValidator(_LEAST), MaxValueValidator(_MOST)])

    class Meta:
        ordering = ["start_on", "kind"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["", *Kind.values]), name="season_kind_valid"),
            models.CheckConstraint(
                condition=Q(start_on__lte=F("end_on")),
                name="season_days_ordered",
                violation_error_message="The last day cannot be before the first.",
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=_LEAST, percent__lte=_MOST) & ~Q(percent=0),
                name="season_percent_valid",
                violation_error_message="A season makes days dearer or cheaper; 0 does neither.",
            ),
            *map(_once, ("", *Kind.values)),  # one for each: together they would need an extension
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.percent:+} %)"
