"""The inventory system loses a unit while what we have to tell of that unit is still on its way."""

import pytest

from inventory.models import Reservation, Unit
from inventory.providers.base import UnknownOutcome
from inventory.services import commit, mirror_changes, reconcile_inventory, ship, sync_reservations, take_in
from tests.inventory.shelf import crate
from tests.jobs import run_jobs
from tests.shop import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_settling")]
SERIAL = "CRATE-1-2"


def here() -> str:
    return Unit.objects.get(serial=SERIAL).status


def there(shop: Shop) -> str:
    rows, _ = shop.ims.store.units(None, None, None, 9)
    return next(str(row["status"]) for row in rows if row["serial"] == SERIAL)


def settle() -> None:
    run_jobs()
    mirror_changes()


def leaving(shop: Shop) -> Reservation:
    row = crate(shop)
    commit(reservation_ids=[row.pk])
    sync_reservations(reservation_ids=[row.pk])
    ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial=SERIAL).pk)
    return row


def lost_after(shop: Shop, row: Reservation, step: str) -> None:
    """The call arrives, its answer does not; then the unit is lost there, and the mirror reads that."""
    shop.ims.faults.plan(f"POST /reservations/*/{step}", "drop_after", times=1)
    with pytest.raises(UnknownOutcome):
        sync_reservations(reservation_ids=[row.pk])
    shop.ims.store.set_unit(SERIAL, status="lost")
    mirror_changes()


def test_a_unit_lost_there_before_its_leaving_is_acknowledged_is_lost_here(shop: Shop) -> None:
    row = leaving(shop)

    lost_after(shop, row, "check-out")
    settle()

    row.refresh_from_db()
    assert (row.provider_state, here(), there(shop)) == ("checked_out", "lost", "lost")
    assert reconcile_inventory().findings == []


def test_a_unit_lost_there_before_it_hears_of_its_leaving_is_lost_here_and_the_rental_is_listed(shop: Shop) -> None:
    row = leaving(shop)

    shop.ims.store.set_unit(SERIAL, status="lost")
    mirror_changes()
    settle()

    row.refresh_from_db()
    assert (here(), there(shop)) == ("lost", "lost")
    assert "unit_unavailable" in row.sync_error  # the worklist shows it
    assert [finding.what for finding in reconcile_inventory().findings] == ["reservation"]


def test_a_unit_lost_there_while_it_came_back_here_is_a_difference_that_reconciliation_shows(shop: Shop) -> None:
    """It was seen at the counter, so the news of its loss wait; the count of the night takes them, or staff object."""
    row = leaving(shop)
    sync_reservations(reservation_ids=[row.pk])
    take_in(reservation_id=row.pk, condition="A", turnaround_days=0)

    lost_after(shop, row, "check-in")
    settle()
    (found,) = reconcile_inventory().findings
    assert (here(), found.what, found.ref, found.repair) == ("cleaning", "unit", SERIAL, "take_theirs")

    mirror_changes(anew=True)

    assert here() == "lost"
