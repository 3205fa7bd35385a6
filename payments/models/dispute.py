"""Money that banks ask back."""

from django.db import models
from django.db.models import F, Q, Value

from core.ids import new_id
from core.money import format_minor
from orders.models import Charge
from payments.models.payment import Payment
from payments.states import DISPUTE_OPEN, DisputeDecision, DisputeStatus


class Dispute(models.Model):
    """A customer's bank asks for money back. What it took and gave back is `withdrawn_minor` (ADR 18).

    An inquiry only asks: no money moves. Only what was kept by the bank in the end is anybody's to decide about.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider_ref = models.CharField(max_length=255, unique=True)  # Stripe: Dispute id
    status = models.CharField(max_length=16, choices=DisputeStatus)
    is_inquiry = models.BooleanField(default=False)
    is_refundable = models.BooleanField(default=False)  # the gateway still gives back what of the payment is left
    amount_minor = models.PositiveBigIntegerField()  # what it is about
    withdrawn_minor = models.PositiveBigIntegerField(default=0)  # taken by the bank, less what it gave back
    reason = models.CharField(max_length=100, blank=True)  # in the gateway's words
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)  # grows with every change, so that an older answer is noticed
    decision = models.CharField(max_length=16, choices=DisputeDecision, default=DisputeDecision.NONE, blank=True)
    written_off = models.OneToOneField(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # what was credited for it
    decision_note = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DisputeStatus.values), name="dispute_status_valid"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(
                condition=Q(withdrawn_minor__lte=F("amount_minor")), name="dispute_withdrawn_within_amount"
            ),
            models.CheckConstraint(condition=Q(decision__in=DisputeDecision.values), name="dispute_decision_valid"),
            models.CheckConstraint(
                condition=Q(decision=Value("")) | Q(decided_at__isnull=False) & ~Q(decided_by=Value("")),
                name="dispute_decided_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["evidence_due_at"], condition=Q(status__in=DISPUTE_OPEN), name="dispute_open_by_due")
        ]
        permissions = [("decide_dispute", "Can write off lost disputes or ask their customers")]

    def __str__(self) -> str:
        return f"dispute of {format_minor(self.amount_minor, self.payment.currency)}"

    @property
    def written_off_minor(self) -> int:
        """Credited for it, in minor units."""
        return -self.written_off.amount_minor if self.written_off else 0
