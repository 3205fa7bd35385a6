"""A customer's pickups and returns as an iCalendar document, for the calendar of their phone."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.conf import settings
from icalendar import Calendar, Event

from core.time import day_after
from orders.models import Fulfilment, Rental
from orders.states import RentalStatus

_PICKUP = (RentalStatus.BOOKED, RentalStatus.READY)
_RETURN = (*_PICKUP, RentalStatus.OUT)


def calendar_of(rentals: Iterable[Rental]) -> bytes:
    """One day-long event for each pickup and each return to come; needs `line.order.depot`.

    Days are the depot's, without times, so that no zone can shift them. An event keeps its UID when it is moved, and is
    gone when it is done or called off.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SHOP_NAME or 'Cat Travel Logistics'}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", settings.SHOP_NAME or "Cat Travel Logistics")
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for rental in rentals:
        is_brought = rental.line.order.fulfilment == Fulfilment.DELIVERY
        if rental.status in (_RETURN if is_brought else _PICKUP) and not rental.is_posted_back:
            verb = "Parcel comes:" if is_brought else "Pick up"
            calendar.add_component(_event(rental, "pickup", verb, rental.start_on, is_at_depot=not is_brought))
        if rental.status in _RETURN and not rental.is_posted_back:
            verb = "Post back" if is_brought else "Bring back"
            calendar.add_component(_event(rental, "return", verb, rental.end_on, is_at_depot=not is_brought))
    return bytes(calendar.to_ical())


def _event(rental: Rental, what: str, verb: str, day: date, *, is_at_depot: bool) -> Event:
    order, depot = rental.line.order, rental.line.order.depot
    event = Event()
    event.add("uid", f"{rental.pk}-{what}@{order.number.lower()}")
    event.add("dtstamp", order.placed_at)
    event.add("dtstart", day)
    event.add("dtend", day_after(day))
    event.add("summary", f"{verb} {rental.line.title}")
    if is_at_depot:
        place = filter(None, (depot.name, depot.street, f"{depot.postal_code} {depot.city}".strip()))
        event.add("location", ", ".join(place))
    event.add("description", f"Order {order.number}")
    event.add("transp", "TRANSPARENT")
    return event
