"""What is offered at a depot, as far as a quote has to know it: remembered under the catalog's version."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from catalog.buffers import Transit
from catalog.languages import language_asked
from catalog.models import BundlePart, RentalOffer, RentalRate, Season, TaxRate, Variant, in_force, shop_today, titled
from catalog.version import Remembered
from core.errors import FieldError, InvalidInput
from core.postgres.prepared import Given, IsOneOf, Prepared
from inventory.models import Depot, yesterday
from orders.models import CancellationTier, DeliveryRate


class _Asked(NamedTuple):
    """What a price depends on beside the variant: prices begin on days of the shop's (ADR 37)."""

    currency: str
    today: date


@dataclass(slots=True)
class Terms:
    """What is known of everything that a quote names. `errors`: what is found wrong with it meanwhile."""

    depot: Depot
    variants: Mapping[str, Variant]
    offers: dict[int, RentalOffer]
    rates: dict[int, list[RentalRate]]
    tax: dict[str, int]
    seasons: Sequence[dict[str, Any]]
    cancellation: Sequence[dict[str, Any]]
    currency: str
    transit: Transit | None = None  # of a delivery
    parcel_back_days: int | None = None  # of a return by parcel, if one is possible
    errors: list[FieldError] = field(default_factory=list)


def load_terms(
    *, depot: str, currency: str, skus: Collection[str], rented: Collection[str], transit: Transit | None
) -> Terms:
    """Everything that prices of these SKUs depend on; `rented`: of those that are to be rented.

    Three statements, however many there are; one where they are known. Raises: InvalidInput for an unknown depot.
    """
    at: Any = _DEPOT.first(code=depot, since=yesterday())
    if at is None:
        raise InvalidInput([FieldError("/depot", "There is no such depot; GET /depots lists them.", "unknown_depot")])
    asked, version = _Asked(currency, shop_today()), at.catalog_version
    variants = _SOLD.get(version, {(sku, asked) for sku in skus}, _read_variants)
    by_sku = {variant.sku: variant for variant in variants.values()}
    wanted = {(by_sku[sku].pk, asked) for sku in rented if sku in by_sku}
    rates = {variant: found for (variant, _), found in _RENTED.get(version, wanted, _read_rates).items()}
    offers = {variant: found[0].offer for variant, found in rates.items()}
    frozen = (_tax_rates(at), at.seasons, at.cancellation, currency)
    return Terms(at, by_sku, offers, rates, *frozen, transit, _parcel_back_days(at, currency, transit))


def _read_variants(wanted: Sequence[tuple[str, _Asked]]) -> dict[tuple[str, _Asked], Variant]:
    """All asked alike."""
    asked = wanted[0][1]
    return {(row.sku, asked): row for row in _VARIANTS.all(skus=[sku for sku, _ in wanted], **asked._asdict())}


def _read_rates(wanted: Sequence[tuple[int, _Asked]]) -> dict[tuple[int, _Asked], list[RentalRate]]:
    """All asked alike; each with its offer."""
    found: dict[tuple[int, _Asked], list[RentalRate]] = {}
    asked = wanted[0][1]
    for rate in _RATES.all(variants=[variant for variant, _ in wanted], **asked._asdict()):
        found.setdefault((rate.offer.variant_id, asked), []).append(rate)
    return found


def _parcel_back_days(depot: Any, currency: str, transit: Transit | None) -> int | None:
    """How long a parcel takes back. What we bring may be sent back; what is fetched, if its depot's country says so."""
    if transit is not None:
        return transit.back_days
    return next((rate["back_days"] for rate in depot.parcels if rate["currency"] == currency), None)


def _as_json(rows: QuerySet[Any], *names: str) -> ArraySubquery:
    return ArraySubquery(rows.values(row=JSONObject(**{name: name for name in names})))


# The parts of a bundle, read with the variant.
_PARTS = ArraySubquery(
    BundlePart.objects.filter(bundle=OuterRef("pk"))
    .order_by("position", "id")
    .values(
        row=JSONObject(
            variant_id="part_id", sku="part__sku", size="part__size", colour="part__colour", quantity="quantity",
            brand="part__container__brand", name="part__container__name", i18n="part__container__i18n",
            comes_back="comes_back",
        )
    )
)  # fmt: skip
# Read with the depot, as they are few. Its own clock says what of them is in force.
_RULES = {
    "taxes": _as_json(
        TaxRate.objects.filter(country=OuterRef("country")).order_by("valid_from"), "tax_class", "rate_bp", "valid_from"
    ),
    "seasons": _as_json(Season.objects.order_by("start_on", "id"), "name", "kind", "start_on", "end_on", "percent"),
    "cancellation": _as_json(CancellationTier.objects.all(), "hours", "percent"),
    "parcels": _as_json(
        DeliveryRate.objects.filter(country=OuterRef("country"), takes_returns=True), "currency", "back_days"
    ),
}
_DEPOT = Prepared(
    lambda: (
        Depot.objects.filter(code=Given("code"), active=True)
        .with_closures(since=Given("since"))
        .with_version()
        .annotate(**_RULES)
    )
)
_SOLD: Remembered[tuple[str, _Asked], Variant] = Remembered(1_000)
_RENTED: Remembered[tuple[int, _Asked], list[RentalRate]] = Remembered(1_000)


def _offered_now(*, of: str) -> Q:
    return Q(**{f"{of}currency": Given("currency")}) & in_force(Given("today"), of=of)


_VARIANTS = Prepared(
    lambda: (
        Variant.objects.offered()
        .filter(IsOneOf(F("sku"), Given("skus")))
        .select_related("container")
        .annotate(
            sale=FilteredRelation("sale_offers", condition=_offered_now(of="sale_offers__")),
            sale_minor=F("sale__price_minor"),
            sale_tax=F("sale__tax_class"),
            bundled=_PARTS,
        )
    )
)
_RATES = Prepared(
    lambda: RentalRate.objects.select_related("offer").filter(
        IsOneOf(F("offer__variant"), Given("variants")), _offered_now(of="offer__")
    )
)


def _tax_rates(depot: Any) -> dict[str, int]:
    """Rates of the depot's country in force today, by class."""
    today = depot.today.isoformat()
    return {row["tax_class"]: row["rate_bp"] for row in depot.taxes if row["valid_from"] <= today}


def frozen_parts(variant: Variant) -> list[dict[str, Any]]:
    """The parts of a bundle as a quote freezes them now; none of anything else."""
    [rows] = Variant.objects.filter(pk=variant.pk).values_list(_PARTS, flat=True)
    return [frozen_part(row) for row in rows]


def frozen_part(row: dict[str, Any]) -> dict[str, Any]:
    """A part of a bundle as it is frozen, in the language that is spoken."""
    name = (row["i18n"] or {}).get(f"name_{language_asked()}") or row["name"]
    title = titled(row["brand"], name, row["size"], row["colour"])
    return {**{name: row[name] for name in ("variant_id", "sku", "quantity", "comes_back")}, "title": title}
