"""docs/guides names commands, pages, variables, files and words that there are."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.test import Client

from tests.factories.accounts import UserFactory

ROOT = Path(__file__).parent.parent
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
DJANGO_SAYS = {"Is staff", "Save and continue editing"}
TEXT = "\n".join(guide.read_text(encoding="utf-8") for guide in GUIDES)


def said(pattern: str) -> set[str]:
    found = set(re.findall(pattern, TEXT))
    assert found, pattern
    return found


def test_every_command_that_is_named_exists():
    assert said(r"`manage\.py (\w+)") - set(get_commands()) == set()


@pytest.mark.django_db
def test_every_page_that_is_named_opens(client: Client):
    client.force_login(UserFactory(staff=True, is_superuser=True))

    answers = {page: client.get(page).status_code for page in said(r"`(/admin/[\w/-]*)`")}

    assert {page for page, status in answers.items() if status != 200} == set()


def test_every_variable_that_is_named_is_explained():
    explained = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")

    assert {name for name in said(r"`([A-Z]+_[A-Z_]+)`") if f"{name}=" not in explained} == set()


def test_every_file_that_is_linked_is_there():
    linked = {(guide.parent / path).resolve() for guide in GUIDES for path in re.findall(r"\]\(([^)#]+)", TEXT)}

    assert linked
    assert {path for path in linked if not path.exists()} == set()


def test_every_word_of_the_pages_that_is_named_is_one_that_they_show():
    places = ("config/*.py", "*/admin/*.py", "*/forms/*.py", "*/models/*.py", "*/states.py")
    shown = "\n".join(path.read_text(encoding="utf-8") for place in places for path in ROOT.glob(place))

    assert {words for words in said(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)") if words not in shown} == DJANGO_SAYS
