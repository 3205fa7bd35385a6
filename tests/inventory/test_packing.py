"""Which unit serves which booking, held against trying everything."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.packing import Booking, Days, NoPlan, Shelf, misfits, plan
from tests.examples import examples

FIRST = date(2027, 5, 1)


def days(first: int, end: int) -> Days:
    return FIRST + timedelta(days=first), FIRST + timedelta(days=end)


def booking(key: str, first: int, end: int, unit: str | None = None) -> Booking[str, str]:
    return Booking(key, days(first, end), unit)


def apart(periods: Sequence[Days]) -> bool:
    return all(one[1] <= two[0] for one, two in zip(sorted(periods), sorted(periods)[1:], strict=False))


def keeps(shelves: Sequence[Shelf[str]], bookings: Sequence[Booking[str, str]], served: dict[str, str]) -> bool:
    """No unit is in two places, and who needs a certain unit has it."""
    return all(b.unit in (None, served[b.key]) for b in bookings) and all(
        apart([*shelf.taken, *(b.days for b in bookings if served[b.key] == shelf.unit)]) for shelf in shelves
    )


def test_days_that_touch_are_served_by_one_unit() -> None:
    assert plan([Shelf("A")], [booking("x", 0, 3), booking("y", 3, 5)]) == {"x": "A", "y": "A"}


def test_two_units_free_on_one_day_each_do_not_serve_both_days() -> None:
    shelves = [Shelf("A", [days(0, 1)]), Shelf("B", [days(1, 2)])]

    with pytest.raises(NoPlan):
        plan(shelves, [booking("x", 0, 2)])
    assert plan(shelves, [booking("x", 0, 1), booking("y", 1, 2)]) == {"x": "B", "y": "A"}


def test_a_short_booking_leaves_the_unit_with_room_to_the_long_one() -> None:
    shelves = [Shelf("roomy"), Shelf("down later", [days(4, 9)])]

    served = plan(shelves, [booking("short", 0, 2), booking("long", 1, 6)])

    assert served == {"short": "down later", "long": "roomy"}


def test_the_obvious_choice_is_taken_back_when_it_leads_nowhere() -> None:
    shelves = [Shelf("A", [days(6, 7)]), Shelf("B", [days(3, 4), days(9, 10)])]
    bookings = [booking("x", 0, 2), booking("y", 2, 6), booking("z", 4, 9)]

    served = plan(shelves, bookings)

    assert keeps(shelves, bookings, served)


def test_who_needs_a_certain_unit_gets_it_or_there_is_no_plan() -> None:
    assert plan([Shelf("A"), Shelf("B")], [booking("x", 0, 3, "B"), booking("y", 0, 3)]) == {"x": "B", "y": "A"}
    for impossible in ([booking("x", 0, 3, "B"), booking("y", 2, 4, "B")], [booking("x", 0, 3, "C")]):
        with pytest.raises(NoPlan):
            plan([Shelf("A"), Shelf("B")], impossible)


def test_nothing_to_serve_needs_no_unit() -> None:
    assert plan([], []) == {}


def test_the_last_come_are_the_ones_that_do_not_fit() -> None:
    bookings = [booking("first", 0, 3), booking("second", 2, 5), booking("third", 1, 4), booking("fourth", 5, 6)]

    assert misfits([Shelf("A"), Shelf("B")], bookings) == ["third"]
    assert misfits([Shelf("A"), Shelf("B")], bookings[:2]) == []


def test_a_large_fleet_in_a_full_season_is_planned_at_once() -> None:
    """Sixty units for a year without a free day: six days a booking, and half of the units down for one turn."""
    down = {n: 10 + n % 6 for n in range(1, 60, 2)}  # the turn
    shelves = [Shelf(n, [days(6 * down[n], 6 * down[n] + 6)] if n in down else []) for n in range(60)]
    bookings = [
        Booking((n, turn), days(6 * turn, 6 * turn + 6)) for n in range(60) for turn in range(60) if down.get(n) != turn
    ]

    served = plan(shelves, bookings)

    assert len(served) == len(bookings) == 60 * 60 - 30


def test_a_fleet_that_is_hard_to_plan_is_decided_soon_and_nobody_is_called_a_misfit_for_it() -> None:
    """Full on every day, with units down here and there, and one of them broken: nobody waits for the search."""
    down = {n: [days(7 * n % 50, 7 * n % 50 + 3)] for n in range(0, 20, 4)}
    shelves = [Shelf(n, down.get(n, [])) for n in range(19)]
    bookings = [Booking((n, at), days(at, at + 3 + n % 5)) for n in range(20) for at in range(n % 3, 60, 8)]

    lost = misfits(shelves, bookings)

    assert 0 < len(lost) < len(bookings) / 3
    with pytest.raises(NoPlan):
        plan(shelves, bookings)


def _trying_everything(shelves: Sequence[Shelf[str]], bookings: Sequence[Booking[str, str]]) -> bool:
    units = [shelf.unit for shelf in shelves]
    return any(
        keeps(shelves, bookings, dict(zip([b.key for b in bookings], chosen, strict=True)))
        for chosen in product(units, repeat=len(bookings))
    )


lengths = st.integers(1, 4)
starts = st.integers(0, 7)
periods = st.builds(lambda first, length: days(first, first + length), starts, lengths)


@st.composite
def fleets(draw: st.DrawFn) -> list[Shelf[str]]:
    shelves = []
    for name in "ABC"[: draw(st.integers(1, 3))]:
        kept: list[Days] = []
        for period in sorted(draw(st.lists(periods, max_size=2))):
            if not kept or kept[-1][1] <= period[0]:
                kept.append(period)
        shelves.append(Shelf(name, kept))
    return shelves


needs = st.builds(Booking, st.just(""), periods, st.none() | st.sampled_from("ABC"))


@given(shelves=fleets(), wanted=st.lists(needs, max_size=6))
@examples(600)
def test_a_plan_is_found_exactly_when_there_is_one(shelves: list[Shelf[str]], wanted: list[Booking[str, str]]) -> None:
    bookings = [Booking(str(n), need.days, need.unit) for n, need in enumerate(wanted)]

    try:
        served = plan(shelves, bookings)
    except NoPlan:
        assert not _trying_everything(shelves, bookings)
    else:
        assert served.keys() == {b.key for b in bookings}
        assert keeps(shelves, bookings, served)
