"""Two clerks, one unit."""

from functools import partial

import pytest
from django.db import IntegrityError

from inventory.errors import UnitNotFree
from orders.models import Rental
from orders.services import prepare_rental
from tests.concurrency.racing import meanwhile, race, won
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


def two_rentals(shop: Shop) -> list[Rental]:
    return [Rental.objects.get(line__order=shop.paid(shop.rental(0, 3))) for _ in range(2)]


def set_aside(rental: Rental, serial: str = "CRATE-1-1") -> Rental:
    return prepare_rental(rental_id=rental.pk, actor="staff:1", serial=serial)


def set_aside_without_a_word(rental: Rental) -> int:
    """What preparing writes; the constraint alone stands in the way."""
    unit = rental.reservation.variant.units.get(serial="CRATE-1-1")
    return Rental.objects.filter(pk=rental.pk).update(status="ready", unit=unit)


def test_the_database_lets_only_one_of_two_clerks_have_a_unit(shop: Shop) -> None:
    first, second = two_rentals(shop)

    _, refused = meanwhile(partial(set_aside_without_a_word, first), partial(set_aside_without_a_word, second))

    assert isinstance(refused, IntegrityError)


def test_the_second_clerk_is_told_that_the_unit_is_promised(shop: Shop) -> None:
    first, second = two_rentals(shop)

    ready, refused = meanwhile(partial(set_aside, first), partial(set_aside, second))

    assert isinstance(refused, UnitNotFree)
    assert "stands ready for somebody else" in refused.detail
    assert Rental.objects.get(unit__serial="CRATE-1-1").pk == ready.pk


def test_clerks_who_take_the_best_unit_never_take_the_same(shop: Shop) -> None:
    rentals = two_rentals(shop)

    won(race([partial(set_aside, rental, serial="") for rental in rentals]))

    taken = list(Rental.objects.filter(unit__isnull=False).values_list("unit", flat=True))
    assert len(taken) == len(set(taken)) >= 1
