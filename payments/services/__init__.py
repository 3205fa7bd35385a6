"""Every write to money that means something."""

from payments.services.collecting import apply_payment, settle_payment
from payments.services.deposits import (
    end_deposit,
    release_deposit,
    renew_ending_holds,
    secure_deposit,
    secure_deposit_now,
    secure_due_deposits,
    settle_deposit,
)
from payments.services.disputes import apply_disputes, ask_for_disputed, write_off_dispute
from payments.services.documents import catch_up_on_documents, issue_documents
from payments.services.extras import collect_extra
from payments.services.mailing import read_mail, send_mail, tell
from payments.services.privacy import forget_gateway_customers
from payments.services.pushing import forget_old_pushes, send_push
from payments.services.reconcile import forget_old_reconciliations, reconcile_payments, watch_payments
from payments.services.returning import (
    apply_refunds,
    approve_refund,
    decline_refund,
    refund_overpayment,
    request_refund,
    send_refund,
    settle_refund,
)
from payments.services.settling import (
    catch_up,
    catch_up_on_disputes,
    catch_up_on_refunds,
    close_payments,
    process_event,
    push_refund,
    receive_event,
    refresh_disputes,
    refresh_payment,
    refresh_refunds,
    settle_order,
)
from payments.services.starting import StartedPayment, start_payment

__all__ = [
    "StartedPayment",
    "apply_disputes",
    "apply_payment",
    "apply_refunds",
    "approve_refund",
    "ask_for_disputed",
    "catch_up",
    "catch_up_on_disputes",
    "catch_up_on_documents",
    "catch_up_on_refunds",
    "close_payments",
    "collect_extra",
    "decline_refund",
    "end_deposit",
    "forget_gateway_customers",
    "forget_old_pushes",
    "forget_old_reconciliations",
    "issue_documents",
    "process_event",
    "push_refund",
    "read_mail",
    "receive_event",
    "reconcile_payments",
    "refresh_disputes",
    "refresh_payment",
    "refresh_refunds",
    "refund_overpayment",
    "release_deposit",
    "renew_ending_holds",
    "request_refund",
    "secure_deposit",
    "secure_deposit_now",
    "secure_due_deposits",
    "send_mail",
    "send_push",
    "send_refund",
    "settle_deposit",
    "settle_order",
    "settle_payment",
    "settle_refund",
    "start_payment",
    "tell",
    "watch_payments",
    "write_off_dispute",
]
