"""No list of staff, no list of the API and no page costs more statements where there is more of what it shows: bundles
with their parts, versions of prices, translations, orders of all that."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from catalog.models import Container, SaleOffer, Variant
from catalog.price_changes import NewPrice, change_prices
from inventory.api.window import WindowView
from inventory.services import mirror_changes
from orders.models import Order, OrderLine, Rental
from orders.services import LineRequest
from tests.factories.catalog import ContainerImageFactory, accessory, bundle
from tests.shop import Shop

APPS = ("catalog", "inventory", "orders", "payments")


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser(email="boss@example.org", password="a long password"))
    return client


@pytest.fixture
def more(shop: Shop) -> Callable[..., Variant]:
    """Another bundle, translated, with a picture, and with prices that begin on other days."""
    number = count(1)

    def make(*, prices: int = 2, **variant: Any) -> Variant:
        n = next(number)
        bowl, pad = accessory(sku=f"BOWL-{n}"), accessory(sku=f"PAD-{n}")
        whole = bundle(shop.crate, bowl, used_up=[pad], sku=f"SET-{n}", **variant)
        for one in (shop.crate, bowl, pad):
            shop.ims.store.receive(one.sku, "BER", 6)
        for one in (shop.crate, bowl):
            shop.ims.store.add_units(one.sku, "BER", [f"{one.sku}-{n}-{m}" for m in "abc"], "A")
        mirror_changes()
        Container.objects.update(i18n={"name_de": "Tasche", "description_de": "Eine leise Tasche."})
        ContainerImageFactory(container=whole.container)
        offer = SaleOffer.objects.get(variant=whole)
        for change in range(1, prices + 1):
            price = NewPrice(offer, {"price_minor": 5000 + change})
            change_prices(on=shop.day(5 * change), prices=[price], actor=None)
        return whole

    return make


def both_ways(shop: Shop, *sets: Variant) -> Order:
    """Each bought and rented."""
    lines = [
        line
        for one in sets
        for line in (LineRequest("sale", one.sku, 1), LineRequest("rental", one.sku, 1, shop.day(10), shop.day(12)))
    ]
    return shop.ready(*lines)


def costs(get: Callable[[str], Any], addresses: Sequence[str]) -> dict[str, int]:
    """The statements of each, when it was looked at once, but nothing of the shop window is remembered."""
    found = {}
    for address in addresses:
        for _ in range(2):
            WindowView.memory.forget()
            with CaptureQueriesContext(connection) as captured:
                answer = get(address)
        assert answer.status_code == 200, (address, answer.content)
        found[address.partition("&sku")[0]] = len(captured)
    return found


def test_no_list_costs_more_for_more_rows(shop: Shop, boss: Client, more: Callable[..., Variant]) -> None:
    phone, models = shop.phone(), [model._meta for model in admin.site._registry]
    pages = [reverse(f"admin:{m.app_label}_{m.model_name}_changelist") for m in models if m.app_label in APPS]
    first, last = shop.day(9), shop.day(14)
    lists = [
        "containers?depot=BER", "containers?depot=BER&search=tasche", "containers?ordering=-price&currency=EUR",
        "containers/facets?depot=BER", "containers/facets?search=tasche", "orders", "transactions", "categories",
        f"availability?depot=BER&from={first}&to={last}&sku=CRATE-1",
    ]  # fmt: skip

    def all_of_it() -> dict[str, int]:
        sets = Variant.objects.filter(sku__startswith="SET").values_list("sku", flat=True)
        skus = "".join(f"&sku={sku}" for sku in sets)
        asked = [f"/api/v1/{path}{skus if 'availability' in path else ''}" for path in lists]
        german = costs(lambda path: phone.get(path, headers={"Accept-Language": "de"}), asked)
        return costs(boss.get, pages) | german

    both_ways(shop, more())
    before = all_of_it()
    for _ in range(3):
        both_ways(shop, more())

    assert all_of_it() == before


def test_no_page_costs_more_for_more_on_it(shop: Shop, boss: Client, more: Callable[..., Variant]) -> None:
    small, large = more(), more(prices=4)
    more(container=large.container)
    one, many = both_ways(shop, small), both_ways(shop, small, large, more())

    def of_staff(whole: Variant, order: Order) -> list[int]:
        rental = Rental.objects.filter(line__order=order, line__variant=whole).get()
        sale = OrderLine.objects.get(order=order, kind="sale", variant=whole)
        shown = {
            "catalog_container": whole.container_id, "catalog_variant": whole.pk, "orders_order": order.pk,
            "orders_rental": rental.pk, "orders_orderline": sale.pk,
        }  # fmt: skip
        pages = [reverse(f"admin:{page}_change", args=[pk]) for page, pk in shown.items()]
        return list(costs(boss.get, pages).values())

    def of_the_app(whole: Variant, order: Order) -> list[int]:
        mine = f"orders/{order.number}"
        paths = [f"containers/{whole.container.slug}", mine, f"{mine}/statement", f"{mine}/extension-options"]
        return list(costs(shop.phone().get, [f"/api/v1/{path}" for path in paths]).values())

    assert of_staff(large, many) == of_staff(small, one)
    assert of_the_app(large, many) == of_the_app(small, one)
