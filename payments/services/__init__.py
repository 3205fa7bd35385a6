"""Every write to money that means something."""

from payments.services.collecting import StartedPayment, apply_payment, settle_payment, start_payment
from payments.services.deposits import (
    end_deposit,
    renew_ending_holds,
    secure_deposit,
    secure_due_deposits,
    settle_deposit,
)
from payments.services.documents import catch_up_on_documents, issue_documents
from payments.services.extras import collect_extra
from payments.services.returning import apply_refunds, refund_overpayment, request_refund, send_refund, settle_refund
from payments.services.settling import (
    catch_up,
    catch_up_on_refunds,
    close_payments,
    process_event,
    push_refund,
    receive_event,
    refresh_payment,
    refresh_refunds,
    settle_order,
)

__all__ = [
    "StartedPayment",
    "apply_payment",
    "apply_refunds",
    "catch_up",
    "catch_up_on_documents",
    "catch_up_on_refunds",
    "close_payments",
    "collect_extra",
    "end_deposit",
    "issue_documents",
    "process_event",
    "push_refund",
    "receive_event",
    "refresh_payment",
    "refresh_refunds",
    "refund_overpayment",
    "renew_ending_holds",
    "request_refund",
    "secure_deposit",
    "secure_due_deposits",
    "send_refund",
    "settle_deposit",
    "settle_order",
    "settle_payment",
    "settle_refund",
    "start_payment",
]
