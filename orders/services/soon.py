"""The doors to the jobs of the app above that orders ask for: in the caller's transaction, by their names."""

from datetime import timedelta
from uuid import UUID

from core.queue import enqueue


def settle_soon(order_id: UUID) -> None:
    """Have payments bring an order and its money to agree; one after the other for each order."""
    enqueue("payments.settle_order", lock=f"order:{order_id}", order_id=str(order_id))


def settle_later(order_id: UUID, *, after: timedelta) -> None:
    """The same, in a while; what is asked for meanwhile does not wait for it."""
    enqueue("payments.settle_order_soon", after=after, order_id=str(order_id))


def tell_soon(kind: str, *, order_id: UUID, about: object) -> None:
    """Have an order's customer told by mail and push: a kind of `payments.Mail`, once for each thing it is about."""
    enqueue("payments.tell", kind=str(kind), order_id=str(order_id), about=str(about))
