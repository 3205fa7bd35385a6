"""Paying over HTTP, and the gateway's webhooks: forged, repeated, out of order, late and lost."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from catalog.models import SaleOffer
from inventory.models import Reservation
from orders.models import Charge, ChargeKind, Order
from orders.services import expire_orders
from orders.states import OrderStatus
from payments.models import Payment, ProviderEvent, Refund
from payments.providers.base import ProviderUnavailable
from payments.selectors import balance
from payments.services import catch_up, process_event
from payments.states import EventStatus
from sandbox.stripe.webhooks import signed
from tests.factories.accounts import UserFactory
from tests.jobs import forget_jobs, run_jobs, waiting_jobs
from tests.payments.between import Denying, Interrupted
from tests.shop import Shop, key


def pay(shop: Shop, order: Order, headers: dict[str, str] | None = None) -> Any:
    return shop.phone().post(f"/api/v1/orders/{order.number}/payment", {}, format="json", headers=headers or key())


def post(body: bytes, signature: str) -> Any:
    return APIClient().post(
        "/api/v1/webhooks/stripe", body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature
    )


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


# Starting to pay


def test_starting_to_pay_tells_the_phone_what_the_payment_sheet_needs(shop: Shop) -> None:
    order = shop.order()

    answer = pay(shop, order)

    body = answer.json()
    assert answer.status_code == 200
    assert body["client_secret"].startswith(str(Payment.objects.get().provider_ref))
    assert body["publishable_key"] == "pk_test_suite"
    assert body["amount"] == {"amount": order.total_minor, "currency": "EUR"}
    assert (body["status"], body["last_error"], body["order_status"]) == ("pending", None, "pending_payment")


def test_two_screens_with_two_keys_get_the_same_payment(shop: Shop) -> None:
    order = shop.order()

    assert pay(shop, order).json()["client_secret"] == pay(shop, order).json()["client_secret"]
    assert Payment.objects.count() == 1


def test_the_amount_is_nothing_a_client_can_say(shop: Shop) -> None:
    order = shop.order()

    answer = shop.phone().post(f"/api/v1/orders/{order.number}/payment", {"amount": 1}, format="json", headers=key())

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/amount")
    assert not Payment.objects.exists()


def test_an_amount_that_the_gateway_refuses_is_said_with_a_reason_that_stays(shop: Shop) -> None:
    SaleOffer.objects.filter(variant=shop.bag).update(price_minor=20)
    order = shop.order()

    answer = pay(shop, order)

    told = answer.json()
    assert (answer.status_code, told["code"], told["reason"]) == (409, "payment_refused", "amount_too_small")
    assert fresh(order).status == OrderStatus.PENDING_PAYMENT


def test_an_order_for_which_nothing_is_owed_cannot_be_paid(shop: Shop) -> None:
    order = shop.order()
    Charge.objects.create(
        order=order, kind=ChargeKind.GOODWILL, amount_minor=-order.total_minor, reason="for you", actor="staff:1"
    )

    answer = pay(shop, order)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_pay")
    assert not Payment.objects.exists()
    assert shop.gateway.recent() == []


@pytest.mark.parametrize("denial", [401, 403])
def test_a_gateway_that_does_not_know_us_is_our_trouble_and_not_the_customers(
    shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture, denial: int
) -> None:
    order = shop.order()
    settings.STRIPE_HTTP_CLIENT = Denying(shop.gateway, denial)

    answer = pay(shop, order)

    assert (answer.status_code, answer.json()["code"]) == (503, "payment_provider_unavailable")
    assert "gateway_denies_us" in caplog.text
    settings.STRIPE_HTTP_CLIENT = Interrupted(shop.gateway)
    assert pay(shop, order).status_code == 200


def test_a_key_by_which_the_gateway_knows_another_request_is_replaced(shop: Shop) -> None:
    order = shop.order()
    shop.gateway.fail_next("POST /v1/payment_intents", "drop_after")
    pay(shop, order)
    Payment.objects.update(amount_minor=4000)  # what we ask for has changed, the key has not

    answers = [pay(shop, order).status_code for _ in range(2)]

    assert answers == [503, 200]
    assert Payment.objects.get().attempts == 1


def test_a_paid_order_cannot_be_paid_again(shop: Shop) -> None:
    answer = pay(shop, shop.paid())

    assert (answer.status_code, answer.json()["code"]) == (409, "transition_not_allowed")


def test_an_expired_order_cannot_be_paid(shop: Shop) -> None:
    order = shop.order()

    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        answer = pay(shop, order)

    assert (answer.status_code, answer.json()["code"]) == (409, "order_expired")
    assert not Payment.objects.exists()


def test_nobody_pays_for_somebody_else(shop: Shop) -> None:
    order = shop.order()

    answer = shop.phone(UserFactory()).post(f"/api/v1/orders/{order.number}/payment", {}, format="json", headers=key())

    assert answer.status_code == 404
    assert not Payment.objects.exists()


@pytest.mark.parametrize("fault", ["500_before", "500_after", "drop_before", "drop_after", "timeout", "429"])
def test_a_silent_gateway_is_said_plainly_and_the_next_try_works(shop: Shop, fault: str) -> None:
    order, headers = shop.order(), key()
    shop.gateway.fail_next("POST /v1/payment_intents", fault)

    first = pay(shop, order, headers)
    second = pay(shop, order, headers)

    assert (first.status_code, first.json()["code"]) == (503, "payment_provider_unavailable")
    assert int(first["Retry-After"]) > 0
    assert second.status_code == 200
    assert Payment.objects.count() == 1


DECLINES = {
    "pm_card_chargeDeclined": "card_declined",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "pm_card_chargeDeclinedProcessingError": "try_again_later",
    "pm_card_chargeDeclinedFraudulent": "card_declined",
}


@pytest.mark.parametrize("card", DECLINES)
def test_a_declined_card_reaches_the_app_as_a_stable_code_and_a_sentence(shop: Shop, card: str) -> None:
    order = shop.order()
    shop.pay(order, card)
    shop.deliver_webhooks()
    run_jobs()

    told = shop.phone().get(f"/api/v1/orders/{order.number}/payment").json()

    assert told["last_error"]["code"] == DECLINES[card]
    assert told["last_error"]["detail"].endswith(".")
    assert (told["status"], told["order_status"]) == ("pending", "pending_payment")


def test_a_payment_is_asked_for_by_what_it_is_for_and_its_subject_never_changes_by_itself(shop: Shop) -> None:
    order = shop.ready(shop.rental(0, 2))  # its deposit was secured after it was paid
    phone, address = shop.phone(), f"/api/v1/orders/{order.number}/payment"

    told = {purpose: phone.get(address, {"purpose": purpose}) for purpose in ("order", "deposit", "extra")}

    assert phone.get(address).json() == told["order"].json()
    assert [(told[name].json()["purpose"], told[name].json()["status"]) for name in ("order", "deposit")] == [
        ("order", "succeeded"),
        ("deposit", "authorised"),
    ]
    assert (told["extra"].status_code, told["extra"].json()["code"]) == (404, "not_found")
    wrong = phone.get(address, {"purpose": "tip"}).json()["errors"]
    assert [error["pointer"] for error in wrong] == ["#/purpose"]
    assert phone.get(address, {"for": "order"}).status_code == 400


def test_the_statement_adds_up_over_http(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))

    told = shop.phone().get(f"/api/v1/orders/{order.number}/statement").json()

    assert [entry["amount"]["amount"] for entry in told["entries"]] == [9980, -9980]
    assert (told["charged"]["amount"], told["paid"]["amount"], told["balance"]["amount"]) == (9980, 9980, 0)


# Webhooks


def events_of_a_paid_order(shop: Shop) -> tuple[Order, list[tuple[bytes, str]]]:
    order = shop.order(shop.sale(), shop.rental())
    shop.pay(order)
    return order, shop.gateway.take_webhooks()


def test_an_event_is_stored_before_anything_is_made_of_it(shop: Shop) -> None:
    order, events = events_of_a_paid_order(shop)

    answers = [post(*event).status_code for event in events]

    assert set(answers) == {200}
    assert ProviderEvent.objects.filter(status=EventStatus.RECEIVED).count() == len(events)
    assert fresh(order).status == OrderStatus.PENDING_PAYMENT
    assert len(waiting_jobs("payments.process_event")) == len(events)


ARRIVALS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "in order": lambda events: events,
    "reversed": lambda events: events[::-1],
    "five times": lambda events: events * 5,
    "reversed five times": lambda events: events[::-1] * 5,
    "all but the last lost": lambda events: events[-1:],
    "all lost": lambda _: [],
}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("jobs", ["after each", "after all"])
def test_however_events_arrive_the_end_is_the_same(shop: Shop, arrival: str, jobs: str) -> None:
    order, events = events_of_a_paid_order(shop)

    for event in ARRIVALS[arrival](events):
        assert post(*event).status_code == 200
        if jobs == "after each":
            run_jobs()
    run_jobs()
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=True):
        catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20))
        run_jobs()

    payment = Payment.objects.get()
    assert fresh(order).status == OrderStatus.CONFIRMED
    assert list(order.events.values_list("event", flat=True)) == ["hold", "pay"]
    assert (payment.status, payment.captured_minor, payment.parked_reason) == ("succeeded", order.total_minor, "")
    assert not Refund.objects.exists()
    assert balance(order.pk) == 0
    assert set(Reservation.objects.values_list("status", "provider_state")) == {("committed", "confirmed")}
    assert not ProviderEvent.objects.exclude(status__in=["processed", "ignored"]).exists()


def test_events_that_never_arrive_are_made_up_for(shop: Shop) -> None:
    order, _lost = events_of_a_paid_order(shop)
    forget_jobs()

    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=True):
        catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20))
        run_jobs()

    assert fresh(order).status == OrderStatus.CONFIRMED


def test_events_delayed_beyond_expiry_still_confirm_while_the_stock_is_there(shop: Shop) -> None:
    order, events = events_of_a_paid_order(shop)
    with time_machine.travel(timezone.now() + timedelta(minutes=40), tick=True):
        expire_orders()
        for body, _ in events:
            post(*signed(json.loads(body), "whsec_new", at=int(time.time())))
        run_jobs()

    assert fresh(order).status == OrderStatus.CONFIRMED


def test_an_old_secret_is_accepted_while_secrets_rotate(shop: Shop) -> None:
    _, events = events_of_a_paid_order(shop)

    assert post(*signed(json.loads(events[0][0]), "whsec_old")).status_code == 200


FORGED = {
    "no signature": lambda event: (event[0], ""),
    "another secret": lambda event: signed(json.loads(event[0]), "whsec_somebody"),
    "a changed body": lambda event: (event[0].replace(b"4990", b"4991") + b" ", event[1]),
    "an old signature": lambda event: signed(json.loads(event[0]), "whsec_new", at=int(time.time()) - 400),
    "nonsense": lambda event: (event[0], "t=now,v1=yes"),
    "a signature that is not ASCII": lambda event: (event[0], f"t={int(time.time())},v1=é"),
    "a body that is not UTF-8": lambda event: (b"\xff\xfe", event[1]),
}


@pytest.mark.parametrize("case", FORGED)
def test_an_event_that_stripe_did_not_sign_is_refused_and_leaves_nothing(shop: Shop, case: str) -> None:
    _, events = events_of_a_paid_order(shop)

    answer = post(*FORGED[case](events[-1]))

    assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
    assert not ProviderEvent.objects.exists()


def test_a_signed_body_that_is_no_event_is_refused(shop: Shop) -> None:
    body, signature = signed({"hello": "world"}, "whsec_new")

    answer = post(body, signature)

    assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")


def test_an_event_of_an_unknown_kind_is_kept_and_ignored(shop: Shop) -> None:
    _, events = events_of_a_paid_order(shop)
    event = json.loads(events[0][0]) | {"id": "evt_unknown", "type": "customer.created"}

    post(*signed(event, "whsec_new"))
    run_jobs()

    assert ProviderEvent.objects.get().status == EventStatus.IGNORED


def test_an_event_that_fails_again_and_again_is_parked_in_the_end(shop: Shop) -> None:
    _, events = events_of_a_paid_order(shop)
    post(*next(e for e in events if b"payment_intent.succeeded" in e[0]))
    event = ProviderEvent.objects.get()
    ProviderEvent.objects.update(payload={"topic": "nobody knows"})

    for _ in range(9):
        with pytest.raises(ValueError, match="nobody knows"):
            process_event(event_id=event.pk)
    process_event(event_id=event.pk)

    event.refresh_from_db()
    assert (event.status, event.attempts) == (EventStatus.PARKED, 10)
    assert "nobody knows" in event.error


def test_a_gateway_that_is_silent_for_hours_parks_nothing(shop: Shop) -> None:
    _, events = events_of_a_paid_order(shop)
    post(*next(e for e in events if b"payment_intent.succeeded" in e[0]))
    ProviderEvent.objects.update(attempts=50)
    shop.gateway.fail_next("GET /v1/payment_intents/*", "drop_before")

    with pytest.raises(ProviderUnavailable):
        process_event(event_id=ProviderEvent.objects.get().pk)

    assert ProviderEvent.objects.get().status == EventStatus.RECEIVED


def test_an_event_for_a_payment_nobody_here_started_is_parked(shop: Shop) -> None:
    order, events = events_of_a_paid_order(shop)
    Payment.objects.all().delete()
    succeeded = next(e for e in events if b"payment_intent.succeeded" in e[0])

    post(*succeeded)
    run_jobs()

    parked = ProviderEvent.objects.get()
    assert (parked.status, parked.attempts) == (EventStatus.PARKED, 1)
    assert "No payment of ours" in parked.error
    assert fresh(order).status == OrderStatus.PENDING_PAYMENT


def test_an_event_that_cannot_be_looked_at_now_stays_in_the_inbox_with_its_error(shop: Shop) -> None:
    order, events = events_of_a_paid_order(shop)
    post(*next(e for e in events if b"payment_intent.succeeded" in e[0]))
    shop.gateway.fail_next("GET /v1/payment_intents/*", "500_before")

    with pytest.raises(ProviderUnavailable):
        run_jobs()

    event = ProviderEvent.objects.get()
    assert (event.status, event.attempts) == (EventStatus.RECEIVED, 1)
    assert "Unavailable" in event.error or "KeySpent" in event.error
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=True):
        catch_up(young=timedelta(hours=3), older_than=timedelta(seconds=20))
        run_jobs()
    assert fresh(order).status == OrderStatus.CONFIRMED


def test_an_enormous_webhook_is_refused_before_it_is_read(shop: Shop) -> None:
    answer = post(b"x" * 1_100_000, "t=1,v1=a")

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
