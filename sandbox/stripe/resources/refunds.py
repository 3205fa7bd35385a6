"""/v1/refunds. What is refunded is never more than what is left of the charge."""

from __future__ import annotations

from sandbox.stripe import fields, lists, money
from sandbox.stripe.call import Call, hidden, refuse_unmodelled
from sandbox.stripe.errors import ApiError, Json, required
from sandbox.stripe.ids import new_id
from sandbox.stripe.resources import balance_transactions, disputes, payment_methods
from sandbox.stripe.store import public

_NOT_MODELLED = frozenset(
    {"currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"}
)
_FINAL = ("failed", "canceled")


def create(call: Call) -> Json:
    """The answer is the refund as it was made; a test card may make it fail right after."""
    refuse_unmodelled(call.params, _NOT_MODELLED)
    charge = _charge(call)
    _check_refundable(call, charge)
    amount = _amount(call.params, charge, disputes.taken(call, charge))
    behaviour = payment_methods.behaviour_of(call.get("payment_method", charge["payment_method"]))
    refund = _make(call, charge, amount, "pending" if behaviour.refund == "pending" else "succeeded")
    refund["balance_transaction"] = balance_transactions.for_refund(call, refund)
    call.save(refund, "refund.created")
    _charge_refunded(call, charge, amount)
    call.emit("charge.refunded", charge)
    answer: Json = public(refund)
    if refund["status"] == "succeeded":
        _tell_reference(call, refund)
    if behaviour.refund == "failed":
        fail(call, refund["id"])
    return answer


def _charge(call: Call) -> Json:
    intent = call.named("payment_intent", "payment_intent")
    charge = call.named("charge", "charge")
    if intent is None and charge is None:
        raise required("payment_intent", "charge")
    if intent is not None:
        latest = intent["latest_charge"]
        if charge is not None and charge["id"] != latest:
            raise ApiError(f"Charge {charge['id']} does not belong to PaymentIntent {intent['id']}.", param="charge")
        charge = call.find("charge", latest) if latest else None
    if charge is None or charge["status"] != "succeeded" or _is_released(charge):
        intent_id = intent["id"] if intent else charge["payment_intent"] if charge else ""
        raise ApiError(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
    return charge


def _is_released(charge: Json) -> bool:
    return not charge["captured"] and charge["refunded"]


def _check_refundable(call: Call, charge: Json) -> None:
    if not charge["captured"]:
        message = (
            f"This uncaptured Charge was created by a PaymentIntent ({charge['payment_intent']}). You must cancel the "
            "PaymentIntent to reverse the authorization instead of refunding the Charge directly."
        )
        raise ApiError(message)
    if charge["disputed"] and any(
        dispute["status"] not in ("won", "warning_closed") and not dispute["is_charge_refundable"]
        for dispute in call.store.all_of("dispute", charge=charge["id"])
    ):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(message, code="charge_disputed")
    if charge["amount_refunded"] >= charge["amount"]:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")


def _amount(params: Json, charge: Json, taken: int) -> int:
    left: int = charge["amount"] - charge["amount_refunded"] - taken
    amount = money.positive(params.get("amount", left))
    if amount > left:
        currency = charge["currency"]
        whole = left == charge["amount"]
        limit = "charge amount" if whole else "unrefunded amount on charge"
        asked, left_over = money.written(amount, currency), money.written(left, currency)
        raise ApiError(f"Refund amount ({asked}) is greater than {limit} ({left_over})", param="amount")
    return amount


def _make(call: Call, charge: Json, amount: int, status: str) -> Json:
    kind = charge["payment_method_details"]["type"]
    reference = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    refund: Json = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "destination_details": {kind: reference if kind == "card" else {}, "type": kind},
        "metadata": fields.merged_metadata({}, call.params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "pending":
        refund["pending_reason"] = "processing"
    return call.create(refund)


def _charge_refunded(call: Call, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
    call.save(charge)


def _tell_reference(call: Call, refund: Json) -> None:
    """The bank's reference comes a moment later, in an event of its own."""
    if refund["destination_details"]["type"] != "card":
        return
    card = {"reference": "4242424242424242", "reference_status": "available"}
    details = {"card": refund["destination_details"]["card"] | card, "type": "card"}
    _update(call, refund, destination_details=details)


def _update(call: Call, refund: Json, **changes: object) -> None:
    call.update(refund, "refund.updated", **changes)
    call.emit("charge.refund.updated", refund)


def release(call: Call, charge: Json, amount: int) -> None:
    """Give back what was only held. Stripe shows it as a refund of the charge that moved no money."""
    if amount <= 0:
        return
    refund = _make(call.with_params(), charge, amount, "succeeded")
    hidden(refund)["released"] = True
    if "card" in refund["destination_details"]:
        refund["destination_details"]["card"]["type"] = "reversal"
    call.save(refund)
    _charge_refunded(call, charge, amount)


def fail(call: Call, refund_id: str) -> Json:
    """The bank sent the money back: it is ours again, and can be refunded once more."""
    refund = call.get("refund", refund_id)
    _check_open(refund)
    returned = balance_transactions.for_failed_refund(call, refund)
    _charge_refunded(call, call.get("charge", refund["charge"]), -refund["amount"])
    _update(
        call,
        refund,
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=returned,
        pending_reason=None,
    )
    call.emit("refund.failed", refund)
    return refund


def succeed(call: Call, refund_id: str) -> Json:
    refund = call.get("refund", refund_id)
    _check_open(refund)
    _update(call, refund, status="succeeded", pending_reason=None)
    return refund


def require_action(call: Call, refund_id: str) -> Json:
    """The customer has to say where the money goes: the one status in which a refund can be canceled."""
    refund = call.get("refund", refund_id)
    _check_open(refund)
    _update(call, refund, status="requires_action", pending_reason=None)
    return refund


def _check_open(refund: Json) -> None:
    if refund["status"] in _FINAL:
        raise ApiError(f"The refund {refund['id']} is already {refund['status']}.")


def retrieve(call: Call, refund_id: str) -> Json:
    return call.get("refund", refund_id)


def update(call: Call, refund_id: str) -> Json:
    refund = call.get("refund", refund_id)
    metadata = fields.merged_metadata(refund["metadata"], call.params.get("metadata"))
    if metadata != refund["metadata"]:
        _update(call, refund, metadata=metadata)
    return refund


def cancel(call: Call, refund_id: str) -> Json:
    refund = call.get("refund", refund_id)
    if refund["status"] != "requires_action":
        message = f"You cannot cancel this refund because it has a status of {refund['status']}."
        raise ApiError(message)
    _charge_refunded(call, call.get("charge", refund["charge"]), -refund["amount"])
    _update(call, refund, status="canceled")
    return refund


def list_(call: Call) -> Json:
    names = ("charge", "payment_intent")
    return lists.page(call, "refund", where={name: call.params.get(name) for name in names})
