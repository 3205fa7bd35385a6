"""What customers see of the catalog, shaped for the answer and read in one statement.

Rows are plain dictionaries: everything below a container is gathered by PostgreSQL as JSON, so that the number of
statements does not grow with the page, and no object is built for a variant, an offer or a rate.
"""

from catalog.selectors.fees import fee_for, season_days
from catalog.selectors.reading import (
    container_detail,
    currencies_offered,
    drawn_by,
    fitting_instead,
    kinds_offered,
    shop_window,
    sizes_known,
    variants_by_sku,
)
from catalog.selectors.rows import ContainerRow, ImageRow, InsteadRow, RateRow, RentalRow, SeasonRow, VariantRow
from catalog.selectors.statements import (
    ALT,
    CAN_BE_HAD,
    DESCRIPTION,
    NAME,
    SEASONS_OF,
    VARIANT_AS_JSON,
    containers_of,
    fetch,
    offers_of_variant,
)
from catalog.selectors.wishes import Mode, Sort, Stretch, Wish, parameters_of

__all__ = [
    "ALT",
    "CAN_BE_HAD",
    "DESCRIPTION",
    "NAME",
    "SEASONS_OF",
    "VARIANT_AS_JSON",
    "ContainerRow",
    "ImageRow",
    "InsteadRow",
    "Mode",
    "RateRow",
    "RentalRow",
    "SeasonRow",
    "Sort",
    "Stretch",
    "VariantRow",
    "Wish",
    "container_detail",
    "containers_of",
    "currencies_offered",
    "drawn_by",
    "fee_for",
    "fetch",
    "fitting_instead",
    "kinds_offered",
    "offers_of_variant",
    "parameters_of",
    "season_days",
    "shop_window",
    "sizes_known",
    "variants_by_sku",
]
