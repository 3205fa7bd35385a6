"""Booked rentals that cannot be as they were promised: people find other days with the customer, or call them off."""

from datetime import date, datetime

from django.db import models
from django.db.models import Case, DateField, Exists, ExpressionWrapper, F, Func, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from catalog.models import Variant, in_force
from core.time import day_after
from inventory.models import closed_on
from orders.models import Rental
from orders.states import OrderStatus, RentalStatus

_DEPOT = "line__order__depot"
WAITING = (RentalStatus.BOOKED, RentalStatus.READY)
_NOT_BACK = (*WAITING, RentalStatus.OUT)


class Disruption(models.TextChoices):
    """What stands in the way of a rental; the gravest first."""

    DEPOT = "depot", "Its depot is not in use any more"
    FIRST_DAY = "first_day", "The depot is closed on the day it is to leave"
    LAST_DAY = "last_day", "The depot is closed on the day it is to come back"
    OVER = "over", "Its days are over, and nobody has fetched it"


def disrupted(today: date) -> Q:
    """Rentals of confirmed orders that are disrupted, where it is this day. What the clock settles is left to it."""
    query = Q()
    for condition in _conditions(day_after(today, -1)).values():
        query |= condition
    return query


def withdrawn() -> Q:
    """Rentals not fetched yet of what is not rented any more: unpublished, no longer approved, or without an offer.
    Their units are there, so each is handed out all the same, or called off."""
    offered = Variant.objects.offered().filter(
        in_force(of="rental_offers__"),
        pk=OuterRef("line__variant"),
        rental_offers__currency=OuterRef("line__order__currency"),
    )
    return Q(status__in=WAITING) & ~Q(Exists(offered))


def with_disruption(rentals: QuerySet[Rental], *, now: datetime | None = None) -> QuerySet[Rental]:
    """Rentals that know what is in their way (`Rental.disruption`, "" where nothing is), by their depots' clocks."""
    at_depot = Func(F(f"{_DEPOT}__time_zone"), Value(now or timezone.now()), function="timezone")
    yesterday = ExpressionWrapper(Cast(at_depot, DateField()) - Value(1), output_field=DateField())
    cases = [When(condition, then=Value(kind)) for kind, condition in _conditions(yesterday).items()]
    told = {"disruption": Case(*cases, default=Value(""), output_field=models.CharField())}
    return rentals.annotate(**told)  # spelt out, mypy takes it for a new name


def _conditions(yesterday: date | ExpressionWrapper) -> dict[Disruption, Q]:
    """A first day on which nobody could come stays one when it has passed, until somebody misses an open day: from
    then on the clock looks after it. What nobody fetched is ended by the clock on the day after its last one."""
    is_paid = Q(line__order__status=OrderStatus.CONFIRMED)
    waiting, not_back = (Q(status__in=statuses) & is_paid for statuses in (WAITING, _NOT_BACK))
    is_fetched = Q(post_on=None)  # what is brought leaves on the day it is posted, and may end on any
    leaves = (is_fetched & closed_on("start_on", _DEPOT)) | (~is_fetched & closed_on("post_on", _DEPOT))
    return {
        Disruption.DEPOT: not_back & Q(**{f"{_DEPOT}__active": False}),
        Disruption.FIRST_DAY: waiting & Q(missed_at=None) & leaves,
        Disruption.LAST_DAY: (
            not_back & is_fetched & Q(posted_back_at=None, end_on__gt=yesterday) & closed_on("end_on", _DEPOT)
        ),
        Disruption.OVER: waiting & Q(end_on__lt=yesterday),
    }
