"""Rows as PostgreSQL gathers them: plain dictionaries, as no object is built for a variant, an offer or a rate."""

from datetime import datetime
from typing import TypedDict


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
