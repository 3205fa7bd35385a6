import threading

import pytest
import stripe

from tests.sandbox.stripe_world import World

CREATE = {"amount": 5000, "currency": "eur"}


def test_the_same_call_again_gets_the_first_answer():
    world = World()

    first = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})
    again = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    assert again.id == first.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert again.last_response.headers["Request-Id"] != first.last_response.headers["Request-Id"]
    assert len(world.sandbox.recent("payment_intent")) == 1


def test_the_stored_answer_is_not_refreshed():
    world = World()
    first = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})
    world.sandbox.confirm(first.id)

    again = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    assert again.status == "requires_payment_method"


def test_a_repeated_refund_pays_once():
    world = World()
    paid = world.paid(5000)

    for _ in range(3):
        world.server.refunds.create({"payment_intent": paid.id, "amount": 2000}, {"idempotency_key": "refund-1"})

    assert world.sandbox.totals()["eur"]["refunded"] == 2000


def test_the_key_with_another_body_is_refused():
    world = World()
    world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    with pytest.raises(stripe.IdempotencyError, match="same parameters") as refusal:
        world.server.payment_intents.create({**CREATE, "amount": 5001}, {"idempotency_key": "order-1"})

    assert refusal.value.http_status == 400
    assert refusal.value.json_body["error"]["type"] == "idempotency_error"


def test_the_key_at_another_address_is_refused():
    world = World()
    world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    with pytest.raises(stripe.IdempotencyError, match="'/v1/customers' vs '/v1/payment_intents'"):
        world.server.customers.create({}, {"idempotency_key": "order-1"})


def test_a_decline_is_an_answer_too():
    world = World()
    intent = world.intent()
    wanted = {"payment_method": "pm_card_chargeDeclined"}

    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            world.server.payment_intents.confirm(intent.id, wanted, {"idempotency_key": "pay-1"})

    assert refusal.value.headers["Idempotent-Replayed"] == "true"
    assert len(world.server.charges.list({"payment_intent": intent.id}).data) == 1


def test_a_refusal_during_the_work_is_stored():
    world = World()
    paid = world.paid(5000)
    too_much = {"payment_intent": paid.id, "amount": 5001}

    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            world.server.refunds.create(too_much, {"idempotency_key": "refund-1"})

    assert refusal.value.headers["Idempotent-Replayed"] == "true"


def test_bad_parameters_leave_the_key_free():
    world = World()

    with pytest.raises(stripe.InvalidRequestError):
        world.server.payment_intents.create({"amount": 5000}, {"idempotency_key": "order-1"})

    assert world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"}).status


def test_a_500_after_the_work_is_stored_like_any_answer():
    world = World()
    paid = world.paid(5000)
    world.sandbox.fail_next("POST /v1/refunds", "500_after")
    wanted = {"payment_intent": paid.id, "amount": 2000}

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failure:
            world.server.refunds.create(wanted, {"idempotency_key": "refund-1"})

    assert failure.value.http_status == 500
    assert failure.value.headers["Idempotent-Replayed"] == "true"
    assert failure.value.headers["Stripe-Should-Retry"] == "false"
    assert [refund.amount for refund in world.server.refunds.list({"payment_intent": paid.id})] == [2000]


def test_a_500_before_the_work_leaves_the_key_free():
    world = World()
    world.sandbox.fail_next("POST /v1/payment_intents", "500_before")

    with pytest.raises(stripe.APIError):
        world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    assert world.sandbox.recent("payment_intent") == []
    intent = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})
    assert "Idempotent-Replayed" not in intent.last_response.headers


@pytest.mark.parametrize("kind", ["drop_after", "timeout"])
def test_a_lost_answer_is_found_with_its_key(kind):
    world = World()
    world.sandbox.fail_next("POST /v1/payment_intents", kind)

    with pytest.raises(stripe.APIConnectionError):
        world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    (made,) = world.sandbox.recent("payment_intent")
    assert world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"}).id == made["id"]


def test_two_at_once_with_one_key_do_the_work_once():
    world = World()
    world.sandbox.set_faults(latency_ms=150)
    barrier = threading.Barrier(2)
    outcomes = []

    def create():
        barrier.wait()
        try:
            outcomes.append(world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"}).id)
        except stripe.APIError as error:
            outcomes.append((error.http_status, error.json_body["error"]["code"]))

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (409, "idempotency_key_in_use") in outcomes
    assert len(world.sandbox.recent("payment_intent")) == 1


def test_a_key_is_forgotten_after_a_day():
    world = World()
    first = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    world.clock.now += 25 * 3600

    assert world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"}).id != first.id


def test_a_key_has_at_most_255_characters():
    world = World()

    with pytest.raises(stripe.IdempotencyError, match="255"):
        world.server.payment_intents.create(CREATE, {"idempotency_key": "x" * 256})


def test_events_name_the_request_and_its_key():
    world = World()

    intent = world.server.payment_intents.create(CREATE, {"idempotency_key": "order-1"})

    (created,) = world.sandbox.events()
    assert created["request"] == {"id": intent.last_response.headers["Request-Id"], "idempotency_key": "order-1"}
