"""Goods that leave and come back.

A sale leaves in one shipment of its order. A rented unit leaves in a shipment of its own that bears its serial number:
so InvenTree itself remembers, uniquely and for good, which units ever left under an order.
"""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from core.logging import get_logger
from inventory.providers.base import Line, NotFound, Refused, RemoteReservation, RemoteState, UnknownOutcome
from inventory.providers.inventree.client import Invalid, Work
from inventory.providers.inventree.holds import ATTEMPTS, Holds, refuse_other_lines
from inventory.providers.inventree.names import Catalogue
from inventory.providers.inventree.orders import RENTAL, Order, Orders, made, merged, names_quantity, remove
from inventory.providers.inventree.rows import OPEN, Allocation, Shipment, StockItem, pk_of
from inventory.providers.inventree.shelf import HANDED_OUT, Shelf, code_after_return, noted

log = get_logger(__name__)

SALE = "goods"  # the reference of a sale's one shipment
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)  # between looks at a background task, seconds


class HandOver:
    def __init__(
        self,
        orders: Orders,
        holds: Holds,
        shelf: Shelf,
        catalogue: Catalogue,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._orders, self._holds, self._shelf = orders, holds, shelf
        self._catalogue, self._sleep = catalogue, sleep

    def check_out(self, work: Work, key: UUID, lines: Sequence[Line], serials: Sequence[str]) -> RemoteReservation:
        order, _ = self._orders.latest(work, key)
        rents = order.is_rental if order and not order.is_dead else any(line.kind == RENTAL for line in lines)
        if rents:
            return self._check_out_units(work, key, merged(lines), list(dict.fromkeys(serials)))
        if order is None or order.state in (None, RemoteState.RELEASED):
            raise NotFound(f"InvenTree holds nothing for {key}.")
        if order.state != RemoteState.CHECKED_OUT:
            order = self._holds.issue(work, order)
            self._ship(work, order, SALE)
            order = self._orders.again(work, order)
        return self._closed(work, order, RemoteState.CHECKED_OUT)

    # Rentals

    def _check_out_units(self, work: Work, key: UUID, lines: list[Line], serials: list[str]) -> RemoteReservation:
        for _ in range(ATTEMPTS):
            order, generation = self._orders.latest(work, key)
            alive = order if order and not order.is_dead else None
            if alive:
                refuse_other_lines(alive, lines)
                if alive.state == RemoteState.CHECKED_IN:
                    return self._closed(work, alive, RemoteState.CHECKED_IN)
            leaving = [serial for serial in serials if alive is None or serial not in alive.left]
            if alive and alive.left and not leaving:
                return _reached(alive, work)
            units = self._fit(work, lines, leaving, alive)
            alive = alive or self._orders.begin(work, key, generation, lines)
            if alive is None:
                continue
            alive = self._holds.issue(work, self._orders.complete_lines(work, alive, lines))
            if alive.is_dead:
                continue
            self._set_aside(work, alive, units)
            for unit in units:
                self._ship(work, alive, unit.serial, item=unit.pk)
            return _reached(self._orders.again(work, alive), work)
        raise UnknownOutcome("Others keep changing this reservation.")

    def _fit(self, work: Work, lines: Sequence[Line], serials: Sequence[str], order: Order | None) -> list[StockItem]:
        """The units that are to leave. Raises: NotFound, Refused."""
        if not serials:
            raise Refused("Say which units leave.")
        pools = {(self._catalogue.of_pool(work, line.sku, line.depot)[0], line.depot) for line in lines}
        depot_of = self._catalogue.places(work).depot_of
        units = [self._shelf.unit(work, serial) for serial in serials]
        for unit in units:
            if (unit.part, depot_of(unit.location)) not in pools:
                raise Refused(f"{unit.serial} is not one of what was reserved, or not at its depot.")
            if not unit.in_stock or unit.status not in HANDED_OUT:
                raise Refused(f"{unit.serial} is not fit to leave.")
        many = len(units) + (len(order.left) if order else 0)
        if many > sum(line.quantity for line in lines):
            raise Refused("More units than were reserved.")
        return units

    def _set_aside(self, work: Work, order: Order, units: Sequence[StockItem]) -> None:
        """Allocate exactly these; by primary key, as serials with a hyphen read like a range. Raises: Refused."""
        gone = {shipment.pk for shipment in order.shipments if shipment.has_left}
        wanted = {unit.pk: unit for unit in units}
        for row in work.rows("/order/so-allocation/", Allocation.read, order=order.pk):
            if row.item in wanted:
                del wanted[row.item]
            elif row.shipment not in gone:
                remove(work, f"/order/so-allocation/{row.pk}/")  # another unit was meant to leave before
        lines = {row.part: row.pk for row in order.rows}
        items = [{"line_item": lines[unit.part], "stock_item": unit.pk, "quantity": 1} for unit in wanted.values()]
        if not items:
            return
        try:
            work.write("POST", f"/order/so/{order.pk}/allocate/", {"items": items})
        except Invalid as refusal:
            if names_quantity(refusal):
                raise Refused("A unit is set aside for somebody else.") from None
            raise

    # Shipping

    def _ship(self, work: Work, order: Order, reference: str, *, item: int | None = None) -> None:
        """Put what is allocated (of one item, if named) into the shipment of this name and send it. Safe to repeat."""
        shipment = self._shipment(work, order, reference)
        if shipment.has_left:
            return
        for row in work.rows("/order/so-allocation/", Allocation.read, order=order.pk):
            if row.shipment is None and item in (None, row.item):
                work.write("PATCH", f"/order/so-allocation/{row.pk}/", {"shipment": shipment.pk})
        try:
            task = work.write("POST", f"/order/so/shipment/{shipment.pk}/ship/", decides=True)
        except Invalid:
            if not self._has_left(work, shipment.pk):  # the repeat of a call whose answer was lost
                raise
            return
        self._await(work, shipment.pk, task)

    def _shipment(self, work: Work, order: Order, reference: str) -> Shipment:
        for _ in range(2):
            known = work.rows("/order/so/shipment/", Shipment.read, order=order.pk)
            if found := next((shipment for shipment in known if shipment.reference == reference), None):
                return found
            try:
                answer = work.write("POST", "/order/so/shipment/", {"order": order.pk, "reference": reference})
            except Invalid:
                continue  # somebody else made it; if not, it is refused again
            return Shipment(made(answer, pk_of), reference, has_left=False)
        raise Refused(f"InvenTree takes no shipment {reference}.")

    def _await(self, work: Work, shipment: int, task: object) -> None:
        """With a worker, the goods leave after the answer."""
        task_id = task.get("task_id") if isinstance(task, dict) else None
        for pause in (0.0, *PAUSES):
            self._sleep(pause)
            if task_id and self._is_pending(work, str(task_id)):
                continue
            if self._has_left(work, shipment):
                return
        raise UnknownOutcome("InvenTree's worker has not shipped yet.")

    def _is_pending(self, work: Work, task_id: str) -> bool:
        try:
            return work.get(f"/background-task/{task_id}/", lambda data: data["pending"] is True)
        except (NotFound, KeyError, TypeError):
            return False  # it is over, and forgotten; the shipment itself tells

    def _has_left(self, work: Work, shipment: int) -> bool:
        return work.get(f"/order/so/shipment/{shipment}/", Shipment.read).has_left

    def _closed(self, work: Work, order: Order, reached: RemoteState) -> RemoteReservation:
        """Complete an order of which everything has happened; its state is what was seen before."""
        remote = _reached(order, work)
        if order.state == reached and order.header.status in OPEN:
            try:
                work.write("POST", f"/order/so/{order.pk}/complete/", {"accept_incomplete": True})
            except Invalid as refusal:
                log.warning("inventree_order_stays_open", order=order.header.reference, why=refusal.said[:200])
        return remote

    # Back

    def check_in(self, work: Work, key: UUID, serials: Sequence[str], condition: str, depot: str) -> RemoteReservation:
        order, _ = self._orders.latest(work, key)
        if order is None or order.is_dead:
            raise NotFound(f"InvenTree knows nothing of {key}.")
        if not order.left:
            raise Refused("Nothing has left under this reservation.")
        location = self._catalogue.location_of(work, depot)
        if strange := [serial for serial in serials if serial not in order.left]:
            raise Refused(f"{strange[0]} did not leave under this reservation.")
        back = [unit for unit in self._orders.units_out(work, order) if unit.serial in serials]
        if back:
            self._take_back(work, back, condition, location)
            order = self._orders.again(work, order)
        return self._closed(work, order, RemoteState.CHECKED_IN)

    def _take_back(self, work: Work, units: Sequence[StockItem], condition: str, location: int) -> None:
        """The condition first: while a unit is out, a repeat may note it again."""
        for unit in units:
            if unit.packaging != noted(condition):
                work.write("PATCH", f"/stock/{unit.pk}/", {"packaging": noted(condition)})
        status = code_after_return(condition)
        items = [{"pk": unit.pk, "quantity": 1, "status": status} for unit in units]
        body = {"items": items, "location": location, "notes": f"Condition {condition}"}
        work.write("POST", "/stock/return/", body, decides=True)


def _reached(order: Order, work: Work) -> RemoteReservation:
    remote = order.as_remote(work)
    if remote is None or remote.state == RemoteState.RELEASED:
        raise UnknownOutcome(f"InvenTree did not carry out what was asked of {order.header.reference}.")
    return remote
