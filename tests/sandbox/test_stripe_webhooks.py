import json
import time

import pytest
import stripe

from sandbox.stripe import API_VERSION, signed
from sandbox.stripe.webhooks import MOST_ATTEMPTS
from tests.sandbox.stripe_world import World

SECRET = "whsec_test"


def types(taken):
    return [json.loads(body)["type"] for body, _ in taken]


def test_the_sdk_accepts_what_is_signed_here():
    world = World(webhook_secrets=[SECRET])
    world.paid()

    taken = world.sandbox.take_webhooks()

    events = [stripe.Webhook.construct_event(body, signature, SECRET) for body, signature in taken]
    assert [event.type for event in events] == world.told()
    assert {event.api_version for event in events} == {API_VERSION}
    assert events[-1].data.object.payment_intent == events[0].data.object.id


def test_the_sdk_refuses_what_is_old_or_tampered_with_or_signed_by_another():
    world = World()
    world.customer()
    (event,) = world.sandbox.events()

    old, fresh = signed(event, SECRET, int(time.time()) - 400), signed(event, SECRET)

    for body, signature, secret in (
        (*old, SECRET),
        (fresh[0].replace(b"mia@", b"eve@"), fresh[1], SECRET),
        (*fresh, "whsec_other"),
    ):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signature, secret)


def test_while_a_secret_is_rolled_both_are_used():
    world = World(webhook_secrets=["whsec_new", "whsec_old"])
    world.customer()

    ((body, signature),) = world.sandbox.take_webhooks()

    assert signature.count("v1=") == 2
    for secret in ("whsec_new", "whsec_old"):
        assert stripe.Webhook.construct_event(body, signature, secret).type == "customer.created"


def test_webhooks_are_taken_once():
    world = World()
    world.customer()

    assert types(world.sandbox.take_webhooks()) == ["customer.created"]
    assert world.sandbox.take_webhooks() == []
    assert world.sandbox.webhook_counts() == {"queued": 0, "sent": 1, "failed": 0}


def test_an_event_says_how_many_webhooks_have_not_arrived():
    world = World()
    world.customer()

    assert [event.pending_webhooks for event in world.server.events.list()] == [1]
    world.sandbox.take_webhooks()
    assert [event.pending_webhooks for event in world.server.events.list()] == [0]


def test_webhooks_can_come_twice_and_backwards():
    world = World()
    world.sandbox.set_webhooks(duplicate=1, reverse=True)
    world.paid()

    taken = types(world.sandbox.take_webhooks())

    assert taken == [kind for kind in reversed(world.told()) for _ in range(2)]


def test_dropped_webhooks_never_come_but_the_events_are_there():
    world = World()
    world.sandbox.set_webhooks(mode="drop")
    world.customer()
    world.sandbox.set_webhooks(mode="normal")

    assert world.sandbox.take_webhooks() == []
    assert [event.type for event in world.server.events.list()] == ["customer.created"]


def test_a_refused_webhook_waits_for_its_next_attempt_and_is_given_up_in_the_end():
    world = World()
    world.customer()

    for _ in range(MOST_ATTEMPTS - 1):
        assert world.sandbox.flush_webhooks(lambda body, signature: 503) == {"delivered": 0, "failed": 1}
        assert world.sandbox.webhook_counts()["queued"] == 1

    world.sandbox.flush_webhooks(lambda body, signature: 503)
    assert world.sandbox.webhook_counts() == {"queued": 0, "sent": 0, "failed": 1}
    assert [event.type for event in world.server.events.list({"delivery_success": False})] == ["customer.created"]


def test_an_unreachable_shop_is_no_error_here():
    world = World()
    world.customer()

    def unreachable(body, signature):
        raise ConnectionRefusedError

    assert world.sandbox.flush_webhooks(unreachable) == {"delivered": 0, "failed": 1}


def test_the_shop_may_call_stripe_while_it_takes_a_webhook():
    world = World()
    intent = world.paid()
    seen = []

    def receive(body, signature):
        seen.append(world.server.payment_intents.retrieve(intent.id).status)
        return 200

    world.sandbox.flush_webhooks(receive)

    assert seen == ["succeeded"] * 4


def test_without_an_address_a_flush_needs_a_receiver():
    with pytest.raises(ValueError, match="no webhook address"):
        World().sandbox.flush_webhooks()


def test_events_are_listed_by_type_and_found_by_id():
    world = World()
    world.paid()

    charges = world.server.events.list({"types": ["charge.*", "customer.created"]}).data
    succeeded = world.server.events.list({"type": "charge.succeeded"}).data

    assert [event.type for event in charges] == ["charge.updated", "charge.succeeded"]
    assert [event.id for event in succeeded] == [charges[1].id]
    assert world.server.events.retrieve(charges[0].id).data.previous_attributes.to_dict() == {
        "balance_transaction": None
    }
    first = world.server.events.list({"type": "charge.*", "limit": 1})
    assert (first.has_more, first.data[0].type) == (True, "charge.updated")


def test_an_event_keeps_the_object_as_it_was_then():
    world = World()
    world.paid()

    (created,) = world.sandbox.events("payment_intent.created")

    assert created["data"]["object"]["status"] == "requires_confirmation"
