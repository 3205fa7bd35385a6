"""The life of a claim on stock and of a rentable unit: the only place that says what may follow what."""

from django.db import models

from inventory.errors import UnitTransitionNotAllowed


class ReservationStatus(models.TextChoices):
    HELD = "held"  # counts until expires_at, then is dead at that instant, job or no job
    COMMITTED = "committed"  # paid: counts until the goods leave
    SHIPPED = "shipped"  # the goods left: a rental counts until it is back, a sale until the IMS has counted it
    FULFILLED = "fulfilled"  # sold and counted, or back from its rental
    RELEASED = "released"
    EXPIRED = "expired"


LIVE = (ReservationStatus.HELD, ReservationStatus.COMMITTED, ReservationStatus.SHIPPED)
PROMISED = (ReservationStatus.HELD, ReservationStatus.COMMITTED)  # and still here


class ReservationKind(models.TextChoices):
    SALE = "sale"
    RENTAL = "rental"


class ProviderState(models.TextChoices):
    """What the IMS last acknowledged for a reservation."""

    NONE = "none"  # not asked yet
    HELD = "held"
    CONFIRMED = "confirmed"
    CHECKED_OUT = "checked_out"
    CHECKED_IN = "checked_in"
    RELEASED = "released"
    REFUSED = "refused"  # it said no
    LOCAL = "local"  # it knows no rental dates: until the hand-over the claim lives here alone


class UnitStatus(models.TextChoices):
    AVAILABLE = "available"  # on the shelf
    OUT = "out"  # with a customer: ours when a shipped reservation names it, else the IMS's own
    CLEANING = "cleaning"  # back, not on the shelf yet
    MAINTENANCE = "maintenance"
    LOST = "lost"
    SOLD = "sold"
    RETIRED = "retired"


AT_HAND = (UnitStatus.AVAILABLE, UnitStatus.CLEANING)  # in service at the depot; what is out is so while it is ours
GONE = (UnitStatus.SOLD, UnitStatus.RETIRED, UnitStatus.LOST)
IN_SERVICE = (UnitStatus.AVAILABLE, UnitStatus.OUT, UnitStatus.CLEANING)
GRADED = (UnitStatus.AVAILABLE, UnitStatus.CLEANING, UnitStatus.MAINTENANCE)  # here to be looked at

U = UnitStatus

UNIT: dict[tuple[str, str], str] = {
    # event       from             to              called by
    ("hand_over", U.AVAILABLE):    U.OUT,          # ship
    ("take_back", U.OUT):          U.CLEANING,     # take_in
    ("shelve",    U.CLEANING):     U.AVAILABLE,    # put_back, decide_unit
    ("break",     U.AVAILABLE):    U.MAINTENANCE,  # decide_unit
    ("break",     U.CLEANING):     U.MAINTENANCE,  # put_back, decide_unit
    ("mend",      U.MAINTENANCE):  U.AVAILABLE,    # decide_unit
    ("lose",      U.AVAILABLE):    U.LOST,         # decide_unit
    ("lose",      U.OUT):          U.LOST,         # decide_unit, part_with
    ("lose",      U.CLEANING):     U.LOST,         # decide_unit
    ("lose",      U.MAINTENANCE):  U.LOST,         # decide_unit
    ("sell",      U.OUT):          U.SOLD,         # part_with
    ("find",      U.LOST):         U.CLEANING,     # decide_unit
    ("retire",    U.AVAILABLE):    U.RETIRED,      # decide_unit
    ("retire",    U.CLEANING):     U.RETIRED,      # decide_unit
    ("retire",    U.MAINTENANCE):  U.RETIRED,      # decide_unit
    ("retire",    U.LOST):         U.RETIRED,      # decide_unit
}  # fmt: skip
DECISIONS = ("shelve", "break", "mend", "lose", "find", "retire")  # what staff may say of a unit by hand


def next_unit_status(event: str, status: str) -> str:
    """Where `event` leads a unit. Raises: UnitTransitionNotAllowed, naming what may be said of it now."""
    try:
        return UNIT[event, status]
    except KeyError:
        allowed = sorted({name for name, source in UNIT if source == status and name in DECISIONS})
        raise UnitTransitionNotAllowed(event=event, status=status, allowed=allowed) from None


# How far the IMS has come with a claim; what is not in here it does not have.
PROGRESS: dict[ProviderState, int] = {
    ProviderState.HELD: 1,
    ProviderState.CONFIRMED: 2,
    ProviderState.CHECKED_OUT: 3,
    ProviderState.CHECKED_IN: 4,
}

# What each reservation status asks of the IMS; a rental that is fulfilled must be checked in as well.
WANTED: dict[ReservationStatus, ProviderState] = {
    ReservationStatus.HELD: ProviderState.HELD,
    ReservationStatus.COMMITTED: ProviderState.CONFIRMED,
    ReservationStatus.SHIPPED: ProviderState.CHECKED_OUT,
    ReservationStatus.FULFILLED: ProviderState.CHECKED_OUT,
    ReservationStatus.RELEASED: ProviderState.RELEASED,
    ReservationStatus.EXPIRED: ProviderState.RELEASED,
}
