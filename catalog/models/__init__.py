from catalog.models.airlines import Airline, CabinRule, HoldRule
from catalog.models.bundles import BundlePart, require_whole
from catalog.models.containers import (
    Approval,
    Container,
    ContainerImage,
    ContainerQuerySet,
    Kind,
    Variant,
    VariantQuerySet,
    titled,
)
from catalog.models.offers import (
    Offer,
    RentalOffer,
    RentalRate,
    SaleOffer,
    Season,
    TaxClass,
    TaxRate,
    in_force,
    shop_today,
)
from catalog.models.synonyms import SynonymGroup

__all__ = [
    "Airline",
    "Approval",
    "BundlePart",
    "CabinRule",
    "Container",
    "ContainerImage",
    "ContainerQuerySet",
    "HoldRule",
    "Kind",
    "Offer",
    "RentalOffer",
    "RentalRate",
    "SaleOffer",
    "Season",
    "SynonymGroup",
    "TaxClass",
    "TaxRate",
    "Variant",
    "VariantQuerySet",
    "in_force",
    "require_whole",
    "shop_today",
    "titled",
]
