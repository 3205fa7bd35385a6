import pytest
import stripe

from tests.sandbox.stripe_world import World


def test_a_refund_gives_back_a_part_and_tells_it_twice():
    world = World()
    paid = world.paid(5000)

    refund = world.server.refunds.create(
        {"payment_intent": paid.id, "amount": 1500, "reason": "requested_by_customer", "metadata": {"refund": "R1"}}
    )

    assert (refund.status, refund.amount, refund.reason) == ("succeeded", 1500, "requested_by_customer")
    assert refund.charge == world.charge_of(paid.id).id
    charge = world.charge_of(paid.id)
    assert (charge.amount_refunded, charge.refunded) == (1500, False)
    assert world.told()[-4:] == ["refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"]
    assert world.sandbox.totals()["eur"]["refunded"] == 1500


def test_without_an_amount_the_rest_is_refunded():
    world = World()
    paid = world.paid(5000)
    world.server.refunds.create({"payment_intent": paid.id, "amount": 1500})

    rest = world.server.refunds.create({"payment_intent": paid.id})

    assert rest.amount == 3500
    assert world.charge_of(paid.id).refunded


def test_refunds_never_exceed_what_was_captured():
    world = World()
    paid = world.paid(5000)

    with pytest.raises(stripe.InvalidRequestError) as too_much:
        world.server.refunds.create({"payment_intent": paid.id, "amount": 5001})
    assert too_much.value.user_message == "Refund amount (€50.01) is greater than charge amount (€50.00)"
    assert (too_much.value.param, too_much.value.code) == ("amount", None)

    world.server.refunds.create({"payment_intent": paid.id, "amount": 3000})
    with pytest.raises(stripe.InvalidRequestError) as too_much:
        world.server.refunds.create({"payment_intent": paid.id, "amount": 2001})
    message = "Refund amount (€20.01) is greater than unrefunded amount on charge (€20.00)"
    assert too_much.value.user_message == message

    world.server.refunds.create({"payment_intent": paid.id, "amount": 2000})
    with pytest.raises(stripe.InvalidRequestError) as empty:
        world.server.refunds.create({"payment_intent": paid.id, "amount": 1})
    assert empty.value.code == "charge_already_refunded"
    assert world.sandbox.totals()["eur"] == {"captured": 5000, "refunded": 5000, "held": 0, "disputed": 0}


def test_after_a_partial_capture_only_the_captured_part_is_refundable():
    world = World()
    held = world.held(8000)
    world.server.payment_intents.capture(held.id, {"amount_to_capture": 3000})

    with pytest.raises(stripe.InvalidRequestError, match="unrefunded"):
        world.server.refunds.create({"payment_intent": held.id, "amount": 3001})

    assert world.server.refunds.create({"payment_intent": held.id}).amount == 3000


def test_what_was_only_held_is_listed_as_a_reversal_that_moved_no_money():
    world = World()
    held = world.held(8000)
    world.server.payment_intents.capture(held.id, {"amount_to_capture": 3000})

    (released,) = world.server.refunds.list({"payment_intent": held.id}).data

    assert (released.amount, released.balance_transaction) == (5000, None)
    assert released.destination_details.card.type == "reversal"


def test_a_hold_is_canceled_not_refunded():
    world = World()
    held = world.held()

    with pytest.raises(stripe.InvalidRequestError, match="You must cancel the PaymentIntent"):
        world.server.refunds.create({"payment_intent": held.id})


@pytest.mark.parametrize("prepare", ["unpaid", "declined", "canceled_hold"])
def test_without_a_payment_there_is_nothing_to_refund(prepare):
    world = World()
    intent = world.held() if prepare == "canceled_hold" else world.intent()
    if prepare == "declined":
        world.sandbox.confirm(intent.id, "pm_card_chargeDeclined")
    if prepare == "canceled_hold":
        world.server.payment_intents.cancel(intent.id)

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
        world.server.refunds.create({"payment_intent": intent.id})


def test_a_refund_needs_a_payment():
    world = World()

    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        world.server.refunds.create({"amount": 100})
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        world.server.refunds.create({"payment_intent": "pi_unknown"})
    assert (unknown.value.code, unknown.value.param) == ("resource_missing", "payment_intent")


def test_a_charge_can_be_named_instead():
    world = World()
    paid = world.paid()

    refund = world.server.refunds.create({"charge": paid.latest_charge, "amount": 100})

    assert refund.payment_intent == paid.id


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_of_nothing_is_refused(amount):
    world = World()
    paid = world.paid()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.refunds.create({"payment_intent": paid.id, "amount": amount})

    assert refusal.value.code == "parameter_invalid_integer"


def test_a_pending_refund_counts_at_once_and_arrives_later():
    world = World()
    paid = world.paid(token="pm_card_pendingRefund")

    refund = world.server.refunds.create({"payment_intent": paid.id})

    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert world.charge_of(paid.id).amount_refunded == 5000
    assert world.sandbox.succeed_refund(refund.id)["status"] == "succeeded"
    assert world.told()[-2:] == ["refund.updated", "charge.refund.updated"]


def test_a_failed_refund_gives_the_money_back_to_us():
    world = World()
    paid = world.paid(5000)
    refund = world.server.refunds.create({"payment_intent": paid.id})

    failed = world.sandbox.fail_refund(refund.id)

    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    charge = world.charge_of(paid.id)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert world.told()[-3:] == ["refund.updated", "charge.refund.updated", "refund.failed"]
    assert world.server.refunds.create({"payment_intent": paid.id}).status == "succeeded"
    with pytest.raises(Exception, match="already failed"):
        world.sandbox.fail_refund(refund.id)


def test_a_test_card_lets_a_refund_fail_after_it_was_answered():
    world = World()
    paid = world.paid(token="pm_card_refundFail")

    refund = world.server.refunds.create({"payment_intent": paid.id})

    assert refund.status == "succeeded"
    assert world.server.refunds.retrieve(refund.id).status == "failed"
    assert world.told()[-1] == "refund.failed"


def test_a_refund_made_in_the_dashboard_is_told_like_any_other():
    world = World()
    paid = world.paid(5000)

    refund = world.sandbox.dashboard_refund(paid.id, 700)

    (created,) = world.sandbox.events("refund.created")
    assert created["data"]["object"]["id"] == refund["id"]
    assert created["request"] == {"id": None, "idempotency_key": None}
    assert [one.id for one in world.server.refunds.list({"payment_intent": paid.id})] == [refund["id"]]


def test_a_refund_is_canceled_only_while_it_waits_for_the_customer():
    world = World()
    paid = world.paid(5000)
    refund = world.server.refunds.create({"payment_intent": paid.id})
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        world.server.refunds.cancel(refund.id)

    world.sandbox.hold_refund(refund.id)
    canceled = world.server.refunds.cancel(refund.id)

    assert canceled.status == "canceled"
    assert world.charge_of(paid.id).amount_refunded == 0


def test_only_the_metadata_of_a_refund_can_change():
    world = World()
    refund = world.server.refunds.create({"payment_intent": world.paid().id})

    updated = world.server.refunds.update(refund.id, {"metadata": {"ledger": "42"}})

    assert updated.metadata.ledger == "42"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.refunds.update(refund.id, {"amount": 1})
    assert refusal.value.code == "parameter_unknown"


def test_the_refunds_of_a_charge_are_sent_when_asked_for():
    world = World()
    paid = world.paid()
    refund = world.server.refunds.create({"payment_intent": paid.id, "amount": 100})

    charge = world.server.charges.retrieve(paid.latest_charge, {"expand": ["refunds"]})

    assert [one.id for one in charge.refunds.data] == [refund.id]
    assert "refunds" not in world.server.charges.retrieve(paid.latest_charge)
