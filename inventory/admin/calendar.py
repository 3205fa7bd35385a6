"""The page of the fleet calendar: asks for days, a depot and a container, and has the template draw what comes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from catalog.models import Variant
from core.time import day_after, today_in
from inventory import words
from inventory.admin.looks import WITH_ORDER, order_of
from inventory.fleet_calendar import SHOWN, WEEKS, Cell, FleetCalendar, Look, Mark, first_of_week, fleet_calendar
from inventory.forms import FURTHEST
from inventory.models import Depot, Reservation, Unit
from inventory.states import LIVE, ReservationKind

FLEET_STYLES = "inventory/fleet.css"
POOLS_ON_A_PAGE = 12
_SPAN = 7 * WEEKS

LEGEND = (
    (Look.OUT, "Out"),
    (Look.LATE, "Late"),
    (Look.SET_ASIDE, "Set aside"),
    (Look.PLANNED, "Booked, planned on this unit"),
    (Look.CLEANING, "Cleaning"),
    (Look.DOWN, "Down"),
    (Look.UNSERVED, "No unit left for it"),
)
_SAID = {
    Look.WAS_OUT: "Was out",
    Look.PLANNED: "Booked; this unit could serve it, which one it gets is chosen at preparation",
    Look.SET_ASIDE: "Set aside",
    Look.CLEANING: "Being cleaned",
    Look.DOWN: "Down",
    Look.OUT: "Out",
    Look.LATE: "Late: it should be back",
    Look.AWAY: "Out",
    Look.UNSERVED: "No unit is left for it",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One cell of the table: so many columns, a text that may be cut off, and all of it for who points at it."""

    days: int
    css: str
    text: str = ""
    title: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    day: date
    css: str

    @property
    def weekday(self) -> str:
        return f"{self.day:%a}"[:2]


@dataclass(frozen=True, slots=True)
class Row:
    """A unit, or for bookings without one their SKU."""

    label: str
    title: str
    href: str
    cells: list[Drawn]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    sku: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the template draws."""

    months: list[tuple[str, int]]
    columns: list[Column]
    today: int | None  # the column
    unserved: list[Row]
    groups: list[Group]


def sheet(calendar: FleetCalendar, viewer: Any, units: Iterable[int] | None = None) -> Sheet:
    """Put words, colours and links to a calendar. units: only these. One statement."""
    wanted = None if units is None else set(units)
    named = Reservation.objects.filter(pk__in=calendar.reservation_ids).select_related(*WITH_ORDER)
    draw = _Pen({row.pk: row for row in named}, viewer)
    return Sheet(
        months=[(f"{month:%B}", len(list(days))) for month, days in _months(calendar.days)],
        columns=[Column(day, _column_css(day, calendar.today)) for day in calendar.days],
        today=calendar.days.index(calendar.today) if calendar.today in calendar.days else None,
        unserved=[
            Row(pool.variant.sku, str(pool.variant.container), "", draw.row(lane))
            for pool in calendar.pools
            for lane in pool.unserved
        ],
        groups=[
            Group(
                title=str(pool.variant.container),
                sku=pool.variant.sku,
                rows=[
                    Row(row.unit.serial, f"Condition {row.unit.condition}", _unit_page(row.unit), draw.row(row.cells))
                    for row in pool.units
                    if wanted is None or row.unit.pk in wanted
                ],
            )
            for pool in calendar.pools
        ],
    )


def strip(unit: Unit, viewer: Any) -> SafeString | str:
    """The same for one unit, for its own page; nothing when it has left the fleet."""
    if unit.status not in SHOWN:
        return ""
    first = first_of_week(today_in(unit.depot.time_zone))
    drawn = sheet(fleet_calendar(depot=unit.depot, variants=[unit.variant], first=first), viewer, [unit.pk])
    table = {"sheet": drawn, "rows": drawn.groups[0].rows, "is_strip": True}
    return render_to_string("admin/inventory/sheet.html", table)


class _Pen:
    def __init__(self, named: Mapping[UUID, Reservation], viewer: Any) -> None:
        self._named = named
        self._sees_orders = viewer.has_perm("orders.view_order")
        self._sees_claims = viewer.has_perm("inventory.view_reservation")

    def row(self, cells: Sequence[Cell]) -> list[Drawn]:
        return [self._cell(cell) for cell in cells]

    def _cell(self, cell: Cell) -> Drawn:
        mark = cell.mark
        if mark.look == Look.FREE:
            return Drawn(cell.days, "free")
        row = self._named.get(mark.reservation_id) if mark.reservation_id else None
        order = order_of(row) if row is not None else None
        who = [order.number, str(order.customer)] if order is not None and self._sees_orders else []
        said = [_SAID[mark.look], *who, words.span(mark.first, mark.last), mark.note]
        return Drawn(
            days=cell.days,
            css=mark.look.replace("_", "-"),
            text=who[0] if who else mark.note or _SAID[mark.look],
            title=" · ".join(filter(None, said)),
            href=self._page(mark, order),
        )

    def _page(self, mark: Mark, order: Any) -> str:
        if order is not None and self._sees_orders:
            return reverse("admin:orders_order_change", args=[order.pk])
        if mark.reservation_id is not None and self._sees_claims:
            return reverse("admin:inventory_reservation_change", args=[mark.reservation_id])
        return ""


def _months(days: Sequence[date]) -> Any:
    return groupby(days, key=lambda day: day.replace(day=1))


def _column_css(day: date, today: date) -> str:
    weekend = "weekend" if day.isoweekday() > 5 else ""
    return f"{weekend} today".strip() if day == today else weekend


def _unit_page(unit: Unit) -> str:
    return reverse("admin:inventory_unit_change", args=[unit.pk])


def calendar_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The whole page. A constant number of statements, however much there is."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    depots = list(Depot.objects.order_by("-active", "name"))
    asked = {name: str(value) for name, value in request.GET.items()}
    depot = next((depot for depot in depots if str(depot.pk) == asked.get("depot")), depots[0] if depots else None)
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": "Fleet calendar",
        "content_title": "Fleet calendar",
        "media": forms.Media(css={"all": [FLEET_STYLES]}),
        "depots": depots,
        "depot": depot,
        "legend": [(look.replace("_", "-"), text) for look, text in LEGEND],
        "q": asked.get("q", "").replace("\0", "")[:80].strip(),
    }
    if depot is not None:
        context |= _asked_for(request, depot, context["q"], asked)
    return TemplateResponse(request, "admin/inventory/calendar.html", context)


def _asked_for(request: HttpRequest, depot: Depot, query: str, asked: Mapping[str, str]) -> dict[str, Any]:
    today = today_in(depot.time_zone)
    first = _first(asked.get("from", ""), today)
    page = Paginator(_variants(depot, query, today), POOLS_ON_A_PAGE).get_page(asked.get("p"))
    drawn = sheet(fleet_calendar(depot=depot, variants=list(page.object_list), first=first), request.user)
    last = day_after(first, _SPAN - 1)

    def address(start: date | None, number: int | None = None) -> str:
        kept = {"depot": str(depot.pk), "q": query, "from": start.isoformat() if start else "", "p": str(number or "")}
        return f"?{urlencode({name: value for name, value in kept.items() if value})}"

    return {
        "sheet": drawn,
        "first": first,
        "days": words.span(first, last),
        "earlier": address(first - timedelta(days=_SPAN)),
        "later": address(first + timedelta(days=_SPAN)),
        "now": address(None),
        "pages": [(number, address(first, number), number == page.number) for number in page.paginator.page_range]
        if page.paginator.num_pages > 1
        else [],
    }


def _first(typed: str, today: date) -> date:
    """The day that was asked for, if it is one within reach; else the Monday of this week."""
    try:
        first = date.fromisoformat(typed)
    except ValueError:
        return first_of_week(today)
    return min(max(first, today - FURTHEST), today + FURTHEST)


def _variants(depot: Depot, query: str, today: date) -> QuerySet[Variant]:
    """Whatever has units here, or is booked although it has none any more."""
    units = Unit.objects.filter(variant=OuterRef("pk"), depot=depot, status__in=SHOWN)
    booked = Reservation.objects.filter(
        variant=OuterRef("pk"), depot=depot, kind=ReservationKind.RENTAL, status__in=LIVE, period__endswith__gt=today
    )
    rows = Variant.objects.filter(Exists(units) | Exists(booked)).select_related("container")
    for word in query.split():
        rows = rows.filter(
            Q(sku__icontains=word) | Q(container__name__icontains=word) | Q(container__brand__icontains=word)
        )
    return rows.order_by("container__brand", "container__name", "sku")
