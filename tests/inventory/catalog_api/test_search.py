"""Words find what was meant, in the shop's languages, best first; and nothing that is typed breaks anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as PropertyTestCase
from rest_framework.test import APIClient

from catalog.languages import KIND_LABELS
from catalog.models import Container, Kind, SynonymGroup, Variant
from catalog.selectors import Sort, Stretch, Wish, shop_window
from inventory.models import Depot
from tests.examples import examples
from tests.factories.catalog import ContainerFactory, VariantFactory
from tests.inventory.catalog_api.asking import LIST, Get, names, pointers
from tests.inventory.catalog_api.test_pages import walk

pytestmark = pytest.mark.django_db


def offer(name: str, sku: str = "", **container: Any) -> Container:
    made = ContainerFactory(name=name, slug=f"c{Container.objects.count()}", **container)
    VariantFactory(container=made, offered=True, **({"sku": sku} if sku else {}))
    return made


@pytest.fixture
def shelf(depot: Depot) -> None:
    SynonymGroup.objects.all().delete()
    SynonymGroup.objects.create(language="en", words=["carrier", "crate", "kennel", "bag"])
    SynonymGroup.objects.create(language="de", words=["transportbox", "korb"])
    offer("Murmur", "MUR-S-SAGE", description="A quiet bag with mesh on three sides.", name_de="Gemurmel")
    offer("Café Noir", "CAF-000012", kind=Kind.BACKPACK, brand="Windig", description="For travellers and their crates.")
    offer("The One", kind=Kind.AIRLINE_CRATE, brand="Citadel", description="Straßentauglich, 40x27 cm.")


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("murmur", ["Murmur"]),
        ("MURM", ["Murmur"]),  # the beginning of the last word
        ("murm quiet", []),  # and of no other
        ("quiet mur", ["Murmur"]),
        ("cafe", ["Café Noir"]),
        ("CAFÉ", ["Café Noir"]),
        ("cafe\u0301", ["Café Noir"]),  # written as two characters
        ("strassen", ["The One"]),
        ("traveller", ["Café Noir"]),  # by its stem
        ("travelling", ["Café Noir"]),
        ("mur-s-sage", ["Murmur"]),
        ("mur-s-s", ["Murmur"]),
        ("caf-0000", ["Café Noir"]),
        ("CAF-000012", ["Café Noir"]),
        ("windig", ["Café Noir"]),
        ("backpack", ["Café Noir"]),
        ("sage", ["Murmur", "The One", "Café Noir"]),
        ("40x27", ["The One"]),
        ("the one", ["The One"]),
        ("the", ["The One", "Café Noir"]),  # nothing but a stop word: as it is written, and as their beginning
        ("the mesh", ["Murmur"]),  # beside others it says nothing
        ("crate", ["The One", "Café Noir", "Murmur"]),  # what says so stands before what means the same
        ("kennels", ["Murmur", "The One", "Café Noir"]),
        ("noir crate", ["Café Noir"]),
        ("pet murmur", ["Murmur"]),  # what everything is for says nothing beside other words
        ("Citadel for cats", ["The One"]),
        ("pet", []),  # alone it is sought as it is written
        ("korb", []),  # a word of another language
        ("gemurmel", []),
        ("mesh citadel", []),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_words_find_what_was_meant(get: Get, search: str, expected: list[str]):
    assert names(get(LIST, search=search)) == expected


@pytest.mark.parametrize(
    ("language", "search", "expected"),
    [
        ("de", "gemurmel", ["Gemurmel"]),
        ("de", "transportbox", []),
        ("de", "flugboxen", ["The One"]),
        ("de", "windig", ["Café Noir"]),
        ("fr", "sacs dos", ["Café Noir"]),
        ("es", "jaulas", ["The One"]),
        ("fr", "caisse de transport", ["The One"]),
        ("es", "mochila para gatos", ["Café Noir"]),
        ("de", "Windig transport", ["Café Noir"]),
        ("en", "windig transport", []),  # a word of another language
        ("pt", "murmur", ["Murmur"]),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_words_are_those_of_the_language_asked_in(phone: APIClient, language: str, search: str, expected: list[str]):
    answer = phone.get(LIST, {"search": search}, headers={"Accept-Language": language})

    assert names(answer.json()) == expected


@pytest.mark.parametrize(
    "search",
    [
        "'", '"', "\\", "&", "qq & | ! b", "<->", ":*", "qq:*", "!qq", "(", "a')::tsquery",
        "'; DROP TABLE catalog_container --", "%", "_", "🐈", "🐈‍⬛ 🧳", "…", "qq\tb", "\u202eabc", "x" * 100,
        "1e5", "-1", "0x1F", "http://a.b/c?d=e#f", "a@b.c", "<b>a</b>", "猫", "Ωμέγα", "ﬁ", "İı",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("shelf")
def test_whatever_is_typed_is_only_ever_sought(get: Get, search: str):
    assert get(LIST, search=search)["results"] == []
    assert get(f"{LIST}/facets", search=search)["containers"] == 0


@pytest.mark.parametrize("search", ["a\x00b", "x" * 101, "carrier " * 1_250])
@pytest.mark.usefixtures("shelf")
def test_what_nobody_types_is_refused(get: Get, search: str):
    assert pointers(get(LIST, status=400, search=search)) == ["#/search"]


@pytest.mark.usefixtures("shelf")
def test_relevance_is_of_a_search(get: Get):
    assert names(get(LIST, search="crate", ordering="name")) == ["Café Noir", "Murmur", "The One"]
    assert pointers(get(LIST, status=400, ordering="relevance")) == ["#/ordering"]


def test_a_name_counts_more_than_a_brand_and_a_brand_more_than_a_description(get: Get, depot: Depot):
    offer("One", description="A comet.")
    offer("Two", brand="Comet")
    offer("Comet")

    assert names(get(LIST, search="comet")) == ["Comet", "Two", "One"]


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_every_kind_is_found_by_what_it_is_called(phone: APIClient, depot: Depot, kind: str, language: str):
    SynonymGroup.objects.all().delete()
    offer("One", kind=kind)
    label = KIND_LABELS.get(language, {}).get(kind) or Kind(kind).label

    answer = phone.get(LIST, {"search": label}, headers={"Accept-Language": language})

    assert names(answer.json()) == ["One"]


# -------------------------------------------------------------------------------------------------- never stale


def found(search: str) -> list[str]:
    wish = Wish(currency="EUR", search=search)
    return [row["name"] for row in shop_window(wish, Stretch(by=Sort.RELEVANCE, falling=True, limit=100))]


def test_whatever_changes_is_found_by_its_new_words_and_not_by_its_old_ones(depot: Depot):
    one, other = offer("Ember", "EMBER-ONE"), offer("Frost", "FRO-ONE")
    variants = Variant.objects.filter(pk=one.variants.get().pk)

    Container.objects.filter(pk=one.pk).update(name="Glow")
    assert (found("ember"), found("glow")) == (["Glow"], ["Glow"])  # its SKU still says so
    variants.update(sku="GLO-ONE", colour="crimson")
    assert (found("ember"), found("crimson")) == ([], ["Glow"])
    variants.update(container=other)
    assert (found("crimson"), found("glo-one")) == (["Frost"], ["Frost"])
    Container.objects.filter(pk=other.pk).update(description="Crisp.", brand="Norden")
    assert (found("crisp"), found("norden")) == (["Frost"], ["Frost"])
    Variant.objects.filter(sku="GLO-ONE").delete()
    assert found("crimson") == []
    Variant.objects.filter(container=other).delete()
    other.delete()
    assert found("frost") == []


def test_a_group_of_synonyms_shows_in_the_next_answer(get: Get, depot: Depot):
    SynonymGroup.objects.all().delete()
    offer("Ember")
    before = names(get(LIST, search="glow"))
    group = SynonymGroup.objects.create(language="en", words=["ember", "glow"])
    with_it = names(get(LIST, search="glow"))
    group.delete()

    assert (before, with_it, names(get(LIST, search="glow"))) == ([], ["Ember"], [])


# ------------------------------------------------------------------------------------------------------- pages


def test_a_walk_by_relevance_shows_each_once_while_rows_are_added(get: Get, depot: Depot):
    for number in range(7):
        offer(f"Comet {number}", description="comet " * (number % 3))
    everything = names(get(LIST, search="comet"))
    first = get(LIST, search="comet", page_size=3)
    for _ in range(3):
        offer("Comet added", description="comet " * 9)
    rest, page = [], first
    while page["next"]:
        page = get(page["next"])
        rest += names(page)

    assert [name for name in names(first) + rest if name != "Comet added"] == everything
    assert len(everything) == 7


def test_pages_by_relevance_hold_every_container_once_where_ranks_tie(get: Get, depot: Depot):
    for number in range(5):
        offer(f"Comet {number}")

    assert sorted(walk(get, search="comet", page_size=2)) == [f"Comet {number}" for number in range(5)]


def test_a_cursor_belongs_to_its_search_and_language(phone: APIClient, get: Get, depot: Depot):
    for number in range(3):
        offer(f"Comet {number}")
    address = get(LIST, search="comet", page_size=2)["next"]
    in_german = phone.get(address, headers={"Accept-Language": "de"})

    assert pointers(get(address.replace("comet", "come"), status=400)) == ["#/cursor"]
    assert (in_german.status_code, pointers(in_german.json())) == (400, ["#/cursor"])


@pytest.mark.parametrize("containers", [3, 30])
def test_a_search_takes_three_statements(get: Get, depot: Depot, containers: int, django_assert_num_queries: Any):
    for number in range(containers):
        offer(f"Comet {number}")

    with django_assert_num_queries(3):
        assert len(get(LIST, search="comet", page_size=100)["results"]) == containers
    with django_assert_num_queries(1):
        get(LIST, search="comet", page_size=100)


# -------------------------------------------------------------------------------------------------- properties

WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüßéèñçœ0123456789"), min_size=1, max_size=12)


class Found(PropertyTestCase):
    @examples(60)
    @given(st.lists(WORDS, min_size=1, max_size=5), st.data())
    def test_every_word_of_a_name_finds_it_in_any_case_and_by_its_beginning(self, words: list[str], data: Any):
        SynonymGroup.objects.all().delete()
        container = ContainerFactory(name=" ".join(words), slug="one")
        VariantFactory(container=container, offered=True, sku="ONE-ONE")
        word = data.draw(st.sampled_from(words))
        beginning = word[: data.draw(st.integers(1, len(word)))]

        for search in (word, word.upper(), word.title(), " ".join(words), beginning):
            assert found(search) == [container.name], search

    @examples(60)
    @given(st.text(max_size=100).filter(lambda text: "\x00" not in text))
    def test_no_text_is_too_strange_to_be_sought(self, search: str):
        assert isinstance(found(search), list)
