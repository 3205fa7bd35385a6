"""The drift report: what differs from the inventory system, both ways, and what only seems to."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from inventory.models import Reservation, StockLevel, Unit
from inventory.services import (
    commit,
    mirror_changes,
    put_back,
    reconcile_inventory,
    release,
    ship,
    sync_reservations,
    take_in,
)
from sandbox.inventory.rules import Line
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, StockLevelFactory, UnitFactory
from tests.inventory.shelf import bag, crate, in_minutes
from tests.shop import Shop

pytestmark = pytest.mark.django_db

STRANGER = UUID("01890000-0000-7000-8000-000000000000")


def drift(**options: Any) -> list[tuple[str, str, str]]:
    report = reconcile_inventory(settle=0, **options)
    return [(finding.drift, finding.what, finding.ref) for finding in report.findings]


def run(**options: Any) -> tuple[int, str, str]:
    """(exit code, stdout, stderr)"""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("reconcile_inventory", settle=0, stdout=out, stderr=err, **options)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return code, out.getvalue(), err.getvalue()


def in_step(row: Reservation) -> Reservation:
    sync_reservations(reservation_ids=[row.pk])
    row.refresh_from_db()
    return row


# Equal


def test_a_shop_in_full_swing_is_equal(shop: Shop) -> None:
    sold, returned, cleaned, out, paid, given_back, *_held = (
        in_step(row)
        for row in (bag(shop, 2), crate(shop), crate(shop, 6, 9), crate(shop), bag(shop), bag(shop), bag(shop))
    )
    commit(reservation_ids=[row.pk for row in (sold, returned, cleaned, out, paid)])
    ship(reservation_id=sold.pk)
    for n, row in enumerate([returned, cleaned, out], 1):
        ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial=f"CRATE-1-{n}").pk)
        in_step(row)
    for row in (returned, cleaned):
        take_in(reservation_id=row.pk, condition="B", turnaround_days=1)
    put_back(unit_id=Unit.objects.get(serial="CRATE-1-1").pk)
    release(reservation_ids=[given_back.pk])
    for row in Reservation.objects.all():
        in_step(row)
    mirror_changes()

    assert drift() == []
    code, out_text, err_text = run()
    assert (code, out_text) == (0, "")
    assert err_text.splitlines() == [
        "1 levels compared, 0 differ",
        "3 units compared, 0 differ",
        "3 reservations compared, 0 differ",
        "equal",
    ]


def test_goods_of_others_are_no_drift(shop: Shop) -> None:
    shop.ims.store.receive("FOOD", "BER", 3)
    shop.ims.store.receive("BAG-1", "MOON", 3)
    shop.ims.store.add_units("FOOD", "BER", ["FOOD-1"], "A")

    code, _, said = run()

    assert code == 0
    assert "3 rows left out" in said


def test_a_hold_that_is_dead_and_not_tidied_may_be_there_or_not(shop: Shop) -> None:
    held, unknown = in_step(bag(shop)), bag(shop)
    Reservation.objects.update(expires_at=in_minutes(-1))

    assert drift() == []
    assert {held.provider_state, unknown.provider_state} == {"held", "none"}


def test_a_unit_that_is_gone_may_be_forgotten_there(shop: Shop) -> None:
    for status in ("sold", "retired", "lost"):
        UnitFactory(variant=shop.crate, depot=shop.depot, status=status)

    assert drift() == []


# Drift


def _more_pieces_here(shop: Shop) -> str:
    StockLevel.objects.filter(variant=shop.bag).update(on_hand=11)
    return "BAG-1"


def _more_claims_there(shop: Shop) -> str:
    StockLevel.objects.filter(variant=shop.bag).update(reserved_elsewhere=1)
    return "BAG-1"


def _an_unread_sale(shop: Shop) -> str:
    shop.ims.store.sell("BAG-1", "BER", 1)
    return "BAG-1"


def _a_sale_that_left_and_is_not_counted_here(shop: Shop) -> str:
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk)
    in_step(row)
    return "BAG-1"


def _a_clock_that_went_back(shop: Shop) -> str:
    StockLevel.objects.filter(variant=shop.bag).update(as_of=in_minutes(60 * 24))
    return "BAG-1"


def _an_unread_level(shop: Shop) -> str:
    StockLevel.objects.filter(variant=shop.bag).delete()
    return "BAG-1"


def _a_level_that_nobody_counts(shop: Shop) -> str:
    return str(StockLevelFactory(depot=shop.depot).variant.sku)


def _an_unread_unit(shop: Shop) -> str:
    Unit.objects.get(serial="CRATE-1-1").delete()
    return "CRATE-1-1"


def _a_unit_of_our_own(shop: Shop) -> str:
    return str(UnitFactory(variant=shop.crate, depot=shop.depot).serial)


def _a_unit_that_is_out_only_here(shop: Shop) -> str:
    Unit.objects.filter(serial="CRATE-1-1").update(status="out")
    return "CRATE-1-1"


def _a_unit_at_another_depot(shop: Shop) -> str:
    Unit.objects.filter(serial="CRATE-1-1").update(depot=DepotFactory())
    return "CRATE-1-1"


def _a_unit_of_another_kind(shop: Shop) -> str:
    Unit.objects.filter(serial="CRATE-1-1").update(variant=VariantFactory())
    return "CRATE-1-1"


def _an_unread_repair(shop: Shop) -> str:
    shop.ims.store.set_unit("CRATE-1-1", status="maintenance")
    return "CRATE-1-1"


def _a_hold_nobody_told_of(shop: Shop) -> str:
    return str(bag(shop).pk)


def _a_rental_out_that_it_lost(shop: Shop) -> str:
    row = in_step(crate(shop))
    Reservation.objects.filter(pk=row.pk).update(
        status="shipped", provider_state="checked_out", unit=Unit.objects.filter(variant=shop.crate).first()
    )
    shop.ims.store.release(str(row.pk))
    return str(row.pk)


def _a_claim_we_do_not_know(shop: Shop) -> str:
    shop.ims.store.reserve(str(STRANGER), [Line("BAG-1", "BER", 1, "sale")], None)
    return str(STRANGER)


def _another_quantity(shop: Shop) -> str:
    row = in_step(bag(shop))
    Reservation.objects.filter(pk=row.pk).update(quantity=2)
    return str(row.pk)


def _a_payment_nobody_told_of(shop: Shop) -> str:
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    return str(row.pk)


def _a_release_nobody_told_of(shop: Shop) -> str:
    row = in_step(crate(shop))
    release(reservation_ids=[row.pk])
    return str(row.pk)


def _a_sale_that_left_only_here(shop: Shop) -> str:
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    in_step(row)
    ship(reservation_id=row.pk)
    return str(row.pk)


@pytest.mark.parametrize(
    ("kind", "what", "happens"),
    [
        ("quantity", "level", _more_pieces_here),
        ("quantity", "level", _more_claims_there),
        ("stale_mirror", "level", _an_unread_sale),
        ("stale_mirror", "level", _a_sale_that_left_and_is_not_counted_here),
        ("stale_mirror", "level", _a_clock_that_went_back),
        ("missing_here", "level", _an_unread_level),
        ("missing_there", "level", _a_level_that_nobody_counts),
        ("missing_here", "unit", _an_unread_unit),
        ("missing_there", "unit", _a_unit_of_our_own),
        ("state", "unit", _a_unit_that_is_out_only_here),
        ("state", "unit", _a_unit_at_another_depot),
        ("state", "unit", _a_unit_of_another_kind),
        ("stale_mirror", "unit", _an_unread_repair),
        ("missing_there", "reservation", _a_hold_nobody_told_of),
        ("missing_there", "reservation", _a_rental_out_that_it_lost),
        ("missing_here", "reservation", _a_claim_we_do_not_know),
        ("quantity", "reservation", _another_quantity),
        ("state", "reservation", _a_payment_nobody_told_of),
        ("state", "reservation", _a_release_nobody_told_of),
        ("state", "reservation", _a_sale_that_left_only_here),
    ],
)
def test_each_difference_is_found_and_named(shop: Shop, kind: str, what: str, happens: Callable[[Shop], str]) -> None:
    ref = happens(shop)

    assert drift() == [(kind, what, ref)]
    assert run()[0] == 1


def test_what_settles_by_itself_meanwhile_is_no_drift(shop: Shop) -> None:
    _an_unread_sale(shop)
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    UnitFactory(variant=shop.crate, depot=shop.depot, serial="GHOST")

    def mirror_and_jobs(said: str) -> None:
        if "looking again" in said:
            mirror_changes()
            in_step(row)

    assert drift(progress=mirror_and_jobs) == [("missing_there", "unit", "GHOST")]


def test_another_difference_at_the_second_look_is_not_reported_yet(shop: Shop) -> None:
    _an_unread_sale(shop)

    def next_sale(said: str) -> None:
        if "looking again" in said:
            mirror_changes()
            _an_unread_sale(shop)

    assert drift(progress=next_sale) == []


def test_one_depot_or_one_variant_can_be_asked_about(shop: Shop) -> None:
    vienna = DepotFactory(code="VIE")
    shop.ims.store.receive("BAG-1", "VIE", 2)
    StockLevelFactory(variant=shop.crate, depot=vienna, on_hand=0, as_of=None)
    UnitFactory(variant=shop.crate, depot=vienna, serial="GHOST")
    row = bag(shop)

    assert drift(depot="VIE") == [("missing_here", "level", "BAG-1"), ("missing_there", "unit", "GHOST")]
    assert drift(sku="CRATE-1") == [("missing_there", "unit", "GHOST")]
    assert drift(depot="BER", sku="BAG-1") == [("missing_there", "reservation", str(row.pk))]
    assert drift(depot="BER", sku="CRATE-1") == []


def test_it_reads_only_and_the_statements_do_not_grow_with_the_stock(shop: Shop) -> None:
    with CaptureQueriesContext(connection) as few:
        drift()
    for n in range(60):
        shop.ims.store.receive(VariantFactory().sku, "BER", 1)
        shop.ims.store.add_units("CRATE-1", "BER", [f"MORE-{n}"], "A")
    mirror_changes()
    shop.ims.store.receive("BAG-1", "BER", 90)
    mirror_changes()
    for _ in range(60):
        in_step(bag(shop))

    with CaptureQueriesContext(connection) as many:
        report = reconcile_inventory()

    assert (report.levels, report.units, report.reservations, report.findings) == (61, 63, 60, [])
    assert len(many) == len(few) + 1  # the reservations that are there now
    writes = [q["sql"] for q in many if q["sql"].split()[0] not in {"SELECT", "DECLARE", "FETCH", "CLOSE"}]
    assert [sql for sql in writes if not sql.startswith('INSERT INTO "inventory_reconciliation"')] == []


# The command


def test_findings_are_a_table_on_stdout_and_progress_goes_to_stderr(shop: Shop) -> None:
    _more_pieces_here(shop)
    _a_unit_that_is_out_only_here(shop)

    code, out, err = run()

    head, level, unit = out.splitlines()
    assert code == 1
    columns = ["drift", "what", "ref", "depot", "ours", "theirs", "repair", "since", "result", "note"]
    assert head.split() == columns
    assert level.startswith("quantity  level  BAG-1      BER    11 on hand at 2")
    assert unit.startswith("state     unit   CRATE-1-1  BER    out, A, CRATE-1 at BER")
    assert level.index("10 on hand") == unit.index("available, A, CRATE-1 at BER") == head.index("theirs")
    assert "2 differences" in err.splitlines()[-1]
    assert "looking again" in err


def test_findings_can_be_had_as_json(shop: Shop) -> None:
    row = in_step(bag(shop, 2))
    commit(reservation_ids=[row.pk])

    code, out, _ = run(json=True)

    assert code == 1
    told = json.loads(out)
    assert told["findings"][0].pop("since").startswith(str(timezone.now().date())[:8])
    assert told == {
        "levels": 1,
        "units": 3,
        "reservations": 1,
        "skipped": 0,
        "repaired": 0,
        "left": 1,
        "findings": [
            {
                "drift": "state",
                "what": "reservation",
                "ref": str(row.pk),
                "depot": "BER",
                "ours": "committed: 2 BAG-1 at BER for sale",
                "theirs": "held",
                "note": "it acknowledged held; not in step",
                "repair": "sync_again",
                "result": "",
            }
        ],
    }


def test_equality_as_json_has_no_findings(shop: Shop) -> None:
    code, out, _ = run(json=True)

    assert code == 0
    assert json.loads(out)["findings"] == []


def test_a_system_that_cannot_be_asked_is_not_a_drift(shop: Shop, settings: Settings) -> None:
    _more_pieces_here(shop)
    shop.ims.faults.update({"down": True})
    assert run()[:2] == (2, "")

    shop.ims.faults.update({"down": False})
    settings.INVENTORY_TOKEN = "of yesterday"
    assert run()[:2] == (2, "")


@pytest.mark.parametrize("settle", [-1.0, float("nan"), float("inf")])
def test_a_wait_that_is_none_is_bad_usage(shop: Shop, settle: float) -> None:
    with pytest.raises(CommandError) as no:
        call_command("reconcile_inventory", settle=settle)

    assert no.value.returncode == 64


@pytest.mark.parametrize("arguments", [["--settle", "-1"], ["--settle", "soon"], ["--repiar"], ["--sku"]])
def test_what_cannot_be_parsed_is_bad_usage_also_in_a_shell(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError) as no:
        call_command("reconcile_inventory", *arguments)
    with pytest.raises(SystemExit) as stop:
        load_command_class("inventory", "reconcile_inventory").run_from_argv(
            ["manage.py", "reconcile_inventory", *arguments]
        )

    assert (no.value.returncode, stop.value.code) == (64, 64)
    assert "error:" in capsys.readouterr().err


def test_names_that_nobody_has_are_refused_before_anything_is_asked(shop: Shop) -> None:
    assert run(depot="MOON") == (64, "", 'There is no depot "MOON".')
    assert run(sku="FOOD") == (64, "", 'There is no variant "FOOD".')


def test_the_second_look_comes_after_a_round_of_the_mirror(shop: Shop) -> None:
    _more_pieces_here(shop)

    class Stop(Exception):
        pass

    def stop(said: str) -> None:
        if "looking again in 15 s" in said:  # the mirror reads every 10
            raise Stop

    with pytest.raises(Stop):
        reconcile_inventory(progress=stop)
