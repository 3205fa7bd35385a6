"""Every step of an order's life is taken here, so that it is allowed, and written down."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from core.errors import NotFound
from orders.models import Charge, ChargeKind, Order, OrderEvent, OrderLine, Rental
from orders.states import ORDER, RENTAL, SALE, next_status

CLOCK = "clock"
PROVIDER = "provider"


def lock_order(*, order_id: UUID) -> Order:
    """The order's row, locked until the transaction ends; first in the lock order (docs/locking.md)."""
    try:
        return Order.objects.select_for_update().get(pk=order_id)
    except Order.DoesNotExist:
        raise NotFound("There is no such order.") from None


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


def move_sale(order: Order, line: OrderLine, event: str, *, actor: str, note: str = "") -> OrderLine:
    """Let `event` happen to a sale line of a locked order. Raises: TransitionNotAllowed."""
    before = line.status or ""
    line.status = next_status(SALE, event, before)
    line.save(update_fields=["status"])
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
) -> None:
    """Charge what the quote said, line by line."""
    charges = [
        Charge(order=order, line=line, kind=line.kind, amount_minor=line.total_minor, actor=actor, reason=reason)
        for line in lines
        if line.total_minor
    ]
    if delivery_minor:
        charges.append(
            Charge(order=order, kind=ChargeKind.DELIVERY, amount_minor=delivery_minor, actor=actor, reason=reason)
        )
    Charge.objects.bulk_create(charges)


def credit_all(order: Order, *, actor: str, reason: str) -> int:
    """Credit everything charged so far. Returns the credit in minor units."""
    charged = order.charges.total()
    if charged:
        Charge.objects.create(
            order=order, kind=ChargeKind.CANCELLATION, amount_minor=-charged, actor=actor, reason=reason
        )
    return charged
