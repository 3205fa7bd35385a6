"""Customers at the gateway, and the card that each of them let us keep."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from core.postgres.prepared import Given, Prepared
from orders.models import Order
from payments.models import GatewayCustomer, Payment
from payments.providers.base import ProviderRefused, RemotePayment
from payments.providers.registry import get_provider
from payments.states import PaymentStatus

_OF_THE_AMOUNT = ("amount_too_small", "amount_too_large", "currency_not_supported")


def customer_at_gateway(*, user_id: UUID) -> GatewayCustomer:
    """Our customer as the gateway knows them, made there the first time. Safe to repeat; the key is our id.

    Network, outside any transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    known = _KNOWN.first(user=user_id)
    if known is None:
        ref = get_provider().create_customer(key=str(user_id), user_id=user_id)
        known, _ = GatewayCustomer.objects.get_or_create(user_id=user_id, defaults={"provider_ref": ref})
    return known


_KNOWN = Prepared(lambda: GatewayCustomer.objects.filter(user=Given("user")).order_by())


def card_for(order: Order) -> GatewayCustomer | None:
    """The customer and the card to charge for this order without its owner. None: they did not agree, or took it away.

    Agreed is with each order anew, by paying it or its deposit with a card that is kept.
    """
    agreed = Payment.objects.filter(
        order=order, keeps_card=True, status__in=[PaymentStatus.SUCCEEDED, PaymentStatus.AUTHORISED]
    )
    card = _of_living().filter(user=order.customer_id).exclude(card_ref="").first()
    return card if card and agreed.exists() else None


def forget_card(payment: Payment, no: ProviderRefused) -> None:
    """The gateway would not ask the kept card for this payment: it is of no use any more, unless the amount is why."""
    if no.code in _OF_THE_AMOUNT:
        return
    GatewayCustomer.objects.filter(user=payment.order.customer_id, card_ref=payment.card_ref).update(card_ref="")


def keep_card(payment: Payment, remote: RemotePayment) -> None:
    """Remember the card of a payment whose payer agreed to it; the newest one is charged later."""
    if payment.keeps_card and remote.keeps_card and remote.card_ref and remote.customer_ref:
        mine = _of_living().filter(user=payment.order.customer_id, provider_ref=remote.customer_ref)
        mine.exclude(card_ref=remote.card_ref).update(card_ref=remote.card_ref, card_kept_at=timezone.now())


def _of_living() -> QuerySet[GatewayCustomer]:
    """Who closed their account is charged no more."""
    return GatewayCustomer.objects.filter(user__closed_at=None)
