"""A rental of a bundle is one: whatever becomes of the unit that leads it becomes of all its parts.

Whoever changes what it claims takes the pools of all of them first, in the one order (docs/locking.md): the functions
here, unless they say that their caller has. Where there is no bundle, the rental's own claim is all there is.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from core.errors import FieldError, InvalidInput
from inventory.errors import OutOfStock, UnitNotFree
from inventory.models import Reservation
from inventory.packing import Days
from inventory.services import (
    change_days,
    expect_back,
    lock_reservations,
    part_with,
    put_back,
    put_down,
    set_aside,
    ship,
    take_in,
)
from inventory.states import ReservationKind
from orders.models import LinePart, OrderLine, Rental


def claims_of_rentals(rental_ids: Iterable[UUID]) -> list[UUID]:
    """The reservations of these rentals, parts included."""
    ids = list(rental_ids)
    return _ids(Q(rental__in=ids) | Q(line_part__rental__in=ids))


def reservations_of_line(line: OrderLine) -> list[UUID]:
    """Those of a sale, parts included."""
    return _ids(Q(order_line=line) | Q(line_part__line=line))


def _ids(mine: Q) -> list[UUID]:
    return list(Reservation.objects.filter(mine).order_by("id").values_list("pk", flat=True))


def lock_claims(rental_ids: Iterable[UUID]) -> None:
    """Take the pools of these rentals and their parts, then the reservations, until the transaction ends."""
    lock_reservations(claims_of_rentals(rental_ids))


def change_all_days(rental: Rental, days: Days, *, until: date | None = None) -> list[Reservation]:
    """`inventory.services.change_days` for all that comes back, or for nothing. Returns the claims, the leading one
    first. Raises: OutOfStock, naming what was rented."""
    lock_claims([rental.pk])
    try:
        return [change_days(reservation_id=pk, days=days, until=until) for pk in _returning(rental)]
    except OutOfStock as no:
        raise OutOfStock([replace(one, sku=rental.line.sku) for one in no.lines]) from no


def expect_all_back(rental: Rental, *, until: date, turnaround_days: int | None = None) -> Reservation:
    """Returns the leading claim."""
    lock_claims([rental.pk])
    rows = [expect_back(reservation_id=pk, until=until, turnaround_days=turnaround_days) for pk in _returning(rental)]
    return rows[0]


def part_with_all(rental: Rental, event: str) -> Reservation:
    """Returns the leading claim."""
    lock_claims([rental.pk])
    rows = [part_with(reservation_id=pk, event=event) for pk in _returning(rental)]
    return rows[0]


def set_parts_aside(rental: Rental) -> None:
    """Choose a unit for every part that comes back. The caller holds the pools. Raises: UnitNotFree, naming it."""
    for part in _rented_parts(rental):
        try:
            set_aside(reservation_id=part.reservation_id)
        except UnitNotFree as no:
            raise UnitNotFree(f"{part.sku}: {no.detail}") from no


def put_all_down(rental: Rental) -> None:
    lock_claims([rental.pk])
    for pk in _returning(rental):
        put_down(reservation_id=pk)


def ship_parts(of: Rental | OrderLine) -> None:
    """What goes with the leading piece, once that has left. The pools are locked for a rental by then."""
    for part in of.parts.all():
        ship(reservation_id=part.reservation_id)


def take_parts_in(rental: Rental, *, turnaround_days: int, missing: Collection[str] = ()) -> None:
    """The parts that came back are cleaned, as worn as they were; those whose serials are `missing` are lost.

    Raises: InvalidInput for a serial that is none of them.
    """
    parts = list(_rented_parts(rental))
    if unknown := sorted(set(missing) - {part.reservation.unit.serial for part in parts if part.reservation.unit}):
        detail = f"{', '.join(unknown)} is no part of this rental, or leads it: write the rental off instead."
        raise InvalidInput([FieldError("/missing", detail, "unknown")])
    for part in parts:
        unit = part.reservation.unit
        if unit is not None and unit.serial not in missing:
            take_in(reservation_id=part.reservation_id, condition=unit.condition, turnaround_days=turnaround_days)
            continue
        part_with(reservation_id=part.reservation_id, event="lose")
        part.missing_at = timezone.now()
        part.save(update_fields=["missing_at"])


def put_parts_back(rental: Rental) -> None:
    """What came back with a rental that was inspected is on the shelf again."""
    for part in _rented_parts(rental):
        if part.missing_at is None and part.reservation.unit_id is not None:
            put_back(unit_id=part.reservation.unit_id)


def is_complete(rental: Rental) -> bool:
    """True when every part that comes back has a unit that stands ready."""
    return all(part.reservation.unit_id is not None for part in _rented_parts(rental))


def _rented_parts(rental: Rental) -> Iterator[LinePart]:
    rows = rental.parts.filter(reservation__kind=ReservationKind.RENTAL).order_by("id")
    yield from rows.select_related("reservation__unit")


def _returning(rental: Rental) -> list[UUID]:
    """What comes back, the leading one first."""
    return [rental.reservation_id, *(part.reservation_id for part in _rented_parts(rental))]
