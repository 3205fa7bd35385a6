"""Pickups and returns in the calendar of a phone: a secret address, days of the depot, no surprises."""

from datetime import date, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from rest_framework.test import APIClient

from core.logging import without_secret_addresses
from orders.models import CalendarFeed, Rental
from orders.services import cancel_order, extend_rental, take_back_rental
from tests.factories.accounts import UserFactory
from tests.orders.test_renting import out
from tests.shop import Shop


def opened(shop: Shop) -> str:
    """The path of the customer's calendar."""
    answer = shop.phone().post("/api/v1/me/calendar")
    assert answer.status_code == 201
    return str(answer.json()["url"]).partition("8000")[2]


def events(path: str) -> dict[str, tuple[date, date]]:
    """{summary: (day, the day after)}."""
    answer = APIClient().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    calendar: Any = Calendar.from_ical(answer.content)
    return {str(event["summary"]): (event["dtstart"].dt, event["dtend"].dt) for event in calendar.events}


def test_a_calendar_tells_the_days_of_pickup_and_return_as_the_order_does(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    title = order.lines.get().title

    assert events(opened(shop)) == {
        f"Pick up {title}": (shop.day(10), shop.day(11)),
        f"Bring back {title}": (shop.day(12), shop.day(13)),
    }


def test_what_is_out_only_comes_back_and_what_is_back_is_gone(shop: Shop) -> None:
    rental, path = out(shop, 0, 2), opened(shop)
    assert list(events(path)) == [f"Bring back {rental.line.title}"]

    take_back_rental(rental_id=rental.pk, actor="staff:1", condition="A")

    assert events(path) == {}


def test_an_event_that_moves_keeps_its_uid(shop: Shop) -> None:
    rental, path = out(shop, 0, 2), opened(shop)
    before: Any = Calendar.from_ical(APIClient().get(path).content)

    extend_rental(rental_id=rental.pk, end_on=shop.day(5), actor="customer:1")

    after: Any = Calendar.from_ical(APIClient().get(path).content)
    assert before.events[0]["uid"] == after.events[0]["uid"]
    assert after.events[0]["dtstart"].dt == shop.day(5)


def test_what_is_cancelled_or_not_paid_is_in_no_calendar(shop: Shop) -> None:
    cancel_order(order_id=shop.paid(shop.rental(10, 12)).pk, actor="customer:1")
    shop.order(shop.rental(20, 22))

    assert events(opened(shop)) == {}


def test_a_calendar_shows_nothing_of_anybody_else(shop: Shop) -> None:
    shop.paid(shop.rental(10, 12), customer=UserFactory())

    assert events(opened(shop)) == {}


def test_a_new_address_ends_the_old_one_and_closing_ends_all(shop: Shop) -> None:
    first = opened(shop)
    second = opened(shop)
    assert [APIClient().get(path).status_code for path in (first, second)] == [404, 200]

    assert shop.phone().delete("/api/v1/me/calendar").status_code == 204

    assert APIClient().get(second).status_code == 404


def test_the_secret_is_kept_nowhere(shop: Shop) -> None:
    secret = opened(shop).split("/")[-2]

    assert len(secret) >= 43
    assert secret not in str(list(CalendarFeed.objects.values()))


def test_the_secret_is_left_out_of_every_line_of_the_log(shop: Shop) -> None:
    path = opened(shop)
    line = {"event": f"Not Found: {path}", "path": path, "level": "warning"}

    told = without_secret_addresses(None, "", dict(line))

    assert path.split("/")[-2] not in str(told)
    assert told["path"].endswith("/(left out)/rentals.ics")


def test_the_calendar_of_a_closed_account_is_not_there(shop: Shop) -> None:
    path = opened(shop)
    shop.customer.is_active = False
    shop.customer.save(update_fields=["is_active"])

    assert APIClient().get(path).status_code == 404


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin"])
def test_days_stay_what_they_are_in_every_zone(shop: Shop, zone: str) -> None:
    shop.depot.time_zone = zone
    shop.depot.save(update_fields=["time_zone"])
    shop.paid(shop.rental(10, 12))
    rental = Rental.objects.get()

    days = sorted(day for day, _ in events(opened(shop)).values())

    assert days == [rental.start_on, rental.end_on]
    assert days[1] - days[0] == timedelta(days=2)
