"""The catalog as whoever keeps it changes it: containers, bundles, approvals, rules, prices from a day on, files."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from openpyxl import Workbook
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from catalog.checklist import CHECKLIST
from catalog.models import CabinRule, Container, SaleOffer, Variant, shop_today
from catalog.resources import OUR_RULES, import_airline_rules
from config.groups import setup_groups
from tests.browser.conftest import Looking
from tests.factories.accounts import UserFactory
from tests.factories.catalog import SaleOfferFactory, VariantFactory, accessory, bundle
from tests.orders.desk import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _keeper(page: Page, client: Client, live_server: LiveServer) -> None:
    """She is logged in already: how that is done, others test."""
    setup_groups()
    keeper = UserFactory(staff=True, email="noa.klein@example.com", name="Noa Klein")
    keeper.groups.add(Group.objects.get(name="catalog"))
    client.force_login(keeper)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


def needs_no_scrolling(page: Page, selector: str) -> bool:
    """Nothing in it is wider than it is."""
    return bool(page.locator(selector).evaluate("it => it.scrollWidth <= it.clientWidth"))


def picture_of(page: Page, number: int) -> Locator:
    return page.locator("tr", has=page.locator(f"[name=images-{number}-image]")).locator("img").first


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_container_is_made_with_pictures_that_are_shown_before_they_are_saved_and_put_in_order(
    page: Page, look: Looking, tmp_path: Path
) -> None:
    files = [tmp_path / f"{colour}.png" for colour in ("teal", "tomato")]
    for file in files:
        Image.new("RGB", (400, 300), file.stem).save(file)
    page.goto(address("catalog_container_add"))
    page.get_by_label("Name").first.fill("Murmur")
    page.get_by_label("Brand").press_sequentially("Minkaro")
    expect(page.get_by_label("Slug")).to_have_value("minkaro-murmur")
    page.locator("[name=kind]").select_option("soft")
    page.get_by_text("Pictures", exact=True).first.click()
    for number, file in enumerate(files):
        page.get_by_text("Add another Picture").click()
        page.locator(f"[name=images-{number}-image]").set_input_files(file)
        page.locator(f"[name=images-{number}-alt]").fill(f"A {file.stem} bag")
        expect(picture_of(page, number)).to_have_js_property("naturalWidth", 400)
    look("container-new")
    save(page)
    expect(page.get_by_text("was added successfully")).to_be_visible()

    container = Container.objects.get(slug="minkaro-murmur")
    assert [image.alt for image in container.images.all()] == ["A teal bag", "A tomato bag"]
    page.goto(address("catalog_container_change", container))
    page.get_by_text("Pictures", exact=True).first.click()
    expect(picture_of(page, 1)).to_be_visible()
    look("container")
    assert needs_no_scrolling(page, "#images-group .formset-wrapper")

    page.locator("[name=images-0-alt_de]").fill("Eine Tasche")
    grips = page.locator("#images-data [x-sort\\:handle]")
    grips.nth(1).drag_to(grips.nth(0), target_position={"x": 10, "y": 2})
    expect(page.locator("[name=images-1-position]")).to_have_value("0")
    save(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    images: list[Any] = list(container.images.all())
    assert [(image.alt, image.alt_de) for image in images] == [("A tomato bag", ""), ("A teal bag", "Eine Tasche")]


def test_a_bundle_measures_what_its_first_part_does_and_is_shown_with_its_parts_in_each_language(
    page: Page, look: Looking
) -> None:
    carrier = VariantFactory(sku="MUR-M", container__name_de="Gemurmel")
    whole = bundle(carrier, accessory(sku="BOWL"), sku="SET-M")
    page.goto(address("catalog_variant_change", whole))
    expect(page.get_by_text("A bundle measures what its first part does")).to_be_visible()
    expect(page.locator("[name=weight_g]")).to_have_count(0)
    look("bundle-measures")

    page.goto(address("catalog_container_app", whole.container))
    page.get_by_role("link", name="Deutsch", exact=True).click()
    expect(page.get_by_text(f"1 × {carrier.container.brand} Gemurmel")).to_be_visible()
    expect(page.get_by_role("link", name="SET-M")).to_be_visible()
    look("app-german")


def test_a_variant_is_checked_against_the_list_and_its_history_tells_by_whom(page: Page, look: Looking) -> None:
    variant = VariantFactory(sku="MUR-M")
    page.goto(address("catalog_variant_change", variant))
    page.get_by_role("link", name="Check against the list").first.click()
    for item in CHECKLIST[1:]:
        page.get_by_label(item.title).check()
    page.locator("[name=note]").fill("The left side has no openings.")
    look("inspection")
    page.get_by_role("button", name="Save the result").click()

    expect(page.get_by_text("MUR-M is refused; customers do not see it.")).to_be_visible()
    for told in ("Ventilation", "The left side has no openings.", "Noa Klein"):
        expect(page.get_by_text(told, exact=True).first).to_be_visible()
    look("inspected")


def test_what_cannot_be_a_size_is_said_beside_it_with_its_range(page: Page, look: Looking) -> None:
    variant = VariantFactory(sku="MUR-M")
    page.goto(address("catalog_variant_change", variant))
    page.locator("[name=inner_length_mm]").fill("0")
    page.locator("[name=outer_width_mm]").fill("99999")
    save(page)

    expect(page.get_by_text("Write a length from 50 to 2000 mm, or from 5 to 200 cm.").first).to_be_visible()
    look("variant-refused")
    page.locator("[name=inner_length_mm]").fill("41,5 cm")
    page.locator("[name=outer_width_mm]").fill("280")
    save(page)
    page.wait_for_url("**/variant/")
    variant.refresh_from_db()
    assert (variant.inner_length_mm, variant.outer_width_mm) == (415, 280)


def test_a_rule_gets_a_new_version_that_begins_with_the_last_one(page: Page, look: Looking) -> None:
    import_airline_rules(OUR_RULES)
    rule = CabinRule.objects.filter(airline__code="LH", allowed=True).first()
    assert rule is not None
    page.goto(address("catalog_cabinrule_change", rule))
    look("rule")
    page.get_by_role("link", name="New version").first.click()
    expect(page.locator("[name=length_mm]")).to_have_value(str(rule.length_mm))
    page.locator("[name=height_mm]").fill("210")
    page.locator("[name=valid_from]").fill(str(shop_today() + timedelta(days=30)))
    look("rule-new")
    save(page)
    page.wait_for_url("**/cabinrule/")

    assert CabinRule.objects.filter(airline=rule.airline, height_mm=210).count() == 1


def test_a_price_begins_on_a_day_is_seen_to_come_and_withdrawn(page: Page, look: Looking) -> None:
    variant, first = VariantFactory(sku="MUR-M", offered=True), shop_today() + timedelta(days=28)
    page.goto(address("catalog_variant_change", variant))
    page.get_by_role("link", name="New price from…").first.click()
    page.get_by_label("First day").fill(str(first))
    look("price-day")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("To buy").fill("59,90")
    look("price-amounts")
    page.get_by_role("button", name="Let it begin").click()

    expect(page.get_by_role("cell", name="€59.90")).to_be_visible()
    page.get_by_role("link", name="Withdraw…").scroll_into_view_if_needed()
    look("price-to-come")
    assert SaleOffer.objects.get(valid_from=first).price_minor == 5990
    page.get_by_role("link", name="Withdraw…").click()
    expect(page.get_by_text("€49.90 holds on, as today")).to_be_visible()
    look("price-withdraw")
    page.get_by_role("button", name="Withdraw").click()
    page.wait_for_url(f"**{address('catalog_variant_change', variant)}")
    assert SaleOffer.objects.get().valid_until is None


def test_a_file_is_looked_at_first_and_then_taken_over(page: Page, look: Looking, tmp_path: Path) -> None:
    variant = VariantFactory(sku="MUR-M")
    page.goto(address("catalog_variant_changelist"))
    page.goto(address("catalog_variant_import"))
    file = tmp_path / "variants.csv"
    names = [field.column for field in Variant._meta.fields if field.name not in ("id", "container")]
    told = [getattr(variant, name) for name in names]
    rows = [[variant.container.slug, *told], [variant.container.slug, *told]]
    rows[0][1 + names.index("weight_g")], rows[1][1 + names.index("sku")] = 1333, "MUR-L"
    file.write_text("\n".join(",".join(map(str, row)) for row in [["container", *names], *rows]))
    page.locator("[name=import_file]").set_input_files(file)
    page.locator("[name=format]").select_option("0")
    page.get_by_role("button", name="Submit").click()

    expect(page.get_by_text("MUR-L").first).to_be_visible()
    assert not Variant.objects.filter(sku="MUR-L").exists()
    look("import-preview")
    page.get_by_role("button", name="Confirm import").click()
    page.wait_for_url("**/variant/")
    variant.refresh_from_db()
    assert (variant.weight_g, Variant.objects.filter(sku="MUR-L").exists()) == (1333, True)


def test_a_workbook_with_mistakes_is_told_all_of_them(page: Page, look: Looking, tmp_path: Path) -> None:
    VariantFactory(sku="MUR-M", container__slug="murmur")
    book, file = Workbook(), tmp_path / "variants.xlsx"
    for row in (["container", "sku", "colour_hex", "weight_g"], ["murmur", "MUR-M", "green", "9 kg"]):
        book.active.append(row)
    book.save(file)
    page.goto(address("catalog_variant_import"))
    page.locator("[name=import_file]").set_input_files(file)
    expect(page.locator("[name=format]")).to_have_value("2")  # as its name says
    page.get_by_role("button", name="Submit").click()

    for said in ("Use #rrggbb.", '"9 kg" is not a whole number such as 460, without a unit.'):
        expect(page.get_by_text(said)).to_be_visible()
    look("import-refused")


def test_the_history_of_a_row_fits_its_window_however_long_an_entry_is(page: Page, look: Looking) -> None:
    offer = SaleOfferFactory(variant__sku="MUR-M-SAGE")
    said = "Imported: price, tax_class, from, and everything else that a long entry of the history has to say."
    LogEntry.objects.log_actions(User.objects.get(name="Noa Klein").pk, [offer], CHANGE, said, single_object=True)

    page.goto(address("catalog_saleoffer_history", offer.pk))
    expect(page.get_by_text(said)).to_be_visible()
    look("history")
