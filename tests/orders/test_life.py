"""Whatever a customer and a clerk do with one order, in whatever order: it is charged as promised, and ends at zero."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db.models import Sum
from hypothesis import settings as profiles
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from icalendar import Calendar
from pytest_django import Settings

from core.errors import DomainError
from core.time import days_counted, today_in
from inventory.models import Depot
from orders.calendar import calendar_of
from orders.models import CancellationTier, ChargeKind, LinePart, Order, OrderLine, Rental
from orders.outlook import Outlook, cancellation_of, keep_minor, late_fees_minor, rent_charged_minor
from orders.selectors import order_answer, rentals_to_come
from orders.services import (
    accept_claim,
    add_charge,
    ask_return,
    call_off_rental,
    cancel_order,
    charge_late_rentals,
    choose_part,
    close_rental,
    deliver_sale,
    deny_parcel,
    extend_rental,
    file_claim,
    hand_over_rental,
    keep_rental,
    lose_rental,
    move_rental_days,
    post_back_rental,
    prepare_rental,
    prepare_sale,
    rearrange_rental,
    receive_return,
    refuse_return,
    report_late,
    settle_no_shows,
    shorten_rental,
    take_back_rental,
)
from payments.models import Deposit, Document, Payment
from payments.selectors import balance, statement
from payments.services import renew_ending_holds, request_refund, secure_due_deposits
from tests.examples import run_machine
from tests.factories.orders import CouponFactory
from tests.jobs import run_jobs
from tests.orders.test_order_answer import require_sound
from tests.payments.machine import MONDAY, opened
from tests.shop import Shop

EXAMPLES, STEPS, LONG = 10, 20, 20
ME, CLERK = "customer:1", "staff:1"
OVER = ("closed", "cancelled", "kept", "lost")
POLICIES = [(), ((48, 100), (0, 50)), ((24, 80),), ((400, 100), (240, 30))]

Draw = Callable[[st.SearchStrategy[Any]], Any]


class Life(RuleBasedStateMachine):
    """One order, fetched or brought, with a coupon or without: two carriers for rent, one of them in a bundle, one bag,
    and the same bundle bought.

    `reached` counts what happened. Rentals that were `shortened` may have cost more than their days do, those that were
    `rearranged` less.
    """

    settings: Settings
    reached: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(MONDAY, tick=False))
        self.shortened: set[UUID] = set()
        self.rearranged: set[UUID] = set()
        self.seen: list[Rental] = []  # the rentals as they were before what happens next
        self.goodwill = False  # what was given back as such is not credited twice
        self.shop: Shop
        self.shop, _ = self.stack.enter_context(opened(self.settings))

    def teardown(self) -> None:
        try:
            if hasattr(self, "order_id"):
                self._bring_to_its_end()
        finally:
            self.stack.close()

    @initialize(
        policy=st.sampled_from(POLICIES),
        first=st.integers(1, 12),
        days=st.integers(2, 9),
        is_brought=st.booleans(),
        coupon=st.sampled_from(["", "TENTH"]),
    )
    def begin(self, policy: tuple[tuple[int, int], ...], first: int, days: int, is_brought: bool, coupon: str) -> None:
        for hours, percent in policy:
            CancellationTier.objects.create(hours=hours, percent=percent)
        CouponFactory(code="TENTH")
        shop = self.shop
        home = shop.delivery(takes_returns=True)
        how = home | {"coupon": coupon} if is_brought else {"coupon": coupon}
        first += 3 if is_brought else 0
        whole = shop.offer_set(bowls=40)
        bundled = replace(shop.rental(first + 1, first + days), sku=whole.sku)
        lines = [shop.rental(first, first + days - 1), bundled, shop.sale(), replace(shop.sale(), sku=whole.sku)]
        quote = shop.quote(*lines, **how)
        self.order_id = shop.settled(shop.place(quote)).pk
        self.clock.shift(timedelta(seconds=1))  # nobody cancels at the instant of the payment
        [bought] = [line for line in quote.lines if line["kind"] == "sale" and line["sku"] == whole.sku]
        assert bought["unit_price_minor"] == 49_90  # whatever its parts cost
        told = [line["rental"]["days"] for line in quote.lines if line["kind"] == "rental"]
        assert told == [days_counted(rental.start_on, rental.end_on) for rental in self.rentals] == [days, days]

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        self.seen = self.rentals
        possible = {name: found for name, of in DEEDS.items() if (found := list(of(self)))}
        name = data.draw(st.sampled_from([name for name in possible for _ in range(OFTEN.get(name, 1))]))
        what = data.draw(st.sampled_from(possible[name]))
        try:
            getattr(self, name)(what, data.draw)
        except DomainError as no:
            self.reached[f"{name}: {no.code}"] += 1
        else:
            self.reached[name] += 1
        self.clock.shift(timedelta(seconds=1))

    # Deeds

    def extend(self, rental: Rental, draw: Draw) -> None:
        before, until = rent_charged_minor(rental), rental.end_on + timedelta(days=draw(st.integers(1, 9)))
        settled, once = max(before, rent_of(rental)), rent_of(rental, until)
        extend_rental(rental_id=rental.pk, end_on=until, actor=ME)
        assert rent_charged_minor(rental) == before + max(0, once - settled)

    def shorten(self, rental: Rental, draw: Draw) -> None:
        earlier = Outlook(rental, Depot.objects.with_closures().get(pk=self.shop.depot.pk)).earlier
        if not earlier:
            return
        option, before = draw(st.sampled_from(earlier)), rent_charged_minor(rental)
        self.shortened.add(rental.pk)
        shorten_rental(rental_id=rental.pk, end_on=option.end_on, actor=ME, seen_minor=option.credit_minor)
        credit = before - rent_charged_minor(rental)
        assert credit <= option.credit_minor if self.goodwill else credit == option.credit_minor

    def move(self, rental: Rental, draw: Draw) -> None:
        first = rental.start_on + timedelta(days=draw(st.integers(-3, 6)))
        last = first + timedelta(days=draw(st.integers(0, 9)))
        move_rental_days(rental_id=rental.pk, start_on=first, end_on=last, actor=ME)

    def rearrange(self, rental: Rental, draw: Draw) -> None:
        before = rent_charged_minor(rental)
        first = rental.start_on + timedelta(days=0 if rental.status == "out" else draw(st.integers(-3, 6)))
        last = first + timedelta(days=draw(st.integers(0, 9)))
        moved = rearrange_rental(rental_id=rental.pk, start_on=first, end_on=last, actor=CLERK, note="Closed.")
        self.rearranged.add(rental.pk)
        assert rent_charged_minor(rental) <= before
        if not self.goodwill:
            assert rent_charged_minor(rental) == min(before, rent_of(moved))

    def call_off(self, rental: Rental, _: Draw) -> None:
        others = self.order.charges.total() - rent_charged_minor(rental)
        call_off_rental(rental_id=rental.pk, actor=CLERK, note="Closed.")
        left = self.order.charges.total()
        assert left == 0 if self.order.status == "cancelled" else self.goodwill or left == others

    def give_goodwill(self, payment: Payment, draw: Draw) -> None:
        minor = draw(st.integers(1, 20_00))
        request_refund(payment_id=payment.pk, amount_minor=minor, reason="sorry", actor=CLERK)
        self.goodwill = True

    def cancel(self, order: Order, _: Draw) -> None:
        told = cancellation_of(order)
        charged = order.charges.total()
        cancel_order(order_id=order.pk, actor=ME, seen_minor=told.credit_minor)
        assert order.charges.total() == charged - told.credit_minor == told.kept_minor

    def tell_late(self, rental: Rental, draw: Draw) -> None:
        back_on = max(rental.end_on, self.shop.today) + timedelta(days=draw(st.integers(1, 5)))
        report_late(rental_id=rental.pk, back_on=back_on, actor=ME)

    def keep(self, rental: Rental, _: Draw) -> None:
        told = keep_minor(rental)
        with suppress(DomainError):
            keep_rental(rental_id=rental.pk, actor=ME, seen_minor=told)
            kept = rental.charges.filter(kind=ChargeKind.KEEP).total()
            assert kept == told

    def post_back(self, rental: Rental, _: Draw) -> None:
        post_back_rental(rental_id=rental.pk, carrier="DHL", tracking_number="1", actor=ME)

    def deny_parcel(self, rental: Rental, _: Draw) -> None:
        deny_parcel(rental_id=rental.pk, actor=CLERK)

    def hand_over(self, rental: Rental, _: Draw) -> None:
        while self.shop.today < rental.leaves_on:
            self._a_day_passes()
        prepare_rental(rental_id=rental.pk, actor=CLERK)
        hand_over_rental(rental_id=rental.pk, actor=CLERK)

    def take_back(self, rental: Rental, draw: Draw) -> None:
        left = today_in(self.shop.depot.time_zone, rental.handed_over_at)
        posted_on = draw(st.none() | st.dates(left, self.shop.today))
        take_back_rental(rental_id=rental.pk, actor=CLERK, condition="B", posted_on=posted_on)

    def close(self, rental: Rental, _: Draw) -> None:
        close_rental(rental_id=rental.pk, actor=CLERK)

    def miss(self, rental: Rental, _: Draw) -> None:
        """Nobody comes: its days pass."""
        while rental.end_on >= self.shop.today:
            self._a_day_passes()
        self._a_day_passes()

    def damage(self, rental: Rental, draw: Draw) -> None:
        minor = draw(st.sampled_from([900, 60_000]))
        order_id = rental.line.order_id
        add_charge(order_id=order_id, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="torn", actor=CLERK)

    def deliver(self, line: OrderLine, _: Draw) -> None:
        prepare_sale(line_id=line.pk, actor=CLERK)
        deliver_sale(line_id=line.pk, actor=CLERK)

    def send_back(self, line: OrderLine, _: Draw) -> None:
        ask_return(order_id=line.order_id, line_ids=[line.pk], actor=ME)

    def receive(self, line: OrderLine, draw: Draw) -> None:
        if draw(st.booleans()):
            receive_return(line_id=line.pk, actor=CLERK)
        else:
            refuse_return(line_id=line.pk, actor=CLERK, note="worn")

    def days_pass(self, _: "Life", draw: Draw) -> None:
        for _day in range(draw(st.integers(1, 4))):
            self._a_day_passes()

    def jobs_run(self, _: "Life", __: Draw) -> None:
        self._until_quiet()

    def choose_part(self, rental: Rental, _: Draw) -> None:
        prepare_rental(rental_id=rental.pk, actor=CLERK)
        part = self._bowl_of(rental)
        if part is not None and part.reservation.unit is not None:
            choose_part(part_id=part.pk, actor=CLERK, serial="BOWL-1-40")

    def lack(self, rental: Rental, draw: Draw) -> None:
        """What led the bundle is brought back, and its bowl is not; that may be claimed."""
        part = self._bowl_of(rental)
        if part is None or part.reservation.unit is None:
            return
        missing = {part.reservation.unit.serial}
        before = self.order.charges.exclude(kind=ChargeKind.LATE_FEE).total()
        take_back_rental(rental_id=rental.pk, actor=CLERK, condition="B", missing=missing)
        assert self.order.charges.exclude(kind=ChargeKind.LATE_FEE).total() == before
        if minor := draw(st.sampled_from([0, 1_99])):
            claim = file_claim(
                rental_id=rental.pk, kind=ChargeKind.DAMAGE, amount_minor=minor, reason="no bowl", actor=CLERK
            )
            accept_claim(claim_id=claim.pk, actor=ME)
            assert rental.charges.filter(kind=ChargeKind.DAMAGE).total() == minor

    def lose(self, rental: Rental, draw: Draw) -> None:
        owed = draw(st.sampled_from([0, 49_90]))
        lose_rental(rental_id=rental.pk, actor=CLERK, note="gone", owed_minor=owed)
        assert rental.charges.filter(kind=ChargeKind.DAMAGE).total() == owed

    # What must be true all the time

    @invariant()
    def every_day_is_paid_as_promised(self) -> None:
        for rental in self.rentals:
            terms = rental.line.rental_terms
            rent, charged = rent_of(rental), rent_charged_minor(rental)
            if rental.status != "cancelled":  # a day that was given back may not be credited in full
                assert charged >= rent or rental.pk in self.rearranged
                assert charged <= rent or rental.pk in self.shortened or self.goodwill
            most = terms.keep_minor(terms.fee_minor(rental.start_on, rental.end_on)) or 0
            assert 0 <= late_fees_minor(rental) <= most
            days = rental.charges.exclude(late_on=None).values_list("late_on", flat=True)
            assert len(days) == len(set(days))
            assert all(day > rental.end_on for day in days)

    @invariant()
    def everybody_counts_the_same_days(self) -> None:
        """The app, the claim on the unit, and the customer's own calendar."""
        shown = {
            rental["id"]: (rental["start_on"], rental["end_on"], rental["days"])
            for line in self._answer()["lines"]
            for rental in line.get("rentals") or ()
        }
        events = self._calendar()
        for rental in self.rentals:
            first, last, days = shown[str(rental.pk)]
            assert (first, last, days) == (rental.start_on, rental.end_on, (last - first).days + 1)
            blocked = rental.line.rental_terms.buffers.blocked(first, last)
            if rental.status in ("booked", "ready"):
                assert (rental.reservation.period.lower, rental.reservation.period.upper) == blocked
                assert events[f"{rental.pk}-pickup"] == first
            if rental.status in ("booked", "ready", "out") and not rental.is_posted_back:
                assert events[f"{rental.pk}-return"] == last

    @invariant()
    def a_bundle_stays_together(self) -> None:
        if hasattr(self, "order_id"):
            parts = LinePart.objects.filter(line__order=self.order_id, reservation__kind="rental")
            for part in parts.filter(missing_at=None).select_related("reservation", "rental__reservation"):
                mine, lead = part.reservation, part.rental.reservation
                assert (mine.status, mine.period, mine.turnaround_days) == (
                    lead.status, lead.period, lead.turnaround_days
                )  # fmt: skip
                assert (mine.unit_id is None) == (lead.unit_id is None)

    @invariant()
    def the_statement_and_the_order_add_up(self) -> None:
        if hasattr(self, "order_id"):
            told, shown = statement(self.order), self._answer()
            assert sum(entry.amount_minor for entry in told.entries) == told.balance_minor
            require_sound(shown)
            assert shown["total"]["amount"] == told.charged_minor

    # The end

    def _bring_to_its_end(self) -> None:
        """Nobody changes their mind any more: all is handed over, brought back and looked at, or was called off."""
        for _ in range(60):
            self._until_quiet()
            if all(rental.status in OVER for rental in self.rentals) and not list(self.to_deliver()):
                break
            for line in self.to_deliver():
                self.deliver(line, lambda _: None)
            for rental in self.rentals:
                self._next_step(rental)
            self._a_day_passes()
        for line in self.to_receive():
            receive_return(line_id=line.pk, actor=CLERK)
        self._until_quiet()
        order = self.order
        told = statement(order)
        assert balance(order.pk) == 0, (order.status, told)
        written = Document.objects.filter(order=order).aggregate(minor=Sum("total_minor"))["minor"] or 0
        assert written == told.charged_minor
        assert order.status in ("completed", "cancelled")
        assert not Deposit.objects.filter(order=order, status__in=Deposit.LIVE).exists()
        self.reached[f"ended {order.status}"] += 1

    def _next_step(self, rental: Rental) -> None:
        if rental.status in ("booked", "ready") and rental.leaves_on <= self.shop.today:
            if rental.status == "booked":
                prepare_rental(rental_id=rental.pk, actor=CLERK)
            note = "" if self.order.deposit_secured_at else "the card was out of reach"
            hand_over_rental(rental_id=rental.pk, actor=CLERK, without_deposit=note)
        elif rental.status == "out":
            take_back_rental(rental_id=rental.pk, actor=CLERK, condition="A")
        elif rental.status == "returned":
            close_rental(rental_id=rental.pk, actor=CLERK)

    def _a_day_passes(self) -> None:
        self.clock.shift(timedelta(days=1))
        secure_due_deposits()
        renew_ending_holds()
        charge_late_rentals()
        settle_no_shows()
        self._until_quiet()

    def _until_quiet(self) -> None:
        for _ in range(4):
            if not run_jobs() and not self.shop.deliver_webhooks():
                return
        run_jobs()

    # What there is

    def _bowl_of(self, rental: Rental) -> LinePart | None:
        return rental.parts.select_related("reservation__unit").filter(sku="BOWL-1").first()

    @property
    def order(self) -> Order:
        return Order.objects.select_related("quote", "depot").get(pk=self.order_id)

    @property
    def rentals(self) -> list[Rental]:
        mine = Rental.objects.filter(line__order=self.order_id) if hasattr(self, "order_id") else Rental.objects.none()
        return list(mine.select_related("line__order__depot", "reservation").order_by("pk"))

    def are(self, *statuses: str) -> Iterator[Rental]:
        return (rental for rental in self.seen if rental.status in statuses)

    def to_cancel(self) -> Iterator[Order]:
        return iter([self.order] if self.order.status == "confirmed" else [])

    def to_give_back(self) -> Iterator[Payment]:
        paid = Payment.objects.filter(order=self.order_id, purpose="order") if not self.goodwill else []
        return (payment for payment in paid if self.order.status == "confirmed" and payment.refundable_minor)

    def to_deliver(self) -> Iterator[OrderLine]:
        return self._sales("reserved", "ready")

    def to_receive(self) -> Iterator[OrderLine]:
        return self._sales("return_requested")

    def _sales(self, *statuses: str) -> Iterator[OrderLine]:
        return iter(OrderLine.objects.filter(order=self.order_id, kind="sale", status__in=statuses))

    def _answer(self) -> dict[str, Any]:
        return order_answer(Order.objects.with_lines().get(pk=self.order_id)) if self.rentals else {"lines": []}

    def _calendar(self) -> dict[str, date]:
        calendar = Calendar.from_ical(calendar_of(rentals_to_come(self.shop.customer)))
        return {str(event["uid"]).partition("@")[0]: event["dtstart"].dt for event in calendar.walk("VEVENT")}


def rent_of(rental: Rental, until: date | None = None) -> int:
    """What the days of a rental cost, or those until another day, after its coupon."""
    fee = rental.line.rental_terms.fee_minor(rental.start_on, until or rental.end_on)
    return rental.after_discount(fee)


DEEDS: dict[str, Callable[[Life], Iterator[Any]]] = {
    "extend": lambda life: life.are("booked", "ready", "out"),
    "move": lambda life: life.are("booked", "ready"),
    "rearrange": lambda life: life.are("booked", "ready", "out"),
    "call_off": lambda life: life.are("booked", "ready"),
    "give_goodwill": Life.to_give_back,
    "cancel": Life.to_cancel,
    "shorten": lambda life: life.are("out"),
    "tell_late": lambda life: life.are("out"),
    "keep": lambda life: life.are("out"),
    "post_back": lambda life: life.are("out"),
    "deny_parcel": lambda life: (rental for rental in life.are("out") if rental.is_posted_back),
    "hand_over": lambda life: life.are("booked"),
    "take_back": lambda life: life.are("out"),
    "choose_part": lambda life: life.are("booked"),
    "lack": lambda life: life.are("out"),
    "lose": lambda life: life.are("out"),
    "close": lambda life: life.are("returned"),
    "miss": lambda life: life.are("booked"),
    "damage": lambda life: life.are("out", "returned"),
    "deliver": Life.to_deliver,
    "send_back": lambda life: life._sales("collected", "shipped"),
    "receive": Life.to_receive,
    "days_pass": lambda life: iter([life]),
    "jobs_run": lambda life: iter([life]),
}
OFTEN = dict.fromkeys(
    ("rearrange", "call_off", "cancel", "hand_over", "take_back", "close", "damage", "send_back", "move", "tell_late"),
    2,
)
ENDS = ("ended completed", "ended cancelled")
MOST_DEEDS = 11  # of all; under the profile "long" every one of them happens


@pytest.mark.timeout(1800)
@pytest.mark.django_db
def test_an_order_is_charged_as_promised_and_ends_at_zero_whatever_is_changed(settings: Settings) -> None:
    reached = Counter[str]()
    opened_with = settings

    class Told(Life):
        settings = opened_with

    Told.reached = reached
    rounds = LONG if profiles.get_current_profile_name() == "long" else 1
    for number in range(rounds):
        run_machine(Told, number=number, count=EXAMPLES, steps=STEPS)

    print("", *(f"{n:5} {what}" for what, n in sorted(reached.items())), sep="\n")
    assert all(reached[end] for end in ENDS)
    done = [name for name in DEEDS if reached[name]]
    assert len(done) >= (MOST_DEEDS if rounds == 1 else len(DEEDS)), done
