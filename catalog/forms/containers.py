# mypy: disable-error-code="misc"
# unfold carries no types
"""Containers: their texts, their pictures, copies of them."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.functional import cached_property
from django.utils.text import slugify
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from catalog.languages import TRANSLATIONS
from catalog.models import Container, ContainerImage, Variant
from catalog.models.containers import SKU_VALID
from catalog.pictures import ENDINGS, NO_PICTURE, check
from core.forms import LinesField

_DESCRIPTIONS = ("description", *(f"description_{code}" for code, _ in TRANSLATIONS))


class ContainerForm(forms.ModelForm):
    class Meta:
        model = Container
        fields = forms.ALL_FIELDS
        field_classes: ClassVar[dict[str, Any]] = dict.fromkeys(_DESCRIPTIONS, LinesField)
        widgets: ClassVar[dict[str, Any]] = {
            name: UnfoldAdminTextareaWidget(attrs={"rows": 8}) for name in _DESCRIPTIONS
        }
        help_texts: ClassVar[dict[str, str]] = {
            "slug": "Its name in addresses: small letters, digits and dashes.",
            "published": "Shown in the shop as soon as one variant is approved and has an offer.",
            **{
                f"{text}_{code}": "Left empty, the one above is shown."
                for code, _ in TRANSLATIONS
                for text in ("name", "description")
            },
        }


class PictureField(forms.ImageField):
    """Says in plain words what is wrong with a picture, and unpacks none that is too large."""

    default_validators = [FileExtensionValidator(ENDINGS, NO_PICTURE)]

    def to_python(self, data: Any) -> Any:
        if data not in self.empty_values:
            check(data)
        return super().to_python(data)


# What was chosen is seen at once, in the place of the picture that was.
_SHOWN = """const input = $event.target, place = input.closest('tr').querySelector('.field-preview > div');
const shown = place.querySelector('img') || new Image();
if (input.files[0]) { shown.src = URL.createObjectURL(input.files[0]);
                      shown.isConnected || place.querySelector('.no-picture').replaceWith(shown) }"""


class ContainerImageForm(forms.ModelForm):
    """The colour is chosen among those of the container's variants: a picture is shown with that colour only."""

    class Meta:
        model = ContainerImage
        fields = ("image", "alt", *(f"alt_{code}" for code, _ in TRANSLATIONS), "colour", "position")
        field_classes: ClassVar[dict[str, Any]] = {"image": PictureField}
        labels: ClassVar[dict[str, str]] = {f"alt_{code}": f"The same, {language}" for code, language in TRANSLATIONS}
        widgets: ClassVar[dict[str, Any]] = {"colour": UnfoldAdminSelectWidget()}

    def __init__(self, *args: Any, colours: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["image"].widget.attrs |= {"accept": "image/webp,image/jpeg,image/png", "x-on:change": _SHOWN}
        known = dict.fromkeys(filter(None, [*colours, self.instance.colour]))
        self.fields["colour"].widget.choices = [("", "Any"), *((colour, colour) for colour in known)]


class ContainerImageFormSet(PaginationInlineFormSet):
    """Pictures that know their container's colours, asked for once."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "colours": self.colours}

    @cached_property
    def colours(self) -> list[str]:
        if self.instance.pk is None:
            return []
        return list(self.instance.variants.order_by("colour").values_list("colour", flat=True).distinct())


class DuplicateForm(forms.Form):
    """A new name, and a new SKU for each variant that is to be copied."""

    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget())

    def __init__(self, data: Any, container: Container) -> None:
        super().__init__(data, initial={"name": f"{container.name} 2"})
        self.container, self.variants = container, list(container.variants.order_by("sku"))
        for variant in self.variants:
            self.fields[f"sku_{variant.pk}"] = forms.CharField(
                label=f"New SKU for {variant.sku} ({' '.join(filter(None, [variant.size, variant.colour]))})",
                required=False, max_length=40, validators=[SKU_VALID], widget=UnfoldAdminTextInputWidget(),
                help_text="Empty: not copied.",
            )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        typed = [sku for sku in self.skus().values() if sku]
        taken = set(Variant.objects.filter(sku__in=typed).values_list("sku", flat=True))
        for variant in self.variants:
            sku = self.cleaned_data.get(f"sku_{variant.pk}")
            if sku and (sku in taken or typed.count(sku) > 1):
                self.add_error(f"sku_{variant.pk}", f"{sku} is taken; every variant has its own SKU.")
        if Container.objects.filter(slug=self.slug).exists():
            self.add_error("name", "There is a container of this brand and name already.")
        return cleaned

    @property
    def slug(self) -> str:
        return slugify(f"{self.container.brand} {self.cleaned_data.get('name', '')}")[:80]

    def skus(self) -> dict[int, str]:
        """{variant id: the SKU of its copy}."""
        told = {variant.pk: self.cleaned_data.get(f"sku_{variant.pk}", "") for variant in self.variants}
        return {pk: sku for pk, sku in told.items() if sku}
