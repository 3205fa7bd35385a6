# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""What staff change about a rental for its customer: longer days, a unit that is bought or lost."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from core.backoffice import Ask, actor_of, amount, sent
from core.forms import AmountField, parse_amount
from core.money import format_minor, to_decimal
from inventory.models import Depot
from inventory.words import day
from orders import services
from orders.admin.beside import beside
from orders.admin.steps import ConfirmForm, NoteForm
from orders.admin.worklists import WorklistAdmin
from orders.models import Rental
from orders.outlook import EXTENDABLE, Outlook, keep_minor
from orders.states import OrderStatus, RentalStatus

_WHY_NOT = {
    "overdue": "it is late, and each late day costs its fee",
    "longest_rental": "it is not rented for longer",
    "too_far": "no rental is booked further ahead",
    "next_booking": "afterwards every unit is promised to somebody else",
}


class ExtendForm(forms.Form):
    """The last days that are possible, each with what it costs."""

    end_on = forms.TypedChoiceField(label="New last day", coerce=date.fromisoformat, widget=UnfoldAdminSelectWidget())

    def __init__(self, data: Any, outlook: Outlook) -> None:
        super().__init__(data)
        currency = outlook.rental.line.order.currency
        self.fields["end_on"].choices = [  # type: ignore[attr-defined]
            (option.end_on.isoformat(), f"{day(option.end_on)}: {format_minor(option.price_minor, currency)} more")
            for option in outlook.options
        ]


def _how_long(outlook: Outlook) -> str:
    why = _WHY_NOT[outlook.limit]
    return f"At most until {day(outlook.latest)}: {why}." if outlook.latest else f"Now it cannot last longer: {why}."


class LoseForm(NoteForm):
    """What is owed for a unit that will not come back; what keeping it would cost is suggested."""

    def __init__(self, data: Any, *, currency: str, price_minor: int) -> None:
        super().__init__(data, initial={"amount": to_decimal(price_minor, currency)})
        self.currency = currency
        self.fields["amount"] = AmountField(currency=currency, label="Charge", help_text="0: nothing.")

    def clean_amount(self) -> int:
        """In minor units."""
        return parse_amount(self.cleaned_data["amount"], self.currency)


class RentalChanges(WorklistAdmin):
    """The steps beside the way of a unit from the shelf and back. Needs `has_handle_permission`."""

    def changes(self, rental: Rental) -> Iterator[str]:
        """Names of the steps that are possible now."""
        if rental.line.order.status != OrderStatus.CONFIRMED:
            return
        if rental.is_posted_back:
            yield "deny_parcel"
        elif rental.status in EXTENDABLE:
            yield "extend"
        if rental.status == RentalStatus.OUT:
            if keep_minor(rental) is not None and not rental.is_posted_back:
                yield "keep"
            yield "lose"

    @action(description="Extend…", icon="event_upcoming", permissions=["handle"], url_path="extend")
    def extend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        outlook = Outlook(rental, Depot.objects.with_closures().get(pk=rental.line.order.depot_id))

        def do(typed: dict[str, Any]) -> str:
            longer = services.extend_rental(rental_id=rental.pk, end_on=typed["end_on"], actor=actor_of(request))
            return f"{rental.line.title} is rented until {day(longer.end_on)}."

        ask = Ask(
            title=f"Rent {rental.line.title} for longer",
            text=f"What it costs more is charged to the kept card, or asked for in the app. {_how_long(outlook)}",
            submit="Extend",
            **beside(rental),
        )
        return self.take_step(request, rental, step="extend", form=ExtendForm(sent(request), outlook), do=do, ask=ask)

    @action(description="Customer keeps it…", icon="loyalty", permissions=["handle"], url_path="keep")
    def keep(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        price = keep_minor(rental) or 0

        def do(_typed: dict[str, Any]) -> str:
            services.keep_rental(rental_id=rental.pk, actor=actor_of(request), seen_minor=price)
            return f"{rental.unit} is sold to {rental.line.order.customer}."

        costs = amount(price, rental.line.order.currency)
        ask = Ask(
            title=f"Sell {rental.unit} to whoever has it?",
            text="The rental ends and the unit leaves the fleet for good. What it costs has the rent credited, and the "
            "deposit pays first. This cannot be undone.",
            submit="Sell it",
            danger=True,
            **beside(rental, [("Costs", costs)]),
        )
        return self.take_step(request, rental, step="keep", form=ConfirmForm(sent(request)), do=do, ask=ask)

    @action(description="Never posted…", icon="unpublished", permissions=["handle"], url_path="deny-parcel")
    def deny_parcel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.deny_parcel(rental_id=rental.pk, actor=actor_of(request), note=typed["note"])
            return f"{rental.unit} is still with {rental.line.order.customer}."

        ask = Ask(
            title=f"{rental.unit} was never posted back?",
            text="The carrier knows of no such parcel. It is as if nobody had told of one: the days after its last one "
            "are late, and charged.",
            submit="It was not posted",
            danger=True,
            **beside(rental),
        )
        return self.take_step(request, rental, step="deny_parcel", form=NoteForm(sent(request)), do=do, ask=ask)

    @action(description="Lost…", icon="help", permissions=["handle"], url_path="lose", variant=ActionVariant.DANGER)
    def lose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            owed = typed["amount"]
            services.lose_rental(rental_id=rental.pk, actor=actor_of(request), note=typed["note"], owed_minor=owed)
            return f"{rental.unit} is written off."

        form = LoseForm(sent(request), currency=rental.line.order.currency, price_minor=keep_minor(rental) or 0)
        ask = Ask(
            title=f"Write {rental.unit} off?",
            text="It will not come back: the rental ends and the unit leaves the fleet. What is charged for it is "
            "taken from the deposit first.",
            submit="Write it off",
            danger=True,
            **beside(rental),
        )
        return self.take_step(request, rental, step="lose", form=form, do=do, ask=ask)
