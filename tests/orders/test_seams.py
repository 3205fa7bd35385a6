"""What two changes of one order mean for each other, and days on which the shop itself is closed."""

from datetime import timedelta

import pytest
import time_machine

from catalog.models import RentalOffer
from core.errors import InvalidInput
from core.time import start_of_day
from inventory.models import Depot
from orders.disruption import Disruption, with_disruption
from orders.errors import TransitionNotAllowed
from orders.models import CancellationTier, Order, Rental
from orders.outlook import cancellation_of, late_fees_minor, late_rentals, rent_charged_minor
from orders.selectors import order_events
from orders.services import (
    call_off_rental,
    cancel_order,
    charge_late_days,
    hand_over_rental,
    move_rental_days,
    post_back_rental,
    prepare_rental,
    prepare_sale,
    rearrange_rental,
    report_late,
    settle_no_show,
    settle_no_shows,
    take_back_rental,
)
from orders.states import OrderStatus, RentalStatus
from payments.models import Deposit, Payment
from payments.selectors import balance
from payments.services import request_refund, secure_due_deposits
from tests.factories.inventory import DepotClosureFactory
from tests.factories.orders import DeliveryRateFactory
from tests.jobs import run_jobs
from tests.orders.test_clock import at
from tests.orders.test_order_answer import others, read
from tests.orders.test_renting import only_rental, out
from tests.shop import Shop

pytestmark = pytest.mark.django_db
ME, CLERK, WHY = "customer:1", "staff:1", "We are closed on that day."
FEE = 3_00


def closed(shop: Shop, *offsets: int) -> None:
    for offset in offsets:
        DepotClosureFactory(depot=shop.depot, start_on=shop.day(offset), end_on=shop.day(offset))


def rentals(order: Order) -> list[Rental]:
    return list(Rental.objects.filter(line__order=order).order_by("start_on", "id"))


def order_of(rental: Rental) -> Order:
    return Order.objects.select_related("quote", "depot").get(pk=rental.line.order_id)


# Days on which nobody can bring anything back


@pytest.mark.parametrize(
    ("shut", "late"),
    [
        ((), [5, 6, 7, 8, 9, 10]),
        ((5, 6), [7, 8, 9, 10]),  # nobody could come on the two days after the last one
        ((4,), [6, 7, 8, 9, 10]),  # nor on the last one: the next open day is as good
        ((4, 5), [7, 8, 9, 10]),
        ((3,), [5, 6, 7, 8, 9, 10]),
        ((4, 6), [7, 8, 9, 10]),
        ((8,), [5, 6, 7, 8, 9, 10]),  # who could have come before pays for closed days too
    ],
)
def test_late_are_only_the_days_from_the_first_one_on_which_it_could_have_been_back(
    shop: Shop, shut: tuple[int, ...], late: list[int]
) -> None:
    RentalOffer.objects.update(late_fee_minor=FEE)
    rental = out(shop, 0, 4)
    closed(shop, *shut)
    days = [shop.day(day) for day in late]

    with time_machine.travel(at(shop, late[0], 11)):
        assert late_rentals() == []
        assert charge_late_days(rental_id=rental.pk) == 0
    with time_machine.travel(at(shop, 10, 13)):
        charge_late_days(rental_id=rental.pk)

    assert list(rental.charges.exclude(late_on=None).order_by("late_on").values_list("late_on", flat=True)) == days


def test_a_weekday_on_which_the_depot_never_opens_is_not_late_either(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    Depot.objects.update(opening_days=[day for day in range(1, 8) if day != shop.day(5).isoweekday()])

    with time_machine.travel(at(shop, 5, 23)):
        assert charge_late_days(rental_id=rental.pk) == 0
    with time_machine.travel(at(shop, 6, 13)):
        assert charge_late_days(rental_id=rental.pk) > 0


def test_nobody_is_late_at_a_depot_that_is_not_in_use_any_more(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    Depot.objects.update(active=False)

    with time_machine.travel(at(shop, 20, 13)):
        assert late_rentals() == []
        assert charge_late_days(rental_id=rental.pk) == 0


def test_a_parcel_is_posted_on_closed_days_too(shop: Shop) -> None:
    order = shop.ready(shop.rental(3, 7), **shop.delivery())
    rental = prepare_rental(rental_id=only_rental(order).pk, actor=CLERK)
    hand_over_rental(rental_id=rental.pk, actor=CLERK)
    closed(shop, 8)

    with time_machine.travel(at(shop, 8, 13)):
        assert charge_late_days(rental_id=rental.pk) > 0


def test_the_fee_that_is_told_leaves_closed_days_out_too(shop: Shop) -> None:
    RentalOffer.objects.update(late_fee_minor=FEE)
    rental = out(shop, 0, 4)
    closed(shop, 5)

    told = report_late(rental_id=rental.pk, back_on=shop.day(7), actor=ME).fees_minor
    with time_machine.travel(at(shop, 7, 13)):
        charge_late_days(rental_id=rental.pk)

    assert told == late_fees_minor(Rental.objects.get()) == 2 * FEE


def test_nobody_says_to_come_back_on_a_closed_day(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    closed(shop, 6)

    with pytest.raises(InvalidInput) as refused:
        report_late(rental_id=rental.pk, back_on=shop.day(6), actor=ME)

    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/back_on", "depot_closed")]


def test_nobody_misses_what_a_depot_out_of_use_could_not_hand_out(shop: Shop) -> None:
    order = shop.ready(shop.rental(2, 4))
    Depot.objects.update(active=False)

    for day in (3, 5, 20):
        with time_machine.travel(at(shop, day, 14)):
            assert settle_no_shows() == []
            settle_no_show(rental_id=only_rental(order).pk)

    rental = only_rental(order)
    assert (rental.status, rental.missed_at) == (RentalStatus.BOOKED, None)
    (listed,) = with_disruption(Rental.objects.all())
    assert listed.disruption == Disruption.DEPOT


def test_a_clock_that_jumps_there_and_back_charges_no_day_twice(shop: Shop) -> None:
    RentalOffer.objects.update(late_fee_minor=FEE)
    rental = out(shop, 0, 4)

    for day in (7, 3, 6, 8, 5, 8):
        with time_machine.travel(at(shop, day, 13)):
            charge_late_days(rental_id=rental.pk)

    days = rental.charges.exclude(late_on=None).order_by("late_on").values_list("late_on", flat=True)
    assert list(days) == [shop.day(day) for day in (5, 6, 7, 8)]


# A parcel on its way back


def test_what_is_on_its_way_back_gets_no_other_days_and_is_in_nobodys_list(shop: Shop) -> None:
    DeliveryRateFactory(takes_returns=True)
    rental = out(shop, 0, 4)
    closed(shop, 4)
    (listed,) = with_disruption(Rental.objects.all())
    assert listed.disruption == Disruption.LAST_DAY
    posted = post_back_rental(rental_id=rental.pk, carrier="DHL", tracking_number="1", actor=ME)

    with pytest.raises(TransitionNotAllowed):
        rearrange_rental(rental_id=rental.pk, start_on=rental.start_on, end_on=shop.day(6), actor=CLERK, note=WHY)

    rental.refresh_from_db()
    assert (rental.end_on, rental.period) == (shop.day(4), posted.period)
    (listed,) = with_disruption(Rental.objects.all())
    assert listed.disruption == ""


def test_other_days_of_what_was_shipped_leave_its_way_there_as_it_was(shop: Shop) -> None:
    closed(shop, 2)
    order = shop.ready(shop.rental(4, 8), **shop.delivery())
    rental = prepare_rental(rental_id=only_rental(order).pk, actor=CLERK)
    with time_machine.travel(at(shop, 1, 12)):
        sent = hand_over_rental(rental_id=rental.pk, actor=CLERK)
    first = shop.day(4)

    with time_machine.travel(at(shop, 5, 12)):
        moved = rearrange_rental(
            rental_id=rental.pk, start_on=first, end_on=first + timedelta(days=5), actor=CLERK, note=WHY
        )

    assert sent.post_on == moved.post_on == first - timedelta(days=3)
    assert moved.period.lower == sent.period.lower


# One rental of several


def test_what_nobody_came_for_stays_charged_when_the_shop_calls_off_the_rest(shop: Shop) -> None:
    CancellationTier.objects.create(hours=24, percent=100)
    order = shop.ready(shop.rental(1, 2), shop.rental(10, 16))
    first, second = rentals(order)
    with time_machine.travel(at(shop, 3, 13)):
        settle_no_show(rental_id=first.pk)
        call_off_rental(rental_id=second.pk, actor=CLERK, note=WHY)
        run_jobs()
        shop.deliver_webhooks()
        run_jobs()

    assert order.charges.total() == rent_charged_minor(first) == first.as_ordered_minor
    order.refresh_from_db()
    assert (order.status, balance(order.pk)) == (OrderStatus.COMPLETED, 0)


def test_what_nobody_came_for_stays_charged_when_its_customer_cancels_the_rest(shop: Shop) -> None:
    CancellationTier.objects.create(hours=24, percent=100)
    order = shop.ready(shop.rental(1, 2), shop.rental(10, 16))
    first, _ = rentals(order)
    with time_machine.travel(at(shop, 3, 13)):
        settle_no_show(rental_id=first.pk)
        told = cancellation_of(order_of(first))
        cancel_order(order_id=order.pk, actor=ME, seen_minor=told.credit_minor)

    assert told.is_free
    assert order.charges.total() == told.kept_minor == first.as_ordered_minor


def test_days_that_the_shop_called_off_shorten_no_notice(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    order = shop.ready(shop.rental(1, 2), shop.rental(10, 16))
    first, second = rentals(order)
    call_off_rental(rental_id=first.pk, actor=CLERK, note=WHY)

    told = cancellation_of(order_of(second))
    moved = move_rental_days(rental_id=second.pk, start_on=shop.day(11), end_on=shop.day(17), actor=ME)

    assert told.is_free
    assert told.until == start_of_day(shop.day(10), shop.depot.time_zone) - timedelta(hours=48)
    assert moved.start_on == shop.day(11)


def test_a_line_credits_no_more_than_is_still_charged_for_it(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 16), shop.rental(11, 17))
    first, _ = rentals(order)
    goodwill = order.charges.total() // 2
    request_refund(payment_id=Payment.objects.get(purpose="order").pk, amount_minor=goodwill, reason="sorry", actor="x")

    call_off_rental(rental_id=first.pk, actor=CLERK, note=WHY)

    told = read(shop, order)
    assert [line["total"]["amount"] for line in told["lines"]] == [0, goodwill // 2 + goodwill % 2]


def test_late_fees_that_were_given_back_are_not_credited_with_what_others_cost(shop: Shop) -> None:
    """It was posted in time, as its postmark says, but goodwill had covered part of the fees by then."""
    RentalOffer.objects.update(late_fee_minor=FEE)
    order = shop.ready(shop.rental(3, 7), shop.rental(20, 22), **shop.delivery())
    first, _ = rentals(order)
    prepare_rental(rental_id=first.pk, actor=CLERK)
    hand_over_rental(rental_id=first.pk, actor=CLERK)
    with time_machine.travel(at(shop, 10, 13)):
        charge_late_days(rental_id=first.pk)
        paid = Payment.objects.get(purpose="order")
        request_refund(payment_id=paid.pk, amount_minor=paid.refundable_minor - 1, reason="sorry", actor="x")
        take_back_rental(rental_id=first.pk, actor=CLERK, condition="A", posted_on=first.end_on)

    read(shop, order)


def test_days_that_the_shop_gave_are_told_beside_what_they_would_cost(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 11))
    rearrange_rental(rental_id=only_rental(order).pk, start_on=shop.day(10), end_on=shop.day(12), actor=CLERK, note=WHY)

    (line,) = read(shop, order)["lines"]

    assert line["total"]["amount"] == order.charges.total()
    assert [told[2] for told in others(line)] == ["days that we gave you"]


def test_the_history_tells_why_the_shop_moved_and_called_off_a_rental(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 12), shop.rental(20, 22))
    first, second = rentals(order)
    rearrange_rental(rental_id=first.pk, start_on=shop.day(11), end_on=shop.day(13), actor=CLERK, note=WHY)
    call_off_rental(rental_id=second.pk, actor=CLERK, note="Its unit broke.")

    told = {event["event"]: event["reason"] for event in order_events(order)}

    assert (told["rearrange"], told["call_off"], told["pay"]) == (WHY, "Its unit broke.", "")


def test_what_of_a_depot_out_of_use_is_back_ends_without_a_fee(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    Depot.objects.update(active=False)

    with time_machine.travel(at(shop, 9, 13)):
        back = take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A")

    assert (back.status, late_fees_minor(back)) == (RentalStatus.RETURNED, 0)


# A deposit for what is still rented


def test_a_deposit_follows_the_rentals_that_are_left(shop: Shop) -> None:
    order = shop.paid(shop.rental(5, 6), shop.rental(20, 22))
    first, _ = rentals(order)

    call_off_rental(rental_id=first.pk, actor=CLERK, note=WHY)
    run_jobs()

    with time_machine.travel(at(shop, 5, 12)):
        assert secure_due_deposits() == 0
    with time_machine.travel(at(shop, 20, 12)):
        assert secure_due_deposits() == 1


@pytest.mark.parametrize("how", ["paid", "ready"])
def test_no_deposit_is_held_once_nothing_of_the_order_is_rented_any_more(shop: Shop, how: str) -> None:
    order = getattr(shop, how)(shop.rental(5, 6), shop.sale())
    call_off_rental(rental_id=only_rental(order).pk, actor=CLERK, note=WHY)
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()

    assert Deposit.objects.get().status == "released"
    with time_machine.travel(at(shop, 6, 12)):
        assert secure_due_deposits() == 0
    order.refresh_from_db()
    assert order.status == OrderStatus.CONFIRMED
    assert prepare_sale(line_id=order.lines.get(kind="sale").pk, actor=CLERK).status == "ready"
