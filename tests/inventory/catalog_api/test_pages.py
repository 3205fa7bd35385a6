"""Pages that hold still while rows are added, in few statements, and sent once."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from catalog.models import Container
from inventory.models import Depot
from tests.factories.catalog import (
    ContainerFactory,
    ContainerImageFactory,
    VariantFactory,
)
from tests.factories.inventory import (
    DepotFactory,
    ReservationFactory,
    UnitFactory,
)
from tests.inventory.catalog_api.asking import LIST, Get, day, days, names, pointers

pytestmark = pytest.mark.django_db


def walk(get: Get, **query: Any) -> list[str]:
    page, seen = get(LIST, **query), []
    while True:
        seen += names(page)
        if page["next"] is None:
            return seen
        page = get(page["next"])


@pytest.mark.parametrize("ordering", ["name", "-name", "price", "-price", "newest"])
def test_pages_hold_every_container_once_even_where_values_tie(get: Get, depot: Depot, ordering: str):
    containers = ContainerFactory.create_batch(7)
    for number, container in enumerate(containers):
        Container.objects.filter(pk=container.pk).update(name=f"Twin {number // 4}", created_at=timezone.now())
        VariantFactory(container=container, offered=True)
    everything = names(get(LIST, ordering=ordering))

    assert len(everything) == 7
    assert walk(get, ordering=ordering, page_size=2) == everything


def test_pages_lead_back_the_way_they_came(get: Get, depot: Depot):
    for _ in range(5):
        VariantFactory(offered=True)
    first = get(LIST, page_size=2)
    second = get(first["next"])
    third = get(second["next"])

    assert third["next"] is None
    assert names(get(third["previous"])) == names(second)
    assert get(get(third["previous"])["previous"]) == {**first, "previous": None}


def test_rows_added_meanwhile_neither_double_nor_hide_any(get: Get, depot: Depot):
    before = [VariantFactory(offered=True, container__name=f"M{n}").container.name for n in range(4)]
    first = get(LIST, page_size=2)

    VariantFactory(offered=True, container__name="A0")
    VariantFactory(offered=True, container__name="M0", container__slug="another-m0")
    VariantFactory(offered=True, container__name="Z9")

    assert names(first) + names(get(first["next"])) == before


def test_a_cursor_belongs_to_its_ordering(get: Get, depot: Depot):
    for _ in range(3):
        VariantFactory(offered=True)
    address = get(LIST, page_size=2, ordering="newest")["next"]

    assert pointers(get(address.replace("newest", "price"), status=400)) == ["#/cursor"]


def assortment(containers: int) -> None:
    depots = [*Depot.objects.all(), *DepotFactory.create_batch(2)]
    for _ in range(containers):
        container = ContainerFactory()
        ContainerImageFactory.create_batch(2, container=container)
        for variant in VariantFactory.create_batch(2, container=container, offered=True):
            for depot in depots:
                UnitFactory(variant=variant, depot=depot)
            ReservationFactory(variant=variant, depot=depots[0], rental=(day(1), day(9)))


@pytest.mark.parametrize("containers", [5, 50])
@pytest.mark.parametrize("query", [{}, {**days(2, 8), "mode": "rent", "ordering": "price", "search": "cocoon"}])
def test_a_page_takes_three_statements_whatever_its_size(
    get: Get, depot: Depot, containers: int, query: dict[str, Any], django_assert_num_queries: Any
):
    assortment(containers)

    with django_assert_num_queries(3):
        page = get(LIST, page_size=100, **query)

    assert len(page["results"]) == containers


@pytest.mark.parametrize("variants", [1, 12])
def test_a_detail_takes_at_most_four_statements(get: Get, depot: Depot, variants: int):
    container = ContainerFactory(slug="one")
    VariantFactory.create_batch(variants, container=container, offered=True)

    with CaptureQueriesContext(connection) as statements:
        shown = get(f"{LIST}/one", **days(1, 3))

    assert len(shown["variants"]) == variants
    assert len(statements) == 3


WINDOWS = {
    "containers": {},
    "containers/pool": {},
    "containers/pool/calendar": {"depot": "BER", **days(1, 60)},
    "availability": {"depot": "BER", "sku": "POO-ONE", **days(1, 60)},
    "depots": {},
    "categories": {},
}


@pytest.mark.parametrize("path", WINDOWS)
def test_what_did_not_change_is_not_sent_again(phone: APIClient, depot: Depot, pool: Any, path: str):
    first = phone.get(f"/api/v1/{path}", WINDOWS[path])

    again = phone.get(f"/api/v1/{path}", WINDOWS[path], headers={"If-None-Match": first["ETag"]})
    Container.objects.update(published=False)
    Depot.objects.update(name="Elsewhere")
    changed = phone.get(f"/api/v1/{path}", WINDOWS[path], headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert changed.status_code in {200, 404}


@pytest.mark.parametrize("path", ["containers", "containers/pool", "containers/pool/calendar", "availability"])
def test_a_booking_changes_what_was_kept(phone: APIClient, depot: Depot, pool: Any, path: str):
    query = {"depot": "BER", **WINDOWS[path], **days(1, 3)}
    kept = phone.get(f"/api/v1/{path}", query)["ETag"]
    ReservationFactory(variant=pool, depot=depot, rental=(day(1), day(4)))

    assert phone.get(f"/api/v1/{path}", query, headers={"If-None-Match": kept}).status_code == 200


@pytest.mark.parametrize(
    "path", ["containers", "containers/pool", "containers/pool/calendar", "availability", "depots", "categories"]
)
def test_every_page_of_the_window_needs_a_token(api: APIClient, path: str):
    answer = api.get(f"/api/v1/{path}")

    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
