"""The worklist of promises that cannot be kept as they stand: complete, dead ones left out, and a way on for each."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Reservation
from inventory.troubles import (
    Trouble,
    broken_promises,
    count_troubles,
    troubles_of,
)
from tests.desk import sit
from tests.factories.inventory import ReservationFactory, UnitFactory
from tests.factories.orders import RentalFactory, SaleLineFactory
from tests.inventory.shelf import Shelf
from tests.jobs import waiting_jobs
from tests.orders.desk import address, said

pytestmark = pytest.mark.django_db
WORKLIST = "inventory_reservation_worklist"
PAID = {"status": "committed", "expires_at": None}
REFUSED = {**PAID, "provider_state": "refused", "sync_error": "none there", "sync_failures": 2}
MISFIT = {"misfit_at": timezone.now()}


@pytest.fixture
def clerk(client: Client) -> Client:
    return sit(client, "clerk")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({**PAID, **MISFIT, "provider_state": "confirmed"}, [Trouble.MISFIT]),
        (MISFIT, [Trouble.MISFIT]),
        (REFUSED, [Trouble.REFUSED]),
        ({**REFUSED, **MISFIT}, [Trouble.MISFIT, Trouble.REFUSED]),
        ({**PAID, "provider_state": "held", "sync_error": "no such SKU"}, [Trouble.NOT_TAKEN]),
        ({"status": "released", "provider_state": "held", "sync_error": "lost"}, [Trouble.NOT_TAKEN]),
        # nothing is left to be done
        ({**PAID, "provider_state": "confirmed"}, []),
        ({**PAID, "provider_state": "none"}, []),
        ({**MISFIT, "expires_at": timezone.now() - timedelta(hours=1), "provider_state": "held"}, []),
        ({"status": "released", "provider_state": "refused", "sync_error": "none there"}, []),
        ({"status": "expired", "provider_state": "released", **MISFIT}, []),
    ],
)
def test_what_a_person_must_look_at_is_listed_and_nothing_else(fields: dict[str, Any], found: list[Trouble]):
    row = ReservationFactory(**fields)

    assert list(broken_promises()) == ([row.pk] if found else [])
    assert [said.trouble for said in troubles_of(row)] == found


PAST = """
INSERT INTO inventory_reservation (
    id, variant_id, depot_id, kind, quantity, period, turnaround_days, status, provider_state, sync_failures,
    sync_error, created_at
)
SELECT gen_random_uuid(), %s, %s, 'rental', 1, '[2027-05-01,2027-05-20)', 1,
       (array['fulfilled', 'released', 'expired'])[1 + n %% 3],
       (array['checked_in', 'released', 'released'])[1 + n %% 3], 0, '', now()
FROM generate_series(1, 20000) AS n
"""


def test_the_worklist_does_not_touch_the_past():
    shelf = Shelf(pieces=5)
    for _ in range(200):
        shelf.reserved(**PAID, provider_state="confirmed")
    shelf.reserved(**REFUSED)
    with connection.cursor() as cursor:
        cursor.execute(PAST, shelf.pool)
        cursor.execute("ANALYZE inventory_reservation")

    plan = broken_promises().explain()

    assert "reservation_misfits" in plan
    assert "reservation_out_of_step" in plan
    assert "Seq Scan" not in plan


def test_the_worklist_says_what_is_wrong_whose_it_is_and_where_to_go_on(clerk: Client):
    rental = RentalFactory(line__order__confirmed=True)
    sale = SaleLineFactory(order__confirmed=True)
    Reservation.objects.filter(pk=rental.reservation_id).update(**MISFIT)
    Reservation.objects.filter(pk=sale.reservation_id).update(**REFUSED)

    answer = clerk.get(address(WORKLIST))

    text = answer.content.decode()
    assert "No unit is left that could serve it" in text
    assert "the inventory system does not set it aside" in text
    assert "It said “none there”." in text
    assert "2 times refused" in text
    for order in (rental.line.order, sale.order):
        assert address("orders_order_change", order) in text
    assert address("inventory_unit_calendar") in text
    assert address("inventory_reservation_ask_again", sale.reservation_id) in text


def test_what_starts_soonest_comes_first(clerk: Client):
    later, sooner = RentalFactory(days=(9, 11)), RentalFactory(days=(2, 4))
    Reservation.objects.update(**PAID, **MISFIT)

    text = clerk.get(address(WORKLIST)).content.decode()

    assert text.index(sooner.line.order.number) < text.index(later.line.order.number)


def test_the_worklist_asks_no_more_when_more_waits(clerk: Client):
    def wait() -> None:
        rental = RentalFactory(line__order__confirmed=True)
        sale = SaleLineFactory(order__confirmed=True)
        Reservation.objects.filter(pk=rental.reservation_id).update(**MISFIT, unit=None)
        Reservation.objects.filter(pk=sale.reservation_id).update(**REFUSED)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            clerk.get(address(WORKLIST))
        return len(captured)

    wait()
    statements()
    few = statements()
    for _ in range(6):
        wait()

    assert statements() == few


def test_an_empty_worklist_says_so(clerk: Client):
    assert "Everything fits" in clerk.get(address(WORKLIST)).content.decode()


def test_how_much_waits_is_seen_on_every_page_and_on_the_first(clerk: Client):
    for _ in range(2):
        ReservationFactory(**REFUSED)

    assert count_troubles() == 2
    first = clerk.get(address("index"))
    tiles = {tile.title: tile.count for group in first.context["groups"] for tile in group.tiles}
    assert tiles["Promises that do not fit"] == 2
    items = [item for group in first.context["sidebar_navigation"] for item in group["items"]]
    assert [item["badge"] for item in items if item["title"] == "Does not fit"] == [2]


@pytest.mark.parametrize("group", ["catalog", "refunds"])
def test_who_sees_no_stock_is_told_nothing_of_it(client: Client, group: str):
    ReservationFactory(**REFUSED)
    staff = sit(client, group)

    assert staff.get(address(WORKLIST)).status_code == 403
    first = staff.get(address("index")).content.decode()
    assert "cannot be kept" not in first
    assert "Does not fit" not in first


# ------------------------------------------------------------------------------------------------- asking again


def test_the_inventory_system_is_asked_again_at_once_whatever_rest_it_was_given(clerk: Client):
    row = ReservationFactory(**REFUSED, sync_after=timezone.now() + timedelta(hours=6))
    step = address("inventory_reservation_ask_again", row)

    assert clerk.get(step).status_code == 200
    assert waiting_jobs("sync_reservation") == []

    for _ in range(2):
        assert "asked again within seconds" in said(clerk.post(step))
    assert waiting_jobs("sync_reservation") == [("inventory.sync_reservation", {"reservation_id": str(row.pk)})]


def test_what_the_inventory_system_has_taken_meanwhile_is_not_asked_again(clerk: Client):
    row = ReservationFactory(**PAID, provider_state="confirmed")

    assert "Nothing is left to ask" in said(clerk.post(address("inventory_reservation_ask_again", row)))
    assert waiting_jobs("sync_reservation") == []
    assert "ask-again" not in clerk.get(address("inventory_reservation_change", row)).content.decode()


def test_who_only_looks_does_not_ask(client: Client):
    row = ReservationFactory(**REFUSED)
    auditor = sit(client, "auditor")

    assert "ask-again" not in auditor.get(address(WORKLIST)).content.decode()
    assert auditor.post(address("inventory_reservation_ask_again", row)).status_code == 403
    assert waiting_jobs("sync_reservation") == []


def test_a_reservations_page_tells_how_it_stands_with_the_inventory_system(clerk: Client):
    unit = UnitFactory()
    row = ReservationFactory(**REFUSED, rental=("2027-05-01", "2027-05-04"), variant=unit.variant, depot=unit.depot)

    text = clerk.get(address("inventory_reservation_change", row)).content.decode()

    assert "Still to hear of it" in text
    assert "refused it" in text
    assert "none there" in text
    assert address("inventory_reservation_ask_again", row) in text
