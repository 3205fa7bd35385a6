"""Two customers, one unit, and other days for both."""

from functools import partial

import pytest

from inventory.models import Reservation
from inventory.rebooking import Rebooking
from inventory.services import review_promises
from orders.errors import ExtensionNotPossible
from orders.models import Rental
from orders.services import extend_rental, move_rental_days
from tests.concurrency.racing import meanwhile
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]

ME = "customer:1"


def two_of_one_unit(shop: Shop) -> tuple[Rental, Rental]:
    """One booked until the 2nd day, one far away; all other units are taken throughout."""
    shop.paid(shop.rental(0, 24, 2))
    near, far = (Rental.objects.get(line__order=shop.paid(shop.rental(*days))) for days in ((1, 2), (20, 22)))
    return near, far


def written_without_the_lock(claim: Reservation, first: int, end: int, shop: Shop) -> bool:
    days = (shop.day(first), shop.day(end))
    fits = Rebooking(claim).fits(days)
    if fits:
        Reservation.objects.filter(pk=claim.pk).update(period=days)
    return fits


def test_without_the_lock_both_get_the_days(shop: Shop) -> None:
    near, far = two_of_one_unit(shop)
    longer = partial(written_without_the_lock, near.reservation, 1, 8, shop)
    moved = partial(written_without_the_lock, far.reservation, 5, 9, shop)

    assert meanwhile(moved, longer) == [True, True]

    assert len(review_promises(variant_id=shop.crate.pk, depot_id=shop.depot.pk)) == 1


def test_the_second_is_refused_without_a_day_that_is_not_possible(shop: Shop) -> None:
    near, far = two_of_one_unit(shop)
    longer = partial(extend_rental, rental_id=near.pk, end_on=shop.day(6), actor=ME)
    moved = partial(move_rental_days, rental_id=far.pk, start_on=shop.day(5), end_on=shop.day(7), actor=ME)

    _, refused = meanwhile(moved, longer)

    assert isinstance(refused, ExtensionNotPossible)
    assert refused.members == {"reason": "next_booking", "latest_on": None}
    assert review_promises(variant_id=shop.crate.pk, depot_id=shop.depot.pk) == []
