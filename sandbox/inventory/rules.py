"""The stand-in's words: what it is asked, what it answers, and how it says no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

CONDITIONS = frozenset("ABCD")
STATUSES = frozenset({"available", "out", "cleaning", "maintenance", "lost", "sold", "retired"})
SET_BY_SHOP = frozenset({"available", "cleaning", "maintenance", "lost", "sold", "retired"})
IN_SERVICE = ("available", "out", "cleaning")  # counted for rental windows
AT_HAND = frozenset({"available", "cleaning"})  # can be handed over
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refusal(Exception):
    """A problem document in the making."""

    def __init__(self, status: int, code: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.members = status, code, detail, members


def out_of_stock(sku: str, have: int) -> Refusal:
    return Refusal(409, "out_of_stock", f"There are {have} of {sku}.", sku=sku, have=have)


def unknown(what: str, ref: str) -> Refusal:
    return Refusal(404, f"unknown_{what}", f"There is no {what} {ref}.")


def invalid(pointer: str, detail: str) -> Refusal:
    return Refusal(422, "invalid", detail, errors=[{"pointer": pointer, "detail": detail}])


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    depot: str
    quantity: int
    kind: str

    def as_json(self) -> dict[str, object]:
        return {"sku": self.sku, "depot": self.depot, "quantity": self.quantity, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Window:
    start_on: date
    ends_before: date  # the first free day

    def contains(self, other: Window) -> bool:
        return self.start_on <= other.start_on and other.ends_before <= self.ends_before


@dataclass(frozen=True, slots=True)
class Claim:
    """What one key holds of one pool."""

    quantity: int
    units_out: int
    start_on: date
    ends_before: date

    def last_day(self, today: date) -> date:
        """The first free day; a unit that is overdue is not free today."""
        return max(self.ends_before, today + timedelta(days=1)) if self.units_out else self.ends_before


def free_over(window: Window, in_service: int, claims: Sequence[Claim], today: date) -> int:
    """Units that are free on every day of the window."""
    worst = 0
    day = window.start_on
    while day < window.ends_before:
        worst = max(worst, sum(c.quantity for c in claims if c.start_on <= day < c.last_day(today)))
        day += timedelta(days=1)
    return in_service - worst


def merged(lines: Sequence[Line]) -> dict[tuple[str, str, str], int]:
    """Pieces asked of each (sku, depot, kind)."""
    wanted: dict[tuple[str, str, str], int] = {}
    for line in lines:
        pool = (line.sku, line.depot, line.kind)
        wanted[pool] = wanted.get(pool, 0) + line.quantity
    return wanted


def instant(micros: int) -> str:
    """An instant as RFC 3339, always with microseconds, so that text sorts as time does."""
    return (EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds").replace("+00:00", "Z")
