"""The shop floor: what is really there, the clerk who hands it out, and the warehouse staff who keep the IMS.

Nobody hands over what is not on the shelf, or sells it to a walk-in customer: that is physics, not software. So both
work under one lock, and the floor itself is the third count that the two systems are held against at the end.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.db import OperationalError, connection

from core.errors import DomainError
from core.problems import is_busy
from core.time import day_after
from inventory.errors import UnitNotFree
from inventory.models import OUT_OF_STEP, Reservation, Unit
from inventory.services import decide_unit
from inventory.states import UnitStatus
from orders.models import ChargeKind, LinePart, Order, OrderLine, Rental
from orders.services import (
    add_charge,
    call_off_rental,
    choose_part,
    close_rental,
    deliver_sale,
    file_claim,
    hand_over_rental,
    lose_rental,
    prepare_rental,
    prepare_sale,
    rearrange_rental,
    receive_return,
    refuse_return,
    swap_container,
    swap_options,
    take_back_rental,
    unprepare_rental,
)
from orders.services.parts import claims_of_rentals, reservations_of_line
from orders.states import OrderStatus, RentalStatus, SaleStatus
from sandbox.inventory.rules import Refusal
from tests.journeys.chaos.plan import COUNTED, LENT, PIECES, UNITS, Run

DEPOT, CLERK = "BER", "staff:1"


@dataclass
class Floor:
    """What lies where. `pieces`: on the shelf; `away`: units that a customer or the workshop has."""

    pieces: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, PIECES)))
    received: Counter[str] = field(default_factory=Counter)
    walked_in: Counter[str] = field(default_factory=Counter)
    forced: Counter[str] = field(default_factory=Counter)  # of the walk-in sales, pieces taken whosever they were
    delivered: Counter[str] = field(default_factory=Counter)
    with_customers: set[str] = field(default_factory=set)
    workshop: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def units(self) -> list[str]:
        return [f"{sku}-{n}" for sku in LENT for n in range(1, UNITS + 1)]

    def on_shelf(self) -> list[str]:
        return [serial for serial in self.units if serial not in self.with_customers | self.workshop | self.lost]

    def has(self, goods: Sequence[Reservation]) -> bool:
        """True when all of this is on the shelf, each unit that was chosen and as many pieces."""
        wanted: Counter[str] = Counter()
        for row in goods:
            wanted[row.variant.sku] += row.quantity if row.kind == "sale" else 0
        chosen = {row.unit.serial for row in goods if row.unit is not None}
        return wanted <= self.pieces and chosen <= set(self.on_shelf())

    def leaves(self, goods: Sequence[Reservation]) -> None:
        for row in goods:
            if row.unit is not None:
                self.with_customers.add(row.unit.serial)
            else:
                self.pieces[row.variant.sku] -= row.quantity
                self.delivered[row.variant.sku] += row.quantity


def goods_of(of: Rental | OrderLine) -> list[Reservation]:
    """All that leaves with it: of a bundle each part."""
    ids = reservations_of_line(of) if isinstance(of, OrderLine) else claims_of_rentals([of.pk])
    return list(Reservation.objects.filter(pk__in=ids).select_related("variant", "unit"))


@dataclass
class Clerk:
    """Prepares, hands over, takes back and inspects, through the services that the staff pages call."""

    run: Run
    floor: Floor
    dice: Random

    def work_until_over(self) -> None:
        steps = [
            self.pack, self.pack, *[self.deliver] * 4, *[self.prepare] * 3, *[self.hand_over] * 5,
            *[self.take_back] * 3, *[self.inspect] * 2, self.mend, self.mend, self.receive, self.receive,
            self.rearrange, self.call_off, self.find, self.find, self.write_off, self.choose_part, self.swap, self.swap,
        ]  # fmt: skip
        try:
            while not self.run.over.wait(self.dice.uniform(0.05, 0.3)):
                with self.floor.lock:
                    self._try(self.dice.choice(steps))
        finally:
            connection.close()

    def _try(self, step: Callable[[], str | None]) -> None:
        try:
            done = step()
        except DomainError as no:
            done = f"clerk: {step.__name__} refused, {no.code}"
        except OperationalError as error:
            if not is_busy(error):
                raise
            done = f"clerk: {step.__name__} busy"
        if done:
            self.run.tally.count(self.run.tally.floor, done)

    def _one(self, rows: Any) -> Any:
        """Any of the first few, so that some wait for long."""
        found = list(rows.order_by("id")[:5])
        return self.dice.choice(found) if found else None

    def _line(self, status: str) -> OrderLine | None:
        lines = OrderLine.objects.filter(order__status=OrderStatus.CONFIRMED, kind="sale", status=status)
        return self._one(lines)

    def _rental(self, status: str) -> Rental | None:
        rentals = Rental.objects.filter(line__order__status=OrderStatus.CONFIRMED, status=status)
        if self.dice.random() < 0.5 and rentals.filter(parts__isnull=False).exists():
            rentals = rentals.filter(parts__isnull=False).distinct()  # sets, or they would wait for good
        return self._one(rentals.select_related("unit", "line"))

    def pack(self) -> str | None:
        if line := self._line(SaleStatus.RESERVED):
            prepare_sale(line_id=line.pk, actor=CLERK)
            return "clerk: packed"
        return None

    def deliver(self) -> str | None:
        line = self._line(SaleStatus.READY)
        if line is None:
            return None
        goods = goods_of(line)
        if not self.floor.has(goods):
            return "clerk: nothing on the shelf to deliver"
        deliver_sale(line_id=line.pk, actor=CLERK)
        self.floor.leaves(goods)
        return f"clerk: delivered{' a set' if len(goods) > 1 else ''}"

    def prepare(self) -> str | None:
        if rental := self._rental(RentalStatus.BOOKED):
            prepare_rental(rental_id=rental.pk, actor=CLERK)
            return "clerk: prepared"
        return None

    def hand_over(self) -> str | None:
        rental = self._rental(RentalStatus.READY)
        if rental is None or rental.unit is None:
            return None
        goods = goods_of(rental)
        if not self.floor.has(goods) or rental.unit.serial not in self.floor.on_shelf():
            unprepare_rental(rental_id=rental.pk, actor=CLERK, note="not on the shelf")
            return "clerk: put down, as it was not on the shelf"
        try:
            why = "a regular" if self.dice.random() < 0.1 else ""
            hand_over_rental(rental_id=rental.pk, actor=CLERK, without_deposit=why)
        except UnitNotFree:
            unprepare_rental(rental_id=rental.pk, actor=CLERK, note="not free")
            return "clerk: put down, as it was not free"
        self.floor.leaves(goods_of(rental))
        return f"clerk: handed over{' a set' if len(goods) > 1 else ''}"

    def take_back(self) -> str | None:
        rental = self._rental(RentalStatus.OUT)
        if rental is None or rental.unit is None:
            return None
        brought = {row.unit.serial for row in goods_of(rental) if row.unit is not None}
        further = sorted(brought - {rental.unit.serial})
        missing = {self.dice.choice(further)} if further and self.dice.random() < 0.3 else set()
        take_back_rental(rental_id=rental.pk, actor=CLERK, condition=self.dice.choice("AAB"), missing=missing)
        self.floor.with_customers -= brought
        self.floor.lost |= missing
        return f"clerk: took back{' a set' if further else ''}{', not all of it' if missing else ''}"

    def write_off(self) -> str | None:
        """Seldom somebody does not come back; what they had turns up one day."""
        rental = self._rental(RentalStatus.OUT)
        if rental is None or self.dice.random() < 0.9:
            return None
        gone = {row.unit.serial for row in goods_of(rental) if row.unit is not None}
        lose_rental(rental_id=rental.pk, actor=CLERK, note="gone", owed_minor=self.dice.choice([0, 2500]))
        self.floor.with_customers -= gone
        self.floor.lost |= gone
        return "clerk: wrote off"

    def find(self) -> str | None:
        if (unit := self._one(Unit.objects.filter(status=UnitStatus.LOST))) is None:
            return None
        decide_unit(unit_id=unit.pk, event="find")
        decide_unit(unit_id=unit.pk, event="shelve")
        self.floor.lost.discard(unit.serial)
        return "clerk: found what was lost"

    def choose_part(self) -> str | None:
        """Another one of what is in a set."""
        parts = LinePart.objects.filter(rental__status=RentalStatus.READY, reservation__kind="rental")
        part = self._one(parts.select_related("reservation__variant"))
        if part is None:
            return None
        shelf = [serial for serial in self.floor.on_shelf() if serial.startswith(part.reservation.variant.sku)]
        choose_part(part_id=part.pk, actor=CLERK, serial=self.dice.choice(shelf or ["none"]))
        return "clerk: gave another part"

    def swap(self) -> str | None:
        """Another container for whoever flies by a rule that has changed."""
        order = self._one(Order.objects.filter(status=OrderStatus.CONFIRMED, fit_worse_at__isnull=False))
        options = swap_options(order) if order is not None else []
        if not options:
            return None
        line, row = self.dice.choice(options)
        swap_container(line_id=line.pk, sku=row["variant"]["sku"], actor=CLERK, note="the rule has changed")
        return "clerk: swapped a container"

    def inspect(self) -> str | None:
        """Claims what is broken, or charges it where the customer agreed, below and above the deposit."""
        rental = self._rental(RentalStatus.RETURNED)
        if rental is None:
            return None
        damage = self.dice.choice([0, 0, 800, 1500, 4000, 6500])
        is_claimed = damage and self.dice.random() < 0.5
        if is_claimed:
            kind = self.dice.choice([ChargeKind.DAMAGE, ChargeKind.CLEANING])
            file_claim(rental_id=rental.pk, kind=kind, amount_minor=damage, reason="torn", actor=CLERK)
        elif damage:
            kind = self.dice.choice([ChargeKind.DAMAGE, ChargeKind.CLEANING, ChargeKind.LATE_FEE])
            add_charge(
                order_id=rental.line.order_id, kind=kind, amount_minor=damage, reason="torn", actor=CLERK,
                rental_id=rental.pk,
            )  # fmt: skip
        close_rental(rental_id=rental.pk, actor=CLERK, fit=self.dice.random() < 0.8)
        return f"clerk: inspected{', something claimed' if is_claimed else ', something charged' if damage else ''}"

    def rearrange(self) -> str | None:
        """Now and then the first day of a booking cannot be kept; a day later costs less."""
        rental = self._rental(self.dice.choice([RentalStatus.BOOKED, RentalStatus.READY]))
        if rental is None or rental.start_on == rental.end_on or self.dice.random() < 0.5:
            return None
        rearrange_rental(
            rental_id=rental.pk, start_on=day_after(rental.start_on), end_on=rental.end_on, note="closed", actor=CLERK
        )
        return "clerk: moved a booking"

    def call_off(self) -> str | None:
        """Seldom, else nobody would rent anything."""
        rental = self._rental(self.dice.choice([RentalStatus.BOOKED, RentalStatus.READY]))
        if rental is None or self.dice.random() < 0.8:
            return None
        call_off_rental(rental_id=rental.pk, note="closed for good", actor=CLERK)
        return "clerk: called a rental off"

    def receive(self) -> str | None:
        """What was sold and comes back is laid aside; nobody counts it in here."""
        line = self._one(OrderLine.objects.filter(status=SaleStatus.RETURN_REQUESTED))
        if line is None:
            return None
        if self.dice.random() < 0.2:
            refuse_return(line_id=line.pk, actor=CLERK, note="chewed")
            return "clerk: refused what came back"
        receive_return(line_id=line.pk, actor=CLERK)
        return "clerk: took goods back"

    def mend(self) -> str | None:
        if unit := self._one(Unit.objects.filter(status=UnitStatus.MAINTENANCE)):
            decide_unit(unit_id=unit.pk, event="mend")
            self.floor.workshop.discard(unit.serial)
            return "clerk: mended"
        return None


@dataclass
class Warehouse:
    """Walk-in sales, deliveries, breakages and repairs, written into the IMS alone: the shop has to find out."""

    run: Run
    floor: Floor
    dice: Random

    def work_until_over(self) -> None:
        steps = [self.sell, self.sell, self.sell, self.receive, self.receive, self.break_one, self.repair, self.force]
        try:
            while not self.run.over.wait(self.dice.uniform(0.3, 1.5)):
                with self.floor.lock:
                    if done := self.dice.choice(steps)():
                        self.run.tally.count(self.run.tally.floor, f"warehouse: {done}")
        finally:
            connection.close()

    def sell(self, *, force: bool = False) -> str | None:
        sku, store = self.dice.choice(COUNTED), self.run.stack.ims.store
        if not self.floor.pieces[sku]:
            return None
        try:
            store.sell(sku, DEPOT, 1, force=force)
        except Refusal as no:
            return f"walk-in refused, {no.code}"
        self.floor.pieces[sku] -= 1
        self.floor.walked_in[sku] += 1
        self.floor.forced[sku] += force
        return "walk-in sale by force" if force else "walk-in sale"

    def force(self) -> str | None:
        """Now and then somebody sells what is promised."""
        return self.sell(force=True) if self.dice.random() < 0.4 else None

    def receive(self) -> str | None:
        sku = min(COUNTED, key=lambda sku: self.floor.pieces[sku])
        if self.floor.pieces[sku] >= PIECES // 2:
            return None
        many = self.dice.randint(2, 6)
        self.run.stack.ims.store.receive(sku, DEPOT, many)
        self.floor.pieces[sku] += many
        self.floor.received[sku] += many
        return "goods received"

    def break_one(self) -> str | None:
        """Staff look at what the IMS says; of a unit that came and went unheard only people can tell what is true."""
        untold = Reservation.objects.filter(OUT_OF_STEP, unit__isnull=False).values_list("unit__serial", flat=True)
        shelf = sorted(set(self.floor.on_shelf()) - set(untold))
        if not shelf or len(self.floor.workshop) > 1:
            return None
        serial = self.dice.choice(shelf)
        self.run.stack.ims.store.set_unit(serial, status="maintenance")
        self.floor.workshop.add(serial)
        return "unit broken"

    def repair(self) -> str | None:
        if not self.floor.workshop:
            return None
        serial = self.dice.choice(sorted(self.floor.workshop))
        self.run.stack.ims.store.set_unit(serial, status="available")
        self.floor.workshop.discard(serial)
        return "unit repaired"
