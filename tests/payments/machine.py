"""Customers, clerks, banks, the gateway and the weather, as rules of a stateful test. What must hold: books.py.

Real services, real SDK, real database; the gateway is the stand-in, which keeps its own sums. Its events come late,
twice, in any order or never; its answers get lost; processes die; jobs run when they like.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import time_machine
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from procrastinate.contrib.django import app
from pytest_django import Settings

from core.errors import DomainError
from core.http import breaker_of
from orders.errors import TransitionNotAllowed
from orders.models import Charge, ChargeKind, Order, OrderLine, Rental
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
from payments.errors import RefundTooLarge
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
from payments.states import (
    DEPOSIT_LIVE,
    LIVE,
    DepositStatus,
    DisputeDecision,
    DisputeStatus,
    PaymentStatus,
    RefundStatus,
)
from sandbox.inventory.server import running as running_inventory
from sandbox.stripe.errors import ApiError
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.webhooks import signed
from tests.payments import books
from tests.payments.between import Belated
from tests.payments.books import DEAD, LATER, Account, Books
from tests.payments.milestones import milestones
from tests.shop import Shop

T = TypeVar("T")

MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)  # what can be reached must not hang on the hour
MOMENT = timedelta(milliseconds=1)  # nothing happens at the same time as anything else
MOST_ORDERS, MOST_REFUNDS = 3, 5  # so that much happens to each
STAFF = ["staff:1", "staff:2"]
ALONE = {"EUR": 40}  # what staff may give back without a second person

UNSECURED = (DepositStatus.PLANNED, DepositStatus.UNSECURED)
AT_FIRST = {"declined": "pm_card_chargeDeclined", "asked by the bank": "pm_card_authenticationRequired"}
FAR = {
    **dict.fromkeys(["out", "out long"], RentalStatus.OUT),
    "back": RentalStatus.RETURNED,
    **dict.fromkeys(["broken", "ruined", "refused", "over"], RentalStatus.CLOSED),
}
CARDS = ["pm_card_visa"] * 4 + [
    "pm_card_mastercard",
    "pm_card_chargeDeclined",
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequired",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
    "pm_card_createDisputeInquiry",
]
CALLS = [
    "POST /v1/checkout/sessions",
    "POST /v1/checkout/sessions/*/expire",
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
PERIODIC = ("expire", "secure", "renew", "catch_up", "refunds", "disputes", "documents")


class Died(BaseException):
    """A process is killed: nobody catches it, what was committed stays."""


PATIENT = (ProviderError, DomainError, Died)


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Shop, Belated]]:
    """A shop with outside systems of its own; what was written is undone afterwards."""
    for name in ("inventory", "stripe"):
        breaker_of(name).reset()
    cache.clear()
    with (
        running_inventory(token="token-of-the-test", push_secret="push-new") as ims,
        StripeSandbox(webhook_secrets=["whsec_new"]) as gateway,
        transaction.atomic(),
    ):
        settings.INVENTORY_URL, settings.INVENTORY_TOKEN = ims.url, "token-of-the-test"
        settings.STRIPE_HTTP_CLIENT = http = Belated(gateway)
        settings.REFUND_APPROVAL_ABOVE = ALONE
        yield Shop.opened(ims, gateway, pieces=100, units=40), http
        transaction.set_rollback(True)


Draw = Callable[[st.SearchStrategy[Any]], Any]
Deed = Callable[["Money", Any, Draw], None]
DEEDS: dict[str, tuple[str, Callable[["Money"], list[Any]], Deed]] = {}


def deed(who: str, of: Callable[["Money"], list[Any]] = lambda machine: [machine]) -> Callable[[Deed], Deed]:
    """Something that somebody may do to one of a list of things, when there are any."""

    def known(do: Deed) -> Deed:
        DEEDS[do.__name__] = who, of, do
        return do

    return known


class Money(RuleBasedStateMachine):
    """A few orders, one of them far along, their customers, clerks, bank, and the weather between them.

    beginnings: how far the first order went. favoured: the deeds that happen more often. reached: what happened how
    often, counted once for each row (milestones).
    `books` and `there` are what the rows and the gateway were after the last step: rules choose by them what fits.
    """

    open_shop: Callable[[], AbstractContextManager[tuple[Shop, Belated]]]
    beginnings: list[str]
    favoured: list[str]
    reached: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(MONDAY, tick=False))
        self.shop, self.http = self.stack.enter_context(type(self).open_shop())
        self.stack.enter_context(connection.execute_wrapper(self._note_writes))
        self.wrote = True
        self.told: list[dict[str, Any]] = []  # every event there ever was
        self.waiting: list[dict[str, Any]] = []
        self.by_hand: set[str] = set()  # holds that somebody captured at the gateway
        self.strays: set[str] = set()  # paid, and no row of ours was theirs
        self.books = Books()
        self.there: dict[str, list[dict[str, Any]]] = {}
        self.seen: set[tuple[str, str]] = set()
        self.pace, self.steps = 0, 0
        self.busy: set[str] = set()

    def teardown(self) -> None:
        try:
            if self.books.accounts:
                self._calm_down()
                self._all_is_well()
                self._nothing_changes_by_a_repeat()
                self.reached.update(what for what, _ in self.seen)
                self.reached["step"] += self.steps
        finally:
            self.stack.close()

    @initialize(
        data=st.data(),
        card=st.sampled_from(["pm_card_visa", "pm_card_visa", "pm_card_refundFail", "pm_card_pendingRefund"]),
        pace=st.sampled_from([0, 2, 3, 5]),
        busy=st.sets(st.sampled_from(["banks", "clerks", "customers", "weather"]), min_size=1, max_size=3),
    )
    def begin(self, data: st.DataObject, card: str, pace: int, busy: set[str]) -> None:
        """busy: who does most; pace: after so many steps all that waits is done; 0: only when that is drawn."""
        self.pace, self.busy = pace, busy
        stage, _, plan = data.draw(st.sampled_from(self.beginnings)).partition(", ")
        self._an_order_that_went_far(stage, plan, card)

    def _an_order_that_went_far(self, stage: str, plan: str, card: str) -> None:
        """From each of these much can go wrong."""
        first = 3 if stage == "paid late" else 0  # what has begun is not confirmed late
        days = 8 if plan == "charged" else 3  # of a few days the deposit is held, of many charged
        goods = [self.shop.sale()] if stage == "sold" else []
        order = self.shop.order(self.shop.rental(first, first + days - 1), *goods)
        if stage in AT_FIRST:
            self._pay(order, Payment.Purpose.ORDER, AT_FIRST[stage], None)
            return
        if stage == "paid late":
            started = start_payment(order_id=order.pk, customer_id=order.customer_id)
            self.clock.shift(timedelta(hours=2))
            expire_orders()
            self.shop.gateway.confirm(str(started.payment.provider_ref), card)
            return
        self._pay(order, Payment.Purpose.ORDER, card, None)
        self._until_quiet()
        self.clock.shift(timedelta(seconds=1))
        if stage in ("broken", "ruined", "refused"):  # within the deposit, and far beyond it
            self._charge(order, 2500 if stage == "broken" else 90_000, ChargeKind.DAMAGE)
        self._until(FAR.get(stage, RentalStatus.BOOKED))
        if stage == "out long":  # the hold ends within a day
            self.clock.shift(timedelta(days=6, hours=2))
            renew_ending_holds()
        if stage == "refused":
            self.shop.gateway.fail_next("POST /v1/payment_intents", "decline", decline_code="insufficient_funds")
        newest = Payment.objects.filter(captured_minor__gt=0).latest("created_at")
        if stage == "asked back":
            request_refund(payment_id=newest.pk, amount_minor=newest.amount_minor, reason="no", actor="staff:1")
        if stage in ("disputed", "lost"):
            dispute = self.shop.gateway.open_dispute(str(newest.provider_ref))
            if stage == "lost":
                self.shop.gateway.close_dispute(dispute["id"], won=False)
            self._until_quiet()

    def _until(self, status: RentalStatus) -> None:
        while (rental := Rental.objects.earliest("pk")).status != status:
            _next_step(rental, without_deposit="")

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """Somebody, drawn with favour, does one of the things that fit now."""
        fitting: dict[str, dict[str, tuple[Deed, list[Any]]]] = {}
        for name, (who, of, do) in DEEDS.items():
            things = of(self)
            if things:
                fitting.setdefault(who, {})[name] = do, things
        who = data.draw(st.sampled_from([who for who in sorted(fitting) for _ in range(3 if who in self.busy else 1)]))
        names = [name for name in sorted(fitting[who]) for _ in range(4 if name in self.favoured else 1)]
        do, things = fitting[who][data.draw(st.sampled_from(names))]
        do(self, things[data.draw(st.integers(0, len(things) - 1))] if len(things) > 1 else things[0], data.draw)
        self.steps += 1
        self.clock.shift(timedelta(seconds=1))
        if self.pace and self.steps % self.pace == 0:
            self._do_all_there_is()

    # What customers do

    @deed("customers", lambda self: [self] if len(self.books.accounts) < MOST_ORDERS else [])
    def order(self, _: "Money", draw: Draw) -> None:
        days, what = draw(st.sampled_from([2, 3, 8])), draw(st.sampled_from(["sale", "rental", "both"]))
        lines = [self.shop.sale()] if what != "rental" else []
        with suppress(DomainError):
            self.shop.order(*lines, *([self.shop.rental(0, days - 1)] if what != "sale" else []))

    @deed("customers", lambda self: self._orders(OrderStatus.PENDING_PAYMENT))
    def pay(self, account: Account, draw: Draw) -> None:
        save = draw(st.sampled_from([None, None, True, False]))
        self._pay(account.order, Payment.Purpose.ORDER, draw(st.sampled_from(CARDS)), save)

    @deed("customers", lambda self: self._deposit_to_pay())
    def pay_the_deposit(self, account: Account, draw: Draw) -> None:
        self._pay(account.order, Payment.Purpose.DEPOSIT, draw(st.sampled_from(CARDS)), None)

    @deed("customers", lambda self: self._extra_to_pay())
    def pay_more(self, account: Account, draw: Draw) -> None:
        self._pay(account.order, Payment.Purpose.EXTRA, draw(st.sampled_from(CARDS)), None)

    def _pay(self, order: Order, purpose: Payment.Purpose, card: str, save: bool | None) -> None:
        with suppress(*PATIENT, ApiError):
            started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=purpose, save_card=save)
            self.shop.gateway.confirm(str(started.payment.provider_ref), card)

    @deed("customers", lambda self: self._to_pay())
    def pay_on_a_page(self, what: tuple[Account, Payment.Purpose], draw: Draw) -> None:
        """Or only look at it, and leave it open."""
        (account, purpose), card = what, draw(st.sampled_from(["", *CARDS]))
        order = account.order
        with suppress(*PATIENT, ApiError):
            started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=purpose, on_page=True)
            if card and started.url:
                self.shop.gateway.pay_checkout(str(started.payment.page_ref), card)

    @deed("customers", lambda self: self._open_pages())
    def pay_on_a_page_opened_long_ago(self, ref: str, draw: Draw) -> None:
        with suppress(ApiError):
            self.shop.gateway.pay_checkout(ref, draw(st.sampled_from(CARDS)))

    @deed("customers", lambda self: self._payable())
    def pay_what_was_opened_long_ago(self, ref: str, draw: Draw) -> None:
        """The app still has the secret, whatever became of the order and of our row."""
        with suppress(ApiError):
            self.shop.gateway.confirm(ref, draw(st.sampled_from(CARDS)))

    @deed("customers", lambda self: self._orders(OrderStatus.PENDING_PAYMENT))
    def pay_twice_as_an_answer_is_lost(self, account: Account, _: Draw) -> None:
        """The gateway's error spends the key: a second payment is made, and the first can be paid as well."""
        self.shop.gateway.fail_next("POST /v1/payment_intents", "500_after")
        for _try in range(2):
            self._pay(account.order, Payment.Purpose.ORDER, "pm_card_visa", None)
        self._look_there()
        ours = {payment.provider_ref for payment in Payment.objects.all()}
        for ref in self._payable():
            if ref not in ours:
                self.strays.add(ref)
                self.shop.gateway.confirm(ref, "pm_card_visa")

    @deed("customers", lambda self: self._asked())
    def answer_the_banks_question(self, ref: str, draw: Draw) -> None:
        succeed = draw(st.booleans())
        self.shop.gateway.complete_3ds(ref, succeed=succeed)
        self._saw("3-D Secure passed" if succeed else "3-D Secure failed", ref)

    @deed("customers", lambda self: self._not(*DEAD, OrderStatus.COMPLETED))
    def cancel(self, account: Account, draw: Draw) -> None:
        with suppress(DomainError):
            cancel_order(order_id=account.order.pk, actor=draw(st.sampled_from(["customer:1", "staff:1"])))

    # What clerks do

    @deed("clerks", lambda self: self._orders(OrderStatus.CONFIRMED))
    def the_counter_works(self, account: Account, draw: Draw) -> None:
        times, cash = draw(st.integers(1, 4)), draw(st.sampled_from(["", "", "", "paid in cash"]))
        for _ in range(times):
            for rental in Rental.objects.filter(line__order=account.order):
                with suppress(DomainError):
                    _next_step(rental, without_deposit=cash)
            for line in OrderLine.objects.filter(order=account.order, kind="sale"):
                with suppress(DomainError):
                    step = prepare_sale if line.status == SaleStatus.RESERVED else deliver_sale
                    step(line_id=line.pk, actor="staff:1")

    @deed("clerks", lambda self: self._orders(OrderStatus.CONFIRMED))
    def something_is_broken(self, account: Account, draw: Draw) -> None:
        self._charge(account.order, draw(st.sampled_from([1500, 9000, 40_000])), draw(st.sampled_from(LATER)))

    def _charge(self, order: Order, minor: int, kind: ChargeKind) -> None:
        add_charge(order_id=order.pk, kind=kind, amount_minor=minor, reason="torn", actor="staff:1")

    @deed("clerks", lambda self: self._captured())
    def staff_refunds(self, payment: Payment, draw: Draw) -> None:
        amount, by = payment.refundable_minor // draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from(STAFF))
        with suppress(DomainError):
            request_refund(payment_id=payment.pk, amount_minor=amount, reason="sorry", actor=by)
        payment.refresh_from_db()
        with pytest.raises(RefundTooLarge):
            request_refund(payment_id=payment.pk, amount_minor=payment.refundable_minor + 1, reason="sorry", actor=by)

    @deed("clerks", lambda self: self._captured())
    def somebody_refunds_at_the_gateway(self, payment: Payment, draw: Draw) -> None:
        share = draw(st.sampled_from([1, 2, 3]))
        with suppress(ApiError):
            self.shop.gateway.dashboard_refund(str(payment.provider_ref), payment.captured_minor // share)

    @deed("clerks", lambda self: self._waiting_refunds())
    def somebody_decides_about_a_refund(self, refund: Refund, draw: Draw) -> None:
        way, by = draw(st.sampled_from([approve_refund, decline_refund])), draw(st.sampled_from(STAFF))
        with suppress(DomainError):
            way(refund_id=refund.pk, actor=by, note="looked at")

    @deed("clerks", lambda self: self._live_deposits())
    def staff_sees_to_a_deposit(self, deposit: Deposit, draw: Draw) -> None:
        with suppress(*PATIENT):
            if draw(st.sampled_from(["again", "again", "release"])) == "again":
                secure_deposit(deposit_id=deposit.pk, again=True)
            else:
                release_deposit(deposit_id=deposit.pk, actor="staff:1", note="a friend of the house")

    @deed("clerks", lambda self: self._open_payments())
    def somebody_cancels_at_the_gateway(self, payment: Payment, _: Draw) -> None:
        with suppress(*PATIENT):
            get_provider().cancel_payment(str(payment.provider_ref))

    @deed("clerks", lambda self: self._lost_disputes())
    def staff_decides_about_lost_money(self, dispute: Dispute, draw: Draw) -> None:
        with suppress(DomainError):
            if draw(st.booleans()):
                write_off_dispute(dispute_id=dispute.pk, reason="lost", actor="staff:1")
            else:
                ask_for_disputed(dispute_id=dispute.pk, note="please pay", actor="staff:1")

    # What banks do

    @deed("banks", lambda self: self._undisputed())
    def a_bank_takes_money_back(self, payment: Payment, draw: Draw) -> None:
        share = draw(st.sampled_from([1, 1, 2]))
        self.shop.gateway.open_dispute(str(payment.provider_ref), payment.captured_minor // share)

    @deed("banks", lambda self: self._open_disputes())
    def a_bank_decides(self, ref: str, draw: Draw) -> None:
        """Or staff accept at the gateway that it is lost."""
        self.shop.gateway.close_dispute(ref, won=draw(st.booleans()))

    @deed("banks", lambda self: self._held())
    def a_hold_lapses(self, payment: Payment, _: Draw) -> None:
        with suppress(ApiError):
            self.shop.gateway.expire_hold(str(payment.provider_ref))

    @deed("banks", lambda self: self._held())
    def somebody_captures_a_part_at_the_gateway(self, payment: Payment, _: Draw) -> None:
        ref = str(payment.provider_ref)
        with suppress(*PATIENT, ApiError):
            self.by_hand.add(ref)
            get_provider().capture(key="dashboard", ref=ref, amount_minor=payment.amount_minor // 2)

    @deed("weather", lambda self: self._open_pages())
    def a_page_ends(self, ref: str, _: Draw) -> None:
        self.shop.gateway.expire_checkout(ref)

    @deed("banks", lambda self: self._pending_refunds())
    def a_refund_goes_on(self, ref: str, draw: Draw) -> None:
        way = self.shop.gateway.succeed_refund if draw(st.booleans()) else self.shop.gateway.fail_refund
        way(ref)

    @deed("weather")
    def the_kept_card_will_say_no(self, _: "Money", __: Draw) -> None:
        self.shop.gateway.fail_next("POST /v1/payment_intents", "decline", decline_code="insufficient_funds")

    # The weather

    @deed("weather")
    def the_gateway_breaks(self, _: "Money", draw: Draw) -> None:
        match, kind = draw(st.sampled_from(CALLS)), draw(st.sampled_from(FAULTS))
        self.shop.gateway.fail_next(match, kind, times=draw(st.integers(1, 2)))

    @deed("weather")
    def a_process_dies(self, _: "Money", __: Draw) -> None:
        """After the gateway has done the next thing, before that is written here."""

        def die() -> None:
            self._saw("process died", len(self.seen))
            raise Died

        self.http.meanwhile = die

    @deed("weather")
    def everything_happens_meanwhile(self, _: "Money", __: Draw) -> None:
        """Between the gateway's next work and its answer all events arrive, and all jobs run."""

        def hurry() -> None:
            self._saw("overtaken", len(self.seen))
            self._do_all_there_is()

        self.http.meanwhile = hurry

    @deed("weather", lambda self: self._events())
    def events_arrive(self, _: list[Any], draw: Draw) -> None:
        """Those that wait, now and then late, twice, backwards or never."""
        backwards = draw(st.booleans())
        arriving, self.waiting = self.waiting[::-1] if backwards else self.waiting, []
        if backwards and len(arriving) > 1:
            self._saw("events backwards", arriving[0]["id"])
        for event in arriving:
            times = draw(st.sampled_from([1, 1, 1, 2, 0, -1]))
            if times != 1:
                self._saw({2: "event twice", 0: "event lost", -1: "event late"}[times], event["id"])
            if times < 0:
                self.waiting.append(event)
            for _time in range(times):
                _receive(event)

    def _events(self) -> list[Any]:
        self._collect()
        return [self.waiting] if self.waiting else []

    @deed("weather")
    def jobs_run(self, _: "Money", draw: Draw) -> None:
        self._work(draw(st.sampled_from([1, 3, 10, 100])))

    @deed("weather")
    def all_that_waits_is_done(self, _: "Money", __: Draw) -> None:
        self._do_all_there_is()

    def _do_all_there_is(self) -> None:
        self._collect()
        waiting, self.waiting = self.waiting, []
        for event in waiting:
            _receive(event)
        for _ in range(4):
            if not self._work(100):
                return

    @deed("weather")
    def a_periodic_job_runs(self, _: "Money", draw: Draw) -> None:
        with suppress(*PATIENT):
            _periodic(draw(st.sampled_from(PERIODIC)))

    @deed("weather")
    def time_passes(self, _: "Money", draw: Draw) -> None:
        self.clock.shift(timedelta(minutes=draw(st.sampled_from([1, 35, 120, 3 * 24 * 60]))))

    # What must be true at every moment

    @invariant()
    def the_rows_agree(self) -> None:
        if self.wrote:
            before, self.books, self.wrote = self.books, Books(), False
            books.rows_agree(self.books)
            books.nobody_owes_more_without_a_cause(before, self.books)
            books.no_hold_is_captured_beyond_what_is_kept(self.books, self.by_hand)
            self.seen |= set(milestones(before, self.books, self.strays))
        self._look_there()

    @invariant()
    def no_row_claims_more_than_the_gateway_has(self) -> None:
        totals = self._totals()
        assert sum(p.captured_minor for p in self.books.payments) <= totals["captured"]
        assert totals["refunded"] <= totals["captured"]

    # Quiet

    def _calm_down(self) -> None:
        """No more faults; every event arrives, jobs run, and what nobody told of is looked for."""
        self.shop.gateway.set_faults()
        self.http.meanwhile = None
        self._until_quiet()
        self._look_for_the_forgotten()
        self._until_quiet()
        books.what_is_paid_is_confirmed(Books())
        for _ in range(3):
            self.clock.shift(timedelta(minutes=35))
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
        raise AssertionError(f"jobs go on and on: {list(_todo(10))}")

    def _look_for_the_forgotten(self) -> None:
        """As a comparison with the gateway's list does: whatever no event told."""
        for intent in self.shop.gateway.recent(limit=100):
            apply_payment(provider_ref=intent["id"])
            apply_refunds(payment_ref=intent["id"])
            apply_disputes(payment_ref=intent["id"])

    def _all_is_well(self) -> None:
        self.the_rows_agree()
        books.gateway_agrees(self.books, self.shop.gateway)
        books.orders_are_explained(self.books)
        books.debts_are_asked_for(self.books)
        books.documents_agree(self.books)
        books.comparison_is_equal(self.books, reconcile_payments(since=timezone.now() - timedelta(days=400), settle=0))
        for account in self._not(OrderStatus.CONFIRMED):
            with pytest.raises(TransitionNotAllowed):
                self._charge(account.order, 1500, ChargeKind.DAMAGE)

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

    def _orders(self, *statuses: str) -> list[Account]:
        return [account for account in self.books.accounts.values() if account.order.status in statuses]

    def _not(self, *statuses: str) -> list[Account]:
        return [account for account in self.books.accounts.values() if account.order.status not in statuses]

    def _captured(self) -> list[Payment]:
        often = Counter(refund.payment_id for refund in self.books.refunds)
        return [p for p in self.books.payments if p.refundable_minor > 0 and often[p.pk] < MOST_REFUNDS]

    def _undisputed(self) -> list[Payment]:
        known = {dispute["payment_intent"] for dispute in self.there["dispute"]}
        return [payment for payment in self._captured() if payment.provider_ref not in known]

    def _held(self) -> list[Payment]:
        return [payment for payment in self.books.payments if payment.status == PaymentStatus.AUTHORISED]

    def _open_payments(self) -> list[Payment]:
        return [payment for payment in self.books.payments if payment.status in LIVE and payment.provider_ref]

    def _waiting_refunds(self) -> list[Refund]:
        return [refund for refund in self.books.refunds if refund.status == RefundStatus.WAITING]

    def _live_deposits(self) -> list[Deposit]:
        return [deposit for deposit in self.books.deposits if deposit.status in DEPOSIT_LIVE]

    def _lost_disputes(self) -> list[Dispute]:
        lost = [d for d in self.books.disputes if d.status == DisputeStatus.LOST]
        return [d for d in lost if d.decision != DisputeDecision.WRITE_OFF]

    def _deposit_to_pay(self) -> list[Account]:
        return [a for a in self._orders(OrderStatus.CONFIRMED) if any(d.status in UNSECURED for d in a.deposits)]

    def _extra_to_pay(self) -> list[Account]:
        return [a for a in self._orders(OrderStatus.CONFIRMED, OrderStatus.COMPLETED) if a.open_minor > 0]

    def _to_pay(self) -> list[tuple[Account, Payment.Purpose]]:
        return [
            *((account, Payment.Purpose.ORDER) for account in self._orders(OrderStatus.PENDING_PAYMENT)),
            *((account, Payment.Purpose.DEPOSIT) for account in self._deposit_to_pay()),
            *((account, Payment.Purpose.EXTRA) for account in self._extra_to_pay()),
        ]

    def _open_pages(self) -> list[str]:
        return [page["id"] for page in self.there["checkout.session"] if page["status"] == "open"]

    def _payable(self) -> list[str]:
        """What was opened in the app."""
        on_pages = {page["payment_intent"] for page in self.there["checkout.session"]}
        open_now = (i["id"] for i in self.there["payment_intent"] if i["status"] == "requires_payment_method")
        return [ref for ref in open_now if ref not in on_pages]

    def _asked(self) -> list[str]:
        return [i["id"] for i in self.there["payment_intent"] if i["status"] == "requires_action"]

    def _open_disputes(self) -> list[str]:
        return [d["id"] for d in self.there["dispute"] if d["status"] in ("needs_response", "warning_needs_response")]

    def _pending_refunds(self) -> list[str]:
        return [refund["id"] for refund in self.there["refund"] if refund["status"] == "pending"]

    # Tools

    def _saw(self, what: str, about: object) -> None:
        self.seen.add((what, str(about)))

    def _look_there(self) -> None:
        kinds = ("payment_intent", "refund", "dispute", "checkout.session")
        self.there = {kind: self.shop.gateway.recent(kind, books.MOST) for kind in kinds}

    def _note_writes(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        self.wrote = self.wrote or sql.startswith(("INSERT", "UPDATE", "DELETE"))
        return execute(sql, *arguments)

    def _totals(self) -> dict[str, int]:
        return dict(self.shop.gateway.totals().get("eur", dict.fromkeys(("captured", "refunded", "held"), 0)))

    def _collect(self) -> None:
        fresh = [json.loads(body) for body, _ in self.shop.gateway.take_webhooks()]
        self.told += fresh
        self.waiting += fresh

    def _work(self, most: int) -> int:
        """Run what waits, oldest first; what fails waits again. Returns how many went well."""
        well = 0
        for job_id, name, arguments in _todo(most):
            self.clock.shift(MOMENT)
            well += _run(job_id, name, arguments)
        self.clock.shift(MOMENT)
        return well


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
    try:
        with transaction.atomic():
            if not _move(job_id, "todo", "doing"):
                return False  # it ran meanwhile
    except IntegrityError:
        return False  # one with the same lock is at it
    try:
        app.tasks[name](**arguments)
    except (ProviderError, Died):  # it is tried again, or handed on
        try:
            with transaction.atomic():
                _move(job_id, "doing", "todo")
        except IntegrityError:  # its twin waits already
            _move(job_id, "doing", "aborted")
        return False
    _move(job_id, "doing", "succeeded")
    return True


def _move(job_id: int, before: str, after: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = %s WHERE id = %s AND status = %s", [after, job_id, before]
        )
        return bool(cursor.rowcount)
