# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""What staff change about a rental for its customer: its days, a unit that is bought or lost, its end."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from core.backoffice import Ask, actor_of, amount, sent
from core.forms import AmountField, DayInput, parse_amount
from core.money import format_minor, to_decimal
from core.time import today_in
from inventory.models import Depot
from inventory.words import day
from orders import services
from orders.admin.beside import beside
from orders.admin.looks import days, disruption_text, is_overdue
from orders.admin.steps import CANCEL, ConfirmForm, NoteForm, WhyForm
from orders.admin.worklists import WorklistAdmin
from orders.disruption import WAITING
from orders.models import Rental
from orders.outlook import EXTENDABLE, Outlook, keep_minor, rent_charged_minor
from orders.states import OrderStatus, RentalStatus

_WHY_NOT = {
    "overdue": "it is late, and each late day costs its fee",
    "longest_rental": "it is not rented for longer",
    "too_far": "no rental is booked further ahead",
    "next_booking": "afterwards every unit is promised to somebody else",
}


class LastDayForm(forms.Form):
    """The last days that are possible, each with what is said of it."""

    end_on = forms.TypedChoiceField(label="New last day", coerce=date.fromisoformat, widget=UnfoldAdminSelectWidget())

    def __init__(self, data: Any, options: Iterable[tuple[date, str]]) -> None:
        super().__init__(data)
        self.fields["end_on"].choices = [  # type: ignore[attr-defined]
            (end_on.isoformat(), f"{day(end_on)}: {said}") for end_on, said in options
        ]


class OtherDaysForm(WhyForm):
    """Days that the shop offers instead; of what is out only the last one."""

    start_on = forms.DateField(label="First day", widget=DayInput)
    end_on = forms.DateField(label="Last day", widget=DayInput)
    field_order = ("start_on", "end_on", "note")

    def __init__(self, data: Any, *, rental: Rental, depot: Depot) -> None:
        super().__init__(data, initial={"start_on": rental.start_on, "end_on": rental.end_on})
        self.rental, self.depot = rental, depot
        if rental.status == RentalStatus.OUT:
            del self.fields["start_on"]

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        typed.setdefault("start_on", self.rental.start_on)
        if "end_on" in typed:
            wrong = services.wrong_other_days(self.rental, self.depot, typed["start_on"], typed["end_on"])
            for error in wrong:
                self.add_error(error.pointer.removeprefix("/"), error.detail)
        return typed


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


def _money(rental: Rental, minor: int) -> str:
    return format_minor(minor, rental.line.order.currency)


class RentalChanges(WorklistAdmin):
    """The steps beside the way of a unit from the shelf and back. Needs `has_handle_permission`."""

    def changes(self, rental: Rental) -> Iterator[str]:
        """Names of the steps that are possible now."""
        if rental.line.order.status != OrderStatus.CONFIRMED:
            return
        late = is_overdue(rental, today_in(rental.line.order.depot.time_zone))
        if rental.is_posted_back:
            yield "deny_parcel"
        elif rental.status in EXTENDABLE:
            yield "extend"
            if rental.line.order.depot.active and not late:
                yield "rearrange"
        if rental.status in WAITING:
            yield "call_off"
        if rental.status == RentalStatus.OUT:
            if not late and not rental.is_posted_back:
                yield "shorten"
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
        longer = ((option.end_on, f"{_money(rental, option.price_minor)} more") for option in outlook.options)
        form = LastDayForm(sent(request), longer)
        return self.take_step(request, rental, step="extend", form=form, do=do, ask=ask)

    @action(description="Back earlier…", icon="event_available", permissions=["handle"], url_path="shorten")
    def shorten(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        options = Outlook(rental, Depot.objects.with_closures().get(pk=rental.line.order.depot_id)).earlier

        def do(typed: dict[str, Any]) -> str:
            credit = next(option.credit_minor for option in options if option.end_on == typed["end_on"])
            services.shorten_rental(
                rental_id=rental.pk, end_on=typed["end_on"], actor=actor_of(request), seen_minor=credit
            )
            back = f"{rental.unit or rental.line.title} is expected back on {day(typed['end_on'])}"
            return f"{back}; {_money(rental, credit)} is credited."

        gains = "" if options else " Now no earlier day would credit anything: just take it back when it comes."
        ask = Ask(
            title=f"{rental.unit or rental.line.title} comes back earlier",
            text="The days given back are credited by the policy of cancellation of its quote. From then on it is late "
            f"after the new last day, and its unit is free for others sooner.{gains}",
            submit="Shorten",
            **beside(rental),
        )
        sooner = ((option.end_on, f"{_money(rental, option.credit_minor)} credited") for option in options)
        form = LastDayForm(sent(request), sooner)
        return self.take_step(request, rental, step="shorten", form=form, do=do, ask=ask)

    @action(description="Other days…", icon="calendar_month", permissions=["handle"], url_path="rearrange")
    def rearrange(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)
        depot = Depot.objects.with_closures().get(pk=rental.line.order.depot_id)

        def do(typed: dict[str, Any]) -> str:
            moved = services.rearrange_rental(
                rental_id=rental.pk,
                start_on=typed["start_on"],
                end_on=typed["end_on"],
                note=typed["note"],
                actor=actor_of(request),
            )
            return f"{rental.line.title} is rented {days(moved)}; {rental.line.order.customer} is told."

        ask = Ask(
            title=f"Other days for {rental.line.title}",
            text="For days that the shop cannot keep. Dearer days cost the customer nothing more, cheaper ones are "
            f"credited: the rent is {_money(rental, rent_charged_minor(rental))} now. Agree on them first; mail and "
            "push then tell of them once.",
            submit="Move it",
            warning=disruption_text(rental),
            **beside(rental),
        )
        form = OtherDaysForm(sent(request), rental=rental, depot=depot)
        return self.take_step(request, rental, step="rearrange", form=form, do=do, ask=ask)

    def has_cancel_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(CANCEL)

    @action(
        description="Call off…",
        icon="event_busy",
        permissions=["cancel"],
        url_path="call-off",
        variant=ActionVariant.DANGER,
    )
    def call_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rental = self.row(request, object_id)

        def do(typed: dict[str, Any]) -> str:
            services.call_off_rental(rental_id=rental.pk, note=typed["note"], actor=actor_of(request))
            return f"{rental.line.title} of {rental.line.order} is called off; {rental.line.order.customer} is told."

        credit = amount(rent_charged_minor(rental), rental.line.order.currency)
        ask = Ask(
            title=f"Call {rental.line.title} off?",
            text="For what the shop cannot serve: all of its rent is credited, whatever the policy of cancellation "
            "says, and its unit is free. The rest of the order goes on; where nothing else is left, it is cancelled.",
            submit="Call it off",
            danger=True,
            **beside(rental, [("Credited", credit)]),
        )
        return self.take_step(request, rental, step="call_off", form=WhyForm(sent(request)), do=do, ask=ask)

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
