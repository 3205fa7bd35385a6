"""/v1/customer_sessions: what a payment sheet may show and do for a known customer."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.call import Call, refuse_unmodelled
from sandbox.stripe.errors import ApiError, Json, required
from sandbox.stripe.ids import random_text

_LASTS_S = 30 * 60
_PLAIN = ("active_entitlements", "buy_button", "customer_portal", "pricing_table")
_FEATURES: dict[str, Json] = {
    "customer_sheet": {
        "payment_method_allow_redisplay_filters": ["always"],
        "payment_method_remove": "disabled",
    },
    "mobile_payment_element": {
        "payment_method_allow_redisplay_filters": ["always"],
        "payment_method_redisplay": "disabled",
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
        "payment_method_save_allow_redisplay_override": None,
    },
    "payment_element": {
        "payment_method_allow_redisplay_filters": ["always"],
        "payment_method_redisplay": "disabled",
        "payment_method_redisplay_limit": 3,
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
        "payment_method_save_usage": None,
    },
}


def create(call: Call) -> Json:
    refuse_unmodelled(call.params, frozenset({"customer_account"}))
    customer = call.customer_param()
    if customer is None:
        raise required("customer")
    sent = call.params["components"]
    if not any(component.get("enabled") for component in sent.values()):
        raise ApiError("At least one component must be enabled.", param="components")
    components: Json = {name: {"enabled": bool(sent.get(name, {}).get("enabled"))} for name in _PLAIN}
    components |= {name: _component(sent.get(name), defaults) for name, defaults in _FEATURES.items()}
    return {
        "object": "customer_session",
        "client_secret": f"cuss_secret_{random_text(40)}",
        "components": components,
        "created": call.now,
        "customer": customer,
        "customer_account": None,
        "expires_at": call.now + _LASTS_S,
        "livemode": False,
    }


def _component(sent: Any, defaults: Json) -> Json:
    if not sent or not sent.get("enabled"):
        return {"enabled": False, "features": None}
    return {"enabled": True, "features": defaults | (sent.get("features") or {})}
