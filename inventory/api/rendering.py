"""Rows as the API shows them. Plain functions over dictionaries: a page of containers is thousands of fields."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.storage import default_storage

from catalog.languages import kind_label
from catalog.models import Kind
from catalog.selectors import ContainerRow, ImageRow, RateRow, RentalRow, SeasonRow, VariantRow, fee_for
from core.api import money
from inventory.board import Days, Free, FreeByDay
from inventory.models import Depot

Json = dict[str, Any]


class Showing:
    """What is the same for every container of one answer: the currency and the days."""

    def __init__(self, *, currency: str, days: Days | None) -> None:
        self.currency = currency
        self.days = days

    def container(self, row: ContainerRow, availability: Any) -> Json:
        """One container; pictures of a colour that cannot be had are left out."""
        colours = {"", *(variant["colour"] for variant in row["offered"])}
        return {
            "slug": row["slug"],
            "name": row["name"],
            "brand": row["brand"],
            "kind": row["kind"],
            "description": row["description"],
            "images": [image(picture) for picture in row["pictures"] if picture["colour"] in colours],
            "variants": [self.variant(variant, row["seasons"], availability) for variant in row["offered"]],
        }

    def variant(self, row: VariantRow, seasons: Sequence[SeasonRow], availability: Any) -> Json:
        sale, rental = row["sale"], row["rental"]
        return {
            "sku": row["sku"],
            "size": row["size"],
            "colour": row["colour"],
            "colour_hex": row["colour_hex"],
            "inner": _size(row, "inner"),
            "outer": _size(row, "outer"),
            "weight_g": row["weight_g"],
            "max_load_g": row["max_load_g"],
            "sale": {"price": money(sale["price_minor"], self.currency)} if sale else None,
            "rental": self.rental(rental, seasons) if rental else None,
            "parts": row["parts"] or [],
            "availability": availability,
        }

    def rental(self, offer: RentalRow, seasons: Sequence[SeasonRow]) -> Json:
        answer = {
            "deposit": money(offer["deposit_minor"], self.currency),
            "late_fee": money(offer["late_fee_minor"], self.currency),
            "min_days": offer["min_days"],
            "max_days": offer["max_days"],
            "keep_credit_percent": offer["keep_credit_percent"],
            "acclimatisation_percent": offer["acclimatisation_percent"],
            "rates": [self.rate(step) for step in offer["steps"]],
        }
        if self.days is not None:
            answer |= self.fee(offer, seasons, self.days)
        return answer

    def fee(self, offer: RentalRow, seasons: Sequence[SeasonRow], asked: Days) -> Json:
        """The price for the days asked; None where the offer is not for so many days."""
        fee = fee_for(offer, seasons, first_on=asked.start_on, days=asked.count)
        if fee is None:
            return {"days": asked.count, "billed_days": None, "fee": None}
        told = money(fee.amount_minor, self.currency)
        return {"days": asked.count, "billed_days": fee.billed_days, "fee": told}

    def rate(self, step: RateRow) -> Json:
        return {"from_days": step["from_days"], "per_day": money(step["per_day_minor"], self.currency)}


def free(depot: str, one: Free) -> Json:
    return {"depot": depot, "sale": one.sale, "rental": one.rental, "closed_on": one.closed_on, "as_of": one.as_of}


_AXES = ("length_mm", "width_mm", "height_mm")


def _size(row: Mapping[str, Any], side: str) -> Json:
    return {axis: row[f"{side}_{axis}"] for axis in _AXES}


def image(picture: ImageRow) -> Json:
    return {
        "url": _address(picture["image"]),
        "alt": picture["alt"],
        "colour": picture["colour"],
        "sizes": [
            {
                "width": size["width"],
                "height": size["height"],
                "url": _address(size["webp"]),
                "avif": _address(size["avif"]),
            }
            for size in picture["sizes"]
        ],
    }


def _address(name: str) -> str:
    return _address_at(settings.PUBLIC_URL, default_storage.url(name))


_address_at: Callable[[str, str], str] = lru_cache(maxsize=10_000)(urljoin)


def calendar(
    variants: Sequence[VariantRow], counted: Sequence[FreeByDay], *, depot: Depot, days: Days, closed: Sequence[Any]
) -> Json:
    """Counts by day, as compact arrays that begin at `from`; None of what it is not offered for, as that is not 0."""
    return {
        "depot": depot.code,
        "from": days.start_on,
        "to": days.end_on,
        "closed": closed,
        "variants": [
            {
                "sku": row["sku"],
                "sale": one.sale if row["sale"] else None,
                "rental": one.rental if row["rental"] else None,
                "as_of": one.as_of,
            }
            for row, one in zip(variants, counted, strict=True)
        ],
    }


def depot(row: Any) -> Json:
    """A row of `inventory.board.depots_with_closures`."""
    return {
        "code": row.code,
        "name": row.name,
        "street": row.street,
        "postal_code": row.postal_code,
        "city": row.city,
        "country": row.country,
        "time_zone": row.time_zone,
        "opening_days": row.opening_days,
        "closures": [
            {"from": closure.start_on, "to": closure.end_on, "reason": closure.reason}
            for closure in row.coming_closures
        ],
    }


def categories(counts: Mapping[str, int]) -> Json:
    return {"results": [{"kind": k, "label": kind_label(k), "containers": counts[k]} for k in Kind.values]}
