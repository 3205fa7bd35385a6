"""Never two customers for one thing. Each race is first shown to happen without the lock, so that it could be lost."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from inventory.errors import HoldLapsed, OutOfStock
from inventory.models import Reservation
from inventory.services import Claim, commit, extend_holds, hold, release, require_free, rewin
from tests.concurrency.racing import meanwhile, race, won
from tests.inventory.shelf import Shelf, in_minutes, may

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_connections_for_all")]

BUYERS = 20
ROUNDS = 5
Hold = Callable[[Sequence[Claim]], Any]


def held(claims: Sequence[Claim]) -> list[Reservation]:
    return hold(claims=claims, expires_at=in_minutes(15))


@transaction.atomic
def held_without_the_lock(claims: Sequence[Claim]) -> list[Reservation]:
    """The steps of `hold` but the first."""
    require_free(claims)
    return Reservation.objects.bulk_create(
        Reservation(
            variant_id=claim.variant_id,
            depot_id=claim.depot_id,
            kind=claim.kind,
            quantity=claim.quantity,
            period=DateRange(*claim.period) if claim.period else None,
            expires_at=in_minutes(15),
        )
        for claim in claims
    )


@transaction.atomic
def committed_without_the_pool(reservation_id: UUID) -> None:
    """The steps of `commit`, with the reservation locked but not its pool."""
    row = Reservation.objects.select_for_update().get(pk=reservation_id)
    if row.expires_at <= timezone.now():
        raise HoldLapsed
    Reservation.objects.filter(pk=reservation_id).update(status="committed", expires_at=None)


def sold(shelf: Shelf) -> int:
    return sum(Reservation.objects.filter(variant=shelf.variant).values_list("quantity", flat=True))


def most_on_a_day(shelf: Shelf) -> int:
    periods = Reservation.objects.filter(variant=shelf.variant).values_list("period", flat=True)
    return max(sum(day in period for period in periods) for day in map(may, range(1, 31)))


def windows(shelf: Shelf, seed: int) -> list[Claim]:
    """Overlapping days in May for every renter."""
    chance = random.Random(seed)
    starts = [chance.randint(1, 12) for _ in range(BUYERS)]
    return [shelf.rental(may(start), may(start + chance.randint(1, 8))) for start in starts]


# The last pieces


def buy_the_last_five(how: Hold) -> tuple[int, int]:
    """(pieces sold, buyers who were told that they have one)"""
    shelf = Shelf(pieces=5)
    outcomes = race([partial(how, [shelf.sale()])] * BUYERS)
    return sold(shelf), len(won(outcomes))


def test_without_the_lock_the_last_pieces_are_sold_more_than_once() -> None:
    assert any(buy_the_last_five(held_without_the_lock)[0] > 5 for _ in range(ROUNDS))


def test_twenty_buyers_get_exactly_the_last_five_pieces() -> None:
    assert [buy_the_last_five(held) for _ in range(ROUNDS)] == [(5, 5)] * ROUNDS


@pytest.mark.parametrize(("how", "winners"), [(held, 1), (held_without_the_lock, 2)])
def test_two_buyers_of_one_piece(how: Hold, winners: int) -> None:
    """The second asks while the transaction of the first is open: with the lock it waits and is refused."""
    shelf = Shelf(pieces=1)
    buy = partial(how, [shelf.sale()])

    assert len(won(meanwhile(buy, buy))) == sold(shelf) == winners


# Units


def test_without_the_lock_a_day_is_promised_more_often_than_there_are_units() -> None:
    def happens(seed: int) -> bool:
        shelf = Shelf(units=3)
        race([partial(held_without_the_lock, [claim]) for claim in windows(shelf, seed)])
        return most_on_a_day(shelf) > 3

    assert any(happens(seed) for seed in range(ROUNDS))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_twenty_renters_never_have_more_than_three_units_on_any_day(seed: int) -> None:
    shelf = Shelf(units=3)
    claims = windows(shelf, seed)

    outcomes = race([partial(held, [claim]) for claim in claims])

    assert most_on_a_day(shelf) == 3
    for claim, outcome in zip(claims, outcomes, strict=True):  # and nobody was refused for nothing
        if isinstance(outcome, OutOfStock):
            with pytest.raises(OutOfStock):
                require_free([claim])
    assert len(won(outcomes)) == Reservation.objects.count()


def test_baskets_that_name_the_same_things_in_another_order_do_not_block_each_other() -> None:
    bags, boxes = Shelf(pieces=50), Shelf(pieces=50)
    basket = [bags.sale(), boxes.sale()]

    outcomes = race([partial(held, basket), partial(held, basket[::-1])] * (BUYERS // 2))

    assert len(won(outcomes)) == sold(bags) == sold(boxes) == BUYERS


def test_all_or_none_also_when_baskets_meet() -> None:
    bags, boxes = Shelf(pieces=7), Shelf(pieces=5)
    basket = [bags.sale(), boxes.sale()]

    outcomes = race([partial(held, basket), partial(held, basket[::-1])] * (BUYERS // 2))

    assert len(won(outcomes)) == sold(bags) == sold(boxes) == 5


# The instant at which a hold ends


def dying(shelf: Shelf, seconds: float) -> Reservation:
    """A hold that ends soon."""
    return hold(claims=[shelf.sale()], expires_at=datetime.now(UTC) + timedelta(seconds=seconds))[0]


def after(instant: datetime, seconds: float, step: Callable[[], Any]) -> Any:
    sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds() + seconds))
    return step()


@pytest.mark.parametrize(
    ("pay", "owners"),
    [(lambda pk: commit(reservation_ids=[pk]), 1), (committed_without_the_pool, 2)],
    ids=["with the pool locked", "without"],
)
def test_a_payment_just_before_the_end_and_a_buyer_just_after_it(pay: Callable[[UUID], None], owners: int) -> None:
    """The hold ends between the payment's look and its commit: who comes then must wait for it."""
    shelf = Shelf(pieces=1)
    mine = dying(shelf, 0.3)
    buy = partial(after, mine.expires_at, 0.02, partial(held, [shelf.sale()]))

    won(meanwhile(partial(pay, mine.pk), buy))

    mine.refresh_from_db()
    assert mine.status == "committed"
    assert sold(shelf) == owners


def test_a_buyer_just_after_the_end_and_a_payment_that_comes_too_late() -> None:
    shelf = Shelf(pieces=1)
    mine = dying(shelf, 0.05)
    buy = partial(after, mine.expires_at, 0.0, partial(held, [shelf.sale()]))

    bought, paid = meanwhile(buy, partial(commit, reservation_ids=[mine.pk]))

    assert len(won([bought])) == 1
    assert isinstance(paid, HoldLapsed)
    mine.refresh_from_db()
    assert mine.status == "expired"


@pytest.mark.parametrize("use", [commit, lambda **hold: extend_holds(**hold, expires_at=in_minutes(15))])
def test_whoever_acts_at_the_instant_of_expiry_only_one_has_the_piece(use: Callable[..., None]) -> None:
    chance = random.Random(4)
    for _ in range(8):
        shelf = Shelf(pieces=1)
        mine = dying(shelf, 0.06)
        keep, buy = partial(use, reservation_ids=[mine.pk]), partial(held, [shelf.sale()])

        outcomes = race([partial(after, mine.expires_at, chance.uniform(-0.004, 0.004), step) for step in (keep, buy)])

        kept, bought = (bool(won([outcome])) for outcome in outcomes)
        assert not (kept and bought)


# Won anew, given back


def test_late_payers_win_the_last_five_pieces_anew_and_no_more() -> None:
    shelf = Shelf(pieces=BUYERS)
    mine = [row.pk for row in held([shelf.sale()] * BUYERS)]
    release(reservation_ids=mine, expired=True)
    held([shelf.sale(BUYERS - 5)])

    outcomes = race([partial(rewin, reservation_ids=[pk], expires_at=in_minutes(15)) for pk in mine])

    assert len(won(outcomes)) == Reservation.objects.filter(pk__in=mine, status="held").count() == 5


@pytest.mark.parametrize("first", ["pay", "expire"])
def test_a_claim_is_paid_or_given_back_and_whoever_is_first_decides(first: str) -> None:
    shelf = Shelf(pieces=1)
    (mine,) = held([shelf.sale()])
    pay, expire = partial(commit, reservation_ids=[mine.pk]), partial(release, reservation_ids=[mine.pk], expired=True)

    outcomes = meanwhile(pay, expire) if first == "pay" else meanwhile(expire, pay)

    mine.refresh_from_db()
    assert mine.status == "expired"  # what is paid may still be given back: that is the order's to decide
    assert [isinstance(outcome, HoldLapsed) for outcome in outcomes] == [False, first == "expire"]
