# mypy: disable-error-code="misc"
# import-export carries no types
"""What the catalog writes into spreadsheets and reads back: sizes in mm, weights in g, amounts as decimals."""

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
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


class SpreadsheetResource(resources.ModelResource):
    """What is wrong with a file is said in plain words, for its columns, or for each row and column."""

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        super().before_import(dataset, **kwargs)
        known = [field.column_name for field in self.get_import_fields()]
        headers = list(dataset.headers or [])
        ids = [self.fields[name].column_name for name in self.get_import_id_fields()]
        unknown, missing = [h for h in headers if h not in known], [name for name in ids if name not in headers]
        if unknown or missing:
            raise ValueError(" ".join([*_columns("lacks", missing), *_columns("has", unknown, "unknown ")]))

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        wrong = {}
        for field in self.get_import_fields():
            if field.column_name in row and (no := _objection(field, row)):
                wrong[field.column_name] = no
        if wrong:
            raise ValidationError(wrong)


def _columns(verb: str, names: list[str], kind: str = "") -> list[str]:
    if not names:
        return []
    return [f"The file {verb} the {kind}column{'s' if len(names) > 1 else ''} {', '.join(map(str, names))}."]


def _objection(field: Any, row: Any) -> str:
    """Why what stands in one cell cannot be; "" when it can."""
    written = row[field.column_name]
    try:
        field.clean(row)
    except ValidationError as no:
        return " ".join(no.messages)
    except ObjectDoesNotExist:
        return f'There is no {field.column_name} "{written}".'
    except (ArithmeticError, TypeError):
        return f'"{written}" is not a number.'
    except ValueError as no:
        return str(no) if isinstance(field.widget, AmountWidget) else f'"{written}" is not a number.'
    return ""


class VariantResource(SpreadsheetResource):
    container = fields.Field("container", "container", widgets.ForeignKeyWidget(Container, "slug"))

    class Meta:
        model = Variant
        import_id_fields: ClassVar[list[str]] = ["sku"]
        exclude: ClassVar[list[str]] = ["id"]
        clean_model_instances = True
        skip_unchanged = True


class SaleOfferResource(SpreadsheetResource):
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
