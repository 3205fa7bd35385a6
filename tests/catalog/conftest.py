"""Somebody of each group of staff at a browser."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.desk import sit


@pytest.fixture
def desk(client: Client) -> Callable[[str], Client]:
    return lambda group: sit(client, group)


@pytest.fixture
def staff(client: Client) -> Client:
    return sit(client, "catalog")
