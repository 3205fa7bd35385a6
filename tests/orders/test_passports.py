"""The passport of a unit: its trips, what they did to it, and when it is to leave the fleet."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from inventory.models import RetireRule, Unit
from inventory.services import decide_unit
from orders.models import ChargeKind, Rental
from orders.services import (
    Look,
    choose_anew,
    close_rental,
    hand_over_rental,
    prepare_rental,
    take_back_rental,
)
from orders.states import RentalStatus
from tests.factories.accounts import UserFactory
from tests.factories.inventory import ReservationFactory, UnitFactory
from tests.factories.orders import ChargeFactory
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, desk_of
from tests.orders.test_handing_over import page, upload
from tests.shop import Shop

STAFF = "staff:1"


@pytest.fixture
def clerk(db: None) -> Client:
    return desk("clerk")


def travelled(unit: Unit, trips: int) -> Unit:
    for n in range(trips):
        days = (f"2026-{1 + n:02}-01", f"2026-{1 + n:02}-05")
        ReservationFactory(variant=unit.variant, depot=unit.depot, rental=days, status="fulfilled", unit=unit)
    return unit


def ready(shop: Shop, serial: str) -> Rental:
    order = shop.ready(shop.rental(0, 2))
    return prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor=STAFF, serial=serial)


def test_a_units_page_tells_each_trip_with_its_pictures_and_what_damage_cost(shop: Shop, clerk: Client) -> None:
    rental = ready(shop, "CRATE-1-1")
    hand_over_rental(rental_id=rental.pk, actor=STAFF, look=Look("A", photos=[upload()]))
    take_back_rental(rental_id=rental.pk, actor=STAFF, condition="C", photos=[upload()])
    assert "Turnaround" in page(clerk.get(address("inventory_unit_change", rental.unit)))
    close_rental(rental_id=rental.pk, actor=STAFF, fit=False, note="The zip is sewn.")
    order = rental.line.order
    for kind, minor in ((ChargeKind.DAMAGE, 1500), (ChargeKind.CLEANING, 500), (ChargeKind.LATE_FEE, 900)):
        ChargeFactory(order=order, rental=rental, kind=kind, amount_minor=minor)

    told = page(clerk.get(address("inventory_unit_change", rental.unit)))

    passport = told[told.index("<h3>Trips</h3>") :]
    assert address("orders_order_change", order) in passport
    assert all(address("orders_rental_picture", photo) in passport for photo in rental.photos.all())
    assert "€20.00" in passport
    assert "to maintenance. The zip is sewn." in passport


def test_who_may_not_see_rentals_sees_no_trips(shop: Shop) -> None:
    user = UserFactory(staff=True)
    unit = Unit.objects.get(serial="CRATE-1-1")
    assert desk_of(user).get(address("inventory_unit_change", unit)).status_code == 403
    assert "<h3>Trips</h3>" in page(desk("auditor").get(address("inventory_unit_change", unit)))


# The rule


@pytest.mark.parametrize(
    ("trips", "state", "is_due"),
    [
        (2, {}, False),
        (3, {}, True),
        (4, {}, True),
        (3, {"status": "retired"}, False),
        (3, {"status": "cleaning"}, True),
    ],
)
def test_a_unit_is_due_once_it_made_as_many_trips_as_its_rule_says(
    db: None, trips: int, state: dict[str, Any], is_due: bool
) -> None:
    unit = travelled(UnitFactory(**state), trips)
    RetireRule.objects.create(variant=unit.variant, after_trips=3)
    travelled(UnitFactory(), 9)  # no rule, never due

    assert list(Unit.objects.due_to_retire()) == ([unit] if is_due else [])
    assert Unit.objects.with_trips().get(pk=unit.pk).trips == trips


def test_what_is_held_or_promised_is_no_trip(db: None) -> None:
    unit = UnitFactory()
    for n, status in enumerate(("held", "committed", "released")):
        days = (f"2027-0{1 + n}-01", f"2027-0{1 + n}-05")
        ReservationFactory(variant=unit.variant, depot=unit.depot, rental=days, status=status, unit=unit)

    assert Unit.objects.with_trips().get(pk=unit.pk).trips == 0


def test_a_rule_of_no_trips_is_refused(db: None) -> None:
    with pytest.raises(IntegrityError, match="retire_rule_after_a_trip"), transaction.atomic():
        RetireRule.objects.create(variant=UnitFactory().variant, after_trips=0)


def test_the_worklist_shows_what_is_due_and_the_first_page_counts_it(clerk: Client) -> None:
    due, young = travelled(UnitFactory(serial="OLD-1"), 2), travelled(UnitFactory(serial="NEW-1"), 1)
    clerk.post(address("inventory_retirerule_add"), {"variant": due.variant_id, "after_trips": "2"})
    RetireRule.objects.create(variant=young.variant, after_trips=2)

    listed = page(clerk.get(address("inventory_unit_changelist") + "?retire=due"))

    assert "OLD-1" in listed
    assert "2 of 2" in listed
    assert "NEW-1" not in listed
    assert "Due for retirement" in page(clerk.get(address("inventory_unit_change", due)))
    assert "Units due for retirement" in page(clerk.get(address("index")))


# Whoever was promised a unit gets another


@pytest.mark.parametrize("event", ["retire", "break", "lose"])
def test_a_booking_that_loses_its_unit_gets_another_by_itself(shop: Shop, event: str) -> None:
    rental = ready(shop, "CRATE-1-1")

    decide_unit(unit_id=Unit.objects.get(serial="CRATE-1-1").pk, event=event)
    run_jobs()

    again = Rental.objects.get()
    assert (again.status, str(again.unit), again.reservation.unit) == (RentalStatus.READY, "CRATE-1-2", again.unit)
    told = list(rental.line.order.events.filter(actor="clock", event__in=["unprepare", "prepare"]).values_list("note"))
    assert told == [("CRATE-1-1 had to be taken from it",), ("CRATE-1-2",)]


def test_where_no_other_unit_is_free_it_is_booked_again_and_listed(shop: Shop) -> None:
    for serial in ("CRATE-1-2", "CRATE-1-3"):
        hand_over_rental(rental_id=ready(shop, serial).pk, actor=STAFF)
    rental = ready(shop, "CRATE-1-1")

    decide_unit(unit_id=Unit.objects.get(serial="CRATE-1-1").pk, event="retire")
    run_jobs()

    again = Rental.objects.get(pk=rental.pk)
    assert (again.status, again.unit) == (RentalStatus.BOOKED, None)
    assert again.reservation.misfit_at is not None


def test_choosing_anew_changes_nothing_where_nothing_was_taken(shop: Shop) -> None:
    rental = ready(shop, "CRATE-1-1")

    assert choose_anew(reservation_id=rental.reservation_id) == rental
    assert choose_anew(reservation_id=ReservationFactory().pk) is None
    assert str(Rental.objects.get().unit) == "CRATE-1-1"
    assert not rental.line.order.events.filter(event="unprepare").exists()
