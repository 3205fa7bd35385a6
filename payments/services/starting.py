"""Customers who begin to pay: one live payment for each purpose, however often and from wherever it is asked for.

It is paid in the app's payment sheet or on a page of the gateway's, never by both: who asks for the other one has the
first closed (ADR 20).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.postgres.prepared import Given, Prepared, insert
from orders.errors import OrderExpired, TransitionNotAllowed
from orders.models import Order
from orders.services import ready_for_more, ready_for_payment, settle_later
from orders.states import OrderStatus
from payments.errors import NothingToPay, PaymentProviderUnavailable, PaymentRefused
from payments.models import Deposit, Payment
from payments.providers.base import ProviderError, ProviderRefused, ProviderUnavailable, RemotePayment
from payments.providers.registry import get_provider
from payments.selectors import needs_securing, owed
from payments.services.asking import ask_for, ask_for_page
from payments.services.collecting import (
    ITS_OWNERS_TURN,
    change_amount,
    close_what_waits,
    explain_stray,
    settle_asked,
    settle_payment,
)
from payments.services.customers import customer_at_gateway
from payments.services.deposit_states import new_deposit_payment, open_deposit_payment
from payments.services.pages import apply_page, keep_page
from payments.states import DEPOSIT_LIVE, LIVE, PaymentStatus

_TRIES = 3  # close what is in the way, which may first have to be asked how it stands; then open another
_ON_THE_WAY = timedelta(minutes=5)  # a page asked for so much later still lasts as long as the gateway wants
_THEIR_TURN = (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """What the customer's phone needs to pay: the keys of the sheet, or the page's address.

    Neither, when what is under way can no longer be paid in the way that was asked for: its status tells why.
    """

    payment: Payment
    publishable_key: str
    client_secret: str = ""
    customer_session: str = ""
    url: str = ""


def start_payment(
    *,
    order_id: UUID,
    customer_id: UUID,
    purpose: Payment.Purpose = Payment.Purpose.ORDER,
    on_page: bool = False,
    save_card: bool | None = None,
) -> StartedPayment:
    """Open the order's one payment for this purpose, or return it, however often and from however many phones.

    The first call for the order itself extends its hold once; one that is open is changed to what is owed now.
    on_page: it is paid on a page of the gateway's, else in the app's sheet; one that is open the other way, and a page
    of another amount, are closed first. save_card: whether the customer agrees that the card is kept for what this
    order may still owe; None: as before, at first yes if it has a deposit. Network between transactions; the payment's
    id is the key at the gateway.
    Raises: NotFound, OrderStillReserving, OrderExpired, TransitionNotAllowed, NothingToPay, PaymentRefused,
    PaymentProviderUnavailable.
    """
    for _ in range(_TRIES):
        payment, is_as_asked = _open(
            order_id=order_id, customer_id=customer_id, purpose=purpose, on_page=on_page, save_card=save_card
        )
        with _in_our_words():
            customer_ref = customer_at_gateway(user_id=customer_id).provider_ref
            if not is_as_asked:
                started = _cleared(payment, customer_ref)
            elif on_page:
                started = _by_page(payment, customer_ref)
            else:
                started = _by_sheet(payment, customer_ref)
        if started is not None:
            return started
    raise PaymentProviderUnavailable


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except ProviderUnavailable as silence:  # what a spent key may have made is no customer's to pay (ADR 6)
        raise PaymentProviderUnavailable from silence
    except ProviderRefused as no:
        raise PaymentRefused(reason=no.code) from no


def _by_sheet(payment: Payment, customer_ref: str) -> StartedPayment:
    provider = get_provider()
    remote = ask_for(payment, customer_ref=customer_ref)
    session = provider.open_session(customer_ref)
    payment = settle_payment(payment_id=payment.pk, remote=remote)
    _require_ours(payment, remote)
    _require_living(payment)
    if payment.status == PaymentStatus.CANCELLED:  # somebody closed it at the gateway: the next try opens another
        raise PaymentProviderUnavailable
    return StartedPayment(payment, provider.publishable_key, remote.client_secret, session)


def _by_page(payment: Payment, customer_ref: str) -> StartedPayment | None:
    """None: the page has ended, and its payment with it."""
    provider = get_provider()
    page = ask_for_page(payment, customer_ref=customer_ref)
    payment = keep_page(payment_id=payment.pk, page=page)
    if payment.page_ref != page.ref:  # while we waited, it was closed: nobody has seen this page
        provider.close_page(page.ref)
        _require_living(payment)
        raise PaymentProviderUnavailable
    if not page.is_open:
        payment = apply_page(page_ref=page.ref) or payment
    _require_sound(payment)
    _require_living(payment)
    if payment.status == PaymentStatus.CANCELLED or (not page.is_open and payment.status in _THEIR_TURN):
        return None
    return StartedPayment(payment, provider.publishable_key, url=page.url)


def _cleared(payment: Payment, customer_ref: str) -> StartedPayment | None:
    """Close a payment that is in the way; it is returned when that is too late, as the bank is at it."""
    if payment.card_ref and payment.provider_ref is None:  # the kept card is being asked: that comes first
        settle_asked(payment, ask_for(payment, customer_ref=customer_ref))
    else:
        close_what_waits(payment)
    payment.refresh_from_db()
    _require_sound(payment)
    return StartedPayment(payment, get_provider().publishable_key) if payment.status not in _THEIR_TURN else None


def _require_ours(payment: Payment, remote: RemotePayment) -> None:
    """No secret of a payment that is not the row's own, or that a person must look at first. Network for a stray.

    Raises: PaymentProviderUnavailable, PaymentRefused.
    """
    if payment.provider_ref != remote.ref:  # while we waited, an event told us of an earlier one
        try:
            explain_stray(remote)
        except ProviderError as trouble:
            raise PaymentProviderUnavailable from trouble
        raise PaymentProviderUnavailable
    _require_sound(payment)


def _require_sound(payment: Payment) -> None:
    if payment.parked_reason:
        raise PaymentRefused(reason="under_review")


def _require_living(payment: Payment) -> None:
    """No secret for an order that died while the gateway worked. Raises: OrderExpired, TransitionNotAllowed."""
    [status] = _STATUS.all(order=payment.order_id)
    if status == OrderStatus.EXPIRED:
        raise OrderExpired
    if status == OrderStatus.CANCELLED:
        raise TransitionNotAllowed(event="pay", status=status, allowed=[])


@transaction.atomic
def _open(
    *, order_id: UUID, customer_id: UUID, purpose: Payment.Purpose, on_page: bool, save_card: bool | None
) -> tuple[Payment, bool]:
    """The live payment row of a payable order, and whether it is as it is to be; else it must be closed first.

    Locks: order, and what extending its hold locks.
    """
    ready = ready_for_payment if purpose == Payment.Purpose.ORDER else ready_for_more
    order = ready(order_id=order_id, customer_id=customer_id)
    page_ends_at = _page_ends_at(order) if on_page else None
    if purpose == Payment.Purpose.DEPOSIT:
        payment = _open_deposit(order, page_ends_at)
    else:
        payment = _open_charges(order, purpose, page_ends_at)
    if payment.is_on_page != on_page:
        return payment, False
    agreed = payment.keeps_card if save_card is None else save_card
    if on_page:
        return _page_as_agreed(payment, agreed=agreed)
    if payment.card_ref and payment.provider_ref is None:
        return payment, True  # the kept card is being asked at this moment
    was_for_kept_card = bool(payment.card_ref) and not payment.changes  # from now on another one may be used, and kept
    if agreed != payment.keeps_card or (was_for_kept_card and agreed):
        payment.keeps_card = agreed
        payment.save(update_fields=["keeps_card"])
        change_amount(payment, payment.amount_minor)
    return payment, True


def _page_as_agreed(payment: Payment, *, agreed: bool) -> tuple[Payment, bool]:
    """What a page collects cannot be changed, and it must last for a while when it is made."""
    if payment.page_ref is None and payment.keeps_card != agreed:
        payment.keeps_card = agreed
        payment.save(update_fields=["keeps_card"])
    soonest = timezone.now() + get_provider().shortest_page
    is_too_late = payment.page_ref is None and payment.page_ends_at is not None and payment.page_ends_at <= soonest
    is_all_owed = payment.purpose != Payment.Purpose.EXTRA or payment.amount_minor == owed(payment.order_id)
    return payment, is_all_owed and payment.keeps_card == agreed and not is_too_late


def _page_ends_at(order: Order) -> datetime:
    """With the order's hold, if the gateway lets pages end so early; else it is closed when the order dies."""
    now, provider = timezone.now(), get_provider()
    wanted = order.expires_at if order.unpaid and order.expires_at else now + ITS_OWNERS_TURN
    return min(max(wanted, now + provider.shortest_page + _ON_THE_WAY), now + provider.longest_page - _ON_THE_WAY)


def _open_charges(order: Order, purpose: Payment.Purpose, page_ends_at: datetime | None) -> Payment:
    live = _LIVE.first(order=order.pk, purpose=purpose)
    due = owed(order.pk)
    if live is not None and (due <= 0 or purpose == Payment.Purpose.ORDER):
        return live
    if due <= 0:
        raise NothingToPay
    if live is None:
        agreed = bool(order.deposit_minor)  # to what may be charged later: the terms of a rental say so
        if purpose == Payment.Purpose.EXTRA:  # its owner may leave it, and nothing else would happen to the order
            settle_later(order.pk, after=ITS_OWNERS_TURN)
        new = Payment(
            order=order,
            purpose=purpose,
            amount_minor=due,
            currency=order.currency,
            keeps_card=agreed,
            page_ends_at=page_ends_at,
        )
        insert([new])
        return new
    if live.amount_minor != due and not live.is_on_page:
        change_amount(live, due)
    return live


_STATUS = Prepared(lambda: Order.objects.filter(pk=Given("order")).order_by().values_list("status", flat=True))
_LIVE = Prepared(
    lambda: (
        Payment.objects.select_for_update()
        .filter(order=Given("order"), purpose=Given("purpose"), status__in=LIVE)
        .order_by()
    )
)


def _open_deposit(order: Order, page_ends_at: datetime | None) -> Payment:
    deposit = Deposit.objects.select_for_update().filter(order=order, status__in=DEPOSIT_LIVE).first()
    if deposit is None or not needs_securing(deposit):
        raise NothingToPay("There is no deposit to secure.")
    return open_deposit_payment(deposit) or new_deposit_payment(deposit, page_ends_at=page_ends_at)
