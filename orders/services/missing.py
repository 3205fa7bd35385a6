"""Rentals that nobody came for: noted when their first day is over, ended when their last one is."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.queue import enqueue
from core.time import start_of_day
from inventory import words
from inventory.services import release, sync_soon
from orders.cancellation import percent_at, retained, tiers_of
from orders.due import is_forfeit, is_missed, no_shows
from orders.models import ChargeKind, Fulfilment, Order, Rental
from orders.outlook import rent_charged_minor
from orders.services.history import CLOCK, charge_rental, lock_rental, move_rental
from orders.services.soon import settle_soon, tell_soon


@transaction.atomic
def settle_no_show(*, rental_id: UUID) -> Rental:
    """Write down that nobody came on the first day; after the last one end the rental by the terms of cancellation.

    Its unit is free again, and of the rent is credited what a cancellation without notice credits. Safe to repeat.
    Locks: order, reservation. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    zone, now = order.depot.time_zone, timezone.now()
    if order.fulfilment != Fulfilment.PICKUP:
        return rental
    if is_forfeit(rental, zone, now):
        note = f"not picked up until {words.day(rental.end_on)}"
        move_rental(order, rental, "forfeit", actor=CLOCK, note=note, unit=None, missed_at=rental.missed_at or now)
        release(reservation_ids=[rental.reservation_id])
        _credit(order, rental)
        sync_soon([rental.reservation_id])
        settle_soon(order.pk)
        tell_soon("rental_forfeit", order_id=order.pk, about=rental.pk)
    elif rental.missed_at is None and is_missed(rental, zone, now):
        note = f"not picked up on {words.day(rental.start_on)}"
        move_rental(order, rental, "miss", actor=CLOCK, note=note, missed_at=now)
        tell_soon("no_show", order_id=order.pk, about=rental.pk)
    return rental


def settle_no_shows(*, dry_run: bool = False) -> list[Rental]:
    """Have every rental that nobody came for settled, each by a job of its own. Returns them.

    dry_run: only tells which. No locks.
    """
    found = no_shows()
    for rental in found if not dry_run else ():
        key = f"no_show:{rental.pk}"
        enqueue("orders.settle_no_show", once=key, lock=key, rental_id=str(rental.pk))
    return found


def _credit(order: Order, rental: Rental) -> None:
    """As cancelling without notice would: by the tiers of the quote, and days that were added later whole."""
    begins = start_of_day(rental.start_on, order.depot.time_zone)
    percent = percent_at(tiers_of(order.quote.cancellation), begins, timezone.now())
    credits_so_far = rental.charges.filter(kind=ChargeKind.CANCELLATION).total()
    as_ordered = rental.line.after_discount(rental.line.unit_price_minor)
    kept = retained(as_ordered + credits_so_far, percent)
    credit = min(
        rent_charged_minor(rental) - kept, max(0, order.charges.total())
    )  # what was given back before is not again
    if credit > 0:
        charge_rental(order, rental, ChargeKind.CANCELLATION, -credit, reason="not picked up", actor=CLOCK)
