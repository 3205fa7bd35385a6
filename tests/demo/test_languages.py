"""The demo shop speaks every language that the shop does."""

from typing import Any

import pytest
from django.conf import settings

from config.demo.catalog import ACCESSORIES, BUNDLES, CONTAINERS
from config.demo.languages import LANGUAGES
from config.seeding.catalog import seed_catalog, seed_places
from config.seeding.pictures import wanted
from tests.factories.accounts import UserFactory, client_for

RANGE = {container.slug: container for container in (*CONTAINERS, *ACCESSORIES, *(one.container for one in BUNDLES))}


def test_the_demo_is_told_in_the_languages_of_the_shop() -> None:
    assert {*LANGUAGES, settings.LANGUAGE_CODE} == {code for code, _ in settings.LANGUAGES}


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_container_has_a_text_of_its_own_and_says_how_it_is_cleaned(code: str) -> None:
    language = LANGUAGES[code]

    assert set(language.texts) == set(RANGE)
    for slug, (description, care) in language.texts.items():
        own = RANGE[slug]
        assert description not in (own.description, "")
        assert care not in (own.care, "")
        assert 0.6 < len(description) / len(own.description) < 1.6, slug
    assert len({description for description, _ in language.texts.values()}) == len(RANGE)


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_called_by_a_word_is_called_so_in_each_language(code: str) -> None:
    words = {container.slug for container in (*ACCESSORIES, *(one.container for one in BUNDLES))}

    assert set(LANGUAGES[code].names) == words


@pytest.mark.parametrize("code", LANGUAGES)
def test_pictures_are_told_in_each_language(code: str) -> None:
    for picture in wanted():
        assert picture.alts[f"alt_{code}"] not in (picture.alt, "")


@pytest.mark.django_db
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_phone_reads_the_whole_demo_in_its_language(code: str) -> None:
    seed_places()
    seed_catalog(inspector=UserFactory())
    phone = client_for(UserFactory())

    def listed(language: str) -> dict[str, Any]:
        answer = phone.get("/api/v1/containers?page_size=100", headers={"Accept-Language": language}).json()
        return {one["slug"]: one for one in answer["results"]}

    told, english = listed(code), listed("en")

    assert len(told) > 25
    for slug, container in told.items():
        assert container["description"] == LANGUAGES[code].description(slug)
        assert container["name"] == LANGUAGES[code].name(slug, english[slug]["name"])
