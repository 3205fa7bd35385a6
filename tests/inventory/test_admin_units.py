"""A unit's page: what staff may say of it now, what that does to promises, and what is known of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from inventory.models import Downtime, Reservation, StockLevel, Unit
from inventory.states import DECISIONS, UNIT, UnitStatus
from orders.models import Rental
from tests.desk import sit
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, DowntimeFactory, ReservationFactory, StockLevelFactory, UnitFactory
from tests.factories.orders import ChargeFactory, RentalFactory, RentalPhotoFactory
from tests.inventory.test_admin import page
from tests.jobs import run_jobs, waiting_jobs
from tests.orders.desk import address, said

pytestmark = pytest.mark.django_db

STEPS = {
    "shelve": "shelve",
    "mend": "mend",
    "find": "find",
    "break": "send_to_maintenance",
    "lose": "lose",
    "retire": "retire",
}


@pytest.fixture
def clerk(client: Client) -> Client:
    return sit(client, "clerk")


def say(client: Client, event: str, unit: Unit, **typed: Any) -> Any:
    return client.post(address(f"inventory_unit_{STEPS[event]}", unit), {"condition": "C", "note": "", **typed})


def booked(unit: Unit, first: int = 3, end: int = 6) -> Reservation:
    """A paid rental of the unit's pool, as an order knows it."""
    rental = RentalFactory(
        line__order__confirmed=True, line__order__depot=unit.depot, line__variant=unit.variant, days=(first, end)
    )
    return Reservation.objects.get(pk=rental.reservation_id)


@pytest.mark.parametrize("status", UnitStatus.values)
def test_what_may_be_said_of_a_unit_now_is_offered_and_nothing_else(clerk: Client, status: str):
    unit = UnitFactory(status=status)

    shown = clerk.get(page("unit", "change", unit.pk)).content.decode()

    offered = {event for event in DECISIONS if address(f"inventory_unit_{STEPS[event]}", unit) in shown}
    assert offered == {event for event, source in UNIT if source == status and event in DECISIONS}


@pytest.mark.parametrize(("event", "status"), [(e, s) for e, s in UNIT if e in DECISIONS])
def test_each_word_is_asked_for_by_a_link_and_said_by_a_post(clerk: Client, event: str, status: str):
    unit = UnitFactory(status=status)

    asked = clerk.get(address(f"inventory_unit_{STEPS[event]}", unit))
    assert asked.status_code == 200
    assert Unit.objects.get().status == status

    assert say(clerk, event, unit).status_code == 302
    unit.refresh_from_db()
    assert unit.status == UNIT[event, status]
    assert unit.decided_here
    assert waiting_jobs("tell_unit")


def test_the_condition_and_a_note_are_kept(clerk: Client):
    unit = UnitFactory()

    say(clerk, "break", unit, condition="D", note="The zip is torn.")

    assert Unit.objects.get().condition == "D"
    shown = clerk.get(page("unit", "change", unit.pk)).content.decode()
    assert f"{unit} is in maintenance. The zip is torn." in shown
    assert "Not told yet" in shown


def test_what_somebody_else_has_said_meanwhile_is_answered_beside_the_form(clerk: Client):
    unit = UnitFactory(status=UnitStatus.LOST)

    answer = say(clerk, "break", unit, note="The zip is torn.")

    shown = strip_tags(answer.content.decode())
    assert answer.status_code == 200
    assert f"{unit} is lost now, so this cannot be said of it. Possible now: Found again; Retire." in shown
    assert "The zip is torn." in shown
    assert Unit.objects.get().status == UnitStatus.LOST


def test_how_worn_a_unit_is_can_be_corrected_while_it_is_here(clerk: Client):
    unit = UnitFactory()

    clerk.post(address("inventory_unit_grade", unit), {"condition": "C", "note": ""})

    assert (Unit.objects.get().status, Unit.objects.get().condition) == ("available", "C")
    assert waiting_jobs("tell_unit")


def test_how_worn_a_unit_is_that_is_out_is_seen_when_it_is_back(clerk: Client):
    unit = UnitFactory(status=UnitStatus.OUT)

    answer = clerk.post(address("inventory_unit_grade", unit), {"condition": "C", "note": ""})

    assert f"{unit} is out now" in answer.content.decode()
    assert Unit.objects.get().condition == "A"


def test_bookings_that_a_broken_unit_leaves_unserved_are_named_at_once(clerk: Client):
    unit = UnitFactory()
    row = booked(unit)

    answer = say(clerk, "break", unit)

    assert f"1 coming booking cannot be served with what is left: {row.rental.line.order.number}" in strip_tags(
        said(answer)
    )
    assert waiting_jobs("review_promises")


def test_nothing_is_said_when_another_unit_can_serve(clerk: Client):
    unit = UnitFactory()
    UnitFactory(variant=unit.variant, depot=unit.depot)
    booked(unit)

    assert "cannot be served" not in said(say(clerk, "break", unit))


def test_a_new_unit_has_a_stock_level_to_make_promises_under(client: Client):
    client.force_login(UserFactory(superuser=True))
    variant, depot = VariantFactory(), DepotFactory()
    new = {"serial": "NEW-1", "variant": variant.pk, "depot": depot.pk, "condition": "A"}

    answer = client.post(page("unit", "add"), new)

    assert answer.status_code == 302
    assert Unit.objects.get().status == UnitStatus.AVAILABLE
    assert StockLevel.objects.filter(variant=variant, depot=depot).exists()
    assert "already exists" in str(client.post(page("unit", "add"), new).context["errors"])


def test_a_unit_that_is_there_is_changed_by_no_form(client: Client):
    client.force_login(UserFactory(superuser=True))
    unit = UnitFactory(serial="A-1")

    answer = client.post(page("unit", "change", unit.pk), {"serial": "B-2", "status": "sold", "condition": "D"})

    assert answer.status_code == 403
    assert (Unit.objects.get().serial, Unit.objects.get().status) == ("A-1", "available")


def test_a_units_page_tells_who_has_it_who_had_it_and_who_waits_for_it(clerk: Client):
    unit = UnitFactory(as_of=timezone.now())
    ready, past = booked(unit), booked(unit, -12, -8)
    Reservation.objects.filter(pk=ready.pk).update(unit=unit)
    Reservation.objects.filter(pk=past.pk).update(unit=unit, status="fulfilled")
    Rental.objects.filter(reservation=past).update(unit=unit, status="closed")

    shown = clerk.get(page("unit", "change", unit.pk)).content.decode()

    for row in (ready, past):
        assert address("orders_order_change", row.rental.line.order) in shown
    assert "Came back as" in shown
    assert "set-aside" in shown


def test_a_units_page_asks_no_more_for_a_unit_that_has_seen_much(clerk: Client):
    unit = UnitFactory()

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            clerk.get(page("unit", "change", unit.pk))
        return len(captured)

    def one_more(n: int) -> None:
        past = booked(unit, -60 + 6 * n, -57 + 6 * n)
        Reservation.objects.filter(pk=past.pk).update(unit=unit, status="fulfilled")
        Rental.objects.filter(reservation=past).update(unit=unit, status="closed")
        RentalPhotoFactory(rental=past.rental)
        ChargeFactory(order=past.rental.line.order, rental=past.rental, kind="damage")
        DowntimeFactory(unit=unit, days=(date(2027, 1, 1 + 2 * n), date(2027, 1, 2 + 2 * n)))
        booked(unit, 5 * n, 5 * n + 2)

    one_more(0)
    statements()
    few = statements()
    for n in range(1, 8):
        one_more(n)

    assert statements() == few


# ----------------------------------------------------------------------------------------------------- downtimes


def in_days(*offsets: int) -> dict[str, str]:
    first, last = (timezone.localdate() + timedelta(days=offset) for offset in offsets)
    return {"start_on": first.isoformat(), "end_on": last.isoformat(), "reason": ""}


def test_a_downtime_has_the_promises_of_its_pool_looked_at_and_says_what_does_not_fit(clerk: Client):
    unit = UnitFactory()
    row = booked(unit)

    answer = clerk.post(page("downtime", "add"), {"unit": unit.pk, **in_days(4, 4)})

    assert answer.status_code == 302
    assert row.rental.line.order.number in said(answer)
    run_review()
    row.refresh_from_db()
    assert row.misfit_at is not None


def test_days_that_are_given_back_let_it_fit_again(clerk: Client):
    unit = UnitFactory()
    row = booked(unit)
    clerk.post(page("downtime", "add"), {"unit": unit.pk, **in_days(4, 4)})
    run_review()

    clerk.post(page("downtime", "change", Downtime.objects.get().pk), in_days(20, 24))
    run_review()
    row.refresh_from_db()
    assert row.misfit_at is None

    Reservation.objects.update(misfit_at=timezone.now())
    clerk.post(page("downtime", "delete", Downtime.objects.get().pk), {"post": "yes"})
    run_review()
    row.refresh_from_db()
    assert row.misfit_at is None


def test_downtimes_deleted_together_have_all_their_pools_looked_at(clerk: Client):
    downtimes = [DowntimeFactory(), DowntimeFactory()]

    clerk.post(
        page("downtime"),
        {"action": "delete_selected", "_selected_action": [row.pk for row in downtimes], "post": "yes"},
    )

    assert not Downtime.objects.exists()
    assert len(waiting_jobs("review_promises")) == 2


def test_a_downtime_stays_with_its_unit(clerk: Client):
    downtime = DowntimeFactory()

    clerk.post(page("downtime", "change", downtime.pk), {"unit": UnitFactory().pk, **in_days(4, 5)})

    assert Downtime.objects.get().unit == downtime.unit


def run_review() -> None:
    """What the worker does within the second."""
    run_jobs(later=False)


def test_a_level_tells_its_units(clerk: Client):
    level = StockLevelFactory(on_hand=4)
    unit = UnitFactory(variant=level.variant, depot=level.depot, status=UnitStatus.LOST)
    ReservationFactory(variant=level.variant, depot=level.depot, quantity=3)

    shown = clerk.get(page("stocklevel", "change", level.pk)).content.decode()

    assert unit.serial in shown
    assert "1 of 4" in shown
