# mypy: disable-error-code="misc"
# unfold carries no types
"""What is missing until customers can have a container: on its page, on its variants', and as a filter of the list."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from catalog.languages import TRANSLATIONS
from catalog.models import Approval, Container, Variant
from core.backoffice import Card, cards_on, filter_on, link
from inventory import words
from inventory.readiness import Readiness, Stage, Way, at_stage, readiness


@dataclass(frozen=True, slots=True)
class Point:
    """Something to be done. `address` is where, for who has the `right`; "" where it is not done on our pages."""

    text: str
    address: str = ""
    right: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """What is sold or rented, how it reads when there is none, and when only we know of some."""

    mode: str
    model: str
    none: str
    untold: str


Step = Callable[[Readiness], Iterator[Point]]
_PIECES = Stock("sale", "stocklevel", "none is counted at any depot", "the warehouse has counted none yet")
_UNITS = Stock("rent", "unit", "no depot has a unit of it", "the warehouse knows none of its units by serial number")


@filter_on("catalog.container")
class StageFilter(DropdownFilter):
    title = "readiness"
    parameter_name = "ready"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [
            (Stage.MISSING, "Something is missing"),
            (Stage.READY, "Ready to be published"),
            (Stage.LIVE, "Customers can have it"),
        ]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Container]) -> QuerySet[Container]:
        return at_stage(queryset, Stage(self.value())) if self.value() in list(Stage) else queryset


@cards_on("catalog.container", "main")
def _of_container(request: HttpRequest, container: Container) -> Iterator[Card]:
    rows = readiness(container.pk)
    lines = [line for one in _STEPS for line in _shared(request, one, rows)]
    is_draft = not (container.published or _are_parts_only(rows))
    title = "Ready to be published" if rows and not lines and is_draft else _how_many(rows)
    points = [*(_no_variant(container) if not rows else ()), *(_of_draft(container) if is_draft else ())]
    yield _card(title, rows, [*lines, *_lines(request, points)], _lines(request, _nicer(container)))


@cards_on("catalog.variant", "main")
def _of_variant(request: HttpRequest, variant: Variant) -> Iterator[Card]:
    stored = Variant.objects.select_related("container").get(pk=variant.pk)  # whatever is typed on a page that refuses
    row = next(row for row in readiness(stored.container_id) if row.variant_id == stored.pk)
    drafts = () if _is_part_only(row) else _of_draft(stored.container)
    points = [*(point for one in _STEPS for point in one(row)), *drafts]
    yield _card(_how(row), [row], _lines(request, points), [])


def _is_part_only(row: Readiness) -> bool:
    """Never meant to be had by itself: nothing of its own is missing. A bundle is checked and priced as one."""
    return row.is_part and row.approval == "" and not row.priced and row.ended_on is None


def _are_parts_only(rows: list[Readiness]) -> bool:
    return bool(rows) and all(map(_is_part_only, rows))


def _is_had(row: Readiness) -> bool:
    return row.buy.can or row.rent.can or _is_part_only(row)


def _how(row: Readiness) -> str:
    if _is_part_only(row):
        return "Customers have it as a part of bundles"
    if row.buy.can and row.rent.can:
        return "Customers can buy it and rent it"
    if _is_had(row):
        return f"Customers can {'buy' if row.buy.can else 'rent'} it"
    return "Customers cannot have it yet"


def _how_many(rows: list[Readiness]) -> str:
    """As "Customers can buy 2 of 3 variants and rent all 3 variants"."""
    if len(rows) == 1 or _are_parts_only(rows):
        return _how(rows[0])
    ways = {"buy": [row.buy for row in rows], "rent": [row.rent for row in rows]}
    figures = {verb: sum(way.can for way in those) for verb, those in ways.items()}
    said = [f"{verb} {_part_of(some, len(rows))}" for verb, some in figures.items() if some]
    return f"Customers can {' and '.join(said)} variants" if said else "Customers cannot have it yet"


def _part_of(some: int, of_all: int) -> str:
    return f"all {of_all}" if some == of_all else f"{some} of {of_all}"


def _card(title: str, rows: list[Readiness], lines: list[SafeString], nicer: list[SafeString]) -> Card:
    text = format_html("{}{}", _list("What is missing", lines), _list("What would make it nicer", nicer))
    tone = "missing" if not any(map(_is_had, rows)) else "part" if lines else ""
    return Card(title, text=text, tone=f"ready {tone}")


def _list(title: str, lines: list[SafeString]) -> SafeString:
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    return format_html('<div><h4>{}</h4><ul class="points">{}</ul></div>', title, items) if lines else SafeString()


def _lines(request: HttpRequest, points: Iterable[Point]) -> list[SafeString]:
    return [format_html("{}", _linked(request, point, point.text)) for point in points]


def _shared(request: HttpRequest, step: Step, rows: list[Readiness]) -> Iterator[SafeString]:
    """What is missing of several variants alike, with a link for each."""
    told: dict[str, list[SafeString | str]] = {}
    for row in rows:
        for point in step(row):
            told.setdefault(point.text, []).append(_linked(request, point, row.sku))
    for text, names in told.items():
        yield format_html("{}: {}", text, format_html_join(", ", "{}", ((name,) for name in names)))


def _linked(request: HttpRequest, point: Point, text: str) -> SafeString | str:
    return link(point.address, text) if point.address and request.user.has_perm(point.right) else text


# What there is to do


def _of_draft(container: Container) -> Iterator[Point]:
    if not container.published:
        address = f"{_page('catalog_container', container.pk)}#id_published"
        yield Point("It is a draft: publish it when all else is done", address, "catalog.change_container")


def _no_variant(container: Container) -> Iterator[Point]:
    address = f"{reverse('admin:catalog_variant_add')}?{urlencode({'container': container.pk})}"
    yield Point("It has no variant: add one for each size and colour", address, "catalog.add_variant")


def _of_approval(row: Readiness) -> Iterator[Point]:
    if row.approval != Approval.Result.APPROVED and not _is_part_only(row):
        text = "Refused: check it anew once it is mended" if row.approval else "Not checked against our list"
        yield Point(text, reverse("admin:catalog_variant_inspect", args=[row.variant_id]), "catalog.add_approval")


def _of_prices(row: Readiness) -> Iterator[Point]:
    page = _page("catalog_variant", row.variant_id)
    if not row.priced and not _is_part_only(row):
        parts = ", it is had as a part of bundles only" if row.is_part else ", neither to buy nor to rent"
        text = f"Its price ended on {date_format(row.ended_on)}" if row.ended_on else f"No price{parts}"
        yield Point(text, f"{page}#sale_offers-group", "catalog.add_saleoffer")
    for verb, way in (("buy", row.buy), ("rent", row.rent)):
        if way.no_rates is not None:
            address = _page("catalog_rentaloffer", way.no_rates)
            yield Point("The rental offer has no price a day", address, "catalog.change_rentaloffer")
        if way.begins_on and not way.currencies:
            yield Point(f"The price to {verb} begins on {date_format(way.begins_on)}", page, "catalog.view_variant")
        if way.currencies and settings.DEFAULT_CURRENCY not in way.currencies:
            others = f"only in {' and '.join(way.currencies)}, not in {settings.DEFAULT_CURRENCY}"
            yield Point(f"A price to {verb} {others}", page, "catalog.view_variant")


def _of_names(row: Readiness) -> Iterator[Point]:
    """Of its own SKU, or of those of a bundle's parts."""
    feed, right = reverse("admin:inventory_feed_changelist"), "inventory.view_feed"
    if row.is_settled or not row.depots:
        return
    for sku in row.untold:
        what = f"the SKU of its part {sku}" if row.is_bundle else "this SKU"
        text = f"The warehouse has nothing under {what} at our depots: it has to spell the SKU and the depot as we do"
        yield Point(text, feed, right)
    if row.unasked:
        text = "The warehouse was not asked about it yet; a running worker does that every ten seconds"
        yield Point(text, feed, right)


def _of_stock(row: Readiness) -> Iterator[Point]:
    """What the warehouse does not know by name has no stock there either: one thing is said of it."""
    if row.is_settled:
        return
    if not row.depots:
        yield Point("There is no depot in use", reverse("admin:inventory_depot_changelist"), "inventory.view_depot")
    elif not (row.untold or row.unasked):
        yield from _of_shelves(row)


def _of_shelves(row: Readiness) -> Iterator[Point]:
    for way, stock in ((row.buy, _PIECES), (row.rent, _UNITS)):
        if (way.currencies or way.begins_on) and not way.told:
            yield _out_of(row, way, stock)


_STEPS: tuple[Step, ...] = (_of_approval, _of_prices, _of_names, _of_stock)  # as they are done


def _out_of(row: Readiness, way: Way, stock: Stock) -> Point:
    """Why no depot can give it."""
    if row.is_bundle:
        page = _page("catalog_variant", row.variant_id)
        return Point(f"For {stock.mode}, but no depot has enough of all its parts", page, "catalog.view_variant")
    idle = "what there is of it is at a depot that is not in use or never opens"
    why = stock.untold if way.depots else idle if way.idle else stock.none
    address = f"{reverse(f'admin:inventory_{stock.model}_changelist')}?{urlencode({'q': row.sku})}"
    return Point(f"For {stock.mode}, but {why}", address, f"inventory.view_{stock.model}")


def _nicer(container: Container) -> Iterator[Point]:
    """What customers miss, though they can have it. One statement."""
    images: list[Any] = list(container.images.all())
    page, right = _page("catalog_container", container.pk), "catalog.change_container"
    if not images:
        yield Point("No picture", f"{page}#images", right)
    if silent := sum(not image.alt for image in images):
        yield Point(
            f"{words.count(silent, 'picture')} without a text for people who cannot see", f"{page}#images", right
        )
    if not container.description:
        yield Point("No description", f"{page}#id_description", right)
    told: dict[str, list[tuple[str, str]]] = {}
    for code, language in TRANSLATIONS:
        if missing := _untranslated(container, images, code):
            told.setdefault(missing, []).append((code, language))
    for missing, those in told.items():
        languages = [language for _, language in those]
        place = f"#id_description_{those[0][0]}" if missing.startswith("description") else "#images"
        yield Point(f"Not translated: {missing} ({', '.join(languages)})", f"{page}{place}", right)


def _untranslated(container: Any, images: list[Any], code: str) -> str:
    """A name may be the same everywhere."""
    missing = ["description"] if container.description and not getattr(container, f"description_{code}") else []
    if any(image.alt and not getattr(image, f"alt_{code}") for image in images):
        missing.append("texts of pictures")
    return " and ".join(missing)


def _page(model: str, pk: int) -> str:
    return reverse(f"admin:{model}_change", args=[pk])
