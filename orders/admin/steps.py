"""What is done with the parts of an order, and what is asked before it is done."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.fitting import FittingRow
from catalog.models import titled
from core.backoffice import step_button
from core.forms import AmountField, parse_amount
from core.money import to_decimal
from core.time import today_in
from inventory.models import Unit
from inventory.words import count
from orders.admin.parts import missing_field
from orders.checklists import points_of
from orders.models import CLAIMABLE, Claim, Fulfilment, OrderLine, Rental
from orders.pictures import MOST_BYTES, MOST_PHOTOS
from orders.services.charging import EXTRAS
from orders.states import OrderStatus, RentalStatus, SaleStatus

HANDLE = "orders.handle_order"
CANCEL = "orders.cancel_order"
DECIDE = "orders.decide_claim"


@dataclass(frozen=True, slots=True)
class Step:
    """The one thing to do next; `name` is the action's method."""

    name: str
    label: str


def next_rental_step(rental: Rental) -> Step | None:
    """None when nothing is to be done at a depot; `line.order` is loaded."""
    if rental.line.order.status != OrderStatus.CONFIRMED:
        return None
    ships = rental.line.order.fulfilment == Fulfilment.DELIVERY
    return {
        RentalStatus.BOOKED: Step("prepare", "Prepare"),
        RentalStatus.READY: Step("hand_over", "Ship" if ships else "Hand over"),
        RentalStatus.OUT: Step("take_back", "Take back"),
        RentalStatus.RETURNED: Step("inspect", "Inspect"),
    }.get(RentalStatus(rental.status))


def next_sale_step(line: OrderLine) -> Step | None:
    """None when nothing is to be done at a depot; `order` is loaded."""
    if line.status == SaleStatus.RETURN_REQUESTED:
        return Step("receive", "Take back")
    if line.order.status != OrderStatus.CONFIRMED or line.kind != OrderLine.Kind.SALE:
        return None
    deliver = "Ship" if line.order.fulfilment == Fulfilment.DELIVERY else "Hand over"
    return {
        SaleStatus.RESERVED: Step("pack", "Pack"),
        SaleStatus.READY: Step("deliver", deliver),
    }.get(SaleStatus(str(line.status)))


def next_button(part: Rental | OrderLine) -> SafeString | str:
    """The button for the next step; shown only to who may take it."""
    if isinstance(part, Rental):
        return _button("rental", part.pk, next_rental_step(part))
    return _button("orderline", part.pk, next_sale_step(part))


def _button(model: str, pk: UUID, step: Step | None) -> SafeString | str:
    return step_button(f"orders_{model}_{step.name}", pk, step.label) if step is not None else ""


def _note(label: str, **options: Any) -> forms.CharField:
    widget = UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2})
    return forms.CharField(label=label, max_length=300, widget=widget, **options)


class ConfirmForm(forms.Form):
    """Nothing is asked but whether."""


class ReasonForm(forms.Form):
    reason = _note("Reason", help_text="The order's history keeps it, and its customer can read it.")


class FitForm(forms.Form):
    note = _note("What was agreed on", help_text="The order's history keeps it, for colleagues.")


def _title(row: FittingRow) -> str:
    return titled(row["brand"], row["name"], row["variant"]["size"], row["variant"]["colour"])


class SwapForm(forms.Form):
    """Which line becomes what."""

    to = forms.ChoiceField(label="Instead", widget=UnfoldAdminRadioSelectWidget())
    note = _note("What was agreed on", help_text="The order's history keeps it, for colleagues.")

    def __init__(self, data: Any, options: Iterable[tuple[OrderLine, FittingRow]]) -> None:
        super().__init__(data)
        self.options = {f"{line.pk} {row['variant']['sku']}": (line, row) for line, row in options}
        choices = [(key, f"{_title(row)} for {line.title}") for key, (line, row) in self.options.items()]
        cast("forms.ChoiceField", self.fields["to"]).choices = choices

    def chosen(self) -> tuple[UUID, str]:
        """The line and the SKU that it becomes."""
        line, row = self.options[self.cleaned_data["to"]]
        return line.pk, row["variant"]["sku"]


class CancelForm(ReasonForm):
    in_full = forms.BooleanField(
        label="Credit everything, whatever the policy of cancellation says",
        initial=True,
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )


class PrepareForm(forms.Form):
    """A scanner types the serial; left empty, the best unit that is free is taken."""

    serial = forms.CharField(
        max_length=64,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True, "autocomplete": "off", "list": "free-units"}),
        help_text="Scan or type it. Left empty, the best unit that is free is chosen.",
    )

    def clean_serial(self) -> str:
        return str(self.cleaned_data["serial"]).strip()


class NoteForm(forms.Form):
    note = _note("Note", required=False)


class WhyForm(forms.Form):
    note = _note("Why", help_text="The customer reads it.")


def _parcel() -> dict[str, forms.Field]:
    """Who takes the parcel; both or neither."""
    told = {
        "carrier": "DHL, or who takes it.",
        "tracking_number": "Both may stay empty: its customer then reads no number.",
    }
    return {
        name: forms.CharField(max_length=40, required=False, widget=UnfoldAdminTextInputWidget(), help_text=text)
        for name, text in told.items()
    }


class ShipForm(NoteForm):
    field_order = ("carrier", "tracking_number", "note")

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields |= _parcel()
        self.order_fields(self.field_order)


def _day_input() -> forms.Widget:
    """The browser's own calendar; it sends ISO 8601, in whatever way it shows a day."""
    widget: forms.TextInput = UnfoldAdminTextInputWidget()
    widget.input_type = "date"
    return widget


class Pictures(forms.FileInput):
    """One field for several pictures. Unfold's script, which writes the name of a chosen file into the first text field
    around it, is kept from ours."""

    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any]) -> None:
        super().__init__({**attrs, "x-on:change.capture": "$event.stopImmediatePropagation()"})


class PicturesField(forms.FileField):
    """Several pictures, or none; whether they can be read is the service's to say."""

    widget = Pictures

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(PicturesField, self).clean(file, initial) for file in files]


def _photos(help_text: str) -> PicturesField:
    return PicturesField(
        required=False,
        widget=Pictures(attrs={"accept": "image/jpeg,image/png,image/webp", "multiple": True}),
        help_text=f"{help_text} Up to {MOST_PHOTOS}, of up to {MOST_BYTES // 1_000_000} MB each.",
    )


def _condition(label: str, missing: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=Unit.Condition.choices,
        widget=UnfoldAdminRadioSelectWidget(),
        error_messages={"required": missing},
    )


def _checks(rental: Rental) -> forms.MultipleChoiceField:
    points = points_of(rental.line.variant.container.kind)
    return forms.MultipleChoiceField(
        label="In order",
        choices=[(point.code, point.text) for point in points],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )


# A scanner ends what it types with Enter: that goes on to the next field, as the form is not filled in yet.
_GOES_ON = "$event.target.form.querySelector('[name=checked]').focus()"
_ODD = re.compile(r"[\\^$.*+?()\[\]{}|/]")


def _scan(expected: str) -> dict[str, Any]:
    return {
        "autofocus": True,
        "autocomplete": "off",
        "placeholder": expected,
        "pattern": _ODD.sub(r"\\\g<0>", expected),  # the right one is green, any other red, at once
        "class": "bo-scan",
        "x-on:keydown.enter.prevent": _GOES_ON,
    }


class HandOverForm(forms.Form):
    """What is scanned, looked at and photographed. Before the rental begins, without its deposit, or with another unit
    than the one that stands ready, it must be meant. What is shipped has its carrier and number."""

    def __init__(
        self,
        data: Any,
        files: Any,
        *,
        rental: Rental,
        days_early: int,
        secured: bool,
        instead: Unit | None,
    ) -> None:
        ships = rental.line.order.fulfilment == Fulfilment.DELIVERY
        expected = rental.unit.serial if rental.unit is not None else ""
        super().__init__(data, files, initial={"condition": rental.unit.condition if rental.unit is not None else ""})
        self.fields["serial"] = forms.CharField(
            label="Unit",
            max_length=100,
            widget=UnfoldAdminTextInputWidget(attrs=_scan(expected)),
            help_text=f"Scan it. {expected} stands ready." if expected else "Scan it.",
            error_messages={"required": "Scan the unit that is handed over."},
        )
        if instead is not None:
            self.fields["swap"] = forms.BooleanField(
                label=f"Hand over {instead} instead of {expected}", required=False, widget=UnfoldBooleanSwitchWidget()
            )
        if ships:
            self.fields |= _parcel()
        self.fields["checked"] = _checks(rental)
        self.fields["condition"] = _condition("Condition", "Say in which condition it leaves.")
        self.fields["photos"] = _photos("How it looks now.")
        self.fields["note"] = _note(
            "Note", required=False, help_text="What is not in order, and why it goes all the same."
        )
        if not secured:
            self.fields["without_deposit"] = _note(
                "Why without the deposit",
                help_text="The deposit is not secured. Let the customer confirm it in the app, or write why not.",
                error_messages={"required": "The deposit is not secured. Write why it is handed over all the same."},
            )
        if days_early > 0:
            begins = "it is to be posted" if ships else "the rental begins"
            not_yet = "It is not to be posted yet" if ships else "The rental has not begun"
            self.fields["early"] = forms.BooleanField(
                label=f"Yes, {count(days_early, 'day')} before {begins}",
                widget=UnfoldBooleanSwitchWidget(),
                error_messages={"required": f"{not_yet}. Say yes if it leaves all the same."},
            )


class TakeBackForm(forms.Form):
    """How it came back."""

    def __init__(self, data: Any, files: Any, *, rental: Rental) -> None:
        super().__init__(data, files)
        self.expected = rental.unit.serial if rental.unit is not None else ""
        self.points = [point.code for point in points_of(rental.line.variant.container.kind)]
        self.fields["serial"] = forms.CharField(
            label="Unit",
            max_length=100,
            required=False,
            widget=UnfoldAdminTextInputWidget(attrs=_scan(self.expected)),
            help_text=f"Scan it: {self.expected} is due back. Empty only where its label cannot be read.",
        )
        self.fields["condition"] = _condition("Condition", "Say in which condition it came back.")
        self.fields["checked"] = _checks(rental)
        self.fields |= missing_field(rental)
        self.fields["photos"] = _photos("How it looks now; what is broken or dirty from near by.")
        self.fields["note"] = _note("Note", required=False, help_text="What is missing, dirty or broken.")
        if rental.line.rental_terms.parcel_back_days is not None:
            told = rental.posted_back_at
            self.fields["posted_on"] = forms.DateField(
                label="Posted on",
                required=False,
                initial=today_in(rental.line.order.depot.time_zone, told) if told else None,
                widget=_day_input(),
                input_formats=["%Y-%m-%d"],
                help_text="Of a parcel, by its label: no later day is late. Left as it is, its customer's word counts.",
            )

    def clean_serial(self) -> str:
        serial = str(self.cleaned_data["serial"]).strip()
        if serial not in ("", self.expected):
            raise ValidationError(f"This is {serial}; {self.expected} is due back here. Look for its own rental.")
        return serial

    def clean(self) -> dict[str, Any] | None:
        """What is not in order is written down; nothing ticked at all means that nobody went through the list."""
        cleaned = super().clean()
        checked = self.cleaned_data.get("checked")
        if checked and set(self.points) - set(checked) and not self.cleaned_data.get("note"):
            self.add_error("note", "Not everything is in order: write what is missing, dirty or broken.")
        return cleaned

    def clean_checked(self) -> list[str] | None:
        """None when nothing was ticked: the list was not gone through."""
        return self.cleaned_data["checked"] or None


class ClaimForm(forms.Form):
    """What the customer is to pay, and may object to."""

    kind = forms.ChoiceField(
        label="For",
        choices=[(kind.value, kind.label) for kind in CLAIMABLE],
        widget=UnfoldAdminRadioSelectWidget(),
        error_messages={"required": "Say what it is for."},
    )

    def __init__(self, data: Any, files: Any, *, currency: str) -> None:
        super().__init__(data, files)
        self.currency = currency
        self.fields["amount"] = AmountField(
            currency=currency, error_messages={"required": "Write how much is claimed."}
        )
        self.fields["reason"] = _note(
            "Reason",
            help_text="The customer reads it beside the pictures.",
            error_messages={"required": "Write why, in words for the customer."},
        )
        self.fields["photos"] = _photos("What is claimed; before and after are shown beside them.")

    def clean_amount(self) -> int:
        """In minor units."""
        return amount_above_zero(self.cleaned_data["amount"], self.currency)


class UpholdForm(WhyForm):
    """How much of a claim is charged, and why, in words for the customer."""

    def __init__(self, data: Any, *, claim: Claim) -> None:
        self.currency = claim.order.currency
        super().__init__(data, initial={"amount": to_decimal(claim.amount_minor, self.currency)})
        self.fields["amount"] = AmountField(currency=self.currency, label="Charge", help_text="All of it, or less.")
        self.order_fields(["amount", "note"])

    def clean_amount(self) -> int:
        """In minor units."""
        return amount_above_zero(self.cleaned_data["amount"], self.currency)


def amount_above_zero(typed: Decimal, currency: str) -> int:
    """Minor units of what was typed. Raises: ValidationError."""
    minor = parse_amount(typed, currency)
    if minor == 0:
        raise ValidationError("Write an amount above zero.")
    return minor


class ChargeForm(forms.Form):
    """What is charged beyond the price. The amount is typed as it is spoken of.

    `seen` is how many charges there were when the page was opened: a page that is sent twice charges once.
    """

    seen = forms.IntegerField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label="For",
        choices=[(kind.value, kind.label) for kind in EXTRAS],
        widget=UnfoldAdminRadioSelectWidget(),
        error_messages={"required": "Say what it is for."},
    )

    def __init__(self, data: Any, files: Any, *, currency: str, charges: int) -> None:
        super().__init__(data, files, initial={"seen": charges})
        self.currency = currency
        self.fields["amount"] = AmountField(
            currency=currency, error_messages={"required": "Write how much is charged."}
        )
        self.fields["reason"] = _note(
            "Reason",
            help_text="The customer reads it on the statement.",
            error_messages={"required": "Write why, in words for the customer."},
        )
        self.fields["photos"] = _photos("Pictures that prove it.")

    def clean_amount(self) -> int:
        """In minor units."""
        return amount_above_zero(self.cleaned_data["amount"], self.currency)


class InspectForm(forms.Form):
    fit = forms.TypedChoiceField(
        label="The unit",
        choices=[("yes", "is clean and whole: back on the shelf"), ("no", "needs work: to maintenance")],
        coerce=lambda choice: choice == "yes",
        widget=UnfoldAdminRadioSelectWidget(),
        error_messages={"required": "Say what becomes of the unit."},
    )
    note = _note("Note", required=False)
