"""Money as rows, without any gateway having been asked.

* PaymentFactory(), PaymentFactory(succeeded=True), also pending, declined, parked; amount_minor=... as needed
* RefundFactory(payment=payment, amount_minor=500), also succeeded, failed: the payment's sums agree
* RefundFactory(waiting=True): for a second person
* DisputeFactory(), also lost, inquiry; PaymentReconciliationFactory(findings=[...])
* ProviderEventFactory(parked=True), also processed, ignored
"""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from payments.models import Dispute, Payment, PaymentReconciliation, ProviderEvent, Refund
from payments.states import DisputeStatus, EventStatus, PaymentStatus, RefundStatus
from tests.factories.orders import OrderFactory


class PaymentFactory(DjangoModelFactory):
    """Our row exists, the gateway has not answered."""

    class Meta:
        model = Payment

    class Params:
        pending = factory.Trait(status=PaymentStatus.PENDING, known=True)
        declined = factory.Trait(status=PaymentStatus.PENDING, known=True, last_error="insufficient_funds")
        succeeded = factory.Trait(
            status=PaymentStatus.SUCCEEDED,
            known=True,
            captured_minor=factory.SelfAttribute("amount_minor"),
            succeeded_at=factory.LazyFunction(timezone.now),
        )
        parked = factory.Trait(known=True, parked_reason="The gateway captured 5000 of 4990.", parked_by="payment")
        known = False

    order = factory.SubFactory(OrderFactory, confirmed=True)
    amount_minor = factory.SelfAttribute("order.total_minor")
    currency = factory.SelfAttribute("order.currency")
    provider_ref = factory.Maybe(
        "known", yes_declaration=factory.Sequence(lambda n: f"pi_{n:06d}"), no_declaration=None
    )


class RefundFactory(DjangoModelFactory):
    """Asked for by a member of staff and on its way."""

    class Meta:
        model = Refund

    class Params:
        succeeded = factory.Trait(
            status=RefundStatus.SUCCEEDED, known=True, settled_at=factory.LazyFunction(timezone.now)
        )
        failed = factory.Trait(
            status=RefundStatus.FAILED,
            known=True,
            failure="expired_or_canceled_card",
            settled_at=factory.LazyFunction(timezone.now),
        )
        known = False

        waiting = factory.Trait(status=RefundStatus.WAITING)

    payment = factory.SubFactory(PaymentFactory, succeeded=True)
    amount_minor = 1000
    reason = "The zip was broken."
    requested_by = "clock"
    provider_ref = factory.Maybe(
        "known", yes_declaration=factory.Sequence(lambda n: f"re_{n:06d}"), no_declaration=None
    )

    @classmethod
    def _create(cls, model_class: type[Refund], *args: Any, **fields: Any) -> Refund:
        refund = super()._create(model_class, *args, **fields)
        payment = refund.payment
        if refund.status == RefundStatus.WAITING:
            payment.refund_waiting_minor += refund.amount_minor
        elif refund.status == RefundStatus.SUCCEEDED:
            payment.refunded_minor += refund.amount_minor
        elif refund.status not in (RefundStatus.FAILED, RefundStatus.DECLINED):
            payment.refund_pending_minor += refund.amount_minor
        payment.save(update_fields=["refunded_minor", "refund_pending_minor", "refund_waiting_minor"])
        return refund


class ProviderEventFactory(DjangoModelFactory):
    """Received, and not looked at yet."""

    class Meta:
        model = ProviderEvent

    class Params:
        processed = factory.Trait(
            status=EventStatus.PROCESSED, attempts=1, processed_at=factory.LazyFunction(timezone.now)
        )
        ignored = factory.Trait(status=EventStatus.IGNORED, attempts=1, processed_at=factory.LazyFunction(timezone.now))
        parked = factory.Trait(
            status=EventStatus.PARKED,
            attempts=1,
            error="No payment of ours is pi_unknown.",
            processed_at=factory.LazyFunction(timezone.now),
        )

    event_id = factory.Sequence(lambda n: f"evt_{n:06d}")
    kind = "payment_intent.succeeded"
    object_ref = factory.Sequence(lambda n: f"pi_{n:06d}")
    payload = factory.LazyAttribute(
        lambda o: {"topic": "payment", "event": {"id": o.event_id, "type": o.kind, "data": {"id": o.object_ref}}}
    )


class DisputeFactory(DjangoModelFactory):
    """The bank took the money and waits for our evidence; the payment's sum agrees."""

    class Meta:
        model = Dispute

    class Params:
        lost = factory.Trait(status=DisputeStatus.LOST, closed_at=factory.LazyFunction(timezone.now))
        inquiry = factory.Trait(is_inquiry=True, withdrawn_minor=0)

    payment = factory.SubFactory(PaymentFactory, succeeded=True)
    provider_ref = factory.Sequence(lambda n: f"du_{n:06d}")
    status = DisputeStatus.NEEDS_RESPONSE
    amount_minor = 3000
    withdrawn_minor = factory.SelfAttribute("amount_minor")
    reason = "product_not_received"
    opened_at = factory.LazyFunction(timezone.now)
    evidence_due_at = factory.LazyAttribute(lambda o: o.opened_at + timedelta(days=9))

    @classmethod
    def _create(cls, model_class: type[Dispute], *args: Any, **fields: Any) -> Dispute:
        dispute = super()._create(model_class, *args, **fields)
        dispute.payment.disputed_minor += dispute.withdrawn_minor
        dispute.payment.save(update_fields=["disputed_minor"])
        return dispute


class PaymentReconciliationFactory(DjangoModelFactory):
    """A comparison of last night that found nothing, or what `findings` says."""

    class Meta:
        model = PaymentReconciliation

    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyFunction(timezone.now)
    since = factory.LazyAttribute(lambda o: o.started_at - timedelta(days=30))
    payments, refunds, disputes = 120, 7, 1
    found = factory.LazyAttribute(lambda o: len(o.findings))
    left = factory.SelfAttribute("found")
    findings = factory.LazyFunction(list)
    outcome = factory.LazyAttribute(lambda o: "differences" if o.left else "equal")
    actor = "job"
