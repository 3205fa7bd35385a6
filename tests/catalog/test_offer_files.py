"""Prices to buy and to rent travel in files: out and in again nothing changes, and what is wrong is said at once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.models import RentalOffer, RentalRate, Variant
from catalog.offer_resources import RentalOfferResource
from catalog.price_changes import NewPrice, change_prices, split
from tests.catalog.test_admin import page, transfer
from tests.catalog.test_files import upload, workbook, wrong_cells
from tests.factories.accounts import UserFactory
from tests.factories.catalog import RentalOfferFactory, SaleOfferFactory, VariantFactory

pytestmark = pytest.mark.django_db
TODAY, CHRISTMAS = date(2026, 11, 26), date(2026, 12, 24)
COLUMNS = list(RentalOfferResource.Meta.fields)
CSV, XLSX = "0", "2"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 26, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def variant() -> Variant:
    return VariantFactory(sku="MUR-M", offered=True)


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (RentalOffer, RentalRate)]


def exported(staff: Client) -> bytes:
    chosen = dict.fromkeys((f"rentalofferresource_{name}" for name in COLUMNS), "on")
    return staff.post(page("rentaloffer", "export"), {"format": XLSX, **chosen}).content


def test_rental_offers_come_back_from_files_of_both_kinds_as_they_went(staff: Client, variant: Variant):
    split(variant.rental_offers.get(), TODAY)  # what was before today stays out of the file
    change = NewPrice(variant.rental_offers.in_force().get(), {"deposit_minor": 4100}, {4: 690})
    change_prices(on=CHRISTMAS, prices=[change], actor=UserFactory())
    RentalOfferFactory(variant=variant, currency="JPY", rates=[(1, 900)], min_days=2)
    before = everything()

    text = RentalOfferResource().export().csv
    transfer(staff, "rentaloffer", text)
    upload(staff, "rentaloffer", exported(staff))

    assert sorted(text.splitlines()) == [
        "MUR-M,EUR,1+ 9.00; 4+ 6.90; 8+ 5.00,41.00,6.00,1,60,0,1,50,100,standard,2026-12-24",
        "MUR-M,EUR,1+ 9.00; 4+ 7.00; 8+ 5.00,40.00,6.00,1,60,0,1,50,100,standard,2026-11-26",
        "MUR-M,JPY,1+ 900,4000,600,2,60,0,1,50,100,standard,2021-01-01",
        ",".join("from" if name == "valid_from" else name for name in COLUMNS),
    ]
    assert everything() == before
    assert not LogEntry.objects.exists()


def test_a_file_changes_rates_and_terms_after_a_look_at_them_and_what_they_were_is_kept(
    staff: Client, variant: Variant
):
    VariantFactory(sku="SLI-M")
    rows = [
        ["sku", "currency", "rates", "deposit", "late_fee", "max_days", "from"],
        ["MUR-M", "EUR", "1+ 9.50; 5+ 6", 45, 6, 60, None],
        ["SLI-M", "CHF", "1+ 7", 0, 5.5, 30, date(2026, 12, 24)],
    ]
    file = SimpleUploadedFile("rows.xlsx", workbook(*rows))

    shown = staff.post(page("rentaloffer", "import"), {"format": XLSX, "import_file": file}).text
    upload(staff, "rentaloffer", workbook(*rows))

    assert "<del>1+ €9.00 · 4+ €7.00 · 8+ €5.00</del> <ins>1+ €9.50 · 5+ €6.00</ins>" in shown
    assert "<del>€40.00</del> <ins>€45.00</ins>" in shown
    offer, old = variant.rental_offers.order_by("-valid_from")
    assert [(rate.from_days, rate.per_day_minor) for rate in offer.rates.all()] == [(1, 950), (5, 600)]
    assert [(rate.from_days, rate.per_day_minor) for rate in old.rates.all()] == [(1, 900), (4, 700), (8, 500)]
    assert (offer.deposit_minor, offer.valid_from, old.deposit_minor, old.valid_until) == (4500, TODAY, 4000, TODAY)
    new = RentalOffer.objects.get(variant__sku="SLI-M")
    assert (new.currency, new.deposit_minor, new.max_days, new.valid_from) == ("CHF", 0, 30, CHRISTMAS)
    assert {entry.object_id: entry.get_change_message() for entry in LogEntry.objects.all()} == {
        str(offer.pk): "Imported: rates from 1+ €9.00 · 4+ €7.00 · 8+ €5.00 to 1+ €9.50 · 5+ €6.00, "
        "deposit from €40.00 to €45.00.",
        str(new.pk): "Imported: new, rates 1+ CHF\xa07.00, deposit CHF\xa00.00, late_fee CHF\xa05.50.",
    }


def test_what_is_wrong_with_rates_and_terms_is_said_together_and_nothing_is_taken_over(variant: Variant):
    VariantFactory(sku="SLI-M")
    row = {"sku": "MUR-M", "currency": "EUR", "rates": "1+ 9; 4 days 7; 4+ 1.234,5; 200+ 3; 1+ 8", "deposit": "-1"}
    before = everything()

    said = wrong_cells(
        RentalOfferResource,
        row | {"late_fee": "=1+1", "min_days": "two"},
        row | {"rates": "1+ 5; 4+ 6", "deposit": "5", "late_fee": "5", "min_days": "1"},
        row | {"rates": "", "deposit": "5", "late_fee": "5", "min_days": "1"},
        {"sku": "SLI-M", "currency": "EUR", "rates": "1+ 5", "deposit": "", "late_fee": "5", "min_days": "90"},
    )

    assert " ".join(said[0]["rates"]) == (
        '"4 days 7" is no rate. Write them as in "1+ 9.00; 4+ 7.00": from 1 day on 9.00 a day, from 4 days on 7.00. '
        '"1.234,5" is not an amount such as 49.90. Ensure this value is less than or equal to 180. '
        'There are two rates "1+".'
    )
    assert said[0]["deposit"] == ["An amount cannot be less than nothing."]
    assert said[0]["min_days"] == ['"two" is not a whole number such as 460, without a unit.']
    assert said[0]["late_fee"] == ['"=1+1" is not an amount such as 49.90.']
    assert "would never apply" in said[1]["rates"][0]
    assert "At least one rate is needed" in said[2]["rates"][0]
    assert list(said[3]) == ["deposit", "__all__"]  # a rental of 90 days at least, of 60 at most
    assert everything() == before


def test_a_new_offer_without_rates_is_refused(variant: Variant):
    VariantFactory(sku="SLI-M")

    (said,) = wrong_cells(RentalOfferResource, {"sku": "SLI-M", "currency": "EUR", "deposit": "5", "late_fee": "5"})

    assert list(said) == ["rates"]
    assert "At least one rate is needed" in said["rates"][0]


def test_a_price_is_shown_as_people_read_it_before_it_is_taken_over(staff: Client):
    SaleOfferFactory(variant__sku="MUR-M", price_minor=12900)
    SaleOfferFactory(variant__sku="SLI-M", currency="JPY", price_minor=8000)
    text = "sku,currency,price\nMUR-M,EUR,139.00\nSLI-M,JPY,8000\n"
    file = SimpleUploadedFile("rows.csv", text.encode())

    shown = staff.post(page("saleoffer", "import"), {"format": CSV, "import_file": file}).text

    assert "<del>€129.00</del> <ins>€139.00</ins>" in shown
    assert "¥8,000" in shown
    assert "12900" not in shown
