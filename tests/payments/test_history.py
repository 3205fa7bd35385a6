"""The statement in plain words, and every movement of a customer's money."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.time import today_in
from orders.models import Charge, ChargeKind, DepositPlan, Order
from payments.api.serializers import ENTRY_STATUSES, MOVEMENT_STATUSES
from payments.models import Deposit, Payment
from payments.selectors import statement
from payments.services import end_deposit, request_refund, secure_deposit, settle_deposit
from payments.states import DepositStatus, PaymentStatus, RefundStatus
from payments.words import Words
from tests.factories.accounts import UserFactory
from tests.factories.orders import OrderFactory
from tests.factories.payments import PaymentFactory, RefundFactory
from tests.jobs import run_jobs
from tests.shop import Shop

WORDS = Words("EUR", "Europe/Berlin")


def said(at: datetime) -> str:
    return WORDS.day(at)


def told(shop: Shop, order: Order) -> dict[str, Any]:
    return shop.phone().get(f"/api/v1/orders/{order.number}/statement").json()


def transactions(shop: Shop, query: str = "") -> dict[str, Any]:
    answer = shop.phone().get(f"/api/v1/transactions{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def balances(order: Order) -> None:
    """The identity: all lines add up to what is owed."""
    whole = statement(order)
    assert sum(entry.amount_minor for entry in whole.entries) == whole.balance_minor
    assert whole.balance_minor == whole.charged_minor - (whole.captured_minor - whole.refunded_minor)


# The statement


def test_every_line_of_a_statement_is_said_in_plain_words(shop: Shop) -> None:
    order = shop.paid(shop.sale(2))
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=980, reason="scratched", actor="staff:1")
    under_way = [entry["text"] for entry in told(shop, order)["entries"]]
    run_jobs()
    arrived = [entry["text"] for entry in told(shop, order)["entries"]]

    today = said(Payment.objects.get().succeeded_at)
    assert "9.80 EUR is on its way back to your card." in under_way
    assert arrived == [
        f"99.80 EUR was charged: Sale, 2 × {shop.bag.title}.",
        f"99.80 EUR was paid by card on {today}.",
        "9.80 EUR was credited: Scratched.",
        f"9.80 EUR went back to your card on {today}.",
    ]
    balances(order)


def test_an_open_payment_is_told_and_counts_for_nothing(shop: Shop) -> None:
    order = shop.order()
    PaymentFactory(order=order, pending=True)

    entries = told(shop, order)["entries"]

    assert entries[-1]["text"] == "A payment of 49.90 EUR waits for you in the app."
    assert entries[-1]["amount"]["amount"] == 0
    balances(order)


def test_a_failed_refund_is_told_as_still_owed(shop: Shop) -> None:
    order = shop.paid()
    RefundFactory(payment=Payment.objects.get(), amount_minor=500, failed=True)

    assert told(shop, order)["entries"][-1]["text"].endswith("the shop still owes it to you.")
    balances(order)


def test_deposits_stand_apart_from_the_balance(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    deposit = Deposit.objects.get()
    planned = told(shop, order)
    secure_deposit(deposit_id=deposit.pk)
    held = told(shop, order)

    deposit.refresh_from_db()
    assert planned["deposits"][0]["status"] == "planned"
    assert planned["deposits"][0]["text"] == (
        f"{WORDS.amount(deposit.amount_minor)} will be held on your card as a deposit on {said(deposit.due_at)}."
    )
    assert held["deposits"] == [
        {
            "plan": "hold",
            "status": "secured",
            "amount": {"amount": deposit.amount_minor, "currency": "EUR"},
            "kept": {"amount": 0, "currency": "EUR"},
            "text": f"{WORDS.amount(deposit.amount_minor)} is held on your card until {said(deposit.capture_before)}.",
        }
    ]
    assert held["balance"] == planned["balance"] == {"amount": 0, "currency": "EUR"}
    balances(order)


def test_what_is_kept_of_a_deposit_pays_and_the_rest_is_released(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 12))
    deposit = Deposit.objects.get()
    Charge.objects.create(order=order, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="torn mesh", actor="staff:1")
    _close(order)
    end_deposit(order_id=order.pk)
    settle_deposit(deposit_id=deposit.pk)

    answer = told(shop, order)
    deposit.refresh_from_db()
    rest = WORDS.amount(deposit.amount_minor - 1500)
    assert answer["deposits"][0]["kept"]["amount"] == 1500
    assert answer["deposits"][0]["text"] == (
        f"15.00 EUR of the deposit of {WORDS.amount(deposit.amount_minor)} was kept on {said(deposit.ended_at)}; "
        f"{rest} was released."
    )
    assert answer["entries"][-1]["text"] == f"15.00 EUR was paid from the deposit on {said(deposit.ended_at)}."
    assert answer["balance"]["amount"] == 0
    balances(order)


def _close(order: Order) -> None:
    for line in order.lines.all():
        line.rentals.update(status="closed")


NOON = datetime.fromisoformat("2031-05-03T12:00:00+00:00")
HOLD, CHARGED = DepositPlan.HOLD, DepositPlan.CHARGE
MISSING_SAID = "A deposit of 80.00 EUR is not secured yet"
CHARGE_SAID = "80.00 EUR was charged to your card as a deposit on 3 May 2031"
KEPT_SAID = "EUR of the deposit of 80.00 EUR was kept on 3 May 2031"


@pytest.mark.parametrize(
    ("plan", "status", "kept", "secured", "text"),
    [
        (HOLD, "planned", 0, False, "80.00 EUR will be held on your card as a deposit on 3 May 2031."),
        (CHARGED, "planned", 0, False, "80.00 EUR will be charged to your card as a deposit on 3 May 2031."),
        (HOLD, "unsecured", 0, False, f"{MISSING_SAID}: please do so in the app, as nothing leaves without it."),
        (HOLD, "secured", 0, True, "80.00 EUR is held on your card until 3 May 2031."),
        (CHARGED, "secured", 0, True, f"{CHARGE_SAID}; it goes back after the return."),
        (HOLD, "released", 0, False, "The deposit of 80.00 EUR is not needed any more."),
        (HOLD, "released", 0, True, "The deposit of 80.00 EUR was released on 3 May 2031."),
        (CHARGED, "released", 0, True, "The deposit of 80.00 EUR goes back to your card."),
        (CHARGED, "captured", 3000, True, f"30.00 {KEPT_SAID}; 50.00 EUR goes back to your card."),
        (HOLD, "captured", 8000, True, f"80.00 {KEPT_SAID}."),
    ],
)  # fmt: skip
def test_a_deposit_in_plain_words(plan: str, status: str, kept: int, secured: bool, text: str) -> None:
    ended = status in (DepositStatus.RELEASED, DepositStatus.CAPTURED)

    assert text == WORDS.deposit(
        plan,
        status,
        8000,
        kept_minor=kept,
        due_at=NOON,
        secured_at=NOON if secured else None,
        until=NOON if status == "secured" else None,
        ended_at=NOON if ended else None,
    )


def test_days_are_those_of_the_depot() -> None:
    late = datetime.fromisoformat("2031-12-31T23:30:00+00:00")

    assert Words("EUR", "Europe/Berlin").day(late) == "1 January 2032"
    assert Words("EUR", "America/New_York").day(late) == "31 December 2031"


def test_this_year_goes_without_saying() -> None:
    now = datetime.fromisoformat(f"{today_in('Europe/Berlin').year}-05-03T12:00:00+00:00")

    assert WORDS.day(now) == "3 May"


# Transactions


def test_every_movement_is_there_newest_first(shop: Shop) -> None:
    order = shop.paid(shop.rental(10, 12))
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=100, reason="late", actor="staff:1")
    run_jobs()
    secure_deposit(deposit_id=Deposit.objects.get().pk)
    other = shop.paid()

    rows = transactions(shop)["results"]

    assert [(row["order"], row["kind"], row["status"], row["amount"]["amount"]) for row in rows] == [
        (other.number, "payment", "succeeded", -4990),
        (order.number, "hold", "secured", 0),
        (order.number, "refund", "succeeded", 100),
        (order.number, "payment", "succeeded", -order.total_minor),
    ]
    assert rows[1]["text"].startswith(WORDS.amount(order.deposit_minor) + " is held on your card until")
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)


def test_a_deposit_that_is_charged_moves_money_both_ways(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 30))
    _close(order)
    end_deposit(order_id=order.pk)
    run_jobs()

    back, charged, _ = transactions(shop)["results"]

    assert (charged["kind"], charged["amount"]["amount"]) == ("payment", -order.deposit_minor)
    assert "was charged to your card as a deposit on" in charged["text"]
    assert (back["kind"], back["amount"]["amount"]) == ("refund", order.deposit_minor)
    assert "of your deposit went back to your card on" in back["text"]


def test_the_part_kept_of_a_hold_is_a_payment(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 12))
    Charge.objects.create(order=order, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="torn mesh", actor="staff:1")
    _close(order)
    end_deposit(order_id=order.pk)
    run_jobs()

    kept, hold, paid = transactions(shop)["results"]

    assert (kept["kind"], kept["amount"]["amount"]) == ("payment", -1500)
    assert kept["text"].startswith("15.00 EUR of the deposit that was held on your card was kept on")
    assert (hold["kind"], hold["status"]) == ("hold", "captured")
    assert paid["amount"]["amount"] == -order.total_minor


def history_of(customer: Any, orders: int) -> None:
    """Orders with a payment and a refund each, all at one instant: only the id tells them apart."""
    for _ in range(orders):
        payment = PaymentFactory(order=OrderFactory(confirmed=True, customer=customer), succeeded=True)
        RefundFactory(payment=payment, amount_minor=100, succeeded=True)
    same = datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    Payment.objects.filter(order__customer=customer).update(succeeded_at=same)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_pages_hold_every_movement_once_in_both_directions(shop: Shop, size: int) -> None:
    history_of(shop.customer, 9)
    history_of(UserFactory(), 2)
    whole = transactions(shop, "?page_size=100")["results"]
    assert len(whole) == 18

    page = transactions(shop, f"?page_size={size}")
    pages = [page["results"]]
    while page["next"]:
        page = shop.phone().get(page["next"]).json()
        pages.append(page["results"])
    back = [page["results"]]
    while page["previous"]:
        page = shop.phone().get(page["previous"]).json()
        back.insert(0, page["results"])

    assert [row for page in pages for row in page] == whole
    assert [row for page in back for row in page] == whole


def test_a_page_costs_one_statement_however_long_the_history(shop: Shop) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            transactions(shop, "?page_size=5")
        return len(captured)

    history_of(shop.customer, 1)
    few = statements()
    history_of(shop.customer, 12)

    assert statements() == few == 1


def test_others_movements_are_not_there(shop: Shop) -> None:
    shop.paid(customer=UserFactory())

    assert transactions(shop) == {"results": [], "next": None, "previous": None}


@pytest.mark.parametrize("cursor", ["nonsense", "cD1ub25zZW5zZQ==", "!!", "cD0yMDI2LTEzLTQw", "cD0A"])
def test_a_strange_cursor_is_refused(shop: Shop, cursor: str) -> None:
    answer = shop.phone().get("/api/v1/transactions", {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["errors"][0]["pointer"] == "#/cursor"


def test_what_never_moved_is_not_told(shop: Shop) -> None:
    PaymentFactory(order=shop.order(), declined=True)

    assert transactions(shop)["results"] == []
    assert PaymentStatus.PENDING in Payment.objects.values_list("status", flat=True)


def test_a_refund_under_way_is_told_and_has_not_moved(shop: Shop) -> None:
    payment = PaymentFactory(order=OrderFactory(confirmed=True, customer=shop.customer), succeeded=True)
    RefundFactory(payment=payment, amount_minor=100)
    Payment.objects.update(succeeded_at=payment.succeeded_at - timedelta(minutes=5))

    newest = transactions(shop)["results"][0]

    assert (newest["status"], newest["amount"]["amount"]) == (RefundStatus.REQUESTED, 0)
    assert newest["text"] == "1.00 EUR is on its way back to your card."


@pytest.mark.parametrize("status", [RefundStatus.WAITING, RefundStatus.DECLINED])
def test_a_refund_that_waits_for_approval_or_was_declined_is_nobodys_news(shop: Shop, status: RefundStatus) -> None:
    payment = PaymentFactory(order=OrderFactory(confirmed=True, customer=shop.customer), succeeded=True)
    declined_by = "staff:2" if status == RefundStatus.DECLINED else ""
    RefundFactory(payment=payment, amount_minor=100, status=status, declined_by=declined_by)

    assert [row["kind"] for row in transactions(shop)["results"]] == ["payment"]
    assert (status, status) not in [*ENTRY_STATUSES, *MOVEMENT_STATUSES]
