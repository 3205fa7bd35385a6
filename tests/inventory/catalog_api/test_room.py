"""What is remembered is measured by what it takes, so that the memory of a process has an end."""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from inventory.api.facets import FacetsScene
from inventory.api.window import AVAILABILITY, CalendarScene, Scene
from inventory.board import Days
from inventory.models import Depot, StockLevel
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import COUNTED_AT, DepotFactory, ReservationFactory
from tests.inventory.catalog_api.asking import TODAY

pytestmark = pytest.mark.django_db
FEW_DAYS, MANY_DAYS = (Days(TODAY, TODAY + timedelta(days=n - 1)) for n in (7, 120))
RENTAL = {"prep_days": 1, "turnaround_days": 1}


def read(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "sku": row["sku"], "sale": {}, "rental": RENTAL}


def listed(rows: list[Any], depots: list[Depot]) -> Scene:
    return Scene([AVAILABILITY for _ in rows], rows, depots, FEW_DAYS)


def faceted(rows: list[Any], depots: list[Depot]) -> Scene:
    counted: list[Any] = [{"container": row["id"], "variant": row} for row in rows]
    return FacetsScene([AVAILABILITY], counted, depots, FEW_DAYS)


def by_day(rows: list[Any], depots: list[Depot]) -> Scene:
    return CalendarScene(rows, depots[0], MANY_DAYS)


@pytest.mark.parametrize("depots", [1, 4])
@pytest.mark.parametrize("make", [listed, faceted, by_day])
def test_a_scene_takes_no_more_room_than_it_says(make: Callable[..., Scene], depots: int) -> None:
    where = DepotFactory.create_batch(depots)
    for depot in where:
        depot.catalog_version, depot.closed_spans = "1.1", []
    variants = VariantFactory.create_batch(60)
    StockLevel.objects.bulk_create(
        StockLevel(variant=v, depot=d, on_hand=1000 + v.pk, as_of=COUNTED_AT + timedelta(seconds=v.pk * 10 + n))
        for v in variants
        for n, d in enumerate(where)
    )
    for variant in variants[:20]:
        ReservationFactory(variant=variant, depot=where[0], rental=(FEW_DAYS.start_on, FEW_DAYS.end_on))
    make([read(vars(variant)) for variant in variants], where).filled()  # what others remember is no scene's
    gc.collect()

    tracemalloc.start()
    scene = make([read(vars(variant)) for variant in variants], where)
    scene.filled()
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken <= scene.size
