"""Fifty customers in the same second, over HTTP against gunicorn. Nobody is promised what somebody else has."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db.models import Sum

from accounts.models import User
from inventory.models import Reservation, StockLevel
from orders.models import Order, Quote
from sandbox.inventory.server import Sandbox as InventorySandbox
from tests.factories.accounts import UserFactory, auth_header
from tests.journeys.stack import Stack, running_stack
from tests.shop import Shop, key

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

CUSTOMERS = 50


@pytest.fixture
def stack(transactional_db: None, ims: InventorySandbox, tmp_path: Path, settings: object) -> Iterator[Stack]:
    """With its lock, and slow in the same place as the build without."""
    with running_stack(ims, tmp_path, wsgi="tests.journeys.slow_wsgi") as stack:
        yield stack


@pytest.fixture
def unlocked_stack(transactional_db: None, ims: InventorySandbox, tmp_path: Path, settings: object) -> Iterator[Stack]:
    with running_stack(ims, tmp_path, wsgi="tests.journeys.unlocked_wsgi") as stack:
        yield stack


def all_at_once(stack: Stack, quotes: Sequence[tuple[User, Quote]]) -> list[requests.Response]:
    """Every customer orders in the same instant, each on a connection that stands already."""
    barrier = threading.Barrier(len(quotes))
    answers: list[requests.Response] = []

    def order(customer: User, quote: Quote) -> None:
        with requests.Session() as session:
            session.headers.update(auth_header(customer))
            session.get(f"{stack.url}/livez", timeout=30)
            barrier.wait(timeout=60)
            body = {"quote": str(quote.pk)}
            answers.append(session.post(f"{stack.url}/api/v1/orders", json=body, headers=key(), timeout=60))

    threads = [threading.Thread(target=order, args=pair) for pair in quotes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(quotes)
    return answers


def buyers(shop: Shop) -> list[tuple[User, Quote]]:
    return [(customer, shop.quote(customer=customer)) for customer in UserFactory.create_batch(CUSTOMERS)]


def renters(shop: Shop) -> list[tuple[User, Quote]]:
    """Four days each, starting on one of five days: any two of neighbouring starts overlap."""
    customers = UserFactory.create_batch(CUSTOMERS)
    return [
        (customer, shop.quote(shop.rental(10 + n % 5, 13 + n % 5), customer=customer))
        for n, customer in enumerate(customers)
    ]


def busiest_day() -> int:
    """The most units promised for any one day."""
    days: Counter[Any] = Counter()
    for row in Reservation.objects.filter(kind="rental", status="held"):
        for offset in range((row.period.upper - row.period.lower).days):
            days[row.period.lower + timedelta(days=offset)] += 1
    return max(days.values())


def promised_pieces() -> int:
    return Reservation.objects.filter(kind="sale", status="held").aggregate(n=Sum("quantity"))["n"] or 0


def assert_refusals_help(answers: Sequence[requests.Response], sku: str) -> None:
    for answer in answers:
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "out_of_stock")
        assert problem["lines"][0]["sku"] == sku
        assert problem["lines"][0]["available"] == 0


def test_fifty_buyers_of_the_last_ten_pieces_make_ten_orders(shop: Shop, stack: Stack) -> None:
    quotes = buyers(shop)
    stack.start_web()

    answers = all_at_once(stack, quotes)

    placed = [answer for answer in answers if answer.status_code in {201, 202}]
    assert len(placed) == Order.objects.exclude(status="cancelled").count() == 10
    assert promised_pieces() == 10
    assert_refusals_help([a for a in answers if a not in placed], "BAG-1")


def test_fifty_renters_of_three_units_never_make_a_fourth_on_any_day(shop: Shop, stack: Stack) -> None:
    quotes = renters(shop)
    stack.start_web()

    answers = all_at_once(stack, quotes)

    placed = [answer for answer in answers if answer.status_code in {201, 202}]
    assert len(placed) == Order.objects.exclude(status="cancelled").count() >= 3
    assert busiest_day() == 3
    assert_refusals_help([a for a in answers if a not in placed], "CRATE-1")


@pytest.mark.parametrize("what", ["pieces", "units"])
def test_without_the_lock_the_same_fifty_are_promised_too_much(
    what: str, unlocked_stack: Stack, ims: InventorySandbox
) -> None:
    """What the two tests above are worth. The IMS is given more than we count, or it would refuse in our place.

    Far fewer there are than ask at once, and the pause is longer than theirs, so that it happens on any machine.
    """
    shop = Shop.opened(ims, unlocked_stack.stripe)
    quotes = buyers(shop) if what == "pieces" else renters(shop)
    ims.store.receive("BAG-1", "BER", 1000)
    ims.store.add_units("CRATE-1", "BER", [f"MORE-{n}" for n in range(100)], "A")
    StockLevel.objects.update(on_hand=3)  # as many as there are units: fewer than ask at once on any machine
    unlocked_stack.start_web()

    all_at_once(unlocked_stack, quotes)

    promised = promised_pieces() if what == "pieces" else busiest_day()
    print(f"without the lock: {promised} {what} promised of 3")
    assert promised > 3
