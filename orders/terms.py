"""What a deposit and a delivery mean for their customer, in words."""

from datetime import timedelta

from django.conf import settings

from core.money import format_minor
from orders.models import DepositPlan, Fulfilment, Order, Quote

_DAY = timedelta(days=1)


def deposit_terms(promise: Quote | Order) -> str:
    """One sentence about when it is taken and when it goes back; "" when there is none."""
    if not promise.deposit_plan or not promise.deposit_minor:
        return ""
    money, days = format_minor(promise.deposit_minor, promise.currency), -(-settings.DEPOSIT_LEAD // _DAY)
    leaves = "it is posted" if promise.fulfilment == Fulfilment.DELIVERY else "the pickup"
    when = f"the day before {leaves}" if days == 1 else f"{days} days before {leaves}"
    if promise.deposit_plan == DepositPlan.HOLD:
        return f"{money} is held on your card from {when} and let go after the return."
    return f"{money} is charged to your card {when} and given back after the return."


def delivery_terms(quote: Quote) -> str:
    """One sentence about what is paid for the way; "" when nothing is delivered."""
    if quote.fulfilment != Fulfilment.DELIVERY:
        return ""
    money = format_minor(quote.delivery_minor, quote.currency)
    if any(line["rental"] for line in quote.lines):
        return f"{money} for the way to you, and back for what you rent, once for the whole order."
    return f"{money} for the way to you, once for the whole order."
