# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold and import-export carry no types
"""How variants are had: sale prices, rental terms and rates, seasons, and the tax contained in all of them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from catalog.admin.deleting import SaysWhatIsDeleted
from catalog.admin.editing import EditedInCatalog
from catalog.admin.showing import price_of, rate_ladder, since_when, table
from catalog.admin.variants import TransferMixin
from catalog.forms.offers import (
    RentalOfferForm,
    RentalRateForm,
    RentalRateFormSet,
    SaleOfferForm,
    SeasonForm,
    TaxRateForm,
)
from catalog.models import RentalOffer, RentalRate, SaleOffer, Season, TaxRate, in_force, shop_today
from catalog.offer_resources import RentalOfferResource, SaleOfferResource
from catalog.price_changes import AnyOffer, goes_on_without, keep_what_was, withdraw
from catalog.pricing import RentalFee, rental_fee
from core.backoffice import Ask, AsksFirst, FindsRow, NewestFirst
from core.editing import EditedByMany
from core.money import format_minor
from core.time import day_after

EXAMPLE_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 60)


class WhenFilter(admin.SimpleListFilter):
    """What is not in force is seen only by whoever asks for it."""

    title = "when"
    parameter_name = "when"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("comes", "To come"), ("over", "Over")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield choice | (
                {"display": "Today"}
                if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name])
                else {}
            )

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "comes":
            return queryset.to_come()
        if self.value() == "over":
            return queryset.filter(valid_until__lte=shop_today())
        return queryset.filter(in_force())


class OfferAdmin(EditedInCatalog, SaysWhatIsDeleted, FindsRow, AsksFirst, NewestFirst, ModelAdmin):
    """A price that is changed here changes at once; what it was until today is kept. What is over stays as it was."""

    list_select_related = ("variant__container",)
    search_fields = ("variant__sku", "variant__container__name")
    search_help_text = "SKU or container"
    autocomplete_fields = told_by = ("variant",)
    warn_unsaved_form = True
    deleting = (
        "What is in force ends now, with every price that is to come; what has not begun never does. What is quoted or "
        "ordered keeps its price, and what each cost stays written down."
    )
    delete_many = "No longer offer…"
    verb = "Withdraw"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and not (obj and obj.is_over)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.is_over)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 (as Django calls it)
        if not change or form.has_changed():
            keep_what_was(obj, request.user)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        if any(rows.has_changed() for rows in formsets):
            keep_what_was(form.instance, request.user)
        super().save_related(request, form, formsets, change)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> TemplateResponse:
        """With what deleting means here, in the place of a button to delete."""
        if (offer := kwargs.get("obj")) is not None and self.has_delete_permission(request, offer):
            said = "Withdraw…" if offer.is_to_come else "No longer offer…"
            address = reverse(f"admin:catalog_{self.opts.model_name}_delete", args=[offer.pk])
            context |= {"show_delete": False, "withdraw": (said, address)}
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        offer = self.row(request, object_id)
        told = {"heading": f"{offer.variant.sku}: {offer}"}
        return super().history_view(request, object_id, {**told, **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """No row goes but one that has not begun: says what is withdrawn, and what holds then."""
        if request.method != "POST":
            return self._ask_or_withdraw(request, object_id)
        with transaction.atomic():
            self._hold(unquote(object_id))  # whether it has begun, or is gone, is looked at under the lock
            try:
                return self._ask_or_withdraw(request, object_id)
            except Http404:
                self.message_user(request, "This price was withdrawn already.", messages.WARNING)
                return redirect(reverse(f"admin:catalog_{self.opts.model_name}_changelist"))

    def _ask_or_withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        offer = self.row(request, object_id)
        if not self.has_delete_permission(request, offer):
            raise PermissionDenied
        back = reverse("admin:catalog_variant_change", args=[offer.variant_id])
        ask = withdrawal(offer)
        if request.method != "POST":
            context = {"back": back, "hidden": [("begins", _begins(offer))]}
            return self.ask(request, form=forms.Form(), ask=ask, context=context)
        if request.POST.get("begins", "") != _begins(offer):
            self.message_user(request, "This price has begun meanwhile: nothing was withdrawn.", messages.WARNING)
            return redirect(back)
        self._withdraw(request, offer, ask.title)
        said = f"the price from {date_format(offer.valid_from)}" if offer.is_to_come else "it is no longer offered"
        self.message_user(request, f"Withdrawn: {offer.variant.sku}, {said}.", messages.SUCCESS)
        return redirect(back)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset.exclude(valid_until__lte=shop_today()):
            self._withdraw(request, row, withdrawal(row).title)

    def _withdraw(self, request: HttpRequest, offer: AnyOffer, title: str) -> None:
        """The history of the variant tells it: that of an offer may go with it."""
        cost = strip_tags(price_of(offer))
        if withdraw(offer):
            self.log_change(request, offer.variant, f"{title}. It was {cost}.")

    @display(description="When", ordering="valid_from")
    def when(self, row: Any) -> SafeString:
        return since_when(row)


def _begins(offer: AnyOffer) -> str:
    """What is asked about: a price that is to come from a day on, or ""."""
    return offer.valid_from.isoformat() if offer.is_to_come else ""


def withdrawal(offer: AnyOffer) -> Ask:
    """What is asked before an offer, or a price that is to come, is withdrawn."""
    how = "rent" if isinstance(offer, RentalOffer) else "buy"
    begins = "From" if offer.is_to_come else "Since"
    facts = [
        (f"Price to {how}", price_of(offer)), (begins, date_format(offer.valid_from)), ("Then", _then(offer, how)),
    ]  # fmt: skip
    title = f"No longer offer {offer.variant.sku} to {how} in {offer.currency}"
    text = "It ends now, with every price that is to come. What is quoted or ordered keeps its price."
    if offer.is_to_come:
        title = f"Withdraw the price of {offer.variant.sku} from {date_format(offer.valid_from)}"
        text = "It has not begun, so nobody was quoted it. Once it is withdrawn it never begins."
    return Ask(
        title=title,
        text=text,
        submit="Withdraw",
        danger=not offer.is_to_come,
        preview="catalog/facts.html",
        context={"told": facts},
    )


def _then(offer: AnyOffer, how: str) -> SafeString | str:
    after = goes_on_without(offer)
    if after is None:
        return f"It cannot be had to {how} in {offer.currency}"
    since = f"from {date_format(after.valid_from)} on" if after.is_to_come else "as today"
    until = f", until {date_format(day_after(offer.valid_until, -1))}" if offer.valid_until else ""
    return format_html("{} holds on, {}{}", price_of(after), since, until)


@admin.register(SaleOffer)
class SaleOfferAdmin(OfferAdmin, TransferMixin):
    form = SaleOfferForm
    resource_classes: ClassVar[list[Any]] = [SaleOfferResource]
    list_display = ("titled", "price", "when", "tax_class")
    list_filter = (WhenFilter, "currency", ("tax_class", ChoicesDropdownFilter))
    fieldsets = ((None, {"fields": ("variant", ("currency", "price_minor"), "tax_class")}),)

    @display(description="Variant", header=True, ordering="variant__sku")
    def titled(self, row: SaleOffer) -> list[str]:
        return [row.variant.sku, str(row.variant.container)]

    @display(description="Price", ordering="price_minor")
    def price(self, row: SaleOffer) -> str:
        return format_minor(row.price_minor, row.currency)


class RentalRateInline(TabularInline):
    model = RentalRate
    form = RentalRateForm
    formset = RentalRateFormSet
    fields = ("from_days", "per_day_minor")
    verbose_name_plural = "What a day costs, by length"
    hide_title = True
    extra = 0

    def get_extra(self, _request: HttpRequest, obj: Any = None, **_: Any) -> int:
        return 0 if obj else 3


@admin.register(RentalOffer)
class RentalOfferAdmin(OfferAdmin, TransferMixin):
    form = RentalOfferForm
    resource_classes: ClassVar[list[Any]] = [RentalOfferResource]
    list_display = ("titled", "rates_shown", "deposit_shown", "when", "length", "buffers")
    list_filter = (WhenFilter, "currency", ("variant__container__kind", ChoicesDropdownFilter))
    fieldsets = (
        (None, {"fields": (("variant", "currency"), ("deposit_minor", "late_fee_minor"))}),
        (
            "Terms",
            {
                "fields": (
                    ("min_days", "max_days"),
                    ("prep_days", "turnaround_days"),
                    ("keep_credit_percent", "acclimatisation_percent"),
                    "tax_class",
                )
            },
        ),
    )
    inlines = (RentalRateInline,)
    change_form_after_template = "catalog/rental_prices.html"
    compressed_fields = True

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> TemplateResponse:
        """With the prices that follow from the rates as they are saved."""
        context["price_table"] = price_table(kwargs["obj"]) if kwargs.get("obj") else ""
        return super().render_change_form(request, context, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RentalOffer]:
        return super().get_queryset(request).prefetch_related("rates")

    @display(description="Variant", header=True, ordering="variant__sku")
    def titled(self, row: RentalOffer) -> list[str]:
        return [row.variant.sku, str(row.variant.container)]

    @display(description="A day")
    def rates_shown(self, row: RentalOffer) -> SafeString | str:
        return rate_ladder(row.rates.all(), row.currency)

    @display(description="Deposit", ordering="deposit_minor")
    def deposit_shown(self, row: RentalOffer) -> str:
        return format_minor(row.deposit_minor, row.currency)

    @display(description="Length", ordering="max_days")
    def length(self, row: RentalOffer) -> str:
        return f"{row.min_days} to {row.max_days} days"

    @display(description="Days before / after")
    def buffers(self, row: RentalOffer) -> str:
        return f"{row.prep_days} / {row.turnaround_days}"


def price_table(offer: RentalOffer) -> SafeString | str:
    """What customers pay for rentals of some lengths."""
    rates = list(offer.rates.all())
    if not rates:
        return ""
    lengths = sorted({offer.min_days, offer.max_days, *EXAMPLE_DAYS})
    fees = [(days, rental_fee(rates, days)) for days in lengths if offer.min_days <= days <= offer.max_days]
    return table(
        ("Days", "Rent", "Because"),
        ((days, format_minor(fee.amount_minor, offer.currency), _because(fee, offer.currency)) for days, fee in fees),
    )


def _because(fee: RentalFee, currency: str) -> str:
    return f"{fee.billed_days} x {format_minor(fee.per_day_minor, currency)}, the rate from day {fee.from_days}"


@admin.register(Season)
class SeasonAdmin(EditedInCatalog, SaysWhatIsDeleted, NewestFirst, ModelAdmin):
    """Holds for quotes made from now on; rentals keep the seasons of their quote."""

    form = SeasonForm
    list_display = ("name", "kind", "start_on", "end_on", "change")
    list_filter = (("kind", ChoicesDropdownFilter),)
    fields = (("name", "kind"), ("start_on", "end_on"), "percent")
    warn_unsaved_form = True
    deleting = "Its days cost what other days do, in quotes from now on. What is quoted or ordered keeps its price."

    @display(description="Day price", ordering="percent")
    def change(self, row: Season) -> str:
        return f"{row.percent:+} %"


@admin.register(TaxRate)
class TaxRateAdmin(EditedByMany, SaysWhatIsDeleted, NewestFirst, ModelAdmin):
    form = TaxRateForm
    list_display = ("country", "tax_class", "percent", "valid_from")
    list_filter = ("country", ("tax_class", ChoicesDropdownFilter))
    fields = (("country", "tax_class"), ("percent", "valid_from"))
    deleting = (
        "In quotes from now on prices contain the tax of the rate before it. What is quoted or ordered keeps its own."
    )

    @display(description="Rate", ordering="rate_bp")
    def percent(self, row: TaxRate) -> str:
        return f"{row.rate_bp / 100:g} %"
