"""The waitlist: first come, first served, by an order that holds it for half an hour."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from catalog.models import RentalOffer, SaleOffer
from inventory.models import Reservation, Unit
from inventory.services import mirror_changes
from orders.models import Order, Rental, WaitlistEntry
from orders.services import cancel_order, expire_orders, serve_waitlist
from orders.states import OrderStatus
from payments.models import Mail
from payments.services.letters import write
from tests.factories.accounts import UserFactory
from tests.factories.orders import CouponFactory, waiting_for
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop, key

WAITLIST = "/api/v1/waitlist"


@pytest.fixture
def sold_out(shop: Shop) -> Order:
    """Somebody else holds every bag there is."""
    return shop.order(shop.sale(10), customer=UserFactory())


def body(shop: Shop, **more: Any) -> dict[str, Any]:
    return {"sku": shop.bag.sku, "depot": "BER", "mode": "buy", **more}


def rent(shop: Shop, first: int = 10, last: int = 12, **more: Any) -> dict[str, Any]:
    days = {"from": str(shop.day(first)), "to": str(shop.day(last))}
    return {"sku": shop.crate.sku, "depot": "BER", "mode": "rent", **days, **more}


def join(shop: Shop, asked: dict[str, Any], customer: User | None = None) -> Any:
    return shop.phone(customer).post(WAITLIST, asked, headers=key())


def problem(answer: Any) -> tuple[int, str, list[str]]:
    told = answer.json()
    return answer.status_code, told["code"], [error["pointer"] for error in told.get("errors", [])]


def serve() -> list[Order]:
    """Everything that the clock does for the waitlist, and what the IMS says to it. Returns the orders that hold it."""
    before = set(Order.objects.values_list("pk", flat=True))
    serve_waitlist()
    run_jobs()
    serve_waitlist()  # which tells them
    run_jobs()
    return list(Order.objects.exclude(pk__in=before).order_by("placed_at", "id"))


def statuses() -> list[str]:
    return list(WaitlistEntry.objects.order_by("id").values_list("status", flat=True))


# Joining and leaving


def test_a_refusal_tells_how_to_wait_and_that_is_taken_as_it_is(shop: Shop, sold_out: Order) -> None:
    refused = shop.phone().post("/api/v1/quotes", shop.body(shop.sale(2)))

    link = refused.json()["lines"][0]["waitlist"]
    joined = shop.phone().post(link["href"], link["body"], headers=key())

    assert (refused.status_code, joined.status_code) == (409, 201)
    told = joined.json()
    assert (told["sku"], told["quantity"], told["status"], told["order"]) == (shop.bag.sku, 2, "waiting", None)
    assert shop.phone().get(WAITLIST).json()["results"] == [told]


def test_a_refusal_of_days_tells_how_to_wait_for_these_days(shop: Shop) -> None:
    shop.order(shop.rental(10, 16, quantity=3), customer=UserFactory())

    refused = shop.phone().post("/api/v1/quotes", shop.body(shop.rental(10, 12)))
    link = refused.json()["lines"][0]["waitlist"]

    assert link["body"] == {**rent(shop), "quantity": 1, "currency": "EUR"}
    assert shop.phone().post(link["href"], link["body"], headers=key()).status_code == 201


def test_whoever_wants_more_than_one_may_wait_for_is_not_sent_to_the_waitlist(shop: Shop) -> None:
    refused = shop.phone().post("/api/v1/quotes", shop.body(shop.sale(11)))

    assert refused.json()["lines"][0]["waitlist"] is None


def test_whoever_wants_more_units_than_there_are_is_not_sent_to_the_waitlist(shop: Shop) -> None:
    refused = shop.phone().post("/api/v1/quotes", shop.body(shop.rental(10, 12, quantity=4)))

    assert refused.json()["lines"][0]["waitlist"] is None


def test_nobody_waits_for_what_is_free(shop: Shop) -> None:
    assert problem(join(shop, body(shop))) == (409, "can_be_had_now", [])
    assert not WaitlistEntry.objects.exists()
    assert not shop.customer.quotes.exists()


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"sku": "NOTHING"}, ["#/sku"]),
        ({"depot": "XXX"}, ["#/depot"]),
        ({"quantity": 0}, ["#/quantity"]),
        ({"quantity": 11}, ["#/quantity"]),
        ({"mode": "steal"}, ["#/mode"]),
        ({"from": "2999-01-01"}, ["#/from"]),
        ({"colour": "red"}, ["#/colour"]),
        ({"currency": "USD"}, ["#/sku"]),
    ],
)
def test_what_cannot_be_waited_for_is_refused_field_by_field(
    shop: Shop, sold_out: Order, change: dict[str, Any], pointers: list[str]
) -> None:
    assert problem(join(shop, body(shop, **change)))[::2] == (400, pointers)


def test_a_rental_names_days_on_which_it_can_be(shop: Shop) -> None:
    shop.order(shop.rental(10, 16, quantity=3), customer=UserFactory())

    assert problem(join(shop, rent(shop, -2, 3)))[::2] == (400, ["#/from"])
    assert problem(join(shop, rent(shop, 12, 10)))[::2] == (400, ["#/to"])
    assert problem(join(shop, rent(shop, 10, 300)))[::2] == (400, ["#/to"])
    without = {name: value for name, value in rent(shop).items() if name != "to"}
    assert problem(join(shop, without))[::2] == (400, ["#/to"])


def test_nobody_waits_for_more_units_than_there_are(shop: Shop) -> None:
    assert problem(join(shop, rent(shop, quantity=4))) == (400, "invalid_input", ["#/quantity"])


def test_one_waits_once_for_the_same_thing_and_for_so_many_things_only(
    shop: Shop, sold_out: Order, settings: Settings
) -> None:
    settings.WAITLIST_MOST = 2
    shop.order(shop.rental(10, 16, quantity=3), customer=UserFactory())

    first = join(shop, body(shop))
    assert problem(join(shop, body(shop, quantity=3)))[1] == "already_waiting"
    assert join(shop, rent(shop, 10, 11)).status_code == 201
    assert problem(join(shop, rent(shop, 14, 15)))[1] == "waitlist_full"

    shop.phone().delete(f"{WAITLIST}/{first.json()['id']}")
    assert join(shop, rent(shop, 14, 15)).status_code == 201


def test_who_leaves_is_not_offered_anything(shop: Shop, sold_out: Order) -> None:
    entry = join(shop, body(shop)).json()["id"]

    assert shop.phone().delete(f"{WAITLIST}/{entry}").status_code == 204
    cancel_order(order_id=sold_out.pk, actor="staff:1")

    assert serve() == []
    assert problem(shop.phone().delete(f"{WAITLIST}/{entry}"))[1] == "transition_not_allowed"
    assert shop.phone(UserFactory()).delete(f"{WAITLIST}/{entry}").status_code == 404


# Being next


def test_what_is_given_back_is_held_for_whoever_came_first_and_they_are_told(shop: Shop, sold_out: Order) -> None:
    first, second = UserFactory(), UserFactory()
    join(shop, body(shop, quantity=10), first)
    join(shop, body(shop, quantity=10), second)
    assert serve() == []
    mail.outbox.clear()

    cancel_order(order_id=sold_out.pk, actor="staff:1")
    (order,) = serve()

    assert (order.customer, order.status) == (first, OrderStatus.PENDING_PAYMENT)
    assert timedelta(minutes=29) < order.expires_at - timezone.now() <= timedelta(minutes=30)
    (told,) = [message for message in mail.outbox if "is free" in message.subject]
    assert told.to == [first.email]
    assert order.number in told.body
    listed = shop.phone(first).get(WAITLIST).json()["results"][0]
    assert (listed["status"], listed["order"]) == ("offered", order.number)
    assert serve() == []
    assert statuses() == ["offered", "waiting"]


def test_paid_it_is_theirs(shop: Shop, sold_out: Order) -> None:
    join(shop, body(shop))
    cancel_order(order_id=sold_out.pk, actor="staff:1")
    (order,) = serve()

    shop.pay(order)
    shop.deliver_webhooks()
    run_jobs()
    serve()

    order.refresh_from_db()
    assert (order.status, statuses()) == (OrderStatus.CONFIRMED, ["taken"])


@pytest.mark.parametrize("how", ["its half hour is over", "it is not wanted any more"])
def test_unpaid_it_goes_to_whoever_is_next(shop: Shop, sold_out: Order, how: str) -> None:
    for customer in (UserFactory(), UserFactory()):
        join(shop, body(shop, quantity=10), customer)
    cancel_order(order_id=sold_out.pk, actor="staff:1")
    (order,) = serve()

    if how == "it is not wanted any more":
        entry = WaitlistEntry.objects.earliest("id")
        shop.phone(order.customer).delete(f"{WAITLIST}/{entry.pk}")
        (next_one,) = serve()
        expected = "withdrawn"
    else:
        with time_machine.travel(timezone.now() + timedelta(minutes=31)):
            expire_orders()
            (next_one,) = serve()
        expected = "lapsed"

    assert next_one.customer != order.customer
    assert statuses() == [expected, "offered"]
    order.refresh_from_db()
    assert order.status in (OrderStatus.EXPIRED, OrderStatus.CANCELLED)


def test_a_hold_that_only_ended_is_enough(shop: Shop, sold_out: Order) -> None:
    """Nobody tells of it: it does not count from that instant on, before any job has tidied it."""
    join(shop, body(shop))

    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert Reservation.objects.get(order_line__order=sold_out).status == "held"
        assert serve_waitlist() == 1


def test_a_delivery_to_the_depot_is_enough(shop: Shop, sold_out: Order) -> None:
    join(shop, body(shop))
    shop.ims.store.receive("BAG-1", "BER", 1)
    mirror_changes()

    assert len(serve()) == 1


def test_days_that_become_free_are_held_for_whoever_waits_for_them(shop: Shop) -> None:
    taken = shop.order(shop.rental(10, 16, quantity=3), customer=UserFactory())
    join(shop, rent(shop, 12, 14, quantity=2))
    assert serve() == []

    cancel_order(order_id=taken.pk, actor="staff:1")
    (order,) = serve()

    rentals = [rental for line in order.lines.all() for rental in line.rentals.all()]
    assert [(rental.start_on, rental.end_on) for rental in rentals] == [(shop.day(12), shop.day(14))] * 2


def test_who_waits_for_more_is_not_overtaken_by_who_waits_for_less(shop: Shop, sold_out: Order) -> None:
    many, few = waiting_for(shop, quantity=3), waiting_for(shop, quantity=1, customer=UserFactory())
    shop.ims.store.receive("BAG-1", "BER", 2)
    mirror_changes()
    assert serve() == []

    shop.ims.store.receive("BAG-1", "BER", 2)
    mirror_changes()
    serve()

    many.refresh_from_db()
    few.refresh_from_db()
    assert (many.status, few.status) == ("offered", "offered")


def test_who_waits_for_other_days_is_not_held_up(shop: Shop) -> None:
    shop.order(shop.rental(10, 16, quantity=3), customer=UserFactory())
    waiting_for(shop, days=(12, 14))
    other = waiting_for(shop, days=(40, 42), customer=UserFactory())

    (order,) = serve()

    assert order.customer == other.customer


def test_what_is_free_once_is_offered_once(shop: Shop, sold_out: Order) -> None:
    for _ in range(3):
        waiting_for(shop, quantity=5, customer=UserFactory())
    cancel_order(order_id=sold_out.pk, actor="staff:1")

    assert len(serve()) == 2
    assert statuses() == ["offered", "offered", "waiting"]


def test_what_the_ims_does_not_have_keeps_the_place_and_is_not_tried_again_at_once(shop: Shop, sold_out: Order) -> None:
    join(shop, body(shop, quantity=10))
    cancel_order(order_id=sold_out.pk, actor="staff:1")
    run_jobs()
    shop.ims.store.claim_elsewhere("BAG-1", "BER", 5)  # which the mirror has not told yet

    (order,) = serve()

    order.refresh_from_db()
    assert order.refusal is not None
    assert statuses() == ["waiting"]
    assert WaitlistEntry.objects.get().rests_until > timezone.now() + timedelta(minutes=9)
    assert serve() == []


@pytest.mark.parametrize("why", ["its day has come", "the account is closed", "it is not sold any more", "it is old"])
def test_a_place_ends_when_waiting_makes_no_sense_any_more(shop: Shop, sold_out: Order, why: str) -> None:
    entry = waiting_for(shop, days=(1, 2)) if why == "its day has come" else waiting_for(shop)
    later = timezone.now()
    match why:
        case "its day has come":
            shop.order(shop.rental(1, 5, quantity=3), customer=UserFactory())
            later += timedelta(days=2)
        case "the account is closed":
            User.objects.filter(pk=shop.customer.pk).update(is_active=False)
        case "it is not sold any more":
            cancel_order(order_id=sold_out.pk, actor="staff:1")
            SaleOffer.objects.filter(variant=shop.bag).delete()
        case "it is old":
            later += timedelta(days=91)

    with time_machine.travel(later):
        assert serve_waitlist() == 0

    entry.refresh_from_db()
    assert entry.status == "over"


def test_an_offer_that_was_paid_or_lapsed_is_not_told_any_more(shop: Shop, sold_out: Order) -> None:
    join(shop, body(shop))
    cancel_order(order_id=sold_out.pk, actor="staff:1")
    (order,) = serve()

    assert write(Mail.Kind.WAITLIST_OFFER, order, str(order.pk)) is not None
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert write(Mail.Kind.WAITLIST_OFFER, order, str(order.pk)) is None


def test_looking_costs_the_same_however_many_wait(shop: Shop, sold_out: Order) -> None:
    waiting_for(shop)
    with CaptureQueriesContext(connection) as one:
        serve_waitlist()
    for _ in range(4):
        waiting_for(shop, customer=UserFactory())

    with CaptureQueriesContext(connection) as five:
        serve_waitlist()

    assert len(one) == len(five) <= 4


def test_when_nobody_waits_two_statements_look(shop: Shop) -> None:
    with CaptureQueriesContext(connection) as looked:
        serve_waitlist()

    assert len(looked) <= 2


def test_by_hand_the_next_are_listed_and_served(shop: Shop, sold_out: Order) -> None:
    join(shop, body(shop, quantity=2))
    cancel_order(order_id=sold_out.pk, actor="staff:1")

    dry, wet = StringIO(), StringIO()
    call_command("waitlist", "--dry-run", stdout=dry)
    assert statuses() == ["waiting"]
    call_command("waitlist", stdout=wet)

    assert dry.getvalue().splitlines()[1].split() == ["BAG-1", "BER", "2", "-", "-"]
    assert wet.getvalue().splitlines()[-1] == "1 due; it is being offered to them."
    assert statuses() == ["offered"]
    assert waiting_jobs("orders.settle_reserving")
    assert Unit.objects.count() == 3


def test_days_around_a_rental_count_when_somebody_waits_for_days_beside_it(shop: Shop) -> None:
    """A waits for all units until the day before B's: the unit must be back and clean before B has it."""
    RentalOffer.objects.update(turnaround_days=2)
    taken = shop.order(shop.rental(10, 14, 3))
    first = waiting_for(shop, quantity=3, days=(10, 14))
    second = waiting_for(shop, customer=UserFactory(), days=(16, 18))

    serve()
    assert statuses() == ["waiting", "waiting"]
    cancel_order(order_id=taken.pk, actor="customer:1")
    run_jobs()
    serve()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("offered", "waiting")


# Coupons and days to get used to it


def rented_out(shop: Shop) -> Order:
    return shop.order(shop.rental(5, 20, 3), customer=UserFactory())


def wait_with(shop: Shop, coupon: str = "TENTH") -> dict[str, Any]:
    """Refused a rental with a coupon and days before, its customer waits as the refusal says. Returns what was sent."""
    asked = shop.body(shop.rental(10, 12), coupon=coupon)
    asked["lines"][0]["acclimatisation_days"] = 2
    (short,) = shop.phone().post("/api/v1/quotes", asked, format="json").json()["lines"]
    assert short["first_on"] == str(shop.day(10))  # as asked for
    sent: dict[str, Any] = short["waitlist"]["body"]
    answer = shop.phone().post(short["waitlist"]["href"], sent, format="json", headers=key())
    assert answer.status_code == 201
    return sent


def test_who_waits_keeps_the_coupon_and_the_days_to_get_used_to_it(shop: Shop) -> None:
    CouponFactory(code="TENTH")
    RentalOffer.objects.update(acclimatisation_percent=50)
    other = rented_out(shop)
    sent = wait_with(shop, "tenth")
    cancel_order(order_id=other.pk, actor="staff:1")

    (order,) = serve()

    assert (sent["from"], sent["acclimatisation_days"], sent["coupon"]) == (str(shop.day(10)), 2, "tenth")
    rental = Rental.objects.get(line__order=order)
    assert (rental.start_on, rental.end_on) == (shop.day(8), shop.day(12))
    assert (str(order.coupon), order.total_minor) == ("TENTH", (5 * 700 - 700) * 9 // 10)
    (told,) = shop.phone().get(WAITLIST).json()["results"]
    assert (told["from"], told["acclimatisation_days"]) == (str(shop.day(10)), 2)
    assert (told["coupon"], told["coupon_refused"]) == ("TENTH", None)
    assert "coupon" not in mail.outbox[-1].body


@pytest.mark.parametrize("why", ["over", "used up"])
def test_a_coupon_that_does_not_count_any_more_is_left_out_and_said_so(shop: Shop, why: str) -> None:
    coupon = CouponFactory(code="TENTH")
    other = rented_out(shop)
    wait_with(shop)
    changes = {"valid_until": shop.day(-1)} if why == "over" else {"most_uses": 0}
    type(coupon).objects.filter(pk=coupon.pk).update(**changes)
    cancel_order(order_id=other.pk, actor="staff:1")

    (order,) = serve()

    assert (order.coupon, order.total_minor) == (None, 5 * 700)
    (told,) = shop.phone().get(WAITLIST).json()["results"]
    said = {"over": "This coupon is no longer valid.", "used up": "This coupon is used up."}[why]
    assert (told["coupon"], told["coupon_refused"], told["order"]) == ("TENTH", said, order.number)
    assert f"Your coupon TENTH could not be used: {said} The price is without it." in " ".join(
        mail.outbox[-1].body.split()
    )


def test_nobody_waits_with_a_coupon_that_there_never_was(shop: Shop, sold_out: Order) -> None:
    assert problem(join(shop, body(shop, coupon="NO-SUCH")))[:2] == (409, "coupon_unknown")
    assert problem(join(shop, body(shop, acclimatisation_days=2)))[2] == ["#/acclimatisation_days"]


def test_days_to_get_used_to_it_that_have_passed_end_the_wait(shop: Shop) -> None:
    CouponFactory(code="TENTH")
    rented_out(shop)
    wait_with(shop)

    with time_machine.travel(timezone.now() + timedelta(days=9)):
        serve()

    assert statuses() == ["over"]
