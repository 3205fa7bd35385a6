"""Everything that can happen to money, in any order: no cent astray, no order without money, no money without an order.

Real services, real SDK, real database; the gateway is the stand-in, which keeps its own sums. Its events come late,
twice, in any order or never; its answers get lost; jobs run when they like.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profiles
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from procrastinate.contrib.django import app
from pytest_django import Settings

from core.errors import DomainError
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
from payments.models import Deposit, Payment, ProviderEvent, Refund
from payments.providers.base import ProviderError
from payments.providers.registry import get_provider
from payments.selectors import balance, parked_payments, payments_owed_back
from payments.services import (
    apply_payment,
    apply_refunds,
    catch_up,
    catch_up_on_refunds,
    receive_event,
    release_deposit,
    renew_ending_holds,
    request_refund,
    secure_deposit,
    secure_due_deposits,
    start_payment,
)
from payments.states import DEPOSIT_LIVE, DepositStatus, PaymentStatus, RefundStatus
from sandbox.inventory.server import running as running_inventory
from sandbox.stripe.client import InProcessHTTPClient
from sandbox.stripe.errors import ApiError
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.webhooks import signed
from tests.shop import Shop

EXAMPLES, STEPS = 50, 40
LONG = 20  # times as many examples, under the profile "long"

CARDS = ["pm_card_visa"] * 4 + [
    "pm_card_mastercard",
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequired",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
]
CALLS = [
    "POST /v1/payment_intents",
    "POST /v1/payment_intents/*",
    "POST /v1/payment_intents/*/capture",
    "POST /v1/payment_intents/*/cancel",
    "POST /v1/refunds",
    "GET /v1/payment_intents/*",
]
FAULTS = ["500_before", "500_after", "drop_before", "drop_after", "timeout", "429"]
PATIENT = (ProviderError, DomainError)
DEAD = (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
LATER = (ChargeKind.DAMAGE, ChargeKind.CLEANING, ChargeKind.LATE_FEE)  # what the deposit is for


class Money(RuleBasedStateMachine):
    """One shop, its customers, its clerks, its bank, and the weather between them."""

    open_shop: Callable[[], AbstractContextManager[Shop]]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(timezone.now(), tick=False))
        self.shop = self.stack.enter_context(type(self).open_shop())
        self.told: list[dict[str, Any]] = []  # every event there ever was
        self.waiting: list[dict[str, Any]] = []

    def teardown(self) -> None:
        try:
            self._calm_down()
            self._all_is_well()
            self._nothing_changes_by_a_repeat()
        finally:
            self.stack.close()

    # What customers do

    @initialize(
        days=st.sampled_from([3, 8]), card=st.sampled_from(["pm_card_visa", "pm_card_visa", "pm_card_refundFail"])
    )
    def an_order_that_goes_well(self, days: int, card: str) -> None:
        """Paid, its deposit secured, out with its customer: from here much can go wrong."""
        order = self.shop.order(self.shop.rental(0, days - 1))
        self._pay(order, Payment.Purpose.ORDER, card, None)
        self._until_quiet()
        for _ in range(2):
            _next_step(Rental.objects.get(), without_deposit="")
        assert Deposit.objects.get().status == DepositStatus.SECURED

    @rule(first=st.integers(0, 2), days=st.sampled_from([2, 3, 8]), what=st.sampled_from(["sale", "rental", "both"]))
    def order(self, first: int, days: int, what: str) -> None:
        lines = [self.shop.sale()] if what != "rental" else []
        self._place(lines + ([self.shop.rental(first, first + days - 1)] if what != "sale" else []))

    def _place(self, lines: list[Any]) -> None:
        with suppress(DomainError):
            self.shop.order(*lines)

    @rule(data=st.data(), card=st.sampled_from(CARDS), save=st.sampled_from([None, None, True, False]))
    def pay(self, data: st.DataObject, card: str, save: bool | None) -> None:
        order = self._any(data, Order.objects.filter(status=OrderStatus.PENDING_PAYMENT))
        self._pay(order, Payment.Purpose.ORDER, card, save)

    @rule(data=st.data(), card=st.sampled_from(CARDS), purpose=st.sampled_from(["deposit", "extra"]))
    def pay_more(self, data: st.DataObject, card: str, purpose: str) -> None:
        order = self._any(data, Order.objects.filter(status=OrderStatus.CONFIRMED))
        self._pay(order, Payment.Purpose(purpose), card, None)

    def _pay(self, order: Order | None, purpose: Payment.Purpose, card: str, save: bool | None) -> None:
        if order is None:
            return
        with suppress(DomainError, ApiError):
            started = start_payment(order_id=order.pk, customer_id=order.customer_id, purpose=purpose, save_card=save)
            self.shop.gateway.confirm(str(started.payment.provider_ref), card)

    @rule(data=st.data(), succeed=st.booleans())
    def answer_the_banks_question(self, data: st.DataObject, succeed: bool) -> None:
        asked = [i["id"] for i in self.shop.gateway.recent(limit=100) if i["status"] == "requires_action"]
        if asked:
            self.shop.gateway.complete_3ds(data.draw(st.sampled_from(asked)), succeed=succeed)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = self._any(data, Order.objects.exclude(status__in=DEAD))
        if order is not None:
            with suppress(DomainError):
                cancel_order(order_id=order.pk, actor="customer:1")

    # What clerks do

    @rule(data=st.data(), times=st.integers(1, 6))
    def the_counter_works(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            rental = self._any(data, Rental.objects.filter(line__order__status=OrderStatus.CONFIRMED))
            line = self._any(data, OrderLine.objects.filter(order__status=OrderStatus.CONFIRMED, kind="sale"))
            with suppress(DomainError):
                if rental is not None:
                    _next_step(rental, without_deposit=data.draw(st.sampled_from(["", "", "", "paid in cash"])))
            with suppress(DomainError):
                if line is not None:
                    step = prepare_sale if line.status == SaleStatus.RESERVED else deliver_sale
                    step(line_id=line.pk, actor="staff:1")

    @rule(data=st.data(), minor=st.sampled_from([1500, 2500, 9000]), kind=st.sampled_from(LATER))
    def something_is_broken(self, data: st.DataObject, minor: int, kind: ChargeKind) -> None:
        order = self._any(data, Order.objects.filter(status=OrderStatus.CONFIRMED))
        if order is not None:
            add_charge(order_id=order.pk, kind=kind, amount_minor=minor, reason="torn", actor="staff:1")

    @rule(data=st.data(), share=st.sampled_from([1, 2]), there=st.booleans())
    def staff_refunds(self, data: st.DataObject, share: int, there: bool) -> None:
        """Here or at the gateway, of whatever was captured."""
        payment = self._any(data, Payment.objects.filter(captured_minor__gt=0))
        if payment is None:
            return
        with suppress(DomainError, ApiError):
            if there:
                self.shop.gateway.dashboard_refund(str(payment.provider_ref), payment.captured_minor // share)
            else:
                amount = payment.refundable_minor // share
                request_refund(payment_id=payment.pk, amount_minor=amount, reason="sorry", actor="staff:1")

    @rule(data=st.data(), what=st.sampled_from(["again", "release"]))
    def staff_sees_to_a_deposit(self, data: st.DataObject, what: str) -> None:
        deposit = self._any(data, Deposit.objects.filter(status__in=DEPOSIT_LIVE))
        if deposit is None:
            return
        with suppress(*PATIENT):
            if what == "again":
                secure_deposit(deposit_id=deposit.pk, again=True)
            else:
                release_deposit(deposit_id=deposit.pk, actor="staff:1", note="a friend of the house")

    # What banks do

    @rule(data=st.data(), what=st.sampled_from(["lapses", "captured"]))
    def something_happens_to_a_hold(self, data: st.DataObject, what: str) -> None:
        held = [i for i in self.shop.gateway.recent(limit=100) if i["status"] == "requires_capture"]
        if not held:
            return
        intent = data.draw(st.sampled_from(held))
        if what == "lapses":
            self.shop.gateway.expire_hold(intent["id"])
        else:
            with suppress(ProviderError):
                get_provider().capture(key="dashboard", ref=intent["id"], amount_minor=intent["amount"] // 2)

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

    @rule(data=st.data())
    def events_arrive(self, data: st.DataObject) -> None:
        """Some of those that wait, in any order, now and then twice; some get lost."""
        self._collect()
        order = data.draw(st.permutations(range(len(self.waiting))))
        late = {n for n in order if data.draw(st.integers(0, 5)) == 0}
        for n in order:
            if n not in late:
                for _ in range(data.draw(st.sampled_from([0, 1, 1, 1, 2]))):
                    _receive(self.waiting[n])
        self.waiting = [event for n, event in enumerate(self.waiting) if n in late]

    @rule(most=st.sampled_from([1, 3, 10, 100, 100]))
    def jobs_run(self, most: int) -> None:
        self._work(most)

    @rule()
    def all_that_waits_is_done(self) -> None:
        self._collect()
        waiting, self.waiting = self.waiting, []
        for event in waiting:
            _receive(event)
        for _ in range(4):
            self._work(100)

    @rule(data=st.data(), minor=st.sampled_from([0, 1500, 9000]))
    def an_order_is_brought_to_its_end(self, data: st.DataObject, minor: int) -> None:
        order = self._any(data, Order.objects.filter(status=OrderStatus.CONFIRMED))
        if order is None:
            return
        if minor:
            add_charge(order_id=order.pk, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="torn", actor="staff:1")
        for rental in Rental.objects.filter(line__order=order):
            for _ in range(4):
                with suppress(DomainError):
                    rental.refresh_from_db()
                    _next_step(rental, without_deposit="")

    @rule(job=st.sampled_from(["secure", "renew", "catch_up", "refunds", "expire"]))
    def a_periodic_job_runs(self, job: str) -> None:
        with suppress(ProviderError):
            _periodic(job)

    @rule(wait=st.sampled_from([timedelta(minutes=1), timedelta(minutes=35), timedelta(days=1), timedelta(days=3)]))
    def time_passes(self, wait: timedelta) -> None:
        self._travel(wait)

    # What must be true at every moment

    @invariant()
    def no_row_claims_more_than_the_gateway_has(self) -> None:
        sums = Payment.objects.aggregate(captured=Sum("captured_minor"), refunded=Sum("refunded_minor"))
        totals = self._totals()
        assert (sums["captured"] or 0) <= totals["captured"]
        assert totals["refunded"] <= totals["captured"]
        beyond = Payment.objects.filter(parked_reason="", captured_minor__gt=F("amount_minor"))
        assert not beyond.exists()

    @invariant()
    def no_order_is_confirmed_unpaid(self) -> None:
        for order in Order.objects.filter(status__in=[OrderStatus.CONFIRMED, OrderStatus.COMPLETED]):
            later = Charge.objects.filter(order=order, kind__in=LATER).total()
            assert balance(order.pk) - later <= 0, f"{order} is confirmed, and its price is not paid"

    @invariant()
    def what_the_counter_sees_is_what_payments_knows(self) -> None:
        secured = set(Deposit.objects.filter(status=DepositStatus.SECURED).values_list("order_id", flat=True))
        assert secured == set(Order.objects.filter(deposit_secured_at__isnull=False).values_list("pk", flat=True))

    # Quiet

    def _calm_down(self) -> None:
        """No more faults; every event arrives, jobs run, and what nobody told of is looked for."""
        self.shop.gateway.set_faults()
        self._until_quiet()
        for _ in range(2):
            self._travel(timedelta(minutes=35))
            self._look_for_the_forgotten()
            for job in ("expire", "secure", "renew", "catch_up", "refunds"):
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

    def _all_is_well(self) -> None:
        totals, rows = self._totals(), Payment.objects.all()
        sums = rows.aggregate(captured=Sum("captured_minor"), refunded=Sum("refunded_minor"))
        pending = Refund.objects.filter(status=RefundStatus.PENDING).aggregate(sum=Sum("amount_minor"))["sum"] or 0
        held = rows.filter(status=PaymentStatus.AUTHORISED).aggregate(sum=Sum("amount_minor"))["sum"] or 0
        assert not parked_payments().exists(), [p.parked_reason for p in parked_payments()]
        assert totals["captured"] == (sums["captured"] or 0)
        assert totals["refunded"] == (sums["refunded"] or 0) + pending
        assert totals["held"] == held
        for order in Order.objects.all():
            self._is_explained(order)

    def _is_explained(self, order: Order) -> None:
        owed, paid = balance(order.pk), Payment.objects.filter(order=order)
        owes_back = payments_owed_back().filter(order=order).exists()
        deposits = Deposit.objects.filter(order=order)
        for deposit in deposits:
            self._is_true_of(deposit, owes_back=owes_back)
        if order.status in DEAD:
            assert owed == 0 or owes_back, f"{order.status}: {owed}"
            assert paid.kept() == 0 or owes_back, f"{order.status}, and {paid.kept()} are kept"
            assert not deposits.filter(status__in=DEPOSIT_LIVE).exists()
        elif order.status == OrderStatus.COMPLETED:
            assert owed == 0 or owes_back, f"completed: {owed}"
            assert owes_back or paid.kept() == Charge.objects.filter(order=order).total()
        elif order.status == OrderStatus.CONFIRMED:
            assert owed >= 0 or owes_back, f"{-owed} are owed back, and nobody sees it"
        else:
            assert paid.kept() == 0 or owes_back or order.status == OrderStatus.PENDING_PAYMENT
        if not deposits.filter(status__in=DEPOSIT_LIVE).exists():
            assert not paid.filter(status=PaymentStatus.AUTHORISED).exists(), "a hold that nobody needs"

    def _is_true_of(self, deposit: Deposit, *, owes_back: bool) -> None:
        """A secured one is secured by something; of an ended one the shop has what it says, to the cent."""
        for payment in deposit.payments.all():
            if deposit.is_secured_by(payment) and deposit.status == DepositStatus.SECURED:
                assert payment.secures_minor > 0, "nothing secures it"
            if not deposit.is_live and not owes_back:
                assert payment.refundable_minor == deposit.stays_of(payment), "it keeps another amount than it says"

    def _nothing_changes_by_a_repeat(self) -> None:
        before = self._snapshot()
        ProviderEvent.objects.all().delete()
        for event in reversed(self.told):
            _receive(event)
        for _ in range(10):
            if not self._work(1000):
                break
        assert self._snapshot() == before

    def _snapshot(self) -> Any:
        return (
            self._totals(),
            list(Payment.objects.order_by("pk").values()),
            list(Refund.objects.order_by("pk").values()),
            list(Deposit.objects.order_by("pk").values()),
            list(Order.objects.order_by("pk").values_list("pk", "status", "deposit_secured_at")),
            list(Charge.objects.order_by("pk").values_list("pk", "order_id", "amount_minor")),
        )

    # Tools

    def _any(self, data: st.DataObject, rows: Any) -> Any:
        found = list(rows.order_by("pk")[:20])
        return found[data.draw(st.integers(0, len(found) - 1))] if found else None

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
            StripeSandbox(check_answers=True, webhook_secrets=["whsec_new"]) as gateway,
            transaction.atomic(),
        ):
            settings.INVENTORY_URL, settings.INVENTORY_TOKEN = ims.url, "token-of-the-test"
            settings.STRIPE_HTTP_CLIENT = InProcessHTTPClient(gateway)
            yield Shop.opened(ims, gateway, pieces=100, units=40)
            transaction.set_rollback(True)

    class Opened(Money):
        open_shop = staticmethod(opened)

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
