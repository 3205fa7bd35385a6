"""kill -9 of everything we run, at any point of the journey: the order ends well, or as if it had never been.

At each named point an outside system is made to hang in the middle of a call; web and worker are killed there and
started again. The phone does what phones do: it sends the same request again, or it is never heard of again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import requests

from accounts.models import User
from inventory.models import Reservation
from orders.models import Order
from orders.states import OrderStatus
from payments.models import Payment
from payments.selectors import balance
from tests.factories.accounts import UserFactory, auth_header
from tests.journeys.stack import Stack, wait_until
from tests.shop import Shop

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SETTLED_WITHIN = 120  # seconds


@dataclass
class Phone:
    """One customer's app: it keeps its keys, and repeats what got no answer."""

    shop: Shop
    stack: Stack
    customer: User = field(default_factory=UserFactory)
    keys: dict[str, str] = field(default_factory=dict)
    number: str = ""
    intent: str = ""

    def __post_init__(self) -> None:
        self.quote = str(self.shop.quote(customer=self.customer).pk)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        key = self.keys.setdefault(path, str(uuid4()))
        headers = {**auth_header(self.customer), "Idempotency-Key": key}
        return requests.post(f"{self.stack.url}/api/v1/{path}", json=body, headers=headers, timeout=40)

    def order(self) -> None:
        answer = self.post("orders", {"quote": self.quote})
        if answer.status_code in {201, 202}:
            self.number = answer.json()["number"]

    def start_paying(self) -> None:
        answer = self.post(f"orders/{self.number}/payment", {})
        if answer.status_code == 200:
            self.intent = answer.json()["client_secret"].partition("_secret_")[0]

    def confirm(self) -> None:
        self.stack.stripe.confirm(self.intent)

    def cancel(self) -> None:
        self.post(f"orders/{self.number}/cancel", {})

    def insist(self, step: Callable[[], None], done: Callable[[], object]) -> None:
        """Repeat a request, with the same key, until it is answered."""

        def once_more() -> object:
            with suppress(requests.RequestException):
                step()
            return done()

        wait_until(once_more, f"an answer to {step.__name__}", seconds=60)

    def until(self, status: str) -> None:
        wait_until(lambda: self.row.status == status, f"order {self.number} to be {status}", log=self.stack.worker.log)

    @property
    def row(self) -> Order:
        return Order.objects.get(number=self.number) if self.number else Order.objects.get(customer=self.customer)


class Crash:
    """The moment in which everything of ours dies: as soon as an outside system has the call."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def while_ims(self, call: str, kind: str, step: Callable[[], None]) -> None:
        self.stack.ims.faults.plan(call, kind)
        self._die_when(lambda: not self.stack.ims.faults.as_json()["next"], step)

    def while_stripe(self, call: str, kind: str, step: Callable[[], None]) -> None:
        self.stack.stripe.fail_next(call, kind, seconds=20)
        self._die_when(lambda: not self.stack.stripe.faults.as_json()["next"], step)

    def _die_when(self, reached: Callable[[], bool], step: Callable[[], None]) -> None:
        def quietly() -> None:
            with suppress(requests.RequestException):
                step()

        request = threading.Thread(target=quietly)
        request.start()
        wait_until(reached, "the call to arrive", log=self.stack.worker.log)
        self.stack.restart()
        request.join(timeout=60)


def pay(phone: Phone) -> None:
    phone.insist(phone.start_paying, lambda: phone.intent)
    phone.confirm()


# One function a point: it brings an order there, dies, and goes on as the customer would. Its name is the point.


def the_ims_was_asked_and_had_done_nothing(phone: Phone, crash: Crash) -> None:
    crash.while_ims("PUT /reservations", "timeout", phone.order)
    phone.insist(phone.order, lambda: phone.number)
    phone.until("pending_payment")
    pay(phone)


def the_ims_had_reserved_but_not_answered(phone: Phone, crash: Crash) -> None:
    crash.while_ims("PUT /reservations", "timeout_after", phone.order)
    phone.insist(phone.order, lambda: phone.number)
    phone.until("pending_payment")
    pay(phone)


def the_ims_had_reserved_and_the_customer_never_came_back(phone: Phone, crash: Crash) -> None:
    crash.while_ims("PUT /reservations", "timeout_after", phone.order)
    phone.number = phone.row.number


def stripe_was_asked_for_a_payment(phone: Phone, crash: Crash) -> None:
    phone.order()
    crash.while_stripe("POST /v1/payment_intents", "timeout_before", phone.start_paying)
    pay(phone)


def stripe_had_made_the_payment_but_not_answered(phone: Phone, crash: Crash) -> None:
    phone.order()
    crash.while_stripe("POST /v1/payment_intents", "timeout", phone.start_paying)
    pay(phone)


def the_webhook_came_while_nothing_of_ours_ran(phone: Phone, crash: Crash) -> None:
    phone.order()
    phone.insist(phone.start_paying, lambda: phone.intent)
    crash.stack.web.kill()
    crash.stack.worker.kill()
    phone.confirm()
    crash.stack.restart()


def the_worker_was_reading_the_payment(phone: Phone, crash: Crash) -> None:
    phone.order()
    phone.insist(phone.start_paying, lambda: phone.intent)
    crash.while_stripe(f"GET /v1/payment_intents/{phone.intent}", "timeout_before", phone.confirm)


def the_worker_was_confirming_at_the_ims(phone: Phone, crash: Crash) -> None:
    phone.order()
    phone.insist(phone.start_paying, lambda: phone.intent)
    crash.while_ims("POST /reservations/*/confirm", "timeout_after", phone.confirm)


def the_refund_had_been_paid_but_not_answered(phone: Phone, crash: Crash) -> None:
    phone.order()
    pay(phone)
    phone.until("confirmed")
    crash.while_stripe("POST /v1/refunds", "timeout", phone.cancel)


def the_refund_was_asked_for(phone: Phone, crash: Crash) -> None:
    phone.order()
    pay(phone)
    phone.until("confirmed")
    crash.while_stripe("POST /v1/refunds", "timeout_before", phone.cancel)


POINTS = [
    the_ims_was_asked_and_had_done_nothing,
    the_ims_had_reserved_but_not_answered,
    the_ims_had_reserved_and_the_customer_never_came_back,
    stripe_was_asked_for_a_payment,
    stripe_had_made_the_payment_but_not_answered,
    the_webhook_came_while_nothing_of_ours_ran,
    the_worker_was_reading_the_payment,
    the_worker_was_confirming_at_the_ims,
    the_refund_had_been_paid_but_not_answered,
    the_refund_was_asked_for,
]


def loose_ends(order: Order, stack: Stack) -> Iterator[str]:
    """What is neither here nor there. Nothing, when all is well."""
    kept = sum(
        p.captured_minor - p.refunded_minor - p.refund_pending_minor for p in Payment.objects.filter(order=order)
    )
    if order.status not in {OrderStatus.CONFIRMED, OrderStatus.EXPIRED, OrderStatus.CANCELLED}:
        yield f"the order is {order.status}"
    if order.status == OrderStatus.CONFIRMED and kept != order.total_minor:
        yield f"confirmed with {kept} paid"
    if order.status != OrderStatus.CONFIRMED and kept:
        yield f"{order.status} with {kept} kept"
    if balance(order.pk):
        yield f"the balance is {balance(order.pk)}"
    at_stripe = [i for i in stack.stripe.recent() if i["metadata"].get("order") == order.number]
    captured = sum(i["amount_received"] for i in at_stripe)
    refunded = sum(
        r["amount"] for r in stack.stripe.recent("refund") if r["payment_intent"] in {i["id"] for i in at_stripe}
    )
    if captured - refunded != kept:
        yield f"Stripe keeps {captured - refunded}, we think {kept}"
    wanted = {"confirmed": ("committed", "confirmed")}.get(order.status)
    claim = Reservation.objects.get(order_line__order=order)
    if wanted and (claim.status, claim.provider_state) != wanted:
        yield f"the claim is {claim.status}, at the IMS {claim.provider_state}"
    if not wanted and (claim.status in Reservation.LIVE or claim.provider_state in {"held", "confirmed"}):
        yield f"the claim is {claim.status}, at the IMS {claim.provider_state}"


def test_killed_at_any_point_every_order_ends_paid_and_confirmed_or_as_if_it_had_never_been(
    shop: Shop, stack: Stack
) -> None:
    stack.start_web()
    stack.worker.start()
    phones = {}
    for point in POINTS:
        phones[point.__name__] = phone = Phone(shop, stack)
        point(phone, Crash(stack))

    def all_ends() -> dict[str, list[str]]:
        return {name: ends for name, phone in phones.items() if (ends := list(loose_ends(phone.row, stack)))}

    with suppress(AssertionError):
        wait_until(lambda: not all_ends(), "every order to settle", seconds=SETTLED_WITHIN)

    assert all_ends() == {}, stack.worker.log.read_text()[-3000:]
    ended = {name: phone.row.status for name, phone in phones.items()}
    abandoned = ended.pop("the_ims_had_reserved_and_the_customer_never_came_back")
    assert abandoned == OrderStatus.EXPIRED
    assert {ended.pop("the_refund_had_been_paid_but_not_answered"), ended.pop("the_refund_was_asked_for")} == {
        OrderStatus.CANCELLED
    }
    assert set(ended.values()) <= {OrderStatus.CONFIRMED, OrderStatus.EXPIRED}
    assert sum(status == OrderStatus.CONFIRMED for status in ended.values()) >= 5
    assert len(shop.claims_at_ims()) == sum(status == OrderStatus.CONFIRMED for status in ended.values())
