"""Claims: all or none, dead at their expiry, final when committed, won anew or not at all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange

from inventory.errors import HoldLapsed, OutOfStock
from inventory.models import Downtime, Reservation
from inventory.services import commit, extend_holds, hold, release, require_free, rewin, ship, tidy_lapsed_holds
from tests.inventory.shelf import IN_A_QUARTER, MINUTE, NOW, Shelf, may

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

UNTIL = NOW + IN_A_QUARTER


def ids(rows: list[Reservation]) -> list[Any]:
    return [row.pk for row in rows]


def state(row: Reservation) -> tuple[str, Any]:
    row.refresh_from_db()
    return row.status, row.expires_at


# Hold


def test_a_hold_reserves_everything_in_the_order_it_was_asked_for() -> None:
    shelf = Shelf(pieces=5, units=2)
    claims = [shelf.sale(2), shelf.rental(may(3), may(6)), shelf.rental(may(3), may(6)), shelf.sale(1)]

    held = hold(claims=claims, expires_at=UNTIL)

    assert [(row.kind, row.quantity) for row in held] == [("sale", 2), ("rental", 1), ("rental", 1), ("sale", 1)]
    assert {(row.status, row.expires_at, row.provider_state) for row in held} == {("held", UNTIL, "none")}
    assert shelf.free(may(3), may(6)).rental == 0
    assert shelf.free().sale == 2


def test_one_short_claim_keeps_all_others_from_being_held() -> None:
    bags, crates = Shelf(pieces=5), Shelf(units=1)

    with pytest.raises(OutOfStock):
        hold(claims=[bags.sale(1), crates.rental(), crates.rental()], expires_at=UNTIL)

    assert not Reservation.objects.exists()
    assert bags.free().sale == 5


def test_a_refusal_names_everything_that_is_short_and_the_whole_quantity_asked_for() -> None:
    bags, crates = Shelf(pieces=3), Shelf(units=1)
    claims = [
        bags.sale(2),
        crates.rental(may(3), may(6)),
        bags.sale(2),
        crates.rental(may(3), may(6)),
        crates.rental(may(6), may(7)),
    ]

    with pytest.raises(OutOfStock) as refusal:
        hold(claims=claims, expires_at=UNTIL)

    assert refusal.value.members["lines"] == [
        {
            "sku": bags.variant.sku,
            "depot": bags.depot.code,
            "kind": "sale",
            "requested": 4,
            "available": 3,
            "first_on": None,
            "last_on": None,
        },
        {
            "sku": crates.variant.sku,
            "depot": crates.depot.code,
            "kind": "rental",
            "requested": 2,
            "available": 1,
            "first_on": "2027-05-03",
            "last_on": "2027-05-05",
        },
    ]


def test_claims_of_one_request_take_days_from_each_other_where_they_overlap() -> None:
    shelf = Shelf(units=1)

    with pytest.raises(OutOfStock) as refusal:
        require_free([shelf.rental(may(3), may(6)), shelf.rental(may(5), may(8))])
    require_free([shelf.rental(may(3), may(6)), shelf.rental(may(6), may(8))])

    assert [(line["first_on"], line["available"]) for line in refusal.value.members["lines"]] == [("2027-05-05", 0)]


def test_a_question_reserves_nothing(django_assert_num_queries: Any) -> None:
    shelf = Shelf(pieces=1)

    with django_assert_num_queries(1):
        require_free([shelf.sale()])
    require_free([])

    assert not Reservation.objects.exists()


@pytest.mark.parametrize("claim", [lambda shelf: shelf.sale(), lambda shelf: shelf.rental()])
def test_a_pool_that_the_inventory_system_never_named_promises_nothing(claim: Callable[[Shelf], Any]) -> None:
    shelf = Shelf(pieces=1, units=1)
    shelf.level.delete()

    with pytest.raises(OutOfStock):
        shelf.hold(claim(shelf))


def test_nothing_asked_holds_nothing() -> None:
    assert hold(claims=[], expires_at=UNTIL) == []


def test_the_number_of_statements_does_not_grow_with_the_claims(django_assert_num_queries: Any) -> None:
    bags, crates = Shelf(pieces=50), Shelf(units=20)
    claims = [bags.sale(1) for _ in range(20)] + [crates.rental() for _ in range(20)]

    with django_assert_num_queries(6):  # savepoint, lock, the dead, counts, insert, savepoint
        hold(claims=claims, expires_at=UNTIL)


def test_three_lines_are_held_in_twelve_statements_also_where_units_are_down_later(
    django_assert_max_num_queries: Any,
) -> None:
    bags, crates, boxes = Shelf(pieces=5), Shelf(units=3), Shelf(units=3)
    for shelf in (crates, boxes):
        Downtime.objects.create(unit=shelf.all_units[0], period=DateRange(may(4), may(5)))
    claims = [bags.sale(), crates.rental(may(3), may(6)), boxes.rental(may(3), may(6))]

    with django_assert_max_num_queries(12):
        hold(claims=claims, expires_at=UNTIL)


def test_the_place_of_a_dead_hold_is_given_away_and_it_stays_dead_even_if_the_clock_goes_back(
    clock: time_machine.Traveller,
) -> None:
    shelf = Shelf(pieces=1)
    (first,) = hold(claims=[shelf.sale()], expires_at=UNTIL)
    clock.shift(IN_A_QUARTER)

    (second,) = hold(claims=[shelf.sale()], expires_at=UNTIL + IN_A_QUARTER)

    clock.shift(-MINUTE)  # the clock of another host
    with pytest.raises(HoldLapsed):
        commit(reservation_ids=[first.pk])
    commit(reservation_ids=[second.pk])
    assert state(first)[0] == "expired"


# Extend


def test_living_holds_can_be_extended() -> None:
    shelf = Shelf(pieces=2)
    rows = shelf.hold(shelf.sale(), shelf.sale())

    extend_holds(reservation_ids=ids(rows), expires_at=UNTIL + IN_A_QUARTER)

    assert {state(row) for row in rows} == {("held", UNTIL + IN_A_QUARTER)}


def test_a_dead_hold_cannot_be_extended_and_takes_the_others_with_it(clock: time_machine.Traveller) -> None:
    shelf = Shelf(pieces=2)
    (short,) = shelf.hold(shelf.sale(), minutes=5)
    (long,) = shelf.hold(shelf.sale(), minutes=15)
    clock.shift(timedelta(minutes=5))

    with pytest.raises(HoldLapsed):
        extend_holds(reservation_ids=[short.pk, long.pk], expires_at=UNTIL + IN_A_QUARTER)

    assert state(short) == ("held", NOW + timedelta(minutes=5))
    assert state(long) == ("held", UNTIL)


# Commit


def test_a_committed_hold_no_longer_ends_and_may_be_committed_again(clock: time_machine.Traveller) -> None:
    shelf = Shelf(pieces=3, units=1)
    rows = shelf.hold(shelf.sale(3), shelf.rental())

    commit(reservation_ids=ids(rows))
    clock.shift(timedelta(days=3))
    commit(reservation_ids=ids(rows))

    assert {state(row) for row in rows} == {("committed", None)}
    assert shelf.free(now=NOW + timedelta(days=3)).sale == 0


@pytest.mark.parametrize(("late", "status"), [(-timedelta(microseconds=1), "committed"), (timedelta(0), "held")])
def test_a_hold_can_be_committed_until_the_instant_it_ends(
    late: timedelta, status: str, clock: time_machine.Traveller
) -> None:
    shelf = Shelf(pieces=1)
    (row,) = shelf.hold()
    clock.move_to(UNTIL + late)

    if status == "committed":
        commit(reservation_ids=[row.pk])
    else:
        with pytest.raises(HoldLapsed):
            commit(reservation_ids=[row.pk])

    assert state(row)[0] == status


def test_one_claim_that_is_gone_keeps_all_others_from_being_committed() -> None:
    shelf = Shelf(pieces=2)
    good, gone = shelf.hold(shelf.sale(), shelf.sale())
    release(reservation_ids=[gone.pk])

    with pytest.raises(HoldLapsed):
        commit(reservation_ids=[good.pk, gone.pk])

    assert state(good)[0] == "held"


@pytest.mark.parametrize(
    "use",
    [
        lambda unknown: commit(reservation_ids=unknown),
        lambda unknown: extend_holds(reservation_ids=unknown, expires_at=UNTIL),
        lambda unknown: rewin(reservation_ids=unknown, expires_at=UNTIL),
    ],
)
def test_what_is_not_there_cannot_be_promised(use: Callable[..., Any]) -> None:
    shelf = Shelf(pieces=1)
    (row,) = shelf.hold()

    with pytest.raises(Reservation.DoesNotExist):
        use([row.pk, uuid4()])

    assert state(row) == ("held", UNTIL)


# Win anew


def test_what_lapsed_is_won_anew_if_it_is_still_free(clock: time_machine.Traveller) -> None:
    shelf = Shelf(pieces=1, units=1)
    rows = shelf.hold(shelf.sale(), shelf.rental())
    Reservation.objects.update(provider_state="released")
    clock.shift(IN_A_QUARTER)
    tidy_lapsed_holds(grace=timedelta(0))

    rewin(reservation_ids=ids(rows), expires_at=UNTIL + IN_A_QUARTER)

    assert {state(row) for row in rows} == {("held", UNTIL + IN_A_QUARTER)}
    assert {row.provider_state for row in rows} == {"none"}
    assert shelf.free(now=UNTIL).sale == 0


@pytest.mark.parametrize("tidied", [True, False])
def test_an_expired_hold_is_never_revived_when_somebody_else_has_it(
    tidied: bool, clock: time_machine.Traveller
) -> None:
    shelf = Shelf(pieces=2)
    mine = shelf.hold(shelf.sale(), shelf.sale())
    clock.shift(IN_A_QUARTER)
    if tidied:
        tidy_lapsed_holds(grace=timedelta(0))
    shelf.hold(shelf.sale())

    with pytest.raises(OutOfStock) as refusal:
        rewin(reservation_ids=ids(mine), expires_at=UNTIL + IN_A_QUARTER)

    assert refusal.value.members["lines"][0]["requested"] == 2
    assert refusal.value.members["lines"][0]["available"] == 1
    with pytest.raises(HoldLapsed):
        commit(reservation_ids=ids(mine))
    assert shelf.free(now=UNTIL).sale == 1


def test_winning_anew_extends_what_still_lives_and_leaves_what_is_committed_or_gone(
    clock: time_machine.Traveller,
) -> None:
    shelf = Shelf(pieces=4)
    living, longer, committed, shipped = shelf.hold(*(shelf.sale() for _ in range(4)))
    commit(reservation_ids=[committed.pk, shipped.pk])
    ship(reservation_id=shipped.pk)
    extend_holds(reservation_ids=[longer.pk], expires_at=UNTIL + IN_A_QUARTER)

    rewin(reservation_ids=ids([living, longer, committed, shipped]), expires_at=UNTIL + MINUTE)

    assert state(living) == ("held", UNTIL + MINUTE)
    assert state(longer) == ("held", UNTIL + IN_A_QUARTER)
    assert state(committed) == ("committed", None)
    assert state(shipped) == ("shipped", None)


def test_what_was_given_back_can_be_won_anew() -> None:
    shelf = Shelf(pieces=1)
    (row,) = shelf.hold()
    release(reservation_ids=[row.pk])

    rewin(reservation_ids=[row.pk], expires_at=UNTIL)
    rewin(reservation_ids=[row.pk], expires_at=UNTIL)

    assert state(row) == ("held", UNTIL)


# Release


@pytest.mark.parametrize(("expired", "status"), [(False, "released"), (True, "expired")])
def test_what_is_given_back_is_free_at_once_and_only_once(expired: bool, status: str) -> None:
    shelf = Shelf(pieces=2, units=1)
    rows = shelf.hold(shelf.sale(), shelf.sale(), shelf.rental())
    commit(reservation_ids=[rows[0].pk])

    assert release(reservation_ids=ids(rows), expired=expired) == 3
    assert release(reservation_ids=ids(rows)) == 0

    assert {state(row) for row in rows} == {(status, None)}
    assert (shelf.free().sale, shelf.free().rental) == (2, 1)


def test_what_left_the_depot_cannot_be_given_back() -> None:
    shelf = Shelf(pieces=1)
    (row,) = shelf.hold()
    commit(reservation_ids=[row.pk])
    ship(reservation_id=row.pk)

    assert release(reservation_ids=[row.pk]) == 0
    assert state(row)[0] == "shipped"
