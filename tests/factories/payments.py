"""Money as rows, without any gateway having been asked.

* PaymentFactory(), PaymentFactory(succeeded=True), also pending, declined, parked; amount_minor=... as needed
* RefundFactory(payment=payment, amount_minor=500), also succeeded, failed: the payment's sums agree
* ProviderEventFactory(parked=True), also processed, ignored
"""

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from payments.models import Payment, ProviderEvent, Refund
from payments.states import EventStatus, PaymentStatus, RefundStatus
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
        parked = factory.Trait(known=True, parked_reason="The gateway captured 5000 of 4990.")
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
        if refund.status == RefundStatus.SUCCEEDED:
            payment.refunded_minor += refund.amount_minor
        elif refund.status != RefundStatus.FAILED:
            payment.refund_pending_minor += refund.amount_minor
        payment.save(update_fields=["refunded_minor", "refund_pending_minor"])
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
