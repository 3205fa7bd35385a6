"""One variant at one depot, and what a test does with it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pytest_django import Settings

from catalog.models import Variant
from inventory.models import Depot, Reservation, StockLevel, Unit
from inventory.providers.base import Capability
from inventory.selectors import Pool, PoolAvailability, availability
from inventory.services import Claim, hold
from inventory.states import ReservationKind, UnitStatus
from sandbox.http import Request, Response
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, ReservationFactory, StockLevelFactory, UnitFactory
from tests.shop import Shop

NOW = datetime(2027, 4, 20, 12, tzinfo=UTC)
COUNTED_AT = NOW - timedelta(hours=1)
IN_A_QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
FIRST, SECOND = date(2027, 5, 1), date(2027, 5, 2)


def may(day: int) -> date:
    return date(2027, 5, day)


@dataclass
class Shelf:
    """So many pieces for sale, so many units for rent."""

    pieces: int = 0
    units: int = 0
    variant: Variant = field(default_factory=VariantFactory)
    depot: Depot = field(default_factory=DepotFactory)

    def __post_init__(self) -> None:
        StockLevelFactory(variant=self.variant, depot=self.depot, on_hand=self.pieces, as_of=COUNTED_AT)
        UnitFactory.create_batch(self.units, variant=self.variant, depot=self.depot)

    @property
    def pool(self) -> Pool:
        return (self.variant.pk, self.depot.pk)

    @property
    def level(self) -> StockLevel:
        return StockLevel.objects.get(variant=self.variant, depot=self.depot)

    @property
    def all_units(self) -> list[Unit]:
        return list(Unit.objects.filter(variant=self.variant, depot=self.depot).order_by("serial"))

    def free(self, first: date = FIRST, end: date = SECOND, now: datetime = NOW) -> PoolAvailability:
        return availability([self.pool], period=(first, end), now=now)[self.pool]

    def sale(self, quantity: int = 1) -> Claim:
        return Claim(*self.pool, ReservationKind.SALE, quantity)

    def rental(self, first: date = FIRST, end: date = SECOND) -> Claim:
        """One unit; half open."""
        return Claim(*self.pool, ReservationKind.RENTAL, 1, (first, end))

    def reserved(self, **fields: Any) -> Reservation:
        """A claim that is simply there, whether it fits or not; one that has left takes a unit from the shelf."""
        fields.setdefault("expires_at", NOW + IN_A_QUARTER)
        if fields.get("rental") and fields.get("status") == "shipped" and "unit" not in fields:
            fields["unit"] = self.all_units[0] if self.units else None
            for unit in self.all_units:
                if unit.status == UnitStatus.AVAILABLE:
                    fields["unit"] = unit
            Unit.objects.filter(pk=fields["unit"].pk).update(status=UnitStatus.OUT)
        row: Reservation = ReservationFactory(variant=self.variant, depot=self.depot, **fields)
        return row

    def hold(self, *claims: Claim, minutes: int = 15) -> list[Reservation]:
        """Held now, by the clock of the test."""
        return hold(claims=claims or [self.sale()], expires_at=in_minutes(minutes))


def in_minutes(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def unable(shop: Shop, settings: Settings, *what: Capability) -> None:
    """From now on the inventory system says that it cannot do this, and is asked what it can by a new adapter."""
    route, left = shop.ims.app.route, sorted(frozenset(Capability) - set(what))

    def answer(request: Request) -> Response:
        if request.path == "/capabilities":
            return Response.json({"version": "1", "capabilities": left})
        return route(request)

    shop.ims.app.route = answer  # type: ignore[method-assign]
    settings.INVENTORY_PUSH_SECRETS = [*settings.INVENTORY_PUSH_SECRETS, "another adapter"]


def bag(shop: Shop, quantity: int = 1) -> Reservation:
    """Pieces of the shop's one thing for sale, held."""
    claim = Claim(shop.bag.pk, shop.depot.pk, ReservationKind.SALE, quantity)
    return hold(claims=[claim], expires_at=in_minutes(15))[0]


def crate(shop: Shop, first: int = 0, end: int = 5) -> Reservation:
    """A unit of the shop's one thing for rent, held from the `first` day from today until before the `end`."""
    days = (shop.day(first), shop.day(end))
    claim = Claim(shop.crate.pk, shop.depot.pk, ReservationKind.RENTAL, 1, days)
    return hold(claims=[claim], expires_at=in_minutes(15))[0]
