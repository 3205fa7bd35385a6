"""/v1/ephemeral_keys: lets one customer's app manage its own saved cards for an hour."""

from __future__ import annotations

from sandbox.stripe.call import Call, hidden, refuse_unmodelled
from sandbox.stripe.errors import Json, required
from sandbox.stripe.ids import new_id, random_text

_LASTS_S = 3600


def create(call: Call) -> Json:
    refuse_unmodelled(call.params, frozenset({"issuing_card", "nonce", "verification_session"}))
    customer = call.customer_param()
    if customer is None:
        raise required("customer")
    key: Json = {
        "id": new_id("ephkey"),
        "object": "ephemeral_key",
        "created": call.now,
        "expires": call.now + _LASTS_S,
        "livemode": False,
        "secret": f"ek_test_{random_text(60)}",
    }
    hidden(key)["customer"] = customer
    return call.create(key)


def delete(call: Call, key_id: str) -> Json:
    """It ends now. Stripe shows the key once more, without its secret."""
    key = call.get("ephemeral_key", key_id)
    key["expires"] = call.now
    call.save(key)
    return {name: value for name, value in key.items() if name != "secret"}
