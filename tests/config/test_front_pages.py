"""The pages one meets first: the front door, the day at a glance, and being told no."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.fit import BELIEVED_FOR, Trust
from catalog.models import HoldRule, shop_today
from tests.factories.catalog import RentalOfferFactory, SaleOfferFactory, TaxRateFactory, VariantFactory
from tests.factories.inventory import COUNTED_AT, DepotFactory, StockLevelFactory, UnitFactory
from tests.factories.orders import OrderFactory, RentalFactory, SaleLineFactory
from tests.factories.payments import PaymentFactory, ProviderEventFactory, RefundFactory
from tests.orders.desk import address, desk

pytestmark = pytest.mark.django_db
DAY = "/admin/"


def tiles(group: str) -> dict[str, int]:
    groups: Any = desk(group).get(DAY).context["groups"]
    return {tile.title: tile.count for part in groups for tile in part.tiles}


def a_day() -> None:
    order = OrderFactory(confirmed=True)
    RentalFactory(line__order=order, days=(0, 3))
    RentalFactory(line__order=order, out=True, days=(-3, 0))
    RentalFactory(line__order=order, out=True, days=(-5, -2))
    RentalFactory(line__order=order, returned=True, days=(-5, -2))
    SaleLineFactory(order=order)
    RefundFactory(failed=True)
    PaymentFactory(parked=True)
    ProviderEventFactory(parked=True)


def test_the_first_staff_page_says_how_much_waits_where() -> None:
    a_day()

    told = tiles("boss")

    ones = ("Hand out today", "Due back today", "Overdue", "To inspect", "To pack")
    assert {name: told[name] for name in ones} == dict.fromkeys(ones, 1)
    assert (told["Failed refunds"], told["Parked payments"], told["Parked events"]) == (1, 1, 1)


def test_every_count_leads_to_a_list_of_as_many_rows() -> None:
    a_day()
    boss = desk("boss")

    for group in boss.get(DAY).context["groups"]:
        for tile in group.tiles:
            page = boss.get(tile.link).context
            if "cl" in page:  # a list; the worklist of stock is a page of its own
                assert page["cl"].result_count == tile.count, tile.title


def test_the_first_staff_page_names_what_keeps_the_catalog_from_customers() -> None:
    ready = VariantFactory(offered=True, container__published=False, sku="READY")
    depot, later = DepotFactory(), shop_today() + timedelta(days=9)
    StockLevelFactory(variant=ready, depot=depot)
    UnitFactory(variant=ready, depot=depot, as_of=COUNTED_AT)
    SaleOfferFactory(variant=ready, currency="CHF", valid_from=later)
    RentalOfferFactory(currency="CHF", valid_from=later)
    VariantFactory(container__published=False)
    HoldRule.objects.create(
        valid_from=later, source="a page", trust=Trust.GOOD, checked_on=shop_today() - BELIEVED_FOR - timedelta(days=1)
    )
    boss = desk("boss")

    told = {tile.title: tile for part in boss.get(DAY).context["groups"] for tile in part.tiles}

    counts = {
        "Drafts": 2, "Ready to be published": 1, "Sale prices to come": 1, "Rental prices to come": 1,
        "Cabin rules to read again": 0, "Hold rules to read again": 1, "Depots without a tax rate": 1,
    }  # fmt: skip
    assert {title: told[title].count for title in counts} == counts
    for title, count in counts.items():
        assert boss.get(told[title].link).context["cl"].result_count == count, title
    TaxRateFactory(country="DE")
    assert tiles("boss")["Depots without a tax rate"] == 0


def test_a_failed_refund_that_was_made_up_for_waits_for_nobody() -> None:
    failed = RefundFactory(failed=True, amount_minor=4990)
    RefundFactory(payment=failed.payment, amount_minor=4990, succeeded=True)

    assert tiles("boss")["Failed refunds"] == 0


@pytest.mark.parametrize(
    ("group", "sees", "does_not"),
    [
        ("clerk", "To pack", "Parked payments"),
        ("refunds", "Parked payments", "Drafts"),
        ("catalog", "Drafts", "To pack"),
    ],
)
def test_everybody_sees_the_work_that_they_may_look_at(group: str, sees: str, does_not: str) -> None:
    told = tiles(group)

    assert sees in told
    assert does_not not in told


def test_the_first_staff_page_costs_the_same_however_much_waits() -> None:
    boss = desk("boss")

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert b"Add" not in boss.get(DAY).content.partition(b"content-main")[2]  # no raw list of models
        return len(captured)

    a_day()
    statements()
    few = statements()
    for _ in range(3):
        a_day()

    assert statements() == few <= 29


def test_the_bare_address_leads_to_the_documentation(client: Client) -> None:
    assert client.get("/")["Location"] == "/api/docs/"
    assert client.get("/favicon.ico")["Location"].endswith("favicon.svg")


def test_staff_are_told_no_on_a_page_of_the_house_with_a_way_back() -> None:
    refused = desk("clerk").get(address("payments_payment_changelist"))
    missing = desk("boss").get("/admin/nothing/here/")

    assert (refused.status_code, missing.status_code) == (403, 404)
    assert "You may not see or do this" in refused.content.decode()
    assert "There is no such page" in missing.content.decode()
    for answer in (refused, missing):
        assert 'href="/admin/"' in answer.content.decode()
