"""/v1/disputes: a customer asks the bank for the money back."""

from __future__ import annotations

from sandbox.stripe import fields, lists
from sandbox.stripe.call import Call
from sandbox.stripe.errors import ApiError, Json
from sandbox.stripe.ids import new_id
from sandbox.stripe.resources import balance_transactions

_ANSWER_BY_S = 9 * 86_400
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def open_(call: Call, charge: Json, amount: int | None, reason: str = "fraudulent", *, inquiry: bool = False) -> Json:
    """The bank takes the money back at once; an inquiry only asks. Raises: ApiError."""
    left = charge["amount_captured"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise ApiError(f"A dispute of this charge is about 1 to {left}.", param="amount")
    dispute: Json = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_TEXTS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": call.now + _ANSWER_BY_S,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _method_details(charge, inquiry=inquiry),
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    call.create(dispute, "charge.dispute.created")
    call.update(charge, "charge.updated", disputed=True)
    if not inquiry:
        dispute["balance_transactions"] = [balance_transactions.for_dispute(call, dispute)]
        call.save(dispute, "charge.dispute.funds_withdrawn")
    return dispute


def _method_details(charge: Json, *, inquiry: bool) -> Json | None:
    card = charge["payment_method_details"].get("card")
    if card is None:
        return None
    details = {
        "brand": card["brand"],
        "case_type": "inquiry" if inquiry else "chargeback",
        "network": card["network"],
        "network_reason_code": "10.4",
    }
    return {"card": details, "type": "card"}


def retrieve(call: Call, dispute_id: str) -> Json:
    return call.get("dispute", dispute_id)


def list_(call: Call) -> Json:
    names = ("charge", "payment_intent")
    return lists.page(call, "dispute", where={name: call.params.get(name) for name in names})


def update(call: Call, dispute_id: str) -> Json:
    """Evidence is kept; `submit` (true unless said otherwise) sends it to the bank."""
    dispute = call.get("dispute", dispute_id)
    changes: Json = {"metadata": fields.merged_metadata(dispute["metadata"], call.params.get("metadata"))}
    evidence = call.params.get("evidence")
    if evidence:
        _check_open(dispute)
        texts = {name: fields.unset_if_empty(evidence[name]) for name in _TEXTS if name in evidence}
        changes["evidence"] = dispute["evidence"] | texts
        changes["evidence_details"] = dispute["evidence_details"] | {"has_evidence": True}
        if call.params.get("submit", True):
            changes["evidence_details"] |= {"submission_count": 1, "submission_method": "manual"}
            changes["status"] = dispute["status"].replace("needs_response", "under_review")
    return call.update(dispute, "charge.dispute.updated", **changes)


def close(call: Call, dispute_id: str) -> Json:
    """We accept it: lost. It cannot be undone."""
    return decide(call, dispute_id, won=False)


def decide(call: Call, dispute_id: str, *, won: bool, rest_refundable: bool = True) -> Json:
    """The bank's last word. Won: the money comes back. Lost: what it was not about may be refunded, or may not."""
    dispute = call.get("dispute", dispute_id)
    _check_open(dispute)
    is_inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if is_inquiry else "won" if won else "lost"
    if not won and not is_inquiry:
        whole = dispute["amount"] >= call.get("charge", dispute["charge"])["amount_captured"]
        dispute["is_charge_refundable"] = rest_refundable and not whole
    call.save(dispute, "charge.dispute.closed")
    if won and not is_inquiry:
        dispute["balance_transactions"].append(balance_transactions.for_dispute(call, dispute, reinstated=True))
        dispute["is_charge_refundable"] = True
        call.save(dispute, "charge.dispute.funds_reinstated")
    return dispute


def taken(call: Call, charge: Json) -> int:
    """What banks have of a charge now."""
    moved = (
        one for dispute in call.store.all_of("dispute", charge=charge["id"]) for one in dispute["balance_transactions"]
    )
    back: int = sum(one["amount"] for one in moved)
    return -back


def _check_open(dispute: Json) -> None:
    if dispute["status"] not in _OPEN:
        raise ApiError("This dispute is already closed", code="dispute_already_closed")
