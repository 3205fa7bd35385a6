"""The days of a depot: when it is open, which day it is there, and how far ahead it can be booked."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings

from core.time import today_in
from inventory.models import Depot
from tests.factories.catalog import RentalOfferFactory, VariantFactory
from tests.factories.inventory import DepotClosureFactory, DepotFactory, DowntimeFactory, UnitFactory
from tests.inventory.catalog_api.asking import LIST, TODAY, Get, day, days, pointers

pytestmark = pytest.mark.django_db
AHEAD = settings.BOOKING_HORIZON.days


def on(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def shown(page: Any) -> dict[str, tuple[int, list[str]]]:
    """Of each depot: how many of the one variant can be rented, and what is closed."""
    [variant] = page["results"][0]["variants"] if "results" in page else page["variants"]
    return {count["depot"]: (count["rental"], count["closed_on"]) for count in variant["availability"]}


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("path", [LIST, f"{LIST}/pool"])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((3, 6), (0, [day(3)])),
        ((2, 4), (0, [day(4)])),
        ((3, 4), (0, [day(3), day(4)])),
        ((3, 3), (0, [day(3)])),
        ((2, 5), (1, [])),  # it may be closed while the customer travels
        ((5, 6), (1, [])),
    ],
)
def test_nothing_is_handed_out_or_taken_back_on_a_closed_day(
    get: Get, depot: Depot, path: str, asked: tuple[int, int], expected: tuple[int, list[str]]
):
    DepotClosureFactory(depot=depot, start_on=on(3), end_on=on(4))
    DepotFactory(code="OPEN", time_zone="UTC")

    assert shown(get(path, **days(*asked))) == {"BER": expected, "OPEN": (0, [])}


def test_a_depot_that_is_closed_sells_all_the_same(get: Get, depot: Depot):
    variant = VariantFactory(offered=True)
    UnitFactory(variant=variant, depot=depot).variant.stock_levels.update(on_hand=4)
    DepotClosureFactory(depot=depot, start_on=on(0), end_on=on(9))

    [count] = get(LIST, **days(1, 2))["results"][0]["variants"][0]["availability"]

    assert (count["sale"], count["rental"]) == (4, 0)


def test_a_weekday_on_which_a_depot_never_opens_is_closed(get: Get, depot: Depot, pool: Any):
    Depot.objects.update(opening_days=[n for n in range(1, 8) if n != on(3).isoweekday()])

    assert shown(get(LIST, **days(3, 5))) == {"BER": (0, [day(3)])}
    assert get(f"{LIST}/pool/calendar", depot="BER", **days(2, 4))["closed"] == [day(3)]


def test_who_asks_for_no_days_is_told_what_is_there_today_even_if_it_is_closed(get: Get, depot: Depot, pool: Any):
    Depot.objects.update(opening_days=[])

    assert shown(get(LIST)) == {"BER": (1, [])}


@pytest.fixture
def far_apart() -> tuple[date, date]:
    """One unit at either end of the world, where it is never the same day; the earlier and the later today."""
    variant = VariantFactory(approved=True, sku="POO-ONE", container__slug="pool")
    RentalOfferFactory(variant=variant, prep_days=0, turnaround_days=0)
    for code, zone in (("PAGO", "Pacific/Pago_Pago"), ("KIRI", "Pacific/Kiritimati")):
        UnitFactory(variant=variant, depot=DepotFactory(code=code, time_zone=zone), serial=code)
    return today_in("Pacific/Pago_Pago"), today_in("Pacific/Kiritimati")


@pytest.mark.parametrize("code", ["PAGO", "KIRI"])
def test_today_is_the_day_it_is_at_each_depot(get: Get, far_apart: tuple[date, date], code: str):
    assert shown(get(LIST)) == {"KIRI": (1, []), "PAGO": (1, [])}
    depot = Depot.objects.get(code=code)

    DowntimeFactory(unit=depot.units.get(), days=(depot.today, depot.today + timedelta(days=1)))

    assert shown(get(LIST)) == {"KIRI": (1, []), "PAGO": (1, [])} | {code: (0, [])}


def test_a_day_that_is_over_at_one_depot_can_be_had_at_the_other(get: Get, far_apart: tuple[date, date]):
    earlier, later = far_apart

    assert shown(get(LIST, **{"from": earlier, "to": later})) == {"KIRI": (0, []), "PAGO": (1, [])}
    assert pointers(get(LIST, status=400, depot="KIRI", **{"from": earlier, "to": later})) == ["#/from"]


def test_the_last_day_to_book_is_counted_by_each_depots_clock(get: Get, far_apart: tuple[date, date]):
    earlier, later = (today + timedelta(days=AHEAD) for today in far_apart)

    assert shown(get(LIST, **{"from": earlier, "to": later})) == {"KIRI": (1, []), "PAGO": (0, [])}
    problem = get(LIST, status=400, depot="PAGO", **{"from": earlier, "to": later})
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("#/to", "too_far")]


@pytest.mark.parametrize("path", [LIST, f"{LIST}/pool", f"{LIST}/pool/calendar", "/api/v1/availability"])
@pytest.mark.parametrize("last", [day(AHEAD + 1), "9999-12-31"])
def test_what_is_too_far_ahead_is_refused_everywhere(get: Get, depot: Depot, pool: Any, path: str, last: str):
    more = {"sku": "POO-ONE"} if path.endswith("availability") else {}

    problem = get(path, status=400, depot="BER", **{"from": last, "to": last}, **more)

    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("#/to", "too_far")]
    assert get(path, depot="BER", **days(AHEAD, AHEAD), **more)
