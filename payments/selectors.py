"""What is owed, and how it came about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.text import capfirst

from orders.models import Charge, Order
from orders.selectors import has_left
from orders.states import OrderStatus
from payments.models import Deposit, Document, Payment, Refund
from payments.states import PaymentStatus, RefundStatus


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement. Positive raises what the customer owes, negative lowers it."""

    at: datetime
    kind: str  # "charge", "payment", "refund"
    what: str
    status: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that makes up the balance: charged − (captured − refunded), in minor units."""

    order: Order
    entries: list[Entry]
    charged_minor: int
    captured_minor: int
    refunded_minor: int
    refund_pending_minor: int

    @property
    def balance_minor(self) -> int:
        """What is owed: above zero by the customer, below zero by the shop."""
        return self.charged_minor - (self.captured_minor - self.refunded_minor)


def balance(order_id: UUID) -> int:
    """What is owed once every refund that was asked for has arrived."""
    charged = Charge.objects.filter(order_id=order_id).total()
    return charged - Payment.objects.filter(order_id=order_id).for_charges().kept() - _kept_of_deposits(order_id)


def is_paid_in_full(order: Order, *, charging_minor: int = 0) -> bool:
    """True when what is here covers what is charged and `charging_minor` more.

    Money that is on its way back is not here, nor is money of a payment that a person must look at first.
    A promise only while the order is locked.
    """
    sound = Payment.objects.filter(order=order, status=PaymentStatus.SUCCEEDED, parked_reason="")
    paid = sound.for_charges().kept() + _kept_of_deposits(order.pk)
    return paid >= order.charges.total() + charging_minor


def empties(order: Order, going_back_minor: int) -> bool:
    """True when this much going back leaves nothing paid of a confirmed order of which nothing was handed over.

    A promise only while the order is locked.
    """
    if order.status != OrderStatus.CONFIRMED or going_back_minor <= 0:
        return False
    return Payment.objects.filter(order=order).for_charges().kept() <= going_back_minor and not has_left(order)


def _kept_of_deposits(order_id: UUID) -> int:
    return int(Deposit.objects.filter(order_id=order_id).aggregate(kept=Sum("captured_minor"))["kept"] or 0)


def parked_payments() -> QuerySet[Payment]:
    """Payments that contradict what we know: a person must look."""
    return Payment.objects.exclude(parked_reason="")


def payments_owed_back() -> QuerySet[Payment]:
    """Payments of which a refund failed, as long as their order still has more than it charges."""
    order = OuterRef("payment__order")
    charged = Charge.objects.filter(order=order).order_by().values("order").annotate(sum=Sum("amount_minor"))
    left = F("captured_minor") - F("refunded_minor") - F("refund_pending_minor")
    kept = Payment.objects.filter(order=order).order_by().values("order").annotate(sum=Sum(left))
    failed = Refund.objects.filter(status=RefundStatus.FAILED).alias(charged=_sum_of(charged), kept=_sum_of(kept))
    return Payment.objects.filter(pk__in=failed.filter(kept__gt=F("charged")).values("payment"))


def orders_without_documents() -> QuerySet[Charge, UUID]:
    """Ids of confirmed orders with a charge that should stand on a receipt or a credit note, and does not yet."""
    order = OuterRef("order")
    receipts = Document.objects.filter(order=order)
    charged = Charge.objects.filter(order=order).order_by().values("order").annotate(sum=Sum("amount_minor"))
    left = F("captured_minor") - F("refunded_minor") - F("refund_pending_minor")
    paid = Payment.objects.filter(order=order).for_charges().order_by().values("order").annotate(sum=Sum(left))
    kept = Deposit.objects.filter(order=order).order_by().values("order").annotate(sum=Sum("captured_minor"))
    owed = _sum_of(charged) - _sum_of(paid) - _sum_of(kept)
    missing = Charge.objects.filter(document_line=None, order__confirmed_at__isnull=False).alias(
        has_receipt=Exists(receipts), owed=owed
    )
    expired_before = Q(has_receipt=True, created_at__lte=F("order__confirmed_at"))
    waits_for_money = Q(amount_minor__gt=0, owed__gt=0) | Q(amount_minor__lt=0, has_receipt=False)
    due = missing.exclude(expired_before).exclude(waits_for_money)
    return due.order_by("order_id").values_list("order_id", flat=True).distinct()


def _sum_of(rows: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(rows.values("sum")), Value(0), output_field=BigIntegerField())


def statement(order: Order) -> Statement:
    """Every charge, payment and refund of an order, oldest first."""
    charges = list(order.charges.all())
    payments = list(Payment.objects.filter(order=order).for_charges().order_by("created_at"))
    refunds = list(Refund.objects.filter(payment__in=payments).order_by("created_at"))
    deposits = list(Deposit.objects.filter(order=order, captured_minor__gt=0).order_by("created_at"))
    entries = [
        Entry(c.created_at, "charge", capfirst(c.reason) or c.get_kind_display(), "charged", c.amount_minor)
        for c in charges
    ]
    entries += [
        Entry(p.succeeded_at or p.created_at, "payment", "Paid by card", p.status, -p.captured_minor)
        for p in payments
        if p.captured_minor
    ]
    entries += [_refund_entry(refund) for refund in refunds]
    entries += [
        Entry(d.ended_at or d.created_at, "payment", "Paid from the deposit", d.status, -d.captured_minor)
        for d in deposits
    ]
    return Statement(
        order=order,
        entries=sorted(entries, key=lambda entry: entry.at),
        charged_minor=sum(c.amount_minor for c in charges),
        captured_minor=sum(p.captured_minor for p in payments) + sum(d.captured_minor for d in deposits),
        refunded_minor=sum(p.refunded_minor for p in payments),
        refund_pending_minor=sum(p.refund_pending_minor for p in payments),
    )


def _refund_entry(refund: Refund) -> Entry:
    arrived = refund.status == RefundStatus.SUCCEEDED
    return Entry(
        refund.settled_at or refund.created_at,
        "refund",
        capfirst(refund.reason),
        refund.status,
        refund.amount_minor if arrived else 0,
    )
