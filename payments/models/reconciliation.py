"""What comparisons with the gateway found."""

from django.db import models
from django.db.models import Q


class PaymentReconciliation(models.Model):
    """One comparison with the gateway and what came of it. Written once, kept for 90 days (services.reconcile).

    since: how far back it went. found = left + repaired + what went by itself.
    findings: services.verdicts.Finding as JSON, what is left first, and at most a thousand of them.
    """

    class Outcome(models.TextChoices):
        EQUAL = "equal"
        DIFFERENCES = "differences", "Differences left"
        REPAIRED = "repaired"
        UNREACHABLE = "unreachable"  # the gateway could not be asked, or went away half-way

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_index=True)
    since = models.DateTimeField()
    payments = models.PositiveIntegerField(default=0)
    refunds = models.PositiveIntegerField(default=0)
    disputes = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list)
    outcome = models.CharField(max_length=16, choices=Outcome)
    error = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=60)  # "job", "command" or "staff:<id>"

    class Meta:
        ordering = ["-id"]
        verbose_name = "money comparison"
        permissions = [("run_paymentreconciliation", "Can compare with the gateway and repair")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["equal", "differences", "repaired", "unreachable"]),
                name="payment_reconciliation_outcome_valid",
            )
        ]

    def __str__(self) -> str:
        return f"comparison of {self.started_at:%Y-%m-%d %H:%M}"
