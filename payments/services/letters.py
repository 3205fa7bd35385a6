"""What each mail says, in words for people. One letter, told twice: as text and as HTML (templates/emails)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from core.money import format_minor
from core.time import today_in
from orders.models import Charge, ChargeKind, DepositPlan, Fulfilment, Order, OrderLine, Rental
from orders.services import is_renting
from orders.states import OrderStatus, RentalStatus
from payments.declines import sentence
from payments.models import Deposit, Mail, Payment, Refund
from payments.selectors import needs_securing, owed
from payments.services import rental_letters
from payments.services.letter import Letter, day, place
from payments.states import RefundStatus

_NEWS = timedelta(days=2)  # a mail server may be away for one
_UNCHARGED = "You were charged nothing."
_AGAIN = "If you still want it, ask for a new quote in the app: it shows what is free on your days."
_DAMAGES = (ChargeKind.LATE_FEE, ChargeKind.DAMAGE, ChargeKind.CLEANING, ChargeKind.EXTENSION, ChargeKind.KEEP)


def write(kind: Mail.Kind, order: Order, about: str) -> Letter | None:
    """The letter of this kind about an order, and about one refund, deposit or payment of it. None: nothing to say."""
    return _WRITERS[kind](order, about)


def _confirmed(order: Order, _about: str) -> Letter:
    lines = list(order.lines.prefetch_related("rentals"))
    facts = [(_what(line), format_minor(line.total_minor, order.currency)) for line in lines]
    delivery_minor = order.total_minor - sum(line.total_minor for line in lines)
    if delivery_minor:
        facts.append(("Delivery", format_minor(delivery_minor, order.currency)))
    facts.append(("Total, tax included", format_minor(order.total_minor, order.currency)))
    return Letter(
        f"Your order {order.number} is confirmed",
        "Thank you, it is yours.",
        [
            f"We have your payment for order {order.number}, and everything in it is set aside for you.",
            _where(order, lines),
            *_deposit_terms(order),
        ],
        facts,
    )


def _what(line: OrderLine) -> str:
    rental = next(iter(line.rentals.all()), None)
    what = f"{line.quantity} × {line.title}"
    return f"{what}, {day(rental.start_on)} to {day(rental.end_on)}" if rental else what


def _where(order: Order, lines: Sequence[OrderLine]) -> str:
    if order.fulfilment == Fulfilment.DELIVERY:
        posted = min(
            (rental.post_on for line in lines for rental in line.rentals.all() if rental.post_on), default=None
        )
        return f"We bring it to the address that you gave us{f', posted on {day(posted)}' if posted else ''}."
    first = min((rental.start_on for line in lines for rental in line.rentals.all()), default=None)
    return f"Pick it up at {place(order.depot)}{f', from {day(first)} on' if first else ''}."


def _deposit_terms(order: Order) -> list[str]:
    if not order.deposit_plan:
        return []
    amount = format_minor(order.deposit_minor, order.currency)
    leaves = "it is posted" if order.fulfilment == Fulfilment.DELIVERY else "the pickup"
    if order.deposit_plan == DepositPlan.HOLD:
        return [
            (
                f"A deposit of {amount} is held on your card shortly before {leaves}. It is not charged, "
                "and let go when everything is back and looked at."
            )
        ]
    return [
        (
            f"A deposit of {amount} is charged to your card shortly before {leaves}, "
            "and given back when everything is back and looked at."
        )
    ]


def _ended(order: Order, about: str) -> Letter | None:
    """Of money that goes back they hear from the refund; of a cancelled order that keeps it all, from here."""
    last = order.events.filter(subject="").order_by("-id").first()
    if about != f"{order.pk}:{order.status}" or last is None or last.at < timezone.now() - _NEWS:
        return None  # it lives again, or is history
    at_bank = Payment.objects.filter(order=order, disputed_minor__gt=0).exists()
    kept = order.charges.total()
    is_paid = Payment.objects.filter(order=order, captured_minor__gt=0).exists()
    if is_paid and not at_bank and (order.status != OrderStatus.CANCELLED or kept <= 0):
        return None
    if order.refusal is not None:
        return Letter(
            f"We could not get your order {order.number}",
            "It is not to be had any more.",
            [f"The warehouse does not have what order {order.number} asked for. {_UNCHARGED}", _AGAIN],
        )
    if order.status == OrderStatus.EXPIRED:
        return Letter(
            f"Your order {order.number} has expired",
            "Your order was not paid in time.",
            [f"What was set aside for order {order.number} is free again. {_UNCHARGED}", _AGAIN],
        )
    money = _UNCHARGED
    if at_bank:
        money = "Your bank decides about what you paid; until it has, nothing goes back."
    elif is_paid:
        money = f"{format_minor(kept, order.currency)} stays charged, by the terms of cancellation of your order."
    return Letter(
        f"Your order {order.number} is cancelled",
        "Your order is cancelled.",
        [f"Nothing of order {order.number} is set aside for you any more. {money}"],
    )


def _refund_under_way(order: Order, about: str) -> Letter | None:
    """Of one credit, of however many payments it goes back. What failed staff hear of, and give back another way."""
    mine = Refund.objects.filter(Q(pk=about) | Q(told_with=about), payment__order=order, payment__deposit=None)
    refunds = list(mine.exclude(status=RefundStatus.FAILED).select_related("payment").order_by("created_at"))
    if not refunds:
        return None
    amount = format_minor(sum(refund.amount_minor for refund in refunds), order.currency)
    each = [(_paid_on(refund.payment, order), format_minor(refund.amount_minor, order.currency)) for refund in refunds]
    return Letter(
        f"{amount} is on its way back to you",
        f"{amount} is on its way back.",
        [
            (
                f"It goes back the way it came, to the card that paid order {order.number}. "
                "Banks usually take five to ten days."
            ),
        ],
        [*(each if len(each) > 1 else []), ("Why", refunds[0].reason)],
    )


def _paid_on(payment: Payment, order: Order) -> str:
    paid_at = payment.succeeded_at or payment.created_at
    paid = format_minor(payment.captured_minor, order.currency)
    return f"Of {paid} paid on {day(today_in(order.depot.time_zone, paid_at))}"


def _refund_failed(order: Order, about: str) -> Letter | None:
    refund = Refund.objects.select_related("payment").filter(pk=about, payment__order=order).first()
    if refund is None:
        return None
    amount = format_minor(refund.amount_minor, refund.payment.currency)
    return Letter(
        f"A refund of {amount} failed (order {order.number})",
        "A refund failed; the money is still owed.",
        [f"The gateway could not give {amount} back for order {order.number}. Look at it in the admin."],
        [
            ("What the gateway said", refund.failure or "nothing"),
            ("In the admin", urljoin(settings.PUBLIC_URL, reverse("admin:payments_refund_change", args=[refund.pk]))),
        ],
        to_staff=True,
    )


def _deposit_secured(order: Order, about: str) -> Letter | None:
    deposit = Deposit.objects.filter(pk=about.partition(":")[0], order=order).first()
    if deposit is None or deposit.secured_at is None or deposit.ended_at is not None:
        return None  # lapsed or ended meanwhile
    amount = format_minor(deposit.amount_minor, deposit.currency)
    if deposit.plan == DepositPlan.HOLD:
        said = f"{amount} is held on your card for order {order.number}. It is not charged."
        then = "It is let go when everything is back and looked at."
    else:
        said = f"{amount} was charged to your card as the deposit for order {order.number}."
        then = "It is given back when everything is back and looked at."
    return Letter(
        f"The deposit for {order.number} is secured",
        "Your deposit is secured.",
        [said, f"{then} You need to do nothing."],
    )


def _deposit_needs_you(order: Order, about: str) -> Letter | None:
    deposit = Deposit.objects.filter(pk=about.partition(":")[0], order=order).first()
    if deposit is None or not needs_securing(deposit):
        return None  # it was secured meanwhile, or has ended
    amount, why = format_minor(deposit.amount_minor, deposit.currency), sentence(deposit.last_error)
    return Letter(
        f"Please confirm the deposit for {order.number}",
        "Your deposit needs you.",
        [
            f"We could not secure the deposit of {amount} for order {order.number}. {why}".strip(),
            "Open the order in the app and confirm the deposit there. Without it we cannot hand over what you rent.",
        ],
    )


def _deposit_ended(order: Order, about: str) -> Letter | None:
    deposit = Deposit.objects.filter(pk=about, order=order).first()
    if deposit is None or deposit.ended_at is None:
        return None
    kept, amount = deposit.captured_minor, format_minor(deposit.amount_minor, deposit.currency)
    back = format_minor(deposit.amount_minor - kept, deposit.currency)
    held = deposit.plan == DepositPlan.HOLD
    how = "is no longer held on your card" if held else "goes back to your card, usually within five to ten days"
    if not kept:
        told = [f"The deposit of {amount} for order {order.number} {how}."]
        if _is_all_back(order):
            told = [f"Everything is back and looked at: {amount} {how}.", "Thank you for bringing it back."]
        return Letter(f"Your deposit for {order.number} is yours again", "Your deposit is yours again.", told)
    rest = [f"The rest of it, {back}, {how}."] if deposit.amount_minor > kept else []
    return Letter(
        f"What we kept of the deposit for {order.number}",
        f"We kept {format_minor(kept, deposit.currency)} of your deposit.",
        [f"Order {order.number} came to more than you had paid, for what is listed here.", *rest],
        _reasons(order),
    )


def _is_all_back(order: Order) -> bool:
    was_out = Rental.objects.filter(line__order=order, status=RentalStatus.CLOSED)
    return was_out.exists() and not is_renting(order)


def _money_requested(order: Order, about: str) -> Letter | None:
    due = owed(order.pk)
    if due <= 0:
        return None  # paid meanwhile
    amount = format_minor(due, order.currency)
    payment = Payment.objects.filter(pk=about.partition(":")[0], order=order).first()
    why = f" {sentence(payment.last_error)}" if payment and payment.last_error else ""
    return Letter(
        f"Please pay {amount} for order {order.number}",
        f"{amount} is open.",
        [
            (
                f"Order {order.number} came to more than you had paid and the deposit covered, and we could not "
                f"take the rest from your card.{why}"
            ),
            "Open the order in the app and pay it there.",
        ],
        _reasons(order),
    )


def _money_received(order: Order, about: str) -> Letter | None:
    payment = Payment.objects.filter(pk=about, order=order).first()
    if payment is None or not payment.captured_minor:
        return None
    amount = format_minor(payment.captured_minor, payment.currency)
    return Letter(
        f"We received {amount} for order {order.number}",
        f"We received {amount}.",
        [f"It was taken from your card for what order {order.number} came to beyond its price and its deposit."],
        _reasons(order),
    )


def _reasons(order: Order) -> list[tuple[str, str]]:
    """What was charged beyond the price, and why."""
    extra = Charge.objects.filter(order=order, kind__in=_DAMAGES, amount_minor__gt=0)
    return [
        (
            f"{charge.get_kind_display()}{f': {charge.reason}' if charge.reason else ''}",
            format_minor(charge.amount_minor, order.currency),
        )
        for charge in extra
    ]


_WRITERS: dict[Mail.Kind, Callable[[Order, str], Letter | None]] = {
    Mail.Kind.ORDER_CONFIRMED: _confirmed,
    Mail.Kind.ORDER_ENDED: _ended,
    Mail.Kind.REFUND_UNDER_WAY: _refund_under_way,
    Mail.Kind.REFUND_FAILED: _refund_failed,
    Mail.Kind.DEPOSIT_SECURED: _deposit_secured,
    Mail.Kind.DEPOSIT_NEEDS_YOU: _deposit_needs_you,
    Mail.Kind.DEPOSIT_ENDED: _deposit_ended,
    Mail.Kind.MONEY_REQUESTED: _money_requested,
    Mail.Kind.MONEY_RECEIVED: _money_received,
    Mail.Kind.PICKUP_TOMORROW: rental_letters.pickup_tomorrow,
    Mail.Kind.RETURN_TOMORROW: rental_letters.return_tomorrow,
    Mail.Kind.OVERDUE: rental_letters.overdue,
    Mail.Kind.KEEP_PROPOSED: rental_letters.keep_proposed,
    Mail.Kind.NO_SHOW: rental_letters.no_show,
    Mail.Kind.SHIPPED: rental_letters.shipped,
    Mail.Kind.WAITLIST_OFFER: rental_letters.waitlist_offer,
    Mail.Kind.RENTAL_FORFEIT: rental_letters.rental_forfeit,
    Mail.Kind.CLAIM_FILED: rental_letters.claim_filed,
    Mail.Kind.CLAIM_DECIDED: rental_letters.claim_decided,
    Mail.Kind.FIT_WORSE: rental_letters.fit_worse,
    Mail.Kind.CONTAINER_SWAPPED: rental_letters.container_swapped,
    Mail.Kind.RENTAL_REARRANGED: rental_letters.rental_rearranged,
    Mail.Kind.RENTAL_CALLED_OFF: rental_letters.rental_called_off,
}
