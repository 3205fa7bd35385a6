"""What a person must look at before it counts."""

from core.logging import get_logger
from payments.models import Payment

log = get_logger(__name__)


def park(payment: Payment, reason: str) -> None:
    """Park a locked payment; "" takes it out again: what was wrong is not any more."""
    if payment.parked_reason == reason:
        return
    payment.parked_reason = reason
    payment.save(update_fields=["parked_reason"])
    if reason:
        log.error("payment_parked", payment=str(payment.pk), reason=reason)
