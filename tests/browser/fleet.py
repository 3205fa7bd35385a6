"""A fleet in the middle of its month: out, late, set aside, planned, in repair, and one booking too many."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.models import User
from catalog.models import Variant
from core.time import today_in
from inventory.models import Depot, Reservation, Unit
from inventory.states import ProviderState, ReservationStatus, UnitStatus
from orders.models import Rental
from orders.states import RentalStatus
from tests.browser.day import BACKPACK, HARBOUR, KESTREL, PEOPLE, named
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import (
    DepotClosureFactory,
    DepotFactory,
    DowntimeFactory,
    FeedFactory,
    StockLevelFactory,
    UnitFactory,
)
from tests.factories.orders import OrderFactory, RentalFactory, RentalLineFactory, SaleLineFactory


@dataclass
class Fleet:
    boss: User
    depot: Depot
    unit: Unit  # on the shelf, and needed
    lonely: Rental  # its booking
    mended: Unit

    def day(self, offset: int) -> date:
        return today_in(self.depot.time_zone) + timedelta(days=offset)


def a_fleet() -> Fleet:
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    depot = DepotFactory(code="BER", name="Berlin Südkreuz")
    DepotFactory(code="MUC", name="München Ost", city="München")
    DepotClosureFactory(depot=depot)
    FeedFactory()
    kestrel, backpack, harbour = (
        named(VariantFactory(sku=thing[2], offered=True), thing) for thing in (KESTREL, BACKPACK, HARBOUR)
    )
    units = [
        UnitFactory(serial=f"KES-{101 + n:04d}", variant=kestrel, depot=depot, condition="ABAC"[n % 4])
        for n in range(6)
    ]
    _rent(depot, kestrel, (-6, 4), units[0], "out")
    _rent(depot, kestrel, (-12, -3), units[1], "out")
    _rent(depot, kestrel, (-14, -9), units[2], "closed")
    _rent(depot, kestrel, (1, 5), units[2], "ready")
    for days in ((2, 9), (6, 12), (8, 10), (12, 20), (14, 17)):
        _rent(depot, kestrel, days)
    _down(units[3], 3, 6, "Zip slider being replaced.")
    Unit.objects.filter(pk=units[4].pk).update(status=UnitStatus.CLEANING, as_of=timezone.now())
    _down(units[4], 0, 1, "Turnaround", is_turnaround=True)
    Unit.objects.filter(pk=units[5].pk).update(status=UnitStatus.MAINTENANCE, decided_here=True, condition="D")
    pack = UnitFactory(serial="FJO-0207", variant=backpack, depot=depot, as_of=timezone.now(), condition="B")
    _rent(depot, backpack, (-16, -10), pack, "closed")
    lonely = _rent(depot, backpack, (3, 7))
    for n in range(3):
        UnitFactory(serial=f"HAR-{311 + n:04d}", variant=harbour, depot=depot)
    _rent(depot, harbour, (5, 9))
    one = _rent(depot, harbour, (6, 13))
    refused = {"provider_state": ProviderState.REFUSED, "sync_failures": 3, "sync_after": _soon(),
               "sync_error": "HAR-50-L at BER: 1 asked for, 0 there"}  # fmt: skip
    Reservation.objects.filter(pk=one.reservation_id).update(**refused)
    StockLevelFactory(variant=backpack, depot=depot)
    _sold(depot, kestrel)
    return Fleet(boss, depot, pack, lonely, units[5])


def _soon() -> Any:
    return timezone.now() + timedelta(minutes=42)


def _sold(depot: Depot, variant: Variant) -> None:
    """Two pieces paid for, of which one is there."""
    level = StockLevelFactory(variant=variant, depot=depot)
    level.on_hand = 1
    level.save()
    order = OrderFactory(confirmed=True, depot=depot, customer=_person(9))
    line = SaleLineFactory(order=order, variant=variant, quantity=2)
    there = Reservation.objects.filter(pk=line.reservation_id)
    there.update(
        depot=depot, variant=variant, status="committed", expires_at=None, quantity=2, misfit_at=timezone.now()
    )
    there.update(provider_state=ProviderState.CONFIRMED)


def _person(index: int) -> User:
    name = PEOPLE[index % len(PEOPLE)]
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return User.objects.filter(email=email).first() or UserFactory(name=name, email=email)


def _down(unit: Unit, first: int, end: int, reason: str, **more: Any) -> None:
    today = today_in(unit.depot.time_zone)
    days = (today + timedelta(days=first), today + timedelta(days=end))
    DowntimeFactory(unit=unit, days=days, reason=reason, **more)


def _rent(
    depot: Depot, variant: Variant, span: tuple[int, int], unit: Unit | None = None, state: str = "booked"
) -> Rental:
    """A paid rental as orders and inventory both know it, with a day of turnaround."""
    order = OrderFactory(confirmed=True, depot=depot, customer=_person(span[0] + 20))
    line = RentalLineFactory(order=order, variant=variant)
    rental = RentalFactory(line=line, days=span, status=RentalStatus(state), unit=unit)
    status = {"out": ReservationStatus.SHIPPED, "closed": ReservationStatus.FULFILLED}.get(
        state, ReservationStatus.COMMITTED
    )
    period = DateRange(rental.start_on, rental.end_on + timedelta(days=2))
    theirs = {"out": ProviderState.CHECKED_OUT, "closed": ProviderState.CHECKED_IN}.get(state, ProviderState.CONFIRMED)
    if unit is not None and state == "out":
        Unit.objects.filter(pk=unit.pk).update(status=UnitStatus.OUT, as_of=timezone.now())
    Reservation.objects.filter(pk=rental.reservation_id).update(
        variant=variant, depot=depot, unit=unit, status=status, period=period, provider_period=period,
        turnaround_days=1, provider_state=theirs, expires_at=None, provider_acked_at=timezone.now(),
    )  # fmt: skip
    return rental
