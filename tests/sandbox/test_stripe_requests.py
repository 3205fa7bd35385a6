"""Keys, versions, addresses and parameters: what is refused before anything is done."""

import base64
import json

import pytest
import stripe

from sandbox.http import Request
from sandbox.stripe import API_VERSION, StripeSandbox
from tests.sandbox.stripe_world import World

FORM = "application/x-www-form-urlencoded"


def ask(sandbox, method, path, headers=None, body=b""):
    headers = {"Authorization": "Bearer sk_test_x", **(headers or {})}
    answer = sandbox.handle(Request(method, path, {}, headers, body))
    return answer.status, json.loads(answer.body), answer.headers


def test_the_stand_in_speaks_the_version_that_the_sdk_is_locked_to():
    assert stripe.api_version == API_VERSION


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("sk_wrong", "Invalid API Key provided: ********"),
        ("sk_live_abcdefghijklmnop", "test keys only"),
        ("rk_live_abcdefghijklmnop", "test keys only"),
    ],
)
def test_a_wrong_key_is_refused_and_a_live_one_above_all(key, said):
    world = World()

    with pytest.raises(stripe.AuthenticationError) as refusal:
        world.client(key).customers.list()

    assert refusal.value.http_status == 401
    assert said in refusal.value.user_message
    assert "klmn" not in refusal.value.user_message


def test_without_a_key_nothing_is_answered():
    status, body, _ = ask(StripeSandbox(), "GET", "/v1/customers", {"Authorization": ""})

    assert status == 401
    assert body["error"]["message"].startswith("You did not provide an API key.")


def test_basic_authentication_works_as_well():
    basic = "Basic " + base64.b64encode(b"sk_test_x:").decode()

    status, body, _ = ask(StripeSandbox(), "GET", "/v1/customers", {"Authorization": basic})

    assert (status, body["object"]) == (200, "list")


def test_with_known_keys_only_those_are_right():
    world = World(secret_key="sk_test_right", publishable_key="pk_test_right")

    assert world.client("sk_test_right").customers.list().data == []
    for wrong in ("sk_test_other", "pk_test_other"):
        with pytest.raises(stripe.AuthenticationError):
            world.client(wrong).customers.list()


def test_another_version_is_refused():
    world = World()

    with pytest.raises(stripe.InvalidRequestError, match=API_VERSION):
        world.client("sk_test_x", stripe_version="2020-08-27").customers.list()


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/invoices"), ("DELETE", "/v1/payment_intents/pi_1")])
def test_an_unknown_address_is_said_as_stripe_says_it(method, path):
    status, body, headers = ask(StripeSandbox(), method, path)

    assert (status, body["error"]["type"]) == (404, "invalid_request_error")
    assert body["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path}).")
    assert headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"currency": "eur"}, "parameter_missing", "amount"),
        (
            {"amount": 100, "currency": "eur", "payment_method_types": ["card"]},
            "parameter_unknown",
            "payment_method_types",
        ),
        ({"amount": 100, "currency": "eur", "idempotency_key": "x"}, "parameter_unknown", "idempotency_key"),
        ({"amount": "ten", "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ({"amount": 10.5, "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ({"amount": 100, "currency": ""}, "parameter_invalid_empty", "currency"),
        ({"amount": 100, "currency": "eur", "description": ""}, "parameter_invalid_empty", "description"),
        ({"amount": 100, "currency": "eur", "capture_method": "later"}, None, "capture_method"),
        ({"amount": 100, "currency": "eur", "confirm": "perhaps"}, None, "confirm"),
        ({"amount": 100, "currency": "eur", "metadata": "text"}, None, "metadata"),
        ({"amount": 100, "currency": "eur", "metadata": {"a": {"b": "c"}}}, None, "metadata[a]"),
        ({"amount": 100, "currency": "eur", "metadata": {"a": "x" * 501}}, None, "metadata[a]"),
        ({"amount": 100, "currency": "eur", "metadata": {"k" * 41: "x"}}, None, "metadata"),
        ({"amount": 100, "currency": "eur", "metadata": {str(n): "x" for n in range(51)}}, None, "metadata"),
        ({"amount": 100, "currency": "eur", "expand": "customer"}, None, "expand"),
        (
            {"amount": 100, "currency": "eur", "automatic_payment_methods": {"on": True}},
            "parameter_unknown",
            "automatic_payment_methods[on]",
        ),
        (
            {"amount": 100, "currency": "eur", "shipping": {"address": {"line1": "x"}}},
            "parameter_missing",
            "shipping[name]",
        ),
        (
            {"amount": 100, "currency": "eur", "payment_method_options": {"card": {"request_three_d_secure": "no"}}},
            None,
            "payment_method_options[card][request_three_d_secure]",
        ),
    ],
)
def test_parameters_are_checked_by_the_sdks_own_types(params, code, param):
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.payment_intents.create(params)

    assert (refusal.value.http_status, refusal.value.code, refusal.value.param) == (400, code, param)


def test_several_unknown_parameters_are_named_at_once():
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.customers.create({"emial": "x", "nmae": "y"})

    assert refusal.value.user_message == "Received unknown parameters: emial, nmae"


def test_a_value_outside_its_list_is_answered_with_the_list():
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.refunds.create({"payment_intent": world.paid().id, "reason": "bored"})

    message = "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"
    assert refusal.value.user_message == message


def test_a_json_body_is_refused():
    headers = {"Content-Type": "application/json"}

    status, body, _ = ask(StripeSandbox(), "POST", "/v1/customers", headers, b'{"email": "x"}')

    assert status == 400
    assert "application/x-www-form-urlencoded" in body["error"]["message"]


@pytest.mark.parametrize("body", [b"a[=1", b"metadata[a]=1&metadata[a][b]=2", b"metadata=1&metadata[a]=2"])
def test_a_garbled_form_is_refused(body):
    status, answer, _ = ask(StripeSandbox(), "POST", "/v1/customers", {"Content-Type": FORM}, body)

    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")


def test_there_are_no_connected_accounts():
    status, body, _ = ask(StripeSandbox(), "GET", "/v1/customers", {"Stripe-Account": "acct_1"})

    assert status == 400
    assert "Stripe-Account" in body["error"]["message"]


def test_lists_may_be_written_with_empty_brackets():
    body = b"name=Mia&preferred_locales[]=de&preferred_locales[]=en&expand[]=invoice_settings.default_payment_method"

    status, customer, _ = ask(StripeSandbox(), "POST", "/v1/customers", {"Content-Type": FORM}, body)

    assert (status, customer["preferred_locales"]) == (200, ["de", "en"])
