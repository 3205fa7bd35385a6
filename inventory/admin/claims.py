# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold carries no types
"""Reservations and the feed, to be looked at: they move with orders and with the inventory system."""

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Facts,
    Page,
    ReadOnlyAdmin,
    badge,
    moment,
    page_of,
    sent,
    two_lines,
)
from inventory import words
from inventory.admin.calendar import FLEET_STYLES
from inventory.admin.looks import (
    CLAIM_WORDS,
    THEIR_WORDS,
    WITH_ORDER,
    calendar_address,
    claim_badge,
    days_of,
    order_link,
    order_of,
    thing,
    whose,
)
from inventory.admin.steps import ConfirmForm
from inventory.admin.worklist import CHANGE_RESERVATION, worklist_page, wrong
from inventory.models import Feed, Reservation
from inventory.services import sync_soon
from inventory.standing import in_step
from inventory.states import ReservationKind
from inventory.troubles import troubles_of


class TheirWordFilter(DropdownFilter):
    title = "inventory system"
    parameter_name = "theirs"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return list(THEIR_WORDS.items())

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Reservation]) -> QuerySet[Reservation]:
        return queryset.filter(provider_state=self.value()) if self.value() else queryset


class StateFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [(status, text) for status, (text, _) in CLAIM_WORDS.items()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Reservation]) -> QuerySet[Reservation]:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ("titled", "order", "depot_code", "days", "state", "theirs", "trouble", "made")
    list_filter = (
        StateFilter, ("kind", ChoicesDropdownFilter), TheirWordFilter, ("depot", RelatedDropdownFilter),
    )  # fmt: skip
    search_fields = (
        "=id", "variant__sku", "unit__serial", "rental__line__order__number", "order_line__order__number",
        "line_part__line__order__number",
    )  # fmt: skip
    search_help_text = "Order number, SKU, serial number or id"
    actions_detail = ("ask_again",)

    class Media:
        css: ClassVar = {"all": [FLEET_STYLES]}

    def get_urls(self) -> list[URLPattern]:
        worklist = self.admin_site.admin_view(partial(worklist_page, self))
        return [
            path("does-not-fit/", worklist, name="inventory_reservation_worklist"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reservation]:
        rows: QuerySet[Reservation] = super().get_queryset(request)
        return rows.select_related("variant__container", "depot", "unit", *WITH_ORDER)

    @display(description="Order")
    def order(self, row: Reservation) -> SafeString | str:
        return order_link(row)

    @display(description="Container", ordering="variant__sku")
    def titled(self, row: Reservation) -> SafeString:
        return thing(row)

    @display(description="Depot", ordering="depot__code")
    def depot_code(self, row: Reservation) -> str:
        return row.depot.code

    @display(description="What", ordering="period")
    def days(self, row: Reservation) -> SafeString:
        if row.kind == ReservationKind.SALE:
            return two_lines(words.count(row.quantity, "piece"), "for sale")
        return two_lines(days_of(row), f"unit {row.unit}" if row.unit else "no unit yet")

    @display(description="Status", ordering="status")
    def state(self, row: Reservation) -> SafeString:
        return claim_badge(row)

    @display(description="Inventory system", ordering="provider_state")
    def theirs(self, row: Reservation) -> str:
        return THEIR_WORDS[row.provider_state]

    @display(description="Trouble", ordering="misfit_at")
    def trouble(self, row: Reservation) -> SafeString | str:
        found = troubles_of(row)
        return badge(wrong(found[0], row).short, "danger") if found else NOTHING

    @display(description="Made", ordering="created_at")
    def made(self, row: Reservation) -> str:
        return moment(row.created_at, row.depot.time_zone)

    # The page

    def page(self, request: HttpRequest, obj: Reservation) -> Page:
        problems = [wrong(found, obj) for found in troubles_of(obj)]
        cards = [Card(problem.short, text=f"{problem.text} {problem.advice}", tone="danger") for problem in problems]
        return Page(
            headline=str(obj),
            badges=[claim_badge(obj), *(badge(problem.short, "danger") for problem in problems)],
            subtitle=f"{obj.variant.container} · {obj.variant.sku} · {obj.depot}",
            figures=[("Pieces", obj.quantity)] if obj.kind == ReservationKind.SALE else [],
            main=[*cards, _claim_card(request, obj)],
            aside=[_theirs_card(obj)],
        )

    # Asking again

    def has_ask_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(CHANGE_RESERVATION)

    def steps(self, _request: HttpRequest, obj: Reservation) -> Iterator[str]:
        if not in_step(obj):
            yield "ask_again"

    @action(
        description="Ask the inventory system again",
        icon="sync",
        permissions=["ask"],
        url_path="ask-again",
    )
    def ask_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.row(request, object_id)

        def do(_typed: dict[str, Any]) -> str:
            if in_step(Reservation.objects.get(pk=row.pk)):
                return "Nothing is left to ask: the inventory system knows of it."
            sync_soon([row.pk])
            return "The inventory system is asked again within seconds. Look again in a moment."

        ask = Ask(
            title="Ask the inventory system again?",
            text="Do so when what it objects to is mended there. Asked twice, it does nothing twice.",
            submit="Ask again",
            facts=[("Order", whose(row, request.user)), *_theirs(row)],
            facts_title=str(row),
        )
        return self.take_step(request, row, step="ask_again", form=ConfirmForm(sent(request)), do=do, ask=ask)


def _claim_card(request: HttpRequest, row: Reservation) -> Card:
    viewer, zone = request.user, row.depot.time_zone
    facts: list[tuple[str, Any]] = [
        ("Order", order_link(row, viewer)),
        *([("Customer", order_of(row).customer)] if order_of(row) and viewer.has_perm("orders.view_order") else []),
        ("Container", page_of("catalog_variant", row.variant_id, row.variant.container, viewer=viewer)),
        ("SKU", row.variant.sku),
        ("Depot", row.depot.name),
    ]
    if row.period:
        unit = page_of("inventory_unit", row.unit_id, row.unit, viewer=viewer) if row.unit else "chosen at preparation"
        facts += [
            ("Days kept", words.days(row.period)),
            ("Of these until it is ready again", row.turnaround_days),
            ("Unit", unit),
        ]
    if row.expires_at is not None:
        facts.append(("Held until", moment(row.expires_at, zone)))
    facts.append(("Made", moment(row.created_at, zone)))
    link = ("Fleet calendar", calendar_address(row.depot_id, row.variant.sku, row)) if row.period else None
    return Card("Reservation", facts=facts, link=link)


def _theirs(row: Reservation) -> Facts:
    zone = row.depot.time_zone
    facts: list[tuple[str, Any]] = [("Inventory system", THEIR_WORDS[row.provider_state])]
    if row.provider_acked_at is not None:
        facts.append(("Said so", moment(row.provider_acked_at, zone)))
    if row.provider_period is not None:
        facts.append(("Days it keeps", words.days(row.provider_period)))
    if row.sync_error:
        facts.append(("Its answer", row.sync_error))
    if row.sync_failures:
        facts.append(("Refused", words.count(row.sync_failures, "time")))
    if row.sync_after is not None:
        facts.append(("Next try", moment(row.sync_after, zone)))
    return facts


def _theirs_card(row: Reservation) -> Card:
    """What the other side knows, and whether that is all it should."""
    step = badge("In step", "success") if in_step(row) else badge("Still to hear of it", "warning")
    return Card("Inventory system", facts=[("Stands", step), *_theirs(row), ("Key there", row.pk)])


@admin.register(Feed)
class FeedAdmin(ReadOnlyAdmin):
    list_display = ("name", "read", "cursor")

    @display(description="Read", ordering="read_at")
    def read(self, row: Feed) -> str:
        return f"{timesince(row.read_at, depth=1)} ago" if row.read_at else "never"

    def page(self, _request: HttpRequest, obj: Feed) -> Page:
        return Page(
            headline=obj.name,
            badges=[],
            subtitle="What the inventory system tells of its counts and units",
            figures=[],
            main=[Card("Read so far", facts=[("Read", self.read(obj)), ("Up to", obj.cursor or NOTHING)])],
        )
