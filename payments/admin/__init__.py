"""Money as staff see it. Only a refund moves any, by its service."""

from payments.admin.deposit import DepositAdmin
from payments.admin.event import ProviderEventAdmin
from payments.admin.order import money_card
from payments.admin.payment import PaymentAdmin
from payments.admin.refund import RefundAdmin

__all__ = ["DepositAdmin", "PaymentAdmin", "ProviderEventAdmin", "RefundAdmin", "money_card"]
