"""Money that is held or collected: the payments of an order, and the deposit that some of them secure."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q, Sum, Value

from core.ids import new_id
from core.money import format_minor
from orders.models import DepositPlan, Order
from payments.states import DEPOSIT_LIVE, LIVE, NOT_OVER, DepositStatus, ParkedBy, PaymentStatus

# What went back, may go back, or was taken back by a bank.
GONE = F("refunded_minor") + F("refund_pending_minor") + F("disputed_minor")


class Deposit(models.Model):
    """What secures the rentals of one order, apart from its price. At most one is live for each order.

    It is held or charged by payments of its own; `provider_ref` names the one that secures it. `captured_minor` is what
    the shop keeps of it for what the order charges; all else goes back (ADR 16).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="deposits")
    plan = models.CharField(max_length=8, choices=DepositPlan)
    status = models.CharField(max_length=16, choices=DepositStatus, default=DepositStatus.PLANNED)
    amount_minor = models.PositiveBigIntegerField()
    captured_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    due_at = models.DateTimeField()  # when the card is asked
    capture_before = models.DateTimeField(null=True, blank=True)  # of a hold: the gateway then lets go
    provider_ref = models.CharField(max_length=255, null=True, blank=True)  # of the payment that secures it
    last_error = models.CharField(max_length=64, blank=True)  # a stable code: payments.declines
    created_at = models.DateTimeField(auto_now_add=True)
    secured_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    LIVE: ClassVar = DEPOSIT_LIVE

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DepositStatus.values), name="deposit_status_valid"),
            models.CheckConstraint(condition=Q(plan__in=DepositPlan.values), name="deposit_plan_valid"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="deposit_amount_positive"),
            models.CheckConstraint(
                condition=Q(captured_minor__lte=F("amount_minor")), name="deposit_captured_within_amount"
            ),
            models.CheckConstraint(
                condition=~Q(status="secured") | Q(secured_at__isnull=False, provider_ref__isnull=False),
                name="deposit_secured_by_payment",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(status__in=DEPOSIT_LIVE), name="deposit_one_live_per_order"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="planned"), name="deposit_planned_by_due"),
            models.Index(fields=["capture_before"], condition=Q(status="secured"), name="deposit_secured_by_end"),
        ]
        permissions = [("handle_deposit", "Can secure, keep and release deposits")]

    def __str__(self) -> str:
        return f"deposit of {format_minor(self.amount_minor, self.currency)}"

    @property
    def is_live(self) -> bool:
        return self.status in DEPOSIT_LIVE

    def is_secured_by(self, payment: "Payment") -> bool:
        """True when this is the payment that secures it, or did last."""
        return payment.provider_ref is not None and payment.provider_ref == self.provider_ref

    def stays_of(self, payment: "Payment") -> int:
        """What of one of its payments the shop keeps once it has ended, in minor units."""
        return self.captured_minor if self.is_secured_by(payment) else 0


class PaymentQuerySet(models.QuerySet["Payment"]):
    def at_gateway(self) -> Self:
        """Payments that the gateway knows, or has a page for."""
        return self.filter(Q(provider_ref__isnull=False) | Q(page_ref__isnull=False))

    def for_charges(self) -> Self:
        """Payments of what is charged; a deposit's pay for it only as far as it is kept."""
        return self.exclude(purpose=Payment.Purpose.DEPOSIT)

    def kept(self) -> int:
        """Captured, and neither on its way back nor taken back by a bank, in minor units.

        A refund that waits for approval has not gone anywhere yet.
        """
        return int(self.aggregate(kept=Sum(F("captured_minor") - GONE))["kept"] or 0)


class Payment(models.Model):
    """One attempt to collect money for an order; at most one is live for each purpose.

    Its id makes the idempotency key at the gateway. Amounts are minor units of `currency`.
    """

    class Purpose(models.TextChoices):
        ORDER = "order"
        EXTENSION = "extension"
        EXTRA = "extra"  # late fees, damage and whatever else came later
        DEPOSIT = "deposit"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.ORDER)
    status = models.CharField(max_length=16, choices=PaymentStatus, default=PaymentStatus.CREATED)
    amount_minor = models.PositiveBigIntegerField()
    captured_minor = models.PositiveBigIntegerField(default=0)
    refunded_minor = models.PositiveBigIntegerField(default=0)  # settled
    refund_pending_minor = models.PositiveBigIntegerField(default=0)  # asked for, not settled
    refund_waiting_minor = models.PositiveBigIntegerField(default=0)  # asked for, not approved: not given twice
    disputed_minor = models.PositiveBigIntegerField(default=0)  # withdrawn by banks, less what they reinstated
    currency = models.CharField(max_length=3)
    provider_ref = models.CharField(max_length=255, null=True, blank=True, unique=True)  # Stripe: PaymentIntent id
    attempts = models.PositiveSmallIntegerField(default=0)  # keys that the gateway spent on an error of its own
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    captures_later = models.BooleanField(default=False)  # only held at first; at most one capture, the rest goes back
    capture_before = models.DateTimeField(null=True, blank=True)  # of a hold: the gateway then lets go
    keeps_card = models.BooleanField(default=False)  # the customer agreed that the card is kept for this order
    card_ref = models.CharField(max_length=255, blank=True)  # the kept card it is asked from; "": its owner pays
    page_ends_at = models.DateTimeField(null=True, blank=True)  # paid on a page of the gateway's; null: in the app
    page_ref = models.CharField(max_length=255, null=True, blank=True, unique=True)  # Stripe: Checkout Session id
    changing_to_minor = models.PositiveBigIntegerField(null=True, blank=True)  # the gateway may have heard of it or not
    changes = models.PositiveSmallIntegerField(default=0)  # how often it was changed at the gateway
    last_error = models.CharField(max_length=64, blank=True)  # a stable code: payments.declines
    parked_reason = models.CharField(max_length=300, blank=True)  # a person must look
    parked_by = models.CharField(max_length=8, choices=ParkedBy, blank=True)  # whose look found it (services.parking)
    created_at = models.DateTimeField(auto_now_add=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)

    LIVE: ClassVar = LIVE

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_valid"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(captured_minor__lte=F("amount_minor")) | ~Q(parked_reason=Value("")),
                name="payment_captured_within_amount",
            ),  # more than was asked for is written down only for a person to look at
            models.CheckConstraint(
                condition=Q(captured_minor__gte=GONE + F("refund_waiting_minor")) | ~Q(parked_reason=Value("")),
                name="payment_gone_within_captured",
            ),  # a bank may take back what was refunded already: that is written down only for a person to look at
            models.CheckConstraint(
                condition=Q(captured_minor__gte=F("refunded_minor") + F("refund_pending_minor")),
                name="payment_refunds_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(purpose="deposit", deposit__isnull=False)
                | ~Q(purpose="deposit") & Q(deposit__isnull=True, captures_later=False),
                name="payment_of_deposit",
            ),
            models.CheckConstraint(
                condition=Q(parked_reason="", parked_by="") | ~Q(parked_reason="") & Q(parked_by__in=ParkedBy.values),
                name="payment_parked_by_a_look",
            ),
            models.CheckConstraint(
                condition=Q(page_ends_at__isnull=False, card_ref=Value(""))
                | Q(page_ends_at__isnull=True, page_ref__isnull=True),
                name="payment_on_page_by_its_owner",
            ),
            models.UniqueConstraint(
                fields=["order", "purpose"], condition=Q(status__in=LIVE), name="payment_one_live_per_purpose"
            ),  # two taps on "Pay" cannot charge twice
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(status__in=NOT_OVER), name="payment_not_over_by_age"),
            models.Index(fields=["created_at"], name="payment_by_age"),
        ]
        permissions = [("refund_payment", "Can give money back")]

    def __str__(self) -> str:
        return f"{format_minor(self.amount_minor, self.currency)} ({self.get_purpose_display().lower()})"

    @property
    def key(self) -> str:
        """The idempotency key to use at the gateway now."""
        return f"{self.pk}.{self.attempts}"

    @property
    def is_on_page(self) -> bool:
        """True when its owner pays it on a page of the gateway's, and nowhere else."""
        return self.page_ends_at is not None

    @property
    def refundable_minor(self) -> int:
        """Captured, and neither refunded, nor asked to be, nor disputed."""
        return max(0, self.captured_minor - self.gone_minor)

    @property
    def gone_minor(self) -> int:
        """Given back, promised to be or waiting for approval, and taken back by banks; rarely more than captured."""
        refunds = self.refunded_minor + self.refund_pending_minor + self.refund_waiting_minor
        return refunds + self.disputed_minor

    @property
    def here_minor(self) -> int:
        """Captured, and neither on its way back nor disputed: what waits for approval is still here."""
        return max(0, self.captured_minor - (self.gone_minor - self.refund_waiting_minor))

    @property
    def not_returned_minor(self) -> int:
        """Captured, and not on its way back: also what a bank took and may give again."""
        return self.captured_minor - self.refunded_minor - self.refund_pending_minor

    @property
    def secures_minor(self) -> int:
        """How much of a deposit it secures: a hold while it lasts, money as long as it has not gone back."""
        return self.amount_minor if self.status == PaymentStatus.AUTHORISED else self.here_minor
