"""Bring the IMS to what was promised here, one reservation at a time, whatever was lost on the way.

What the IMS should hold follows from a reservation's status (`states.WANTED`), what it said is `provider_state`.
Calls are made outside any transaction, and what they answered is written in one statement after them, so every crash
and every lost answer ends in a repeat that changes nothing. A reservation is leased while somebody speaks about it: of
two calls the one made first never arrives last.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from core.logging import get_logger
from inventory.models import OUT_OF_STEP, Reservation, Unit
from inventory.providers.base import (
    Capability,
    InventoryProvider,
    Line,
    NotFound,
    OutOfStock,
    Refused,
    RemoteReservation,
    RemoteState,
    Unavailable,
    UnknownOutcome,
    Window,
)
from inventory.providers.registry import get_provider
from inventory.services.holds import close_counted_sales
from inventory.services.soon import sync_soon, tell_unit_soon
from inventory.states import LIVE, PROGRESS, WANTED, ProviderState, ReservationKind, ReservationStatus, UnitStatus

log = get_logger(__name__)

LEASE = timedelta(seconds=30)
LONGEST_CALL = timedelta(seconds=15)  # of any adapter
_GRACE = timedelta(seconds=5)  # beyond the budget of who waits
LONGEST_REST = timedelta(hours=6)  # after a final refusal
_MOST_DEAD = 20
_MOST_STRAGGLERS = 1000
_LEAST_TIME = 0.05  # seconds
_MOST_STEPS = 6  # reserve, confirm, check out, and as many changes of mind meanwhile
OF_REMOTE = {
    RemoteState.HELD: ProviderState.HELD,
    RemoteState.CONFIRMED: ProviderState.CONFIRMED,
    RemoteState.CHECKED_OUT: ProviderState.CHECKED_OUT,
    RemoteState.CHECKED_IN: ProviderState.CHECKED_IN,
    RemoteState.RELEASED: ProviderState.RELEASED,
}
_HEARD = (
    "provider_state", "provider_acked_at", "provider_period", "sync_error", "sync_failures", "sync_after"
)  # fmt: skip
_CLAIMED_THERE = (ProviderState.HELD, ProviderState.CONFIRMED, ProviderState.CHECKED_OUT)


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
    talks = (
        [_Talk(provider, row, deadline) for row in _with_names(mine.filter(sync_leased_until=lease))] if lease else []
    )
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


def lease_for(budget: float | None) -> datetime:
    """Until when a lease lasts that is taken now, which is also its name: no two are alike."""
    return timezone.now() + (LEASE if budget is None else timedelta(seconds=budget) + _GRACE)


def _take_lease(mine: QuerySet[Reservation], budget: float | None) -> datetime | None:
    """The lease of all that are out of step and that nobody else speaks about; None when there are none."""
    until = lease_for(budget)
    return until if _without_lease(mine.filter(OUT_OF_STEP)).update(sync_leased_until=until) else None


def _end_leases(talks: Sequence["_Talk"]) -> None:
    """Write down what came of all talks, in one statement, where the lease is still ours."""
    rows = [talk.row for talk in talks]
    leases = {row.sync_leased_until for row in rows}
    for row in rows:
        row.sync_leased_until = None
    if rows:
        Reservation.objects.filter(sync_leased_until__in=leases).bulk_update(rows, [*_HEARD, "sync_leased_until"])
    sold = [row.pk for row in rows if (row.kind, row.status) == (ReservationKind.SALE, ReservationStatus.SHIPPED)]
    if sold:
        close_counted_sales(Reservation.objects.filter(pk__in=sold))  # the count may have come before this answer


def sync_anew(*, row: Reservation, there: RemoteReservation | None) -> None:
    """Bring the IMS in step from what it was seen to have (None: nothing), not from what it once acknowledged.

    row: as it was compared. What was seen is believed only if the row has not moved since and nobody speaks about it;
    else this is a plain sync. Network, so never inside a transaction. Safe to repeat. Raises: ProviderError.
    """
    seen = _without_lease(Reservation.objects.filter(pk=row.pk, status=row.status, period=row.period)).filter(
        provider_state=row.provider_state, provider_acked_at=row.provider_acked_at, provider_period=row.provider_period
    )
    if there is None:
        seen.update(provider_state=ProviderState.NONE, provider_period=None)
    else:
        window = there.window
        days = DateRange(window.start_on, window.ends_before) if window else row.provider_period
        seen.update(provider_state=OF_REMOTE[there.state], provider_acked_at=there.at, provider_period=days)
    sync_reservations(reservation_ids=[row.pk])


def in_step(row: Reservation) -> bool:
    """True when the IMS needs to hear nothing more about this reservation."""
    state, wanted = ProviderState(row.provider_state), wanted_state(row)
    if wanted == ProviderState.RELEASED:
        # "none" is not enough: an earlier call may have reached the IMS although its answer never reached us.
        return state in (ProviderState.RELEASED, ProviderState.REFUSED, ProviderState.LOCAL)
    if state == ProviderState.LOCAL:
        return wanted in (ProviderState.HELD, ProviderState.CONFIRMED)
    return PROGRESS.get(state, 0) >= PROGRESS[wanted] and not _has_outgrown(row)


def wanted_state(row: Reservation) -> ProviderState:
    """What the IMS should have acknowledged, by what became of the reservation here."""
    if row.status == ReservationStatus.FULFILLED and row.kind == ReservationKind.RENTAL:
        return ProviderState.CHECKED_IN
    return WANTED[ReservationStatus(row.status)]


def _has_outgrown(row: Reservation) -> bool:
    """True when the IMS keeps fewer days for a live rental than we do."""
    if row.period is None or row.status not in LIVE or row.provider_state not in _CLAIMED_THERE:
        return False
    there = row.provider_period
    return there is None or there.lower > row.period.lower or there.upper < row.period.upper


class _Talk:
    """What is said to the IMS about one leased reservation. What it heard is on `row`; the caller writes it down."""

    def __init__(self, provider: InventoryProvider, row: Reservation, deadline: float | None) -> None:
        self._provider, self.row, self._deadline = provider, row, deadline

    def bring_in_step(self) -> None:
        """By what the reservation was when it was read; whoever moves it meanwhile enqueues the next talk."""
        for _ in range(_MOST_STEPS):
            if self._has_nothing_to_say():
                return
            try:
                self._hear(self._step())
            except OutOfStock as no:
                self._is_refused(no)
                raise
            except (NotFound, Refused) as no:
                self._rest(no)
                raise
            except UnknownOutcome as silence:
                self.row.sync_error = f"unknown outcome: {silence}"[:300]
                raise
        if not in_step(self.row):
            raise UnknownOutcome("the inventory system keeps losing this reservation")

    def _has_nothing_to_say(self) -> bool:
        row = self.row
        if not in_step(row) and not self._knows_rentals():
            row.provider_period = row.period  # an IMS that knows no dates keeps none that could be too few
        return in_step(row)

    # One call

    def _step(self) -> RemoteReservation | None:
        """The one next call. Returns the IMS's answer, or None when it has no such claim any more."""
        row, state, wanted = self.row, ProviderState(self.row.provider_state), wanted_state(self.row)
        if not self._knows_rentals():
            return self._step_without_dates(state, wanted)
        if row.sync_error and state == ProviderState.NONE and (found := self._ask().find(row.pk)):
            return found  # the answer to an earlier call was lost
        try:
            if wanted == ProviderState.RELEASED:
                self._ask().release(key=row.pk, timeout=self._left())
                return None
            if state not in PROGRESS or _has_outgrown(row):
                return self._reserve()
            return self._go_on(state)
        except NotFound:
            if state not in PROGRESS:
                raise  # the IMS does not know the SKU or the depot
            found = self._ask().find(row.pk)  # None when it lost or expired our claim: it is made anew
            if found and OF_REMOTE[found.state] == state:
                raise  # the claim is there: it is the unit or the depot that the IMS does not know
            return found

    def _knows_rentals(self) -> bool:
        return self.row.kind == ReservationKind.SALE or Capability.RENTAL_WINDOWS in self._provider.capabilities

    def _step_without_dates(self, state: ProviderState, wanted: ProviderState) -> RemoteReservation | None:
        """An IMS that knows no dates hears of a rental when its unit leaves; until then the claim lives here alone."""
        if wanted in (ProviderState.HELD, ProviderState.CONFIRMED):
            self.row.provider_state = ProviderState.LOCAL
            return None
        if wanted == ProviderState.RELEASED:
            return None
        return self._go_on(state if state in PROGRESS else ProviderState.CONFIRMED)

    def _go_on(self, state: ProviderState) -> RemoteReservation:
        row, unit = self.row, self.row.unit
        serials = [unit.serial] if unit else []
        if state == ProviderState.HELD:
            return self._ask().confirm(key=row.pk, timeout=self._left())
        if state == ProviderState.CONFIRMED:
            self._await_earlier_return()
            if unit and unit.decided_here:
                self._tell_what_it_left_as(unit)
            return self._ask().check_out(key=row.pk, lines=[_line(row)], serials=serials)
        condition, depot = (unit.condition, unit.depot.code) if unit else ("", row.depot.code)
        return self._ask().check_in(key=row.pk, serials=serials, condition=condition, depot=depot)

    def _await_earlier_return(self) -> None:
        """A unit leaves again only after the IMS has heard that it was back. Raises: Unavailable.

        Only those that left before: of two that are both back already, one must be the first to be told.
        """
        row = self.row
        if row.unit_id is None:
            return
        undated = Q(shipped_at=None)  # left before that was written down
        before = undated | Q(shipped_at__lt=row.shipped_at) if row.shipped_at else undated & Q(pk__lt=row.pk)
        returned = Reservation.objects.filter(OUT_OF_STEP, unit=row.unit_id, status=ReservationStatus.FULFILLED)
        for earlier in returned.filter(before).exclude(pk=row.pk):
            if earlier.sync_after is None or earlier.sync_after <= timezone.now():
                sync_soon([earlier.pk])
            row.sync_error = "waits until the inventory system has heard of its unit's last return"
            raise Unavailable("The unit's last return has to be told first.")

    def _tell_what_it_left_as(self, unit: Unit) -> None:
        """A unit that staff mended or found may not leave there before the IMS has heard of that too."""
        if Capability.UNIT_STATES not in self._provider.capabilities:
            return
        with suppress(Refused):  # it is out there already: the answer to an earlier check-out was lost
            self._ask().set_unit(serial=unit.serial, status=UnitStatus.AVAILABLE, condition=unit.condition)

    def _reserve(self) -> RemoteReservation:
        """Reserve; refused, first give back there what is dead here already, and ask once more.

        A hold is dead here at the instant it ends; the IMS hears of it seconds later, and nobody should be refused for
        it.
        """
        row = self.row
        lines, window = [_line(row)], _window(row)
        try:
            return self._ask().reserve(key=row.pk, lines=lines, window=window, timeout=self._left())
        except OutOfStock:
            if not self._give_back_dead():
                raise
        return self._ask().reserve(key=row.pk, lines=lines, window=window, timeout=self._left())

    def _give_back_dead(self) -> int:
        """Release at the IMS what it still holds for dead claims on this pool. Returns how many were released."""
        pool = {"variant_id": self.row.variant_id, "depot_id": self.row.depot_id, "kind": self.row.kind}
        there = Reservation.objects.filter(**pool, provider_state__in=[ProviderState.HELD, ProviderState.CONFIRMED])
        # Two statements, as each is read from a small index of its own: reservation_out_of_step and _live_by_pool.
        given_back = there.filter(status__in=[ReservationStatus.RELEASED, ReservationStatus.EXPIRED])
        lapsed = there.lapsed(timezone.now())
        released = 0
        for dead in (given_back, lapsed):
            for reservation_id in dead.values_list("pk", flat=True)[:_MOST_DEAD]:
                released += self._release_dead(dead.filter(pk=reservation_id), reservation_id)
        return released

    def _release_dead(self, dead: QuerySet[Reservation], reservation_id: UUID) -> int:
        """Unless somebody else speaks about it, or it lives again; what is wrong with it is no fault of this one."""
        until = lease_for(None)
        if not _without_lease(dead).update(sync_leased_until=until):
            return 0
        mine = Reservation.objects.filter(pk=reservation_id, sync_leased_until=until)
        try:
            self._ask().release(key=reservation_id, timeout=self._left())
            return mine.update(provider_state=ProviderState.RELEASED, sync_leased_until=None)
        except (NotFound, Refused, OutOfStock) as error:
            log.warning("dead_claim_not_released", reservation=str(reservation_id), error=str(error))
            return 0
        finally:
            mine.update(sync_leased_until=None)

    def _ask(self) -> InventoryProvider:
        """Who is asked next, with a lease that lasts."""
        self._keep_lease()
        return self._provider

    def _keep_lease(self) -> None:
        """Have it outlast the next call. Raises: Unavailable when another took over."""
        row = self.row
        if row.sync_leased_until is None or row.sync_leased_until - timezone.now() > LONGEST_CALL or self._deadline:
            return  # where somebody waits, the lease outlasts the budget
        until = lease_for(None)
        mine = Reservation.objects.filter(pk=row.pk, sync_leased_until=row.sync_leased_until)
        if not mine.update(sync_leased_until=until):
            raise Unavailable("Somebody else took over telling the inventory system about this.")
        row.sync_leased_until = until

    def _left(self) -> float | None:
        """Seconds that the next call may take; None where nobody waits. Raises: Unavailable when none are left."""
        if self._deadline is None:
            return None
        seconds = self._deadline - monotonic()
        if seconds < _LEAST_TIME:
            raise Unavailable("No time left to ask the inventory system.")
        return seconds

    # What came of it

    def _hear(self, answer: RemoteReservation | None) -> None:
        row = self.row
        row.sync_error, row.sync_failures, row.sync_after = "", 0, None
        if answer is None:
            if row.provider_state != ProviderState.LOCAL:
                row.provider_state = ProviderState.RELEASED
            return
        row.provider_state, row.provider_acked_at = OF_REMOTE[answer.state], answer.at
        # An IMS that does not tell its days is taken to keep those it was told.
        window = answer.window
        row.provider_period = DateRange(window.start_on, window.ends_before) if window else row.period
        if row.unit_id and answer.state in (RemoteState.CHECKED_OUT, RemoteState.CHECKED_IN):
            _heard_of_unit(row.unit_id, answer.at, left=answer.state == RemoteState.CHECKED_OUT)

    def _is_refused(self, no: OutOfStock) -> None:
        """What is not set aside there any more is marked; an extension that is refused leaves the rental as it was."""
        row = self.row
        if row.provider_state not in _CLAIMED_THERE:
            row.provider_state = ProviderState.REFUSED
        self._rest(no)
        level = log.error if row.status == ReservationStatus.COMMITTED else log.warning  # paid for: staff must look
        level("reservation_refused", reservation=str(row.pk), sku=row.variant.sku, status=row.status)

    def _rest(self, no: Exception) -> None:
        """A final no is not asked for again at once, but less and less often: somebody may mend what is wrong there."""
        row = self.row
        row.sync_error, row.sync_failures = str(no)[:300], min(row.sync_failures + 1, 100)
        rest = min(timedelta(minutes=1) * 2 ** min(row.sync_failures - 1, 12), LONGEST_REST)
        row.sync_after = timezone.now() + rest


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
    sync_soon(ids)
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


def _without_lease(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    return rows.filter(Q(sync_leased_until=None) | Q(sync_leased_until__lt=timezone.now()))


def _with_names(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    return rows.select_related("variant", "depot", "unit__depot").order_by("id")


def _heard_of_unit(unit_id: int, at: datetime, *, left: bool) -> None:
    """News of the unit up to this instant are the echo of what we told; what it left as needs no telling any more."""
    unit = Unit.objects.filter(pk=unit_id)
    unit.exclude(as_of__gte=at).update(as_of=at)
    if left:
        unit.filter(decided_here=True, status=UnitStatus.OUT).update(decided_here=False)


def _untold() -> QuerySet[Unit]:
    return Unit.objects.filter(decided_here=True).exclude(status=UnitStatus.OUT)


def _line(row: Reservation) -> Line:
    return Line(sku=row.variant.sku, depot=row.depot.code, quantity=row.quantity, kind=row.kind)


def _window(row: Reservation) -> Window | None:
    return Window(start_on=row.period.lower, ends_before=row.period.upper) if row.period else None


__all__ = [
    "OF_REMOTE",
    "enqueue_stragglers",
    "enqueue_untold_units",
    "in_step",
    "lease_for",
    "sync_anew",
    "sync_reservations",
    "tell_unit",
    "wanted_state",
]
