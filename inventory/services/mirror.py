"""Follow the counts of the IMS: read its change feed, and write what it says about now."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from catalog.models import Variant
from core.logging import get_logger
from core.queue import enqueue
from inventory.errors import PushNotAccepted
from inventory.models import Depot, Feed, Reservation, StockLevel, Unit
from inventory.providers.base import Changes, CursorLost, Level, PushRejected, UnitRecord
from inventory.providers.registry import get_provider
from inventory.states import ProviderState, ReservationKind, ReservationStatus, UnitStatus

log = get_logger(__name__)

FEED = "ims"
_MOST_PAGES = 10_000


def mirror_changes() -> int:
    """Read the feed to its end and take over what moved. Returns the rows written.

    Rows say what is, so repeats and reordering change nothing: an older `as_of` never overwrites a newer one.
    A lost cursor starts the feed anew, which is a full snapshot. Network between transactions. Raises: ProviderError.
    """
    provider, written = get_provider(), 0
    cursor = Feed.objects.filter(pk=FEED).values_list("cursor", flat=True).first() or None
    for _ in range(_MOST_PAGES):
        try:
            page = provider.changes(cursor)
        except CursorLost:
            if cursor is None:
                raise  # it does not know its own beginning
            log.warning("feed_cursor_lost")
            cursor = None
            continue
        written += apply_changes(page)
        cursor = page.cursor
        if not page.more:
            break
    return written


@transaction.atomic
def apply_changes(page: Changes) -> int:
    """Write one page and how far it reaches, together. Locks: stock levels of the page, in id order."""
    variants, depots = _names(page)
    written = _write_levels(page.levels, variants, depots) + _write_units(page.units, variants, depots)
    Feed.objects.update_or_create(pk=FEED, defaults={"cursor": page.cursor, "read_at": timezone.now()})
    return written


def accept_push(*, headers: Mapping[str, str], body: bytes) -> None:
    """Take a signed push as the hint that the feed has news. Raises: PushNotAccepted."""
    try:
        get_provider().parse_push(headers=headers, body=body)
    except PushRejected as error:
        raise PushNotAccepted from error
    enqueue("inventory.mirror", once="inventory.mirror", timestamp=0)


Ids = dict[str, int]


def _names(page: Changes) -> tuple[Ids, Ids]:
    rows: list[Level | UnitRecord] = [*page.levels, *page.units]
    variants = dict(Variant.objects.filter(sku__in={row.sku for row in rows}).values_list("sku", "pk"))
    depots = dict(Depot.objects.filter(code__in={row.depot for row in rows}).values_list("code", "pk"))
    unknown = sorted({row.sku for row in rows} - set(variants)) + sorted({row.depot for row in rows} - set(depots))
    if unknown:
        log.info("feed_names_unknown", names=unknown[:20], count=len(unknown))
    return variants, depots


def _write_levels(levels: Sequence[Level], variants: Ids, depots: Ids) -> int:
    newest: dict[tuple[int, int], Level] = {}
    for level in levels:
        if level.sku in variants and level.depot in depots:
            pool = (variants[level.sku], depots[level.depot])
            if pool not in newest or newest[pool].as_of <= level.as_of:
                newest[pool] = level
    locked = _lock_levels(newest)
    fresh = {pool: level for pool, level in newest.items() if _is_news(level, locked.get(pool))}
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
    return len(fresh)


def _is_news(level: Level, ours: StockLevel | None) -> bool:
    return ours is None or ours.as_of is None or ours.as_of < level.as_of


def _lock_levels(pools: Mapping[tuple[int, int], Level]) -> dict[tuple[int, int], StockLevel]:
    rows = (
        StockLevel.objects.select_for_update()
        .filter(variant_id__in={v for v, _ in pools}, depot_id__in={d for _, d in pools})
        .order_by("id")
    )
    return {(row.variant_id, row.depot_id): row for row in rows}


def _close_counted_sales(variants: set[int], depots: set[int]) -> None:
    """Sales that left and that the count now contains claim nothing any more.

    Only what the IMS has checked out: until then `provider_acked_at` tells of its hold or its confirmation.
    """
    as_of = StockLevel.objects.filter(variant=OuterRef("variant"), depot=OuterRef("depot")).values("as_of")
    Reservation.objects.filter(
        variant_id__in=variants,
        depot_id__in=depots,
        kind=ReservationKind.SALE,
        status=ReservationStatus.SHIPPED,
        provider_state=ProviderState.CHECKED_OUT,
        provider_acked_at__lte=Subquery(as_of),
    ).update(status=ReservationStatus.FULFILLED)


def _write_units(units: Sequence[UnitRecord], variants: Ids, depots: Ids) -> int:
    """Units follow the IMS, except that what is out or being cleaned here stays so until it is taken back here."""
    newest: dict[str, UnitRecord] = {}
    for unit in sorted(units, key=attrgetter("serial", "as_of")):
        if unit.sku in variants and unit.depot in depots and unit.status in UnitStatus.values:
            newest[unit.serial] = unit
    _ensure_pools({(variants[u.sku], depots[u.depot]) for u in newest.values()})
    # Locked: a unit that leaves or comes back between this reading and the writing would be put where it was.
    locked = Unit.objects.select_for_update().filter(serial__in=newest).order_by("id")
    ours = {unit.serial: unit for unit in locked}
    rows = [
        _merged(mine, unit, variant_id=variants[unit.sku], depot_id=depots[unit.depot])
        for unit in newest.values()
        if (mine := ours.get(unit.serial)) is None or mine.as_of is None or mine.as_of < unit.as_of
    ]
    Unit.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["serial"],
        update_fields=["variant", "depot", "condition", "status", "as_of"],
    )
    return len(rows)


def _merged(ours: Unit | None, theirs: UnitRecord, *, variant_id: int, depot_id: int) -> Unit:
    """The unit as it is to be written. What is out or being cleaned keeps the condition that was seen here."""
    moving_here = ours is not None and ours.status in (UnitStatus.OUT, UnitStatus.CLEANING)
    return Unit(
        serial=theirs.serial,
        variant_id=variant_id,
        depot_id=depot_id,
        condition=ours.condition if ours and moving_here else theirs.condition,
        status=_merged_status(ours.status if ours else None, theirs.status),
        as_of=theirs.as_of,
    )


def _merged_status(ours: str | None, theirs: str) -> str:
    """Hand-over and take-back are recorded here first; everything else is the IMS's word."""
    moving_here = ours in (UnitStatus.OUT, UnitStatus.CLEANING, UnitStatus.SOLD)
    routine = theirs in (UnitStatus.AVAILABLE, UnitStatus.OUT, UnitStatus.CLEANING)
    if ours is not None and routine and (moving_here or theirs != UnitStatus.AVAILABLE):
        return ours
    return theirs


def _ensure_pools(pools: set[tuple[int, int]]) -> None:
    """A pool that only rents has a stock level too: it is the row that promises are made under."""
    StockLevel.objects.bulk_create(
        [StockLevel(variant_id=variant, depot_id=depot) for variant, depot in sorted(pools)], ignore_conflicts=True
    )


__all__ = ["accept_push", "apply_changes", "mirror_changes"]
