"""Follow the counts of the IMS: read its change feed to the end, a page at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Subquery
from django.utils import timezone

from catalog.models import Variant
from core.logging import get_logger
from core.queue import enqueue
from inventory.errors import PushNotAccepted
from inventory.models import Depot, Feed, StockLevel
from inventory.providers.base import (
    Capability,
    Changes,
    CursorLost,
    InventoryProvider,
    Level,
    PushRejected,
    Unavailable,
)
from inventory.providers.registry import get_provider
from inventory.services.takeover import forget_counts, take_over

log = get_logger(__name__)

FEED = "ims"
_MOST_PAGES = 10_000
_ROWS_A_PAGE = 500
Progress = Callable[[str], None]


def mirror_changes(*, anew: bool = False, progress: Progress = lambda _line: None) -> int:
    """Read the feed to its end and take over what moved. Returns the rows written.

    Rows say what is, so repeats and reordering change nothing: an older `as_of` never overwrites a newer one.
    A lost cursor starts the feed anew, which is a full snapshot, and so does `anew`; an IMS without a feed is always
    read whole. A depot of which a whole reading told nothing has nothing to sell any more. A page at a time is in
    memory. Network between transactions. Raises: ProviderError.
    """
    provider, written, read = get_provider(), 0, 0
    feed, _ = Feed.objects.get_or_create(pk=FEED)
    *names, counted = _youngest()  # what is counted from now on, others were told of
    whole = (
        anew or not feed.cursor or feed.newest_depot < names[1] or Capability.CHANGE_FEED not in provider.capabilities
    )
    told, is_over = set[str](), False
    for page in _pages(provider, None if whole else feed.cursor):
        written += apply_changes(page)
        read += len(page.levels) + len(page.units)
        told |= {level.depot for level in page.levels} | {unit.depot for unit in page.units}
        is_over = not page.more
        progress(f"{read} rows read, {written} written")
    if whole and is_over and told and counted:  # what tells of no depot at all is no news but a failure
        written += forget_counts(Depot.objects.exclude(code__in=told), until=counted)
    if not whole and feed.newest_variant < names[0]:
        written += _catch_up(provider, after=feed.newest_variant)
    Feed.objects.filter(pk=FEED).update(newest_variant=names[0], newest_depot=names[1])
    return written


def _youngest() -> tuple[int, int, datetime | None]:
    """The newest variant, depot and count. What the feed told of names before they were ours was passed over."""
    variant = Subquery(Variant.objects.order_by("-pk").values("pk")[:1])
    count = Subquery(StockLevel.objects.exclude(as_of=None).order_by("-as_of").values("as_of")[:1])
    depot = (
        Depot.objects.order_by("-pk").annotate(variant=variant, count=count).values("pk", "variant", "count").first()
    )
    return (depot["variant"] or 0, depot["pk"], depot["count"]) if depot else (0, 0, None)


def _pages(provider: InventoryProvider, cursor: str | None) -> Iterator[Changes]:
    if Capability.CHANGE_FEED not in provider.capabilities:
        yield from _snapshot(provider)
        return
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        try:
            page = provider.changes(cursor)
        except CursorLost:
            if cursor is None:
                raise  # it does not know its own beginning
            log.warning("feed_cursor_lost")
            cursor = None
            continue
        yield page
        if not page.more:
            return
        if page.cursor in seen or page.cursor == cursor:
            log.error("feed_stands_still")  # or runs in a circle; the next round asks again
            return
        seen.add(page.cursor)
        cursor = page.cursor


def _snapshot(provider: InventoryProvider, skus: Sequence[str] | None = None) -> Iterator[Changes]:
    """Everything, or everything of these SKUs, as pages of a feed that has no cursor."""
    for levels in level_pages(provider, skus):
        yield Changes(levels=levels, units=(), cursor="", more=True)
    pools = [{"sku": sku} for sku in skus] if skus else [{"depot": code} for code in _depots_in_use()]
    for pool in pools:
        rest = provider.units(**pool)
        while units := list(islice(rest, _ROWS_A_PAGE)):
            yield Changes(levels=(), units=units, cursor="", more=True)
    yield Changes(levels=(), units=(), cursor="", more=False)


def level_pages(provider: InventoryProvider, skus: Sequence[str] | None = None) -> Iterator[Sequence[Level]]:
    """All counts, a page at a time. Raises: Unavailable when the pages do not end."""
    cursor, seen = None, set[str]()
    while True:
        page = provider.levels(skus=skus, cursor=cursor)
        yield page.levels
        if page.cursor is None:
            return
        if page.cursor in seen:
            raise Unavailable("The pages of counts do not end.")
        seen.add(page.cursor)
        cursor = page.cursor


def _depots_in_use() -> list[str]:
    return list(Depot.objects.order_by("code").values_list("code", flat=True))


def _catch_up(provider: InventoryProvider, *, after: int) -> int:
    """Ask for what the feed told of variants before they were ours."""
    skus = list(Variant.objects.filter(pk__gt=after).order_by("pk").values_list("sku", flat=True))
    return sum(apply_changes(page) for page in _snapshot(provider, skus))


@transaction.atomic
def apply_changes(page: Changes) -> int:
    """Write one page and how far it reaches, together. Returns the rows written.

    Where it takes stock away, a job looks whose booking that was. Locks: stock levels of the page, in id order, units.
    """
    written = take_over(levels=page.levels, units=page.units)
    cursor = {"cursor": page.cursor} if page.cursor else {}
    Feed.objects.update_or_create(pk=FEED, defaults={**cursor, "read_at": timezone.now()})
    return written


def accept_push(*, headers: Mapping[str, str], body: bytes) -> None:
    """Take a signed push as the hint that the feed has news. Raises: PushNotAccepted."""
    try:
        get_provider().parse_push(headers=headers, body=body)
    except PushRejected as error:
        raise PushNotAccepted from error
    enqueue("inventory.mirror", once="inventory.mirror", timestamp=0)


__all__ = ["accept_push", "apply_changes", "level_pages", "mirror_changes"]
