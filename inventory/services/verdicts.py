"""What one difference between us and the IMS is called, and the one repair that can do no harm.

Where nothing is safe it is left to a person, with the reason in the finding's note.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from django.utils import timezone

from inventory.models import Reservation, StockLevel, Unit
from inventory.providers.base import Level, Line, RemoteReservation, RemoteState, UnitRecord
from inventory.services.takeover import Ids, as_told, is_possible
from inventory.services.talk import OF_REMOTE
from inventory.standing import in_step, wanted_state
from inventory.states import LIVE, PROGRESS, ProviderState, ReservationKind, ReservationStatus, UnitStatus

Drift = Literal["missing_there", "missing_here", "quantity", "state", "stale_mirror"]
Thing = Literal["level", "unit", "reservation"]

_CLAIMS = (RemoteState.HELD, RemoteState.CONFIRMED, RemoteState.CHECKED_OUT)
_AHEAD = "its clock is more than a day ahead"
_AT_HAND = "available"  # being cleaned is known only to the side that cleans
_NOBODYS = "sold or retired"


class Repair(StrEnum):
    """What makes both sides agree again."""

    TAKE_THEIRS = "take_theirs"  # write the row that was read, as the mirror would
    WRITE_OFF = "write_off"  # our count becomes 0 as of now
    TELL_AGAIN = "tell_again"  # tell it what staff decided about a unit
    SYNC_AGAIN = "sync_again"  # tell it what became of a reservation
    RELEASE_THERE = "release_there"  # give back there what nobody here knows of
    BY_HAND = "by_hand"  # nothing is safe: a person must look


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `ours` and `theirs` are what each side says, empty where it has no such thing.

    since: the instant before which it cannot have come apart; empty where nothing tells.
    result: what became of it: nothing tried (""), "repaired", "gone" by itself, still "left", or "tried" and not looked
    at again because the IMS went away.
    """

    drift: Drift
    what: Thing
    ref: str  # SKU, serial or reservation id
    depot: str
    ours: str
    theirs: str
    note: str = ""
    repair: Repair = Repair.BY_HAND
    since: str = ""
    result: Literal["", "repaired", "gone", "left", "tried"] = ""

    @property
    def about(self) -> tuple[str, str, str]:
        """Names the thing; a unit is the same one at another depot."""
        return (self.what, self.ref, self.depot if self.what == "level" else "")

    def is_like(self) -> tuple[str, ...]:
        """What stays the same as long as our side does not move."""
        return (self.drift, self.what, self.ref, self.depot, self.ours)


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with both rows as they were read."""

    finding: Finding
    here: StockLevel | Unit | Reservation | None = None
    there: Level | UnitRecord | RemoteReservation | None = None

    def left_to_a_person(self, why: str) -> "Case":
        return replace(self, finding=replace(self.finding, repair=Repair.BY_HAND, note=why))


# What a level's difference means


def _pieces(on_hand: int, elsewhere: int = 0, as_of: datetime | None = None) -> str:
    claimed = f", {elsewhere} claimed elsewhere" if elsewhere else ""
    return f"{on_hand} on hand{claimed}" + (f" at {as_of.isoformat()}" if as_of else "")


def missing_level(row: StockLevel) -> Case:
    finding = Finding("missing_there", "level", row.variant.sku, row.depot.code, _pieces(row.on_hand), "")
    if row.as_of is None:
        return Case(replace(finding, note="written here and never counted there: enter it there"), row)
    return Case(replace(finding, repair=Repair.WRITE_OFF, since=row.as_of.isoformat()), row)


def compare_level(row: StockLevel | None, level: Level, *, awaited: bool) -> Case | None:
    """awaited: sales that left wait for a count as new as this one. Else the same numbers told later say nothing new:
    an IMS without instants gives them that of the counting.
    """
    theirs = _pieces(level.on_hand, level.reserved_elsewhere, level.as_of)
    ours = _pieces(row.on_hand, row.reserved_elsewhere, row.as_of) if row else ""
    if not is_possible(level):
        return Case(Finding("quantity", "level", level.sku, level.depot, ours, theirs, _AHEAD), row, level)
    since = level.as_of.isoformat()
    if row is None:
        finding = Finding("missing_here", "level", level.sku, level.depot, "", theirs, "", Repair.TAKE_THEIRS, since)
        return Case(finding, None, level)
    same = (row.on_hand, row.reserved_elsewhere) == (level.on_hand, level.reserved_elsewhere)
    behind = row.as_of is None or row.as_of < level.as_of
    if same and row.as_of is not None and (row.as_of == level.as_of or (behind and not awaited)):
        return None  # an IMS may stamp its counts with the instant of their reading
    note = "" if behind or row.as_of == level.as_of else "our count is later: the mirror waits for its clock"
    drift: Drift = "stale_mirror" if behind or same else "quantity"
    finding = Finding(drift, "level", level.sku, level.depot, ours, theirs, note, Repair.TAKE_THEIRS)
    return Case(replace(finding, since=since) if behind else finding, row, level)


# What a unit's difference means


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What has to be known to judge a unit: names that are ours, units of whose leaving or return the IMS has still to
    hear, units that are with our customers, and whether it takes our word for a unit at all.
    """

    names: tuple[Ids, Ids]
    being_told: set[int]
    with_customers: set[int]
    takes_words: bool


def is_same_unit(row: Unit | None, unit: UnitRecord) -> bool:
    return row is not None and _known_of(row) == _told_of(unit)


def _known_of(row: Unit) -> str:
    return _describe(row.variant.sku, row.depot.code, row.condition, row.status)


def _told_of(unit: UnitRecord) -> str:
    return _describe(unit.sku, unit.depot, unit.condition, unit.status)


def _describe(sku: str, depot: str, condition: str, status: str) -> str:
    where = _AT_HAND if status in (UnitStatus.AVAILABLE, UnitStatus.CLEANING) else str(status)
    where = _NOBODYS if status in (UnitStatus.SOLD, UnitStatus.RETIRED) else where  # not every system knows both words
    return f"{where}, {condition}, {sku} at {depot}"


def missing_unit(row: Unit, *, narrowed: bool) -> Case:
    """A unit of ours that the IMS does not list. Nobody retires it: it may be on our shelf."""
    note = f"not at {row.depot.code} there" if narrowed else "enter it there, or retire it here"
    return Case(Finding("missing_there", "unit", row.serial, row.depot.code, row.status, "", note), row)


def unit_case(row: Unit | None, unit: UnitRecord, known: Surroundings) -> Case:
    since = unit.as_of.isoformat()
    if row is None:
        repair, note = _of_now(unit)
        finding = Finding("missing_here", "unit", unit.serial, unit.depot, "", _told_of(unit), note, repair, since)
        return Case(finding, None, unit)
    stale = row.as_of is None or row.as_of < unit.as_of
    repair, note = _held_here(row, known) or _merging(row, unit, known)
    return Case(
        Finding(
            drift="stale_mirror" if stale else "state",
            what="unit",
            ref=unit.serial,
            depot=row.depot.code,
            ours=_known_of(row),
            theirs=_told_of(unit),
            note=note,
            repair=repair,
            since=since if stale else "",
        ),
        row,
        unit,
    )


def _of_now(unit: UnitRecord) -> tuple[Repair, str]:
    return (Repair.TAKE_THEIRS, "") if is_possible(unit) else (Repair.BY_HAND, _AHEAD)


def _held_here(row: Unit, known: Surroundings) -> tuple[Repair, str] | None:
    """What the IMS has still to hear from us about this unit; of one that left, with its leaving."""
    decided = row.decided_here and row.status != UnitStatus.OUT
    if decided and known.takes_words:
        return Repair.TELL_AGAIN, "staff decided this here"
    if decided:
        return Repair.BY_HAND, "staff decided this here, and it takes no such word: change it there"
    if row.pk in known.being_told:
        return Repair.SYNC_AGAIN, "it has not heard that this unit left or came back"
    return None


def _merging(row: Unit, unit: UnitRecord, known: Surroundings) -> tuple[Repair, str]:
    """Whether the mirror would write theirs, and if not, why."""
    variant, depot = known.names[0].get(unit.sku), known.names[1].get(unit.depot)
    if variant is None or depot is None:
        return Repair.BY_HAND, "its SKU or depot there is not one of ours"
    is_out = row.pk in known.with_customers
    new = as_told(row, unit, (variant, depot), is_out=is_out)
    if any(getattr(new, name) != getattr(row, name) for name in ("variant_id", "depot_id", "condition", "status")):
        return _of_now(unit)
    if is_out:
        return Repair.BY_HAND, "a customer of ours has it: take it back here, or correct it there"
    if row.status == UnitStatus.CLEANING:
        return Repair.BY_HAND, "being cleaned here; it hears of it when the unit is put back"
    return Repair.BY_HAND, "what is known here stands: correct it there"


# What a reservation's difference means


def stranger(remote: RemoteReservation) -> Case | None:
    """A claim under a key that nobody here knows; what claims nothing any more is no difference."""
    if remote.state not in _CLAIMS:
        return None
    lines = ", ".join(map(_line, remote.lines))
    finding = Finding(
        "missing_here", "reservation", str(remote.key), remote.lines[0].depot, "", f"{remote.state}: {lines}",
        since=remote.at.isoformat(),
    )  # fmt: skip
    if remote.state == RemoteState.CHECKED_OUT:
        return Case(replace(finding, note="goods have left under it: find out who has them"), None, remote)
    return Case(replace(finding, repair=Repair.RELEASE_THERE), None, remote)


def compare_reservation(row: Reservation, remote: RemoteReservation) -> Case | None:
    lines = ", ".join(map(_line, remote.lines))
    if lines != _line(_own_line(row)):
        theirs = f"{remote.state}: {lines}"
        return _about(row, "quantity", theirs, remote, note="a key cannot change what it stands for")
    state, wanted = OF_REMOTE[remote.state], wanted_state(row)
    if state != wanted:
        if row.is_lapsed(timezone.now()) and remote.state != RemoteState.CHECKED_OUT:
            return None  # the IMS may have it or not
        return _state_case(row, remote)
    serials = set(remote.serials_out)
    if serials and row.status == ReservationStatus.SHIPPED and serials != _serials(row):
        theirs = f"{remote.state}: {', '.join(sorted(serials))}"
        return _about(row, "state", theirs, remote, note="another unit is out there than here")
    if _keeps_fewer_days(row, remote) and remote.window is not None:
        theirs = f"{remote.state}: {remote.window.start_on} until before {remote.window.ends_before}"
        note = f"here {row.period.lower} until before {row.period.upper}: it keeps fewer days"
        return _about(row, "quantity", theirs, remote, repair=Repair.SYNC_AGAIN, note=note)
    return None


def _state_case(row: Reservation, remote: RemoteReservation) -> Case:
    if _can_follow(row, OF_REMOTE[remote.state]):
        return _about(row, "state", remote.state, remote, repair=Repair.SYNC_AGAIN)
    left = remote.state == RemoteState.CHECKED_OUT
    note = "the goods have left there and not here" if left else "it is further there than here"
    return _about(row, "state", remote.state, remote, note=note)


def _can_follow(row: Reservation, there: ProviderState) -> bool:
    """True when the IMS can be brought from there to what we want."""
    wanted = wanted_state(row)
    if wanted == ProviderState.RELEASED:
        return there in (ProviderState.HELD, ProviderState.CONFIRMED)
    counted = row.kind == ReservationKind.SALE and row.status == ReservationStatus.FULFILLED
    return not counted and 0 < PROGRESS.get(there, 0) < PROGRESS[wanted]


def _keeps_fewer_days(row: Reservation, remote: RemoteReservation) -> bool:
    """Ours grew, or theirs shrank; more days there than here hurt nobody."""
    if row.period is None or remote.window is None or row.status not in LIVE or remote.state not in _CLAIMS:
        return False
    return bool(remote.window.start_on > row.period.lower or remote.window.ends_before < row.period.upper)


def _serials(row: Reservation) -> set[str]:
    return {row.unit.serial} if row.unit else set()


def _own_line(row: Reservation) -> Line:
    return Line(row.variant.sku, row.depot.code, row.quantity, row.kind)


def _line(line: Line) -> str:
    return f"{line.quantity} {line.sku} at {line.depot} for {line.kind}"


def missing_reservation(row: Reservation) -> Case:
    return _about(row, "missing_there", "", repair=Repair.SYNC_AGAIN)


def is_expected(row: Reservation) -> bool:
    """True when the IMS must have this reservation.

    A sale that left is no claim any more, and of rentals an IMS without dates hears when the unit leaves.
    """
    out = row.status == ReservationStatus.SHIPPED and row.kind == ReservationKind.SALE
    local = row.provider_state == ProviderState.LOCAL and in_step(row)
    return not (out or local or row.is_lapsed(timezone.now()))


def _about(
    row: Reservation,
    drift: Drift,
    theirs: str,
    remote: RemoteReservation | None = None,
    *,
    repair: Repair = Repair.BY_HAND,
    note: str = "",
) -> Case:
    acknowledged = f"it acknowledged {row.provider_state}"
    if row.provider_state in (ProviderState.NONE, ProviderState.REFUSED):
        acknowledged = "it was never told" if row.provider_state == ProviderState.NONE else "it refused"
    step = acknowledged if in_step(row) else f"{acknowledged}; not in step"
    moments = [row.created_at, row.provider_acked_at, remote.at if remote else None]
    finding = Finding(
        drift,
        "reservation",
        str(row.pk),
        row.depot.code,
        f"{row.status}: " + _line(_own_line(row)),
        theirs,
        f"{note}; {step}" if note else step,
        repair,
        max(moment for moment in moments if moment is not None).isoformat(),
    )
    return Case(finding, row, remote)


__all__ = [
    "Case",
    "Finding",
    "Repair",
    "Surroundings",
    "compare_level",
    "compare_reservation",
    "is_expected",
    "is_same_unit",
    "missing_level",
    "missing_reservation",
    "missing_unit",
    "stranger",
    "unit_case",
]
