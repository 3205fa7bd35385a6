"""Rentals that come back by parcel: late is who posts late, never whose parcel is slow."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from catalog.models import RentalOffer
from core.errors import InvalidInput, NotFound
from inventory.errors import OutOfStock
from inventory.models import Reservation
from inventory.services import mirror_changes
from orders.calendar import calendar_of
from orders.due import due_reminders
from orders.errors import ParcelNotTaken, ShipmentUnsuitable, TransitionNotAllowed
from orders.models import Charge, ChargeKind, DeliveryRate, Order, Rental
from orders.outlook import late_rentals
from orders.selectors import extension_options, order_answer, rental_open_to_customer, rentals_to_come
from orders.services import (
    charge_late_days,
    close_rental,
    deny_parcel,
    extend_rental,
    hand_over_rental,
    keep_rental,
    lose_rental,
    post_back_rental,
    prepare_rental,
    report_late,
    shorten_rental,
    take_back_rental,
)
from orders.states import OrderStatus, RentalStatus
from payments.selectors import statement
from tests.factories.accounts import UserFactory
from tests.factories.orders import DeliveryRateFactory
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, said
from tests.shop import Shop, key

CLERK, ME = "staff:1", "customer:1"
BACK, FEE = 3, 9_00


@pytest.fixture
def days(shop: Shop) -> list[date]:
    """The depot's days from today on, whatever the clock says later. Something is late by 9.00 a day."""
    RentalOffer.objects.update(late_fee_minor=FEE, turnaround_days=1)
    return [shop.day(n) for n in range(40)]


@pytest.fixture
def rental(shop: Shop, days: list[date]) -> Rental:
    """With its customer from the third day to the seventh."""
    order = shop.ready(shop.rental(3, 7), **shop.delivery(out_days=2, back_days=BACK))
    sent = prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor=CLERK)
    with time_machine.travel(at(shop, days[1], 12)):
        hand_over_rental(rental_id=sent.pk, actor=CLERK, carrier="DHL", tracking_number="1")
        run_jobs(later=False)
    return Rental.objects.get(pk=sent.pk)


@pytest.fixture
def arrived(shop: Shop, rental: Rental) -> Iterator[None]:
    """It is the first day on which its customer has it."""
    with time_machine.travel(at(shop, rental.start_on, 12)):
        yield


def at(shop: Shop, day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZoneInfo(shop.depot.time_zone))


def post(rental: Rental, number: str = "00340434") -> Rental:
    return post_back_rental(rental_id=rental.pk, carrier="DHL", tracking_number=number, actor=ME)


def take_in(rental: Rental, **more: Any) -> Rental:
    return take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A", **more)


def fees(rental: Rental) -> int:
    return Charge.objects.filter(rental=rental, kind=ChargeKind.LATE_FEE).total()


# Late or not


def test_what_was_posted_on_its_last_day_is_not_late_however_long_it_takes(
    shop: Shop, days: list[date], rental: Rental
) -> None:
    with time_machine.travel(at(shop, days[7], 23, 55)):
        post(rental)

    with time_machine.travel(at(shop, days[20], 13)):
        assert late_rentals() == []
        assert due_reminders() == []
        assert charge_late_days(rental_id=rental.pk) == 0
        back = take_in(rental)

    assert back.status == RentalStatus.RETURNED
    assert fees(rental) == 0
    close_rental(rental_id=rental.pk, actor=CLERK)
    run_jobs()
    order = Order.objects.get(pk=rental.line.order_id)
    assert (order.status, statement(order).balance_minor) == (OrderStatus.COMPLETED, 0)


@pytest.mark.parametrize(("posted", "late"), [((7, 23), 0), ((8, 11), 0), ((8, 13), 1), ((10, 11), 2), ((10, 23), 3)])
def test_who_posts_late_pays_until_then_and_no_longer(
    shop: Shop, days: list[date], rental: Rental, posted: tuple[int, int], late: int
) -> None:
    day, hour = posted
    with time_machine.travel(at(shop, days[day], hour)):
        charge_late_days(rental_id=rental.pk)
        post(rental)
    with time_machine.travel(at(shop, days[20], 13)):
        charge_late_days(rental_id=rental.pk)
        take_in(rental)

    assert fees(rental) == late * FEE


def test_nobody_posts_back_what_was_only_just_shipped(shop: Shop, days: list[date], rental: Rental) -> None:
    detail = f"It was shipped on {days[1]}, so it cannot have been posted back before {days[2]}; tell us then."
    with time_machine.travel(at(shop, days[1], 23, 59)):
        allowed = rental_open_to_customer(rental, rental.line.order)
        refused = tell(shop, rental)
        with pytest.raises(InvalidInput, match="only just shipped"):
            take_in(rental, posted_on=days[1])

    assert "post_back" not in allowed
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (409, "parcel_not_there", detail)
    assert refused.json()["from_on"] == days[2].isoformat()
    rental.refresh_from_db()
    assert rental.posted_back_at is None
    with time_machine.travel(at(shop, days[2], 0, 1)):
        assert "post_back" in rental_open_to_customer(rental, rental.line.order)
        assert tell(shop, rental).status_code == 200


def test_staff_cannot_say_that_it_was_posted_before_it_arrived(shop: Shop, days: list[date], rental: Rental) -> None:
    with time_machine.travel(at(shop, days[9], 12)):
        with pytest.raises(InvalidInput, match=f"Name a day from {days[2]} until today"):
            take_in(rental, posted_on=days[1])
        assert take_in(rental, posted_on=days[2]).status == RentalStatus.RETURNED


@pytest.mark.parametrize("zone", ["America/Santiago", "Pacific/Kiritimati", "Europe/Berlin"])
def test_the_day_it_was_posted_is_the_depots(shop: Shop, days: list[date], rental: Rental, zone: str) -> None:
    shop.depot.time_zone = zone
    shop.depot.save()
    with time_machine.travel(at(shop, rental.end_on, 23, 59)):
        post(rental)
    with time_machine.travel(at(shop, days[20], 13)):
        take_in(rental, posted_on=rental.end_on)

    rental.refresh_from_db()
    assert fees(rental) == 0
    assert rental.posted_back_at == at(shop, rental.end_on, 23, 59)


def test_who_forgot_to_tell_is_credited_the_days_after_the_postmark(
    shop: Shop, days: list[date], rental: Rental
) -> None:
    with time_machine.travel(at(shop, days[10], 13)):
        charge_late_days(rental_id=rental.pk)
        charged = fees(rental)
        take_in(rental, posted_on=days[7])

    assert charged == 3 * FEE
    assert fees(rental) == 0
    credit = Charge.objects.get(rental=rental, amount_minor__lt=0)
    assert (credit.kind, credit.late_on) == (ChargeKind.LATE_FEE, None)
    assert "posted back on" in credit.reason
    close_rental(rental_id=rental.pk, actor=CLERK)
    run_jobs()
    assert statement(Order.objects.get(pk=rental.line.order_id)).balance_minor == 0


def test_a_parcel_that_was_posted_later_than_told_is_charged_for(shop: Shop, days: list[date], rental: Rental) -> None:
    with time_machine.travel(at(shop, days[7], 9)):
        post(rental)
    with time_machine.travel(at(shop, days[12], 13)):
        take_in(rental, posted_on=days[10])

    assert fees(rental) == 2 * FEE  # the day of the postmark counts for the customer
    rental.refresh_from_db()
    assert rental.posted_back_at == at(shop, days[10], 0)


@pytest.mark.parametrize("day", [0, 13])
def test_nothing_was_posted_before_it_left_nor_will_be(shop: Shop, days: list[date], rental: Rental, day: int) -> None:
    with time_machine.travel(at(shop, days[12], 13)), pytest.raises(InvalidInput):
        take_in(rental, posted_on=days[day])

    rental.refresh_from_db()
    assert rental.status == RentalStatus.OUT


def test_who_brings_it_instead_is_judged_as_everybody_at_the_counter(
    shop: Shop, days: list[date], rental: Rental
) -> None:
    with time_machine.travel(at(shop, days[9], 13)):
        take_in(rental)

    assert fees(rental) == 2 * FEE


# While it is on its way


def test_a_unit_on_its_way_is_nobodys_until_it_is_here(shop: Shop, days: list[date], rental: Rental) -> None:
    with time_machine.travel(at(shop, days[7], 9)):
        post(rental)
    claim = Reservation.objects.get(rental=rental)
    assert (claim.period.upper, claim.turnaround_days) == (days[7 + BACK + 1 + 1], 1)
    mirror_changes()

    with time_machine.travel(at(shop, days[15], 9)):
        for _ in range(2):
            shop.order(shop.rental(1, 2))
        with pytest.raises(OutOfStock):
            shop.quote(shop.rental(1, 2))
        take_in(rental)
        assert shop.quote(shop.rental(2, 2))


def test_who_posts_early_keeps_the_days_that_were_paid(shop: Shop, days: list[date], rental: Rental) -> None:
    before = Reservation.objects.get(rental=rental).period

    with time_machine.travel(at(shop, days[4], 9)):
        posted = post(rental)

    assert posted.period == Reservation.objects.get(rental=rental).period == before


def test_who_posts_late_keeps_the_next_one_waiting_only_as_long_as_the_parcel_takes(
    shop: Shop, days: list[date], rental: Rental
) -> None:
    with time_machine.travel(at(shop, days[8], 9)):
        report_late(rental_id=rental.pk, back_on=days[14], actor=ME)
        told = Reservation.objects.get(rental=rental).period.upper
    with time_machine.travel(at(shop, days[9], 9)):
        post(rental)

    assert told == days[14 + BACK + 1 + 1]
    assert Reservation.objects.get(rental=rental).period.upper == days[9 + BACK + 1 + 1]


@pytest.mark.usefixtures("arrived")
def test_what_is_on_its_way_can_neither_be_extended_nor_shortened_kept_nor_called_late(
    shop: Shop, days: list[date], rental: Rental
) -> None:
    with time_machine.travel(at(shop, days[5], 9)):
        post(rental)
        refused = [
            lambda: extend_rental(rental_id=rental.pk, end_on=days[9], actor=ME),
            lambda: shorten_rental(rental_id=rental.pk, end_on=days[6], actor=ME),
            lambda: report_late(rental_id=rental.pk, back_on=days[9], actor=ME),
            lambda: keep_rental(rental_id=rental.pk, actor=ME),
        ]
        for change in refused:
            with pytest.raises(TransitionNotAllowed, match="posted back"):
                change()

    order = Order.objects.with_lines().get(pk=rental.line.order_id)
    (told,) = order_answer(order)["lines"][0]["rentals"]
    assert extension_options(order) == []
    assert told["allowed_events"] == ["post_back"]
    assert told["return_parcel"] == {
        "carrier": "DHL",
        "tracking_number": "00340434",
        "posted_at": at(shop, days[5], 9),
    }


@pytest.mark.usefixtures("arrived")
def test_what_is_on_its_way_stands_in_no_calendar(shop: Shop, rental: Rental) -> None:
    def events() -> list[str]:
        calendar = Calendar.from_ical(calendar_of(rentals_to_come(shop.customer)))
        return [str(event["summary"]).partition(" ")[0] for event in calendar.walk("VEVENT")]

    assert events() == ["Parcel", "Post"]

    post(rental)

    assert events() == []


def test_told_again_the_number_is_corrected_and_the_instant_stays(shop: Shop, days: list[date], rental: Rental) -> None:
    with time_machine.travel(at(shop, days[7], 9)):
        post(rental, "wrong")
    with time_machine.travel(at(shop, days[9], 13)):
        corrected = post(rental, "right")

    assert (corrected.return_tracking_number, corrected.posted_back_at) == ("right", at(shop, days[7], 9))


def test_what_was_told_before_anybody_minded_how_soon_can_be_corrected_too(
    shop: Shop, days: list[date], rental: Rental
) -> None:
    """Until lately a parcel could be posted back on the day on which it was shipped."""
    with time_machine.travel(at(shop, days[2], 9)):
        post(rental, "wrong")
        Rental.objects.filter(pk=rental.pk).update(posted_back_at=at(shop, days[1], 13))

        corrected = post(rental, "right")

    assert (corrected.return_tracking_number, corrected.posted_back_at) == ("right", at(shop, days[1], 13))


def test_a_parcel_that_never_was_is_as_if_nobody_had_told_of_it(shop: Shop, days: list[date], rental: Rental) -> None:
    with time_machine.travel(at(shop, days[7], 9)):
        post(rental)
    with time_machine.travel(at(shop, days[9], 13)):
        deny_parcel(rental_id=rental.pk, actor=CLERK, note="DHL knows nothing of it")
        charge_late_days(rental_id=rental.pk)

    claim = Reservation.objects.get(rental=rental)
    assert fees(rental) == 2 * FEE
    assert (claim.period.upper, claim.turnaround_days) == (days[7 + BACK + 1 + 1], 1 + BACK)
    rental.refresh_from_db()
    assert (rental.posted_back_at, rental.return_carrier) == (None, "")
    with pytest.raises(TransitionNotAllowed):
        deny_parcel(rental_id=rental.pk, actor=CLERK)


def test_a_parcel_that_got_lost_is_written_off(shop: Shop, days: list[date], rental: Rental) -> None:
    with time_machine.travel(at(shop, days[7], 9)):
        post(rental)
    with time_machine.travel(at(shop, days[25], 9)):
        lost = lose_rental(rental_id=rental.pk, actor=CLERK, note="lost by its carrier")

    assert lost.status == RentalStatus.LOST
    assert fees(rental) == 0


# Who may send something back


def fetched(shop: Shop) -> Rental:
    rental = prepare_rental(rental_id=Rental.objects.get(line__order=shop.ready(shop.rental(0, 4))).pk, actor=CLERK)
    return hand_over_rental(rental_id=rental.pk, actor=CLERK)


def test_what_was_fetched_is_brought_back_unless_its_depots_country_takes_parcels(shop: Shop, days: list[date]) -> None:
    DeliveryRateFactory()
    DeliveryRateFactory(country="AT", takes_returns=True)
    rental = fetched(shop)

    with pytest.raises(ParcelNotTaken):
        post(rental)

    assert "post_back" not in rental_open_to_customer(rental, rental.line.order)
    assert shop.quote(shop.rental()).lines[0]["rental"]["parcel_back_days"] is None


def test_what_was_fetched_may_be_sent_where_that_is_offered_and_its_unit_waits_for_the_parcel(
    shop: Shop, days: list[date]
) -> None:
    DeliveryRateFactory(takes_returns=True, back_days=BACK)
    rental = fetched(shop)
    DeliveryRate.objects.update(takes_returns=False)  # it was promised
    assert Reservation.objects.get(rental=rental).period.upper == days[6]
    assert "post_back" in rental_open_to_customer(rental, rental.line.order)

    with time_machine.travel(at(shop, days[4], 20)):
        post(rental)
    with time_machine.travel(at(shop, days[8], 13)):
        take_in(rental)

    assert fees(rental) == 0
    rental.refresh_from_db()
    assert rental.period.upper == days[10]


def test_whose_unit_stands_ready_gets_another_when_it_comes_by_parcel(shop: Shop, days: list[date]) -> None:
    DeliveryRateFactory(takes_returns=True, back_days=9)
    rental = fetched(shop)
    unit = str(rental.unit)
    next_one = Rental.objects.get(line__order=shop.ready(shop.rental(8, 9)))
    Rental.objects.filter(pk=next_one.pk).update(status=RentalStatus.READY, unit=rental.unit)
    Reservation.objects.filter(rental=next_one).update(unit=rental.unit)

    with time_machine.travel(at(shop, days[4], 20)):
        post(rental)

    next_one.refresh_from_db()
    assert (next_one.status, next_one.unit) == (RentalStatus.BOOKED, None)
    assert rental.line.order.events.model.objects.get(event="unprepare").note == f"{unit} stays out for longer"


@pytest.mark.parametrize(("carrier", "number"), [("DHL", " "), (" ", "1"), (" ", " ")])
def test_a_parcel_back_needs_its_carrier_and_its_number(shop: Shop, rental: Rental, carrier: str, number: str) -> None:
    with pytest.raises(ShipmentUnsuitable):
        post_back_rental(rental_id=rental.pk, carrier=carrier, tracking_number=number, actor=ME)

    rental.refresh_from_db()
    assert rental.posted_back_at is None


def test_what_has_not_left_cannot_be_posted_back(shop: Shop, days: list[date]) -> None:
    order = shop.paid(shop.rental(3, 7), **shop.delivery())

    with pytest.raises(TransitionNotAllowed):
        post(Rental.objects.get(line__order=order))
    with pytest.raises(NotFound):
        post(Rental(pk=UserFactory().pk))


# Over HTTP


def tell(shop: Shop, rental: Rental, customer: Any = None, **more: Any) -> Any:
    body = {"rental": str(rental.pk), "carrier": "DHL", "tracking_number": "00340434", **more}
    path = f"/api/v1/orders/{rental.line.order.number}/return-parcel"
    return shop.phone(customer).post(path, body, format="json", headers=key())


@pytest.mark.usefixtures("arrived")
def test_a_phone_tells_of_a_parcel_and_reads_it_in_the_order(shop: Shop, rental: Rental) -> None:
    answer = tell(shop, rental)

    assert answer.status_code == 200, answer.content
    (told,) = answer.json()["lines"][0]["rentals"]
    assert told["return_parcel"]["tracking_number"] == "00340434"
    events = shop.phone().get(f"/api/v1/orders/{rental.line.order.number}/events").json()
    assert (events[-1]["event"], events[-1]["by"], events[-1]["reason"]) == ("post_back", "customer", "")


def test_a_phone_is_told_why_not(shop: Shop, days: list[date], rental: Rental) -> None:
    home = fetched(shop)

    assert tell(shop, rental, UserFactory()).status_code == 404
    assert tell(shop, home).json()["code"] == "parcel_not_taken"
    assert tell(shop, rental, carrier=" ").status_code == 400
    assert tell(shop, rental, tracking_number="1" * 41).json()["errors"][0]["pointer"] == "#/tracking_number"
    take_in(rental)
    assert tell(shop, rental).json()["code"] == "transition_not_allowed"


# At the desk


@pytest.fixture
def clerk(db: None) -> Client:
    return desk("clerk")


def step(clerk: Client, name: str, rental: Rental, **typed: Any) -> Any:
    return clerk.post(address(f"orders_rental_{name}", rental), typed)


def test_the_clerk_ships_what_is_ready(shop: Shop, clerk: Client, days: list[date]) -> None:
    order = shop.ready(shop.rental(3, 7), **shop.delivery(out_days=3))
    rental = prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor=CLERK)

    listed = clerk.get(address("orders_rental_changelist"), {"work": "post"}).content.decode()
    page = clerk.get(address("orders_rental_change", rental)).content.decode()
    asked = clerk.get(address("orders_rental_hand_over", rental)).content.decode()
    typed = {"serial": str(rental.unit), "condition": "A", "note": "Fine."}
    half = step(clerk, "hand_over", rental, **typed, carrier="DHL")
    done = step(clerk, "hand_over", rental, **typed, carrier="DHL", tracking_number="00340434")

    assert f"/rental/{rental.pk}/" in listed
    assert "Delivery address" in page
    assert f"Ship {rental.unit}" in asked
    assert "its name and its tracking number" in half.content.decode() + said(half)
    assert "is on its way to" in said(done)
    rental.refresh_from_db()
    assert (rental.status, rental.carrier) == (RentalStatus.OUT, "DHL")
    assert "DHL, 00340434" in clerk.get(address("orders_rental_change", rental)).content.decode()


def test_shipping_before_its_day_must_be_meant(shop: Shop, clerk: Client, days: list[date]) -> None:
    order = shop.ready(shop.rental(6, 9), **shop.delivery())
    rental = prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor=CLERK)
    typed = {"serial": str(rental.unit), "condition": "A", "note": "Fine."}

    refused = step(clerk, "hand_over", rental, **typed).content.decode()
    step(clerk, "hand_over", rental, **typed, early="on")

    assert "4 days before it is to be posted" in refused
    rental.refresh_from_db()
    assert rental.status == RentalStatus.OUT


def test_the_clerk_sees_what_is_on_its_way_and_corrects_the_day_it_was_posted(
    shop: Shop, clerk: Client, days: list[date], rental: Rental
) -> None:
    with time_machine.travel(at(shop, days[9], 13)):
        clerk = desk("clerk")
        charge_late_days(rental_id=rental.pk)
        post(rental)
        listed = clerk.get(address("orders_rental_changelist"), {"work": "parcels"}).content.decode()
        overdue = clerk.get(address("orders_rental_changelist"), {"work": "overdue"}).content.decode()
        asked = clerk.get(address("orders_rental_take_back", rental)).content.decode()
        step(clerk, "take_back", rental, condition="B", note="", posted_on=days[7].isoformat())

    assert "On its way back" in listed
    assert f"/rental/{rental.pk}/" not in overdue
    assert f'value="{days[9].isoformat()}"' in asked
    rental.refresh_from_db()
    assert rental.status == RentalStatus.RETURNED
    assert fees(rental) == 0


@pytest.mark.usefixtures("arrived")
def test_the_clerk_says_that_it_was_never_posted(shop: Shop, clerk: Client, days: list[date], rental: Rental) -> None:
    post(rental)

    page = clerk.get(address("orders_rental_change", rental)).content.decode()
    response = step(clerk, "deny_parcel", rental, note="No such number.")

    assert "Never posted" in page
    assert "is still with" in said(response)
    rental.refresh_from_db()
    assert rental.posted_back_at is None
    assert rental.line.order.events.get(event="deny_parcel").note == "No such number."
