import pytest
import stripe

from sandbox.stripe import cards
from tests.sandbox.stripe_world import World


@pytest.mark.parametrize(
    ("token", "code", "decline_code", "param"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline", None),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline", None),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", None),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", None),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", None),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", None),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "exp_month"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", None),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded", None),
        ("pm_card_radarBlock", "card_declined", "fraudulent", None),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline", None),
    ],
)
def test_a_declined_card_leaves_the_intent_open(token, code, decline_code, param):
    world = World()
    intent = world.intent()

    with pytest.raises(stripe.CardError) as refusal:
        world.server.payment_intents.confirm(intent.id, {"payment_method": token})

    error = refusal.value
    assert (error.http_status, error.code, error.error.decline_code, error.param) == (402, code, decline_code, param)
    assert error.error.payment_intent.status == "requires_payment_method"
    left = world.server.payment_intents.retrieve(intent.id)
    assert (left.status, left.payment_method, left.amount_received) == ("requires_payment_method", None, 0)
    assert (left.last_payment_error.code, left.last_payment_error.decline_code) == (code, decline_code)
    charge = world.charge_of(intent.id)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
    assert error.error.charge == charge.id
    assert world.told()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_after_a_decline_another_card_pays():
    world = World()
    intent = world.intent()
    with pytest.raises(stripe.CardError):
        world.server.payment_intents.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})

    paid = world.server.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    assert len(world.server.charges.list({"payment_intent": intent.id}).data) == 2


def test_a_decline_at_creation_leaves_the_intent_behind():
    world = World()

    with pytest.raises(stripe.CardError) as refusal:
        world.paid(token="pm_card_chargeDeclined")

    intent_id = refusal.value.error.payment_intent.id
    assert world.server.payment_intents.retrieve(intent_id).status == "requires_payment_method"


def test_a_hold_can_be_declined_too():
    world = World()

    with pytest.raises(stripe.CardError):
        world.held(token="pm_card_chargeDeclinedInsufficientFunds")

    assert world.sandbox.totals() == {}


def test_the_customers_bank_may_ask_first():
    world = World()
    intent = world.intent()

    asked = world.server.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/done"}
    )

    assert (asked.status, asked.next_action.type) == ("requires_action", "redirect_to_url")
    assert asked.next_action.redirect_to_url.return_url == "https://shop.example/done"
    assert asked.next_action.redirect_to_url.url.endswith(f"/_sandbox/3ds/{intent.id}")
    assert world.told()[-1] == "payment_intent.requires_action"
    assert world.charge_of(intent.id) is None

    done = world.sandbox.complete_3ds(intent.id)
    assert (done["status"], done["next_action"]) == ("succeeded", None)
    assert world.charge_of(intent.id).payment_method_details.card.three_d_secure.result == "authenticated"


def test_the_app_is_asked_in_its_own_sdk():
    world = World()
    intent = world.intent()

    asked = world.phone.payment_intents.confirm(
        intent.id,
        {
            "client_secret": intent.client_secret,
            "payment_method": "pm_card_authenticationRequired",
            "use_stripe_sdk": True,
        },
    )

    assert asked.next_action.type == "use_stripe_sdk"


def test_a_customer_who_fails_the_banks_question_pays_nothing():
    world = World()
    asked = world.paid(token="pm_card_authenticationRequired")

    failed = world.sandbox.complete_3ds(asked.id, succeed=False)

    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert failed["latest_charge"] is None
    assert world.told()[-1] == "payment_intent.payment_failed"


def test_a_card_may_be_declined_after_the_banks_question():
    world = World()
    asked = world.paid(token="pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    assert asked.status == "requires_action"

    declined = world.sandbox.complete_3ds(asked.id)

    assert declined["last_payment_error"]["decline_code"] == "insufficient_funds"


def test_only_a_question_that_was_asked_can_be_answered():
    world = World()
    paid = world.paid()

    with pytest.raises(Exception, match="No authentication is under way"):
        world.sandbox.complete_3ds(paid.id)


def test_without_the_customer_a_question_is_a_decline():
    world = World()
    customer, method = world.saved_card("pm_card_authenticationRequired")

    with pytest.raises(stripe.CardError) as refusal:
        world.paid(customer=customer, token=method, off_session=True)

    assert (refusal.value.code, refusal.value.error.decline_code) == ("authentication_required",) * 2
    assert refusal.value.error.payment_method.id == method
    intent = refusal.value.error.payment_intent
    assert intent.status == "requires_payment_method"
    on_session = world.server.payment_intents.confirm(intent.id, {"payment_method": method})
    assert on_session.status == "requires_action"
    assert world.sandbox.complete_3ds(intent.id)["status"] == "succeeded"


def test_a_card_that_was_set_up_pays_without_the_customer():
    world = World()
    customer, method = world.saved_card("pm_card_authenticationRequiredOnSetup")

    assert world.paid(customer=customer, token=method, off_session=True).status == "succeeded"
    assert world.paid(customer=customer, token=method).status == "requires_action"


def test_a_card_that_was_saved_while_paying_does_so_too():
    world = World()
    customer = world.customer()
    first = world.paid(
        customer=customer, token="pm_card_authenticationRequiredOnSetup", setup_future_usage="off_session"
    )
    method = world.sandbox.complete_3ds(first.id)["payment_method"]

    assert world.paid(customer=customer, token=method, off_session=True).status == "succeeded"


def test_a_card_that_was_only_attached_does_not():
    world = World()
    customer = world.customer()
    method = world.server.payment_methods.attach("pm_card_authenticationRequiredOnSetup", {"customer": customer}).id

    with pytest.raises(stripe.CardError):
        world.paid(customer=customer, token=method, off_session=True)


def test_the_shop_may_refuse_to_ask():
    world = World()

    with pytest.raises(stripe.CardError) as refusal:
        world.paid(token="pm_card_authenticationRequired", error_on_requires_action=True)

    assert refusal.value.code == "authentication_required"


def test_the_shop_may_insist_on_asking():
    world = World()

    asked = world.paid(payment_method_options={"card": {"request_three_d_secure": "any"}})

    assert asked.status == "requires_action"


@pytest.mark.parametrize("token", [token for token in cards.tokens() if token.startswith("pm_card_")])
def test_every_test_card_behaves_within_stripes_types(token):
    world = World()
    intent = world.intent()

    world.sandbox.confirm(intent.id, token)

    assert world.sandbox.problems() == []
