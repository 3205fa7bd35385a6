"""One speaks with the inventory system about a reservation at a time. Each race is first shown without its lease."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from core.http import breaker_of
from inventory.errors import OutOfStock
from inventory.models import Reservation, StockLevel
from inventory.providers.base import Changes, Level, Unavailable, UnknownOutcome
from inventory.services import (
    apply_changes,
    commit,
    enqueue_stragglers,
    hold,
    in_step,
    lease_for,
    release,
    rewin,
    sync_reservations,
    sync_soon,
)
from orders.models import Order
from orders.services import cancel_order, place_order, settle_reserving
from sandbox.http import Request, Response
from sandbox.inventory.rules import Line
from tests.concurrency.racing import meanwhile, won
from tests.concurrency.test_hold import held_without_the_lock
from tests.core.worker import work
from tests.inventory.shelf import Shelf, bag, crate, in_minutes
from tests.jobs import run_jobs, waiting_jobs
from tests.journeys.stack import wait_until
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]
PATIENCE = 10.0  # seconds


@contextmanager
def on_its_way(shop: Shop, step: Callable[[], Any], *, method: str, ends: str = "") -> Iterator[list[str]]:
    """Inside, a call of `step` has been sent and has not arrived; then it arrives. Yields all calls of the kind."""
    route, begun, arrives, calls = shop.ims.app.route, Event(), Event(), list[str]()

    def late(request: Request) -> Response:
        if request.method == method and request.path.endswith(ends):
            calls.append(request.path)
            if len(calls) == 1:
                begun.set()
                arrives.wait(PATIENCE)
        return route(request)

    def run() -> Any:
        try:
            return step()
        finally:
            connection.close()

    shop.ims.app.route = late  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as threads:
        talk = threads.submit(run)
        try:
            assert begun.wait(PATIENCE)
            yield calls
        finally:
            arrives.set()
            talk.result()
            shop.ims.app.route = route  # type: ignore[method-assign]


def sync(row: Reservation) -> None:
    sync_reservations(reservation_ids=[row.pk])


def given_back(shop: Shop) -> Reservation:
    """Held there, given back here."""
    row = bag(shop)
    sync(row)
    release(reservation_ids=[row.pk])
    return row


def sides(shop: Shop, row: Reservation) -> tuple[str, str]:
    """(what we believe, what the system has)"""
    row.refresh_from_db()
    return row.provider_state, shop.ims.store.find(str(row.pk))["state"]


def test_without_the_lease_an_old_release_arrives_after_a_newer_hold(shop: Shop) -> None:
    row = given_back(shop)

    with on_its_way(shop, partial(sync, row), method="POST", ends="/release"):
        rewin(reservation_ids=[row.pk], expires_at=in_minutes(15))
        Reservation.objects.update(sync_leased_until=None, late_release_until=None)
        sync(row)

    assert sides(shop, row) == ("held", "released")  # promised here, anybody's there


def test_an_old_release_never_arrives_after_a_newer_hold(shop: Shop) -> None:
    row = given_back(shop)

    with on_its_way(shop, partial(sync, row), method="POST", ends="/release"):
        rewin(reservation_ids=[row.pk], expires_at=in_minutes(15))
        with pytest.raises(Unavailable):
            sync(row)
    sync(row)  # the job is tried again

    assert sides(shop, row) == ("held", "held")


def test_a_job_that_speaks_does_not_see_what_moves_meanwhile(shop: Shop) -> None:
    row = bag(shop)
    sync_soon([row.pk])

    with on_its_way(shop, partial(work, queues=["inventory"]), method="PUT"):
        commit(reservation_ids=[row.pk])

    assert sides(shop, row) == ("held", "held")  # until a straggler's job finds it


def test_no_wish_is_lost_while_a_job_speaks(shop: Shop) -> None:
    row = bag(shop)
    sync_soon([row.pk])

    with on_its_way(shop, partial(work, queues=["inventory"]), method="PUT"):
        commit(reservation_ids=[row.pk])
        sync_soon([row.pk])
        sync_soon([row.pk])
        assert len(waiting_jobs("inventory.sync_reservation")) == 1

    assert sides(shop, row) == ("confirmed", "confirmed")
    assert waiting_jobs("inventory.sync_reservation") == []


def test_no_wish_is_lost_when_the_job_that_speaks_fails(shop: Shop) -> None:
    """The job that failed gives way to the one that was asked for meanwhile."""
    row = bag(shop)
    sync_soon([row.pk])

    with on_its_way(shop, partial(work, queues=["inventory"]), method="PUT"):
        shop.ims.faults.update({"down": True})
        release(reservation_ids=[row.pk])
        sync_soon([row.pk])
    assert len(waiting_jobs("inventory.sync_reservation")) == 1
    shop.ims.faults.update({"down": False})
    breaker_of("inventory").reset()
    run_jobs()

    row.refresh_from_db()
    assert (row.provider_state, in_step(row), shop.claims_at_ims()) == ("released", True, [])


def test_the_order_request_and_its_job_at_once_ask_once(shop: Shop) -> None:
    quote = shop.quote()
    place = partial(place_order, customer_id=quote.customer_id, quote_id=quote.pk)

    with on_its_way(shop, place, method="PUT") as calls:
        with pytest.raises(Unavailable):
            settle_reserving(order_id=Order.objects.get().pk)
        assert Order.objects.get().status == "reserving"
    run_jobs()

    order = Order.objects.get()
    assert (order.status, len(calls), len(shop.claims_at_ims())) == ("pending_payment", 1, 1)
    assert list(order.events.values_list("event", flat=True)) == ["hold"]


def cancelled_while_its_request_speaks(shop: Shop, then: Callable[[Reservation], None]) -> tuple[str, str]:
    """The order is cancelled before the call of its own request has arrived; `then` its job starts. Returns `sides`."""
    quote = shop.quote()
    place = partial(place_order, customer_id=quote.customer_id, quote_id=quote.pk)
    with on_its_way(shop, place, method="PUT"):
        cancel_order(order_id=Order.objects.get().pk, actor="customer")
        then(Reservation.objects.get())
    return sides(shop, Reservation.objects.get())


def test_without_the_lease_the_request_of_a_cancelled_order_arrives_after_its_release(shop: Shop) -> None:
    def job(row: Reservation) -> None:
        Reservation.objects.update(sync_leased_until=None)
        sync(row)

    assert cancelled_while_its_request_speaks(shop, job) == ("released", "held")  # nobody's here, promised there


def test_the_request_of_a_cancelled_order_never_arrives_after_its_release(shop: Shop) -> None:
    def job(row: Reservation) -> None:
        with pytest.raises(Unavailable):
            sync(row)

    cancelled_while_its_request_speaks(shop, job)
    run_jobs()  # is tried again

    assert sides(shop, Reservation.objects.get()) == ("released", "released")
    assert shop.claims_at_ims() == []


@pytest.mark.parametrize("budget", [None, 1.5], ids=["a worker", "a request"])
def test_whoever_dies_while_speaking_is_followed_within_35_seconds(shop: Shop, budget: float | None) -> None:
    row = bag(shop)
    Reservation.objects.update(sync_leased_until=lease_for(budget))
    with pytest.raises(Unavailable):
        sync(row)

    with time_machine.travel(timezone.now() + timedelta(seconds=35)):
        sync(row)

    assert sides(shop, row) == ("held", "held")


# Calls that nobody waits for any more


def a_minute_later() -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(minutes=1))


def brought_in_step_later() -> None:
    with a_minute_later():
        enqueue_stragglers()
        run_jobs()


def unanswered(row: Reservation) -> Callable[[], None]:
    """A talk that gives up before its call has arrived."""

    def speak() -> None:
        with pytest.raises(UnknownOutcome):
            sync_reservations(reservation_ids=[row.pk], budget=0.2)

    return speak


def given_back_while_unanswered(shop: Shop, then: Callable[[Reservation], None]) -> Reservation:
    """A call to reserve arrives after its caller has given up, and after what was given back was told."""
    row = bag(shop)
    with on_its_way(shop, unanswered(row), method="PUT"):
        wait_until(Reservation.objects.filter(late_reserve_until__isnull=False).exists, "its caller gave up")
        release(reservation_ids=[row.pk])
        then(row)
    return row


def test_without_a_second_look_a_call_that_was_given_up_sets_aside_for_nobody(shop: Shop) -> None:
    def told_and_believed(row: Reservation) -> None:
        sync(row)
        Reservation.objects.update(late_reserve_until=None)

    row = given_back_while_unanswered(shop, told_and_believed)
    brought_in_step_later()

    assert sides(shop, row) == ("released", "held")


def test_what_a_call_that_was_given_up_sets_aside_is_released_when_it_must_have_arrived(shop: Shop) -> None:
    row = given_back_while_unanswered(shop, sync)
    assert sides(shop, row) == ("released", "held")
    assert not in_step(row)

    brought_in_step_later()

    assert sides(shop, row) == ("released", "released")
    assert in_step(row)


def test_whoever_died_while_reserving_may_arrive_after_the_release_too(shop: Shop) -> None:
    row = bag(shop)
    Reservation.objects.update(sync_leased_until=lease_for(1.5))
    release(reservation_ids=[row.pk])
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        sync(row)
        shop.ims.store.reserve(str(row.pk), [Line("BAG-1", shop.depot.code, 1, "sale")], None)
        enqueue_stragglers()

    brought_in_step_later()

    assert sides(shop, row) == ("released", "released")


def test_a_refused_claim_is_looked_at_again_when_an_earlier_call_may_have_won_it(shop: Shop) -> None:
    row = bag(shop)
    Reservation.objects.update(
        status="released", provider_state="refused", late_reserve_until=timezone.now() + timedelta(seconds=10)
    )
    shop.ims.store.reserve(str(row.pk), [Line("BAG-1", shop.depot.code, 1, "sale")], None)

    brought_in_step_later()

    assert sides(shop, row) == ("released", "released")


def test_nobody_reserves_while_a_release_that_was_given_up_may_arrive(shop: Shop) -> None:
    row = given_back(shop)

    with on_its_way(shop, unanswered(row), method="POST", ends="/release"):
        wait_until(Reservation.objects.filter(late_release_until__isnull=False).exists, "its caller gave up")
        rewin(reservation_ids=[row.pk], expires_at=in_minutes(15))
        with pytest.raises(Unavailable):
            sync(row)
    with a_minute_later():
        sync(row)

    assert sides(shop, row) == ("held", "held")


def test_whoever_died_while_releasing_may_arrive_after_it_is_won_anew_too(shop: Shop) -> None:
    row = given_back(shop)
    Reservation.objects.update(sync_leased_until=lease_for(1.5))
    rewin(reservation_ids=[row.pk], expires_at=in_minutes(15))
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        with pytest.raises(Unavailable):
            sync(row)
        shop.ims.store.release(str(row.pk))

    with a_minute_later():
        sync(row)

    assert sides(shop, row) == ("held", "held")


def test_a_rental_moves_there_only_when_no_call_about_its_old_days_may_arrive(shop: Shop) -> None:
    row = crate(shop, 1, 4)
    sync(row)
    Reservation.objects.update(late_reserve_until=timezone.now() + timedelta(seconds=10))
    Reservation.objects.update(provider_period=None)

    with pytest.raises(Unavailable):
        sync(row)
    with a_minute_later():
        sync(row)

    assert sides(shop, row) == ("held", "held")


# The mirror and a customer


def counted(shelf: Shelf, pieces: int) -> Callable[[], int]:
    StockLevel.objects.update(as_of=None)
    level = Level(shelf.variant.sku, shelf.depot.code, pieces, 0, timezone.now())
    return partial(apply_changes, Changes([level], [], "1", more=False))


def test_without_the_lock_a_piece_is_promised_that_was_just_counted_away() -> None:
    shelf = Shelf(pieces=1)

    won(meanwhile(counted(shelf, 0), partial(held_without_the_lock, [shelf.sale()])))

    assert (shelf.level.on_hand, Reservation.objects.count()) == (0, 1)


def test_who_asks_while_a_count_is_written_is_told_what_it_says() -> None:
    shelf = Shelf(pieces=1)

    _, refused = meanwhile(counted(shelf, 0), partial(hold, claims=[shelf.sale()], expires_at=in_minutes(15)))

    assert isinstance(refused, OutOfStock)


def test_a_count_that_falls_while_a_piece_is_promised_has_the_promise_looked_at() -> None:
    shelf = Shelf(pieces=1)

    won(meanwhile(partial(hold, claims=[shelf.sale()], expires_at=in_minutes(15)), counted(shelf, 0)))
    run_jobs()

    assert Reservation.objects.get().misfit_at is not None
