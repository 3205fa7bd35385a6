"""What the staff pages share: rows that are only looked at, pages that tell about one of them, steps that ask first.

Rows move by services. A step is an own page: a link shows it, only its form acts, and a rule's no is said beside what
was typed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from core.errors import Busy, DomainError
from core.money import format_minor
from core.problems import is_busy

NOTHING = "-"
Facts = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """`css` is "figure" where figures are set flush right."""

    text: Any
    css: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A heading that starts with ">" stands over figures, which are set flush right."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    total: Sequence[Any] = ()
    empty: str = ""

    @property
    def header(self) -> list[Cell]:
        return self._cells([heading.lstrip(">") for heading in self.headings])

    @property
    def body(self) -> list[list[Cell]]:
        return [self._cells(row) for row in self.rows]

    @property
    def foot(self) -> list[Cell]:
        return self._cells(self.total)

    def _cells(self, texts: Sequence[Any]) -> list[Cell]:
        figures = (heading.startswith(">") for heading in self.headings)
        return [Cell(text, "figure" if figure else "") for text, figure in zip(texts, figures, strict=True)]


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline."""

    at: str
    what: str
    who: str = ""
    note: str = ""
    about: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A part of a page. `link` is (text, address) beside the title; tone "danger" asks for attention."""

    title: str
    facts: Facts = ()
    table: Table | None = None
    timeline: Sequence[Moment] = ()
    text: Any = ""
    code: str = ""
    link: tuple[str, str] | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything about one row, to be read."""

    headline: str
    badges: Sequence[SafeString]
    subtitle: Any
    figures: Facts
    main: Sequence[Card]
    aside: Sequence[Card] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a step says before it acts. `preview` names a template shown below the form, with `facts` beside it.

    `warning` stands above everything, in red.
    """

    title: str
    text: Any
    submit: str
    facts: Facts = ()
    facts_title: str = ""
    danger: bool = False
    warning: Any = ""
    preview: str = ""
    context: dict[str, Any] | None = None


CardMaker = Callable[[HttpRequest, Any], Iterable[Card]]
_FROM_ABOVE: dict[tuple[str, str], list[CardMaker]] = {}


def cards_on(model: str, place: str = "aside") -> Callable[[CardMaker], CardMaker]:
    """For an app above: what it adds to the page of each row of "orders.order", at the side or in the "main" part."""

    def register(make: CardMaker) -> CardMaker:
        _FROM_ABOVE.setdefault((model, place), []).append(make)
        return make

    return register


def cards_from_above(model: str, place: str, request: HttpRequest, obj: Any) -> list[Card]:
    """What apps above add to the page of a row of "orders.order"."""
    return [card for make in _FROM_ABOVE.get((model, place), ()) for card in make(request, obj)]


_FILTERS_FROM_ABOVE: dict[str, list[type[SimpleListFilter]]] = {}
F = TypeVar("F", bound=type[SimpleListFilter])


def filter_on(model: str) -> Callable[[F], F]:
    """For an app above: a filter that it adds to the list of "catalog.container"."""

    def register(made: F) -> F:
        _FILTERS_FROM_ABOVE.setdefault(model, []).append(made)
        return made

    return register


class OpenToAbove:
    """A form above which stand the cards of apps above, `cards` for its template, and a list with their filters."""

    opts: Any

    def get_list_filter(self, request: HttpRequest) -> Any:
        own = super().get_list_filter(request)  # type: ignore[misc]  # ModelAdmin's
        return [*_FILTERS_FROM_ABOVE.get(self.opts.label_lower, ()), *own]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if (obj := kwargs.get("obj")) is not None:
            context |= {"cards": cards_from_above(self.opts.label_lower, "main", request, obj)}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # ModelAdmin's


class NewestFirst:
    """The history of a row begins with what happened last."""

    def get_paginator(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        rows = queryset.order_by("-action_time", "-pk") if queryset.model is LogEntry else queryset
        return super().get_paginator(request, rows, *args, **kwargs)  # type: ignore[misc]  # ModelAdmin's


class AtAGlance(TabularInline):  # type: ignore[misc]  # unfold is untyped
    """Rows that belong to another one, to be looked at there; each is added and changed in a place of its own."""

    hide_title = True
    can_delete = False
    extra = 0

    def has_add_permission(self, *_: Any) -> bool:
        return False


class AsksFirst:
    """Shows a page before it acts."""

    opts: Any
    admin_site: Any

    def ask(self, request: HttpRequest, *, form: forms.Form, ask: Ask, context: dict[str, Any]) -> HttpResponse:
        """The page of a step."""
        return TemplateResponse(
            request,
            "admin/step.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": ask.title,
                "ask": ask,
                "facts_card": Card(ask.facts_title, facts=ask.facts, tone="figures"),
                "form": form,
                "media": form.media,
                **(ask.context or {}),
                **context,
            },
        )


class FindsRow:
    """Steps that are about the row in their address."""

    has_view_permission: Any
    get_object: Any

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The row that a step is about. Raises: Http404, PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        return obj


class ReadOnlyAdmin(FindsRow, AsksFirst, NewestFirst, ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Rows are looked at here and move by actions; no form adds, changes or deletes one."""

    change_form_template = "admin/page.html"
    show_full_result_count = False
    list_filter_submit = True
    list_per_page = 50
    show_facets = ShowFacets.NEVER  # a count for each choice of each filter is too dear for lists that only grow
    nothing = ""  # what an empty list says

    def has_add_permission(self, _request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, *_: Any) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, *_: Any) -> bool:
        return False

    def page(self, request: HttpRequest, obj: Any) -> Page:
        """What the row's own page shows."""
        raise NotImplementedError

    def steps(self, _request: HttpRequest, _obj: Any) -> Iterable[str]:
        """The names of the actions that may be taken with this row now."""
        return ()

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what is possible now is offered."""
        allowed = super().get_actions_detail(request, object_id)
        obj = self.get_object(request, str(object_id))
        possible = set(self.steps(request, obj)) if obj is not None else set()
        return [action for action in allowed if action.method.original_function_name in possible]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if (obj := kwargs.get("obj")) is not None:
            page = self.page(request, obj)
            model = self.opts.label_lower
            main, aside = (cards_from_above(model, place, request, obj) for place in ("main", "aside"))
            page = replace(page, main=[*page.main, *main], aside=[*aside, *page.aside])
            told = any(card.timeline for card in (*page.main, *page.aside))
            context |= {"page": page, "show_history": context.get("show_history") and not told}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """A list that nothing narrows shows all there is, and need not count that twice."""
        changelist = super().get_changelist_instance(request)
        if not changelist.query and not changelist.has_active_filters:
            changelist.full_result_count = changelist.result_count
        return changelist

    def take_step(
        self,
        request: HttpRequest,
        obj: Any,
        *,
        step: str,
        form: forms.Form,
        do: Callable[[dict[str, Any]], str],
        ask: Ask,
    ) -> HttpResponse:
        """Ask; when the form is sent and valid, do it, say what was done and go back to where it was asked for.

        What cannot be done now is not asked about.
        """
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])
        if not form.is_bound and step not in self.steps(request, obj):
            messages.warning(request, f"That cannot be done now: it is {obj.get_status_display().lower()}.")
            return redirect(page)
        back = _back(request, page)
        if form.is_bound and form.is_valid():
            done, refused = attempt(lambda: do(form.cleaned_data))
            if done:
                self.log_change(request, obj, done)
                messages.success(request, done)
                return redirect(back)
            form.add_error(None, refused)
        context = {"original": obj, "back": back}
        return self.ask(request, form=form, ask=ask, context=context)


def attempt(do: Callable[[], str]) -> tuple[str, str]:
    """Call a service: (what was done, "") or ("", why not)."""
    try:
        return do(), ""
    except DomainError as no:
        return "", no.detail
    except OperationalError as error:
        if is_busy(error):
            return "", Busy().detail
        raise


def _back(request: HttpRequest, default: str) -> str:
    """Where a step returns to: the page of ours it was opened from."""
    asked = request.POST.get("next") or request.headers.get("Referer") or ""
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if ours and request.path not in asked else default


def sent(request: HttpRequest) -> Any:
    """What a step's form is bound to: what was sent, or nothing yet."""
    return request.POST if request.method == "POST" else None


def actor_of(request: HttpRequest) -> str:
    """Whoever acts here, as charges, events and refunds name them."""
    return f"staff:{request.user.pk}"


def people(actors: Iterable[str]) -> dict[str, str]:
    """{actor: the name to show for it}, in at most one statement.

    "kind:user id" is a person; what else may act is named in settings.BACKOFFICE_ACTORS.
    """
    ids = {actor: _person_id(actor) for actor in set(actors)}
    users = get_user_model().objects.in_bulk([pk for pk in ids.values() if pk is not None])
    return {
        actor: str(users[pk]) if pk in users else settings.BACKOFFICE_ACTORS.get(actor, actor)
        for actor, pk in ids.items()
    }


def _person_id(actor: str) -> UUID | None:
    _, _, pk = actor.partition(":")
    try:
        return UUID(pk)
    except ValueError:
        return None


def badge(text: Any, tone: str = "", *, title: str = "") -> SafeString:
    """A coloured label; tones: info, primary, success, warning, danger, or none."""
    context = {"text": text, "type": tone, "label_title": title}
    return SafeString(render_to_string("unfold/helpers/label.html", context).strip())


def amount(minor: int, currency: str) -> SafeString:
    """Money, its figures aligned with those above and below."""
    return format_html('<span class="amount">{}</span>', format_minor(minor, currency))


def moment(at: datetime | None, zone: str = "") -> str:
    """An instant such as "24 Nov, 15:05 CET", at the clock of `zone`; the year only where it is another one."""
    if at is None:
        return NOTHING
    here = at.astimezone(ZoneInfo(zone)) if zone else timezone.localtime(at)
    year = "" if here.year == timezone.localtime().year else f" {here.year}"
    return f"{here.day} {here:%b}{year}, {here:%H:%M} {here:%Z}"


def two_lines(first: Any, second: Any) -> SafeString:
    """The thing, and below it more quietly what tells it apart."""
    return format_html('<div>{}<br><span class="quiet">{}</span></div>', first, second)


def link(address: str, text: Any, *, strong: bool = False) -> SafeString:
    return format_html('<a class="link{}" href="{}">{}</a>', " strong" if strong else "", address, text)


def page_of(model: str, pk: Any, text: Any, *, viewer: Any = None, strong: bool = False) -> SafeString | str:
    """A link to a row's page; `model` as in "orders_order": apps above are named, not imported.

    Only the text for a `viewer` who may not see it.
    """
    app, _, name = model.partition("_")
    if viewer is not None and not viewer.has_perm(f"{app}.view_{name}"):
        return str(text)
    return link(reverse(f"admin:{model}_change", args=[pk]), text, strong=strong)


def step_button(name: str, pk: Any, text: str) -> SafeString:
    """A link to a step's page, dressed as a button; `name` as in "orders_rental_prepare"."""
    return format_html('<a class="step" href="{}">{}</a>', reverse(f"admin:{name}", args=[pk]), text)
