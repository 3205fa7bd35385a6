"""What staff decide for all orders: rates of delivery, the policy of cancellation, coupons."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Upper

from core.money import validate_currency
from orders.models.order import Order

_MOST_DAYS = 30  # of a parcel on its way
_IN_TRANSIT = MaxValueValidator(_MOST_DAYS)


class DeliveryRate(models.Model):
    """What bringing one order to a country, and back what of it is rented, costs, tax included; how long it takes."""

    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField()
    out_days = models.PositiveSmallIntegerField("days on its way there", default=2, validators=[_IN_TRANSIT])
    back_days = models.PositiveSmallIntegerField("days on its way back", default=2, validators=[_IN_TRANSIT])
    takes_returns = models.BooleanField("rentals picked up here may be sent back", default=False)

    class Meta:
        ordering = ["country", "currency"]
        constraints = [
            models.UniqueConstraint(fields=["country", "currency"], name="delivery_rate_one_per_currency"),
            models.CheckConstraint(
                condition=Q(out_days__lte=_MOST_DAYS, back_days__lte=_MOST_DAYS), name="delivery_rate_days_within"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.currency}"


class CancellationTier(models.Model):
    """Cancelled at least this long before the first day, this much of the rent is credited; later than all, nothing."""

    hours = models.PositiveIntegerField("hours before the first day", unique=True)
    percent = models.PositiveSmallIntegerField("credited (%)", validators=[MaxValueValidator(100)])

    class Meta:
        ordering = ["-hours"]
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="cancellation_tier_percent_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % until {self.hours} hours before"


def uses_in(orders: models.QuerySet["Order"]) -> Coalesce:
    """How many of these orders use an outer coupon. What was cancelled or expired gives it back."""
    living = orders.filter(coupon=OuterRef("pk"), status__in=Order.LIVING).order_by().values("coupon")
    return Coalesce(Subquery(living.annotate(count=Count("pk")).values("count")), 0)


class CouponQuerySet(models.QuerySet["Coupon"]):
    def with_uses(self) -> Self:
        """Coupons that know how often they are used: `uses`."""
        return self.annotate(uses=uses_in(Order.objects.all()))


class Coupon(models.Model):
    """A word that makes an order cheaper, by an amount or in per cent of its goods and rents. Staff make it."""

    code = models.CharField(
        max_length=32, validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]{2,31}$", "Use letters, digits and dashes.")]
    )
    percent = models.PositiveSmallIntegerField(
        "per cent off", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount_minor = models.PositiveBigIntegerField("amount off", null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, validators=[validate_currency])  # "": any
    minimum_minor = models.PositiveBigIntegerField("for orders from", default=0)  # of goods and rents
    valid_from = models.DateField("first day")
    valid_until = models.DateField("last day", null=True, blank=True)
    first_order_only = models.BooleanField(default=False)
    most_uses = models.PositiveIntegerField("uses in all", null=True, blank=True)
    most_uses_each = models.PositiveIntegerField("uses of each customer", null=True, blank=True, default=1)

    objects = CouponQuerySet.as_manager()

    class Meta:
        ordering = ["-valid_from", "code"]
        constraints = [
            models.UniqueConstraint(
                Upper("code"), name="coupon_code_once", violation_error_message="There is a coupon with this code."
            ),
            models.CheckConstraint(
                condition=Q(percent__isnull=False, percent__range=(1, 100), amount_minor=None)
                | Q(percent=None, amount_minor__isnull=False, amount_minor__gt=0),
                name="coupon_amount_or_percent",
                violation_error_message="Say either an amount or per cent.",
            ),
            models.CheckConstraint(
                condition=~Q(currency="") | Q(amount_minor=None, minimum_minor=0),
                name="coupon_amounts_have_currency",
                violation_error_message="Amounts need a currency.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_from__lte=F("valid_until")),
                name="coupon_days_ordered",
                violation_error_message="The last day cannot be before the first.",
            ),
        ]

    def __str__(self) -> str:
        return self.code
