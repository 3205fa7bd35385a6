# mypy: disable-error-code="misc"
# unfold carries no types
"""Forms of the catalog's admin."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import (
    UnfoldAdminColorInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.checklist import items_of
from catalog.languages import TRANSLATIONS
from catalog.models import (
    CabinRule,
    Container,
    ContainerImage,
    HoldRule,
    RentalOffer,
    RentalRate,
    SaleOffer,
    Season,
    SynonymGroup,
    TaxRate,
    Variant,
    require_whole,
    shop_today,
)
from catalog.models.containers import SKU_VALID
from catalog.pictures import ENDINGS, NO_PICTURE, check
from catalog.price_changes import AnyOffer, NewPrice, withdraw
from core.forms import AmountField, DayInput, LinesField, MeasuresForm, MinorUnitsForm, MinorUnitsFormSet, parse_amount
from core.money import to_decimal

_EVERYTHING = "__all__"
NO_PRICE = "A price must be more than nothing."


_DESCRIPTIONS = ("description", *(f"description_{code}" for code, _ in TRANSLATIONS))


class ContainerForm(forms.ModelForm):
    class Meta:
        model = Container
        fields = _EVERYTHING
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


# What was chosen is seen at once: in the place of the picture that was, or beside its name.
_SHOWN = """const input = $event.target, shown = input.closest('tr').querySelector('img') || new Image(72, 72);
if (input.files[0]) { shown.src = URL.createObjectURL(input.files[0]); shown.style.objectFit = 'contain';
                      if (!shown.isConnected) { input.closest('td').prepend(shown) } }"""


class ContainerImageForm(forms.ModelForm):
    """The colour is chosen among those of the container's variants: a picture is shown with that colour only."""

    class Meta:
        model = ContainerImage
        fields = ("image", "alt", *(f"alt_{code}" for code, _ in TRANSLATIONS), "colour", "position")
        field_classes: ClassVar[dict[str, Any]] = {"image": PictureField}
        widgets: ClassVar[dict[str, Any]] = {"colour": UnfoldAdminSelectWidget()}

    def __init__(self, *args: Any, colours: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["image"].widget.attrs |= {"accept": "image/webp,image/jpeg,image/png", "x-on:change": _SHOWN}
        known = dict.fromkeys(filter(None, [*colours, self.instance.colour]))
        self.fields["colour"].widget.choices = [("", "any"), *((colour, colour) for colour in known)]


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


class SynonymGroupForm(forms.ModelForm):
    class Meta:
        model = SynonymGroup
        fields = _EVERYTHING
        widgets: ClassVar[dict[str, Any]] = {"words": UnfoldAdminTextareaWidget(attrs={"rows": 3})}


class VariantForm(MeasuresForm):
    told_least = Variant.LEAST

    class Meta:
        model = Variant
        fields = _EVERYTHING
        widgets: ClassVar[dict[str, Any]] = {"colour_hex": UnfoldAdminColorInputWidget(attrs={"class": "max-w-20"})}


class BundlePartFormSet(PaginationInlineFormSet):
    """All the parts of a bundle, which are judged together."""

    def clean(self) -> None:
        super().clean()
        bundle = self.instance
        if any(self.errors) or bundle.container_id is None:
            return
        told = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        parts = sorted((form.instance for form in told), key=lambda part: part.position)
        require_whole(bundle, parts)
        if parts and bundle.pk is not None and bundle.stock_levels.exists():
            raise ValidationError(
                f"{bundle} has stock of its own, so it cannot be a bundle: give the bundle a new SKU."
            )


class _OfferForm(MinorUnitsForm):
    def _get_validation_exclusions(self) -> set[str]:
        """One version is in force on a day: checked although its days are no fields."""
        exclusions: set[str] = super()._get_validation_exclusions()
        return exclusions if self.errors else exclusions - {"valid_from", "valid_until", "variant"}


class SaleOfferForm(_OfferForm):
    minor_units = ("price_minor",)

    class Meta:
        model = SaleOffer
        fields = _EVERYTHING

    def clean_price_minor(self) -> Decimal:
        price: Decimal = self.cleaned_data["price_minor"]
        if price == 0:
            raise ValidationError(NO_PRICE)
        return price


class FirstDayForm(forms.Form):
    """The day on which a price begins."""

    on = forms.DateField(label="First day", widget=DayInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        first = shop_today() + timedelta(days=1)
        self.fields["on"].widget.attrs["min"] = first.isoformat()
        self.fields["on"].help_text = f"From its beginning, {settings.TIME_ZONE}. What holds today is changed at once."

    def clean_on(self) -> date:
        day: date = self.cleaned_data["on"]
        if day <= shop_today():
            raise ValidationError("Choose a day that has not begun; what holds today is changed on its own page.")
        return day


class NewPricesForm(forms.Form):
    """What each offer of a variant says on a day, to be changed."""

    def __init__(self, data: Any, offers: Iterable[AnyOffer]) -> None:
        super().__init__(data)
        self.offers = list(offers)
        self._said: dict[str, tuple[AnyOffer, str | int]] = {}
        for offer in self.offers:
            if isinstance(offer, SaleOffer):
                self._ask(offer, "price_minor", "To buy", offer.price_minor)
                continue
            for rate in offer.rates.all():
                self._ask(offer, rate.from_days, f"To rent, a day from day {rate.from_days} on", rate.per_day_minor)
            self._ask(offer, "deposit_minor", "Deposit", offer.deposit_minor)
            self._ask(offer, "late_fee_minor", "Late fee a day", offer.late_fee_minor)

    def _ask(self, offer: AnyOffer, what: str | int, label: str, minor: int) -> None:
        name = f"{'sale' if isinstance(offer, SaleOffer) else 'rental'}_{offer.currency}_{what}"
        initial = to_decimal(minor, offer.currency)
        self.fields[name] = AmountField(currency=offer.currency, label=label, initial=initial)
        self._said[name] = offer, what

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name, (offer, what) in self._said.items():
            if (typed := self.cleaned_data.get(name)) is not None:
                if what == "price_minor" and not typed:
                    self.add_error(name, NO_PRICE)
                    continue
                try:
                    self.cleaned_data[name] = parse_amount(typed, offer.currency)
                except ValidationError as no:
                    self.add_error(name, no)
        if not self.errors and not self.changed_data:
            raise ValidationError("Change at least one amount.")
        return cleaned

    def prices(self) -> list[NewPrice]:
        """Of each offer what was typed anew; what was left alone stays."""
        told = [(*self._said[name], self.cleaned_data[name]) for name in self.changed_data]
        return [
            NewPrice(
                offer,
                {what: minor for of, what, minor in told if of is offer and isinstance(what, str)},
                {what: minor for of, what, minor in told if of is offer and isinstance(what, int)},
            )
            for offer in self.offers
        ]


class SaleOfferFormSet(PaginationInlineFormSet):
    def delete_existing(self, obj: SaleOffer, commit: bool = True) -> None:  # noqa: FBT001, FBT002 (as Django calls it)
        if commit:
            withdraw(obj)


class RentalOfferForm(_OfferForm):
    minor_units = ("deposit_minor", "late_fee_minor")

    class Meta:
        model = RentalOffer
        fields = _EVERYTHING
        labels: ClassVar[dict[str, str]] = {
            "late_fee_minor": "Late fee a day",
            "min_days": "Shortest rental (days)",
            "max_days": "Longest rental (days)",
            "prep_days": "Preparation (days)",
            "turnaround_days": "Turnaround (days)",
            "keep_credit_percent": "Credit when kept (%)",
            "acclimatisation_percent": "Day price to get used to it (%)",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "prep_days": "Nobody else gets the unit on these days before the rental.",
            "turnaround_days": "Cleaning and checks after it.",
            "keep_credit_percent": "How much of the rent counts when the customer buys the unit.",
            "acclimatisation_percent": "For days before the trip in which the cat gets used to it; 100: no cheaper.",
        }


class RentalRateForm(MinorUnitsForm):
    minor_units = ("per_day_minor",)

    class Meta:
        model = RentalRate
        fields = _EVERYTHING
        labels: ClassVar[dict[str, str]] = {"from_days": "From how many days", "per_day_minor": "Price a day"}


class RentalRateFormSet(MinorUnitsFormSet, PaginationInlineFormSet):
    """At least one rate: an offer without has no price and is not shown to anybody."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        if not [form for form in kept if not self._should_delete_form(form)]:
            raise ValidationError("A rental offer needs at least one rate, for example from day 1.")


class TaxRateForm(forms.ModelForm):
    """The rate is typed in per cent; the database keeps basis points."""

    percent = forms.DecimalField(
        label="Rate", min_value=0, max_value=100, max_digits=5, decimal_places=2,
        help_text="Per cent contained in prices, for example 19 or 7.7.",
        widget=UnfoldAdminTextInputWidget(attrs={"suffix": "%", "inputmode": "decimal"}),
    )  # fmt: skip

    class Meta:
        model = TaxRate
        fields = ("country", "tax_class", "valid_from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["percent"] = f"{Decimal(self.instance.rate_bp) / 100:f}"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if (percent := self.cleaned_data.get("percent")) is not None:
            self.instance.rate_bp = int(percent * 100)
        return cleaned


class SeasonForm(forms.ModelForm):
    class Meta:
        model = Season
        fields = ("name", "kind", "start_on", "end_on", "percent")
        labels: ClassVar[dict[str, str]] = {"percent": "Dearer or cheaper by (%)"}
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Customers read it in the price: Christmas.",
            "end_on": "Included.",
            "percent": "20: these days cost a fifth more; -10: a tenth less. From -50 to 200.",
        }

    def clean(self) -> dict[str, Any] | None:
        """Said here: days in the wrong order have no span to compare with other seasons."""
        cleaned = super().clean()
        first, last = self.cleaned_data.get("start_on"), self.cleaned_data.get("end_on")
        if first and last and last < first:
            self.add_error("end_on", "The last day cannot be before the first.")
        return cleaned


class InspectionForm(forms.Form):
    """One tick for each item of the checklist."""

    note = forms.CharField(
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What you saw, for colleagues. Customers do not read it.",
    )

    def __init__(self, data: Any, kind: str) -> None:
        super().__init__(data)
        self._asked = items_of(kind)
        for item in self._asked:
            self.fields[item.code] = forms.BooleanField(label=item.title, help_text=item.text, required=False)

    @property
    def items(self) -> list[forms.BoundField]:
        return [self[item.code] for item in self._asked]

    def met(self) -> list[str]:
        """Codes of the items that were ticked."""
        return [item.code for item in self._asked if self.cleaned_data[item.code]]


class _RuleForm(MeasuresForm):
    """A new rule was read today and holds from today, unless it is said otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("valid_from", "checked_on"):
            if name in self.fields and not self.instance.pk:
                self.fields[name].initial = timezone.now().date()


class CabinRuleForm(_RuleForm):
    class Meta:
        model = CabinRule
        fields = _EVERYTHING


class HoldRuleForm(_RuleForm):
    class Meta:
        model = HoldRule
        fields = _EVERYTHING
        help_texts: ClassVar[dict[str, str]] = {"airline": "Empty: for all that have no rule of their own."}
