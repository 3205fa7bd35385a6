"""Promises that cannot be kept any more: found at once when something breaks, and listed for staff."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.logging import get_logger
from core.time import day_after, today_in
from inventory.models import Reservation
from inventory.packing import misfits
from inventory.selectors import Pool, fleets, pool_counts
from inventory.services.holds import lock_pools
from inventory.services.soon import review_soon
from inventory.states import LIVE, PROMISED, ReservationKind, ReservationStatus

log = get_logger(__name__)

_MARKED = Q(misfit_at__isnull=False)


@transaction.atomic
def review_promises(*, variant_id: int, depot_id: int) -> list[UUID]:
    """Mark the bookings of a pool that there is nothing to serve with, last come first, and unmark the others.

    Returns those that are marked now. Called after whatever takes stock away: a unit that breaks, is lost, down or
    overdue, a count of the IMS that fell. Locks: stock level, reservations whose mark may change, in id order.
    """
    pool = (variant_id, depot_id)
    lock_pools([pool])
    mine = Reservation.objects.filter(variant_id=variant_id, depot_id=depot_id)
    unserved = [*_rentals(pool), *_sales(pool)]
    touched = Reservation.objects.filter(pk__in=[*unserved, *mine.filter(_MARKED).values_list("pk", flat=True)])
    list(touched.select_for_update().order_by("id").values_list("pk"))
    mine.filter(_MARKED).exclude(pk__in=unserved).update(misfit_at=None)
    fresh = mine.filter(pk__in=unserved, misfit_at=None, status__in=LIVE)  # somebody may have given it back meanwhile
    for row in fresh.select_related("variant", "depot"):
        log.error("promise_cannot_be_kept", reservation=str(row.pk), sku=row.variant.sku, depot=row.depot.code)
    fresh.update(misfit_at=timezone.now())
    return unserved


def _rentals(pool: Pool) -> list[UUID]:
    fleet = fleets([pool])[pool]
    return misfits(fleet.shelves, fleet.bookings)


def _sales(pool: Pool) -> list[UUID]:
    """The youngest claims on pieces that are not there; what is paid comes before what is only held."""
    today = timezone.now().date()
    missing = -pool_counts([pool], period=(today, day_after(today)))[pool].sale
    claims = Reservation.objects.living(timezone.now()).filter(
        variant_id=pool[0], depot_id=pool[1], kind=ReservationKind.SALE, status__in=PROMISED
    )
    unserved = []
    for pk, quantity in claims.order_by("-status", "-id").values_list("pk", "quantity"):  # held before committed
        if missing <= 0:
            break
        unserved.append(pk)
        missing -= quantity
    return unserved


def review_overdue() -> int:
    """Have the pools looked at whose units are late, and those with misfits. Returns how many. Days are the depot's."""
    late = Reservation.objects.filter(kind=ReservationKind.RENTAL, status=ReservationStatus.SHIPPED)
    pools = {
        (row.variant_id, row.depot_id)
        for row in late.select_related("depot").iterator()
        if row.period.upper < day_after(today_in(row.depot.time_zone), 1 + row.turnaround_days)
    }
    marked = Reservation.objects.filter(_MARKED)  # what somebody gave back may serve them now
    pools |= set(marked.values_list("variant_id", "depot_id"))
    review_soon(pools)
    return len(pools)
