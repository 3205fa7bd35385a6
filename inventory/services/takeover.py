"""Write what the IMS says about now: rows that are newer than ours, and what it counts no more."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from catalog.models import Variant
from core.logging import get_logger
from inventory.models import OUT_OF_STEP, Depot, Reservation, StockLevel, Unit
from inventory.providers.base import Level, UnitRecord
from inventory.selectors import Pool
from inventory.services.holds import close_counted_sales, lock_pools
from inventory.services.soon import review_soon
from inventory.states import GONE, ReservationStatus, UnitStatus

log = get_logger(__name__)

_CLOCKS_DIFFER = timedelta(days=1)  # a row from further ahead would hide all news until then
Ids = dict[str, int]


@transaction.atomic
def take_over(
    *,
    levels: Sequence[Level] = (),
    units: Sequence[UnitRecord] = (),
    instead_of: Collection[StockLevel | Unit] = (),
) -> int:
    """Write rows of the IMS that are newer than ours. Returns the rows written.

    instead_of: rows of ours that theirs replace whatever the clocks say, each as long as it is still as it is here.
    Where it takes stock away, a job looks whose booking that was. Locks: stock levels, in id order, units.
    """
    replaced = frozenset(map(_as_seen, instead_of))
    rows: list[Level | UnitRecord] = [*levels, *units]
    variants, depots = names_of(rows)
    unknown = sorted({row.sku for row in rows} - set(variants)) + sorted({row.depot for row in rows} - set(depots))
    if unknown:
        log.info("feed_names_unknown", names=unknown[:20], count=len(unknown))
    _lock_all_pools(levels, units, variants, depots)
    levels_written, fewer = _write_levels(levels, variants, depots, replaced)
    units_written, gone = _write_units(units, variants, depots, replaced)
    review_soon(fewer | gone)
    return levels_written + units_written


def _lock_all_pools(levels: Sequence[Level], units: Sequence[UnitRecord], variants: Ids, depots: Ids) -> None:
    """At once, so that they are locked in order: those named, and those in which the units are now."""
    of_units = {(variants[u.sku], depots[u.depot]) for u in units if u.sku in variants and u.depot in depots}
    of_levels = {(variants[n.sku], depots[n.depot]) for n in levels if n.sku in variants and n.depot in depots}
    _ensure_pools(of_units)
    now_in = Unit.objects.filter(serial__in={unit.serial for unit in units}).values_list("variant_id", "depot_id")
    lock_pools({*of_levels, *of_units, *now_in})


@transaction.atomic
def write_off(*, rows: Collection[StockLevel]) -> int:
    """The IMS counts nothing of these any more: our count becomes 0 as of now. Returns how many were written.

    Each as long as it is still as it is here. A later count of the IMS is believed again, and whose booking this takes
    is found by a job. Locks: stock levels, in id order.
    """
    compared = frozenset(map(_as_seen, rows))
    locked = StockLevel.objects.select_for_update().filter(pk__in=[row.pk for row in rows]).order_by("id")
    unmoved = [row for row in locked if _as_seen(row) in compared]
    StockLevel.objects.filter(pk__in=[row.pk for row in unmoved]).update(
        on_hand=0, reserved_elsewhere=0, as_of=timezone.now()
    )
    if unmoved:
        _close_counted_sales({row.variant_id for row in unmoved}, {row.depot_id for row in unmoved})
    review_soon((row.variant_id, row.depot_id) for row in unmoved)
    return len(unmoved)


@transaction.atomic
def forget_counts(depots: QuerySet[Depot], *, until: datetime) -> int:
    """The IMS does not speak of these depots any more, by these names: nothing is counted there. Returns the rows.

    until: the newest count before it was asked; what another reader heard since then stays.

    They have no `as_of` afterwards, so whatever it tells of them later is believed, also a count that never moved.
    Locks: stock levels, in id order.
    """
    counted = StockLevel.objects.filter(depot__in=depots, as_of__lte=until).exclude(on_hand=0, reserved_elsewhere=0)
    rows = list(counted.select_related("depot"))
    if not rows:
        return 0
    log.error("depots_not_told", depots=sorted({row.depot.code for row in rows}), levels=len(rows))
    written = write_off(rows=rows)
    StockLevel.objects.filter(pk__in=[row.pk for row in rows], on_hand=0, reserved_elsewhere=0).update(as_of=None)
    return written


Seen = tuple[Any, ...]


def _as_seen(row: StockLevel | Unit) -> Seen:
    """Which row, and everything of it that the IMS tells."""
    if isinstance(row, StockLevel):
        return ("level", row.pk, row.on_hand, row.reserved_elsewhere, row.as_of)
    return ("unit", row.pk, row.variant_id, row.depot_id, row.condition, row.status, row.as_of)


def names_of(rows: Collection[Level | UnitRecord]) -> tuple[Ids, Ids]:
    """{SKU: variant id} and {code: depot id} of those that are ours."""
    variants = dict(Variant.objects.counted().filter(sku__in={row.sku for row in rows}).values_list("sku", "pk"))
    depots = dict(Depot.objects.filter(code__in={row.depot for row in rows}).values_list("code", "pk"))
    return variants, depots


# Levels


def _write_levels(
    levels: Sequence[Level], variants: Ids, depots: Ids, replaced: frozenset[Seen]
) -> tuple[int, set[Pool]]:
    """Returns how many rows were written, and the pools that have less to sell than before."""
    newest: dict[Pool, Level] = {}
    for level in levels:
        if level.sku in variants and level.depot in depots and _is_of_now(level):
            pool = (variants[level.sku], depots[level.depot])
            if pool not in newest or newest[pool].as_of <= level.as_of:
                newest[pool] = level
    locked = _levels_of(newest)
    fresh = {pool: level for pool, level in newest.items() if _is_to_be_taken(level, locked.get(pool), replaced)}
    fewer = {pool for pool, level in fresh.items() if pool in locked and _is_less(level, locked[pool])}
    StockLevel.objects.bulk_create(
        [
            StockLevel(
                variant_id=variant,
                depot_id=depot,
                on_hand=level.on_hand,
                reserved_elsewhere=level.reserved_elsewhere,
                as_of=level.as_of,
            )
            for (variant, depot), level in fresh.items()
        ],
        update_conflicts=True,
        unique_fields=["variant", "depot"],
        update_fields=["on_hand", "reserved_elsewhere", "as_of"],
    )
    if fresh:
        _close_counted_sales({variant for variant, _ in fresh}, {depot for _, depot in fresh})
    return len(fresh), fewer


def _is_of_now(row: Level | UnitRecord) -> bool:
    if is_possible(row):
        return True
    log.error("feed_row_from_the_future", sku=row.sku, depot=row.depot, as_of=row.as_of.isoformat())
    return False


def is_possible(row: Level | UnitRecord) -> bool:
    """True unless the IMS's clock is further ahead than clocks are."""
    return row.as_of <= timezone.now() + _CLOCKS_DIFFER


def _is_to_be_taken(level: Level, ours: StockLevel | None, replaced: frozenset[Seen]) -> bool:
    return ours is None or ours.as_of is None or ours.as_of < level.as_of or _as_seen(ours) in replaced


def _is_less(level: Level, ours: StockLevel) -> bool:
    return level.on_hand - level.reserved_elsewhere < ours.on_hand - ours.reserved_elsewhere


_IDS_OF_POOLS = """
SELECT l.id FROM inventory_stocklevel l
JOIN unnest(%s::bigint[], %s::bigint[]) AS p(variant_id, depot_id) USING (variant_id, depot_id)
"""


def _levels_of(pools: Collection[Pool]) -> dict[Pool, StockLevel]:
    """These pools and no others: every variant of a page at every depot of it may be all there is. Locked already."""
    ids = RawSQL(_IDS_OF_POOLS, [[variant for variant, _ in pools], [depot for _, depot in pools]])  # noqa: S611
    rows = StockLevel.objects.filter(pk__in=ids)
    return {(row.variant_id, row.depot_id): row for row in rows}


def _close_counted_sales(variants: set[int], depots: set[int]) -> None:
    close_counted_sales(Reservation.objects.filter(variant_id__in=variants, depot_id__in=depots))


# Units


def _write_units(
    units: Sequence[UnitRecord], variants: Ids, depots: Ids, replaced: frozenset[Seen]
) -> tuple[int, set[Pool]]:
    """Units follow the IMS, except in what was decided here and it has not taken yet.

    Returns how many rows were written, and the pools that lost one.
    """
    newest: dict[str, UnitRecord] = {}
    for unit in sorted(units, key=attrgetter("serial", "as_of")):
        if unit.sku in variants and unit.depot in depots and unit.status in UnitStatus.values and _is_of_now(unit):
            newest[unit.serial] = unit
    if not newest:
        return 0, set()
    ready = Reservation.objects.filter(unit__serial__in=newest, status=ReservationStatus.COMMITTED).order_by("id")
    list(ready.select_for_update(of=["self"]).values_list("pk"))
    # Locked: a unit that leaves or comes back between this reading and the writing would be put where it was.
    locked = Unit.objects.select_for_update().filter(serial__in=newest).order_by("id")
    ours = {unit.serial: unit for unit in locked}
    being_told, with_customers = moving({unit.pk for unit in ours.values()})
    rows = []
    for unit in newest.values():
        mine = ours.get(unit.serial)
        is_out = mine is not None and mine.pk in with_customers
        # Written off after it left, though before its leaving was acknowledged: nobody would tell of that again.
        waits = mine is not None and mine.pk in being_told and not (is_out and unit.status in GONE)
        if mine is None or not (mine.decided_here or waits or _is_old_news(unit, mine, replaced)):
            pool = (variants[unit.sku], depots[unit.depot])
            rows.append(as_told(mine, unit, pool, is_out=is_out))
    agreed = [u.pk for u in ours.values() if u.decided_here and _says_the_same(u, newest[u.serial])]
    Unit.objects.filter(pk__in=agreed).update(decided_here=False)  # from now on its news are believed again
    Unit.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["serial"],
        update_fields=["variant", "depot", "condition", "status", "as_of"],
    )
    before = {unit.serial: (unit.variant_id, unit.depot_id) for unit in ours.values()}
    gone = {
        row.serial
        for row in rows
        if row.serial in before
        and (row.status != UnitStatus.AVAILABLE or before[row.serial] != (row.variant_id, row.depot_id))
    }
    Reservation.objects.filter(unit__serial__in=gone, status=ReservationStatus.COMMITTED).update(unit=None)
    return len(rows), {before[serial] for serial in gone}


def _says_the_same(ours: Unit, theirs: UnitRecord) -> bool:
    return (ours.status, ours.condition) == (theirs.status, theirs.condition)


def moving(unit_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Units of whose leaving or return the IMS has still to hear, and units that are with our customers."""
    mine = Reservation.objects.filter(unit_id__in=unit_ids)
    told = mine.filter(OUT_OF_STEP, status__in=[ReservationStatus.SHIPPED, ReservationStatus.FULFILLED])
    shipped = mine.filter(status=ReservationStatus.SHIPPED)
    return set(told.values_list("unit_id", flat=True)), set(shipped.values_list("unit_id", flat=True))


def _is_old_news(theirs: UnitRecord, ours: Unit, replaced: frozenset[Seen]) -> bool:
    """What we told the IMS comes back as news; its acknowledgement was as new (services.sync)."""
    return ours.as_of is not None and theirs.as_of <= ours.as_of and _as_seen(ours) not in replaced


def as_told(ours: Unit | None, theirs: UnitRecord, pool: Pool, *, is_out: bool) -> Unit:
    """The unit as it is to be written.

    One that is with a customer stays where it left and how it left until it is taken back here, whatever the IMS thinks
    of it meanwhile; but when it is written off there, it is. One being cleaned here keeps the condition seen here.
    """
    status, condition = UnitStatus(theirs.status), theirs.condition
    if ours is not None and (is_out or ours.status == UnitStatus.CLEANING):
        routine = status in (UnitStatus.AVAILABLE, UnitStatus.OUT, UnitStatus.CLEANING)
        status, condition = UnitStatus(ours.status) if routine else status, ours.condition
    elif status == UnitStatus.CLEANING and ours is not None:
        status = UnitStatus(ours.status)  # being cleaned is known only to the side that cleans
    if is_out and ours is not None:
        pool = (ours.variant_id, ours.depot_id)
    return Unit(
        serial=theirs.serial,
        variant_id=pool[0],
        depot_id=pool[1],
        condition=condition,
        status=status,
        as_of=theirs.as_of,
    )


def _ensure_pools(pools: set[Pool]) -> None:
    """A pool that only rents has a stock level too: it is the row that promises are made under."""
    StockLevel.objects.bulk_create(
        [StockLevel(variant_id=variant, depot_id=depot) for variant, depot in sorted(pools)], ignore_conflicts=True
    )


__all__ = ["Ids", "as_told", "forget_counts", "is_possible", "moving", "names_of", "take_over", "write_off"]
