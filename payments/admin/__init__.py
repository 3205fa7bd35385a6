"""Money as staff see it. Only a refund moves any, by its service."""

from payments.admin.document import DocumentAdmin
from payments.admin.event import ProviderEventAdmin
from payments.admin.order import documents_card, money_card
from payments.admin.payment import PaymentAdmin
from payments.admin.refund import RefundAdmin

__all__ = ["DocumentAdmin", "PaymentAdmin", "ProviderEventAdmin", "RefundAdmin", "documents_card", "money_card"]
