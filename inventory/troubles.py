"""Promises that a person must look at: nothing to serve them with, or not taken by the inventory system."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from inventory.models import OUT_OF_STEP, Reservation
from inventory.standing import in_step
from inventory.states import PROMISED, ProviderState, ReservationStatus


class Trouble(StrEnum):
    MISFIT = "misfit"  # there is nothing to serve it with
    REFUSED = "refused"  # paid, and the inventory system does not set it aside
    NOT_TAKEN = "not_taken"  # the inventory system did not take what it was told


def broken_promises(*, now: datetime | None = None) -> QuerySet[Any, UUID]:
    """The ids of what nothing can serve or the inventory system did not take, in no order.

    Each part is read from its own index, and none holds the past.
    """
    at = now or timezone.now()
    misfits, not_in_step = (part.values_list("pk", flat=True) for part in (_misfits(at), _not_in_step()))
    return misfits.union(not_in_step)


def count_troubles() -> int:
    """How many promises are broken, for every page of staff. One statement."""
    return broken_promises().count()


@dataclass(frozen=True, slots=True)
class Said:
    """What is wrong with a reservation; `since` where that is known."""

    trouble: Trouble
    since: datetime | None = None


def troubles_of(row: Reservation, *, now: datetime | None = None) -> list[Said]:
    """The same for one row, without a statement."""
    found, at = [], now or timezone.now()
    if row.misfit_at is not None and _is_promised(row, at):
        found.append(Said(Trouble.MISFIT, row.misfit_at))
    if row.status == ReservationStatus.COMMITTED and row.provider_state == ProviderState.REFUSED:
        found.append(Said(Trouble.REFUSED))
    elif row.sync_error and not in_step(row):
        found.append(Said(Trouble.NOT_TAKEN))
    return found


def _is_promised(row: Reservation, now: datetime) -> bool:
    return row.status in PROMISED and not row.is_lapsed(now)


def _misfits(now: datetime) -> QuerySet[Reservation]:
    """Dead holds are nobody's any more, whether or not a job has tidied them."""
    return Reservation.objects.living(now).filter(status__in=PROMISED, misfit_at__isnull=False).order_by()


def _not_in_step() -> QuerySet[Reservation]:
    """What the inventory system still has to hear; of what is settled, an old refusal does not matter."""
    refused = Q(status=ReservationStatus.COMMITTED, provider_state=ProviderState.REFUSED)
    return Reservation.objects.filter(OUT_OF_STEP).filter(refused | ~Q(sync_error="")).order_by()
