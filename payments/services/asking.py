"""What the gateway is asked about a payment: its row alone says it, so that whoever asks again asks the same."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from payments.models import Payment
from payments.providers.base import KeySpent, NewPayment, RemotePayment, RemoteStatus
from payments.providers.registry import get_provider

_FIRST_TRY = timedelta(minutes=10)
_WORST_FIRST = [RemoteStatus.CANCELLED, RemoteStatus.PENDING]


def ask_for(payment: Payment, *, customer_ref: str) -> RemotePayment:
    """Make a payment at the gateway, change it as the row says, or read it again. Needs `order`. Safe to repeat.

    A kept card is never charged a second time because an answer was lost or the gateway broke: then it looks first.
    Network, outside any transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    try:
        return _ask_for(payment, customer_ref)
    except KeySpent:
        Payment.objects.filter(pk=payment.pk).update(attempts=F("attempts") + 1)
        raise


def made_before(payment: Payment, *, customer_ref: str) -> RemotePayment | None:
    """What the gateway made of a payment without our hearing of it, if anything. Network. Raises: ProviderError."""
    made = [remote for remote in get_provider().payments_of(customer_ref) if remote.payment_id == payment.pk]
    made.sort(key=lambda remote: _WORST_FIRST.index(remote.status) if remote.status in _WORST_FIRST else 9)
    return made[-1] if made else None


def _ask_for(payment: Payment, customer_ref: str) -> RemotePayment:
    provider = get_provider()
    if payment.provider_ref:
        if payment.changing_to_minor is None:
            return provider.get_payment(payment.provider_ref)
        return provider.change_payment(
            key=f"{payment.key}.{payment.changes}",
            ref=payment.provider_ref,
            amount_minor=payment.changing_to_minor,
            keeps_card=payment.keeps_card,
        )
    new = NewPayment(
        key=payment.key,
        payment_id=payment.pk,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_number=payment.order.number,
        customer_ref=customer_ref,
        keeps_card=payment.keeps_card,
        captures_later=payment.captures_later,
    )
    if not payment.card_ref:
        return provider.create_payment(new)
    if payment.attempts or payment.created_at < timezone.now() - _FIRST_TRY:
        made = made_before(payment, customer_ref=customer_ref)
        if made is not None:
            return made
    return provider.charge_card(new, card_ref=payment.card_ref)
