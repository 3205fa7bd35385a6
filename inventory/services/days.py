"""A rental that gets other days: longer, shorter, or moved as a whole."""

from contextlib import suppress
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from inventory.errors import HoldLapsed, OutOfStock, Shortage, UnitNotFree
from inventory.models import Reservation
from inventory.packing import Days
from inventory.rebooking import Rebooking
from inventory.services.holds import lock_reservations
from inventory.services.soon import review_soon, sync_soon
from inventory.services.units import set_aside
from inventory.states import ReservationKind, ReservationStatus

_REBOOKED = (ReservationStatus.COMMITTED, ReservationStatus.SHIPPED)


@transaction.atomic
def change_days(*, reservation_id: UUID, days: Days, until: date | None = None) -> Reservation:
    """Give a paid rental other days, half open and with their buffers, if nobody else loses a unit by it.

    A unit that stood ready for it stays so if it is free on all of them and nobody else needs it, else it goes back on
    the shelf.
    until: the end of the days it has a right to now, if it is expected later. Safe to repeat. The IMS hears of it by a
    job. Locks: stock level, reservation. Raises: HoldLapsed when it is not paid or over; OutOfStock.
    """
    row = lock_reservations([reservation_id])[0]
    if row.kind != ReservationKind.RENTAL or row.status not in _REBOOKED:
        raise HoldLapsed("Only a paid rental gets other days.")
    if row.period == DateRange(*days):
        return row
    ready = None
    if days[0] < row.period.lower or row.period.upper < days[1]:
        if not Rebooking(row, until=until).fits(days):
            raise OutOfStock([Shortage(row.variant.sku, row.depot.code, row.kind, requested=1, available=0)])
        if row.status == ReservationStatus.COMMITTED:
            ready, row.unit = row.unit, None
    elif row.status == ReservationStatus.COMMITTED:
        row.provider_period = None  # what is given back is free there too once it is reserved anew
    row.period = DateRange(*days)
    row.save(update_fields=["period", "unit", "provider_period"])
    if ready is not None:
        with suppress(UnitNotFree):
            row = set_aside(reservation_id=row.pk, serial=ready.serial)
    review_soon([(row.variant_id, row.depot_id)])  # days that it leaves may serve somebody
    sync_soon([row.pk])
    return row


@transaction.atomic
def expect_back(*, reservation_id: UUID, until: date, turnaround_days: int | None = None) -> Reservation:
    """Keep a unit that is out from everybody else until `until`, half open, whether that fits or not: it is out anyway.

    turnaround_days: how many of these days it still needs once it is here; None: as before. Whose booking it takes is
    found by a job. Said again, the last word holds. Locks: stock level, reservation.
    Raises: HoldLapsed when it is not out.
    """
    row = lock_reservations([reservation_id])[0]
    if row.status != ReservationStatus.SHIPPED or row.period is None:
        raise HoldLapsed("This unit is not out.")
    needs = row.turnaround_days if turnaround_days is None else turnaround_days
    if (row.period.upper, row.turnaround_days) != (until, needs):
        row.period, row.turnaround_days = DateRange(row.period.lower, until), needs
        row.save(update_fields=["period", "turnaround_days"])
        review_soon([(row.variant_id, row.depot_id)])
        sync_soon([row.pk])
    return row
