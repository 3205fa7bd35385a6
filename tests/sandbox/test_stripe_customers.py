import json

import pytest
import stripe

from sandbox.http import Request
from tests.sandbox.stripe_world import NO_REDIRECTS, World


def test_a_customer_is_made_read_changed_and_found():
    world = World()
    made = world.server.customers.create(
        {"email": "mia@example.com", "name": "Mia", "metadata": {"user": "7"}, "address": {"city": "Bonn"}}
    )

    updated = world.server.customers.update(made.id, {"name": "Mia M.", "metadata": {"cat": "Tom"}})

    assert (updated.name, updated.email, updated.address.city) == ("Mia M.", "mia@example.com", "Bonn")
    assert updated.metadata.to_dict() == {"user": "7", "cat": "Tom"}
    assert [one.id for one in world.server.customers.list({"email": "mia@example.com"})] == [made.id]
    assert world.server.customers.list({"email": "tom@example.com"}).data == []
    created, changed = world.sandbox.events("customer.*")
    assert (created["type"], changed["type"]) == ("customer.created", "customer.updated")
    assert changed["data"]["previous_attributes"] == {"name": "Mia", "metadata": {"user": "7"}}


def test_an_update_that_changes_nothing_tells_nothing():
    world = World()
    customer = world.customer()

    world.server.customers.update(customer, {"email": "mia@example.com"})

    assert world.told() == ["customer.created"]


def test_a_deleted_customer_keeps_its_id_and_nothing_else():
    world = World()
    customer, method = world.saved_card()
    paid = world.paid(customer=customer, token=method)

    assert world.server.customers.delete(customer).deleted

    left = world.server.customers.retrieve(customer)
    assert left.deleted
    assert "email" not in left
    assert world.server.customers.list().data == []
    assert world.told()[-2:] == ["payment_method.detached", "customer.deleted"]
    assert world.server.payment_intents.retrieve(paid.id).customer == customer
    for call in (
        lambda: world.intent(customer=customer),
        lambda: world.server.customers.update(customer, {"name": "x"}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            call()
        assert refusal.value.code == "resource_missing"


def test_a_card_is_attached_listed_and_detached():
    world = World()
    customer = world.customer()

    method = world.server.payment_methods.attach("pm_card_visa", {"customer": customer})

    assert method.customer == customer
    assert method.id != "pm_card_visa"
    assert [one.id for one in world.server.customers.payment_methods.list(customer)] == [method.id]
    assert world.server.customers.payment_methods.retrieve(customer, method.id).id == method.id
    world.server.payment_methods.detach(method.id)
    assert world.server.payment_methods.list({"customer": customer}).data == []
    assert world.told("payment_method.*") == ["payment_method.attached", "payment_method.detached"]
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        world.server.payment_methods.attach(method.id, {"customer": customer})
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        world.server.payment_methods.detach(method.id)


def test_a_card_belongs_to_one_customer():
    world = World()
    _, method = world.saved_card()

    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        world.server.payment_methods.attach(method, {"customer": world.customer()})


def test_a_card_that_the_bank_refuses_is_not_saved():
    world = World()
    customer = world.customer()

    with pytest.raises(stripe.CardError) as refusal:
        world.server.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer})

    assert refusal.value.error.decline_code == "generic_decline"
    assert world.server.payment_methods.list({"customer": customer}).data == []


def test_a_card_may_be_saved_and_never_pay():
    world = World()
    customer, method = world.saved_card("pm_card_chargeCustomerFail")

    with pytest.raises(stripe.CardError):
        world.paid(customer=customer, token=method, off_session=True)


def test_a_customer_may_come_with_a_card():
    world = World()

    customer = world.server.customers.create({"payment_method": "pm_card_visa"})

    assert len(world.server.payment_methods.list({"customer": customer.id}).data) == 1


def test_a_token_makes_a_card_and_a_number_does_so_for_apps_only():
    world = World()
    with_number = {"type": "card", "card": {"number": "4000000000009995", "exp_month": 1, "exp_year": 2031}}

    assert (
        world.server.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}}).card.last4 == "4444"
    )
    assert world.phone.payment_methods.create(with_number).card.last4 == "9995"
    with pytest.raises(stripe.CardError, match="unsafe"):
        world.server.payment_methods.create(with_number)
    with pytest.raises(stripe.CardError) as refusal:
        world.phone.payment_methods.create({"type": "card", "card": {"number": "4242424242424241"}})
    assert refusal.value.code == "incorrect_number"


def test_a_cards_billing_details_can_change():
    world = World()
    _, method = world.saved_card()

    updated = world.server.payment_methods.update(
        method, {"billing_details": {"name": "Mia"}, "card": {"exp_year": 2040}, "metadata": {"a": "b"}}
    )

    assert (updated.billing_details.name, updated.card.exp_year, updated.metadata.a) == ("Mia", 2040, "b")


def test_a_setup_saves_the_card_for_its_customer():
    world = World()
    customer = world.customer()
    setup = world.server.setup_intents.create({"customer": customer, "automatic_payment_methods": NO_REDIRECTS})

    seen = world.phone.setup_intents.confirm(
        setup.id, {"client_secret": setup.client_secret, "payment_method": "pm_card_visa"}
    )

    assert seen.status == "succeeded"
    assert "customer" not in seen
    assert world.server.payment_methods.retrieve(seen.payment_method).customer == customer
    assert world.told()[1:] == ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"]
    assert [one.id for one in world.server.setup_intents.list({"customer": customer})] == [setup.id]


def test_a_setup_may_need_the_banks_question():
    world = World()
    setup = world.server.setup_intents.create({"customer": world.customer(), "payment_method": "pm_card_visa"})

    asked = world.server.setup_intents.confirm(
        setup.id, {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/done"}
    )

    assert (asked.status, asked.next_action.type) == ("requires_action", "redirect_to_url")
    assert world.sandbox.complete_3ds(setup.id, succeed=False)["status"] == "requires_payment_method"
    failed = world.server.setup_intents.retrieve(setup.id)
    assert failed.last_setup_error.code == "setup_intent_authentication_failure"
    assert world.told()[-2:] == ["setup_intent.requires_action", "setup_intent.setup_failed"]


def test_a_setup_with_a_refused_card_stays_open():
    world = World()
    setup = world.server.setup_intents.create({"automatic_payment_methods": NO_REDIRECTS})

    with pytest.raises(stripe.CardError) as refusal:
        world.server.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa_chargeDeclinedLostCard"})

    assert refusal.value.error.setup_intent.status == "requires_payment_method"
    assert world.server.setup_intents.update(setup.id, {"metadata": {"a": "b"}}).metadata.a == "b"
    assert world.server.setup_intents.cancel(setup.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        world.server.setup_intents.cancel(setup.id)


def test_an_ephemeral_key_opens_one_customers_cards_for_an_hour():
    world = World()
    customer, method = world.saved_card()
    other = world.customer()
    key = world.server.ephemeral_keys.create({"customer": customer}, {"stripe_version": stripe.api_version})
    app = world.client(key.secret)

    assert [one.id for one in app.payment_methods.list({"customer": customer})] == [method]
    assert app.customers.retrieve(customer).id == customer
    for call in (
        lambda: app.customers.retrieve(other),
        lambda: app.payment_methods.list({"customer": other}),
        app.customers.list,
    ):
        with pytest.raises(stripe.PermissionError):
            call()
    world.clock.now += 3601
    with pytest.raises(stripe.PermissionError):
        app.customers.retrieve(customer)


def test_an_ephemeral_key_can_be_ended():
    world = World()
    customer = world.customer()
    key = world.server.ephemeral_keys.create({"customer": customer}, {"stripe_version": stripe.api_version})

    assert "secret" not in world.server.ephemeral_keys.delete(key.id)

    world.clock.now += 1
    with pytest.raises(stripe.PermissionError):
        world.client(key.secret).customers.retrieve(customer)


def test_a_customer_session_says_what_the_payment_sheet_may_do():
    world = World()
    customer = world.customer()
    features = {"payment_method_save": "enabled", "payment_method_redisplay": "enabled"}

    session = world.server.customer_sessions.create(
        {"customer": customer, "components": {"mobile_payment_element": {"enabled": True, "features": features}}}
    )

    assert session.client_secret.startswith("cuss_secret_")
    assert session.customer == customer
    assert session.components.mobile_payment_element.features.payment_method_save == "enabled"
    assert not session.components.payment_element.enabled
    with pytest.raises(stripe.InvalidRequestError):
        world.server.customer_sessions.create({"customer": customer, "components": {"buy_button": {"enabled": False}}})


def test_the_customers_app_is_not_told_what_the_server_is_told_of_the_key():
    world = World()
    customer, _ = world.saved_card()
    key = world.server.ephemeral_keys.create({"customer": customer}, {"stripe_version": stripe.api_version})
    headers = {"Authorization": f"Bearer {key.secret}"}

    answer = world.sandbox.handle(Request("GET", f"/v1/customers/{customer}", {}, headers, b""))

    assert "_sandbox" not in json.loads(answer.body)
