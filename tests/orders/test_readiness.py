"""What staff read of a variant is what an order of it is answered."""

from dataclasses import replace
from itertools import product

import pytest

from core.errors import DomainError
from inventory.readiness import readiness
from inventory.services import mirror_changes
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import StockLevelFactory, UnitFactory
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_said_to_be_ready_is_what_an_order_gets(shop: Shop):
    typed, ours = VariantFactory(sku="TYPED-1", offered=True), VariantFactory(sku="OURS-1", offered=True)
    for variant in (typed, ours):
        StockLevelFactory(variant=variant, depot=shop.depot, on_hand=5, as_of=None)
        UnitFactory(variant=variant, depot=shop.depot)
    shop.ims.store.receive("TYPED-1", "BER", 4)  # its unit is typed here only
    mirror_changes()

    said, answered = {}, {}
    for variant, kind in product((shop.bag, shop.crate, typed, ours), ("sale", "rental")):
        (row,) = readiness(variant.container_id)
        said[variant.sku, kind] = (row.buy if kind == "sale" else row.rent).can
        answered[variant.sku, kind] = is_taken(shop, variant.sku, kind)

    assert said == answered
    assert {pair for pair, can in said.items() if can} == {
        ("BAG-1", "sale"), ("CRATE-1", "rental"), ("TYPED-1", "sale"),
    }  # fmt: skip


def is_taken(shop: Shop, sku: str, kind: str) -> bool:
    line = replace(shop.sale() if kind == "sale" else shop.rental(10, 12), sku=sku)
    try:
        shop.order(line)
    except DomainError:
        return False
    return True
