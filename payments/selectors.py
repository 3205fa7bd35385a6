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
from payments.states import LIVE, PaymentStatus, RefundStatus
from payments.words import Words


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement. Positive raises what the customer owes, negative lowers it."""

    at: datetime
    kind: str  # "charge", "payment", "refund"
    what: str
    status: str
    amount_minor: int
    text: str  # its state in plain words


@dataclass(frozen=True, slots=True)
class DepositEntry:
    """A deposit, apart from the balance: only what was kept of it is in there."""

    plan: str
    status: str
    amount_minor: int
    kept_minor: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that makes up the balance: charged − (captured − refunded), in minor units."""

    order: Order
    entries: list[Entry]
    deposits: list[DepositEntry]
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
    """Every charge, payment and refund of an order, oldest first, and its deposits."""
    charges = list(order.charges.select_related("line"))
    payments = list(Payment.objects.filter(order=order).for_charges().order_by("created_at"))
    refunds = list(Refund.objects.filter(payment__in=payments).select_related("payment").order_by("created_at"))
    deposits = list(Deposit.objects.filter(order=order).order_by("created_at"))
    words = Words(order.currency, order.depot.time_zone)
    entries = [_charge_entry(charge, words) for charge in charges]
    entries += [_payment_entry(p, words) for p in payments if p.captured_minor or p.status in LIVE]
    entries += [_refund_entry(refund, words) for refund in refunds]
    entries += [_kept_entry(deposit, words) for deposit in deposits if deposit.captured_minor]
    return Statement(
        order=order,
        entries=sorted(entries, key=lambda entry: entry.at),
        deposits=[_deposit_entry(deposit, words) for deposit in deposits],
        charged_minor=sum(c.amount_minor for c in charges),
        captured_minor=sum(p.captured_minor for p in payments) + sum(d.captured_minor for d in deposits),
        refunded_minor=sum(p.refunded_minor for p in payments),
        refund_pending_minor=sum(p.refund_pending_minor for p in payments),
    )


def _charge_entry(charge: Charge, words: Words) -> Entry:
    what = capfirst(charge.reason) or charge.get_kind_display()
    full = f"{what}, {charge.line}" if charge.line else what
    text = words.charge(charge.amount_minor, full)
    return Entry(charge.created_at, "charge", what, "charged", charge.amount_minor, text)


def _payment_entry(payment: Payment, words: Words) -> Entry:
    at = payment.succeeded_at or payment.created_at
    if not payment.captured_minor:
        text = words.open_payment(payment.status, payment.amount_minor)
        return Entry(at, "payment", "Payment by card", payment.status, 0, text)
    text = words.payment(payment.purpose, payment.captured_minor, at)
    return Entry(at, "payment", "Paid by card", payment.status, -payment.captured_minor, text)


def _refund_entry(refund: Refund, words: Words) -> Entry:
    arrived = refund.status == RefundStatus.SUCCEEDED
    return Entry(
        refund.settled_at or refund.created_at,
        "refund",
        capfirst(refund.reason),
        refund.status,
        refund.amount_minor if arrived else 0,
        words.refund(refund.payment.purpose, refund.status, refund.amount_minor, refund.settled_at),
    )


def _kept_entry(deposit: Deposit, words: Words) -> Entry:
    at, kept = deposit.ended_at or deposit.created_at, deposit.captured_minor
    return Entry(at, "payment", "Paid from the deposit", deposit.status, -kept, words.kept(kept, at))


def _deposit_entry(deposit: Deposit, words: Words) -> DepositEntry:
    text = words.deposit(
        deposit.plan,
        deposit.status,
        deposit.amount_minor,
        kept_minor=deposit.captured_minor,
        due_at=deposit.due_at,
        secured_at=deposit.secured_at,
        until=deposit.capture_before,
        ended_at=deposit.ended_at,
    )
    return DepositEntry(deposit.plan, deposit.status, deposit.amount_minor, deposit.captured_minor, text)
