"""The counter: one field that takes what a scanner types, and what is to be handed out and taken back here today."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from core.backoffice import Card, Table, page_of, two_lines
from core.errors import DomainError
from core.time import today_in
from inventory.models import Depot
from orders import counter
from orders.admin.looks import days, order_link, part_text, status_badge
from orders.admin.steps import HANDLE, next_button, next_rental_step
from orders.models import Rental
from orders.pickup_codes import Purpose
from orders.selectors import still_to_come, to_bring_back
from orders.states import OrderStatus, RentalStatus

MOST_SHOWN = 30
_DEPOT = "counter_depot"  # of the session: a counter stays where it is


def counter_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Who scans something is led to it; what cannot be found or is not for this counter is said in plain words."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    if "depot" in request.POST:
        request.session[_DEPOT] = request.POST["depot"][:16]
    depot = Depot.objects.filter(code=request.session.get(_DEPOT, "")).first()
    refused: DomainError | None = None
    if request.POST.get("scanned", "").strip():
        try:
            return _lead_to(request, counter.find(request.POST["scanned"].replace("\0", "")[:200], depot=depot))
        except DomainError as no:
            refused = no
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Counter",
        "content_title": "Counter",
        "depots": Depot.objects.filter(active=True),
        "depot": depot,
        "refused": refused,
        "cards": [
            Card("Hand out", table=_due(request, depot, is_out=False)),
            Card("Take back", table=_due(request, depot, is_out=True)),
        ],
    }
    return TemplateResponse(request, "admin/orders/counter.html", context)


def _lead_to(request: HttpRequest, found: counter.Found) -> HttpResponse:
    if found.rental is not None:
        step = next_rental_step(found.rental)
        ahead = f" Next: {step.label.lower()}." if step else ""
        messages.info(request, f"{found.rental.unit} is on this rental of {found.order}.{ahead}")
        return redirect(reverse("admin:orders_rental_change", args=[found.rental.pk]))
    if found.purpose is not None:
        parts = to_bring_back(found.order) if found.purpose == Purpose.RETURN else still_to_come(found.order)
        verb = "Take back" if found.purpose == Purpose.RETURN else "Hand over"
        messages.info(request, f"The code is good. {verb}: {'; '.join(part_text(part) for part in parts)}.")
    return redirect(reverse("admin:orders_order_change", args=[found.order.pk]))


def _due(request: HttpRequest, depot: Depot | None, *, is_out: bool) -> Table:
    """Rentals to be handed out, or taken back, by today."""
    rows = Rental.objects.filter(line__order__status=OrderStatus.CONFIRMED)
    if depot is not None:
        rows = rows.filter(line__order__depot=depot)
    due = Q(pk__in=[])
    for zone in {depot.time_zone} if depot else set(Depot.objects.values_list("time_zone", flat=True)):
        here, today = Q(line__order__depot__time_zone=zone), today_in(zone)
        waiting = Q(status__in=[RentalStatus.BOOKED, RentalStatus.READY]) & Rental.leaves_by(today)
        due |= here & (Q(status=RentalStatus.OUT, end_on__lte=today) if is_out else waiting)
    found = rows.filter(due).select_related("unit", "line__order__customer", "line__order__depot")
    by = "end_on" if is_out else "start_on"
    return Table(
        ["Customer", "Container", "Days", "Unit", "Status", ">Next step"],
        [_row(rental, acts=request.user.has_perm(HANDLE)) for rental in found.order_by(by, "id")[:MOST_SHOWN]],
        empty="Nothing is due back today." if is_out else "Nothing is to be handed out today.",
    )


def _row(rental: Rental, *, acts: bool) -> list[Any]:
    order = rental.line.order
    return [
        two_lines(order.customer, order_link(order)),
        two_lines(rental.line.title, rental.line.sku),
        page_of("orders_rental", rental.pk, days(rental)),
        rental.unit or "",
        status_badge(rental, today=today_in(order.depot.time_zone)),
        next_button(rental) if acts else "",
    ]
