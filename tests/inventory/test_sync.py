"""The inventory system follows what is promised here, over real HTTP, whatever gets lost on the way."""

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from core.http import breaker_of
from inventory.models import Reservation, Unit
from inventory.providers.base import (
    NotFound,
    OutOfStock,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    UnknownOutcome,
)
from inventory.services import (
    commit,
    decide_unit,
    enqueue_stragglers,
    in_step,
    mirror_changes,
    put_back,
    release,
    ship,
    sync_reservations,
    sync_soon,
    take_in,
)
from tests.core.worker import work
from tests.inventory.shelf import bag, crate, in_minutes
from tests.jobs import run_jobs
from tests.shop import Shop

pytestmark = pytest.mark.django_db

DONE_BUT_UNHEARD = ["500_after", "drop_after", "garbage"]
NOT_DONE = ["500_before", "drop_before", "503", "429", "html"]


def sync(*rows: Reservation, budget: float | None = None) -> None:
    sync_reservations(reservation_ids=[row.pk for row in rows], budget=budget)


def here(row: Reservation) -> str:
    """What we believe that the IMS has."""
    row.refresh_from_db()
    return row.provider_state


def there(shop: Shop, row: Reservation) -> str | None:
    """What it has."""
    found = shop.ims.store.find(str(row.pk))
    return found["state"] if found else None


def on_hand(shop: Shop) -> int:
    (level,), _ = shop.ims.store.levels(["BAG-1"], None, 10)
    return int(level["on_hand"])


def advance(shop: Shop, row: Reservation, step: str) -> None:
    """The next thing that happens to a rental here."""
    row.refresh_from_db()
    if step == "confirm":
        commit(reservation_ids=[row.pk])
    elif step == "check-out":
        ship(reservation_id=row.pk, unit_id=Unit.objects.get(serial="CRATE-1-2").pk)
    elif step == "check-in":
        take_in(reservation_id=row.pk, condition="C", turnaround_days=1)
    elif step == "release":
        release(reservation_ids=[row.pk])


LIFE = {"reserve": "held", "confirm": "confirmed", "check-out": "checked_out", "check-in": "checked_in"}


# The whole way


def test_a_rental_is_held_confirmed_checked_out_and_checked_in_there(shop: Shop) -> None:
    row = crate(shop)
    units = {}
    for step, state in LIFE.items():
        advance(shop, row, step)
        sync(row)
        units[step] = {u["serial"]: (u["status"], u["condition"]) for u in shop.ims.store.units(None, None, None, 9)[0]}

        assert (here(row), there(shop, row)) == (state, state)
        assert row.provider_acked_at is not None

    assert units["check-out"]["CRATE-1-2"] == ("out", "A")
    assert units["check-in"]["CRATE-1-2"] == ("available", "C")


def test_a_sale_leaves_the_count_there_and_is_closed_here_when_it_was_counted(shop: Shop) -> None:
    row = bag(shop, 3)
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk)

    sync(row)  # three steps that nobody had told it of
    mirror_changes()

    assert (here(row), row.status) == ("checked_out", "fulfilled")
    assert on_hand(shop) == 7


def test_what_is_given_back_here_is_given_back_there(shop: Shop) -> None:
    row = bag(shop)
    sync(row)
    release(reservation_ids=[row.pk])

    sync(row)

    assert (here(row), there(shop, row)) == ("released", "released")


def test_what_is_in_step_costs_no_call(shop: Shop, django_assert_num_queries: Any) -> None:
    row = bag(shop)
    sync(row)
    shop.ims.faults.update({"down": True})

    with django_assert_num_queries(2):
        sync(row)


# Answers that are lost


@pytest.mark.parametrize("fault", DONE_BUT_UNHEARD)
@pytest.mark.parametrize("step", [*LIFE, "release"])
def test_an_answer_lost_after_the_work_was_done_is_settled_by_the_repeat(shop: Shop, step: str, fault: str) -> None:
    row = crate(shop)
    for earlier in [*LIFE][: [*LIFE, "release"].index(step)] if step != "release" else ["reserve"]:
        advance(shop, row, earlier)
        sync(row)
    advance(shop, row, step)
    shop.ims.faults.plan("P", fault)

    with pytest.raises(UnknownOutcome):
        sync(row)
    assert not in_step(Reservation.objects.get(pk=row.pk))
    sync(row)

    assert here(row) == there(shop, row) == (LIFE | {"release": "released"})[step]


def test_a_lost_check_out_takes_the_pieces_once(shop: Shop) -> None:
    row = bag(shop, 3)
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk)
    shop.ims.faults.plan("POST /reservations/*/check-out", "drop_after", times=2)

    for _ in range(2):
        with pytest.raises(UnknownOutcome):
            sync(row)
    assert (here(row), there(shop, row)) == ("confirmed", "checked_out")
    sync(row)

    assert on_hand(shop) == 7


@pytest.mark.parametrize("fault", NOT_DONE)
@pytest.mark.parametrize("step", [*LIFE])
def test_a_call_that_did_nothing_is_repeated(shop: Shop, step: str, fault: str) -> None:
    row = crate(shop)
    for earlier in [*LIFE][: [*LIFE].index(step)]:
        advance(shop, row, earlier)
        sync(row)
    advance(shop, row, step)
    shop.ims.faults.plan("P", fault)

    with pytest.raises((Unavailable, UnknownOutcome, RateLimited)):
        sync(row)
    sync(row)

    assert here(row) == there(shop, row) == LIFE[step]


def test_what_was_acknowledged_before_a_failure_is_kept(shop: Shop) -> None:
    row = crate(shop)
    advance(shop, row, "confirm")
    shop.ims.faults.plan("POST", "refuse")

    with pytest.raises(Refused):
        sync(row)

    assert here(row) == "held"


# Not reached


def test_while_the_inventory_system_is_down_nothing_is_lost(shop: Shop) -> None:
    row = bag(shop)
    shop.ims.faults.update({"down": True})

    for _ in range(9):  # also when its breaker is open
        with pytest.raises(Unavailable):
            sync(row)

    assert here(row) == "none"
    assert not in_step(row)


@pytest.mark.parametrize("fault", ["timeout", "timeout_after"])
def test_a_silent_system_is_not_waited_for_longer_than_the_budget(shop: Shop, fault: str) -> None:
    row = bag(shop)
    shop.ims.faults.plan("PUT", fault)
    began = monotonic()

    with pytest.raises(UnknownOutcome):
        sync(row, budget=0.3)
    assert monotonic() - began < 5  # it is silent until it is hung up on
    sync(row)

    assert here(row) == there(shop, row) == "held"


def test_the_budget_is_for_all_calls_together(shop: Shop) -> None:
    rows = [bag(shop) for _ in range(9)]
    shop.ims.faults.update({"latency_ms": 150})

    with pytest.raises(ProviderError):
        sync(*rows, budget=0.5)

    assert 1 <= sum(here(row) == "held" for row in rows) <= 3  # what was acknowledged is kept


# Refused


def test_what_is_out_of_stock_there_is_marked_as_refused(shop: Shop) -> None:
    row = bag(shop, 2)
    shop.ims.store.sell("BAG-1", "BER", 9)

    with pytest.raises(OutOfStock) as refusal:
        sync(row)

    assert (refusal.value.sku, refusal.value.have) == ("BAG-1", 1)
    assert (here(row), there(shop, row)) == ("refused", None)
    release(reservation_ids=[row.pk])
    row.refresh_from_db()
    assert in_step(row)


def test_a_refusal_is_overcome_when_there_is_stock_again(shop: Shop) -> None:
    row = bag(shop, 2)
    shop.ims.store.sell("BAG-1", "BER", 9)
    with pytest.raises(OutOfStock):
        sync(row)
    shop.ims.store.receive("BAG-1", "BER", 1)

    sync(row)

    assert here(row) == there(shop, row) == "held"


def test_what_the_system_does_not_know_is_said_so(shop: Shop) -> None:
    row = bag(shop)
    shop.ims.store.reset()

    with pytest.raises(NotFound):
        sync(row)

    assert here(row) == "none"


def test_a_unit_that_the_system_does_not_know_is_said_so(shop: Shop) -> None:
    row = crate(shop)
    commit(reservation_ids=[row.pk])
    ghost = Unit.objects.create(serial="GHOST", variant=shop.crate, depot=shop.depot)
    ship(reservation_id=row.pk, unit_id=ghost.pk)

    with pytest.raises(NotFound):
        sync(row)

    assert here(row) == "confirmed"


# Minds that change meanwhile


def test_a_claim_released_before_its_reservation_was_answered_is_released_there(shop: Shop) -> None:
    row = bag(shop)
    shop.ims.faults.plan("PUT", "drop_after")
    with pytest.raises(UnknownOutcome):
        sync(row)
    assert (here(row), there(shop, row)) == ("none", "held")

    release(reservation_ids=[row.pk])
    sync(row)

    assert (here(row), there(shop, row)) == ("released", "released")


def test_a_claim_released_before_it_was_told_of_is_settled_without_a_trace(shop: Shop) -> None:
    row = bag(shop)
    release(reservation_ids=[row.pk])

    sync(row)

    assert (here(row), there(shop, row)) == ("released", None)


def test_a_claim_that_the_system_lost_is_made_anew(shop: Shop) -> None:
    row = crate(shop)
    sync(row)
    shop.ims.store.release(str(row.pk))
    commit(reservation_ids=[row.pk])

    sync(row)

    assert here(row) == there(shop, row) == "confirmed"


def test_a_paid_claim_that_the_system_lost_and_sold_is_refused(shop: Shop) -> None:
    row = bag(shop, 8)
    sync(row)
    commit(reservation_ids=[row.pk])
    shop.ims.store.release(str(row.pk))
    shop.ims.store.sell("BAG-1", "BER", 3)

    with pytest.raises(OutOfStock):
        sync(row)

    assert here(row) == "refused"


def test_a_hold_that_ended_there_is_won_again_when_it_is_paid_here(shop: Shop) -> None:
    row = bag(shop)
    sync(row)
    shop.ims.store.advance(31 * 60)
    assert there(shop, row) == "released"
    commit(reservation_ids=[row.pk])

    sync(row)

    assert here(row) == there(shop, row) == "confirmed"


@pytest.mark.parametrize("status", ["held", "expired", "released"])
def test_what_is_dead_here_does_not_keep_others_from_being_held_there(shop: Shop, status: str) -> None:
    dead, living = bag(shop, 4), bag(shop, 6)
    sync(dead)
    shop.ims.store.sell("BAG-1", "BER", 4)
    Reservation.objects.filter(pk=dead.pk).update(expires_at=in_minutes(-1), status=status)

    sync(living)

    assert (there(shop, dead), there(shop, living)) == ("released", "held")
    assert here(dead) == "released"


def test_giving_back_what_is_dead_keeps_to_the_budget(shop: Shop) -> None:
    dead = [bag(shop) for _ in range(10)]
    sync(*dead)
    Reservation.objects.update(status="expired")
    living = bag(shop, 10)
    shop.ims.faults.update({"latency_ms": 150})

    with pytest.raises((Unavailable, UnknownOutcome)):
        sync(living, budget=0.5)
    assert 1 <= sum(there(shop, row) == "released" for row in dead) <= 4  # of 150 ms each
    shop.ims.faults.update({"latency_ms": 0})
    sync(living)

    assert there(shop, living) == "held"


# Stragglers


def test_what_a_crash_left_behind_is_found_and_brought_in_step(shop: Shop) -> None:
    new, paid, gone = (bag(shop) for _ in range(3))
    sync(paid, gone)
    commit(reservation_ids=[paid.pk])
    release(reservation_ids=[gone.pk])

    assert enqueue_stragglers() == 0  # their own calls may still be under way
    assert enqueue_stragglers(older_than=timedelta(0)) == 3
    run_jobs()

    assert [there(shop, row) for row in (new, paid, gone)] == ["held", "confirmed", "released"]
    assert [here(row) for row in (new, paid, gone)] == ["held", "confirmed", "released"]
    assert enqueue_stragglers(older_than=timedelta(0)) == 0


def test_a_unit_mended_here_leaves_though_the_system_had_not_heard_of_it(shop: Shop) -> None:
    """It still thinks that the unit is broken, and would not let it out; once it is out, no word about it is taken."""
    row = crate(shop)
    commit(reservation_ids=[row.pk])
    unit = Unit.objects.get(serial="CRATE-1-2")
    shop.ims.store.set_unit(unit.serial, status="maintenance")
    mirror_changes()
    decide_unit(unit_id=unit.pk, event="mend")
    ship(reservation_id=row.pk, unit_id=unit.pk)

    run_jobs()

    unit.refresh_from_db()
    assert (here(row), there(shop, row)) == ("checked_out", "checked_out")
    assert (unit.status, unit.decided_here) == ("out", False)


def test_a_unit_that_came_and_went_twice_while_the_system_was_away_is_told_of_in_that_order(shop: Shop) -> None:
    """The rental that was booked first left last."""
    booked_first, left_first = crate(shop), crate(shop)
    commit(reservation_ids=[booked_first.pk, left_first.pk])
    sync(booked_first, left_first)
    unit = Unit.objects.get(serial="CRATE-1-2")
    for row in (left_first, booked_first):
        ship(reservation_id=row.pk, unit_id=unit.pk)
        take_in(reservation_id=row.pk, condition="A", turnaround_days=0)
        put_back(unit_id=unit.pk)

    with pytest.raises(Unavailable, match="told first"):
        sync(booked_first)
    sync(left_first)
    sync(booked_first)

    assert [here(row) for row in (left_first, booked_first)] == ["checked_in", "checked_in"]


# One unit after the other


def out_and_back(shop: Shop, row: Reservation) -> None:
    """The same unit leaves with this rental, comes back and is cleaned, all on one day."""
    for step in ("confirm", "check-out", "check-in"):
        advance(shop, row, step)
    put_back(unit_id=Unit.objects.get(serial="CRATE-1-2").pk)


@pytest.mark.django_db(transaction=True)
def test_once_the_first_return_is_heard_the_rentals_that_waited_for_it_are_told_without_a_rest(shop: Shop) -> None:
    rows = [crate(shop, first, first + 2) for first in (0, 3, 6, 9)]
    shop.ims.faults.update({"down": True})
    for row in rows:
        out_and_back(shop, row)
    work(queues=["inventory"])  # all are refused and rest
    assert [here(row) for row in rows] == ["none"] * 4
    shop.ims.faults.clear()
    breaker_of("inventory").reset()

    sync_soon([rows[0].pk])
    work(queues=["inventory"])

    assert [(here(row), there(shop, row)) for row in rows] == [("checked_in", "checked_in")] * 4
