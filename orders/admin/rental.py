# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Rentals: the worklist of the counter, and every step from the shelf to the customer and back."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.backoffice import (
    NOTHING,
    Ask,
    Card,
    Facts,
    Page,
    actor_of,
    moment,
    page_of,
    sent,
    step_button,
    two_lines,
)
from core.time import today_in
from inventory.models import Unit
from inventory.services import free_units_of
from inventory.words import day
from orders import services
from orders.admin.beside import beside
from orders.admin.history import timeline
from orders.admin.looks import (
    address_card,
    customer_link,
    day_count,
    days,
    disruption_text,
    order_link,
    posted_back,
    status_badge,
    still_to_come_text,
    unpaid_warning,
)
from orders.admin.parts import PartForm, parts_card, rented_parts
from orders.admin.pictures import came_back, condition_cards, picture_cards
from orders.admin.rental_money import RentalMoney, charge_cards, claim_cards
from orders.admin.steps import (
    HANDLE,
    HandOverForm,
    InspectForm,
    NoteForm,
    PrepareForm,
    TakeBackForm,
    next_button,
    next_rental_step,
)
from orders.admin.worklists import NEEDS_A_WAY_OUT, RentalWork
from orders.disruption import with_disruption
from orders.models import ChargePhoto, Fulfilment, Rental, RentalPhoto
from orders.states import OrderStatus, RentalStatus

_CLAIMABLE = (RentalStatus.RETURNED, RentalStatus.CLOSED)
_WAYS_OUT = (("rearrange", "Other days"), ("call_off", "Call off"))
_CHARGEABLE = (RentalStatus.OUT, RentalStatus.RETURNED, RentalStatus.CLOSED, RentalStatus.LOST)


@admin.register(Rental)
class RentalAdmin(RentalMoney):
    list_display = ("rental_days", "thing", "unit_serial", "customer", "order_number", "depot", "state")
    list_filter = (RentalWork, ("status", ChoicesDropdownFilter), ("line__order__depot", RelatedDropdownFilter))
    search_fields = ("unit__serial", "line__order__number", "line__sku", "line__order__customer__email")
    search_help_text = "Unit serial, order number, SKU or customer's e-mail"
    ordering = ("start_on", "id")
    sortable_by = ()
    actions_detail = (
        "prepare", "hand_over", "put_back", "swap_part", "take_back", "inspect", "claim", "charge", "extend", "shorten",
        "rearrange", "keep", "deny_parcel", "call_off", "lose",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rental]:
        rows: QuerySet[Rental] = super().get_queryset(request)
        rows = rows.select_related("unit", "line__variant__container", "line__order__customer", "line__order__depot")
        return with_disruption(rows)

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        """Where a rental cannot be as booked, the ways out stand instead of the next step."""
        shown = super().get_list_display(request)
        if request.GET.get(RentalWork.parameter_name) not in NEEDS_A_WAY_OUT:
            return shown
        return (*(name for name in shown if name != "next_step"), "ways_out")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.show_photo)  # which forbids every cache to keep it
        return [
            path("photos/<int:photo_id>", view, {"of": ChargePhoto}, name="orders_rental_photo"),
            path("photos/<uuid:photo_id>", view, {"of": RentalPhoto}, name="orders_rental_picture"),
            *super().get_urls(),
        ]

    def show_photo(self, request: HttpRequest, photo_id: int | UUID, of: type[Any]) -> FileResponse:
        """A picture that proves a charge, or how a unit looked, for who may see rentals."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        photo: Any = get_object_or_404(of, pk=photo_id)
        try:
            return FileResponse(photo.image.open(), content_type="image/jpeg")
        except FileNotFoundError as lost:
            raise Http404("Its file is gone.") from lost

    @display(description="Days")
    def rental_days(self, row: Rental) -> SafeString:
        return two_lines(days(row), day_count(row))

    @display(description="Container")
    def thing(self, row: Rental) -> SafeString:
        return two_lines(row.line.title, row.line.sku)

    @display(description="Unit")
    def unit_serial(self, row: Rental) -> str:
        return row.unit.serial if row.unit else NOTHING

    @display(description="Customer")
    def customer(self, row: Rental) -> str:
        return str(row.line.order.customer)

    @display(description="Order")
    def order_number(self, row: Rental) -> SafeString | str:
        return order_link(row.line.order)

    @display(description="Depot")
    def depot(self, row: Rental) -> str:
        return row.line.order.depot.code

    @display(description="Status")
    def state(self, row: Rental) -> SafeString:
        return status_badge(row, today=today_in(row.line.order.depot.time_zone))

    @display(description="What to do")
    def ways_out(self, row: Rental) -> SafeString:
        steps = [(name, text) for name, text in _WAYS_OUT if name in set(self.changes(row))]
        buttons = format_html_join(" ", "{}", ((step_button(f"orders_rental_{n}", row.pk, t),) for n, t in steps))
        return two_lines(disruption_text(row) or "It is not in the shop any more.", buttons)

    @display(description="Next step")
    def next_step(self, row: Rental) -> SafeString | str:
        return next_button(row)

    # The page

    def page(self, request: HttpRequest, obj: Rental) -> Page:
        order, zone = obj.line.order, obj.line.order.depot.time_zone
        happened = order.events.filter(subject=f"rental {obj.pk}")
        return Page(
            headline=obj.line.title,
            badges=[status_badge(obj, today=today_in(zone))],
            subtitle=f"{obj.line.sku} · {days(obj)}, {day_count(obj)}",
            figures=[("Unit", obj.unit.serial if obj.unit else NOTHING)],
            main=[
                *([Card("Cannot be as booked", text=wrong, tone="danger")] if (wrong := _what_to_do(obj)) else []),
                Card("Rental", facts=_facts(obj, request.user)),
                *parts_card(obj, request.user),
                *address_card(order),
                *condition_cards(obj),
                *picture_cards(obj.photos.all()),
                *claim_cards(obj),
                *charge_cards(obj),
            ],
            aside=[
                Card(
                    "History",
                    timeline=timeline(happened, zone=zone, about={}),
                    text="" if happened else "Nothing has happened to it yet.",
                )
            ],
        )

    # The steps

    def has_handle_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(HANDLE)

    def steps(self, _request: HttpRequest, obj: Rental) -> Iterator[str]:
        step = next_rental_step(obj)
        if step is not None:
            yield step.name
        if step is not None and obj.status == RentalStatus.READY:
            yield "put_back"
            if rented_parts(obj):
                yield "swap_part"
        if obj.line.order.status == OrderStatus.CONFIRMED and obj.status in _CLAIMABLE:
            yield "claim"
        if obj.line.order.status == OrderStatus.CONFIRMED and obj.status in _CHARGEABLE:
            yield "charge"
        yield from self.changes(obj)

    @action(
        description="Prepare",
        icon="inventory",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="prepare",
    )
    def prepare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            ready = services.prepare_rental(rental_id=rental.pk, actor=actor_of(request), serial=typed["serial"])
            return f"{ready.unit} is set aside for {rental.line.order}."

        ask = Ask(
            title=f"Prepare {rental.line.title}",
            text="Choose the unit and set it aside for the customer.",
            submit="Set aside",
            warning=unpaid_warning(rental.line.order),
            context={"suggestions": ("free-units", _free(rental))},
            **beside(rental),
        )
        return self.take_step(request, rental, step="prepare", form=PrepareForm(sent(request)), do=do, ask=ask)

    @action(
        description="Hand over",
        icon="front_hand",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="hand-over",
    )
    def hand_over(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        ships = rental.line.order.fulfilment == Fulfilment.DELIVERY

        def do(typed: dict[str, Any]) -> str:
            services.hand_over_rental(
                rental_id=rental.pk,
                actor=actor_of(request),
                note=typed["note"],
                without_deposit=typed.get("without_deposit", ""),
                serial=typed["serial"],
                swap=typed.get("swap", False),
                look=services.Look(typed["condition"], typed["checked"], typed["photos"]),
                carrier=typed.get("carrier", ""),
                tracking_number=typed.get("tracking_number", ""),
            )
            where = f"{'on its way to' if ships else 'with'} {rental.line.order.customer}"
            gone = f"{typed['serial']} is {where}{', theirs' if ships else ''} until {day(rental.end_on)}."
            return gone + still_to_come_text(rental.line.order_id)

        early = (rental.leaves_on - today_in(rental.line.order.depot.time_zone)).days
        what = "It is to be posted" if ships else "The rental begins"
        begins = f"{what} only on {day(rental.leaves_on)}." if early > 0 else ""
        secured = not rental.line.order.deposit_plan or rental.line.order.deposit_secured_at is not None
        unsecured = "" if secured else "The deposit is not secured."

        ask = Ask(
            title=f"{'Ship' if ships else 'Hand over'} {rental.unit or rental.line.title}",
            text=f"{_WHO[ships]} Scan it, go through the list, and photograph how it looks.",
            submit="Ship" if ships else "Hand over",
            warning=unpaid_warning(rental.line.order) or " ".join(filter(None, (unsecured, begins))),
            **beside(rental),
        )
        form = HandOverForm(
            sent(request),
            request.FILES or None,
            rental=rental,
            days_early=early,
            secured=secured,
            instead=_instead(rental, request.POST.get("serial", "").strip()),
        )
        return self.take_step(request, rental, step="hand_over", form=form, do=do, ask=ask)

    @action(description="Put back…", icon="undo", permissions=["handle"], url_path="put-back")
    def put_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.unprepare_rental(rental_id=rental.pk, actor=actor_of(request), note=typed["note"])
            return f"{rental.unit} is free again; {rental.line.order} needs another unit."

        ask = Ask(
            title=f"Put {rental.unit or rental.line.title} back?",
            text="It was the wrong unit. It is free for others again, and the rental must be prepared anew.",
            submit="Put it back",
            **beside(rental),
        )
        return self.take_step(request, rental, step="put_back", form=NoteForm(sent(request)), do=do, ask=ask)

    @action(description="Another part…", icon="swap_horiz", permissions=["handle"], url_path="swap-part")
    def swap_part(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.choose_part(part_id=typed["part"], actor=actor_of(request), serial=typed["serial"].strip())
            return f"{typed['serial']} goes with {rental.unit} instead."

        ask = Ask(
            title=f"Another part with {rental.unit or rental.line.title}",
            text="It goes instead of the one that stands ready, which is free for others again.",
            submit="Take it",
            **beside(rental),
        )
        form = PartForm(sent(request), rental=rental)
        return self.take_step(request, rental, step="swap_part", form=form, do=do, ask=ask)

    @action(
        description="Take back",
        icon="assignment_return",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="take-back",
    )
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            seen = {name: value for name, value in typed.items() if name != "serial"}
            services.take_back_rental(rental_id=rental.pk, actor=actor_of(request), **seen)
            return f"{rental.unit} is back, condition {typed['condition']}, and goes to cleaning."

        ask = Ask(
            title=f"Take back {rental.unit or rental.line.title}",
            text="Say how it looks. It goes to cleaning; the inspection afterwards closes the rental.",
            submit="Take back",
            **beside(rental),
        )
        form = TakeBackForm(sent(request), request.FILES or None, rental=rental)
        return self.take_step(request, rental, step="take_back", form=form, do=do, ask=ask)

    @action(
        description="Inspect",
        icon="fact_check",
        permissions=["handle"],
        variant=ActionVariant.PRIMARY,
        url_path="inspect",
    )
    def inspect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.close_rental(rental_id=rental.pk, actor=actor_of(request), **typed)
            return f"Closed. {rental.unit} is {'back on the shelf' if typed['fit'] else 'in maintenance'}."

        ask = Ask(
            title=f"Inspect {rental.unit or rental.line.title}",
            text="The unit was cleaned and looked over. This closes the rental; what is damaged is claimed before, as "
            "the deposit goes back when everything is closed and nothing is claimed.",
            submit="Close the rental",
            **beside(rental, came_back(rental)),
        )
        return self.take_step(request, rental, step="inspect", form=InspectForm(sent(request)), do=do, ask=ask)


_WHO = {
    True: "The carrier takes it now, with a label for its way back. The customer is told.",
    False: "The customer takes it along now.",
}


def _what_to_do(rental: Rental) -> str:
    """What stands in the way of a rental, and what to do about it."""
    wrong = disruption_text(rental)
    return f"{wrong} Agree on other days with the customer, or call it off." if wrong else ""


def _instead(rental: Rental, scanned: str) -> Unit | None:
    """The unit that was scanned, if it could go instead of the one that stands ready."""
    if rental.unit is None or scanned in ("", rental.unit.serial):
        return None
    return next((unit for unit in free_units_of(rental.reservation) if unit.serial == scanned), None)


def _facts(rental: Rental, viewer: Any) -> Facts:
    order, zone = rental.line.order, rental.line.order.depot.time_zone
    return [
        ("Order", order_link(order)),
        ("Customer", customer_link(order.customer, viewer)),
        ("Depot", order.depot),
        ("Days", f"{days(rental)}, {day_count(rental)}"),
        ("Unit", page_of("inventory_unit", rental.unit_id, rental.unit, viewer=viewer) if rental.unit else NOTHING),
        *([("To be posted on", day(rental.post_on))] if rental.post_on else []),
        ("Shipped" if rental.post_on else "Handed over", moment(rental.handed_over_at, zone)),
        *([("Shipped by", f"{rental.carrier}, {rental.tracking_number}")] if rental.carrier else []),
        *posted_back(rental),
        ("Taken back", moment(rental.returned_at, zone)),
    ]


def _free(rental: Rental) -> list[tuple[str, str]]:
    """(serial, condition) of the units that could be chosen."""
    return [(unit.serial, unit.get_condition_display()) for unit in free_units_of(rental.reservation)]
