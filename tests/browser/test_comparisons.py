"""Staff find out where the stock differs from the inventory system, in a browser."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from inventory.models import Reconciliation, Reservation, StockLevel, Unit
from inventory.services import commit, reconcile_inventory
from tests.browser.conftest import Looking, log_in
from tests.factories.accounts import UserFactory
from tests.factories.inventory import ReconciliationFactory, UnitFactory
from tests.inventory.shelf import bag
from tests.jobs import forget_jobs, run_jobs
from tests.orders.desk import address
from tests.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def morning(shop: Shop, page: Page, settings: Settings) -> Iterator[Shop]:
    """A week of nights, and a shop in which a few things differ; its boss is logged in."""
    settings.INVENTORY_SETTLE = 0
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    for night, outcome in enumerate(["equal", "equal", "drift", "repaired", "unreachable", "equal"]):
        counts = {"drift": {"found": 3, "left": 3}, "repaired": {"found": 3, "repaired": 3}}.get(outcome, {})
        at = (timezone.now() - timedelta(days=6 - night)).replace(hour=2, minute=40)
        actor = f"staff:{boss.pk}" if outcome == "repaired" else "job"
        ReconciliationFactory(started_at=at, outcome=outcome, actor=actor, **counts)
    row = bag(shop)
    commit(reservation_ids=[row.pk])
    Reservation.objects.update(provider_state="confirmed")
    shop.ims.store.sell("BAG-1", "BER", 2)
    Unit.objects.filter(serial="CRATE-1-1").update(status="out")
    StockLevel.objects.filter(variant=shop.crate).update(on_hand=3, as_of=timezone.now() - timedelta(hours=3))
    UnitFactory(variant=shop.crate, depot=shop.depot, serial="CRATE-1-9")
    log_in(page, boss)
    yield shop
    forget_jobs()


def test_drift_is_looked_at_and_repaired(morning: Shop, page: Page) -> None:
    reconcile_inventory(actor="job")
    page.goto(address("inventory_reconciliation_changelist"))
    expect(page.get_by_text("Differences left").first).to_be_visible()

    page.get_by_role("link", name="Compare now…").click()
    page.get_by_label("Repair what can be repaired").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("It has begun.")).to_be_visible()
    run_jobs()
    page.goto(address("inventory_reconciliation_change", Reconciliation.objects.first()))

    expect(page.get_by_role("heading", name="What agrees again")).to_be_visible()
    expect(page.get_by_text("We have this unit, and it does not.")).to_be_visible()
    kept = Reconciliation.objects.all()[0]
    assert (kept.found, kept.repaired, kept.left) == (5, 4, 1)


def test_the_pages_fit_their_window(morning: Shop, page: Page, look: Looking) -> None:
    reconcile_inventory(actor="job")
    reconcile_inventory(repair=True, actor="command")
    repaired, compared = Reconciliation.objects.all()[:2]
    for name, url in {
        "comparisons": address("inventory_reconciliation_changelist"),
        "comparison": address("inventory_reconciliation_change", compared),
        "comparison-repaired": address("inventory_reconciliation_change", repaired),
        "compare-now": address("inventory_reconciliation_compare_now"),
    }.items():
        page.goto(url)
        look(name)
