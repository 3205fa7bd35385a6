"""What a deposit means for its customer, in words."""

from datetime import timedelta

from django.conf import settings

from core.money import format_minor
from orders.models import DepositPlan

_DAY = timedelta(days=1)


def deposit_terms(plan: str, deposit_minor: int, currency: str) -> str:
    """One sentence about when it is taken and when it goes back; "" when there is none."""
    if not plan or not deposit_minor:
        return ""
    money, days = format_minor(deposit_minor, currency), -(-settings.DEPOSIT_LEAD // _DAY)
    when = "the day before the pickup" if days == 1 else f"{days} days before the pickup"
    if plan == DepositPlan.HOLD:
        return f"{money} is held on your card from {when} and let go after the return."
    return f"{money} is charged to your card {when} and given back after the return."
