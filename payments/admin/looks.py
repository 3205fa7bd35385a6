"""How money reads: the colours of its states, and what asks for a person."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice import NOTHING, badge, link, page_of
from orders.models import Order
from payments.models import Deposit, Dispute, Payment, ProviderEvent, Refund
from payments.states import DepositStatus, EventStatus, PaymentStatus, RefundStatus

TONES: dict[str, str] = {
    PaymentStatus.PENDING: "info",
    PaymentStatus.PROCESSING: "warning",
    PaymentStatus.AUTHORISED: "success",
    PaymentStatus.SUCCEEDED: "success",
    DepositStatus.PLANNED: "info",
    DepositStatus.UNSECURED: "danger",
    DepositStatus.SECURED: "success",
    DepositStatus.CAPTURED: "warning",
    RefundStatus.WAITING: "warning",
    RefundStatus.REQUESTED: "info",
    EventStatus.RECEIVED: "info",
    EventStatus.PROCESSED: "success",
    EventStatus.PARKED: "danger",
}


class AttentionFilter(admin.SimpleListFilter):
    """What waits for a person. works: {value in the address: (what it is called, its rows)}."""

    title = parameter_name = "attention"
    works: ClassVar[Mapping[str, tuple[str, Callable[[], QuerySet[Any]]]]]

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [(value, called) for value, (called, _) in self.works.items()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        work = self.works.get(self.value() or "")
        return queryset if work is None else queryset.filter(pk__in=work[1]().values("pk"))


def status_badge(thing: Payment | Refund | Deposit | ProviderEvent) -> SafeString:
    """The state of a payment, a deposit, a refund or an event; a failed refund says what it means."""
    if thing.status == RefundStatus.FAILED:
        return badge("Money still owed", "danger")
    if thing.status == RefundStatus.WAITING:
        return badge("Waits for approval", "warning")
    return badge(thing.get_status_display(), TONES.get(str(thing.status), ""))


def payment_badges(payment: Payment) -> list[SafeString]:
    """Its state, and whether a person must look."""
    parked = [badge("Parked", "danger", title=payment.parked_reason)] if payment.parked_reason else []
    disputed = [badge("Disputed", "danger")] if payment.disputed_minor else []
    return [status_badge(payment), *parked, *disputed]


def order_link(order: Order) -> SafeString | str:
    return page_of("orders_order", order.pk, format_html('<span class="nowrap">{}</span>', order.number), strong=True)


def gateway_link(payment: Payment) -> Any:
    """The gateway's reference; a link to Stripe's own pages where the key is a real one."""
    return _gateway("payments", payment.provider_ref)


def gateway_dispute_link(dispute: Dispute) -> Any:
    """The gateway's reference, where evidence is given; a link as for payments."""
    return _gateway("disputes", dispute.provider_ref)


def _gateway(pages: str, ref: str | None) -> Any:
    if not ref:
        return NOTHING
    shown = format_html('<span class="mono">{}</span>', ref)
    key = settings.STRIPE_SECRET_KEY
    if settings.STRIPE_API_BASE or not key.startswith(("sk_live_", "rk_live_", "sk_test_", "rk_test_")):
        return shown
    test = "" if "_live_" in key else "test/"
    return link(f"https://dashboard.stripe.com/{test}{pages}/{ref}", shown)
