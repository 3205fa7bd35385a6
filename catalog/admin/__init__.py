"""The catalog as staff see and change it."""

from catalog.admin.airlines import AirlineAdmin, CabinRuleAdmin, HoldRuleAdmin
from catalog.admin.containers import ContainerAdmin
from catalog.admin.offers import RentalOfferAdmin, SaleOfferAdmin, SeasonAdmin, TaxRateAdmin
from catalog.admin.search import SynonymGroupAdmin
from catalog.admin.variants import VariantAdmin

__all__ = [
    "AirlineAdmin",
    "CabinRuleAdmin",
    "ContainerAdmin",
    "HoldRuleAdmin",
    "RentalOfferAdmin",
    "SaleOfferAdmin",
    "SeasonAdmin",
    "SynonymGroupAdmin",
    "TaxRateAdmin",
    "VariantAdmin",
]
