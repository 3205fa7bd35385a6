"""Bring the IMS to what was promised here, one reservation at a time, whatever was lost on the way.

What the IMS should hold follows from a reservation's status (`states.WANTED`), what it said is `provider_state`.
Calls are made outside any transaction, and what they answered is written in one statement after them, so every crash
and every lost answer ends in a repeat that changes nothing. A reservation is leased while somebody speaks about it: of
two calls the one made first never arrives last.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from core.postgres import prepared_cursor
from core.postgres.prepared import Given, IsOneOf, Prepared
from inventory.models import OUT_OF_STEP, Reservation, Unit
from inventory.providers.base import (
    Capability,
    RemoteReservation,
    Unavailable,
)
from inventory.providers.registry import get_provider
from inventory.services.holds import close_counted_sales
from inventory.services.soon import sync_soon, tell_unit_soon
from inventory.services.talk import OF_REMOTE, Talk, lease_for, take_lease, without_lease
from inventory.standing import in_step
from inventory.states import ProviderState, ReservationKind, ReservationStatus, UnitStatus

_MOST_STRAGGLERS = 1000
_HEARD = {
    "provider_state": "text", "provider_acked_at": "timestamptz", "provider_period": "daterange", "sync_error": "text",
    "sync_failures": "int", "sync_after": "timestamptz", "late_reserve_until": "timestamptz",
    "late_release_until": "timestamptz",
}  # fmt: skip


def sync_reservations(
    *, reservation_ids: Collection[UUID], budget: float | None = None, leased_until: datetime | None = None
) -> None:
    """Bring reservations in step with the IMS, within `budget` seconds altogether when given.

    leased_until: the lease that the caller took when it made them (`holds.hold`); else one is taken here.
    Network, so never inside a transaction. Safe to repeat, and safe from several sides at once. Raises: ProviderError,
    with what was acknowledged until then recorded: OutOfStock when the IMS has less than was promised here (the
    reservation is then marked refused), Unavailable also while somebody else speaks about one of them.
    """
    provider = get_provider()
    deadline = None if budget is None else monotonic() + budget
    mine = Reservation.objects.filter(pk__in=reservation_ids)
    lease = leased_until or _take_lease(mine, budget)
    rows = _LEASED.all(ids=list(reservation_ids), lease=lease) if lease else []
    talks = [Talk(provider, row, deadline) for row in rows]
    try:
        for talk in talks:
            talk.bring_in_step()
    finally:
        _end_leases(talks)
    if (
        len(talks) < len(set(reservation_ids))
        and mine.filter(OUT_OF_STEP, sync_leased_until__gt=timezone.now()).exists()
    ):
        raise Unavailable("Somebody else is telling the inventory system about this.")


def _take_lease(mine: QuerySet[Reservation], budget: float | None) -> datetime | None:
    """The lease of all that are out of step and that nobody else speaks about; None when there are none."""
    until = lease_for(budget)
    return until if take_lease(mine.filter(OUT_OF_STEP), until) else None


def _end_leases(talks: Sequence[Talk]) -> None:
    """Write down what came of all talks, in one statement, where the lease is still ours."""
    rows = [talk.row for talk in talks]
    if rows:
        heard = {name: [getattr(row, name) for row in rows] for name in ("pk", "sync_leased_until", *_HEARD)}
        with prepared_cursor() as cursor:
            cursor.execute(_WRITE_DOWN, heard)
    for row in rows:
        row.sync_leased_until = None
    sold = [row.pk for row in rows if (row.kind, row.status) == (ReservationKind.SALE, ReservationStatus.SHIPPED)]
    if sold:
        close_counted_sales(Reservation.objects.filter(pk__in=sold))  # the count may have come before this answer
    back = [row.unit_id for row in rows if row.unit_id and row.provider_state == ProviderState.CHECKED_IN]
    if back:
        _wake_next(back)
    rentals = [row for row in rows if row.kind == ReservationKind.RENTAL]
    settled = [row for row in rentals if in_step(row) or row.provider_state == ProviderState.RELEASED]
    _wake_refused([row for row in settled if row.status != ReservationStatus.HELD])  # a new hold frees nothing


# With every order. What `bulk_update` says instead grows with the rows, and took as long as asking the IMS.
_WRITE_DOWN = f"""
UPDATE inventory_reservation SET sync_leased_until = NULL, {", ".join(f"{name} = heard.{name}" for name in _HEARD)}
FROM unnest(%(pk)s::uuid[], %(sync_leased_until)s::timestamptz[], {
    ", ".join(f"%({name})s::{kind}[]" for name, kind in _HEARD.items())
}) AS heard (pk, lease, {", ".join(_HEARD)})
WHERE id = heard.pk AND sync_leased_until = heard.lease
"""  # noqa: S608 (constants only)


def _wake_next(unit_ids: Sequence[int]) -> None:
    """Whoever left with one of these units afterwards may be told of now; it need not rest until it tries again."""
    left = [ReservationStatus.SHIPPED, ReservationStatus.FULFILLED]
    waiting = Reservation.objects.filter(OUT_OF_STEP, unit__in=unit_ids, status__in=left)
    sync_soon(waiting.values_list("pk", flat=True))


def _wake_refused(told: Sequence[Reservation]) -> None:
    """Days that the IMS refused to others of a pool may be free there now: they need not rest until they try again."""
    pools = {(row.variant_id, row.depot_id) for row in told}
    for variant_id, depot_id in pools:
        refused = Reservation.objects.filter(OUT_OF_STEP, variant=variant_id, depot=depot_id, sync_after__isnull=False)
        sync_soon(refused.exclude(pk__in=[row.pk for row in told]).values_list("pk", flat=True))


def sync_anew(*, row: Reservation, there: RemoteReservation | None) -> None:
    """Bring the IMS in step from what it was seen to have (None: nothing), not from what it once acknowledged.

    row: as it was compared. What was seen is believed only if the row has not moved since and nobody speaks about it;
    else this is a plain sync. Network, so never inside a transaction. Safe to repeat. Raises: ProviderError.
    """
    seen = without_lease(Reservation.objects.filter(pk=row.pk, status=row.status, period=row.period)).filter(
        provider_state=row.provider_state, provider_acked_at=row.provider_acked_at, provider_period=row.provider_period
    )
    if there is None:
        seen.update(provider_state=ProviderState.NONE, provider_period=None)
    else:
        window = there.window
        days = DateRange(window.start_on, window.ends_before) if window else row.provider_period
        seen.update(provider_state=OF_REMOTE[there.state], provider_acked_at=there.at, provider_period=days)
    sync_reservations(reservation_ids=[row.pk])


def tell_unit(*, unit_id: int) -> None:
    """Tell the IMS what staff decided about a unit; one that takes no such word keeps its own, and ours holds here.

    Of a unit that has left meanwhile it hears with its leaving (sync_reservations). Network, then one statement.
    Safe to repeat. Raises: ProviderError.
    """
    unit = _untold().filter(pk=unit_id).first()
    provider = get_provider()
    if unit is None or Capability.UNIT_STATES not in provider.capabilities:
        return
    told = provider.set_unit(serial=unit.serial, status=unit.status, condition=unit.condition)
    same = Unit.objects.filter(pk=unit_id, status=unit.status, condition=unit.condition)
    same.update(decided_here=False, as_of=told.as_of)


def enqueue_stragglers(*, older_than: timedelta = timedelta(seconds=45)) -> int:
    """Enqueue a sync for every reservation that the IMS has not heard of for a while. Returns how many.

    The net under all other ways: a crash between a commit and its call leaves exactly such a row. What was refused for
    good waits longer each time.
    """
    now = timezone.now()
    behind = Reservation.objects.filter(OUT_OF_STEP, created_at__lt=now - older_than)
    due = behind.filter(Q(sync_after=None) | Q(sync_after__lte=now)).order_by(
        F("sync_after").asc(nulls_first=True), "id"
    )
    ids = list(due.values_list("pk", flat=True)[:_MOST_STRAGGLERS])
    sync_soon(ids, hasten=False)
    return len(ids)


def enqueue_untold_units() -> int:
    """Enqueue the telling of what staff decided and the IMS has not taken. Returns how many.

    Where it takes no such word, ours holds here and nothing is asked. Network. Raises: ProviderError.
    """
    ids = list(_untold().order_by("id").values_list("pk", flat=True)[:_MOST_STRAGGLERS])
    if not ids or Capability.UNIT_STATES not in get_provider().capabilities:
        return 0
    for unit_id in ids:
        tell_unit_soon(unit_id)
    return len(ids)


def _with_names(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    return rows.select_related("variant", "depot", "unit__depot").order_by("id")


_LEASED = Prepared(
    lambda: _with_names(Reservation.objects.filter(IsOneOf(F("pk"), Given("ids")), sync_leased_until=Given("lease")))
)


def _untold() -> QuerySet[Unit]:
    return Unit.objects.filter(decided_here=True).exclude(status=UnitStatus.OUT)


__all__ = [
    "enqueue_stragglers",
    "enqueue_untold_units",
    "sync_anew",
    "sync_reservations",
    "tell_unit",
]
