"""How much is credited when an order is cancelled: by how long before its first day. Pure: no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

ALL = 100  # percent


@dataclass(frozen=True, slots=True)
class Tier:
    """At least this long before the first day begins, this much of the rent is credited."""

    hours: int
    percent: int

    def ends_at(self, begins_at: datetime) -> datetime:
        return begins_at - timedelta(hours=self.hours)


def tiers_of(frozen: Sequence[dict[str, Any]]) -> list[Tier]:
    """As a quote froze them, longest notice first."""
    return sorted((Tier(row["hours"], row["percent"]) for row in frozen), key=lambda tier: -tier.hours)


def tier_at(tiers: Sequence[Tier], begins_at: datetime, now: datetime) -> Tier | None:
    """The one that holds now; None once it is too late for any."""
    return next((tier for tier in tiers if now <= tier.ends_at(begins_at)), None)


def percent_at(tiers: Sequence[Tier], begins_at: datetime | None, now: datetime) -> int:
    """How much of the rent is credited now. Without a policy, and without a rental, that is all of it."""
    if not tiers or begins_at is None:
        return ALL
    tier = tier_at(tiers, begins_at, now)
    return tier.percent if tier else 0


def until_next(tiers: Sequence[Tier], begins_at: datetime | None, now: datetime) -> datetime | None:
    """Until when that holds; None: it stays so."""
    tier = tier_at(tiers, begins_at, now) if begins_at else None
    return tier.ends_at(begins_at) if tier and begins_at else None


def in_words(tiers: Sequence[Tier], begins_at: datetime | None, now: datetime) -> str:
    """What cancelling credits now, and what later, as a sentence. begins_at: by the depot's clock."""
    percent, until = percent_at(tiers, begins_at, now), until_next(tiers, begins_at, now)
    if percent == 0:
        return "The rent is not refundable once it is paid."
    much = _much(percent)
    if until is None:
        return f"{much} is credited if you cancel before anything is handed over."
    said = [f"{much} of the rent is credited if you cancel until {_instant(until)}"]
    for ends_at, less in until_when(tiers, begins_at):
        if ends_at > until and less:
            said.append(f"{less} % until {_instant(ends_at)}")
    return f"{'; '.join(said)}; later nothing."


def _instant(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M}"


def _much(percent: int) -> str:
    return "All" if percent == ALL else f"{percent} %"


def retained(amount_minor: int, percent: int) -> int:
    """What is not credited of an amount, rounded down: in doubt for the customer."""
    return max(0, amount_minor) * (ALL - percent) // ALL


def until_when(tiers: Sequence[Tier], begins_at: datetime | None) -> list[tuple[datetime, int]]:
    """The last instant of each tier and how much of the rent it credits, earliest first; afterwards nothing is."""
    return [(tier.ends_at(begins_at), tier.percent) for tier in tiers] if begins_at else []
