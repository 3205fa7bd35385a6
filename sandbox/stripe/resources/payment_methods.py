"""/v1/payment_methods and /v1/customers/{id}/payment_methods"""

from __future__ import annotations

import hashlib

from sandbox.stripe import cards, fields, lists
from sandbox.stripe.call import Call, hidden
from sandbox.stripe.cards import TestMethod
from sandbox.stripe.errors import ApiError, Json, missing, required
from sandbox.stripe.failures import card_error
from sandbox.stripe.ids import new_id

_RAW_CARD = (
    "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that "
    "map to the test card you are using, see https://stripe.com/docs/testing."
)
_USED_UP = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use "
    "a PaymentMethod multiple times, you must attach it to a Customer first."
)


def create(call: Call) -> Json:
    return make(call, call.params)


def make(call: Call, data: Json) -> Json:
    """A payment method from card data or a token. An app may send a card number, a server may not."""
    kind = data.get("type")
    if not kind:
        raise required("type")
    if kind != "card":
        raise ApiError(f"The Stripe stand-in does not model payment methods of type {kind}.", param="type")
    card = data.get("card") or {}
    source = card.get("token") or card.get("number")
    if not source:
        raise required("card")
    if "number" in card and call.actor.is_server:
        raise ApiError(_RAW_CARD, status=402, kind="card_error")
    behaviour = cards.find(str(source))
    if behaviour is None:
        number = "Your card number is incorrect."
        raise ApiError(number, status=402, kind="card_error", code="incorrect_number", param="number")
    method = _new(call, behaviour, data)
    if "exp_month" in card and "exp_year" in card:
        method["card"] |= {"exp_month": card["exp_month"], "exp_year": card["exp_year"]}
    return call.create(method)


def _new(call: Call, behaviour: TestMethod, data: Json) -> Json:
    method: Json = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": data.get("allow_redisplay") or "unspecified",
        "billing_details": fields.billing_details(data.get("billing_details")),
        "created": call.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": fields.merged_metadata({}, data.get("metadata")),
        "radar_options": {},
        "type": behaviour.type,
    }
    method[behaviour.type] = _card(behaviour) if behaviour.type == "card" else _sepa_debit(behaviour)
    hidden(method).update(behaviour=behaviour.token, set_up=False, used_up=False)
    return method


def _card(card: TestMethod) -> Json:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": _fingerprint(card),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _sepa_debit(account: TestMethod) -> Json:
    return {
        "bank_code": account.number[4:12],
        "branch_code": "",
        "country": account.country,
        "fingerprint": _fingerprint(account),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": account.number[-4:],
    }


def _fingerprint(method: TestMethod) -> str:
    return hashlib.sha256(method.number.encode()).hexdigest()[:16]


def behaviour_of(method: Json) -> TestMethod:
    token: str = hidden(method)["behaviour"]
    found = cards.find(token if token.startswith("pm_") else f"pm_card_{token}")
    assert found is not None
    return found


def usable(call: Call, method_id: str, *, param: str = "payment_method") -> Json:
    """The payment method, made anew if it is one of Stripe's test tokens. Raises: ApiError."""
    behaviour = cards.find(method_id) if method_id.startswith("pm_") else None
    if behaviour is not None:
        return call.create(_new(call, behaviour, {}))
    method = call.get("payment_method", method_id, param=param, status=400)
    if hidden(method)["used_up"]:
        raise ApiError(_USED_UP, param=param)
    return method


def retrieve(call: Call, method_id: str) -> Json:
    return call.get("payment_method", method_id, param="payment_method")


def update(call: Call, method_id: str) -> Json:
    method = call.get("payment_method", method_id, param="payment_method")
    changes = fields.changes(call.params, ("allow_redisplay",))
    if "billing_details" in call.params:
        changes["billing_details"] = fields.billing_details(call.params["billing_details"])
    if "card" in call.params:
        changes["card"] = method["card"] | call.params["card"]
    changes["metadata"] = fields.merged_metadata(method["metadata"], call.params.get("metadata"))
    return call.update(method, "payment_method.updated", **changes)


def attach(call: Call, method_id: str) -> Json:
    """A card that the bank refuses is not saved: 402."""
    customer_id = call.params.get("customer")
    if not customer_id:
        raise required("customer")
    call.living_customer(customer_id)
    method = usable(call, method_id)
    if method["customer"] not in (None, customer_id):
        raise ApiError("The payment method you provided has already been attached to a customer.")
    return attach_to(call, method, customer_id)


def attach_to(call: Call, method: Json, customer_id: str) -> Json:
    """Save the method for the customer. Raises: ApiError (402) if the bank refuses."""
    behaviour = behaviour_of(method)
    if not behaviour.can_be_saved and behaviour.declines:
        raise card_error(behaviour.declines)
    if method["customer"] != customer_id:
        method["customer"] = customer_id
        call.save(method, "payment_method.attached")
    return method


def detach(call: Call, method_id: str) -> Json:
    method = call.get("payment_method", method_id, param="payment_method")
    if call.actor.kind == "ephemeral":
        owner_only(call, method["customer"])
    if method["customer"] is None:
        raise ApiError("The payment method you provided is not attached to a customer so detachment is impossible.")
    return detach_from(call, method)


def detach_from(call: Call, method: Json) -> Json:
    """A detached method can never be used again."""
    hidden(method)["used_up"] = True
    return call.update(method, "payment_method.detached", customer=None)


def list_(call: Call) -> Json:
    params = call.params
    if call.actor.kind == "ephemeral":
        owner_only(call, params.get("customer"))
    names = ("customer", "type", "allow_redisplay")
    return lists.page(call, "payment_method", where={name: params.get(name) for name in names})


def list_of_customer(call: Call, customer_id: str) -> Json:
    call.get("customer", customer_id, param="customer")
    if call.actor.kind == "ephemeral":
        owner_only(call, customer_id)
    where = {"customer": customer_id, "type": call.params.get("type")}
    return lists.page(call, "payment_method", where=where)


def retrieve_of_customer(call: Call, customer_id: str, method_id: str) -> Json:
    method = call.get("payment_method", method_id, param="payment_method")
    if method["customer"] != customer_id:
        raise missing("PaymentMethod", method_id, param="payment_method")
    return method


def refuse_other(method: Json, customer_id: str | None) -> None:
    """Raises: ApiError if the payment method is saved for somebody else."""
    if method["customer"] == customer_id or method["customer"] is None:
        return
    if customer_id is None:
        message = (
            "The payment method supplied belongs to the Customer "
            f"{method['customer']}. Please include the Customer in the `customer` parameter."
        )
    else:
        message = (
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
            "attached to the customer."
        )
    raise ApiError(message, param="payment_method")


def owner_only(call: Call, customer_id: str | None) -> None:
    """An app's ephemeral key reaches what belongs to its own customer. Raises: ApiError (403)."""
    key = call.store.select_one("ephemeral_key", secret=call.actor.key)
    if key is None or hidden(key)["customer"] != customer_id or key["expires"] < call.now:
        raise ApiError("The ephemeral key does not give access to this resource.", status=403)
