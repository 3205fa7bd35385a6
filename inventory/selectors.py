"""What is free. One function answers for list, calendar, board, quote, hold and admin alike."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from inventory.states import IN_SERVICE

Pool = tuple[int, int]  # (variant id, depot id)


@dataclass(frozen=True, slots=True)
class PoolAvailability:
    """What one pool can still give. `as_of` is when the IMS counted; None where it never did."""

    sale: int  # pieces, now
    rental: int  # units on every day of the period: the minimum over its days
    rental_by_day: list[int]
    as_of: datetime | None


NOTHING = PoolAvailability(sale=0, rental=0, rental_by_day=[], as_of=None)

# Claims are summed as steps: a rental adds its quantity on its first day inside the window and takes it off on the
# day after its last, so the work grows with the claims and the days, not with their product. Only live reservations
# are read (partial index reservation_live_by_pool); a hold is dead at expires_at, whether or not a job has tidied it,
# and a unit that is out is not free today, whether or not a job has rolled its days.
# Units count only where there is a stock level, the row that promises are made under.
# A sale that left counts until the IMS has acknowledged its check-out and a level's as_of says that it has counted it.
_SQL = """
WITH pool AS (
    SELECT p.variant_id, p.depot_id
    FROM unnest(%(variants)s::bigint[], %(depots)s::bigint[]) AS p(variant_id, depot_id)
), claim AS (
    SELECT r.variant_id, r.depot_id, r.kind, r.quantity,
           CASE WHEN r.status = 'shipped' AND r.provider_state = 'checked_out' THEN r.provider_acked_at END AS left_at,
           lower(r.period) AS first_on,
           CASE WHEN r.status = 'shipped' THEN greatest(upper(r.period), (%(now)s AT TIME ZONE d.time_zone)::date + 1)
                ELSE upper(r.period) END AS free_on
    FROM pool JOIN inventory_reservation r USING (variant_id, depot_id) JOIN inventory_depot d ON d.id = r.depot_id
    WHERE r.status IN ('held', 'committed', 'shipped')
      AND (r.status <> 'held' OR r.expires_at > %(now)s)
), sold AS (
    SELECT c.variant_id, c.depot_id, sum(c.quantity) AS pieces
    FROM claim c JOIN inventory_stocklevel l USING (variant_id, depot_id)
    WHERE c.kind = 'sale'
      AND (c.left_at IS NULL OR c.left_at > coalesce(l.as_of, '-infinity'))
    GROUP BY 1, 2
), fleet AS (
    SELECT u.variant_id, u.depot_id, count(*) AS units
    FROM pool JOIN inventory_stocklevel l USING (variant_id, depot_id)
         JOIN inventory_unit u USING (variant_id, depot_id)
    WHERE u.status = ANY(%(in_service)s)
    GROUP BY 1, 2
), step AS (
    SELECT variant_id, depot_id, greatest(first_on, %(first)s) AS day, quantity AS taken
    FROM claim WHERE kind = 'rental' AND first_on < %(end)s AND free_on > %(first)s
    UNION ALL
    SELECT variant_id, depot_id, free_on, -quantity
    FROM claim WHERE kind = 'rental' AND first_on < %(end)s AND free_on > %(first)s AND free_on < %(end)s
    UNION ALL
    SELECT u.variant_id, u.depot_id, greatest(lower(d.period), %(first)s), 1
    FROM pool JOIN inventory_unit u USING (variant_id, depot_id) JOIN inventory_downtime d ON d.unit_id = u.id
    WHERE u.status = ANY(%(in_service)s) AND d.period && daterange(%(first)s, %(end)s)
    UNION ALL
    SELECT u.variant_id, u.depot_id, upper(d.period), -1
    FROM pool JOIN inventory_unit u USING (variant_id, depot_id) JOIN inventory_downtime d ON d.unit_id = u.id
    WHERE u.status = ANY(%(in_service)s) AND d.period && daterange(%(first)s, %(end)s) AND upper(d.period) < %(end)s
), daily AS (
    SELECT variant_id, depot_id, day, sum(taken) AS taken FROM step GROUP BY 1, 2, 3
), taken AS (
    SELECT p.variant_id, p.depot_id,
           array_agg(t.running ORDER BY t.day) AS by_day
    FROM pool p
    CROSS JOIN LATERAL (
        SELECT g.day::date AS day, sum(coalesce(s.taken, 0)) OVER (ORDER BY g.day) AS running
        FROM generate_series(%(first)s::date, %(end)s::date - 1, interval '1 day') AS g(day)
        LEFT JOIN daily s ON s.variant_id = p.variant_id AND s.depot_id = p.depot_id AND s.day = g.day::date
    ) t
    GROUP BY 1, 2
)
SELECT p.variant_id, p.depot_id,
       coalesce(l.on_hand, 0) - coalesce(l.reserved_elsewhere, 0) - coalesce(sold.pieces, 0),
       coalesce(fleet.units, 0), taken.by_day::bigint[], l.as_of
FROM pool p
LEFT JOIN inventory_stocklevel l USING (variant_id, depot_id)
LEFT JOIN sold USING (variant_id, depot_id)
LEFT JOIN fleet USING (variant_id, depot_id)
LEFT JOIN taken USING (variant_id, depot_id)
"""


def availability(
    pools: Collection[Pool], *, period: tuple[date, date], now: datetime | None = None
) -> dict[Pool, PoolAvailability]:
    """What each pool can still give, in one statement.

    pools: (variant id, depot id). period: half open [first day, first day after). Counts are never negative: a pool
    that owes more than it has gives nothing. No locks: to promise, ask again under the lock of the stock levels
    (`inventory.services.hold`).
    """
    first, end = period
    if not pools:
        return {}
    if end <= first:
        raise ValueError("the period must have at least one day")
    unique = sorted(set(pools))
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "variants": [variant for variant, _ in unique],
                "depots": [depot for _, depot in unique],
                "first": first,
                "end": end,
                "now": now or timezone.now(),
                "in_service": [str(status) for status in IN_SERVICE],
            },
        )
        return {(row[0], row[1]): _pool(*row[2:]) for row in cursor.fetchall()}


def _pool(sale: int, units: int, taken: list[int], as_of: datetime | None) -> PoolAvailability:
    by_day = [max(units - claimed, 0) for claimed in taken]
    return PoolAvailability(sale=max(int(sale), 0), rental=min(by_day), rental_by_day=by_day, as_of=as_of)
