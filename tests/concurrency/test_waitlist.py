"""Two who serve the waitlist at once, and two phones that join it."""

from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from orders.errors import TransitionNotAllowed
from orders.models import Order, WaitlistEntry
from orders.services import WaitRequest, join_waitlist, leave_waitlist, mark_order_paid, offer_to
from orders.services.waiting import _join, _offer
from tests.concurrency.racing import meanwhile, won
from tests.factories.accounts import UserFactory
from tests.factories.orders import waiting_for
from tests.jobs import run_jobs
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]


@transaction.atomic
def offered_without_the_lock(entry_id: Any) -> Order | None:
    """Look whether somebody still waits, then order for them."""
    rows = WaitlistEntry.objects.select_related("depot", "customer", "variant")
    return _offer(rows.get(pk=entry_id, status="waiting"))


def held(outcomes: list[Any]) -> int:
    return sum(order is not None for order in won(outcomes))


def test_without_the_lock_one_place_holds_twice(shop: Shop) -> None:
    entry = waiting_for(shop)
    offer = partial(offered_without_the_lock, entry.pk)

    assert held(meanwhile(offer, offer)) == 2

    assert Order.objects.filter(customer=entry.customer).count() == 2


def test_one_place_holds_once_whoever_serves_at_the_same_time(shop: Shop) -> None:
    entry = waiting_for(shop)
    offer = partial(offer_to, entry_id=entry.pk)

    assert held(meanwhile(offer, offer)) == 1

    assert Order.objects.filter(customer=entry.customer).count() == 1


def test_the_last_piece_is_held_for_one_of_two_who_wait(shop: Shop) -> None:
    shop.order(shop.sale(9), customer=UserFactory())
    first, second = waiting_for(shop), waiting_for(shop, customer=UserFactory())

    outcomes = meanwhile(partial(offer_to, entry_id=first.pk), partial(offer_to, entry_id=second.pk))

    assert held(outcomes) == 1
    first.refresh_from_db()
    assert first.status == "offered"


def test_who_came_later_is_not_served_while_an_earlier_one_waits(shop: Shop) -> None:
    shop.order(shop.sale(9), customer=UserFactory())
    waiting_for(shop, quantity=2)
    second = waiting_for(shop, customer=UserFactory())

    assert offer_to(entry_id=second.pk) is None


def wish(shop: Shop, offset: int) -> WaitRequest:
    return WaitRequest("BER", shop.rental(offset, offset), "EUR")


@transaction.atomic
def joined_without_the_lock(shop: Shop, offset: int) -> WaitlistEntry:
    return _join(shop.customer.pk, wish(shop, offset))


def crowded(shop: Shop) -> None:
    """Nothing to rent for some days, and one place short of the most that one may have."""
    shop.order(shop.rental(10, 16, quantity=3), customer=UserFactory())
    for offset in range(settings.WAITLIST_MOST - 1):
        waiting_for(shop, days=(30 + offset, 30 + offset))


def test_without_the_lock_two_phones_get_more_places_than_one_may_have(shop: Shop) -> None:
    crowded(shop)

    meanwhile(*(partial(joined_without_the_lock, shop, offset) for offset in (10, 12)))

    assert WaitlistEntry.objects.count() == settings.WAITLIST_MOST + 1


def test_two_phones_get_no_more_places_than_one_may_have(shop: Shop) -> None:
    crowded(shop)
    joins = (partial(join_waitlist, customer_id=shop.customer.pk, request=wish(shop, offset)) for offset in (10, 12))

    assert len(won(meanwhile(*joins))) == 1

    assert WaitlistEntry.objects.count() == settings.WAITLIST_MOST


def test_who_leaves_while_their_order_is_being_paid_keeps_what_they_paid_for(shop: Shop) -> None:
    entry = waiting_for(shop)
    offer_to(entry_id=entry.pk)
    run_jobs()
    entry.refresh_from_db()
    assert Order.objects.get(pk=entry.order_id).status == "pending_payment"
    paid = partial(mark_order_paid, order_id=entry.order_id)
    left = partial(leave_waitlist, customer_id=entry.customer_id, entry_id=entry.pk)

    confirmed, refused = meanwhile(paid, left)

    assert (confirmed.status, type(refused)) == ("confirmed", TransitionNotAllowed)
    assert Order.objects.get(pk=entry.order_id).status == "confirmed"
