"""/v1/setup_intents: save a payment method for later, without a payment."""

from __future__ import annotations

from sandbox.stripe import cards, fields, lists
from sandbox.stripe.call import Call, hidden, refuse_unmodelled
from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import ApiError, Json, unexpected_state, words
from sandbox.stripe.failures import card_error, last_error
from sandbox.stripe.ids import client_secret, new_id
from sandbox.stripe.resources import confirmation, payment_methods
from sandbox.stripe.store import public

_NOT_MODELLED = words(
    """
    attach_to_self confirmation_token customer_account flow_directions on_behalf_of payment_method_configuration
    single_use
    """
)
_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_SEEN_BY_APPS = words(
    """
    id object automatic_payment_methods cancellation_reason client_secret created description last_setup_error livemode
    next_action payment_method payment_method_configuration_details payment_method_types status usage
    """
)


def create(call: Call) -> Json:
    refuse_unmodelled(call.params, _NOT_MODELLED)
    params = call.params
    types = params.get("allowed_payment_method_types")
    automatic = params.get("automatic_payment_methods") or (None if types else {"enabled": True})
    intent_id = new_id("seti")
    intent: Json = {
        "id": intent_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": automatic and {"allow_redirects": "always", **automatic},
        "cancellation_reason": None,
        "client_secret": client_secret(intent_id),
        "created": call.now,
        "customer": call.customer_param(),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": params.get("excluded_payment_method_types"),
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": fields.merged_metadata({}, params.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": _three_d_secure(params)}
        },
        "payment_method_types": types or ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": params.get("usage", "off_session"),
    }
    if "payment_method" in params or "payment_method_data" in params:
        confirmation.choose_method(call, intent)
    call.create(intent, "setup_intent.created")
    return _confirm(call, intent) if params.get("confirm") else intent


def _three_d_secure(params: Json) -> str:
    card = (params.get("payment_method_options") or {}).get("card") or {}
    return str(card.get("request_three_d_secure", "automatic"))


def find(call: Call, intent_id: str) -> Json:
    intent = call.get("setup_intent", intent_id, param="intent")
    confirmation.check_client_secret(call, intent)
    return intent


def seen(call: Call, intent: Json) -> Json:
    if call.actor.is_server:
        return intent
    return {name: value for name, value in intent.items() if name in _SEEN_BY_APPS}


def retrieve(call: Call, intent_id: str) -> Json:
    return seen(call, find(call, intent_id))


def confirm(call: Call, intent_id: str) -> Json:
    refuse_unmodelled(call.params, _NOT_MODELLED)
    return seen(call, _confirm(call, find(call, intent_id)))


def _confirm(call: Call, intent: Json) -> Json:
    """Save the method, or ask the customer to authenticate. Raises: ApiError, 402 when the bank refuses."""
    method = confirmation.ready(call, intent)
    intent.update(last_setup_error=None, next_action=None)
    behaviour = payment_methods.behaviour_of(method)
    asked = intent["payment_method_options"]["card"]["request_three_d_secure"] in ("any", "challenge")
    decline = call.decline or (None if behaviour.can_be_saved else behaviour.declines)
    if decline:
        raise fail(call, intent, method, decline)
    if asked or behaviour.authentication in ("always", "unless_set_up"):
        confirmation.ask_customer(call, intent, "setup_intent.requires_action")
    else:
        _succeed(call, intent, method)
    return intent


def authenticated(call: Call, intent: Json, *, succeed: bool) -> Json:
    """The customer answered the bank's question. Raises: ApiError if none was asked."""
    if intent["status"] != "requires_action":
        raise unexpected_state("No authentication is under way.", intent)
    method = call.get("payment_method", intent["payment_method"])
    if succeed:
        _succeed(call, intent, method)
    else:
        fail(call, intent, method, cards.SETUP_AUTHENTICATION_FAILED)
    return intent


def _succeed(call: Call, intent: Json, method: Json) -> None:
    if intent["usage"] == "off_session":
        hidden(method)["set_up"] = True
    if intent["customer"] and method["customer"] is None:
        method["customer"] = intent["customer"]
        call.emit("payment_method.attached", method)
    call.save(method)
    intent.update(status="succeeded", next_action=None)
    call.save(intent, "setup_intent.succeeded")


def fail(call: Call, intent: Json, method: Json, decline: Decline) -> ApiError:
    error = card_error(decline, payment_method=public(method))
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["last_setup_error"] = last_error(error)
    call.save(intent, "setup_intent.setup_failed")
    error.error["setup_intent"] = public(intent)
    return error


def update(call: Call, intent_id: str) -> Json:
    refuse_unmodelled(call.params, _NOT_MODELLED)
    intent = call.get("setup_intent", intent_id, param="intent")
    if "customer" in call.params:
        intent["customer"] = call.customer_param()
    intent.update(fields.changes(call.params, ("description",)))
    intent["metadata"] = fields.merged_metadata(intent["metadata"], call.params.get("metadata"))
    if "payment_method" in call.params or "payment_method_data" in call.params:
        confirmation.choose_method(call, intent)
    return call.save(intent)


def cancel(call: Call, intent_id: str) -> Json:
    intent = call.get("setup_intent", intent_id, param="intent")
    if intent["status"] not in _CANCELABLE:
        message = (
            f"You cannot cancel this SetupIntent because it has a status of {intent['status']}. Only a SetupIntent "
            f"with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}."
        )
        raise unexpected_state(message, intent)
    reason = call.params.get("cancellation_reason")
    intent.update(status="canceled", cancellation_reason=reason, next_action=None)
    return call.save(intent, "setup_intent.canceled")


def list_(call: Call) -> Json:
    names = ("customer", "payment_method")
    return lists.page(call, "setup_intent", where={name: call.params.get(name) for name in names})
