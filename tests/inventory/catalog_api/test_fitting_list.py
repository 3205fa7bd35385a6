"""The list of what fits a cat and an airline: the same rules as a search for a trip, without days."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.tokens import AccessToken
from catalog.models import CabinRule
from inventory.models import Depot
from tests.catalog.rules import import_fresh_rules
from tests.factories.accounts import CatFactory, UserFactory
from tests.inventory.catalog_api.asking import LIST, TODAY, Get, pointers, skus
from tests.inventory.catalog_api.test_trips import MISO, stocked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]


@pytest.fixture
def shelf(depot: Depot) -> None:
    import_fresh_rules()
    stocked(depot, "BAG-40", "soft", (400, 270, 200))
    stocked(depot, "BAG-55", "soft", (550, 400, 230))
    stocked(depot, "SLIM", "soft", (400, 160, 200))
    stocked(depot, "CAR-690", "car_crate", (700, 490, 490))
    stocked(depot, "CRATE-690", "airline_crate", (700, 490, 490))


@pytest.fixture
def cat(api: APIClient, phone: APIClient) -> str:
    owner = UserFactory()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(owner)}")
    return str(CatFactory(owner=owner, **MISO).pk)


def listed(get: Get, **query: Any) -> set[str]:
    return set(skus(get(LIST, **query)))


def test_only_what_an_airline_takes_is_listed_whoever_is_inside(get: Get) -> None:
    assert listed(get, airline="LH") == {"BAG-40", "BAG-55", "SLIM"}
    assert listed(get, airline="TK", cabin="economy") == {"BAG-40", "SLIM"}
    assert listed(get, airline="TK", cabin="hold") == {"CRATE-690"}
    assert listed(get, airline="BA") == set()


def test_only_what_is_large_enough_for_ones_own_cat_is_listed(get: Get, cat: str) -> None:
    assert listed(get, cat=cat) == {"BAG-40", "BAG-55", "CAR-690", "CRATE-690"}
    assert listed(get, cat=cat, airline="LH") == {"BAG-40", "BAG-55"}


def test_what_fits_one_customers_cat_is_not_remembered_for_another(get: Get, cat: str, api: APIClient) -> None:
    assert listed(get, cat=cat)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(UserFactory())}")

    assert pointers(get(LIST, status=400, cat=cat)) == ["#/cat"]


def test_a_changed_rule_shows_in_the_next_answer(get: Get) -> None:
    assert "BAG-55" in listed(get, airline="LH")
    rule = CabinRule.objects.get(airline__code="LH", shell="soft")
    rule.pk, rule.height_mm, rule.valid_from = None, 210, TODAY
    rule.save()

    assert listed(get, airline="LH") == {"BAG-40", "SLIM"}


def test_it_costs_three_statements_more(get: Get, cat: str, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(6):
        get(LIST, cat=cat, airline="LH")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"cabin": "hold"}, "#/cabin"),
        ({"airline": "ZZ"}, "#/airline"),
        ({"airline": "lufthansa"}, "#/airline"),
        ({"airline": "LH", "cabin": "sofa"}, "#/cabin"),
        ({"cat": "me"}, "#/cat"),
        ({"cat": "01a21770-d523-7575-ad4d-7d89d6276100"}, "#/cat"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_field(get: Get, query: dict[str, str], pointer: str) -> None:
    assert pointer in pointers(get(LIST, status=400, **query))
