"""Money as staff see it. Only a refund moves any, by its service; what a bank kept is decided about by steps."""

from payments.admin.deposit import DepositAdmin
from payments.admin.dispute import DisputeAdmin
from payments.admin.document import DocumentAdmin
from payments.admin.event import ProviderEventAdmin
from payments.admin.mail import MailAdmin
from payments.admin.order import documents_card, money_card
from payments.admin.payment import PaymentAdmin
from payments.admin.push import PushAdmin
from payments.admin.reconciliation import PaymentReconciliationAdmin
from payments.admin.refund import RefundAdmin

__all__ = [
    "DepositAdmin",
    "DisputeAdmin",
    "DocumentAdmin",
    "MailAdmin",
    "PaymentAdmin",
    "PaymentReconciliationAdmin",
    "ProviderEventAdmin",
    "PushAdmin",
    "RefundAdmin",
    "documents_card",
    "money_card",
]
