"""What is kept of comparisons: by the nightly job, for staff, for ninety days."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.comparing import MOST_KEPT
from inventory import jobs
from inventory.models import Reconciliation, StockLevel
from inventory.services import reconcile_inventory
from inventory.services.verdicts import Finding
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, ReconciliationFactory, StockLevelFactory, UnitFactory
from tests.inventory.test_repair import everything
from tests.jobs import run_jobs, waiting_jobs
from tests.orders.desk import address, desk, said, who
from tests.shop import Shop

pytestmark = pytest.mark.django_db

COMPARE = "inventory_reconciliation_compare_now"


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


# What is kept


def test_each_comparison_is_kept_with_its_figures(shop: Shop) -> None:
    StockLevel.objects.filter(variant=shop.bag).update(on_hand=11)

    reconcile_inventory(settle=0, depot="BER", sku="BAG-1", actor="staff:7")
    reconcile_inventory(settle=0, repair=True)
    reconcile_inventory(settle=0)

    fields = ("actor", "depot", "sku", "outcome", "levels", "units", "found", "repaired", "left")
    assert list(Reconciliation.objects.order_by("id").values_list(*fields)) == [
        ("staff:7", "BER", "BAG-1", "drift", 1, 0, 1, 0, 1),
        ("command", "", "", "repaired", 1, 3, 1, 1, 0),
        ("command", "", "", "equal", 1, 3, 0, 0, 0),
    ]
    kept = Reconciliation.objects.order_by("id")[1]
    assert kept.finished_at >= kept.started_at
    assert set(kept.findings[0]) == set(Finding.__dataclass_fields__)
    assert kept.findings[0]["result"] == "repaired"


def test_one_that_could_not_ask_is_kept_too(shop: Shop) -> None:
    shop.ims.faults.update({"down": True})

    jobs.reconcile(timestamp=0)

    kept = Reconciliation.objects.get()
    assert (kept.outcome, kept.actor, kept.findings) == ("unreachable", "job", [])
    assert "503" in kept.error


def test_of_very_many_findings_all_are_counted_and_a_thousand_kept(shop: Shop) -> None:
    StockLevelFactory.create_batch(MOST_KEPT + 5, depot=shop.depot, on_hand=1)

    reconcile_inventory(settle=0)

    kept = Reconciliation.objects.get()
    assert (kept.found, kept.left, len(kept.findings)) == (MOST_KEPT + 5, MOST_KEPT + 5, MOST_KEPT)


def test_comparisons_are_forgotten_after_ninety_days() -> None:
    ReconciliationFactory(started_at=timezone.now() - timedelta(days=91))
    young = ReconciliationFactory(started_at=timezone.now() - timedelta(days=89))

    for _ in range(2):
        jobs.forget_old_reconciliations(timestamp=0)

    assert list(Reconciliation.objects.all()) == [young]


# Every night


def test_the_nightly_job_compares_without_repair_and_alerts_when_something_differs(
    shop: Shop, caplog: pytest.LogCaptureFixture, no_settling: None
) -> None:
    everything(shop)

    jobs.reconcile(timestamp=0)

    kept = Reconciliation.objects.get()
    assert (kept.outcome, kept.actor, kept.repaired, kept.left) == ("drift", "job", 0, 7)
    assert [record.levelname for record in caplog.records if "stock_drift" in str(record.msg)] == ["ERROR"]


def test_a_night_without_drift_alerts_nobody(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    jobs.reconcile(timestamp=0)

    assert Reconciliation.objects.get().outcome == "equal"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_it_runs_once_a_night_and_one_at_a_time() -> None:
    (nightly,) = [
        task for (name, _), task in jobs.app.periodic_registry.periodic_tasks.items() if name == "inventory.reconcile"
    ]

    assert nightly.cron == "40 2 * * *"
    assert (jobs.reconcile.lock, jobs.reconcile.queueing_lock) == ("inventory.reconcile", "inventory.reconcile")


# Staff


def test_a_clerk_has_it_compared_now_and_finds_it_in_the_list(shop: Shop, no_settling: None) -> None:
    clerk = desk("clerk")
    everything(shop)

    answer = clerk.post(address(COMPARE), {"depot": shop.depot.pk, "sku": "bag-1", "repair": "on"})

    assert answer.url == address("inventory_reconciliation_changelist")
    assert "It has begun" in said(answer)
    asked = {"depot": "BER", "sku": "BAG-1", "repair": True, "actor": who(clerk)}
    assert waiting_jobs("inventory.reconcile") == [("inventory.reconcile", asked)]
    run_jobs()
    kept = Reconciliation.objects.get()
    assert (kept.outcome, kept.actor, kept.depot, kept.sku) == ("repaired", who(clerk), "BER", "BAG-1")
    shown = text_of(clerk.get(address("inventory_reconciliation_changelist")))
    assert "BAG-1 at BER" in shown
    assert "Sam of clerk" in shown


def test_asking_twice_compares_once(shop: Shop) -> None:
    clerk = desk("clerk")

    for _ in range(2):
        clerk.post(address(COMPARE), {})

    assert len(waiting_jobs("inventory.reconcile")) == 1


def test_a_sku_that_nobody_has_is_explained() -> None:
    answer = desk("clerk").post(address(COMPARE), {"sku": "FOOD"})

    assert "There is no variant with this SKU." in text_of(answer)
    assert waiting_jobs("inventory.reconcile") == []


@pytest.mark.parametrize("group", ["auditor", "catalog", "refunds"])
def test_others_do_not_have_it_compared(group: str) -> None:
    answers = desk(group).get(address(COMPARE)), desk(group).post(address(COMPARE), {"repair": "on"})

    assert [answer.status_code for answer in answers] == [403, 403]
    assert waiting_jobs("inventory.reconcile") == []


def test_an_auditor_reads_them_and_is_not_offered_to_compare(shop: Shop) -> None:
    everything(shop)
    reconcile_inventory(settle=0)
    auditor = desk("auditor")

    pages = [
        text_of(auditor.get(address("inventory_reconciliation_changelist"))),
        text_of(auditor.get(address("inventory_reconciliation_change", Reconciliation.objects.get()))),
    ]

    assert [page for page in pages if "Compare now" in page] == []
    assert "Compare now" in text_of(desk("clerk").get(address("inventory_reconciliation_changelist")))


def test_nobody_writes_or_deletes_one_by_hand() -> None:
    row, boss = ReconciliationFactory(), desk("boss")

    assert boss.get(address("inventory_reconciliation_add")).status_code == 403
    assert boss.post(address("inventory_reconciliation_delete", row), {"post": "yes"}).status_code == 403


def test_the_page_says_in_plain_words_what_differs_and_what_became_of_it(shop: Shop) -> None:
    everything(shop)
    UnitFactory(variant=shop.crate, depot=shop.depot, serial="GHOST")
    boss = desk("boss")
    reconcile_inventory(settle=0)
    reconcile_inventory(settle=0, repair=True)
    repaired, compared = Reconciliation.objects.all()

    before = text_of(boss.get(address("inventory_reconciliation_change", compared)))
    after = text_of(boss.get(address("inventory_reconciliation_change", repaired)))

    for words in (
        "We promised this, and it keeps nothing for it.", "Repair tells it again what we promised.",
        "It keeps stock under a number that we do not know.", "Repair gives it back there.",
        "We have this unit, and it does not.", "A person must look.", "Enter it there, or retire it here.",
    ):  # fmt: skip
        assert words in before
    assert "What agrees again" not in before
    assert after.count("Repaired</span>") or after.count("Repaired") >= 7
    assert "What agrees again" in after
    assert not re.search(r"\d{4}-\d\d-\d\dT\d\d", before + after)


def test_every_class_has_its_words(shop: Shop) -> None:
    findings = [
        vars_of(Finding(drift, what, "X", "BER", "", "", repair=repair))
        for what, drifts in {
            "level": ("missing_here", "missing_there", "quantity", "stale_mirror"),
            "unit": ("missing_here", "missing_there", "state", "stale_mirror"),
            "reservation": ("missing_here", "missing_there", "quantity", "state"),
        }.items()
        for drift in drifts
        for repair in ("take_theirs", "write_off", "tell_again", "sync_again", "release_there", "by_hand")
    ]
    row = ReconciliationFactory(findings=findings, found=len(findings), left=len(findings), outcome="drift")

    text_of(desk("boss").get(address("inventory_reconciliation_change", row)))


def vars_of(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__dataclass_fields__}


def test_a_page_of_a_thousand_findings_shows_the_first_and_asks_as_much_as_one_of_few(shop: Shop) -> None:
    boss = desk("boss")

    def statements(findings: int) -> tuple[int, str]:
        rows = [vars_of(Finding("missing_there", "level", f"SKU-{n}", "BER", "1", "")) for n in range(findings)]
        row = ReconciliationFactory(findings=rows, found=findings, left=findings, outcome="drift")
        with CaptureQueriesContext(connection) as captured:
            shown = text_of(boss.get(address("inventory_reconciliation_change", row)))
        return len(captured), shown

    statements(2)
    few, many = statements(2), statements(1_000)

    assert few[0] == many[0]
    assert "200 of 1000 differences are shown." in many[1]


def test_the_list_asks_no_more_for_many(client: Client) -> None:
    boss = desk("boss")

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(boss.get(address("inventory_reconciliation_changelist")))
        return len(captured)

    ReconciliationFactory(actor=who(boss))
    statements()
    few = statements()
    ReconciliationFactory.create_batch(30, actor=who(boss))

    assert statements() == few


def test_a_scope_that_is_narrowed_is_told() -> None:
    DepotFactory(code="BER")
    VariantFactory(sku="BAG-1")
    ReconciliationFactory(depot="BER")
    ReconciliationFactory(depot="BER", sku="BAG-1")
    ReconciliationFactory()

    shown = text_of(desk("boss").get(address("inventory_reconciliation_changelist")))

    assert [text in shown for text in ("everything", "BAG-1 at BER", "Every night")] == [True] * 3
