# mypy: disable-error-code="misc"
# import-export carries no types
"""What the catalog writes into spreadsheets and reads back: sizes in mm, weights in g, amounts as decimals."""

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import tablib
from django.core.exceptions import ValidationError
from django.db import transaction
from import_export import fields, widgets

from catalog.languages import TRANSLATIONS
from catalog.models import Airline, CabinRule, Container, HoldRule, SaleOffer, Variant, shop_today
from catalog.price_changes import split
from catalog.services import recheck_soon
from catalog.spreadsheets import AmountWidget, SpreadsheetResource
from core.money import to_decimal


class ContainerResource(SpreadsheetResource):
    """With a column for each text in each language; a cell that is left empty falls back on the shop's own."""

    class Meta:
        model = Container
        fields: ClassVar[list[str]] = [
            "slug", "name", "brand", "kind", "description", "published",
            *(f"{text}_{code}" for code, _ in TRANSLATIONS for text in ("name", "description")),
        ]  # fmt: skip
        import_order = export_order = fields
        import_id_fields: ClassVar[list[str]] = ["slug"]
        clean_model_instances = True
        skip_unchanged = True


class VariantResource(SpreadsheetResource):
    container = fields.Field("container", "container", widgets.ForeignKeyWidget(Container, "slug"))

    class Meta:
        model = Variant
        import_id_fields: ClassVar[list[str]] = ["sku"]
        exclude: ClassVar[list[str]] = ["id"]
        clean_model_instances = True
        skip_unchanged = True


class SaleOfferResource(SpreadsheetResource):
    """A row changes the price from the day that `from` names; where that is empty, or a day that has begun, from today.

    An old price is not exported, so that no file brings it back.
    """

    sku = fields.Field("variant", "sku", widgets.ForeignKeyWidget(Variant, "sku"))
    currency = fields.Field("currency", "currency")
    price = fields.Field("price_minor", "price", AmountWidget())
    tax_class = fields.Field("tax_class", "tax_class", default="standard")
    valid_from = fields.Field("valid_from", "from", widgets.DateWidget("%Y-%m-%d"))

    class Meta:
        model = SaleOffer
        fields: ClassVar[list[str]] = ["sku", "currency", "price", "tax_class", "valid_from"]
        import_id_fields: ClassVar[list[str]] = ["sku", "currency"]
        clean_model_instances = True
        skip_unchanged = True

    def export(self, queryset: Any = None, **kwargs: Any) -> Any:
        rows = self.get_queryset() if queryset is None else queryset
        return super().export(queryset=rows.exclude(valid_until__lte=shop_today()), **kwargs)

    def get_instance(self, _loader: Any, row: Any) -> SaleOffer | None:
        rows: Any = SaleOffer.objects.in_force(_begins(row)).select_related("variant")
        found: SaleOffer | None = rows.filter(variant__sku=row.get("sku"), currency=row.get("currency")).first()
        return found

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        instance.valid_from = _begins(row)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:  # noqa: ARG002
        """A price that is so already is left alone, from whatever day on it is to be so."""
        is_so = original.pk and (original.price_minor, original.tax_class) == (instance.price_minor, instance.tax_class)
        return bool(is_so and not import_validation_errors)

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().before_save_instance(instance, row, **kwargs)
        if instance.pk:  # or it is new
            split(instance, instance.valid_from, actor=kwargs.get("user"))

    def dehydrate_price(self, offer: SaleOffer) -> str:
        return f"{to_decimal(offer.price_minor, offer.currency):f}"


class AirlineResource(SpreadsheetResource):
    class Meta:
        model = Airline
        fields: ClassVar[list[str]] = ["code", "name"]
        import_id_fields: ClassVar[list[str]] = ["code"]
        clean_model_instances = True
        skip_unchanged = True


def _begins(row: Any) -> date:
    """Raises: ValueError, as a row is checked before."""
    told = str(row.get("from") or "").strip()
    return max(date.fromisoformat(told[:10]) if told else shop_today(), shop_today())


HOW_IT_WAS_READ = ("source", "checked_on", "trust", "note")


class RuleResource(SpreadsheetResource):
    """A row is one version of a rule: another `valid_from` in the file is another version, beside the one that was."""

    airline = fields.Field("airline", "airline", widgets.ForeignKeyWidget(Airline, "code"))

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        for name in ("cabin", "aircraft", "shell", "note"):
            if name in row:
                row[name] = row[name] or ""  # an empty cell is no text, and none of these may be NULL
        super().before_import_row(row, **kwargs)

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        super().after_import(dataset, result, **kwargs)
        if not kwargs.get("dry_run"):
            recheck_soon()


class CabinRuleResource(RuleResource):
    class Meta:
        model = CabinRule
        exclude: ClassVar[list[str]] = ["id"]
        import_order = export_order = [*CabinRule.SAYS, *HOW_IT_WAS_READ]  # what matters is seen first
        import_id_fields: ClassVar[list[str]] = ["airline", "cabin", "aircraft", "shell", "valid_from"]
        clean_model_instances = True
        skip_unchanged = True


class HoldRuleResource(RuleResource):
    class Meta:
        model = HoldRule
        exclude: ClassVar[list[str]] = ["id"]
        import_order = export_order = [*HoldRule.SAYS, *HOW_IT_WAS_READ]
        import_id_fields: ClassVar[list[str]] = ["airline", "aircraft", "valid_from"]
        clean_model_instances = True
        skip_unchanged = True


OUR_RULES = Path(__file__).parent / "data"


def import_airline_rules(folder: Path, *, dry_run: bool = False) -> dict[str, int]:
    """Take in `airlines.csv`, `cabin_rules.csv` and `hold_rules.csv` of a folder, all or nothing.

    dry_run: only look. Returns how many rows are new or changed, by file. Safe to repeat.
    Raises: ValidationError, naming file and row.
    """
    files = {"airlines": AirlineResource, "cabin_rules": CabinRuleResource, "hold_rules": HoldRuleResource}
    moved = {}
    with transaction.atomic():
        for name, resource in files.items():
            rows = tablib.Dataset().load((folder / f"{name}.csv").read_text("utf-8"), format="csv")
            result = resource().import_data(rows, use_transactions=False)
            if result.has_errors() or result.has_validation_errors():
                raise ValidationError(f"{name}.csv: {_first_wrong(result)}")
            moved[name] = result.totals["new"] + result.totals["update"]
        transaction.set_rollback(dry_run)
    return moved


def _first_wrong(result: Any) -> str:
    if result.base_errors:
        return str(result.base_errors[0].error)
    if result.invalid_rows:
        row = result.invalid_rows[0]
        return f"row {row.number}: {'; '.join(row.error.messages)}"
    number, errors = next(iter(result.row_errors()))
    return f"row {number}: {errors[0].error}"
