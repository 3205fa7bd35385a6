"""Amounts on the staff pages: typed and read as decimals of their currency, explained where they are wrong."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import RentalOffer, SaleOffer, TaxRate, Variant
from tests.desk import errors, formset
from tests.factories.catalog import (
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Client]


def page(model: str, action: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:catalog_{model}_{action}", args=args)


def variant_form(variant: Variant, **sales: Any) -> dict[str, Any]:
    names = [field.name for field in Variant._meta.fields if field.name != "id"]
    data = {name: getattr(variant, f"{name}_id" if name == "container" else name) for name in names}
    return data | formset("parts") | formset("rental_offers") | formset("approvals") | sales


@pytest.mark.parametrize(
    ("typed", "currency", "stored"), [("49.90", "EUR", 4990), ("49,9", "EUR", 4990), ("8000", "JPY", 8000)]
)
def test_prices_are_typed_as_decimals(staff: Client, typed: str, currency: str, stored: int):
    variant = VariantFactory()
    offer = {"currency": currency, "price_minor": typed, "tax_class": "standard"}

    answer = staff.post(page("variant", "change", variant.pk), variant_form(variant, **formset("sale_offers", offer)))

    assert answer.status_code == 302, errors(answer)
    assert SaleOffer.objects.get().price_minor == stored


@pytest.mark.parametrize(
    ("typed", "currency", "said"),
    [
        ("49.90", "JPY", "JPY has no decimals: write a whole number."),
        ("49.999", "EUR", "EUR has 2 decimals, not more."),
        ("0", "EUR", "A price must be more than nothing."),
        ("-3", "EUR", "An amount cannot be less than nothing."),
        ("cheap", "EUR", "Write an amount such as 49.90."),
        ("5", "XXY", "is not an ISO 4217 currency code such as EUR"),
        ("5", "XXY", "Choose a currency"),
    ],
)
def test_a_wrong_amount_is_explained_beside_its_field(staff: Client, typed: str, currency: str, said: str):
    variant = VariantFactory()
    offer = {"currency": currency, "price_minor": typed, "tax_class": "standard"}

    answer = staff.post(page("variant", "change", variant.pk), variant_form(variant, **formset("sale_offers", offer)))

    assert answer.status_code == 200
    assert said in errors(answer)
    assert not SaleOffer.objects.exists()


def test_amounts_are_read_in_the_currency_of_their_row(staff: Client):
    yen = SaleOfferFactory(currency="JPY", price_minor=8000)
    euro = SaleOfferFactory(variant=yen.variant, price_minor=4990)

    form = staff.get(page("variant", "change", yen.variant_id)).content.decode()

    assert 'value="8000"' in form
    assert 'value="49.90"' in form
    assert staff.get(page("saleoffer", "change", euro.pk)).context["adminform"].form.initial["price_minor"] == Decimal(
        "49.90"
    )


def test_a_form_that_is_sent_back_as_it_was_changes_nothing(staff: Client):
    offer = SaleOfferFactory(price_minor=4990)
    typed = {"currency": "EUR", "price_minor": "49.90", "tax_class": "standard"}
    row = {"id": offer.pk, "variant": offer.variant_id, **typed}

    staff.post(
        page("variant", "change", offer.variant_id),
        variant_form(offer.variant, **formset("sale_offers", row, there=1)),
    )

    assert SaleOffer.objects.get().price_minor == 4990
    history = staff.get(page("variant", "history", offer.variant_id)).content.decode()
    assert "Changed" not in history


def rental_form(variant: Variant, *rates: dict[str, Any], there: int = 0, **fields: Any) -> dict[str, Any]:
    terms = {"currency": "EUR", "deposit_minor": "40", "late_fee_minor": "6.50", "min_days": 1, "max_days": 30}
    more = {"prep_days": 1, "turnaround_days": 2, "keep_credit_percent": 50, "acclimatisation_percent": 50}
    others = {"tax_class": "standard", **fields, **formset("rates", *rates, there=there)}
    return {"variant": variant.pk, **terms, **more, **others}


def test_a_rental_offer_is_made_with_its_rates(staff: Client):
    variant = VariantFactory()
    rates = ({"from_days": 1, "per_day_minor": "5,90"}, {"from_days": 4, "per_day_minor": "4.40"})

    answer = staff.post(page("rentaloffer", "add"), rental_form(variant, *rates))

    assert answer.status_code == 302, errors(answer)
    offer = RentalOffer.objects.get()
    assert (offer.deposit_minor, offer.late_fee_minor) == (4000, 650)
    assert [(rate.from_days, rate.per_day_minor) for rate in offer.rates.all()] == [(1, 590), (4, 440)]


def test_a_second_offer_in_a_currency_is_refused_once(staff: Client):
    offer = RentalOfferFactory()

    answer = staff.post(
        page("rentaloffer", "add"), rental_form(offer.variant, {"from_days": 1, "per_day_minor": "5.90"})
    )

    said = answer.context["adminform"].form.non_field_errors()
    assert said == ["There is a rental offer in this currency already."]


def test_the_rates_of_an_offer_that_changes_its_currency_are_in_the_new_one(staff: Client):
    offer = RentalOfferFactory(rates=[(1, 590)])
    rate = {"id": offer.rates.get().pk, "offer": offer.pk, "from_days": 1, "per_day_minor": "700"}

    answer = staff.post(
        page("rentaloffer", "change", offer.pk),
        rental_form(offer.variant, rate, there=1, currency="JPY", deposit_minor="5000", late_fee_minor="600"),
    )

    assert answer.status_code == 302, errors(answer)
    assert (RentalOffer.objects.in_force().get().deposit_minor, offer.rates.get().per_day_minor) == (5000, 700)


@pytest.mark.parametrize(
    ("fields", "rates", "said"),
    [
        ({}, [], "at least one rate"),
        ({"min_days": 9, "max_days": 3}, [{"from_days": 1, "per_day_minor": "5"}], "cannot be longer than the longest"),
        ({"currency": "JPY"}, [{"from_days": 1, "per_day_minor": "5.50"}], "JPY has no decimals"),
        ({}, [{"from_days": 1, "per_day_minor": "5"}, {"from_days": 1, "per_day_minor": "4"}], "duplicate"),
        (
            {},
            [{"from_days": 7, "per_day_minor": "6"}, {"from_days": 3, "per_day_minor": "5"}],
            "The rate from day 7 on would never apply: a day costs €6.00, and from day 3 on only €5.00.",
        ),
    ],
)
def test_a_rental_offer_that_makes_no_sense_is_explained(
    staff: Client, fields: dict[str, Any], rates: list[dict[str, Any]], said: str
):
    answer = staff.post(page("rentaloffer", "add"), rental_form(VariantFactory(), *rates, **fields))

    assert answer.status_code == 200
    assert said in errors(answer)
    assert not RentalOffer.objects.exists()


def test_the_last_rate_cannot_be_taken_away(staff: Client):
    offer = RentalOfferFactory(rates=[(1, 590)])
    rate = {"id": offer.rates.get().pk, "offer": offer.pk, "from_days": 1, "per_day_minor": "5.90", "DELETE": "on"}

    answer = staff.post(page("rentaloffer", "change", offer.pk), rental_form(offer.variant, rate, there=1))

    assert answer.status_code == 200
    assert offer.rates.count() == 1


def test_the_page_of_a_rental_offer_shows_what_customers_pay(staff: Client):
    shown = staff.get(page("rentaloffer", "change", RentalOfferFactory().pk)).content.decode()

    assert "8 x €5.00, the rate from day 8" in shown


def test_a_tax_rate_is_typed_in_per_cent(staff: Client):
    staff.post(
        page("taxrate", "add"),
        {"country": "CH", "tax_class": "standard", "percent": "8.1", "valid_from": "2024-01-01"},
    )

    assert TaxRate.objects.get().rate_bp == 810
    assert "8.1 %" in staff.get(page("taxrate")).content.decode()
