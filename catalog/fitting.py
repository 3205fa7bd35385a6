"""What of the whole catalog fits a trip, worked out by PostgreSQL from the numbers of `catalog.fit`. One statement.

The same comparison as `catalog.fit.verdict`, which explains each container that is shown; a test keeps the two alike.
"""

from dataclasses import dataclass
from typing import Any, TypedDict

from catalog.fit import TIGHT_BELOW_MM, Asked, Reason, Shell
from catalog.models import Kind
from catalog.selectors import (
    ALT,
    CAN_BE_HAD,
    CAN_BE_HAD_AT_ALL,
    NAME,
    SEASONS_OF,
    VARIANT_AS_JSON,
    ImageRow,
    SeasonRow,
    VariantRow,
    Wish,
    parameters_of,
)
from core.postgres import prepared_cursor

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
    reason: Reason
    variants: int
    skus: list[str]


@dataclass(frozen=True, slots=True)
class Fitting:
    """`rows`: best first, so many of all that fit. `fit`: how many fit in all. `left_out`: why the others do not."""

    rows: list[FittingRow]
    fit: int
    left_out: list[LeftOut]


# Answers by number: 0 fits, 1 tight, 2 ask the airline, 3 no. A slack that nothing limits counts as ample.
_JUDGED = """
need AS (
    SELECT * FROM unnest(%(asked)s::int[], %(is_first)s::bool[], %(shell)s::text[], %(no)s::text[], %(doubt)s::bool[],
                         %(inner_l)s::int[], %(inner_w)s::int[], %(inner_h)s::int[], %(load)s::int[],
                         %(outer_l)s::int[], %(outer_w)s::int[], %(outer_h)s::int[], %(sum)s::int[], %(weight)s::int[],
                         %(most_l)s::int[], %(most_w)s::int[], %(most_h)s::int[], %(by_air)s::bool[])
         AS n(asked, is_first, shell, no, doubt, inner_l, inner_w, inner_h, load,
              outer_l, outer_w, outer_h, sum, weight, most_l, most_w, most_h, by_air)
),
measured AS (
    SELECT v.id, n.*, v.weight_g, v.max_load_g, c.kind = %(for_cars)s AND n.by_air AS for_cars,
           greatest(least(n.most_l - v.outer_length_mm, n.most_w - v.outer_width_mm),
                    least(n.most_l - v.outer_width_mm, n.most_w - v.outer_length_mm)) < 0
           OR n.most_h < v.outer_height_mm AS is_huge,
           least(greatest(least(v.inner_length_mm - n.inner_l, v.inner_width_mm - n.inner_w),
                          least(v.inner_width_mm - n.inner_l, v.inner_length_mm - n.inner_w)),
                 v.inner_height_mm - n.inner_h) AS inside,
           least(greatest(least(n.outer_l - v.outer_length_mm, n.outer_w - v.outer_width_mm),
                          least(n.outer_l - v.outer_width_mm, n.outer_w - v.outer_length_mm)),
                 n.outer_h - v.outer_height_mm,
                 n.sum - v.outer_length_mm - v.outer_width_mm - v.outer_height_mm, %(ample)s) AS outside
    FROM catalog_variant v JOIN catalog_container c ON c.id = v.container_id AND c.published
    JOIN need n ON n.shell = CASE WHEN c.kind = ANY(%(soft)s) THEN 'soft' ELSE 'hard' END
),
answered AS (
    SELECT m.id, m.asked, m.is_first, said.no,
           CASE WHEN said.no IS NOT NULL THEN 3 WHEN m.doubt THEN 2 WHEN least(m.inside, m.outside) < %(tight)s THEN 1
                ELSE 0 END AS answer
    FROM measured m CROSS JOIN LATERAL (
        SELECT CASE WHEN m.inside < 0 THEN 'cat_too_large' WHEN m.load > m.max_load_g THEN 'cat_too_heavy'
                    WHEN m.for_cars THEN 'made_for_cars' WHEN m.is_huge THEN 'space_too_small'
                    WHEN m.no = 'soft_in_hold' THEN m.no WHEN m.doubt THEN NULL WHEN m.no IS NOT NULL THEN m.no
                    WHEN m.outside < 0 THEN 'space_too_small'
                    WHEN m.load + m.weight_g > m.weight THEN 'too_heavy' END AS no
    ) said
),
judged AS (
    SELECT a.id, max(a.answer) AS answer, (array_agg(a.no ORDER BY a.asked) FILTER (WHERE a.answer = 3))[1] AS no
    FROM (
        SELECT id, asked, max(no) FILTER (WHERE is_first) AS no,
               CASE WHEN bool_or(answer = 3) <> bool_and(answer = 3) THEN 2
                    ELSE max(answer) FILTER (WHERE is_first) END AS answer
        FROM answered GROUP BY id, asked
    ) a
    GROUP BY a.id
)
"""

_FITTING = f"""
WITH {_JUDGED},
offered AS (
    SELECT j.answer, j.no, v.sku, v.id FROM judged j, {CAN_BE_HAD_AT_ALL} AND v.id = j.id
),
best AS (
    SELECT j.answer, v.sku, v.id, had.price FROM judged j, {CAN_BE_HAD} AND v.id = j.id AND j.answer < 3
    ORDER BY j.answer, had.price, v.sku OFFSET %(skip)s LIMIT %(most)s
)
SELECT
    (SELECT coalesce(json_agg(json_build_object('reason', o.no, 'variants', o.variants, 'skus', o.skus)), '[]')
     FROM (SELECT no, count(*) AS variants, (array_agg(sku ORDER BY sku))[:%(named)s] AS skus
           FROM offered WHERE answer = 3 GROUP BY no ORDER BY 2 DESC, 1) o),
    (SELECT count(*) FROM offered WHERE answer < 3),
    (SELECT coalesce(json_agg(row_to_json(shown)), '[]') FROM (
        SELECT c.slug, {NAME} AS name, c.brand, c.kind, b.price, {VARIANT_AS_JSON} AS variant, {SEASONS_OF},
               (SELECT json_build_object('image', i.image, 'alt', {ALT}, 'colour', i.colour, 'sizes', i.sizes)
                FROM catalog_containerimage i WHERE i.container_id = c.id AND i.colour IN ('', v.colour)
                ORDER BY i.colour <> v.colour, i.position, i.id LIMIT 1) AS picture
        FROM best b, catalog_container c, {CAN_BE_HAD} AND v.id = b.id AND c.id = v.container_id
        ORDER BY b.answer, b.price, b.sku
    ) shown)
"""  # noqa: S608 (constants only)


_FIT = f"WITH {_JUDGED} SELECT id FROM judged WHERE answer < 3"  # noqa: S608 (constants only)


def fitting(asked: Asked, wish: Wish, *, skip: int = 0, most: int) -> Fitting:
    """Everything that can be had as wished and fits every cat on every leg: by answer, price and SKU.

    asked: what each cat asks on each leg. Rows `skip` to `skip + most` of those that fit. One statement.
    """
    values = parameters_of(wish) | _numbers(asked) | {"skip": skip, "most": most, "named": MOST_NAMED}
    with prepared_cursor() as cursor:
        cursor.execute(_FITTING, values)
        left_out, fit, rows = cursor.fetchone()
    return Fitting(rows, fit, [LeftOut(Reason(row["reason"]), row["variants"], row["skus"]) for row in left_out])


def variants_that_fit(asked: Asked) -> list[int]:
    """The ids of all published variants that fit every cat on every leg, or of which the airline must be asked."""
    with prepared_cursor() as cursor:
        cursor.execute(_FIT, _numbers(asked))
        return [variant_id for (variant_id,) in cursor.fetchall()]


def _numbers(asked: Asked) -> dict[str, Any]:
    needs = [
        (number, place == 0, shell, need)
        for number, by_shell in enumerate(asked)
        for shell, by_aircraft in by_shell.items()
        for place, need in enumerate(by_aircraft)
    ]
    columns: dict[str, list[Any]] = {
        "asked": [number for number, *_ in needs],
        "is_first": [is_first for _, is_first, *_ in needs],
        "shell": [str(shell) for *_, shell, _ in needs],
    }
    for name, read in _READ.items():
        columns[name] = [read(need) for *_, need in needs]
    soft = [kind.value for kind in Kind if kind.shell == Shell.SOFT]
    return {**columns, "soft": soft, "tight": TIGHT_BELOW_MM, "ample": TIGHT_BELOW_MM, "for_cars": Kind.CAR_CRATE}


_READ: dict[str, Any] = {
    "no": lambda need: need.no and str(need.no),
    "by_air": lambda need: need.by_air,
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
