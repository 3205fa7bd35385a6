"""Several people change the same rows of the catalog: nothing is lost silently, and everybody is told who did what."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from catalog.models import Airline, CabinRule, RentalRate, SaleOffer, SynonymGroup
from inventory.models import RetireRule
from orders.models import CancellationTier
from tests.catalog.test_admin import page, transfer
from tests.desk import as_shown, sit
from tests.factories.accounts import UserFactory
from tests.factories.catalog import (
    ContainerFactory,
    ContainerImageFactory,
    SeasonFactory,
    TaxRateFactory,
    VariantFactory,
    accessory,
    bundle,
)
from tests.factories.inventory import DepotClosureFactory, DepotFactory, DowntimeFactory
from tests.factories.orders import CouponFactory, DeliveryRateFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> Client:
    return sit(Client(), "catalog")


def told(answer: Any) -> list[tuple[str, str, str, bool]]:
    """Of a page that refuses: what, as it was, as it is, whether something else was typed."""
    assert answer.status_code == 200
    return [(one.what, one.was, one.now, one.typed) for one in answer.context["meanwhile"].differences]


def test_who_saves_what_another_changed_meanwhile_is_told_who_did_what_and_loses_nothing_that_was_typed(
    staff: Client, other: Client
):
    row = ContainerFactory(name="Cocoon", brand="Minkaro")
    address = page("container", "change", row.pk)
    mine, theirs = as_shown(staff.get(address)), as_shown(other.get(address))
    other.post(address, theirs | {"name": "Cocoon Air", "published": []})

    answer = staff.post(address, mine | {"name": "Cocoon Sky", "brand": "Minkaro Pro"})

    shown = answer.content.decode()
    assert told(answer) == [("Name", "Cocoon", "Cocoon Air", True), ("Published", "yes", "no", False)]
    (name, _, what), *_ = answer.context["meanwhile"].who
    assert name == str(LogEntry.objects.get().user)
    assert what == "Changed Name from Cocoon to Cocoon Air and Published from yes to no."
    assert "Not saved" in shown
    assert f'href="{address}" target="_blank"' in shown
    row.refresh_from_db()
    assert (row.name, row.brand, row.published) == ("Cocoon Air", "Minkaro", False)
    kept = as_shown(answer)
    assert (kept["name"], kept["brand"], kept.get("published")) == (["Cocoon Sky"], ["Minkaro Pro"], None)

    assert staff.post(address, kept).status_code == 302  # having seen it

    row.refresh_from_db()
    assert (row.name, row.brand, row.published) == ("Cocoon Sky", "Minkaro Pro", False)


def test_a_page_that_nobody_overtook_is_saved_and_nothing_is_said_to_have_changed(client: Client):
    """Every form that says what it showed, with every kind of field."""
    client.force_login(UserFactory(superuser=True))
    variant, whole = VariantFactory(offered=True), bundle(VariantFactory(approved=True), accessory())
    airline = Airline.objects.create(code="LH", name="Lufthansa")
    rule = {"airline": airline, "valid_from": date(2026, 1, 1), "source": "its page", "checked_on": date(2026, 1, 2)}
    rows = [
        ContainerImageFactory().container, variant, whole, variant.sale_offers.get(), variant.rental_offers.get(),
        SeasonFactory(), TaxRateFactory(), airline, CabinRule.objects.create(**rule, trust="good"),
        DepotClosureFactory().depot, DowntimeFactory(), RetireRule.objects.create(variant=variant, after_trips=9),
        SynonymGroup.objects.create(language="de", words=["box", "korb"]), CouponFactory(), DeliveryRateFactory(),
        CancellationTier.objects.create(hours=48, percent=50),
    ]  # fmt: skip
    for row in rows:
        address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
        sent = as_shown(client.get(address))

        answer = client.post(address, sent)

        assert "as_read" in sent, row
        assert answer.status_code == 302, (row, told(answer))
    assert dict.fromkeys(LogEntry.objects.values_list("change_message", flat=True)) == {"[]": None}


def test_an_amount_that_a_file_changed_is_told_in_its_currency_and_a_form_does_not_bring_the_old_one_back(
    staff: Client, other: Client
):
    variant = VariantFactory(sku="MUR-M", offered=True)
    offer = variant.sale_offers.get()
    addresses = [page("variant", "change", variant.pk), page("saleoffer", "change", offer.pk)]
    opened = [as_shown(staff.get(address)) for address in addresses]
    transfer(other, "saleoffer", "sku,currency,price\nMUR-M,EUR,59.90\n")

    answers = [staff.post(address, sent) for address, sent in zip(addresses, opened, strict=True)]

    assert told(answers[0]) == [("sale price in EUR: Price", "€49.90", "€59.90", False)]
    assert told(answers[1]) == [("Price", "€49.90", "€59.90", False)]
    assert [what for *_, what in answers[1].context["meanwhile"].who] == ["Imported: price from €49.90 to €59.90."]
    assert SaleOffer.objects.in_force().get().price_minor == 5990
    assert as_shown(answers[1])["price_minor"] == ["59.90"]


def test_who_changed_a_price_on_the_page_of_its_variant_is_told_on_its_own_page_too(staff: Client, other: Client):
    variant = VariantFactory(offered=True)
    own, whole = page("saleoffer", "change", variant.sale_offers.get().pk), page("variant", "change", variant.pk)
    mine = as_shown(staff.get(own))
    other.post(whole, as_shown(other.get(whole)) | {"sale_offers-0-price_minor": "59.90"})

    answer = staff.post(own, mine)

    ((_, _, what),) = answer.context["meanwhile"].who
    assert what == "Changed Price from €49.90 to €59.90 for sale offer “sale price in EUR”."


def test_rows_that_came_or_went_meanwhile_are_told_and_a_page_that_does_not_show_them_is_never_saved(
    staff: Client, other: Client
):
    carrier, bowl, pad = VariantFactory(approved=True, sku="CAR-M"), accessory(sku="BOWL"), accessory(sku="PADS")
    whole = bundle(carrier, bowl)
    address = page("variant", "change", whole.pk)
    mine, theirs = as_shown(staff.get(address)), as_shown(other.get(address))
    row = {"parts-TOTAL_FORMS": "3", "parts-2-part": pad.pk, "parts-2-quantity": "2", "parts-2-comes_back": "on"}
    assert other.post(address, theirs | row | {"parts-1-DELETE": "on"}).status_code == 302

    first = staff.post(address, mine | {"size": "L"})
    again = staff.post(address, as_shown(first))

    assert [(what, now) for what, _, now, _ in told(first)] == [("2 × PADS", "there"), ("1 × BOWL", "gone")]
    assert told(again) == told(first)
    whole.refresh_from_db()
    assert (whole.size, [part.part.sku for part in whole.parts.all()]) == ("M", ["CAR-M", "PADS"])


def test_rates_pictures_seasons_and_depots_are_kept_from_being_overwritten_too(other: Client):
    """Whoever changes one of them, the page that showed it before is refused."""
    offer = VariantFactory(offered=True).rental_offers.get()
    image = ContainerImageFactory(alt="A bag")
    season, depot = SeasonFactory(), DepotFactory()
    places = Client()
    places.force_login(UserFactory(superuser=True))
    rates, depots = RentalRate.objects.filter(from_days=4), type(depot).objects
    cases = [
        (other, page("rentaloffer", "change", offer.pk), lambda: rates.update(per_day_minor=1)),
        (other, page("container", "change", image.container_id), lambda: type(image).objects.update(alt="The bag")),
        (other, page("container", "change", image.container_id), lambda: type(image).objects.update(image="new.webp")),
        (other, page("season", "change", season.pk), lambda: type(season).objects.update(percent=77)),
        (places, reverse("admin:inventory_depot_change", args=[depot.pk]), lambda: depots.update(city="Bonn")),
    ]
    for who, address, change in cases:
        sent = as_shown(who.get(address))
        change()
        assert [typed for *_, typed in told(who.post(address, sent))] == [False], address


def test_a_page_that_cannot_be_read_is_refused_as_often_as_it_is_sent_and_one_that_says_nothing_is_saved(
    staff: Client,
):
    """What another row's page showed is nothing to compare with either."""
    rows = [offer for _ in range(2) for offer in VariantFactory(offered=True).sale_offers.all()]
    address, another = (page("saleoffer", "change", row.pk) for row in rows)
    sent = as_shown(staff.get(address))
    strange = as_shown(staff.get(another))["as_read"]
    SaleOffer.objects.update(price_minor=5990)

    for as_read in ("yesterday", "é:\x00", sent["as_read"][0][:-1], "x" * 100_000, strange):
        refused = staff.post(address, sent | {"as_read": as_read})
        again = staff.post(address, as_shown(refused))
        assert "your page is too old" in refused.text
        assert "your page is too old" in again.text
    assert set(SaleOffer.objects.values_list("price_minor", flat=True)) == {5990}
    assert staff.post(address, {name: sent[name] for name in sent if name != "as_read"}).status_code == 302


def test_the_check_costs_one_statement_beside_the_lock(staff: Client):
    """Of what was loaded anyway; the savepoint is that of the save."""
    address = page("container", "change", ContainerImageFactory().container_id)
    sent = as_shown(staff.get(address))
    asked = []
    for data in ({k: v for k, v in sent.items() if k != "as_read"}, sent):
        with CaptureQueriesContext(connection) as captured:
            assert staff.post(address, data).status_code == 302
        asked.append(len(captured))

    assert asked[1] <= asked[0] + 1


def test_new_prices_are_not_begun_on_top_of_those_that_another_wrote_meanwhile(staff: Client, other: Client):
    variant = VariantFactory(offered=True, sku="MUR-M")
    day = timezone.localdate() + timedelta(days=30)
    begins = f"{page('variant', 'new_prices', variant.pk)}?on={day}"
    mine, theirs = (sent_by_step(who.get(begins)) for who in (staff, other))
    assert other.post(begins, theirs | {"sale_EUR_price_minor": "59.90"}).status_code == 302

    answer = staff.post(begins, mine | {"rental_EUR_deposit_minor": "41"})

    assert "To buy was €49.90, and is €59.90 now." in unescape(answer.text)
    assert SaleOffer.objects.in_force(day).get().price_minor == 5990
    assert staff.post(begins, sent_by_step(answer)).status_code == 302
    assert SaleOffer.objects.in_force(day).get().price_minor == 5990
    assert variant.rental_offers.in_force(day).get().deposit_minor == 4100


def test_new_prices_of_a_page_that_is_too_old_or_shows_what_is_gone_do_not_begin(staff: Client):
    variant = VariantFactory(offered=True)
    begins = f"{page('variant', 'new_prices', variant.pk)}?on={timezone.localdate() + timedelta(days=30)}"
    sent = sent_by_step(staff.get(begins)) | {"rental_EUR_deposit_minor": "41"}

    forged = staff.post(begins, sent | {"as_read": "yesterday"})
    again = staff.post(begins, sent | sent_by_step(forged))
    RentalRate.objects.filter(from_days=8).delete()
    fewer = staff.post(begins, sent | {"rental_EUR_8": "4.50"})

    assert "your page is too old" in forged.text
    assert "your page is too old" in again.text
    assert "What your page showed last was 5.00, and is gone now." in unescape(fewer.text)
    assert variant.rental_offers.count() == 1


def sent_by_step(answer: Any) -> dict[str, Any]:
    return {field.html_name: field.value() for field in answer.context["form"]} | dict(answer.context["hidden"])


def test_deleting_says_in_our_words_what_goes_and_what_to_do_instead(staff: Client):
    variant = VariantFactory(offered=True, sku="MUR-M")
    season = SeasonFactory(name="Christmas")
    ticked = {"action": "delete_selected", "_selected_action": [variant.sale_offers.get().pk]}

    pages = [
        staff.get(page("container", "delete", variant.container_id)).text,
        staff.get(page("season", "delete", season.pk)).text,
        staff.post(page("saleoffer"), ticked).text,
    ]

    assert "To take it out of the shop, unpublish it" in pages[0]
    assert "Variant: MUR-M" in strip_tags(pages[0])
    assert "Its days cost what other days do" in pages[1]
    assert "Withdraw 1 sale offer?" in pages[2]
    assert "What is in force ends now" in pages[2]
    staff.post(page("saleoffer"), ticked | {"post": "yes"})
    assert [offer.is_over for offer in variant.sale_offers.all()] == [True]
    history = strip_tags(staff.get(page("variant", "history", variant.pk)).text)
    assert "No longer offer MUR-M to buy in EUR. It was €49.90." in history
    rental = staff.get(page("rentaloffer", "change", variant.rental_offers.get().pk)).text
    assert "No longer offer…" in rental
    assert "Delete rental offer" not in " ".join(rental.split())


def test_the_history_tells_amounts_approvals_and_days_by_the_clock_of_the_shop(client: Client, settings: Any):
    settings.TIME_ZONE = "Europe/Berlin"
    variant = VariantFactory(offered=True, sku="MUR-M")
    offer = variant.rental_offers.get()
    address = page("rentaloffer", "change", offer.pk)
    with time_machine.travel(datetime(2026, 12, 1, 23, 30, tzinfo=UTC), tick=False):
        staff = sit(client, "catalog")
        sent = as_shown(staff.get(address)) | {"deposit_minor": "41", "rates-0-per_day_minor": "9.90", "max_days": "30"}
        staff.post(address, sent | {"rates-2-DELETE": "on"})
        staff.post(page("variant", "inspect", variant.pk), {"note": ""})
        asked = staff.get(begins := f"{page('variant', 'new_prices', variant.pk)}?on=2026-12-24")
        amounts = {name: field.initial for name, field in asked.context["form"].fields.items()}
        staff.post(begins, amounts | {"sale_EUR_price_minor": "59.90"})

        told = [unescape(strip_tags(staff.get(page(*row)).text)) for row in
            (("rentaloffer", "history", offer.pk), ("variant", "history", variant.pk))]  # fmt: skip

    assert "2 Dec 2026, 00:30 CET" in told[0]
    assert (
        "Changed Deposit from €40.00 to €41.00 and Longest rental (days) from 60 to 30. "
        "Changed Price a day from €9.00 to €9.90 for rental rate “from 1 days”. "
        "Deleted rental rate “from 8 days: Price a day €5.00”."
    ) in told[0]
    assert "Checked against the list: approval from approved to refused." in told[1]
    assert "New prices from 24 Dec 2026 on: To buy from €49.90 to €59.90." in told[1]
