"""Promises that a person must look at: nothing to serve them with, not taken by the inventory system, a closed day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, ExtractIsoWeekDay
from django.utils import timezone

from inventory.models import OUT_OF_STEP, DepotClosure, Reservation
from inventory.standing import in_step
from inventory.states import LIVE, PROMISED, ProviderState, ReservationKind, ReservationStatus


class Trouble(StrEnum):
    MISFIT = "misfit"  # there is nothing to serve it with
    REFUSED = "refused"  # paid, and the inventory system does not set it aside
    NOT_TAKEN = "not_taken"  # the inventory system did not take what it was told
    CLOSED = "closed"  # to be handed over or taken back on a day on which its depot is closed


def broken_promises(*, now: datetime | None = None) -> QuerySet[Any, UUID]:
    """The ids of what nothing can serve or the inventory system did not take, in no order.

    Each part is read from its own index, and none holds the past.
    """
    at = now or timezone.now()
    misfits, not_in_step = (part.values_list("pk", flat=True) for part in (_misfits(at), _not_in_step()))
    return misfits.union(not_in_step)


def on_closed_days(*, now: datetime | None = None) -> QuerySet[Any, UUID]:
    """The ids of living rentals that begin or end on a coming day on which their depot is closed, soonest first.

    It reads every rental that is not over: for the worklist, not for every page.
    """
    return _on_closed_days(now or timezone.now()).order_by("period", "id").values_list("pk", flat=True)


def count_troubles() -> int:
    """How many promises are broken, for every page of staff; closed days are counted where they are listed.

    One statement.
    """
    return broken_promises().count()


@dataclass(frozen=True, slots=True)
class Said:
    """What is wrong with a reservation; `since` where that is known."""

    trouble: Trouble
    since: datetime | None = None


def troubles_of(row: Reservation, *, now: datetime | None = None) -> list[Said]:
    """The same for one row, without a statement. Closed days are those that `with_closed_days` told it of."""
    found, at = [], now or timezone.now()
    if row.misfit_at is not None and _is_promised(row, at):
        found.append(Said(Trouble.MISFIT, row.misfit_at))
    if row.status == ReservationStatus.COMMITTED and row.provider_state == ProviderState.REFUSED:
        found.append(Said(Trouble.REFUSED))
    elif row.sync_error and not in_step(row):
        found.append(Said(Trouble.NOT_TAKEN))
    if (row.starts_closed or row.ends_closed) and row.status in LIVE and not row.is_lapsed(at):
        found.append(Said(Trouble.CLOSED))
    return found


def with_closed_days(rows: QuerySet[Reservation], *, now: datetime | None = None) -> QuerySet[Reservation]:
    """Rentals that know whether they start or end on a coming day on which their depot is closed, by its own clock.

    The customer's own days are those of the app above, by name.
    """
    at = now or timezone.now()
    today = Cast(Func(F("depot__time_zone"), Value(at), function="timezone"), DateField())
    is_fetched = Q(rental__post_on=None)  # what is brought leaves on the day it is posted, and may end on any
    starts = (
        (is_fetched & _is_closed("rental__start_on") & Q(rental__start_on__gte=today))
        | (~is_fetched & _is_closed("rental__post_on") & Q(rental__post_on__gte=today))
    ) & ~Q(status=ReservationStatus.SHIPPED)
    ends = is_fetched & _is_closed("rental__end_on") & Q(rental__end_on__gte=today)
    flags = {"starts_closed": _flag(starts), "ends_closed": _flag(ends)}  # spelt out, mypy takes them for new names
    return rows.annotate(**flags)


def _is_closed(day: str) -> Q:
    within = DepotClosure.objects.filter(
        depot=OuterRef("depot"), start_on__lte=OuterRef(day), end_on__gte=OuterRef(day)
    )
    return Q(Exists(within)) | ~Q(depot__opening_days__contains=[ExtractIsoWeekDay(day)])


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def _on_closed_days(now: datetime) -> QuerySet[Reservation]:
    not_over = now.date() - timedelta(days=1)  # no depot's today is before that
    rentals = Reservation.objects.living(now).filter(kind=ReservationKind.RENTAL, rental__end_on__gte=not_over)
    return with_closed_days(rentals, now=now).filter(Q(starts_closed=True) | Q(ends_closed=True)).order_by()


def _is_promised(row: Reservation, now: datetime) -> bool:
    return row.status in PROMISED and not row.is_lapsed(now)


def _misfits(now: datetime) -> QuerySet[Reservation]:
    """Dead holds are nobody's any more, whether or not a job has tidied them."""
    return Reservation.objects.living(now).filter(status__in=PROMISED, misfit_at__isnull=False).order_by()


def _not_in_step() -> QuerySet[Reservation]:
    """What the inventory system still has to hear; of what is settled, an old refusal does not matter."""
    refused = Q(status=ReservationStatus.COMMITTED, provider_state=ProviderState.REFUSED)
    return Reservation.objects.filter(OUT_OF_STEP).filter(refused | ~Q(sync_error="")).order_by()
