"""What customers see of the catalog, shaped for the answer and read in one statement.

Rows are plain dictionaries: everything below a container is gathered by PostgreSQL as JSON, so that the number of
statements does not grow with the page, and no object is built for a variant, an offer or a rate.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict, cast

from django.db.models import (
    Count,
    Exists,
    Expression,
    F,
    Field,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce, Least

from catalog.models import Container, ContainerImage, Kind, RentalOffer, RentalRate, SaleOffer, Variant, VariantQuerySet
from catalog.pricing import cheapest_day_in_sql, fee_in_sql
from core.errors import NotFound

Projection = QuerySet[Any, Any]  # of dictionaries
MOST_WORDS = 8  # of a search; what a person types, not what a script sends


class Mode(StrEnum):
    RENT = "rent"
    BUY = "buy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a customer looks for. `days` is the length of the rental wanted; None: not said."""

    currency: str
    mode: Mode | None = None
    search: str = ""
    kinds: Collection[str] = ()
    days: int | None = None
    max_price_minor: int | None = None


class ImageRow(TypedDict):
    image: str
    alt: str
    colour: str


class SaleRow(TypedDict):
    price_minor: int


class RateRow(TypedDict):
    from_days: int
    per_day_minor: int


class RentalRow(TypedDict):
    deposit_minor: int
    late_fee_minor: int
    min_days: int
    max_days: int
    prep_days: int
    turnaround_days: int
    keep_credit_percent: int
    steps: list[RateRow]


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


_PARSED: Any = Field()  # the driver reads json by itself; JSONField expects jsonb as text


class _Rows(Subquery):
    """All rows of a subquery as one JSON array."""

    template = "(SELECT coalesce(json_agg(row_to_json(_row)), '[]'::json) FROM (%(subquery)s) _row)"
    output_field = _PARSED


class _Row(Subquery):
    """The one row of a subquery as a JSON object; NULL where there is none."""

    template = "(SELECT row_to_json(_row) FROM (%(subquery)s) _row)"
    output_field = _PARSED


def shop_window(wish: Wish, *, by_price: bool = False) -> Projection:
    """`ContainerRow`s of the published containers that can be had as wished, with the variants that can, unordered.

    A variant can be had when it is approved and has an offer in the wish's currency and mode, within its price, and
    for as many days as wished. by_price: rows also have `price`, the least for which anything in them can be had.
    One statement.
    """
    had = _can_be_had(wish).filter(container=OuterRef("pk"))
    containers = _matching(wish).filter(Exists(had))
    columns = ["id", "slug", "name", "brand", "kind", "description", "created_at", "pictures", "offered"]
    if by_price:
        containers = containers.annotate(
            price=Subquery(had.annotate(least=F("price")).order_by("least").values("least")[:1])
        )
        columns.append("price")
    rows: Projection = containers.annotate(pictures=_Rows(_images()), offered=_Rows(_variants(had, wish.currency)))
    return rows.values(*columns)


def container_detail(slug: str, *, currency: str) -> ContainerRow:
    """One container with every variant that can be had in `currency`. One statement. Raises: NotFound."""
    row = shop_window(Wish(currency=currency)).filter(slug=slug).first()
    if row is None:
        raise NotFound
    return cast("ContainerRow", row)


def variants_by_sku(skus: Collection[str], *, currency: str) -> list[VariantRow]:
    """The variants among `skus` that can be had in `currency`, by SKU. One statement."""
    had = _can_be_had(Wish(currency=currency)).filter(container__published=True, sku__in=skus)
    return cast("list[VariantRow]", list(_variants(had, currency).order_by("sku")))


def kinds_offered(*, currency: str) -> dict[str, int]:
    """How many containers of each kind can be had in `currency`; every kind is named. One statement."""
    had = _can_be_had(Wish(currency=currency)).filter(container=OuterRef("pk"))
    counted = Container.objects.filter(Exists(had), published=True).order_by().values_list("kind").annotate(Count("pk"))
    return dict.fromkeys(Kind.values, 0) | dict(counted)


def _matching(wish: Wish) -> QuerySet[Container]:
    containers = Container.objects.filter(published=True)
    if wish.kinds:
        containers = containers.filter(kind__in=wish.kinds)
    for word in wish.search.split()[:MOST_WORDS]:
        containers = containers.filter(_mentions(word))
    return containers


def _mentions(word: str) -> Q:
    kinds = [value for value, label in Kind.choices if word.lower() in str(label).lower()]
    return (
        Q(name__icontains=word)
        | Q(brand__icontains=word)
        | Q(description__icontains=word)
        | Q(kind__in=kinds)
        | Q(Exists(Variant.objects.filter(container=OuterRef("pk"), sku__icontains=word)))
    )


def _can_be_had(wish: Wish) -> VariantQuerySet:
    """Approved variants with `price`, the least for which each can be had as wished."""
    variants = Variant.objects.approved().alias(price=_price(wish)).filter(price__isnull=False)
    if wish.max_price_minor is not None:
        variants = variants.filter(price__lte=wish.max_price_minor)
    return variants


def _price(wish: Wish) -> Expression | Subquery:
    sale, rental = Subquery(_sale_offers(wish.currency).values("price_minor")), Subquery(_rental_prices(wish))
    if wish.mode is None:
        return Least(sale, rental)  # PostgreSQL's leaves NULL out
    return sale if wish.mode == Mode.BUY else rental


def _sale_offers(currency: str) -> QuerySet[SaleOffer]:
    return SaleOffer.objects.filter(variant=OuterRef("pk"), currency=currency)


def _rental_offers(currency: str) -> QuerySet[RentalOffer]:
    """Rental offers that have a rate: without one there is no price, so no offer."""
    rates = RentalRate.objects.filter(offer=OuterRef("pk"))
    return RentalOffer.objects.filter(Exists(rates), variant=OuterRef("pk"), currency=currency)


def _rental_prices(wish: Wish) -> Projection:
    offers = RentalOffer.objects.filter(variant=OuterRef("pk"), currency=wish.currency)
    if wish.days is None:
        return offers.annotate(fee=Coalesce(cheapest_day_in_sql(), fee_in_sql(1))).values("fee")
    return (
        offers.filter(min_days__lte=wish.days, max_days__gte=wish.days)
        .annotate(fee=fee_in_sql(wish.days))
        .values("fee")
    )


def _images() -> Projection:
    rows = ContainerImage.objects.filter(container=OuterRef("pk")).order_by("position", "id")
    return rows.values("image", "alt", "colour")


def _variants(variants: VariantQuerySet, currency: str) -> Projection:
    """`VariantRow`s, smaller sizes first."""
    steps = RentalRate.objects.filter(offer=OuterRef("pk")).order_by("from_days").values("from_days", "per_day_minor")
    limits = ("min_days", "max_days", "prep_days", "turnaround_days", "keep_credit_percent")
    rental = (
        _rental_offers(currency)
        .annotate(steps=_Rows(steps))
        .values("deposit_minor", "late_fee_minor", *limits, "steps")
    )
    sizes = [f"{side}_{axis}_mm" for side in ("inner", "outer") for axis in ("length", "width", "height")]
    gathered: Projection = variants.annotate(
        sale=_Row(_sale_offers(currency).values("price_minor")), rental=_Row(rental)
    )
    columns = ["id", "sku", "size", "colour", "colour_hex", *sizes, "weight_g", "max_load_g", "sale", "rental"]
    return gathered.order_by("outer_length_mm", "outer_height_mm", "sku").values(*columns)
