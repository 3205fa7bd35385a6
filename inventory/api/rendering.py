"""Rows as the API shows them. Plain functions over dictionaries: a page of containers is thousands of fields."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.storage import default_storage

from catalog.models import Kind
from catalog.selectors import ContainerRow, ImageRow, RateRow, RentalRow, SeasonRow, VariantRow, fee_for
from core.api import money
from inventory.board import Count, Days
from inventory.models import Depot
from inventory.selectors import Pool

Json = dict[str, Any]


class Showing:
    """What is the same for every container of one answer: currency, days, depots and counts."""

    def __init__(
        self, *, currency: str, days: Days | None, depots: Sequence[Depot], counts: Mapping[Pool, Count]
    ) -> None:
        self.currency = currency
        self.days = days
        self.depots = [(depot.pk, depot.code) for depot in depots]
        self.counts = counts

    def container(self, row: ContainerRow) -> Json:
        """One container; pictures of a colour that cannot be had are left out."""
        colours = {"", *(variant["colour"] for variant in row["offered"])}
        return {
            "slug": row["slug"],
            "name": row["name"],
            "brand": row["brand"],
            "kind": row["kind"],
            "description": row["description"],
            "images": [image(picture) for picture in row["pictures"] if picture["colour"] in colours],
            "variants": [self.variant(variant, row["seasons"]) for variant in row["offered"]],
        }

    def variant(self, row: VariantRow, seasons: Sequence[SeasonRow]) -> Json:
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
            "availability": [self.availability(row["id"], depot, code) for depot, code in self.depots],
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

    def availability(self, variant: int, depot: int, code: str) -> Json:
        count = self.counts[variant, depot]
        return {
            "depot": code,
            "sale": count.sale,
            "rental": count.rental,
            "closed_on": count.closed_on,
            "as_of": count.as_of,
        }


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
    return urljoin(f"{settings.PUBLIC_URL}/", default_storage.url(name))


def calendar(
    variants: Sequence[VariantRow], *, depot: Depot, days: Days, closed: Sequence[Any], counts: Mapping[Pool, Count]
) -> Json:
    """Counts by day, as compact arrays that begin at `from`."""
    return {
        "depot": depot.code,
        "from": days.start_on,
        "to": days.end_on,
        "closed": closed,
        "variants": [_by_day(row, counts[row["id"], depot.pk]) for row in variants],
    }


def _by_day(row: VariantRow, count: Count) -> Json:
    return {"sku": row["sku"], "sale": count.sale, "rental": count.rental_by_day, "as_of": count.as_of}


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
    return {"results": [{"kind": k, "label": str(label), "containers": counts[k]} for k, label in Kind.choices]}
