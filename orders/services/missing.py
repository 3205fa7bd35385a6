"""Rentals that nobody came for: noted when their first day is over, ended when their last one is."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.queue import enqueue
from core.time import start_of_day
from inventory import words
from inventory.models import Depot
from inventory.services import release, sync_soon
from orders.cancellation import percent_at, retained, tiers_of
from orders.due import is_forfeit, is_missed, no_shows
from orders.models import Fulfilment, Order, Rental
from orders.outlook import rent_charged_minor
from orders.services.history import CLOCK, give_credit, lock_rental, move_rental
from orders.services.parts import claims_of_rentals
from orders.services.soon import settle_soon, tell_soon


@transaction.atomic
def settle_no_show(*, rental_id: UUID) -> Rental:
    """Write down that nobody came on the first day; after the last one end the rental by the terms of cancellation.
    So for all of its order with the same day, as they are told of together.

    Its unit is free again, and of the rent is credited what a cancellation without notice credits. Safe to repeat.
    Locks: order, reservations. Raises: NotFound, TransitionNotAllowed.
    """
    order, rental = lock_rental(rental_id)
    depot, now = Depot.objects.with_closures(past=True).get(pk=order.depot_id), timezone.now()
    if order.fulfilment != Fulfilment.PICKUP:
        return rental
    rentals = Rental.objects.filter(line__order=order).select_related("line").order_by("id")
    forfeit = [row for row in rentals if row.end_on == rental.end_on and is_forfeit(row, depot, now)]
    missed = [
        row
        for row in rentals
        if row.start_on == rental.start_on and row.missed_at is None and is_missed(row, depot, now)
    ]
    if forfeit:
        note = f"not picked up until {words.day(rental.end_on)}"
        for row in forfeit:
            move_rental(order, row, "forfeit", actor=CLOCK, note=note, unit=None, missed_at=row.missed_at or now)
        claims = claims_of_rentals(row.pk for row in forfeit)
        release(reservation_ids=claims)
        for row in forfeit:
            _credit(order, row)
        sync_soon(claims)
        settle_soon(order.pk)
        tell_soon("rental_forfeit", order_id=order.pk, about=f"{order.pk}:{rental.end_on}")
    elif missed:
        note = f"not picked up on {words.day(rental.start_on)}"
        for row in missed:
            move_rental(order, row, "miss", actor=CLOCK, note=note, missed_at=now)
        tell_soon("no_show", order_id=order.pk, about=f"{order.pk}:{rental.start_on}")
    return Rental.objects.get(pk=rental_id)


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
    """As cancelling without notice would, of all its days: they are over, and nobody else could have them."""
    begins = start_of_day(rental.start_on, order.depot.time_zone)
    percent = percent_at(tiers_of(order.quote.cancellation), begins, timezone.now())
    rent = rent_charged_minor(rental)
    give_credit(order, rent - retained(rent, percent), rental=rental, reason="not picked up", actor=CLOCK)
