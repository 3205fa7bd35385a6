"""What is owed beyond the price: paid from the kept card, or asked for."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.logging import get_logger
from orders.models import ChargeKind, Order
from orders.services import is_renting, lock_order
from orders.states import OrderStatus
from payments.models import Deposit, GatewayCustomer, Mail, Payment
from payments.providers.base import ProviderRefused
from payments.selectors import asked_minor, owed
from payments.services.asking import ask_for
from payments.services.collecting import (
    ITS_OWNERS_TURN,
    change_amount,
    close_payment,
    close_what_waits,
    give_up_payment,
    settle_asked,
)
from payments.services.customers import card_for, forget_card
from payments.services.mailing import mail_soon
from payments.states import DEPOSIT_LIVE, LIVE, PaymentStatus

log = get_logger(__name__)

_WAIT = (ChargeKind.DAMAGE, ChargeKind.CLEANING, ChargeKind.LATE_FEE, ChargeKind.KEEP)  # the deposit pays them first


def collect_extra(*, order_id: UUID) -> Payment | None:
    """Collect from the kept card what an order that is over still owes after its deposit, and before that what its
    customer asked for: longer rentals. Once for each amount owed.

    A card that says no leaves the payment open for the customer (purpose "extra"), who is asked to pay it; when
    something is charged or credited later, that one follows, and is closed when nothing is owed any more. One that its
    owner opened and left is closed after a while, and the card asked. None: nothing is to be done, or somebody is at
    it. Network between transactions. Raises: ProviderUnavailable.
    """
    _close_what_was_left(order_id)
    opened = _open(order_id)
    if opened is None:
        return None
    payment, due = opened
    if payment.provider_ref and due <= 0:
        close_payment(payment)
        return Payment.objects.get(pk=payment.pk)
    customer = GatewayCustomer.objects.get(user=payment.order.customer_id)
    try:
        return settle_asked(payment, ask_for(payment, customer_ref=customer.provider_ref))
    except ProviderRefused as no:  # nothing was made there
        log.warning("extra_not_collected", payment=str(payment.pk), code=no.code)
        forget_card(payment, no)
        return give_up_payment(payment_id=payment.pk)


def _close_what_was_left(order_id: UUID) -> None:
    """Close an extra that only waits for its owner, so that the card can be asked; without one they are told to pay.

    A page of another amount than is owed now is closed at once: it cannot be changed.
    """
    opened = Payment.objects.select_related("order").filter(order=order_id, purpose=Payment.Purpose.EXTRA, card_ref="")
    live = opened.filter(status__in=LIVE).first()
    if live is None:
        return
    if live.is_on_page and live.amount_minor != owed(order_id):
        close_what_waits(live)
        return
    due = _due(live.order)
    if live.created_at > timezone.now() - ITS_OWNERS_TURN or due <= 0 or _card_to_ask(live.order, due) is None:
        return
    close_what_waits(live)


@transaction.atomic
def _open(order_id: UUID) -> tuple[Payment, int] | None:
    """The payment to ask for, to change, or to close, and what is owed. Locks: order."""
    order = lock_order(order_id=order_id)
    extra = Payment.objects.select_for_update().filter(order=order, purpose=Payment.Purpose.EXTRA)
    live = extra.filter(status__in=LIVE).first()
    if live is not None and live.is_on_page:
        return None  # its owner is about to pay it
    if live is not None and live.provider_ref:
        return _as_owed(live, _due(order) if live.card_ref else owed(order_id))
    due = _due(order)
    if due <= 0:
        return None
    if live is not None:
        return (live, due) if live.card_ref else None  # "": its owner is about to pay it
    card = _card_to_ask(order, due)
    if card is None:
        return None
    payment = Payment.objects.create(
        order=order,
        purpose=Payment.Purpose.EXTRA,
        amount_minor=due,
        currency=order.currency,
        card_ref=card.card_ref,
        keeps_card=True,
    )
    return payment, due


def _due(order: Order) -> int:
    """What is to be collected now: all that is owed once nothing is rented any more and its deposit is over, till then
    only what its customer asked for."""
    due = owed(order.pk)
    if due <= 0 or order.status != OrderStatus.CONFIRMED:
        return min(due, 0)
    has_deposit = Deposit.objects.filter(order=order, status__in=DEPOSIT_LIVE).exists()
    if not is_renting(order) and not has_deposit:
        return due
    asked_for = order.charges.filter(kind=ChargeKind.EXTENSION).total()
    paid = Payment.objects.filter(order=order, purpose=Payment.Purpose.EXTRA).kept()
    return max(0, min(due - order.charges.filter(kind__in=_WAIT).total(), asked_for - paid))


def _card_to_ask(order: Order, due: int) -> GatewayCustomer | None:
    """None: no card is to be asked for this amount, so its owner is asked by mail, unless they were."""
    asked = asked_minor(order.pk)
    if due <= asked:
        return None  # they were written to when staff decided
    card = card_for(order)
    if card is None or asked or _has_asked_card(order.pk, due):
        mail_soon(Mail.Kind.MONEY_REQUESTED, order_id=order.pk, about=f"{order.pk}:{due}")
        return None
    return card


def _as_owed(live: Payment, due: int) -> tuple[Payment, int] | None:
    """An open payment that must change because what is owed did."""
    if live.status != PaymentStatus.PENDING or (due == live.amount_minor and live.changing_to_minor is None):
        return None
    if due > 0:
        change_amount(live, due)
    return live, due


def _has_asked_card(order_id: UUID, due: int) -> bool:
    """A card that said no to this amount is not asked again by itself."""
    tried = Payment.objects.filter(order_id=order_id, purpose=Payment.Purpose.EXTRA, amount_minor=due)
    return tried.filter(status=PaymentStatus.CANCELLED).exclude(card_ref="").exists()
