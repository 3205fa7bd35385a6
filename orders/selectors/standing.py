"""Where orders and their parts are: still inside, on the way, with the customer."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from accounts.models import User
from orders.models import Fulfilment, Order, OrderLine, Rental
from orders.states import OrderStatus, RentalStatus, SaleStatus

_RENTAL_AHEAD = (RentalStatus.BOOKED, RentalStatus.READY)
_SALE_AHEAD = (SaleStatus.RESERVED, SaleStatus.READY)
_RENTAL_INSIDE = (*_RENTAL_AHEAD, RentalStatus.CANCELLED)
_SALE_INSIDE = (*_SALE_AHEAD, SaleStatus.CANCELLED)


def fits_worse() -> Q:
    """Paid orders that fit their flights less well than was told, and for which no way was found yet."""
    return Q(status=OrderStatus.CONFIRMED, fit_worse_at__isnull=False)


def rentals_to_come(customer: User) -> QuerySet[Rental]:
    """What a customer still has to fetch or to bring back, soonest first; of orders that are paid."""
    ahead = [RentalStatus.BOOKED, RentalStatus.READY, RentalStatus.OUT]
    mine = Rental.objects.filter(line__order__customer=customer, line__order__status=OrderStatus.CONFIRMED)
    return mine.filter(status__in=ahead).select_related("line__order__depot").order_by("start_on", "id")


def to_pick_up(order: Order) -> list[Rental | OrderLine]:
    """What of a paid order its customer still has to fetch at a depot; needs `with_lines()`."""
    if order.status != OrderStatus.CONFIRMED or order.fulfilment != Fulfilment.PICKUP:
        return []
    return still_to_come(order)


def still_to_come(order: Order) -> list[Rental | OrderLine]:
    """What of a paid order has not left yet, in the order of its lines; needs `with_lines()`."""
    parts: list[Rental | OrderLine] = []
    for line in order.lines.all():
        parts += [line] if line.status in _SALE_AHEAD else []
        parts += [rental for rental in line.rentals.all() if rental.status in _RENTAL_AHEAD]
    return parts


def to_bring_back(order: Order) -> list[Rental]:
    """Rentals of an order that are with its customer; needs `with_lines()`."""
    if order.status != OrderStatus.CONFIRMED:
        return []
    rentals = (rental for line in order.lines.all() for rental in line.rentals.all())
    return [rental for rental in rentals if rental.status == RentalStatus.OUT]


def has_left(order: Order) -> bool:
    """True when something of the order has left the depot, so that it can no longer be undone as a whole."""
    return any(
        line.status not in _SALE_INSIDE
        if line.kind == OrderLine.Kind.SALE
        else any(rental.status not in _RENTAL_INSIDE for rental in line.rentals.all())
        for line in order.lines.all()
    )


def is_all_credited(order: Order) -> bool:
    """True when an order goes on although everything charged for it was credited again: nobody pays for it."""
    charged = order.charges.aggregate(total=Sum("amount_minor"))["total"]
    return order.status == OrderStatus.CONFIRMED and charged is not None and charged <= 0


def returnable_until(line: OrderLine) -> datetime | None:
    """Until when its customer may send a sale back; what was shipped first has to arrive. None: it has not left yet."""
    if line.delivered_at is None:
        return None
    arrives = settings.SHIPPING_TIME if line.status == SaleStatus.SHIPPED else timedelta()
    return line.delivered_at + arrives + settings.RETURN_TIME
