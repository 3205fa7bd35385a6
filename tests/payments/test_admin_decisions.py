"""The staff pages on which somebody decides about money: refunds above the limit, disputes, comparisons."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from payments.models import Payment, PaymentReconciliation, Refund
from payments.selectors import balance
from payments.states import DisputeDecision, RefundStatus
from tests.factories.orders import ChargeFactory
from tests.factories.payments import (
    DisputeFactory,
    PaymentFactory,
    PaymentReconciliationFactory,
    RefundFactory,
)
from tests.jobs import run_jobs, waiting_jobs
from tests.orders.desk import address, desk, said, who
from tests.payments.test_admin import text_of
from tests.shop import Shop

pytestmark = pytest.mark.django_db

FINDING = {
    "difference": "missing_here", "what": "refund", "ref": "re_123456789012", "order": "", "ours": "",
    "theirs": "succeeded: €10.00", "since": "2026-11-01T00:00:00+00:00", "repair": "read_again", "note": "",
    "result": "left",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _at_most_twenty(settings: Settings) -> None:
    settings.REFUND_APPROVAL_ABOVE = {"EUR": 20}


def ask(client: Client, payment: Payment, amount: str) -> Any:
    typed = {"amount": amount, "reason": "The zip was broken.", "left": payment.refundable_minor}
    return client.post(address("payments_payment_refund", payment), typed)


# Refunds above the limit


def test_a_large_refund_is_asked_for_by_one_and_approved_by_another(shop: Shop) -> None:
    order = shop.paid()
    anna, bo = desk("refunds"), desk("approvals")
    form = text_of(anna.get(address("payments_payment_refund", Payment.objects.get())))
    assert "Above €20.00 for one order, a second person must approve it first." in form

    asked = ask(anna, Payment.objects.get(), "30")
    assert "waits for a second person" in said(asked)
    refund = Refund.objects.get()
    mine = text_of(anna.get(address("payments_refund_change", refund)))
    theirs = text_of(bo.get(address("payments_refund_change", refund)))
    assert (address("payments_refund_approve", refund) in mine, "Waits for a second person" in mine) == (False, True)
    assert address("payments_refund_approve", refund) in theirs
    assert waiting_jobs("send_refund") == []

    done = bo.post(address("payments_refund_approve", refund), {"note": "I saw the photos."})
    run_jobs()

    refund.refresh_from_db()
    assert "on its way back" in said(done)
    assert (refund.status, refund.requested_by, refund.approved_by) == (RefundStatus.SUCCEEDED, who(anna), who(bo))
    assert balance(order.pk) == 0
    assert "I saw the photos." in text_of(anna.get(address("payments_refund_change", refund)))


def test_a_large_refund_is_declined_with_a_reason(shop: Shop) -> None:
    shop.paid()
    ask(desk("refunds"), Payment.objects.get(), "30")
    refund, bo = Refund.objects.get(), desk("approvals")

    without = bo.post(address("payments_refund_decline", refund), {"note": ""})
    bo.post(address("payments_refund_decline", refund), {"note": "She has had it already."})

    refund.refresh_from_db()
    assert "Write why not." in text_of(without)
    assert (refund.status, refund.declined_by) == (RefundStatus.DECLINED, who(bo))
    assert Payment.objects.get().refundable_minor == 4990


def test_who_asked_cannot_approve_even_with_the_right_and_may_take_it_back() -> None:
    boss = desk("boss")
    refund = RefundFactory(waiting=True, requested_by=who(boss))

    answer = boss.post(address("payments_refund_approve", refund), {"note": ""})
    refund.refresh_from_db()
    assert "somebody else must" in text_of(answer)
    assert refund.status == RefundStatus.WAITING

    boss.post(address("payments_refund_decline", refund), {"note": "My mistake."})
    refund.refresh_from_db()
    assert refund.status == RefundStatus.DECLINED


@pytest.mark.parametrize("group", ["refunds", "auditor", "clerk", "catalog"])
def test_nobody_else_says_yes_or_no(group: str) -> None:
    refund = RefundFactory(waiting=True, requested_by="staff:another")
    client = desk(group)

    answers = [
        client.post(address(f"payments_refund_{step}", refund), {"note": "x"}) for step in ("approve", "decline")
    ]

    refund.refresh_from_db()
    assert {answer.status_code for answer in answers} == {403}
    assert refund.status == RefundStatus.WAITING


# Disputes


def test_a_dispute_says_until_when_it_must_be_answered_and_where(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_live_x", ""
    row = DisputeFactory(provider_ref="du_1")
    boss = desk("boss")

    listed = text_of(boss.get(address("payments_dispute_changelist")))
    page = text_of(boss.get(address("payments_dispute_change", row)))
    order = text_of(boss.get(address("orders_order_change", row.payment.order)))

    assert "in 1\xa0week" in listed
    assert "Answer until" in page
    assert "https://dashboard.stripe.com/disputes/du_1" in page
    assert "Product not received" in page
    assert "Taken back by a bank" in order
    assert address("payments_dispute_change", row) in order


def test_what_must_be_answered_first_comes_first() -> None:
    sooner, later, closed = DisputeFactory(), DisputeFactory(), DisputeFactory(lost=True)  # the newest is closed

    listed = text_of(desk("boss").get(address("payments_dispute_changelist")))

    places = [listed.index(str(row.pk)) for row in (sooner, later, closed)]
    assert places == sorted(places)


def test_a_lost_dispute_is_written_off_or_its_customer_is_asked() -> None:
    row, other = DisputeFactory(lost=True), DisputeFactory(lost=True)
    for each in (row, other):
        ChargeFactory(order=each.payment.order, amount_minor=each.payment.amount_minor)
    boss = desk("approvals")

    form = text_of(boss.get(address("payments_dispute_write_off", row)))
    done = boss.post(address("payments_dispute_write_off", row), {"reason": "Too little evidence."})
    boss.post(address("payments_dispute_ask_customer", other), {"note": "She has the bag."})

    row.refresh_from_db()
    other.refresh_from_db()
    assert "€30.00" in form
    assert "€30.00 are credited" in said(done)
    assert (row.decision, other.decision) == (DisputeDecision.WRITE_OFF, DisputeDecision.ASK)
    assert (balance(row.payment.order_id), balance(other.payment.order_id)) == (0, 3000)
    assert "Too little evidence." in text_of(boss.get(address("payments_dispute_change", row)))


@pytest.mark.parametrize("group", ["refunds", "auditor", "clerk", "catalog"])
def test_lost_money_is_decided_about_only_by_who_may(group: str) -> None:
    row = DisputeFactory(lost=True)

    for step in ("write_off", "ask_customer"):
        answer = desk(group).post(address(f"payments_dispute_{step}", row), {"reason": "x", "note": "x"})
        assert answer.status_code == 403

    row.refresh_from_db()
    assert row.decision == DisputeDecision.NONE


# Comparisons


def test_a_comparison_says_in_plain_words_what_differs() -> None:
    order = PaymentFactory(succeeded=True).order
    row = PaymentReconciliationFactory(findings=[FINDING | {"order": order.number}])

    page = text_of(desk("refunds").get(address("payments_paymentreconciliation_change", row)))

    for told in (order.number, "It has this, and we do not.", "Still there", "Succeeded: €10.00", "Compare now…"):
        assert told in page, told


def test_a_comparison_is_asked_for_once(caplog: pytest.LogCaptureFixture) -> None:
    client = desk("refunds")

    for _ in range(2):
        client.post(address("payments_paymentreconciliation_compare_now"), {"days": "7", "repair": "on"})

    assert waiting_jobs("payments.reconcile") == [
        ("payments.reconcile", {"days": 7, "repair": True, "actor": who(client)})
    ]


def test_who_may_only_look_starts_no_comparison() -> None:
    answer = desk("auditor").post(address("payments_paymentreconciliation_compare_now"), {"days": "7"})

    assert answer.status_code == 403
    assert not PaymentReconciliation.objects.exists()
    assert waiting_jobs() == []


# All of them


@pytest.mark.parametrize(
    ("model", "make"),
    [("dispute", DisputeFactory), ("paymentreconciliation", PaymentReconciliationFactory)],
)
def test_a_list_costs_the_same_however_long_it_is_and_every_page_opens(model: str, make: Any) -> None:
    boss, url = desk("boss"), address(f"payments_{model}_changelist")

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(boss.get(url))
        return len(captured)

    rows = [make() for _ in range(3)]
    cost()
    few = cost()
    for _ in range(20):
        make()

    assert cost() == few <= 8
    assert text_of(boss.get(address(f"payments_{model}_change", rows[0])))


def test_the_first_page_counts_what_waits() -> None:
    RefundFactory(waiting=True)
    DisputeFactory()
    DisputeFactory(lost=True)
    PaymentReconciliationFactory(findings=[FINDING])

    page = text_of(desk("auditor").get("/admin/"))

    for tile in (
        "Refunds to approve",
        "Disputes to answer",
        "Lost disputes to decide",
        "Differences with the gateway",
    ):
        assert tile in page, tile
