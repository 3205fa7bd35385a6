"""What the gateway knows of our customers, and what it told us."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from payments.states import EventStatus


class GatewayCustomer(models.Model):
    """A customer as the gateway knows them, and the card they let us keep. No personal data goes there with it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gateway_customer")
    provider_ref = models.CharField(max_length=255, unique=True)  # Stripe: Customer id
    card_ref = models.CharField(max_length=255, blank=True)  # Stripe: PaymentMethod id
    card_kept_at = models.DateTimeField(null=True, blank=True)  # when its owner last agreed, by paying with it

    def __str__(self) -> str:
        return self.provider_ref


class ProviderEvent(models.Model):
    """The inbox: what the gateway told us, once each, before anything was made of it."""

    event_id = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=100)  # in the gateway's words
    object_ref = models.CharField(max_length=255, blank=True)
    payload = models.JSONField()
    status = models.CharField(max_length=16, choices=EventStatus, default=EventStatus.RECEIVED)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=EventStatus.values), name="provider_event_status_valid"),
        ]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(status="received"), name="provider_event_waiting"),
            models.Index(fields=["-received_at"], name="provider_event_by_age"),
        ]
        verbose_name = "gateway event"
        permissions = [("replay_providerevent", "Can have an event looked at again")]

    def __str__(self) -> str:
        return f"event {self.kind}"
