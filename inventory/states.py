"""The life of a claim on stock and of a rentable unit."""

from django.db import models


class ReservationStatus(models.TextChoices):
    HELD = "held"  # counts until expires_at, then is dead at that instant, job or no job
    COMMITTED = "committed"  # paid: counts until the goods leave
    SHIPPED = "shipped"  # the goods left: a rental counts until it is back, a sale until the IMS has counted it
    FULFILLED = "fulfilled"  # sold and counted, or back from its rental
    RELEASED = "released"
    EXPIRED = "expired"


LIVE = (ReservationStatus.HELD, ReservationStatus.COMMITTED, ReservationStatus.SHIPPED)


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


class UnitStatus(models.TextChoices):
    AVAILABLE = "available"
    OUT = "out"
    CLEANING = "cleaning"
    MAINTENANCE = "maintenance"
    LOST = "lost"
    SOLD = "sold"
    RETIRED = "retired"


IN_SERVICE = (UnitStatus.AVAILABLE, UnitStatus.OUT, UnitStatus.CLEANING)


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
