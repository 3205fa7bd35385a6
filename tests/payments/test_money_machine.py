"""Everything that can happen to money, in any order: no cent astray, no order without money, no money without an order.

Real services, real SDK, real database; the gateway is the stand-in, which keeps its own sums. Its events come late,
twice, in any order or never; its answers get lost; jobs run when they like. tests/payments/books.py: what must hold.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profiles
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from procrastinate.contrib.django import app
from pytest_django import Settings

from core.errors import DomainError
from orders.errors import TransitionNotAllowed
from orders.models import Charge, ChargeKind, Order, OrderEvent, OrderLine, Rental
from orders.services import (
    add_charge,
    cancel_order,
    close_rental,
    deliver_sale,
    expire_orders,
    hand_over_rental,
    prepare_rental,
    prepare_sale,
    take_back_rental,
)
from orders.states import OrderStatus, RentalStatus, SaleStatus
from payments.models import Deposit, Dispute, DocumentLine, Payment, ProviderEvent, Refund
from payments.providers.base import ProviderError
from payments.providers.registry import get_provider
from payments.services import (
    apply_disputes,
    apply_payment,
    apply_refunds,
    approve_refund,
    ask_for_disputed,
    catch_up,
    catch_up_on_disputes,
    catch_up_on_documents,
    catch_up_on_refunds,
    decline_refund,
    receive_event,
    reconcile_payments,
    release_deposit,
    renew_ending_holds,
    request_refund,
    secure_deposit,
    secure_due_deposits,
    settle_order,
    start_payment,
    write_off_dispute,
)
from payments.states import DEPOSIT_LIVE, LIVE, DisputeStatus, PaymentStatus, RefundStatus
from sandbox.inventory.server import running as running_inventory
from sandbox.stripe.client import InProcessHTTPClient
from sandbox.stripe.errors import ApiError
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.webhooks import signed
from tests.payments import books
from tests.payments.books import DEAD, LATER, Account, Books
from tests.shop import Shop

T = TypeVar("T")

EXAMPLES, STEPS = 50, 40
LONG = 20  # times as many examples, under the profile "long"
MOST_ORDERS = 3  # so that much happens to each
ALONE = {"EUR": 40}  # what staff may give back without a second person

STAGES = [  # how far an order went, and how many days: of a few the deposit is held, of many charged
    ("never paid", 3),
    ("paid late", 3),
    ("paid", 8),
    ("sold", 3),
    ("out", 3),
    ("out", 8),
    ("back", 3),
    ("back", 8),
    ("broken", 3),
    ("broken", 8),
    ("ruined", 3),
    ("ruined", 8),
    ("refused", 3),
    ("over", 8),
]
STEPS_TO = {"out": 2, "back": 3, "broken": 4, "ruined": 4, "refused": 4, "over": 4}
CARDS = ["pm_card_visa"] * 4 + [
    "pm_card_mastercard",
    "pm_card_chargeDeclined",
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequired",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
    "pm_card_createDisputeInquiry",
]
CALLS = [
    "POST /v1/payment_intents",
    "POST /v1/payment_intents/*",
    "POST /v1/payment_intents/*/capture",
    "POST /v1/payment_intents/*/cancel",
    "POST /v1/refunds",
    "GET /v1/payment_intents/*",
    "GET /v1/refunds",
    "GET /v1/disputes",
]
FAULTS = ["500_before", "500_after", "drop_before", "drop_after", "timeout", "429"]
PATIENT = (ProviderError, DomainError)
PERIODIC = ("expire", "secure", "renew", "catch_up", "refunds", "disputes", "documents")


class Money(RuleBasedStateMachine):
    """A few orders, one of them far along, their customers, clerks, bank, and the weather between them.

    `books` is what the rows were after the last step: rules choose by it what fits them.
    """

    open_shop: Callable[[], AbstractContextManager[Shop]]
    reached: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(timezone.now(), tick=False))
        self.shop = self.stack.enter_context(type(self).open_shop())
        self.told: list[dict[str, Any]] = []  # every event there ever was
        self.waiting: list[dict[str, Any]] = []
        self.by_hand: set[str] = set()  # holds that somebody captured at the gateway
        self.books = Books()
        self.seen: set[str] = set()
        self.pace, self.steps = 0, 0

    def teardown(self) -> None:
        try:
            if self.books.accounts:
                self._calm_down()
                self._all_is_well()
                self._nothing_changes_by_a_repeat()
                if OrderEvent.objects.filter(event="pay_late").exists():
                    self.seen.add("order confirmed late")
                self.reached.update(self.seen)
        finally:
            self.stack.close()

    @initialize(
        where=st.sampled_from(STAGES),
        card=st.sampled_from(["pm_card_visa", "pm_card_visa", "pm_card_refundFail", "pm_card_pendingRefund"]),
        pace=st.sampled_from([0, 2, 3, 5]),
    )
    def an_order_that_went_far(self, where: tuple[str, int], card: str, pace: int) -> None:
        """From each of these much can go wrong. pace: after so many steps all that waits is done; 0: by a rule only."""
        self.pace, (stage, days) = pace, where
        order = self.shop.order(self.shop.rental(0, days - 1), *([self.shop.sale()] if stage == "sold" else []))
        if stage == "never paid":
            return
        if stage == "paid late":
            started = start_payment(order_id=order.pk, customer_id=order.customer_id)
            self._travel(timedelta(hours=2))
            expire_orders()
            self.shop.gateway.confirm(str(started.payment.provider_ref), card)
            return
        self._pay(order, Payment.Purpose.ORDER, card, None)
        self._until_quiet()
        self._travel(timedelta(seconds=1))
        for _ in range(STEPS_TO.get(stage, 0)):
            _next_step(Rental.objects.get(), without_deposit="")
        if stage in ("broken", "ruined", "refused"):  # within the deposit, and far beyond it
            self._charge(order, 2500 if stage == "broken" else 90_000, ChargeKind.DAMAGE)
        if stage == "refused":
            self.shop.gateway.fail_next("POST /v1/payment_intents", "decline", decline_code="insufficient_funds")

    # What customers do

    @precondition(lambda self: len(self.books.accounts) < MOST_ORDERS)
    @rule(days=st.sampled_from([2, 3, 8]), what=st.sampled_from(["sale", "rental", "both"]))
    def order(self, days: int, what: str) -> None:
        lines = [self.shop.sale()] if what != "rental" else []
        with suppress(DomainError):
            self.shop.order(*lines, *([self.shop.rental(0, days - 1)] if what != "sale" else []))

    @precondition(lambda self: self._orders(OrderStatus.PENDING_PAYMENT))
    @rule(data=st.data(), card=st.sampled_from(CARDS), save=st.sampled_from([None, None, True, False]))
    def pay(self, data: st.DataObject, card: str, save: bool | None) -> None:
        order = self._one(data, self._orders(OrderStatus.PENDING_PAYMENT)).order
        self._pay(order, Payment.Purpose.ORDER, card, save)

    @precondition(lambda self: self._orders(OrderStatus.CONFIRMED, OrderStatus.COMPLETED))
    @rule(data=st.data(), card=st.sampled_from(CARDS), purpose=st.sampled_from(["deposit", "extra"]))
    def pay_more(self, data: st.DataObject, card: str, purpose: str) -> None:
        order = self._one(data, self._orders(OrderStatus.CONFIRMED, OrderStatus.COMPLETED)).order
        self._pay(order, Payment.Purpose(purpose), card, None)

    def _pay(self, order: Order, purpose: Payment.Purpose, card: str, save: bool | None) -> None:
        with suppress(DomainError, ApiError):
            started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=purpose, save_card=save)
            self.shop.gateway.confirm(str(started.payment.provider_ref), card)

    @precondition(lambda self: self._open_payments())
    @rule(data=st.data(), card=st.sampled_from(CARDS))
    def pay_what_was_opened_long_ago(self, data: st.DataObject, card: str) -> None:
        """The app still has the secret, whatever became of the order."""
        with suppress(ApiError):
            self.shop.gateway.confirm(str(self._one(data, self._open_payments()).provider_ref), card)

    @rule(data=st.data(), succeed=st.booleans())
    def answer_the_banks_question(self, data: st.DataObject, succeed: bool) -> None:
        asked = [i["id"] for i in self.shop.gateway.recent(limit=100) if i["status"] == "requires_action"]
        if asked:
            self.shop.gateway.complete_3ds(data.draw(st.sampled_from(asked)), succeed=succeed)

    @precondition(lambda self: self._not(*DEAD, OrderStatus.COMPLETED))
    @rule(data=st.data(), actor=st.sampled_from(["customer:1", "staff:1"]))
    def cancel(self, data: st.DataObject, actor: str) -> None:
        order = self._one(data, self._not(*DEAD, OrderStatus.COMPLETED)).order
        with suppress(DomainError):
            cancel_order(order_id=order.pk, actor=actor)

    # What clerks do

    @precondition(lambda self: self._orders(OrderStatus.CONFIRMED))
    @rule(data=st.data(), times=st.integers(1, 4), cash=st.sampled_from(["", "", "", "paid in cash"]))
    def the_counter_works(self, data: st.DataObject, times: int, cash: str) -> None:
        order = self._one(data, self._orders(OrderStatus.CONFIRMED)).order
        for _ in range(times):
            for rental in Rental.objects.filter(line__order=order):
                with suppress(DomainError):
                    _next_step(rental, without_deposit=cash)
            for line in OrderLine.objects.filter(order=order, kind="sale"):
                with suppress(DomainError):
                    step = prepare_sale if line.status == SaleStatus.RESERVED else deliver_sale
                    step(line_id=line.pk, actor="staff:1")

    @precondition(lambda self: self._orders(OrderStatus.CONFIRMED))
    @rule(data=st.data(), minor=st.sampled_from([1500, 9000, 40_000]), kind=st.sampled_from(LATER))
    def something_is_broken(self, data: st.DataObject, minor: int, kind: ChargeKind) -> None:
        self._charge(self._one(data, self._orders(OrderStatus.CONFIRMED)).order, minor, kind)

    @precondition(lambda self: self._not(OrderStatus.CONFIRMED))
    @rule(data=st.data())
    def nothing_is_charged_but_to_a_confirmed_order(self, data: st.DataObject) -> None:
        order = self._one(data, self._not(OrderStatus.CONFIRMED)).order
        with pytest.raises(TransitionNotAllowed):
            self._charge(order, 1500, ChargeKind.DAMAGE)

    def _charge(self, order: Order, minor: int, kind: ChargeKind) -> None:
        add_charge(order_id=order.pk, kind=kind, amount_minor=minor, reason="torn", actor="staff:1")

    @precondition(lambda self: self._captured())
    @rule(data=st.data(), share=st.sampled_from([1, 2, 3]), by=st.sampled_from(["staff:1", "staff:2"]))
    def staff_refunds(self, data: st.DataObject, share: int, by: str) -> None:
        payment = self._one(data, self._captured())
        with suppress(DomainError):
            amount = payment.refundable_minor // share
            request_refund(payment_id=payment.pk, amount_minor=amount, reason="sorry", actor=by)

    @precondition(lambda self: self._captured())
    @rule(data=st.data(), share=st.sampled_from([1, 2, 3]))
    def somebody_refunds_at_the_gateway(self, data: st.DataObject, share: int) -> None:
        payment = self._one(data, self._captured())
        with suppress(ApiError):
            self.shop.gateway.dashboard_refund(str(payment.provider_ref), payment.captured_minor // share)
            self.seen.add("refunded at the gateway")

    @precondition(lambda self: self._waiting_refunds())
    @rule(data=st.data(), approve=st.booleans(), by=st.sampled_from(["staff:1", "staff:2"]))
    def somebody_decides_about_a_refund(self, data: st.DataObject, approve: bool, by: str) -> None:
        refund = self._one(data, self._waiting_refunds())
        way = approve_refund if approve else decline_refund
        with suppress(DomainError):
            way(refund_id=refund.pk, actor=by, note="looked at")

    @precondition(lambda self: self._live_deposits())
    @rule(data=st.data(), what=st.sampled_from(["again", "again", "release"]))
    def staff_sees_to_a_deposit(self, data: st.DataObject, what: str) -> None:
        deposit = self._one(data, self._live_deposits())
        with suppress(*PATIENT):
            if what == "again":
                secure_deposit(deposit_id=deposit.pk, again=True)
            else:
                release_deposit(deposit_id=deposit.pk, actor="staff:1", note="a friend of the house")

    @precondition(lambda self: self._open_payments())
    @rule(data=st.data())
    def somebody_cancels_at_the_gateway(self, data: st.DataObject) -> None:
        payment = self._one(data, self._open_payments())
        with suppress(ProviderError):
            get_provider().cancel_payment(str(payment.provider_ref))

    @precondition(lambda self: self._lost_disputes())
    @rule(data=st.data(), what=st.sampled_from([write_off_dispute, ask_for_disputed]))
    def staff_decides_about_lost_money(self, data: st.DataObject, what: Callable[..., Dispute]) -> None:
        dispute = self._one(data, self._lost_disputes())
        note = {"reason": "lost"} if what is write_off_dispute else {"note": "please pay"}
        with suppress(DomainError):
            what(dispute_id=dispute.pk, actor="staff:1", **note)

    # What banks do

    @precondition(lambda self: self._captured())
    @rule(data=st.data(), share=st.sampled_from([1, 1, 2]))
    def a_bank_takes_money_back(self, data: st.DataObject, share: int) -> None:
        payment = self._one(data, self._captured())
        known = {dispute["payment_intent"] for dispute in self.shop.gateway.recent("dispute", 100)}
        if payment.provider_ref not in known:
            self.shop.gateway.open_dispute(str(payment.provider_ref), payment.captured_minor // share)

    @rule(data=st.data(), won=st.booleans())
    def a_bank_decides(self, data: st.DataObject, won: bool) -> None:
        found = self.shop.gateway.recent("dispute", 100)
        open_ones = [d["id"] for d in found if d["status"] in ("needs_response", "warning_needs_response")]
        if open_ones:
            self.shop.gateway.close_dispute(data.draw(st.sampled_from(open_ones)), won=won)

    @precondition(lambda self: self._held())
    @rule(data=st.data(), what=st.sampled_from(["lapses", "captured"]))
    def something_happens_to_a_hold(self, data: st.DataObject, what: str) -> None:
        payment = self._one(data, self._held())
        ref = str(payment.provider_ref)
        with suppress(ProviderError, ApiError):
            if what == "lapses":
                self.shop.gateway.expire_hold(ref)
            else:
                self.by_hand.add(ref)
                get_provider().capture(key="dashboard", ref=ref, amount_minor=payment.amount_minor // 2)

    @rule(data=st.data(), succeed=st.booleans())
    def a_refund_goes_on(self, data: st.DataObject, succeed: bool) -> None:
        pending = [r["id"] for r in self.shop.gateway.recent("refund", 100) if r["status"] == "pending"]
        if pending:
            way = self.shop.gateway.succeed_refund if succeed else self.shop.gateway.fail_refund
            way(data.draw(st.sampled_from(pending)))

    # The weather

    @rule(match=st.sampled_from(CALLS), kind=st.sampled_from(FAULTS), times=st.integers(1, 2))
    def the_gateway_breaks(self, match: str, kind: str, times: int) -> None:
        self.shop.gateway.fail_next(match, kind, times=times)

    @rule()
    def the_kept_card_will_say_no(self) -> None:
        self.shop.gateway.fail_next("POST /v1/payment_intents", "decline", decline_code="insufficient_funds")

    @rule(data=st.data(), backwards=st.booleans())
    def events_arrive(self, data: st.DataObject, backwards: bool) -> None:
        """Those that wait, now and then late, twice, backwards or never."""
        self._collect()
        arriving, self.waiting = self.waiting[::-1] if backwards else self.waiting, []
        for event in arriving:
            times = data.draw(st.sampled_from([1, 1, 1, 2, 0, -1]))
            if times < 0:
                self.waiting.append(event)
            for _ in range(times):
                _receive(event)

    @rule(most=st.sampled_from([1, 3, 10, 100, 100]))
    def jobs_run(self, most: int) -> None:
        self._work(most)

    @rule()
    def all_that_waits_is_done(self) -> None:
        self._do_all_there_is()

    def _do_all_there_is(self) -> None:
        self._collect()
        waiting, self.waiting = self.waiting, []
        for event in waiting:
            _receive(event)
        for _ in range(4):
            self._work(100)

    @rule(job=st.sampled_from(PERIODIC))
    def a_periodic_job_runs(self, job: str) -> None:
        with suppress(ProviderError):
            _periodic(job)

    @rule(wait=st.sampled_from([timedelta(minutes=1), timedelta(minutes=35), timedelta(hours=2), timedelta(days=3)]))
    def time_passes(self, wait: timedelta) -> None:
        self._travel(wait)

    # What must be true at every moment

    @invariant()
    def the_rows_agree(self) -> None:
        before, self.books = self.books, Books()
        books.rows_agree(self.books)
        books.nobody_owes_more_without_a_cause(before, self.books)
        books.no_hold_is_captured_beyond_what_is_kept(self.books, self.by_hand)
        self.seen |= set(_what_is_there(self.books))
        self.steps += 1
        self._travel(timedelta(seconds=1))
        if self.pace and self.steps % self.pace == 0:
            self._do_all_there_is()

    @invariant()
    def no_row_claims_more_than_the_gateway_has(self) -> None:
        totals = self._totals()
        assert sum(p.captured_minor for p in self.books.payments) <= totals["captured"]
        assert totals["refunded"] <= totals["captured"]

    # Quiet

    def _calm_down(self) -> None:
        """No more faults; every event arrives, jobs run, and what nobody told of is looked for."""
        self.shop.gateway.set_faults()
        self._until_quiet()
        for _ in range(3):
            self._travel(timedelta(minutes=35))
            self._look_for_the_forgotten()
            for job in PERIODIC:
                _periodic(job)
            self._until_quiet()

    def _until_quiet(self) -> None:
        for _ in range(30):
            self._collect()
            waiting, self.waiting = self.waiting, []
            for event in waiting:
                _receive(event)
            if not self._work(500) and not waiting:
                return
        raise AssertionError("jobs go on and on")

    def _look_for_the_forgotten(self) -> None:
        """As a comparison with the gateway's list does: whatever no event told."""
        for intent in self.shop.gateway.recent(limit=100):
            apply_payment(provider_ref=intent["id"])
            apply_refunds(payment_ref=intent["id"])
            apply_disputes(payment_ref=intent["id"])

    def _all_is_well(self) -> None:
        self.pace = 0
        self.the_rows_agree()
        books.gateway_agrees(self.books, self.shop.gateway)
        books.orders_are_explained(self.books)
        books.debts_are_asked_for(self.books)
        books.documents_agree(self.books)
        books.comparison_is_equal(reconcile_payments(since=timezone.now() - timedelta(days=400), settle=0))

    def _nothing_changes_by_a_repeat(self) -> None:
        """Every event comes again, newest first; every order is settled again, every catch-up runs again."""
        before = self._snapshot()
        ProviderEvent.objects.all().delete()
        for event in reversed(self.told):
            _receive(event)
        for order_id in self.books.accounts:
            settle_order(order_id=order_id)
        for job in PERIODIC:
            _periodic(job)
        self._until_quiet()
        after = self._snapshot()
        for name, rows in before.items():
            assert after[name] == rows, f"{name} changed"

    def _snapshot(self) -> dict[str, Any]:
        return {
            "gateway": self._totals(),
            **{
                model.__name__: list(model._default_manager.order_by("pk").values())
                for model in (Payment, Refund, Deposit, Dispute, Charge, DocumentLine)
            },
            "Order": list(Order.objects.order_by("pk").values_list("pk", "status", "deposit_secured_at")),
        }

    # What fits

    def _one(self, data: st.DataObject, found: list[T]) -> T:
        return found[data.draw(st.integers(0, len(found) - 1))]

    def _orders(self, *statuses: str) -> list[Account]:
        return [account for account in self.books.accounts.values() if account.order.status in statuses]

    def _not(self, *statuses: str) -> list[Account]:
        return [account for account in self.books.accounts.values() if account.order.status not in statuses]

    def _captured(self) -> list[Payment]:
        return [payment for payment in self.books.payments if payment.refundable_minor > 0]

    def _held(self) -> list[Payment]:
        return [payment for payment in self.books.payments if payment.status == PaymentStatus.AUTHORISED]

    def _open_payments(self) -> list[Payment]:
        return [payment for payment in self.books.payments if payment.status in LIVE and payment.provider_ref]

    def _waiting_refunds(self) -> list[Refund]:
        return [refund for refund in self.books.refunds if refund.status == RefundStatus.WAITING]

    def _live_deposits(self) -> list[Deposit]:
        return [deposit for deposit in self.books.deposits if deposit.status in DEPOSIT_LIVE]

    def _lost_disputes(self) -> list[Dispute]:
        return [d for d in self.books.disputes if d.status == DisputeStatus.LOST]

    # Tools

    def _totals(self) -> dict[str, int]:
        return dict(self.shop.gateway.totals().get("eur", dict.fromkeys(("captured", "refunded", "held"), 0)))

    def _travel(self, wait: timedelta) -> None:
        self.clock.shift(wait)

    def _collect(self) -> None:
        fresh = [json.loads(body) for body, _ in self.shop.gateway.take_webhooks()]
        self.told += fresh
        self.waiting += fresh

    def _work(self, most: int) -> int:
        """Run what waits, oldest first; what fails waits again. Returns how many went well."""
        well = 0
        for job_id, name, arguments in _todo(most):
            well += _run(job_id, name, arguments)
        return well


def _what_is_there(now: Books) -> Iterable[str]:
    """The places that the examples are to reach."""
    for account in now.accounts.values():
        yield f"order {account.order.status}"
    for payment in now.payments:
        yield f"{payment.purpose} payment {payment.status}"
        if payment.refunded_minor and payment.refundable_minor:
            yield "refunded in part"
    for refund in now.refunds:
        yield f"refund {refund.status}"
        if refund.approved_by:
            yield "refund approved"
    for deposit in now.deposits:
        yield f"deposit {deposit.plan} {deposit.status}"
        if deposit.last_error in ("hold_expired", "deposit_refunded"):
            yield f"deposit {deposit.last_error}"
    for dispute in now.disputes:
        yield f"dispute {dispute.status}"
        if dispute.decision:
            yield f"dispute decided: {dispute.decision}"


def _next_step(rental: Rental, *, without_deposit: str) -> None:
    if rental.status == RentalStatus.BOOKED:
        prepare_rental(rental_id=rental.pk, actor="staff:1")
    elif rental.status == RentalStatus.READY:
        hand_over_rental(rental_id=rental.pk, actor="staff:1", without_deposit=without_deposit)
    elif rental.status == RentalStatus.OUT:
        take_back_rental(rental_id=rental.pk, actor="staff:1", condition="B")
    elif rental.status == RentalStatus.RETURNED:
        close_rental(rental_id=rental.pk, actor="staff:1")


def _periodic(job: str) -> None:
    if job == "secure":
        secure_due_deposits()
    elif job == "renew":
        renew_ending_holds()
    elif job == "catch_up":
        catch_up(young=timedelta(days=400), older_than=timedelta(seconds=20))
    elif job == "refunds":
        catch_up_on_refunds(since=timedelta(days=30))
    elif job == "disputes":
        catch_up_on_disputes(since=timedelta(days=200))
    elif job == "documents":
        catch_up_on_documents()
    else:
        expire_orders()


def _receive(event: dict[str, Any]) -> None:
    body, signature = signed(event, "whsec_new")
    receive_event(body=body, signature=signature)


def _todo(most: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id LIMIT %s", [most]
        )
        rows = cursor.fetchall()
    for pk, name, args in rows:
        yield pk, name, args if isinstance(args, dict) else json.loads(args)


def _run(job_id: int, name: str, arguments: dict[str, Any]) -> bool:
    _move(job_id, "doing")
    try:
        app.tasks[name](**arguments)
    except ProviderError:
        try:
            with transaction.atomic():
                _move(job_id, "todo")
        except IntegrityError:  # its twin waits already
            _move(job_id, "aborted")
        return False
    _move(job_id, "succeeded")
    return True


def _move(job_id: int, status: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, job_id])


@pytest.mark.timeout(900)
@pytest.mark.django_db
def test_no_cent_goes_astray_whatever_happens_in_whatever_order(settings: Settings) -> None:
    @contextmanager
    def opened() -> Iterator[Shop]:
        """A shop with outside systems of its own; what was written is undone afterwards."""
        with (
            running_inventory(token="token-of-the-test", push_secret="push-new") as ims,
            StripeSandbox(webhook_secrets=["whsec_new"]) as gateway,
            transaction.atomic(),
        ):
            settings.INVENTORY_URL, settings.INVENTORY_TOKEN = ims.url, "token-of-the-test"
            settings.STRIPE_HTTP_CLIENT = InProcessHTTPClient(gateway)
            settings.REFUND_APPROVAL_ABOVE = ALONE
            yield Shop.opened(ims, gateway, pieces=100, units=40)
            transaction.set_rollback(True)

    class Opened(Money):
        open_shop = staticmethod(opened)
        reached = Counter[str]()

    is_long = profiles.get_current_profile_name() == "long"
    run_state_machine_as_test(
        Opened,
        settings=profiles(
            max_examples=EXAMPLES * (LONG if is_long else 1),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not is_long,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    print("\nreached, in so many examples:", *(f"{n:5} {what}" for what, n in sorted(Opened.reached.items())), sep="\n")
