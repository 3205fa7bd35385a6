"""Money as it moved at the gateway. What must never be false is said to the database."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum, Value

from core.encryption import EncryptedJSONField
from core.ids import new_id
from core.money import format_minor
from orders.models import Charge, DepositPlan, Order
from payments.states import (
    DEPOSIT_LIVE,
    DISPUTE_OPEN,
    LIVE,
    NOT_OVER,
    PROMISED,
    DepositStatus,
    DisputeDecision,
    DisputeStatus,
    EventStatus,
    PaymentStatus,
    RefundStatus,
)

# What went back, may go back, or was taken back by a bank.
GONE = F("refunded_minor") + F("refund_pending_minor") + F("disputed_minor")


class GatewayCustomer(models.Model):
    """A customer as the gateway knows them, and the card they let us keep. No personal data goes there with it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gateway_customer")
    provider_ref = models.CharField(max_length=255, unique=True)  # Stripe: Customer id
    card_ref = models.CharField(max_length=255, blank=True)  # Stripe: PaymentMethod id
    card_kept_at = models.DateTimeField(null=True, blank=True)  # when its owner last agreed, by paying with it

    def __str__(self) -> str:
        return self.provider_ref


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
    changing_to_minor = models.PositiveBigIntegerField(null=True, blank=True)  # the gateway may have heard of it or not
    changes = models.PositiveSmallIntegerField(default=0)  # how often it was changed at the gateway
    last_error = models.CharField(max_length=64, blank=True)  # a stable code: payments.declines
    parked_reason = models.CharField(max_length=300, blank=True)  # a person must look
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


class Mail(models.Model):
    """That a mail was sent, once for each cause. Neither the address nor what it said is kept."""

    class Kind(models.TextChoices):
        ORDER_CONFIRMED = "order_confirmed"
        ORDER_ENDED = "order_ended"  # cancelled or expired, and nothing goes back
        REFUND_UNDER_WAY = "refund_under_way"
        REFUND_FAILED = "refund_failed"  # to staff
        DEPOSIT_SECURED = "deposit_secured"
        DEPOSIT_NEEDS_YOU = "deposit_needs_you", "Deposit needs its owner"
        DEPOSIT_ENDED = "deposit_ended"
        MONEY_REQUESTED = "money_requested"
        MONEY_RECEIVED = "money_received"

    kind = models.CharField(max_length=32, choices=Kind)
    cause = models.CharField(max_length=120)  # the id of what it tells of
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="mails")
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["sent_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "cause"], name="mail_once_per_cause")]

    def __str__(self) -> str:
        return self.get_kind_display()


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


class DocumentKind(models.TextChoices):
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


class DocumentCounter(models.Model):
    """The last number given to a kind of document in a year. Locked while a document is written: no gap, no double."""

    kind = models.CharField(max_length=16, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="document_counter_one_a_year")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(order__customer_id=user.pk)


class Document(models.Model):
    """A receipt or a credit note as it was handed out. Never changed, never deleted: a trigger sees to it.

    `total_minor` is below zero on a credit note. Tax is contained in all amounts (ADR 17).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=16, choices=DocumentKind)
    number = models.CharField(max_length=20, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    issued_on = models.DateField()  # at the depot
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    seller = models.JSONField()  # {"name", "address": [line], "tax_id"}
    customer = EncryptedJSONField()  # {"name", "address": [line]}
    taxes = models.JSONField()  # [documents.taxes.TaxPart as JSON], highest rate first
    note = models.CharField(max_length=300, blank=True)  # how it was paid, or what it corrects

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_valid"),
            models.UniqueConstraint(fields=["kind", "year", "sequence"], name="document_one_for_each_number"),
            models.CheckConstraint(
                condition=Q(kind="receipt", total_minor__gt=0) | Q(kind="credit_note", total_minor__lt=0),
                name="document_total_has_sign_of_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DocumentLine(models.Model):
    """One charge as a document shows it. A charge stands on at most one document. Append-only by trigger."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="lines")
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="document_line")
    title = models.CharField(max_length=300)
    detail = models.CharField(max_length=600, blank=True)
    days = models.PositiveIntegerField(null=True, blank=True)  # of a rental
    quantity = models.PositiveIntegerField(default=1)
    unit_price_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    taxes = models.JSONField()  # [documents.taxes.TaxPart as JSON]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(total_minor=F("unit_price_minor") * F("quantity")), name="document_line_total_is_product"
            ),
        ]

    def __str__(self) -> str:
        return self.title
