"""What payments know of a customer: see `accounts.privacy`."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from core.logging import get_logger
from core.money import format_minor
from core.queue import enqueue
from orders.models import Charge, Order
from orders.outlook import cancellation_of
from orders.selectors import has_left
from orders.states import OrderStatus
from payments.models import Deposit, Document, GatewayCustomer, Payment, Refund
from payments.providers.base import ProviderRefused
from payments.providers.registry import get_provider
from payments.selectors import disputes_of_attention, failed_refunds, owed
from payments.services.documents import issue_documents
from payments.states import NOT_OVER

log = get_logger(__name__)

_KEPT = (OrderStatus.CONFIRMED, OrderStatus.COMPLETED)


def what_keeps(*, user_id: UUID) -> Iterator[str]:
    """Money that is owed or argued about: a debt has a name. Orders that are open are locked by orders."""
    mine = Order.objects.filter(customer=user_id)
    kept = mine.filter(status__in=_KEPT).select_related("quote", "depot").with_lines().order_by("id")
    for order in kept:
        if (minor := _still_owed(order)) > 0:
            yield f"Order {order.number}: {format_minor(minor, order.currency)} is still owed; pay it first."
    for number in mine.filter(payments__in=disputes_of_attention().values("payment")).values_list("number", flat=True):
        yield f"Order {number}: your bank has not decided yet about money that it asked back."
    for number in mine.filter(payments__in=failed_refunds().values("payment")).values_list("number", flat=True):
        yield f"Order {number}: money could not be given back to your card; tell us where it shall go."


def wind_up(*, user_id: UUID, actor: str) -> None:  # noqa: ARG001 (nobody is named on a receipt but its customer)
    """Receipts and credit notes are written while it is known to whom."""
    for order_id in Order.objects.filter(customer=user_id, confirmed_at__isnull=False).values_list("pk", flat=True):
        issue_documents(order_id=order_id)


def forget(*, user_id: UUID) -> None:
    """The kept card is charged no more, and a job has the gateway forget its owner. Receipts stay, as the law asks."""
    GatewayCustomer.objects.filter(user=user_id).update(card_ref="", card_kept_at=None)
    enqueue("payments.forget_gateway_customers", once="payments.forget_gateway_customers")


def export(*, user_id: UUID) -> dict[str, Any]:
    """In a fixed number of statements."""
    mine, number = {"order__customer": user_id}, {"order_number": F("order__number")}
    payments, deposits = Payment.objects.filter(**mine), Deposit.objects.filter(**mine)
    refunds = Refund.objects.filter(payment__order__customer=user_id)
    return {
        "charges": _rows(Charge.objects.filter(**mine), "kind", "reason", **number),
        "payments": _rows(payments, "status", "purpose", "captured_minor", **number),
        "refunds": _rows(refunds, "status", "reason", order_number=F("payment__order__number")),
        "deposits": _rows(deposits, "status", "plan", "captured_minor", **number),
        "documents": list(
            Document.objects.filter(**mine).order_by("id").values("number", "issued_on", "total_minor", "customer")
        ),
        "card_is_kept": GatewayCustomer.objects.filter(user=user_id).exclude(card_ref="").exists(),
    }


def _rows(rows: QuerySet[Any], *own: str, **more: F) -> list[dict[str, Any]]:
    return list(rows.order_by("created_at", "pk").values("created_at", "amount_minor", *own, **more))


def _still_owed(order: Order) -> int:
    """Without what is credited when it is cancelled with its account."""
    minor = owed(order.pk)
    if minor > 0 and order.status == OrderStatus.CONFIRMED and not has_left(order):
        minor -= cancellation_of(order).credit_minor
    return minor


def forget_gateway_customers() -> int:
    """Have the gateway forget the customers who closed their account, once nothing of theirs can be paid any more.

    Returns how many. Safe to repeat. Network, outside any transaction. Raises: ProviderUnavailable.
    """
    open_ones = Payment.objects.filter(order__customer=OuterRef("user"), status__in=NOT_OVER)
    forgotten = 0
    for customer in GatewayCustomer.objects.filter(~Exists(open_ones), user__closed_at__isnull=False).order_by("id"):
        try:
            get_provider().forget_customer(customer.provider_ref)
        except ProviderRefused as no:  # of this one; the others are forgotten all the same
            log.error("gateway_customer_not_forgotten", customer=customer.provider_ref, error=str(no))
            continue
        customer.delete()
        forgotten += 1
    return forgotten
