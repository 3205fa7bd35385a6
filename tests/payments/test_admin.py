"""The staff pages of money: read by many, moved by few, and only by a refund with a reason."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from pytest_django import Settings

from orders.models import Order
from payments.models import Document, Payment, ProviderEvent, Refund
from payments.selectors import balance
from payments.services import issue_documents
from payments.states import EventStatus, RefundStatus
from tests.factories.orders import ChargeFactory, OrderFactory
from tests.factories.payments import PaymentFactory, ProviderEventFactory, RefundFactory
from tests.jobs import run_jobs, waiting_jobs
from tests.orders.desk import address, desk, said, who
from tests.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> Client:
    return desk("boss")


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        text_of(client.get(url))
    return len(captured)


def refund(
    client: Client, payment: Payment, amount: str, reason: str = "The zip was broken.", left: int | None = None
) -> Any:
    """What a browser sends from the form, opened just now unless `left` says what it said then."""
    fresh = Payment.objects.get(pk=payment.pk).refundable_minor
    sent = {"amount": amount, "reason": reason, "left": fresh if left is None else left}
    return client.post(address("payments_payment_refund", payment), sent)


def document() -> Document:
    """The receipt of a paid order."""
    order: Order = OrderFactory(confirmed=True)
    ChargeFactory(order=order, amount_minor=order.total_minor, reason="a bag")
    PaymentFactory(order=order, succeeded=True)
    return issue_documents(order_id=order.pk)[0]


# The pages


def test_every_list_and_every_page_opens(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True)
    rows = {
        "payment": payment,
        "refund": RefundFactory(payment=payment),
        "document": document(),
        "providerevent": ProviderEventFactory(),
    }

    for model, row in rows.items():
        assert boss.get(address(f"payments_{model}_changelist")).status_code == 200
        assert boss.get(address(f"payments_{model}_change", row)).status_code == 200
        assert boss.get(address(f"payments_{model}_history", row)).status_code == 200


@pytest.mark.parametrize("model", ["payment", "refund", "document", "providerevent"])
def test_a_list_costs_the_same_however_long_it_is(boss: Client, model: str) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            RefundFactory(payment=PaymentFactory(succeeded=True), requested_by=who(desk("boss")))
            ProviderEventFactory()
            document()

    more(3)
    url = address(f"payments_{model}_changelist")
    queries(boss, url)
    few = queries(boss, url)
    more(27)

    assert queries(boss, url) == few <= 8


def test_a_payment_page_costs_the_same_however_many_refunds_there_are(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True)
    url = address("payments_payment_change", payment)
    RefundFactory(payment=payment, amount_minor=100, requested_by=who(desk("boss")))
    queries(boss, url)
    few = queries(boss, url)
    for _ in range(5):
        RefundFactory(payment=payment, amount_minor=100, requested_by=who(desk("boss")))

    assert queries(boss, url) == few <= 14


def test_a_payment_is_found_by_order_reference_and_customer(boss: Client) -> None:
    mine = PaymentFactory(succeeded=True, order__customer__email="mia@example.com", provider_ref="pi_mine")
    PaymentFactory(succeeded=True)

    for asked in (mine.order.number, "pi_mine", "mia@"):
        found = text_of(boss.get(address("payments_payment_changelist"), {"q": asked}))
        assert f"/payment/{mine.pk}/change/" in found
        assert found.count("€49.90") == 2  # its amount, and captured


def test_a_parked_payment_asks_for_a_person_and_a_declined_one_says_why(boss: Client) -> None:
    parked, declined = PaymentFactory(parked=True), PaymentFactory(declined=True)

    listed = text_of(boss.get(address("payments_payment_changelist")))
    only = text_of(boss.get(address("payments_payment_changelist"), {"attention": "parked"}))

    assert "Parked" in listed
    assert "The card does not have enough money for this." in listed
    assert (str(parked.pk) in only, str(declined.pk) in only) == (True, False)
    assert parked.parked_reason in text_of(boss.get(address("payments_payment_change", parked)))


def test_a_failed_refund_reads_as_money_still_owed(boss: Client) -> None:
    failed = RefundFactory(failed=True)

    listed = text_of(boss.get(address("payments_refund_changelist")))
    page = text_of(boss.get(address("payments_refund_change", failed)))
    payments = text_of(boss.get(address("payments_payment_changelist"), {"attention": "owed"}))

    assert "Money still owed" in listed
    assert "expired_or_canceled_card" in page
    assert address("payments_payment_change", failed.payment) in page
    assert str(failed.payment_id) in payments


def test_the_page_of_a_payment_tells_its_refunds_and_the_orders_statement(boss: Client, shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    payment = Payment.objects.get()
    refund(boss, payment, "19.90")
    run_jobs()

    page = text_of(boss.get(address("payments_payment_change", payment)))

    for told in (order.number, "€99.80", "€19.90", "€79.90", "The zip was broken.", "Bo Boss", "Paid by card"):
        assert told in page, told


def test_the_page_of_a_document_and_of_its_order_lead_to_the_pdf(boss: Client) -> None:
    receipt = document()
    pdf = address("payments_document_pdf", receipt)

    page = text_of(boss.get(address("payments_document_change", receipt)))
    order = text_of(boss.get(address("orders_order_change", receipt.order)))
    paper = boss.get(pdf)

    for told in (receipt.number, "A bag", "€49.90", pdf, receipt.customer["name"]):
        assert told in page, told
    assert pdf in order
    assert receipt.number in order
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_who_may_not_see_documents_gets_no_pdf(db: None) -> None:
    receipt = document()

    assert desk("catalog").get(address("payments_document_pdf", receipt)).status_code == 403
    assert desk("clerk").get(address("payments_document_pdf", receipt)).status_code == 200
    assert Client().get(address("payments_document_pdf", receipt)).status_code == 302


@pytest.mark.parametrize(
    ("key", "base", "linked"),
    [
        ("sk_live_x", "", "https://dashboard.stripe.com/payments/pi_1"),
        ("rk_test_x", "", "https://dashboard.stripe.com/test/payments/pi_1"),
        ("sk_test_x", "http://127.0.0.1:8010", None),
        ("anything", "", None),
    ],
)
def test_only_real_keys_link_to_stripes_own_pages(
    boss: Client, settings: Settings, key: str, base: str, linked: str | None
) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, base
    payment = PaymentFactory(succeeded=True, provider_ref="pi_1")

    page = text_of(boss.get(address("payments_payment_change", payment)))

    assert "pi_1" in page
    assert (f'href="{linked}"' in page) if linked else ("dashboard.stripe.com" not in page)


def test_no_money_is_added_changed_or_deleted_by_a_form(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True)
    rows = {
        "payment": payment,
        "refund": RefundFactory(payment=payment),
        "document": document(),
        "providerevent": ProviderEventFactory(),
    }

    for model, row in rows.items():
        assert boss.post(address(f"payments_{model}_change", row), {"status": "cancelled"}).status_code == 403
        assert boss.post(address(f"payments_{model}_delete", row), {"post": "yes"}).status_code == 403
        assert boss.get(address(f"payments_{model}_add")).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        boss.post(address(f"payments_{model}_changelist"), chosen)
        row.refresh_from_db()


# Giving back


def test_the_refund_form_is_filled_with_what_is_left_and_shows_how_it_came_about(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True, amount_minor=4990, captured_minor=4990)
    RefundFactory(payment=payment, amount_minor=1000, succeeded=True)
    RefundFactory(payment=payment, amount_minor=500)

    asked = text_of(boss.get(address("payments_payment_refund", payment)))

    assert 'name="amount" value="34.90"' in asked
    for told in ("€49.90", "€10.00", "€5.00", "€34.90", "The customer&#x27;s statement will say"):
        assert told in asked or told.replace("&#x27;", "'") in asked, told


@pytest.mark.parametrize(
    ("amount", "reason", "told"),
    [
        ("49.91", "Broken.", "This is more than is left: €49.90."),
        ("0", "Broken.", "Write an amount above zero."),
        ("-5", "Broken.", "An amount cannot be less than nothing."),
        ("1.001", "Broken.", "EUR has 2 decimals, not more."),
        ("all of it", "Broken.", "Write an amount such as 49.90."),
        ("", "Broken.", "Write how much goes back."),
        ("10.00", "", "Write why, in words for the customer."),
        ("10.00", "   ", "Write why, in words for the customer."),
    ],
)
def test_a_refund_that_makes_no_sense_is_explained(boss: Client, amount: str, reason: str, told: str) -> None:
    payment = PaymentFactory(succeeded=True)

    answer = text_of(refund(boss, payment, amount, reason))

    assert escape(told) in answer
    assert not Refund.objects.exists()
    assert waiting_jobs() == []


def test_a_payment_is_refunded_in_part_twice_and_then_no_further(boss: Client, shop: Shop) -> None:
    order = shop.paid()
    payment = Payment.objects.get()

    first = refund(boss, payment, "20,00")
    second = refund(boss, payment, "29.90", "And the other zip as well.")
    third = boss.get(address("payments_payment_change", payment))
    run_jobs()

    payment.refresh_from_db()
    assert (first.status_code, second.status_code) == (302, 302)
    assert "€29.90 is on its way back" in said(second)
    assert address("payments_payment_refund", payment) not in text_of(third)
    assert (payment.refunded_minor, payment.refundable_minor) == (4990, 0)
    refunds = Refund.objects.order_by("id").values_list("amount_minor", "reason", "status", "requested_by")
    assert list(refunds) == [
        (2000, "The zip was broken.", RefundStatus.SUCCEEDED, who(boss)),
        (2990, "And the other zip as well.", RefundStatus.SUCCEEDED, who(boss)),
    ]
    assert int(shop.gateway.totals()["eur"]["refunded"]) == 4990
    assert balance(order.pk) == 0


def test_somebody_else_was_quicker_and_that_is_said(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True)
    opened = payment.refundable_minor
    refund(desk("boss"), payment, "40")

    answer = text_of(refund(boss, payment, "49.90", left=opened))

    assert "This is more than is left: €9.90." in answer
    assert Refund.objects.count() == 1


def test_a_page_that_is_sent_twice_gives_back_once(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True)
    opened = payment.refundable_minor

    refund(boss, payment, "10", left=opened)
    again = text_of(refund(boss, payment, "10", left=opened))

    assert Refund.objects.count() == 1
    assert "Something was given back since this page was opened." in again
    assert f'name="left" value="{opened - 1000}"' in again
    assert refund(boss, payment, "10").status_code == 302


def test_what_is_owed_already_is_said_before_it_is_given_back(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True)
    ChargeFactory(order=payment.order, amount_minor=3990)

    assert "Owed back already" in text_of(boss.get(address("payments_payment_refund", payment)))


def test_a_currency_without_decimals_is_typed_and_read_without_them(boss: Client) -> None:
    payment = PaymentFactory(succeeded=True, order__currency="JPY", order__total_minor=4990)

    asked = text_of(boss.get(address("payments_payment_refund", payment)))
    refused = text_of(refund(boss, payment, "10.5"))
    refund(boss, payment, "4000")

    assert 'name="amount" value="4990"' in asked
    assert "JPY has no decimals: write a whole number." in refused
    assert Refund.objects.get().amount_minor == 4000


# The inbox


def test_an_event_shows_what_the_gateway_said(boss: Client) -> None:
    event = ProviderEventFactory(parked=True, event_id="evt_told")

    page = text_of(boss.get(address("payments_providerevent_change", event)))

    assert event.error in page
    assert escape('"id": "evt_told"') in page


def test_a_secret_in_an_event_is_shown_to_nobody(boss: Client) -> None:
    intent = {"id": "pi_1", "client_secret": "pi_1_secret_x", "parts": [{"ephemeral_key_secret": "ek_x"}]}
    event = ProviderEventFactory(payload={"topic": "payment", "event": {"data": {"object": intent}}})

    page = text_of(boss.get(address("payments_providerevent_change", event)))

    assert "pi_1" in page
    assert "(left out)" in page
    assert "secret_x" not in page
    assert "ek_x" not in page


def test_a_secret_in_an_event_is_not_even_kept(shop: Shop) -> None:
    shop.pay(shop.order())
    shop.deliver_webhooks()

    kept = [event.payload["event"]["data"]["object"] for event in ProviderEvent.objects.filter(kind__contains="intent")]

    assert {intent["client_secret"] for intent in kept} == {"(left out)"}


@pytest.mark.parametrize(("state", "again"), [({}, True), ({"parked": True}, True), ({"processed": True}, False)])
def test_only_what_is_not_settled_is_replayed(boss: Client, state: dict[str, bool], again: bool) -> None:
    event = ProviderEventFactory(**state)
    page = text_of(boss.get(address("payments_providerevent_change", event)))

    boss.get(address("payments_providerevent_replay", event))
    nothing_yet = waiting_jobs()
    boss.post(address("payments_providerevent_replay", event))

    assert (address("payments_providerevent_replay", event) in page) is again
    assert nothing_yet == []
    assert waiting_jobs() == ([("payments.process_event", {"event_id": event.pk})] if again else [])


def test_selected_events_are_replayed_once_however_often_it_is_asked_for(boss: Client) -> None:
    events = [ProviderEventFactory(), ProviderEventFactory(parked=True), ProviderEventFactory(processed=True)]
    chosen = {"action": "replay_selected", "_selected_action": [event.pk for event in events]}

    for _ in range(2):
        answer = boss.post(address("payments_providerevent_changelist"), chosen)

    assert sorted(arguments["event_id"] for _, arguments in waiting_jobs()) == [event.pk for event in events[:2]]
    assert "Looked at again now: 2." in said(answer)
    assert "left as they are: 1." in said(answer)


def test_a_parked_event_is_settled_by_its_replay(boss: Client, shop: Shop) -> None:
    shop.pay(shop.order())
    Payment.objects.update(amount_minor=4991)
    shop.deliver_webhooks()
    run_jobs()
    parked = ProviderEvent.objects.get(status=EventStatus.PARKED, kind="payment_intent.succeeded")
    Payment.objects.update(amount_minor=4990)

    boss.post(address("payments_providerevent_replay", parked))
    run_jobs()

    parked.refresh_from_db()
    payment = Payment.objects.select_related("order").get()
    assert (parked.status, payment.captured_minor) == (EventStatus.PROCESSED, 4990)
    assert (payment.parked_reason, payment.order.status) == ("", "confirmed")


def test_money_of_a_parked_payment_can_be_given_back(boss: Client, shop: Shop) -> None:
    shop.pay(shop.order())
    Payment.objects.update(amount_minor=4991)
    shop.deliver_webhooks()
    run_jobs()

    typed = {"amount": "49.90", "reason": "The price was wrong.", "left": "4990"}
    boss.post(address("payments_payment_refund", Payment.objects.get()), typed)
    run_jobs()

    payment = Payment.objects.select_related("order").get()
    assert (payment.captured_minor, payment.refunded_minor) == (4990, 4990)
    assert payment.order.charges.total() == 4990  # nobody got anything for it yet: no goodwill


# Rights


@pytest.mark.parametrize(
    ("group", "opens", "refunds"),
    [("refunds", 200, True), ("auditor", 200, False), ("clerk", 403, False), ("catalog", 403, False)],
)
def test_each_group_sees_and_does_what_it_may(group: str, opens: int, refunds: bool) -> None:
    payment, event = PaymentFactory(succeeded=True), ProviderEventFactory(parked=True)
    who_asks = desk(group)

    page = who_asks.get(address("payments_payment_change", payment))
    inbox = who_asks.get(address("payments_providerevent_change", event))
    listed = who_asks.get(address("payments_providerevent_changelist"))

    assert {page.status_code, inbox.status_code, listed.status_code} == {opens}
    assert (address("payments_payment_refund", payment) in page.content.decode()) is refunds
    assert (address("payments_providerevent_replay", event) in inbox.content.decode()) is refunds
    assert ("replay_selected" in listed.content.decode()) is refunds


@pytest.mark.parametrize("group", ["auditor", "clerk", "catalog"])
def test_money_cannot_be_moved_by_who_may_not(group: str) -> None:
    payment, event = PaymentFactory(succeeded=True), ProviderEventFactory(parked=True)
    who_asks = desk(group)

    asked = who_asks.get(address("payments_payment_refund", payment))
    sent = refund(who_asks, payment, "10")
    replayed = who_asks.post(address("payments_providerevent_replay", event))
    who_asks.post(
        address("payments_providerevent_changelist"), {"action": "replay_selected", "_selected_action": event.pk}
    )

    assert (asked.status_code, sent.status_code, replayed.status_code) == (403, 403, 403)
    assert not Refund.objects.exists()
    assert waiting_jobs() == []


def test_who_may_see_payments_finds_them_from_the_order_and_others_do_not() -> None:
    order = OrderFactory(confirmed=True)

    seen = {g: "/payments/payment/" in text_of(desk(g).get(address("orders_order_change", order))) for g in
            ("refunds", "auditor", "clerk")}  # fmt: skip

    assert seen == {"refunds": True, "auditor": True, "clerk": False}
