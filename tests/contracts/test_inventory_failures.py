"""What every inventory adapter makes of what goes wrong between it and the system."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from inventory.providers.base import (
    Capability,
    Line,
    ProviderError,
    RateLimited,
    Refused,
    RemoteState,
    Unavailable,
    UnknownOutcome,
)
from tests.contracts.conftest import Ims, Lever, Verb, eventually, needs, window

pytestmark = needs(Lever.FAULTS)

# What the system does, and what a write must then raise. The second column: the work was done all the same.
WRITE_FAULTS: dict[str, tuple[type[ProviderError], bool]] = {
    "500_before": (UnknownOutcome, False),
    "500_after": (UnknownOutcome, True),
    "drop_before": (UnknownOutcome, False),
    "drop_after": (UnknownOutcome, True),
    "garbage": (UnknownOutcome, True),
    "html": (UnknownOutcome, False),
    "429": (RateLimited, False),
    "503": (Unavailable, False),
    "refuse": (Refused, False),
}
READ_FAULTS: dict[str, type[ProviderError]] = {
    **dict.fromkeys(["500_before", "drop_before", "garbage", "html", "503"], Unavailable),
    "429": RateLimited,
    "refuse": Refused,
}


def state_of(ims: Ims, key: UUID) -> RemoteState | None:
    found = ims.provider.find(key)
    return found and found.state


@pytest.mark.parametrize("fault", WRITE_FAULTS)
def test_find_settles_a_reservation_that_went_wrong_and_the_repeat_succeeds(ims: Ims, fault: str):
    error, done = WRITE_FAULTS[fault]
    ims.stock(5)
    key = uuid4()
    ims.staff.breaks(Verb.RESERVE, fault)

    with pytest.raises(error):
        ims.sale(2, key=key)

    assert state_of(ims, key) == (RemoteState.HELD if done else None)
    assert ims.sale(2, key=key).state == RemoteState.HELD
    assert ims.free() == 3


@dataclass
class Step:
    """One write on a reservation, what it is of, and the state after it."""

    verb: Verb
    kind: str
    call: Callable[[Ims, UUID], object]
    after: RemoteState

    def __str__(self) -> str:
        return f"{self.verb} of a {self.kind}"


STEPS = [
    Step(Verb.CONFIRM, "sale", lambda ims, key: ims.provider.confirm(key=key), RemoteState.CONFIRMED),
    Step(Verb.RELEASE, "sale", lambda ims, key: ims.provider.release(key=key), RemoteState.RELEASED),
    Step(Verb.CHECK_OUT, "sale", lambda ims, key: ims.check_out(key), RemoteState.CHECKED_OUT),
    Step(Verb.CHECK_OUT, "rental", lambda ims, key: ims.check_out(key, serials=["U1"]), RemoteState.CHECKED_OUT),
    Step(
        Verb.CHECK_IN,
        "rental",
        lambda ims, key: ims.provider.check_in(key=key, serials=["U1"], condition="A", depot="AMS"),
        RemoteState.CHECKED_IN,
    ),
]


@pytest.mark.parametrize("fault", WRITE_FAULTS)
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_every_other_write_can_be_settled_and_repeated_too(ims: Ims, step: Step, fault: str):
    error, done = WRITE_FAULTS[fault]
    ims.stock(1)
    ims.rent_out("U1")
    key = ims.sale().key if step.kind == "sale" else ims.book(window(0, 3))
    if str(step) == "check_out of a sale":
        ims.provider.confirm(key=key)
    if step.verb == Verb.CHECK_IN:
        ims.check_out(key, serials=["U1"])
    before = state_of(ims, key)
    ims.staff.breaks(step.verb, fault)

    with pytest.raises(error):
        step.call(ims, key)

    assert eventually(lambda: state_of(ims, key), step.after if done else before)
    step.call(ims, key)
    assert state_of(ims, key) == step.after


@needs(Capability.UNIT_STATES, Capability.CHANGE_FEED, Lever.CLOCK)
@pytest.mark.parametrize("fault", WRITE_FAULTS)
def test_a_decision_about_a_unit_that_went_wrong_is_repeated_and_moves_nothing_twice(ims: Ims, fault: str):
    error, done = WRITE_FAULTS[fault]
    ims.rent_out("U1")
    ims.staff.breaks(Verb.SET_UNIT, fault)

    with pytest.raises(error):
        ims.provider.set_unit(serial="U1", status="maintenance", condition="C")

    assert ims.status("U1") == ("maintenance" if done else "available")
    told = ims.provider.set_unit(serial="U1", status="maintenance", condition="C")
    assert (told.status, told.condition) == ("maintenance", "C")
    cursor = ims.caught_up()
    again = ims.provider.set_unit(serial="U1", status="maintenance", condition="C")
    assert (again.status, again.condition) == ("maintenance", "C")
    assert ims.told(cursor)[1] == {}


READS: dict[str, Callable[[Ims], object]] = {
    "levels": lambda ims: ims.provider.levels(),
    "levels of": lambda ims: ims.provider.levels(skus=["BAG"]),
    "units": lambda ims: list(ims.provider.units()),
    "changes": lambda ims: ims.provider.changes(None),
    "find": lambda ims: ims.provider.find(uuid4()),
    "reservations": lambda ims: list(ims.provider.reservations()),
}


@pytest.mark.parametrize("fault", READ_FAULTS)
@pytest.mark.parametrize("read", READS)
def test_a_read_that_went_wrong_may_simply_be_repeated(ims: Ims, read: str, fault: str):
    ims.stock(1)
    ims.staff.breaks(Verb.READ, fault)

    with pytest.raises(READ_FAULTS[fault]):
        READS[read](ims)

    READS[read](ims)


def test_a_limit_on_calls_says_how_long_to_wait(ims: Ims):
    ims.staff.breaks(Verb.READ, "429")

    with pytest.raises(RateLimited) as limited:
        ims.provider.levels()

    assert limited.value.retry_after == 1


@pytest.mark.parametrize(("fault", "state"), [("timeout", None), ("timeout_after", RemoteState.HELD)])
def test_a_budget_ends_a_silent_call_and_find_tells_what_became_of_it(ims: Ims, fault: str, state: RemoteState | None):
    ims.stock(5)
    key = uuid4()
    ims.staff.breaks(Verb.RESERVE, fault)

    started = time.monotonic()
    with pytest.raises(UnknownOutcome):
        ims.provider.reserve(key=key, lines=[Line("BAG", "AMS", 1, "sale")], timeout=0.3)

    assert time.monotonic() - started < 3
    assert state_of(ims, key) == state


def test_slow_answers_within_the_budget_are_fine(ims: Ims):
    ims.stock(5)
    ims.staff.be_slow(50)

    assert ims.sale().state == RemoteState.HELD


def test_a_system_that_is_down_is_unavailable_and_comes_back(ims: Ims):
    ims.stock(5)
    ims.staff.be_down(down=True)
    for call in (ims.sale, ims.provider.levels):
        with pytest.raises(Unavailable):
            call()

    ims.staff.be_down(down=False)

    assert ims.sale().state == RemoteState.HELD
