"""Forms by which several people change the same rows: nobody's change is lost, and the history says what it was.

A form carries what it showed when it was opened. Where something else is stored by the time it is sent, nothing is
saved: what others changed, who and when is told beside what was typed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.db.models import Model, Q
from django.forms.models import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import Truncator

from core.backoffice import moment
from core.changes import Text, change_message, in_words, label_of, texts_of
from core.problems import is_busy

AS_READ = "as_read"  # the field that carries what a form showed
UNREADABLE = "Not saved: your page is too old. Open it anew, and write it there."

Texts = Mapping[str, Text]
State = dict[str, dict[str, Text]]  # {"" or "prefix-pk" of a row of an inline: {field: what it showed}}
NAME = ""  # among the fields of such a row: what it is called


@dataclass(frozen=True, slots=True)
class Difference:
    """What is stored now in place of what a page showed.

    typed: something else was typed, too. below: what the page that refuses shows of it.
    """

    what: str
    was: str
    now: str
    typed: bool = False
    below: str = ""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What happened while a page was open. `again`: a second save is about what the page shows now."""

    differences: list[Difference]
    who: list[tuple[str, str, str]]  # (name, when, what)
    again: bool


@dataclass(slots=True)
class _Reading:
    """A form between being opened and being saved. `rows`: its inlines that may change something."""

    sent: str
    carried: str  # by the page that answers
    told_by: list[Model]  # rows whose histories tell of this one, too
    rows: list[Any] = field(default_factory=list)
    meanwhile: Meanwhile | None = None


def _about(form: Any) -> str:
    """The row of a form, or its step: what another page showed is nothing to compare it with."""
    row = getattr(form, "instance", None)
    return f"{AS_READ} {row._meta.label} {row.pk}" if row else f"{AS_READ} {type(form).__name__}"  # noqa: SLF001


def _written(form: Any, state: State) -> str:
    return signing.dumps([timezone.now().timestamp(), state], salt=_about(form), compress=True)


def _read(form: Any, sent: str) -> tuple[datetime, State]:
    """Raises: ValidationError."""
    try:
        at, state = signing.loads(sent, salt=_about(form))
    except signing.BadSignature:
        raise ValidationError(UNREADABLE) from None
    return datetime.fromtimestamp(at, UTC), state


class _AsRead:
    """Put before a form's class: valid only while what it showed is stored."""

    reading: _Reading
    fields: Any
    is_bound: bool
    add_error: Any

    def full_clean(self) -> None:
        now = _state(self, self.reading.rows)  # before what was typed is put into the row
        super().full_clean()  # type: ignore[misc]  # ModelForm's
        try:
            self.reading.meanwhile = _compared(self, self.reading, now)
        except ValidationError as no:
            self.add_error(None, no)
            return
        if self.reading.meanwhile is None or self.reading.meanwhile.again:  # else it does not show all there is
            self.reading.carried = _written(self, now)

    def is_valid(self) -> bool:
        """A refusal is no error of whoever typed: the page tells it apart (admin/meanwhile.html)."""
        return super().is_valid() and self.reading.meanwhile is None  # type: ignore[misc]  # ModelForm's


def _state(form: Any, formsets: list[Any]) -> State:
    """What is stored of everything that a page shows. No statement where the rows of the inlines are loaded."""
    shown: State = {"": texts_of(form)}
    for formset in formsets:
        stored = (_form_of(formset, row) for row in formset.get_queryset())
        for row_form in stored if formset.is_bound else formset.initial_forms:
            shown[_key(formset, row_form.instance)] = {NAME: str(row_form.instance), **texts_of(row_form)}
    return shown


def shown_by(form: Any) -> str:
    """For a step: what its form shows, to be carried by its page under the name AS_READ."""
    return _written(form, {"": texts_of(form)})


def overtaken(form: Any, sent: str) -> list[Difference]:
    """For a step: what is other than its page showed, and is shown so in the form now unless it was typed anew.

    Raises: ValidationError when what was sent cannot be read; its page carries that on, or a repeat would be saved.
    """
    (_, then), now = _read(form, sent), texts_of(form)
    gone = [
        Difference("What your page showed last", str(was), "gone") for name, was in then[""].items() if name not in now
    ]
    return [*_differences(form, then[""], now), *gone]


def _key(formset: Any, row: Model) -> str:
    return f"{formset.prefix}-{row.pk}"


def _form_of(formset: Any, row: Model) -> Any:
    return formset.form(instance=row, prefix=formset.prefix, **formset.get_form_kwargs(None))


def _compared(form: Any, reading: _Reading, now: State) -> Meanwhile | None:
    """What is other than it was when the page was opened; what was not touched is shown as it is now."""
    at, then = _read(form, reading.sent)
    if then == now:
        return None
    differences = list(_differences(form, then[""], now[""]))
    concerned: list[Model] = [form.instance, *reading.told_by]
    rows_stay = then.keys() == now.keys()
    for formset in reading.rows:
        for told, row in _row_differences(formset, then, now):
            differences.append(told)
            concerned += [row] if row else []
    return Meanwhile(differences, _who(concerned, at), again=rows_stay) if differences else None


def _differences(form: Any, then: Texts, now: Texts, named: str = "") -> Iterator[Difference]:
    for name, text in now.items():
        was = then.get(name, "")
        if was != text and name != NAME:
            touched = _touched(form, name, was)
            if not touched:
                _show_what_is(form.fields[name])
            label = f"{named}{label_of(form, name)}"
            before, after = _short(in_words(form, name, was)), _short(in_words(form, name, text))
            yield Difference(label, before, after, touched, "what you typed" if touched else "what it is now")


def _row_differences(formset: Any, then: State, now: State) -> Iterator[tuple[Difference, Model | None]]:
    sent = {bound.instance.pk: bound for bound in formset.initial_forms}
    stored = {_key(formset, row): row for row in formset.get_queryset()}
    for key, row in stored.items():
        if key not in then:
            yield Difference(str(row), "not there", "there", below="nothing of it"), row
        elif row.pk in sent:
            for told in _differences(sent[row.pk], then[key], now[key], f"{row}: "):
                yield told, row
    for key, texts in then.items():
        if key.startswith(f"{formset.prefix}-") and key not in stored:
            yield Difference(str(texts[NAME]), "there", "gone", below="what it was"), None


def _touched(form: Any, name: str, was: Text) -> bool:
    """Whether something else was typed than was shown; where that cannot be told, it was."""
    bound = form[name]
    asked: forms.Field = bound.field
    try:
        plain = isinstance(asked, ModelChoiceField | forms.FileField) or isinstance(was, list)
        return bool(asked.has_changed(was if plain else asked.to_python(was), bound.data))
    except (ValidationError, AttributeError):  # a field of several parts reads no text
        return True


def _show_what_is(shown: forms.Field) -> None:
    """On the page that refuses, instead of what was sent."""
    shown.bound_data = lambda data, initial: initial  # type: ignore[method-assign]  # noqa: ARG005 (of this form alone)


def _short(text: str) -> str:
    return Truncator(text).chars(120)


def _who(rows: list[Model], since: datetime) -> list[tuple[str, str, str]]:
    """What the histories of rows say since then. One statement."""
    types = ContentType.objects.get_for_models(*{type(row) for row in rows})
    about = Q()
    for row in rows:
        about |= Q(content_type=types[type(row)], object_id=str(row.pk))
    entries = LogEntry.objects.filter(about, action_time__gte=since).select_related("user").order_by("action_time")
    return [(str(entry.user), moment(entry.action_time), entry.get_change_message()) for entry in entries]


class EditedByMany:
    """For a ModelAdmin. A form that does not say what it showed (a script's) is saved as it is.

    Locks: what `hold` does, from before the row is read to the end of its save.
    """

    change_form_template = "admin/edited_by_many.html"
    told_by: tuple[str, ...] = ()  # to rows in whose inlines a row is changed, too
    model: Any
    has_change_permission: Any

    def hold(self, key: Any) -> None:
        """Let nobody else write what a form is compared with. Locks: the row."""
        rows = self.model._base_manager.select_for_update(no_key=True, of=("self",))  # noqa: SLF001 (public, as above)
        rows.filter(pk=key).first()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        view: Any = super().changeform_view  # type: ignore[misc]  # ModelAdmin's
        if request.method != "POST" or object_id is None:
            return view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        try:
            with transaction.atomic():
                self._hold(unquote(object_id))
                return view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        except OperationalError as error:
            if is_busy(error):
                return render(request, "busy.html", status=503)
            raise

    def _hold(self, object_id: str) -> None:
        try:
            key = self.model._meta.pk.to_python(object_id)  # noqa: SLF001
        except ValidationError:
            return  # no row has it, as the page will say
        self.hold(key)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 (as Django calls it)
        made: Any = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]  # ModelAdmin's
        sent = request.POST.get(AS_READ)
        if not sent or obj is None:
            return made
        request.reading = _Reading(sent, carried=sent, told_by=[getattr(obj, name) for name in self.told_by])
        return type(made)(made.__name__, (_AsRead, made), {"reading": request.reading})

    def _create_formsets(self, request: Any, obj: Any, change: bool) -> Any:  # noqa: FBT001 (as Django calls it)
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]  # ModelAdmin's
        if reading := getattr(request, "reading", None):
            pairs = zip(formsets, inlines, strict=True)
            reading.rows = [formset for formset, inline in pairs if _may_change(request, obj, formset, inline)]
        return formsets, inlines

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        form, obj = context["adminform"].form, kwargs.get("obj")
        if reading := getattr(form, "reading", None):
            context |= {"as_read": reading.carried, "meanwhile": reading.meanwhile}
        elif obj is not None and not form.is_bound and self.has_change_permission(request, obj):
            inlines = context["inline_admin_formsets"]
            rows = [one.formset for one in inlines if _may_change(request, obj, one.formset, one.opts)]
            context["as_read"] = _written(form, _state(form, rows))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # ModelAdmin's

    def construct_change_message(
        self,
        _request: HttpRequest,
        form: Any,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 (as Django calls it)
    ) -> list[dict[str, Any]]:
        return change_message(form, formsets, add=add)


def _may_change(request: HttpRequest, obj: Any, formset: Any, inline: Any) -> bool:
    """Rows that are only looked at overwrite nothing."""
    may = inline.has_change_permission(request, obj) or inline.has_delete_permission(request, obj)
    return bool(may and formset.form.base_fields)
