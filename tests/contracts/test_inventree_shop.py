"""A shop on InvenTree: what is sold here leaves there, and the mirror counts it once."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.http import breaker_of
from inventory.models import Reservation, StockLevel
from inventory.providers.base import UnknownOutcome
from inventory.providers.registry import get_provider
from inventory.services import commit, mirror_changes, release, ship, sync_reservations
from inventory.states import LIVE, ReservationStatus
from sandbox.inventree.rules import CANCELLED
from sandbox.inventree.server import Sandbox, running
from tests.contracts.staff import StandInStaff, Verb
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, ReservationFactory

pytestmark = pytest.mark.django_db


class Shop:
    """Five bags in Amsterdam, known to both sides."""

    def __init__(self, stand_in: Sandbox) -> None:
        self.stand_in, self.staff = stand_in, StandInStaff(stand_in)
        self.variant, self.depot = VariantFactory(sku="BAG"), DepotFactory(code="AMS")

    def hold(self, quantity: int) -> Reservation:
        row = ReservationFactory(variant=self.variant, depot=self.depot, quantity=quantity)
        return self.sync(row)

    def sync(self, row: Reservation) -> Reservation:
        sync_reservations(reservation_ids=[row.pk])
        row.refresh_from_db()
        return row

    def sold(self, quantity: int) -> Reservation:
        """Paid and handed over here; InvenTree knows that it is paid."""
        row = self.hold(quantity)
        commit(reservation_ids=[row.pk])
        row = self.sync(row)
        ship(reservation_id=row.pk)
        return row

    def free(self) -> int:
        """Pieces that could be promised, after a look at the feed."""
        mirror_changes()
        level = StockLevel.objects.get(variant=self.variant, depot=self.depot)
        claimed = Reservation.objects.filter(status__in=LIVE).values_list("quantity", flat=True)
        return level.on_hand - level.reserved_elsewhere - sum(claimed)


@pytest.fixture
def shop(settings: Any) -> Iterator[Shop]:
    breaker_of("inventory").reset()
    with running(worker=0.02) as stand_in:
        shop = Shop(stand_in)
        settings.INVENTORY_PROVIDER, settings.INVENTREE_CUSTOMER = "inventree", shop.staff.customer
        settings.INVENTORY_URL, settings.INVENTORY_TOKEN = stand_in.url, stand_in.token
        shop.staff.receive("BAG", "AMS", 5)
        mirror_changes()
        yield shop
        get_provider().close()  # type: ignore[attr-defined]


def test_a_sale_that_left_is_hidden_twice_for_a_moment_and_counted_once_from_then_on(shop: Shop):
    row = shop.sync(shop.sold(2))

    assert shop.free() <= 3
    for _ in range(3):
        shop.staff.advance(3)
        assert shop.free() == 3
    row.refresh_from_db()
    assert row.status == ReservationStatus.FULFILLED


def test_a_hand_over_whose_answer_was_lost_is_never_sold_twice_and_counted_once_in_the_end(shop: Shop):
    row = shop.sold(2)
    shop.staff.breaks(Verb.CHECK_OUT, "drop_after")
    with pytest.raises(UnknownOutcome):
        shop.sync(row)
    shop.staff.advance(10)
    assert shop.free() <= 3

    shop.staff.advance(30)
    shop.sync(row)

    for _ in range(3):
        shop.staff.advance(10)
        assert shop.free() <= 3
    shop.staff.advance(900)  # at the latest by the next snapshot
    assert shop.free() == 3


def test_a_walk_in_sale_and_a_claim_of_another_channel_show_at_the_next_look(shop: Shop):
    shop.staff.sell("BAG", "AMS", 1)
    assert shop.free() == 4

    shop.staff.claim_elsewhere("BAG", "AMS", 2)
    assert shop.free() == 2

    shop.staff.claim_elsewhere("BAG", "AMS", 0)
    assert shop.free() == 4


def test_a_hold_that_ended_here_is_given_back_there(shop: Shop):
    row = shop.hold(2)
    assert shop.free() == 3

    release(reservation_ids=[row.pk], expired=True)
    shop.sync(row)

    assert [order["status"] for order in shop.stand_in.store.rows("order")] == [CANCELLED]
    assert shop.free() == 5
