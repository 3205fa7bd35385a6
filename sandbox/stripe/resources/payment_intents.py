"""/v1/payment_intents: what is to be collected from a customer, and how far that went."""

from __future__ import annotations

from sandbox.stripe import fields, lists, money
from sandbox.stripe.call import Call, hidden, refuse_unmodelled
from sandbox.stripe.errors import ApiError, Json, unexpected_state, words
from sandbox.stripe.ids import client_secret, new_id
from sandbox.stripe.resources import charges, confirmation, refunds

_NOT_MODELLED = words(
    """
    amount_details amount_to_confirm application_fee_amount confirmation_token customer_account hooks mandate
    on_behalf_of payment_details payment_method_configuration transfer_data
    """
)
_TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group")
_ONLY_WITH_CONFIRM = ("error_on_requires_action", "mandate_data", "off_session", "return_url", "use_stripe_sdk")
_BEFORE_PAYING = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
_SEEN_BY_APPS = words(
    """
    id object amount amount_details automatic_payment_methods canceled_at cancellation_reason capture_method
    client_secret confirmation_method created currency description last_payment_error livemode next_action
    payment_method payment_method_configuration_details payment_method_types processing receipt_email
    setup_future_usage shipping source status
    """
)


def create(call: Call) -> Json:
    """With `confirm`, a declined payment leaves the intent and its failed charge behind the 402."""
    params = call.params
    refuse_unmodelled(params, _NOT_MODELLED)
    currency = money.known_currency(params["currency"])
    intent = _new(call, money.chargeable(params["amount"], currency), currency)
    if "payment_method" in params or "payment_method_data" in params:
        confirmation.choose_method(call, intent)
    if not params.get("confirm"):
        for name in _ONLY_WITH_CONFIRM:
            if name in params:
                raise _only_with_confirm(name)
    call.create(intent, "payment_intent.created")
    return confirmation.confirm(call, intent) if params.get("confirm") else intent


def _only_with_confirm(name: str) -> ApiError:
    message = f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless `confirm` is set to true."
    return ApiError(message, param=name)


def _new(call: Call, amount: int, currency: str) -> Json:
    params = call.params
    types = params.get("allowed_payment_method_types")
    automatic = params.get("automatic_payment_methods") or (None if types else {"enabled": True})
    intent_id = new_id("pi")
    intent: Json = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": automatic and {"allow_redirects": "always", **automatic},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic_async"),
        "client_secret": client_secret(intent_id),
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "created": call.now,
        "currency": currency,
        "customer": call.customer_param(),
        "customer_account": None,
        "excluded_payment_method_types": params.get("excluded_payment_method_types"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": fields.merged_metadata({}, params.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": _options({}, params),
        "payment_method_types": types or (["card", "sepa_debit"] if currency == "eur" else ["card"]),
        "processing": None,
        "review": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "shipping": fields.shipping(params.get("shipping")),
        "source": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        **{name: fields.unset_if_empty(params.get(name)) for name in _TEXTS},
    }
    return intent


def _options(old: Json, params: Json) -> Json:
    card = {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
        **old.get("card", {}),
    }
    sent = (params.get("payment_method_options") or {}).get("card") or {}
    for name in ("request_three_d_secure", "capture_method", "setup_future_usage"):
        if sent.get(name):
            card[name] = sent[name]
    return {"card": card}


def find(call: Call, intent_id: str) -> Json:
    """The intent, shown to whom it belongs: an app must know its client secret. Raises: ApiError."""
    intent = call.get("payment_intent", intent_id, param="intent")
    confirmation.check_client_secret(call, intent)
    return intent


def seen(call: Call, intent: Json) -> Json:
    """An app is told less than the server: no metadata, no customer, no charge."""
    if call.actor.is_server:
        return intent
    return {name: value for name, value in intent.items() if name in _SEEN_BY_APPS}


def retrieve(call: Call, intent_id: str) -> Json:
    return seen(call, find(call, intent_id))


def confirm(call: Call, intent_id: str) -> Json:
    refuse_unmodelled(call.params, _NOT_MODELLED)
    intent = find(call, intent_id)
    intent["payment_method_options"] = _options(intent["payment_method_options"], call.params)
    for name in ("capture_method", "receipt_email", "setup_future_usage"):
        if name in call.params:
            intent[name] = fields.unset_if_empty(call.params[name])
    if "shipping" in call.params:
        intent["shipping"] = fields.shipping(call.params["shipping"])
    return seen(call, confirmation.confirm(call, intent))


def update(call: Call, intent_id: str) -> Json:
    """Amount, currency, customer and payment method only before it is paid; texts and metadata at any time."""
    params = call.params
    refuse_unmodelled(params, _NOT_MODELLED)
    intent = call.get("payment_intent", intent_id, param="intent")
    for name in ("amount", "currency", "customer", "payment_method", "capture_method", "setup_future_usage"):
        if name in params and intent["status"] not in _BEFORE_PAYING:
            raise _not_updatable(intent, name)
    intent.update(fields.changes(params, (*_TEXTS, "capture_method", "setup_future_usage")))
    currency: str = params.get("currency") or intent["currency"]
    amount: int = params["amount"] if "amount" in params else intent["amount"]
    intent["currency"] = money.known_currency(currency)
    intent["amount"] = money.chargeable(amount, intent["currency"])
    if "shipping" in params:
        intent["shipping"] = fields.shipping(params["shipping"])
    if "customer" in params:
        intent["customer"] = call.customer_param()
    intent["payment_method_options"] = _options(intent["payment_method_options"], params)
    intent["metadata"] = fields.merged_metadata(intent["metadata"], params.get("metadata"))
    if "payment_method" in params or "payment_method_data" in params:
        confirmation.choose_method(call, intent)
    return call.save(intent)


def _not_updatable(intent: Json, name: str) -> ApiError:
    message = (
        f"This PaymentIntent's {name} could not be updated because it has a status of {intent['status']}. You may only "
        f"update the {name} of a PaymentIntent with one of the following statuses: {', '.join(_BEFORE_PAYING)}."
    )
    return unexpected_state(message, intent)


def capture(call: Call, intent_id: str) -> Json:
    """Take all or a part of what is held; the rest is released."""
    refuse_unmodelled(call.params, _NOT_MODELLED)
    intent = call.get("payment_intent", intent_id, param="intent")
    if intent["status"] != "requires_capture":
        raise _not_capturable(intent)
    held: int = intent["amount_capturable"]
    amount: int = call.params.get("amount_to_capture", held)
    money.positive(amount, "amount_to_capture")
    if amount > held:
        currency = intent["currency"]
        message = (
            f"The amount to capture ({money.written(amount, currency)}) is greater than the capturable amount "
            f"({money.written(held, currency)})."
        )
        raise ApiError(message, code="amount_too_large", param="amount_to_capture")
    if call.params.get("final_capture") is False:
        raise ApiError("Multiple captures are not available for this PaymentIntent.", param="final_capture")
    intent.update(fields.changes(call.params, ("statement_descriptor", "statement_descriptor_suffix")))
    intent["metadata"] = fields.merged_metadata(intent["metadata"], call.params.get("metadata"))
    charge = call.get("charge", intent["latest_charge"])
    charges.capture(call, charge, amount)
    refunds.release(call, charge, held - amount)
    call.emit("charge.captured", charge)
    confirmation.succeed(call, intent, charge)
    return intent


def _not_capturable(intent: Json) -> ApiError:
    status = intent["status"]
    if status == "succeeded":
        why = "it has already been captured."
    else:
        why = (
            f"it has a status of {status}. Only a PaymentIntent with one of the following statuses may be captured: "
            "requires_capture."
        )
    return unexpected_state(f"This PaymentIntent could not be captured because {why}", intent)


def cancel(call: Call, intent_id: str) -> Json:
    intent = call.get("payment_intent", intent_id, param="intent")
    if intent["status"] not in _CANCELABLE:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}."
        )
        raise unexpected_state(message, intent)
    if intent["status"] == "requires_capture":
        charge = call.get("charge", intent["latest_charge"])
        refunds.release(call, charge, charge["amount"])
        call.emit("charge.refunded", charge)
    elif hidden(intent).get("is_of_session"):
        raise unexpected_state(
            "You cannot cancel this PaymentIntent because it was created by Checkout. To cancel it, expire the "
            "Checkout Session.",
            intent,
        )
    return end(call, intent, call.params.get("cancellation_reason"))


def expire_hold(call: Call, intent_id: str) -> Json:
    """The authorization ran out: the money that was held is the customer's again. Raises: ApiError."""
    intent = call.get("payment_intent", intent_id, param="intent")
    if intent["status"] != "requires_capture":
        raise unexpected_state("This PaymentIntent holds no money.", intent)
    charge = call.get("charge", intent["latest_charge"])
    refunds.release(call, charge, charge["amount"])
    call.emit("charge.expired", charge)
    return end(call, intent, "automatic")


def end(call: Call, intent: Json, reason: str | None) -> Json:
    intent.update(
        status="canceled", canceled_at=call.now, cancellation_reason=reason, amount_capturable=0, next_action=None
    )
    return call.save(intent, "payment_intent.canceled")


def list_(call: Call) -> Json:
    return lists.page(call, "payment_intent", where={"customer": call.params.get("customer")})


def totals(call: Call) -> Json:
    """Per currency: captured, refunded, still held, lost in disputes. What was only released is not refunded."""
    names = ("captured", "refunded", "held", "disputed")
    sums: Json = {}

    def add(currency: str, name: str, amount: int) -> None:
        sums.setdefault(currency, dict.fromkeys(names, 0))[name] += amount

    for charge in call.store.all_of("charge", status="succeeded"):
        name = "captured" if charge["captured"] else "held"
        add(charge["currency"], name, charge["amount_captured"] or charge["amount"] - charge["amount_refunded"])
    for refund in call.store.all_of("refund"):
        if refund["status"] not in ("failed", "canceled") and not hidden(refund).get("released"):
            add(refund["currency"], "refunded", refund["amount"])
    for dispute in call.store.all_of("dispute"):
        if dispute["status"] not in ("won",) and not dispute["status"].startswith("warning_"):
            add(dispute["currency"], "disputed", dispute["amount"])
    return sums
