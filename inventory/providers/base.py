"""What this shop asks of an inventory management system (IMS), in our own words.

The IMS is the truth for physical counts; this database is the truth for promises. Every adapter speaks to one
system and lets none of its words out. `docs/inventory-provider.openapi.yaml` is the contract of the `http` adapter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Capability(StrEnum):
    """What an IMS can do beyond counting. What it cannot do, this shop does alone."""

    RENTAL_WINDOWS = "rental_windows"  # reserves between two dates, not only "now"
    HOLD_EXPIRY = "hold_expiry"  # lets an unconfirmed reservation die by itself
    IDEMPOTENT = "idempotent"  # the same key twice is the same reservation
    UNIT_STATES = "unit_states"  # takes our word for a unit's status and condition
    CHANGE_FEED = "change_feed"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Level:
    """Pieces for sale of one SKU at one depot, as the IMS counted them at `as_of` (its own clock).

    An IMS that keeps no instant for each row gives that of the counting: it then grows although nothing moved.
    """

    sku: str
    depot: str
    on_hand: int
    reserved_elsewhere: int  # claims of other channels; never ours
    as_of: datetime


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """One serialised thing for rent, as the IMS knows it."""

    serial: str
    sku: str
    depot: str
    condition: str  # A (as new) to D (worn)
    status: str  # inventory.states.UnitStatus
    as_of: datetime


@dataclass(frozen=True, slots=True)
class LevelPage:
    levels: Sequence[Level]
    cursor: str | None  # None: this was the last page


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    depot: str
    quantity: int
    kind: str  # inventory.states.ReservationKind: "sale" | "rental"


@dataclass(frozen=True, slots=True)
class Window:
    """Days a rental keeps its unit, prep and turnaround included. Half open: `ends_before` is the first free day."""

    start_on: date
    ends_before: date


class RemoteState(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    CHECKED_OUT = "checked_out"
    CHECKED_IN = "checked_in"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class RemoteReservation:
    """What the IMS has under one of our keys."""

    key: UUID
    state: RemoteState
    lines: Sequence[Line]
    at: datetime  # the IMS's clock when this state was reached, or later; a count of `as_of >= at` contains it
    window: Window | None = None  # of its rentals; none where the IMS knows no dates
    serials_out: Sequence[str] = ()  # units that are with the customer now


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved since a cursor. Repeats and reordering are allowed: rows say what is, not what changed."""

    levels: Sequence[Level]
    units: Sequence[UnitRecord]
    cursor: str
    more: bool  # ask again at once


class InventoryProvider(Protocol):
    """One IMS. Every call may be repeated: `key` (our reservation id) makes it the same call.

    Each call may raise any error below and is never made while a transaction or a lock is held. An iterator that broke
    off is not gone on with; the call is made anew.
    `timeout` is the whole budget in seconds; None means the adapter's own default.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this IMS can do. An adapter may have to ask it, so this, too, is a call that can fail."""

    def levels(self, *, skus: Sequence[str] | None = None, cursor: str | None = None) -> LevelPage:
        """One page of counts; of every SKU when `skus` is None."""

    def units(self, *, sku: str | None = None, depot: str | None = None) -> Iterator[UnitRecord]:
        """Every serialised unit, once. Read while it is walked through, a page at a time, so each step may raise."""

    def reserve(
        self, *, key: UUID, lines: Sequence[Line], window: Window | None = None, timeout: float | None = None
    ) -> RemoteReservation:
        """Set the lines aside, all or none. A released key may be reserved anew. Raises: OutOfStock.

        Without RENTAL_WINDOWS rental lines are refused: such an IMS can only set aside for now.
        """

    def confirm(self, *, key: UUID, timeout: float | None = None) -> RemoteReservation:
        """The customer paid: the hold no longer expires. Raises: NotFound, OutOfStock (it had expired)."""

    def release(self, *, key: UUID, timeout: float | None = None) -> None:
        """Give the lines back. An unknown or already released key is success."""

    def check_out(self, *, key: UUID, lines: Sequence[Line], serials: Sequence[str] = ()) -> RemoteReservation:
        """The goods left the depot: `on_hand` falls (sale) or the units are out (rental).

        lines: those of the reservation; without RENTAL_WINDOWS the IMS first hears of a rental here.
        """

    def check_in(self, *, key: UUID, serials: Sequence[str], condition: str, depot: str) -> RemoteReservation:
        """Rental units came back. What the IMS then calls them is its own choice; `units` and the feed tell."""

    def set_unit(self, *, serial: str, status: str, condition: str) -> UnitRecord:
        """Staff decided here what a unit on the shelf is fit for. Needs UNIT_STATES. Raises: NotFound, Refused.

        A system without a word for `sold` says `retired` from then on.
        """

    def find(self, key: UUID) -> RemoteReservation | None:
        """What became of a call whose answer was lost."""

    def reservations(self) -> Iterator[RemoteReservation]:
        """Every live reservation that carries one of our keys, once. Read while it is walked through, as `units`."""

    def changes(self, cursor: str | None) -> Changes:
        """What moved since `cursor`; everything when it is None. Raises: CursorLost."""

    def parse_push(self, *, headers: Mapping[str, str], body: bytes) -> None:
        """Accept a push if its signature and its time are right. A push only hints that `changes` has news.

        Raises: PushRejected.
        """


class ProviderError(Exception):
    """The IMS did not do what was asked."""

    sku = ""  # of the claim it was about, as far as that is known


class OutOfStock(ProviderError):
    """The IMS has fewer than asked for. Final."""

    def __init__(self, *, sku: str, have: int) -> None:
        super().__init__(f"The inventory system has {have} of {sku}.")
        self.sku = sku
        self.have = have


class NotFound(ProviderError):
    """The IMS does not know this key, SKU, depot or unit. Final."""


class Refused(ProviderError):
    """The IMS understood and said no, or we are not allowed to ask. Final."""


class RateLimited(ProviderError):
    """Too many calls; nothing happened."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"The inventory system asks to wait {retry_after:g} s.")
        self.retry_after = retry_after


class Unavailable(ProviderError):
    """The IMS was not reached: nothing happened, repeat."""


class UnknownOutcome(ProviderError):
    """The call was sent and no usable answer came: it may have worked. Call `find` first."""


class CursorLost(ProviderError):
    """The change feed no longer knows this cursor: take a full snapshot."""


class PushRejected(ProviderError):
    """A push with a wrong or missing signature, or too old."""
