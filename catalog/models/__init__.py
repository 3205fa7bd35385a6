from catalog.models.airlines import Airline, CabinRule, HoldRule
from catalog.models.containers import (
    Approval,
    Container,
    ContainerImage,
    ContainerQuerySet,
    Kind,
    RentalOffer,
    RentalRate,
    SaleOffer,
    Season,
    TaxClass,
    TaxRate,
    Variant,
    VariantQuerySet,
    titled,
)
from catalog.models.synonyms import SynonymGroup

__all__ = [
    "Airline",
    "Approval",
    "CabinRule",
    "Container",
    "ContainerImage",
    "ContainerQuerySet",
    "HoldRule",
    "Kind",
    "RentalOffer",
    "RentalRate",
    "SaleOffer",
    "Season",
    "SynonymGroup",
    "TaxClass",
    "TaxRate",
    "Variant",
    "VariantQuerySet",
    "titled",
]
