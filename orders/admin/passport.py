"""What orders add to the page of a unit: its passport, trip by trip."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from core.backoffice import NOTHING, Card, Table, amount, cards_on, moment, page_of, two_lines
from inventory.models import Unit
from orders.admin.looks import days, order_link
from orders.admin.pictures import strip
from orders.models import CLAIMABLE, OrderEvent, Rental, RentalPhoto
from orders.states import RentalStatus

MOST_TRIPS = 30
_TRAVELLED = (
    RentalStatus.OUT, RentalStatus.RETURNED, RentalStatus.CLOSED, RentalStatus.LOST, RentalStatus.KEPT,
)  # fmt: skip


@cards_on("inventory.unit", "main")
def passport(request: HttpRequest, unit: Unit) -> Iterator[Card]:
    """Every trip with its order, how the unit left and came back, and what damage cost; for who may see rentals."""
    if request.user.has_perm("orders.view_rental"):
        headings = ["Trip", "Depot", "Left as", "Came back as", "Cleaned and inspected", ">Damage"]
        trips = list(_trips(unit)[:MOST_TRIPS])
        inspected = _inspections(trips)
        rows = [_row(rental, inspected.get(f"rental {rental.pk}")) for rental in trips]
        yield Card("Trips", table=Table(headings, rows, empty="It has not left with a customer yet."))


def _trips(unit: Unit) -> QuerySet[Rental]:
    rows = Rental.objects.filter(unit=unit, status__in=_TRAVELLED).select_related("line__order__depot")
    return rows.prefetch_related("photos", "charges").order_by("-start_on", "-id")


def _inspections(trips: list[Rental]) -> dict[str, OrderEvent]:
    """What ended each trip, by its subject."""
    orders, subjects = {trip.line.order_id for trip in trips}, [f"rental {trip.pk}" for trip in trips]
    closed = OrderEvent.objects.filter(order__in=orders, subject__in=subjects, event="close")
    return {event.subject: event for event in closed}


def _row(rental: Rental, inspected: OrderEvent | None) -> list[Any]:
    order, report = rental.line.order, rental.condition_report
    photos = list(rental.photos.all())
    before = [photo for photo in photos if photo.moment == RentalPhoto.Moment.HANDED_OVER]
    after = [photo for photo in photos if photo.moment != RentalPhoto.Moment.HANDED_OVER]
    charged = sum(charge.amount_minor for charge in rental.charges.all() if charge.kind in CLAIMABLE)
    return [
        two_lines(page_of("orders_rental", rental.pk, days(rental)), order_link(order)),
        order.depot.code,
        two_lines(report.get("handed_over_condition", NOTHING), strip(before)),
        two_lines(report.get("returned_condition", rental.get_status_display()), strip(after)),
        two_lines(moment(inspected.at, order.depot.time_zone), inspected.note) if inspected else NOTHING,
        amount(charged, order.currency) if charged else NOTHING,
    ]
