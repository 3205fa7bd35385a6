"""What every inventory adapter must keep, whatever system is behind it."""

import threading
from uuid import UUID, uuid4

import pytest

from inventory.providers.base import (
    Capability,
    CursorLost,
    Line,
    NotFound,
    OutOfStock,
    PushRejected,
    Refused,
    RemoteReservation,
    RemoteState,
    Unavailable,
)
from sandbox.http import Request, Response, Server
from tests.contracts.conftest import Ims, Lever, Verb, needs, same, window, winners


def test_the_system_says_what_it_can_do(ims: Ims):
    assert ims.provider.capabilities == ims.can & frozenset(Capability)


# Counts


@needs(Lever.BULK)
def test_levels_come_in_pages_and_each_comes_once(ims: Ims):
    rows = [(f"S{n:04}", depot, n) for n in range(1, 301) for depot in ("AMS", "RTM")]
    ims.staff.seed(rows)

    first, levels = ims.provider.levels(), ims.levels()

    assert first.cursor
    assert {(level.sku, level.depot, level.on_hand) for level in levels} == set(rows)
    assert len(levels) == 600


@needs(Lever.BULK)
def test_any_number_of_skus_may_be_asked_for_and_unknown_ones_are_left_out(ims: Ims):
    ims.staff.seed([(f"S{n:04}", "AMS", n + 1) for n in range(130)])
    skus = [f"S{n:04}" for n in range(0, 260, 2)]

    assert [level.sku for level in ims.levels(skus=skus)] == [sku for sku in skus if sku < "S0130"]


def test_no_skus_are_no_levels(ims: Ims):
    ims.stock(1)

    assert list(ims.provider.levels(skus=[]).levels) == []


def test_claims_of_other_channels_are_told_apart_from_ours(ims: Ims):
    ims.stock(10)
    ims.sale(3)
    ims.staff.claim_elsewhere("BAG", "AMS", 4)

    level = ims.level()

    assert (level.on_hand, level.reserved_elsewhere) == (10, 4)
    with pytest.raises(OutOfStock):
        ims.sale(4)


def test_the_clock_of_a_level_grows_with_every_change(ims: Ims):
    stamps = []
    for _ in range(20):
        ims.stock(1)
        stamps.append(ims.level().as_of)

    assert sorted(set(stamps)) == stamps


@needs(Lever.BULK)
def test_units_are_read_to_the_end_and_can_be_narrowed(ims: Ims):
    ims.staff.seed([], [(f"U{n:04}", "SKY", "AMS") for n in range(600)])
    ims.rent_out("X1", sku="CAR", depot="RTM")

    assert sorted(unit.serial for unit in ims.provider.units()) == [*(f"U{n:04}" for n in range(600)), "X1"]
    assert [unit.serial for unit in ims.provider.units(sku="CAR")] == ["X1"]
    assert [unit.serial for unit in ims.provider.units(sku="SKY", depot="RTM")] == []
    assert {unit.depot for unit in ims.provider.units(depot="AMS")} == {"AMS"}


@needs(Lever.BULK, Lever.FAULTS)
def test_units_are_read_while_they_are_walked_through_and_a_list_that_breaks_off_says_so(ims: Ims):
    ims.staff.seed([], [(f"U{n:04}", "SKY", "AMS") for n in range(600)])
    units = ims.provider.units()
    seen = [next(units)]
    ims.staff.breaks(Verb.READ, "500_before")

    with pytest.raises(Unavailable):
        seen.extend(units)

    assert len(seen) < 600
    assert len(list(ims.provider.units())) == 600


# Holds


def test_a_hold_takes_all_lines_or_none(ims: Ims):
    ims.stock(5, "BAG")
    ims.stock(1, "MAT")
    lines = [Line("BAG", "AMS", 2, "sale"), Line("MAT", "AMS", 2, "sale")]

    with pytest.raises(OutOfStock) as short:
        ims.provider.reserve(key=uuid4(), lines=lines)

    assert (short.value.sku, short.value.have) == ("MAT", 1)
    assert (ims.free("BAG"), ims.free("MAT")) == (5, 1)


def test_two_lines_of_one_sku_are_counted_together(ims: Ims):
    ims.stock(3)

    with pytest.raises(OutOfStock):
        ims.provider.reserve(key=uuid4(), lines=[Line("BAG", "AMS", 2, "sale")] * 2)


def test_a_hold_answers_with_what_it_holds(ims: Ims):
    ims.stock(5)
    key = uuid4()

    held = ims.sale(2, key=key)

    assert (held.key, held.state, list(held.lines)) == (key, RemoteState.HELD, [Line("BAG", "AMS", 2, "sale")])
    found = ims.provider.find(key)
    assert found is not None
    assert same(held, found)
    assert ims.on_hand() == 5


def test_the_same_key_again_is_the_same_hold(ims: Ims):
    ims.stock(5)
    key = uuid4()

    first, second = ims.sale(2, key=key), ims.sale(2, key=key)

    assert same(first, second)
    assert ims.free() == 3


def test_a_key_cannot_stand_for_other_lines(ims: Ims):
    ims.stock(5)
    key = uuid4()
    ims.sale(2, key=key)

    with pytest.raises(Refused):
        ims.sale(3, key=key)

    assert ims.free() == 3


@pytest.mark.parametrize("line", [Line("NO", "AMS", 1, "sale"), Line("BAG", "NO", 1, "sale")])
def test_an_unknown_sku_or_depot_is_not_found(ims: Ims, line: Line):
    ims.stock(5)

    with pytest.raises(NotFound):
        ims.provider.reserve(key=uuid4(), lines=[line])


def test_the_last_pieces_go_to_exactly_as_many_callers(ims: Ims):
    ims.stock(7)

    won = winners(lambda _: ims.sale(1), 20)

    assert len(won) == 7
    assert ims.free() == 0


def test_one_key_from_many_threads_is_one_hold(ims: Ims):
    ims.stock(7)
    key = uuid4()

    won = winners(lambda _: ims.sale(2, key=key), 10)

    assert len(won) == 10
    assert same(*won)
    assert ims.free() == 5


@needs(Capability.HOLD_EXPIRY)
def test_a_hold_dies_by_itself(ims: Ims):
    ims.stock(1)
    key = uuid4()
    ims.sale(key=key)

    ims.staff.advance(31 * 60)

    found = ims.provider.find(key)
    assert found is not None
    assert found.state == RemoteState.RELEASED
    assert list(ims.provider.reservations()) == []
    assert ims.sale().state == RemoteState.HELD


def test_a_released_key_may_be_reserved_anew(ims: Ims):
    ims.stock(1)
    key = uuid4()
    for _ in range(3):
        assert ims.sale(key=key).state == RemoteState.HELD
        ims.provider.release(key=key)

    assert ims.sale(key=key).state == RemoteState.HELD
    assert ims.free() == 0


@needs(Capability.HOLD_EXPIRY)
def test_a_dead_key_may_be_reserved_anew(ims: Ims):
    ims.stock(1)
    key = uuid4()
    ims.sale(key=key)
    ims.staff.advance(31 * 60)

    assert ims.sale(key=key).state == RemoteState.HELD
    assert ims.free() == 0


# Confirm and release


@needs(Lever.CLOCK)
def test_a_confirmed_hold_no_longer_dies(ims: Ims):
    ims.stock(1)
    key = ims.sale().key

    confirmed = ims.provider.confirm(key=key)
    ims.staff.advance(24 * 3600)

    assert confirmed.state == RemoteState.CONFIRMED
    assert same(ims.provider.confirm(key=key), confirmed)
    with pytest.raises(OutOfStock):
        ims.sale()


@needs(Capability.HOLD_EXPIRY)
def test_confirming_an_expired_hold_wins_the_goods_anew(ims: Ims):
    ims.stock(1)
    key = ims.sale().key
    ims.staff.advance(31 * 60)

    assert ims.provider.confirm(key=key).state == RemoteState.CONFIRMED
    assert ims.free() == 0


@needs(Capability.HOLD_EXPIRY)
def test_confirming_an_expired_hold_whose_goods_are_gone_is_out_of_stock(ims: Ims):
    ims.stock(1)
    key = ims.sale().key
    ims.staff.advance(31 * 60)
    ims.sale()

    with pytest.raises(OutOfStock):
        ims.provider.confirm(key=key)


def test_an_unknown_or_released_key_cannot_be_confirmed(ims: Ims):
    ims.stock(1)
    key = ims.sale().key
    ims.provider.release(key=key)

    for gone in (key, uuid4()):
        with pytest.raises(NotFound):
            ims.provider.confirm(key=gone)


def test_releasing_gives_back_once_and_a_repeat_or_an_unknown_key_is_success(ims: Ims):
    ims.stock(3)
    key = ims.sale(2).key
    ims.provider.confirm(key=key)

    for again in (key, key, uuid4()):
        ims.provider.release(key=again)

    assert ims.free() == 3
    found = ims.provider.find(key)
    assert found is not None
    assert found.state == RemoteState.RELEASED


def test_what_has_left_cannot_be_released(ims: Ims):
    ims.stock(3)
    key = ims.sale(2).key
    ims.check_out(key)

    with pytest.raises(Refused):
        ims.provider.release(key=key)

    assert ims.on_hand() == 1


# What became of it


def test_an_unknown_key_is_found_as_nothing(ims: Ims):
    assert ims.provider.find(uuid4()) is None


def test_only_live_reservations_are_listed(ims: Ims):
    ims.stock(600)
    ims.rent_out("U1")
    held, confirmed, shipped, released = (ims.sale().key for _ in range(4))
    rented = ims.book(window(0, 3))
    ims.provider.confirm(key=confirmed)
    ims.check_out(shipped)
    ims.provider.release(key=released)
    ims.check_out(rented, serials=["U1"])
    many = {ims.sale().key for _ in range(4)}

    found: dict[UUID, RemoteReservation] = {each.key: each for each in ims.provider.reservations()}

    assert set(found) == {held, confirmed, rented} | many
    assert found[rented].state == RemoteState.CHECKED_OUT


# The change feed


@needs(Lever.BULK)
def test_without_a_cursor_the_feed_tells_everything(ims: Ims):
    ims.staff.seed([(f"S{n}", "AMS", n + 1) for n in range(300)] + [("S1", "RTM", 7)])
    ims.rent_out("U1")

    pieces, units, cursor = ims.told(None)

    told = {pool: count for pool, count in pieces.items() if count}
    assert told == {(f"S{n}", "AMS"): n + 1 for n in range(300)} | {("S1", "RTM"): 7}
    assert units == {"U1": "available"}
    assert cursor


def test_after_a_cursor_the_feed_tells_only_what_moved_as_it_is_now(ims: Ims):
    ims.stock(5)
    ims.stock(5, "MAT")
    ims.rent_out("U1")
    ims.rent_out("X1", sku="CAR")
    start = ims.caught_up()

    ims.staff.sell("BAG", "AMS", 1)
    ims.staff.sell("BAG", "AMS", 1)
    ims.staff.set_unit("U1", "maintenance")

    pieces, units, _ = ims.told(start)
    assert {pool: count for pool, count in pieces.items() if count} == {("BAG", "AMS"): 3}
    assert units == {"U1": "maintenance"}


def test_the_feed_tells_what_other_channels_claim_and_give_back(ims: Ims):
    ims.stock(5)
    ims.stock(5, "MAT")
    start = ims.caught_up()

    for claimed in (2, 0):
        ims.staff.claim_elsewhere("BAG", "AMS", claimed)
        page = ims.provider.changes(start)
        told = [level for level in page.levels if level.on_hand]
        assert [(level.sku, level.reserved_elsewhere) for level in told] == [("BAG", claimed)]
        start = page.cursor


def test_the_feed_tells_a_unit_that_leaves_and_comes_back(ims: Ims):
    ims.rent_out("U1", "U2")
    key = ims.book(window(0, 3))
    start = ims.caught_up()

    ims.check_out(key, serials=["U1"])
    _, units, middle = ims.told(start)
    assert units["U1"] == "out"

    ims.provider.check_in(key=key, serials=["U1"], condition="B", depot="AMS")
    _, units, _ = ims.told(middle)
    assert units["U1"] == "available"


def test_a_cursor_may_be_used_again(ims: Ims):
    ims.stock(5)
    start = ims.caught_up()
    ims.stock(1)

    assert ims.told(start)[:2] == ims.told(start)[:2]
    assert ims.told(start)[0].get(("BAG", "AMS")) == 6


@pytest.mark.parametrize("cursor", ["nonsense", "0.0", "é.1"])
def test_a_cursor_that_was_never_given_out_is_lost(ims: Ims, cursor: str):
    with pytest.raises(CursorLost):
        ims.provider.changes(cursor)


@needs(Lever.HISTORY)
def test_after_a_lost_cursor_everything_is_told_anew(ims: Ims):
    ims.stock(5)
    start = ims.provider.changes(None).cursor
    ims.staff.lose_cursor()

    with pytest.raises(CursorLost):
        ims.provider.changes(start)

    assert [level.sku for level in ims.provider.changes(None).levels] == ["BAG"]


# Pushes


@needs(Capability.PUSH)
def test_a_push_of_the_system_itself_is_accepted_and_the_feed_has_the_news(ims: Ims):
    arrived, asked = threading.Event(), []

    def shop(request: Request) -> Response:
        asked.append(request)
        arrived.set()
        return Response(200)

    start = ims.provider.changes(None).cursor
    with Server(shop) as listener:
        ims.staff.push_to(listener.url + "/api/v1/webhooks/inventory")
        ims.stock(5)
        assert arrived.wait(5)
        request = asked[0]
        ims.provider.parse_push(headers=dict(request.headers.items()), body=request.body)
        with pytest.raises(PushRejected):
            ims.provider.parse_push(headers=dict(request.headers.items()), body=request.body + b" ")

    assert ims.told(start)[0]["BAG", "AMS"] == 5


# Decisions about units


@needs(Capability.UNIT_STATES)
@pytest.mark.parametrize("condition", "ABCD")
@pytest.mark.parametrize("status", ["available", "cleaning", "maintenance", "lost", "retired"])
def test_the_system_takes_our_word_for_a_unit_on_the_shelf(ims: Ims, status: str, condition: str):
    ims.rent_out("U1", "U2")

    for _ in range(2):  # a repeat is the same decision
        said = ims.provider.set_unit(serial="U1", status=status, condition=condition)

    assert (said.serial, said.sku, said.depot) == ("U1", "SKY", "AMS")
    told = {unit.serial: (unit.status, unit.condition) for unit in ims.provider.units()}
    assert told == {"U1": (status, condition), "U2": ("available", "A")}
    assert (said.status, said.condition) == told["U1"]


@needs(Capability.UNIT_STATES)
def test_a_unit_that_its_customer_keeps_is_nobodys_to_rent_any_more(ims: Ims):
    ims.rent_out("U1", "U2")
    key = ims.book(window(0, 3))
    ims.check_out(key, serials=["U1"])
    ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS")

    for _ in range(2):
        said = ims.provider.set_unit(serial="U1", status="sold", condition="A")

    assert said.status in ("sold", "retired")
    assert {unit.serial: unit.status for unit in ims.provider.units()} == {"U1": said.status, "U2": "available"}


@needs(Capability.UNIT_STATES)
def test_nothing_is_decided_about_a_unit_that_is_out_or_unknown_except_that_it_is_lost(ims: Ims):
    ims.rent_out("U1")
    key = ims.book(window(0, 3))
    ims.check_out(key, serials=["U1"])

    with pytest.raises(Refused):
        ims.provider.set_unit(serial="U1", status="available", condition="A")
    with pytest.raises(NotFound):
        ims.provider.set_unit(serial="NO", status="available", condition="A")
    assert ims.status("U1") == "out"
    assert ims.provider.set_unit(serial="U1", status="lost", condition="A").status == "lost"
