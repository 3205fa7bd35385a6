"""/v1/balance_transactions: what each charge, refund and dispute did to the balance."""

from __future__ import annotations

from sandbox.stripe import lists
from sandbox.stripe.call import Call
from sandbox.stripe.errors import Json
from sandbox.stripe.ids import new_id

_DAY = 86_400
_DISPUTE_FEE = 2_000


def retrieve(call: Call, transaction_id: str) -> Json:
    return call.get("balance_transaction", transaction_id)


def list_(call: Call) -> Json:
    names = ("source", "type", "currency")
    return lists.page(call, "balance_transaction", where={name: call.params.get(name) for name in names})


def for_charge(call: Call, charge: Json, amount: int) -> str:
    """Money came in, less a fee of 1.5 % and 25 minor units. Returns the transaction's id."""
    return _book(call, "charge", amount, charge, fee=round(amount * 0.015) + 25)


def for_refund(call: Call, refund: Json) -> str:
    return _book(call, "refund", -refund["amount"], refund)


def for_failed_refund(call: Call, refund: Json) -> str:
    return _book(call, "refund_failure", refund["amount"], refund)


def for_dispute(call: Call, dispute: Json, *, reinstated: bool = False) -> Json:
    sign = 1 if reinstated else -1
    fee = 0 if reinstated else _DISPUTE_FEE
    transaction_id = _book(call, "adjustment", sign * dispute["amount"], dispute, fee=fee)
    return call.get("balance_transaction", transaction_id)


def _book(call: Call, kind: str, amount: int, source: Json, *, fee: int = 0) -> str:
    currency = source["currency"]
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe fee",
        "type": "stripe_fee",
    }
    transaction = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": call.now + 2 * _DAY,
        "balance_type": "payments",
        "created": call.now,
        "currency": currency,
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [details] if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if source["object"] == "dispute" else kind,
        "source": source["id"],
        "status": "pending",
        "type": kind,
    }
    call.create(transaction)
    return str(transaction["id"])
