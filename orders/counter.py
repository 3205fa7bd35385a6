"""What a scanner at the counter reads: a customer's code, a unit's serial, the number of an order."""

from dataclasses import dataclass

from django.db.models import Q

from inventory.models import Depot, Unit
from orders.errors import CodeUsed, OtherDepot, ScanUnknown, UnitOnNoRental
from orders.models import Order, Rental
from orders.pickup_codes import MARK, Purpose, read_code
from orders.selectors import to_bring_back, to_pick_up
from orders.states import OrderStatus, RentalStatus

_ON_ITS_WAY = [RentalStatus.OUT, RentalStatus.READY, RentalStatus.RETURNED]  # which of them is meant first


@dataclass(frozen=True, slots=True)
class Found:
    """The order, and the one rental of it that was scanned, if it was a unit."""

    order: Order
    purpose: Purpose | None = None  # of a customer's code
    rental: Rental | None = None


def find(scanned: str, *, depot: Depot | None = None) -> Found:
    """What was scanned, for a counter of this depot; None: of all of them.

    Raises: ScanUnknown, UnitOnNoRental, CodeForeign, CodeExpired, CodeUsed, OtherDepot.
    """
    text = scanned.strip()
    found = _by_code(text) if text.upper().startswith(MARK) else _by_number(text) or _by_serial(text)
    if depot is not None and found.order.depot_id != depot.pk:
        raise OtherDepot(f"{found.order} belongs to {found.order.depot}, not to this counter.")
    return found


def _by_code(text: str) -> Found:
    order_id, purpose = read_code(text)
    order = Order.objects.with_lines().get(pk=order_id)
    ahead = to_pick_up(order) if purpose == Purpose.PICKUP else to_bring_back(order)
    if not ahead:
        raise CodeUsed(_USED[purpose] if order.status == OrderStatus.CONFIRMED else f"{order} is {order.status}.")
    return Found(order, purpose)


_USED = {
    Purpose.PICKUP: "This code has been used: everything of this order was handed over.",
    Purpose.RETURN: "This code has been used: everything of this order is back.",
}


def _by_number(text: str) -> Found | None:
    order = Order.objects.select_related("depot").filter(number=text.upper()).first()
    return Found(order) if order is not None else None


def _by_serial(text: str) -> Found:
    unit = Unit.objects.filter(Q(serial=text) | Q(serial=text.upper())).order_by("serial").first()
    if unit is None:
        raise ScanUnknown
    mine = Q(unit=unit) | Q(parts__reservation__unit=unit)
    rentals = Rental.objects.filter(mine, status__in=_ON_ITS_WAY).select_related("line__order__depot", "unit")
    if not rentals:
        raise UnitOnNoRental(f"{unit} is on no rental: {unit.get_status_display().lower()}.")
    meant = min(rentals, key=lambda rental: (_ON_ITS_WAY.index(RentalStatus(rental.status)), rental.start_on))
    return Found(meant.line.order, rental=meant)
