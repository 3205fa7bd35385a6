"""What the gateway is asked about a payment: its row alone says it, so that whoever asks again asks the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from payments.models import Payment
from payments.providers.base import KeySpent, NewPage, NewPayment, RemotePage, RemotePayment, RemoteStatus
from payments.providers.registry import get_provider

_TITLES = {
    Payment.Purpose.ORDER: "Order",
    Payment.Purpose.EXTENSION: "Extension of order",
    Payment.Purpose.EXTRA: "Later charges of order",
    Payment.Purpose.DEPOSIT: "Deposit of order",
}
_FIRST_TRY = timedelta(minutes=10)
_WORST_FIRST = [RemoteStatus.CANCELLED, RemoteStatus.PENDING]


def ask_for(payment: Payment, *, customer_ref: str) -> RemotePayment:
    """Make a payment at the gateway, change it as the row says, or read it again. Needs `order`. Safe to repeat.

    A kept card is never charged a second time because an answer was lost or the gateway broke: then it looks first.
    Network, outside any transaction. Raises: ProviderUnavailable, ProviderRefused.
    """
    with _counting(payment):
        return _ask_for(payment, customer_ref)


def ask_for_page(payment: Payment, *, customer_ref: str) -> RemotePage:
    """Open the page that a payment is to be paid on, or read it again. Needs `order`. Safe to repeat.

    One that was made without our hearing of it is seen by nobody. Network, outside any transaction. Raises:
    ProviderUnavailable, ProviderRefused.
    """
    provider = get_provider()
    if payment.page_ref:
        return provider.get_page(payment.page_ref)
    if payment.page_ends_at is None:
        raise ValueError("this payment is not paid on a page")
    back = urlencode({"order": payment.order.number})
    page = NewPage(
        title=f"{_TITLES[Payment.Purpose(payment.purpose)]} {payment.order.number}",
        ends_at=payment.page_ends_at,
        paid_url=f"{settings.PAYMENT_PAID_URL}?{back}",
        left_url=f"{settings.PAYMENT_LEFT_URL}?{back}",
    )
    with _counting(payment):
        return provider.open_page(_new(payment, customer_ref), page)


@contextmanager
def _counting(payment: Payment) -> Iterator[None]:
    """A key that the gateway spent is not used again."""
    try:
        yield
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
    new = _new(payment, customer_ref)
    if not payment.card_ref:
        return provider.create_payment(new)
    if payment.attempts or payment.created_at < timezone.now() - _FIRST_TRY:
        made = made_before(payment, customer_ref=customer_ref)
        if made is not None:
            return made
    return provider.charge_card(new, card_ref=payment.card_ref)


def _new(payment: Payment, customer_ref: str) -> NewPayment:
    return NewPayment(
        key=payment.key,
        payment_id=payment.pk,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_number=payment.order.number,
        customer_ref=customer_ref,
        keeps_card=payment.keeps_card,
        captures_later=payment.captures_later,
    )
