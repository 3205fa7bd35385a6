"""How an intent is paid, or a payment method set up: confirmation, authentication, success and failure.

Both kinds of intent take the same way: choose a payment method, ask the customer's bank for authentication if it wants
that, then charge (a PaymentIntent) or save (a SetupIntent).
"""

from __future__ import annotations

from sandbox.stripe import cards
from sandbox.stripe.call import Call, hidden
from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import ApiError, Json, required, unexpected_state
from sandbox.stripe.failures import card_error, last_error
from sandbox.stripe.ids import new_id
from sandbox.stripe.resources import charges, disputes, payment_methods
from sandbox.stripe.store import public

_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_NAMES = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
_NO_RETURN_URL = (
    "A `return_url` must be specified because this Payment Intent is configured to automatically accept the payment "
    "methods enabled in the Dashboard, some of which may require a full page redirect to succeed. If you do not want "
    "to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
)
_SERVER_ONLY = ("off_session", "error_on_requires_action", "capture_method", "mandate")


def check_client_secret(call: Call, intent: Json) -> None:
    """An app may touch only the intent whose client secret it shows. Raises: ApiError."""
    shown = call.params.get("client_secret")
    if call.actor.is_server and shown is None:
        return
    if not shown:
        raise required("client_secret")
    if shown != intent["client_secret"]:
        name = _NAMES[intent["object"]]
        message = (
            f"The client_secret provided does not match any associated {name} on this account. Ensure the provided "
            f"client_secret is from a {name} created by this account."
        )
        raise ApiError(message, code="resource_missing", param="client_secret")
    for name in _SERVER_ONLY:
        if name in call.params and not call.actor.is_server:
            raise ApiError(f"The parameter {name} may not be used with a publishable API key.", param=name)


def choose_method(call: Call, intent: Json) -> Json:
    """The payment method that this call names becomes the intent's. Raises: ApiError."""
    data = call.params.get("payment_method_data")
    method = payment_methods.make(call, data) if data else payment_methods.usable(call, call.params["payment_method"])
    payment_methods.refuse_other(method, intent["customer"])
    if method["type"] not in intent["payment_method_types"]:
        allowed = ", ".join(intent["payment_method_types"])
        message = (
            f"The PaymentMethod provided ({method['type']}) is not allowed for this {_NAMES[intent['object']]}. Please "
            f"attach a PaymentMethod of one of the following types: {allowed}."
        )
        raise ApiError(message, param="payment_method")
    intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    return method


def ready(call: Call, intent: Json) -> Json:
    """What every confirmation needs. Returns the payment method. Raises: ApiError."""
    name = _NAMES[intent["object"]]
    status = intent["status"]
    if status not in _CONFIRMABLE:
        why = "it has already succeeded after being previously confirmed."
        if status != "succeeded":
            why = (
                f"it has a status of {status}. Only a {name} with one of the following statuses may be confirmed: "
                f"{', '.join(_CONFIRMABLE)}."
            )
        raise unexpected_state(f"You cannot confirm this {name} because {why}", intent)
    if intent.get("confirmation_method") == "manual" and not call.actor.is_server:
        message = f"You cannot confirm this {name} with a publishable key: its confirmation_method is manual."
        raise ApiError(message, status=403)
    if "payment_method" in call.params or "payment_method_data" in call.params:
        method = choose_method(call, intent)
    elif intent["payment_method"]:
        method = payment_methods.usable(call, intent["payment_method"])
    else:
        raise unexpected_state(
            f"You cannot confirm this {name} because it's missing a payment method. You can either update the {name} "
            "with a payment method and then confirm it again, or confirm it again directly with a payment method or "
            "ConfirmationToken.",
            intent,
        )
    automatic = intent["automatic_payment_methods"]
    redirects = automatic and automatic["enabled"] and automatic["allow_redirects"] == "always"
    if redirects and "return_url" not in call.params:
        raise ApiError(_NO_RETURN_URL, param="return_url")
    return method


def confirm(call: Call, intent: Json) -> Json:
    """Pay now, or ask the customer to authenticate. Raises: ApiError, 402 when the payment is declined."""
    method = ready(call, intent)
    intent.update(last_payment_error=None, next_action=None)
    off_session = bool(call.params.get("off_session"))
    behaviour = payment_methods.behaviour_of(method)
    asked = intent["payment_method_options"]["card"]["request_three_d_secure"] in ("any", "challenge")
    must = behaviour.must_authenticate(off_session=off_session, set_up=hidden(method)["set_up"])
    refusal = None
    if call.decline is None and (must or (asked and not off_session)):
        if off_session or call.params.get("error_on_requires_action"):
            refusal = fail(call, intent, method, cards.AUTHENTICATION_REQUIRED)
        else:
            ask_customer(call, intent, "payment_intent.requires_action")
    else:
        refusal = pay(call, intent, method)
    if refusal:
        raise refusal
    return intent


def ask_customer(call: Call, intent: Json, event: str) -> None:
    return_url = call.params.get("return_url")
    page = f"{call.base_url}/_sandbox/3ds/{intent['id']}"
    if return_url and not call.params.get("use_stripe_sdk"):
        action: Json = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}
    else:
        sdk = {"source": new_id("src"), "stripe_js": page, "type": "three_d_secure_redirect"}
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}
    hidden(intent)["return_url"] = return_url
    intent.update(status="requires_action", next_action=action)
    call.save(intent, event)


def authenticated(call: Call, intent: Json, *, succeed: bool) -> Json:
    """The customer answered the bank's question. Raises: ApiError if none was asked."""
    if intent["status"] != "requires_action":
        raise unexpected_state("No authentication is under way.", intent)
    method = call.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if succeed:
        pay(call, intent, method, authenticated=True)
    else:
        fail(call, intent, method, cards.AUTHENTICATION_FAILED, with_charge=False)
    return intent


def pay(call: Call, intent: Json, method: Json, *, authenticated: bool = False) -> ApiError | None:
    """Ask the bank. Returns the refusal, if it refuses: the intent then waits for another payment method."""
    behaviour = payment_methods.behaviour_of(method)
    if behaviour.type == "sepa_debit" and call.decline is None:
        charge = charges.make(call, intent, method, status="pending")
        call.emit("charge.pending", charge)
        intent.update(status="processing", latest_charge=charge["id"])
        call.save(intent, "payment_intent.processing")
        return None
    decline = call.decline or behaviour.declines
    if decline:
        return fail(call, intent, method, decline)
    charge = charges.make(call, intent, method, authenticated=authenticated)
    intent["latest_charge"] = charge["id"]
    _save_method(call, intent, method, authenticated=authenticated)
    if _is_held(intent):
        call.emit("charge.succeeded", charge)
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        call.save(intent, "payment_intent.amount_capturable_updated")
    else:
        charges.capture(call, charge, intent["amount"])
        call.emit("charge.succeeded", charge)
        succeed(call, intent, charge)
    return None


def _is_held(intent: Json) -> bool:
    per_card = intent["payment_method_options"]["card"].get("capture_method")
    return "manual" in (intent["capture_method"], per_card)


def succeed(call: Call, intent: Json, charge: Json) -> None:
    """The money is ours."""
    intent.update(status="succeeded", amount_received=charge["amount_captured"], amount_capturable=0, processing=None)
    call.save(intent, "payment_intent.succeeded")
    charges.book(call, charge)
    behaviour = payment_methods.behaviour_of(call.get("payment_method", charge["payment_method"]))
    if behaviour.disputed:
        disputes.open_(call, charge, None, behaviour.disputed, inquiry=behaviour.inquiry)


def fail(call: Call, intent: Json, method: Json, decline: Decline, *, with_charge: bool = True) -> ApiError:
    """The payment was refused: the intent waits for another payment method. Returns what the caller is told."""
    members: Json = {"payment_method": public(method)}
    if with_charge:
        charge = charges.make(call, intent, method)
        charges.fail(call, charge, decline)
        intent["latest_charge"] = members["charge"] = charge["id"]
    return turn_back(call, intent, card_error(decline, **members))


def turn_back(call: Call, intent: Json, error: ApiError) -> ApiError:
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, processing=None)
    intent["last_payment_error"] = last_error(error)
    call.save(intent, "payment_intent.payment_failed")
    error.error["payment_intent"] = public(intent)
    return error


def settle(call: Call, intent: Json, *, succeed_: bool) -> Json:
    """A debit that was under way arrived, or came back. Raises: ApiError if none was."""
    if intent["status"] != "processing":
        raise unexpected_state("This PaymentIntent is not processing.", intent)
    charge = call.get("charge", intent["latest_charge"])
    method = call.get("payment_method", intent["payment_method"])
    if succeed_:
        charges.capture(call, charge, intent["amount"])
        call.emit("charge.succeeded", charge)
        succeed(call, intent, charge)
        return intent
    charges.fail(call, charge, cards.BANK_REFUSED)
    turn_back(call, intent, card_error(cards.BANK_REFUSED, charge=charge["id"], payment_method=public(method)))
    return intent


def _save_method(call: Call, intent: Json, method: Json, *, authenticated: bool) -> None:
    """With `setup_future_usage` the method is kept for the customer; without a customer it is used up."""
    per_card = intent["payment_method_options"]["card"].get("setup_future_usage")
    usage = per_card or intent["setup_future_usage"]
    if usage and intent["customer"] and method["customer"] is None:
        method["customer"] = intent["customer"]
        call.emit("payment_method.attached", method)
    if usage == "off_session" and authenticated:
        hidden(method)["set_up"] = True
    if method["customer"] is None and not usage:
        hidden(method)["used_up"] = True
    call.save(method)
