"""A customer's bank takes money back: what that is in our books, in whatever order it is heard, and what staff do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from core.errors import NotFound
from orders.models import ChargeKind, Order
from orders.services import add_charge, cancel_order, deliver_sale, prepare_sale
from orders.states import OrderStatus
from payments.errors import DisputeDecided, NothingToPay, PaymentDisputed, RefundTooLarge
from payments.models import Deposit, Dispute, Payment, ProviderEvent, Refund
from payments.selectors import balance, owed, payments_owed_back, statement
from payments.services import (
    apply_disputes,
    ask_for_disputed,
    catch_up_on_disputes,
    collect_extra,
    request_refund,
    settle_order,
    start_payment,
    write_off_dispute,
)
from payments.services.parking import MORE_THAN_PAID
from payments.states import DisputeDecision, DisputeStatus, EventStatus
from tests.factories.payments import PaymentFactory
from tests.jobs import run_jobs
from tests.payments.between import Belated
from tests.payments.money import kept_at_gateway
from tests.payments.test_deposits import rented, returned
from tests.payments.test_refund_news import ARRIVALS, post
from tests.shop import Shop

STAFF = "staff:01980000-0000-7000-8000-000000000001"


def ref() -> str:
    return str(Payment.objects.get().provider_ref)


def dispute(shop: Shop, amount: int | None = None) -> Dispute:
    """The bank takes money back, and we hear of it."""
    shop.gateway.open_dispute(ref(), amount)
    hear(shop)
    return Dispute.objects.get()


def decided(shop: Shop, row: Dispute, *, won: bool) -> Dispute:
    shop.gateway.close_dispute(row.provider_ref, won=won)
    hear(shop)
    row.refresh_from_db()
    return row


def hear(shop: Shop) -> None:
    shop.deliver_webhooks()
    run_jobs()


def here(shop: Shop) -> int:
    """What the gateway has of this shop's customers, less what banks took."""
    return kept_at_gateway(shop) - int(shop.gateway.totals()["eur"]["disputed"])


def delivered(shop: Shop, order: Order) -> None:
    line = order.lines.get()
    prepare_sale(line_id=line.pk, actor=STAFF)
    deliver_sale(line_id=line.pk, actor=STAFF)
    run_jobs()
    order.refresh_from_db()


# Money


def test_a_dispute_is_written_down_with_its_money_and_its_day(shop: Shop) -> None:
    order = shop.paid()

    row = dispute(shop, 3000)

    payment = Payment.objects.get()
    assert (row.status, row.amount_minor, row.withdrawn_minor) == (DisputeStatus.NEEDS_RESPONSE, 3000, 3000)
    assert (row.reason, row.is_inquiry) == ("fraudulent", False)
    assert row.evidence_due_at is not None
    assert (row.evidence_due_at - row.opened_at).days == 9
    assert (payment.disputed_minor, payment.refundable_minor) == (3000, 1990)
    assert (balance(order.pk), statement(order).balance_minor) == (3000, 3000)
    assert payment.captured_minor - payment.disputed_minor == here(shop)


def test_an_inquiry_moves_no_money(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order, "pm_card_createDisputeInquiry")
    hear(shop)

    row = Dispute.objects.get()
    assert (row.is_inquiry, row.withdrawn_minor, row.status) == (True, 0, DisputeStatus.NEEDS_RESPONSE)
    assert (Payment.objects.get().disputed_minor, balance(order.pk)) == (0, 0)

    assert decided(shop, row, won=True).status == DisputeStatus.DROPPED
    assert balance(order.pk) == 0


def test_a_won_dispute_brings_the_money_back(shop: Shop) -> None:
    order = shop.paid()
    row = decided(shop, dispute(shop), won=True)

    order.refresh_from_db()
    assert (row.status, row.withdrawn_minor) == (DisputeStatus.WON, 0)
    assert row.closed_at is not None
    assert (balance(order.pk), Payment.objects.get().disputed_minor) == (0, 0)
    assert (order.status, here(shop)) == (OrderStatus.CONFIRMED, 4990)


def test_what_is_disputed_cannot_be_refunded_too(shop: Shop) -> None:
    shop.paid()
    dispute(shop, 3000)

    with pytest.raises(RefundTooLarge):
        request_refund(payment_id=Payment.objects.get().pk, amount_minor=2000, reason="sorry", actor=STAFF)

    assert not Refund.objects.exists()


def test_nothing_of_a_payment_is_given_back_while_a_bank_decides_about_a_part_of_it(shop: Shop) -> None:
    """The gateway would refuse it."""
    order = shop.paid()
    dispute(shop, 3000)

    with pytest.raises(PaymentDisputed):
        request_refund(payment_id=Payment.objects.get().pk, amount_minor=500, reason="sorry", actor="clock")
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    assert (Refund.objects.count(), balance(order.pk)) == (0, -1990)


@pytest.mark.parametrize("won", [True, False])
def test_the_rest_of_a_payment_goes_back_once_a_dispute_of_a_part_is_decided(shop: Shop, *, won: bool) -> None:
    order = shop.paid()
    row = dispute(shop, 3000)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()
    assert (row.is_refundable, Refund.objects.count()) == (False, 0)

    row = decided(shop, row, won=won)

    refund = Refund.objects.get()
    assert (row.is_refundable, refund.status, refund.amount_minor) == (True, "succeeded", 4990 if won else 1990)
    assert (balance(order.pk), here(shop)) == (0, 0)


def test_staff_may_give_back_what_is_left_beside_a_lost_dispute(shop: Shop) -> None:
    order = shop.paid()
    row = decided(shop, dispute(shop, 3000), won=False)
    write_off_dispute(dispute_id=row.pk, reason="lost", actor=STAFF)

    request_refund(payment_id=Payment.objects.get().pk, amount_minor=1990, reason="sorry", actor="staff:2")
    run_jobs()

    assert Refund.objects.get().status == "succeeded"
    assert (balance(order.pk), here(shop)) == (0, 0)


def test_a_gateway_that_keeps_the_rest_leaves_a_refund_that_staff_see(shop: Shop) -> None:
    order = shop.paid()
    row = dispute(shop, 3000)
    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()
    shop.gateway.close_dispute(row.provider_ref, won=False, rest_refundable=False)
    hear(shop)

    refund = Refund.objects.get()
    assert (refund.status, refund.amount_minor, balance(order.pk)) == ("failed", 1990, -1990)
    assert list(payments_owed_back()) == [refund.payment]


def test_while_a_bank_only_asks_money_may_go_back(shop: Shop) -> None:
    shop.pay(shop.order(), "pm_card_createDisputeInquiry")
    hear(shop)
    assert Dispute.objects.get().is_refundable

    request_refund(payment_id=Payment.objects.get().pk, amount_minor=500, reason="sorry", actor=STAFF)
    run_jobs()

    assert Refund.objects.get().status == "succeeded"


def test_the_database_refuses_more_gone_than_was_paid_unless_a_person_must_look(db: None) -> None:
    payment = PaymentFactory(succeeded=True)

    with pytest.raises(IntegrityError, match="payment_gone_within_captured"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(disputed_minor=3000, refund_pending_minor=2000)

    Payment.objects.filter(pk=payment.pk).update(
        disputed_minor=3000, refund_pending_minor=2000, parked_reason="look", parked_by="sums"
    )
    payment.refresh_from_db()
    assert payment.refundable_minor == 0


def test_money_that_was_refunded_and_then_taken_back_as_well_waits_for_a_person(shop: Shop) -> None:
    order = shop.paid()
    request_refund(payment_id=Payment.objects.get().pk, amount_minor=2000, reason="sorry", actor="clock")
    run_jobs()

    row = dispute(shop, 4990)

    payment = Payment.objects.get()
    assert payment.parked_reason == MORE_THAN_PAID
    assert (payment.refunded_minor, payment.disputed_minor) == (2000, 4990)
    assert balance(order.pk) == order.charges.total() - here(shop)

    decided(shop, row, won=True)
    payment.refresh_from_db()
    assert (payment.parked_reason, balance(order.pk)) == ("", 0)


# The order


def test_a_dispute_holds_no_order_for_ever(shop: Shop) -> None:
    order = shop.paid()
    dispute(shop)

    delivered(shop, order)

    assert order.status == OrderStatus.COMPLETED
    assert (balance(order.pk), owed(order.pk)) == (4990, 0)


def test_nobody_is_charged_a_second_time_while_a_bank_decides(shop: Shop) -> None:
    order = shop.paid()
    row = dispute(shop)
    delivered(shop, order)

    assert collect_extra(order_id=order.pk) is None
    with pytest.raises(NothingToPay):
        start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.EXTRA)
    decided(shop, row, won=False)
    assert owed(order.pk) == 0  # until staff decide
    assert Payment.objects.count() == 1


def test_a_disputed_order_that_is_cancelled_gives_nothing_back_unless_the_dispute_is_won(shop: Shop) -> None:
    order = shop.paid()
    row = dispute(shop)

    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()
    assert (Refund.objects.count(), balance(order.pk)) == (0, 0)

    decided(shop, row, won=True)
    assert Refund.objects.get().amount_minor == 4990
    assert balance(order.pk) == here(shop) == 0


def test_the_statement_tells_a_dispute_line_by_line(shop: Shop) -> None:
    order = shop.paid()
    row = dispute(shop, 3000)
    open_ = statement(order)
    decided(shop, row, won=False)
    lost = statement(order)

    assert [(e.what, e.amount_minor) for e in open_.entries if e.kind == "dispute"] == [
        ("Disputed with your bank; it decides", 3000)
    ]
    assert [e.what for e in lost.entries if e.kind == "dispute"] == ["Paid back by your bank after a dispute"]
    assert sum(entry.amount_minor for entry in lost.entries) == lost.balance_minor == 3000


# Lost


def test_what_a_bank_kept_is_owed_until_it_is_written_off(shop: Shop) -> None:
    order = shop.paid()
    row = decided(shop, dispute(shop), won=False)
    assert balance(order.pk) == 4990

    row = write_off_dispute(dispute_id=row.pk, reason="The evidence was not enough.", actor=STAFF)
    run_jobs()

    credit = order.charges.get(kind=ChargeKind.GOODWILL)
    assert (credit.amount_minor, credit.reason, credit.actor) == (-4990, "The evidence was not enough.", STAFF)
    assert (row.decision, row.decided_by, balance(order.pk)) == (DisputeDecision.WRITE_OFF, STAFF, 0)
    assert not Refund.objects.exists()


def test_a_customer_who_is_asked_pays_in_the_app_and_never_by_the_kept_card(shop: Shop) -> None:
    order = shop.paid()
    delivered(shop, order)
    row = decided(shop, dispute(shop), won=False)

    ask_for_disputed(dispute_id=row.pk, note="She says that it was a mistake.", actor=STAFF)
    run_jobs()
    assert (owed(order.pk), Payment.objects.count()) == (4990, 1)

    started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.EXTRA)
    shop.gateway.confirm(str(started.payment.provider_ref))
    hear(shop)
    assert (balance(order.pk), here(shop)) == (0, 4990)


def test_a_customer_who_is_asked_after_the_order_was_completed_is_written_to_once(shop: Shop) -> None:
    order = shop.paid()
    row = dispute(shop)
    delivered(shop, order)
    assert order.status == OrderStatus.COMPLETED
    row = decided(shop, row, won=False)
    mail.outbox.clear()

    ask_for_disputed(dispute_id=row.pk, note="", actor=STAFF)
    run_jobs()
    settle_order(order_id=order.pk)
    run_jobs()

    assert [sent.subject for sent in mail.outbox] == [f"Please pay €49.90 for order {order.number}"]


@pytest.mark.parametrize("pays", [True, False])
def test_a_deposit_is_kept_for_damage_and_not_for_what_a_bank_kept(shop: Shop, *, pays: bool) -> None:
    order = rented(shop)
    price = Payment.objects.get(purpose=Payment.Purpose.ORDER)
    shop.gateway.open_dispute(str(price.provider_ref))
    hear(shop)
    row = decided(shop, Dispute.objects.get(), won=False)
    ask_for_disputed(dispute_id=row.pk, note="", actor=STAFF)
    if pays:
        started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=Payment.Purpose.EXTRA)
        shop.gateway.confirm(str(started.payment.provider_ref))
        hear(shop)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="torn", actor=STAFF)

    returned(shop, order)
    hear(shop)

    assert Deposit.objects.get().captured_minor == 1500
    assert balance(order.pk) == (0 if pays else order.total_minor)


def test_who_is_asked_may_still_be_let_off(shop: Shop) -> None:
    order = shop.paid()
    row = decided(shop, dispute(shop), won=False)
    ask_for_disputed(dispute_id=row.pk, note="", actor=STAFF)

    write_off_dispute(dispute_id=row.pk, reason="She does not answer.", actor=STAFF)

    assert balance(order.pk) == 0


@pytest.mark.parametrize("won", [None, True])
def test_only_a_lost_dispute_is_decided_about(shop: Shop, won: bool | None) -> None:
    shop.paid()
    row = dispute(shop)
    if won is not None:
        row = decided(shop, row, won=won)

    for decide in (
        lambda: write_off_dispute(dispute_id=row.pk, reason="no", actor=STAFF),
        lambda: ask_for_disputed(dispute_id=row.pk, note="", actor=STAFF),
    ):
        with pytest.raises(DisputeDecided):
            decide()


def test_it_is_written_off_once(shop: Shop) -> None:
    order = shop.paid()
    row = decided(shop, dispute(shop), won=False)
    write_off_dispute(dispute_id=row.pk, reason="once", actor=STAFF)

    with pytest.raises(DisputeDecided):
        write_off_dispute(dispute_id=row.pk, reason="twice", actor=STAFF)

    assert order.charges.filter(kind=ChargeKind.GOODWILL).count() == 1


def test_an_unknown_dispute_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        write_off_dispute(dispute_id=Payment().pk, reason="x", actor=STAFF)


def test_money_that_comes_back_after_it_was_written_off_is_the_shops(shop: Shop) -> None:
    """A bank may revise what it decided; the customer got nothing for it but the credit."""
    order = shop.paid()
    row = decided(shop, dispute(shop), won=False)
    write_off_dispute(dispute_id=row.pk, reason="lost", actor=STAFF)
    reopened(shop, row)

    decided(shop, row, won=True)

    row.refresh_from_db()
    assert (row.decision, row.written_off_minor) == (DisputeDecision.NONE, 0)
    assert (balance(order.pk), Refund.objects.count(), here(shop)) == (0, 0, 4990)


def reopened(shop: Shop, row: Dispute) -> None:
    """The bank hears an appeal."""
    with shop.gateway.engine.doing() as call:
        kept = call.get("dispute", row.provider_ref)
        call.update(kept, "charge.dispute.updated", status="under_review")
    hear(shop)


# Any order, any number


def lost(shop: Shop) -> None:
    opened = shop.gateway.open_dispute(ref(), 3000)
    shop.gateway.close_dispute(opened["id"], won=False)


def won(shop: Shop) -> None:
    opened = shop.gateway.open_dispute(ref())
    shop.gateway.close_dispute(opened["id"], won=True)


def twice(shop: Shop) -> None:
    first = shop.gateway.open_dispute(ref(), 2000)
    shop.gateway.open_dispute(ref(), 1000, "product_not_received")
    shop.gateway.close_dispute(first["id"], won=True)


ENDS: dict[Callable[[Shop], None], tuple[int, list[str]]] = {
    lost: (3000, ["lost"]),
    won: (0, ["won"]),
    twice: (1000, ["needs_response", "won"]),
}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("story", ENDS, ids=lambda story: story.__name__)
def test_however_dispute_events_arrive_the_end_is_the_same(
    shop: Shop, story: Callable[[Shop], None], arrival: str
) -> None:
    order = shop.paid()
    story(shop)

    for event in ARRIVALS[arrival](shop.gateway.take_webhooks()):
        post(shop, event)
        run_jobs()
    catch_up_on_disputes_of_all()

    disputed, statuses = ENDS[story]
    assert sorted(Dispute.objects.values_list("status", flat=True)) == statuses
    assert (Payment.objects.get().disputed_minor, balance(order.pk)) == (disputed, disputed)
    assert here(shop) == 4990 - disputed
    assert EventStatus.PARKED not in ProviderEvent.objects.values_list("status", flat=True)


def catch_up_on_disputes_of_all() -> None:
    catch_up_on_disputes(since=timedelta(days=30))
    run_jobs()


def test_what_is_known_of_disputes_already_costs_no_further_question(shop: Shop) -> None:
    shop.paid()
    dispute(shop)

    assert catch_up_on_disputes(since=timedelta(days=30)) == 0


def test_an_older_answer_does_not_undo_a_newer_one(shop: Shop, settings: Any) -> None:
    order = shop.paid()
    row = dispute(shop)

    class BelatedRead(Belated):
        """Somebody else reads and writes between our reading and our writing."""

        def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
            answer = super(Belated, self).request(method, url, headers, post_data, **more)
            if "/disputes" in url and self.meanwhile:
                meanwhile, self.meanwhile = self.meanwhile, None
                meanwhile()
            return answer

    def it_is_won_and_somebody_hears_of_it() -> None:
        shop.gateway.close_dispute(row.provider_ref, won=True)
        apply_disputes(payment_ref=ref())

    settings.STRIPE_HTTP_CLIENT = BelatedRead(shop.gateway, it_is_won_and_somebody_hears_of_it)

    apply_disputes(payment_ref=ref())

    row.refresh_from_db()
    assert (row.status, balance(order.pk)) == (DisputeStatus.WON, 0)


# A deposit


def test_a_disputed_deposit_pays_for_nothing_that_the_bank_took(shop: Shop) -> None:
    order = shop.ready(shop.rental(10, 18))
    deposit = Payment.objects.get(purpose=Payment.Purpose.DEPOSIT)
    assert deposit.captured_minor == 4000
    shop.gateway.open_dispute(str(deposit.provider_ref), 3500)
    hear(shop)
    deposit.refresh_from_db()
    assert (deposit.disputed_minor, deposit.refundable_minor, balance(order.pk)) == (3500, 500, 0)

    cancel_order(order_id=order.pk, actor="customer:x")
    run_jobs()

    deposit.refresh_from_db()
    assert (deposit.refunded_minor, deposit.refund_pending_minor) == (0, 0)  # the bank has still to decide
    assert (balance(order.pk), here(shop)) == (0, 500)
    shop.gateway.close_dispute(Dispute.objects.get().provider_ref, won=True)
    hear(shop)
    assert here(shop) == 0


def test_the_statement_of_a_disputed_deposit_shows_only_what_had_been_kept_of_it(shop: Shop) -> None:
    order = rented(shop, days=8)
    add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=3000, reason="torn", actor=STAFF)
    shop.gateway.open_dispute(str(Deposit.objects.get().provider_ref), 3500)
    returned(shop, order)
    hear(shop)

    told = statement(order)

    assert sum(entry.amount_minor for entry in told.entries) == told.balance_minor == balance(order.pk)
