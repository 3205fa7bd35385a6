"""A frozen price."""

from django.conf import settings
from django.db import models

from core.encryption import EncryptedJSONField
from core.ids import new_id
from core.money import format_minor
from inventory.models import Depot
from orders.models.owned import OwnedByCustomer


class Fulfilment(models.TextChoices):
    PICKUP = "pickup"
    DELIVERY = "delivery"


class DepositPlan(models.TextChoices):
    """How a deposit is secured: a short rental's is only held on the card, a long one's is charged and given back."""

    HOLD = "hold"
    CHARGE = "charge"


class Quote(models.Model):
    """A frozen price. `lines` and the totals are what the customer was shown, and so what the order charges."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="quotes")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="+")
    fulfilment = models.CharField(max_length=16, choices=Fulfilment, default=Fulfilment.PICKUP)
    address = EncryptedJSONField(null=True, blank=True)  # sealed copy
    currency = models.CharField(max_length=3)
    lines = models.JSONField()  # [orders.pricing.PricedLine as JSON]
    coupon = models.ForeignKey("Coupon", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    discount_minor = models.PositiveBigIntegerField(default=0)  # of the coupon, contained in lines and total
    delivery_minor = models.PositiveBigIntegerField(default=0)
    total_minor = models.PositiveBigIntegerField()
    tax_minor = models.PositiveBigIntegerField()
    deposit_minor = models.PositiveBigIntegerField(default=0)
    deposit_plan = models.CharField(max_length=8, choices=DepositPlan, blank=True)
    cancellation = models.JSONField(default=list)  # [{"hours", "percent"}]: the tiers of that day
    cheaper = models.JSONField(default=list)  # [orders.services.cheaper]: what would have cost less
    trip = models.JSONField(null=True, blank=True)  # inventory.journeys.Journey, and the `fits` of the lines for it
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedByCustomer.as_manager()

    def __str__(self) -> str:
        asked = f"{self.created_at.day} {self.created_at:%b %Y}"
        return f"quote of {asked} for {format_minor(self.total_minor, self.currency)}"
