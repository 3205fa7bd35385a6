"""Why inventory says no."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Shortage:
    """What is short of one asked thing."""

    sku: str
    depot: str
    kind: str
    requested: int
    available: int
    first_on: str | None = None  # the days that the customer asked for
    last_on: str | None = None


class OutOfStock(DomainError):
    """Not everything asked for is free; nothing was reserved. `lines` say what is short and by how many."""

    code = "out_of_stock"
    title = "Not enough is free for this."

    def __init__(self, lines: Sequence[Shortage]) -> None:
        short = "; ".join(f"{s.sku} at {s.depot}: asked for {s.requested}, free {s.available}" for s in lines)
        super().__init__(f"Not enough is free: {short}.", lines=[asdict(line) for line in lines])
        self.lines = tuple(lines)


class HoldLapsed(DomainError):
    """A hold had ended before it was used; the stock must be won anew."""

    code = "hold_lapsed"
    title = "The reservation has lapsed."


class UnitNotFree(DomainError):
    code = "unit_not_free"
    title = "This unit is not free for these days."


class UnitTransitionNotAllowed(DomainError):
    """`current` is how the unit stands now, `allowed` what may be said of it instead."""

    code = "unit_transition_not_allowed"
    title = "That cannot be said of this unit now."

    def __init__(self, *, event: str, status: str, allowed: list[str]) -> None:
        instead = f" Possible now: {', '.join(allowed)}." if allowed else ""
        super().__init__(
            f"Cannot {event.replace('_', ' ')} a unit that is {status}.{instead}", current=status, allowed=allowed
        )


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row of a file, and what to do about it. `column` is empty when it is the whole row."""

    line: int
    column: str
    problem: str
    advice: str


class ImportRefused(Exception):
    """A file was not taken, and nothing of it was written. `errors` are the first ones; `count` counts all."""

    def __init__(self, errors: Sequence[RowError], count: int) -> None:
        super().__init__(f"{count} {'row is' if count == 1 else 'rows are'} not right; nothing was written.")
        self.errors = tuple(errors)
        self.count = count


class PushNotAccepted(DomainError):
    code = "signature_invalid"
    title = "The push is not signed with a known secret, or is too old."
    status = 400
