# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Quotes, to be read; delivery rates and the policy of cancellation, to be changed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from core.backoffice import Card, NewestFirst, Page, ReadOnlyAdmin, Table, amount, badge, moment, two_lines
from core.countries import validate_country
from core.editing import EditedByMany
from core.forms import MinorUnitsForm
from core.money import validate_currency
from orders.admin.looks import customer_link, order_link
from orders.models import CancellationTier, DeliveryRate, Quote


class DeliveryRateForm(MinorUnitsForm):
    """The amount is typed as it is spoken of: 4.90."""

    minor_units: ClassVar[tuple[str, ...]] = ("amount_minor",)

    class Meta:
        model = DeliveryRate
        fields = ("country", "currency", "amount_minor", "out_days", "back_days", "takes_returns")
        labels: ClassVar[dict[str, str]] = {"amount_minor": "Price"}
        help_texts: ClassVar[dict[str, str]] = {
            "country": "ISO 3166 code such as DE.",
            "currency": "ISO 4217 code such as EUR.",
            "amount_minor": "For one order, whatever is in it, there and back, tax included.",
            "out_days": "Of a rental's parcel. Its unit is nobody else's on these days, and they are not billed.",
            "back_days": "From its last day on, on which it must be posted.",
            "takes_returns": "Customers of depots in this country may post back what they picked up.",
        }

    def clean_country(self) -> str:
        code = str(self.cleaned_data["country"]).strip().upper()
        validate_country(code)
        return code

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).strip().upper()
        validate_currency(code)
        return code


@admin.register(CancellationTier)
class CancellationTierAdmin(EditedByMany, ModelAdmin):
    """Holds for quotes made from now on; orders keep the policy of their quote."""

    list_display = ("notice", "credited")
    list_display_links = ("notice",)
    sortable_by = ()
    warn_unsaved_form = True

    @display(description="Cancelled at least")
    def notice(self, row: CancellationTier) -> str:
        return f"{row.hours} hours before the first day"

    @display(description="Of the rent, credited")
    def credited(self, row: CancellationTier) -> str:
        return f"{row.percent} %"


@admin.register(DeliveryRate)
class DeliveryRateAdmin(EditedByMany, NewestFirst, ModelAdmin):
    form = DeliveryRateForm
    list_display = ("country", "currency", "price", "out_days", "back_days", "takes_returns")
    list_display_links = ("country",)
    search_fields = ("country",)
    warn_unsaved_form = True

    @display(description="Price of a delivery", ordering="amount_minor")
    def price(self, row: DeliveryRate) -> SafeString:
        return amount(row.amount_minor, row.currency)


@admin.register(Quote)
class QuoteAdmin(ReadOnlyAdmin):
    list_display = ("created", "customer", "depot_code", "fulfilment", "total", "became")
    list_filter = (("depot", RelatedDropdownFilter), ("fulfilment", ChoicesDropdownFilter))
    search_fields = ("customer__email", "order__number")
    search_help_text = "Customer's e-mail or order number"
    ordering = ("-id",)  # UUIDv7: newest first, by the primary key

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quote]:
        rows: QuerySet[Quote] = super().get_queryset(request)
        return rows.select_related("customer", "depot", "order")

    @display(description="Asked for", ordering="id")
    def created(self, row: Quote) -> str:
        return moment(row.created_at, row.depot.time_zone)

    @display(description="Depot", ordering="depot__code")
    def depot_code(self, row: Quote) -> str:
        return row.depot.code

    @display(description="Total", ordering="total_minor")
    def total(self, row: Quote) -> SafeString:
        return amount(row.total_minor, row.currency)

    @display(description="Became")
    def became(self, row: Quote) -> SafeString | str:
        if hasattr(row, "order"):
            return order_link(row.order)
        return badge("Expired") if row.expires_at <= timezone.now() else badge("Open", "info")

    def page(self, request: HttpRequest, obj: Quote) -> Page:
        zone, cur = obj.depot.time_zone, obj.currency
        facts = [
            ("Customer", customer_link(obj.customer, request.user)),
            ("Depot", obj.depot),
            ("Goes by", obj.get_fulfilment_display()),
            ("Became", self.became(obj)),
        ]
        return Page(
            headline=f"Quote of {moment(obj.created_at, zone)}",
            badges=[],
            subtitle=f"Good until {moment(obj.expires_at, zone)}",
            figures=[("Deposit", amount(obj.deposit_minor, cur)), ("Total", amount(obj.total_minor, cur))],
            main=[Card("Lines", table=_lines(obj))],
            aside=[Card("Quote", facts=facts)],
        )


def _lines(quote: Quote) -> Table:
    cur = quote.currency
    rows: list[tuple[Any, ...]] = [
        (
            two_lines(line["title"], f"{line['sku']} · {'; '.join(line['explanation'])}"),
            line["quantity"],
            amount(line["unit_price_minor"], cur),
            amount(line["total_minor"], cur),
        )
        for line in quote.lines
    ]
    if quote.delivery_minor:
        rows.append(("Delivery", "", "", amount(quote.delivery_minor, cur)))
    return Table(("Container", ">Pieces", ">Each", ">Total"), rows, ("Total", "", "", amount(quote.total_minor, cur)))
