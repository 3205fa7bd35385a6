"""What Stripe tells us by itself: only a hint what to read again."""

from collections.abc import Mapping
from typing import Any

from payments.providers.base import Notice, Topic

# What each kind of event is about. A kind that is not here, or is OTHER, changes nothing and is kept as ignored: what
# it tells, another event or the object itself tells as well.
TOPICS: Mapping[str, Topic] = {
    "payment_intent.created": Topic.PAYMENT,
    "payment_intent.succeeded": Topic.PAYMENT,
    "payment_intent.payment_failed": Topic.PAYMENT,
    "payment_intent.canceled": Topic.PAYMENT,
    "payment_intent.amount_capturable_updated": Topic.PAYMENT,
    "payment_intent.requires_action": Topic.PAYMENT,
    "payment_intent.processing": Topic.PAYMENT,
    "payment_intent.partially_funded": Topic.PAYMENT,
    "charge.expired": Topic.PAYMENT,  # a hold ran out
    "charge.captured": Topic.OTHER,  # payment_intent.succeeded
    "charge.failed": Topic.OTHER,  # payment_intent.payment_failed
    "charge.pending": Topic.OTHER,  # payment_intent.processing
    "charge.succeeded": Topic.OTHER,  # payment_intent.succeeded
    "charge.updated": Topic.OTHER,
    "charge.refunded": Topic.REFUND,
    "charge.refund.updated": Topic.REFUND,
    "refund.created": Topic.REFUND,
    "refund.updated": Topic.REFUND,
    "refund.failed": Topic.REFUND,
    "charge.dispute.created": Topic.DISPUTE,
    "charge.dispute.updated": Topic.DISPUTE,
    "charge.dispute.closed": Topic.DISPUTE,
    "charge.dispute.funds_withdrawn": Topic.DISPUTE,
    "charge.dispute.funds_reinstated": Topic.DISPUTE,
    "checkout.session.completed": Topic.PAGE,
    "checkout.session.expired": Topic.PAGE,
    "checkout.session.async_payment_succeeded": Topic.PAGE,
    "checkout.session.async_payment_failed": Topic.PAGE,
    "setup_intent.created": Topic.OTHER,  # cards are kept with a payment, never alone (ADR 16)
    "setup_intent.succeeded": Topic.OTHER,
    "setup_intent.setup_failed": Topic.OTHER,
    "setup_intent.requires_action": Topic.OTHER,
    "setup_intent.canceled": Topic.OTHER,
    "customer.created": Topic.OTHER,
    "customer.updated": Topic.OTHER,
    "customer.deleted": Topic.OTHER,
    "payment_method.attached": Topic.OTHER,
    "payment_method.detached": Topic.OTHER,
}


def read_notice(event: Any) -> Notice:
    subject, kind = event.data.object, str(event.type)
    topic = TOPICS.get(kind, Topic.OTHER)
    ref = ""
    if topic != Topic.OTHER:
        is_subject = kind.startswith(("payment_intent.", "checkout.session."))
        ref = subject.id if is_subject else subject.payment_intent or ""
    payload = event.to_dict(for_json=True)
    return Notice(event.id, kind, topic if ref else Topic.OTHER, ref=str(ref), payload=payload)
