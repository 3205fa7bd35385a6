import pytest
import stripe

from tests.sandbox.stripe_world import World


def test_a_dispute_takes_the_money_back_at_once():
    world = World()
    paid = world.paid(5000)

    opened = world.sandbox.open_dispute(paid.id, 3000, "product_not_received")

    dispute = world.server.disputes.retrieve(opened["id"])
    assert (dispute.status, dispute.amount, dispute.reason) == ("needs_response", 3000, "product_not_received")
    assert (dispute.charge, dispute.payment_intent) == (paid.latest_charge, paid.id)
    assert [(one.amount, one.fee) for one in dispute.balance_transactions] == [(-3000, 2000)]
    assert world.charge_of(paid.id).disputed
    assert world.told()[-3:] == ["charge.dispute.created", "charge.updated", "charge.dispute.funds_withdrawn"]
    assert world.sandbox.totals()["eur"]["disputed"] == 3000
    assert [one.id for one in world.server.disputes.list({"payment_intent": paid.id})] == [dispute.id]


def test_a_disputed_payment_cannot_be_refunded():
    world = World()
    paid = world.paid(5000)
    world.sandbox.open_dispute(paid.id)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.refunds.create({"payment_intent": paid.id})

    assert refusal.value.code == "charge_disputed"


def test_a_won_dispute_brings_the_money_back():
    world = World()
    paid = world.paid(5000)
    opened = world.sandbox.open_dispute(paid.id)

    won = world.sandbox.close_dispute(opened["id"], won=True)

    assert (won["status"], won["is_charge_refundable"]) == ("won", True)
    assert sum(one["amount"] for one in won["balance_transactions"]) == 0
    assert world.told()[-2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert world.sandbox.totals()["eur"]["disputed"] == 0
    assert world.server.refunds.create({"payment_intent": paid.id}).status == "succeeded"


def test_a_lost_dispute_stays_lost():
    world = World()
    opened = world.sandbox.open_dispute(world.paid(5000).id)

    assert world.sandbox.close_dispute(opened["id"], won=False)["status"] == "lost"

    assert world.told()[-1] == "charge.dispute.closed"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        world.server.disputes.close(opened["id"])


@pytest.mark.parametrize("rest_refundable", [True, False])
def test_what_a_lost_dispute_was_not_about_may_be_refunded_or_may_not(rest_refundable: bool):
    world = World()
    paid = world.paid(5000)
    opened = world.sandbox.open_dispute(paid.id, 3000)

    lost = world.sandbox.close_dispute(opened["id"], won=False, rest_refundable=rest_refundable)

    assert lost["is_charge_refundable"] is rest_refundable
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.refunds.create({"payment_intent": paid.id, "amount": 2001})
    assert refusal.value.code == (None if rest_refundable else "charge_disputed")
    if rest_refundable:
        assert world.server.refunds.create({"payment_intent": paid.id}).amount == 2000
        assert world.sandbox.totals()["eur"]["refunded"] == 2000


def test_the_shop_may_give_in():
    world = World()
    opened = world.sandbox.open_dispute(world.paid(5000).id)

    assert world.server.disputes.close(opened["id"]).status == "lost"


def test_evidence_goes_to_the_bank():
    world = World()
    opened = world.sandbox.open_dispute(world.paid(5000).id)

    kept = world.server.disputes.update(
        opened["id"], {"evidence": {"product_description": "A crate"}, "submit": False, "metadata": {"by": "Ana"}}
    )
    sent = world.server.disputes.update(opened["id"], {"evidence": {"customer_name": "Mia"}})

    assert (kept.status, kept.evidence_details.has_evidence, kept.metadata.by) == ("needs_response", True, "Ana")
    assert (sent.status, sent.evidence.product_description) == ("under_review", "A crate")
    assert world.told("charge.dispute.updated") == ["charge.dispute.updated"] * 2


@pytest.mark.parametrize(
    ("token", "reason", "status"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response"),
        ("pm_card_createDisputeInquiry", "fraudulent", "warning_needs_response"),
    ],
)
def test_some_test_cards_dispute_by_themselves(token, reason, status):
    world = World()
    paid = world.paid(token=token)

    (dispute,) = world.server.disputes.list({"payment_intent": paid.id}).data

    assert (dispute.reason, dispute.status) == (reason, status)
    assert bool(dispute.balance_transactions) == (status == "needs_response")


def test_an_inquiry_leaves_the_payment_refundable():
    world = World()
    paid = world.paid(token="pm_card_createDisputeInquiry")

    assert world.server.refunds.create({"payment_intent": paid.id}).status == "succeeded"


@pytest.mark.parametrize("amount", [0, 5001])
def test_a_dispute_is_about_what_was_paid(amount):
    world = World()
    paid = world.paid(5000)

    with pytest.raises(Exception, match="1 to 5000"):
        world.sandbox.open_dispute(paid.id, amount)


def test_what_was_not_paid_cannot_be_disputed():
    world = World()

    with pytest.raises(Exception, match="Nothing was paid"):
        world.sandbox.open_dispute(world.intent().id)


def test_the_balance_explains_every_cent():
    world = World()
    paid = world.paid(5000)
    refund = world.server.refunds.create({"payment_intent": paid.id, "amount": 1000})
    world.sandbox.fail_refund(refund.id)

    booked = world.server.balance_transactions.list({"currency": "eur"}).data

    assert [(one.type, one.amount) for one in booked] == [("refund_failure", 1000), ("refund", -1000), ("charge", 5000)]
    assert world.server.balance_transactions.retrieve(booked[2].id).net == 5000 - 75 - 25
    assert [one.type for one in world.server.balance_transactions.list({"source": paid.latest_charge})] == ["charge"]
