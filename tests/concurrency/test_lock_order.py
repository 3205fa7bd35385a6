"""Nobody takes two claims in another order than everybody else: each cycle is first shown with the order taken out."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from inventory.models import Reservation
from inventory.services import release, review_promises
from orders.models import Order
from orders.services import expire_orders
from tests.concurrency.racing import queued, won
from tests.factories.inventory import ReservationFactory, StockLevelFactory
from tests.factories.orders import OrderFactory, SaleLineFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


def take(claim: Reservation) -> None:
    Reservation.objects.select_for_update().get(pk=claim.pk)


def review(claim: Reservation) -> None:
    review_promises(variant_id=claim.variant_id, depot_id=claim.depot_id)


def waited_for_each_other(outcomes: Sequence[object]) -> bool:
    return any(isinstance(outcome, OperationalError) and "deadlock" in str(outcome) for outcome in outcomes)


@transaction.atomic
def review_as_they_come(older: Reservation, younger: Reservation) -> None:
    """The writes of `review_promises` alone."""
    Reservation.objects.filter(pk=younger.pk).update(misfit_at=None)
    Reservation.objects.filter(pk=older.pk).update(misfit_at=timezone.now())


def two_claims_on_one_piece() -> tuple[Reservation, Reservation]:
    """The older is only held, so it cannot be served; the younger is paid, and can be served again."""
    level = StockLevelFactory(on_hand=1)
    older = ReservationFactory(variant=level.variant, depot=level.depot)
    younger = ReservationFactory(variant=level.variant, depot=level.depot, committed=True, misfit_at=timezone.now())
    return older, younger


def test_without_an_order_a_review_and_a_giving_back_wait_for_each_other() -> None:
    older, younger = two_claims_on_one_piece()
    give_back = partial(release, reservation_ids=[older.pk, younger.pk])

    outcomes = queued(partial(take, older), give_back, partial(review_as_they_come, older, younger))

    assert waited_for_each_other(outcomes)


def test_a_review_and_a_giving_back_take_claims_in_one_order() -> None:
    older, younger = two_claims_on_one_piece()
    give_back = partial(release, reservation_ids=[older.pk, younger.pk])

    won(queued(partial(take, older), give_back, partial(review, older)))

    assert set(Reservation.objects.values_list("status", "misfit_at")) == {("released", None)}


def two_orders_to_expire() -> tuple[Reservation, Reservation]:
    """The older was given more time to pay, so it expires last; both wait for a review that finds them gone."""
    level = StockLevelFactory(on_hand=1)
    claims = []
    for minutes in (1, 2):
        at = timezone.now() - timedelta(minutes=minutes)
        order = OrderFactory(pending=True, depot=level.depot, expires_at=at)
        claim = ReservationFactory(variant=level.variant, depot=level.depot, expires_at=at, misfit_at=timezone.now())
        SaleLineFactory(order=order, variant=level.variant, reservation=claim)
        claims.append(claim)
    return claims[0], claims[1]


@pytest.mark.parametrize(("expire", "cycles"), [(expire_orders, False), (transaction.atomic(expire_orders), True)])
def test_orders_expire_one_by_one_so_that_a_review_waits_for_one_at_a_time(
    expire: Callable[[], int], cycles: bool
) -> None:
    older, younger = two_orders_to_expire()

    outcomes = queued(partial(take, younger), expire, partial(review, older))

    assert waited_for_each_other(outcomes) == cycles
    if not cycles:
        assert set(Order.objects.values_list("status", flat=True)) == {"expired"}
        assert set(Reservation.objects.values_list("status", "misfit_at")) == {("expired", None)}
