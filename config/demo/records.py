"""The shapes of the demo data: frozen records whose names are the models' field names.

Lengths are millimetres, weights grams, money minor units of the named currency, tax rates basis points.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from catalog.checklist import CHECKLIST

Kind = Literal["soft", "hard", "backpack", "wheeled", "car_crate", "airline_crate", "accessory"]
Condition = Literal["A", "B", "C", "D"]


@dataclass(frozen=True, slots=True)
class Colour:
    name: str
    hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleOffer:
    currency: str
    price_minor: int
    tax_class: str = "standard"


@dataclass(frozen=True, slots=True)
class RentalRate:
    from_days: int
    per_day_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalOffer:
    currency: str
    deposit_minor: int
    late_fee_minor: int  # a day
    min_days: int
    max_days: int
    prep_days: int
    turnaround_days: int
    keep_credit_percent: int
    rates: tuple[RentalRate, ...]
    tax_class: str = "standard"

    def fee_minor(self, days: int) -> int:
        """The rent for `days`, first and last included: never less than for a shorter rental."""
        return min(rate.per_day_minor * max(days, rate.from_days) for rate in self.rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What our own published checklist said about one variant: approved when no item of it failed."""

    approved_on: date
    approved_by: str  # e-mail address
    failed: tuple[str, ...] = ()  # codes of checklist items
    note: str = ""

    @property
    def result(self) -> Literal["approved", "refused"]:
        return "refused" if self.failed else "approved"

    @property
    def checklist(self) -> dict[str, bool]:
        return {item.code: item.code not in self.failed for item in CHECKLIST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    sku: str
    size: str
    inner_length_mm: int
    inner_width_mm: int
    inner_height_mm: int
    outer_length_mm: int
    outer_width_mm: int
    outer_height_mm: int
    weight_g: int
    max_load_g: int
    colour: str
    colour_hex: str
    sale_offers: tuple[SaleOffer, ...]
    rental_offers: tuple[RentalOffer, ...]
    approval: Approval | None  # none: not gone through yet

    @property
    def outer_mm(self) -> tuple[int, int, int]:
        return self.outer_length_mm, self.outer_width_mm, self.outer_height_mm

    @property
    def inner_mm(self) -> tuple[int, int, int]:
        return self.inner_length_mm, self.inner_width_mm, self.inner_height_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    slug: str
    name: str
    brand: str
    kind: Kind
    description: str
    care: str
    variants: tuple[Variant, ...]
    published: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """So many of a variant in a bundle; what does not come back from a rental is used up."""

    sku: str
    quantity: int = 1
    comes_back: bool = True


@dataclass(frozen=True, slots=True)
class Bundle:
    """A container whose one variant is had as these parts, the first leading."""

    container: Container
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    start_on: date
    end_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """A place that hands out and takes back. Opening days are ISO weekdays: 1 is Monday."""

    code: str
    name: str
    street: str
    postal_code: str
    city: str
    country: str
    time_zone: str
    opening_days: tuple[int, ...]
    closures: tuple[Closure, ...]


@dataclass(frozen=True, slots=True)
class StockLevel:
    """New pieces for sale at one depot; a variant that is only rented stands at 0."""

    sku: str
    depot: str
    on_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    serial: str
    sku: str
    depot: str
    condition: Condition
    status: Literal["available", "maintenance"] = "available"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    country: str
    rate_bp: int
    valid_from: date
    tax_class: str = "standard"


@dataclass(frozen=True, slots=True)
class DeliveryRate:
    country: str
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class CancellationTier:
    hours: int
    percent: int


@dataclass(frozen=True, slots=True)
class Season:
    """Days, first and last included, on which every rental costs so much more, or less."""

    name: str
    start_on: date
    end_on: date
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """So much off goods and rents; once for each customer, or as often as they like."""

    code: str
    percent: int
    first_order_only: bool = False
    most_uses_each: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cat:
    """A traveller, standing naturally; the four measures are called A, B, C and D in crate guides."""

    name: str
    length_mm: int  # A: nose tip to root of tail
    elbow_height_mm: int  # B: ground to elbow
    width_mm: int  # C: the widest point
    height_mm: int  # D: floor to the top of the head or the ear tips
    weight_g: int
    snub_nosed: bool
