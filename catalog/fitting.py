"""What of the whole catalog fits a trip, worked out by PostgreSQL from the numbers of `catalog.fit`. One statement.

The same comparison as `catalog.fit.verdict`, which explains each container that is shown; a test keeps the two alike.
"""

from dataclasses import dataclass
from typing import Any, TypedDict

from catalog.fit import TIGHT_BELOW_G, TIGHT_BELOW_MM, Asked, Reason, Shell
from catalog.models import Kind, shop_today
from catalog.pricing import fee_in_sql, seasons_in_sql
from catalog.selectors import (
    ALT,
    NAME,
    SEASONS_OF,
    VARIANT_AS_JSON,
    ImageRow,
    SeasonRow,
    VariantRow,
    Wish,
    offers_of_variant,
    parameters_of,
)
from core.postgres import prepared_cursor

FEW = 2_000  # variants; a walk through all of 100,000 reads fewer when more than these fit
MOST_NAMED = 3  # SKUs of each reason why something was left out


class FittingRow(TypedDict):
    slug: str
    name: str
    brand: str
    kind: str
    picture: ImageRow | None
    variant: VariantRow
    seasons: list[SeasonRow]
    price: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`asked`: which of what was asked said no, by number; where several did, the first."""

    reason: Reason
    asked: int
    variants: int
    skus: list[str]


@dataclass(frozen=True, slots=True)
class Fitting:
    """`rows`: best first, so many of all that fit. `fit`: how many fit in all. `left_out`: why the others do not."""

    rows: list[FittingRow]
    fit: int
    left_out: list[LeftOut]


# Answers by number: 0 fits, 1 tight, 2 ask the airline, 3 no. A slack that nothing limits counts as ample. Of several
# noes the first asked is told: `no` begins with its number, as a letter.
_JUDGED = """
need AS MATERIALIZED (
    SELECT * FROM unnest(%(asked)s::int[], %(place)s::int[], %(aircraft)s::int[], %(shell)s::text[],
                         %(no)s::text[], %(doubt)s::bool[],
                         %(inner_l)s::int[], %(inner_w)s::int[], %(inner_h)s::int[], %(load)s::int[],
                         %(outer_l)s::int[], %(outer_w)s::int[], %(outer_h)s::int[], %(sum)s::int[], %(weight)s::int[],
                         %(most_l)s::int[], %(most_w)s::int[], %(most_h)s::int[], %(by_air)s::bool[],
                         %(turns_in)s::bigint[])
         AS n(asked, place, aircraft, shell, no, doubt, inner_l, inner_w, inner_h, load,
              outer_l, outer_w, outer_h, sum, weight, most_l, most_w, most_h, by_air, turns_in)
),
measured AS (
    SELECT s.id, s.variants, s.skus, n.*, s.weight_g, s.max_load_g, s.kind = %(for_cars)s AND n.by_air AS for_cars,
           s.inner_length_mm::bigint * s.inner_length_mm + s.inner_width_mm::bigint * s.inner_width_mm
           < n.turns_in * n.turns_in AS is_cramped,
           greatest(least(n.most_l - s.outer_length_mm, n.most_w - s.outer_width_mm),
                    least(n.most_l - s.outer_width_mm, n.most_w - s.outer_length_mm)) < 0
           OR n.most_h < s.outer_height_mm AS is_huge,
           least(greatest(least(s.inner_length_mm - n.inner_l, s.inner_width_mm - n.inner_w),
                          least(s.inner_width_mm - n.inner_l, s.inner_length_mm - n.inner_w)),
                 s.inner_height_mm - n.inner_h) AS inside,
           least(greatest(least(n.outer_l - s.outer_length_mm, n.outer_w - s.outer_width_mm),
                          least(n.outer_l - s.outer_width_mm, n.outer_w - s.outer_length_mm)),
                 n.outer_h - s.outer_height_mm,
                 n.sum - s.outer_length_mm - s.outer_width_mm - s.outer_height_mm, %(ample)s) AS outside
    FROM catalog_shape s
    JOIN need n ON n.shell = CASE WHEN s.kind = ANY(%(soft)s) THEN 'soft' ELSE 'hard' END
    WHERE {which}
),
answered AS (
    SELECT m.id, m.variants, m.skus, m.asked, m.place, m.aircraft, said.no,
           CASE WHEN said.no IS NOT NULL THEN 3 WHEN m.doubt OR m.is_cramped THEN 2
                WHEN least(m.inside, m.outside) < %(tight)s THEN 1
                WHEN least(m.max_load_g - m.load, m.weight - m.load - m.weight_g) < %(tight_g)s THEN 1
                ELSE 0 END AS answer
    FROM measured m CROSS JOIN LATERAL (
        SELECT CASE WHEN m.inside < 0 THEN 'cat_too_large' WHEN m.load > m.max_load_g THEN 'cat_too_heavy'
                    WHEN m.for_cars THEN 'made_for_cars' WHEN m.is_huge THEN 'space_too_small'
                    WHEN m.no = 'soft_in_hold' THEN m.no WHEN m.doubt THEN NULL WHEN m.no IS NOT NULL THEN m.no
                    WHEN m.outside < 0 THEN 'space_too_small'
                    WHEN m.load + m.weight_g > m.weight THEN 'too_heavy' END AS no
        OFFSET 0  -- or it would be worked out again wherever it is named
    ) said
),
judged AS MATERIALIZED (
    SELECT id, max(answer) AS answer, max(variants) AS variants, max(skus) AS skus,
           min(chr(64 + asked) || no COLLATE "C") FILTER (WHERE answer = 3) AS no
    FROM {leg} GROUP BY id
)
"""
_TODAY = "s.valid_from <= %(shop_today)s AND s.valid_until > %(shop_today)s"
_AS_WISHED = f"""
    {_TODAY} AND s.mode = %(mode)s AND s.currency = %(currency)s AND %(days)s BETWEEN s.min_days AND s.max_days
"""
# All that is asked of one aircraft counts; nobody told which one flies, so if some say yes and some no: ask.
_OF_SOME_AIRCRAFT = """(
    SELECT id, asked, max(variants) AS variants, max(skus) AS skus, substr(min(no COLLATE "C"), 2) AS no,
           CASE WHEN bool_or(answer = 3) <> bool_and(answer = 3) THEN 2 ELSE max(answer) END AS answer
    FROM (
        SELECT id, asked, max(variants) AS variants, max(skus) AS skus, max(answer) AS answer,
               min(chr(64 + place) || no COLLATE "C") AS no
        FROM answered GROUP BY id, asked, aircraft
    ) one GROUP BY id, asked
) leg"""


def _judged(statement: str, which: str) -> dict[bool, str]:
    """The statement over these shapes, by whether some leg asks for more than one thing."""
    shapes = _JUDGED.replace("{which}", which)
    return {
        several: f"WITH {shapes.replace('{leg}', leg)}{statement}"
        for several, leg in ((False, "answered"), (True, _OF_SOME_AIRCRAFT))
    }


# Shapes are judged and tariffs priced, once each, however many variants have them. Few that fit are all looked up and
# sorted; many are walked tariff by tariff, the cheapest first, until there are enough.
_FITTING = _judged(
    f""",
total AS MATERIALIZED (
    SELECT coalesce(sum(variants), 0)::int AS fit, sum(variants) <= %(few)s AS is_few FROM judged WHERE answer < 3
),
rate AS MATERIALIZED (
    SELECT id, kind, unnest(from_days) AS from_days, unnest(per_day_minor) AS per_day_minor
    FROM catalog_tariff
    WHERE mode = %(mode)s AND currency = %(currency)s AND %(days)s BETWEEN min_days AND max_days
),
season AS MATERIALIZED (
    SELECT k.*, {seasons_in_sql("k.kind", "k.from_days")} AS percents FROM (SELECT DISTINCT kind, from_days FROM rate) k
),
priced AS MATERIALIZED (
    SELECT r.id, min(CASE %(mode)s WHEN 'buy' THEN r.per_day_minor ELSE {fee_in_sql("x.percents")} END) AS price
    FROM rate r JOIN season x ON x.kind = r.kind AND x.from_days = r.from_days
    GROUP BY r.id
),
best AS MATERIALIZED (
    SELECT * FROM (
        SELECT j.answer, p.price, o.sku, o.variant_id
        FROM judged j JOIN catalog_offered o ON o.shape_id = j.id JOIN priced p ON p.id = o.tariff_id
        WHERE j.answer < 3 AND (SELECT is_few FROM total)
        UNION ALL
        SELECT * FROM (
            SELECT p.answer, p.price, o.sku, o.variant_id
            FROM (SELECT a.answer, p.price, p.id FROM priced p, (SELECT DISTINCT answer FROM judged WHERE answer < 3) a
                  ORDER BY 1, 2) p
            CROSS JOIN LATERAL (
                SELECT o.sku, o.variant_id FROM catalog_offered o
                WHERE o.tariff_id = p.id AND ((o.shape_id, p.answer) IN (SELECT id, answer FROM judged)) IS TRUE
                OFFSET 0  -- one tariff after the other
            ) o
            WHERE (SELECT NOT is_few FROM total)
            ORDER BY p.answer, p.price, o.sku LIMIT %(skip)s::int + %(most)s::int
        ) walked
    ) found
    ORDER BY answer, price, sku OFFSET %(skip)s LIMIT %(most)s
)
SELECT
    (SELECT coalesce(json_agg(json_build_object('reason', substr(o.no, 2), 'asked', ascii(o.no) - 64,
                                                'variants', o.variants, 'skus', o.skus)), '[]')
     FROM (SELECT no, sum(variants) AS variants, ARRAY(
               SELECT sku
               FROM (SELECT skus FROM judged j
                     WHERE j.answer = 3 AND j.no = o.no ORDER BY skus[1] LIMIT %(named)s) least, unnest(least.skus) sku
               ORDER BY sku LIMIT %(named)s) AS skus
           FROM judged o WHERE answer = 3 GROUP BY no ORDER BY 2 DESC, 1) o),
    (SELECT fit FROM total),
    (SELECT coalesce(json_agg(row_to_json(shown)), '[]') FROM (
        SELECT c.slug, {NAME} AS name, c.brand, c.kind, b.price, {VARIANT_AS_JSON} AS variant, {SEASONS_OF},
               (SELECT json_build_object('image', i.image, 'alt', {ALT}, 'colour', i.colour, 'sizes', i.sizes)
                FROM catalog_containerimage i WHERE i.container_id = c.id AND i.colour IN ('', v.colour)
                ORDER BY i.colour <> v.colour, i.position, i.id LIMIT 1) AS picture
        FROM best b, catalog_container c, catalog_variant v {offers_of_variant()}
        WHERE v.id = b.variant_id AND c.id = v.container_id
        ORDER BY b.answer, b.price, b.sku
    ) shown)
""",  # noqa: S608 (constants only)
    _AS_WISHED,
)

_FIT = _judged(
    "SELECT DISTINCT o.variant_id FROM judged j JOIN catalog_offered o ON o.shape_id = j.id WHERE j.answer < 3", _TODAY
)


def fitting(asked: Asked, wish: Wish, *, skip: int = 0, most: int, few: int = FEW) -> Fitting:
    """Everything that can be had as wished and fits every cat on every leg: by answer, price and SKU.

    asked: what each cat asks on each leg. wish: with a mode and, to rent, with days; no other wishes count. Rows `skip`
    to `skip + most` of those that fit; up to `few` that fit are looked up, more are walked through. One statement.
    """
    place = {"days": wish.days or 1, "skip": skip, "most": most, "named": MOST_NAMED, "few": few}
    with prepared_cursor() as cursor:
        cursor.execute(_FITTING[_asks_several(asked)], parameters_of(wish) | _numbers(asked) | place)
        left_out, fit, rows = cursor.fetchone()
    return Fitting(rows, fit, [LeftOut(**{**row, "reason": Reason(row["reason"])}) for row in left_out])


def variants_that_fit(asked: Asked) -> list[int]:
    """The ids of all variants that can be had and fit every cat on every leg, or of which the airline must be asked."""
    with prepared_cursor() as cursor:
        cursor.execute(_FIT[_asks_several(asked)], _numbers(asked) | {"shop_today": shop_today()})
        return [variant_id for (variant_id,) in cursor.fetchall()]


def _asks_several(asked: Asked) -> bool:
    return any(len(by_aircraft) > 1 for by_shell in asked for by_aircraft in by_shell.values())


def _numbers(asked: Asked) -> dict[str, Any]:
    needs = [
        (number, place, shell, need)
        for number, by_shell in enumerate(asked)
        for shell, by_aircraft in by_shell.items()
        for place, need in enumerate(by_aircraft)
    ]
    columns: dict[str, list[Any]] = {
        "asked": [number for number, *_ in needs],
        "place": [place for _, place, *_ in needs],
        "shell": [str(shell) for *_, shell, _ in needs],
    }
    for name, read in _READ.items():
        columns[name] = [read(need) for *_, need in needs]
    kinds = {"soft": Kind.of_shell(Shell.SOFT), "for_cars": Kind.CAR_CRATE}
    return {**columns, **kinds, "tight": TIGHT_BELOW_MM, "tight_g": TIGHT_BELOW_G, "ample": TIGHT_BELOW_MM}


_READ: dict[str, Any] = {
    "no": lambda need: need.no and str(need.no),
    "aircraft": lambda need: need.aircraft,
    "by_air": lambda need: need.by_air,
    "turns_in": lambda need: need.turns_in_mm,
    "doubt": lambda need: need.doubt is not None,
    "inner_l": lambda need: need.least.length,
    "inner_w": lambda need: need.least.width,
    "inner_h": lambda need: need.least.height,
    "load": lambda need: need.load_g,
    "outer_l": lambda need: need.outer[0],
    "outer_w": lambda need: need.outer[1],
    "outer_h": lambda need: need.outer[2],
    "sum": lambda need: need.sum_mm,
    "weight": lambda need: need.weight_g,
    "most_l": lambda need: need.most and need.most.length,
    "most_w": lambda need: need.most and need.most.width,
    "most_h": lambda need: need.most and need.most.height,
}
