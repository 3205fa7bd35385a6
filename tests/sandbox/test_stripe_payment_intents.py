import pytest
import stripe

from sandbox.stripe import ApiError
from tests.sandbox.stripe_world import NO_REDIRECTS, World


def test_an_intent_waits_for_a_payment_method():
    world = World()

    intent = world.server.payment_intents.create({"amount": 5000, "currency": "EUR", "metadata": {"order": "A1"}})

    assert (intent.status, intent.amount, intent.currency) == ("requires_payment_method", 5000, "eur")
    assert intent.client_secret.startswith(intent.id + "_secret_")
    assert intent.automatic_payment_methods.enabled
    assert intent.capture_method == "automatic_async"
    assert intent.metadata.order == "A1"
    assert world.told() == ["payment_intent.created"]


def test_a_payment_captures_the_whole_amount_and_tells_it_in_stripes_order():
    world = World()

    intent = world.paid(5000)

    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 5000, 0)
    charge = world.charge_of(intent.id)
    assert (charge.status, charge.captured, charge.paid, charge.amount_captured) == ("succeeded", True, True, 5000)
    assert charge.payment_intent == intent.id
    assert world.told() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"]
    assert world.sandbox.totals() == {"eur": {"captured": 5000, "refunded": 0, "held": 0, "disputed": 0}}


def test_the_balance_transaction_comes_in_an_event_of_its_own():
    world = World()

    world.paid(5000)

    succeeded, updated = world.sandbox.events("charge.*")
    assert succeeded["data"]["object"]["balance_transaction"] is None
    assert updated["data"]["object"]["balance_transaction"].startswith("txn_")
    assert updated["data"]["previous_attributes"] == {"balance_transaction": None}


def test_the_app_confirms_with_the_client_secret_and_sees_less_than_the_server():
    world = World()
    intent = world.intent(metadata={"order": "A1"})

    seen = world.phone.payment_intents.confirm(
        intent.id, {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"}
    )

    assert seen.status == "succeeded"
    assert "metadata" not in seen
    assert "latest_charge" not in seen
    assert world.server.payment_intents.retrieve(intent.id).status == "succeeded"


def test_the_app_may_send_a_card_number_and_what_stripes_libraries_add():
    world = World()
    intent = world.intent()
    card = {"number": "4242424242424242", "exp_month": 4, "exp_year": 2030, "cvc": "123"}
    data = {"type": "card", "card": card, "guid": "x", "payment_user_agent": "stripe-ios/24"}

    seen = world.phone.payment_intents.confirm(
        intent.id, {"client_secret": intent.client_secret, "payment_method_data": data, "use_stripe_sdk": True}
    )

    assert seen.status == "succeeded"
    assert world.charge_of(intent.id).payment_method_details.card.exp_year == 2030


@pytest.mark.parametrize("secret", [None, "pi_other_secret_x"])
def test_the_app_may_not_touch_an_intent_whose_secret_it_does_not_know(secret):
    world = World()
    intent = world.intent()
    shown = {} if secret is None else {"client_secret": secret}

    for call in (world.phone.payment_intents.confirm, world.phone.payment_intents.retrieve):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            call(intent.id, shown)
        assert refusal.value.param == "client_secret"
    assert world.server.payment_intents.retrieve(intent.id).status == "requires_payment_method"


def test_the_app_may_not_use_another_intents_secret():
    world = World()
    own, other = world.intent(), world.intent()

    with pytest.raises(stripe.InvalidRequestError):
        world.phone.payment_intents.confirm(
            other.id, {"client_secret": own.client_secret, "payment_method": "pm_card_visa"}
        )


@pytest.mark.parametrize("more", [{"off_session": True}, {"capture_method": "manual"}])
def test_the_app_may_not_decide_what_only_the_server_decides(more):
    world = World()
    intent = world.intent()

    with pytest.raises(stripe.InvalidRequestError):
        world.phone.payment_intents.confirm(
            intent.id, {"client_secret": intent.client_secret, "payment_method": "pm_card_visa", **more}
        )


def test_the_app_may_do_nothing_else():
    world = World()
    intent = world.paid()

    for call in (
        lambda: world.phone.refunds.create({"payment_intent": intent.id}),
        lambda: world.phone.payment_intents.create({"amount": 100, "currency": "eur"}),
        lambda: world.phone.payment_intents.cancel(intent.id),
        world.phone.customers.list,
    ):
        with pytest.raises(stripe.PermissionError) as refusal:
            call()
        assert refusal.value.json_body["error"]["code"] == "secret_key_required"


def test_redirect_methods_need_a_return_url():
    world = World()
    intent = world.server.payment_intents.create({"amount": 5000, "currency": "eur"})

    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        world.server.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    confirmed = world.server.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": "https://shop.example/done"}
    )
    assert confirmed.status == "succeeded"


def test_a_call_that_is_refused_half_way_leaves_nothing():
    world = World()
    wanted = {"amount": 5000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}

    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        world.server.payment_intents.create(wanted)
    session = world.server.checkout.sessions.create(
        {
            "mode": "setup",
            "success_url": "https://shop.example/ok",
            "setup_intent_data": {"metadata": {"order": "A1"}},
        }
    )
    with pytest.raises(ApiError, match="No such PaymentMethod"):
        world.sandbox.pay_checkout(session.id, "pm_unknown")

    assert world.sandbox.recent("payment_intent") == world.sandbox.recent("setup_intent") == []
    assert world.told() == []
    assert world.sandbox.take_webhooks() == []


def test_a_hold_says_until_when_it_lasts_and_is_captured():
    world = World()

    held = world.held(8000)

    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 8000, 0)
    charge = world.charge_of(held.id)
    assert not charge.captured
    assert charge.payment_method_details.card.capture_before == int(world.clock.now) + 7 * 86_400
    assert world.told()[-2:] == ["charge.succeeded", "payment_intent.amount_capturable_updated"]

    captured = world.server.payment_intents.capture(held.id)
    assert (captured.status, captured.amount_received) == ("succeeded", 8000)
    assert world.told()[-3:] == ["charge.captured", "payment_intent.succeeded", "charge.updated"]


def test_a_partial_capture_releases_the_rest():
    world = World()
    held = world.held(8000)

    captured = world.server.payment_intents.capture(held.id, {"amount_to_capture": 3000})

    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 3000, 0)
    charge = world.charge_of(held.id)
    assert (charge.amount_captured, charge.amount_refunded) == (3000, 5000)
    assert world.sandbox.totals()["eur"] == {"captured": 3000, "refunded": 0, "held": 0, "disputed": 0}


def test_more_than_what_is_held_cannot_be_captured():
    world = World()
    held = world.held(8000)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.payment_intents.capture(held.id, {"amount_to_capture": 8001})

    assert refusal.value.code == "amount_too_large"
    assert world.server.payment_intents.retrieve(held.id).status == "requires_capture"


def test_a_second_capture_is_refused_and_the_refusal_shows_the_intent():
    world = World()
    held = world.held(8000)
    world.server.payment_intents.capture(held.id)

    with pytest.raises(stripe.InvalidRequestError, match="already been captured") as refusal:
        world.server.payment_intents.capture(held.id)

    assert refusal.value.code == "payment_intent_unexpected_state"
    assert refusal.value.error.payment_intent.id == held.id


def test_a_canceled_hold_gives_the_money_back_and_cannot_be_captured():
    world = World()
    held = world.held(8000)

    canceled = world.server.payment_intents.cancel(held.id, {"cancellation_reason": "requested_by_customer"})

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "requested_by_customer")
    assert canceled.canceled_at == int(world.clock.now)
    charge = world.charge_of(held.id)
    assert (charge.captured, charge.refunded, charge.amount_refunded) == (False, True, 8000)
    assert world.told()[-2:] == ["charge.refunded", "payment_intent.canceled"]
    assert world.sandbox.totals()["eur"]["held"] == 0
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        world.server.payment_intents.capture(held.id)


def test_a_hold_that_runs_out_is_canceled_by_stripe():
    world = World()
    held = world.held(8000)

    expired = world.sandbox.expire_hold(held.id)

    assert (expired["status"], expired["cancellation_reason"]) == ("canceled", "automatic")
    assert world.told()[-2:] == ["charge.expired", "payment_intent.canceled"]


def test_a_paid_intent_is_neither_canceled_nor_confirmed_nor_changed_in_amount():
    world = World()
    paid = world.paid()

    for call in (
        lambda: world.server.payment_intents.cancel(paid.id),
        lambda: world.server.payment_intents.confirm(paid.id),
        lambda: world.server.payment_intents.update(paid.id, {"amount": 1}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            call()
        assert refusal.value.code == "payment_intent_unexpected_state"


def test_before_payment_the_amount_may_change_and_afterwards_only_texts():
    world = World()
    intent = world.intent(5000, metadata={"order": "A1", "quote": "Q1"})

    world.server.payment_intents.update(intent.id, {"amount": 6000})
    world.sandbox.confirm(intent.id)
    world.server.payment_intents.update(intent.id, {"description": "late", "metadata": {"quote": "", "note": "paid"}})

    updated = world.server.payment_intents.retrieve(intent.id)
    assert (updated.amount_received, updated.description) == (6000, "late")
    assert updated.metadata.to_dict() == {"order": "A1", "note": "paid"}


def test_an_intent_needs_a_payment_method_to_be_confirmed():
    world = World()
    intent = world.intent()

    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        world.server.payment_intents.confirm(intent.id)


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 29, "currency": "gbp"}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "xxx"}, None, "currency"),
        ({"customer": "cus_unknown"}, "resource_missing", "customer"),
        ({"payment_method": "pm_unknown"}, "resource_missing", "payment_method"),
        ({"off_session": True}, None, "off_session"),
        ({"transfer_data": {"destination": "acct_1"}}, None, "transfer_data"),
    ],
)
def test_what_stripe_would_refuse_is_refused(params, code, param):
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.payment_intents.create({"amount": 5000, "currency": "eur", **params})

    assert (refusal.value.http_status, refusal.value.code, refusal.value.param) == (400, code, param)
    assert world.sandbox.recent("payment_intent") == []


def test_a_bank_debit_takes_its_time():
    world = World()

    debit = world.intent(payment_method="pm_success_de", confirm=True)

    assert debit.status == "processing"
    assert world.charge_of(debit.id).status == "pending"
    assert world.told()[-2:] == ["charge.pending", "payment_intent.processing"]
    assert world.sandbox.settle(debit.id)["status"] == "succeeded"
    assert world.told()[-3:] == ["charge.succeeded", "payment_intent.succeeded", "charge.updated"]


def test_a_bank_debit_may_come_back():
    world = World()
    debit = world.intent(payment_method="pm_failed_de", confirm=True)

    returned = world.sandbox.settle(debit.id, succeed=False)

    assert returned["status"] == "requires_payment_method"
    assert world.told()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_the_saved_card_pays_without_the_customer():
    world = World()
    customer, method = world.saved_card()

    paid = world.paid(customer=customer, token=method, off_session=True)

    assert (paid.status, paid.payment_method, paid.customer) == ("succeeded", method, customer)


def test_paying_can_save_the_card_for_later():
    world = World()
    customer = world.customer()

    paid = world.paid(customer=customer, setup_future_usage="off_session")

    assert "payment_method.attached" in world.told()
    saved = world.server.payment_methods.list({"customer": customer}).data
    assert [method.id for method in saved] == [paid.payment_method]


def test_a_card_that_was_not_saved_pays_once():
    world = World()
    paid = world.paid()

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        world.paid(token=paid.payment_method)


def test_a_card_saved_for_one_customer_does_not_pay_for_another():
    world = World()
    _, method = world.saved_card()

    for more in ({}, {"customer": world.customer()}):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            world.paid(token=method, **more)
        assert refusal.value.param == "payment_method"


def test_manual_capture_may_be_asked_of_cards_alone():
    world = World()

    held = world.paid(payment_method_options={"card": {"capture_method": "manual"}})

    assert held.status == "requires_capture"


def test_an_intent_may_be_limited_to_cards():
    world = World()

    card_only = world.server.payment_intents.create(
        {"amount": 5000, "currency": "eur", "allowed_payment_method_types": ["card"]}
    )

    assert card_only.payment_method_types == ["card"]
    with pytest.raises(stripe.InvalidRequestError, match="not allowed"):
        world.server.payment_intents.confirm(card_only.id, {"payment_method": "pm_success_de"})
    assert world.sandbox.confirm(card_only.id)["status"] == "succeeded"


def test_an_unknown_intent_is_not_found():
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.payment_intents.retrieve("pi_unknown")

    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    assert refusal.value.user_message == "No such payment_intent: 'pi_unknown'"


def test_the_answer_to_confirm_at_creation_is_the_confirmed_intent():
    world = World()

    intent = world.server.payment_intents.create(
        {
            "amount": 1200,
            "currency": "eur",
            "payment_method": "pm_card_mastercard",
            "confirm": True,
            "automatic_payment_methods": NO_REDIRECTS,
            "expand": ["latest_charge.balance_transaction", "payment_method"],
        }
    )

    assert intent.latest_charge.balance_transaction.net == 1200 - 18 - 25
    assert intent.payment_method.card.brand == "mastercard"
