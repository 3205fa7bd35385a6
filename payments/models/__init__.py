"""Money as it moved at the gateway. What must never be false is said to the database."""

from payments.models.dispute import Dispute
from payments.models.document import Document, DocumentCounter, DocumentKind, DocumentLine
from payments.models.gateway import GatewayCustomer, ProviderEvent
from payments.models.mail import Mail
from payments.models.payment import GONE, Deposit, Payment
from payments.models.push import Push
from payments.models.reconciliation import PaymentReconciliation
from payments.models.refund import Refund

__all__ = [
    "GONE",
    "Deposit",
    "Dispute",
    "Document",
    "DocumentCounter",
    "DocumentKind",
    "DocumentLine",
    "GatewayCustomer",
    "Mail",
    "Payment",
    "PaymentReconciliation",
    "ProviderEvent",
    "Push",
    "Refund",
]
