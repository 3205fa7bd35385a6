"""What is counted twice: a payment's sums beside the rows they are of, and what a deposit keeps beside its payment."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from orders.services import settle_soon
from payments.models import GONE, Deposit, Dispute, Payment, Refund
from payments.selectors import LAST_ENDED
from payments.services.deposit_states import follow_payment, settle_deposit_soon
from payments.services.locking import lock_payment
from payments.services.parking import save_sums
from payments.states import DEPOSIT_LIVE, DISPUTE_OPEN, NOT_OVER, UNDER_WAY, RefundStatus

# {column of a payment: the annotation that counts its rows}
SUMS = {
    "refunded_minor": "rows_refunded",
    "refund_pending_minor": "rows_pending",
    "refund_waiting_minor": "rows_waiting",
    "disputed_minor": "rows_disputed",
}


def payments_miscounted(*, since: datetime) -> QuerySet[Payment]:
    """Payments made since then whose sums are not those of their rows; each with what its rows come to (`SUMS`).

    One statement, which joins and groups: what is right is not read.
    """
    counted = _counted(Payment.objects.filter(created_at__gte=since))
    differs = Q()
    for column, rows in SUMS.items():
        differs |= ~Q(**{column: F(rows)})
    return counted.filter(differs).prefetch_related("order").order_by("pk")


def _counted(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    taken = Dispute.objects.filter(payment=OuterRef("pk")).order_by().values("payment")
    disputed = Subquery(taken.annotate(sum=Sum("withdrawn_minor")).values("sum"), output_field=BigIntegerField())
    return payments.annotate(
        rows_refunded=_refunds(RefundStatus.SUCCEEDED),
        rows_pending=_refunds(*UNDER_WAY),
        rows_waiting=_refunds(RefundStatus.WAITING),
        rows_disputed=Coalesce(disputed, Value(0), output_field=BigIntegerField()),
    )


def _refunds(*statuses: str) -> Coalesce:
    asked = Sum("refunds__amount_minor", filter=Q(refunds__status__in=statuses))
    return Coalesce(asked, Value(0), output_field=BigIntegerField())


def fits(payment: Any) -> bool:
    """True when what the rows of a payment of `payments_miscounted` come to can be true: no more went than came."""
    return bool(payment.rows_refunded + payment.rows_pending <= payment.captured_minor)


@transaction.atomic
def recount_payment(*, payment_id: UUID) -> Payment:
    """Let a payment's sums follow its rows, and its order and deposit with it; not where they cannot be true.

    Safe to repeat. Locks: order, payment, deposit.
    """
    order, payment = lock_payment(payment_id)
    counted: Any = _counted(Payment.objects.filter(pk=payment_id)).get()
    if not fits(counted):
        return payment
    for column, rows in SUMS.items():
        setattr(payment, column, getattr(counted, rows))
    save_sums(payment)
    settle_soon(order.pk)
    if payment.deposit_id is not None:
        follow_payment(order, payment, news=False)
        settle_deposit_soon(payment.deposit_id)
    return payment


def deposits_miscounted(*, since: datetime) -> Iterator[tuple[Deposit, int]]:
    """Ended deposits of payments made since then that keep another amount than is left of them, each with what is left.

    Left out is what is under way, and what waits for a person or a bank: a refund that failed or is not approved, a
    payment that is parked or disputed.
    """
    secures = Payment.objects.filter(deposit=OuterRef("pk"), provider_ref=OuterRef("provider_ref"))
    left = Subquery(secures.values(left=F("captured_minor") - GONE), output_field=BigIntegerField())
    last_refund = Refund.objects.filter(payment=OuterRef("pk")).order_by(*LAST_ENDED).values("status")
    at_bank = Dispute.objects.filter(Q(status__in=DISPUTE_OPEN) | Q(withdrawn_minor__gt=0), payment=OuterRef("pk"))
    waits = Q(status__in=NOT_OVER) | ~Q(parked_reason="") | Q(refund_waiting_minor__gt=0) | Exists(at_bank)
    payments = Payment.objects.filter(deposit=OuterRef("pk")).alias(last_refund=Subquery(last_refund[:1]))
    unfinished = payments.filter(waits | Q(last_refund=RefundStatus.FAILED))
    recent = Payment.objects.filter(created_at__gte=since, deposit__isnull=False)
    ended = Deposit.objects.filter(~Exists(unfinished), pk__in=recent.values("deposit")).exclude(
        status__in=DEPOSIT_LIVE
    )
    rows: Any = ended.annotate(left=Coalesce(left, Value(0), output_field=BigIntegerField()))
    for deposit in rows.exclude(captured_minor=F("left")).select_related("order").order_by("pk"):
        yield deposit, deposit.left
