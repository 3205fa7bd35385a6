"""The catalog as whoever keeps it changes it: containers, approvals, rules, prices from a day on, files."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from catalog.checklist import CHECKLIST
from catalog.models import CabinRule, Container, SaleOffer, Variant, shop_today
from catalog.resources import OUR_RULES, import_airline_rules
from config.groups import setup_groups
from tests.browser.conftest import Snap, log_in
from tests.browser.test_admin import fits
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory
from tests.orders.desk import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1440, 900)
Look = Callable[[str], None]


@pytest.fixture(autouse=True)
def _keeper(page: Page) -> None:
    setup_groups()
    keeper = UserFactory(staff=True, email="noa.klein@example.com", name="Noa Klein")
    keeper.groups.add(Group.objects.get(name="catalog"))
    log_in(page, keeper)


@pytest.fixture
def look(page: Page, snap: Snap) -> Look:
    """Nothing sticks out, on a desk and on a small screen."""

    def at_both_widths(name: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert fits(page), f"{name} at {width}"
            snap(f"{name}-{width}")
        page.set_viewport_size({"width": 1440, "height": 900})

    return at_both_widths


def picture_of(page: Page, number: int) -> Locator:
    return page.locator("tr", has=page.locator(f"[name=images-{number}-image]")).locator("img").first


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_container_is_made_with_pictures_that_are_shown_before_they_are_saved_and_put_in_order(
    page: Page, look: Look, tmp_path: Path
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


def test_a_variant_is_checked_against_the_list_and_its_history_tells_by_whom(page: Page, look: Look) -> None:
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


def test_what_cannot_be_a_size_is_said_beside_it_with_its_range(page: Page, look: Look) -> None:
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


def test_a_rule_gets_a_new_version_that_begins_with_the_last_one(page: Page, look: Look) -> None:
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


def test_a_price_begins_on_a_day_is_seen_to_come_and_undone(page: Page, look: Look) -> None:
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
    page.get_by_role("link", name="Undo").scroll_into_view_if_needed()
    look("price-to-come")
    assert SaleOffer.objects.get(valid_from=first).price_minor == 5990
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Yes, I’m sure").click()
    page.wait_for_url("**/saleoffer/")
    assert SaleOffer.objects.get().valid_until is None


def test_a_file_is_looked_at_first_and_then_taken_over(page: Page, look: Look, tmp_path: Path) -> None:
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
