"""Whether customers can have what the catalog shows, and if not, what of it is missing.

It is about what somebody has to do once: what is only booked out for some days is ready. What the warehouse knows is
what it told: a count or a unit of this SKU. It is asked for all of a variant when that is new, and tells what moves
from then on; so what it never told of is not there under this name.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from catalog.models import shop_today
from inventory.states import IN_SERVICE


class Stage(StrEnum):
    """How far a container is. What was refused, or is not offered any more, keeps no container from being ready."""

    MISSING = "missing"  # of a variant, or it has none
    READY = "ready"  # a draft of which nothing is missing
    LIVE = "live"  # published, and nothing is missing


@dataclass(frozen=True, slots=True)
class Way:
    """How a variant is had: to buy, or to rent.

    can: customers can have it so, today or on days that are free. currencies: of the prices in force. begins_on: when
    the next one begins. no_rates: an offer that names no price a day. depots: how many in use have enough, of all parts
    of a bundle, and open on some day if it is rented. told: at how many of them the warehouse says so too. idle: how
    many others have enough.
    """

    can: bool
    currencies: list[str]
    begins_on: date | None
    no_rates: int | None
    depots: int
    told: int
    idle: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """What there is of a variant. approval: of the latest inspection, "" before the first one.

    priced: a price is in force, to come, or begun to be made. ended_on: when the last one ended. is_part: of a bundle.
    untold: SKUs, its own or of its parts, of which the warehouse told nothing; unasked: it was not asked of these yet.
    depots: how many the shop has that are active. is_settled: it is not offered, as somebody decided.
    """

    buy: Way
    rent: Way
    variant_id: int
    sku: str
    approval: str
    priced: bool
    ended_on: date | None
    is_part: bool
    is_bundle: bool
    untold: list[str]
    unasked: list[str]
    depots: int
    is_settled: bool


def readiness(container_id: int) -> list[Readiness]:
    """Of every variant of a container, by SKU. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_CONTAINER, {"today": shop_today(), "container": container_id})
        return [_told(row) for row in cursor.fetchall()]


def _told(row: Any) -> Readiness:
    buy, rent, *facts = row
    return Readiness(_way(buy), _way(rent), *facts)


def _way(told: dict[str, Any]) -> Way:
    begins_on = told.pop("begins_on")
    return Way(**told, begins_on=date.fromisoformat(begins_on) if begins_on else None)


_IN_FORCE = "p.valid_from <= today AND coalesce(p.valid_until > today, true)"
_TO_COME = "p.valid_from > today"
_ENDED_ON = "max(p.valid_until) FILTER (WHERE p.valid_until <= today) AS ended_on"
_UNITS = ", ".join(f"'{status}'" for status in IN_SERVICE)

# Of a variant `v` of the container `c`, on the day `today`. A bundle is counted as its parts, each as often as it has
# it; what does not come back from a rental is counted as pieces. Units count only where there is a stock level
# (inventory.selectors).
_FACTS = f"""
    LEFT JOIN LATERAL (
        SELECT a.result FROM catalog_approval a WHERE a.variant_id = v.id ORDER BY a.approved_on DESC, a.id DESC LIMIT 1
    ) latest ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(p.currency ORDER BY p.currency) FILTER (WHERE {_IN_FORCE}), '{{}}') AS currencies,
               min(p.valid_from) FILTER (WHERE {_TO_COME}) AS begins_on, {_ENDED_ON}
        FROM catalog_saleoffer p WHERE p.variant_id = v.id
    ) sale
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(p.currency ORDER BY p.currency) FILTER (WHERE rated AND {_IN_FORCE}), '{{}}')
                   AS currencies,
               min(p.valid_from) FILTER (WHERE rated AND {_TO_COME}) AS begins_on,
               min(p.id) FILTER (WHERE NOT rated AND ({_IN_FORCE} OR {_TO_COME})) AS no_rates, {_ENDED_ON}
        FROM catalog_rentaloffer p
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM catalog_rentalrate r WHERE r.offer_id = p.id) AS rated) rates
        WHERE p.variant_id = v.id
    ) rent
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE d.active AND sells) AS sells, count(*) FILTER (WHERE opens AND rents) AS rents,
               count(*) FILTER (WHERE d.active AND sells_told) AS sells_told,
               count(*) FILTER (WHERE opens AND rents_told) AS rents_told,
               count(*) FILTER (WHERE sells AND NOT d.active) AS sells_idle,
               count(*) FILTER (WHERE rents AND NOT opens) AS rents_idle
        FROM (
            SELECT l.depot_id, bool_and(enough) AS sells, bool_and(enough AND l.as_of IS NOT NULL) AS sells_told,
                   bool_and(CASE WHEN w.comes_back THEN unit.here >= w.share ELSE enough END) AS rents,
                   bool_and(CASE WHEN w.comes_back THEN unit.told >= w.share ELSE enough AND l.as_of IS NOT NULL END)
                       AS rents_told
            FROM (
                SELECT coalesce(b.part_id, v.id) AS variant_id, coalesce(b.quantity, 1) AS share,
                       coalesce(b.comes_back, true) AS comes_back, count(*) OVER () AS parts
                FROM (SELECT) one LEFT JOIN catalog_bundlepart b ON b.bundle_id = v.id
            ) w
            JOIN inventory_stocklevel l ON l.variant_id = w.variant_id
            CROSS JOIN LATERAL (SELECT l.on_hand - l.reserved_elsewhere >= w.share AS enough) pieces
            CROSS JOIN LATERAL (
                SELECT count(*) AS here, count(u.as_of) AS told FROM inventory_unit u
                WHERE u.variant_id = l.variant_id AND u.depot_id = l.depot_id AND u.status IN ({_UNITS})
            ) unit
            GROUP BY l.depot_id HAVING count(*) = max(w.parts)
        ) pool
        JOIN inventory_depot d ON d.id = pool.depot_id
        CROSS JOIN LATERAL (SELECT d.active AND d.opening_days <> '{{}}' AS opens) days
    ) stock
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(x.sku ORDER BY x.sku) FILTER (WHERE asked), '{{}}') AS untold,
               coalesce(array_agg(x.sku ORDER BY x.sku) FILTER (WHERE NOT asked), '{{}}') AS unasked
        FROM catalog_variant x
        CROSS JOIN LATERAL (
            SELECT EXISTS (SELECT FROM inventory_feed f WHERE f.name = 'ims' AND f.newest_variant >= x.id) AS asked
        ) feed
        WHERE x.id IN (SELECT coalesce(b.part_id, v.id)
                       FROM (SELECT) one LEFT JOIN catalog_bundlepart b ON b.bundle_id = v.id)
          AND NOT EXISTS (SELECT FROM inventory_stocklevel l WHERE l.variant_id = x.id AND l.as_of IS NOT NULL)
          AND NOT EXISTS (SELECT FROM inventory_unit u WHERE u.variant_id = x.id AND u.as_of IS NOT NULL)
    ) warehouse
    CROSS JOIN LATERAL (
        SELECT coalesce(latest.result = 'approved', false) AND untold || unasked = '{{}}' AS known,
               num_nonnulls(sale.begins_on, rent.begins_on, rent.no_rates) > 0
                   OR sale.currencies || rent.currencies <> '{{}}' AS priced,
               greatest(sale.ended_on, rent.ended_on) AS ended_on,
               EXISTS (SELECT FROM catalog_bundlepart b WHERE b.part_id = v.id) AS is_part
    ) so
    CROSS JOIN LATERAL (
        SELECT known AND sale.currencies <> '{{}}' AND sells_told > 0 AS can_be_sold,
               known AND rent.currencies <> '{{}}' AND rents_told > 0 AS can_be_rented,
               coalesce(latest.result = 'refused', false)
                   OR NOT priced AND (so.ended_on IS NOT NULL OR is_part) AS is_settled
    ) had
    CROSS JOIN LATERAL (
        SELECT (can_be_sold OR can_be_rented) AND (can_be_sold OR sale.currencies = '{{}}')
               AND (can_be_rented OR rent.currencies = '{{}}' AND rent.no_rates IS NULL) AS is_whole
    ) whole
"""  # noqa: S608 (constants only)

_OF_CONTAINER = f"""
SELECT json_build_object('can', c.published AND can_be_sold, 'currencies', sale.currencies,
                         'begins_on', sale.begins_on, 'no_rates', NULL,
                         'depots', sells, 'told', sells_told, 'idle', sells_idle),
       json_build_object('can', c.published AND can_be_rented, 'currencies', rent.currencies,
                         'begins_on', rent.begins_on, 'no_rates', rent.no_rates,
                         'depots', rents, 'told', rents_told, 'idle', rents_idle),
       v.id, v.sku, coalesce(latest.result, ''), priced, so.ended_on, is_part,
       EXISTS (SELECT FROM catalog_bundlepart b WHERE b.bundle_id = v.id), untold, unasked,
       (SELECT count(*) FROM inventory_depot WHERE active), is_settled
FROM (SELECT %(today)s::date AS today) day
CROSS JOIN catalog_container c JOIN catalog_variant v ON v.container_id = c.id {_FACTS}
WHERE c.id = %(container)s
ORDER BY v.sku
"""  # noqa: S608 (constants only)

_IS_AT = f"""
SELECT c.id FROM (SELECT %s::date AS today) day CROSS JOIN catalog_container c
CROSS JOIN LATERAL (
    SELECT coalesce(bool_and(is_whole OR is_settled), false) AS is_whole, coalesce(bool_or(is_whole), false) AS has_any
    FROM catalog_variant v {_FACTS} WHERE v.container_id = c.id
) of_all
WHERE %s = CASE WHEN NOT of_all.is_whole THEN 'missing' WHEN NOT has_any THEN 'settled'
                WHEN c.published THEN 'live' ELSE 'ready' END
"""  # noqa: S608 (constants only)


def at_stage(containers: QuerySet[Any], stage: Stage) -> QuerySet[Any]:
    """Those of the containers that are so far. No statement of its own."""
    is_there = RawSQL(_IS_AT, (shop_today(), str(stage)))  # noqa: S611 (constants only)
    return containers.filter(pk__in=is_there)
