"""Customers at the gateway, and the card that each of them let us keep."""

from uuid import UUID

from django.utils import timezone

from payments.models import GatewayCustomer, Payment
from payments.providers.base import RemotePayment
from payments.providers.registry import get_provider


def customer_at_gateway(*, user_id: UUID) -> GatewayCustomer:
    """Our customer as the gateway knows them, made there the first time. Safe to repeat; the key is our id.

    Network, outside any transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    known = GatewayCustomer.objects.filter(user_id=user_id).first()
    if known is None:
        ref = get_provider().create_customer(key=str(user_id), user_id=user_id)
        known, _ = GatewayCustomer.objects.get_or_create(user_id=user_id, defaults={"provider_ref": ref})
    return known


def keep_card(payment: Payment, remote: RemotePayment) -> None:
    """Remember the card of a payment whose payer agreed to it; the newest one is charged later."""
    if payment.keeps_card and remote.card_ref and remote.customer_ref:
        mine = GatewayCustomer.objects.filter(user=payment.order.customer_id, provider_ref=remote.customer_ref)
        mine.exclude(card_ref=remote.card_ref).update(card_ref=remote.card_ref, card_kept_at=timezone.now())
