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
from inventory.providers.base import Changes, Level, Unavailable
from inventory.services import (
    apply_changes,
    commit,
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
from tests.concurrency.racing import meanwhile, won
from tests.concurrency.test_hold import held_without_the_lock
from tests.core.worker import work
from tests.inventory.shelf import Shelf, bag, in_minutes
from tests.jobs import run_jobs, waiting_jobs
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
        Reservation.objects.update(sync_leased_until=None)
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
