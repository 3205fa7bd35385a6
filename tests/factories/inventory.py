"""Depots, counts, units and claims with good defaults.

* depot = DepotFactory()
* StockLevelFactory(variant=variant, depot=depot, on_hand=3)  # three pieces for sale
* UnitFactory.create_batch(2, variant=variant, depot=depot)  # two units for rent, and the level they need
* ReservationFactory(variant=variant, depot=depot, rental=("2027-05-01", "2027-05-06"))  # half open
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from factory.django import DjangoModelFactory

from inventory.models import Depot, DepotClosure, Downtime, Feed, Reconciliation, Reservation, StockLevel, Unit
from inventory.states import ReservationKind, ReservationStatus, UnitStatus
from tests.factories.catalog import VariantFactory

COUNTED_AT = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def _range(days: tuple[str | date, str | date]) -> DateRange:
    first, free = (date.fromisoformat(day) if isinstance(day, str) else day for day in days)
    return DateRange(first, free)


class DepotFactory(DjangoModelFactory):
    """A depot in Berlin that is open every day."""

    class Meta:
        model = Depot

    code = factory.Sequence(lambda n: f"D{n:03d}")
    name = factory.LazyAttribute(lambda o: f"Depot {o.code}")
    street = "Am Frachtring 14"
    postal_code = "12529"
    city = "Berlin"
    country = "DE"
    time_zone = "Europe/Berlin"


class DepotClosureFactory(DjangoModelFactory):
    class Meta:
        model = DepotClosure

    depot = factory.SubFactory(DepotFactory)
    start_on = date(2027, 12, 24)
    end_on = date(2027, 12, 26)
    reason = "Christmas"


class StockLevelFactory(DjangoModelFactory):
    """Ten pieces for sale. One row a pool: asking again for the same variant and depot gives the row that is there."""

    class Meta:
        model = StockLevel
        django_get_or_create = ("variant", "depot")

    variant = factory.SubFactory(VariantFactory)
    depot = factory.SubFactory(DepotFactory)
    on_hand = 10
    reserved_elsewhere = 0
    as_of = COUNTED_AT


class UnitFactory(DjangoModelFactory):
    """A unit on the shelf, and the stock level of its pool (nothing for sale) if there was none."""

    class Meta:
        model = Unit
        skip_postgeneration_save = True

    serial = factory.Sequence(lambda n: f"U-{n:06d}")
    variant = factory.SubFactory(VariantFactory)
    depot = factory.SubFactory(DepotFactory)
    condition = Unit.Condition.A
    status = UnitStatus.AVAILABLE

    @factory.post_generation
    def level(self: Any, create: bool, extracted: Any, **_: Any) -> None:
        if create:
            StockLevelFactory(variant=self.variant, depot=self.depot, on_hand=0)


class DowntimeFactory(DjangoModelFactory):
    """A unit in repair; days=(first day, first free day), dates or ISO strings."""

    class Meta:
        model = Downtime

    class Params:
        days = ("2027-05-03", "2027-05-05")

    unit = factory.SubFactory(UnitFactory)
    period = factory.LazyAttribute(lambda o: _range(o.days))
    reason = "Zip slider being replaced."


class FeedFactory(DjangoModelFactory):
    class Meta:
        model = Feed

    name = "ims"
    cursor = "7"


class ReservationFactory(DjangoModelFactory):
    """A living hold on one piece for sale, good for 15 minutes.

    rental=(first day, first free day): a claim on a unit for these days instead. committed=True: paid.
    lapsed=True: a hold that ended a minute ago. status="shipped" on a rental: with a unit that is out.
    """

    class Meta:
        model = Reservation

    class Params:
        rental = None
        committed = factory.Trait(status=ReservationStatus.COMMITTED)
        lapsed = factory.Trait(expires_at=factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=1)))

    variant = factory.SubFactory(VariantFactory)
    depot = factory.SubFactory(DepotFactory)
    kind = factory.LazyAttribute(lambda o: ReservationKind.RENTAL if o.rental else ReservationKind.SALE)
    quantity = 1
    period = factory.LazyAttribute(lambda o: _range(o.rental) if o.rental else None)
    status = ReservationStatus.HELD
    unit = factory.LazyAttribute(
        lambda o: (
            UnitFactory(variant=o.variant, depot=o.depot, status=UnitStatus.OUT)
            if o.rental and o.status == ReservationStatus.SHIPPED
            else None
        )
    )
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=15))


class ReconciliationFactory(DjangoModelFactory):
    """A comparison of this night that found nothing."""

    class Meta:
        model = Reconciliation

    started_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=6))
    finished_at = factory.LazyAttribute(lambda o: o.started_at + timedelta(seconds=4))
    levels = 120
    units = 340
    reservations = 75
    outcome = Reconciliation.Outcome.EQUAL
    actor = "job"
