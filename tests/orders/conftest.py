"""A shop that has a bundle."""

from collections.abc import Callable

import pytest

from catalog.models import Variant
from orders.services import LineRequest
from tests.shop import Shop

Set = Callable[..., LineRequest]


@pytest.fixture
def cabin(shop: Shop) -> Variant:
    """A carrier of which there are 3 units and 4 pieces, a bowl (2 and 3), and a pad (5 pieces) that is used up."""
    return shop.offer_set()


@pytest.fixture
def rented(shop: Shop, cabin: Variant) -> Set:
    def ask(first: int = 10, last: int = 16, quantity: int = 1) -> LineRequest:
        return LineRequest("rental", cabin.sku, quantity, shop.day(first), shop.day(last))

    return ask


@pytest.fixture
def bought(cabin: Variant) -> Set:
    return lambda quantity=1: LineRequest("sale", cabin.sku, quantity)
