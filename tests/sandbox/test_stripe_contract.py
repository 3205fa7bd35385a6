"""The stand-in against the SDK's generated types, both ways, and the checks themselves against known mistakes."""

import copy
import subprocess
import sys
from typing import get_args

import pytest
import stripe

from sandbox.stripe import contract, params, routes
from tests.sandbox.stripe_world import World

ITEM = {"price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Crate"}}, "quantity": 1}


def lived_in() -> World:
    """An account in which everything that can happen has happened."""
    world = World()
    customer, method = world.saved_card("pm_card_authenticationRequiredOnSetup")
    shipping = {"name": "Mia", "address": {"line1": "Weg 1", "city": "Bonn", "country": "DE"}}
    paid = world.paid(customer=customer, token=method, off_session=True, shipping=shipping, metadata={"order": "A1"})
    world.server.refunds.create({"payment_intent": paid.id, "amount": 100})
    world.sandbox.fail_refund(world.server.refunds.create({"payment_intent": paid.id, "amount": 200}).id)
    world.sandbox.hold_refund(world.sandbox.dashboard_refund(paid.id, 300)["id"])
    world.server.refunds.create({"payment_intent": world.paid(token="pm_card_pendingRefund").id})
    world.server.payment_intents.capture(world.held(8000).id, {"amount_to_capture": 100})
    world.server.payment_intents.cancel(world.held(8000).id)
    world.sandbox.expire_hold(world.held(8000).id)
    for token in ("pm_card_chargeDeclined", "pm_card_radarBlock", "pm_card_authenticationRequired", "pm_failed_de"):
        world.sandbox.confirm(world.intent().id, token)
    world.sandbox.complete_3ds(world.paid(token="pm_card_authenticationRequired").id, succeed=False)
    world.sandbox.settle(world.paid(token="pm_success_de").id)
    world.sandbox.settle(world.paid(token="pm_failed_de").id, succeed=False)
    world.sandbox.close_dispute(world.sandbox.open_dispute(world.paid().id)["id"], won=True)
    world.paid(token="pm_card_createDisputeInquiry")
    setup = world.server.setup_intents.create({"customer": customer})
    world.sandbox.confirm(setup.id, "pm_card_authenticationRequired")
    world.sandbox.complete_3ds(setup.id, succeed=False)
    world.server.setup_intents.cancel(setup.id)
    wanted = {"mode": "payment", "line_items": [ITEM], "success_url": "https://shop.example/ok", "customer": customer}
    world.sandbox.pay_checkout(world.server.checkout.sessions.create(wanted).id)
    world.server.checkout.sessions.expire(world.server.checkout.sessions.create(wanted).id)
    for token, arrives in (("pm_success_de", True), ("pm_failed_de", False)):
        session = world.sandbox.pay_checkout(world.server.checkout.sessions.create(wanted).id, token)
        world.sandbox.settle(session["payment_intent"], succeed=arrives)
    world.server.ephemeral_keys.create({"customer": customer}, {"stripe_version": stripe.api_version})
    world.server.customers.update(customer, {"name": "Mia"})
    world.server.customers.delete(customer)
    return world


def test_everything_that_is_answered_or_told_could_come_from_stripe():
    world = lived_in()

    assert world.sandbox.problems() == []


def test_every_kind_of_event_happens():
    told = set(lived_in().told())

    assert told == {
        "charge.captured", "charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn", "charge.expired", "charge.failed", "charge.pending",
        "charge.refund.updated", "charge.refunded", "charge.succeeded", "charge.updated",
        "checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded",
        "checkout.session.completed", "checkout.session.expired", "customer.created", "customer.deleted",
        "customer.updated", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
        "payment_intent.created", "payment_intent.payment_failed", "payment_intent.processing",
        "payment_intent.requires_action", "payment_intent.succeeded", "payment_method.attached",
        "payment_method.detached", "refund.created", "refund.failed", "refund.updated", "setup_intent.canceled",
        "setup_intent.created", "setup_intent.requires_action", "setup_intent.setup_failed", "setup_intent.succeeded",
    }  # fmt: skip
    assert told <= set(get_args(stripe.Event.__annotations__["type"]))


def test_lists_and_expanded_answers_could_come_from_stripe_too():
    world = lived_in()  # each answer is checked while it is given

    for nouns, expand in (
        (world.server.payment_intents, ["data.latest_charge.balance_transaction", "data.payment_method"]),
        (world.server.charges, ["data.refunds", "data.payment_intent"]),
        (world.server.refunds, ["data.charge", "data.balance_transaction", "data.failure_balance_transaction"]),
        (world.server.disputes, ["data.charge"]),
        (world.server.setup_intents, ["data.payment_method"]),
        (world.server.balance_transactions, ["data.source"]),
        (world.server.checkout.sessions, ["data.line_items", "data.payment_intent"]),
        (world.server.events, []),
    ):
        assert nouns.list({"limit": 100, "expand": expand}).data


def test_money_is_conserved_whatever_happened():
    world = lived_in()

    booked = {"charge": 0, "refund": 0, "refund_failure": 0, "adjustment": 0}
    for one in world.server.balance_transactions.list({"limit": 100}):
        booked[one.type] += one.amount

    totals = world.sandbox.totals()["eur"]
    assert booked["charge"] == totals["captured"]
    assert -booked["refund"] - booked["refund_failure"] == totals["refunded"]
    assert totals["refunded"] <= totals["captured"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda intent: intent.pop("status"), "status is missing"),
        (lambda intent: intent.update(status="paid"), "status: 'paid' is not one of"),
        (lambda intent: intent.update(amount="5000"), "amount: '5000' should be int"),
        (lambda intent: intent.update(amount=True), "amount: True should be int"),
        (lambda intent: intent.update(currency=None), "currency is null"),
        (lambda intent: intent.update(paid=True), "paid is unknown"),
        (lambda intent: intent.update(metadata={"a": 1}), "metadata.a: 1 should be str"),
        (lambda intent: intent.update(payment_method_types="card"), "should be a list"),
        (lambda intent: intent["automatic_payment_methods"].pop("enabled"), "enabled is missing"),
        (lambda intent: intent.update(latest_charge={"object": "charge"}), "latest_charge.amount is missing"),
        (lambda intent: intent.update(latest_charge=7), "latest_charge: 7 should be str"),
        (lambda intent: intent.update(object="payment"), "is no object of Stripe's"),
    ],
)
def test_the_check_of_answers_finds_what_is_wrong(spoil, said):
    world = World()
    intent = copy.deepcopy(world.sandbox.retrieve(world.intent().id))
    assert contract.problems(intent) == []

    spoil(intent)

    assert any(said in problem for problem in contract.problems(intent)), contract.problems(intent)


def test_the_check_of_answers_looks_into_events_lists_and_errors():
    world = World()
    world.paid()
    event = world.sandbox.events()[0]
    event["data"]["object"]["amount"] = None

    assert contract.problems(event) == ["payment_intent.created.amount is null"]
    page = {"object": "list", "data": [event], "has_more": False, "url": "/v1/events"}
    assert contract.problems(page) == ["payment_intent.created.amount is null"]
    assert contract.problems({"error": {"message": "no"}}) == ["error.type is missing"]


def test_a_wrong_answer_fails_the_test_that_gets_it():
    world = World()
    intent = world.sandbox.retrieve(world.intent().id)
    with world.sandbox.engine.doing() as call:
        call.save({**intent, "status": "paid"})

    with pytest.raises(AssertionError, match="status: 'paid'"):
        world.server.payment_intents.retrieve(intent["id"])


@pytest.mark.parametrize("route", routes.ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_has_a_parameter_type_in_the_sdk(route):
    with pytest.raises(Exception, match=r"Received unknown parameter: no_such_thing"):
        params.check(route.params, {"no_such_thing": "x"})


def test_the_stand_in_imports_nothing_of_the_product():
    script = (
        "import sys, sandbox.stripe.__main__\n"
        "product = {'django', 'config', 'core', 'accounts', 'catalog', 'inventory', 'orders', 'payments'}\n"
        "wrong = product & set(sys.modules)\n"
        "sys.exit(f'imported: {wrong}' if wrong else 0)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
