"""What phones are to be told: an outbox, written with what it tells of."""

from django.db import models
from django.db.models import Q

from accounts.models import Device
from core.ids import new_id
from orders.models import Order
from payments.models.mail import Mail


class Push(models.Model):
    """One message for one phone, once for each cause. What it says follows from its kind; no name is in it."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        OUTDATED = "outdated"  # not true any more, or too old, before it could be sent
        REFUSED = "refused"  # for good, by the push service

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="pushes")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="pushes")
    kind = models.CharField(max_length=32, choices=Mail.Kind)
    cause = models.CharField(max_length=120)  # as of the mail that tells the same
    payload = models.JSONField()  # what the app gets beside the text: {"kind", "order"}
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)  # of the last attempt

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "pushes"
        constraints = [
            models.UniqueConstraint(fields=["device", "kind", "cause"], name="push_once_per_cause"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "sent", "outdated", "refused"]), name="push_status_valid"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | ~Q(status="sent") & Q(sent_at__isnull=True),
                name="push_sent_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
