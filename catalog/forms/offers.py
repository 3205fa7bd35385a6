# mypy: disable-error-code="misc"
# unfold carries no types
"""What it costs: offers, the prices that begin on a day, seasons, taxes."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import RentalOffer, RentalRate, SaleOffer, Season, TaxRate, shop_today
from catalog.price_changes import AnyOffer, NewPrice, require_effect, withdraw
from catalog.pricing import Step
from core.changes import from_to
from core.editing import AS_READ, overtaken, shown_by
from core.forms import NO_PRICE, AmountField, DayInput, MinorUnitsForm, MinorUnitsFormSet, parse_amount
from core.money import format_minor, to_decimal


class _OfferForm(MinorUnitsForm):
    def _get_validation_exclusions(self) -> set[str]:
        """One version is in force on a day: checked although its days are no fields."""
        exclusions: set[str] = super()._get_validation_exclusions()
        return exclusions if self.errors else exclusions - {"valid_from", "valid_until", "variant"}


class SaleOfferForm(_OfferForm):
    minor_units = ("price_minor",)

    class Meta:
        model = SaleOffer
        fields = forms.ALL_FIELDS

    def clean_price_minor(self) -> Decimal:
        price: Decimal = self.cleaned_data["price_minor"]
        if price == 0:
            raise ValidationError(NO_PRICE)
        return price


class SaleOfferFormSet(PaginationInlineFormSet):
    def delete_existing(self, obj: SaleOffer, commit: bool = True) -> None:  # noqa: FBT001, FBT002 (as Django calls it)
        if commit:
            withdraw(obj)


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
        self._unread = ""
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

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the page of the step carries."""
        return [(AS_READ, self._unread or shown_by(self))]

    def _require_as_read(self) -> None:
        """Raises: ValidationError, where another one changed what the page showed."""
        if not (sent := self.data.get(AS_READ)):
            return
        self._unread = sent
        others = overtaken(self, sent)
        self._unread = ""
        if others:
            told = "; ".join(f"{one.what} was {one.was}, and is {one.now} now" for one in others)
            raise ValidationError(
                f"Not saved: this was changed while your page was open. {told}. What you typed is still below: look at "
                "it, and send it again."
            )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        self._require_as_read()
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
        for offer in () if self.errors else self.offers:
            if isinstance(offer, RentalOffer):
                told = ((what, self.cleaned_data[name]) for name, (of, what) in self._said.items() if of is offer)
                require_effect((Step(what, minor) for what, minor in told if isinstance(what, int)), offer.currency)
        return cleaned

    def told_changes(self) -> list[str]:
        """ "To buy from €49.90 to €59.90": what was typed anew, and what it was."""
        told = []
        for name in self.changed_data:
            field, currency = self.fields[name], self._said[name][0].currency
            before, after = parse_amount(field.initial, currency), self.cleaned_data[name]
            told.append(from_to(str(field.label), format_minor(before, currency), format_minor(after, currency)))
        return told

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


class RentalOfferForm(_OfferForm):
    minor_units = ("deposit_minor", "late_fee_minor")

    class Meta:
        model = RentalOffer
        fields = forms.ALL_FIELDS
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
        fields = forms.ALL_FIELDS
        labels: ClassVar[dict[str, str]] = {"from_days": "From how many days", "per_day_minor": "Price a day"}


class RentalRateFormSet(MinorUnitsFormSet, PaginationInlineFormSet):
    """At least one rate: an offer without has no price and is not shown to anybody."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        rates = [form.instance for form in kept if not self._should_delete_form(form)]
        if not rates:
            raise ValidationError("A rental offer needs at least one rate, for example from day 1.")
        require_effect(rates, self.instance.currency)


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
            self.initial["percent"] = Decimal(self.instance.rate_bp) / 100

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
