"""The catalog's staff pages: what they show, what each group may do, inspections, import and export."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape
from PIL import Image

from catalog.checklist import CHECKLIST
from catalog.models import Airline, Approval, Container, SaleOffer, Season, SynonymGroup, Variant
from catalog.resources import ContainerResource
from tests.desk import errors, formset
from tests.factories.accounts import UserFactory, client_for
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    ContainerImageFactory,
    SaleOfferFactory,
    SeasonFactory,
    TaxRateFactory,
    VariantFactory,
    accessory,
    bundle,
)

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Client]


def page(model: str, action: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:catalog_{model}_{action}", args=args)


def test_every_page_of_the_catalog_opens(staff: Client):
    variant = VariantFactory(offered=True)
    ContainerImageFactory(container=variant.container)
    ApprovalFactory(variant=variant, refused=True)
    rows = {
        "container": variant.container_id,
        "variant": variant.pk,
        "saleoffer": variant.sale_offers.get().pk,
        "rentaloffer": variant.rental_offers.get().pk,
        "season": SeasonFactory().pk,
        "taxrate": TaxRateFactory().pk,
        "synonymgroup": SynonymGroup.objects.create(language="de", words=["box", "korb"]).pk,
    }

    for model, pk in rows.items():
        for address in (page(model), page(model, "add"), page(model, "change", pk), page(model, "delete", pk)):
            assert staff.get(address).status_code == 200, address


@pytest.mark.parametrize("model", ["container", "variant", "rentaloffer", "saleoffer"])
def test_no_list_asks_more_when_it_has_more_rows(staff: Client, model: str):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(page(model))
        return len(captured)

    VariantFactory(offered=True)
    staff.get(page(model))
    few = statements()
    for _ in range(8):
        ContainerImageFactory(container=VariantFactory(offered=True).container)

    assert statements() == few


def test_the_container_list_tells_prices_pictures_and_approvals(staff: Client):
    container = ContainerFactory(name="Murmur", brand="Minkaro")
    ContainerImageFactory(container=container)
    VariantFactory(container=container, offered=True)
    VariantFactory(container=container)

    shown = staff.get(page("container")).content.decode()

    for text in ("Murmur", "Minkaro", "Soft bag", "2, 1 approved", "€49.90", "€5.00 a day", "/media/containers/"):
        assert text in shown


@pytest.mark.parametrize(("query", "found"), [("mur-1", 1), ("minkaro", 1), ("nothing", 0)])
def test_containers_are_found_by_sku_and_brand(staff: Client, query: str, found: int):
    VariantFactory(sku="MUR-1", container__brand="Minkaro")
    VariantFactory(sku="XXX-1", container__brand="Other")

    assert len(staff.get(page("container"), {"q": query}).context["cl"].result_list) == found


def test_containers_are_published_in_bulk_and_the_history_knows(staff: Client):
    container = ContainerFactory(published=False)

    staff.post(page("container"), {"action": "publish", "_selected_action": [container.pk]})

    assert Container.objects.get().published
    assert "Published." in staff.get(page("container", "history", container.pk)).content.decode()


def test_a_container_is_made_with_a_picture(staff: Client, tmp_path: Any):
    file = tmp_path / "bag.webp"
    Image.new("RGB", (8, 8), "teal").save(file)
    picture = {"image": SimpleUploadedFile("bag.webp", file.read_bytes(), "image/webp"), "alt": "A bag", "position": 0}

    answer = staff.post(
        page("container", "add"),
        {"name": "Murmur", "brand": "Minkaro", "slug": "murmur", "kind": "soft", "description": ""}
        | formset("images", picture)
        | formset("variants"),
    )

    assert answer.status_code == 302, errors(answer)
    assert Container.objects.get().images.get().image.name.startswith("containers/bag")


def test_a_container_is_translated_on_its_own_page_and_what_is_left_empty_falls_back(staff: Client):
    told = {"name": "Murmur", "brand": "Minkaro", "slug": "murmur", "kind": "soft", "description": "Quiet."}

    answer = staff.post(
        page("container", "add"),
        told
        | {"name_de": "Gemurmel", "description_de": "Leise.\r\nWeich.", "name_fr": ""}
        | formset("images")
        | formset("variants"),
    )

    assert answer.status_code == 302, errors(answer)
    made: Any = Container.objects.get()
    assert (made.name, made.name_de, made.description_de) == ("Murmur", "Gemurmel", "Leise.\nWeich.")
    with translation.override("fr"):
        assert (made.name_i18n, made.description_i18n) == ("Murmur", "Quiet.")


def test_containers_are_exported_and_imported_with_their_translations(staff: Client):
    ContainerFactory(slug="one", name="One", name_de="Eins", description="First.", description_de="Erstens.")

    chosen = {f"containerresource_{name}": "on" for name in ContainerResource.Meta.fields}

    table = staff.post(page("container", "export"), {"format": "0", **chosen}).content.decode()
    done = transfer(staff, "container", table.replace("Eins", "Nummer 1").replace("First.", "The first."))

    assert done.status_code == 200
    row: Any = Container.objects.get()
    assert (row.name, row.name_de, row.description, row.description_de) == ("One", "Nummer 1", "The first.", "Erstens.")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [("box", "One word alone"), ("box, cat box", "Single words"), ("", "required")],
)
def test_synonyms_that_are_none_are_refused_in_plain_words(staff: Client, words: str, complaint: str):
    answer = staff.post(page("synonymgroup", "add"), {"language": "de", "words": words})

    assert complaint in str(answer.context["errors"])


def test_synonyms_are_typed_with_commas(staff: Client):
    SynonymGroup.objects.all().delete()
    staff.post(page("synonymgroup", "add"), {"language": "fr", "words": "Caisse, sac,cage"})

    assert SynonymGroup.objects.get(language="fr", words__contains=["caisse"]).words == ["caisse", "sac", "cage"]


def test_an_inspection_approves_when_every_item_is_met(staff: Client):
    variant = VariantFactory()

    answer = staff.post(page("variant", "inspect", variant.pk), dict.fromkeys([i.code for i in CHECKLIST], "on"))

    assert answer.status_code == 302
    approval = Approval.objects.get()
    assert (approval.result, approval.approved_by.is_staff) == ("approved", True)
    assert all(approval.checklist.values())


def test_an_inspection_with_a_missing_item_ends_an_approval(staff: Client):
    variant = VariantFactory(approved=True)

    staff.post(page("variant", "inspect", variant.pk), {"latch": "on", "note": "The zip opened."})

    assert not Variant.objects.approved().exists()
    assert "The zip opened." in staff.get(page("variant", "change", variant.pk)).content.decode()


def test_the_list_to_check_against_is_shown(staff: Client):
    shown = staff.get(page("variant", "inspect", VariantFactory().pk)).content.decode()

    assert all(item.title in shown for item in CHECKLIST)


def transfer(staff: Client, model: str, text: str) -> Any:
    """Import a CSV, first as a preview, then for good."""
    preview = staff.post(
        page(model, "import"), {"format": "0", "import_file": SimpleUploadedFile("rows.csv", text.encode())}
    )
    if (confirm := preview.context.get("confirm_form")) is None:
        return preview
    return staff.post(page(model, "process_import"), confirm.initial, follow=True)


def test_prices_travel_as_decimals(staff: Client):
    SaleOfferFactory(variant__sku="MUR-M", price_minor=4990)
    VariantFactory(sku="SLI-M")

    chosen = dict.fromkeys((f"saleofferresource_{n}" for n in ("sku", "currency", "price", "tax_class")), "on")
    exported = staff.post(page("saleoffer", "export"), {"format": "0", **chosen})
    transfer(staff, "saleoffer", "sku,currency,price,tax_class\nMUR-M,EUR,59.90,standard\nSLI-M,JPY,8000,reduced\n")

    assert exported.content.decode().splitlines() == [
        "sku,currency,price,tax_class,from",
        "MUR-M,EUR,49.90,standard,2021-01-01",
    ]
    prices = SaleOffer.objects.in_force().order_by("currency").values_list("variant__sku", "price_minor", "tax_class")
    assert list(prices) == [("MUR-M", 5990, "standard"), ("SLI-M", 8000, "reduced")]


@pytest.mark.parametrize(
    "row", ["NONE,EUR,5,standard", "MUR-M,XXY,5,standard", "MUR-M,JPY,5.5,standard", "MUR-M,EUR,-1,standard"]
)
def test_a_wrong_row_is_reported_and_nothing_is_taken_over(staff: Client, row: str):
    VariantFactory(sku="MUR-M")

    answer = transfer(staff, "saleoffer", f"sku,currency,price,tax_class\nMUR-M,EUR,5,standard\n{row}\n")

    assert answer.context["result"].has_errors() or answer.context["result"].has_validation_errors()
    assert not SaleOffer.objects.exists()


HEAD = "container,sku,size,colour,colour_hex,weight_g"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,price\nX,5\n", ["The file lacks the column sku.", "The file has the unknown columns name, price."]),
        (f"{HEAD}\nnowhere,MUR-M,M,sage,#8aa38a,1000\n", ['There is no container "nowhere".']),
        (f"{HEAD}\nmurmur,MUR-M,M,sage,#8aa38a,heavy\n", ["weight_g:", '"heavy" is not a whole number']),
        (f"{HEAD}\nmurmur,MUR-M,M,sage,#8aa38a,8000.7\n", ["weight_g:", '"8000.7" is not a whole number']),
        (f"{HEAD}\nmurmur,MUR-M,M,sage,#8aa38a,8 kg\n", ['"8 kg" is not a whole number such as 460, without a unit.']),
        (f"{HEAD}\nmurmur,MUR-M,M\0,sage,#8aa38a,1000\n", ["size:", "a sign in it that is no text"]),
        (f"{HEAD}\nmurmur,MUR\0-M,M,sage,#8aa38a,1000\n", ["sku:", "a sign in it that is no text"]),
        (f"{HEAD}\nnowhere,MUR-M,M,sage,#8aa38a,1e999999\n", ["nowhere", '"1e999999" is not a whole number']),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_plain_words(staff: Client, text: str, told: list[str]):
    VariantFactory(sku="MUR-M", container__slug="murmur")

    answer = transfer(staff, "variant", text).content.decode()

    assert [words for words in told if escape(words) not in answer] == []
    assert [word for word in ("Traceback", ".py", "matching query", "decimal.") if word in answer] == []


def test_a_sale_price_for_an_unknown_variant_is_said_for_its_cell(staff: Client):
    answer = transfer(staff, "saleoffer", "sku,currency,price,tax_class\nNONE,EUR,dear,standard\n").content.decode()

    assert escape('There is no sku "NONE".') in answer
    assert escape('"dear" is not an amount such as 49.90.') in answer


@pytest.mark.parametrize("note", ['=HYPERLINK("https://evil.example")', "+1", "-2+3", "@SUM(A1)"])
def test_a_cell_that_is_a_formula_is_refused_and_one_that_looks_like_one_is_exported_as_text(staff: Client, note: str):
    cell = note.replace('"', '""')
    answer = transfer(staff, "airline", f'code,name\nLH,"{cell}"\n').content.decode()

    assert "begins as a formula does" in answer
    assert not Airline.objects.exists()

    Airline.objects.create(code="LH", name=note)
    exported = staff.post(
        page("airline", "export"), {"format": "0", "airlineresource_code": "on", "airlineresource_name": "on"}
    )
    assert f'LH,"\'{cell}"' in exported.text or f"LH,'{note}" in exported.text
    transfer(staff, "airline", exported.text)
    assert Airline.objects.get().name == note


def test_a_file_that_cannot_be_read_says_what_to_do(staff: Client):
    junk = {"format": "1", "import_file": SimpleUploadedFile("rows.json", b"\xff\xfe{")}

    answer = staff.post(page("variant", "import"), junk).content.decode()

    assert "This file cannot be read." in answer


def test_a_description_that_nobody_changed_stays_as_it_is(staff: Client):
    container = ContainerFactory(name="Cocoon", description="Light.\nFolds flat.")
    sent = {
        **{name: getattr(container, name) for name in ("name", "brand", "kind", "slug", "published")},
        "description": "Light.\r\nFolds flat.",
        **formset("images"),
        **formset("variants"),
    }

    answer = staff.post(page("container", "change", container.pk), sent | {"name": "Anew"})

    container.refresh_from_db()
    assert answer.status_code == 302
    assert (container.name, container.description) == ("Anew", "Light.\nFolds flat.")
    assert LogEntry.objects.get().get_change_message() == "Changed Name from Cocoon to Anew."


def test_variants_are_imported_by_sku(staff: Client):
    variant = VariantFactory(sku="MUR-M", container__slug="murmur", weight_g=1000)
    sizes = "inner_length_mm,inner_width_mm,inner_height_mm,outer_length_mm,outer_width_mm,outer_height_mm"
    head = f"container,sku,size,colour,colour_hex,{sizes},weight_g,max_load_g\n"

    transfer(
        staff, "variant",
        head + "murmur,MUR-M,M,sage,#8aa38a,420,250,240,440,270,260,1150,7500\n"
        "murmur,MUR-L,L,sage,#8aa38a,460,270,260,480,290,280,1300,8500\n",
    )  # fmt: skip

    variant.refresh_from_db()
    assert variant.weight_g == 1150
    assert Variant.objects.get(sku="MUR-L").container == variant.container


def variant_form(variant: Variant, **sales: Any) -> dict[str, Any]:
    names = [field.name for field in Variant._meta.fields if field.name != "id"]
    data = {name: getattr(variant, f"{name}_id" if name == "container" else name) for name in names}
    return data | formset("parts") | formset("rental_offers") | formset("approvals") | sales


def test_a_new_sku_has_to_be_known_at_the_warehouse_too(staff: Client):
    variant, sales = VariantFactory(sku="MUR-M"), formset("sale_offers")
    address, said = page("variant", "change", variant.pk), "The warehouse has to call it MUR-XL too"

    other = staff.post(address, variant_form(variant, **sales) | {"size": "XL"}, follow=True)
    renamed = staff.post(address, variant_form(variant, **sales) | {"sku": "MUR-XL"}, follow=True)

    assert "The warehouse has to call it" not in other.text
    assert said in renamed.text


@pytest.mark.parametrize("group", ["clerk", "auditor"])
def test_those_who_only_look_cannot_change_the_catalog(desk: Desk, group: str):
    client, variant = desk(group), VariantFactory(offered=True)

    assert client.get(page("variant", "change", variant.pk)).status_code == 200
    for address in (page("variant", "add"), page("variant", "import"), page("variant", "inspect", variant.pk)):
        assert client.get(address).status_code == 403, address
    answer = client.post(page("variant", "change", variant.pk), variant_form(variant, **formset("sale_offers")))
    assert answer.status_code == 403
    client.post(page("container"), {"action": "unpublish", "_selected_action": [variant.container_id]})
    assert Container.objects.get().published


def test_refunds_see_nothing_of_the_catalog(desk: Desk):
    client = desk("refunds")

    for model in ("container", "variant", "saleoffer", "rentaloffer", "taxrate"):
        assert client.get(page(model)).status_code == 403, model


def test_the_sidebar_shows_what_one_may_see(desk: Desk):
    shown = desk("catalog").get(reverse("admin:index")).content.decode()

    assert page("container") in shown
    for hidden in ("/admin/payments/payment/", "/admin/inventory/unit/", "/admin/accounts/user/"):
        assert hidden not in shown


def test_customers_do_not_get_in(client: Client):
    client.force_login(UserFactory())

    assert client.get(page("container")).status_code == 302


def season_form(**fields: Any) -> dict[str, Any]:
    days = {"start_on": "2027-12-20", "end_on": "2027-12-31"}
    return {"name": "Christmas", "kind": "", "percent": "20", **days, **fields}


def test_a_season_is_made_for_one_kind_beside_one_of_all(staff: Client):
    SeasonFactory()

    answer = staff.post(page("season", "add"), season_form(kind="soft", percent="-10"))

    assert answer.status_code == 302, errors(answer)
    shown = staff.get(page("season")).content.decode()
    assert all(text in shown for text in ("All containers", "+20 %", "Soft bag", "-10 %"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"end_on": "2027-12-19"}, "The last day cannot be before the first."),
        ({"start_on": "2027-12-31"}, "Another season for the same containers has some of these days already."),
        ({"percent": "0", "kind": "hard"}, "0 does neither."),
        ({"percent": "-51", "kind": "hard"}, "greater than or equal to -50"),
        ({"percent": "201", "kind": "hard"}, "less than or equal to 200"),
    ],
)
def test_a_season_that_cannot_be_is_refused_in_plain_words(staff: Client, fields: dict[str, str], said: str):
    SeasonFactory(start_on="2027-12-31", end_on="2028-01-06")

    answer = staff.post(page("season", "add"), season_form(**fields))

    assert said in errors(answer)
    assert Season.objects.count() == 1


def test_a_container_is_duplicated_as_a_draft_with_new_skus_prices_and_no_approval(staff: Client):
    variant = VariantFactory(sku="MUR-M", offered=True, container__brand="Minkaro", container__name="Murmur")
    left_out = VariantFactory(sku="MUR-L", container=variant.container)
    address = page("container", "duplicate", variant.container.pk)
    asked = staff.get(address).content.decode()
    assert "New SKU for MUR-M" in asked
    assert "New SKU for MUR-L" in asked

    answer = staff.post(address, {"name": "Murmur Air", f"sku_{variant.pk}": "AIR-M", f"sku_{left_out.pk}": ""})

    made = Container.objects.get(slug="minkaro-murmur-air")
    assert answer.url == page("container", "change", made.pk)
    assert (made.published, made.images.count(), made.description) == (False, 0, variant.container.description)
    copy = made.variants.get()
    assert (copy.sku, copy.outer_length_mm) == ("AIR-M", variant.outer_length_mm)
    assert [offer.price_minor for offer in copy.sale_offers.all()] == [4990]
    rates = copy.rental_offers.get().rates.values_list("from_days", "per_day_minor")
    assert list(rates) == [(1, 900), (4, 700), (8, 500)]
    assert not copy.approvals.exists()
    assert Variant.objects.get(sku="MUR-M").sale_offers.count() == 1


def test_nobody_copies_prices_who_may_not_make_any(client: Client):
    variant = VariantFactory(offered=True)
    user = UserFactory(staff=True)
    may = ("view_container", "add_container", "view_variant", "add_variant")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="catalog", codename__in=may))
    client.force_login(user)

    answer = client.post(
        page("container", "duplicate", variant.container.pk), {"name": "Air", f"sku_{variant.pk}": "A"}
    )

    assert answer.status_code == 403
    assert Container.objects.count() == 1


def test_a_copy_keeps_translations_but_those_of_the_name_it_no_longer_has(staff: Client):
    container = ContainerFactory(brand="Minkaro", name_de="Gemurmel", description_de="Leise.")

    staff.post(page("container", "duplicate", container.pk), {"name": "Air"})

    made: Any = Container.objects.get(slug="minkaro-air")
    assert (made.name_de, made.description_de) == (None, "Leise.")
    assert Container.objects.get(pk=container.pk).i18n == {"name_de": "Gemurmel", "description_de": "Leise."}


@pytest.mark.parametrize(("sku", "said"), [("MUR-M", "MUR-M is taken"), ("no good", "Use capitals, digits and dashes")])
def test_a_copy_needs_a_name_and_skus_of_its_own(staff: Client, sku: str, said: str):
    variant = VariantFactory(sku="MUR-M", container__slug="minkaro-murmur", container__brand="Minkaro")
    variant.container.name = "Murmur"
    variant.container.save()

    answer = staff.post(
        page("container", "duplicate", variant.container.pk), {"name": "Murmur", f"sku_{variant.pk}": sku}
    ).content.decode()

    assert said in answer
    assert "There is a container of this brand and name already." in answer
    assert Container.objects.count() == 1


def test_a_container_is_shown_as_the_app_shows_it_with_why_customers_do_not_see_it(staff: Client):
    variant = VariantFactory(sku="MUR-M", offered=True)
    unchecked = VariantFactory(sku="MUR-L", container=variant.container)
    ContainerImageFactory(container=variant.container)

    shown = staff.get(page("container", "app", variant.container.pk)).content.decode()

    for told in (variant.container.name, "€49.90", "€9.00"):
        assert told in shown, told
    assert "Customers do not see it: it is not checked, it has no price in EUR." in shown
    assert shown.count("Customers do not see it") == 1
    Container.objects.update(published=False)
    hidden = staff.get(page("container", "app", unchecked.container.pk)).content.decode()
    assert "Customers do not see it: its container is a draft." in hidden


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_what_staff_are_shown_is_what_the_app_gets(staff: Client, language: str):
    container = ContainerFactory(name="Set", name_de="Satz", description="Quiet.", description_de="Leise.", kind="soft")
    ContainerImageFactory(container=container, alt="A bag", alt_de="Eine Tasche")
    carrier = VariantFactory(container__name="Murmur", container__name_de="Gemurmel")
    bundle(carrier, accessory(container__name_fr="Gamelle"), container=container, sku="SET-M")
    VariantFactory(container=container, sku="SET-L")

    phone = client_for(UserFactory())
    gets = phone.get(f"/api/v1/containers/{container.slug}", headers={"accept-language": language}).json()
    shown = staff.get(page("container", "app", container.pk), {"language": language})

    assert [variant["sku"] for variant in gets["variants"]] == ["SET-M"]
    assert [v["row"].sku for v in shown.context["variants"] if not v["why_not"]] == ["SET-M"]
    told = (shown.context["name"], shown.context["description"], shown.context["pictures"][0][1])
    assert told == (gets["name"], gets["description"], gets["images"][0]["alt"])
    parts = [(part["quantity"], part["title"], part["comes_back"]) for part in gets["variants"][0]["parts"]]
    assert next(v["parts"] for v in shown.context["variants"] if v["row"].sku == "SET-M") == parts
    assert all(title in shown.text for _, title, _ in parts)
    assert ("Nobody has translated" in shown.text) is (language in ("fr", "es"))


def test_a_container_is_shown_in_each_currency_that_it_has_a_price_in(staff: Client):
    variant = VariantFactory(offered=True)
    SaleOfferFactory(variant=variant, currency="CHF", price_minor=5500)

    euros, francs, unknown = (
        staff.get(page("container", "app", variant.container_id), {"currency": currency})
        for currency in ("EUR", "CHF", "XXX")
    )

    assert (euros.context["currency"], francs.context["currency"], unknown.context["currency"]) == ("EUR", "CHF", "EUR")
    assert "CHF\xa055.00" in francs.text
    assert "€49.90" not in francs.text


def test_the_preview_asks_no_more_for_more_variants(staff: Client):
    def statements(container: Container) -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(page("container", "app", container.pk))
        return len(captured)

    whole = bundle(VariantFactory(), accessory())
    staff.get(page("container", "app", whole.container_id))
    few = statements(whole.container)
    for _ in range(3):
        bundle(VariantFactory(), accessory(), container=whole.container)

    assert statements(whole.container) == few
