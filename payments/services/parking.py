"""What a person must look at before it counts."""

from core.logging import get_logger
from payments.models import Payment

log = get_logger(__name__)

MORE_THAN_PAID = "More went back than was paid: refunds and disputes together."
_SUMS = ("refunded_minor", "refund_pending_minor", "refund_waiting_minor", "disputed_minor")


def park(payment: Payment, reason: str) -> None:
    """Park a locked payment; "" takes it out again: what was wrong is not any more."""
    _set(payment, reason or _more_than_paid(payment))


def save_sums(payment: Payment) -> None:
    """Save what went back of a locked payment; parked while that is more than was paid."""
    more = _more_than_paid(payment)
    if more and not payment.parked_reason:
        _set(payment, more, *_SUMS)
    elif not more and payment.parked_reason == MORE_THAN_PAID:
        _set(payment, "", *_SUMS)
    else:
        payment.save(update_fields=_SUMS)


def _more_than_paid(payment: Payment) -> str:
    return MORE_THAN_PAID if payment.gone_minor > payment.captured_minor else ""


def _set(payment: Payment, reason: str, *fields: str) -> None:
    if payment.parked_reason == reason:
        return
    payment.parked_reason = reason
    payment.save(update_fields=["parked_reason", *fields])
    if reason:
        log.error("payment_parked", payment=str(payment.pk), reason=reason)
