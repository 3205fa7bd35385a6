"""The shop as it is read: each answer in one statement, whatever the size of the page."""

from collections.abc import Collection
from typing import cast

from catalog.models import BundlePart, Kind, shop_today
from catalog.selectors.rows import ContainerRow, InsteadRow, VariantRow
from catalog.selectors.statements import BY_KIND, BY_SKU, CURRENCIES, INSTEAD, fetch, sorted_by, window_of
from catalog.selectors.wishes import Mode, Stretch, Wish, parameters_of
from catalog.version import Remembered
from core.errors import NotFound
from core.postgres import prepared_cursor

_SIZES = """
SELECT DISTINCT v.size FROM catalog_variant v JOIN catalog_container c ON c.id = v.container_id WHERE c.published
ORDER BY 1
"""
_SIZES_KNOWN: Remembered[str, list[str]] = Remembered(1)


def shop_window(wish: Wish, stretch: Stretch) -> list[ContainerRow]:
    """The published containers that can be had as wished, with the variants that can. One statement.

    A variant can be had when it is approved and has an offer in the wish's currency and mode, within its price, and
    for as many days as wished. `price` is the least for which anything in a container can be had so; without a mode
    either way counts, to rent or to buy.
    """
    value, kind = sorted_by(stretch.by)
    side, direction = ("<", "DESC") if stretch.falling else (">", "ASC")
    parameters = parameters_of(wish) | {"limit": stretch.limit}
    beyond = ""
    if stretch.after is not None:
        beyond = f"AND ({value}, c.id) {side} (%(after)s::{kind}, %(after_id)s)"
        parameters["after"], parameters["after_id"] = stretch.after
    order = f"ORDER BY {value} {direction}, c.id {direction} LIMIT %(limit)s"
    return cast("list[ContainerRow]", fetch(f"{window_of(wish)} {beyond} {order}", parameters))


def container_detail(slug: str, *, currency: str) -> ContainerRow:
    """One container with every variant that can be had in `currency`. One statement. Raises: NotFound."""
    wish = Wish(currency=currency)
    rows = fetch(window_of(wish), parameters_of(wish) | {"slug": slug})
    if not rows:
        raise NotFound
    return cast("ContainerRow", rows[0])


def variants_by_sku(skus: Collection[str], *, currency: str) -> list[VariantRow]:
    """The variants among `skus` that can be had in `currency`, by SKU. One statement."""
    parameters = parameters_of(Wish(currency=currency)) | {"skus": list(skus)}
    return [row["variant"] for row in fetch(BY_SKU, parameters)]


def fitting_instead(wanted: Collection[tuple[str, Mode]], *, currency: str, most: int) -> list[InsteadRow]:
    """What could stand in for each of these SKUs: offered in the same mode and `currency`, of the same kind, inside as
    large or larger on every axis. At most `most` for each, the closest size first. One statement.
    """
    skus, modes = [sku for sku, _ in wanted], [str(mode) for _, mode in wanted]
    parameters = parameters_of(Wish(currency=currency)) | {"skus": skus, "modes": modes, "most": most}
    return cast("list[InsteadRow]", fetch(INSTEAD, parameters, ask=prepared_cursor()))


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
    counted = {row["kind"]: row["containers"] for row in fetch(BY_KIND, parameters_of(Wish(currency=currency)))}
    return dict.fromkeys(Kind.values, 0) | counted


def sizes_known(version: str) -> list[str]:
    """The sizes that published variants have, among them "" if some have none. No statement, unless something of the
    catalog has changed.

    version: of the catalog, read before.
    """
    known = _SIZES_KNOWN.get(
        version, ["all"], lambda keys: {key: [row["size"] for row in fetch(_SIZES, {})] for key in keys}
    )
    return known["all"]


def currencies_offered() -> list[str]:
    """The currencies that anything of the shop is offered in today, or would be if it were approved. One statement."""
    rows = fetch(CURRENCIES, {"shop_today": shop_today()})
    return [row["currency"] for row in rows]
