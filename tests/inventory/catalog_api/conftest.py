"""A phone that is logged in, a depot, and one thing to rent there."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import AccessToken
from core.ids import new_id
from inventory.api.window import WindowView
from inventory.models import Depot
from tests.factories.catalog import RentalOfferFactory, VariantFactory
from tests.factories.inventory import DepotFactory, UnitFactory
from tests.inventory.catalog_api.asking import Get


@pytest.fixture(autouse=True)
def _just_started() -> Iterator[None]:
    """As after a start: no page is remembered; and no language is left behind, which every request sets anew."""
    WindowView.memory.forget()
    yield
    translation.deactivate()


@pytest.fixture
def phone(api: APIClient) -> APIClient:
    """A customer's phone with a valid access token; that its user is in no table shows that nobody asks."""
    token = AccessToken.for_user(User(id=new_id(), email="mia@example.com"))
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return api


@pytest.fixture
def get(phone: APIClient) -> Get:
    def ask(path: str, status: int = 200, **query: Any) -> Any:
        answer = phone.get(path, query)
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


@pytest.fixture
def depot() -> Depot:
    """Its days are those of UTC, so that today is the same day for everybody."""
    return DepotFactory(code="BER", time_zone="UTC")


@pytest.fixture
def pool(depot: Depot) -> Any:
    """One unit, rented with one day of preparation and two of turnaround."""
    variant = VariantFactory(approved=True, sku="POO-ONE", container__slug="pool")
    RentalOfferFactory(variant=variant, prep_days=1, turnaround_days=2)
    UnitFactory(variant=variant, depot=depot)
    return variant
