"""Late returns: a fee for each day that is late, once, and never more than keeping the unit costs."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.queue import enqueue
from core.time import today_in
from inventory import words
from inventory.models import Depot
from orders.models import ChargeKind, Order, Rental
from orders.outlook import keep_minor, late_days, late_rentals
from orders.services.history import CLOCK, charge_rental, give_credit, lock_rental, move_rental
from orders.services.soon import settle_soon
from orders.states import RentalStatus


@transaction.atomic
def charge_late_days(*, rental_id: UUID) -> int:
    """Charge the days that a rental is late by now and that are not charged yet. Returns what was charged, in minor
    units.

    Safe to repeat, and after any pause it catches up. Locks: order. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    return charge_late_days_of(order, rental, at=timezone.now())


def charge_late_days_of(order: Order, rental: Rental, *, at: datetime) -> int:
    """The same for a locked order whose unit is out, as of `at`."""
    days = late_days(rental, _depot_of(order), at) if rental.status == RentalStatus.OUT else []
    if not days:
        return 0
    charged = set(rental.charges.exclude(late_on=None).values_list("late_on", flat=True))
    fee, left = rental.line.rental_terms.late_fee_minor, keep_minor(rental)
    total = 0
    for day in days:
        amount = fee if left is None else min(fee, left - total)
        if day in charged or amount <= 0:
            continue
        reason = f"late on {words.day(day)}"
        charge_rental(order, rental, ChargeKind.LATE_FEE, amount, reason=reason, actor=CLOCK, late_on=day)
        total += amount
    if total and not charged:
        move_rental(order, rental, "be_late", actor=CLOCK, note=f"was due back on {words.day(rental.end_on)}")
    if total:
        settle_soon(order.pk)
    return total


def credit_late_days_of(order: Order, rental: Rental) -> None:
    """Credit the days that were charged on a locked order's unit although it was on its way back by then."""
    if rental.posted_back_at is None:
        return
    late = late_days(rental, _depot_of(order), rental.posted_back_at)
    charged = rental.charges.exclude(late_on=None).exclude(late_on__in=late).total()
    reason = f"posted back on {words.day(today_in(order.depot.time_zone, rental.posted_back_at))}"
    give_credit(order, charged, rental=rental, kind=ChargeKind.LATE_FEE, reason=reason, actor=CLOCK)


def _depot_of(order: Order) -> Depot:
    return Depot.objects.with_closures(past=True).get(pk=order.depot_id)


def charge_late_rentals(*, dry_run: bool = False) -> list[Rental]:
    """Have every rental that is late charged, each by a job of its own. Returns them.

    dry_run: only tells which. No locks.
    """
    late = late_rentals()
    for rental in late if not dry_run else ():
        key = f"late:{rental.pk}"
        enqueue("orders.charge_late_days", once=key, lock=key, rental_id=str(rental.pk))
    return late
