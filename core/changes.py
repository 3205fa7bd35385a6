"""What a form shows and what was typed into it, in words: for histories, and for who is told what changed meanwhile."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.models import InlineForeignKeyField, ModelChoiceField

from core.forms import AmountField, MeasureField
from core.money import format_minor, to_minor

Text: TypeAlias = str | list[str]
NOTHING = "nothing"
_LONGEST = 60  # letters of a value that is told; of a longer text only that it changed


def text_of(field: forms.Field, value: Any) -> Text:
    """A value as plain text, the same for the same value."""
    value = field.prepare_value(value)
    if isinstance(value, list | tuple | set):
        return [str(one) for one in value]
    return "" if value is None else str(value).replace("\r\n", "\n")


def texts_of(form: Any) -> dict[str, Text]:
    """What each field of a form showed before anybody typed: what is stored. Keys are left out."""
    row = getattr(form, "instance", None)
    key = row._meta.pk.name if row else ""  # noqa: SLF001 (public, whatever its name)
    return {
        name: text_of(field, form.get_initial_for_field(field, name))
        for name, field in form.fields.items()
        if not (field.disabled or isinstance(field, InlineForeignKeyField) or name in (key, "DELETE"))
    }


def label_of(form: Any, name: str) -> str:
    return str(form[name].label)


def in_words(form: Any, name: str, text: Text, currency: str = "") -> str:
    """A text of `text_of` as people say it: amounts with their currency, choices by their names. At most one statement,
    for a row that is named by its key. currency: where it is not that of the form's row.
    """
    field = form.fields[name]
    if not text:
        return NOTHING
    if isinstance(field, forms.BooleanField):
        return "yes" if text == "True" else "no"
    texts = text if isinstance(text, list) else [text]
    if isinstance(field, ModelChoiceField):
        rows: Any = field.queryset
        return ", ".join(map(str, rows.filter(**{f"{field.to_field_name or 'pk'}__in": texts}))) or ", ".join(texts)
    if isinstance(field, forms.ChoiceField):
        names = {str(value): str(label) for value, label in _flat(field.choices)}
        return ", ".join(names.get(one, one) for one in texts)
    said = ", ".join(texts)
    if isinstance(field, AmountField):
        return _amount(field, said, currency or _currency(form) or field.currency or "")
    return f"{said} {field.unit}" if isinstance(field, MeasureField) else said


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label


def _currency(form: Any) -> str:
    return getattr(getattr(form, "parent", None) or getattr(form, "instance", None), "currency", "") or ""


def _amount(field: AmountField, said: str, currency: str) -> str:
    try:
        amount = field.to_python(said)
        return format_minor(to_minor(amount, currency), currency) if amount is not None and currency else said
    except ValidationError:
        return said  # typed for a currency that it cannot be in


def typed_text(form: Any, name: str) -> Text:
    """What was typed into a valid form."""
    field, data = form.fields[name], form[name].data
    is_plain = isinstance(field, AmountField)  # whose cleaned value is in minor units
    return text_of(field, field.to_python(data) if is_plain else form.cleaned_data.get(name))


def told_changes(form: Any) -> list[str]:
    """Each field of a valid form that was changed: "Price from €49.90 to €59.00", or its name for long texts."""
    return [_change(form, name) for name in form.changed_data]


def _change(form: Any, name: str) -> str:
    label, field = label_of(form, name), form.fields[name]
    if isinstance(field, forms.FileField):
        return label
    was_in = str(form.initial.get("currency") or "")
    before = in_words(form, name, text_of(field, form.get_initial_for_field(field, name)), was_in)
    after = in_words(form, name, typed_text(form, name))
    return from_to(label, before, after)


def from_to(label: str, before: str, after: str) -> str:
    if len(before) > _LONGEST or len(after) > _LONGEST:
        return label
    return f"{label} from {before} to {after}"


def _told_row(form: Any, row: Model, texts: dict[str, Text]) -> str:
    """A row of an inline with its amounts, for who reads of it when it is no more."""
    amounts = [
        f"{label_of(form, name)} {in_words(form, name, text)}"
        for name, text in texts.items()
        if text and isinstance(form.fields[name], AmountField)
    ]
    return f"{row}: {', '.join(amounts)}" if amounts else str(row)


def change_message(form: Any, formsets: Any, *, add: bool) -> list[dict[str, Any]]:
    """As Django keeps what a form changed, but for every field also from what to what."""
    told: list[dict[str, Any]] = []
    if add:
        told.append({"added": {}})
    elif form.changed_data:
        told.append({"changed": {"fields": told_changes(form)}})
    for formset in formsets or ():
        told += _rows(formset)
    return told


def _rows(formset: Any) -> Iterator[dict[str, Any]]:
    of_row = {id(form.instance): form for form in formset.forms}
    for row in formset.new_objects:
        form = of_row[id(row)]
        shown = {name: typed_text(form, name) for name in texts_of(form)}
        yield {"added": {"name": _name(row), "object": _told_row(form, row, shown)}}
    for row, _ in formset.changed_objects:
        yield {"changed": {"name": _name(row), "object": str(row), "fields": told_changes(of_row[id(row)])}}
    for row in formset.deleted_objects:
        form = next(form for form in formset.forms if form.instance is row)
        yield {"deleted": {"name": _name(row), "object": _told_row(form, row, texts_of(form))}}


def _name(row: Model) -> str:
    return str(row._meta.verbose_name)  # noqa: SLF001 (public, whatever its name)
