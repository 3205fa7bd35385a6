"""Everything that can happen to stock, in any order, held against a shop that tries every way to serve everybody.

The shop of the model has no sums, no SQL and no clever search: it walks through days and units one by one. What it
could serve must be promised, and what is promised it must be able to serve.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.time import today_in
from inventory.errors import HoldLapsed, OutOfStock, UnitNotFree, UnitTransitionNotAllowed
from inventory.models import Downtime, Reservation, Unit
from inventory.providers.base import Changes, Level, UnitRecord
from inventory.selectors import availability
from inventory.services import (
    Claim,
    apply_changes,
    commit,
    decide_unit,
    hold,
    put_back,
    release,
    review_promises,
    rewin,
    set_aside,
    ship,
    take_in,
)
from inventory.states import DECISIONS, ReservationKind
from tests.examples import examples
from tests.factories.inventory import UnitFactory
from tests.inventory.shelf import NOW, Shelf

WINDOW = 12  # days that are looked at after each step
STEPS = 30
Days = tuple[date, date]


@dataclass
class Thing:
    """A unit of the model."""

    status: str = "available"
    down: list[Days] = field(default_factory=list)


@dataclass
class Booking:
    """A claim of the model."""

    place: int  # who came first
    days: Days | None  # none: pieces
    quantity: int
    turnaround: int
    status: str
    ends: datetime
    thing: str = ""  # the unit it left with, or stands ready for it


class Model:
    """What a patient person with a list of everything would say."""

    def __init__(self) -> None:
        self.pieces = 0
        self.things: dict[str, Thing] = {}
        self.bookings: dict[UUID, Booking] = {}

    def lives(self, booking: Booking, now: datetime) -> bool:
        return booking.status in ("committed", "shipped") or (booking.status == "held" and booking.ends > now)

    def pieces_left(self, now: datetime) -> int:
        return self.pieces - sum(b.quantity for b in self.bookings.values() if not b.days and self.lives(b, now))

    def pieces_promised(self, now: datetime) -> int:
        """Those that have not left."""
        waiting = [b for b in self.bookings.values() if not b.days and b.status != "shipped" and self.lives(b, now)]
        return sum(b.quantity for b in waiting)

    def taken(self, serial: str, today: date) -> list[Days] | None:
        """The days on which this unit is not at hand; None when it is not in service."""
        thing = self.things[serial]
        gone = list(thing.down)
        holder = next(
            (b for b in self.bookings.values() if b.status == "shipped" and b.thing == serial and b.days), None
        )
        if thing.status == "out":
            if holder is None or holder.days is None:
                return None
            back = today + timedelta(days=1 + holder.turnaround)
            return [*gone, (holder.days[0], max(holder.days[1], back))]
        return gone if thing.status in ("available", "cleaning") else None

    def waiting(self, now: datetime, today: date) -> list[tuple[UUID, Days]]:
        """Bookings that still need a unit: paid ones first, then by age."""
        rows = [
            (booking.status != "committed", booking.place, key, booking.days)
            for key, booking in self.bookings.items()
            if booking.days and booking.status != "shipped" and self.lives(booking, now) and booking.days[1] > today
        ]
        return [(key, (max(days[0], today), days[1])) for _, _, key, days in sorted(rows, key=lambda row: row[:2])]

    def free_on(self, day: date, now: datetime, today: date) -> int:
        """Below zero when more is promised than there is."""
        at_hand = 0
        for serial in self.things:
            taken = self.taken(serial, today)
            at_hand += taken is not None and not any(first <= day < end for first, end in taken)
        live = [b for b in self.bookings.values() if b.days and b.status != "shipped" and self.lives(b, now)]
        return at_hand - sum(b.days[0] <= day < b.days[1] for b in live if b.days)

    def can_serve(self, wanted: Sequence[Days], today: date) -> bool:
        """Every way to give each a unit for all of its days, one after the other."""
        shelves = [taken for serial in self.things if (taken := self.taken(serial, today)) is not None]
        return self._can_place(shelves, list(wanted))

    def _can_place(self, shelves: list[list[Days]], wanted: list[Days]) -> bool:
        if not wanted:
            return True
        days, *rest = wanted
        for full in shelves:
            if not any(first < days[1] and days[0] < end for first, end in full):
                full.append(days)
                found = self._can_place(shelves, rest)
                full.pop()
                if found:
                    return True
        return False

    def served(self, now: datetime, today: date) -> dict[UUID, Days]:
        """First come, first served."""
        kept: dict[UUID, Days] = {}
        for key, days in self.waiting(now, today):
            if self.can_serve([*kept.values(), days], today):
                kept[key] = days
        return kept


class Promises(RuleBasedStateMachine):
    """One pool; every rule calls the service and tells the model."""

    shelf: Shelf
    clock: time_machine.Traveller

    def __init__(self) -> None:
        super().__init__()
        self.model, self.count, self.fleet_shrank = Model(), 0, False
        self._undo = transaction.atomic()
        self._undo.__enter__()
        self.clock.move_to(NOW)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undo.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return datetime.now(NOW.tzinfo)

    @property
    def today(self) -> date:
        return today_in("Europe/Berlin", self.now)

    def day(self, offset: int) -> date:
        return self.today + timedelta(days=offset)

    @initialize(pieces=st.integers(2, 8), units=st.integers(2, 4))
    def a_stock_room(self, pieces: int, units: int) -> None:
        self.model.pieces = pieces
        self._counted(pieces)
        for _ in range(units):
            self.a_unit_is_added()

    # What customers do

    @rule(quantity=st.integers(1, 2), paid=st.booleans())
    def buy(self, quantity: int, paid: bool) -> None:
        self._hold(
            paid, Claim(*self.shelf.pool, ReservationKind.SALE, quantity), self.model.pieces_left(self.now) >= quantity
        )

    @precondition(lambda self: len(self.model.waiting(self.now, self.today)) < 6)
    @rule(first=st.integers(0, 7), length=st.integers(1, 4), turnaround=st.integers(0, 1), paid=st.booleans())
    def rent(self, first: int, length: int, turnaround: int, paid: bool) -> None:
        days = (self.day(first), self.day(first + length))
        counts = [self.model.free_on(days[0] + timedelta(days=n), self.now, self.today) for n in range(length)]
        served = list(self.model.served(self.now, self.today).values())
        possible = min(counts) >= 1 and self.model.can_serve([*served, days], self.today)
        self._hold(paid, Claim(*self.shelf.pool, ReservationKind.RENTAL, 1, days, turnaround), possible)

    @precondition(lambda self: len(self.model.waiting(self.now, self.today)) < 6)
    @rule(first=st.integers(0, 7), length=st.integers(1, 4), turnaround=st.integers(0, 1))
    def rent_more(self, first: int, length: int, turnaround: int) -> None:
        self.rent(first, length, turnaround, paid=True)

    def _hold(self, paid: bool, claim: Claim, possible: bool) -> None:
        ends = self.now + timedelta(minutes=15)
        try:
            (row,) = hold(claims=[claim], expires_at=ends)
        except OutOfStock:
            assert not possible, "something free was hidden"
            return
        assert possible, "more was promised than there is"
        self.count += 1
        booking = Booking(self.count, claim.period, claim.quantity, claim.turnaround_days, "held", ends)
        self.model.bookings[row.pk] = booking
        if paid:
            commit(reservation_ids=[row.pk])
            booking.status = "committed"

    @rule(data=st.data())
    def customers_go_on(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from([self._pay, self._give_back, self._pay_too_late]))(data)

    def _pay(self, data: st.DataObject) -> None:
        if (picked := self._any(data, "held")) is None:
            return
        key, booking = picked
        try:
            commit(reservation_ids=[key])
        except HoldLapsed:
            assert not self.model.lives(booking, self.now)
        else:
            assert self.model.lives(booking, self.now)
            booking.status = "committed"

    def _give_back(self, data: st.DataObject) -> None:
        if (picked := self._any(data, "held", "committed")) is not None:
            release(reservation_ids=[picked[0]])
            picked[1].status, picked[1].thing = "released", ""

    def _pay_too_late(self, data: st.DataObject) -> None:
        if (picked := self._any(data, "held", "released", "expired")) is None:
            return
        key, booking = picked
        if booking.days and booking.days[1] <= self.today:
            return  # orders sees to it that days which are over are not won
        ends = self.now + timedelta(minutes=15)
        with suppress(OutOfStock):
            rewin(reservation_ids=[key], expires_at=ends)
            booking.status, booking.ends = "held", ends

    # What clerks do

    @rule(data=st.data())
    def a_clerk_works(self, data: st.DataObject) -> None:
        for _ in range(2):
            data.draw(st.sampled_from([self._prepare, self._hand_over, self._take_back, self._shelve]))(data)

    def _prepare(self, data: st.DataObject) -> None:
        if (picked := self._rental(data, "committed")) is None:
            return
        key, booking = picked
        served = self.model.served(self.now, self.today)
        try:
            row = set_aside(reservation_id=key)
        except UnitNotFree:
            return
        assert row.unit is not None
        assert self.model.things[row.unit.serial].status == "available"
        booking.thing = row.unit.serial
        ready = {
            k: b.thing for k, b in self.model.bookings.items() if b.thing and b.status == "committed" and k in served
        }
        assert self._still_served(served, ready), "a choice took somebody's unit away"

    def _still_served(self, served: dict[UUID, Days], ready: dict[UUID, str]) -> bool:
        for serial in self.model.things:
            mine = [served[key] for key, thing in ready.items() if thing == serial]
            self.model.things[serial].down += mine
        try:
            return self.model.can_serve([days for key, days in served.items() if key not in ready], self.today)
        finally:
            for serial in self.model.things:
                mine = [served[key] for key, thing in ready.items() if thing == serial]
                for days in mine:
                    self.model.things[serial].down.remove(days)

    def _hand_over(self, data: st.DataObject) -> None:
        if (picked := self._any(data, "committed")) is None:
            return
        key, booking = picked
        try:
            row = ship(reservation_id=key)
        except UnitNotFree:
            return
        booking.status = "shipped"
        if row.unit is not None:
            booking.days = (row.period.lower, row.period.upper)
            self.model.things[row.unit.serial].status = "out"

    def _take_back(self, data: st.DataObject) -> None:
        if (picked := self._rental(data, "shipped")) is None:
            return
        key, booking = picked
        take_in(reservation_id=key, condition="B")
        booking.status = "fulfilled"
        thing = self.model.things[booking.thing]
        thing.status = "cleaning"
        thing.down.append((self.today, self.day(1 + booking.turnaround)))

    def _shelve(self, data: st.DataObject) -> None:
        cleaning = [serial for serial, thing in self.model.things.items() if thing.status == "cleaning"]
        if cleaning:
            serial, fit = data.draw(st.sampled_from(cleaning)), data.draw(st.booleans())
            put_back(unit_id=self._unit(serial).pk, fit=fit)
            self._after_decision(serial, "available" if fit else "maintenance")

    @rule(data=st.data(), event=st.sampled_from(DECISIONS))
    def staff_decide(self, data: st.DataObject, event: str) -> None:
        serial = data.draw(st.sampled_from(sorted(self.model.things)))
        with_a_customer = any(b.status == "shipped" and b.thing == serial for b in self.model.bookings.values())
        is_elsewhere = with_a_customer and event in ("find", "mend")  # it comes back by being taken in
        try:
            unit = decide_unit(unit_id=self._unit(serial).pk, event=event)
        except UnitNotFree:
            assert is_elsewhere
        except UnitTransitionNotAllowed:
            pass
        else:
            assert not is_elsewhere
            self._after_decision(serial, unit.status)

    def _after_decision(self, serial: str, status: str) -> None:
        thing = self.model.things[serial]
        thing.status = status
        self._read_downtimes(serial)
        if status != "available":
            self._nobody_has(serial)
            self.fleet_shrank = True

    def _nobody_has(self, serial: str) -> None:
        for booking in self.model.bookings.values():
            if booking.thing == serial and booking.status == "committed":
                booking.thing = ""

    @rule(data=st.data(), first=st.integers(-1, 6), length=st.integers(1, 3))
    def plan_a_downtime(self, data: st.DataObject, first: int, length: int) -> None:
        serial = data.draw(st.sampled_from(sorted(self.model.things)))
        unit, days = self._unit(serial), DateRange(self.day(first), self.day(first + length))
        if not unit.downtimes.filter(period__overlap=days).exists():
            Downtime.objects.create(unit=unit, period=days)
            self._read_downtimes(serial)
            self.fleet_shrank = True

    def _read_downtimes(self, serial: str) -> None:
        self.model.things[serial].down = [
            (down.period.lower, down.period.upper) for down in self._unit(serial).downtimes.all()
        ]

    @precondition(lambda self: len(self.model.things) < 4)
    @rule()
    def a_unit_is_added(self) -> None:
        unit = UnitFactory(variant=self.shelf.variant, depot=self.shelf.depot)
        self.model.things[unit.serial] = Thing()

    # What the inventory system says

    @rule(data=st.data())
    def the_system_speaks(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from([self._news_of_pieces, self._news_of_a_unit]))(data)

    def _news_of_pieces(self, data: st.DataObject) -> None:
        pieces = data.draw(st.integers(0, 8))
        self.clock.shift(timedelta(seconds=1))
        self.fleet_shrank |= pieces < self.model.pieces
        self.model.pieces = pieces
        self._counted(pieces)

    def _counted(self, pieces: int) -> None:
        level = Level(self.shelf.variant.sku, self.shelf.depot.code, pieces, 0, self.now)
        apply_changes(Changes([level], [], "1", more=False))

    def _news_of_a_unit(self, data: st.DataObject) -> None:
        status = data.draw(st.sampled_from(["available", "available", "out", "maintenance", "lost"]))
        self.clock.shift(timedelta(seconds=1))
        serial = data.draw(st.sampled_from(sorted(self.model.things)))
        before = self._unit(serial).status
        record = UnitRecord(serial, self.shelf.variant.sku, self.shelf.depot.code, "A", status, self.now)
        apply_changes(Changes([], [record], "1", more=False))
        after = self._unit(serial).status
        self.model.things[serial].status = after
        if after != "available":
            self._nobody_has(serial)
            self.fleet_shrank |= after != before

    @rule(hours=st.sampled_from([0.1, 0.3, 24, 60]))
    def time_passes(self, hours: float) -> None:
        self.clock.shift(timedelta(hours=hours))
        self.fleet_shrank |= hours > 1  # a unit may be late now

    # What must hold

    @invariant()
    def every_count_is_right(self) -> None:
        if not self.model.things:
            return
        found = availability([self.shelf.pool], period=(self.today, self.day(WINDOW)))[self.shelf.pool]
        by_day = [max(0, self.model.free_on(self.day(n), self.now, self.today)) for n in range(WINDOW)]
        assert found.rental_by_day == by_day
        assert found.sale == max(0, self.model.pieces_left(self.now))

    @invariant()
    def everybody_can_be_served_while_nothing_breaks(self) -> None:
        if not self.fleet_shrank:
            waiting = self.model.waiting(self.now, self.today)
            assert self.model.can_serve([days for _, days in waiting], self.today)
            assert self.model.pieces_left(self.now) >= 0

    @rule()
    def look_at_the_promises(self) -> None:
        unserved = set(review_promises(variant_id=self.shelf.pool[0], depot_id=self.shelf.pool[1]))
        rentals = {key for key, booking in self.model.bookings.items() if booking.days}
        waiting = dict(self.model.waiting(self.now, self.today))
        assert unserved & rentals == waiting.keys() - self.model.served(self.now, self.today).keys()
        promised = self.model.pieces_promised(self.now)
        short = min(-self.model.pieces_left(self.now), promised)  # what has left lacks nothing, whatever was counted
        lacking = sum(self.model.bookings[key].quantity for key in unserved - rentals)
        assert (short <= lacking <= promised) if short > 0 else lacking == 0
        marked = set(Reservation.objects.filter(misfit_at__isnull=False).values_list("pk", flat=True))
        assert marked == unserved

    # Helpers

    def _any(self, data: st.DataObject, *statuses: str) -> tuple[UUID, Booking] | None:
        found = [(key, booking) for key, booking in self.model.bookings.items() if booking.status in statuses]
        return data.draw(st.sampled_from(found)) if found else None

    def _rental(self, data: st.DataObject, status: str) -> tuple[UUID, Booking] | None:
        found = [(k, b) for k, b in self.model.bookings.items() if b.status == status and b.days]
        return data.draw(st.sampled_from(found)) if found else None

    def _unit(self, serial: str) -> Unit:
        return Unit.objects.get(serial=serial)


@pytest.fixture
def room(db: None) -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield type("ThisRoom", (Promises,), {"shelf": Shelf(), "clock": clock})


@pytest.mark.timeout(600)  # a failure is made shorter for up to five minutes; cut off, it would hide behind the limit
def test_whatever_happens_nothing_is_promised_twice_and_nothing_free_is_hidden(room: type[Promises]) -> None:
    run_state_machine_as_test(
        room, settings=examples(30, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck))
    )
