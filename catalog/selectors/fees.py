"""What the days of an offer cost, from its row."""

from collections.abc import Collection
from datetime import date

from catalog.pricing import Calendar, RentalFee, SeasonDays, Step, rental_fee
from catalog.selectors.rows import RentalRow, SeasonRow


def season_days(row: SeasonRow) -> SeasonDays:
    """A season as it was read as JSON."""
    start_on, end_on = date.fromisoformat(row["start_on"]), date.fromisoformat(row["end_on"])
    return SeasonDays(row["name"], start_on, end_on, row["percent"])


def fee_for(
    offer: RentalRow, seasons: Collection[SeasonRow], *, first_on: date, days: int, acclimatisation_days: int = 0
) -> RentalFee | None:
    """What so many days of an offer cost from `first_on` on; None: it is not offered for so many."""
    if not max(offer["min_days"], acclimatisation_days + 1) <= days <= offer["max_days"]:
        return None
    calendar = Calendar(
        first_on, [season_days(row) for row in seasons], acclimatisation_days, offer["acclimatisation_percent"]
    )
    return rental_fee([Step(**step) for step in offer["steps"]], days, calendar)
