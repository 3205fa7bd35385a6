"""Promises that a person must look at: what is wrong, since when, whose, and what to do."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from core.backoffice import moment, page_of, step_button
from inventory import words
from inventory.admin.calendar import FLEET_STYLES
from inventory.admin.looks import calendar_address, claim_badge, days_of, thing, whose
from inventory.models import Reservation
from inventory.standing import in_step
from inventory.states import ReservationKind
from inventory.troubles import Said, Trouble, broken_promises, troubles_of

CHANGE_RESERVATION = "inventory.change_reservation"
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Wrong:
    """One trouble in words."""

    short: str
    text: str
    advice: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the worklist."""

    whose: SafeString | str
    thing: SafeString
    depot: str
    what: str
    state: SafeString
    wrong: list[Wrong]
    steps: list[SafeString | str]
    trouble: Trouble  # the gravest


def wrong(said: Said, row: Reservation) -> Wrong:
    """Say a trouble, and what there is to be done."""
    if said.trouble == Trouble.MISFIT:
        return _misfit(said, row)
    again = f"Next try by itself: {moment(row.sync_after, row.depot.time_zone)}." if row.sync_after else ""
    times = f"{words.count(row.sync_failures, 'time')} refused" if row.sync_failures else ""
    answer = f"It said “{row.sync_error}”." if row.sync_error else ""
    if said.trouble == Trouble.REFUSED:
        text, short = "It is paid for, and the inventory system does not set it aside.", "Refused"
    else:
        text, short = "The inventory system did not take what it was told.", "Not taken"
    return Wrong(short, text, " ".join(filter(None, [answer, "Mend it there, then ask again.", again])), times)


def _misfit(said: Said, row: Reservation) -> Wrong:
    since = f"since {moment(said.since, row.depot.time_zone)}" if said.since else ""
    if row.kind == ReservationKind.SALE:
        text = "More pieces are promised than there are."
        advice = "Have some sent from another depot, or tell the customer and cancel."
    else:
        text = "No unit is left that could serve it on all of its days."
        advice = "Put a unit back on the shelf, move a booking, or tell the customer."
    return Wrong("Does not fit", text, advice, since)


def worklist_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """What starts soonest comes first. A constant number of statements."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    now = timezone.now()
    broken = broken_promises(now=now)
    total = broken.count()
    rows = model_admin.get_queryset(request).filter(pk__in=_soonest(broken))
    entries = [
        _entry(row, found, request.user)
        for row in rows.order_by("period", "id")
        if (found := troubles_of(row, now=now))
    ]
    parts = (
        ("Nothing to serve them with", [Trouble.MISFIT]),
        ("Not taken by the inventory system", [Trouble.REFUSED, Trouble.NOT_TAKEN]),
    )
    listed = [(title, [entry for entry in entries if entry.trouble in of_part]) for title, of_part in parts]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Does not fit",
        "content_title": "Does not fit",
        "media": forms.Media(css={"all": [FLEET_STYLES]}),
        "parts": [(title, part) for title, part in listed if part],
        "total": total,
        "unshown": max(total - MOST_SHOWN, 0),
    }
    return TemplateResponse(request, "admin/inventory/worklist.html", context)


def _soonest(found: QuerySet[Any, UUID]) -> list[UUID]:
    rows = Reservation.objects.filter(pk__in=list(found)).order_by("period", "id")
    return list(rows.values_list("pk", flat=True)[:MOST_SHOWN])


def _entry(row: Reservation, said: list[Said], viewer: Any) -> Entry:
    what = days_of(row) if row.period else words.count(row.quantity, "piece")
    return Entry(
        whose=whose(row, viewer),
        thing=thing(row),
        depot=row.depot.code,
        what=what,
        state=claim_badge(row),
        wrong=[wrong(one, row) for one in said],
        steps=_steps(row, viewer, {one.trouble for one in said}),
        trouble=said[0].trouble,
    )


def _steps(row: Reservation, viewer: Any, found: set[Trouble]) -> list[SafeString | str]:
    """Where it can be put right."""
    is_misfit = Trouble.MISFIT in found
    steps: list[SafeString | str] = []
    if is_misfit and row.period and viewer.has_perm("inventory.view_unit"):
        address = calendar_address(row.depot_id, row.variant.sku, row)
        steps.append(format_html('<a class="step" href="{}">Fleet calendar</a>', address))
    if is_misfit and not row.period and viewer.has_perm("inventory.view_stocklevel"):
        address = f"{reverse('admin:inventory_stocklevel_changelist')}?{urlencode({'q': row.variant.sku})}"
        steps.append(format_html('<a class="step" href="{}">Stock levels</a>', address))
    if not in_step(row) and viewer.has_perm(CHANGE_RESERVATION):
        steps.append(step_button("inventory_reservation_ask_again", row.pk, "Ask again"))
    return [*steps, page_of("inventory_reservation", row.pk, "Reservation")]
