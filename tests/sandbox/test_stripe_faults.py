import time

import pytest
import stripe

from tests.sandbox.stripe_world import World


@pytest.mark.parametrize(
    ("kind", "error", "is_done"),
    [
        ("500_before", stripe.APIError, False),
        ("500_after", stripe.APIError, True),
        ("drop_before", stripe.APIConnectionError, False),
        ("drop_after", stripe.APIConnectionError, True),
        ("timeout_before", stripe.APIConnectionError, False),
        ("timeout", stripe.APIConnectionError, True),
        ("429", stripe.RateLimitError, False),
    ],
)
def test_a_call_can_fail_before_or_after_the_work(kind, error, is_done):
    world = World()
    paid = world.paid(5000)
    world.sandbox.fail_next("POST /v1/refunds", kind)

    with pytest.raises(error):
        world.server.refunds.create({"payment_intent": paid.id})

    assert bool(world.server.refunds.list({"payment_intent": paid.id}).data) is is_done
    assert world.sandbox.faults.as_json()["next"] == []


def test_a_decline_can_be_asked_for():
    world = World()
    customer, method = world.saved_card()
    world.sandbox.fail_next("POST /v1/payment_intents", "decline", decline_code="insufficient_funds")

    with pytest.raises(stripe.CardError) as refusal:
        world.paid(customer=customer, token=method, off_session=True)

    assert refusal.value.error.decline_code == "insufficient_funds"
    assert world.paid(customer=customer, token=method, off_session=True).status == "succeeded"


def test_an_unlisted_decline_code_is_a_declined_card():
    world = World()
    world.sandbox.fail_next("POST /v1/payment_intents/{id}/confirm", "decline", decline_code="do_not_honor")
    intent = world.intent()

    with pytest.raises(stripe.CardError) as refusal:
        world.server.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert (refusal.value.code, refusal.value.error.decline_code) == ("card_declined", "do_not_honor")


def test_a_fault_strikes_as_often_as_it_says_and_only_where_it_says():
    world = World()
    intent = world.intent()
    world.sandbox.fail_next("GET /v1/payment_intents/*", "429", times=2)

    world.server.payment_intents.list()
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            world.server.payment_intents.retrieve(intent.id)

    assert world.server.payment_intents.retrieve(intent.id).id == intent.id


def test_the_sdks_own_retry_finds_the_lost_answer(monkeypatch):
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    world = World()
    patient = stripe.StripeClient("sk_test_shop", http_client=world.server._requestor._client, max_network_retries=2).v1
    world.sandbox.fail_next("*", "500_before")
    world.sandbox.fail_next("*", "drop_after")

    intent = patient.payment_intents.create({"amount": 5000, "currency": "eur"})

    assert intent.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(world.sandbox.recent("payment_intent")) == 1


def test_a_share_of_all_calls_can_fail():
    world = World()
    world.sandbox.set_faults(error_rate=1)

    with pytest.raises(stripe.APIError):
        world.customer()

    world.sandbox.set_faults()
    assert world.customer()


def test_stripe_can_be_slow():
    world = World()
    world.sandbox.set_faults(latency_ms=60)

    began = time.monotonic()
    world.customer()

    assert time.monotonic() - began >= 0.06


def test_all_faults_are_set_at_once_and_read_back():
    world = World()
    wanted = {
        "latency_ms": 5.0,
        "error_rate": 0.0,
        "next": [
            {"match": "POST /v1/refunds", "kind": "429", "times": 3, "decline_code": "generic_decline", "seconds": 30.0}
        ],
        "webhooks": {"mode": "paused", "duplicate": 2, "reverse": True, "delay_s": 1.5},
    }

    assert world.sandbox.set_faults(**wanted) == wanted
    assert world.sandbox.set_faults()["next"] == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"latency": 5},
        {"next": [{"match": "*", "kind": "explode"}]},
        {"next": [{"match": "*", "kind": "429", "times": 0}]},
        {"next": [{"kind": "429"}]},
        {"next": ["429"]},
        {"webhooks": {"mode": "lost"}},
        {"webhooks": {"twice": True}},
        {"latency_ms": "slow"},
    ],
)
def test_what_is_no_fault_is_refused(wanted):
    world = World()

    with pytest.raises(ValueError, match=r"."):
        world.sandbox.set_faults(**wanted)


def test_a_reset_forgets_everything():
    world = World()
    world.paid()
    world.sandbox.set_faults(latency_ms=1)

    world.sandbox.reset()

    assert world.told() == []
    assert world.server.payment_intents.list().data == []
    assert world.sandbox.totals() == {}
    assert world.sandbox.faults.as_json()["latency_ms"] == 0
