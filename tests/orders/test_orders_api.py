"""Orders over HTTP: placed once, refused helpfully, seen by their customer alone."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Depot, Reservation
from orders.models import Charge, Order, OrderEvent, OrderLine, Quote, Rental
from orders.services import expire_orders, hand_over_rental, prepare_rental, unprepare_rental
from orders.states import OrderStatus, RentalStatus, SaleStatus
from tests.factories.accounts import UserFactory
from tests.factories.inventory import DepotClosureFactory
from tests.jobs import run_jobs, waiting_jobs
from tests.shop import Shop, key

CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def place(shop: Shop, quote: Quote, headers: dict[str, str] | None = None) -> Any:
    return shop.phone().post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=headers or key())


def test_an_order_is_held_here_and_at_the_ims_before_it_may_be_paid(shop: Shop) -> None:
    answer = place(shop, shop.quote(shop.sale(2), shop.rental(quantity=2)))

    assert (answer.status_code, answer.json()["status"]) == (201, "pending_payment")
    assert set(Reservation.objects.values_list("status", "provider_state")) == {("held", "held")}
    assert len(shop.claims_at_ims()) == 3  # one sale, and one for each rented unit
    assert [len(line["rentals"]) for line in answer.json()["lines"]] == [0, 2]


def test_placing_an_order_takes_at_most_twenty_statements(shop: Shop) -> None:
    phone, quote = shop.phone(), shop.quote(shop.sale(), shop.rental(), shop.rental(20, 22))

    with CaptureQueriesContext(connection) as captured:
        answer = phone.post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=key())

    assert answer.status_code == 201
    statements = [q["sql"] for q in captured.captured_queries if not q["sql"].startswith(CONTROL)]
    assert len(statements) <= 20, "\n".join(statements)


def test_the_list_of_orders_costs_the_same_however_many_there_are(shop: Shop, django_assert_num_queries: Any) -> None:
    phone = shop.phone()
    shop.order(shop.rental(10, 12))
    with django_assert_num_queries(4):
        phone.get("/api/v1/orders")
    for start in (20, 30, 40):
        shop.order(shop.sale(), shop.rental(start, start + 2))

    with django_assert_num_queries(4):
        assert len(phone.get("/api/v1/orders").json()["results"]) == 4


def test_pages_of_orders_neither_repeat_nor_skip_when_orders_are_added(shop: Shop) -> None:
    phone = shop.phone()
    old = [shop.order().number for _ in range(4)]

    first = phone.get("/api/v1/orders?page_size=2").json()
    shop.order()
    second = phone.get(first["next"]).json()

    assert "count" not in first
    assert [o["number"] for o in first["results"] + second["results"]] == old[::-1]


@pytest.mark.parametrize("cursor", ["nonsense", "cD0yMDI2", "%00"])
def test_a_broken_cursor_is_refused(shop: Shop, cursor: str) -> None:
    answer = shop.phone().get(f"/api/v1/orders?cursor={cursor}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/cursor"


def test_a_quote_has_one_order_whatever_key_it_is_sent_with(shop: Shop) -> None:
    quote = shop.quote()

    numbers = {place(shop, quote).json()["number"] for _ in range(3)}

    assert numbers == {Order.objects.get().number}
    assert Reservation.objects.count() == 1


def test_the_same_key_and_body_get_the_stored_answer(shop: Shop) -> None:
    quote, headers = shop.quote(), key()
    first = place(shop, quote, headers)
    expire_all()

    again = place(shop, quote, headers)

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    headers = key()
    place(shop, shop.quote(), headers)

    answer = place(shop, shop.quote(), headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_an_order_without_a_key_is_refused(shop: Shop) -> None:
    answer = shop.phone().post("/api/v1/orders", {"quote": str(shop.quote().pk)}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert not Order.objects.exists()


def test_another_customers_key_is_another_key(shop: Shop) -> None:
    headers, stranger = key(), UserFactory()
    place(shop, shop.quote(), headers)
    quote = shop.quote(customer=stranger)

    answer = shop.phone(stranger).post("/api/v1/orders", {"quote": str(quote.pk)}, format="json", headers=headers)

    assert answer.status_code == 201


def test_what_became_of_a_lost_answer_can_be_asked(shop: Shop) -> None:
    headers = key()
    number = place(shop, shop.quote(), headers).json()["number"]

    told = shop.phone().get(f"/api/v1/operations/{headers['Idempotency-Key']}").json()

    assert (told["state"], told["status"], told["answer"]["number"]) == ("succeeded", 201, number)
    assert shop.phone(UserFactory()).get(f"/api/v1/operations/{headers['Idempotency-Key']}").status_code == 404


def test_a_refused_request_is_tried_anew_under_its_key(shop: Shop) -> None:
    first, second = shop.quote(shop.sale(10)), shop.quote(shop.sale(1))
    held = place(shop, first).json()["number"]
    headers = key()
    refused = place(shop, second, headers)
    shop.phone().post(f"/api/v1/orders/{held}/cancel", {}, format="json", headers=key())
    run_jobs()

    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
    assert place(shop, second, headers).status_code == 201


# The warehouse says no, or nothing


def test_an_order_that_the_ims_refuses_is_cancelled_and_holds_nothing(shop: Shop) -> None:
    quote = shop.quote(shop.sale(10))
    shop.ims.store.sell("BAG-1", "BER", 3)  # walk-in; the mirror has not heard of it yet

    answer = place(shop, quote)
    run_jobs()

    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    [line] = answer.json()["lines"]
    assert (line["sku"], line["kind"], line["requested"], line["available"]) == ("BAG-1", "sale", 10, 7)
    assert Order.objects.get().status == OrderStatus.CANCELLED
    assert Charge.objects.filter(order=Order.objects.get()).total() == 0
    assert not Reservation.objects.filter(status__in=Reservation.LIVE).exists()


def test_a_refusal_of_the_ims_is_said_again_when_the_quote_is_sent_again(shop: Shop) -> None:
    """The app may never have got the first answer."""
    quote, headers = shop.quote(shop.sale(10)), key()
    shop.ims.store.sell("BAG-1", "BER", 3)
    first = place(shop, quote, headers)

    answers = [place(shop, quote, headers), place(shop, quote)]

    for answer in answers:
        assert answer.status_code == 409
        told = {name: answer.json()[name] for name in ("code", "detail", "lines")}
        assert told == {name: first.json()[name] for name in told}
    [line] = answers[0].json()["lines"]
    assert (line["sku"], line["requested"], line["available"]) == ("BAG-1", 10, 7)


def test_the_parts_of_a_refused_order_are_cancelled_with_it(shop: Shop) -> None:
    quote = shop.quote(shop.sale(10), shop.rental())
    shop.ims.store.sell("BAG-1", "BER", 3)

    place(shop, quote)

    assert OrderLine.objects.get(kind="sale").status == SaleStatus.CANCELLED
    assert Rental.objects.get().status == RentalStatus.CANCELLED


def test_a_quote_whose_order_was_cancelled_says_so_when_it_is_sent_again(shop: Shop) -> None:
    quote = shop.quote()
    number = place(shop, quote).json()["number"]
    shop.phone().post(f"/api/v1/orders/{number}/cancel", {}, format="json", headers=key())

    answer = place(shop, quote)

    assert (answer.status_code, answer.json()["code"], answer.json()["order"]) == (409, "quote_used", number)


def test_half_a_refusal_gives_the_other_half_back_at_the_ims_too(shop: Shop) -> None:
    quote = shop.quote(shop.rental(), shop.sale(10))
    shop.ims.store.sell("BAG-1", "BER", 3)

    place(shop, quote)
    run_jobs()

    assert shop.claims_at_ims() == []


@pytest.mark.parametrize("fault", ["500_before", "500_after", "drop_after", "garbage", "html", "429"])
def test_an_ims_that_answers_nonsense_leaves_the_order_reserving_and_a_job_goes_on(shop: Shop, fault: str) -> None:
    quote = shop.quote()
    shop.ims.faults.plan("PUT /reservations", fault)

    answer = place(shop, quote)
    run_jobs()

    assert (answer.status_code, answer.json()["status"]) == (202, "reserving")
    assert Order.objects.get().status == OrderStatus.PENDING_PAYMENT
    assert len(shop.claims_at_ims()) == 1


def test_a_silent_ims_costs_the_request_its_budget_and_no_more(shop: Shop, settings: Any) -> None:
    settings.INVENTORY_REQUEST_BUDGET = 0.3
    quote = shop.quote()
    shop.ims.faults.plan("PUT /reservations", "timeout")

    answer = place(shop, quote)

    assert (answer.status_code, answer.json()["status"]) == (202, "reserving")
    assert [name for name, _ in waiting_jobs("orders.settle_reserving")] == ["orders.settle_reserving"]


def test_an_order_still_reserving_cannot_be_paid_yet_and_says_when_to_ask_again(shop: Shop) -> None:
    quote = shop.quote()
    shop.ims.faults.down = True
    number = place(shop, quote).json()["number"]

    answer = shop.phone().post(f"/api/v1/orders/{number}/payment", {}, format="json", headers=key())

    assert (answer.status_code, answer.json()["code"]) == (409, "order_still_reserving")
    assert int(answer["Retry-After"]) > 0


# The clock


def expire_all() -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        expire_orders()


def test_an_unpaid_order_expires_and_frees_its_stock_everywhere(shop: Shop) -> None:
    order = shop.order(shop.sale(10))

    expire_all()
    run_jobs()

    order.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED
    assert order.charges.total() == 0
    assert set(Reservation.objects.values_list("status", "provider_state")) == {("expired", "released")}


def test_the_parts_of_an_expired_order_are_cancelled_with_it(shop: Shop) -> None:
    shop.order(shop.sale(), shop.rental())

    expire_all()

    assert OrderLine.objects.get(kind="sale").status == SaleStatus.CANCELLED
    assert Rental.objects.get().status == RentalStatus.CANCELLED


def test_what_was_quoted_before_midnight_is_not_ordered_after_it(shop: Shop) -> None:
    evening = datetime.combine(shop.today, time(23, 50), ZoneInfo("Europe/Berlin"))
    with time_machine.travel(evening, tick=True):
        quote = shop.quote(shop.rental(0, 3))

    with time_machine.travel(evening + timedelta(minutes=20), tick=True):
        answer = place(shop, quote)

    assert (answer.status_code, answer.json()["code"]) == (409, "quote_expired")
    assert "first day" in answer.json()["detail"]
    assert not Order.objects.exists()


@pytest.mark.parametrize("closed", [10, 16], ids=["the first day", "the last day"])
def test_what_was_quoted_before_the_depot_closed_is_not_ordered_after_it(shop: Shop, closed: int) -> None:
    quote = shop.quote(shop.sale(), shop.rental(10, 16))
    day = shop.day(closed)
    DepotClosureFactory(depot=shop.depot, start_on=day, end_on=day)

    answer = place(shop, quote)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "depot_closed")
    assert (told["depot"], told["closed_on"]) == ("BER", [day.isoformat()])
    assert str(shop.depot) in told["detail"]
    assert day.isoformat() in told["detail"]
    assert not Order.objects.exists()
    assert not Reservation.objects.exists()
    assert (shop.claims_at_ims(), waiting_jobs("orders")) == ([], [])


def test_a_weekday_that_is_closed_since_the_quote_refuses_its_order_too(shop: Shop) -> None:
    quote = shop.quote(shop.rental(10, 16))
    gone = shop.day(16).isoweekday()
    Depot.objects.update(opening_days=[day for day in range(1, 8) if day != gone])

    assert place(shop, quote).json()["closed_on"] == [shop.day(16).isoformat()]


def test_days_that_close_between_the_first_and_the_last_do_not_matter(shop: Shop) -> None:
    quote = shop.quote(shop.rental(10, 16))
    DepotClosureFactory(depot=shop.depot, start_on=shop.day(11), end_on=shop.day(15))

    assert place(shop, quote).status_code == 201


def test_the_app_is_told_what_its_customer_can_do_now_and_nothing_else(shop: Shop) -> None:
    def told(order: Order) -> list[str]:
        events: list[str] = shop.phone().get(f"/api/v1/orders/{order.number}").json()["allowed_events"]
        return events

    order = shop.order()
    assert told(order) == ["cancel", "pay"]
    Order.objects.update(expires_at=timezone.now())
    assert told(order) == ["cancel"]  # its hold is over, though no clock has come by
    paid = shop.paid(shop.rental(0, 3))
    assert told(paid) == ["cancel"]
    rental = paid.lines.get().rentals.get()
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")
    assert told(paid) == []


def test_stock_of_a_lapsed_hold_can_be_bought_before_any_job_has_run(shop: Shop) -> None:
    shop.order(shop.sale(10))

    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        answer = place(shop, shop.quote(shop.sale(10)))

    assert answer.status_code == 201


# Cancelling


def test_a_customer_cancels_before_paying(shop: Shop) -> None:
    order = shop.order()

    answer = shop.phone().post(f"/api/v1/orders/{order.number}/cancel", {}, format="json", headers=key())

    assert (answer.status_code, answer.json()["status"], answer.json()["allowed_events"]) == (200, "cancelled", [])
    assert answer.json()["lines"][0]["status"] == "cancelled"


def test_cancelling_twice_is_refused_but_a_repeat_of_the_request_is_not(shop: Shop) -> None:
    order, headers = shop.order(), key()
    address = f"/api/v1/orders/{order.number}/cancel"
    shop.phone().post(address, {}, format="json", headers=headers)

    repeat = shop.phone().post(address, {}, format="json", headers=headers)
    second = shop.phone().post(address, {}, format="json", headers=key())

    assert repeat.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "transition_not_allowed")
    assert (second.json()["current"], second.json()["allowed"]) == ("cancelled", [])


def test_what_is_handed_over_cannot_be_cancelled(shop: Shop) -> None:
    order = shop.paid(shop.rental(0, 3))
    rental = order.lines.get().rentals.get()
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    hand_over_rental(rental_id=rental.pk, actor="staff:1")

    answer = shop.phone().post(f"/api/v1/orders/{order.number}/cancel", {}, format="json", headers=key())

    assert (answer.status_code, answer.json()["code"]) == (409, "partly_handed_over")
    order.refresh_from_db()
    assert order.status == OrderStatus.CONFIRMED


# Privacy


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("post", "/cancel"),
        ("get", "/events"),
        ("get", "/payment"),
        ("post", "/payment"),
        ("get", "/statement"),
    ],
)
def test_somebody_elses_order_is_not_found_on_any_route(shop: Shop, method: str, path: str) -> None:
    order = shop.order()
    mine, stranger = shop.phone(), shop.phone(UserFactory())
    address = f"/api/v1/orders/{order.number}{path}"

    answer = getattr(stranger, method)(address, {}, format="json", headers=key())

    assert answer.status_code == 404
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_PAYMENT
    assert getattr(mine, method)(address, {}, format="json", headers=key()).status_code != 405


def test_the_history_tells_who_without_saying_which_person(shop: Shop) -> None:
    order = shop.order()
    phone = shop.phone()
    phone.post(f"/api/v1/orders/{order.number}/cancel", {"reason": "ill"}, format="json", headers=key())

    told = phone.get(f"/api/v1/orders/{order.number}/events").json()

    assert [(e["event"], e["by"]) for e in told] == [
        ("place", "customer"),
        ("hold", "provider"),
        ("cancel", "customer"),
        ("cancel", "customer"),
    ]
    assert told[0]["at"] == phone.get(f"/api/v1/orders/{order.number}").json()["placed_at"]
    assert [e["reason"] for e in told] == ["", "", "ill", ""]
    assert str(shop.customer.pk) not in str(told)


def test_what_staff_wrote_for_one_another_is_not_told_to_the_customer(shop: Shop) -> None:
    order = shop.paid(shop.rental())
    rental = Rental.objects.get()
    prepare_rental(rental_id=rental.pk, actor="staff:1")
    unprepare_rental(rental_id=rental.pk, actor="staff:1", note="this one smells")

    told = shop.phone().get(f"/api/v1/orders/{order.number}/events").content.decode()

    assert "unprepare" in told
    assert "smells" not in told


def test_events_and_charges_cannot_be_changed_or_deleted(shop: Shop) -> None:
    shop.order()

    for rows in (OrderEvent.objects, Charge.objects):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(actor="nobody")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.all().delete()
