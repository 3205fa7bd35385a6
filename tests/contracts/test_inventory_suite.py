"""The conformance suite itself: every promise in it is broken here by some adapter, which must not pass."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import ModuleType
from typing import Any
from uuid import UUID, uuid5

import pytest

from inventory.providers.base import (
    Changes,
    CursorLost,
    InventoryProvider,
    LevelPage,
    Line,
    NotFound,
    OutOfStock,
    ProviderError,
    RateLimited,
    Refused,
    RemoteReservation,
    RemoteState,
    Unavailable,
    UnitRecord,
    UnknownOutcome,
    Window,
)
from tests.contracts import test_inventory_failures as failures
from tests.contracts import test_inventory_provider as promises
from tests.contracts import test_inventory_rentals as rentals
from tests.contracts.conftest import http_ims
from tests.contracts.staff import window

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


class Broken:
    """Sound in everything that a subclass does not break."""

    def __init__(self, inner: InventoryProvider) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def some(self, key: UUID, lines: Sequence[Line], state: RemoteState) -> RemoteReservation:
        """A reservation out of thin air."""
        return RemoteReservation(key, state, lines, datetime.now(UTC))


# Counts


class Boaster(Broken):
    """Cannot do what it should."""

    capabilities: frozenset[str] = frozenset()


class Hasty(Broken):
    """Reads one page, and not all of it."""

    def levels(self, **asked: Any) -> LevelPage:
        return LevelPage(self.inner.levels(**asked).levels[:1], None)

    def changes(self, cursor: str | None) -> Changes:
        page = self.inner.changes(cursor)
        return Changes(page.levels[:1], page.units[:1], page.cursor, more=False)


class Deaf(Broken):
    """Gives everything to whoever asks for something."""

    def levels(self, *, cursor: str | None = None, **_asked: Any) -> LevelPage:
        return self.inner.levels(cursor=cursor)

    def units(self, **_asked: Any) -> Iterator[UnitRecord]:
        return self.inner.units()


class Hoarder(Broken):
    """Reads the whole list before it gives any of it."""

    def units(self, **asked: Any) -> Iterator[UnitRecord]:
        return iter(list(self.inner.units(**asked)))


class Selfish(Broken):
    """Does not see what others claim."""

    def levels(self, **asked: Any) -> LevelPage:
        page = self.inner.levels(**asked)
        return LevelPage([replace(level, reserved_elsewhere=0) for level in page.levels], page.cursor)

    def changes(self, cursor: str | None) -> Changes:
        page = self.inner.changes(cursor)
        return replace(page, levels=[replace(level, reserved_elsewhere=0) for level in page.levels])


class Stopped(Broken):
    """Its clock stands still."""

    def at(self, _moment: datetime) -> datetime:
        return LONG_AGO

    def levels(self, **asked: Any) -> LevelPage:
        page = self.inner.levels(**asked)
        return LevelPage([replace(level, as_of=self.at(level.as_of)) for level in page.levels], page.cursor)

    def changes(self, cursor: str | None) -> Changes:
        page = self.inner.changes(cursor)
        return replace(page, levels=[replace(level, as_of=self.at(level.as_of)) for level in page.levels])


class Prophet(Stopped):
    """Counts tomorrow's stock today."""

    def at(self, moment: datetime) -> datetime:
        return moment + timedelta(days=1)


class Homebody(Broken):
    """Believes that every unit is on its shelf."""

    def units(self, **asked: Any) -> Iterator[UnitRecord]:
        return (replace(unit, status="available") for unit in self.inner.units(**asked))

    def changes(self, cursor: str | None) -> Changes:
        page = self.inner.changes(cursor)
        return replace(page, units=[replace(unit, status="available") for unit in page.units])


# Holds


class Piecemeal(Broken):
    """Takes one line after the other."""

    def reserve(self, *, key: UUID, lines: Sequence[Line], **options: Any) -> RemoteReservation:
        for number, line in enumerate(lines):
            held = self.inner.reserve(key=uuid5(key, str(number)), lines=[line], **options)
        return held


class Simplifier(Broken):
    """Takes two equal lines for one."""

    def reserve(self, *, key: UUID, lines: Sequence[Line], **options: Any) -> RemoteReservation:
        return self.inner.reserve(key=key, lines=list(dict.fromkeys(lines)), **options)


class Vague(Broken):
    """Does not say what it holds."""

    def reserve(self, **asked: Any) -> RemoteReservation:
        return replace(self.inner.reserve(**asked), lines=())


class Forgetful(Broken):
    """Makes a new reservation at every repeat."""

    def __init__(self, inner: InventoryProvider) -> None:
        super().__init__(inner)
        self.numbers = count()

    def reserve(self, *, key: UUID, **asked: Any) -> RemoteReservation:
        return self.inner.reserve(key=uuid5(key, str(next(self.numbers))), **asked)


class Agreeable(Broken):
    """Takes a no for a yes."""

    def reserve(self, *, key: UUID, lines: Sequence[Line], **options: Any) -> RemoteReservation:
        try:
            return self.inner.reserve(key=key, lines=lines, **options)
        except Refused:
            return self.some(key, lines, RemoteState.HELD)

    def release(self, **asked: Any) -> None:
        try:
            self.inner.release(**asked)
        except Refused:
            return

    def check_out(self, *, key: UUID, lines: Sequence[Line], serials: Sequence[str] = ()) -> RemoteReservation:
        try:
            return self.inner.check_out(key=key, lines=lines, serials=serials)
        except (Refused, NotFound):
            return self.some(key, lines, RemoteState.CHECKED_OUT)

    def check_in(self, *, key: UUID, **asked: Any) -> RemoteReservation:
        try:
            return self.inner.check_in(key=key, **asked)
        except (Refused, NotFound):
            return self.some(key, (), RemoteState.CHECKED_IN)


class Gruff(Broken):
    """Says no where it should say what it does not know."""

    def reserve(self, **asked: Any) -> RemoteReservation:
        try:
            return self.inner.reserve(**asked)
        except NotFound as error:
            raise Refused(str(error)) from None


class Generous(Broken):
    """Promises what there is not."""

    def reserve(
        self, *, key: UUID, lines: Sequence[Line], window: Window | None = None, timeout: float | None = None
    ) -> RemoteReservation:
        try:
            return self.inner.reserve(key=key, lines=lines, window=window, timeout=timeout)
        except OutOfStock:
            return self.some(key, lines, RemoteState.HELD)


class Eager(Broken):
    """Confirms what was only to be held."""

    def reserve(self, *, key: UUID, **asked: Any) -> RemoteReservation:
        held = self.inner.reserve(key=key, **asked)
        self.inner.confirm(key=key)
        return held


class Resentful(Broken):
    """Never takes a released key again."""

    def __init__(self, inner: InventoryProvider) -> None:
        super().__init__(inner)
        self.released: set[UUID] = set()

    def release(self, *, key: UUID, **options: Any) -> None:
        self.released.add(key)
        self.inner.release(key=key, **options)

    def reserve(self, *, key: UUID, **asked: Any) -> RemoteReservation:
        if key in self.released:
            raise Refused(str(key))
        return self.inner.reserve(key=key, **asked)


class Rigid(Broken):
    """Holds what it holds, whatever else is asked for later."""

    def reserve(self, *, key: UUID, **asked: Any) -> RemoteReservation:
        return self.inner.find(key) or self.inner.reserve(key=key, **asked)


class Lazy(Broken):
    """Says that it confirmed, and did nothing."""

    def confirm(self, *, key: UUID, timeout: float | None = None) -> RemoteReservation:
        return replace(self.inner.find(key) or self.some(key, (), RemoteState.HELD), state=RemoteState.CONFIRMED)


class Pedant(Broken):
    """Thinks that a release of nothing is an error."""

    def release(self, *, key: UUID, timeout: float | None = None) -> None:
        if self.inner.find(key) is None:
            raise NotFound(str(key))
        self.inner.release(key=key, timeout=timeout)


class Inventive(Broken):
    """Knows every key."""

    def find(self, key: UUID) -> RemoteReservation | None:
        return self.inner.find(key) or self.some(key, (), RemoteState.HELD)


class Silent(Broken):
    """Has no list of what it holds."""

    def reservations(self) -> Iterator[RemoteReservation]:
        return iter(())


# Goods that leave and come back, and units


class Idle(Broken):
    """Says that goods left, and keeps them."""

    def check_out(self, *, key: UUID, lines: Sequence[Line], **_asked: Any) -> RemoteReservation:
        return self.some(key, lines, RemoteState.CHECKED_OUT)


class Fussy(Broken):
    """Judges a unit again at each repeat of its return."""

    def check_in(self, *, serials: Sequence[str], condition: str, **asked: Any) -> RemoteReservation:
        back = self.inner.check_in(serials=serials, condition=condition, **asked)
        for serial in serials:
            self.inner.set_unit(serial=serial, status="available", condition=condition)
        return back


class Homing(Broken):
    """Puts everything back where it came from."""

    def check_in(self, *, depot: str, **asked: Any) -> RemoteReservation:
        return self.inner.check_in(depot="AMS", **asked)


class Stubborn(Broken):
    """Nods at decisions about units and keeps its own opinion."""

    def set_unit(self, *, serial: str, status: str, condition: str) -> UnitRecord:
        known = {unit.serial: unit for unit in self.inner.units()}
        return replace(known.get(serial) or next(iter(known.values())), status=status, condition=condition)


class Restless(Broken):
    """Takes a unit from the shelf to say again what it is."""

    def set_unit(self, *, serial: str, status: str, condition: str) -> UnitRecord:
        said = self.inner.set_unit(serial=serial, status=status, condition=condition)
        self.inner.set_unit(serial=serial, status="cleaning", condition=condition)
        return replace(self.inner.set_unit(serial=serial, status=status, condition=condition), as_of=said.as_of)


# The feed and pushes


class Repeater(Broken):
    """Tells everything whenever it is asked."""

    def changes(self, cursor: str | None) -> Changes:
        if cursor is not None:
            self.inner.changes(cursor)
        return self.inner.changes(None)


class Once(Broken):
    """Tells nothing twice, not even to somebody who lost the answer."""

    def __init__(self, inner: InventoryProvider) -> None:
        super().__init__(inner)
        self.told: set[str | None] = set()

    def changes(self, cursor: str | None) -> Changes:
        page = self.inner.changes(cursor)
        if cursor in self.told and cursor is not None:
            return replace(page, levels=(), units=())
        self.told.add(cursor)
        return page


class Lenient(Broken):
    """Takes any cursor for the beginning."""

    def changes(self, cursor: str | None) -> Changes:
        try:
            return self.inner.changes(cursor)
        except CursorLost:
            return self.inner.changes(None)


class Gullible(Broken):
    """Accepts whatever is pushed."""

    def parse_push(self, **_push: Any) -> None:
        return


# Failures


class Optimist(Broken):
    """Takes a lost answer for a no, and a system that is not there for an empty one."""

    def reserve(self, *, lines: Sequence[Line], **asked: Any) -> RemoteReservation:
        try:
            return self.inner.reserve(lines=lines, **asked)
        except UnknownOutcome:
            raise OutOfStock(sku=lines[0].sku, have=0) from None

    def confirm(self, **asked: Any) -> RemoteReservation:
        try:
            return self.inner.confirm(**asked)
        except UnknownOutcome:
            raise NotFound from None

    def find(self, key: UUID) -> RemoteReservation | None:
        try:
            return self.inner.find(key)
        except Unavailable:
            return None

    def levels(self, **asked: Any) -> LevelPage:
        try:
            return self.inner.levels(**asked)
        except Unavailable:
            return LevelPage((), None)
        except RateLimited:
            raise RateLimited(0) from None


class Patient(Broken):
    """Waits as long as it likes."""

    def reserve(self, *, timeout: float | None = None, **asked: Any) -> RemoteReservation:
        return self.inner.reserve(timeout=3.5, **asked)


class Hurried(Broken):
    """Gives up at once."""

    def reserve(self, *, timeout: float | None = None, **asked: Any) -> RemoteReservation:
        return self.inner.reserve(timeout=0.02, **asked)


Promise = Callable[..., None]
BROKEN_BY: Mapping[Promise, tuple[type[Broken], dict[str, object]]] = {
    promises.test_the_system_says_what_it_can_do: (Boaster, {}),
    promises.test_levels_come_in_pages_and_each_comes_once: (Hasty, {}),
    promises.test_any_number_of_skus_may_be_asked_for_and_unknown_ones_are_left_out: (Deaf, {}),
    promises.test_no_skus_are_no_levels: (Deaf, {}),
    promises.test_claims_of_other_channels_are_told_apart_from_ours: (Selfish, {}),
    promises.test_the_clock_of_a_level_grows_with_every_change: (Stopped, {}),
    promises.test_units_are_read_to_the_end_and_can_be_narrowed: (Deaf, {}),
    promises.test_units_are_read_while_they_are_walked_through_and_a_list_that_breaks_off_says_so: (Hoarder, {}),
    promises.test_a_hold_takes_all_lines_or_none: (Piecemeal, {}),
    promises.test_two_lines_of_one_sku_are_counted_together: (Simplifier, {}),
    promises.test_a_hold_answers_with_what_it_holds: (Vague, {}),
    promises.test_the_same_key_again_is_the_same_hold: (Forgetful, {}),
    promises.test_a_key_cannot_stand_for_other_lines: (Agreeable, {}),
    promises.test_an_unknown_sku_or_depot_is_not_found: (Gruff, {"line": Line("NO", "AMS", 1, "sale")}),
    promises.test_the_last_pieces_go_to_exactly_as_many_callers: (Generous, {}),
    promises.test_one_key_from_many_threads_is_one_hold: (Forgetful, {}),
    promises.test_a_hold_dies_by_itself: (Eager, {}),
    promises.test_a_released_key_may_be_reserved_anew: (Resentful, {}),
    promises.test_a_dead_key_may_be_reserved_anew: (Eager, {}),
    promises.test_a_confirmed_hold_no_longer_dies: (Lazy, {}),
    promises.test_confirming_an_expired_hold_wins_the_goods_anew: (Lazy, {}),
    promises.test_confirming_an_expired_hold_whose_goods_are_gone_is_out_of_stock: (Lazy, {}),
    promises.test_an_unknown_or_released_key_cannot_be_confirmed: (Lazy, {}),
    promises.test_releasing_gives_back_once_and_a_repeat_or_an_unknown_key_is_success: (Pedant, {}),
    promises.test_what_has_left_cannot_be_released: (Agreeable, {}),
    promises.test_an_unknown_key_is_found_as_nothing: (Inventive, {}),
    promises.test_only_live_reservations_are_listed: (Silent, {}),
    promises.test_without_a_cursor_the_feed_tells_everything: (Hasty, {}),
    promises.test_after_a_cursor_the_feed_tells_only_what_moved_as_it_is_now: (Repeater, {}),
    promises.test_the_feed_tells_what_other_channels_claim_and_give_back: (Selfish, {}),
    promises.test_the_feed_tells_a_unit_that_leaves_and_comes_back: (Homebody, {}),
    promises.test_a_cursor_may_be_used_again: (Once, {}),
    promises.test_a_cursor_that_was_never_given_out_is_lost: (Lenient, {"cursor": "nonsense"}),
    promises.test_after_a_lost_cursor_everything_is_told_anew: (Lenient, {}),
    promises.test_a_push_of_the_system_itself_is_accepted_and_the_feed_has_the_news: (Gullible, {}),
    promises.test_the_system_takes_our_word_for_a_unit_on_the_shelf: (Stubborn, {"status": "lost", "condition": "B"}),
    promises.test_a_unit_that_its_customer_keeps_is_nobodys_to_rent_any_more: (Stubborn, {}),
    promises.test_nothing_is_decided_about_a_unit_that_is_out_or_unknown_except_that_it_is_lost: (Stubborn, {}),
    rentals.test_a_sale_leaves_once: (Idle, {}),
    rentals.test_a_level_that_says_it_contains_a_check_out_does: (Prophet, {}),
    rentals.test_the_feed_soon_tells_a_level_that_contains_a_check_out: (Stopped, {}),
    rentals.test_rental_units_leave_and_come_back_one_by_one: (Homebody, {}),
    rentals.test_late_repeats_of_a_hand_over_move_nothing: (Fussy, {}),
    rentals.test_a_unit_may_be_rented_again_under_another_key: (Idle, {}),
    rentals.test_units_may_come_back_at_another_depot: (Homing, {}),
    rentals.test_only_units_that_fit_the_reservation_leave: (Agreeable, {"serials": ["BROKEN"], "error": Refused}),
    rentals.test_what_never_left_cannot_come_back: (Agreeable, {}),
    rentals.test_a_unit_is_rented_once_a_day_and_windows_that_touch_do_not_overlap: (Generous, {}),
    rentals.test_the_worst_day_of_a_window_decides: (Generous, {}),
    rentals.test_a_broken_unit_is_not_promised: (Generous, {}),
    rentals.test_an_overdue_unit_is_not_promised_today: (Generous, {}),
    rentals.test_a_window_may_grow_and_a_late_repeat_does_not_shrink_it: (Rigid, {}),
    rentals.test_an_extension_that_does_not_fit_leaves_the_rental_as_it_was: (Generous, {}),
    rentals.test_an_extension_asks_only_for_units_that_are_not_back_yet: (Rigid, {}),
    rentals.test_the_last_units_go_to_exactly_as_many_callers: (Generous, {}),
    failures.test_find_settles_a_reservation_that_went_wrong_and_the_repeat_succeeds: (
        Optimist,
        {"fault": "500_after"},
    ),
    failures.test_every_other_write_can_be_settled_and_repeated_too: (
        Optimist,
        {"step": failures.STEPS[0], "fault": "500_after"},
    ),
    failures.test_a_decision_about_a_unit_that_went_wrong_is_repeated_and_moves_nothing_twice: (
        Restless,
        {"fault": "drop_after"},
    ),
    failures.test_a_read_that_went_wrong_may_simply_be_repeated: (Optimist, {"read": "find", "fault": "html"}),
    failures.test_a_limit_on_calls_says_how_long_to_wait: (Optimist, {}),
    failures.test_a_budget_ends_a_silent_call_and_find_tells_what_became_of_it: (
        Patient,
        {"fault": "timeout", "state": None},
    ),
    failures.test_slow_answers_within_the_budget_are_fine: (Hurried, {}),
    failures.test_a_system_that_is_down_is_unavailable_and_comes_back: (Optimist, {}),
}
NOT_KEPT = (AssertionError, pytest.fail.Exception, ProviderError)


@pytest.mark.parametrize("promise", BROKEN_BY, ids=lambda promise: promise.__name__.removeprefix("test_"))
def test_an_adapter_that_breaks_this_promise_does_not_pass(promise: Promise):
    broken, options = BROKEN_BY[promise]

    with http_ims(broken) as ims, pytest.raises(NOT_KEPT):
        promise(ims, **options)


@pytest.mark.parametrize("module", [promises, rentals, failures], ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_promise_of_the_suite_is_broken_by_some_adapter(module: ModuleType):
    held = {value for name, value in vars(module).items() if name.startswith("test_")}

    assert held - set(BROKEN_BY) == set()


@pytest.mark.parametrize("adapter", sorted({broken for broken, _ in BROKEN_BY.values()}, key=lambda b: b.__name__))
def test_a_broken_adapter_is_sound_in_everything_else(adapter: type[Broken]):
    """So that it fails for what it breaks, and not because nothing works."""
    with http_ims(adapter) as ims:
        ims.staff.receive("BAG", "AMS", 3)
        ims.staff.add_units("SKY", "AMS", ["U1"])

        assert [unit.serial for unit in ims.provider.units()] == ["U1"]
        assert sum(level.on_hand for level in ims.provider.levels().levels) == 3
        assert ims.provider.find(uuid5(UUID(int=1), "none")) is None or adapter is Inventive


def test_a_wrapper_alone_changes_nothing():
    with http_ims(Broken) as ims:
        promises.test_the_same_key_again_is_the_same_hold(ims)
    with http_ims(Broken) as ims:
        ims.rent_out("U1")
        assert ims.rental(window(0, 1)).state == RemoteState.HELD
