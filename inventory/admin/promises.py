"""Saying at once which promises can no longer be kept; the jobs that mark them follow (services.misfits)."""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from core.backoffice import page_of
from core.time import today_in
from inventory import words
from inventory.admin.looks import WITH_ORDER, named, order_of
from inventory.models import Depot, DepotClosure, Reservation
from inventory.packing import misfits
from inventory.selectors import Pool, fleets
from inventory.states import ReservationKind, ReservationStatus

MOST_NAMED = 8
WORKLIST = "admin:inventory_reservation_worklist"


def warn_of_misfits(request: HttpRequest, pool: Pool) -> None:
    """Name the bookings of a pool that cannot be served as it is now."""
    fleet = fleets([pool])[pool]
    unserved = misfits(fleet.shelves, fleet.bookings)
    if not unserved:
        return
    rows = Reservation.objects.filter(pk__in=unserved[:MOST_NAMED]).select_related("variant", *WITH_ORDER)
    messages.warning(
        request,
        format_html(
            '{} cannot be served with what is left: {}. <a class="link" href="{}">What to do</a>',
            words.count(len(unserved), "coming booking"),
            _names(((row, named(row)) for row in rows), len(unserved), request.user),
            reverse(WORKLIST),
        ),
    )


def warn_of_closed_days(
    request: HttpRequest, depot: Depot, closures: Collection[DepotClosure], weekdays: Collection[int] = ()
) -> None:
    """Name the rentals that are to be handed over or taken back on a day that has just been closed."""
    rows = Reservation.objects.living(timezone.now()).filter(depot=depot, kind=ReservationKind.RENTAL)
    is_fetched, today = Q(rental__post_on=None), today_in(depot.time_zone)

    def hit_by(day: str) -> Q:
        hits = Q(pk__in=[])
        for closure in closures:
            hits |= Q(**{f"{day}__range": (closure.start_on, closure.end_on)})
        if weekdays:
            hits |= Q(**{f"{day}__iso_week_day__in": weekdays})
        return hits & Q(**{f"{day}__gte": today})

    leaves = (is_fetched & hit_by("rental__start_on")) | hit_by("rental__post_on")
    coming, back = ~Q(status=ReservationStatus.SHIPPED) & leaves, is_fetched & hit_by("rental__end_on")
    hit = list(rows.filter(coming | back).select_related("variant", *WITH_ORDER).order_by("period"))
    if not hit:
        return
    messages.warning(
        request,
        format_html(
            "{} handed over or taken back on a day that is closed now: {}. They stay as they are until somebody "
            'decides. <a class="link" href="{}">What to do</a>',
            "1 rental is to be" if len(hit) == 1 else f"{len(hit)} rentals are to be",
            _names(((row, _with_days(row)) for row in hit[:MOST_NAMED]), len(hit), request.user),
            _disrupted(),
        ),
    )


def warn_of_a_depot_not_in_use(request: HttpRequest, depot: Depot) -> None:
    """Say how many rentals a depot still has to hand over or take back that is not in use any more."""
    count = Reservation.objects.living(timezone.now()).filter(depot=depot, kind=ReservationKind.RENTAL).count()
    if count:
        messages.warning(
            request,
            format_html(
                '{} handed over or taken back at this depot. <a class="link" href="{}">What to do</a>',
                "1 rental is still to be" if count == 1 else f"{count} rentals are still to be",
                _disrupted(),
            ),
        )


def _disrupted() -> str:
    """The worklist of the app above."""
    return f"{reverse('admin:orders_rental_changelist')}?work=disrupted"


def _with_days(row: Any) -> str:
    """Here the customer's own days matter, not those that the unit is blocked for."""
    return f"{order_of(row).number}, {words.span(row.rental.start_on, row.rental.end_on)}"


def _names(rows: Iterable[tuple[Reservation, str]], total: int, viewer: Any) -> str:
    shown = [
        (page_of("orders_order", order.pk, name, viewer=viewer) if (order := order_of(row)) else name,)
        for row, name in rows
    ]
    more = f" and {total - len(shown)} more" if total > len(shown) else ""
    return format_html("{}{}", format_html_join("; ", "{}", shown), more)
