"""Goods that were sold and come back: asked for within the days of return, credited once they are here."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.errors import NotFound
from orders.charged import left_of_lines
from orders.errors import ReturnTooLate, TransitionNotAllowed
from orders.models import Order, OrderLine
from orders.selectors import returnable_until
from orders.services.history import give_credit, lock_line, lock_order, move_sale
from orders.services.soon import settle_soon
from orders.states import SALE, OrderStatus, SaleStatus, next_status

_OPEN = (OrderStatus.CONFIRMED, OrderStatus.COMPLETED)


@transaction.atomic
def ask_return(*, order_id: UUID, line_ids: Sequence[UUID], actor: str, note: str = "") -> Order:
    """A customer sends back what was bought, all of these lines or none; it is credited once it is here.

    Locks: order. Raises: NotFound, TransitionNotAllowed, ReturnTooLate.
    """
    order = lock_order(order_id=order_id)
    lines = list(OrderLine.objects.filter(order=order, kind=OrderLine.Kind.SALE, pk__in=line_ids).order_by("position"))
    if len(lines) < len(set(line_ids)):
        raise NotFound("Not all of these lines were bought with this order.").at("/lines")
    for line in lines:
        next_status(SALE, "ask_return", line.status or "")
        until = returnable_until(line)
        if until is None or timezone.now() > until:
            told = until.isoformat() if until else None
            raise ReturnTooLate(until=told).at(f"/lines/{line_ids.index(line.pk)}")
        move_sale(order, line, "ask_return", actor=actor, note=note)
    return order


@transaction.atomic
def receive_return(*, line_id: UUID, actor: str, note: str = "") -> OrderLine:
    """What was sent back is here: its price is credited, less its part of what was credited before, and the delivery
    too once nothing of the order stays.

    The count of the stock is the inventory system's. Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order, line = _lock(line_id)
    moved = move_sale(order, line, "receive", actor=actor, note=note)
    paid = left_of_lines(order)
    give_credit(order, paid.get(line.pk, 0), line_id=line.pk, reason=f"sent back: {line}", actor=actor)
    if not order.lines.exclude(status=SaleStatus.RETURNED).exists():
        give_credit(order, paid.get(None, 0), reason="delivery of what was sent back", actor=actor)
    settle_soon(order.pk)
    return moved


@transaction.atomic
def refuse_return(*, line_id: UUID, actor: str, note: str) -> OrderLine:
    """What was sent back is not taken, or never came: it stays the customer's, and nothing is credited.

    Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order, line = _lock(line_id)
    moved = move_sale(order, line, "refuse_return", actor=actor, note=note)
    settle_soon(order.pk)
    return moved


def _lock(line_id: UUID) -> tuple[Order, OrderLine]:
    order, line = lock_line(line_id)
    if order.status not in _OPEN:
        raise TransitionNotAllowed(event="return", status=f"{order.status} (the order)", allowed=[])
    return order, line
