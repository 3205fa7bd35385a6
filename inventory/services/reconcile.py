"""Compare what this database and the IMS believe, both ways, and change nothing.

Both sides move while they are read. So what differs is looked at twice, with time in between for the mirror and the
jobs to do their work, and only what is still the same difference is drift.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from time import sleep
from typing import Literal, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone

from catalog.models import Variant
from inventory.models import Depot, Reservation, StockLevel, Unit
from inventory.providers.base import InventoryProvider, Level, Line, RemoteReservation, UnitRecord
from inventory.providers.registry import get_provider
from inventory.services.sync import in_step, wanted_state
from inventory.states import LIVE, ProviderState, ReservationKind, ReservationStatus, UnitStatus

Drift = Literal["missing_there", "missing_here", "quantity", "state", "stale_mirror"]
T = TypeVar("T")
M = TypeVar("M", bound=Model)

A_MIRROR_ROUND = 15.0  # seconds; the mirror reads every 10
_BATCH = 500
_GONE = (UnitStatus.SOLD, UnitStatus.RETIRED, UnitStatus.LOST)  # an IMS may have forgotten such a unit
_AT_HAND = "available"  # being cleaned is known only to the side that cleans


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `ours` and `theirs` are what each side says, empty where it has no such thing."""

    drift: Drift
    what: Literal["level", "unit", "reservation"]
    ref: str  # SKU, serial or reservation id
    depot: str
    ours: str
    theirs: str
    note: str = ""

    def is_like(self) -> tuple[str, ...]:
        """What stays the same as long as our side does not move."""
        return (self.drift, self.what, self.ref, self.depot, self.ours)


@dataclass(slots=True)
class Report:
    """How much was compared, and what differs. `skipped`: rows of theirs whose SKU or depot is not one of ours."""

    levels: int = 0
    units: int = 0
    reservations: int = 0
    skipped: int = 0
    findings: list[Finding] = field(default_factory=list)


def reconcile_inventory(
    *,
    depot: str | None = None,
    sku: str | None = None,
    settle: float = A_MIRROR_ROUND,
    progress: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Find where levels, units and reservations differ from the IMS; of one depot or SKU when named.

    Reads only. When something differs it waits `settle` seconds and looks again. Network, so never inside a
    transaction. Raises: ProviderError.
    """
    look = _Look(get_provider(), depot, sku, progress)
    report = look.all()
    if not report.findings:
        return report
    progress(f"{len(report.findings)} differences; looking again in {settle:g} s")
    sleep(settle)
    before = {finding.is_like() for finding in report.findings}
    again = look.all()
    again.findings = [finding for finding in again.findings if finding.is_like() in before]
    return again


class _Look:
    """One comparison. Theirs is read first, so that ours can only be newer than what it is compared with."""

    def __init__(
        self, provider: InventoryProvider, depot: str | None, sku: str | None, progress: Callable[[str], None]
    ) -> None:
        self._provider, self._depot, self._sku, self._progress = provider, depot, sku, progress
        self._depots = list(Depot.objects.filter(**({"code": depot} if depot else {})).values_list("code", flat=True))

    def all(self) -> Report:
        report = Report()
        for part, count in (("levels", self._levels), ("units", self._units), ("reservations", self._reservations)):
            before = len(report.findings)
            count(report)
            self._progress(f"{getattr(report, part)} {part} compared, {len(report.findings) - before} differ")
        if report.skipped:
            self._progress(f"{report.skipped} rows left out: their SKU or depot is not one of ours")
        return report

    def _mine(self, rows: QuerySet[M]) -> QuerySet[M]:
        """What was asked for, of ours."""
        named = {"depot__code": self._depot, "variant__sku": self._sku}
        return rows.filter(**{name: value for name, value in named.items() if value is not None})

    def _known(self, rows: Collection[Level] | Collection[UnitRecord], report: Report) -> set[tuple[str, str]]:
        """The pools of these rows whose names are ours."""
        skus = set(Variant.objects.filter(sku__in={row.sku for row in rows}).values_list("sku", flat=True))
        known = {(row.sku, row.depot) for row in rows if row.sku in skus and row.depot in self._depots}
        report.skipped += sum((row.sku, row.depot) not in known for row in rows)
        return known

    # Levels

    def _levels(self, report: Report) -> None:
        seen: set[int] = set()
        cursor, more = None, True
        while more:
            page = self._provider.levels(skus=[self._sku] if self._sku else None, cursor=cursor)
            self._compare_levels(page.levels, seen, report)
            cursor, more = page.cursor, page.cursor is not None
        counted = self._mine(StockLevel.objects.exclude(as_of=None, on_hand=0)).order_by("pk")  # not: only rents
        for pk, sku, depot, on_hand in counted.values_list("pk", "variant__sku", "depot__code", "on_hand").iterator():
            if pk not in seen:
                report.findings.append(Finding("missing_there", "level", sku, depot, _pieces(on_hand), ""))
        report.levels = len(seen)

    def _compare_levels(self, theirs: Collection[Level], seen: set[int], report: Report) -> None:
        asked = [level for level in theirs if self._depot in (None, level.depot)]
        known = self._known(asked, report)
        pools = {"variant__sku__in": {sku for sku, _ in known}, "depot__code__in": {depot for _, depot in known}}
        rows = StockLevel.objects.select_related("variant", "depot").filter(**pools)
        ours = {(row.variant.sku, row.depot.code): row for row in rows}
        seen.update(row.pk for pool, row in ours.items() if pool in known)
        for level in asked:
            pool = (level.sku, level.depot)
            if pool in known and (finding := _compare_level(ours.get(pool), level)) is not None:
                report.findings.append(finding)

    # Units

    def _units(self, report: Report) -> None:
        seen: set[int] = set()
        for depot in self._depots:  # one after the other, so that only one depot's are in memory
            for batch in _batches(self._provider.units(sku=self._sku, depot=depot)):
                self._compare_units(batch, seen, report)
        expected = self._mine(Unit.objects.exclude(status__in=_GONE)).order_by("pk")
        for pk, serial, depot, status in expected.values_list("pk", "serial", "depot__code", "status").iterator():
            if pk not in seen:
                report.findings.append(Finding("missing_there", "unit", serial, depot, status, ""))
        report.units = len(seen)

    def _compare_units(self, theirs: Collection[UnitRecord], seen: set[int], report: Report) -> None:
        known = self._known(theirs, report)
        rows = Unit.objects.select_related("variant", "depot").filter(serial__in=[unit.serial for unit in theirs])
        ours = {row.serial: row for row in rows}
        seen.update(row.pk for row in ours.values())
        for unit in theirs:
            is_ours = unit.serial in ours or (unit.sku, unit.depot) in known
            if is_ours and (finding := _compare_unit(ours.get(unit.serial), unit)) is not None:
                report.findings.append(finding)

    # Reservations

    def _reservations(self, report: Report) -> None:
        seen: set[UUID] = set()
        for batch in _batches(self._provider.reservations()):
            mine = [found for found in batch if self._is_asked_for(found)]
            ours = _with_names(Reservation.objects.all()).in_bulk([found.key for found in mine])
            seen.update(ours)
            report.findings += filter(None, (_compare_reservation(ours.get(found.key), found) for found in mine))
        report.reservations = len(seen)
        live = self._mine(Reservation.objects.filter(status__in=LIVE))
        for row in _with_names(live).order_by("pk").iterator(chunk_size=_BATCH):
            if row.pk not in seen and _is_expected(row):
                report.findings.append(_about(row, "missing_there", ""))

    def _is_asked_for(self, found: RemoteReservation) -> bool:
        return any(self._sku in (None, line.sku) and line.depot in self._depots for line in found.lines) or (
            self._sku is None and self._depot is None
        )


def _batches(rows: Collection[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _pieces(on_hand: int, elsewhere: int = 0, as_of: datetime | None = None) -> str:
    claimed = f", {elsewhere} claimed elsewhere" if elsewhere else ""
    return f"{on_hand} on hand{claimed}" + (f" at {as_of.isoformat()}" if as_of else "")


def _compare_level(row: StockLevel | None, level: Level) -> Finding | None:
    theirs = _pieces(level.on_hand, level.reserved_elsewhere, level.as_of)
    if row is None:
        return Finding("missing_here", "level", level.sku, level.depot, "", theirs)
    same = (row.on_hand, row.reserved_elsewhere) == (level.on_hand, level.reserved_elsewhere)
    if same and row.as_of == level.as_of:
        return None
    behind = row.as_of is None or row.as_of < level.as_of
    drift: Drift = "stale_mirror" if behind or same else "quantity"
    note = "" if behind or row.as_of == level.as_of else "our count is later: the mirror waits for its clock"
    return Finding(
        drift, "level", level.sku, level.depot, _pieces(row.on_hand, row.reserved_elsewhere, row.as_of), theirs, note
    )


def _compare_unit(row: Unit | None, unit: UnitRecord) -> Finding | None:
    theirs = _describe(unit.sku, unit.depot, unit.condition, unit.status)
    if row is None:
        return Finding("missing_here", "unit", unit.serial, unit.depot, "", theirs)
    ours = _describe(row.variant.sku, row.depot.code, row.condition, row.status)
    if ours == theirs:
        return None
    drift: Drift = "stale_mirror" if row.as_of is None or row.as_of < unit.as_of else "state"
    return Finding(drift, "unit", unit.serial, row.depot.code, ours, theirs)


def _describe(sku: str, depot: str, condition: str, status: str) -> str:
    where = _AT_HAND if status in (UnitStatus.AVAILABLE, UnitStatus.CLEANING) else str(status)
    return f"{where}, {condition}, {sku} at {depot}"


def _compare_reservation(row: Reservation | None, found: RemoteReservation) -> Finding | None:
    lines = ", ".join(_line(line) for line in found.lines)
    if row is None:
        first = found.lines[0]
        return Finding("missing_here", "reservation", str(found.key), first.depot, "", f"{found.state}: {lines}")
    if lines != _line(Line(row.variant.sku, row.depot.code, row.quantity, row.kind)):
        return _about(row, "quantity", f"{found.state}: {lines}")
    if ProviderState(found.state) != wanted_state(row):
        return _about(row, "state", found.state)
    return None


def _line(line: Line) -> str:
    return f"{line.quantity} {line.sku} at {line.depot} for {line.kind}"


def _is_lapsed(row: Reservation) -> bool:
    """A hold that is dead here and not tidied yet; the IMS may have it or not."""
    return row.status == ReservationStatus.HELD and row.expires_at is not None and row.expires_at <= timezone.now()


def _is_expected(row: Reservation) -> bool:
    """True when the IMS must have this reservation; a sale that left is no claim any more."""
    out = row.status == ReservationStatus.SHIPPED and row.kind == ReservationKind.SALE
    return not out and not _is_lapsed(row)


def _about(row: Reservation, drift: Drift, theirs: str) -> Finding:
    acknowledged = f"it acknowledged {row.provider_state}"
    if row.provider_state in (ProviderState.NONE, ProviderState.REFUSED):
        acknowledged = "it was never told" if row.provider_state == ProviderState.NONE else "it refused"
    note = acknowledged if in_step(row) else f"{acknowledged}; not in step"
    ours = f"{row.status}: " + _line(Line(row.variant.sku, row.depot.code, row.quantity, row.kind))
    return Finding(drift, "reservation", str(row.pk), row.depot.code, ours, theirs, note)


def _with_names(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    return rows.select_related("variant", "depot")


__all__ = ["Finding", "Report", "reconcile_inventory"]
