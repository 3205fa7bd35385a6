"""What a person must look at before it counts.

A payment has one reason at a time, and whoever found it takes it away again: what was read about the payment itself
says nothing about its refunds. Else the end would depend on which event came last.
"""

from core.logging import get_logger
from payments.models import Payment
from payments.states import ParkedBy

log = get_logger(__name__)

MORE_THAN_PAID = "More went back than was paid: refunds and disputes together."
_SUMS = ("refunded_minor", "refund_pending_minor", "refund_waiting_minor", "disputed_minor")


def park(payment: Payment, reason: str, *, by: ParkedBy) -> None:
    """Park a locked payment, unless it is parked for another reason; "" takes back what was found by the same look."""
    if payment.parked_reason and payment.parked_by != by:
        return
    if reason:
        _set(payment, reason, by)
    elif payment.parked_reason:
        _set(payment, *_wrong_sums(payment))


def save_sums(payment: Payment) -> None:
    """Save what went back of a locked payment; parked while that is more than was paid."""
    reason, by = _wrong_sums(payment)
    if payment.parked_by in ("", ParkedBy.SUMS) and reason != payment.parked_reason:
        _set(payment, reason, by, *_SUMS)
    else:
        payment.save(update_fields=_SUMS)


def _wrong_sums(payment: Payment) -> tuple[str, str]:
    return (MORE_THAN_PAID, ParkedBy.SUMS) if payment.gone_minor > payment.captured_minor else ("", "")


def _set(payment: Payment, reason: str, by: str, *fields: str) -> None:
    if (payment.parked_reason, payment.parked_by) == (reason, by):
        return
    payment.parked_reason, payment.parked_by = reason[:300], by
    payment.save(update_fields=["parked_reason", "parked_by", *fields])
    if reason:
        log.error("payment_parked", payment=str(payment.pk), reason=reason)
