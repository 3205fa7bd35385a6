"""What the IMS should have heard of a reservation, and whether it has."""

from inventory.models import Reservation
from inventory.states import LIVE, PROGRESS, PROMISED, WANTED, ProviderState, ReservationKind, ReservationStatus

CLAIMED_THERE = (ProviderState.HELD, ProviderState.CONFIRMED, ProviderState.CHECKED_OUT)
GIVEN_BACK = (ProviderState.RELEASED, ProviderState.REFUSED, ProviderState.LOCAL)


def in_step(row: Reservation) -> bool:
    """True when the IMS needs to hear nothing more about this reservation."""
    state, wanted = ProviderState(row.provider_state), wanted_state(row)
    if wanted == ProviderState.RELEASED:
        # "none" is not enough: an earlier call may have reached the IMS although its answer never reached us.
        return state in GIVEN_BACK and row.late_reserve_until is None
    if state == ProviderState.LOCAL:
        return wanted in (ProviderState.HELD, ProviderState.CONFIRMED)
    return PROGRESS.get(state, 0) >= PROGRESS[wanted] and not has_outgrown(row)


def wanted_state(row: Reservation) -> ProviderState:
    """What the IMS should have acknowledged, by what became of the reservation here."""
    if row.status == ReservationStatus.FULFILLED and row.kind == ReservationKind.RENTAL:
        return ProviderState.CHECKED_IN
    return WANTED[ReservationStatus(row.status)]


def has_outgrown(row: Reservation) -> bool:
    """True when the IMS keeps fewer days for a live rental than we do."""
    if row.period is None or row.status not in LIVE or row.provider_state not in CLAIMED_THERE:
        return False
    there = row.provider_period
    return there is None or there.lower > row.period.lower or there.upper < row.period.upper


def keeps_other_days(row: Reservation) -> bool:
    """True when the IMS lacks days of a rental that has not left, and keeps some that it needs no more.

    Nobody knows which it keeps (None) after days were given back here (services.days).
    """
    if row.period is None or row.status not in PROMISED or not has_outgrown(row):
        return False
    there = row.provider_period
    return there is None or there.lower < row.period.lower or row.period.upper < there.upper
