# mypy: disable-error-code="misc, untyped-decorator, no-any-return"
# unfold and import-export carry no types
"""Containers: what customers browse."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Aggregate, Count, Min, OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from catalog.admin.deleting import SaysWhatIsDeleted
from catalog.admin.editing import EditedInCatalog
from catalog.admin.preview import as_the_app_shows
from catalog.admin.showing import least_days, link, picture, picture_url, sale_prices, swatch
from catalog.admin.variants import APPROVAL_LABELS, TransferMixin, approval_state, with_approval
from catalog.forms.containers import ContainerForm, ContainerImageForm, ContainerImageFormSet, DuplicateForm
from catalog.languages import TRANSLATIONS
from catalog.models import Container, ContainerImage, RentalRate, SaleOffer, Variant, in_force
from catalog.price_changes import offers_in_force
from catalog.resources import ContainerResource
from catalog.services import duplicate_container, forget_files, make_sizes
from core.backoffice import (
    NOTHING,
    Ask,
    AsksFirst,
    AtAGlance,
    FindsRow,
    NewestFirst,
    OpenToAbove,
    badge,
    cards_from_above,
)
from core.money import format_minor

_NO_PICTURE = SafeString('<span class="no-picture">No picture yet</span>')


class ContainerImageInline(TabularInline):
    model = ContainerImage
    form = ContainerImageForm
    formset = ContainerImageFormSet
    verbose_name = "picture"
    verbose_name_plural = "Pictures"
    fields = ("preview", "image", "alt", *(f"alt_{code}" for code, _ in TRANSLATIONS), "colour", "position")
    readonly_fields = ("preview",)
    ordering_field = "position"
    hide_ordering_field = True
    hide_title = True
    extra = 0
    tab = True

    @display(description="")
    def preview(self, row: ContainerImage) -> SafeString | str:
        return picture(row.smallest, size=132) if row.image else _NO_PICTURE


class VariantInline(AtAGlance):
    """The sizes and colours at a glance; each is changed on its own page."""

    model = Variant
    fields = ("link", "size", "swatch", "approval", "for_sale", "for_rent")
    readonly_fields = fields
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        rows = with_approval(super().get_queryset(request))
        return rows.prefetch_related(*offers_in_force())

    @display(description="SKU")
    def link(self, row: Variant) -> SafeString:
        return link("catalog_variant", row.pk, row.sku)

    @display(description="Colour")
    def swatch(self, row: Variant) -> SafeString:
        return swatch(row.colour, row.colour_hex)

    @display(description="Approval")
    def approval(self, row: Variant) -> SafeString:
        return badge(approval_state(row), APPROVAL_LABELS[approval_state(row)])

    @display(description="To buy")
    def for_sale(self, row: Variant) -> SafeString | str:
        return sale_prices(row)

    @display(description="To rent, from")
    def for_rent(self, row: Variant) -> SafeString | str:
        return least_days(row)


def _one(rows: QuerySet[Any], of: str, figure: Aggregate) -> Subquery:
    """One figure over the rows that belong to a container."""
    return Subquery(rows.order_by().values(of).annotate(figure=figure).values("figure"))


def _files(rows: QuerySet[ContainerImage]) -> set[str]:
    return {name for row in rows for name in row.files}


@admin.register(Container)
class ContainerAdmin(
    OpenToAbove, EditedInCatalog, SaysWhatIsDeleted, FindsRow, AsksFirst, NewestFirst, ModelAdmin, TransferMixin
):
    form = ContainerForm
    resource_classes: ClassVar[list[Any]] = [ContainerResource]
    list_display = ("titled", "kind_label", "shown", "variant_count", "to_buy", "to_rent")
    list_filter = (("kind", ChoicesDropdownFilter), "published", "brand")
    list_filter_submit = True
    search_fields = ("name", "brand", "slug", "variants__sku")
    search_help_text = "Name, brand or SKU"
    prepopulated_fields: ClassVar[dict[str, Any]] = {"slug": ("brand", "name")}
    fieldsets = (
        (None, {"fields": (("name", "brand"), ("kind", "slug"), "description", "published")}),
        *(
            (language, {"fields": (f"name_{code}", f"description_{code}"), "classes": ["tab"]})
            for code, language in TRANSLATIONS
        ),
    )  # fmt: skip
    inlines = (ContainerImageInline, VariantInline)
    deleting = "Its texts and pictures go for good. To take it out of the shop for a while, unpublish it."
    instead = "To take it out of the shop, unpublish it; to be rid of it, delete its variants first."
    actions = ("publish", "unpublish")
    actions_detail = ("add_variant", "app", "duplicate")
    change_form_before_template = "admin/cards.html"
    warn_unsaved_form = True
    compressed_fields = True
    list_per_page = 50

    class Media:
        css: ClassVar = {"all": ["catalog/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Container]:
        variants = Variant.objects.filter(container=OuterRef("pk"))
        sales = SaleOffer.objects.in_force().filter(
            variant__container=OuterRef("pk"), currency=settings.DEFAULT_CURRENCY
        )
        rates = RentalRate.objects.filter(
            in_force(of="offer__"), offer__variant__container=OuterRef("pk"), offer__currency=settings.DEFAULT_CURRENCY
        )
        pictures = ContainerImage.objects.filter(container=OuterRef("pk")).order_by("position", "id")
        return (
            super()
            .get_queryset(request)
            .annotate(
                all_variants=_one(variants, "container", Count("pk")),
                approved_variants=_one(variants.approved(), "container", Count("pk")),
                least_sale=_one(sales, "variant__container", Min("price_minor")),
                least_day=_one(rates, "offer__variant__container", Min("per_day_minor")),
                first_picture=Subquery(
                    pictures.values(shown=Coalesce(KT("sizes__0__webp"), Cast("image", TextField())))[:1]
                ),
            )
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        """Pictures that are new get their sizes; the files of those that went, or were replaced, go too."""
        if formset.model is not ContainerImage:
            super().save_formset(request, form, formset, change)
            return
        before = _files(ContainerImage.objects.filter(container=form.instance))
        super().save_formset(request, form, formset, change)
        for picture_form in set(formset.forms) - set(formset.deleted_forms):
            if "image" in picture_form.changed_data:
                make_sizes(image_id=picture_form.instance.pk)
        forget_files(before - _files(ContainerImage.objects.filter(container=form.instance)))

    def delete_model(self, request: HttpRequest, obj: Container) -> None:
        files = _files(obj.images.all())
        super().delete_model(request, obj)
        forget_files(files)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Container]) -> None:
        files = _files(ContainerImage.objects.filter(container__in=queryset))
        super().delete_queryset(request, queryset)
        forget_files(files)

    @display(description="Container", header=True, ordering="name")
    def titled(self, row: Any) -> list[Any]:
        image = {"path": picture_url(row.first_picture), "squared": True, "width": 56, "height": 56}
        return [row.name, row.brand, row.name[:2], image]

    @display(description="Kind", ordering="kind")
    def kind_label(self, row: Container) -> str:
        return row.get_kind_display()

    @display(description="In the shop", label={"Published": "success", "Draft": "info"}, ordering="published")
    def shown(self, row: Container) -> str:
        return "Published" if row.published else "Draft"

    @display(description="Variants", ordering="all_variants")
    def variant_count(self, row: Any) -> str:
        count, approved = row.all_variants or 0, row.approved_variants or 0
        return f"{count}" if approved == count else f"{count}, {approved} approved"

    @display(description="To buy, from", ordering="least_sale")
    def to_buy(self, row: Any) -> str:
        return format_minor(row.least_sale, settings.DEFAULT_CURRENCY) if row.least_sale else NOTHING

    @display(description="To rent, from", ordering="least_day")
    def to_rent(self, row: Any) -> str:
        return f"{format_minor(row.least_day, settings.DEFAULT_CURRENCY)} a day" if row.least_day else NOTHING

    @admin.action(description="Publish: show in the shop", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Container]) -> None:
        self._set_published(request, queryset, published=True)

    @admin.action(description="Unpublish: hide from the shop", permissions=["change"])
    def unpublish(self, request: HttpRequest, queryset: QuerySet[Container]) -> None:
        self._set_published(request, queryset, published=False)

    def _set_published(self, request: HttpRequest, queryset: QuerySet[Container], *, published: bool) -> None:
        changed = Container.objects.filter(pk__in=queryset.values("pk")).exclude(published=published)
        for container in changed:
            container.published = published
            container.save(update_fields=["published", "updated_at"])
            self.log_change(request, container, "Published." if published else "Unpublished.")
        self.message_user(request, f"{'Published' if published else 'Unpublished'}: {len(changed)}", messages.SUCCESS)

    @action(description="As the app shows it", icon="smartphone", permissions=["view"], url_path="app")
    def app(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What customers see of it, and what they do not see yet and why."""
        container = self.row(request, object_id)
        shown = as_the_app_shows(container, request.GET.get("language", ""), request.GET.get("currency", ""))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": container,
            "title": f"{container}, as the app shows it",
            "cards": cards_from_above(self.opts.label_lower, "main", request, container),
            **shown,
        }
        return TemplateResponse(request, "catalog/app.html", context)

    @action(description="Duplicate…", icon="content_copy", permissions=["duplicate"], url_path="duplicate")
    def duplicate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        container = self.row(request, object_id)
        form = DuplicateForm(request.POST or None, container)
        if request.method == "POST" and form.is_valid():
            made = duplicate_container(
                container_id=container.pk, name=form.cleaned_data["name"], slug=form.slug, skus=form.skus()
            )
            self.log_addition(request, made, f"Duplicated from {container}.")
            self.message_user(request, f"{made} is a draft. Its variants wait to be checked.", messages.SUCCESS)
            return redirect(reverse("admin:catalog_container_change", args=[made.pk]))
        ask = Ask(
            title=f"Duplicate {container}",
            text="Text, sizes, weights, prices and rates are copied, pictures are not. The copy is a draft, and each "
            "of its variants is offered only once it is checked.",
            submit="Duplicate it",
        )
        back = reverse("admin:catalog_container_change", args=[container.pk])
        return self.ask(request, form=form, ask=ask, context={"back": back})

    def has_duplicate_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Prices are copied too."""
        made = ("container", "variant", "saleoffer", "rentaloffer")
        return request.user.has_perms([f"catalog.add_{model}" for model in made])

    def has_add_variant_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perms(["catalog.add_variant", "catalog.add_container"])

    @action(description="Add a variant", icon="add", permissions=["add_variant"], url_path="add-variant")
    def add_variant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        container = self.row(request, object_id)
        return redirect(f"{reverse('admin:catalog_variant_add')}?{urlencode({'container': container.pk})}")
