"""A reservation as a sales order of InvenTree, and what state such an order is in.

The order's reference follows from the reservation's id, so a repeat finds what an earlier call began. Its description
ends with a digest of the lines that were asked for: an order whose lines do not give that digest is unfinished, or
stands for something else.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, TypeVar
from uuid import UUID

from inventory.providers.base import Line, NotFound, Refused, RemoteReservation, RemoteState, UnknownOutcome
from inventory.providers.inventree.claims import MOST_GENERATIONS, lines_of, reference_of
from inventory.providers.inventree.client import Invalid, Work, whole
from inventory.providers.inventree.names import Catalogue
from inventory.providers.inventree.rows import IN_PROGRESS, OPEN, Header, OrderLine, Shipment, StockItem

RENTAL = "rental"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """One order and everything that its state depends on. `out`: serials that are with the customer now."""

    key: UUID
    header: Header
    rows: Sequence[OrderLine]
    lines: Sequence[Line]
    shipments: Sequence[Shipment] = ()
    out: Sequence[str] = ()

    @property
    def pk(self) -> int:
        return self.header.pk

    @property
    def is_rental(self) -> bool:
        return any(line.kind == RENTAL for line in self.lines) or self.header.description.startswith(RENTAL)

    @property
    def left(self) -> frozenset[str]:
        """Serials that ever left under this order: a rental's shipments are called after their unit."""
        return frozenset(shipment.reference for shipment in self.shipments if shipment.has_left)

    @property
    def has_shipped(self) -> bool:
        return bool(self.left) or any(row.shipped > 0 for row in self.rows)

    @property
    def is_dead(self) -> bool:
        """Nothing is set aside by it and nothing will be; its reference is spent."""
        return self.header.status not in OPEN and not self.has_shipped

    @property
    def is_whole(self) -> bool:
        """Its lines are those that were asked for."""
        return self.header.description.endswith(f"[{digest_of(self.lines)}]")

    @property
    def state(self) -> RemoteState | None:
        """None: begun, and nothing is promised or gone yet."""
        if self.is_dead:
            return RemoteState.RELEASED
        if self.is_rental:
            if not self.left:
                return None
            return RemoteState.CHECKED_OUT if self.out else RemoteState.CHECKED_IN
        if self.rows and all(row.shipped >= row.quantity for row in self.rows):
            return RemoteState.CHECKED_OUT
        if not self.is_whole or any(row.allocated < row.quantity for row in self.rows):
            return None
        return RemoteState.CONFIRMED if self.header.status == IN_PROGRESS or self.has_shipped else RemoteState.HELD

    def as_remote(self, work: Work) -> RemoteReservation | None:
        if self.state is None:
            return None
        return RemoteReservation(self.key, self.state, self.lines, work.at, serials_out=tuple(sorted(self.out)))


class Found(NamedTuple):
    """The latest order of a reservation, if there is one, and the generation that a new one would have."""

    order: Order | None
    generation: int


def merged(lines: Iterable[Line]) -> list[Line]:
    """Lines of one pool and kind counted together, in a fixed order."""
    wanted: dict[tuple[str, str, str], int] = {}
    for line in lines:
        pool = (line.sku, line.depot, line.kind)
        wanted[pool] = wanted.get(pool, 0) + line.quantity
    return [Line(sku, depot, quantity, kind) for (sku, depot, kind), quantity in sorted(wanted.items())]


def digest_of(lines: Iterable[Line]) -> str:
    told = "\n".join(f"{line.kind}\t{line.sku}\t{line.depot}\t{line.quantity}" for line in merged(lines))
    return sha256(told.encode()).hexdigest()[:12]


def line_reference(line: Line) -> str:
    return f"{line.kind} {line.depot}"


class Orders:
    """Finds and begins orders. `customer` is the company under which this shop's orders run."""

    def __init__(self, catalogue: Catalogue, customer: int) -> None:
        self._catalogue, self._customer = catalogue, customer

    def latest(self, work: Work, key: UUID) -> Found:
        """Follow the generations of a reservation to the one that lives, or to the last that died."""
        last: Order | None = None
        for generation in range(MOST_GENERATIONS):
            header = self._named(work, reference_of(key, generation))
            if header is None:
                return Found(last, generation)
            if header.key != key:
                continue  # another reservation has this number, or somebody typed it
            last = self.load(work, key, header)
            if not last.is_dead:
                return Found(last, generation)
        raise Refused(f"The reservation {key} was given back {MOST_GENERATIONS} times.")

    def _named(self, work: Work, reference: str) -> Header | None:
        rows, _ = work.page("/order/so/", Header.read, 0, reference=reference)
        return next((row for row in rows.values() if row.reference == reference), None)

    def load(self, work: Work, key: UUID, header: Header) -> Order:
        rows = lines_of(work, header.pk)
        lines = [self.line(work, row) for row in rows]
        order = Order(key, header, rows, lines)
        if not order.is_rental:
            return order
        shipments = work.rows("/order/so/shipment/", Shipment.read, order=header.pk)
        order = Order(key, header, rows, lines, shipments)
        out = [item.serial for item in self.units_out(work, order)] if order.left else []
        return Order(key, header, rows, lines, shipments, out)

    def units_out(self, work: Work, order: Order) -> list[StockItem]:
        items = work.rows("/stock/", StockItem.read, sales_order=order.pk, serialized="true")
        return [item for item in items if item.sales_order == order.pk and item.customer is not None]

    def line(self, work: Work, row: OrderLine) -> Line:
        kind, _, depot = row.reference.partition(" ")
        return Line(self._catalogue.sku_of(work, row.part) or f"part {row.part}", depot, whole(row.quantity), kind)

    def again(self, work: Work, order: Order) -> Order:
        """The order as it is now."""
        return self.load(work, order.key, work.get(f"/order/so/{order.pk}/", Header.read))

    def begin(self, work: Work, key: UUID, generation: int, lines: Sequence[Line]) -> Order | None:
        """Make the empty order. None when somebody was faster: then look again."""
        told = ", ".join(f"{line.quantity} {line.sku} from {line.depot}" for line in lines)
        body = {
            "customer": self._customer,
            "reference": reference_of(key, generation),
            "customer_reference": str(key),
            "description": f"{lines[0].kind}: {told}"[:200] + f" [{digest_of(lines)}]",
        }
        try:
            return Order(key, made(work.write("POST", "/order/so/", body), Header.read), (), ())
        except Invalid as refusal:
            if "already exists" in refusal.said:
                return None
            raise

    def complete_lines(self, work: Work, order: Order, lines: Sequence[Line]) -> Order:
        """Give the order the lines that it lacks, each once, whoever else is doing the same."""
        have = {(line.sku, line.depot, line.kind) for line in order.lines}
        lacking = [line for line in lines if (line.sku, line.depot, line.kind) not in have]
        for line in lacking:
            part, _ = self._catalogue.of_pool(work, line.sku, line.depot)
            body = {"order": order.pk, "part": part, "quantity": line.quantity, "reference": line_reference(line)}
            work.write("POST", "/order/so-line/", body)
        if lacking or len(order.rows) > len(lines):
            order = self.without_doubles(work, self.again(work, order))
        return order

    def without_doubles(self, work: Work, order: Order) -> Order:
        """Two callers at once may both have made a line: the older one counts."""
        kept = {(row.part, row.reference): row.pk for row in reversed(order.rows)}
        doubles = [row for row in order.rows if kept[row.part, row.reference] != row.pk]
        for row in doubles:
            remove(work, f"/order/so-line/{row.pk}/")
        return self.again(work, order) if doubles else order

    def cancel(self, work: Work, order: Order) -> None:
        """Cancel says 201 to everything; only the order itself tells what became of it."""
        work.write("POST", f"/order/so/{order.pk}/cancel/", decides=True)
        if work.get(f"/order/so/{order.pk}/", Header.read).status in OPEN:
            raise UnknownOutcome(f"InvenTree did not cancel {order.header.reference}.")


def remove(work: Work, path: str) -> None:
    """Delete a row; one that is gone already is deleted."""
    try:
        work.write("DELETE", path)
    except NotFound:
        return


def made(answer: object, read: Callable[[object], T]) -> T:
    """What was just made."""
    try:
        return read(answer)
    except ValueError as error:
        raise UnknownOutcome(f"InvenTree's answer cannot be read: {error}") from None


def names_quantity(refusal: Invalid) -> bool:
    """True for "Available quantity (0) exceeded": somebody else was faster."""
    return re.search(r"Available quantity|unavailable|already allocated", refusal.said) is not None
