"""Compare what this database and the IMS believe, both ways, and change nothing. What differs gets its verdict."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from core import comparing
from inventory.models import Depot, Reservation, StockLevel, Unit
from inventory.providers.base import Capability, InventoryProvider, Level, RemoteReservation, UnitRecord
from inventory.services.mirror import level_pages
from inventory.services.takeover import Ids, moving, names_of
from inventory.services.verdicts import (
    Case,
    Surroundings,
    compare_level,
    compare_reservation,
    is_expected,
    is_same_unit,
    missing_level,
    missing_reservation,
    missing_unit,
    stranger,
    unit_case,
)
from inventory.states import GONE, LIVE, ProviderState, ReservationKind, ReservationStatus

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_BATCH = 500
_FEW = 20  # so many may be wrong on one side without the whole of it being in doubt


@dataclass(slots=True)
class Comparison(comparing.Comparison[Case]):
    """How much was compared, and what differs. `skipped`: rows of theirs whose SKU or depot is not one of ours."""

    levels: int = 0
    units: int = 0
    reservations: int = 0
    skipped: int = 0


class Comparer:
    """Compares everything, or one depot, or one SKU. Theirs is read first, so that ours can only be newer.

    Reads only. Network, so never inside a transaction. Raises: ProviderError.
    """

    def __init__(
        self, provider: InventoryProvider, depot: str | None, sku: str | None, progress: Callable[[str], None]
    ) -> None:
        self._provider, self._depot, self._sku, self._progress = provider, depot, sku, progress
        self._depots = list(Depot.objects.filter(**({"code": depot} if depot else {})).values_list("code", flat=True))

    def all(self) -> Comparison:
        found = Comparison()
        for part, compare in (("levels", self._levels), ("units", self._units), ("reservations", self._reservations)):
            before = len(found.cases)
            compare(found)
            self._progress(f"{getattr(found, part)} {part} compared, {len(found.cases) - before} differ")
        if found.skipped:
            self._progress(f"{found.skipped} rows left out: their SKU or depot is not one of ours")
        return found

    def _mine(self, rows: QuerySet[M]) -> QuerySet[M]:
        """What was asked for, of ours."""
        named = {"depot__code": self._depot, "variant__sku": self._sku}
        return rows.filter(**{name: value for name, value in named.items() if value is not None})

    def _is_known(self, row: Level | UnitRecord, names: tuple[Ids, Ids]) -> bool:
        return row.sku in names[0] and row.depot in names[1] and row.depot in self._depots

    # Levels

    def _levels(self, found: Comparison) -> None:
        seen: set[int] = set()
        for number, levels in enumerate(level_pages(self._provider, [self._sku] if self._sku else None)):
            if number:
                self._progress(f"{len(seen)} levels so far")
            self._compare_levels(levels, seen, found)
        counted = self._mine(StockLevel.objects.exclude(on_hand=0, reserved_elsewhere=0)).order_by("pk")
        missing = [
            missing_level(row)
            for row in counted.select_related("variant", "depot").iterator(chunk_size=_BATCH)
            if row.pk not in seen
        ]
        cut_short = self._sku is None and len(missing) > len(seen) and (len(missing) > _FEW or not seen)
        doubt = "most of our counts are missing there: its list may be cut short"
        found.cases += [case.left_to_a_person(doubt) if cut_short else case for case in missing]
        found.levels = len(seen)

    def _compare_levels(self, theirs: Collection[Level], seen: set[int], found: Comparison) -> None:
        asked = [level for level in theirs if self._depot in (None, level.depot)]
        names = names_of(asked)
        known = [level for level in asked if self._is_known(level, names)]
        found.skipped += len(asked) - len(known)
        pools = {
            "variant_id__in": {names[0][level.sku] for level in known},
            "depot_id__in": {names[1][level.depot] for level in known},
        }
        rows = StockLevel.objects.select_related("variant", "depot").filter(**pools)
        ours = {(row.variant.sku, row.depot.code): row for row in rows}
        awaited = set(_sales_to_be_counted().filter(**pools))
        for level in known:
            row = ours.get((level.sku, level.depot))
            if row is not None:
                seen.add(row.pk)
            case = compare_level(row, level, awaited=(level.sku, level.depot) in awaited)
            if case is not None:
                found.cases.append(case)

    # Units

    def _units(self, found: Comparison) -> None:
        seen: set[int] = set()
        for depot in self._depots:  # one after the other, so that only one depot's are in memory
            for batch in _batches(self._provider.units(sku=self._sku, depot=depot)):
                self._compare_units(batch, seen, found)
                if len(batch) == _BATCH:
                    self._progress(f"{len(seen)} units so far")
        expected = self._mine(Unit.objects.exclude(status__in=GONE)).order_by("pk")
        for row in expected.select_related("depot").iterator(chunk_size=_BATCH):
            if row.pk not in seen:
                found.cases.append(missing_unit(row, narrowed=self._depot is not None))
        found.units = len(seen)

    def _compare_units(self, theirs: Collection[UnitRecord], seen: set[int], found: Comparison) -> None:
        names = names_of(theirs)
        rows = Unit.objects.select_related("variant", "depot").filter(serial__in=[unit.serial for unit in theirs])
        ours = {row.serial: row for row in rows}
        seen.update(row.pk for row in ours.values())
        differ = []
        for unit in theirs:
            row, known = ours.get(unit.serial), self._is_known(unit, names)
            found.skipped += not known
            if (row is not None or known) and not is_same_unit(row, unit):
                differ.append((row, unit))
        if differ:
            around = self._surroundings(names, {row.pk for row, _ in differ if row is not None})
            found.cases += [unit_case(row, unit, around) for row, unit in differ]

    def _surroundings(self, names: tuple[Ids, Ids], unit_ids: set[int]) -> Surroundings:
        takes_words = Capability.UNIT_STATES in self._provider.capabilities
        return Surroundings(names, *moving(unit_ids), takes_words=takes_words)

    # Reservations

    def _reservations(self, found: Comparison) -> None:
        seen: set[UUID] = set()
        strangers: list[Case] = []
        for batch in _batches(self._provider.reservations()):
            mine = [remote for remote in batch if self._is_asked_for(remote)]
            ours = _with_names(Reservation.objects.all()).in_bulk([remote.key for remote in mine])
            seen.update(ours)
            for remote in mine:
                row = ours.get(remote.key)
                case = stranger(remote) if row is None else compare_reservation(row, remote)
                if case is not None:
                    (strangers if row is None else found.cases).append(case)
            if len(batch) == _BATCH:
                self._progress(f"{len(seen)} reservations so far")
        others = len(strangers) > max(len(seen), _FEW)
        doubt = "most of its reservations are unknown here: they may be another shop's, or this database is an old copy"
        found.cases += [case.left_to_a_person(doubt) if others else case for case in strangers]
        found.reservations = len(seen)
        live = self._mine(Reservation.objects.filter(status__in=LIVE))
        for row in _with_names(live).order_by("pk").iterator(chunk_size=_BATCH):
            if row.pk not in seen and is_expected(row):
                found.cases.append(missing_reservation(row))

    def _is_asked_for(self, remote: RemoteReservation) -> bool:
        return any(self._sku in (None, line.sku) and line.depot in self._depots for line in remote.lines) or (
            self._sku is None and self._depot is None
        )


def _sales_to_be_counted() -> QuerySet[Reservation, tuple[str, str]]:
    """(SKU, depot) of pieces that left, and that no count of ours contains yet."""
    left = Reservation.objects.filter(
        kind=ReservationKind.SALE, status=ReservationStatus.SHIPPED, provider_state=ProviderState.CHECKED_OUT
    )
    return left.values_list("variant__sku", "depot__code").distinct()


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _with_names(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    return rows.select_related("variant", "depot", "unit")


__all__ = ["Comparer", "Comparison"]
