"""The lives of payments, refunds and gateway events."""

from django.db import models


class PaymentStatus(models.TextChoices):
    CREATED = "created"  # our row exists; the gateway may or may not have heard of it
    PENDING = "pending"  # the gateway waits for the customer; declines leave it here
    PROCESSING = "processing"  # the gateway waits for the bank
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


LIVE = (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.PROCESSING)


class RefundStatus(models.TextChoices):
    REQUESTED = "requested"  # our row exists; the gateway may or may not have heard of it
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the money is still owed and shows as such


class EventStatus(models.TextChoices):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"  # a kind of event that changes nothing here
    PARKED = "parked"  # it contradicts what we know: a person must look
