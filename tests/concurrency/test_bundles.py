"""A bundle and its parts alone are promised to one customer, whoever else asks for either at the same time."""

from collections.abc import Sequence
from functools import partial

import pytest

from inventory.models import Reservation
from inventory.services import Claim
from inventory.states import ReservationKind
from orders.bundles import pieces_of
from tests.concurrency.racing import meanwhile, race, won
from tests.concurrency.test_hold import Hold, held, held_without_the_lock, sold
from tests.factories.catalog import accessory, bundle
from tests.inventory.shelf import Shelf

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
