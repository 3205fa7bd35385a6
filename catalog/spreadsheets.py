# mypy: disable-error-code="misc"
# import-export carries no types
"""How a file is read row by row: every cell that is wrong is said at once, in plain words, beside its column."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from import_export import fields, resources, results, widgets

from catalog.version import hold_catalog
from core.changes import NOTHING, from_to
from core.forms import NEGATIVE, NO_PRICE, parse_amount
from core.money import format_minor, to_decimal, validate_currency

MOST_ROWS = 5_000


_AMBIGUOUS = re.compile(r"[0-9]+,[0-9]{3}")


class AmountWidget(widgets.Widget):
    """49.90 in the column beside `currency`, 4990 in the database."""

    def __init__(self, *, may_be_nothing: bool = False) -> None:
        super().__init__()
        self.may_be_nothing = may_be_nothing

    def clean(self, value: Any, row: Any = None, **_: Any) -> int:
        return amount_of(value, row, may_be_nothing=self.may_be_nothing)


def amount_of(value: Any, row: Any, *, may_be_nothing: bool = False) -> int:
    """Minor units of what a cell says, in the currency of its row. Raises: ValueError, ValidationError."""
    currency = str((row or {}).get("currency") or "")
    validate_currency(currency)
    if _AMBIGUOUS.fullmatch(str(value).strip()):
        raise ValueError(f'"{value}" may be thousands or decimals; write it with a point, or without the comma.')
    try:
        amount = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError(f'"{value}" is not an amount such as 49.90.') from None
    if not amount.is_finite() or amount < 0 or not (amount or may_be_nothing):
        raise ValueError(NEGATIVE if may_be_nothing else NO_PRICE)
    return parse_amount(amount, currency)


class ShownField(fields.Field):
    """A column that people are shown otherwise than it is written into files."""

    def show(self, instance: Any) -> str:
        raise NotImplementedError


class AmountField(ShownField):
    """Minor units of a row's currency: 49.90 in files, €49.90 where people look at them."""

    def export(self, instance: Any, **_: Any) -> str:
        minor = self.get_value(instance)
        return "" if minor is None else f"{to_decimal(minor, instance.currency):f}"

    def show(self, instance: Any) -> str:
        minor = self.get_value(instance)
        return "" if minor is None else format_minor(minor, instance.currency)


class _Diff(resources.Diff):
    """What was and what is to be, each as a whole: two digits of a weight tell nothing."""

    def __init__(self, resource: Any, instance: Any, new: bool) -> None:  # noqa: FBT001 (as import-export calls it)
        self.left = ["" for _ in resource.get_import_fields()] if new else resource.shown(instance)
        self.right: list[str] = []
        self.new = new

    def compare_with(self, resource: Any, instance: Any) -> None:
        self.right = resource.shown(instance)

    def as_html(self) -> list[SafeString]:
        pairs = zip(self.left, self.right, strict=True)
        return [_changed(before, after) for before, after in pairs]


class _Result(results.Result):
    """Rows are counted as a sheet counts them: the first names the columns."""

    def append_invalid_row(self, number: int, row: Any, validation_error: ValidationError) -> None:
        super().append_invalid_row(number + 1, row, validation_error)

    def row_errors(self) -> list[tuple[int, list[Any]]]:
        return [(number + 1, errors) for number, errors in super().row_errors()]


def _changed(before: str, after: str) -> SafeString:
    if before == after:
        return format_html("{}", after)
    parts = [(tag, text, tag) for tag, text in (("del", before), ("ins", after)) if text]
    return format_html_join(" ", "<{}>{}</{}>", parts)


class SpreadsheetResource(resources.ModelResource):
    """What is wrong with a file is said in plain words: for its columns, or else for every cell of every row.

    hint: what is said of the columns before a file is sent.
    """

    hint = ""

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Rows are read when nobody else may change them. Locks: the catalog's version."""
        super().before_import(dataset, **kwargs)
        if not kwargs.get("dry_run"):  # a look keeps nobody from writing
            hold_catalog()
        known = [field.column_name for field in self.get_import_fields()]
        headers = list(dataset.headers or [])
        ids = [self.fields[name].column_name for name in self.get_import_id_fields()]
        unknown, missing = [h for h in headers if h not in known], [name for name in ids if name not in headers]
        wrong = [*_columns("lacks", missing), *_columns("has", unknown, "unknown ")]
        if len(dataset) > MOST_ROWS:
            wrong = [f"The file has more than {MOST_ROWS} rows: split it."]
        if wrong:
            dataset.wipe()  # its rows would be looked at all the same
            raise ValueError(" ".join(wrong))

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        if not any(value not in (None, "") for value in row.values()):
            raise ValidationError("Nothing is written in this row: delete it.")
        told = [field for field in self.get_import_fields() if field.column_name in row]
        if wrong := {field.attribute: no for field in told if (no := _objection(field, row))}:
            self._refuse(row, [field for field in told if field.attribute not in wrong], wrong)
        for name, written in row.items():
            if isinstance(written, str) and written.startswith(tuple(f"'{sign}" for sign in _FORMULA)):
                row[name] = written[1:]  # as `export_field` wrote it

    def _refuse(self, row: Any, readable: list[Any], wrong: dict[str, str]) -> None:
        """Raises: ValidationError, with what is wrong with the cells that can be read besides.

        What a new row would lack is said once its keys can be read: until then it may be one that is there.
        """
        keys = {self.fields[name].attribute for name in self.get_import_id_fields()} | {"valid_from"}
        is_known = not keys & set(wrong)
        told = {field.column_name: row[field.column_name] for field in readable}
        instance = self.get_or_init_instance(self._meta.instance_loader_class(self), row)[0] if is_known else None
        instance = instance or self.init_instance(row)
        self.import_instance(instance, told)
        untold = {field.attribute for field in self.get_import_fields() if field.column_name not in told}
        left_out = set(wrong) if is_known else untold
        errors: dict[str, Any] = {name: ValidationError(no) for name, no in wrong.items()}
        try:
            instance.full_clean(exclude=left_out, validate_unique=False)
        except ValidationError as no:
            errors |= {name: more for name, more in no.error_dict.items() if name not in left_out}
        raise self._by_column(ValidationError(errors))

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super().validate_instance(instance, *args, **kwargs)
        except ValidationError as no:
            raise self._by_column(no) from None

    def _by_column(self, no: ValidationError) -> ValidationError:
        """The same in the words of the file: columns, and what to write there."""
        columns = {field.attribute: field.column_name for field in self.get_import_fields()}
        names = sorted(no.error_dict, key=[*columns, *no.error_dict].index)
        return ValidationError({columns.get(name, name): self._said(name, no.error_dict[name]) for name in names})

    def _said(self, name: str, errors: list[ValidationError]) -> list[str]:
        if any(error.code in ("null", "blank") for error in errors):
            return ["Nothing is written here; it cannot be empty."]
        return [self._plainly(name, error) for error in errors]

    def _plainly(self, name: str, error: ValidationError) -> str:
        if error.code == "invalid_choice" and name != NON_FIELD_ERRORS:
            choices = self._meta.model._meta.get_field(name).choices or ()  # noqa: SLF001 (public, whatever its name)
            known = ", ".join(str(value) for value, _ in choices if value)
            return f'"{(error.params or {}).get("value")}" is none of {known}.'
        return " ".join(error.messages)

    def shown(self, instance: Any) -> list[str]:
        """What a row says in each column, for people."""
        return [
            field.show(instance) if isinstance(field, ShownField) else str(field.export(instance))
            for field in self.get_import_fields()
        ]

    def told_changes(self, original: Any, instance: Any) -> list[str]:
        """Each column that is another one: "price from €49.90 to €59.90", or its name where much is written."""
        names = [field.column_name for field in self.get_import_fields()]
        rows = zip(names, self.shown(original), self.shown(instance), strict=True)
        return [from_to(name, before or NOTHING, after or NOTHING) for name, before, after in rows if before != after]

    def told_new(self, instance: Any) -> list[str]:
        """What a row that is new costs, where it costs something."""
        columns = [field for field in self.get_import_fields() if isinstance(field, ShownField)]
        return [f"{field.column_name} {said}" for field in columns if (said := field.show(instance))]

    def get_diff_class(self) -> type[_Diff]:
        return _Diff

    @classmethod
    def get_result_class(cls) -> type[_Result]:
        return _Result

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """Text that a spreadsheet would take for a formula is quoted."""
        told = super().export_field(field, instance, **kwargs)
        return f"'{told}" if isinstance(told, str) and told.startswith(_FORMULA) else told


def _columns(verb: str, names: list[str], kind: str = "") -> list[str]:
    if not names:
        return []
    return [f"The file {verb} the {kind}column{'s' if len(names) > 1 else ''} {', '.join(map(str, names))}."]


_FORMULA = ("=", "+", "-", "@")  # whoever opens an export in a spreadsheet would run it


# import-export guesses at everything else: it takes "yes" for no, 400.9 for 400 and 05/12 for the 12th of May.
_PLAIN: tuple[tuple[type[widgets.Widget], re.Pattern[str], str], ...] = (
    (widgets.BooleanWidget, re.compile("[01]|true|false|True|False|TRUE|FALSE"), "1 for yes or 0 for no"),
    (widgets.IntegerWidget, re.compile(r"\s*[0-9]{1,18}(\.0+)?\s*"), "a whole number such as 460, without a unit"),
    (widgets.DateWidget, re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a day such as 2026-12-31"),
)
_ANYTHING = re.compile(".*", re.DOTALL)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def _objection(field: Any, row: Any) -> str:
    """Why what stands in one cell cannot be; "" when it can."""
    written = row[field.column_name]
    if _NO_TEXT.search(str(written)):
        return "There is a sign in it that is no text; write it anew."
    if isinstance(field.widget, widgets.CharWidget) and str(written or "").lstrip().startswith(_FORMULA):
        return f'"{written}" begins as a formula does; write it without the first sign.'
    known = ((plain, wanted) for kind, plain, wanted in _PLAIN if isinstance(field.widget, kind))
    plain, wanted = next(known, (_ANYTHING, ""))
    if written not in (None, "") and not plain.fullmatch(str(written)):
        return f'"{written}" is not {wanted}.'
    return _cleaned(field, row, wanted)


def _cleaned(field: Any, row: Any, wanted: str) -> str:
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
        return f'"{written}" is not {wanted}.' if wanted else str(no)
    return ""
