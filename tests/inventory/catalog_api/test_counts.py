"""The counts in the shop window: buffers, holds, and that they are what a booking gets."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.buffers import Buffers
from inventory.errors import OutOfStock
from inventory.models import Depot
from inventory.services import Claim, hold
from inventory.states import ReservationKind
from tests.factories.catalog import (
    RentalOfferFactory,
    VariantFactory,
)
from tests.factories.inventory import (
    DowntimeFactory,
    ReservationFactory,
    StockLevelFactory,
    UnitFactory,
)
from tests.inventory.catalog_api.asking import LIST, TODAY, Get, day, days, free

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (10, 12, 0),
        (8, 12, 0),
        (5, 7, 1),  # blocks day 4 to 9: the next booking's begins on day 10
        (5, 8, 0),
        (14, 16, 0),  # day 13 is still the turnaround of the booking; the preparation of day 14 needs it
        (15, 16, 1),
    ],
)
def test_the_buffers_shown_are_those_that_a_booking_blocks(get: Get, pool: Any, first: int, last: int, expected: int):
    depot = Depot.objects.get()
    ReservationFactory(variant=pool, depot=depot, rental=(day(10), day(14)), committed=True)

    assert free(get(LIST, **days(first, last))) == expected


@pytest.mark.parametrize("first", range(3, 17))
def test_what_is_shown_as_free_can_be_held_and_nothing_else(get: Get, depot: Depot, pool: Any, first: int):
    ReservationFactory(variant=pool, depot=depot, rental=(day(8), day(11)), committed=True)
    start_on = TODAY + timedelta(days=first)
    blocked = Buffers(prep_days=1, turnaround_days=2).blocked(start_on, start_on + timedelta(days=1))
    claim = Claim(pool.pk, depot.pk, ReservationKind.RENTAL, 1, blocked)

    shown = free(get(LIST, **days(first, first + 1)))

    with nullcontext() if shown else pytest.raises(OutOfStock):
        hold(claims=[claim], expires_at=timezone.now() + timedelta(minutes=15))


def test_each_variant_keeps_to_its_own_buffers_beside_others_with_wider_ones(get: Get, depot: Depot, pool: Any):
    careful = VariantFactory(approved=True, container=pool.container, sku="ZZZ-CAREFUL", outer_length_mm=900)
    RentalOfferFactory(variant=careful, prep_days=9, turnaround_days=14)
    UnitFactory(variant=careful, depot=depot)
    for variant in (pool, careful):
        ReservationFactory(variant=variant, depot=depot, rental=(day(20), day(21)), committed=True)

    [shown] = get(LIST, **days(15, 17))["results"]

    assert [variant["availability"][0]["rental"] for variant in shown["variants"]] == [1, 0]


def test_a_hold_counts_until_it_lapses(get: Get, depot: Depot, pool: Any):
    ReservationFactory(variant=pool, depot=depot, rental=(day(5), day(9)), lapsed=True)
    assert free(get(LIST, **days(5, 6))) == 1

    ReservationFactory(variant=pool, depot=depot, rental=(day(5), day(9)))
    assert free(get(LIST, **days(5, 6))) == 0


def test_without_days_the_counts_are_those_of_today(get: Get, depot: Depot, pool: Any):
    assert free(get(LIST)) == 1

    DowntimeFactory(unit=pool.units.get(), days=(day(0), day(1)))

    assert free(get(LIST)) == 0


def test_what_is_not_offered_one_way_counts_nothing_that_way(get: Get, depot: Depot, pool: Any):
    StockLevelFactory._meta.model.objects.update(on_hand=9)

    [shown] = get(LIST)["results"]

    assert shown["variants"][0]["sale"] is None
    assert shown["variants"][0]["availability"][0]["sale"] == 0
