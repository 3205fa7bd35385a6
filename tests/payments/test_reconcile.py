"""Every difference with the gateway is found, named, and repaired where that can do no harm."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from orders.models import Charge, Order
from orders.services import cancel_order
from orders.states import OrderStatus
from payments import jobs
from payments.models import Dispute, Payment, PaymentReconciliation, Refund
from payments.providers.base import ProviderUnavailable
from payments.providers.registry import get_provider
from payments.selectors import balance
from payments.services import forget_old_reconciliations, reconcile_payments, request_refund
from payments.services.reconcile import Report
from payments.states import PaymentStatus, RefundStatus
from sandbox.stripe.client import InProcessHTTPClient
from tests.contracts.gateways import new_payment
from tests.factories.payments import PaymentFactory, RefundFactory
from tests.jobs import forget_jobs, run_jobs
from tests.payments.money import kept_at_gateway
from tests.shop import Shop


@pytest.fixture(autouse=True)
def _at_once(settings: Settings) -> None:
    settings.PAYMENTS_SETTLE = 0


def look(*, repair: bool = False) -> Report:
    return reconcile_payments(since=timezone.now() - timedelta(days=30), repair=repair)


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(f.what, f.difference, f.repair) for f in report.findings]


def unheard(shop: Shop, something: Callable[[], Any]) -> None:
    shop.gateway.set_webhooks(mode="drop")
    something()
    shop.gateway.set_webhooks()
    forget_jobs()


def ref() -> str:
    return str(Payment.objects.latest("id").provider_ref)


# Equal


def test_a_shop_that_heard_everything_is_equal(shop: Shop) -> None:
    shop.ready(shop.rental(2, 4))
    shop.paid()
    request_refund(payment_id=Payment.objects.latest("id").pk, amount_minor=1000, reason="sorry", actor="clock")
    run_jobs()
    shop.gateway.open_dispute(ref(), 2000)
    shop.deliver_webhooks()
    run_jobs()

    report = look()

    assert told(report) == []
    assert (report.payments, report.refunds, report.disputes) == (3, 1, 1)
    kept = PaymentReconciliation.objects.get()
    assert (kept.outcome, kept.found, kept.payments) == ("equal", 0, 3)


def test_what_others_do_in_the_same_account_is_not_ours(shop: Shop) -> None:
    get_provider().create_payment(new_payment(amount_minor=900, order_number="OTHER-SHOP"))

    assert told(look()) == []


# What differs, and its repair


def paid_unheard(shop: Shop) -> None:
    unheard(shop, lambda: shop.pay(shop.order()))


def answer_lost(shop: Shop) -> None:
    """It was made and paid there, and we do not even know its reference."""
    paid_unheard(shop)
    Payment.objects.update(provider_ref=None, status=PaymentStatus.CREATED)


def stray_unpaid(shop: Shop) -> None:
    """A second one for a row of ours; nobody has its secret, or everybody."""
    order = shop.paid()
    payment = Payment.objects.get()
    get_provider().create_payment(new_payment(payment_id=payment.pk, amount_minor=4990, order_number=order.number))


def cancelled_there(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order, "pm_card_chargeDeclined")
    unheard(shop, lambda: get_provider().cancel_payment(ref()))


def captured_otherwise(shop: Shop) -> None:
    shop.paid()
    Payment.objects.update(captured_minor=4000)


def refunded_there(shop: Shop) -> None:
    shop.paid()
    unheard(shop, lambda: shop.gateway.dashboard_refund(ref(), 1000))


def refund_failed_there(shop: Shop) -> None:
    shop.paid()
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=1000, reason="sorry", actor="clock")
    run_jobs()
    shop.deliver_webhooks()
    run_jobs()
    unheard(shop, lambda: shop.gateway.fail_refund(str(Refund.objects.get().provider_ref)))


def refund_never_sent(shop: Shop) -> None:
    shop.paid()
    with time_machine.travel(timezone.now() + timedelta(seconds=1)):
        request_refund(payment_id=Payment.objects.get().pk, amount_minor=1000, reason="sorry", actor="clock")
    forget_jobs()


def disputed_there(shop: Shop) -> None:
    shop.paid()
    unheard(shop, lambda: shop.gateway.open_dispute(ref(), 2000))


def won_there(shop: Shop) -> None:
    shop.paid()
    opened = shop.gateway.open_dispute(ref(), 2000)
    shop.deliver_webhooks()
    run_jobs()
    unheard(shop, lambda: shop.gateway.close_dispute(opened["id"], won=True))


def cancelled_and_forgotten(shop: Shop) -> None:
    order = shop.paid()
    cancel_order(order_id=order.pk, actor="customer:x")
    forget_jobs()


REPAIRED: dict[Callable[[Shop], None], list[tuple[str, str, str]]] = {
    paid_unheard: [("payment", "amount", "read_again")],
    answer_lost: [("payment", "missing_here", "read_again")],
    stray_unpaid: [("payment", "missing_here", "cancel_there")],
    cancelled_there: [("payment", "status", "read_again")],
    captured_otherwise: [("payment", "amount", "read_again")],
    refunded_there: [("refund", "missing_here", "read_again")],
    refund_never_sent: [("refund", "missing_there", "send_again")],
    disputed_there: [("dispute", "missing_here", "read_again")],
    won_there: [("dispute", "amount", "read_again")],
    cancelled_and_forgotten: [("order", "unsettled", "settle")],
}


@pytest.mark.parametrize("story", REPAIRED, ids=lambda story: story.__name__)
def test_a_difference_is_found_and_repaired(shop: Shop, story: Callable[[Shop], None]) -> None:
    story(shop)

    found = look()
    assert told(found) == REPAIRED[story]
    assert all(finding.since and finding.order for finding in found.findings)
    repaired = look(repair=True)
    run_jobs()

    assert [(f.what, f.result) for f in repaired.findings] == [(REPAIRED[story][0][0], "repaired")]
    assert repaired.left == 0
    assert told(look()) == []
    owed = sum(balance(pk) for pk in Order.objects.values_list("pk", flat=True))
    disputed = int(shop.gateway.totals().get("eur", {"disputed": 0})["disputed"])
    charged = sum(order.charges.total() for order in Order.objects.all())
    assert charged - owed == kept_at_gateway(shop) - disputed


def test_a_refund_that_failed_unheard_is_read_again_and_its_money_then_waits_for_a_person(shop: Shop) -> None:
    refund_failed_there(shop)
    assert told(look()) == [("refund", "status", "read_again")]

    report = look(repair=True)

    assert [(f.what, f.difference, f.result) for f in report.findings] == [
        ("order", "unsettled", "left"),
        ("refund", "status", "repaired"),
    ]
    assert report.findings[0].note == "a refund failed: give it back another way, or ask for it anew"


def test_looking_changes_nothing(shop: Shop) -> None:
    paid_unheard(shop)

    look()

    assert Payment.objects.get().captured_minor == 0


def test_every_paid_intent_ends_as_a_confirmed_order_or_a_refund(shop: Shop) -> None:
    in_time, late = shop.order(), shop.order()
    unheard(shop, lambda: shop.pay(in_time))
    unheard(shop, lambda: shop.pay(late))
    Order.objects.filter(pk=late.pk).update(status=OrderStatus.CANCELLED)
    Charge.objects.create(order=late, kind="cancellation", amount_minor=-4990, reason="cancelled", actor="clock")

    for _ in range(2):  # what one repair finds is the next one's
        look(repair=True)
        run_jobs()

    assert told(look()) == []
    assert Order.objects.get(pk=in_time.pk).status == OrderStatus.CONFIRMED
    assert Refund.objects.get(payment__order=late).status == RefundStatus.SUCCEEDED
    assert kept_at_gateway(shop) == 4990


# What waits for a person


def of_another_order(shop: Shop) -> None:
    shop.paid()
    other = shop.order()
    Payment.objects.update(order=other)


def unknown_there(_shop: Shop) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1)):
        PaymentFactory(pending=True, provider_ref="pi_nobody")


def refund_unknown_there(shop: Shop) -> None:
    shop.paid()
    RefundFactory(payment=Payment.objects.get(), succeeded=True)


def paid_by_nobody(shop: Shop) -> None:
    made = get_provider().create_payment(new_payment(payment_id=uuid4(), amount_minor=4990, order_number="CT-NO"))
    shop.gateway.confirm(made.ref)


def parked(shop: Shop) -> None:
    shop.pay(shop.order())
    Payment.objects.update(amount_minor=4991)
    shop.deliver_webhooks()
    run_jobs()


LEFT: dict[Callable[[Shop], None], tuple[str, str]] = {
    of_another_order: ("payment", "mismatch"),
    unknown_there: ("payment", "missing_there"),
    refund_unknown_there: ("refund", "missing_there"),
    paid_by_nobody: ("payment", "missing_here"),
    parked: ("payment", "parked"),
}


@pytest.mark.parametrize("story", LEFT, ids=lambda story: story.__name__)
def test_what_no_machine_may_decide_is_left_with_a_reason(shop: Shop, story: Callable[[Shop], None]) -> None:
    story(shop)

    report = look(repair=True)

    what, difference = LEFT[story]
    finding = next(f for f in report.findings if f.what == what)
    assert finding.difference in (difference, "parked")
    assert finding.result in ("", "left")
    assert finding.note
    assert report.left >= 1


def test_with_another_account_nothing_is_asked_for_one_by_one(shop: Shop, settings: Settings) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1)):
        for payment in PaymentFactory.create_batch(25, succeeded=True):
            RefundFactory(payment=payment)
    asked: list[str] = []

    class Counting(InProcessHTTPClient):
        def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
            asked.append(url)
            return super().request(method, url, *args, **more)

    settings.STRIPE_HTTP_CLIENT = Counting(shop.gateway)

    report = look()

    assert len(asked) == 6  # two looks at three lists
    of_gateway = [finding for finding in report.findings if finding.what != "order"]
    assert {(finding.repair, finding.note) for finding in of_gateway} == {
        ("by_hand", "most of ours are missing there: is this the account they were made with?")
    }
    assert len(of_gateway) == 50


# In flight, and out of reach


def test_what_settles_between_two_looks_is_no_difference(shop: Shop, settings: Settings) -> None:
    shop.pay(shop.order())

    class Meanwhile(InProcessHTTPClient):
        """Our jobs do their work while the first look ends."""

        def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
            answer = super().request(method, url, *args, **more)
            if "/disputes" in url:
                settings.STRIPE_HTTP_CLIENT = InProcessHTTPClient(shop.gateway)
                shop.deliver_webhooks()
                run_jobs()
            return answer

    settings.STRIPE_HTTP_CLIENT = Meanwhile(shop.gateway)

    assert told(look()) == []


def test_a_silent_gateway_is_told_and_kept(shop: Shop) -> None:
    shop.paid()
    shop.gateway.set_faults(error_rate=1.0)

    with pytest.raises(ProviderUnavailable):
        look()

    assert PaymentReconciliation.objects.get().outcome == "unreachable"


# The command


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("reconcile_payments", *arguments, "--settle", "0", stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


def test_the_exit_code_says_what_came_of_it(shop: Shop) -> None:
    shop.paid()
    assert run() == (0, "", run()[2])
    unheard(shop, lambda: shop.gateway.dashboard_refund(ref(), 1000))

    code, out, err = run("--since", "7")
    assert code == 1
    assert out.splitlines()[0].split()[:4] == ["difference", "what", "ref", "order"]
    assert "missing_here" in out
    assert "1 differences left" in err
    assert run("--repair")[0] == 0
    assert run()[0] == 0
    shop.gateway.set_faults(error_rate=1.0)
    assert run()[0] == 2


def test_the_report_is_json_on_demand(shop: Shop) -> None:
    refunded_there(shop)

    code, out, _ = run("--json", "--since", f"{timezone.now():%Y-%m-%d}")

    report = json.loads(out)
    assert (code, report["left"], report["findings"][0]["difference"]) == (1, 1, "missing_here")


@pytest.mark.parametrize("since", ["0", "yesterday", "2999-01-01", "-3", "99999"])
def test_bad_usage_has_an_exit_code_of_its_own(db: None, since: str) -> None:
    assert run(f"--since={since}")[0] == 64


def test_there_is_no_negative_wait(db: None) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        reconcile_payments(since=timezone.now(), settle=-1)


# The jobs


def test_the_night_only_looks_and_alerts(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    paid_unheard(shop)

    jobs.reconcile(0)

    assert "money_drift" in caplog.text
    assert Payment.objects.get().captured_minor == 0
    assert PaymentReconciliation.objects.get().actor == "job"


@pytest.mark.parametrize(("minutes", "alerts"), [(5, False), (11, True)])
def test_money_without_an_order_alerts_after_ten_minutes(
    shop: Shop, caplog: pytest.LogCaptureFixture, minutes: int, alerts: bool
) -> None:
    paid_unheard(shop)

    with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True):
        jobs.watch_money(0)

    assert ("money_drift" in caplog.text) is alerts


def test_the_watch_closes_what_nobody_can_pay(shop: Shop) -> None:
    stray_unpaid(shop)

    jobs.watch_money(0)

    assert [intent["status"] for intent in shop.gateway.all_of("payment_intent")].count("canceled") == 1
    assert look().findings == []


def test_the_watch_keeps_only_what_differs(shop: Shop) -> None:
    shop.paid()

    jobs.watch_money(0)

    assert not PaymentReconciliation.objects.exists()


def test_a_gateway_that_is_away_alerts_at_night(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.gateway.set_faults(error_rate=1.0)

    jobs.reconcile(0)
    jobs.watch_money(0)

    assert "money_not_compared" in caplog.text
    assert "money_not_watched" in caplog.text


def test_comparisons_are_forgotten_after_ninety_days(shop: Shop) -> None:
    look()
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        look()
        assert forget_old_reconciliations() == 1

    assert PaymentReconciliation.objects.count() == 1
    assert Dispute.objects.count() == 0
