# mypy: disable-error-code="misc"
# import-export carries no types
"""What variants cost, as spreadsheets: amounts as decimals of the row's currency, each row one offer from a day on."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.formats import date_format
from import_export import fields, widgets

from catalog.models import RentalOffer, RentalRate, SaleOffer, Variant, shop_today
from catalog.price_changes import require_effect, split
from catalog.pricing import Step
from catalog.spreadsheets import AmountField, AmountWidget, ShownField, SpreadsheetResource, amount_of
from core.changes import from_to
from core.money import format_minor, to_decimal

_BEFORE = ("set_at", "set_by", "valid_from", "valid_until")  # of a version: not what it says


def _begins(row: Any) -> date:
    """Raises: ValueError, as a row is checked before."""
    told = str(row.get("from") or "").strip()
    return max(date.fromisoformat(told[:10]) if told else shop_today(), shop_today())


class OfferResource(SpreadsheetResource):
    """A row changes an offer from the day that `from` names; where that is empty, or a day that has begun, from today.

    What is over is not exported, so that no file brings it back.
    """

    sku = fields.Field("variant", "sku", widgets.ForeignKeyWidget(Variant, "sku"))
    currency = fields.Field("currency", "currency")
    tax_class = fields.Field("tax_class", "tax_class", default="standard")
    valid_from = fields.Field("valid_from", "from", widgets.DateWidget("%Y-%m-%d"))

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("variant")

    def export(self, queryset: Any = None, **kwargs: Any) -> Any:
        rows = self.get_queryset() if queryset is None else queryset
        return super().export(queryset=rows.exclude(valid_until__lte=shop_today()), **kwargs)

    def get_instance(self, _loader: Any, row: Any) -> Any:
        rows = self.get_queryset().in_force(_begins(row))
        return rows.filter(variant__sku=row.get("sku"), currency=row.get("currency")).first()

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        instance.valid_from = _begins(row)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:  # noqa: ARG002
        """What is so already is left alone, from whatever day on it is to be so."""
        return bool(original.pk and self._says(original) == self._says(instance) and not import_validation_errors)

    def _says(self, offer: Any) -> dict[str, Any]:
        columns = (field for field in offer._meta.concrete_fields if field.name not in _BEFORE)  # noqa: SLF001 (public)
        return {field.attname: getattr(offer, field.attname) for field in columns}

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().before_save_instance(instance, row, **kwargs)
        instance.set_by = kwargs.get("user")
        if instance.pk:  # or it is new
            split(instance, instance.valid_from, actor=instance.set_by)

    def told_changes(self, original: Any, instance: Any) -> list[str]:
        """What it says otherwise; and from when on, where that is not today."""
        names = [field.column_name for field in self.get_import_fields()]
        rows = zip(names, self.shown(original), self.shown(instance), strict=True)
        told = [from_to(name, was, now) for name, was, now in rows if was != now and name != "from"]
        return [*told, f"from {date_format(instance.valid_from)} on"] if instance.is_to_come else told


class SaleOfferResource(OfferResource):
    price = AmountField("price_minor", "price", AmountWidget())

    class Meta:
        model = SaleOffer
        fields: ClassVar[list[str]] = ["sku", "currency", "price", "tax_class", "valid_from"]
        import_order = export_order = fields
        import_id_fields: ClassVar[list[str]] = ["sku", "currency"]
        clean_model_instances = True
        skip_unchanged = True


Rates = Mapping[int, int]  # {from_days: per_day_minor}
_STEP = re.compile(r"([0-9]{1,4}) ?\+ *([0-9][0-9.,]*)")
_AS = '"1+ 9.00; 4+ 7.00": from 1 day on 9.00 a day, from 4 days on 7.00'
_DAYS: tuple[Any, ...] = tuple(
    check for check in RentalRate._meta.get_field("from_days").validators  # noqa: SLF001 (public, whatever its name)
    if isinstance(check, MinValueValidator | MaxValueValidator)
)  # fmt: skip


class RatesWidget(widgets.Widget):
    """All rates of an offer in one cell: "1+ 9.00; 4+ 7.00"."""

    def clean(self, value: Any, row: Any = None, **_: Any) -> Rates:
        steps = [step.strip() for step in str(value or "").split(";") if step.strip()]
        if not steps:
            raise ValueError(f"At least one rate is needed, as in {_AS}.")
        rates: dict[int, int] = {}
        wrong = []
        for step in steps:
            try:
                days, minor = self._step(step, row)
            except (ValueError, ValidationError) as no:
                wrong += no.messages if isinstance(no, ValidationError) else [str(no)]
                continue
            if days in rates:
                wrong.append(f'There are two rates "{days}+".')
            rates[days] = minor
        if not wrong:
            require_effect((Step(*step) for step in rates.items()), str(row["currency"]))
            return dict(sorted(rates.items()))
        raise ValidationError(list(dict.fromkeys(wrong)))

    def _step(self, step: str, row: Any) -> tuple[int, int]:
        read = _STEP.fullmatch(step)
        if read is None:
            raise ValueError(f'"{step}" is no rate. Write them as in {_AS}.')
        days = int(read[1])
        for check in _DAYS:
            check(days)
        return days, amount_of(read[2], row, may_be_nothing=True)


class RatesField(ShownField):
    """What a file says of an offer's rates is `told_rates` until it is stored."""

    def get_value(self, instance: Any) -> Rates:
        if (told := getattr(instance, "told_rates", None)) is not None:
            return told  # type: ignore[no-any-return]
        return {rate.from_days: rate.per_day_minor for rate in instance.rates.all()} if instance.pk else {}

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002, ARG002 (as import-export calls it)
        instance.told_rates = self.clean(row, **kwargs)

    def export(self, instance: Any, **_: Any) -> str:
        rates = self.get_value(instance).items()
        return "; ".join(f"{days}+ {to_decimal(minor, instance.currency):f}" for days, minor in rates)

    def show(self, instance: Any) -> str:
        return " · ".join(
            f"{days}+ {format_minor(minor, instance.currency)}" for days, minor in self.get_value(instance).items()
        )


class RentalOfferResource(OfferResource):
    """What a file says of `rates` are all the rates of an offer from then on."""

    hint = f"All rates of an offer stand in one cell: {_AS}. Without a day in from, a row holds from today on."
    rates = RatesField("rates", "rates", RatesWidget())
    deposit = AmountField("deposit_minor", "deposit", AmountWidget(may_be_nothing=True))
    late_fee = AmountField("late_fee_minor", "late_fee", AmountWidget(may_be_nothing=True))

    class Meta:
        model = RentalOffer
        fields: ClassVar[list[str]] = [
            "sku", "currency", "rates", "deposit", "late_fee", "min_days", "max_days", "prep_days", "turnaround_days",
            "keep_credit_percent", "acclimatisation_percent", "tax_class", "valid_from",
        ]  # fmt: skip
        import_order = export_order = fields
        import_id_fields: ClassVar[list[str]] = ["sku", "currency"]
        clean_model_instances = True
        skip_unchanged = True

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("rates")

    def _says(self, offer: Any) -> dict[str, Any]:
        return {**super()._says(offer), "rates": self.fields["rates"].get_value(offer)}

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, *args: Any, **kwargs: Any) -> None:
        """An offer without a rate has no price and would be shown to nobody."""
        errors = dict(import_validation_errors or {})
        if not self._says(instance)["rates"]:
            errors["rates"] = ValidationError(f"At least one rate is needed, as in {_AS}.")
        super().validate_instance(instance, errors, *args, **kwargs)

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().after_save_instance(instance, row, **kwargs)
        if (told := getattr(instance, "told_rates", None)) is None:
            return
        instance.rates.exclude(from_days__in=told).delete()
        for days, minor in told.items():
            RentalRate.objects.update_or_create(offer=instance, from_days=days, defaults={"per_day_minor": minor})
