"""The clerk's day: which rentals and sales are to be handled. Days are the depots' own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from core.backoffice import ReadOnlyAdmin
from core.time import today_in
from inventory.models import Depot
from orders.admin.steps import HANDLE
from orders.disruption import disrupted, withdrawn
from orders.models import Fulfilment, Rental
from orders.states import UNDECIDED, ClaimStatus, OrderStatus, RentalStatus, SaleStatus

OPEN = "open"  # everything on which something is still to be done
ALL = "all"


@dataclass(frozen=True, slots=True)
class Work:
    """One worklist; `rows` says which, for a depot where it is this day."""

    key: str
    title: str
    rows: Callable[[date], Q]
    urgent: bool = False
    orders: tuple[OrderStatus, ...] = (OrderStatus.CONFIRMED,)


_R, _S = RentalStatus, SaleStatus
_AHEAD = timedelta(days=7)

_WAITING = Q(status__in=[_R.BOOKED, _R.READY])
_WITH_CUSTOMER = Q(status=_R.OUT, posted_back_at=None)

RENTAL_WORK = (
    Work("today", "Hand out today", lambda day: _WAITING & Q(post_on=None, start_on__lte=day)),
    Work("post", "Post today", lambda day: _WAITING & Q(post_on__lte=day)),
    Work("due", "Due back today", lambda day: _WITH_CUSTOMER & Q(end_on=day)),
    Work("overdue", "Overdue", lambda day: _WITH_CUSTOMER & Q(end_on__lt=day), urgent=True),
    Work("parcels", "On their way back", lambda _: Q(status=_R.OUT, posted_back_at__isnull=False)),
    Work("inspect", "To inspect", lambda _: Q(status=_R.RETURNED)),
    Work("disrupted", "Cannot be as booked", disrupted, urgent=True),
    Work("withdrawn", "Not rented any more", lambda _: withdrawn()),
    Work("ahead", "Next 7 days", lambda day: _WAITING & Rental.leaves_by(day + _AHEAD) & ~Rental.leaves_by(day)),
    Work(OPEN, "All open", lambda _: _WAITING | Q(status__in=[_R.OUT, _R.RETURNED])),
)

NEEDS_A_WAY_OUT = ("disrupted", "withdrawn")

SALE_WORK = (
    Work("pack", "To pack", lambda _: Q(status=_S.RESERVED)),
    Work("ship", "To ship", lambda _: Q(status=_S.READY, order__fulfilment=Fulfilment.DELIVERY)),
    Work(
        "returns",
        "Coming back",
        lambda _: Q(status=_S.RETURN_REQUESTED),
        orders=(OrderStatus.CONFIRMED, OrderStatus.COMPLETED),
    ),
    Work("collect", "Waiting for the customer", lambda _: Q(status=_S.READY, order__fulfilment=Fulfilment.PICKUP)),
    Work(OPEN, "All open", lambda _: Q(status__in=[_S.RESERVED, _S.READY])),
)


CLAIM_WORK = (
    Work("decide", "Claims to decide", lambda _: Q(status=ClaimStatus.OBJECTED), urgent=True),
    Work("waiting", "Claims waiting for customers", lambda _: Q(status=ClaimStatus.OPEN)),
    Work(OPEN, "All open", lambda _: Q(status__in=UNDECIDED)),
)


class WorkFilter(admin.SimpleListFilter):
    """Opens on what is open. A search looks at everything, so that nothing is hidden from who looks for it."""

    title = "work"
    parameter_name = "work"
    works: ClassVar[tuple[Work, ...]]
    order: ClassVar[str]  # the path to the order

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [*((work.key, work.title) for work in self.works), (ALL, "Everything")]

    def chosen(self, request: HttpRequest) -> str:
        looks_elsewhere = any(name == "q" or name.startswith("status") for name in request.GET)
        return self.value() or (ALL if looks_elsewhere else OPEN)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        work = next((work for work in self.works if work.key == self.chosen(request)), None)
        return queryset if work is None else queryset.filter(self.rows_of(work, _zones()))

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without Django's own "All": the lists say what they hold."""
        chosen = self.value()
        for key, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": chosen == key, "query_string": query, "display": title}

    @classmethod
    def rows_of(cls, work: Work, zones: Sequence[str]) -> Q:
        query = Q(pk__in=[])
        for zone in zones:
            query |= Q(**{f"{cls.order}__depot__time_zone": zone}) & work.rows(today_in(zone))
        return query & Q(**{f"{cls.order}__status__in": work.orders})

    @classmethod
    def counts(cls, rows: QuerySet[Any]) -> dict[str, int]:
        """{key of a worklist: how much it holds}, counted in one statement after the depots' zones."""
        zones = _zones()
        held = {work.key: Count("pk", filter=cls.rows_of(work, zones)) for work in cls.works}
        return {key: int(count) for key, count in rows.order_by().aggregate(**held).items()}

    def chips(self, request: HttpRequest, changelist: Any) -> list[dict[str, Any]]:
        """Every worklist with how much it holds."""
        chosen, counts = self.chosen(request), self.counts(changelist.root_queryset)
        chips = [
            {
                "title": work.title,
                "query": changelist.get_query_string({self.parameter_name: work.key}, ["p", "q"]),
                "count": counts[work.key],
                "chosen": chosen == work.key,
                "urgent": work.urgent and counts[work.key] > 0,
            }
            for work in self.works
        ]
        everything = changelist.get_query_string({self.parameter_name: ALL}, ["p"])
        return [*chips, {"title": "Everything", "query": everything, "chosen": chosen == ALL}]


def _zones() -> list[str]:
    return list(Depot.objects.order_by().values_list("time_zone", flat=True).distinct())


class WorklistAdmin(ReadOnlyAdmin):
    """A list with its worklists as chips above it, and nothing sortable that would hide their order."""

    list_before_template = "admin/orders/chips.html"
    nothing = "Nothing waits in this list."
    step_permission = HANDLE

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)
        changelist = (getattr(response, "context_data", None) or {}).get("cl")
        if changelist is not None:
            work = next(spec for spec in changelist.filter_specs if isinstance(spec, WorkFilter))
            response.context_data["chips"] = work.chips(request, changelist)
        return response

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        """The next step is a column for who may take it."""
        shown = tuple(super().get_list_display(request))
        return (*shown, "next_step") if request.user.has_perm(self.step_permission) else shown


class RentalWork(WorkFilter):
    works = RENTAL_WORK
    order = "line__order"


class ClaimWork(WorkFilter):
    works = CLAIM_WORK
    order = "order"


class SaleWork(WorkFilter):
    works = SALE_WORK
    order = "order"
