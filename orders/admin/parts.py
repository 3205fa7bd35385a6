# mypy: disable-error-code="misc"
# unfold carries no types
"""What a bundle has beside the piece that leads it, as staff see it."""

from typing import Any

from django import forms
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.backoffice import Card, Table, badge, page_of, two_lines
from inventory.states import ReservationKind
from orders.models import LinePart, OrderLine, Rental


def parts_of(of: OrderLine | Rental) -> list[LinePart]:
    return list(of.parts.select_related("reservation__unit", "reservation__depot").order_by("id"))


def rented_parts(rental: Rental) -> list[LinePart]:
    return [part for part in parts_of(rental) if part.reservation.kind == ReservationKind.RENTAL]


def parts_card(of: OrderLine | Rental, viewer: Any) -> list[Card]:
    """What goes with it; nothing where it is no bundle."""
    parts = parts_of(of)
    if not parts:
        return []
    rows = [(two_lines(part.title, part.sku), part.reservation.quantity, _which(part, viewer)) for part in parts]
    return [Card("What goes with it", table=Table(("Part", ">Pieces", "Unit"), rows))]


def _which(part: LinePart, viewer: Any) -> SafeString | str:
    row = part.reservation
    if row.kind == ReservationKind.SALE:
        return "Stays with the customer"
    if part.missing_at is not None:
        return badge("Not brought back", "danger")
    return page_of("inventory_unit", row.unit_id, row.unit, viewer=viewer) if row.unit else "Not chosen yet"


def missing_field(rental: Rental) -> dict[str, forms.Field]:
    """To say which parts are not here."""
    choices = [
        (str(p.reservation.unit), f"{p.title}, {p.reservation.unit}")
        for p in rented_parts(rental)
        if p.reservation.unit
    ]
    if not choices:
        return {}
    field = forms.MultipleChoiceField(
        label="Not here",
        choices=choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="Tick what did not come back: it is written off. Claim it as damage afterwards, if it is to be paid.",
    )
    return {"missing": field}


class PartForm(forms.Form):
    """Another unit of one part, as it is scanned."""

    serial = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text="Scan the unit that goes instead.",
    )

    def __init__(self, data: Any, *, rental: Rental) -> None:
        super().__init__(data)
        choices = [(part.pk, f"{part.title}, {part.reservation.unit}") for part in rented_parts(rental)]
        self.fields["part"] = forms.TypedChoiceField(choices=choices, coerce=int, widget=UnfoldAdminSelectWidget())
        self.order_fields(["part", "serial"])
