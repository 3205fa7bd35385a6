# mypy: disable-error-code="misc"
# import-export carries no types
"""What the catalog writes into spreadsheets and reads back: sizes in mm, weights in g. Prices: `offer_resources`."""

from pathlib import Path
from typing import Any, ClassVar

import tablib
from django.core.exceptions import ValidationError
from django.db import transaction
from import_export import fields, widgets

from catalog.languages import TRANSLATIONS
from catalog.models import Airline, CabinRule, Container, HoldRule, Variant
from catalog.services import recheck_soon
from catalog.spreadsheets import SpreadsheetResource


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


class AirlineResource(SpreadsheetResource):
    class Meta:
        model = Airline
        fields: ClassVar[list[str]] = ["code", "name"]
        import_id_fields: ClassVar[list[str]] = ["code"]
        clean_model_instances = True
        skip_unchanged = True


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
