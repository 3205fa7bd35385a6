"""Texts in several languages and words that mean the same, as whoever keeps the catalog sees them."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from catalog.models import Container, SynonymGroup
from config.groups import setup_groups
from tests.browser.conftest import Snap, log_in
from tests.factories.accounts import UserFactory
from tests.factories.catalog import ContainerFactory, ContainerImageFactory, VariantFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_translation_is_typed_on_a_tab_of_its_language(page: Page, snap: Snap):
    setup_groups()
    container = ContainerFactory(name="Murmur", slug="murmur", description_de="Leise.")
    ContainerImageFactory(container=container)
    VariantFactory(container=container, offered=True)
    log_in(page, UserFactory(staff=True, is_superuser=True))

    page.goto(reverse("admin:catalog_container_change", args=[container.pk]))
    page.locator("a, button").and_(page.get_by_text("Deutsch", exact=True)).first.click()
    expect(page.get_by_label("Description (DE)")).to_have_value("Leise.")
    page.get_by_label("Name (DE)").fill("Gemurmel")
    snap("catalog-german")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("was changed successfully")).to_be_visible()
    told = Container.objects.get().i18n
    assert {name: text for name, text in told.items() if text} == {"name_de": "Gemurmel", "description_de": "Leise."}


def test_synonyms_are_listed_by_language(page: Page, snap: Snap):
    SynonymGroup.objects.create(language="de", words=["transportbox", "korb"])
    log_in(page, UserFactory(staff=True, is_superuser=True))

    page.goto(reverse("admin:catalog_synonymgroup_changelist"))
    expect(page.get_by_text("transportbox, korb")).to_be_visible()
    snap("catalog-synonyms")
    page.get_by_role("link", name="transportbox, korb").click()

    expect(page.get_by_label("Words")).to_have_value("transportbox,korb")
    snap("catalog-synonym-group")
