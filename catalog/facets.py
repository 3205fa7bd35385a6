"""How many containers each further filter would leave, and what airlines take of the whole catalog. One statement each.

Each facet counts with every filter but its own, so that what is chosen in it can be changed or widened.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypedDict

from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone

from catalog.fit import BELIEVED, BELIEVED_FOR, Shell
from catalog.models import Kind
from catalog.selectors import CAN_BE_HAD, VariantRow, Wish, containers_of, fetch, parameters_of

PRICE_STEPS = 5  # into which the prices are parted, about
MOST_COUNTED = 1_000  # variants of which it is counted whether they are free


class Ready(TextChoices):
    CABIN = "cabin", "Taken in the cabin"
    HOLD = "hold", "Taken in the hold"


class PriceStepRow(TypedDict):
    from_minor: int
    to_minor: int
    containers: int


class PriceRow(TypedDict):
    """To rent: of the days wished, or the cheapest day when none are."""

    mode: str
    least_minor: int
    most_minor: int
    steps: list[PriceStepRow]


class CountedRow(TypedDict):
    """A variant as far as its stock is counted; `sale` and `rental`: how it can be had within the range of prices."""

    container: int
    variant: VariantRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Containers by what could be chosen; `prices` of each mode in which anything is left.

    `variants`: what is left after all filters; None when there are more than MOST_COUNTED.
    """

    containers: int
    kinds: dict[str, int]
    sizes: dict[str, int]
    ready: dict[str, int]
    prices: list[PriceRow]
    variants: list[CountedRow] | None


# What some airline takes by a rule that is in force on that day, believed, and names a size: as `catalog.fit` for no
# cat at all, where the aircraft may be any. Footprints may be turned.
_RULES = """
cabin AS MATERIALIZED (
    SELECT * FROM (
        SELECT DISTINCT ON (r.airline_id, r.cabin, r.aircraft, r.shell) r.*
        FROM catalog_cabinrule r JOIN catalog_airline a ON a.id = r.airline_id
        WHERE r.valid_from <= %(on)s AND (%(airline)s::text IS NULL OR a.code = %(airline)s)
          AND (%(place)s::text IS NULL OR r.cabin IN ('', %(place)s))
        ORDER BY r.airline_id, r.cabin, r.aircraft, r.shell, r.valid_from DESC
    ) r
    WHERE allowed AND checked_on >= %(believed)s AND trust = ANY(%(trusts)s)
      AND length_mm IS NOT NULL AND width_mm IS NOT NULL AND height_mm IS NOT NULL
), hold AS MATERIALIZED (
    SELECT * FROM (
        SELECT DISTINCT ON (r.airline_id, r.aircraft) r.*
        FROM catalog_holdrule r JOIN catalog_airline a ON a.id = r.airline_id
        WHERE r.valid_from <= %(on)s AND (%(airline)s::text IS NULL OR a.code = %(airline)s)
        ORDER BY r.airline_id, r.aircraft, r.valid_from DESC
    ) r
    WHERE allowed AND checked_on >= %(believed)s AND trust = ANY(%(trusts)s)
)
"""

# Of a variant `v` of a container `c`.
_TAKEN_WHERE = """
    c.kind <> ALL(%(stay_on_the_ground)s) AND EXISTS (
        SELECT FROM cabin r
        WHERE r.shell IN ('', CASE WHEN c.kind = ANY(%(soft)s) THEN 'soft' ELSE 'hard' END)
          AND greatest(r.length_mm, r.width_mm) >= greatest(v.outer_length_mm, v.outer_width_mm)
          AND least(r.length_mm, r.width_mm) >= least(v.outer_length_mm, v.outer_width_mm)
          AND r.height_mm >= v.outer_height_mm
          AND v.outer_length_mm + v.outer_width_mm + v.outer_height_mm <= coalesce(r.sum_mm, 9999)
          AND v.weight_g <= coalesce(r.weight_g, 999999)) AS cabin,
    c.kind <> ALL(%(stay_on_the_ground)s) AND NOT c.kind = ANY(%(soft)s) AND EXISTS (
        SELECT FROM hold r
        WHERE greatest(coalesce(r.length_mm, 9999), coalesce(r.width_mm, 9999))
              >= greatest(v.outer_length_mm, v.outer_width_mm)
          AND least(coalesce(r.length_mm, 9999), coalesce(r.width_mm, 9999))
              >= least(v.outer_length_mm, v.outer_width_mm)
          AND coalesce(r.height_mm, 9999) >= v.outer_height_mm) AS hold
"""

_IS_READY = (
    "%(ready)s::text[] && array_remove(ARRAY[CASE WHEN cabin THEN 'cabin' END, CASE WHEN hold THEN 'hold' END], NULL)"
)

_TAKEN = f"""
WITH {_RULES}
SELECT v.id FROM catalog_variant v JOIN catalog_container c ON c.id = v.container_id AND c.published
CROSS JOIN LATERAL (SELECT {_TAKEN_WHERE}) t
WHERE {_IS_READY}
"""  # noqa: S608 (constants only)

_FACETS = f"""
WITH {_RULES}, item AS MATERIALIZED (
    SELECT c.id AS container, c.kind, x.*, had.*, had.to_rent OR had.to_buy AS by_price,
           %(kinds)s::text[] IS NULL OR c.kind = ANY(%(kinds)s) AS by_kind,
           %(chosen_sizes)s::text[] IS NULL OR x.size = ANY(%(chosen_sizes)s) AS by_size,
           %(ready)s::text[] IS NULL OR {_IS_READY} AS by_ready
    FROM {{containers}}
    CROSS JOIN LATERAL (
        SELECT v.id, v.size, CASE WHEN %(mode)s <> 'rent' THEN s.price_minor END AS sale_minor,
               CASE WHEN %(mode)s <> 'buy' THEN o.price END AS rent_minor, o.prep_days, o.turnaround_days,
               {_TAKEN_WHERE}
        FROM {CAN_BE_HAD} AND v.container_id = c.id
    ) x
    CROSS JOIN LATERAL (
        SELECT coalesce(rent_minor BETWEEN coalesce(%(least)s, 0) AND coalesce(%(most)s, rent_minor), false) AS to_rent,
               coalesce(sale_minor BETWEEN coalesce(%(least)s, 0) AND coalesce(%(most)s, sale_minor), false) AS to_buy
    ) had
    WHERE c.published
), priced AS (
    SELECT container, p.mode, p.price
    FROM item CROSS JOIN LATERAL (VALUES ('rent', rent_minor), ('buy', sale_minor)) p(mode, price)
    WHERE by_kind AND by_size AND by_ready AND p.price IS NOT NULL
), ends AS (
    SELECT mode, min(price) AS least, max(price) AS most, greatest((max(price) - min(price)) / %(steps)s, 1) AS raw
    FROM priced GROUP BY mode
), step AS (
    SELECT mode, (tenth * CASE WHEN raw <= tenth THEN 1 WHEN raw <= 2 * tenth THEN 2 WHEN raw <= 5 * tenth THEN 5
                               ELSE 10 END)::bigint AS wide
    FROM ends, LATERAL (SELECT power(10::numeric, floor(log(ends.raw)))) AS magnitude(tenth)
), chosen AS (
    SELECT * FROM item WHERE by_kind AND by_size AND by_ready AND by_price
)
SELECT
    (SELECT count(DISTINCT container) FROM chosen) AS containers,
    (SELECT coalesce(json_object_agg(kind, n), json_build_object()) FROM (
        SELECT kind, count(DISTINCT container) AS n FROM item WHERE by_size AND by_ready AND by_price GROUP BY kind) f
    ) AS kinds,
    (SELECT coalesce(json_object_agg(size, n ORDER BY n DESC, size), json_build_object()) FROM (
        SELECT size, count(DISTINCT container) AS n FROM item WHERE by_kind AND by_ready AND by_price GROUP BY size) f
    ) AS sizes,
    (SELECT json_build_object('cabin', count(DISTINCT container) FILTER (WHERE cabin),
                              'hold', count(DISTINCT container) FILTER (WHERE hold))
     FROM item WHERE by_kind AND by_size AND by_price) AS ready,
    (SELECT coalesce(json_agg(json_build_object(
        'mode', mode, 'least_minor', least, 'most_minor', most, 'steps', (
            SELECT json_agg(json_build_object('from_minor', place * wide, 'to_minor', (place + 1) * wide - 1,
                                              'containers', n) ORDER BY place)
            FROM (SELECT price / wide AS place, wide, count(DISTINCT container) AS n
                  FROM priced JOIN step USING (mode) WHERE mode = ends.mode GROUP BY 1, 2) f)
     ) ORDER BY mode DESC), '[]') FROM ends) AS prices,
    (SELECT CASE WHEN count(*) <= %(most_counted)s THEN coalesce(json_agg(json_build_object(
        'container', container, 'variant', json_build_object(
            'id', id, 'sale', CASE WHEN to_buy THEN json_build_object() END,
            'rental', CASE WHEN to_rent
                      THEN json_build_object('prep_days', prep_days, 'turnaround_days', turnaround_days)
                      END))), '[]') END
     FROM (SELECT * FROM chosen LIMIT %(most_counted)s + 1) counted) AS variants
"""  # noqa: S608 (constants only)


def facets(wish: Wish, *, ready: Collection[str] = (), airline: str | None = None, place: str | None = None) -> Facets:
    """What each facet would leave of what can be had as wished. One statement.

    ready: as filtered by. airline, place: whose rules of which cabin class decide about it; None: those of all.
    """
    open_wish = replace(wish, sizes=(), min_price_minor=None, max_price_minor=None)
    own = {
        "chosen_sizes": list(wish.sizes) or None, "least": wish.min_price_minor, "most": wish.max_price_minor,
        "steps": PRICE_STEPS, "most_counted": MOST_COUNTED,
    }  # fmt: skip
    statement = _FACETS.replace("{containers}", containers_of(wish))
    [row] = fetch(statement, parameters_of(open_wish) | _by_rules(ready, airline, place, wish.first_on) | own)
    return Facets(**row | {"kinds": dict.fromkeys(Kind.values, 0) | row["kinds"]})


def variants_ready(
    ready: Collection[str], *, airline: str | None = None, place: str | None = None, on: date | None = None
) -> list[int]:
    """The ids of all published variants that the airline, or some airline, takes at one of these. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, _by_rules(ready, airline, place, on))
        return [variant_id for (variant_id,) in cursor.fetchall()]


def _by_rules(ready: Collection[str], airline: str | None, place: str | None, on: date | None) -> dict[str, Any]:
    today = timezone.now().date()
    return {
        "ready": sorted(ready) or None, "airline": airline, "place": None if place == Ready.HOLD else place,
        "on": on or today, "believed": today - BELIEVED_FOR, "trusts": [trust.value for trust in BELIEVED],
        "soft": Kind.of_shell(Shell.SOFT),
        "stay_on_the_ground": [Kind.CAR_CRATE.value, Kind.ACCESSORY.value],
    }  # fmt: skip
