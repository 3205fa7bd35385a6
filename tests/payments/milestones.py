"""What can happen to money, by name: so that the stateful test can say, and must say, what it came by."""

from collections.abc import Collection, Iterator
from uuid import UUID

from orders.models import OrderEvent
from orders.states import OrderStatus
from payments.models import Deposit, Dispute, Payment, Refund
from payments.states import DepositStatus, PaymentStatus, RefundStatus
from tests.payments.books import Account, Books

Milestone = tuple[str, str]  # what happened, and to which row


def milestones(before: Books, now: Books, strays: Collection[str]) -> Iterator[Milestone]:
    """Everything that has ever happened to the rows of `now`; what only a change shows, since `before`.

    strays: what was paid at the gateway while no row was its own.
    """
    late = set(OrderEvent.objects.filter(event="pay_late").values_list("order_id", flat=True))
    earlier = {deposit.pk: deposit for deposit in before.deposits}
    for pk, account in now.accounts.items():
        yield from _each(pk, _of_an_order(account, is_late=pk in late))
        for payment in account.payments:
            yield from _each(payment.pk, _of_a_payment(payment, is_stray=payment.provider_ref in strays))
        for refund in account.refunds:
            yield from _each(refund.pk, _of_a_refund(refund))
        for dispute in account.disputes:
            yield from _each(dispute.pk, _of_a_dispute(account, dispute))
        for deposit in account.deposits:
            yield from _each(deposit.pk, _of_a_deposit(earlier.get(deposit.pk), deposit))


def _each(pk: UUID, what: Iterator[str]) -> Iterator[Milestone]:
    return ((name, str(pk)) for name in what)


def _of_an_order(account: Account, *, is_late: bool) -> Iterator[str]:
    order, paid = account.order, any(p.captured_minor for p in account.payments)
    if order.confirmed_at:
        yield "order confirmed late" if is_late else "order confirmed"
    if order.status == OrderStatus.EXPIRED:
        yield "order expired"
        if paid:
            yield "order paid too late"
    if order.status == OrderStatus.CANCELLED:
        yield "order cancelled after payment" if order.confirmed_at else "order cancelled before payment"
    if order.status == OrderStatus.COMPLETED and account.open_minor == 0:
        yield "order completed, balance 0"


def _of_a_payment(payment: Payment, *, is_stray: bool) -> Iterator[str]:
    if is_stray and payment.captured_minor:
        yield "stray payment counted"
    if payment.last_error and payment.purpose == Payment.Purpose.ORDER:
        yield "payment declined"
    if payment.is_on_page and payment.succeeded_at:
        yield f"{payment.purpose} paid on a page"
    if payment.refunded_minor:
        yield "refunded in full" if payment.refunded_minor == payment.captured_minor else "refunded in part"
    if payment.parked_reason:
        yield "payment parked"
    if payment.purpose == Payment.Purpose.EXTRA:
        by_card = bool(payment.card_ref) and not payment.changes
        if payment.captured_minor:
            yield "extra paid from the kept card" if by_card else "extra paid by its owner"
        elif payment.last_error and payment.status == PaymentStatus.PENDING and payment.card_ref:
            yield "extra asked for, the card said no"


def _of_a_refund(refund: Refund) -> Iterator[str]:
    if refund.requested_by == "provider":
        yield "refund at the gateway"
    if refund.approved_by:
        yield "refund approved"
    if refund.status in (RefundStatus.WAITING, RefundStatus.DECLINED, RefundStatus.FAILED):
        yield f"refund {refund.status}"


def _of_a_dispute(account: Account, dispute: Dispute) -> Iterator[str]:
    yield f"dispute {'asks only' if dispute.is_inquiry else 'opened'}"
    if dispute.status in ("won", "lost", "dropped"):
        yield f"dispute {dispute.status}"
    if dispute.decision:
        yield f"dispute decided: {dispute.decision}"
    if next(p for p in account.payments if p.pk == dispute.payment_id).deposit_id:
        yield "dispute of a deposit"


def _of_a_deposit(before: Deposit | None, deposit: Deposit) -> Iterator[str]:
    if deposit.status == DepositStatus.SECURED:
        yield "deposit held" if deposit.plan == "hold" else "deposit charged"
    if deposit.status == DepositStatus.CAPTURED:
        yield "deposit kept in part" if deposit.captured_minor < deposit.amount_minor else "deposit kept whole"
    if deposit.status == DepositStatus.RELEASED and deposit.secured_at:
        yield "deposit given back"
    if deposit.last_error:
        yield "deposit let go by the bank" if deposit.last_error == "hold_expired" else "deposit refused or gone"
    was_secured = before is not None and before.status == deposit.status == DepositStatus.SECURED
    if before and was_secured and before.provider_ref != deposit.provider_ref:
        yield "deposit renewed"


__all__ = ["Milestone", "milestones"]
