"""/v1/checkout/sessions: a payment page that the customer is sent to. The page itself is in `pages`."""

from __future__ import annotations

from sandbox.stripe import cards, fields, lists, money
from sandbox.stripe.call import Call, hidden, refuse_unmodelled
from sandbox.stripe.errors import ApiError, Json, missing, required, words
from sandbox.stripe.ids import new_id
from sandbox.stripe.resources import payment_intents, setup_intents

_DAY = 86_400
_DONE = ("succeeded", "requires_capture", "processing")  # the customer has nothing left to do
_NOT_MODELLED = words(
    """
    automatic_tax custom_fields customer_account discounts invoice_creation managed_payments optional_items
    payment_method_configuration permissions shipping_options subscription_data
    """
)
_INTENT_DATA = words(
    """
    capture_method description metadata receipt_email setup_future_usage shipping statement_descriptor
    statement_descriptor_suffix transfer_group
    """
)


def create(call: Call) -> Json:
    params = call.params
    refuse_unmodelled(params, _NOT_MODELLED)
    mode = params.get("mode")
    if mode is None:
        raise required("mode")
    if mode == "subscription":
        raise ApiError("The Stripe stand-in does not model subscriptions.", param="mode")
    if "success_url" not in params:
        raise required("success_url")
    items = [_line_item(item, number) for number, item in enumerate(params.get("line_items", []))]
    if mode == "payment" and not items:
        raise required("line_items")
    session_id = new_id("cs_test", 58)
    session: Json = {
        **_empty(call),
        "id": session_id,
        "mode": mode,
        "payment_status": "unpaid" if mode == "payment" else "no_payment_required",
        "url": f"{call.base_url}/c/pay/{session_id}",
    }
    if items:
        session["currency"] = _currency(items)
        session["amount_subtotal"] = session["amount_total"] = sum(item["amount_total"] for item in items)
        session["total_details"] = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
        money.chargeable(session["amount_total"], session["currency"])
    keep = hidden(session)
    keep["line_items"] = items
    keep["intent_data"] = params.get("payment_intent_data" if mode == "payment" else "setup_intent_data") or {}
    refuse_unmodelled(keep["intent_data"], frozenset(keep["intent_data"]) - _INTENT_DATA)
    if "allowed_payment_method_types" in params:
        keep["allowed"] = params["allowed_payment_method_types"]
    return call.create(session)


def _empty(call: Call) -> Json:
    params = call.params
    return {
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": call.now,
        "currency": params.get("currency"),
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer": call.customer_param(),
        "customer_account": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": _expires_at(call),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": fields.merged_metadata({}, params.get("metadata")),
        "origin_context": params.get("origin_context"),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": params.get("allowed_payment_method_types") or ["card"],
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": None,
        "ui_mode": params.get("ui_mode", "hosted_page"),
        "wallet_options": None,
    }


def _expires_at(call: Call) -> int:
    at: int = call.params.get("expires_at", call.now + _DAY)
    if not call.now + 30 * 60 <= at <= call.now + _DAY:
        message = "The `expires_at` timestamp must be 30 minutes to 24 hours from Checkout Session creation."
        raise ApiError(message, param="expires_at")
    return at


def _line_item(item: Json, number: int) -> Json:
    price = item.get("price_data")
    if price is None or price.get("unit_amount") is None:
        message = "The Stripe stand-in models line items with price_data[unit_amount] only."
        raise ApiError(message, param=f"line_items[{number}]")
    quantity = item.get("quantity", 1)
    total = price["unit_amount"] * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": money.known_currency(price["currency"]),
        "description": (price.get("product_data") or {}).get("name"),
        "price": None,
        "quantity": quantity,
    }


def _currency(items: list[Json]) -> str:
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise ApiError("All prices on a Checkout session must use the same currency.", param="line_items")
    return str(currencies.pop())


def retrieve(call: Call, session_id: str) -> Json:
    """One whose time is over has ended by now."""
    session = call.get("checkout.session", session_id, param="session")
    return _end(call, session) if session["status"] == "open" and session["expires_at"] <= call.now else session


def update(call: Call, session_id: str) -> Json:
    session = call.get("checkout.session", session_id, param="session")
    refuse_unmodelled(call.params, frozenset(call.params) - {"metadata", "expand"})
    session["metadata"] = fields.merged_metadata(session["metadata"], call.params.get("metadata"))
    return call.save(session)


def expire(call: Call, session_id: str) -> Json:
    session = retrieve(call, session_id)
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}."
        )
        raise ApiError(message)
    return _end(call, session)


def run_out(call: Call, session_id: str) -> Json:
    """Its time is over: nobody can pay on it any more. Raises: ApiError if it is not open."""
    session = call.get("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise missing("checkout.session", session_id, param="session")
    session["expires_at"] = min(session["expires_at"], call.now)
    return _end(call, session)


def _end(call: Call, session: Json) -> Json:
    """What was tried on the page ends with it."""
    session.update(status="expired", url=None)
    intent = call.store.load(session["payment_intent"]) if session["payment_intent"] else None
    if intent is not None:
        payment_intents.end(call, intent, "expired")
    return call.save(session, "checkout.session.expired")


def list_(call: Call) -> Json:
    names = ("customer", "payment_intent", "status")
    return lists.page(call, "checkout.session", where={name: call.params.get(name) for name in names})


def line_items(call: Call, session_id: str) -> Json:
    session = call.get("checkout.session", session_id, param="session")
    return items_of(session)


def items_of(session: Json) -> Json:
    return lists.as_list(hidden(session)["line_items"], f"/v1/checkout/sessions/{session['id']}/line_items")


def pay(call: Call, session_id: str, payment_method: str) -> Json:
    """The customer pays on the page. A refusal leaves the session open; authentication leaves it waiting.

    payment_method: a test payment method or the number of a test card. Raises: ApiError, 402 when it is declined.
    """
    session = call.get("checkout.session", session_id, param="session")
    if session["status"] != "open" or session["expires_at"] <= call.now:
        raise missing("checkout.session", session_id, param="session")
    is_payment = session["mode"] == "payment"
    intent = _intent(call, session) if is_payment else _setup_intent(call, session)
    nouns = payment_intents if is_payment else setup_intents
    with_method = call.with_params(payment_method=_method(payment_method), return_url=session["url"])
    nouns.confirm(with_method, intent["id"])
    return finish(call, session)


def _method(typed: str) -> str:
    if not typed.isdigit():
        return typed
    card = cards.find(typed)
    if card is None:
        raise ApiError("Your card number is incorrect.", code="incorrect_number", param="number", status=402)
    return f"pm_card_{card.token}"


def success_url(session: Json) -> str:
    """Where the customer comes back to."""
    address: str = session["success_url"]
    return address.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _intent(call: Call, session: Json) -> Json:
    """Made when the customer first pays, as at Stripe: before that the session has none."""
    if session["payment_intent"] is None:
        data = {"amount": session["amount_total"], "currency": session["currency"], **hidden(session)["intent_data"]}
        if session["customer"]:
            data["customer"] = session["customer"]
        if "allowed" in hidden(session):
            data["allowed_payment_method_types"] = hidden(session)["allowed"]
        else:
            data["automatic_payment_methods"] = {"enabled": True}
        intent = payment_intents.create(call.with_params(**data))
        hidden(intent)["is_of_session"] = True
        call.save(intent)
        session["payment_intent"] = intent["id"]
        call.save(session)
    return call.get("payment_intent", session["payment_intent"])


def _setup_intent(call: Call, session: Json) -> Json:
    if session["setup_intent"] is None:
        data = dict(hidden(session)["intent_data"])
        if session["customer"]:
            data["customer"] = session["customer"]
        session["setup_intent"] = setup_intents.create(call.with_params(**data))["id"]
        call.save(session)
    return call.get("setup_intent", session["setup_intent"])


def finish(call: Call, session: Json) -> Json:
    """Complete the session if its intent is. Safe to repeat."""
    intent = call.store.load(session["payment_intent"] or session["setup_intent"])
    if session["status"] != "open" or intent is None or intent["status"] not in _DONE:
        return session
    session.update(status="complete", url=None, customer_details=_customer_details(call, session))
    if session["mode"] == "payment" and intent["status"] == "succeeded":
        session["payment_status"] = "paid"
    return call.save(session, "checkout.session.completed")


def settle_for(call: Call, intent_id: str, *, succeed: bool) -> None:
    """A debit that was given on a page arrived, or came back."""
    for session in call.store.all_of("checkout.session", payment_intent=intent_id):
        session["payment_status"] = "paid" if succeed else "unpaid"
        call.save(session, f"checkout.session.async_payment_{'succeeded' if succeed else 'failed'}")


def finish_for(call: Call, intent_id: str) -> None:
    """The customer authenticated: complete the session that waited for this intent, if one did."""
    for field in ("payment_intent", "setup_intent"):
        for session in call.store.all_of("checkout.session", **{field: intent_id}):
            finish(call, session)


def _customer_details(call: Call, session: Json) -> Json:
    customer = (call.find("customer", session["customer"]) if session["customer"] else None) or {}
    return {
        "address": customer.get("address"),
        "email": customer.get("email") or session["customer_email"],
        "name": customer.get("name"),
        "phone": customer.get("phone"),
        "tax_exempt": "none",
        "tax_ids": [],
    }
