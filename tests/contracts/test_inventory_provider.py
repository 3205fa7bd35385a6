"""What every inventory adapter must keep, whatever system is behind it."""

from uuid import UUID, uuid4

import pytest

from inventory.providers.base import (
    Capability,
    CursorLost,
    Line,
    NotFound,
    OutOfStock,
    Refused,
    RemoteReservation,
    RemoteState,
)
from tests.contracts.conftest import Ims, window, winners


def test_the_system_says_what_it_can_do(ims: Ims):
    assert ims.provider.capabilities == frozenset(Capability)


# Counts


def test_levels_come_in_pages_and_each_comes_once(ims: Ims):
    rows = [{"sku": f"S{n:04}", "depot": depot, "on_hand": n} for n in range(300) for depot in ("AMS", "RTM")]
    ims.stand_in.store.seed(rows, [])

    page = ims.provider.levels()
    levels = list(page.levels)
    while page.cursor:
        page = ims.provider.levels(cursor=page.cursor)
        levels += page.levels

    assert {(level.sku, level.depot): level.on_hand for level in levels} == {
        (row["sku"], row["depot"]): row["on_hand"] for row in rows
    }
    assert len(levels) == 600


def test_any_number_of_skus_may_be_asked_for_and_unknown_ones_are_left_out(ims: Ims):
    ims.stand_in.store.seed([{"sku": f"S{n:04}", "depot": "AMS", "on_hand": n} for n in range(130)], [])
    skus = [f"S{n:04}" for n in range(0, 260, 2)]

    found, cursor = [], None
    while (page := ims.provider.levels(skus=skus, cursor=cursor)).levels or page.cursor:
        found += [level.sku for level in page.levels]
        if (cursor := page.cursor) is None:
            break

    assert found == [sku for sku in skus if sku < "S0130"]


def test_no_skus_are_no_levels(ims: Ims):
    ims.stock(1)

    assert list(ims.provider.levels(skus=[]).levels) == []


def test_claims_of_other_channels_are_told_apart_from_ours(ims: Ims):
    ims.stock(10)
    ims.sale(3)
    ims.stand_in.store.claim_elsewhere("BAG", "AMS", 4)

    (level,) = ims.provider.levels().levels

    assert (level.on_hand, level.reserved_elsewhere) == (10, 4)
    with pytest.raises(OutOfStock):
        ims.sale(4)


def test_the_clock_of_a_level_grows_with_every_change(ims: Ims):
    stamps = []
    for _ in range(20):
        ims.stock(1)
        stamps.append(ims.provider.levels().levels[0].as_of)

    assert sorted(set(stamps)) == stamps


def test_units_are_read_to_the_end_and_can_be_narrowed(ims: Ims):
    ims.stand_in.store.seed([], [{"serial": f"U{n:04}", "sku": "SKY", "depot": "AMS"} for n in range(600)])
    ims.rent_out("X1", sku="CAR", depot="RTM")

    assert len(ims.provider.units()) == 601
    assert [unit.serial for unit in ims.provider.units(sku="CAR")] == ["X1"]
    assert [unit.serial for unit in ims.provider.units(sku="SKY", depot="RTM")] == []
    assert {unit.depot for unit in ims.provider.units(depot="AMS")} == {"AMS"}


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
    assert ims.provider.find(key) == held
    assert ims.on_hand() == 5


def test_the_same_key_again_is_the_same_hold(ims: Ims):
    ims.stock(5)
    key = uuid4()

    first, second = ims.sale(2, key=key), ims.sale(2, key=key)

    assert first == second
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

    won = winners(lambda _: ims.sale(1), 50)

    assert len(won) == 7
    assert ims.free() == 0


def test_one_key_from_many_threads_is_one_hold(ims: Ims):
    ims.stock(7)
    key = uuid4()

    won = winners(lambda _: ims.sale(2, key=key), 20)

    assert won == [won[0]] * 20
    assert ims.free() == 5


def test_a_hold_dies_by_itself(ims: Ims):
    ims.stock(1)
    key = uuid4()
    ims.sale(key=key)

    ims.stand_in.store.advance(31 * 60)

    found = ims.provider.find(key)
    assert found is not None
    assert found.state == RemoteState.RELEASED
    assert ims.provider.reservations() == []
    assert ims.sale().state == RemoteState.HELD


def test_a_dead_or_released_key_may_be_reserved_anew(ims: Ims):
    ims.stock(1)
    key = uuid4()
    ims.sale(key=key)
    ims.provider.release(key=key)
    assert ims.sale(key=key).state == RemoteState.HELD

    ims.stand_in.store.advance(31 * 60)

    assert ims.sale(key=key).state == RemoteState.HELD
    assert ims.free() == 0


# Confirm and release


def test_a_confirmed_hold_no_longer_dies(ims: Ims):
    ims.stock(1)
    key = ims.sale().key

    confirmed = ims.provider.confirm(key=key)
    ims.stand_in.store.advance(24 * 3600)

    assert confirmed.state == RemoteState.CONFIRMED
    assert ims.provider.confirm(key=key) == confirmed
    with pytest.raises(OutOfStock):
        ims.sale()


def test_confirming_an_expired_hold_wins_the_goods_anew(ims: Ims):
    ims.stock(1)
    key = ims.sale().key
    ims.stand_in.store.advance(31 * 60)

    assert ims.provider.confirm(key=key).state == RemoteState.CONFIRMED
    assert ims.free() == 0


def test_confirming_an_expired_hold_whose_goods_are_gone_is_out_of_stock(ims: Ims):
    ims.stock(1)
    key = ims.sale().key
    ims.stand_in.store.advance(31 * 60)
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
    rented = ims.rental(window(0, 3)).key
    ims.provider.confirm(key=confirmed)
    ims.check_out(shipped)
    ims.provider.release(key=released)
    ims.check_out(rented, serials=["U1"])
    many = {ims.sale().key for _ in range(4)}

    found: dict[UUID, RemoteReservation] = {each.key: each for each in ims.provider.reservations()}

    assert set(found) == {held, confirmed, rented} | many
    assert found[rented].state == RemoteState.CHECKED_OUT


# The change feed


def test_without_a_cursor_the_feed_tells_everything(ims: Ims):
    ims.stand_in.store.seed([{"sku": f"S{n}", "depot": "AMS", "on_hand": n} for n in range(700)], [])
    ims.rent_out("U1")

    page = ims.provider.changes(None)
    rows = [*page.levels, *page.units]
    while page.more:
        page = ims.provider.changes(page.cursor)
        rows += [*page.levels, *page.units]

    assert len(rows) == 701
    assert page.cursor


def test_after_a_cursor_the_feed_tells_only_what_moved_as_it_is_now(ims: Ims):
    ims.stock(5)
    ims.stock(5, "MAT")
    ims.rent_out("U1", "U2")
    start = ims.provider.changes(None).cursor
    assert ims.provider.changes(start).levels == ims.provider.changes(start).units == ()

    ims.stand_in.store.sell("BAG", "AMS", 1)
    ims.stand_in.store.sell("BAG", "AMS", 1)
    ims.stand_in.store.set_unit("U1", status="maintenance")

    news = ims.provider.changes(start)
    assert [(level.sku, level.on_hand) for level in news.levels] == [("BAG", 3)]
    assert [(unit.serial, unit.status) for unit in news.units] == [("U1", "maintenance")]
    assert not news.more


def test_a_cursor_may_be_used_again(ims: Ims):
    ims.stock(5)
    start = ims.provider.changes(None).cursor
    ims.stock(1)

    assert ims.provider.changes(start) == ims.provider.changes(start)


@pytest.mark.parametrize("cursor", ["nonsense", "0.0", "é.1"])
def test_a_cursor_that_was_never_given_out_is_lost(ims: Ims, cursor: str):
    with pytest.raises(CursorLost):
        ims.provider.changes(cursor)


def test_after_a_lost_cursor_everything_is_told_anew(ims: Ims):
    ims.stock(5)
    start = ims.provider.changes(None).cursor
    ims.stand_in.store.lose_cursor()

    with pytest.raises(CursorLost):
        ims.provider.changes(start)

    assert [level.sku for level in ims.provider.changes(None).levels] == ["BAG"]
