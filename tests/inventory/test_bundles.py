"""A bundle is free as far as all of its parts are, whatever is promised of them."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Variant
from inventory.models import Depot, Downtime, Reservation, StockLevel
from inventory.providers.base import Changes, Level
from inventory.selectors import availability, fleet_sizes, pool_counts
from inventory.services import apply_changes
from tests.examples import examples
from tests.factories.catalog import BundlePartFactory, VariantFactory, accessory, bundle
from tests.factories.inventory import DepotFactory, StockLevelFactory, UnitFactory
from tests.inventory.shelf import NOW, may

PERIOD = (may(1), may(9))

offsets = st.integers(1, 8)


@dataclass(frozen=True)
class Part:
    quantity: int
    comes_back: bool
    pieces: int
    units: int
    sold: list[int]
    rented: list[tuple[int, int]]
    down: list[tuple[int, int]]


def _days(draw: st.DrawFn) -> tuple[int, int]:
    first = draw(offsets)
    return first, first + draw(st.integers(1, 4))


@st.composite
def parts(draw: st.DrawFn, *, leads: bool = False) -> Part:
    return Part(
        quantity=draw(st.integers(1, 3)),
        comes_back=leads or draw(st.booleans()),
        pieces=draw(st.integers(0, 12)),
        units=draw(st.integers(0, 5)),
        sold=draw(st.lists(st.integers(1, 4), max_size=3)),
        rented=[_days(draw) for _ in range(draw(st.integers(0, 4)))],
        down=[_days(draw) for _ in range(draw(st.integers(0, 1)))],
    )


def promise(part: Part, variant: Variant, depot: Depot) -> None:
    pool: Any = {"variant": variant, "depot": depot, "status": "committed"}
    Reservation.objects.bulk_create(
        [Reservation(**pool, kind="sale", quantity=quantity) for quantity in part.sold]
        + [
            Reservation(**pool, kind="rental", quantity=1, period=DateRange(may(first), may(end)))
            for first, end in part.rented
        ]
    )
    unit = variant.units.first()
    if unit is not None:
        Downtime.objects.bulk_create(
            Downtime(unit=unit, period=DateRange(may(first), may(end))) for first, end in part.down
        )


@pytest.mark.django_db
@given(leading=parts(leads=True), others=st.lists(parts(), min_size=1, max_size=3))
@examples(40)
def test_the_count_of_a_bundle_is_the_least_that_its_parts_are_enough_for(leading: Part, others: list[Part]) -> None:
    with transaction.atomic():
        depot, whole = DepotFactory(), VariantFactory()
        shelves = []
        for position, part in enumerate([leading, *others]):
            variant = VariantFactory() if position == 0 else accessory()
            BundlePartFactory(
                bundle=whole, part=variant, quantity=part.quantity, comes_back=part.comes_back, position=position
            )
            StockLevelFactory(variant=variant, depot=depot, on_hand=part.pieces)
            UnitFactory.create_batch(part.units, variant=variant, depot=depot)
            promise(part, variant, depot)
            shelves.append((part, (variant.pk, depot.pk)))

        counts = pool_counts([(whole.pk, depot.pk), *(pool for _, pool in shelves)], period=PERIOD, now=NOW)

        mine = counts[whole.pk, depot.pk]
        assert mine.sale == min(counts[pool].sale // part.quantity for part, pool in shelves)
        for n, free in enumerate(mine.rental_by_day):
            assert free == min(
                (counts[pool].rental_by_day[n] if part.comes_back else counts[pool].sale) // part.quantity
                for part, pool in shelves
            )
        assert mine.uneven == any(counts[pool].uneven for _, pool in shelves)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_bundle_is_counted_since_the_oldest_count_of_its_parts() -> None:
    depot, carrier, bowl = DepotFactory(), VariantFactory(), accessory()
    whole = bundle(carrier, bowl)
    StockLevelFactory(variant=carrier, depot=depot, as_of=NOW)
    level = StockLevelFactory(variant=bowl, depot=depot)
    pool = (whole.pk, depot.pk)

    assert availability([pool], period=PERIOD)[pool].as_of == level.as_of

    type(level).objects.filter(pk=level.pk).update(as_of=None)
    assert availability([pool], period=PERIOD)[pool].as_of is None


@pytest.mark.django_db
def test_a_bundle_of_what_a_depot_does_not_have_is_not_free_there() -> None:
    depot, carrier = DepotFactory(), VariantFactory()
    whole = bundle(carrier, accessory())
    UnitFactory.create_batch(3, variant=carrier, depot=depot)

    [free] = availability([(whole.pk, depot.pk)], period=PERIOD).values()

    assert (free.sale, free.rental) == (0, 0)


@pytest.mark.django_db
def test_a_fleet_of_bundles_is_as_large_as_its_scarcest_part_that_comes_back_allows() -> None:
    depot, carrier, bowl, pad = DepotFactory(), VariantFactory(), accessory(), accessory()
    whole = bundle(carrier, bowl, used_up=[pad], quantities=[1, 2, 1])
    UnitFactory.create_batch(3, variant=carrier, depot=depot)
    UnitFactory.create_batch(5, variant=bowl, depot=depot)

    assert fleet_sizes([whole.pk, carrier.pk, pad.pk], depot.pk) == {whole.pk: 2, carrier.pk: 3, pad.pk: 0}


@pytest.mark.django_db
def test_a_bundle_is_never_counted_and_what_is_counted_never_becomes_one() -> None:
    whole, counted = bundle(VariantFactory(), accessory()), StockLevelFactory().variant

    with pytest.raises(IntegrityError), transaction.atomic():
        StockLevelFactory(variant=whole)
    with pytest.raises(IntegrityError), transaction.atomic():
        BundlePartFactory(bundle=counted)


@pytest.mark.django_db
def test_what_the_inventory_system_tells_of_a_bundle_is_passed_over() -> None:
    whole, depot = bundle(VariantFactory(), accessory()), DepotFactory()

    apply_changes(Changes(levels=[Level(whole.sku, depot.code, 4, 0, NOW)], units=[], cursor="1", more=False))

    assert not StockLevel.objects.exists()
