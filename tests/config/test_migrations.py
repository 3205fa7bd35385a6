"""The newest migrations go back and forth over a shop that has lived, and nobody's orders, money or prices change."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor

from catalog.models import Container, Kind, SaleOffer, Season
from catalog.price_changes import NewPrice, change_prices, keep_what_was
from orders.models import Order
from orders.services import cancel_order
from sandbox.inventory.server import Sandbox
from sandbox.stripe.sandbox import StripeSandbox
from tests.jobs import run_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE_BUNDLES = [
    ("payments", "0016_told_with"),
    ("orders", "0015_waitlist_terms"),
    ("inventory", "0008_late_calls"),
    ("catalog", "0006_variant_by_room"),
]
KEPT = (
    "SELECT count(*), sum(total_minor), sum(tax_minor) FROM orders_order",
    "SELECT count(*), sum(quantity), sum(total_minor) FROM orders_orderline",
    "SELECT count(*), sum(amount_minor) FROM orders_charge",
    "SELECT id, status, start_on, end_on, period, unit_id, reservation_id FROM orders_rental ORDER BY id",
    "SELECT id, status, kind, quantity, period, unit_id FROM inventory_reservation ORDER BY id",
    "SELECT count(*), sum(captured_minor), sum(refunded_minor) FROM payments_payment",
    "SELECT kind, count(*) FROM payments_mail GROUP BY kind ORDER BY kind",
    "SELECT sku, weight_g, inner_length_mm, outer_length_mm FROM catalog_variant ORDER BY sku",
    "SELECT variant_id, currency, deposit_minor, late_fee_minor FROM catalog_rentaloffer ORDER BY variant_id",
    "SELECT offer_id, from_days, per_day_minor FROM catalog_rentalrate ORDER BY 1, 2",
)
PRICES = "SELECT variant_id, currency, price_minor FROM catalog_saleoffer ORDER BY variant_id"


def migrate(*targets: tuple[str, str]) -> None:
    """To these, or to the newest ones. What connections have prepared for the tables before is forgotten."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())
    connection.close_pool()


def rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.fixture
def lived(transactional_db: None, ims: Sandbox, gateway: StripeSandbox) -> Iterator[Shop]:
    """A shop with all that the newest migrations know: bundles, accessories, translations, prices that follow."""
    shop = Shop.opened(ims, gateway)
    whole = shop.offer_set()
    set_rented, set_bought = (replace(line, sku=whole.sku) for line in (shop.rental(), shop.sale()))
    for line in (shop.sale(), shop.rental(), set_rented, set_bought):
        shop.ready(line)
    offer = SaleOffer.objects.get(variant=shop.bag)
    offer.price_minor = 5290
    keep_what_was(offer, None)
    offer.save()
    change_prices(on=shop.day(9), prices=[NewPrice(offer, {"price_minor": 5990})], actor=None)
    Season.objects.create(name="Bowls", kind=Kind.ACCESSORY, start_on=shop.day(30), end_on=shop.day(40), percent=10)
    Container.objects.filter(pk=shop.bag.container_id).update(i18n={"name_de": "Tasche"}, slug="bag")
    yield shop
    migrate()


def test_what_of_bundles_still_runs_is_not_forgotten_by_going_back(lived: Shop) -> None:
    with pytest.raises(IrreversibleError, match=r"^4 parts of bundles are ordered or with customers"):
        migrate(("orders", "0017_trips"))


def test_orders_money_and_prices_survive_the_way_back_and_forth(lived: Shop) -> None:
    for order in Order.objects.filter(lines__parts__isnull=False).distinct():
        cancel_order(order_id=order.pk, actor="staff:1", note="to go back")
    run_jobs()
    before = [rows(query) for query in KEPT]
    carriers = Container.objects.exclude(kind=Kind.ACCESSORY).count()

    migrate(*BEFORE_BUNDLES)

    assert [rows(query) for query in KEPT] == before
    assert (lived.bag.pk, "EUR", 5290) in rows(PRICES)
    assert len(rows(PRICES)) == len({row[0] for row in rows(PRICES)})  # one of each, as it was then
    assert rows("SELECT count(*) FROM catalog_container WHERE published") == [(carriers,)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_container SET slug = 'facets' WHERE slug = 'bag'")

    migrate()

    assert [rows(query) for query in KEPT] == before
    assert {o.price_minor for o in SaleOffer.objects.filter(variant=lived.bag)} == {5290}
    assert lived.quote(lived.sale()).total_minor == 5290  # and what is projected or searched for was made anew
    assert Container.objects.get(pk=lived.bag.container_id).slug == f"facets-{lived.bag.container_id}"
    found = lived.phone().get("/api/v1/containers", {"search": lived.bag.container.name}).json()["results"]
    assert [container["slug"] for container in found] == [f"facets-{lived.bag.container_id}"]
