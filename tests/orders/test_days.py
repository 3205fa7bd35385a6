"""Days are the depot's calendar days: everybody counts the same, wherever it is and whatever its clocks do."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from icalendar import Calendar

from inventory.models import Depot
from orders.calendar import calendar_of
from orders.models import Order, Rental
from orders.selectors import order_answer, rentals_to_come
from orders.services import LineRequest
from payments.models import DocumentLine
from tests.jobs import run_jobs
from tests.shop import Shop

CLOCKS = [
    ("Europe/Berlin", date(2027, 3, 27), date(2027, 3, 29)),  # an hour is missing on the second day
    ("Europe/Berlin", date(2027, 10, 30), date(2027, 11, 1)),  # an hour comes twice
    ("America/Santiago", date(2027, 9, 4), date(2027, 9, 6)),  # the hour that is missing is midnight
    ("America/St_Johns", date(2027, 3, 13), date(2027, 3, 15)),  # half an hour beside everybody else
    ("Pacific/Kiritimati", date(2027, 6, 1), date(2027, 6, 3)),  # fourteen hours ahead
    ("Pacific/Pago_Pago", date(2027, 12, 30), date(2028, 1, 1)),  # eleven behind, into another year
]


@pytest.mark.parametrize(("zone", "first", "last"), CLOCKS)
@pytest.mark.parametrize("hour", [0, 11, 23])
def test_quote_order_app_calendar_and_receipt_count_the_same_days(
    shop: Shop, zone: str, first: date, last: date, hour: int
) -> None:
    Depot.objects.filter(pk=shop.depot.pk).update(time_zone=zone)
    with time_machine.travel(datetime.combine(first - timedelta(days=5), time(hour), UTC), tick=False):
        asked = LineRequest("rental", shop.crate.sku, 1, first, last)
        quoted = shop.quote(asked).lines[0]["rental"]
        order = shop.paid(asked)
        run_jobs()
        rental = Rental.objects.get(line__order=order)
        (shown,) = order_answer(Order.objects.with_lines().get(pk=order.pk))["lines"][0]["rentals"]
        events = Calendar.from_ical(calendar_of(rentals_to_come(shop.customer))).walk("VEVENT")
        receipt = DocumentLine.objects.get()

    assert (quoted["start_on"], quoted["end_on"], quoted["days"]) == (str(first), str(last), 3)
    assert (rental.start_on, rental.end_on) == (first, last)
    assert (shown["start_on"], shown["end_on"], shown["days"]) == (first, last, 3)
    assert [event["dtstart"].dt for event in events] == [first, last]
    assert receipt.days == 3
    assert rental.reservation.period.lower <= first < last < rental.reservation.period.upper
