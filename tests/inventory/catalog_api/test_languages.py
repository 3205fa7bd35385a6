"""The catalog in the language asked for, else in the shop's own; and in the currency asked for, or not at all."""

from typing import Any

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from catalog.models import Container, Variant
from inventory.models import Depot
from tests.factories.catalog import ContainerFactory, ContainerImageFactory, SaleOfferFactory, VariantFactory
from tests.inventory.catalog_api.asking import LIST, Get, names, pointers
from tests.shop import Shop, key

pytestmark = pytest.mark.django_db


@pytest.fixture
def murmur(depot: Depot) -> Container:
    made = ContainerFactory(
        name="Murmur", slug="murmur", description="Quiet.", name_de="Gemurmel", description_de="Leise.", name_fr=""
    )
    ContainerImageFactory(container=made, alt="A bag", alt_de="Eine Tasche")
    VariantFactory(container=made, offered=True)
    return made


def told(answer: Any) -> tuple[str, str, str]:
    [one] = answer.json()["results"]
    return one["name"], one["description"], one["images"][0]["alt"]


ENGLISH, GERMAN = ("Murmur", "Quiet.", "A bag"), ("Gemurmel", "Leise.", "Eine Tasche")


@pytest.mark.parametrize(
    ("accepted", "language", "expected"),
    [
        (None, "en", ENGLISH),
        ("de", "de", GERMAN),
        ("DE-at", "de", GERMAN),
        ("fr", "fr", ENGLISH),  # not translated
        ("pt", "en", ENGLISH),  # no language of the shop's
        ("pt, de;q=0.5, en;q=0.4", "de", GERMAN),
        ("*", "en", ENGLISH),
        ("x" * 600, "en", ENGLISH),
        (";;q=,,de;q=nonsense", "en", ENGLISH),
    ],
)
@pytest.mark.usefixtures("murmur")
def test_texts_are_in_the_language_asked_for_also_when_they_are_remembered(
    phone: APIClient, accepted: str | None, language: str, expected: tuple[str, str, str]
):
    headers = {"Accept-Language": accepted} if accepted else {}
    first, again = (phone.get(LIST, headers=headers) for _ in range(2))

    assert told(first) == told(again) == expected
    for answer in (first, again):
        assert (answer["Content-Language"], "Accept-Language" in answer["Vary"]) == (language, True)


@pytest.mark.usefixtures("murmur")
def test_every_page_of_the_catalog_speaks_the_language(phone: APIClient):
    headers = {"Accept-Language": "de"}

    detail = phone.get(f"{LIST}/murmur", headers=headers).json()
    kinds = phone.get("/api/v1/categories", headers=headers).json()["results"]

    assert (detail["name"], detail["images"][0]["alt"]) == ("Gemurmel", "Eine Tasche")
    assert [kind["label"] for kind in kinds][:2] == ["Weiche Tragetasche", "Feste Transportbox"]


@pytest.mark.usefixtures("murmur")
def test_a_language_is_not_answered_with_the_tag_of_another_one(phone: APIClient):
    tag = phone.get(LIST, headers={"Accept-Language": "de"})["ETag"]

    assert phone.get(LIST, headers={"If-None-Match": tag}).status_code == 200
    assert phone.get(LIST, headers={"If-None-Match": tag, "Accept-Language": "de"}).status_code == 304


def test_names_are_sorted_as_they_are_shown(phone: APIClient, depot: Depot):
    for name, german in (("Apple", "Zebra"), ("Bear", ""), ("Cloud", "Anker")):
        VariantFactory(container=ContainerFactory(name=name, slug=name.lower(), name_de=german), offered=True)
    headers = {"Accept-Language": "de"}

    page = phone.get(LIST, {"page_size": 2}, headers=headers).json()
    rest = phone.get(page["next"], headers=headers).json()

    assert names(page) + names(rest) == ["Anker", "Bear", "Zebra"]


def test_a_title_is_in_the_language_that_is_spoken(murmur: Container):
    variant = Variant.objects.select_related("container").get()

    with translation.override("de"):
        german = variant.title
    with translation.override("fr"):
        french = variant.title

    assert (german, french) == ("Minkaro Gemurmel, M sage", "Minkaro Murmur, M sage")


def test_a_quote_and_its_order_keep_the_title_in_the_language_of_the_quote(shop: Shop):
    Container.objects.filter(pk=shop.bag.container_id).update(name="Murmur", i18n={"name_de": "Gemurmel"})
    phone = shop.phone()

    quote = phone.post("/api/v1/quotes", shop.body(), format="json", headers={"Accept-Language": "de"}).json()
    body = {"quote": quote["id"]}
    order = phone.post("/api/v1/orders", body, format="json", headers={"Accept-Language": "fr", **key()}).json()

    assert "Gemurmel" in quote["lines"][0]["title"]
    assert order["lines"][0]["title"] == quote["lines"][0]["title"]


# ------------------------------------------------------------------------------------------------------ currency


@pytest.mark.parametrize(
    ("path", "currency"),
    [(LIST, "USD"), (LIST, "cats"), (f"{LIST}/facets", "USD"), (f"{LIST}/murmur", "USD"), ("/api/v1/categories", "x")],
)
def test_a_currency_that_nothing_is_offered_in_is_refused_with_those_there_are(
    get: Get, murmur: Container, path: str, currency: str
):
    SaleOfferFactory(variant=murmur.variants.get(), currency="CHF")

    problem = get(path, status=400, currency=currency)

    assert pointers(problem) == ["#/currency"]
    assert "offers are in: CHF, EUR." in problem["errors"][-1]["detail"]


def test_what_is_not_offered_in_a_currency_is_not_shown_in_it(get: Get, murmur: Container):
    other = VariantFactory(approved=True, container__name="Other")
    SaleOfferFactory(variant=other, currency="CHF", price_minor=5500)

    assert names(get(LIST, currency="CHF")) == ["Other"]
    assert get(LIST, currency="CHF", search="murmur")["results"] == []
    assert get(f"{LIST}/murmur", status=404, currency="CHF")["code"] == "not_found"
