"""What is free. One function answers for list, calendar, board, quote, hold, extension and admin alike."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from catalog.version import CATALOG_VERSION
from core.postgres import prepared_cursor
from core.time import day_after, today_in
from inventory.changes import SEEN, Seen, look
from inventory.models import Depot, Reservation, Unit
from inventory.packing import Booking, Days, Shelf, misfits
from inventory.states import AT_HAND, IN_SERVICE, ReservationKind, ReservationStatus, UnitStatus

Pool = tuple[int, int]  # (variant id, depot id)
_AT_HAND = ", ".join(f"'{status}'" for status in AT_HAND)


@dataclass(frozen=True, slots=True)
class PoolAvailability:
    """What one pool can still give. `as_of` is when the IMS counted; None where it never did."""

    sale: int  # pieces, now
    rental: int  # units on every day of the period: the minimum over its days
    rental_by_day: list[int]
    as_of: datetime | None


NOTHING = PoolAvailability(sale=0, rental=0, rental_by_day=[], as_of=None)


class PoolCount(NamedTuple):
    """The same before it is cut off at zero: below zero, more is promised than there is."""

    sale: int
    rental_by_day: list[int]
    as_of: datetime | None
    uneven: bool  # a unit is down on later days: the counts do not tell whether one unit can serve a whole booking

    def shared(self, by: int, *, comes_back: bool) -> "PoolCount":
        """How many bundles it is enough for that need so many each; what does not come back is sold with them."""
        sale = self.sale // by
        by_day = [free // by for free in self.rental_by_day] if comes_back else [sale] * len(self.rental_by_day)
        return self._replace(sale=sale, rental_by_day=by_day)

    def least(self, other: "PoolCount") -> "PoolCount":
        """What both of two parts are enough for, known since the older of their counts."""
        by_day = [min(pair) for pair in zip(self.rental_by_day, other.rental_by_day, strict=True)]
        as_of = min(self.as_of, other.as_of) if self.as_of and other.as_of else None
        return PoolCount(min(self.sale, other.sale), by_day, as_of, self.uneven or other.uneven)

    def cut_off(self) -> PoolAvailability:
        by_day = [max(free, 0) for free in self.rental_by_day]
        return PoolAvailability(sale=max(self.sale, 0), rental=min(by_day), rental_by_day=by_day, as_of=self.as_of)


# Claims are summed as steps: a rental adds one on its first day inside the window and takes it off on the day after its
# last. The database tells the steps, `_taken_by_day` walks them, so the work grows with the claims plus the days.
# Only live reservations are read (partial index reservation_live_by_pool), and rentals only of these days; which claims
# count is ReservationQuerySet.living, in SQL.
# A unit that is out belongs to the shipped reservation that names it, and both count or neither: written off, or
# booked out by the IMS for somebody of its own, it is neither free nor claimed. Until it is back it keeps today and its
# turnaround, however late it is. Days on which it is down meanwhile are taken once.
# Whatever began already (a unit that is out, being cleaned or in repair) stands before all bookings; then the counts
# suffice, as whoever comes first takes any unit that is free. Downtimes that begin later make a pool uneven, also
# beyond these days: bookings reach from one to the other.
# Units count only where there is a stock level, the row that promises are made under. OFFSET 0 has levels and units
# looked up by their index, however many pools are asked about.
# A bundle draws on the pools of its parts, which are counted for it: `asked` tells for whom, `share` how many pieces of
# the part each bundle needs.
# A sale that left counts until the IMS has acknowledged its check-out and a level's as_of says that it has counted it.
_COUNTED = f"""
WITH pool AS MATERIALIZED (
    SELECT row_number() OVER () AS n, p.asked, b.quantity AS share, b.comes_back,
           coalesce(b.part_id, p.variant_id) AS variant_id, p.depot_id,
           l.id AS level_id, l.on_hand - l.reserved_elsewhere AS pieces, l.as_of,
           (%(now)s AT TIME ZONE d.time_zone)::date AS today
    FROM unnest(%(variants)s::bigint[], %(depots)s::bigint[]) WITH ORDINALITY AS p(variant_id, depot_id, asked)
    LEFT JOIN catalog_bundlepart b ON b.bundle_id = p.variant_id
    LEFT JOIN inventory_depot d ON d.id = p.depot_id
    LEFT JOIN LATERAL (
        SELECT id, on_hand, reserved_elsewhere, as_of FROM inventory_stocklevel l
        WHERE l.variant_id = coalesce(b.part_id, p.variant_id) AND l.depot_id = p.depot_id OFFSET 0
    ) l ON true
), claim AS MATERIALIZED (
    SELECT pool.n, r.kind, r.quantity, CASE WHEN r.status = 'shipped' THEN r.unit_id END AS unit_id,
           lower(r.period) AS first_on, CASE WHEN r.status = 'held' THEN r.expires_at END AS lapses_at,
           CASE WHEN r.status = 'shipped' THEN greatest(upper(r.period), pool.today + 1 + r.turnaround_days)
                ELSE upper(r.period) END AS free_on
    FROM pool JOIN inventory_reservation r USING (variant_id, depot_id)
    WHERE r.status IN ('held', 'committed', 'shipped') AND CASE
        WHEN r.status = 'held' AND r.expires_at <= %(now)s THEN false
        WHEN r.kind = 'rental' THEN r.status = 'shipped' OR r.period && daterange(%(first)s, %(end)s)
        WHEN r.status = 'shipped' AND r.provider_state = 'checked_out'
            THEN coalesce(r.provider_acked_at, 'infinity') > coalesce(pool.as_of, '-infinity')
        ELSE true END
), sold AS (
    SELECT n, sum(quantity) AS pieces FROM claim WHERE kind = 'sale' GROUP BY n
), unit AS MATERIALIZED (
    SELECT pool.n, pool.today, u.id, c.first_on AS out_from, c.free_on AS out_until
    FROM pool CROSS JOIN LATERAL (
        SELECT id, status FROM inventory_unit u
        WHERE u.variant_id = pool.variant_id AND u.depot_id = pool.depot_id OFFSET 0
    ) u
    LEFT JOIN claim c ON u.status = 'out' AND c.unit_id = u.id AND c.n = pool.n
    WHERE pool.level_id IS NOT NULL AND (u.status IN ({_AT_HAND}) OR c.unit_id IS NOT NULL)
), fleet AS (
    SELECT n, count(*) AS units FROM unit GROUP BY n
), uneven AS (
    SELECT DISTINCT n FROM unit JOIN inventory_downtime d ON d.unit_id = unit.id
    WHERE lower(d.period) > today
), taken AS (
    SELECT n, first_on, free_on FROM claim WHERE kind = 'rental' AND unit_id IS NULL
    UNION ALL
    SELECT n, out_from, out_until FROM unit WHERE out_from < %(end)s AND out_until > %(first)s
    UNION ALL
    SELECT unit.n, lower(part), upper(part)
    FROM unit JOIN inventory_downtime d ON d.unit_id = unit.id CROSS JOIN LATERAL unnest(
        datemultirange(d.period * daterange(%(first)s, %(end)s))
        - CASE WHEN unit.out_until IS NULL THEN '{{}}'::datemultirange
               ELSE datemultirange(daterange(unit.out_from, unit.out_until)) END
    ) AS part
    WHERE d.period && daterange(%(first)s, %(end)s)
), step AS (
    SELECT n, day, sum(taken) AS taken
    FROM (SELECT n, greatest(first_on, %(first)s) AS day, 1 AS taken FROM taken
          UNION ALL SELECT n, free_on, -1 FROM taken WHERE free_on < %(end)s) AS change
    GROUP BY n, day
), steps AS (
    SELECT n, array_agg(day - %(first)s::date) AS days, array_agg(taken::int) AS taken FROM step GROUP BY n
)
"""  # noqa: S608 (constants only)
# First what is of the instant, of which each row has the same: to say it costs nothing here.
_TOLD = f"""{_COUNTED}
SELECT {CATALOG_VERSION}, {SEEN}, (SELECT min(lapses_at)::text FROM claim), p.variant_id,
       p.asked, p.share, p.comes_back, coalesce(p.pieces, 0) - coalesce(sold.pieces, 0),
       coalesce(fleet.units, 0), steps.days, steps.taken, p.as_of::text, uneven.n IS NOT NULL
FROM pool p LEFT JOIN sold USING (n) LEFT JOIN fleet USING (n) LEFT JOIN steps USING (n) LEFT JOIN uneven USING (n)
"""  # noqa: S608 (constants only)
_SQL = " ".join(_TOLD.split())  # without indents it is short enough for psycopg to remember how to send it


class Pools:
    """Pools in the words in which PostgreSQL is asked for them: put once, asked often."""

    def __init__(self, pools: Collection[Pool]) -> None:
        self.all = sorted(set(pools))
        self.variants = _array(variant for variant, _ in self.all)
        self.depots = _array(depot for _, depot in self.all)


def _array(ids: Iterable[int]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"


def availability(
    pools: Collection[Pool], *, period: tuple[date, date], now: datetime | None = None
) -> dict[Pool, PoolAvailability]:
    """What each pool can still give, in one statement.

    pools: (variant id, depot id); a bundle's gives what all of its parts are enough for. period: half open [first day,
    first day after). Counts are never negative: a pool that owes more than it has gives nothing. No locks: to promise,
    ask again under the lock of the stock levels (`inventory.services.hold`), where it is also seen to that one unit can
    serve all days of each booking.
    """
    return {pool: count.cut_off() for pool, count in pool_counts(pools, period=period, now=now).items()}


def pool_counts(
    pools: Collection[Pool], *, period: tuple[date, date], now: datetime | None = None
) -> dict[Pool, PoolCount]:
    """What is there less what is promised, in one statement; below zero where promises cannot all be kept."""
    if not pools:
        return {}
    asked = Pools(pools)
    return counts_of(counted(asked, period=period, now=now), asked, period=period)


@dataclass(frozen=True, slots=True)
class Counted:
    """What `counts_of` makes counts of: equal rows make equal counts. All of it was seen in one instant.

    version: of the catalog. seen: None inside of a transaction, as what it writes may be undone. lapses_at: when the
    first of the holds ends that were counted. variants: whose stock was counted, the parts of bundles among them.
    """

    version: str
    seen: Seen | None
    lapses_at: datetime | None
    variants: str
    rows: Sequence[Any]


def counted(pools: Pools, *, period: tuple[date, date], now: datetime | None = None) -> Counted:
    """One statement, of at least one pool."""
    first, end = period
    if end <= first:
        raise ValueError("the period must have at least one day")
    asked = {"variants": pools.variants, "depots": pools.depots, "first": first, "end": end}
    with prepared_cursor() as cursor:
        cursor.execute(_SQL, {**asked, "now": now or timezone.now()})
        told = cursor.fetchall()
    version, *instant, lapses_at = told[0][:5]
    return Counted(
        version, None if connection.in_atomic_block else Seen(*instant), lapses_at and _instant(lapses_at),
        _array({row[5] for row in told}), [row[6:] for row in told],
    )  # fmt: skip


def counted_again(pools: Pools, last: Counted, *, period: tuple[date, date]) -> Counted:
    """As `counted`, with the very rows of the last time where they are known to be what they were.

    last: of the same pools and period, on the same day at each depot; its rows are good for nothing once the catalog's
    version has moved, and come back with the new one. One statement where nothing of theirs has changed and no hold has
    lapsed, else two. Inside of a transaction all is counted anew.
    """
    now = timezone.now()
    may_last = last.lapses_at is None or now < last.lapses_at
    if last.seen and may_last and not connection.in_atomic_block:
        version, seen, changed = look(last.variants, last.seen)
        if version != last.version:
            return replace(last, version=version)
        if not changed:
            return replace(last, seen=seen)
    return counted(pools, period=period, now=now)


def counts_of(counted: Counted, pools: Pools, *, period: tuple[date, date]) -> dict[Pool, PoolCount]:
    """By pool what is there less what is promised; of a bundle's pool, what all of its parts are enough for."""
    days = (period[1] - period[0]).days
    counts: dict[Pool, PoolCount] = {}
    for asked_as, share, comes_back, sale, units, step_days, steps, as_of, uneven in counted.rows:
        pool = pools.all[asked_as - 1]
        count = PoolCount(sale, _by_day(days, units, step_days, steps), as_of and _instant(as_of), uneven)
        if share is not None:
            count = count.shared(share, comes_back=comes_back)
            if (other := counts.get(pool)) is not None:
                count = count.least(other)
        counts[pool] = count
    return counts


# Whole depots are counted in the same instant, and to read one costs more than all else of a row.
_instant = lru_cache(maxsize=1_000)(datetime.fromisoformat)


def _by_day(days: int, units: int, step_days: list[int] | None, steps: list[int] | None) -> list[int]:
    """How many units are unclaimed on each day, when on some days so many more are claimed than on the day before."""
    if step_days is None or steps is None:
        return [units] * days
    change = [0] * days
    for day, step in zip(step_days, steps, strict=True):
        change[day] = step
    return [units - taken for taken in accumulate(change)]


_FLEET_SIZES = """
SELECT w.id, min((
    SELECT count(*) FROM inventory_unit u
    WHERE u.variant_id = coalesce(b.part_id, w.id) AND u.depot_id = %(depot)s AND u.status = ANY(%(in_service)s)
) / coalesce(b.quantity, 1))
FROM unnest(%(variants)s::bigint[]) AS w(id) LEFT JOIN catalog_bundlepart b ON b.bundle_id = w.id AND b.comes_back
GROUP BY w.id
"""


def fleet_sizes(variant_ids: Collection[int], depot_id: int) -> dict[int, int]:
    """How many of each could be rented were all units of a depot back, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FLEET_SIZES, {"variants": list(variant_ids), "depot": depot_id, "in_service": list(IN_SERVICE)})
        return dict(cursor.fetchall())


@dataclass(slots=True)
class Fleet:
    """The units of one pool with the days they are gone or down, and the bookings that still need one.

    `set_aside` tells which booking a unit stands ready for.
    """

    shelves: list[Shelf[int]] = field(default_factory=list)
    bookings: list[Booking[UUID, int]] = field(default_factory=list)
    set_aside: dict[UUID, int] = field(default_factory=dict)

    def leave_out_misfits(self) -> None:
        """Go on with the bookings that can be served; the others hide nothing from anybody."""
        lost = set(misfits(self.shelves, self.bookings))
        self.bookings = [booking for booking in self.bookings if booking.key not in lost]


def fleets(pools: Collection[Pool], *, now: datetime | None = None) -> dict[Pool, Fleet]:
    """What there is to plan with, for each pool; paid bookings stand before held ones. Four statements."""
    at = now or timezone.now()
    mine = {"variant_id__in": {variant for variant, _ in pools}, "depot_id__in": {depot for _, depot in pools}}
    zones = Depot.objects.filter(pk__in=mine["depot_id__in"]).values_list("pk", "time_zone")
    today = {depot: today_in(zone, at) for depot, zone in zones}
    found: dict[Pool, Fleet] = {pool: Fleet() for pool in pools}
    gone: dict[int, list[Days]] = defaultdict(list)
    claims = Reservation.objects.living(at).filter(**mine, kind=ReservationKind.RENTAL)
    for row in claims.order_by("status", "id"):
        fleet, day = found.get((row.variant_id, row.depot_id)), today[row.depot_id]
        if fleet is None:
            continue
        if row.status == ReservationStatus.SHIPPED:
            assert row.unit_id is not None  # noqa: S101 (reservation_out_has_unit)
            gone[row.unit_id].append((row.period.lower, max(row.period.upper, day_after(day, 1 + row.turnaround_days))))
        elif row.period.upper > day:
            fleet.bookings.append(Booking(row.pk, (max(row.period.lower, day), row.period.upper)))
            if row.unit_id is not None:
                fleet.set_aside[row.pk] = row.unit_id
    ours = Exists(Reservation.objects.filter(unit=OuterRef("pk"), status=ReservationStatus.SHIPPED))
    units = Unit.objects.filter(Q(status__in=AT_HAND) | Q(ours, status=UnitStatus.OUT), **mine).order_by("serial")
    for unit in units.prefetch_related("downtimes"):
        if (pool := found.get((unit.variant_id, unit.depot_id))) is not None:
            down = [(d.period.lower, d.period.upper) for d in unit.downtimes.all()]
            pool.shelves.append(Shelf(unit.pk, joined([*gone[unit.pk], *down])))
    return found


def joined(periods: Sequence[Days]) -> list[Days]:
    """The same days, in order and apart from each other."""
    kept: list[Days] = []
    for first, end in sorted(periods):
        if kept and first <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((first, end))
    return kept
