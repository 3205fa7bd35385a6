"""What must never be false is refused by the database itself."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import ProtectedError

from inventory.models import OUT_OF_STEP, Depot, DepotClosure, Downtime, Reservation, StockLevel, Unit
from inventory.services import in_step
from inventory.states import LIVE, PROGRESS, WANTED, ProviderState, ReservationKind, ReservationStatus
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, DowntimeFactory, ReservationFactory, StockLevelFactory, UnitFactory
from tests.inventory.shelf import NOW, Shelf, may

pytestmark = pytest.mark.django_db

DAYS, WIDER, NARROWER = DateRange(may(1), may(4)), DateRange(may(1), may(6)), DateRange(may(2), may(4))


def refused(rule: str, write: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        write()


def test_a_unit_cannot_be_down_twice_on_a_day() -> None:
    unit, other = UnitFactory(), UnitFactory()
    DowntimeFactory(unit=unit, days=(may(3), may(6)))

    for first, end in [(3, 6), (1, 4), (5, 9), (4, 5), (1, 9)]:
        period = DateRange(may(first), may(end))
        refused("downtime_no_overlap", lambda period=period: Downtime.objects.create(unit=unit, period=period))
    DowntimeFactory(unit=unit, days=(may(1), may(3)))
    DowntimeFactory(unit=unit, days=(may(6), may(7)))
    DowntimeFactory(unit=other, days=(may(3), may(6)))

    assert Downtime.objects.count() == 4


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("reservation_hold_expires", {"kind": "sale", "expires_at": None}),
        ("reservation_quantity_positive", {"kind": "sale", "quantity": 0}),
        ("reservation_status_valid", {"kind": "sale", "status": "lost"}),
        ("reservation_rental_has_days", {"kind": "rental", "period": None}),
        ("reservation_rental_has_days", {"kind": "rental", "period": DateRange(may(1), may(1))}),
        ("reservation_rental_has_days", {"kind": "rental", "period": DAYS, "quantity": 2}),
        ("reservation_rental_has_days", {"kind": "sale", "period": DAYS}),
        ("reservation_rental_has_days", {"kind": "gift", "period": DAYS}),
    ],
)
def test_a_reservation_that_makes_no_sense_is_refused(rule: str, fields: dict[str, Any]) -> None:
    refused(rule, lambda: ReservationFactory(**fields))


@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize("status", ReservationStatus.values)
def test_a_hold_ends_at_its_instant_and_nothing_else_does(status: str, seconds: int) -> None:
    row = ReservationFactory(kind="sale", status=status, expires_at=NOW)
    at = NOW + timedelta(seconds=seconds)

    is_lapsed = status == "held" and seconds >= 0

    assert row.is_lapsed(at) == Reservation.objects.lapsed(at).exists() == is_lapsed
    assert Reservation.objects.living(at).exists() == (status in LIVE and not is_lapsed)


def test_a_negative_count_is_refused() -> None:
    for field in ("on_hand", "reserved_elsewhere"):
        refused("check", lambda field=field: StockLevelFactory(**{field: -1}))


def test_a_pool_has_one_level_and_a_serial_one_unit() -> None:
    level, unit = StockLevelFactory(), UnitFactory()

    refused(
        "stock_level_one_per_pool",
        lambda: StockLevel.objects.create(variant=level.variant, depot=level.depot, on_hand=1),
    )
    refused("serial", lambda: Unit.objects.create(serial=unit.serial, variant=VariantFactory(), depot=DepotFactory()))
    refused("unit_status_valid", lambda: UnitFactory(status="stolen"))


def test_a_closure_does_not_end_before_it_starts() -> None:
    depot = DepotFactory()
    DepotClosure.objects.create(depot=depot, start_on=may(1), end_on=may(1))

    refused(
        "depot_closure_days_ordered",
        lambda: DepotClosure.objects.create(depot=depot, start_on=may(2), end_on=may(1)),
    )


def test_what_was_promised_keeps_its_depot_and_its_variant() -> None:
    row = Shelf(pieces=1).reserved()

    for thing in (row.depot, row.variant):
        with pytest.raises(ProtectedError):
            thing.delete()
    assert Depot.objects.filter(pk=row.depot_id).exists()


def test_live_is_what_the_partial_index_of_availability_holds() -> None:
    assert set(LIVE) == {"held", "committed", "shipped"}
    assert set(WANTED) == set(ReservationStatus)
    assert set(PROGRESS) < set(ProviderState)


# A sale is fulfilled by the count that contains its check-out, and nothing that left is ever given back.
UNREACHABLE = {
    *product(["fulfilled"], ["sale"], ["none", "held", "confirmed", "released", "refused"]),
    *product(ReservationStatus.values, ["sale"], ["local"]),  # only rentals are kept here alone
    *product(["released", "expired"], ReservationKind.values, ["checked_out", "checked_in"]),
}


@pytest.mark.parametrize(
    ("status", "kind", "provider_state"),
    sorted(set(product(ReservationStatus.values, ReservationKind.values, ProviderState.values)) - UNREACHABLE),
)
@pytest.mark.parametrize("there", [DAYS, WIDER, NARROWER, None], ids=["same days", "wider", "narrower", "untold"])
def test_the_net_for_stragglers_has_exactly_what_is_not_in_step(
    status: str, kind: str, provider_state: str, there: DateRange | None
) -> None:
    is_out = (kind, status) == ("rental", "shipped")
    row = ReservationFactory(
        status=status,
        kind=kind,
        provider_state=provider_state,
        period=DAYS if kind == "rental" else None,
        provider_period=there if kind == "rental" else None,
        unit=UnitFactory() if is_out else None,
        expires_at=NOW,
    )

    assert Reservation.objects.filter(OUT_OF_STEP).exists() is not in_step(row)
