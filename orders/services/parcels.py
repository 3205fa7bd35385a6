"""Who brings a parcel, as it was told."""

from dataclasses import dataclass

from orders.errors import ShipmentUnsuitable


@dataclass(frozen=True, slots=True)
class Tracked:
    """A carrier and its number of a parcel; both empty: nobody said."""

    carrier: str
    number: str


def tracked_by(carrier: str, tracking_number: str) -> Tracked:
    """Both or neither. Raises: ShipmentUnsuitable."""
    tracked = Tracked(carrier.strip(), tracking_number.strip())
    if bool(tracked.carrier) != bool(tracked.number):
        raise ShipmentUnsuitable
    return tracked
