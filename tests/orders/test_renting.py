"""What a customer changes about a rental: how long they have it, and whether it comes back."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from catalog.models import RentalOffer, RentalRate, SaleOffer
from core.errors import InvalidInput
from core.time import start_of_day
from inventory import words
from inventory.errors import OutOfStock
from inventory.models import Downtime, Reservation, Unit
from inventory.services import decide_unit, review_promises
from orders.errors import (
    ExtensionNotPossible,
    KeepNotOffered,
    PriceChanged,
    TooLateToMove,
    TransitionNotAllowed,
)
from orders.models import CancellationTier, Charge, ChargeKind, Order, OrderEvent, Rental
from orders.services import (
    add_charge,
    charge_late_days,
    charge_late_rentals,
    close_rental,
    extend_rental,
    hand_over_rental,
    keep_rental,
    lose_rental,
    move_rental_days,
    prepare_rental,
    report_late,
    shorten_rental,
    take_back_rental,
)
from orders.states import OrderStatus, RentalStatus
from payments.models import Deposit, DocumentLine, Payment
from payments.selectors import balance
from tests.factories.catalog import TaxRateFactory
from tests.factories.inventory import DepotClosureFactory
from tests.jobs import run_jobs
from tests.shop import Shop, key

ME, CLERK = "customer:1", "staff:1"
EUR = {"currency": "EUR"}


def only_rental(order: Order) -> Rental:
    return Rental.objects.get(line__order=order)


def out(shop: Shop, first: int = 0, last: int = 4) -> Rental:
    """A rental whose unit the customer has."""
    rental = only_rental(shop.ready(shop.rental(first, last)))
    prepare_rental(rental_id=rental.pk, actor=CLERK)
    return hand_over_rental(rental_id=rental.pk, actor=CLERK)


def noon(shop: Shop, offset: int) -> datetime:
    return datetime.combine(shop.day(offset), time(12, 30), ZoneInfo(shop.depot.time_zone))


def options(shop: Shop, order: Order) -> dict[str, Any]:
    answer = shop.phone().get(f"/api/v1/orders/{order.number}/extension-options")
    assert answer.status_code == 200, answer.content
    (told,) = answer.json()
    return dict(told)


def told_by_ims(shop: Shop) -> dict[str, str]:
    """What the inventory system says of each unit."""
    units, _ = shop.ims.store.units(None, None, None, 100)
    return {unit["serial"]: unit["status"] for unit in units}


def fees_of(rental: Rental) -> list[Charge]:
    return list(Charge.objects.filter(rental=rental, kind=ChargeKind.LATE_FEE))


# Extending


def test_a_longer_rental_costs_the_difference_in_rent(shop: Shop) -> None:
    rental = out(shop, 0, 2)  # 27.00

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)  # 40.00, as 8 days cost

    charge = Charge.objects.get(kind=ChargeKind.EXTENSION)
    assert (charge.amount_minor, charge.rental_id, charge.line_id) == (4000 - 2700, rental.pk, rental.line_id)
    rental.refresh_from_db()
    assert (rental.end_on, rental.status) == (shop.day(6), RentalStatus.OUT)
    assert rental.period == rental.reservation.period
    assert rental.period.upper == shop.day(6 + 2)  # a day of turnaround


def test_an_extension_costs_the_same_in_one_step_or_in_many(shop: Shop) -> None:
    one, many = out(shop, 0, 0), out(shop, 0, 0)

    extend_rental(rental_id=one.pk, end_on=shop.day(9), actor=ME)
    for day in (1, 2, 4, 7, 9):
        extend_rental(rental_id=many.pk, end_on=shop.day(day), actor=ME)

    charged = [Charge.objects.filter(rental=r, kind=ChargeKind.EXTENSION).total() for r in (one, many)]
    assert charged[0] == charged[1] > 0


def test_an_extension_is_priced_by_the_rates_of_its_quote(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    RentalRate.objects.update(per_day_minor=99_00)

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)

    assert Charge.objects.get(kind=ChargeKind.EXTENSION).amount_minor == 4000 - 2700


def test_the_options_tell_every_open_day_with_its_price_and_why_not_longer(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(4), end_on=shop.day(4))
    for _ in range(3):  # every unit is promised from the 8th day on, a day of turnaround before
        shop.paid(shop.rental(8, 12))

    told = options(shop, rental.line.order)

    assert [option["end_on"] for option in told["options"]] == [shop.day(n).isoformat() for n in (3, 5, 6)]
    assert [option["days"] for option in told["options"]] == [4, 6, 7]
    assert told["options"][2]["price"] == {"amount": 4000 - 2700, "currency": "EUR"}
    assert (told["latest_on"], told["why_not_longer"]) == (shop.day(6).isoformat(), "next_booking")


def test_what_the_options_offer_can_be_had_and_a_day_more_cannot(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    for _ in range(3):
        shop.paid(shop.rental(8, 12))

    with pytest.raises(ExtensionNotPossible) as no:
        extend_rental(rental_id=rental.pk, end_on=shop.day(7), actor=ME)
    assert no.value.members == {"reason": "next_booking", "latest_on": shop.day(6).isoformat()}
    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)

    assert review_promises(variant_id=shop.crate.pk, depot_id=shop.depot.pk) == []


@pytest.mark.parametrize(("offset", "reason"), [(60, "longest_rental"), (3, "depot_closed"), (400, "longest_rental")])
def test_an_extension_that_is_refused_says_why(shop: Shop, offset: int, reason: str) -> None:
    rental = out(shop, 0, 2)
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(3), end_on=shop.day(3))

    with pytest.raises(ExtensionNotPossible) as no:
        extend_rental(rental_id=rental.pk, end_on=shop.day(offset), actor=ME)

    assert no.value.members["reason"] == reason
    assert not Charge.objects.filter(kind=ChargeKind.EXTENSION).exists()


def test_days_planned_for_the_repair_of_its_unit_are_not_given_to_whoever_has_it(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    Downtime.objects.create(unit=rental.unit, period=(shop.day(5), shop.day(7)))

    with pytest.raises(ExtensionNotPossible):
        extend_rental(rental_id=rental.pk, end_on=shop.day(4), actor=ME)  # its turnaround would be the 5th
    extend_rental(rental_id=rental.pk, end_on=shop.day(3), actor=ME)


def test_who_brings_it_back_earlier_is_credited_by_the_policy_and_frees_the_unit(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    CancellationTier.objects.create(hours=0, percent=50)
    rental = out(shop, 0, 6)
    told = options(shop, rental.line.order)["earlier"][0]
    whole = rental.line.rental_terms.fee_minor(shop.day(0), shop.day(6))
    used = rental.line.rental_terms.fee_minor(shop.day(0), shop.day(0))
    assert told == {
        "end_on": str(shop.day(0)),
        "days": 1,
        "credit": {"amount": (whole - used + 1) // 2, **EUR},
        "credited_percent": 50,
        "until": start_of_day(shop.day(1), shop.depot.time_zone).isoformat(),
    }
    later = options(shop, rental.line.order)["earlier"][3]
    used = rental.line.rental_terms.fee_minor(shop.day(0), shop.day(3))
    assert later["credit"]["amount"] == whole - used  # four days before: all of it
    assert (later["credited_percent"], later["until"][:10]) == (100, str(shop.day(2)))

    answer = shop.phone().post(
        f"/api/v1/orders/{rental.line.order.number}/return-early",
        {"rental": str(rental.pk), "end_on": later["end_on"], "credit": later["credit"]},
        headers=key(),
    )

    assert answer.status_code == 200
    rental.refresh_from_db()
    assert rental.end_on == shop.day(3)
    assert rental.reservation.period.upper == rental.line.rental_terms.buffers.blocked(shop.day(0), shop.day(3))[1]
    assert rental.charges.filter(kind=ChargeKind.CANCELLATION).total() == used - whole
    run_jobs()
    assert balance(rental.line.order_id) == 0  # it goes back at once


def test_no_earlier_day_is_offered_that_credits_nothing_or_is_shorter_than_can_be_rented(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    RentalOffer.objects.update(min_days=3)

    told = options(shop, out(shop, 0, 6).line.order)["earlier"]

    assert [row["end_on"] for row in told] == [
        str(shop.day(day)) for day in (2, 3, 4)
    ]  # six days cost as much as seven
    with time_machine.travel(noon(shop, 4)):
        assert options(shop, Order.objects.get())["earlier"] == []  # the next day begins within 48 hours


@pytest.mark.parametrize("offset", [-1, 4, 5])
def test_an_earlier_day_is_one_from_today_on_and_before_the_last(shop: Shop, offset: int) -> None:
    rental = out(shop, 0, 4)

    with pytest.raises(InvalidInput, match="before"):
        shorten_rental(rental_id=rental.pk, end_on=shop.day(offset), actor=ME)


def test_what_is_not_out_is_not_brought_back_earlier(shop: Shop) -> None:
    rental = only_rental(shop.ready(shop.rental(0, 4)))

    with pytest.raises(TransitionNotAllowed):
        shorten_rental(rental_id=rental.pk, end_on=shop.day(2), actor=ME)


def test_a_credit_that_was_shown_and_is_another_by_now_changes_nothing(shop: Shop) -> None:
    rental = out(shop, 0, 4)

    with pytest.raises(PriceChanged):
        shorten_rental(rental_id=rental.pk, end_on=shop.day(2), actor=ME, seen_minor=1)

    rental.refresh_from_db()
    assert rental.end_on == shop.day(4)


def test_the_options_cost_the_same_statements_however_many_rentals_there_are(shop: Shop) -> None:
    def statements(order: Order) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(shop.phone().get(f"/api/v1/orders/{order.number}/extension-options").json()) >= 1
        return len(captured)

    one, three = shop.paid(shop.rental(30, 34)), shop.paid(shop.rental(50, 54, 3))

    assert statements(three) == statements(one)


def test_who_says_that_they_are_late_has_no_right_to_the_days_of_others(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    for _ in range(3):
        shop.paid(shop.rental(5, 10))
    report_late(rental_id=rental.pk, back_on=shop.day(6), actor=ME)

    with pytest.raises(ExtensionNotPossible) as no:
        extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)

    assert no.value.members["reason"] == "next_booking"


def test_who_says_that_they_are_late_may_still_have_days_that_nobody_has(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    report_late(rental_id=rental.pk, back_on=shop.day(6), actor=ME)

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)

    assert only_rental(rental.line.order).end_on == shop.day(6)


def test_an_extension_back_to_the_same_day_or_an_earlier_one_is_refused(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with pytest.raises(InvalidInput):
        extend_rental(rental_id=rental.pk, end_on=shop.day(2), actor=ME)


def test_a_rental_that_is_late_is_not_extended(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with time_machine.travel(noon(shop, 3)), pytest.raises(ExtensionNotPossible) as no:
        extend_rental(rental_id=rental.pk, end_on=shop.day(9), actor=ME)

    assert no.value.members["reason"] == "overdue"


def test_a_booked_rental_is_extended_before_it_begins(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))

    extend_rental(rental_id=rental.pk, end_on=shop.day(14), actor=ME)

    reservation = Reservation.objects.get(rental=rental)
    assert (reservation.period.lower, reservation.period.upper) == (shop.day(10), shop.day(16))


def ready(shop: Shop, first: int, last: int, serial: str = "CRATE-1-1") -> Rental:
    """A rental for which this unit stands ready."""
    rental = only_rental(shop.ready(shop.rental(first, last)))
    return prepare_rental(rental_id=rental.pk, actor=CLERK, serial=serial)


@pytest.mark.parametrize("how", ["extended", "moved"])
def test_a_unit_that_stands_ready_and_is_free_for_the_new_days_too_stays_so(shop: Shop, how: str) -> None:
    rental = ready(shop, 1, 2)
    ready(shop, 8, 9)

    if how == "extended":
        extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    else:
        move_rental_days(rental_id=rental.pk, start_on=shop.day(3), end_on=shop.day(6), actor=ME)

    rental.refresh_from_db()
    assert (rental.status, str(rental.unit), str(rental.reservation.unit)) == (
        RentalStatus.READY,
        "CRATE-1-1",
        "CRATE-1-1",
    )
    assert rental.period == rental.reservation.period
    assert not OrderEvent.objects.filter(event="unprepare").exists()


@pytest.mark.parametrize("taken", ["stands ready", "down"])
def test_a_unit_that_is_not_free_for_so_long_is_chosen_again(shop: Shop, taken: str) -> None:
    rental = ready(shop, 0, 2)
    if taken == "down":
        Downtime.objects.create(unit=rental.unit, period=(shop.day(5), shop.day(7)))
    else:
        ready(shop, 5, 7)

    extend_rental(rental_id=rental.pk, end_on=shop.day(4), actor=ME)

    rental.refresh_from_db()
    assert (rental.status, rental.unit, rental.reservation.unit) == (RentalStatus.BOOKED, None, None)
    again = prepare_rental(rental_id=rental.pk, actor=CLERK)
    assert (again.status, str(again.unit)) == (RentalStatus.READY, "CRATE-1-2")


def test_a_unit_that_another_one_is_still_called_ready_with_is_chosen_again(shop: Shop) -> None:
    rental, other = ready(shop, 0, 2), ready(shop, 5, 7)
    Reservation.objects.filter(rental=other).update(unit=None)  # as a unit that breaks is taken from it

    extend_rental(rental_id=rental.pk, end_on=shop.day(4), actor=ME)

    rental.refresh_from_db()
    assert (rental.status, rental.unit, rental.reservation.unit) == (RentalStatus.BOOKED, None, None)


def test_a_customer_agrees_to_the_price_that_was_shown_or_nothing_happens(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with pytest.raises(PriceChanged) as no:
        extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME, seen_minor=1)

    assert no.value.members == {"amount": {"amount": 1300, "currency": "EUR"}}
    assert only_rental(rental.line.order).end_on == shop.day(2)


def test_an_extension_over_http_is_done_once_however_often_it_is_sent(shop: Shop) -> None:
    rental, headers = out(shop, 0, 2), key()
    address, phone = f"/api/v1/orders/{rental.line.order.number}/extend", shop.phone()
    asked = {"rental": str(rental.pk), "end_on": shop.day(6), "price": {"amount": 1300, "currency": "EUR"}}

    answers = [phone.post(address, asked, format="json", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["lines"][0]["rentals"][0]["end_on"] == shop.day(6).isoformat()
    assert Charge.objects.filter(kind=ChargeKind.EXTENSION).count() == 1


def test_the_inventory_system_hears_of_the_longer_days(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)

    run_jobs()

    reservation = Reservation.objects.get(rental=rental)
    assert reservation.provider_period == reservation.period
    assert reservation.sync_error == ""


def test_an_extension_is_paid_from_the_kept_card_at_once_and_the_deposit_stays_whole(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    order = rental.line.order

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    extra = Payment.objects.get(purpose="extra")
    assert (extra.captured_minor, balance(order.pk)) == (1300, 0)
    assert Deposit.objects.get().status == "secured"


def test_damage_waits_for_the_deposit_while_an_extension_is_paid(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    order = rental.line.order
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=2000, reason="zip", actor=CLERK)

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    for _ in range(2):
        run_jobs()
        shop.deliver_webhooks()

    assert [payment.captured_minor for payment in Payment.objects.filter(purpose="extra")] == [1300]
    assert balance(order.pk) == 2000


def test_damage_waits_though_an_extension_was_paid_and_given_back(shop: Shop) -> None:
    rental = only_rental(shop.ready(shop.rental(0, 2)))
    order = rental.line.order
    for last in (6, 2):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(0), end_on=shop.day(last), actor=ME)
        for _ in range(2):
            run_jobs()
            shop.deliver_webhooks()

    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=1000, reason="zip", actor=CLERK)
    run_jobs()

    (extra,) = Payment.objects.filter(purpose="extra")
    assert (extra.captured_minor, extra.refunded_minor) == (1300, 1300)
    assert balance(order.pk) == 1000


def test_a_card_that_declines_an_extension_leaves_it_to_its_customer(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    shop.gateway.fail_next("POST /v1/payment_intents", "decline")

    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)
    for _ in range(2):
        run_jobs()
        shop.deliver_webhooks()

    extra = Payment.objects.get(purpose="extra")
    assert (extra.status, extra.amount_minor) == ("pending", 1300)
    assert only_rental(rental.line.order).end_on == shop.day(6)


# Other days


def test_a_rental_moves_to_other_days_for_the_difference_in_rent(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))

    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(26), actor=ME)

    rental.refresh_from_db()
    assert (rental.start_on, rental.end_on) == (shop.day(20), shop.day(26))
    assert (rental.reservation.period.lower, rental.reservation.period.upper) == (shop.day(20), shop.day(28))
    assert Charge.objects.get(kind=ChargeKind.EXTENSION).amount_minor == 4000 - 2700


def test_fewer_days_are_credited_and_the_money_goes_back(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 16))
    rental = only_rental(order)

    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(12), actor=ME)
    for _ in range(2):
        run_jobs()
        shop.deliver_webhooks()

    assert Payment.objects.get(purpose="order").refunded_minor == 4000 - 2700
    assert balance(order.pk) == 0


def test_days_moved_there_and_back_cost_nothing(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    rental = only_rental(order)

    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(29), actor=ME)
    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(12), actor=ME)

    assert order.charges.total() == order.total_minor


def test_days_that_are_promised_to_others_are_refused_and_nothing_changes(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))
    shop.paid(shop.rental(20, 22, quantity=3))

    with pytest.raises(OutOfStock):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(21), end_on=shop.day(23), actor=ME)

    assert only_rental(rental.line.order).start_on == shop.day(10)


def test_ones_own_days_do_not_stand_in_the_way(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))
    shop.paid(shop.rental(10, 16, quantity=2))

    move_rental_days(rental_id=rental.pk, start_on=shop.day(11), end_on=shop.day(13), actor=ME)


def test_days_are_moved_for_nothing_only_as_long_as_cancelling_is_free(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    rental = only_rental(shop.paid(shop.rental(10, 12)))

    with time_machine.travel(noon(shop, 9)), pytest.raises(TooLateToMove):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(22), actor=ME)


@pytest.mark.parametrize(("first", "last"), [(-1, 2), (5, 4), (5, 80), (500, 502)])
def test_days_that_no_quote_would_take_are_refused(shop: Shop, first: int, last: int) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))

    with pytest.raises(InvalidInput):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(first), end_on=shop.day(last), actor=ME)


def test_the_deposit_is_asked_for_before_the_new_days(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))
    planned = Deposit.objects.get().due_at

    move_rental_days(rental_id=rental.pk, start_on=shop.day(20), end_on=shop.day(22), actor=ME)
    run_jobs()

    assert Deposit.objects.get().due_at - planned == timedelta(days=10)


def test_a_rental_is_moved_over_http(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 12)))
    body = {"rental": str(rental.pk), "start_on": shop.day(20), "end_on": shop.day(22)}

    answer = shop.phone().post(f"/api/v1/orders/{rental.line.order.number}/move", body, format="json", headers=key())

    assert answer.status_code == 200
    assert answer.json()["lines"][0]["rentals"][0]["start_on"] == shop.day(20).isoformat()


def days_at_ims(shop: Shop) -> dict[str, tuple[str, str]]:
    """The window that the inventory system keeps under each key."""
    return {row["id"]: (row["window"]["start_on"], row["window"]["ends_before"]) for row in shop.claims_at_ims()}


def test_two_who_change_places_have_their_new_days_at_the_inventory_system(shop: Shop) -> None:
    shop.paid(shop.rental(10, 12, quantity=2))  # leaves one unit
    one, two = (only_rental(shop.paid(shop.rental(first, first + 2))) for first in (10, 20))
    shop.paid(shop.rental(20, 22, quantity=2))

    for rental, first in ((one, 30), (two, 10), (one, 20)):  # by way of days that are free
        move_rental_days(rental_id=rental.pk, start_on=shop.day(first), end_on=shop.day(first + 2), actor=ME)
    run_jobs()
    run_jobs()

    kept = days_at_ims(shop)
    for rental in (one, two):
        claim = Reservation.objects.get(rental=rental)
        assert kept[str(claim.pk)] == (claim.period.lower.isoformat(), claim.period.upper.isoformat())
        assert (claim.provider_state, claim.sync_error) == ("confirmed", "")


def test_days_that_are_given_back_are_free_at_the_inventory_system_too(shop: Shop) -> None:
    rental = only_rental(shop.paid(shop.rental(10, 16)))

    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(12), actor=ME)
    run_jobs()

    claim = Reservation.objects.get(rental=rental)
    assert days_at_ims(shop)[str(claim.pk)] == (shop.day(10).isoformat(), shop.day(14).isoformat())
    assert claim.provider_state == "confirmed"


# Told to come back late


def test_who_says_that_they_are_late_hears_the_fee_and_whoever_comes_next_is_thought_of(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    next_one = shop.paid(shop.rental(4, 6, quantity=3))  # needs all units, this one too
    assert review_promises(variant_id=shop.crate.pk, depot_id=shop.depot.pk) == []

    answer = shop.phone().post(
        f"/api/v1/orders/{rental.line.order.number}/delay",
        {"rental": str(rental.pk), "back_on": shop.day(5)},
        format="json",
        headers=key(),
    )

    assert answer.status_code == 200
    assert answer.json()["late_fees"] == {"amount": 3 * late_fee(rental), "currency": "EUR"}
    assert not fees_of(rental)
    assert len(review_promises(variant_id=shop.crate.pk, depot_id=shop.depot.pk)) == 1
    assert next_one.status == OrderStatus.CONFIRMED


def late_fee(rental: Rental) -> int:
    return int(rental.line.explanation["rental"]["late_fee_minor"])


def test_the_fee_that_is_told_is_the_fee_that_is_charged(shop: Shop) -> None:
    for_sale(shop, 35_00)
    rental = out(shop, 0, 2)

    for back, told in ((4, 2 * late_fee(rental)), (16, 3500 - 1350)):
        fees = report_late(rental_id=rental.pk, back_on=shop.day(back), actor=ME).fees_minor
        assert fees == told
    with time_machine.travel(noon(shop, 30)):
        charge_late_days(rental_id=rental.pk)
    assert sum(fee.amount_minor for fee in fees_of(rental)) == 3500 - 1350


def test_whoever_is_late_hears_that_lasting_longer_is_cheaper_where_it_is(shop: Shop) -> None:
    RentalOffer.objects.update(late_fee_minor=900)
    rental = out(shop, 0, 2)  # 27.00; five days are 35.00
    body = {"rental": str(rental.pk), "back_on": shop.day(4).isoformat()}

    told = (
        shop.phone().post(f"/api/v1/orders/{rental.line.order.number}/delay", body, format="json", headers=key()).json()
    )

    assert told["late_fees"]["amount"] == 18_00
    assert told["extension"] == {
        "end_on": shop.day(4).isoformat(),
        "days": 5,
        "price": {"amount": 8_00, "currency": "EUR"},
        "saves": {"amount": 10_00, "currency": "EUR"},
        "text": f"Extending until {words.day(shop.day(4))} is cheaper: €8.00 instead of €18.00 in late fees.",
    }
    extended = extend_rental(rental_id=rental.pk, end_on=shop.day(4), actor=ME, seen_minor=8_00)
    assert extended.late_reported_on is None


def test_where_lasting_longer_costs_no_less_or_is_not_possible_nothing_is_said_of_it(shop: Shop) -> None:
    RentalOffer.objects.update(late_fee_minor=100)
    rental = out(shop, 0, 2)
    cheap = report_late(rental_id=rental.pk, back_on=shop.day(4), actor=ME)
    with time_machine.travel(noon(shop, 3)):  # overdue by now
        overdue = report_late(rental_id=rental.pk, back_on=shop.day(7), actor=ME)

    assert (cheap.fees_minor, cheap.extension) == (200, None)
    assert overdue.extension is None


@pytest.mark.parametrize("offset", [2, 0, -3, 17, 400])
def test_a_day_that_is_not_late_or_far_too_late_is_refused(shop: Shop, offset: int) -> None:
    rental = out(shop, 0, 2)

    with pytest.raises(InvalidInput):
        report_late(rental_id=rental.pk, back_on=shop.day(offset), actor=ME)


def early_and_later(shop: Shop) -> tuple[Rental, Rental]:
    """Somebody has a unit for days before those for which it stands ready for somebody else."""
    later = only_rental(shop.ready(shop.rental(5, 6)))
    prepare_rental(rental_id=later.pk, actor=CLERK)
    later.refresh_from_db()
    first = only_rental(shop.ready(shop.rental(0, 2)))
    prepare_rental(rental_id=first.pk, actor=CLERK, serial=later.unit.serial if later.unit else "")
    return hand_over_rental(rental_id=first.pk, actor=CLERK), later


def test_a_unit_that_stays_out_is_put_down_for_whoever_it_stood_ready_for(shop: Shop) -> None:
    first, later = early_and_later(shop)

    extend_rental(rental_id=first.pk, end_on=shop.day(5), actor=ME)

    later.refresh_from_db()
    assert (later.status, later.unit, later.reservation.unit) == (RentalStatus.BOOKED, None, None)
    assert prepare_rental(rental_id=later.pk, actor=CLERK).unit != first.unit


def test_a_unit_that_is_told_late_is_put_down_too_and_others_keep_theirs(shop: Shop) -> None:
    first, later = early_and_later(shop)

    report_late(rental_id=first.pk, back_on=shop.day(3), actor=ME)  # back and ready before the 5th
    later.refresh_from_db()
    assert later.status == RentalStatus.READY
    report_late(rental_id=first.pk, back_on=shop.day(4), actor=ME)

    later.refresh_from_db()
    assert later.status == RentalStatus.BOOKED


def test_fewer_days_credit_nothing_that_was_given_back_before(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 16))
    Charge.objects.create(order=order, kind=ChargeKind.GOODWILL, amount_minor=-3500, actor="staff:1")

    rental = only_rental(order)
    move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(12), actor=ME)
    assert order.charges.total() == 0
    extend_rental(
        rental_id=rental.pk, end_on=shop.day(16), actor=ME
    )  # what was credited of it is charged again, no more

    assert order.charges.total() == 500


def test_the_last_word_about_a_late_return_holds_and_an_extension_frees_the_rest(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    ends = []
    for told in (12, 4):
        report_late(rental_id=rental.pk, back_on=shop.day(told), actor=ME)
        ends.append(Reservation.objects.get(rental=rental).period.upper)
    report_late(rental_id=rental.pk, back_on=shop.day(12), actor=ME)
    extend_rental(rental_id=rental.pk, end_on=shop.day(5), actor=ME)

    assert ends == [shop.day(14), shop.day(6)]
    assert Reservation.objects.get(rental=rental).period.upper == shop.day(7)


# Keeping


def for_sale(shop: Shop, price_minor: int = 89_00) -> None:
    SaleOffer.objects.filter(variant=shop.crate).update(price_minor=price_minor)


def test_what_keeping_costs_is_shown_from_the_first_day(shop: Shop) -> None:
    for_sale(shop)
    answer = shop.phone().post("/api/v1/quotes", shop.body(shop.rental(0, 2)), format="json").json()

    assert answer["lines"][0]["rental"]["keep_price"] == {"amount": 8900 - 2700 // 2, "currency": "EUR"}


def test_keeping_ends_the_rental_sells_the_unit_and_takes_the_deposit_first(shop: Shop) -> None:
    for_sale(shop)
    rental = out(shop, 0, 2)
    order = rental.line.order
    assert options(shop, order)["keep_price"] == {"amount": 8900 - 1350, "currency": "EUR"}

    keep_rental(rental_id=rental.pk, actor=ME, seen_minor=8900 - 1350)
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    order.refresh_from_db()
    rental.refresh_from_db()
    unit = Unit.objects.get(rentals=rental)
    assert (rental.status, unit.status, unit.decided_here) == (RentalStatus.KEPT, "sold", False)
    assert told_by_ims(shop)[unit.serial] == "sold"
    assert Deposit.objects.get().captured_minor == min(order.deposit_minor, 8900 - 1350)
    assert (order.status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_rent_of_extensions_is_credited_when_it_is_kept(shop: Shop) -> None:
    for_sale(shop)
    rental = out(shop, 0, 2)
    extend_rental(rental_id=rental.pk, end_on=shop.day(6), actor=ME)

    keep_rental(rental_id=rental.pk, actor=ME)

    assert Charge.objects.get(kind=ChargeKind.KEEP).amount_minor == 8900 - 4000 // 2


def test_a_price_raised_after_the_quote_raises_no_price_of_keeping(shop: Shop) -> None:
    for_sale(shop)
    rental = out(shop, 0, 2)
    SaleOffer.objects.update(price_minor=500_00)

    keep_rental(rental_id=rental.pk, actor=ME)

    assert Charge.objects.get(kind=ChargeKind.KEEP).amount_minor == 8900 - 1350


def test_what_is_not_for_sale_cannot_be_kept(shop: Shop) -> None:
    SaleOffer.objects.filter(variant=shop.crate).delete()
    rental = out(shop, 0, 2)

    with pytest.raises(KeepNotOffered):
        keep_rental(rental_id=rental.pk, actor=ME)
    assert options(shop, rental.line.order)["keep_price"] is None


def test_what_is_kept_is_taxed_as_what_is_sold(shop: Shop) -> None:
    TaxRateFactory(tax_class="reduced", rate_bp=700)
    RentalOffer.objects.update(tax_class="reduced")
    rental = out(shop, 0, 2)

    keep_rental(rental_id=rental.pk, actor=ME)
    for _ in range(2):
        run_jobs()
        shop.deliver_webhooks()

    kept = DocumentLine.objects.get(charge__kind=ChargeKind.KEEP)
    assert [(part["rate_bp"], part["gross_minor"]) for part in kept.taxes] == [(1900, 4990 - 1350)]


def test_only_what_its_customer_has_can_be_kept(shop: Shop) -> None:
    for_sale(shop)
    rental = only_rental(shop.paid(shop.rental(10, 12)))

    with pytest.raises(TransitionNotAllowed):
        keep_rental(rental_id=rental.pk, actor=ME)


# Late


def test_a_late_day_costs_nothing_within_its_grace(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with time_machine.travel(noon(shop, 3) - timedelta(hours=1)):
        assert charge_late_days(rental_id=rental.pk) == 0
    with time_machine.travel(noon(shop, 3)):
        assert charge_late_days(rental_id=rental.pk) > 0


def test_every_late_day_is_charged_once_however_often_and_however_late_the_job_runs(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with time_machine.travel(noon(shop, 6)):  # the job was down for three days
        charge_late_days(rental_id=rental.pk)
        charge_late_days(rental_id=rental.pk)

    assert [fee.late_on for fee in fees_of(rental)] == [shop.day(n) for n in (3, 4, 5, 6)]
    assert OrderEvent.objects.filter(event="be_late").count() == 1


def test_the_database_refuses_a_second_fee_for_one_day(shop: Shop) -> None:
    rental = out(shop, 0, 2)
    with time_machine.travel(noon(shop, 3)):
        charge_late_days(rental_id=rental.pk)
    fee = Charge.objects.get(kind=ChargeKind.LATE_FEE)

    fee.pk = None
    with pytest.raises(IntegrityError):
        fee.save(force_insert=True)


def test_late_fees_never_come_to_more_than_keeping_costs(shop: Shop) -> None:
    for_sale(shop, 30_00)
    rental = out(shop, 0, 2)

    with time_machine.travel(noon(shop, 60)):
        charge_late_days(rental_id=rental.pk)
        assert sum(fee.amount_minor for fee in fees_of(rental)) == 3000 - 1350
        keep_rental(rental_id=rental.pk, actor=ME)

    assert not Charge.objects.filter(kind=ChargeKind.KEEP).exists()  # then it is simply theirs


def test_a_unit_taken_back_late_is_charged_to_that_moment(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    with time_machine.travel(noon(shop, 4)):
        take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A")

    assert len(fees_of(rental)) == 2
    with time_machine.travel(noon(shop, 9)):
        assert charge_late_days(rental_id=rental.pk) == 0


def test_the_clock_finds_who_is_late_and_nobody_else(shop: Shop) -> None:
    late, punctual = out(shop, 0, 2), out(shop, 0, 6)

    with time_machine.travel(noon(shop, 3)):
        assert [rental.pk for rental in charge_late_rentals(dry_run=True)] == [late.pk]
        assert not Charge.objects.filter(kind=ChargeKind.LATE_FEE).exists()
        charge_late_rentals()
        run_jobs()

    assert len(fees_of(late)) == 1
    assert fees_of(punctual) == []


# Lost


def test_a_unit_that_is_lost_ends_its_rental_here_and_at_the_inventory_system(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    lose_rental(rental_id=rental.pk, actor=CLERK, note="left on the train")
    run_jobs()
    run_jobs()

    unit = Unit.objects.get(rentals=rental)
    assert (only_rental(rental.line.order).status, unit.status) == (RentalStatus.LOST, "lost")
    assert told_by_ims(shop)[unit.serial] == "lost"
    decide_unit(unit_id=unit.pk, event="find")  # here it is again


def test_what_is_owed_for_a_lost_unit_is_taken_from_the_deposit_first(shop: Shop) -> None:
    rental = out(shop, 0, 2)

    lose_rental(rental_id=rental.pk, actor=CLERK, note="left on the train", owed_minor=6000)
    for _ in range(3):
        run_jobs()
        shop.deliver_webhooks()

    assert Deposit.objects.get().captured_minor == 4000
    assert Payment.objects.get(purpose="extra").captured_minor == 2000
    assert balance(rental.line.order_id) == 0


def test_a_closed_rental_can_be_neither_extended_nor_kept_nor_lost(shop: Shop) -> None:
    for_sale(shop)
    rental = out(shop, 0, 2)
    take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A")
    close_rental(rental_id=rental.pk, actor=CLERK)

    for attempt in (
        lambda: extend_rental(rental_id=rental.pk, end_on=shop.day(5), actor=ME),
        lambda: keep_rental(rental_id=rental.pk, actor=ME),
        lambda: lose_rental(rental_id=rental.pk, actor=CLERK, note=""),
    ):
        with pytest.raises(TransitionNotAllowed):
            attempt()


@pytest.mark.parametrize("event", ["extend", "keep"])
def test_a_rental_of_somebody_else_is_not_there(shop: Shop, event: str) -> None:
    rental = out(shop, 0, 2)
    stranger = Shop(shop.ims, shop.gateway, shop.depot, shop.bag, shop.crate).phone()
    body: dict[str, Any] = {"rental": str(rental.pk), **({"end_on": date(2030, 1, 1)} if event == "extend" else {})}

    answer = stranger.post(f"/api/v1/orders/{rental.line.order.number}/{event}", body, format="json", headers=key())

    assert answer.status_code == 404
