"""Money as it moved at the gateway. What must never be false is said to the database."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum, Value

from core.encryption import EncryptedJSONField
from core.ids import new_id
from core.money import format_minor
from orders.models import Charge, DepositPlan, Order
from payments.states import DEPOSIT_LIVE, LIVE, DepositStatus, EventStatus, PaymentStatus, RefundStatus


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


class PaymentQuerySet(models.QuerySet["Payment"]):
    def for_charges(self) -> Self:
        """Payments of what is charged; a deposit's pay for it only as far as it is kept."""
        return self.exclude(purpose=Payment.Purpose.DEPOSIT)

    def kept(self) -> int:
        """Captured, and neither refunded nor asked to be, in minor units."""
        left = F("captured_minor") - F("refunded_minor") - F("refund_pending_minor")
        return int(self.aggregate(kept=Sum(left))["kept"] or 0)


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
    currency = models.CharField(max_length=3)
    provider_ref = models.CharField(max_length=255, null=True, blank=True, unique=True)  # Stripe: PaymentIntent id
    attempts = models.PositiveSmallIntegerField(default=0)  # keys that the gateway spent on an error of its own
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    captures_later = models.BooleanField(default=False)  # only held at first; at most one capture, the rest goes back
    capture_before = models.DateTimeField(null=True, blank=True)  # of a hold: the gateway then lets go
    keeps_card = models.BooleanField(default=False)  # the customer agreed that the card is kept for this order
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
        indexes = [models.Index(fields=["created_at"], condition=Q(status__in=LIVE), name="payment_live_by_age")]
        permissions = [("refund_payment", "Can give money back")]

    def __str__(self) -> str:
        return f"{format_minor(self.amount_minor, self.currency)} ({self.get_purpose_display().lower()})"

    @property
    def key(self) -> str:
        """The idempotency key to use at the gateway now."""
        return f"{self.pk}.{self.attempts}"

    @property
    def refundable_minor(self) -> int:
        """Captured and neither refunded nor asked to be."""
        return self.captured_minor - self.refunded_minor - self.refund_pending_minor


class Refund(models.Model):
    """Money on its way back. Its id makes the idempotency key at the gateway, so a repeat pays nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.PositiveBigIntegerField()
    status = models.CharField(max_length=16, choices=RefundStatus, default=RefundStatus.REQUESTED)
    reason = models.CharField(max_length=300)
    requested_by = models.CharField(max_length=80)
    approved_by = models.CharField(max_length=80, blank=True)
    provider_ref = models.CharField(max_length=255, null=True, blank=True, unique=True)  # Stripe: Refund id
    attempts = models.PositiveSmallIntegerField(default=0)  # keys that the gateway spent on an error of its own
    failure = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_valid"),
            models.CheckConstraint(condition=~Q(reason=Value("")), name="refund_has_reason"),
        ]

    def __str__(self) -> str:
        return f"refund of {format_minor(self.amount_minor, self.payment.currency)}"

    @property
    def key(self) -> str:
        """The idempotency key to use at the gateway now."""
        return f"{self.pk}.{self.attempts}"


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
