"""What an offer says from a day on, and what it said until then (ADR 37)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch

from catalog.models import RentalOffer, SaleOffer, Variant, shop_today
from catalog.pricing import Rate, without_effect
from catalog.version import hold_catalog
from core.money import format_minor


def offers_in_force() -> list["Prefetch[Any]"]:
    """For variants: `sale_offers` and `rental_offers`, with `rates`, of today."""
    rentals = RentalOffer.objects.in_force().prefetch_related("rates")
    return [Prefetch("sale_offers", SaleOffer.objects.in_force()), Prefetch("rental_offers", rentals)]


AnyOffer: TypeAlias = SaleOffer | RentalOffer


@dataclass(frozen=True, slots=True)
class NewPrice:
    """What an offer is to say: some of its amounts, in minor units, and {from_days: per_day_minor} of some rates."""

    offer: AnyOffer
    fields: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[int, int] = field(default_factory=dict)


def require_effect(rates: Iterable[Rate], currency: str) -> None:
    """Raises: ValidationError, naming a rate that no customer would ever pay."""
    if found := without_effect(rates):
        later, step = found
        dear, cheap = (format_minor(rate.per_day_minor, currency) for rate in found)
        raise ValidationError(
            f"The rate from day {later.from_days} on would never apply: a day costs {dear}, and from day "
            f"{step.from_days} on only {cheap}. Customers pay what costs least."
        )


@transaction.atomic
def split(offer: AnyOffer, on: date, *, actor: Any = None) -> None:
    """From `on` this row speaks, until then a copy of what is stored of it; nothing when it begins on that day anyway.

    So whoever changes a row afterwards changes nothing that was. actor: who changes it. Locks: the catalog's version.
    Raises: ValidationError when it is not in force on that day.
    """
    hold_catalog()
    before: Any = type(offer).objects.get(pk=offer.pk)
    if not type(offer).objects.in_force(on).filter(pk=offer.pk).exists():
        raise ValidationError("This price is not in force on that day; change the one that is.")
    offer.valid_from, offer.valid_until, offer.set_by = on, before.valid_until, actor
    type(offer).objects.filter(pk=offer.pk).update(valid_from=on, set_by=actor)
    if before.valid_from == on:
        return
    rates = list(before.rates.all()) if isinstance(before, RentalOffer) else []
    before.pk, before.valid_until, set_at = None, on, before.set_at
    before.save(force_insert=True)
    type(offer).objects.filter(pk=before.pk).update(set_at=set_at)
    for rate in rates:
        rate.pk, rate.offer = None, before
        rate.save(force_insert=True)


def keep_what_was(offer: AnyOffer, actor: Any) -> None:
    """Before a row is saved that was changed or is new: what it said until today stays written down. As `split`."""
    offer.set_by = actor
    if offer.pk:
        split(offer, max(offer.valid_from, shop_today()), actor=actor)


@transaction.atomic
def change_prices(*, on: date, prices: list[NewPrice], actor: Any) -> list[AnyOffer]:
    """Let offers say something else from the start of a day on, at the shop's clock, by itself.

    Those that say it already stay as they are. Returns the versions that are new. Locks: the catalog's version.
    Raises: ValidationError for a day that has begun, and for what cannot be.
    """
    if on <= shop_today():
        raise ValidationError("Choose a day that has not begun; what holds today is changed on its own page.")
    hold_catalog()
    return [row for new in prices if (row := _changed(new, on, actor)) is not None]


def _changed(new: NewPrice, on: date, actor: Any) -> AnyOffer | None:
    then = type(new.offer).objects.in_force(on).filter(variant=new.offer.variant_id, currency=new.offer.currency)
    offer: AnyOffer | None = then.first()
    if offer is None:
        raise ValidationError(f"Nothing is offered in {new.offer.currency} on that day.")
    rates = {rate.from_days: rate for rate in offer.rates.all()} if isinstance(offer, RentalOffer) else {}
    other = [days for days, minor in new.rates.items() if days in rates and rates[days].per_day_minor != minor]
    if not other and all(getattr(offer, name) == value for name, value in new.fields.items()):
        return None
    split(offer, on, actor=actor)
    for name, value in new.fields.items():
        setattr(offer, name, value)
    offer.full_clean()
    offer.save()
    for days in other:
        rates[days].per_day_minor = new.rates[days]
        rates[days].full_clean()
        rates[days].save()
    return offer


@transaction.atomic
def withdraw(offer: AnyOffer) -> bool:
    """Offer it no longer: from today on, with all that was to follow; what began today only is forgotten. What has not
    begun never does, and what was before it goes on. Returns whether it was still there.

    Safe to repeat. Locks: the catalog's version.
    """
    hold_catalog()
    rows = type(offer).objects.filter(variant=offer.variant_id, currency=offer.currency)
    stored: AnyOffer | None = rows.filter(pk=offer.pk).first()
    if stored is None:
        return False
    if not stored.is_to_come:
        rows.to_come().delete()
    if stored.valid_from < shop_today():
        rows.filter(pk=stored.pk).update(valid_until=shop_today())
        return True
    stored.delete()
    if stored.is_to_come:
        rows.filter(valid_until=stored.valid_from).update(valid_until=stored.valid_until)
    return True


def goes_on_without(offer: AnyOffer) -> AnyOffer | None:
    """The version that holds in the place of one that is to come, if that is withdrawn; None: nothing does."""
    rows = type(offer).objects.filter(variant=offer.variant_id, currency=offer.currency)
    before: AnyOffer | None = rows.filter(valid_until=offer.valid_from).first() if offer.is_to_come else None
    return before


def versions(variant: Variant) -> list[AnyOffer]:
    """All that was, is and will be said of what a variant costs: the latest first. Two statements, one for rates."""
    sales = list(SaleOffer.objects.filter(variant=variant).select_related("set_by"))
    rentals = list(RentalOffer.objects.filter(variant=variant).select_related("set_by").prefetch_related("rates"))
    return sorted([*sales, *rentals], key=lambda row: (row.valid_from, row.currency), reverse=True)
