"""Everything that an order ever cost or was credited."""

from django.db import models
from django.db.models import Q, Sum

from orders.models.order import Order, OrderLine


class ChargeKind(models.TextChoices):
    SALE = "sale"
    RENTAL = "rental"
    DELIVERY = "delivery"
    LATE_FEE = "late_fee"
    DAMAGE = "damage"
    CLEANING = "cleaning"
    EXTENSION = "extension"
    KEEP = "keep"
    CANCELLATION = "cancellation", "Credit"  # for what is not had, or had for less: cancelled, sent back, moved
    GOODWILL = "goodwill"  # credit


class ChargeQuerySet(models.QuerySet["Charge"]):
    def total(self) -> int:
        """What these charges come to, in minor units."""
        return int(self.aggregate(total=Sum("amount_minor"))["total"] or 0)


class Charge(models.Model):
    """What the customer owes, or is credited when negative. Never changed, never deleted: a trigger sees to it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="charges")
    rental = models.ForeignKey("Rental", on_delete=models.PROTECT, null=True, blank=True, related_name="charges")
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )  # the credit that it takes back, all of it and once
    kind = models.CharField(max_length=16, choices=ChargeKind)
    amount_minor = models.BigIntegerField()
    late_on = models.DateField(null=True, blank=True)  # the day that a late fee is for
    reason = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=80)  # "customer:<id>", "staff:<id>", "clock", "provider"
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="charge_not_zero"),
            models.CheckConstraint(condition=Q(kind__in=ChargeKind.values), name="charge_kind_valid"),
            models.CheckConstraint(condition=Q(reverses=None) | Q(amount_minor__gt=0), name="charge_reverses_a_credit"),
            models.UniqueConstraint(fields=["rental", "late_on"], name="charge_once_per_late_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"
