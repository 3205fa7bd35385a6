"""One conversation with the IMS about one leased reservation."""

from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
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
from inventory.services.soon import sync_soon, tell_unit_soon
from inventory.standing import CLAIMED_THERE, GIVEN_BACK, has_outgrown, in_step, keeps_other_days, wanted_state
from inventory.states import GONE, PROGRESS, ProviderState, ReservationKind, ReservationStatus, UnitStatus

log = get_logger(__name__)

LEASE = timedelta(seconds=30)
LONGEST_CALL = timedelta(seconds=15)  # of any adapter
_GRACE = timedelta(seconds=5)  # beyond the budget of who waits
LONGEST_REST = timedelta(hours=6)  # after a final refusal
_MOST_DEAD = 20
_LEAST_TIME = 0.05  # seconds
_MOST_STEPS = 6  # reserve, confirm, check out, and as many changes of mind meanwhile
OF_REMOTE = {
    RemoteState.HELD: ProviderState.HELD,
    RemoteState.CONFIRMED: ProviderState.CONFIRMED,
    RemoteState.CHECKED_OUT: ProviderState.CHECKED_OUT,
    RemoteState.CHECKED_IN: ProviderState.CHECKED_IN,
    RemoteState.RELEASED: ProviderState.RELEASED,
}


def lease_for(budget: float | None) -> datetime:
    """Until when a lease lasts that is taken now, which is also its name: no two are alike."""
    return timezone.now() + (LEASE if budget is None else timedelta(seconds=budget) + _GRACE)


def without_lease(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    return rows.filter(Q(sync_leased_until=None) | Q(sync_leased_until__lt=timezone.now()))


def take_lease(rows: QuerySet[Reservation], until: datetime) -> int:
    """Lease those that nobody speaks about. Returns how many. Who left a lease behind died while speaking."""
    late = Greatest(F("late_reserve_until"), F("sync_leased_until") + LONGEST_CALL)  # the one that is not NULL
    return without_lease(rows).update(sync_leased_until=until, late_reserve_until=late)


class Talk:
    """What is said to the IMS about one leased reservation. What it heard is on `row`; the caller writes it down."""

    def __init__(self, provider: InventoryProvider, row: Reservation, deadline: float | None) -> None:
        self._provider, self.row, self._deadline = provider, row, deadline

    def bring_in_step(self) -> None:
        """By what the reservation was when it was read; whoever moves it meanwhile enqueues the next talk."""
        for _ in range(_MOST_STEPS):
            if self._has_nothing_to_say() or self._looks_again_later():
                return
            try:
                self._hear(self._step())
            except OutOfStock as no:
                self._is_refused(no)
                raise
            except (NotFound, Refused) as no:
                self._rest(no)
                no.sku = self.row.variant.sku
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

    def _looks_again_later(self) -> bool:
        """True for what was given back there while a late call may still set it aside anew."""
        ended = wanted_state(self.row) == ProviderState.RELEASED and self.row.provider_state in GIVEN_BACK
        return ended and _is_ahead(self.row.late_reserve_until)

    # One call

    def _step(self) -> RemoteReservation | None:
        """The one next call. Returns the IMS's answer, or None when it has no such claim any more."""
        row, state, wanted = self.row, ProviderState(self.row.provider_state), wanted_state(self.row)
        if not self._knows_rentals():
            return self._step_without_dates(state, wanted)
        if wanted != ProviderState.RELEASED:
            self._await(row.late_release_until)
        if row.sync_error and state == ProviderState.NONE and (found := self._ask().find(row.pk)):
            return found  # the answer to an earlier call was lost
        try:
            has_moved = state in PROGRESS and keeps_other_days(row)  # a window there only grows
            if wanted == ProviderState.RELEASED or has_moved:
                self._give_back(moves=wanted != ProviderState.RELEASED)
                return None
            if state not in PROGRESS or has_outgrown(row):
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
                sync_soon([earlier.pk], hasten=False)
            row.sync_error = "waits until the inventory system has heard of its unit's last return"
            raise Unavailable("The unit's last return has to be told first.")

    def _tell_what_it_left_as(self, unit: Unit) -> None:
        """A unit that staff mended or found may not leave there before the IMS has heard of that too."""
        if Capability.UNIT_STATES not in self._provider.capabilities:
            return
        with suppress(Refused):  # it is out there already: the answer to an earlier check-out was lost
            self._ask().set_unit(serial=unit.serial, status=UnitStatus.AVAILABLE, condition=unit.condition)

    def _give_back(self, *, moves: bool) -> None:
        """Release there, at once.

        Of two calls the one made first arrives last when its answer was not waited for. So what is given back is looked
        at again once a late `reserve` must have arrived; what only moves waits for that; and nobody reserves while a
        late release may arrive.
        """
        if moves:
            self._await(self.row.late_reserve_until)
        try:
            self._ask().release(key=self.row.pk, timeout=self._left())
        except UnknownOutcome:
            self.row.late_release_until = timezone.now() + LONGEST_CALL
            raise

    def _reserve(self) -> RemoteReservation:
        try:
            return self._win()
        except UnknownOutcome:
            self.row.late_reserve_until = timezone.now() + LONGEST_CALL
            raise

    def _await(self, late_until: datetime | None) -> None:
        if _is_ahead(late_until):
            self.row.sync_after = late_until
            raise Unavailable("An earlier call about this may still reach the inventory system.")

    def _win(self) -> RemoteReservation:
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
        if not take_lease(dead, until):
            return 0
        mine = Reservation.objects.filter(pk=reservation_id, sync_leased_until=until)
        try:
            self._ask().release(key=reservation_id, timeout=self._left())
            return mine.update(provider_state=ProviderState.RELEASED, sync_leased_until=None)
        except (NotFound, Refused, OutOfStock) as error:
            log.warning("dead_claim_not_released", reservation=str(reservation_id), error=str(error))
            return 0
        except UnknownOutcome:
            mine.update(late_release_until=timezone.now() + LONGEST_CALL)
            raise
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
        if not _is_ahead(row.late_reserve_until):
            row.late_reserve_until = None
        if answer is None:
            row.sync_after = row.late_reserve_until
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
        if row.provider_state not in CLAIMED_THERE:
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


def _heard_of_unit(unit_id: int, at: datetime, *, left: bool) -> None:
    """News of the unit up to this instant are the echo of what we told; what it left as needs no telling any more."""
    unit = Unit.objects.filter(pk=unit_id)
    unit.exclude(as_of__gte=at).update(as_of=at)
    if left:
        unit.filter(decided_here=True, status=UnitStatus.OUT).update(decided_here=False)
    elif unit.filter(decided_here=True, status__in=GONE).exists():
        tell_unit_soon(unit_id)  # it was said to be back, which ended its rental; what is true comes now


def _is_ahead(at: datetime | None) -> bool:
    return at is not None and at > timezone.now()


def _line(row: Reservation) -> Line:
    return Line(sku=row.variant.sku, depot=row.depot.code, quantity=row.quantity, kind=row.kind)


def _window(row: Reservation) -> Window | None:
    return Window(start_on=row.period.lower, ends_before=row.period.upper) if row.period else None
