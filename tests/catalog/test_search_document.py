"""What is sought in: made by the database with every change, and found by its index at size."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from catalog.models import Container, SynonymGroup, Variant
from catalog.selectors import Sort, Stretch, Wish, shop_window
from tests.factories.catalog import ContainerFactory, VariantFactory

pytestmark = pytest.mark.django_db
MANY = 3_000


def documents(**container: Any) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT language, document::text FROM catalog_searchdocument d JOIN catalog_container c "
            "ON c.id = d.container_id WHERE c.slug = %s",
            [container["slug"]],
        )
        return dict(cursor.fetchall())


def scans() -> dict[str, int]:
    """How often the documents were looked up in their index, and how often all of them were read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, pg_stat_get_xact_numscans(name::regclass) "
            "FROM unnest(array['search_document', 'catalog_searchdocument']) name"
        )
        return dict(cursor.fetchall())


def plan(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.fixture
def many() -> None:
    """So many containers, of which one is about a comet."""
    Container.objects.bulk_create(
        ContainerFactory.build(name=f"Cocoon {n}", slug=f"many-{n}", description="quiet words " * (n % 9))
        for n in range(MANY)
    )
    VariantFactory(container=Container.objects.get(slug="many-7"), offered=True, colour="comet")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_searchdocument, catalog_container, catalog_variant")


@pytest.mark.usefixtures("many")
def test_at_size_the_index_finds_the_documents(django_assert_num_queries: Any):
    before = scans()

    with django_assert_num_queries(1):
        [row] = shop_window(Wish(currency="EUR", search="comet"), Stretch(by=Sort.RELEVANCE, falling=True, limit=21))

    assert row["slug"] == "many-7"
    after = scans()
    assert after["search_document"] == before["search_document"] + 1
    assert after["catalog_searchdocument"] == before["catalog_searchdocument"]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_at_size_names_are_walked_in_their_order_in_every_language(language: str):
    named = "c.name" if language == "en" else f"coalesce(nullif(c.i18n ->> 'name_{language}', ''), c.name)"

    found = plan(f"SELECT id FROM catalog_container c WHERE published ORDER BY {named}, id LIMIT 20")

    assert f"using container_by_name{'' if language == 'en' else f'_{language}'} " in found
    assert "Sort" not in found


def test_there_is_a_document_for_each_language_and_none_of_what_is_gone():
    container = ContainerFactory(slug="one", name="Murmur", name_de="Gemurmel")

    assert sorted(documents(slug="one")) == ["de", "en", "es", "fr"]
    assert "gemurmel" in documents(slug="one")["de"]
    assert "gemurmel" not in documents(slug="one")["fr"]
    container.delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_searchdocument WHERE container_id = %s", [container.pk])
        assert cursor.fetchone() == (0,)


def test_a_text_of_any_length_can_be_saved():
    container = ContainerFactory(slug="long", description="".join(f"w{n:x} " for n in range(200_000)))
    Variant.objects.create(
        **dict.fromkeys(("inner_length_mm", "inner_width_mm", "inner_height_mm"), 100),
        **dict.fromkeys(("outer_length_mm", "outer_width_mm", "outer_height_mm"), 110),
        container=container, sku="LONG-1", colour="x", weight_g=100, max_load_g=1000,
    )  # fmt: skip

    assert "w1f" in documents(slug="long")["en"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["Crate", " carrier ", "crate"], ["crate", "carrier"]), (["käfig", "box"], ["käfig", "box"])],
)
def test_synonyms_are_small_letters_each_once(words: list[str], expected: list[str]):
    group = SynonymGroup(language="de", words=words)

    group.full_clean()

    assert group.words == expected


@pytest.mark.parametrize("words", [[], ["box"], ["box", "Box"], ["box", "cat box"], ["box", "sac-à-dos"], ["box", "a"]])
def test_one_word_and_what_is_no_word_are_no_synonyms(words: list[str]):
    with pytest.raises(ValidationError):
        SynonymGroup(language="de", words=words).full_clean()


def test_the_database_keeps_no_group_of_one_word():
    with pytest.raises(IntegrityError, match="synonym_group_has_two_words"):
        SynonymGroup.objects.create(language="de", words=["box"])
