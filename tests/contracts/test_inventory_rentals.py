"""What every inventory adapter must keep about goods that leave and come back, and about days."""

import pytest

from inventory.providers.base import Capability, NotFound, OutOfStock, Refused, RemoteState
from tests.contracts.conftest import Ims, needs, same, window, winners

# Goods that leave and come back


def test_a_sale_leaves_once(ims: Ims):
    ims.stock(5)
    key = ims.sale(2).key
    ims.provider.confirm(key=key)

    first, second = ims.check_out(key), ims.check_out(key)

    assert same(first, second)
    assert first.state == RemoteState.CHECKED_OUT
    assert ims.on_hand() == ims.free() == 3
    assert list(ims.provider.reservations()) == []


def test_a_level_that_says_it_contains_a_check_out_does(ims: Ims):
    ims.stock(5)
    key = ims.sale(2).key
    before = ims.level()

    left = ims.check_out(key)
    ims.staff.advance(2)

    after = ims.level()
    assert (before.on_hand, before.as_of < left.at) == (5, True)
    assert (after.on_hand, after.as_of >= left.at) == (3, True)


def test_the_feed_soon_tells_a_level_that_contains_a_check_out(ims: Ims):
    ims.stock(5)
    key = ims.sale(2).key
    cursor = ims.caught_up()

    left = ims.check_out(key)

    told = []
    for _ in range(4):  # a mirror that reads on, as it does every few seconds
        page = ims.provider.changes(cursor)
        told += [level for level in page.levels if (level.sku, level.depot) == ("BAG", "AMS")]
        cursor = page.cursor
        ims.staff.advance(3)
    assert {level.on_hand for level in told} == {3}
    assert any(level.as_of >= left.at for level in told)


def test_rental_units_leave_and_come_back_one_by_one(ims: Ims):
    ims.rent_out("U1", "U2", "U3")
    key = ims.book(window(0, 5), 2)

    ims.check_out(key, serials=["U1"])
    ims.check_out(key, serials=["U1", "U3"])
    assert [ims.status(serial) for serial in ("U1", "U2", "U3")] == ["out", "available", "out"]

    half = ims.provider.check_in(key=key, serials=["U1"], condition="B", depot="AMS")
    assert half.state == RemoteState.CHECKED_OUT
    done = ims.provider.check_in(key=key, serials=["U3"], condition="A", depot="AMS")
    assert done.state == RemoteState.CHECKED_IN
    assert {unit.serial: unit.condition for unit in ims.provider.units()} == {"U1": "B", "U2": "A", "U3": "A"}
    assert list(ims.provider.reservations()) == []


def test_late_repeats_of_a_hand_over_move_nothing(ims: Ims):
    ims.rent_out("U1")
    key = ims.book(window(0, 5))
    ims.check_out(key, serials=["U1"])
    back = ims.provider.check_in(key=key, serials=["U1"], condition="B", depot="AMS")

    assert same(ims.check_out(key, serials=["U1"]), back)
    assert same(ims.provider.check_in(key=key, serials=["U1"], condition="D", depot="AMS"), back)
    if Capability.RENTAL_WINDOWS in ims.can:
        assert same(ims.rental(window(0, 5), key=key), back)
    ims.provider.release(key=key)

    (unit,) = ims.provider.units()
    assert (unit.status, unit.condition) == ("available", "B")


def test_a_unit_may_be_rented_again_under_another_key(ims: Ims):
    ims.rent_out("U1")
    for _ in range(2):
        key = ims.book(window(0, 5))
        assert ims.check_out(key, serials=["U1"]).serials_out == ("U1",)
        assert ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS").serials_out == ()


def test_units_may_come_back_at_another_depot(ims: Ims):
    ims.rent_out("U1")
    ims.stock(1, depot="RTM")
    key = ims.book(window(0, 5))
    ims.check_out(key, serials=["U1"])

    ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="RTM")

    assert [unit.serial for unit in ims.provider.units(depot="RTM")] == ["U1"]


@pytest.mark.parametrize(
    ("serials", "error"),
    [(["NO"], NotFound), (["BROKEN"], Refused), (["OTHER"], Refused), (["U1", "U2"], Refused), ([], Refused)],
    ids=["unknown", "broken", "of another SKU", "too many", "none named"],
)
def test_only_units_that_fit_the_reservation_leave(ims: Ims, serials: list[str], error: type[Exception]):
    ims.rent_out("U1", "U2", "BROKEN")
    ims.rent_out("OTHER", sku="CAR")
    ims.staff.set_unit("BROKEN", "maintenance")
    key = ims.book(window(0, 5))

    with pytest.raises(error):
        ims.check_out(key, serials=serials)

    assert {unit.status for unit in ims.provider.units()} == {"available", "maintenance"}


def test_what_never_left_cannot_come_back(ims: Ims):
    ims.rent_out("U1", "U2")
    key = ims.book(window(0, 5))
    with pytest.raises((Refused, NotFound)):  # a system without dates has not heard of it yet
        ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS")
    ims.check_out(key, serials=["U1"])

    with pytest.raises(Refused):
        ims.provider.check_in(key=key, serials=["U2"], condition="A", depot="AMS")
    with pytest.raises(NotFound):
        ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="NOWHERE")


# Windows


@needs(Capability.RENTAL_WINDOWS)
def test_a_unit_is_rented_once_a_day_and_windows_that_touch_do_not_overlap(ims: Ims):
    ims.rent_out("U1")
    ims.rental(window(10, 15))

    for free in (window(5, 10), window(15, 20)):
        assert ims.rental(free).state == RemoteState.HELD
    for taken in (window(14, 16), window(9, 11), window(11, 12), window(5, 25)):
        with pytest.raises(OutOfStock) as short:
            ims.rental(taken)
        assert short.value.have == 0


@needs(Capability.RENTAL_WINDOWS)
def test_the_worst_day_of_a_window_decides(ims: Ims):
    ims.rent_out("U1", "U2", "U3")
    ims.rental(window(10, 12))
    ims.rental(window(11, 13))

    with pytest.raises(OutOfStock) as short:
        ims.rental(window(10, 13), 2)

    assert short.value.have == 1


@needs(Capability.RENTAL_WINDOWS)
def test_a_broken_unit_is_not_promised(ims: Ims):
    ims.rent_out("U1", "U2")
    ims.staff.set_unit("U1", "maintenance")
    ims.rental(window(1, 3))

    with pytest.raises(OutOfStock):
        ims.rental(window(1, 3))


@needs(Capability.RENTAL_WINDOWS)
def test_an_overdue_unit_is_not_promised_today(ims: Ims):
    ims.rent_out("U1")
    key = ims.rental(window(0, 1)).key
    ims.check_out(key, serials=["U1"])

    ims.staff.advance(5 * 24 * 3600)

    with pytest.raises(OutOfStock):
        ims.rental(window(5, 6))
    assert [found.key for found in ims.provider.reservations()] == [key]


@needs(Capability.RENTAL_WINDOWS)
def test_a_window_may_grow_and_a_late_repeat_does_not_shrink_it(ims: Ims):
    ims.rent_out("U1")
    key = ims.rental(window(10, 15)).key

    ims.rental(window(10, 18), key=key)
    ims.rental(window(10, 15), key=key)

    with pytest.raises(OutOfStock):
        ims.rental(window(16, 17))
    assert ims.rental(window(18, 19)).state == RemoteState.HELD


@needs(Capability.RENTAL_WINDOWS)
def test_an_extension_that_does_not_fit_leaves_the_rental_as_it_was(ims: Ims):
    ims.rent_out("U1")
    key = ims.rental(window(10, 15)).key
    ims.rental(window(16, 20))

    with pytest.raises(OutOfStock):
        ims.rental(window(10, 17), key=key)
    with pytest.raises(Refused):
        ims.rental(window(11, 16), key=key)

    assert ims.rental(window(15, 16)).state == RemoteState.HELD


@needs(Capability.RENTAL_WINDOWS)
def test_an_extension_asks_only_for_units_that_are_not_back_yet(ims: Ims):
    ims.rent_out("U1", "U2")
    key = ims.rental(window(0, 5), 2).key
    ims.check_out(key, serials=["U1", "U2"])
    ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS")
    ims.rental(window(5, 9))

    assert ims.rental(window(0, 8), 2, key=key).state == RemoteState.CHECKED_OUT
    with pytest.raises(OutOfStock):
        ims.rental(window(7, 8))


@needs(Capability.RENTAL_WINDOWS)
def test_the_last_units_go_to_exactly_as_many_callers(ims: Ims):
    ims.rent_out("U1", "U2", "U3")

    won = winners(lambda number: ims.rental(window(10 + number % 3, 20)), 30)

    assert len(won) == 3
