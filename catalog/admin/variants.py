# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold and import-export carry no types
"""Variants: sizes and colours, how each is had, and whether it passed our checklist."""

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from import_export.admin import ImportExportModelAdmin
from import_export.formats.base_formats import JSON
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import action, display

from catalog.admin.deleting import SaysWhatIsDeleted
from catalog.admin.editing import EditedInCatalog
from catalog.admin.showing import (
    MEASURES,
    all_prices,
    anchor,
    least_days,
    lines,
    link,
    measured_with,
    picture,
    picture_url,
    rate_ladder,
    sale_prices,
    swatch,
)
from catalog.checklist import CHECKLIST
from catalog.forms.files import FileForm
from catalog.forms.offers import FirstDayForm, NewPricesForm, SaleOfferForm, SaleOfferFormSet
from catalog.forms.variants import BundlePartForm, BundlePartFormSet, InspectionForm, VariantForm
from catalog.models import Approval, BundlePart, ContainerImage, RentalOffer, SaleOffer, Variant, in_force
from catalog.price_changes import change_prices, keep_what_was, offers_in_force, versions
from catalog.resources import VariantResource
from catalog.services import inspect_variant
from catalog.workbooks import Csv, UnreadableFile, Xlsx
from core.backoffice import NOTHING, Ask, AsksFirst, AtAGlance, FindsRow, NewestFirst, OpenToAbove, badge, sent
from core.money import format_minor

_NEW_PRICES = (
    "Everything stays as it is until that day begins, and then changes by itself. What is quoted or ordered by then "
    "keeps its price. Until it begins, it can be withdrawn at the foot of the variant's page."
)
APPROVED, REFUSED, UNCHECKED = "Approved", "Refused", "Not checked"
APPROVAL_LABELS = {APPROVED: "success", REFUSED: "danger", UNCHECKED: "warning"}


def with_approval(variants: QuerySet[Variant]) -> QuerySet[Variant]:
    """Variants that know the result of their latest inspection."""
    latest = Approval.objects.filter(variant=OuterRef("pk")).order_by("-approved_on", "-id")
    return variants.annotate(latest_result=Subquery(latest.values("result")[:1]))


def unchecked(variants: QuerySet[Any]) -> QuerySet[Any]:
    """Of those of `with_approval`: not checked yet. What is had as a part of bundles only is checked with them."""
    part_only = Exists(BundlePart.objects.filter(part=OuterRef("pk")))
    offered = Exists(SaleOffer.objects.filter(variant=OuterRef("pk"))) | Exists(
        RentalOffer.objects.filter(variant=OuterRef("pk"))
    )
    return variants.filter(offered | ~part_only, latest_result=None)


def approval_state(row: Any) -> str:
    return {"approved": APPROVED, "refused": REFUSED}.get(row.latest_result, UNCHECKED)


class TransferMixin(ImportExportModelAdmin):
    """Import for those who may add and change, export for those who may view."""

    import_form_class = FileForm
    export_form_class = ExportForm
    formats: ClassVar[list[Any]] = [Csv, JSON, Xlsx]

    def add_data_read_fail_error_to_form(self, form: Any, error: Exception) -> None:
        said = "This file cannot be read. Choose the format it has; save text as UTF-8, and a workbook anew as .xlsx."
        form.add_error("import_file", str(error) if isinstance(error, UnreadableFile) else said)

    def import_action(self, request: HttpRequest, **kwargs: Any) -> TemplateResponse:
        """The columns are told also beside a file that cannot be read."""
        answer = super().import_action(request, **kwargs)
        resources = [resource() for resource in self.get_import_resource_classes(request)]
        answer.context_data["fields_list"] = [
            ("", [field.column_name for field in resource.get_user_visible_fields()]) for resource in resources
        ]
        answer.context_data["hints"] = [resource.hint for resource in resources if resource.hint]
        return answer

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        """The history of each row says what a file changed from what to what."""
        resource = self.get_import_resource_classes(request)[0]()
        told: dict[tuple[int, str], list[Any]] = {}
        for row in result:
            if row.is_new():
                said = ", ".join(["new", *resource.told_new(row.instance)])
                told.setdefault((ADDITION, f"Imported: {said}."), []).append(row.instance)
            elif row.is_update():
                changed = resource.told_changes(row.original, row.instance)
                told.setdefault((CHANGE, f"Imported: {', '.join(changed)}."), []).append(row.instance)
        for (flag, message), rows in told.items():
            LogEntry.objects.log_actions(str(request.user.pk), rows, flag, message)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))


class ApprovalFilter(admin.SimpleListFilter):
    title = "approval"
    parameter_name = "approval"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("approved", APPROVED), ("refused", REFUSED), ("none", UNCHECKED)]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return unchecked(queryset) if self.value() == "none" else queryset.filter(latest_result=self.value())


class BundlePartInline(TabularInline):
    """What makes a variant a bundle: the others that it is had as."""

    model = BundlePart
    fk_name = "bundle"
    form = BundlePartForm
    formset = BundlePartFormSet
    fields = ("position", "part", "quantity", "comes_back", "stock")
    readonly_fields = ("stock",)
    autocomplete_fields = ("part",)
    verbose_name_plural = "Parts of a bundle"
    hide_title = True
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[BundlePart]:
        return super().get_queryset(request).select_related("part__container")

    def get_fields(self, request: HttpRequest, _obj: Any = None) -> list[str]:
        """Its stock is linked for who may see it."""
        hidden = () if request.user.has_perm("inventory.view_stocklevel") else ("stock",)
        return [name for name in self.fields if name not in hidden]

    @display(description="Its stock")
    def stock(self, row: BundlePart) -> SafeString | str:
        """A bundle has none of its own."""
        if row.part_id is None:
            return NOTHING
        return anchor(f"{reverse('admin:inventory_stocklevel_changelist')}?{urlencode({'q': row.part.sku})}", "Show")


class SaleOfferInline(TabularInline):
    model = SaleOffer
    form = SaleOfferForm
    formset = SaleOfferFormSet
    fields = ("currency", "price_minor", "tax_class")
    verbose_name_plural = "For sale"
    hide_title = True
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[SaleOffer]:
        return super().get_queryset(request).filter(in_force())


class RentalOfferInline(AtAGlance):
    """Rental offers at a glance; each has its own page, where its rates are."""

    model = RentalOffer
    fields = ("edit", "rates_shown", "deposit_shown", "days_shown", "buffers_shown")
    readonly_fields = fields
    verbose_name_plural = "For rent"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RentalOffer]:
        return super().get_queryset(request).filter(in_force()).prefetch_related("rates")

    @display(description="Offer")
    def edit(self, row: RentalOffer) -> SafeString:
        return link("catalog_rentaloffer", row.pk, f"In {row.currency}: change")

    @display(description="A day")
    def rates_shown(self, row: RentalOffer) -> SafeString | str:
        return rate_ladder(row.rates.all(), row.currency)

    @display(description="Deposit")
    def deposit_shown(self, row: RentalOffer) -> str:
        return format_minor(row.deposit_minor, row.currency)

    @display(description="Length")
    def days_shown(self, row: RentalOffer) -> str:
        return f"{row.min_days} to {row.max_days} days"

    @display(description="Days before / after")
    def buffers_shown(self, row: RentalOffer) -> str:
        return f"{row.prep_days} / {row.turnaround_days}"


class ApprovalInline(AtAGlance):
    """Every inspection so far. A new one is made with "Check against the list"."""

    model = Approval
    fields = ("outcome", "checked_on", "checked_by", "not_met", "note")
    readonly_fields = fields
    verbose_name_plural = "Inspections"

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        return super().get_queryset(request).select_related("approved_by")

    @display(description="Result")
    def outcome(self, row: Approval) -> SafeString:
        passed = row.result == Approval.Result.APPROVED
        return badge(APPROVED, "success") if passed else badge(REFUSED, "danger")

    @display(description="Checked on")
    def checked_on(self, row: Approval) -> str:
        return date_format(row.approved_on)

    @display(description="By")
    def checked_by(self, row: Approval) -> str:
        return str(row.approved_by or NOTHING)

    @display(description="Not met")
    def not_met(self, row: Approval) -> str:
        titles = {item.code: item.title for item in CHECKLIST}
        return ", ".join(titles.get(code, code) for code, met in row.checklist.items() if not met) or NOTHING


@admin.register(Variant)
class VariantAdmin(
    OpenToAbove, EditedInCatalog, SaysWhatIsDeleted, FindsRow, AsksFirst, NewestFirst, ModelAdmin, TransferMixin
):
    form = VariantForm
    resource_classes: ClassVar[list[Any]] = [VariantResource]
    list_display = ("titled", "size_shown", "colour_shown", "outer_shown", "approval", "sale_shown", "rent_shown")
    list_filter = (
        ApprovalFilter, ("container__kind", ChoicesDropdownFilter), ("container", RelatedDropdownFilter),
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("container",)
    search_fields = ("sku", "container__name", "container__brand", "colour")
    search_help_text = "SKU, container or colour"
    autocomplete_fields = ("container",)
    fieldsets = (
        (None, {"fields": ("container", ("sku", "size"), ("colour", "colour_hex"))}),
        (
            "Inside",
            {
                "fields": (("inner_length_mm", "inner_width_mm", "inner_height_mm"),),
                "description": f"{MEASURES} An accessory has no inside: write 0. Of a bundle leave sizes and weights "
                "empty: they are those of its first part.",
            },
        ),
        ("Outside", {"fields": (("outer_length_mm", "outer_width_mm", "outer_height_mm"),)}),
        ("Weight", {"fields": (("weight_g", "max_load_g"),)}),
    )
    deleting = "Its prices and inspections go for good, too. To sell or rent it no longer, withdraw its prices."
    instead = "To sell or rent it no longer, withdraw its prices; what is ordered and what is in stock keeps it."
    inlines = (BundlePartInline, SaleOfferInline, RentalOfferInline, ApprovalInline)
    actions_detail = ("inspect", "new_prices", "add_rental_offer")
    change_form_before_template = "catalog/variant_summary.html"
    change_form_after_template = "catalog/variant_prices.html"
    warn_unsaved_form = True
    compressed_fields = True
    list_per_page = 50

    class Media:
        css: ClassVar = {"all": ["catalog/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        pictures = ContainerImage.objects.filter(container=OuterRef("container"))
        own = pictures.filter(colour=OuterRef("colour")).order_by("position", "id").values("image")[:1]
        rows = with_approval(super().get_queryset(request)).annotate(own_picture=Subquery(own))
        return rows.prefetch_related(*offers_in_force(), "parts__part")

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """A bundle measures what its first part measures, and is changed there."""
        return tuple(Variant.LEAST) if obj and obj.parts.all() else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """With where the measures come from, or who else has them."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not (told := measured_with(obj)):
            return fieldsets
        return [
            (name, {**options, "description": told} if name == "Inside" else options) for name, options in fieldsets
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> TemplateResponse:
        """With a picture of it, and its container."""
        if (row := kwargs.get("obj")) is not None:
            state = approval_state(row)
            context |= {
                "all_prices": all_prices(versions(row), may_undo=self.has_change_permission(request, row)),
                "picture": picture(row.own_picture, size=88),
                "approval": badge(state, APPROVAL_LABELS[state]),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: Any) -> None:
        """A new name has to be known elsewhere too."""
        super().save_model(request, obj, form, change)
        if change and "sku" in form.changed_data and not obj.parts.all():
            said = f"The warehouse has to call it {obj.sku} too: until then orders of it are refused."
            self.message_user(request, said, messages.WARNING)

    @display(description="Variant", header=True, ordering="sku")
    def titled(self, row: Any) -> list[Any]:
        image = {"path": picture_url(row.own_picture), "squared": True, "width": 44, "height": 44}
        parts = ", ".join(f"{part.quantity} × {part.part}" for part in row.parts.all())
        return [row.sku, f"Bundle of {parts}" if parts else str(row.container), row.sku[:2], image]

    @display(description="Size", ordering="size")
    def size_shown(self, row: Variant) -> SafeString | str:
        return lines([row.size] if row.size else [])

    @display(description="Colour", ordering="colour")
    def colour_shown(self, row: Variant) -> SafeString:
        return swatch(row.colour, row.colour_hex)

    @display(description="Outside, mm")
    def outer_shown(self, row: Variant) -> SafeString | str:
        return lines([f"{row.outer_length_mm} x {row.outer_width_mm} x {row.outer_height_mm}"])

    @display(description="Approval", label=APPROVAL_LABELS, ordering="latest_result")
    def approval(self, row: Variant) -> str:
        return approval_state(row)

    @display(description="To buy")
    def sale_shown(self, row: Variant) -> SafeString | str:
        return sale_prices(row)

    @display(description="To rent, from")
    def rent_shown(self, row: Variant) -> SafeString | str:
        return least_days(row)

    def has_inspect_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm("catalog.add_approval")

    def has_prices_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perms(["catalog.change_saleoffer", "catalog.change_rentaloffer"])

    def has_add_rental_offer_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm("catalog.add_rentaloffer")

    @action(description="Check against the list", icon="fact_check", permissions=["inspect"])
    def inspect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Our checklist, item by item; the variant is approved exactly when all are met."""
        variant = self.row(request, object_id)
        form = InspectionForm(request.POST or None, variant.container.kind)
        if request.method == "POST" and form.is_valid():
            approval = inspect_variant(
                variant_id=variant.pk, met=form.met(), actor=request.user, note=form.cleaned_data["note"]
            )
            passed = approval.result == Approval.Result.APPROVED
            was, now = approval_state(variant).lower(), (APPROVED if passed else REFUSED).lower()
            self.log_change(request, variant, f"Checked against the list: approval from {was} to {now}.")
            outcome = "is approved." if passed else "is refused; customers do not see it."
            self.message_user(request, f"{variant.sku} {outcome}", messages.SUCCESS if passed else messages.WARNING)
            return redirect(reverse("admin:catalog_variant_change", args=[variant.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Check {variant.sku} against the list",
            "opts": self.opts,
            "variant": variant,
            "picture": picture(variant.own_picture, size=88),
            "form": form,
        }
        return TemplateResponse(request, "catalog/inspect.html", context)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        """What a price said until today is kept."""
        if formset.model is SaleOffer:
            for row in formset.forms:
                if row.has_changed() and row not in formset.deleted_forms:
                    keep_what_was(row.instance, request.user)
        super().save_formset(request, form, formset, change)

    @action(description="New price from…", icon="event_upcoming", permissions=["prices"], url_path="new-prices")
    def new_prices(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it costs from the start of a day on: first which day, then what is other than it would be."""
        variant = self.row(request, object_id)
        context: dict[str, Any] = {"back": reverse("admin:catalog_variant_change", args=[variant.pk])}
        first = FirstDayForm(request.POST if "on" in request.POST else request.GET or None)
        if not first.is_valid():
            ask = Ask(title=f"New price of {variant.sku}", text=_NEW_PRICES, submit="Go on")
            return self.ask(request, form=first, ask=ask, context=context)
        on = first.cleaned_data["on"]
        if "on" in request.POST:
            return redirect(f"{request.path}?on={on}")
        with transaction.atomic():
            if request.method == "POST":
                self.hold(variant.pk)  # so that what the page showed is still so when it is saved
            then = [row for row in versions(variant) if row.is_in_force(on)]
            offers = sorted(then, key=lambda row: (row.currency, isinstance(row, RentalOffer)))
            form = NewPricesForm(sent(request), offers)
            if form.is_valid() and self._begin(request, variant, on, form):
                return redirect(context["back"])
        context["hidden"] = form.hidden
        ask = Ask(title=f"Price of {variant.sku} from {date_format(on)} on", text=_NEW_PRICES, submit="Let it begin")
        return self.ask(request, form=form, ask=ask, context=context)

    def _begin(self, request: HttpRequest, variant: Variant, on: date, form: NewPricesForm) -> bool:
        try:
            change_prices(on=on, prices=form.prices(), actor=request.user)
        except ValidationError as no:
            form.add_error(None, [*no.messages])
            return False
        self.log_change(request, variant, f"New prices from {date_format(on)} on: {', '.join(form.told_changes())}.")
        said = f"{variant.sku} costs something else from {date_format(on)} on."
        self.message_user(request, said, messages.SUCCESS)
        return True

    @action(description="Add a rental offer", icon="add", permissions=["add_rental_offer"], url_path="rental-offer")
    def add_rental_offer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        variant = self.row(request, object_id)
        return redirect(f"{reverse('admin:catalog_rentaloffer_add')}?{urlencode({'variant': variant.pk})}")
