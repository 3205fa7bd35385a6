"""What customers see of the catalog, shaped for the answer and read in one statement.

Rows are plain dictionaries: everything below a container is gathered by PostgreSQL as JSON, so that the number of
statements does not grow with the page, and no object is built for a variant, an offer or a rate.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypedDict, cast

from django.conf import settings
from django.db import connection
from django.utils import timezone

from catalog.languages import language_asked
from catalog.models import BundlePart, Kind, shop_today
from catalog.pricing import FEE_IN_SQL, Calendar, RentalFee, SeasonDays, Step, rental_fee
from core.errors import NotFound
from core.postgres import prepared_cursor

MOST_WORDS = 8  # of a search; what a person types, not what a script sends


class Mode(StrEnum):
    RENT = "rent"
    BUY = "buy"


class Sort(StrEnum):
    NAME = "name"
    PRICE = "price"
    CREATED_AT = "created_at"
    RELEVANCE = "rank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a customer looks for. `days` is the length of the rental wanted, from `first_on` on; None: not said."""

    currency: str
    mode: str | None = None
    search: str = ""
    kinds: Collection[str] = ()
    days: int | None = None
    first_on: date | None = None
    sizes: Collection[str] = ()
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    only: Collection[int] | None = None  # ids of variants; None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The first `limit` rows beyond `after`, which is the sort value and the id of a row."""

    by: Sort = Sort.NAME
    falling: bool = False
    after: tuple[Any, int] | None = None
    limit: int


class ImageSizeRow(TypedDict):
    width: int
    height: int
    webp: str
    avif: str


class ImageRow(TypedDict):
    image: str
    alt: str
    colour: str
    sizes: list[ImageSizeRow]


class SaleRow(TypedDict):
    price_minor: int


class RateRow(TypedDict):
    from_days: int
    per_day_minor: int


class SeasonRow(TypedDict):
    name: str
    start_on: str
    end_on: str
    percent: int


class RentalRow(TypedDict):
    deposit_minor: int
    late_fee_minor: int
    min_days: int
    max_days: int
    prep_days: int
    turnaround_days: int
    keep_credit_percent: int
    acclimatisation_percent: int
    steps: list[RateRow]


class PartRow(TypedDict):
    sku: str
    title: str
    quantity: int
    comes_back: bool


class VariantRow(TypedDict):
    id: int
    sku: str
    size: str
    colour: str
    colour_hex: str
    inner_length_mm: int
    inner_width_mm: int
    inner_height_mm: int
    outer_length_mm: int
    outer_width_mm: int
    outer_height_mm: int
    weight_g: int
    max_load_g: int
    sale: SaleRow | None
    rental: RentalRow | None
    parts: list[PartRow] | None  # of a bundle, its leading one first


class InsteadRow(TypedDict):
    """A variant that could stand in for another one."""

    sku: str  # of what it stands in for
    mode: str
    slug: str
    brand: str
    name: str
    variant: VariantRow
    seasons: list[SeasonRow]


class ContainerRow(TypedDict):
    id: int
    slug: str
    name: str
    brand: str
    kind: str
    description: str
    created_at: datetime
    pictures: list[ImageRow]
    offered: list[VariantRow]
    seasons: list[SeasonRow]
    price: int
    rank: int


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
# VariantQuerySet.approved. An offer without rates has no price, so it is none. `price` is the least for which a
# variant can be had: the fee for the days wished, or the cheapest day that the longest rental reaches.
_LEAST = f"""
    CASE WHEN %(days)s::int IS NULL
         THEN coalesce(min(r.per_day_minor) FILTER (WHERE r.from_days <= o.max_days), min(r.per_day_minor))
         WHEN %(days)s BETWEEN o.min_days AND o.max_days THEN {FEE_IN_SQL} END AS price
"""
CAN_BE_HAD = f"""
    catalog_variant v
    JOIN LATERAL (
        SELECT a.result FROM catalog_approval a WHERE a.variant_id = v.id ORDER BY a.approved_on DESC, a.id DESC LIMIT 1
    ) latest ON latest.result = 'approved'
    {offers_of_variant(_LEAST)}
    CROSS JOIN LATERAL (
        SELECT CASE %(mode)s WHEN 'buy' THEN s.price_minor WHEN 'rent' THEN o.price
                    ELSE least(s.price_minor, o.price) END AS price
    ) had
    WHERE had.price IS NOT NULL AND (%(max_price)s::bigint IS NULL OR had.price <= %(max_price)s)
      AND (%(min_price)s::bigint IS NULL OR had.price >= %(min_price)s)
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

_BY_SKU = f"""
SELECT {VARIANT_AS_JSON} AS variant
FROM {CAN_BE_HAD} AND v.sku = ANY(%(skus)s)
  AND EXISTS (SELECT FROM catalog_container c WHERE c.id = v.container_id AND c.published)
ORDER BY v.sku
"""  # noqa: S608

# The next larger ones of the same kind; those of its own container first among equals. Walked by the index
# variant_by_room, so it does not grow with the catalog.
_INSTEAD = f"""
SELECT w.sku, w.mode, found.*
FROM unnest(%(skus)s::text[], %(modes)s::text[]) AS w(sku, mode)
JOIN catalog_variant own ON own.sku = w.sku JOIN catalog_container of ON of.id = own.container_id
CROSS JOIN LATERAL (
    SELECT c.slug, c.brand, {NAME} AS name, {VARIANT_AS_JSON} AS variant, {SEASONS_OF}
    FROM catalog_container c, {CAN_BE_HAD} AND v.container_id = c.id AND c.published AND c.kind = of.kind
      AND (c.kind <> 'accessory' OR c.id = of.id)  -- a bowl is no larger pad
      AND v.id <> own.id AND CASE w.mode WHEN 'buy' THEN s.id IS NOT NULL ELSE o.id IS NOT NULL END
      AND v.inner_length_mm::bigint * v.inner_width_mm * v.inner_height_mm
          >= own.inner_length_mm::bigint * own.inner_width_mm * own.inner_height_mm
      AND v.inner_length_mm >= own.inner_length_mm
      AND v.inner_width_mm >= own.inner_width_mm
      AND v.inner_height_mm >= own.inner_height_mm
    ORDER BY v.inner_length_mm::bigint * v.inner_width_mm * v.inner_height_mm,
             v.container_id <> own.container_id, had.price, v.sku
    LIMIT %(most)s
) found
"""  # noqa: S608

_CURRENCIES = f"""
SELECT s.currency FROM catalog_saleoffer s WHERE {_in_force("s")} UNION
SELECT o.currency FROM catalog_rentaloffer o WHERE {_in_force("o")} ORDER BY 1
"""  # noqa: S608 (constants only)

_BY_KIND = f"""
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


def _sorted_by(sort: Sort) -> tuple[str, str]:
    """What is sorted by, and its type. Names as the indexes container_by_name have them."""
    language = language_asked()
    name = "c.name" if language == settings.LANGUAGE_CODE else _name_of("c", f"'name_{language}'")
    value, kind = _SORTED_BY[sort]
    return value.format(name=name), kind


def shop_window(wish: Wish, stretch: Stretch) -> list[ContainerRow]:
    """The published containers that can be had as wished, with the variants that can. One statement.

    A variant can be had when it is approved and has an offer in the wish's currency and mode, within its price, and
    for as many days as wished. `price` is the least for which anything in a container can be had.
    """
    value, kind = _sorted_by(stretch.by)
    side, direction = ("<", "DESC") if stretch.falling else (">", "ASC")
    parameters = parameters_of(wish) | {"limit": stretch.limit}
    beyond = ""
    if stretch.after is not None:
        beyond = f"AND ({value}, c.id) {side} (%(after)s::{kind}, %(after_id)s)"
        parameters["after"], parameters["after_id"] = stretch.after
    order = f"ORDER BY {value} {direction}, c.id {direction} LIMIT %(limit)s"
    return cast("list[ContainerRow]", fetch(f"{_window(wish)} {beyond} {order}", parameters))


def containers_of(wish: Wish) -> str:
    """As SQL, those that it searches for, as `c`."""
    return _SOUGHT if wish.search else _ALL


def _window(wish: Wish) -> str:
    return _WINDOW.replace("{containers}", containers_of(wish))


def container_detail(slug: str, *, currency: str) -> ContainerRow:
    """One container with every variant that can be had in `currency`. One statement. Raises: NotFound."""
    wish = Wish(currency=currency)
    rows = fetch(_window(wish), parameters_of(wish) | {"slug": slug})
    if not rows:
        raise NotFound
    return cast("ContainerRow", rows[0])


def variants_by_sku(skus: Collection[str], *, currency: str) -> list[VariantRow]:
    """The variants among `skus` that can be had in `currency`, by SKU. One statement."""
    parameters = parameters_of(Wish(currency=currency)) | {"skus": list(skus)}
    return [row["variant"] for row in fetch(_BY_SKU, parameters)]


def fitting_instead(wanted: Collection[tuple[str, Mode]], *, currency: str, most: int) -> list[InsteadRow]:
    """What could stand in for each of these SKUs: offered in the same mode and `currency`, of the same kind, inside as
    large or larger on every axis. At most `most` for each, the closest size first. One statement.
    """
    skus, modes = [sku for sku, _ in wanted], [str(mode) for _, mode in wanted]
    parameters = parameters_of(Wish(currency=currency)) | {"skus": skus, "modes": modes, "most": most}
    return cast("list[InsteadRow]", fetch(_INSTEAD, parameters, ask=prepared_cursor()))


def drawn_by(variant_ids: Collection[int]) -> dict[int, frozenset[tuple[int, bool]]]:
    """The variants whose stock each of these takes, and whether a rental brings it back: its own, or that of a bundle's
    parts. One statement.
    """
    found: dict[int, set[tuple[int, bool]]] = {variant_id: set() for variant_id in variant_ids}
    parts = BundlePart.objects.filter(bundle__in=found).values_list("bundle", "part", "comes_back")
    for bundle_id, part_id, comes_back in parts:
        found[bundle_id].add((part_id, comes_back))
    return {variant_id: frozenset(drawn or {(variant_id, True)}) for variant_id, drawn in found.items()}


def kinds_offered(*, currency: str) -> dict[str, int]:
    """How many containers of each kind can be had in `currency`; every kind is named. One statement."""
    counted = {row["kind"]: row["containers"] for row in fetch(_BY_KIND, parameters_of(Wish(currency=currency)))}
    return dict.fromkeys(Kind.values, 0) | counted


def currencies_offered() -> list[str]:
    """The currencies that anything of the shop is offered in today, or would be if it were approved. One statement."""
    rows = fetch(_CURRENCIES, {"shop_today": shop_today()})
    return [row["currency"] for row in rows]


def season_days(row: SeasonRow) -> SeasonDays:
    """A season as it was read as JSON."""
    start_on, end_on = date.fromisoformat(row["start_on"]), date.fromisoformat(row["end_on"])
    return SeasonDays(row["name"], start_on, end_on, row["percent"])


def fee_for(
    offer: RentalRow, seasons: Collection[SeasonRow], *, first_on: date, days: int, acclimatisation_days: int = 0
) -> RentalFee | None:
    """What so many days of an offer cost from `first_on` on; None: it is not offered for so many."""
    if not max(offer["min_days"], acclimatisation_days + 1) <= days <= offer["max_days"]:
        return None
    calendar = Calendar(
        first_on, [season_days(row) for row in seasons], acclimatisation_days, offer["acclimatisation_percent"]
    )
    return rental_fee([Step(**step) for step in offer["steps"]], days, calendar)


def parameters_of(wish: Wish) -> dict[str, Any]:
    language = language_asked()
    return {
        "name_in": f"name_{language}",
        "description_in": f"description_{language}",
        "alt_in": f"alt_{language}",
        "currency": wish.currency,
        "mode": wish.mode or "",
        "days": wish.days,
        "first_on": wish.first_on,
        "since": timezone.now().date() - timedelta(days=1),  # no depot's today is before that
        "shop_today": shop_today(),
        "sizes": list(wish.sizes) or None,
        "min_price": wish.min_price_minor,
        "max_price": wish.max_price_minor,
        "only": None if wish.only is None else list(wish.only),
        "slug": None,
        "kinds": list(wish.kinds) or None,
        "language": language,
        "words": _words(wish.search),
    }


def _words(search: str) -> list[str]:
    """Letters and digits, as PostgreSQL takes them apart too; whatever stands between them is not sought."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", search))[:MOST_WORDS]


def fetch(statement: str, parameters: Mapping[str, Any], *, ask: Any = None) -> list[dict[str, Any]]:
    with ask or connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
