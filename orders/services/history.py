"""Every step of an order's life is taken here, so that it is allowed, and written down."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from core.errors import NotFound
from core.postgres.prepared import Given, Prepared, insert
from orders.charged import left_of_lines
from orders.errors import TransitionNotAllowed
from orders.models import Charge, ChargeKind, Order, OrderEvent, OrderLine, Rental
from orders.states import ORDER, RENTAL, SALE, OrderStatus, next_status

CLOCK = "clock"
PROVIDER = "provider"


def lock_order(*, order_id: UUID) -> Order:
    """The order's row, locked until the transaction ends; first in the lock order (docs/locking.md)."""
    order = _LOCKED.first(id=order_id)
    if order is None:
        raise NotFound("There is no such order.")
    return order


_LOCKED = Prepared(lambda: Order.objects.filter(pk=Given("id")).order_by().select_for_update())


def lock_rental(rental_id: UUID) -> tuple[Order, Rental]:
    """A rental of a confirmed order, and the order, locked. Raises: NotFound, TransitionNotAllowed."""
    order_id = Rental.objects.filter(pk=rental_id).values_list("line__order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such rental.")
    order = require_confirmed(lock_order(order_id=order_id))
    rental = Rental.objects.select_related("line__order__depot", "reservation", "unit").get(pk=rental_id)
    order.depot = rental.line.order.depot
    return order, rental


def lock_line(line_id: UUID) -> tuple[Order, OrderLine]:
    """A line of a sale, and its order, locked. Raises: NotFound."""
    order_id = OrderLine.objects.filter(pk=line_id, kind=OrderLine.Kind.SALE).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such sale line.")
    order = lock_order(order_id=order_id)
    return order, OrderLine.objects.get(pk=line_id)


def require_confirmed(order: Order) -> Order:
    """Raises: TransitionNotAllowed unless something may be done with the order's parts."""
    if order.status != OrderStatus.CONFIRMED:
        raise TransitionNotAllowed(event="change", status=f"in an order that is {order.status}", allowed=[])
    return order


def lock_orders(rentals: QuerySet[Rental]) -> None:
    """The orders of these rentals, locked in id order until the transaction ends."""
    ids = rentals.values("line__order_id")
    list(Order.objects.select_for_update().filter(pk__in=ids).order_by("id").values_list("pk"))


def move(order: Order, event: str, *, actor: str, note: str = "", **fields: object) -> Order:
    """Let `event` happen to a locked order. Raises: TransitionNotAllowed."""
    before, order.status = order.status, next_status(ORDER, event, order.status)
    for name, value in fields.items():
        setattr(order, name, value)
    order.save(update_fields=["status", *fields])
    record(order, event, before, order.status, actor=actor, note=note)
    return order


def move_rental(order: Order, rental: Rental, event: str, *, actor: str, note: str = "", **fields: object) -> Rental:
    """Let `event` happen to a rental of a locked order. Raises: TransitionNotAllowed."""
    before, rental.status = rental.status, next_status(RENTAL, event, rental.status)
    for name, value in fields.items():
        setattr(rental, name, value)
    rental.save(update_fields=["status", *fields])
    record(order, event, before, rental.status, actor=actor, note=note, subject=f"rental {rental.pk}")
    return rental


def move_sale(order: Order, line: OrderLine, event: str, *, actor: str, note: str = "", **fields: object) -> OrderLine:
    """Let `event` happen to a sale line of a locked order. Raises: TransitionNotAllowed."""
    before = line.status or ""
    line.status = next_status(SALE, event, before)
    for name, value in fields.items():
        setattr(line, name, value)
    line.save(update_fields=["status", *fields])
    record(order, event, before, line.status, actor=actor, note=note, subject=f"line {line.pk}")
    return line


def record(
    order: Order, event: str, before: str, after: str, *, actor: str, note: str = "", subject: str = ""
) -> OrderEvent:
    return OrderEvent.objects.create(
        order=order, event=event, from_status=before, to_status=after, actor=actor, note=note[:300], subject=subject
    )


def charge_lines(
    order: Order, lines: Sequence[OrderLine], delivery_minor: int, *, actor: str, reason: str = ""
) -> list[Charge]:
    """Charge what the quote said, line by line. Returns the charges."""
    charges = [
        Charge(order=order, line=line, kind=line.kind, amount_minor=line.total_minor, actor=actor, reason=reason)
        for line in lines
        if line.total_minor
    ]
    if delivery_minor:
        charges.append(
            Charge(order=order, kind=ChargeKind.DELIVERY, amount_minor=delivery_minor, actor=actor, reason=reason)
        )
    return list(insert(charges))


def charge_rental(
    order: Order, rental: Rental, kind: ChargeKind, amount_minor: int, *, reason: str, actor: str, **more: Any
) -> Charge:
    """Charge something for one rental; below zero it is credited."""
    return Charge.objects.create(
        order=order, line_id=rental.line_id, rental=rental, kind=kind, amount_minor=amount_minor, reason=reason,
        actor=actor, **more,
    )  # fmt: skip


def give_credit(
    order: Order,
    amount_minor: int,
    *,
    reason: str,
    actor: str,
    line_id: UUID | None = None,
    rental: Rental | None = None,
    kind: ChargeKind = ChargeKind.CANCELLATION,
) -> None:
    """Credit something, but no more than is still charged: what was given back before is not given again.

    line_id, rental: what it is for; then no more than is still charged for their line. Nothing is written where nothing
    is left to credit.
    """
    line_id = rental.line_id if rental else line_id
    credit = min(amount_minor, order.charges.total())
    if credit > 0 and line_id is not None:
        credit = min(credit, left_of_lines(order).get(line_id, 0))
    if credit > 0:
        Charge.objects.create(
            order=order, line_id=line_id, rental=rental, kind=kind, amount_minor=-credit, reason=reason[:300],
            actor=actor,
        )  # fmt: skip


def credit_all(order: Order, *, actor: str, reason: str, but: Mapping[UUID, int] | None = None) -> int:
    """Credit everything charged so far. Returns the credit in minor units.

    but: what is not credited of each of these lines, at most what is still charged for it. Then each line has a credit
    of its own, so that the tax in what stays is that line's.
    """
    kept = but or {}
    credit = order.charges.total() - sum(kept.values())
    charged = left_of_lines(order) if kept else {None: credit}
    Charge.objects.bulk_create(
        Charge(
            order=order, line_id=line_id, kind=ChargeKind.CANCELLATION, amount_minor=-part, actor=actor, reason=reason
        )
        for line_id, amount in charged.items()
        if (part := amount - (kept.get(line_id, 0) if line_id else 0)) > 0
    )
    return credit
