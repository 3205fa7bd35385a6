"""A bundle and its parts alone are promised to one customer, whoever else asks for either at the same time."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from inventory.models import Reservation
from inventory.services import Claim, lock_pools
from inventory.states import ReservationKind
from orders.bundles import pieces_of
from orders.errors import ExtensionNotPossible
from orders.models import LinePart, Rental
from orders.services import extend_rental, hand_over_rental, prepare_rental
from orders.services.parts import claims_of_rentals
from tests.concurrency.racing import meanwhile, queued, race, won
from tests.concurrency.test_hold import Hold, held, held_without_the_lock, sold
from tests.factories.catalog import accessory, bundle
from tests.inventory.shelf import Shelf
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]

BUYERS = 12


def a_set(carriers: Shelf, bowls: Shelf) -> list[Claim]:
    """What one bundle of a carrier and a bowl claims, as an order does."""
    whole = bundle(carriers.variant, bowls.variant)
    parts = [
        {"variant_id": part.part_id, "sku": part.part.sku, "title": "", "quantity": 1, "comes_back": True}
        for part in whole.parts.all()
    ]
    line = {"kind": "sale", "variant_id": whole.pk, "sku": whole.sku, "title": "", "quantity": 1, "parts": parts}
    return [
        Claim(piece.variant_id, carriers.depot.pk, ReservationKind.SALE, piece.quantity, bundle=piece.bundle)
        for piece in pieces_of(line)
    ]


@pytest.mark.parametrize(("how", "winners"), [(held, 1), (held_without_the_lock, 2)])
def test_a_bundle_and_the_last_bowl_alone(how: Hold, winners: int) -> None:
    """The second asks while the transaction of the first is open: with the lock it waits and is refused."""
    carriers = Shelf(pieces=5)
    bowls = Shelf(pieces=1, variant=accessory(), depot=carriers.depot)
    whole, alone = a_set(carriers, bowls), [bowls.sale()]

    assert len(won(meanwhile(partial(how, whole), partial(how, alone)))) == sold(bowls) == winners


def test_buyers_of_bundles_and_of_parts_share_what_there_is_and_leave_nothing_half_held() -> None:
    carriers = Shelf(pieces=7)
    bowls = Shelf(pieces=9, variant=accessory(), depot=carriers.depot)
    whole = a_set(carriers, bowls)
    asked: Sequence[Sequence[Claim]] = [whole, whole[::-1], [carriers.sale()], [bowls.sale()]] * (BUYERS // 4 * 2)

    outcomes = race([partial(held, claims) for claims in asked])

    assert all(not isinstance(outcome, Exception) or outcome.args for outcome in outcomes)
    rows = [row for claims in won(outcomes) for row in claims]
    assert len(rows) == Reservation.objects.count()
    assert (sold(carriers), sold(bowls)) == (7, 9)


# Bundles that are rented

CLERK = "staff:1"


def two_bundles(shop: Shop, *days: tuple[int, int]) -> list[Rental]:
    """Two paid rentals of a carrier and a bowl, of which there are two."""
    whole = shop.offer_set(bowls=2)
    lines = [replace(shop.rental(*span), sku=whole.sku) for span in days or ((0, 3), (0, 3))]
    return [Rental.objects.get(line__order=shop.ready(line)) for line in lines]


def bowl_of(rental: Rental) -> Reservation:
    return LinePart.objects.get(rental=rental, sku="BOWL-1").reservation


@transaction.atomic
def given_a_bowl_without_the_lock(rental: Rental) -> int:
    bowl = bowl_of(rental).variant.units.get(serial="BOWL-1-1")
    return Reservation.objects.filter(pk=bowl_of(rental).pk).update(unit=bowl)


def test_the_database_lets_a_part_be_set_aside_for_one(shop: Shop) -> None:
    give = [partial(given_a_bowl_without_the_lock, rental) for rental in two_bundles(shop)]

    _, refused = meanwhile(*give)

    assert isinstance(refused, IntegrityError)


def test_clerks_who_prepare_bundles_at_once_never_take_one_part_twice(shop: Shop) -> None:
    rentals = two_bundles(shop)

    won(meanwhile(*(partial(prepare_rental, rental_id=rental.pk, actor=CLERK) for rental in rentals)))

    assert {str(bowl_of(rental).unit) for rental in rentals} == {"BOWL-1-1", "BOWL-1-2"}


def test_a_bundle_is_handed_over_once_whoever_does_it_at_the_same_time(shop: Shop) -> None:
    rental, _ = two_bundles(shop)
    prepare_rental(rental_id=rental.pk, actor=CLERK)
    give = partial(hand_over_rental, rental_id=rental.pk, actor=CLERK)

    outcomes = meanwhile(give, give)

    assert len(won(outcomes)) == 1
    statuses = Reservation.objects.filter(pk__in=claims_of_rentals([rental.pk])).values_list("status", flat=True)
    assert set(statuses) == {"shipped"}


def test_the_last_bowl_goes_to_who_extends_the_bundle_or_to_who_orders_it_alone_not_to_both(shop: Shop) -> None:
    near, _ = two_bundles(shop, (0, 1), (0, 9))
    bowl = bowl_of(near)
    alone = Claim(
        bowl.variant_id, bowl.depot_id, ReservationKind.RENTAL, 1, period=(shop.day(4), shop.day(7)), turnaround_days=1
    )

    order = partial(held, [alone])
    longer = partial(extend_rental, rental_id=near.pk, end_on=shop.day(5), actor="customer:1")
    _, refused = meanwhile(order, longer)

    assert isinstance(refused, ExtensionNotPossible)
    lead, part = Rental.objects.get(pk=near.pk).reservation, bowl_of(near)
    assert lead.period == part.period


def test_steps_with_bundles_of_the_same_parts_in_another_order_wait_for_each_other(shop: Shop) -> None:
    """Whichever part leads, the pools are taken in one order: who waits gets its turn, and nobody is a victim."""
    first, _ = two_bundles(shop)
    second = Rental.objects.get(line__order=shop.paid(replace(shop.rental(20, 22), sku="CABIN-1")))
    ids = claims_of_rentals([first.pk])
    pools = list(Reservation.objects.filter(pk__in=ids).values_list("variant_id", "depot_id"))
    steps = [
        partial(prepare_rental, rental_id=second.pk, actor=CLERK),
        partial(prepare_rental, rental_id=first.pk, actor=CLERK),
    ]

    assert len(won(queued(partial(lock_pools, pools), *steps))) == 2
