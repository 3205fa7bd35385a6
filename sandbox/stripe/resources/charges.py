"""/v1/charges. A charge is made by an intent, never by a caller."""

from __future__ import annotations

from sandbox.stripe import fields, lists
from sandbox.stripe.call import Call
from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import Json
from sandbox.stripe.ids import new_id, random_text
from sandbox.stripe.resources import balance_transactions

HOLD_S = 7 * 86_400
"""How long an authorization lasts, for a payment that the customer made himself."""


def retrieve(call: Call, charge_id: str) -> Json:
    return call.get("charge", charge_id)


def list_(call: Call) -> Json:
    names = ("customer", "payment_intent", "transfer_group")
    return lists.page(call, "charge", where={name: call.params.get(name) for name in names})


def update(call: Call, charge_id: str) -> Json:
    charge = call.get("charge", charge_id)
    changes = fields.changes(call.params, ("description", "receipt_email"))
    if "shipping" in call.params:
        changes["shipping"] = fields.shipping(call.params["shipping"])
    changes["metadata"] = fields.merged_metadata(charge["metadata"], call.params.get("metadata"))
    return call.update(charge, "charge.updated", **changes)


def make(call: Call, intent: Json, method: Json, *, status: str = "succeeded", authenticated: bool = False) -> Json:
    """An attempt to collect the intent's amount: authorized (`succeeded`, not yet captured), `pending` or `failed`."""
    is_card = method["type"] == "card"
    details = _card_details(call, intent, method, authenticated=authenticated) if is_card else _sepa_details(method)
    charge: Json = {
        "id": new_id("ch" if is_card else "py"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "STRIPE STAND-IN",
        "captured": False,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome("authorized", "Payment complete.", "approved_by_network"),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {method["type"]: details, "type": method["type"]},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    return call.create(charge)


def fail(call: Call, charge: Json, decline: Decline) -> None:
    kind = "blocked" if decline.blocked else "issuer_declined"
    seller = "Stripe blocked this payment as too risky." if decline.blocked else "The bank declined this payment."
    network = "not_sent_to_network" if decline.blocked else "declined_by_network"
    charge.update(
        status="failed",
        paid=False,
        failure_code=decline.code,
        failure_message=decline.message,
        outcome=_outcome(kind, seller, network, decline.decline_code),
    )
    call.save(charge, "charge.failed")


def capture(call: Call, charge: Json, amount: int) -> None:
    """Take the money. The charge keeps its amount; `amount_captured` says how much of it was taken."""
    charge.update(captured=True, paid=True, status="succeeded", amount_captured=amount)
    call.save(charge)


def book(call: Call, charge: Json) -> None:
    """The balance follows a moment later, told by an event of its own (`capture_method: automatic_async`)."""
    transaction = balance_transactions.for_charge(call, charge, charge["amount_captured"])
    call.update(charge, "charge.updated", balance_transaction=transaction)


def _outcome(kind: str, seller_message: str, network: str, reason: str | None = None) -> Json:
    return {
        "advice_code": "try_again_later" if kind == "issuer_declined" else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": reason,
        "risk_level": "highest" if kind == "blocked" else "normal",
        "risk_score": 90 if kind == "blocked" else 24,
        "seller_message": seller_message,
        "type": kind,
    }


def _card_details(call: Call, intent: Json, method: Json, *, authenticated: bool) -> Json:
    card = method["card"]
    same = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    details: Json = {
        **{name: card[name] for name in same},
        "amount_authorized": intent["amount"],
        "authorization_code": random_text(6),
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": random_text(15),
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": _three_d_secure() if authenticated else None,
    }
    if intent["capture_method"] == "manual":
        details["capture_before"] = call.now + HOLD_S
    return details


def _three_d_secure() -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": random_text(32),
        "version": "2.2.0",
    }


def _sepa_details(method: Json) -> Json:
    same = ("bank_code", "branch_code", "country", "fingerprint", "last4")
    return {**{name: method["sepa_debit"][name] for name in same}, "mandate": None}
