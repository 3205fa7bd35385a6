"""Rentals that cannot be as they were promised: staff find them, and find other days for them or call them off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from catalog.models import Approval, Container, RentalOffer
from core.errors import InvalidInput
from core.time import today_in
from inventory.errors import OutOfStock
from inventory.models import Depot, DepotClosure, Reservation
from orders.disruption import Disruption, disrupted, with_disruption, withdrawn
from orders.due import due_reminders
from orders.errors import DepotClosed, ExtensionNotPossible, TransitionNotAllowed
from orders.models import CancellationTier, Charge, ChargeKind, Order, Rental
from orders.services import (
    call_off_rental,
    extend_rental,
    hand_over_rental,
    move_rental_days,
    prepare_rental,
    rearrange_rental,
    settle_no_shows,
    shorten_rental,
)
from orders.states import OrderStatus, RentalStatus
from payments.models import Push
from payments.selectors import balance
from tests.factories.accounts import DeviceFactory
from tests.factories.inventory import DepotClosureFactory
from tests.factories.orders import RentalFactory
from tests.jobs import run_jobs
from tests.orders.desk import address, desk, said
from tests.orders.test_clock import at
from tests.orders.test_renting import only_rental, out
from tests.shop import Shop

pytestmark = pytest.mark.django_db
ME, CLERK = "customer:1", "staff:1"
WHY = "We are closed on that day."


@pytest.fixture
def rental() -> Rental:
    """Booked and paid, from the third to the ninth day from today."""
    booked: Rental = RentalFactory(days=(3, 9), line__order__confirmed=True)
    return booked


def found(rental: Rental, *, at: datetime | None = None) -> str:
    """What is in the way of a rental. The worklist and the row must say the same."""
    (row,) = with_disruption(Rental.objects.filter(pk=rental.pk), now=at)
    today = today_in(rental.line.order.depot.time_zone, at)
    listed = Rental.objects.filter(disrupted(today), pk=rental.pk).exists()
    assert listed == bool(row.disruption)
    return row.disruption


def closed(rental: Rental, *offsets: int) -> None:
    """Its depot is closed on these days, counted from the first of the rental."""
    for offset in offsets:
        day = rental.start_on + timedelta(days=offset)
        DepotClosureFactory(depot=rental.line.order.depot, start_on=day, end_on=day)


# Finding them


@pytest.mark.parametrize(
    ("offset", "wrong"), [(-1, ""), (0, Disruption.FIRST_DAY), (3, ""), (6, Disruption.LAST_DAY), (7, "")]
)
def test_a_rental_is_found_whose_depot_was_closed_on_its_first_or_last_day_later(
    rental: Rental, offset: int, wrong: str
) -> None:
    DepotClosureFactory(start_on=rental.start_on, end_on=rental.end_on)  # of another depot
    closed(rental, offset)

    assert found(rental) == wrong


def test_a_weekday_on_which_the_depot_opens_no_more_is_found_too(rental: Rental) -> None:
    Depot.objects.update(opening_days=[day for day in range(1, 8) if day != rental.end_on.isoweekday()])

    assert found(rental) in (Disruption.FIRST_DAY, Disruption.LAST_DAY)  # the first and the last are the same weekday


@pytest.mark.parametrize("trait", ["ready", "out"])
def test_a_depot_that_is_not_in_use_any_more_can_serve_nobody(trait: str) -> None:
    rental = RentalFactory(days=(0, 9), line__order__confirmed=True, **{trait: True})
    Depot.objects.update(active=False)

    assert found(rental) == Disruption.DEPOT


def test_what_is_out_need_not_be_handed_over_on_the_closed_day() -> None:
    rental = RentalFactory(days=(0, 9), out=True, line__order__confirmed=True)
    closed(rental, 0)
    assert found(rental) == ""

    closed(rental, 9)

    assert found(rental) == Disruption.LAST_DAY


def test_what_is_not_paid_yet_is_nobodys_trouble() -> None:
    rental = RentalFactory(days=(3, 9), line__order__confirmed=False, line__order__pending=True)
    closed(rental, 0)

    assert found(rental) == ""


@pytest.mark.parametrize("status", ["returned", "closed", "cancelled", "lost", "kept"])
def test_what_is_over_is_in_nobodys_way(status: str) -> None:
    rental = RentalFactory(days=(3, 9), returned=True, line__order__confirmed=True)
    Rental.objects.update(status=status)
    closed(rental, 0, 6)
    Depot.objects.update(active=False)

    assert found(rental) == ""


def test_a_closed_last_day_is_over_by_the_clock_of_its_depot() -> None:
    """In Auckland it is tomorrow already when it is past noon in London."""
    rental = RentalFactory(days=(0, 9), out=True, line__order__confirmed=True)
    Depot.objects.update(time_zone="Pacific/Auckland")
    rental = Rental.objects.get()
    closed(rental, 9)
    last = rental.end_on

    assert found(rental, at=datetime(last.year, last.month, last.day, 10, tzinfo=ZoneInfo("UTC"))) != ""
    assert found(rental, at=datetime(last.year, last.month, last.day, 13, tzinfo=ZoneInfo("UTC"))) == ""


def test_a_rental_that_could_never_be_fetched_waits_for_people_in_the_list(shop: Shop) -> None:
    order = shop.ready(shop.rental(5, 6))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(5), end_on=shop.day(6))

    for day in (5, 7, 40):
        with time_machine.travel(at(shop, day, 13)):
            assert settle_no_shows() == []
            assert found(only_rental(order)) != ""


def test_who_misses_an_open_day_after_a_closed_one_is_the_clocks_again(shop: Shop) -> None:
    order = shop.ready(shop.rental(5, 9))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(5), end_on=shop.day(5))

    with time_machine.travel(at(shop, 7, 13)):
        assert found(only_rental(order)) == Disruption.FIRST_DAY
        settle_no_shows()
        run_jobs(later=False)
        assert found(only_rental(order)) == ""


def test_what_was_to_be_brought_and_never_was_is_found_when_its_days_are_over(shop: Shop) -> None:
    order = shop.ready(shop.rental(3, 5), **shop.delivery())

    for day, wrong in ((6, ""), (7, Disruption.OVER)):
        with time_machine.travel(at(shop, day, 8)):
            assert found(only_rental(order)) == wrong


@pytest.mark.parametrize(
    "take_out",
    [
        lambda: Container.objects.update(published=False),
        lambda: Approval.objects.update(result="refused"),
        lambda: RentalOffer.objects.all().delete(),
        lambda: RentalOffer.objects.update(currency="CHF"),
    ],
    ids=["unpublished", "refused", "no offer", "no offer in its currency"],
)
def test_a_rental_of_what_is_not_rented_any_more_is_listed_until_it_is_fetched(
    shop: Shop, take_out: Callable[[], None]
) -> None:
    rental = only_rental(shop.ready(shop.rental(0, 4)))
    assert not Rental.objects.filter(withdrawn()).exists()

    take_out()

    assert Rental.objects.filter(withdrawn()).get() == rental
    prepare_rental(rental_id=rental.pk, actor=CLERK)
    hand_over_rental(rental_id=rental.pk, actor=CLERK)
    assert not Rental.objects.filter(withdrawn()).exists()


@pytest.mark.parametrize(("day", "offset", "status"), [(9, 0, "booked"), (11, 2, "out")])
def test_nobody_is_reminded_to_come_on_a_day_on_which_the_depot_is_closed(
    shop: Shop, day: int, offset: int, status: str
) -> None:
    first, second = booked(shop), booked(shop)
    if status == "out":
        for rental in (first, second):
            prepare_rental(rental_id=rental.pk, actor=CLERK)
            hand_over_rental(rental_id=rental.pk, actor=CLERK)
    with time_machine.travel(at(shop, day, 10)):
        assert len(due_reminders()) == 2

        closed(first, offset)

        assert due_reminders() == []
        Depot.objects.update(active=False)
        DepotClosure.objects.all().delete()
        assert due_reminders() == []


# Other days


def booked(shop: Shop, first: int = 10, last: int = 12) -> Rental:
    return only_rental(shop.ready(shop.rental(first, last)))


def moved(shop: Shop, rental: Rental, first: int, last: int) -> Rental:
    return rearrange_rental(rental_id=rental.pk, start_on=shop.day(first), end_on=shop.day(last), note=WHY, actor=CLERK)


def letters(words: str) -> list[mail.EmailMessage]:
    return [message for message in mail.outbox if words in message.subject]


def test_other_days_never_cost_more_and_need_no_notice(shop: Shop) -> None:
    CancellationTier.objects.create(hours=9000, percent=100)  # its customer could not move it for nothing any more
    rental = booked(shop)
    closed(rental, 0)

    longer = moved(shop, rental, 11, 17)

    assert (longer.start_on, longer.end_on) == (shop.day(11), shop.day(17))
    assert longer.period == Reservation.objects.get().period
    assert rental.line.order.charges.total() == 2700
    assert found(longer) == ""


def test_cheaper_days_are_credited(shop: Shop) -> None:
    rental = booked(shop)

    moved(shop, rental, 20, 21)

    run_jobs()
    assert rental.line.order.charges.total() == 1800
    assert balance(rental.line.order_id) == 0


def test_days_that_the_shop_gave_are_not_charged_when_the_customer_asks_for_more(shop: Shop) -> None:
    rental = booked(shop)  # three days for 27.00
    moved(shop, rental, 11, 14)  # four for the same

    extend_rental(rental_id=rental.pk, end_on=shop.day(15), actor=ME)
    extended = Charge.objects.filter(kind=ChargeKind.EXTENSION).total()

    assert extended == 3500 - 2800  # what the fifth costs more than the fourth


def test_days_that_the_shop_gave_are_not_charged_when_the_customer_moves_them(shop: Shop) -> None:
    rental = booked(shop)
    moved(shop, rental, 11, 14)

    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(23), actor=ME)
    assert rental.line.order.charges.total() == 2700
    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(21), actor=ME)
    assert rental.line.order.charges.total() == 1800


def test_days_that_the_shop_gave_credit_nothing_when_they_are_given_back(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    rearrange_rental(rental_id=rental.pk, start_on=rental.start_on, end_on=shop.day(4), note=WHY, actor=CLERK)

    with pytest.raises(InvalidInput):
        shorten_rental(rental_id=rental.pk, end_on=shop.day(2), actor=ME)
    shorten_rental(rental_id=rental.pk, end_on=shop.day(1), actor=ME)

    assert rental.line.order.charges.total() == 1800


def test_the_last_day_of_what_is_out_can_be_another_one(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(2), end_on=shop.day(3))

    back = rearrange_rental(rental_id=rental.pk, start_on=rental.start_on, end_on=shop.day(4), note=WHY, actor=CLERK)

    assert (back.status, back.end_on) == (RentalStatus.OUT, shop.day(4))
    assert rental.line.order.charges.total() == 2700
    sooner = rearrange_rental(rental_id=rental.pk, start_on=rental.start_on, end_on=shop.day(1), note=WHY, actor=CLERK)
    assert (sooner.end_on, rental.line.order.charges.total()) == (shop.day(1), 1800)


def test_whoever_has_the_unit_next_gets_another_one_or_the_days_are_refused(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    others = [booked(shop, 4, 6) for _ in range(2)]
    for other in others:
        prepare_rental(rental_id=other.pk, actor=CLERK)
    booked(shop, 4, 6)

    with pytest.raises(OutOfStock):
        moved(shop, rental, 0, 4)
    assert {other.status for other in Rental.objects.filter(pk__in=[o.pk for o in others])} == {RentalStatus.READY}


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [(-1, 2, "in_the_past"), (5, 4, "end_before_start"), (5, 8, "depot_closed"), (5, 80, "rental_length")],
)
def test_days_that_make_no_sense_are_refused(shop: Shop, first: int, last: int, code: str) -> None:
    rental = booked(shop)
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(8), end_on=shop.day(8))

    with pytest.raises(InvalidInput) as no:
        moved(shop, rental, first, last)

    assert code in [error.code for error in no.value.errors]


def test_what_is_out_keeps_its_first_day_and_comes_back_today_or_later(shop: Shop) -> None:
    rental = out(shop, 0, 4)

    first, early, late = rental.start_on, shop.day(1), shop.day(6)
    with pytest.raises(InvalidInput, match="only its last day"):
        moved(shop, rental, 1, 4)
    with time_machine.travel(at(shop, 2, 10)), pytest.raises(InvalidInput, match="has passed"):
        rearrange_rental(rental_id=rental.pk, start_on=first, end_on=early, note=WHY, actor=CLERK)
    with time_machine.travel(at(shop, 5, 10)), pytest.raises(ExtensionNotPossible):
        rearrange_rental(rental_id=rental.pk, start_on=first, end_on=late, note=WHY, actor=CLERK)


def test_a_depot_that_is_not_in_use_offers_no_other_days(shop: Shop) -> None:
    rental = booked(shop)
    Depot.objects.update(active=False)

    with pytest.raises(DepotClosed):
        moved(shop, rental, 12, 14)


def test_its_customer_is_told_once_by_mail_and_push(shop: Shop, settings: Settings) -> None:
    settings.PUSH_PROVIDER = "console"
    DeviceFactory(owner=shop.customer)
    rental = booked(shop)

    moved(shop, rental, 20, 22)
    run_jobs()

    (message,) = letters("is on other days")
    assert rental.line.order.number in message.subject
    assert WHY in message.body
    assert str(shop.day(20).day) in message.body
    assert [(push.kind, push.status) for push in Push.objects.all()] == [("rental_rearranged", "sent")]


def test_a_letter_of_days_that_were_moved_once_more_is_not_sent(shop: Shop) -> None:
    rental = booked(shop)

    moved(shop, rental, 20, 22)
    moved(shop, rental, 30, 32)
    run_jobs()

    (message,) = letters("is on other days")
    assert str(shop.day(30).day) in message.body


# Calling off


def test_a_rental_that_is_called_off_is_credited_whole_and_the_rest_of_its_order_goes_on(shop: Shop) -> None:
    CancellationTier.objects.create(hours=9000, percent=100)
    order = shop.ready(shop.rental(10, 12), shop.rental(20, 22))
    first, second = Rental.objects.filter(line__order=order).order_by("start_on")
    prepare_rental(rental_id=first.pk, actor=CLERK)

    call_off_rental(rental_id=first.pk, note=WHY, actor=CLERK)
    run_jobs()

    first.refresh_from_db()
    order.refresh_from_db()
    assert (first.status, first.unit_id, order.status) == (RentalStatus.CANCELLED, None, OrderStatus.CONFIRMED)
    assert (order.charges.total(), balance(order.pk)) == (2700, 0)
    assert [claim["id"] for claim in shop.claims_at_ims()] == [str(second.reservation_id)]
    (told,) = letters("is called off")
    assert WHY in told.body


def test_an_order_of_which_nothing_else_is_left_is_cancelled_and_credited_in_full(shop: Shop) -> None:
    CancellationTier.objects.create(hours=9000, percent=100)
    order = shop.ready(shop.rental(10, 12), shop.rental(20, 22))

    for rental in Rental.objects.filter(line__order=order):
        call_off_rental(rental_id=rental.pk, note=WHY, actor=CLERK)
        run_jobs()

    order.refresh_from_db()
    assert (order.status, order.charges.total(), balance(order.pk)) == (OrderStatus.CANCELLED, 0, 0)
    assert len(letters("is called off")) == 1  # the order that ended has a letter of its own


def test_what_was_fetched_cannot_be_called_off(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with pytest.raises(TransitionNotAllowed):
        call_off_rental(rental_id=rental.pk, note=WHY, actor=CLERK)


# At the desk


@pytest.fixture
def clerk(shop: Shop) -> Client:
    return desk("clerk")


def disrupted_list(client: Client, work: str = "disrupted") -> str:
    return client.get(address("orders_rental_changelist"), {"work": work}).content.decode()


def test_the_list_says_what_is_wrong_and_offers_the_ways_out(clerk: Client, shop: Shop) -> None:
    rental = booked(shop)
    assert "Nothing waits in this list." in disrupted_list(clerk)

    closed(rental, 0)

    page = disrupted_list(clerk)
    assert "The depot is closed on the day it is to leave." in page
    assert address("orders_rental_rearrange", rental) in page
    assert address("orders_rental_call_off", rental) in page
    assert "Cannot be as booked" in clerk.get(address("orders_rental_change", rental)).content.decode()
    Container.objects.update(published=False)
    assert address("orders_rental_call_off", rental) in disrupted_list(clerk, "withdrawn")


def test_the_start_page_counts_them_in_red(clerk: Client, shop: Shop) -> None:
    closed(booked(shop), 0)

    page = " ".join(clerk.get(address("index")).content.decode().split())

    assert 'class="danger" href="/admin/orders/rental/?work=disrupted"><b>1</b>' in page


def test_the_list_needs_no_statement_for_each_row(clerk: Client, shop: Shop) -> None:
    closed(booked(shop), 0)
    with CaptureQueriesContext(connection) as one:
        disrupted_list(clerk)

    DepotClosure.objects.all().delete()
    for _ in range(2):
        booked(shop)
    closed(Rental.objects.all()[0], 0)
    with CaptureQueriesContext(connection) as three:
        page = disrupted_list(clerk)

    assert page.count("The depot is closed on the day it is to leave.") == 3
    assert len(three) == len(one)


def test_a_clerk_moves_a_rental_to_other_days(clerk: Client, shop: Shop) -> None:
    rental = booked(shop)
    closed(rental, 0)
    step = address("orders_rental_rearrange", rental)
    asked = clerk.get(step).content.decode()

    refused = clerk.post(step, {"start_on": shop.day(10), "end_on": shop.day(13), "note": WHY})
    silent = clerk.post(step, {"start_on": shop.day(11), "end_on": shop.day(13), "note": ""})
    answer = clerk.post(step, {"start_on": shop.day(11), "end_on": shop.day(13), "note": WHY})

    assert "€27.00 now" in asked
    assert "closed on" in refused.content.decode()
    assert "This field is required." in silent.content.decode()
    assert "is told" in said(answer)
    assert only_rental(rental.line.order).start_on == shop.day(11)


def test_a_clerk_calls_a_rental_off_after_seeing_what_is_credited(clerk: Client, shop: Shop) -> None:
    rental = booked(shop)
    asked = clerk.get(address("orders_rental_call_off", rental)).content.decode()

    answer = clerk.post(address("orders_rental_call_off", rental), {"note": WHY})

    assert "€27.00" in asked
    assert "is called off" in said(answer)
    assert Order.objects.get().status == OrderStatus.CANCELLED


def test_a_clerk_shortens_a_rental_after_seeing_what_is_credited(clerk: Client, shop: Shop) -> None:
    rental = out(shop, 0, 4)
    step = address("orders_rental_shorten", rental)
    asked = clerk.get(step).content.decode()

    answer = clerk.post(step, {"end_on": shop.day(1).isoformat()})

    assert "€17.00 credited" in asked
    assert "€17.00 is credited" in said(answer)
    assert rental.line.order.charges.total() == 1800
    assert only_rental(rental.line.order).end_on == shop.day(1)


@pytest.mark.parametrize("group", ["auditor", "refunds", "catalog"])
def test_who_does_not_handle_orders_decides_nothing(shop: Shop, group: str) -> None:
    rental = booked(shop)

    for name in ("rearrange", "call_off", "shorten"):
        assert desk(group).post(address(f"orders_rental_{name}", rental), {"note": WHY}).status_code == 403
