"""Bring the IMS to what was promised here, one reservation at a time, whatever was lost on the way.

What the IMS should hold follows from a reservation's status (`states.WANTED`); what it acknowledged is
`provider_state`. Each step is a call outside any transaction and a short transaction that settles it, so every crash
and every lost answer ends in a repeat that changes nothing.
"""

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from django.utils import timezone

from core.logging import get_logger
from core.queue import enqueue
from inventory.models import OUT_OF_STEP, Reservation
from inventory.providers.base import (
    InventoryProvider,
    Line,
    NotFound,
    OutOfStock,
    RemoteReservation,
    RemoteState,
    UnknownOutcome,
    Window,
)
from inventory.providers.registry import get_provider
from inventory.states import PROGRESS, WANTED, ProviderState, ReservationKind, ReservationStatus

log = get_logger(__name__)

_MOST_DEAD = 20
_MOST_STRAGGLERS = 1000
_LEAST_TIME = 0.05  # seconds
_MOST_STEPS = 6  # reserve, confirm, check out, and as many changes of mind meanwhile
_OF_REMOTE = {
    RemoteState.HELD: ProviderState.HELD,
    RemoteState.CONFIRMED: ProviderState.CONFIRMED,
    RemoteState.CHECKED_OUT: ProviderState.CHECKED_OUT,
    RemoteState.CHECKED_IN: ProviderState.CHECKED_IN,
    RemoteState.RELEASED: ProviderState.RELEASED,
}


def sync_reservations(*, reservation_ids: Collection[UUID], budget: float | None = None) -> None:
    """Bring reservations in step with the IMS, within `budget` seconds altogether when given.

    Network, so never inside a transaction. Safe to repeat. Raises: ProviderError, with what was acknowledged until then
    recorded; OutOfStock when the IMS has less than was promised here (the reservation is then marked refused).
    """
    provider = get_provider()
    deadline = None if budget is None else monotonic() + budget
    rows = list(Reservation.objects.select_related("variant", "depot", "unit").filter(pk__in=reservation_ids))
    asked: list[Reservation] = []
    try:
        for row in rows:
            if not in_step(row):
                asked.append(row)
                _bring_in_step(provider, row, deadline)
    finally:
        if asked:  # the others may have been moved by somebody else meanwhile
            Reservation.objects.bulk_update(asked, ["provider_state", "provider_acked_at"])


def in_step(row: Reservation) -> bool:
    """True when the IMS needs to hear nothing more about this reservation."""
    state, wanted = ProviderState(row.provider_state), wanted_state(row)
    if wanted == ProviderState.RELEASED:
        # "none" is not enough: an earlier call may have reached the IMS although its answer never reached us.
        return state in (ProviderState.RELEASED, ProviderState.REFUSED)
    return PROGRESS.get(state, 0) >= PROGRESS[wanted]


def wanted_state(row: Reservation) -> ProviderState:
    """What the IMS should have acknowledged, by what became of the reservation here."""
    if row.status == ReservationStatus.FULFILLED and row.kind == ReservationKind.RENTAL:
        return ProviderState.CHECKED_IN
    return WANTED[ReservationStatus(row.status)]


def _bring_in_step(provider: InventoryProvider, row: Reservation, deadline: float | None) -> None:
    for _ in range(_MOST_STEPS):
        if in_step(row):
            return
        answer = _step(provider, row, deadline)
        row.provider_state = _OF_REMOTE[answer.state] if answer else ProviderState.RELEASED
        row.provider_acked_at = answer.at if answer else row.provider_acked_at
    if not in_step(row):
        raise UnknownOutcome("the inventory system keeps losing this reservation")


def _left(deadline: float | None) -> float | None:
    """Seconds that the next call may take; None where nobody waits. Raises: UnknownOutcome when none are left."""
    if deadline is None:
        return None
    seconds = deadline - monotonic()
    if seconds < _LEAST_TIME:
        raise UnknownOutcome("no time left to ask the inventory system")
    return seconds


def _step(provider: InventoryProvider, row: Reservation, deadline: float | None) -> RemoteReservation | None:
    """The one next call. Returns the IMS's answer, or None when it has no such claim any more."""
    state = ProviderState(row.provider_state)
    serials = [row.unit.serial] if row.unit else []
    try:
        if wanted_state(row) == ProviderState.RELEASED:
            provider.release(key=row.pk, timeout=_left(deadline))
            return None
        if state not in PROGRESS:
            return _reserve(provider, row, deadline)
        if state == ProviderState.HELD:
            return provider.confirm(key=row.pk, timeout=_left(deadline))
        if state == ProviderState.CONFIRMED:
            return provider.check_out(key=row.pk, lines=[_line(row)], serials=serials)
        condition = row.unit.condition if row.unit else ""
        return provider.check_in(key=row.pk, serials=serials, condition=condition, depot=row.depot.code)
    except NotFound:
        if state not in PROGRESS:
            raise  # the IMS does not know the SKU or the depot
        found = provider.find(row.pk)  # None when it lost or expired our claim: it is then made anew
        if found and _OF_REMOTE[found.state] == state:
            raise  # the claim is there: it is the unit or the depot that the IMS does not know
        return found
    except OutOfStock:
        row.provider_state = ProviderState.REFUSED
        log.warning("reservation_refused", reservation=str(row.pk), sku=row.variant.sku, status=row.status)
        raise


def _reserve(provider: InventoryProvider, row: Reservation, deadline: float | None) -> RemoteReservation:
    """Reserve; refused, first give back there what is dead here already, and ask once more.

    A hold is dead here at the instant it ends; the IMS hears of it seconds later, and nobody should be refused for it.
    """
    ask = partial(provider.reserve, key=row.pk, lines=[_line(row)], window=_window(row))
    try:
        return ask(timeout=_left(deadline))
    except OutOfStock:
        if not _give_back_dead(provider, row, deadline):
            raise
    return ask(timeout=_left(deadline))


def _give_back_dead(provider: InventoryProvider, row: Reservation, deadline: float | None) -> int:
    """Release at the IMS what it still holds for dead claims on this pool. Returns how many were released."""
    pool = {"variant_id": row.variant_id, "depot_id": row.depot_id, "kind": row.kind}
    there = Reservation.objects.filter(**pool, provider_state__in=[ProviderState.HELD, ProviderState.CONFIRMED])
    # Two statements, as each is read from a small index of its own: reservation_out_of_step and _live_by_pool.
    given_back = there.filter(status__in=[ReservationStatus.RELEASED, ReservationStatus.EXPIRED])
    lapsed = there.filter(status=ReservationStatus.HELD, expires_at__lte=timezone.now())
    released = 0
    for dead in (given_back, lapsed):
        for reservation_id in dead.values_list("pk", flat=True)[:_MOST_DEAD]:
            provider.release(key=reservation_id, timeout=_left(deadline))
            released += dead.filter(pk=reservation_id).update(provider_state=ProviderState.RELEASED)
    return released


def _line(row: Reservation) -> Line:
    return Line(sku=row.variant.sku, depot=row.depot.code, quantity=row.quantity, kind=row.kind)


def _window(row: Reservation) -> Window | None:
    return Window(start_on=row.period.lower, ends_before=row.period.upper) if row.period else None


def enqueue_stragglers(*, older_than: timedelta = timedelta(seconds=45)) -> int:
    """Enqueue a sync for every reservation that is out of step for a while. Returns how many.

    The net under all other ways: a crash between a commit and its call leaves exactly such a row.
    """
    behind = Reservation.objects.filter(OUT_OF_STEP, created_at__lt=timezone.now() - older_than)
    ids = list(behind.order_by("id").values_list("pk", flat=True)[:_MOST_STRAGGLERS])
    for reservation_id in ids:
        key = f"reservation:{reservation_id}"
        enqueue("inventory.sync_reservation", lock=key, once=key, reservation_id=str(reservation_id))
    return len(ids)


__all__ = ["enqueue_stragglers", "in_step", "sync_reservations"]
