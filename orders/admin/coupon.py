# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Coupons: made and ended here; what was quoted with one keeps its price."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from core.backoffice import NewestFirst
from core.editing import EditedByMany
from core.forms import MinorUnitsForm
from core.money import format_minor
from inventory import words
from orders.models import Coupon


class CodeField(forms.CharField):
    """Typed as people write it, kept in capitals."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class CouponForm(MinorUnitsForm):
    minor_units: ClassVar[tuple[str, ...]] = ("amount_minor", "minimum_minor")

    class Meta:
        model = Coupon
        fields = (
            *("code", "percent", "amount_minor", "currency", "minimum_minor", "valid_from", "valid_until"),
            *("first_order_only", "most_uses", "most_uses_each"),
        )
        field_classes: ClassVar[dict[str, Any]] = {"code": CodeField}
        help_texts: ClassVar[dict[str, str]] = {
            "code": "What customers type, in capitals or not.",
            "percent": "Of goods and rents, not of delivery. Or say an amount.",
            "currency": "Of the amounts, such as EUR. Without amounts it may be empty: any currency.",
            "minimum_minor": "Goods and rents before the coupon. Empty: any order.",
            "valid_until": "Included. Empty: without end.",
            "first_order_only": "Only for customers who have ordered nothing before.",
            "most_uses": "Cancelled and expired orders give theirs back. Empty: without limit.",
            "most_uses_each": "Empty: without limit.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["minimum_minor"].required = False
        if not self.initial.get("minimum_minor"):
            self.initial["minimum_minor"] = None

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()

    def clean(self) -> dict[str, Any] | None:
        if not self.cleaned_data.get("minimum_minor"):
            self.cleaned_data["minimum_minor"] = None  # nothing is nothing in any currency
        cleaned = super().clean()
        if self.cleaned_data.get("minimum_minor") is None and "minimum_minor" not in self.errors:
            self.cleaned_data["minimum_minor"] = 0
        return cleaned


@admin.register(Coupon)
class CouponAdmin(EditedByMany, NewestFirst, ModelAdmin):
    form = CouponForm
    list_display = ("code", "takes_off", "days", "customers", "used", "left")
    search_fields = ("code",)
    fieldsets = (
        (None, {"fields": ("code", ("percent", "amount_minor"), ("currency", "minimum_minor"))}),
        ("When, and for whom", {"fields": (("valid_from", "valid_until"), "first_order_only")}),
        ("How often", {"fields": (("most_uses", "most_uses_each"), "used")}),
    )
    readonly_fields = ("used",)
    warn_unsaved_form = True

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A coupon is mostly made for now on."""
        return {"valid_from": timezone.localdate(), **super().get_changeform_initial_data(request)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        rows: QuerySet[Coupon] = super().get_queryset(request).with_uses()
        return rows

    @display(description="Takes off")
    def takes_off(self, row: Coupon) -> str:
        off = f"{row.percent} %" if row.amount_minor is None else format_minor(row.amount_minor, row.currency)
        if row.minimum_minor:
            off += f" from {format_minor(row.minimum_minor, row.currency)}"
        return off

    @display(description="Valid", ordering="valid_from")
    def days(self, row: Coupon) -> str:
        if row.valid_until is None:
            return f"from {words.day(row.valid_from)} on"
        return words.span(row.valid_from, row.valid_until)

    @display(description="For")
    def customers(self, row: Coupon) -> str:
        who = "first orders" if row.first_order_only else "everybody"
        return who if row.most_uses_each is None else f"{who}, {words.count(row.most_uses_each, 'time')} each"

    @display(description="Used by orders")
    def used(self, row: Any) -> int:
        return getattr(row, "uses", 0)  # a new one has none

    @display(description="Left")
    def left(self, row: Any) -> str:
        return "no limit" if row.most_uses is None else str(max(0, row.most_uses - row.uses))
