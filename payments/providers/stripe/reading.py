"""Stripe's objects, read in our words."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import stripe

from payments.providers.base import (
    RemoteDispute,
    RemoteDisputeStatus,
    RemotePage,
    RemotePayment,
    RemoteRefund,
    RemoteStatus,
)
from payments.providers.stripe.calls import decline

_PAYMENT_STATUS = {
    "processing": RemoteStatus.PROCESSING,
    "requires_capture": RemoteStatus.AUTHORISED,
    "succeeded": RemoteStatus.SUCCEEDED,
    "canceled": RemoteStatus.CANCELLED,
}  # requires_payment_method, requires_confirmation, requires_action: pending
_REFUND_STATUS = {
    "succeeded": RemoteStatus.SUCCEEDED,
    "failed": RemoteStatus.FAILED,
    "canceled": RemoteStatus.FAILED,
}
_DISPUTE_STATUS = {
    "warning_needs_response": RemoteDisputeStatus.NEEDS_RESPONSE,
    "warning_under_review": RemoteDisputeStatus.UNDER_REVIEW,
    "warning_closed": RemoteDisputeStatus.DROPPED,
    "needs_response": RemoteDisputeStatus.NEEDS_RESPONSE,
    "under_review": RemoteDisputeStatus.UNDER_REVIEW,
    "appeal_needs_response": RemoteDisputeStatus.NEEDS_RESPONSE,
    "appeal_under_review": RemoteDisputeStatus.UNDER_REVIEW,
    "won": RemoteDisputeStatus.WON,
    "lost": RemoteDisputeStatus.LOST,
    "prevented": RemoteDisputeStatus.DROPPED,
}


def read_payment(intent: stripe.PaymentIntent) -> RemotePayment:
    metadata = _metadata(intent)
    status = _PAYMENT_STATUS.get(intent.status, RemoteStatus.PENDING)
    failed = intent.last_payment_error if status == RemoteStatus.PENDING else None
    return RemotePayment(
        ref=intent.id,
        status=status,
        amount_minor=intent.amount,
        captured_minor=intent.amount_received or 0,
        currency=intent.currency.upper(),
        payment_id=_uuid(metadata.get("payment_id")),
        order_number=metadata.get("order", ""),
        client_secret=intent.client_secret or "",
        last_error=decline(failed) if failed else "",
        capture_before=_capture_before(intent) if status == RemoteStatus.AUTHORISED else None,
        customer_ref=str(intent.customer or ""),
        card_ref=str(intent.payment_method or ""),
        keeps_card=intent.setup_future_usage == "off_session",
        made_at=datetime.fromtimestamp(intent.created, UTC),
    )


def _capture_before(intent: stripe.PaymentIntent) -> datetime | None:
    """Until when the bank keeps what is held; told by the charge, which is read along."""
    charge = intent.latest_charge
    card = getattr(getattr(charge, "payment_method_details", None), "card", None)
    moment = getattr(card, "capture_before", None)
    return datetime.fromtimestamp(moment, UTC) if moment else None


def read_page(session: stripe.checkout.Session) -> RemotePage:
    return RemotePage(
        ref=session.id,
        is_open=session.status == "open",
        url=session.url or "",
        payment_ref=str(session.payment_intent or ""),
    )


def read_refund(refund: stripe.Refund, payment_ref: str) -> RemoteRefund:
    return RemoteRefund(
        ref=refund.id,
        payment_ref=payment_ref,
        status=_REFUND_STATUS.get(refund.status or "", RemoteStatus.PENDING),
        amount_minor=refund.amount,
        refund_id=_uuid(_metadata(refund).get("refund_id")),
        failure=getattr(refund, "failure_reason", None) or "",
        made_at=datetime.fromtimestamp(refund.created, UTC),
    )


def read_dispute(dispute: stripe.Dispute) -> RemoteDispute:
    due = dispute.evidence_details.due_by
    status = _DISPUTE_STATUS.get(dispute.status, RemoteDisputeStatus.UNDER_REVIEW)
    return RemoteDispute(
        ref=dispute.id,
        payment_ref=str(dispute.payment_intent),
        status=status,
        amount_minor=dispute.amount,
        withdrawn_minor=_withdrawn(dispute),
        currency=dispute.currency.upper(),
        is_inquiry=dispute.status.startswith("warning_"),
        is_refundable=dispute.is_charge_refundable,
        opened_at=datetime.fromtimestamp(dispute.created, UTC),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        reason=dispute.reason,
    )


def _withdrawn(dispute: stripe.Dispute) -> int:
    """What the bank has of us now. Booked in another currency than the payment's, it has all of it or nothing."""
    taken = -sum(moved.amount for moved in dispute.balance_transactions)
    if any(moved.currency != dispute.currency for moved in dispute.balance_transactions):
        return dispute.amount if taken > 0 else 0
    return min(max(0, taken), dispute.amount)


def is_release(refund: stripe.Refund) -> bool:
    """Stripe shows what is let go of a hold as a refund of it, though no money came."""
    card = getattr(refund.destination_details, "card", None)
    return getattr(card, "type", "") == "reversal" and refund.balance_transaction is None


def _metadata(resource: Any) -> dict[str, str]:
    return resource.metadata.to_dict() if resource.metadata else {}


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
