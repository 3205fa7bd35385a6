"""Money on its way back."""

from typing import Self

from django.db import models
from django.db.models import F, Q, Value

from core.ids import new_id
from core.money import format_minor
from payments.models.payment import Payment
from payments.states import PROMISED, RefundStatus


class RefundQuerySet(models.QuerySet["Refund"]):
    def promised(self) -> Self:
        """Those that went, go or were to go back; not such as wait for a second person or were declined."""
        return self.filter(status__in=PROMISED)


class Refund(models.Model):
    """Money on its way back. Its id makes the idempotency key at the gateway, so a repeat pays nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.PositiveBigIntegerField()
    status = models.CharField(max_length=16, choices=RefundStatus, default=RefundStatus.REQUESTED)
    reason = models.CharField(max_length=300)
    told_with = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="told_along"
    )  # of one credit that goes back of several payments: the one whose mail names them all
    requested_by = models.CharField(max_length=80)
    approved_by = models.CharField(max_length=80, blank=True)  # only where a second person was needed (ADR 18)
    declined_by = models.CharField(max_length=80, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)  # for staff
    decided_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=255, null=True, blank=True, unique=True)  # Stripe: Refund id
    attempts = models.PositiveSmallIntegerField(default=0)  # keys that the gateway spent on an error of its own
    failure = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_valid"),
            models.CheckConstraint(condition=~Q(reason=Value("")), name="refund_has_reason"),
            models.CheckConstraint(condition=~Q(approved_by=F("requested_by")), name="refund_approved_by_another"),
            models.CheckConstraint(
                condition=Q(status="declined") & ~Q(declined_by=Value(""))
                | ~Q(status="declined") & Q(declined_by=Value("")),
                name="refund_declined_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], condition=Q(status="waiting"), name="refund_waiting_by_age")]
        permissions = [("approve_refund", "Can approve refunds that others ask for")]

    def __str__(self) -> str:
        return f"refund of {format_minor(self.amount_minor, self.payment.currency)}"

    @property
    def key(self) -> str:
        """The idempotency key to use at the gateway now."""
        return f"{self.pk}.{self.attempts}"
