"""What the day needs, on the first of the staff pages: how much waits where, for who may see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from catalog.admin.airlines import too_old
from catalog.admin.variants import unchecked, with_approval
from catalog.models import CabinRule, Container, HoldRule, RentalOffer, SaleOffer, Variant
from inventory.models import Depot, Reconciliation, Unit
from inventory.readiness import Stage, at_stage
from inventory.troubles import count_troubles
from orders.admin.worklists import ALL, OPEN, ClaimWork, RentalWork, SaleWork, WorkFilter
from orders.models import Claim, Order, OrderLine, Rental
from orders.selectors import fits_worse
from payments.models import PaymentReconciliation, ProviderEvent
from payments.selectors import (
    deposits_to_secure,
    disputes_to_answer,
    disputes_to_decide,
    parked_payments,
    payments_owed_back,
    refunds_to_approve,
)
from payments.states import EventStatus


@dataclass(frozen=True, slots=True)
class Tile:
    """How much there is of something, and where. `alarming` when there should be none."""

    title: str
    count: int
    link: str
    alarming: bool = False

    @property
    def css(self) -> str:
        return "none" if not self.count else "danger" if self.alarming else ""


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    tiles: list[Tile]


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback. A fixed number of statements, whatever there is."""
    return context | {"title": "Today", "groups": list(_groups(request))}


def _groups(request: HttpRequest) -> Iterator[Group]:
    may = request.user.has_perm
    if may("orders.view_rental"):
        claims = _worklists("orders_claim", ClaimWork, Claim.objects.all()) if may("orders.view_claim") else []
        yield Group(
            "Rentals", [*_worklists("orders_rental", RentalWork, Rental.objects.all()), *claims, *_flights(may)]
        )
    if may("orders.view_orderline"):
        sales = OrderLine.objects.filter(kind=OrderLine.Kind.SALE)
        yield Group("Sales", _worklists("orders_orderline", SaleWork, sales))
    if may("inventory.view_reservation"):
        yield Group("Stock", list(_stock(request)))
    if may("payments.view_payment"):
        yield Group("Money that waits for a person", list(_money(request)))
    if may("catalog.change_container"):
        yield Group("Not in the shop", list(_catalog()))
        yield Group("Prices and rules", list(_prices_and_rules()))


def _worklists(page: str, work: type[WorkFilter], rows: Any) -> list[Tile]:
    counts = work.counts(rows)
    return [
        Tile(one.title, counts[one.key], _list(page, work=one.key), alarming=one.urgent)
        for one in work.works
        if one.key not in (OPEN, ALL)
    ]


def _flights(may: Callable[[str], bool]) -> Iterator[Tile]:
    if may("orders.view_order"):
        worse = Order.objects.filter(fits_worse()).count()
        yield Tile("Airline changed its rules", worse, _list("orders_order", fit="worse"), alarming=True)


def _stock(request: HttpRequest) -> Iterator[Tile]:
    worklist = reverse("admin:inventory_reservation_worklist")
    yield Tile("Promises that do not fit", count_troubles(), worklist, alarming=True)
    if request.user.has_perm("inventory.view_unit"):
        yield Tile(
            "Units due for retirement", Unit.objects.due_to_retire().count(), _list("inventory_unit", retire="due")
        )
    if request.user.has_perm("inventory.view_depot"):
        untaxed = Depot.objects.untaxed().count()
        yield Tile("Depots without a tax rate", untaxed, _list("inventory_depot", tax="none"), alarming=True)
    if request.user.has_perm("inventory.view_reconciliation"):
        last = Reconciliation.objects.order_by("-started_at").first()
        count = len(last.findings) if last is not None and last.outcome == Reconciliation.Outcome.DRIFT else 0
        yield Tile("Differences with the warehouse", count, _list("inventory_reconciliation"), alarming=True)


def _money(request: HttpRequest) -> Iterator[Tile]:
    may = request.user.has_perm
    if may("payments.view_refund"):
        waiting = refunds_to_approve().count()
        yield Tile("Refunds to approve", waiting, _list("payments_refund", status__exact="waiting"))
    if may("payments.view_dispute"):
        answer, decide = disputes_to_answer().count(), disputes_to_decide().count()
        disputes = _list("payments_dispute", attention="yes")
        yield Tile("Disputes to answer", answer, disputes, alarming=True)
        yield Tile("Lost disputes to decide", decide, disputes, alarming=True)
    owed, parked = payments_owed_back().count(), parked_payments().count()
    yield Tile("Failed refunds", owed, _list("payments_payment", attention="owed"), alarming=True)
    yield Tile("Parked payments", parked, _list("payments_payment", attention="parked"), alarming=True)
    if request.user.has_perm("payments.view_deposit"):
        soon = deposits_to_secure().count()
        yield Tile("Deposits not secured", soon, _list("payments_deposit", work="soon"), alarming=True)
    if request.user.has_perm("payments.view_providerevent"):
        events = ProviderEvent.objects.filter(status=EventStatus.PARKED).count()
        yield Tile("Parked events", events, _list("payments_providerevent", status__exact="parked"), alarming=True)
    if may("payments.view_paymentreconciliation"):
        last = PaymentReconciliation.objects.exclude(outcome=PaymentReconciliation.Outcome.UNREACHABLE).first()
        differ = last.left if last is not None else 0
        yield Tile("Differences with the gateway", differ, _list("payments_paymentreconciliation"), alarming=True)


def _catalog() -> Iterator[Tile]:
    drafts = Container.objects.filter(published=False).count()
    variants: QuerySet[Any] = with_approval(Variant.objects.all())
    not_checked = unchecked(variants).count()
    ready = at_stage(Container.objects.filter(published=False), Stage.READY).count()
    yield Tile("Drafts", drafts, _list("catalog_container", published__exact="0"))
    yield Tile("Ready to be published", ready, _list("catalog_container", ready=Stage.READY))
    yield Tile("Variants not checked", not_checked, _list("catalog_variant", approval="none"))


def _prices_and_rules() -> Iterator[Tile]:
    for title, offers, page in _OFFERS:
        to_come = offers.objects.to_come().count()
        yield Tile(f"{title} to come", to_come, _list(page, when="comes"))
    for title, rules, page in _RULES:
        old = too_old(rules.objects.all()).count()
        yield Tile(f"{title} to read again", old, _list(page, read="old"))


_OFFERS: tuple[tuple[str, Any, str], ...] = (
    ("Sale prices", SaleOffer, "catalog_saleoffer"),
    ("Rental prices", RentalOffer, "catalog_rentaloffer"),
)
_RULES: tuple[tuple[str, Any, str], ...] = (
    ("Cabin rules", CabinRule, "catalog_cabinrule"),
    ("Hold rules", HoldRule, "catalog_holdrule"),
)


def _list(page: str, **narrowed: str) -> str:
    address = reverse(f"admin:{page}_changelist")
    return f"{address}?{urlencode(narrowed)}" if narrowed else address
