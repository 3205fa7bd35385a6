"""What staff want a customer to pay for damage, before any money moves."""

from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from core.money import format_minor
from orders.models.charge import Charge, ChargeKind
from orders.models.order import Order
from orders.models.rental import Rental
from orders.states import UNDECIDED, ClaimStatus

CLAIMABLE = (ChargeKind.DAMAGE, ChargeKind.CLEANING)


class Claim(models.Model):
    """What staff want a customer to pay for a rental that came back damaged or dirty. No money moves before the
    customer accepts it, lets the days to object pass, or staff decide; then it becomes one charge."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="claims")
    rental = models.ForeignKey(Rental, on_delete=models.PROTECT, related_name="claims")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.label) for kind in CLAIMABLE])
    amount_minor = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=300)
    status = models.CharField(max_length=16, choices=ClaimStatus, default=ClaimStatus.OPEN)
    filed_by = models.CharField(max_length=80)  # "staff:<id>"
    created_at = models.DateTimeField(auto_now_add=True)
    answer_by = models.DateTimeField()  # whoever is silent until then accepts
    objection = models.TextField(blank=True, max_length=2000)
    decision_note = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="claim")
    charged_minor = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        permissions = [("decide_claim", "Can uphold, reduce or drop a claim that was objected to")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status_valid"),
            models.CheckConstraint(condition=Q(kind__in=CLAIMABLE), name="claim_kind_valid"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1) & ~Q(reason=""), name="claim_says_how_much_and_why"
            ),
            models.CheckConstraint(
                condition=Q(
                    status="charged", charge__isnull=False, charged_minor__gte=1, charged_minor__lte=F("amount_minor")
                )
                | ~Q(status="charged") & Q(charge__isnull=True, charged_minor__isnull=True),
                name="claim_charged_once_decided",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UNDECIDED, decided_at__isnull=True)
                | ~Q(status__in=UNDECIDED) & Q(decided_at__isnull=False) & ~Q(decided_by=""),
                name="claim_decided_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(status="objected") | ~Q(objection=""), name="claim_objected_in_words"),
            models.UniqueConstraint(
                fields=["rental", "kind"], condition=Q(status__in=UNDECIDED), name="claim_one_undecided_per_kind"
            ),  # a form that is sent twice claims once
        ]
        indexes = [
            models.Index(fields=["answer_by"], condition=Q(status="open"), name="claim_open_by_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {format_minor(self.amount_minor, self.order.currency)}"
