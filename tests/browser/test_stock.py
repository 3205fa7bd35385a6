"""The stock pages as people use them: a unit breaks, a promise cannot be kept, and it is put right."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from inventory.models import Reservation, Unit
from inventory.services import review_promises
from sandbox.inventory.server import Sandbox
from tests.browser.conftest import Looking, log_in
from tests.browser.fleet import Fleet, a_fleet
from tests.jobs import forget_jobs, run_jobs
from tests.orders.desk import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def fleet(ims: Sandbox, page: Page) -> Iterator[Fleet]:
    """A fleet, with its boss logged in."""
    forget_jobs()
    there = a_fleet()
    log_in(page, there.boss)
    yield there
    forget_jobs()


def test_what_a_broken_unit_leaves_unserved_is_listed_until_the_unit_is_mended(fleet: Fleet, page: Page) -> None:
    number = fleet.lonely.line.order.number

    page.goto(address("inventory_unit_change", fleet.unit))
    page.get_by_role("link", name="Send to maintenance").click()
    page.get_by_text("D: worn").click()
    page.get_by_label("What is broken").fill("A strap is torn.")
    page.get_by_role("button", name="Send to maintenance").click()
    expect(page.get_by_text("1 coming booking cannot be served")).to_be_visible()
    expect(page.get_by_role("main").or_(page.locator("#main")).first).to_contain_text(number)
    run_jobs(later=False)

    page.get_by_role("link", name="Does not fit").click()
    expect(page.locator(".wl")).to_contain_text([number, ""])
    page.goto(address("inventory_unit_change", fleet.unit))
    page.get_by_role("link", name="Repaired: back on the shelf").click()
    page.get_by_role("button", name="Repaired: back on the shelf").click()
    expect(page.get_by_text("is repaired and back on the shelf.").first).to_be_visible()
    run_jobs(later=False)

    page.get_by_role("link", name="Does not fit").click()
    expect(page.locator("#content-main")).not_to_contain_text(number)
    assert Unit.objects.get(pk=fleet.unit.pk).condition == "D"


def pages_of(fleet: Fleet) -> dict[str, str]:
    refused = Reservation.objects.get(provider_state="refused")
    return {
        "dashboard": address("index"),
        "fleet": address("inventory_unit_calendar"),
        "worklist": address("inventory_reservation_worklist"),
        "units": address("inventory_unit_changelist"),
        "unit": address("inventory_unit_change", fleet.unit),
        "unit-broken": address("inventory_unit_change", fleet.mended),
        "unit-out": address("inventory_unit_change", Unit.objects.get(serial="KES-0101")),
        "unit-add": address("inventory_unit_add"),
        "unit-step": address("inventory_unit_send_to_maintenance", fleet.unit),
        "unit-lose": address("inventory_unit_lose", fleet.unit),
        "downtimes": address("inventory_downtime_changelist"),
        "downtime-add": f"{address('inventory_downtime_add')}?unit={fleet.unit.pk}",
        "reservations": address("inventory_reservation_changelist"),
        "reservation": address("inventory_reservation_change", refused),
        "ask-again": address("inventory_reservation_ask_again", refused),
        "levels": address("inventory_stocklevel_changelist"),
        "level": address("inventory_stocklevel_change", fleet.unit.variant.stock_levels.get()),
        "depots": address("inventory_depot_changelist"),
        "depot": address("inventory_depot_change", fleet.depot),
        "feeds": address("inventory_feed_changelist"),
    }


def test_every_stock_page_fits_its_window(fleet: Fleet, page: Page, look: Looking) -> None:
    Unit.objects.filter(pk=fleet.unit.pk).update(status="maintenance", decided_here=True)
    pools = Reservation.objects.values_list("variant_id", "depot_id").distinct()
    for variant_id, depot_id in pools:
        review_promises(variant_id=variant_id, depot_id=depot_id)

    for name, url in pages_of(fleet).items():
        page.goto(url)
        look(name)
