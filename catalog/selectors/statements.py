"""The SQL of the shop: what can be had, and how it is told as JSON."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection

from catalog.languages import language_asked
from catalog.pricing import FEE_IN_SQL
from catalog.selectors.wishes import Sort, Wish


def _in_force(offer: str) -> str:
    """As `catalog.models.in_force`."""
    return f"{offer}.valid_from <= %(shop_today)s AND coalesce({offer}.valid_until > %(shop_today)s, true)"


def offers_of_variant(*more: str) -> str:
    """As SQL, to be joined to a variant `v`: its offers in the currency that are in force today, to buy as `s` and to
    rent as `o`, with `steps` and whatever more is told of its rates `r`.
    """
    steps = "json_build_object('from_days', r.from_days, 'per_day_minor', r.per_day_minor)"
    told = ", ".join(["o.*", f"json_agg({steps} ORDER BY r.from_days) AS steps", *more])
    return f"""
    LEFT JOIN catalog_saleoffer s ON s.variant_id = v.id AND s.currency = %(currency)s AND {_in_force("s")}
    LEFT JOIN LATERAL (
        SELECT {told} FROM catalog_rentaloffer o JOIN catalog_rentalrate r ON r.offer_id = o.id
        WHERE o.variant_id = v.id AND o.currency = %(currency)s AND {_in_force("o")} GROUP BY o.id
    ) o ON true"""  # noqa: S608 (constants only)


# The variants that can be had as wished. Approved is who was approved by the latest inspection, as in
# VariantQuerySet.approved. An offer without rates has no price, so it is none. `price` is the least, of those within
# the range wished, for which a variant can be had: to buy, or to rent, which is the fee for the days wished, or the
# cheapest day that the longest rental reaches.
_LEAST = f"""
    CASE WHEN %(days)s::int IS NULL
         THEN coalesce(min(r.per_day_minor) FILTER (WHERE r.from_days <= o.max_days), min(r.per_day_minor))
         WHEN %(days)s BETWEEN o.min_days AND o.max_days THEN {FEE_IN_SQL} END AS price
"""


def _within_range(price: str) -> str:
    """As SQL; null where there is no price."""
    return f"{price} BETWEEN coalesce(%(min_price)s::bigint, 0) AND coalesce(%(max_price)s::bigint, {price})"


CAN_BE_HAD = f"""
    catalog_variant v
    JOIN LATERAL (
        SELECT a.result FROM catalog_approval a WHERE a.variant_id = v.id ORDER BY a.approved_on DESC, a.id DESC LIMIT 1
    ) latest ON latest.result = 'approved'
    {offers_of_variant(_LEAST)}
    CROSS JOIN LATERAL (
        SELECT least(CASE WHEN %(mode)s <> 'rent' AND {_within_range("s.price_minor")} THEN s.price_minor END,
                     CASE WHEN %(mode)s <> 'buy' AND {_within_range("o.price")} THEN o.price END) AS price
    ) had
    WHERE had.price IS NOT NULL
      AND (%(sizes)s::text[] IS NULL OR v.size = ANY(%(sizes)s))
      AND (%(only)s::bigint[] IS NULL OR v.id = ANY(%(only)s))
"""  # noqa: S608 (constants only)


def _name_of(container: str, key: str = "%(name_in)s::text") -> str:
    return f"coalesce(nullif({container}.i18n ->> {key}, ''), {container}.name)"


VARIANT_AS_JSON = f"""
    json_build_object(
        'id', v.id, 'sku', v.sku, 'size', v.size, 'colour', v.colour, 'colour_hex', v.colour_hex,
        'inner_length_mm', v.inner_length_mm, 'inner_width_mm', v.inner_width_mm, 'inner_height_mm', v.inner_height_mm,
        'outer_length_mm', v.outer_length_mm, 'outer_width_mm', v.outer_width_mm, 'outer_height_mm', v.outer_height_mm,
        'weight_g', v.weight_g, 'max_load_g', v.max_load_g,
        'sale', CASE WHEN s.id IS NOT NULL THEN json_build_object('price_minor', s.price_minor) END,
        'rental', CASE WHEN o.id IS NOT NULL THEN json_build_object(
            'deposit_minor', o.deposit_minor, 'late_fee_minor', o.late_fee_minor,
            'min_days', o.min_days, 'max_days', o.max_days,
            'prep_days', o.prep_days, 'turnaround_days', o.turnaround_days,
            'keep_credit_percent', o.keep_credit_percent,
            'acclimatisation_percent', o.acclimatisation_percent, 'steps', o.steps) END,
        'parts', (
            SELECT json_agg(json_build_object(
                'sku', x.sku, 'quantity', b.quantity, 'comes_back', b.comes_back,
                'title', m.brand || ' ' || {_name_of("m")} || ', '
                         || concat_ws(' ', nullif(x.size, ''), nullif(x.colour, ''))
            ) ORDER BY b.position, b.id)
            FROM catalog_bundlepart b JOIN catalog_variant x ON x.id = b.part_id
                 JOIN catalog_container m ON m.id = x.container_id
            WHERE b.bundle_id = v.id)
    )
"""  # noqa: S608 (constants only)

# Of the container `c` and its image `i`, in the language asked where somebody has translated it.
NAME = _name_of("c")
DESCRIPTION = "coalesce(nullif(c.i18n ->> %(description_in)s::text, ''), c.description)"
ALT = "coalesce(nullif(i.i18n ->> %(alt_in)s::text, ''), i.alt)"

# Of the container `c`, as far as they are not over.
SEASONS_OF = """
    (SELECT coalesce(json_agg(json_build_object('name', x.name, 'start_on', x.start_on, 'end_on', x.end_on,
                                                'percent', x.percent) ORDER BY x.start_on, x.id), '[]')
     FROM catalog_season x WHERE x.kind IN ('', c.kind) AND x.end_on >= %(since)s) AS seasons
"""

# All containers as `c`, or those with all the words sought, the best first: so a page is full before all of them are
# priced. `rank` is a whole number, so that a page can begin after it.
_ALL = "(SELECT *, 0 AS rank FROM catalog_container) c"
_SOUGHT = """(
    SELECT every.*, found.rank
    FROM catalog_container every
    JOIN catalog_search(%(language)s, %(words)s::text[]) found ON found.container_id = every.id
    ORDER BY found.rank DESC, every.id DESC
) c"""

# Containers are walked in the order asked for until the page is full; only an order by price looks at all of them.
# What is gathered as JSON stands in the select list: it is made for the rows of the page alone.
_WINDOW = f"""
SELECT c.id, c.slug, {NAME} AS name, c.brand, c.kind, {DESCRIPTION} AS description, c.created_at, c.rank,
       cheapest.price,
       (SELECT coalesce(json_agg(json_build_object('image', i.image, 'alt', {ALT}, 'colour', i.colour,
                                                   'sizes', i.sizes)
                                 ORDER BY i.position, i.id), '[]')
        FROM catalog_containerimage i WHERE i.container_id = c.id) AS pictures,
       (SELECT json_agg({VARIANT_AS_JSON} ORDER BY v.outer_length_mm, v.outer_height_mm, v.sku)
        FROM {CAN_BE_HAD} AND v.container_id = c.id) AS offered,
       {SEASONS_OF}
FROM {{containers}}
CROSS JOIN LATERAL (SELECT min(had.price) AS price FROM {CAN_BE_HAD} AND v.container_id = c.id) cheapest
WHERE c.published AND cheapest.price IS NOT NULL
  AND (%(slug)s::text IS NULL OR c.slug = %(slug)s)
  AND (%(kinds)s::text[] IS NULL OR c.kind = ANY(%(kinds)s))
"""  # noqa: S608

BY_SKU = f"""
SELECT {VARIANT_AS_JSON} AS variant
FROM {CAN_BE_HAD} AND v.sku = ANY(%(skus)s)
  AND EXISTS (SELECT FROM catalog_container c WHERE c.id = v.container_id AND c.published)
ORDER BY v.sku
"""  # noqa: S608


def _room(row: str) -> str:
    return f"{row}.inner_length_mm::bigint * {row}.inner_width_mm * {row}.inner_height_mm"


# The next larger ones of the same kind; those of its own container first among equals. Of an accessory only what its
# own container has: a bowl is no larger pad. Found by the shapes of what can be had (ADR 36): it hardly grows with the
# catalog: the closest ones together have as many variants as are wanted, and one, as its own may be among them.
INSTEAD = f"""
SELECT w.sku, w.mode, found.*
FROM unnest(%(skus)s::text[], %(modes)s::text[]) AS w(sku, mode)
JOIN catalog_variant own ON own.sku = w.sku JOIN catalog_container of ON of.id = own.container_id
CROSS JOIN LATERAL (
    SELECT c.slug, c.brand, {NAME} AS name, {VARIANT_AS_JSON} AS variant, {SEASONS_OF}
    FROM (
        SELECT o.variant_id FROM (
            SELECT h.id, sum(h.variants) OVER (ORDER BY {_room("h")} RANGE UNBOUNDED PRECEDING EXCLUDE GROUP) AS closer
            FROM catalog_shape h
            WHERE h.kind = of.kind AND h.mode = w.mode AND h.currency = %(currency)s
              AND h.valid_from <= %(shop_today)s AND h.valid_until > %(shop_today)s
              AND {_room("h")} >= {_room("own")} AND h.inner_length_mm >= own.inner_length_mm
              AND h.inner_width_mm >= own.inner_width_mm AND h.inner_height_mm >= own.inner_height_mm
        ) shape JOIN catalog_offered o ON o.shape_id = shape.id
        WHERE coalesce(shape.closer, 0) <= %(most)s
        UNION ALL
        SELECT x.id FROM catalog_variant x
        WHERE of.kind = 'accessory' AND x.container_id = of.id AND x.inner_length_mm >= own.inner_length_mm
          AND x.inner_width_mm >= own.inner_width_mm AND x.inner_height_mm >= own.inner_height_mm
        OFFSET 0
    ) near, catalog_container c, {CAN_BE_HAD}
      AND v.id = near.variant_id AND v.id <> own.id AND v.container_id = c.id AND c.published
      AND CASE w.mode WHEN 'buy' THEN s.id IS NOT NULL ELSE o.id IS NOT NULL END
    ORDER BY {_room("v")}, v.container_id <> own.container_id,
             CASE w.mode WHEN 'buy' THEN s.price_minor ELSE o.price END, v.sku
    LIMIT %(most)s
) found
"""  # noqa: S608

CURRENCIES = f"""
SELECT s.currency FROM catalog_saleoffer s WHERE {_in_force("s")} UNION
SELECT o.currency FROM catalog_rentaloffer o WHERE {_in_force("o")} ORDER BY 1
"""  # noqa: S608 (constants only)

BY_KIND = f"""
SELECT c.kind, count(*) AS containers
FROM catalog_container c
WHERE c.published AND EXISTS (SELECT FROM {CAN_BE_HAD} AND v.container_id = c.id)
GROUP BY c.kind
"""  # noqa: S608

_SORTED_BY = {
    Sort.NAME: ("{name}", "text"),
    Sort.PRICE: ("cheapest.price", "bigint"),
    Sort.CREATED_AT: ("c.created_at", "timestamptz"),
    Sort.RELEVANCE: ("c.rank", "bigint"),
}


def sorted_by(sort: Sort) -> tuple[str, str]:
    """What is sorted by, and its type. Names as the indexes container_by_name have them."""
    language = language_asked()
    name = "c.name" if language == settings.LANGUAGE_CODE else _name_of("c", f"'name_{language}'")
    value, kind = _SORTED_BY[sort]
    return value.format(name=name), kind


def containers_of(wish: Wish) -> str:
    """As SQL, those that it searches for, as `c`."""
    return _SOUGHT if wish.search else _ALL


def window_of(wish: Wish) -> str:
    return _WINDOW.replace("{containers}", containers_of(wish))


def fetch(statement: str, parameters: Mapping[str, Any], *, ask: Any = None) -> list[dict[str, Any]]:
    with ask or connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
