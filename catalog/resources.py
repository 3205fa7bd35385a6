# mypy: disable-error-code="misc"
# import-export carries no types
"""What the catalog writes into spreadsheets and reads back: sizes in mm, weights in g, amounts as decimals."""

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from import_export import fields, resources, widgets

from catalog.models import Container, SaleOffer, Variant
from core.forms import parse_amount
from core.money import to_decimal, validate_currency


class AmountWidget(widgets.Widget):
    """49.90 in the column beside `currency`, 4990 in the database."""

    def clean(self, value: Any, row: Any = None, **_: Any) -> int:
        currency = str((row or {}).get("currency") or "")
        validate_currency(currency)
        try:
            amount = Decimal(str(value).strip().replace(",", "."))
        except InvalidOperation:
            raise ValueError(f'"{value}" is not an amount such as 49.90.') from None
        if not amount.is_finite() or amount <= 0:
            raise ValueError("A price must be more than nothing.")
        return parse_amount(amount, currency)


class VariantResource(resources.ModelResource):
    container = fields.Field("container", "container", widgets.ForeignKeyWidget(Container, "slug"))

    class Meta:
        model = Variant
        import_id_fields: ClassVar[list[str]] = ["sku"]
        exclude: ClassVar[list[str]] = ["id"]
        clean_model_instances = True
        skip_unchanged = True


class SaleOfferResource(resources.ModelResource):
    sku = fields.Field("variant", "sku", widgets.ForeignKeyWidget(Variant, "sku"))
    currency = fields.Field("currency", "currency")
    price = fields.Field("price_minor", "price", AmountWidget())
    tax_class = fields.Field("tax_class", "tax_class", default="standard")

    class Meta:
        model = SaleOffer
        fields: ClassVar[list[str]] = ["sku", "currency", "price", "tax_class"]
        import_id_fields: ClassVar[list[str]] = ["sku", "currency"]
        clean_model_instances = True
        skip_unchanged = True

    def dehydrate_price(self, offer: SaleOffer) -> str:
        return f"{to_decimal(offer.price_minor, offer.currency):f}"
