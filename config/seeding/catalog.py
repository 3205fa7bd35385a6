"""The demo's range, depots, taxes and delivery rates as rows."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import (
    Airline,
    Approval,
    BundlePart,
    Container,
    RentalOffer,
    RentalRate,
    SaleOffer,
    Season,
    TaxRate,
    Variant,
)
from catalog.resources import OUR_RULES, import_airline_rules
from config.demo import records
from config.demo.catalog import (
    ACCESSORIES,
    BUNDLES,
    CANCELLATION,
    CONTAINERS,
    COUPONS,
    DELIVERY_RATES,
    DEPOTS,
    TAX_RATES,
)
from config.demo.days import end_of_the_year
from config.demo.languages import LANGUAGES
from inventory.models import Depot, DepotClosure
from orders.models import CancellationTier, Coupon, DeliveryRate

_TERMS = (
    *("currency", "deposit_minor", "late_fee_minor", "min_days", "max_days", "prep_days", "turnaround_days"),
    *("keep_credit_percent", "tax_class"),
)
_SIZES = tuple(f"{side}_{axis}_mm" for side in ("inner", "outer") for axis in ("length", "width", "height"))
_VARIANT = ("sku", "size", *_SIZES, "weight_g", "max_load_g", "colour", "colour_hex")


def _copied(record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


@transaction.atomic
def seed_catalog(*, inspector: Any) -> int:
    """Containers with variants, offers, rates and approvals, and a season, into a catalog that has none.

    What staff renamed or took out stays so. Returns how many containers were new.
    """
    if Container.objects.exists():
        return 0
    for container in (*CONTAINERS, *ACCESSORIES):
        _add_container(container, inspector)
    for bundle in BUNDLES:
        _add_container(bundle.container, inspector)
        _add_parts(bundle)
    Season.objects.create(**asdict(end_of_the_year(timezone.localdate())))
    return Container.objects.count()


def _add_container(record: records.Container, inspector: Any) -> None:
    container = Container.objects.create(
        **_copied(record, ("slug", "name", "brand", "kind", "published")),
        description=f"{record.description}\n\nCare: {record.care}",
        i18n=_translated(record.slug),
    )
    for variant in record.variants:
        row = Variant.objects.create(container=container, **_copied(variant, _VARIANT))
        _add_offers(row, variant)
        _add_approval(row, variant.approval, inspector)


def _translated(slug: str) -> dict[str, str]:
    """In each further language: its description, and its name where that is a word."""
    descriptions = {f"description_{code}": language.description(slug) for code, language in LANGUAGES.items()}
    names = {f"name_{code}": language.names[slug] for code, language in LANGUAGES.items() if slug in language.names}
    return descriptions | names


def _add_parts(record: records.Bundle) -> None:
    whole = Variant.objects.get(sku=record.container.variants[0].sku)
    ids = dict(Variant.objects.filter(sku__in=[part.sku for part in record.parts]).values_list("sku", "pk"))
    BundlePart.objects.bulk_create(
        BundlePart(bundle=whole, part_id=ids[part.sku], position=place, **_copied(part, ("quantity", "comes_back")))
        for place, part in enumerate(record.parts, 1)
    )


def _add_offers(variant: Variant, record: records.Variant) -> None:
    SaleOffer.objects.bulk_create(
        SaleOffer(variant=variant, **_copied(offer, ("currency", "price_minor", "tax_class")))
        for offer in record.sale_offers
    )
    for terms in record.rental_offers:
        offer = RentalOffer.objects.create(variant=variant, **_copied(terms, _TERMS))
        RentalRate.objects.bulk_create(
            RentalRate(offer=offer, **_copied(rate, ("from_days", "per_day_minor"))) for rate in terms.rates
        )


def _add_approval(variant: Variant, record: records.Approval | None, inspector: Any) -> None:
    """What the record says of our checklist; a variant that still waits for its inspection has none."""
    if record is not None:
        told = _copied(record, ("checklist", "result", "approved_on", "note"))
        Approval.objects.create(variant=variant, approved_by=inspector, **told)


@transaction.atomic
def seed_places() -> int:
    """Depots with their closures, taxes, delivery rates, cancellation and coupons, where there is no depot.

    Returns how many were new.
    """
    if Depot.objects.exists():
        return 0
    for depot in DEPOTS:
        _add_depot(depot)
    TaxRate.objects.bulk_create([TaxRate(**asdict(rate)) for rate in TAX_RATES], ignore_conflicts=True)
    DeliveryRate.objects.bulk_create([DeliveryRate(**asdict(rate)) for rate in DELIVERY_RATES], ignore_conflicts=True)
    CancellationTier.objects.bulk_create([CancellationTier(**asdict(t)) for t in CANCELLATION], ignore_conflicts=True)
    today = timezone.localdate()
    Coupon.objects.bulk_create([Coupon(**asdict(c), valid_from=today) for c in COUPONS], ignore_conflicts=True)
    return len(DEPOTS)


def seed_airlines() -> int:
    """The airlines and rules that are delivered, where there is no airline. Returns how many rows were new."""
    return 0 if Airline.objects.exists() else sum(import_airline_rules(OUR_RULES).values())


def _add_depot(record: records.Depot) -> None:
    told = ("code", "name", "street", "postal_code", "city", "country", "time_zone")
    depot = Depot.objects.create(**_copied(record, told), opening_days=list(record.opening_days))
    DepotClosure.objects.bulk_create(DepotClosure(depot=depot, **asdict(closure)) for closure in record.closures)
