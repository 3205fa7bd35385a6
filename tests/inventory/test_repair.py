"""What --repair does to each difference, what it leaves to a person, and that it can be repeated and interrupted."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from inventory.models import Reconciliation, Reservation, StockLevel, Unit
from inventory.providers.base import Capability, Level, ProviderError
from inventory.services import (
    commit,
    decide_unit,
    enqueue_stragglers,
    mirror_changes,
    reconcile_inventory,
    release,
    ship,
    sync_reservations,
    take_in,
)
from inventory.services.sync import sync_anew
from inventory.services.takeover import take_over, write_off
from sandbox.http import DropConnection, Request, Response
from sandbox.inventory.rules import Line, Window
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, StockLevelFactory, UnitFactory
from tests.inventory.shelf import bag, crate, in_minutes, unable
from tests.inventory.test_reconcile import in_step, run
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db


def repaired(**options: Any) -> list[tuple[str, str, str, str, str]]:
    """(class, what, which, repair, result) of each finding."""
    report = reconcile_inventory(settle=0, repair=True, **options)
    return [(f.drift, f.what, f.ref, str(f.repair), f.result) for f in report.findings]


def found() -> list[str]:
    return [finding.drift for finding in reconcile_inventory(settle=0).findings]


def there(shop: Shop, row: Reservation) -> str | None:
    remote = shop.ims.store.find(str(row.pk))
    return remote["state"] if remote else None


def reserve_there(shop: Shop, quantity: int = 1, *, rental: bool = False) -> str:
    """A claim under a key that nobody here knows."""
    key = str(uuid4())
    if rental:
        shop.ims.store.reserve(key, [Line("CRATE-1", "BER", 1, "rental")], Window(shop.day(0), shop.day(4)))
    else:
        shop.ims.store.reserve(key, [Line("BAG-1", "BER", quantity, "sale")], None)
    return key


def level(shop: Shop) -> StockLevel:
    return StockLevel.objects.get(variant=shop.bag)


def out(shop: Shop, serial: str = "CRATE-1-1") -> Reservation:
    """A rental that left, which the inventory system knows."""
    row = in_step(crate(shop))
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial=serial).pk)
    in_step(row)
    mirror_changes()
    return row


# Levels


def test_a_level_that_was_not_read_is_taken_over(shop: Shop) -> None:
    StockLevel.objects.filter(variant=shop.bag).delete()

    assert repaired() == [("missing_here", "level", "BAG-1", "take_theirs", "repaired")]
    assert (level(shop).on_hand, found()) == (10, [])


def test_a_count_that_was_not_read_is_taken_over(shop: Shop) -> None:
    shop.ims.store.sell("BAG-1", "BER", 4)
    shop.ims.store.claim_elsewhere("BAG-1", "BER", 2)

    assert repaired() == [("stale_mirror", "level", "BAG-1", "take_theirs", "repaired")]
    assert (level(shop).on_hand, level(shop).reserved_elsewhere, found()) == (6, 2, [])


@pytest.mark.parametrize("minutes", [0, 30], ids=["of the same instant", "later than theirs"])
def test_another_count_of_ours_gives_way_when_the_inventory_system_says_so_twice(shop: Shop, minutes: int) -> None:
    as_of = level(shop).as_of
    StockLevel.objects.filter(variant=shop.bag).update(on_hand=99, as_of=as_of + timedelta(minutes=minutes))

    assert repaired() == [("quantity", "level", "BAG-1", "take_theirs", "repaired")]
    assert (level(shop).on_hand, level(shop).as_of, found()) == (10, as_of, [])


def test_after_its_clock_went_back_news_are_believed_again(shop: Shop) -> None:
    StockLevel.objects.filter(variant=shop.bag).update(as_of=in_minutes(60))
    assert repaired() == [("stale_mirror", "level", "BAG-1", "take_theirs", "repaired")]

    shop.ims.store.sell("BAG-1", "BER", 1)
    mirror_changes()

    assert level(shop).on_hand == 9


def test_a_count_from_the_far_future_is_left_to_a_person(shop: Shop) -> None:
    shop.ims.store.advance(60 * 60 * 48)
    shop.ims.store.sell("BAG-1", "BER", 1)

    assert repaired() == [("quantity", "level", "BAG-1", "by_hand", "")]
    assert level(shop).on_hand == 10


def test_a_level_that_nobody_counts_any_more_becomes_nothing_as_of_now(shop: Shop) -> None:
    lost = StockLevelFactory(depot=shop.depot, on_hand=4)
    promised = Reservation.objects.create(
        variant=lost.variant, depot=shop.depot, kind="sale", quantity=1, status="shipped", provider_state="checked_out",
        provider_acked_at=in_minutes(-5),
    )  # fmt: skip
    began = timezone.now()

    assert repaired() == [("missing_there", "level", lost.variant.sku, "write_off", "repaired")]

    lost.refresh_from_db()
    promised.refresh_from_db()
    assert (lost.on_hand, lost.as_of >= began, promised.status, found()) == (0, True, "fulfilled", [])
    assert waiting_jobs("review_promises") != []


def test_a_level_that_is_counted_again_later_is_believed_again(shop: Shop) -> None:
    lost = StockLevelFactory(depot=shop.depot, on_hand=4)
    repaired()

    shop.ims.store.receive(lost.variant.sku, "BER", 7)
    mirror_changes()

    lost.refresh_from_db()
    assert lost.on_hand == 7


def test_a_count_that_was_only_imported_is_left_to_a_person(shop: Shop) -> None:
    lost = StockLevelFactory(depot=shop.depot, on_hand=4, as_of=None)

    assert repaired() == [("missing_there", "level", lost.variant.sku, "by_hand", "")]
    lost.refresh_from_db()
    assert lost.on_hand == 4


def with_levels(shop: Shop, answer: Callable[[Request, Response], Response]) -> None:
    """Have each answer to a question for levels pass through here."""
    route = shop.ims.app.route

    def changed(request: Request) -> Response:
        given = route(request)
        return answer(request, given) if request.path == "/levels" else given

    shop.ims.app.route = changed


def test_a_list_that_comes_empty_writes_nothing_off(shop: Shop) -> None:
    with_levels(shop, lambda _request, _given: Response.json({"levels": [], "cursor": None}))

    assert repaired() == [("missing_there", "level", "BAG-1", "by_hand", "")]
    assert level(shop).on_hand == 10


def test_a_level_that_a_list_left_out_is_asked_for_by_name_before_it_is_written_off(shop: Shop) -> None:
    shop.ims.store.receive("FOOD", "BER", 1)
    other = StockLevelFactory(variant=VariantFactory(sku="OTHER-1"), depot=shop.depot, on_hand=5)
    shop.ims.store.receive("OTHER-1", "BER", 5)
    mirror_changes()

    def left_out(request: Request, given: Response) -> Response:
        asked_by_name = bool(request.query.get("sku"))
        return given if asked_by_name else Response.json({"levels": _without(given, "OTHER-1"), "cursor": None})

    with_levels(shop, left_out)

    assert repaired() == [("missing_there", "level", "OTHER-1", "write_off", "left")]
    other.refresh_from_db()
    assert other.on_hand == 5


def _without(given: Response, sku: str) -> list[Any]:
    return [row for row in json.loads(given.body)["levels"] if row["sku"] != sku]


# Units


def test_a_unit_that_was_not_read_is_taken_over(shop: Shop) -> None:
    Unit.objects.get(serial="CRATE-1-1").delete()

    assert repaired() == [("missing_here", "unit", "CRATE-1-1", "take_theirs", "repaired")]
    assert Unit.objects.get(serial="CRATE-1-1").status == "available"


def test_a_unit_of_ours_that_it_does_not_list_is_neither_retired_nor_hidden(shop: Shop) -> None:
    unit = UnitFactory(variant=shop.crate, depot=shop.depot)

    assert repaired() == [("missing_there", "unit", unit.serial, "by_hand", "")]
    unit.refresh_from_db()
    assert unit.status == "available"


def test_news_of_a_unit_that_were_not_read_are_taken_over(shop: Shop) -> None:
    shop.ims.store.set_unit("CRATE-1-1", status="maintenance", condition="C")

    assert repaired() == [("stale_mirror", "unit", "CRATE-1-1", "take_theirs", "repaired")]
    unit = Unit.objects.get(serial="CRATE-1-1")
    assert (unit.status, unit.condition) == ("maintenance", "C")


@pytest.mark.parametrize(
    "wrong", [{"status": "out"}, {"condition": "D"}, {"depot": "HAM"}], ids=["out", "worn", "elsewhere"]
)
def test_a_unit_that_is_wrong_here_alone_becomes_what_it_is_there(shop: Shop, wrong: dict[str, str]) -> None:
    fields = {**wrong, **({"depot": DepotFactory(code="HAM")} if "depot" in wrong else {})}
    Unit.objects.filter(serial="CRATE-1-1").update(**fields)

    assert repaired() == [("state", "unit", "CRATE-1-1", "take_theirs", "repaired")]
    unit = Unit.objects.get(serial="CRATE-1-1")
    assert (unit.status, unit.condition, unit.depot) == ("available", "A", shop.depot)


def test_what_staff_decided_about_a_unit_is_told_again(shop: Shop) -> None:
    unit = Unit.objects.get(serial="CRATE-1-1")
    decide_unit(unit_id=unit.pk, event="break", condition="D")

    assert repaired() == [("state", "unit", "CRATE-1-1", "tell_again", "repaired")]
    unit.refresh_from_db()
    assert (unit.status, unit.decided_here) == ("maintenance", False)
    assert shop.ims.store.units("CRATE-1", None, None, 1)[0][0]["status"] == "maintenance"


def test_what_it_has_not_heard_of_a_units_return_is_told_again(shop: Shop) -> None:
    row = out(shop)
    take_in(reservation_id=row.pk, condition="C", turnaround_days=1)

    findings = repaired()

    assert ("state", "unit", "CRATE-1-1", "sync_again", "repaired") in findings
    assert ("state", "reservation", str(row.pk), "sync_again", "repaired") in findings
    assert shop.ims.store.units("CRATE-1", None, None, 1)[0][0]["condition"] == "C"


def test_a_unit_with_our_customer_that_it_has_on_its_shelf_is_left_to_a_person(shop: Shop) -> None:
    out(shop)
    shop.ims.store.set_unit("CRATE-1-1", status="available")

    assert repaired() == [("stale_mirror", "unit", "CRATE-1-1", "by_hand", "")]
    assert Unit.objects.get(serial="CRATE-1-1").status == "out"


# Reservations


@pytest.mark.parametrize("acknowledged", ["none", "held", "confirmed"])
def test_a_claim_that_it_does_not_have_is_made_anew(shop: Shop, acknowledged: str) -> None:
    row = bag(shop, 2)
    commit(reservation_ids=[row.pk])
    Reservation.objects.filter(pk=row.pk).update(provider_state=acknowledged)

    assert repaired() == [("missing_there", "reservation", str(row.pk), "sync_again", "repaired")]
    row.refresh_from_db()
    assert (there(shop, row), row.provider_state) == ("confirmed", "confirmed")


def test_a_claim_that_it_cannot_take_again_is_left_with_the_reason(shop: Shop) -> None:
    row = bag(shop, 2)
    commit(reservation_ids=[row.pk])
    shop.ims.store.sell("BAG-1", "BER", 9)
    mirror_changes()

    report = reconcile_inventory(settle=0, repair=True)

    (finding,) = report.findings
    assert (finding.result, report.left, report.repaired) == ("left", 1, 0)
    assert "not repaired: The inventory system has 1 of BAG-1." in finding.note


def test_a_rental_that_lives_here_alone_is_no_drift(shop: Shop, settings: Settings) -> None:
    unable(shop, settings, Capability.RENTAL_WINDOWS)
    row = in_step(crate(shop))

    assert (row.provider_state, found()) == ("local", [])


@pytest.mark.parametrize("rental", [False, True])
def test_a_claim_that_nobody_here_knows_is_given_back_there(shop: Shop, rental: bool) -> None:
    key = reserve_there(shop, rental=rental)
    shop.ims.store.confirm(key)

    assert repaired() == [("missing_here", "reservation", key, "release_there", "repaired")]
    assert shop.ims.store.find(key)["state"] == "released"


def test_goods_that_left_under_a_key_that_nobody_here_knows_are_left_to_a_person(shop: Shop) -> None:
    key = reserve_there(shop, rental=True)
    shop.ims.store.check_out(key, ["CRATE-1-1"])
    mirror_changes()

    assert repaired() == [("missing_here", "reservation", key, "by_hand", "")]
    assert shop.ims.store.find(key)["state"] == "checked_out"


def test_goods_that_leave_just_before_the_release_are_not_called_back(shop: Shop) -> None:
    key = reserve_there(shop, rental=True)

    def hand_over(said: str) -> None:
        if "can be repaired" in said:
            shop.ims.store.check_out(key, ["CRATE-1-1"])

    assert ("missing_here", "reservation", key, "by_hand", "left") in repaired(progress=hand_over)
    assert shop.ims.store.find(key)["state"] == "checked_out"


def test_a_shop_that_knows_nearly_none_of_its_reservations_releases_none(shop: Shop) -> None:
    """A copy of the database that looks at the real system must not give back what real customers hold."""
    shop.ims.store.receive("BAG-1", "BER", 90)
    mirror_changes()
    keys = [reserve_there(shop) for _ in range(25)]

    assert {result[3] for result in repaired()} == {"by_hand"}
    assert {shop.ims.store.find(key)["state"] for key in keys} == {"held"}


def test_another_quantity_is_left_to_a_person(shop: Shop) -> None:
    row = in_step(bag(shop))
    Reservation.objects.filter(pk=row.pk).update(quantity=2)

    assert repaired() == [("quantity", "reservation", str(row.pk), "by_hand", "")]


def test_a_state_that_it_lost_is_reached_again(shop: Shop) -> None:
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    Reservation.objects.filter(pk=row.pk).update(provider_state="confirmed")  # it once said so

    assert repaired() == [("state", "reservation", str(row.pk), "sync_again", "repaired")]
    assert there(shop, row) == "confirmed"


def test_a_release_that_it_lost_is_done_again(shop: Shop) -> None:
    row = in_step(bag(shop))
    release(reservation_ids=[row.pk])
    Reservation.objects.filter(pk=row.pk).update(provider_state="released")

    assert repaired() == [("state", "reservation", str(row.pk), "sync_again", "repaired")]
    assert there(shop, row) == "released"


def test_a_return_that_it_lost_is_told_again(shop: Shop) -> None:
    row = out(shop)
    take_in(reservation_id=row.pk, condition="B", turnaround_days=1)
    Reservation.objects.filter(pk=row.pk).update(provider_state="checked_in")

    assert ("state", "reservation", str(row.pk), "sync_again", "repaired") in repaired()
    assert there(shop, row) == "checked_in"


def test_goods_that_left_there_and_not_here_are_left_to_a_person(shop: Shop) -> None:
    row = in_step(crate(shop))
    commit(reservation_ids=[row.pk])
    in_step(row)
    shop.ims.store.check_out(str(row.pk), ["CRATE-1-1"])
    mirror_changes()

    assert repaired() == [("state", "reservation", str(row.pk), "by_hand", "")]
    row.refresh_from_db()
    assert row.status == "committed"


def test_another_unit_out_there_than_here_is_left_to_a_person(shop: Shop) -> None:
    row = out(shop)
    Reservation.objects.filter(pk=row.pk).update(unit=Unit.objects.get(serial="CRATE-1-2"))
    Unit.objects.filter(serial="CRATE-1-2").update(status="out")

    (finding,) = [f for f in reconcile_inventory(settle=0).findings if f.what == "reservation"]

    assert (finding.drift, str(finding.repair)) == ("state", "by_hand")
    assert finding.theirs == "checked_out: CRATE-1-1"


def test_days_that_grew_here_are_told_again(shop: Shop) -> None:
    row = in_step(crate(shop, 1, 4))
    longer = (shop.day(1), shop.day(8))
    Reservation.objects.filter(pk=row.pk).update(period=longer, provider_period=longer)  # it once said so

    assert repaired() == [("quantity", "reservation", str(row.pk), "sync_again", "repaired")]
    assert shop.ims.store.find(str(row.pk))["window"]["ends_before"] == shop.day(8).isoformat()


def test_more_days_there_than_here_are_no_drift(shop: Shop) -> None:
    row = in_step(crate(shop, 1, 9))
    Reservation.objects.filter(pk=row.pk).update(period=(shop.day(1), shop.day(4)))

    assert found() == []


# All of it


def everything(shop: Shop) -> int:
    """A difference of each sort that can be repaired. Returns how many."""
    lost = bag(shop)
    commit(reservation_ids=[lost.pk])
    behind = in_step(bag(shop))
    commit(reservation_ids=[behind.pk])
    reserve_there(shop)
    decide_unit(unit_id=Unit.objects.get(serial="CRATE-1-1").pk, event="break")
    Unit.objects.get(serial="CRATE-1-2").delete()
    shop.ims.store.sell("BAG-1", "BER", 1)
    StockLevelFactory(depot=shop.depot, on_hand=4)
    return 7


def test_a_repair_may_be_repeated_and_the_second_one_has_nothing_to_do(shop: Shop) -> None:
    differences = everything(shop)

    first, second = repaired(), repaired()

    assert {finding[4] for finding in first} == {"repaired"}
    assert (len(first), second) == (differences, [])


def test_without_repair_nothing_is_changed(shop: Shop) -> None:
    differences = everything(shop)

    assert len(found()) == len(found()) == differences


def test_only_what_was_asked_for_is_repaired(shop: Shop) -> None:
    everything(shop)

    assert {finding[2] for finding in repaired(sku="CRATE-1")} == {"CRATE-1-1", "CRATE-1-2"}
    assert len(found()) == 5


def test_the_command_ends_with_zero_when_all_is_repaired_and_with_one_when_something_is_left(shop: Shop) -> None:
    everything(shop)

    code, shown, said = run(repair=True)
    assert (code, shown.count("repaired")) == (0, 7)
    assert said.splitlines()[-1] == "all differences are repaired, 7 repaired"

    UnitFactory(variant=shop.crate, depot=shop.depot, serial="GHOST")
    shop.ims.store.sell("BAG-1", "BER", 1)
    code, shown, said = run(repair=True)
    assert code == 1
    assert said.splitlines()[-1] == "1 differences left, 1 repaired"
    assert run(repair=True, json=True)[1].count('"by_hand"') == 1


def test_a_repair_uses_as_many_statements_for_many_levels_as_for_few(shop: Shop) -> None:
    def statements(levels: int) -> int:
        for _ in range(levels):
            shop.ims.store.receive(VariantFactory().sku, "BER", 1)
        with connection.execute_wrapper(counting := Counting()):
            reconcile_inventory(settle=0, repair=True)
        return counting.statements

    assert statements(60) == statements(2)


class Counting:
    statements = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        return execute(sql, params, many, context)


# While things move


def test_a_newer_count_that_came_meanwhile_is_kept(shop: Shop) -> None:
    shop.ims.store.sell("BAG-1", "BER", 4)

    def another_sale(said: str) -> None:
        if "can be repaired" in said:
            shop.ims.store.sell("BAG-1", "BER", 1)
            mirror_changes()

    assert repaired(progress=another_sale) == [("stale_mirror", "level", "BAG-1", "take_theirs", "repaired")]
    assert level(shop).on_hand == 5


def test_a_row_that_moved_since_it_was_compared_is_not_overruled(shop: Shop) -> None:
    row, unit = level(shop), Unit.objects.get(serial="CRATE-1-1")
    compared = Level("BAG-1", "BER", 3, 0, row.as_of)
    StockLevel.objects.update(on_hand=8)

    assert take_over(levels=[compared], instead_of=[row, unit]) == 0
    assert write_off(rows=[row]) == 0
    assert level(shop).on_hand == 8


def test_a_unit_that_leaves_meanwhile_stays_with_its_customer(shop: Shop) -> None:
    Unit.objects.filter(serial="CRATE-1-1").update(condition="D")
    row = in_step(crate(shop))
    commit(reservation_ids=[row.pk])

    def hand_over(said: str) -> None:
        if "can be repaired" in said:
            ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial="CRATE-1-1").pk)

    repaired(progress=hand_over)

    unit = Unit.objects.get(serial="CRATE-1-1")
    assert (unit.status, unit.depot) == ("out", shop.depot)


def test_a_reservation_that_is_spoken_about_is_left_to_whoever_speaks(shop: Shop) -> None:
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    row.refresh_from_db()
    Reservation.objects.filter(pk=row.pk).update(sync_leased_until=in_minutes(1))

    with pytest.raises(ProviderError, match="Somebody else"):
        sync_anew(row=row, there=None)

    row.refresh_from_db()
    assert row.provider_state == "held"


def test_what_was_seen_of_a_reservation_before_it_was_told_is_not_believed(shop: Shop) -> None:
    row = in_step(bag(shop))
    commit(reservation_ids=[row.pk])
    compared = Reservation.objects.get(pk=row.pk)
    sync_reservations(reservation_ids=[row.pk])
    shop.ims.faults.update({"down": True})

    sync_anew(row=compared, there=None)  # has nothing to ask

    row.refresh_from_db()
    assert row.provider_state == "confirmed"


@pytest.mark.django_db(transaction=True)
def test_a_level_that_somebody_holds_is_left_and_the_rest_is_repaired(
    shop: Shop, holder: Callable[[int], AbstractContextManager[None]]
) -> None:
    shop.ims.store.sell("BAG-1", "BER", 4)
    Unit.objects.filter(serial="CRATE-1-1").update(decided_here=True, condition="C")

    with holder(shop.bag.pk):
        report = reconcile_inventory(settle=0, repair=True)

    results = {finding.ref: (finding.result, finding.note) for finding in report.findings}
    assert results["BAG-1"] == ("left", "not repaired: somebody else was working on it")
    assert results["CRATE-1-1"][0] == "repaired"


# Away half-way


def test_what_was_repaired_before_it_went_away_stays_repaired_and_the_rest_is_told(shop: Shop) -> None:
    everything(shop)
    route, calls = shop.ims.app.route, count(1)

    def away_after_the_first_write(request: Request) -> Response:
        if shop.ims.faults.down or (request.method in {"PUT", "POST"} and next(calls) > 1):
            shop.ims.faults.update({"down": True})
            raise DropConnection
        return route(request)

    shop.ims.app.route = away_after_the_first_write
    assert run(repair=True)[0] == 2

    kept = Reconciliation.objects.get()
    assert (kept.outcome, kept.found, kept.repaired) == ("unreachable", 7, 0)
    assert {finding["result"] for finding in kept.findings} == {"tried"}
    assert kept.error

    shop.ims.app.route = route
    shop.ims.faults.update({"down": False})
    assert {finding[4] for finding in repaired()} == {"repaired"}
    assert level(shop).on_hand == 9


def test_a_call_that_fails_once_leaves_its_case_and_the_others_are_repaired(shop: Shop) -> None:
    everything(shop)
    shop.ims.faults.plan("PUT /reservations", "500_before", times=1)

    report = reconcile_inventory(settle=0, repair=True)

    assert (report.repaired, report.left) == (6, 1)
    enqueue_stragglers(older_than=timedelta(0))
    run_jobs()
    assert found() == []
