"""Our copy of the counts follows the inventory system, in whatever order and however often its news arrive."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from inventory.jobs import sync_stragglers
from inventory.models import Feed, Reservation, StockLevel, Unit
from inventory.providers.base import Capability, Changes, CursorLost, Level, Unavailable, UnitRecord
from inventory.services import (
    apply_changes,
    commit,
    decide_unit,
    mirror_changes,
    put_back,
    ship,
    sync_reservations,
    take_in,
    tell_unit,
)
from sandbox.http import DropConnection, Request, Response, Server
from sandbox.inventory.push import signature
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory
from tests.inventory.shelf import COUNTED_AT, MINUTE, NOW, Shelf, bag, crate, unable
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db


def level_of(shop: Shop) -> StockLevel:
    return StockLevel.objects.get(variant=shop.bag)


def page(*rows: Level | UnitRecord, cursor: str = "1", more: bool = False) -> Changes:
    levels = [row for row in rows if isinstance(row, Level)]
    return Changes(levels, [row for row in rows if isinstance(row, UnitRecord)], cursor, more)


def counted(shelf: Shelf, on_hand: int, minutes: int = 0, **more: Any) -> Level:
    return Level(shelf.variant.sku, shelf.depot.code, on_hand, more.get("elsewhere", 0), NOW + minutes * MINUTE)


def seen(unit: Unit, status: str, minutes: int = 0, condition: str = "A") -> UnitRecord:
    return UnitRecord(unit.serial, unit.variant.sku, unit.depot.code, condition, status, NOW + minutes * MINUTE)


def told(unit: Unit, status: str, **more: Any) -> tuple[str, str]:
    """What becomes of a unit of ours when the system says this."""
    apply_changes(page(seen(unit, status, **more)))
    unit.refresh_from_db()
    return unit.status, unit.condition


# Levels


def test_a_walk_in_sale_shows_after_the_next_round(shop: Shop) -> None:
    before = level_of(shop)
    shop.ims.store.sell("BAG-1", "BER", 4)
    shop.ims.store.claim_elsewhere("BAG-1", "BER", 1)

    assert mirror_changes() == 1

    after = level_of(shop)
    assert (after.on_hand, after.reserved_elsewhere) == (6, 1)
    assert after.as_of > before.as_of


def test_a_round_without_news_writes_nothing(shop: Shop) -> None:
    read_at = Feed.objects.get().read_at

    assert mirror_changes() == 0
    assert Feed.objects.get().read_at > read_at


def test_the_feed_is_read_to_its_end(shop: Shop) -> None:
    for n in range(1_100):  # more than two pages of others' goods
        shop.ims.store.receive(f"FOOD-{n}", "BER", 1)
    shop.ims.store.sell("BAG-1", "BER", 4)

    assert mirror_changes() == 1
    assert level_of(shop).on_hand == 6


@pytest.mark.usefixtures("clock")
def test_a_page_that_comes_again_changes_nothing() -> None:
    shelf = Shelf(pieces=1, units=1)
    (unit,) = shelf.all_units
    news = page(counted(shelf, 7), seen(unit, "maintenance"))

    assert [apply_changes(news) for _ in range(3)] == [2, 0, 0]
    assert (shelf.level.on_hand, shelf.all_units[0].status) == (7, "maintenance")


@pytest.mark.usefixtures("clock")
def test_an_older_page_never_overwrites_a_newer_one() -> None:
    shelf = Shelf(pieces=1, units=1)
    (unit,) = shelf.all_units
    apply_changes(page(counted(shelf, 7, minutes=2), seen(unit, "maintenance", minutes=2)))

    assert apply_changes(page(counted(shelf, 9, minutes=1), seen(unit, "available", minutes=1))) == 0

    assert (shelf.level.on_hand, shelf.level.as_of) == (7, NOW + 2 * MINUTE)
    assert shelf.all_units[0].status == "maintenance"


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_row_of_a_page_counts_wherever_it_stands(order: int) -> None:
    shelf = Shelf(units=1)
    (unit,) = shelf.all_units
    rows = [counted(shelf, 3), seen(unit, "lost"), counted(shelf, 5, minutes=1), seen(unit, "available", minutes=1)]

    assert apply_changes(page(*rows[::order])) == 2

    assert (shelf.level.on_hand, shelf.all_units[0].status) == (5, "available")


@pytest.mark.usefixtures("clock")
def test_names_that_are_not_ours_are_left_out_and_the_rest_is_written() -> None:
    shelf = Shelf(pieces=1)
    ours = counted(shelf, 7)
    news = page(
        replace(ours, sku="FOOD"), replace(ours, depot="MOON"), ours, UnitRecord("X-1", "FOOD", "BER", "A", "out", NOW)
    )

    assert apply_changes(news) == 1
    assert StockLevel.objects.count() == 1
    assert not Unit.objects.exists()
    assert Feed.objects.get().cursor == "1"


def test_what_was_told_before_a_variant_was_ours_is_asked_for_once_it_is(shop: Shop) -> None:
    shop.ims.store.receive("NEW-1", "BER", 7)
    shop.ims.store.add_units("NEW-2", "BER", ["NEW-2-A"], "B")
    mirror_changes()
    bought, rented = VariantFactory(sku="NEW-1"), VariantFactory(sku="NEW-2")

    assert mirror_changes() == 2
    assert mirror_changes() == 0

    assert StockLevel.objects.get(variant=bought).on_hand == 7
    assert Unit.objects.get(variant=rented).condition == "B"


def test_what_was_told_before_a_depot_was_ours_is_read_once_it_is(shop: Shop) -> None:
    shop.ims.store.receive("BAG-1", "HAM", 4)
    mirror_changes()
    depot = DepotFactory(code="HAM")

    assert mirror_changes() == 1

    assert StockLevel.objects.get(depot=depot).on_hand == 4


def test_a_system_without_a_feed_is_read_whole(shop: Shop, settings: Settings) -> None:
    unable(shop, settings, Capability.CHANGE_FEED)
    cursor = Feed.objects.get().cursor
    shop.ims.store.sell("BAG-1", "BER", 4)
    shop.ims.store.set_unit("CRATE-1-2", status="maintenance")

    mirror_changes()

    assert level_of(shop).on_hand == 6
    assert Unit.objects.get(serial="CRATE-1-2").status == "maintenance"
    assert Feed.objects.get().cursor == cursor  # nobody asked the feed


@pytest.mark.usefixtures("clock")
def test_a_row_from_the_far_future_hides_no_later_news() -> None:
    shelf = Shelf(pieces=1)

    assert apply_changes(page(counted(shelf, 99, minutes=60 * 48))) == 0
    assert apply_changes(page(counted(shelf, 7))) == 1
    assert shelf.level.on_hand == 7


@pytest.mark.usefixtures("clock")
def test_a_pool_that_is_new_gets_its_level_and_a_rented_one_a_level_to_promise_under() -> None:
    shelf, rented = Shelf(pieces=1), Shelf(units=1)
    (unit,) = rented.all_units
    news = page(counted(shelf, 7), replace(seen(unit, "available"), serial="NEW-1"))
    StockLevel.objects.all().delete()

    apply_changes(news)

    assert (shelf.level.on_hand, rented.level.on_hand, rented.level.as_of) == (7, 0, None)
    assert rented.free().rental == 2


# The feed


def test_a_lost_cursor_starts_the_feed_anew(shop: Shop) -> None:
    shop.ims.store.lose_cursor()
    shop.ims.store.sell("BAG-1", "BER", 4)
    StockLevel.objects.filter(variant=shop.bag).update(on_hand=99, as_of=COUNTED_AT - timedelta(days=900))

    assert mirror_changes() == 1
    assert level_of(shop).on_hand == 6
    assert mirror_changes() == 0


@pytest.fixture
def amnesiac(settings: Settings) -> Iterator[list[str]]:
    """A system that knows no cursor, not even the beginning. Yields what it was asked."""
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.path)
        if request.path == "/capabilities":
            return Response.json({"version": "1", "capabilities": ["change_feed"]})
        response = Response.json({"title": "Gone", "status": 410, "code": "cursor_lost"}, 410)
        response.content_type = "application/problem+json"
        return response

    with Server(answer) as server:
        settings.INVENTORY_URL = server.url
        yield asked


def test_a_feed_without_a_beginning_is_not_asked_for_ever(amnesiac: list[str]) -> None:
    Feed.objects.create(name="ims", cursor="7.11")

    with pytest.raises(CursorLost):
        mirror_changes()

    assert amnesiac == ["/capabilities", "/changes", "/changes"]


def test_a_round_that_breaks_off_goes_on_where_it_was(shop: Shop) -> None:
    for n in range(600):
        shop.ims.store.receive(f"FOOD-{n}", "BER", 1)
    shop.ims.store.sell("BAG-1", "BER", 4)
    begin, route, pages = Feed.objects.get().cursor, shop.ims.app.route, count(1)

    def without_the_second_page(request: Request) -> Response:
        if request.path == "/changes" and next(pages) == 2:
            raise DropConnection
        return route(request)

    shop.ims.app.route = without_the_second_page
    with pytest.raises(Unavailable):
        mirror_changes()
    assert Feed.objects.get().cursor != begin
    assert level_of(shop).on_hand == 10

    assert mirror_changes() == 1
    assert (level_of(shop).on_hand, next(pages)) == (6, 4)


# Sales that left


def shipped(shop: Shop, quantity: int) -> Reservation:
    row = bag(shop, quantity)
    sync_reservations(reservation_ids=[row.pk])
    commit(reservation_ids=[row.pk])
    sync_reservations(reservation_ids=[row.pk])
    return ship(reservation_id=row.pk)


def test_a_sale_is_closed_by_the_count_that_contains_it(shop: Shop) -> None:
    row = shipped(shop, 3)
    sync_reservations(reservation_ids=[row.pk])

    mirror_changes()

    row.refresh_from_db()
    assert (row.status, level_of(shop).on_hand) == ("fulfilled", 7)


def test_a_sale_that_the_system_has_not_heard_of_is_not_closed_by_another_count(shop: Shop) -> None:
    row = shipped(shop, 3)  # it knows that the sale was confirmed, not that it left
    shop.ims.store.sell("BAG-1", "BER", 1)

    mirror_changes()

    row.refresh_from_db()
    assert (row.status, level_of(shop).on_hand) == ("shipped", 9)
    sync_reservations(reservation_ids=[row.pk])
    mirror_changes()
    row.refresh_from_db()
    assert (row.status, level_of(shop).on_hand) == ("fulfilled", 6)


def test_a_sale_acknowledged_after_its_count_is_closed_by_the_acknowledgement(shop: Shop) -> None:
    """Nothing else may ever move in this pool."""
    row = shipped(shop, 3)
    shop.ims.faults.plan("POST /reservations/*/check-out", "drop_after")
    with pytest.raises(Exception, match="inventory"):
        sync_reservations(reservation_ids=[row.pk])
    mirror_changes()
    row.refresh_from_db()
    assert row.status == "shipped"

    sync_reservations(reservation_ids=[row.pk])

    row.refresh_from_db()
    assert (row.status, level_of(shop).on_hand) == ("fulfilled", 7)


def test_a_sale_that_fell_between_its_count_and_its_acknowledgement_is_found_every_minute(shop: Shop) -> None:
    row = shipped(shop, 3)
    sync_reservations(reservation_ids=[row.pk])
    mirror_changes()
    Reservation.objects.filter(pk=row.pk).update(status="shipped")  # each was written without seeing the other

    sync_stragglers(timestamp=0)

    row.refresh_from_db()
    assert row.status == "fulfilled"


# Units


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("available", "available", "available"),
        ("available", "out", "out"),  # to a customer of its own
        ("available", "cleaning", "available"),
        ("available", "maintenance", "maintenance"),
        ("available", "lost", "lost"),
        ("out", "available", "available"),  # back from a customer of its own
        ("out", "out", "out"),
        ("out", "lost", "lost"),
        ("cleaning", "available", "cleaning"),  # it does not know our shelf
        ("cleaning", "out", "cleaning"),
        ("cleaning", "maintenance", "maintenance"),
        ("sold", "available", "available"),  # brought back
        ("sold", "retired", "retired"),
        ("maintenance", "available", "available"),  # repaired
        ("maintenance", "out", "out"),
        ("lost", "available", "available"),  # found
        ("retired", "cleaning", "retired"),
    ],
)
def test_news_of_a_unit_are_believed_except_about_our_own_cleaning(ours: str, theirs: str, merged: str) -> None:
    (unit,) = Shelf(units=1).all_units
    Unit.objects.update(status=ours)

    assert told(unit, theirs)[0] == merged


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("theirs", "merged"),
    [("available", "out"), ("out", "out"), ("cleaning", "out"), ("lost", "lost"), ("maintenance", "maintenance")],
)
def test_a_unit_with_our_customer_stays_out_and_where_it_left_unless_it_is_written_off(
    theirs: str, merged: str
) -> None:
    shelf, elsewhere = Shelf(units=1), Shelf(pieces=1)
    (unit,) = shelf.all_units
    shelf.reserved(
        rental=(NOW.date(), NOW.date() + timedelta(days=3)),
        status="shipped",
        provider_state="checked_out",
        provider_period=(NOW.date(), NOW.date() + timedelta(days=3)),
    )

    apply_changes(page(replace(seen(unit, theirs), depot=elsewhere.depot.code)))

    unit.refresh_from_db()
    assert (unit.status, unit.depot) == (merged, shelf.depot)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("status", ["shipped", "fulfilled"])
def test_news_of_a_unit_wait_until_the_system_has_heard_of_its_leaving_and_its_return(status: str) -> None:
    """Its news are from before; what it is told now answers with newer ones."""
    shelf = Shelf(units=1)
    (unit,) = shelf.all_units
    shelf.reserved(rental=(NOW.date(), NOW.date() + timedelta(days=3)), status=status, unit=unit, provider_state="held")

    assert told(unit, "maintenance")[0] == "available"


@pytest.mark.usefixtures("clock")
def test_what_staff_decided_here_holds_until_the_system_has_taken_it() -> None:
    (unit,) = Shelf(units=1).all_units
    decide_unit(unit_id=unit.pk, event="break")

    assert told(unit, "available")[0] == "maintenance"


@pytest.mark.usefixtures("clock")
def test_a_unit_that_is_new_is_what_the_system_says() -> None:
    (unit,) = Shelf(units=1).all_units

    apply_changes(page(replace(seen(unit, "out", condition="C"), serial="NEW-1")))

    new = Unit.objects.get(serial="NEW-1")
    assert (new.status, new.condition, new.as_of) == ("out", "C", NOW)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("status", "condition"), [("cleaning", "C"), ("available", "B")])
def test_the_condition_seen_at_the_counter_is_kept_until_the_system_has_heard_of_it(
    status: str, condition: str
) -> None:
    (unit,) = Shelf(units=1).all_units
    Unit.objects.update(status=status, condition="C")

    assert told(unit, "available", condition="B")[1] == condition


def test_the_condition_of_a_return_reaches_the_system_even_when_its_old_news_come_first(shop: Shop) -> None:
    row = crate(shop)
    commit(reservation_ids=[row.pk])
    unit = Unit.objects.get(serial="CRATE-1-2")
    ship(reservation_id=row.pk, unit_id=unit.pk)
    sync_reservations(reservation_ids=[row.pk])
    take_in(reservation_id=row.pk, condition="D", turnaround_days=1)

    mirror_changes()  # what it knows is that the unit left, in condition A
    sync_reservations(reservation_ids=[row.pk])
    mirror_changes()

    found = {u["serial"]: u["condition"] for u in shop.ims.store.units(None, None, None, 9)[0]}
    unit.refresh_from_db()
    assert found["CRATE-1-2"] == unit.condition == "D"


def test_a_unit_sent_to_maintenance_stays_there_when_its_return_comes_back_as_news(shop: Shop) -> None:
    row = crate(shop)
    commit(reservation_ids=[row.pk])
    unit = Unit.objects.get(serial="CRATE-1-2")
    ship(reservation_id=row.pk, unit_id=unit.pk)
    take_in(reservation_id=row.pk, condition="D", turnaround_days=1)
    put_back(unit_id=unit.pk, fit=False)

    sync_reservations(reservation_ids=[row.pk])  # "available", says the system now
    mirror_changes()
    assert told_here(unit) == "maintenance"
    tell_unit(unit_id=unit.pk)
    mirror_changes()

    assert told_here(unit) == told_there(shop, unit) == "maintenance"


def test_a_unit_repaired_there_is_back_here(shop: Shop) -> None:
    unit = Unit.objects.get(serial="CRATE-1-2")
    decide_unit(unit_id=unit.pk, event="break")
    tell_unit(unit_id=unit.pk)

    shop.ims.store.set_unit("CRATE-1-2", status="available")
    mirror_changes()

    assert told_here(unit) == "available"


def told_here(unit: Unit) -> str:
    unit.refresh_from_db()
    return unit.status


def told_there(shop: Shop, unit: Unit) -> str:
    return next(row["status"] for row in shop.ims.store.units(None, None, None, 9)[0] if row["serial"] == unit.serial)


@pytest.mark.usefixtures("clock")
def test_a_unit_follows_to_another_depot() -> None:
    here, there = Shelf(units=1), Shelf(pieces=1)
    (unit,) = here.all_units

    apply_changes(page(replace(seen(unit, "available"), depot=there.depot.code)))

    unit.refresh_from_db()
    assert unit.depot == there.depot
    assert StockLevel.objects.filter(variant=here.variant, depot=there.depot).exists()


# Pushes

PUSH = "/api/v1/webhooks/inventory"
BODY = b'{"id": "3f0c7a52-64a7-4d8e-8a0e-0c8c6a8f3a11", "type": "changes.available"}'


def push(api: APIClient, value: str, body: bytes = BODY) -> Any:
    return api.post(PUSH, data=body, content_type="application/json", headers={"X-Inventory-Signature": value})


@pytest.mark.parametrize("secret", ["push-new", "push-old"])
def test_a_push_signed_with_a_current_secret_has_the_feed_read(api: APIClient, shop: Shop, secret: str) -> None:
    shop.ims.store.sell("BAG-1", "BER", 4)

    answers = [push(api, signature(secret, BODY)) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"received": True})] * 2
    assert waiting_jobs() == [("inventory.mirror", {"timestamp": 0})]
    run_jobs()
    assert level_of(shop).on_hand == 6


def test_during_a_rotation_a_push_may_carry_both_signatures(api: APIClient) -> None:
    unknown, old = signature("push-next", BODY), signature("push-old", BODY)

    assert push(api, f"{unknown},{old.partition(',')[2]}").status_code == 200


@pytest.mark.parametrize(
    "sign",
    [
        lambda: "",
        lambda: "t=1,v1=" + "0" * 64,
        lambda: signature("somebody", BODY),
        lambda: signature("push-new", BODY, at=COUNTED_AT.timestamp()),  # not of these minutes
        lambda: signature("push-new", BODY + b" "),
    ],
    ids=["missing", "made up", "of somebody else", "old", "of another body"],
)
def test_any_other_push_is_refused_and_nothing_is_read(api: APIClient, sign: Callable[[], str]) -> None:
    answer = push(api, sign())

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "signature_invalid"
    assert waiting_jobs() == []


def test_a_body_is_judged_by_its_signature_before_anybody_reads_it(api: APIClient) -> None:
    nonsense = b"\xff{"

    assert push(api, signature("push-new", nonsense), nonsense).status_code == 200
    assert push(api, signature("push-new", BODY), nonsense).status_code == 400
    assert api.get(PUSH).status_code == 405
