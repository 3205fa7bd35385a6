"""The one statement that counts what is free, held against counting day by day and thing by thing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import Downtime, Reservation, StockLevel, Unit
from inventory.selectors import PoolAvailability, availability
from inventory.states import ProviderState, ReservationStatus, UnitStatus
from tests.examples import examples
from tests.inventory.shelf import Shelf

NOW = datetime(2027, 5, 4, 22, 30, tzinfo=UTC)  # in Berlin it is the 5th
TODAY = date(2027, 5, 5)
DAYS = 8
FIRST = date(2027, 5, 1)

offsets = st.integers(-1, 5)
minutes = st.integers(-1, 1)


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


def moment(offset: int) -> datetime:
    return NOW + timedelta(minutes=offset)


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, date]:
    start = draw(offsets)
    return day(start), day(start + draw(st.integers(1, 6)))


@dataclass(frozen=True)
class Claimed:
    status: str
    period: tuple[date, date] | None  # none: a sale
    quantity: int
    ends: int  # minutes from now
    provider_state: str
    acknowledged: int | None  # minutes from now
    turnaround: int

    def row(self, shelf: Shelf, unit: Unit | None) -> Reservation:
        return Reservation(
            variant=shelf.variant,
            depot=shelf.depot,
            kind="rental" if self.period else "sale",
            quantity=1 if self.period else self.quantity,
            period=DateRange(*self.period) if self.period else None,
            status=self.status,
            turnaround_days=self.turnaround,
            unit=unit,
            expires_at=moment(self.ends),
            provider_state=self.provider_state,
            provider_acked_at=None if self.acknowledged is None else moment(self.acknowledged),
        )


@dataclass(frozen=True)
class UnitOf:
    status: str
    down: list[tuple[date, date]]  # apart from each other


@dataclass(frozen=True)
class World:
    on_hand: int
    elsewhere: int
    counted: int | None  # minutes from now
    units: list[UnitOf]
    claims: list[Claimed]
    asked: tuple[date, date]

    # The naive model: no sums over steps, no SQL

    def taken_along(self) -> dict[int, Claimed]:
        """Which unit left under which claim: the place of the unit."""
        away = [n for n, unit in enumerate(self.units) if unit.status in ("out", "lost", "maintenance")]
        return dict(zip(away, [c for c in self.claims if c.period and c.status == "shipped"], strict=False))

    def there(self) -> list[Claimed]:
        """The claims that can be: one on a unit that left needs a unit."""
        gone = list(self.taken_along().values())
        return [c for c in self.claims if not (c.period and c.status == "shipped") or any(c is one for one in gone)]

    def lives(self, claim: Claimed) -> bool:
        return claim.status in ("committed", "shipped") or (claim.status == "held" and claim.ends > 0)

    def is_counted(self, claim: Claimed) -> bool:
        """The level contains this sale already."""
        if claim.status != "shipped" or claim.provider_state != "checked_out":
            return False
        return claim.acknowledged is not None and self.counted is not None and claim.acknowledged <= self.counted

    def covers(self, claim: Claimed, on: date) -> bool:
        if claim.period is None or not claim.period[0] <= on:
            return False
        return on < claim.period[1] or (claim.status == "shipped" and on <= TODAY + timedelta(days=claim.turnaround))

    def free_on(self, on: date) -> int:
        free, along = 0, self.taken_along()
        for place, unit in enumerate(self.units):
            claim = along.get(place)
            at_hand = unit.status in ("available", "cleaning") or (unit.status == "out" and claim is not None)
            away = claim is not None and self.covers(claim, on)
            free += at_hand and not away and not any(first <= on < end for first, end in unit.down)
        waiting = [c for c in self.there() if c.period and c.status != "shipped" and self.lives(c)]
        return max(0, free - sum(self.covers(claim, on) for claim in waiting))

    def expected(self) -> PoolAvailability:
        sold = sum(c.quantity for c in self.there() if not c.period and self.lives(c) and not self.is_counted(c))
        first, end = self.asked
        by_day = [self.free_on(first + timedelta(days=n)) for n in range((end - first).days)]
        return PoolAvailability(
            sale=max(0, self.on_hand - self.elsewhere - sold),
            rental=min(by_day),
            rental_by_day=by_day,
            as_of=None if self.counted is None else moment(self.counted),
        )

    # The same, in the database

    def write(self, shelf: Shelf) -> None:
        StockLevel.objects.create(
            variant=shelf.variant,
            depot=shelf.depot,
            on_hand=self.on_hand,
            reserved_elsewhere=self.elsewhere,
            as_of=None if self.counted is None else moment(self.counted),
        )
        units = Unit.objects.bulk_create(
            Unit(serial=f"M-{n}", variant=shelf.variant, depot=shelf.depot, status=unit.status)
            for n, unit in enumerate(self.units)
        )
        Downtime.objects.bulk_create(
            Downtime(unit=row, period=DateRange(*period))
            for row, unit in zip(units, self.units, strict=True)
            for period in unit.down
        )
        unit_of = {id(claim): units[place] for place, claim in self.taken_along().items()}
        Reservation.objects.bulk_create(claim.row(shelf, unit_of.get(id(claim))) for claim in self.there())


def _apart(found: list[tuple[date, date]]) -> list[tuple[date, date]]:
    kept: list[tuple[date, date]] = []
    for first, free in sorted(found):
        if not kept or kept[-1][1] <= first:
            kept.append((first, free))
    return kept


claims = st.builds(
    Claimed,
    status=st.sampled_from(["held", "shipped"]) | st.sampled_from(ReservationStatus.values),
    period=st.none() | periods(),
    quantity=st.integers(1, 3),
    ends=minutes,
    provider_state=st.sampled_from([ProviderState.CONFIRMED, ProviderState.CHECKED_OUT]),
    acknowledged=st.none() | minutes,
    turnaround=st.integers(0, 2),
)
units = st.builds(
    UnitOf,
    status=st.sampled_from(["available", "out", "out", "cleaning"]) | st.sampled_from(UnitStatus.values),
    down=st.just([]) | st.lists(periods(), max_size=2).map(_apart),
)
worlds = st.builds(
    World,
    on_hand=st.integers(5, 25),
    elsewhere=st.integers(0, 3),
    counted=st.none() | minutes,
    units=st.lists(units, min_size=3, max_size=8),
    claims=st.lists(claims, min_size=2, max_size=9),
    asked=periods(),
)


@pytest.mark.django_db
def test_the_statement_counts_what_a_person_would_count() -> None:
    shelf = Shelf()
    noise = Shelf(pieces=3, units=2, depot=shelf.depot)
    noise.reserved(rental=(day(0), day(DAYS)))
    shelf.level.delete()

    @examples(220)
    @given(world=worlds)
    def agrees(world: World) -> None:
        with transaction.atomic():
            world.write(shelf)

            found = availability([shelf.pool, noise.pool], period=world.asked, now=NOW)[shelf.pool]

            transaction.set_rollback(True)
        assert found == world.expected()

    agrees()
