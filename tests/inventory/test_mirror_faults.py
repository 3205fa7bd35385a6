"""A feed that repeats, reorders, stands still, shouts or shrinks: what is written is what is, and it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import time_machine
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from pytest_django import Settings

from core.http import MAX_ANSWER_BYTES
from inventory import jobs
from inventory.models import Feed, Reservation, StockLevel, Unit
from inventory.providers.base import Capability, Changes, Level, NotFound, Unavailable, UnitRecord
from inventory.services import apply_changes, commit, mirror_changes, reconcile_inventory, sync_reservations
from sandbox.http import Request, Response
from tests.examples import examples
from tests.factories.inventory import DepotFactory
from tests.inventory.shelf import MINUTE, NOW, Shelf, bag, crate, unable
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db


def on_hand(shop: Shop) -> int:
    return StockLevel.objects.get(variant=shop.bag).on_hand


def misfits() -> set[object]:
    return set(Reservation.objects.filter(misfit_at__isnull=False).values_list("pk", flat=True))


@contextmanager
def answering(shop: Shop, path: str, answer: Callable[[Request], Response]) -> Iterator[list[Request]]:
    """The system answers calls of this path so. Yields these calls."""
    route, asked = shop.ims.app.route, list[Request]()

    def instead(request: Request) -> Response:
        if request.path != path:
            return route(request)
        asked.append(request)
        return answer(request)

    shop.ims.app.route = instead  # type: ignore[method-assign]
    yield asked
    shop.ims.app.route = route  # type: ignore[method-assign]


# Repeated, and in any order

PLACE, MINUTE_OF = st.integers(0, 2), st.integers(0, 9)
STATUS = st.sampled_from(["available", "maintenance", "lost", "out"])
HISTORY = st.dictionaries(st.tuples(PLACE, MINUTE_OF), st.tuples(st.integers(0, 9), STATUS), min_size=1, max_size=12)
Instant = tuple[int, int]
History = dict[Instant, tuple[int, str]]


@st.composite
def telling(draw: st.DrawFn) -> tuple[History, list[list[Instant]]]:
    """What was true of three pools at some instants, and pages that tell all of it, some of it again, in any order."""
    history = draw(HISTORY)
    again = draw(st.lists(st.sampled_from(sorted(history)), max_size=8))
    order = draw(st.permutations([*history, *again]))
    size = draw(st.integers(1, 6))
    return history, [order[at : at + size] for at in range(0, len(order), size)]


@given(told=telling())
@example(told=({(0, 1): (5, "lost"), (0, 2): (3, "available")}, [[(0, 2)], [(0, 1)]]))
@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_newest_of_each_thing_stands_however_often_and_in_whatever_order_it_is_told(
    clock: time_machine.Traveller, told: tuple[History, list[list[Instant]]]
) -> None:
    history, pages = told
    shelves = [Shelf(units=1) for _ in range(3)]
    serials = [shelf.all_units[0].serial for shelf in shelves]

    def rows(instant: Instant) -> tuple[Level, UnitRecord]:
        (place, minute), (pieces, status) = instant, history[instant]
        sku, depot, at = shelves[place].variant.sku, shelves[place].depot.code, NOW + minute * MINUTE
        return Level(sku, depot, pieces, 0, at), UnitRecord(serials[place], sku, depot, "A", status, at)

    for number, page in enumerate(pages):
        levels, units = zip(*map(rows, page), strict=True)
        apply_changes(Changes(levels, units, str(number + 1), more=True))

    for place, shelf in enumerate(shelves):
        if minutes := [minute for where, minute in history if where == place]:
            truth = history[place, max(minutes)]
            assert (shelf.level.on_hand, Unit.objects.get(serial=serials[place]).status) == truth
    assert Feed.objects.get().cursor == str(len(pages))


# Without an end


@pytest.mark.parametrize(("cursors", "most"), [(["7"], 2), (["7", "8", "9"], 4)], ids=["stands still", "in a circle"])
def test_a_feed_that_does_not_get_on_is_left_until_the_next_round(shop: Shop, cursors: list[str], most: int) -> None:
    def without_end(_request: Request) -> Response:
        cursor = cursors[len(asked) % len(cursors)]
        return Response.json({"levels": [], "units": [], "cursor": cursor, "more": True})

    before = Feed.objects.get().cursor
    with answering(shop, "/changes", without_end) as asked:
        jobs.mirror(timestamp=0)
        assert 2 <= len(asked) <= most
    shop.ims.store.sell("BAG-1", "BER", 4)
    assert Feed.objects.get().cursor != before  # one that the system will have forgotten

    jobs.mirror(timestamp=0)

    assert on_hand(shop) == 6


def test_counts_whose_pages_do_not_end_are_given_up(shop: Shop, settings: Settings) -> None:
    unable(shop, settings, Capability.CHANGE_FEED)
    endless = Response.json({"levels": [], "cursor": "again"})

    with answering(shop, "/levels", lambda _request: endless) as asked, pytest.raises(Unavailable, match="do not end"):
        mirror_changes()

    assert len(asked) == 2


# Too much at once


@pytest.mark.parametrize(
    "shout",
    [
        lambda: Response(200, b'{"levels": [' + b" " * MAX_ANSWER_BYTES + b"]}"),
        lambda: Response(200, b"[" * 200_000),
        lambda: Response.html("<h1>It works!</h1>"),
    ],
    ids=["huge", "deep", "HTML"],
)
def test_a_page_that_cannot_be_read_moves_nothing_and_the_next_round_goes_on(
    shop: Shop, shout: Callable[[], Response]
) -> None:
    before = Feed.objects.get().cursor
    shop.ims.store.sell("BAG-1", "BER", 4)

    with answering(shop, "/changes", lambda _request: shout()):
        jobs.mirror(timestamp=0)
    assert (Feed.objects.get().cursor, on_hand(shop)) == (before, 10)
    jobs.mirror(timestamp=0)

    assert on_hand(shop) == 6


# Less than was promised


def booked(shop: Shop, number: int) -> list[Reservation]:
    rows = [crate(shop, 0, 5) for _ in range(number)]
    commit(reservation_ids=[row.pk for row in rows])
    return rows


@pytest.mark.parametrize("status", ["lost", "maintenance", "retired", "out"])
def test_bookings_that_a_shrunken_fleet_cannot_serve_are_found_in_the_round_that_tells_it(
    shop: Shop, status: str
) -> None:
    rows = booked(shop, 3)
    for serial in ("CRATE-1-1", "CRATE-1-2"):
        shop.ims.store.set_unit(serial, status=status)

    jobs.mirror(timestamp=0)
    assert [name for name, _ in waiting_jobs("review")] == ["inventory.review_promises"]
    run_jobs()

    assert misfits() == {rows[1].pk, rows[2].pk}  # first come, first served


def test_a_unit_that_moves_to_another_depot_is_missed_where_it_was_promised(shop: Shop) -> None:
    DepotFactory(code="HAM")
    rows = booked(shop, 3)
    Reservation.objects.filter(pk=rows[0].pk).update(unit=Unit.objects.get(serial="CRATE-1-1"))
    shop.ims.store.set_unit("CRATE-1-1", depot="HAM")

    jobs.mirror(timestamp=0)
    run_jobs()

    assert misfits() == {rows[2].pk}
    assert Reservation.objects.get(pk=rows[0].pk).unit is None  # it stands ready for nobody here any more


def test_pieces_counted_below_what_is_sold_are_missed_by_the_youngest_claim(shop: Shop) -> None:
    paid, held = bag(shop, 6), bag(shop, 4)
    commit(reservation_ids=[paid.pk])
    shop.ims.store.sell("BAG-1", "BER", 3, force=True)

    jobs.mirror(timestamp=0)
    run_jobs()

    assert misfits() == {held.pk}
    assert Reservation.objects.get(pk=held.pk).status == "held"  # its customer is told by a person, not by a job


# Other names


def renamed(shop: Shop, name: str) -> None:
    """The location has another code there from now on."""
    with shop.ims.store._write() as db:
        for table in ("levels", "units"):
            db.execute(f"UPDATE {table} SET depot = ?, as_of = as_of + 1000000", [name])
        db.execute("UPDATE changes SET depot = ? WHERE kind = 'level'", [name])
        db.execute("UPDATE changes SET seq = seq + 100")


@pytest.mark.usefixtures("no_settling")
def test_a_location_renamed_there_sells_nothing_here_and_is_found_by_the_comparison(shop: Shop) -> None:
    renamed(shop, "BER-2")
    mirror_changes()
    assert on_hand(shop) == 10  # nobody counted less; what is known of it is old
    row = bag(shop)

    with pytest.raises(NotFound):  # an order is refused by this
        sync_reservations(reservation_ids=[row.pk])
    report = reconcile_inventory()

    assert {(f.drift, f.what, f.ref) for f in report.findings} == {
        ("missing_there", "level", "BAG-1"),
        *(("missing_there", "unit", f"CRATE-1-{n}") for n in (1, 2, 3)),
        ("missing_there", "reservation", str(row.pk)),
    }
    assert report.skipped > 0  # and that it has rows of a depot that is not one of ours


def test_a_location_renamed_there_has_nothing_to_sell_after_the_next_whole_reading_and_is_believed_again(
    shop: Shop,
) -> None:
    row = bag(shop, 2)
    counted_at = StockLevel.objects.get(variant=shop.bag).as_of
    renamed(shop, "BER-2")

    assert mirror_changes(anew=True) == 1
    run_jobs()

    assert (on_hand(shop), misfits()) == (0, {row.pk})
    assert mirror_changes(anew=True) == 0
    with shop.ims.store._write() as db:  # its old name again, and nothing was counted meanwhile
        db.execute("UPDATE levels SET depot = 'BER', as_of = as_of - 1000000")
        db.execute("UPDATE changes SET depot = 'BER' WHERE kind = 'level'")
    mirror_changes(anew=True)
    level = StockLevel.objects.get(variant=shop.bag)
    assert (level.on_hand, level.as_of) == (10, counted_at)


def test_a_system_without_a_feed_that_leaves_a_depot_out_has_nothing_to_sell_there(
    shop: Shop, settings: Settings
) -> None:
    unable(shop, settings, Capability.CHANGE_FEED)
    renamed(shop, "BER-2")

    mirror_changes()

    assert on_hand(shop) == 0


@pytest.mark.parametrize("failure", ["it tells nothing", "it stands still"])
def test_a_whole_reading_that_is_none_takes_nothing_away(shop: Shop, failure: str) -> None:
    renamed(shop, "BER-2")
    route = shop.ims.app.route
    elsewhere = {"sku": "BAG-1", "depot": "HAM", "on_hand": 1, "reserved_elsewhere": 0, "as_of": "2026-01-01T00:00:00Z"}
    stuck = failure == "it stands still"
    page = {"levels": [elsewhere] if stuck else [], "units": [], "cursor": "1", "more": stuck}

    def answer(request: Request) -> Response:
        return Response.json(page) if request.path == "/changes" else route(request)

    shop.ims.app.route = answer  # type: ignore[method-assign]
    mirror_changes(anew=True)

    assert on_hand(shop) == 10


def test_what_another_reader_heard_during_a_whole_reading_is_not_taken_away(shop: Shop) -> None:
    """Nothing lies in Amsterdam when that page is read; then a delivery comes, and the usual reading hears of it."""
    amsterdam = DepotFactory(code="AMS")
    mirror_changes()
    delivered: list[str] = []

    def while_reading(_line: str) -> None:
        if not delivered:
            delivered.append("5")
            shop.ims.store.receive("BAG-1", "AMS", 5)
            mirror_changes()

    mirror_changes(anew=True, progress=while_reading)

    assert StockLevel.objects.get(depot=amsterdam, variant=shop.bag).on_hand == 5


def test_a_location_renamed_there_goes_on_when_the_depot_is_named_so_here(shop: Shop) -> None:
    renamed(shop, "BER-2")
    mirror_changes()
    shop.depot.code = "BER-2"
    shop.depot.save()

    mirror_changes(anew=True)
    row = bag(shop)
    sync_reservations(reservation_ids=[row.pk])

    assert Reservation.objects.get(pk=row.pk).provider_state == "held"
