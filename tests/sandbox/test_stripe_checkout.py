import pytest
import stripe

from tests.sandbox.stripe_world import World

ITEM = {"price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Crate"}}, "quantity": 2}
WANTED = {"mode": "payment", "line_items": [ITEM], "success_url": "https://shop.example/ok?s={CHECKOUT_SESSION_ID}"}


def test_a_session_has_a_page_and_no_payment_yet():
    world = World()

    session = world.server.checkout.sessions.create({**WANTED, "metadata": {"order": "A1"}, "expand": ["line_items"]})

    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency) == (5000, "eur")
    assert session.url.endswith(f"/c/pay/{session.id}")
    assert [(item.description, item.quantity) for item in session.line_items.data] == [("Crate", 2)]
    assert session.expires_at == int(world.clock.now) + 86_400
    assert world.server.checkout.sessions.line_items.list(session.id).data[0].amount_total == 5000


def test_paying_on_the_page_completes_the_session():
    world = World()
    session = world.server.checkout.sessions.create(
        {**WANTED, "customer": world.customer(), "payment_intent_data": {"metadata": {"order": "A1"}}}
    )

    world.sandbox.pay_checkout(session.id)

    done = world.server.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.payment_intent.status, done.payment_intent.metadata.order) == ("succeeded", "A1")
    assert done.customer_details.email == "mia@example.com"
    assert world.told()[-1] == "checkout.session.completed"
    assert [one.id for one in world.server.checkout.sessions.list({"payment_intent": done.payment_intent.id})] == [
        done.id
    ]


def test_a_declined_card_leaves_the_page_open_for_another():
    world = World()
    session = world.server.checkout.sessions.create(WANTED)

    with pytest.raises(Exception, match="declined"):
        world.sandbox.pay_checkout(session.id, "pm_card_chargeDeclined")

    assert world.server.checkout.sessions.retrieve(session.id).status == "open"
    assert world.sandbox.pay_checkout(session.id)["status"] == "complete"
    assert len(world.server.payment_intents.list().data) == 1


def test_the_banks_question_holds_the_session_up():
    world = World()
    session = world.server.checkout.sessions.create(WANTED)

    waiting = world.sandbox.pay_checkout(session.id, "pm_card_authenticationRequired")
    assert waiting["status"] == "open"

    world.sandbox.complete_3ds(waiting["payment_intent"])
    assert world.server.checkout.sessions.retrieve(session.id).status == "complete"


def test_a_session_can_hold_or_only_save_a_card():
    world = World()
    hold = world.server.checkout.sessions.create({**WANTED, "payment_intent_data": {"capture_method": "manual"}})
    save = world.server.checkout.sessions.create(
        {"mode": "setup", "customer": world.customer(), "currency": "eur", "success_url": "https://shop.example/ok"}
    )

    held, saved = world.sandbox.pay_checkout(hold.id), world.sandbox.pay_checkout(save.id)

    assert (held["status"], held["payment_status"]) == ("complete", "unpaid")
    assert world.server.payment_intents.retrieve(held["payment_intent"]).status == "requires_capture"
    assert (saved["status"], saved["payment_status"]) == ("complete", "no_payment_required")
    assert world.server.setup_intents.retrieve(saved["setup_intent"]).status == "succeeded"


def test_an_expired_session_takes_no_money():
    world = World()
    session = world.server.checkout.sessions.create(WANTED)

    assert world.server.checkout.sessions.expire(session.id).status == "expired"

    assert world.told() == ["checkout.session.expired"]
    with pytest.raises(Exception, match="No such"):
        world.sandbox.pay_checkout(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        world.server.checkout.sessions.expire(session.id)


def test_what_was_tried_on_a_page_ends_with_it_and_only_with_it():
    world = World()
    session = world.server.checkout.sessions.create(WANTED)
    with pytest.raises(Exception, match="declined"):
        world.sandbox.pay_checkout(session.id, "4000000000000002")
    tried = world.server.checkout.sessions.retrieve(session.id).payment_intent
    with pytest.raises(stripe.InvalidRequestError, match="created by Checkout"):
        world.server.payment_intents.cancel(tried)

    world.sandbox.expire_checkout(session.id)

    ended = world.server.payment_intents.retrieve(tried)
    assert (ended.status, ended.cancellation_reason) == ("canceled", "expired")
    assert world.told()[-2:] == ["payment_intent.canceled", "checkout.session.expired"]
    with pytest.raises(Exception, match="No such"):
        world.sandbox.expire_checkout(session.id)


def test_a_hold_placed_on_a_page_is_let_go_like_any_other():
    world = World()
    hold = world.server.checkout.sessions.create({**WANTED, "payment_intent_data": {"capture_method": "manual"}})
    held = world.sandbox.pay_checkout(hold.id)["payment_intent"]

    assert world.server.payment_intents.cancel(held).status == "canceled"


def test_a_page_takes_numbers_of_test_cards_and_only_what_it_allows():
    world = World()
    session = world.server.checkout.sessions.create({**WANTED, "allowed_payment_method_types": ["card"]})

    with pytest.raises(Exception, match="number is incorrect"):
        world.sandbox.pay_checkout(session.id, "4242424242424241")
    with pytest.raises(Exception, match="not allowed"):
        world.sandbox.pay_checkout(session.id, "pm_success_de")
    assert world.sandbox.pay_checkout(session.id, "4242424242424242")["payment_status"] == "paid"


@pytest.mark.parametrize(("token", "arrives"), [("pm_success_de", True), ("pm_failed_de", False)])
def test_a_debit_completes_the_session_before_it_arrives(token, arrives):
    world = World()
    session = world.server.checkout.sessions.create(WANTED)

    waiting = world.sandbox.pay_checkout(session.id, token)
    assert (waiting["status"], waiting["payment_status"]) == ("complete", "unpaid")

    world.sandbox.settle(waiting["payment_intent"], succeed=arrives)
    done = world.server.checkout.sessions.retrieve(session.id)
    assert done.payment_status == ("paid" if arrives else "unpaid")
    assert world.told()[-1] == f"checkout.session.async_payment_{'succeeded' if arrives else 'failed'}"


def test_a_session_ends_by_itself():
    world = World()
    session = world.server.checkout.sessions.create(WANTED)

    world.clock.now += 86_401

    assert world.server.checkout.sessions.retrieve(session.id).status == "expired"
    assert world.told() == ["checkout.session.expired"]
    with pytest.raises(Exception, match="No such"):
        world.sandbox.pay_checkout(session.id)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items[0]"),
        ({"expires_at": 1}, "expires_at"),
        ({"discounts": [{"coupon": "x"}]}, "discounts"),
        ({"ui_mode": "hosted"}, "ui_mode"),
    ],
)
def test_what_cannot_be_sold_is_refused(change, param):
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.checkout.sessions.create({**WANTED, **change})

    assert refusal.value.param == param


def test_all_prices_have_one_currency():
    world = World()
    dollars = {"price_data": {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Tax"}}}

    with pytest.raises(stripe.InvalidRequestError, match="same currency"):
        world.server.checkout.sessions.create({**WANTED, "line_items": [ITEM, dollars]})


def test_only_the_metadata_of_a_session_can_change():
    world = World()
    session = world.server.checkout.sessions.create(WANTED)

    assert world.server.checkout.sessions.update(session.id, {"metadata": {"a": "b"}}).metadata.a == "b"
