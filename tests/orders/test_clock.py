"""What the clock does: reminders, once and only while they are true, and rentals that nobody came for."""

from datetime import datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from inventory.models import Reservation, Unit
from orders.due import due_reminders
from orders.models import CancellationTier, Order, OrderEvent, Reminder, Rental
from orders.services import (
    cancel_order,
    charge_late_days,
    extend_rental,
    hand_over_rental,
    move_rental_days,
    prepare_rental,
    remind,
    reminding,
    settle_no_show,
    settle_no_shows,
    take_back_rental,
)
from orders.states import OrderStatus, RentalStatus
from payments.models import Mail, Payment, Push, Refund
from payments.selectors import balance
from payments.services import send_mail
from payments.services.letters import write
from tests.factories.accounts import DeviceFactory
from tests.factories.inventory import DepotClosureFactory, DepotFactory
from tests.jobs import run_jobs, waiting_jobs
from tests.orders.test_renting import only_rental, out
from tests.shop import Shop

ME, CLERK = "customer:1", "staff:1"


def at(shop: Shop, day: int, hour: int, minute: int = 0) -> datetime:
    """An instant at the depot, counted in days from today."""
    return datetime.combine(shop.day(day), time(hour, minute), ZoneInfo(shop.depot.time_zone))


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def remind_and_send() -> list[str]:
    """Everything that the clock has to tell now. Returns the kinds that it asked for."""
    due = remind()
    run_jobs(later=False)
    return [str(one.kind) for one in due]


def test_whoever_picks_up_tomorrow_is_told_once_at_nine_where_the_depot_is(shop: Shop) -> None:
    shop.depot.time_zone = "America/New_York"
    shop.depot.save()
    order = shop.paid(shop.rental(10, 12))
    mail.outbox.clear()

    with time_machine.travel(at(shop, 9, 8, 59)):
        assert remind_and_send() == []
    with time_machine.travel(at(shop, 9, 9)):
        assert remind_and_send() == ["pickup_tomorrow"]
        assert remind_and_send() == []
    with time_machine.travel(at(shop, 9, 15)):
        assert remind_and_send() == []

    assert subjects() == [f"Your rental of order {order.number} begins tomorrow"]
    assert "nothing leaves without it" in " ".join(mail.outbox[0].body.split())


def test_the_phone_is_told_the_same_in_the_same_transaction_as_the_mail(shop: Shop, settings: Settings) -> None:
    settings.PUSH_PROVIDER = "console"
    DeviceFactory(owner=shop.customer)
    order = shop.paid(shop.rental(10, 12))

    with time_machine.travel(at(shop, 9, 9)):
        remind()
        run_jobs(later=False)

    push = Push.objects.get(kind=Mail.Kind.PICKUP_TOMORROW)
    assert (push.status, push.cause) == ("sent", f"{order.pk}:{shop.day(10)}")
    assert push.payload == {"kind": "pickup_tomorrow", "order": order.number}


def test_three_of_one_order_are_one_reminder(shop: Shop) -> None:
    shop.paid(shop.rental(10, 12, quantity=3))

    with time_machine.travel(at(shop, 9, 10)):
        (due,) = remind()

    assert len(due.rentals) == 3
    assert Reminder.objects.count() == 1


def test_a_return_is_reminded_of_with_what_it_costs_to_be_late(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    mail.outbox.clear()

    with time_machine.travel(at(shop, 3, 9, 30)):
        assert remind_and_send() == ["return_tomorrow"]

    (message,) = mail.outbox
    fee = rental.line.rental_terms.late_fee_minor
    assert f"Every day that it is late costs €{fee / 100:.2f}, until it comes to €" in " ".join(message.body.split())


def test_what_is_late_is_told_once_its_grace_is_over_and_not_before(shop: Shop, settings: Settings) -> None:
    rental = out(shop, 0, 4)
    mail.outbox.clear()

    with time_machine.travel(at(shop, 5, 11, 50)):  # a grace of 12 hours after the last day
        assert remind_and_send() == []
    with time_machine.travel(at(shop, 5, 12, 10)):
        charge_late_days(rental_id=rental.pk)
        assert remind_and_send() == ["overdue"]
        assert remind_and_send() == []

    (message,) = mail.outbox
    assert "should be back" in message.subject
    assert "Late fees so far" in message.body


def test_keeping_it_is_proposed_after_a_week(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    with time_machine.travel(at(shop, 10, 12)):
        assert remind_and_send() == ["overdue"]
    mail.outbox.clear()

    with time_machine.travel(at(shop, 11, 12)):
        charge_late_days(rental_id=rental.pk)
        assert remind_and_send() == ["keep_proposed"]

    assert "Would you like to keep" in mail.outbox[0].subject


def test_keeping_it_is_proposed_as_soon_as_the_fees_have_reached_its_price(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    line = rental.line
    line.explanation["rental"]["keep_price_minor"] = 1  # the rent alone has paid it
    line.save()

    with time_machine.travel(at(shop, 5, 13)):
        assert remind_and_send() == ["overdue", "keep_proposed"]


def test_what_is_not_for_sale_is_not_proposed_to_be_kept(shop: Shop) -> None:
    line = out(shop, 0, 4).line
    line.explanation["rental"]["keep_price_minor"] = None
    line.save()

    with time_machine.travel(at(shop, 30, 12)):
        assert remind_and_send() == ["overdue"]


@pytest.mark.parametrize("hour", [0, 3, 8, 21, 23])
def test_nobody_is_reminded_at_night(shop: Shop, hour: int) -> None:
    shop.paid(shop.rental(10, 12))

    with time_machine.travel(at(shop, 9, hour)):
        assert remind() == []


def test_after_a_pause_only_what_is_still_true_is_told(shop: Shop) -> None:
    """Down from the evening before the reminder until the pickup has passed, and until the return is near."""
    rental = only_rental(shop.ready(shop.rental(10, 14)))

    with time_machine.travel(at(shop, 10, 10)):
        assert remind_and_send() == []  # "tomorrow" is today
        prepare_rental(rental_id=rental.pk, actor=CLERK)
        hand_over_rental(rental_id=rental.pk, actor=CLERK)
    with time_machine.travel(at(shop, 13, 20)):
        assert remind_and_send() == ["return_tomorrow"]


def test_a_reminder_is_not_sent_when_it_stopped_being_true_before_the_mail_went(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    mail.outbox.clear()

    with time_machine.travel(at(shop, 9, 9)):
        (due,) = remind()
        cancel_order(order_id=order.pk, actor=ME)
        about = f"{order.pk}:{due.day}"
        assert not send_mail(kind=Mail.Kind.PICKUP_TOMORROW, order_id=str(order.pk), about=about)


def test_who_moved_the_days_is_reminded_of_the_new_ones(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    before, first, last = shop.day(10), shop.day(20), shop.day(22)
    with time_machine.travel(at(shop, 9, 9)):
        assert remind_and_send() == ["pickup_tomorrow"]
        move_rental_days(rental_id=only_rental(order).pk, start_on=first, end_on=last, actor=ME)
        assert write(Mail.Kind.PICKUP_TOMORROW, order, f"{order.pk}:{before}") is None

    with time_machine.travel(at(shop, 19, 9)):
        assert remind_and_send() == ["pickup_tomorrow"]


def test_who_brought_it_back_is_not_asked_to(shop: Shop) -> None:
    rental = out(shop, 0, 4)
    take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A")

    for day in (3, 5, 12):
        with time_machine.travel(at(shop, day, 13)):
            assert remind() == []


def test_what_is_delivered_is_brought(shop: Shop) -> None:
    rental = only_rental(shop.ready(shop.rental(10, 12), **shop.delivery()))

    with time_machine.travel(at(shop, 9, 9)):
        assert remind() == []  # it has not left: nobody is told that it comes
    with time_machine.travel(at(shop, 8, 9)):
        prepare_rental(rental_id=rental.pk, actor=CLERK)
        hand_over_rental(rental_id=rental.pk, actor=CLERK, carrier="DHL", tracking_number="00340434")
        run_jobs(later=False)
    mail.outbox.clear()
    with time_machine.travel(at(shop, 9, 9)):
        remind_and_send()

    (message,) = mail.outbox
    assert "Your carrier is on its way." in message.body
    assert "00340434" in message.body
    assert "Pick it up" not in message.body


def test_two_clocks_at_once_ask_for_one_reminder(shop: Shop) -> None:
    shop.paid(shop.rental(10, 12))

    with time_machine.travel(at(shop, 9, 9)):
        due = due_reminders()
        assert len(remind()) == 1
        reminding._ask(due[0])  # what a second clock found before the first had written

    assert len(waiting_jobs("payments.tell")) == 1


def test_looking_costs_the_same_however_many_rentals_begin_tomorrow(shop: Shop) -> None:
    shop.paid(shop.rental(10, 12))
    with time_machine.travel(at(shop, 9, 9)), CaptureQueriesContext(connection) as one:
        due_reminders()
    shop.paid(shop.rental(10, 12, quantity=2))

    with time_machine.travel(at(shop, 9, 9)), CaptureQueriesContext(connection) as three:
        assert len(due_reminders()) == 2

    assert len(one) == len(three) == 3


def test_every_kind_that_orders_ask_for_is_one_that_mails_know() -> None:
    assert set(Reminder.Kind.values) <= set(Mail.Kind.values)
    assert {"no_show", "rental_forfeit"} <= set(Mail.Kind.values)


# Nobody came


def test_who_does_not_come_on_the_first_day_is_told_and_may_still_come(shop: Shop) -> None:
    rental = only_rental(shop.ready(shop.rental(0, 4)))
    mail.outbox.clear()

    with time_machine.travel(at(shop, 1, 11, 59)):
        assert settle_no_shows() == []
    with time_machine.travel(at(shop, 1, 12)):
        assert settle_no_shows() == [rental]
        run_jobs(later=False)
        assert settle_no_shows() == []

        rental.refresh_from_db()
        assert (rental.status, rental.missed_at is not None) == (RentalStatus.BOOKED, True)
        event = OrderEvent.objects.get(event="miss")
        assert (event.actor, event.from_status, event.to_status) == ("clock", "booked", "booked")
        assert subjects() == [f"You did not come for your rental of order {rental.line.order.number}"]
        prepare_rental(rental_id=rental.pk, actor=CLERK)
        assert hand_over_rental(rental_id=rental.pk, actor=CLERK).status == RentalStatus.OUT


def test_a_rental_that_nobody_came_for_ends_after_its_last_day_and_its_unit_is_free(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    order = shop.ready(shop.rental(0, 2))
    rental = prepare_rental(rental_id=only_rental(order).pk, actor=CLERK)
    paid = Payment.objects.get(order=order, purpose="order").captured_minor
    mail.outbox.clear()

    with time_machine.travel(at(shop, 3, 12)):
        settle_no_shows()
        for _ in range(2):
            run_jobs(later=False)
            shop.deliver_webhooks()

    order.refresh_from_db()
    rental.refresh_from_db()
    claim = Reservation.objects.get(pk=rental.reservation_id)
    assert (rental.status, rental.unit, claim.status, claim.unit) == ("cancelled", None, "released", None)
    assert order.status == OrderStatus.COMPLETED
    assert order.charges.total() == paid  # without notice nothing is credited
    assert balance(order.pk) == 0
    assert any("has ended" in subject for subject in subjects())
    assert any("deposit" in subject for subject in subjects())  # which is the customer's again
    assert Unit.objects.filter(status="available").count() == 3


def test_without_a_policy_the_whole_rent_of_what_nobody_came_for_is_credited(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2))
    paid = Payment.objects.get(order=order, purpose="order").captured_minor

    with time_machine.travel(at(shop, 3, 12)):
        settle_no_shows()
        run_jobs(later=False)

    assert order.charges.total() == 0
    assert Refund.objects.get().amount_minor == paid


def test_days_that_were_added_stay_charged_as_the_others_when_nobody_came(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    order = shop.ready(shop.rental(0, 2))
    extend_rental(rental_id=only_rental(order).pk, end_on=shop.day(4), actor=ME)
    charged = order.charges.total()

    with time_machine.travel(at(shop, 5, 12)):
        settle_no_show(rental_id=only_rental(order).pk)

    assert order.charges.total() == charged  # nobody else could have them


def test_moving_there_and_back_makes_no_day_free_when_nobody_came(shop: Shop) -> None:
    CancellationTier.objects.create(hours=48, percent=100)
    order = shop.ready(shop.rental(10, 12))
    rent, rental = order.charges.total(), only_rental(order)
    for last in (16, 12):
        move_rental_days(rental_id=rental.pk, start_on=shop.day(10), end_on=shop.day(last), actor=ME)

    with time_machine.travel(at(shop, 13, 12)):
        settle_no_show(rental_id=rental.pk)

    assert order.charges.total() == rent


def test_whoever_could_not_come_as_we_were_closed_did_not_miss_it(shop: Shop) -> None:
    order = shop.ready(shop.rental(5, 6))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(4), end_on=shop.day(7))

    for day in (7, 30):  # when the closure is over itself, it was closed all the same
        with time_machine.travel(at(shop, day, 13)):
            assert settle_no_shows() == []
            rental = settle_no_show(rental_id=only_rental(order).pk)

        assert (rental.status, rental.missed_at) == ("booked", None)  # people decide


def test_a_day_on_which_we_were_closed_is_not_the_one_that_was_missed(shop: Shop) -> None:
    order = shop.ready(shop.rental(5, 8))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(4), end_on=shop.day(6))

    with time_machine.travel(at(shop, 7, 13)):
        assert settle_no_shows() == []
    with time_machine.travel(at(shop, 8, 13)):
        assert settle_no_shows() == [only_rental(order)]


def test_three_that_nobody_came_for_are_told_of_together(shop: Shop) -> None:
    shop.ready(shop.rental(0, 1, 3))

    for day in (1, 2):
        with time_machine.travel(at(shop, day, 13)):
            settle_no_shows()
            run_jobs()

    for words in ("did not come", "has ended"):
        assert len([subject for subject in subjects() if words in subject]) == 1
    assert {rental.status for rental in Rental.objects.all()} == {"cancelled"}


def test_who_moved_what_they_had_missed_can_miss_it_again(shop: Shop) -> None:
    order, first, last = shop.ready(shop.rental(0, 3)), shop.day(10), shop.day(12)
    with time_machine.travel(at(shop, 1, 13)):
        settle_no_show(rental_id=only_rental(order).pk)
        move_rental_days(rental_id=only_rental(order).pk, start_on=first, end_on=last, actor=ME)

    with time_machine.travel(at(shop, 11, 13)):
        assert settle_no_shows() == [only_rental(order)]


def test_the_rest_of_an_order_can_be_cancelled_after_one_of_its_rentals_was_forfeit(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 1), shop.rental(20, 21))
    first = Rental.objects.filter(line__order=order).earliest("start_on")

    with time_machine.travel(at(shop, 2, 12)):
        settle_no_show(rental_id=first.pk)
        assert cancel_order(order_id=order.pk, actor=ME).status == OrderStatus.CANCELLED

    assert order.charges.total() == 0


def test_what_we_bring_is_never_missed(shop: Shop) -> None:
    order = shop.ready(shop.rental(3, 5), **shop.delivery())

    with time_machine.travel(at(shop, 9, 12)):
        assert settle_no_shows() == []
        assert settle_no_show(rental_id=only_rental(order).pk).status == RentalStatus.BOOKED


def test_nobody_is_missed_at_night(shop: Shop, settings: Settings) -> None:
    settings.NO_SHOW_GRACE = timedelta(0)
    shop.ready(shop.rental(0, 2))

    with time_machine.travel(at(shop, 1, 2)):
        assert settle_no_shows() == []
    with time_machine.travel(at(shop, 1, 9)):
        assert len(settle_no_shows()) == 1


def test_what_was_handed_over_before_the_job_ran_is_not_missed(shop: Shop) -> None:
    rental = only_rental(shop.ready(shop.rental(0, 4)))
    prepare_rental(rental_id=rental.pk, actor=CLERK)

    with time_machine.travel(at(shop, 1, 12)):
        settle_no_shows()
        hand_over_rental(rental_id=rental.pk, actor=CLERK)
        run_jobs(later=False)

    assert not OrderEvent.objects.filter(event="miss").exists()


# By hand


def said(command: str, *arguments: str) -> list[str]:
    told = StringIO()
    call_command(command, *arguments, stdout=told)
    return told.getvalue().splitlines()


def test_by_hand_a_dry_run_tells_who_is_due_and_does_nothing(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))

    with time_machine.travel(at(shop, 9, 9)):
        dry, wet = said("remind", "--dry-run"), said("remind")

    assert [line.split() for line in dry[:2]] == [
        ["order", "depot", "day", "rentals", "reminder"],
        [order.number, "BER", str(shop.day(10)), "1", "pickup", "tomorrow"],
    ]
    assert dry[2:] == [
        "1 due; nothing is done.",
    ]
    assert wet == [*dry[:2], "1 due; their customers are being told."]


def test_by_hand_no_shows_and_unpaid_orders_are_listed_and_ended(shop: Shop) -> None:
    missed, unpaid = shop.ready(shop.rental(0, 1)), shop.order(shop.sale())

    with time_machine.travel(at(shop, 1, 12)):
        dry = {name: said(name, "--dry-run") for name in ("no_shows", "expire_orders")}
        unpaid.refresh_from_db()
        assert unpaid.status == OrderStatus.PENDING_PAYMENT
        wet = {name: said(name) for name in ("no_shows", "expire_orders")}
        again = said("expire_orders")

    assert missed.number in dry["no_shows"][1]
    assert unpaid.number in dry["expire_orders"][1]
    assert [lines[-1] for lines in dry.values()] == ["1 due; nothing is done."] * 2
    assert [lines[-1] for lines in wet.values()] == ["1 due; they are being settled.", "1 due; they have expired."]
    assert again == ["0 due; they have expired."]
    unpaid.refresh_from_db()
    assert unpaid.status == OrderStatus.EXPIRED


def test_depots_in_other_zones_have_their_own_nine_o_clock(shop: Shop) -> None:
    """A second depot must not be woken by the first."""
    shop.paid(shop.rental(10, 12))
    DepotFactory(code="NYC", time_zone="America/New_York")
    Order.objects.update(depot=DepotFactory(code="TYO", time_zone="Asia/Tokyo"))

    with time_machine.travel(at(shop, 9, 9)):  # 17:00 in Tokyo
        assert len(due_reminders()) == 1
    with time_machine.travel(at(shop, 9, 14)):  # 22:00 in Tokyo
        assert due_reminders() == []
