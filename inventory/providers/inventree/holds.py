"""Pieces for sale: set aside by an allocation at the hold, confirmed by issuing the order, given back by a cancel."""

from collections.abc import Sequence
from uuid import UUID

from inventory.providers.base import (
    Line,
    NotFound,
    OutOfStock,
    Refused,
    RemoteReservation,
    RemoteState,
    Unavailable,
    UnknownOutcome,
)
from inventory.providers.inventree.client import Invalid, Work, whole
from inventory.providers.inventree.names import Catalogue
from inventory.providers.inventree.orders import (
    RENTAL,
    Order,
    Orders,
    digest_of,
    line_reference,
    merged,
    names_quantity,
    remove,
)
from inventory.providers.inventree.rows import IN_PROGRESS, Allocation, OrderLine, StockItem
from inventory.providers.inventree.shelf import PIECES

ATTEMPTS = 8  # at an order or a shelf that somebody else is changing


class Holds:
    """Everything about a reservation until its goods leave."""

    def __init__(self, orders: Orders, catalogue: Catalogue) -> None:
        self._orders, self._catalogue = orders, catalogue

    def find(self, work: Work, key: UUID) -> RemoteReservation | None:
        order, _ = self._orders.latest(work, key)
        return order.as_remote(work) if order else None

    def reserve(self, work: Work, key: UUID, lines: Sequence[Line]) -> RemoteReservation:
        """Find or make the order, its lines, its allocations: whatever is missing of them. All lines or none."""
        lines = merged(lines)
        if not lines or any(line.kind == RENTAL for line in lines):
            raise Refused("InvenTree knows no dates: a rental is first told at its hand-over.")
        for line in lines:
            self._catalogue.of_pool(work, line.sku, line.depot)
        for _ in range(ATTEMPTS):
            order, generation = self._orders.latest(work, key)
            if order is None or order.is_dead:
                self._look(work, key, generation, lines)
                order = self._orders.begin(work, key, generation, lines)
            if order is None:
                continue
            refuse_other_lines(order, lines)
            if remote := order.as_remote(work):
                return remote
            if held := self._fill(work, order, lines):
                return held
        raise UnknownOutcome("Others keep changing this reservation.")

    def _look(self, work: Work, key: UUID, generation: int, lines: Sequence[Line]) -> None:
        """Before anything is made, so that a shop that is sold out makes no orders. Raises: OutOfStock."""
        try:
            for line in lines:
                self._pick(work, line, line.quantity)
        except OutOfStock:
            if self._orders.latest(work, key).generation == generation:
                raise  # else the same reservation took them meanwhile

    def _fill(self, work: Work, order: Order, lines: Sequence[Line]) -> RemoteReservation | None:
        """None: the order was cancelled meanwhile."""
        order = self._orders.complete_lines(work, order, lines)
        try:
            self._allocate(work, order)
        except OutOfStock:
            self._orders.cancel(work, order)
            raise
        order = self._trim(work, self._orders.again(work, order))
        if order.is_dead:
            for allocation in self._allocations(work, order):  # they would claim for nobody
                remove(work, f"/order/so-allocation/{allocation.pk}/")
        return None if order.is_dead else order.as_remote(work)

    def _allocate(self, work: Work, order: Order) -> None:
        """Set aside what the lines lack, in one call, which InvenTree does wholly or not at all. Raises: OutOfStock."""
        for _ in range(ATTEMPTS):
            lacking = _lacking(order)
            if not lacking or order.is_dead:
                return
            try:
                items = [item for row in lacking for item in self._items(work, row)]
                work.write("POST", f"/order/so/{order.pk}/allocate/", {"items": items}, decides=True)
            except OutOfStock:
                order = self._orders.again(work, order)
                if _lacking(order) == lacking:
                    raise  # else the same reservation took them meanwhile
            except Invalid as refusal:
                if not names_quantity(refusal) and "does not exist" not in refusal.said:
                    raise
                order = self._orders.again(work, order)
            else:
                return
        raise Unavailable("Others keep taking from the same shelf.")

    def _items(self, work: Work, row: OrderLine) -> list[dict[str, object]]:
        """What to allocate to a line. Raises: OutOfStock."""
        line = self._orders.line(work, row)
        picked = self._pick(work, line, line.quantity - whole(row.allocated))
        return [{"line_item": row.pk, "stock_item": pk, "quantity": pieces} for pk, pieces in picked]

    def _pick(self, work: Work, line: Line, quantity: int) -> list[tuple[int, int]]:
        """Stock items to take from, and how much from each; the fullest first. Raises: OutOfStock."""
        part, location = self._catalogue.of_pool(work, line.sku, line.depot)
        depot_of = self._catalogue.places(work).depot_of
        place: dict[str, str | int] = {"part": part, "location": location, "cascade": "true", "available": "true"}
        items = work.rows("/stock/", StockItem.read, **PIECES, **place)
        free = [(item.pk, whole(item.free)) for item in items if depot_of(item.location) == line.depot]
        picked, left = [], quantity
        for pk, pieces in sorted(free, key=lambda row: (-row[1], row[0])):
            if left > 0 and pieces > 0:
                picked.append((pk, min(pieces, left)))
                left -= min(pieces, left)
        if left > 0:
            mine = line.quantity - quantity  # what this order has set aside already
            raise OutOfStock(sku=line.sku, have=sum(pieces for _, pieces in free) + mine)
        return picked

    def _trim(self, work: Work, order: Order) -> Order:
        """Give back what two callers at once set aside twice; the older allocations count."""
        if all(row.allocated <= row.quantity for row in order.rows):
            return order
        wanted = {row.pk: row.quantity for row in order.rows}
        for allocation in sorted(self._allocations(work, order), key=lambda row: row.pk):
            if wanted.get(allocation.line, 0) >= allocation.quantity:
                wanted[allocation.line] -= allocation.quantity
            else:
                remove(work, f"/order/so-allocation/{allocation.pk}/")
        return self._orders.again(work, order)

    def _allocations(self, work: Work, order: Order) -> list[Allocation]:
        return work.rows("/order/so-allocation/", Allocation.read, order=order.pk)

    def confirm(self, work: Work, key: UUID) -> RemoteReservation:
        order, _ = self._orders.latest(work, key)
        if order is None or order.state in (None, RemoteState.RELEASED):
            raise NotFound(f"InvenTree holds nothing for {key}.")
        if order.state == RemoteState.HELD:
            order = self.issue(work, order, decides=True)
        remote = order.as_remote(work)
        if remote is None or remote.state in (RemoteState.HELD, RemoteState.RELEASED):
            raise UnknownOutcome(f"InvenTree did not issue {order.header.reference}.")
        return remote

    def issue(self, work: Work, order: Order, *, decides: bool = False) -> Order:
        """decides: this is what was asked for, and not only a step on the way to it."""
        if order.header.status == IN_PROGRESS:
            return order
        work.write("POST", f"/order/so/{order.pk}/issue/", decides=decides)
        return self._orders.again(work, order)

    def release(self, work: Work, key: UUID) -> None:
        """Cancel, but never what has shipped: InvenTree would say yes and leave the goods with the customer."""
        order, _ = self._orders.latest(work, key)
        if order is None or order.is_dead or order.state == RemoteState.CHECKED_IN:
            return
        if order.has_shipped:
            raise Refused("The goods have left; they have to come back.")
        self._orders.cancel(work, order)


def _lacking(order: Order) -> list[OrderLine]:
    return [row for row in order.rows if row.allocated < row.quantity]


def refuse_other_lines(order: Order, lines: Sequence[Line]) -> None:
    """Raises: Refused when the order was begun for something else."""
    known = {line_reference(line): line for line in lines}
    strange = [row for row in order.rows if row.reference not in known]
    if strange or not order.header.description.endswith(f"[{digest_of(lines)}]"):
        raise Refused("This key already stands for other lines.")
