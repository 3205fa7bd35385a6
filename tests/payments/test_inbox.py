"""The inbox: every kind of event is about something we read again, or is knowingly ignored."""

from typing import Any

import pytest

from payments.models import Payment, ProviderEvent
from payments.providers.base import Topic
from payments.providers.stripe import TOPICS
from payments.services import process_event
from payments.states import EventStatus
from tests.factories.payments import ProviderEventFactory
from tests.jobs import run_jobs
from tests.shop import Shop

HANDLED = {
    Topic.PAYMENT: """
        payment_intent.succeeded payment_intent.payment_failed payment_intent.canceled payment_intent.processing
        payment_intent.amount_capturable_updated payment_intent.requires_action charge.expired
    """,
    Topic.PAGE: """
        checkout.session.completed checkout.session.expired checkout.session.async_payment_succeeded
        checkout.session.async_payment_failed
    """,
    Topic.REFUND: "charge.refunded refund.created refund.updated refund.failed",
    Topic.DISPUTE: """
        charge.dispute.created charge.dispute.updated charge.dispute.closed charge.dispute.funds_withdrawn
        charge.dispute.funds_reinstated
    """,
    Topic.OTHER: "setup_intent.succeeded setup_intent.setup_failed setup_intent.requires_action setup_intent.canceled",
}


@pytest.mark.parametrize("topic", HANDLED)
def test_every_kind_that_matters_is_in_the_table(topic: Topic) -> None:
    assert {kind: TOPICS.get(kind) for kind in HANDLED[topic].split()} == dict.fromkeys(HANDLED[topic].split(), topic)


def test_every_kind_that_the_gateway_told_a_whole_shop_of_is_in_the_table(shop: Shop) -> None:
    order = shop.ready(shop.rental(2, 4))
    shop.gateway.open_dispute(str(Payment.objects.get(purpose="order").provider_ref))
    shop.deliver_webhooks()
    run_jobs()

    assert order.payments.count() == 2
    assert set(ProviderEvent.objects.values_list("kind", flat=True)) <= set(TOPICS)
    settled = {EventStatus.PROCESSED, EventStatus.IGNORED}
    assert set(ProviderEvent.objects.values_list("status", flat=True)) == settled


def test_a_kind_that_nobody_here_knows_is_kept_and_ignored(shop: Shop) -> None:
    shop.paid()
    event = ProviderEventFactory(kind="account.updated", payload={"topic": "other", "event": {}})

    assert process_event(event_id=event.pk).status == EventStatus.IGNORED


def test_an_event_that_fails_for_good_alerts_once_and_is_a_dead_letter(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    event = ProviderEventFactory(object_ref="", payload={"topic": "nonsense", "event": {}})

    for _ in range(30):
        try:
            process_event(event_id=event.pk)
        except ValueError:
            continue
        break
    event.refresh_from_db()

    assert (event.status, event.attempts) == (EventStatus.PARKED, 10)
    assert "nonsense" in event.error
    assert caplog.text.count("gateway_event_parked") == 1
    settled: Any = process_event(event_id=event.pk)
    assert settled.attempts == 11
    assert caplog.text.count("gateway_event_parked") == 1
