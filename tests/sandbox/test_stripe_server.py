"""The stand-in over loopback: real HTTP, real signed webhooks, the knobs and the pages."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from sandbox.http import Request, Response, Server
from sandbox.stripe.server import running

SECRET = "whsec_test"


class Shop:
    """The SDK over HTTP, and the knobs."""

    def __init__(self, url: str, timeout: float = 10) -> None:
        self.url = url
        self.http = stripe.RequestsClient(timeout=timeout)
        options = {"base_addresses": {"api": url}, "http_client": self.http, "max_network_retries": 0}
        self.v1 = stripe.StripeClient("sk_test_shop", **options).v1

    def close(self) -> None:
        self.http.close()

    def pay(self, **more):
        wanted = {"amount": 5000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
        never = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
        return self.v1.payment_intents.create({**wanted, **never, **more})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, object]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, self._read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, self._read(error)

    @staticmethod
    def _read(answer) -> object:
        text = answer.read().decode()
        return json.loads(text) if answer.headers["Content-Type"] == "application/json" else text


class Receiver:
    """The shop's webhook address: takes what is rightly signed, answers what it is told to."""

    def __init__(self) -> None:
        self.taken: queue.Queue[str] = queue.Queue()
        self.answers: list[int] = []
        self.server = Server(self._take)

    def _take(self, request: Request) -> Response:
        event = stripe.Webhook.construct_event(request.body, request.headers.get("Stripe-Signature"), SECRET)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.taken.put(event.type)
        return Response(status)

    def next(self, count: int) -> list[str]:
        return [self.taken.get(timeout=10) for _ in range(count)]

    def is_quiet(self) -> bool:
        time.sleep(0.15)
        return self.taken.empty()


@pytest.fixture
def receiver():
    receiver = Receiver()
    with receiver.server:
        yield receiver


@pytest.fixture
def shop(receiver):
    hook = {"webhook_url": receiver.server.url + "/webhooks/stripe", "webhook_secrets": [SECRET]}
    with running(**hook, retry_base_s=0.05) as sandbox, contextlib.closing(Shop(sandbox.url)) as shop:
        yield shop


def test_webhooks_are_posted_signed_and_in_order(shop, receiver):
    intent = shop.pay()

    expected = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"]
    assert receiver.next(4) == expected
    assert shop.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_refused_webhook_is_tried_again(shop, receiver):
    receiver.answers = [500, 302, 404]

    shop.v1.customers.create({})

    assert receiver.next(1) == ["customer.created"]
    assert receiver.answers == []


def test_webhooks_can_be_held_back_and_flushed_twice_and_backwards(shop, receiver):
    faults = {"webhooks": {"mode": "paused", "duplicate": 1, "reverse": True}}
    assert shop.ask("PUT", "/_sandbox/faults", faults)[0] == 200
    shop.v1.customers.create({})
    shop.v1.payment_intents.create({"amount": 100, "currency": "eur"})
    assert receiver.is_quiet()

    assert shop.ask("POST", "/_sandbox/webhooks/flush") == (200, {"delivered": 2, "failed": 0})

    assert receiver.next(4) == ["payment_intent.created"] * 2 + ["customer.created"] * 2
    assert shop.ask("GET", "/_sandbox/webhooks") == (200, {"queued": 0, "sent": 2, "failed": 0})


def test_what_was_held_back_comes_when_all_is_normal_again(shop, receiver):
    shop.ask("PUT", "/_sandbox/faults", {"webhooks": {"mode": "paused"}})
    shop.v1.customers.create({})

    shop.ask("PUT", "/_sandbox/faults", {})

    assert receiver.next(1) == ["customer.created"]


def test_webhooks_can_be_late(shop, receiver):
    shop.ask("PUT", "/_sandbox/faults", {"webhooks": {"delay_s": 0.4}})
    shop.v1.customers.create({})

    assert receiver.is_quiet()
    assert receiver.next(1) == ["customer.created"]


def test_a_shop_that_hangs_does_not_hold_up_the_end(receiver):
    hang = threading.Event()
    with Server(lambda _request: hang.wait(20) and Response()) as hanging:
        began = time.monotonic()
        with running(webhook_url=hanging.url) as sandbox, contextlib.closing(Shop(sandbox.url)) as shop:
            shop.v1.customers.create({})
            shop.v1.customers.create({})
            time.sleep(0.1)
        ended = time.monotonic()
        hang.set()

    assert ended - began < 3


def test_the_knobs_play_customers_banks_and_staff(shop):
    intent = shop.pay(payment_method="pm_card_authenticationRequired")
    knob = "/_sandbox/payment_intents/" + intent.id

    assert shop.ask("POST", knob + "/complete_3ds", {"succeed": True})[1]["status"] == "succeeded"
    status, refund = shop.ask("POST", "/_sandbox/dashboard/refunds", {"payment_intent": intent.id, "amount": 100})
    assert (status, refund["amount"]) == (200, 100)
    assert shop.ask("POST", f"/_sandbox/refunds/{refund['id']}/fail")[1]["status"] == "failed"
    dispute = shop.ask("POST", "/_sandbox/disputes", {"payment_intent": intent.id, "amount": 5000})[1]
    assert shop.ask("POST", f"/_sandbox/disputes/{dispute['id']}/close", {"outcome": "lost"})[1]["status"] == "lost"
    held = shop.pay(capture_method="manual")
    assert shop.ask("POST", f"/_sandbox/payment_intents/{held.id}/expire_hold")[1]["status"] == "canceled"
    totals = {"captured": 5000, "refunded": 0, "held": 0, "disputed": 5000}
    assert shop.ask("GET", "/_sandbox/totals") == (200, {"eur": totals})
    assert shop.ask("POST", "/_sandbox/reset") == (200, {"reset": True})
    assert shop.ask("GET", "/_sandbox/totals") == (200, {})


def test_the_knobs_play_refunds_debits_setups_and_checkout(shop):
    refund = shop.v1.refunds.create({"payment_intent": shop.pay(payment_method="pm_card_pendingRefund").id})
    debit = shop.pay(payment_method="pm_success_de")
    setup = shop.v1.setup_intents.create({})
    item = {"price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Crate"}}}
    wanted = {"mode": "payment", "line_items": [item], "success_url": "https://shop.example/ok"}
    session = shop.v1.checkout.sessions.create(wanted)
    strict = {"payment_method": "pm_card_authenticationRequired"}

    assert shop.ask("POST", f"/_sandbox/refunds/{refund.id}/succeed")[1]["status"] == "succeeded"
    assert shop.ask("POST", f"/_sandbox/refunds/{refund.id}/require_action")[1]["status"] == "requires_action"
    settled = shop.ask("POST", f"/_sandbox/payment_intents/{debit.id}/settle", {"succeed": False})[1]
    assert settled["status"] == "requires_payment_method"
    assert shop.ask("POST", f"/_sandbox/payment_intents/{debit.id}/confirm", {})[1]["status"] == "succeeded"
    assert shop.ask("POST", f"/_sandbox/setup_intents/{setup.id}/confirm", strict)[1]["status"] == "requires_action"
    assert shop.ask("POST", f"/_sandbox/setup_intents/{setup.id}/complete_3ds", {})[1]["status"] == "succeeded"
    page = "/_sandbox/checkout/sessions/"
    assert shop.ask("POST", f"{page}{session.id}/pay", {})[1]["status"] == "complete"
    assert shop.ask("POST", f"{page}{shop.v1.checkout.sessions.create(wanted).id}/expire")[1]["status"] == "expired"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_sandbox/nothing", None, 404),
        ("POST", "/_sandbox/payment_intents/pi_unknown/complete_3ds", {}, 404),
        ("POST", "/_sandbox/disputes", {}, 400),
        ("POST", "/_sandbox/disputes/du_1/close", {"outcome": "drawn"}, 400),
        ("POST", "/_sandbox/payment_intents/pi_1/complete_3ds", {"succeeds": True}, 400),
        ("PUT", "/_sandbox/faults", {"latency": 1}, 400),
        ("PUT", "/_sandbox/faults", ["latency_ms"], 400),
    ],
)
def test_a_knob_that_is_not_there_or_used_wrongly_says_so(shop, method, path, body, status):
    answered, answer = shop.ask(method, path, body)

    assert answered == status
    assert answer["error"]["message"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_web_pages_of_others_cannot_turn_the_knobs(shop, headers):
    assert shop.ask("POST", "/_sandbox/reset", {}, **headers)[0] == 403


def test_people_get_pages_that_no_text_can_break(shop):
    asked = shop.pay(payment_method="pm_card_authenticationRequired", return_url="https://shop.example/?</script>")
    item = {"price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Crate"}}}
    wanted = {"mode": "payment", "line_items": [item], "success_url": "https://shop.example/</script>"}
    session = shop.v1.checkout.sessions.create(wanted)

    assert "Stripe stand-in" in shop.ask("GET", "/")[1]
    for address in (asked.next_action.redirect_to_url.url, session.url):
        status, page = shop.ask("GET", address.removeprefix(shop.url))
        assert (status, page.count("</script>")) == (200, 1)
    assert shop.ask("GET", "/c/pay/cs_unknown")[0] == 404
    overview = shop.ask("GET", "/_sandbox/overview")[1]
    assert [one["id"] for one in overview["payment_intents"]] == [asked.id]


def test_a_caller_waits_in_vain_for_a_lost_answer(shop):
    faults = [
        {"match": "POST /v1/customers", "kind": "timeout", "seconds": 30},
        {"match": "GET /v1/customers", "kind": "drop_before"},
    ]
    shop.ask("PUT", "/_sandbox/faults", {"next": faults})

    with contextlib.closing(Shop(shop.url, timeout=0.3)) as hasty:
        with pytest.raises(stripe.APIConnectionError):
            hasty.v1.customers.create({"name": "Mia"}, {"idempotency_key": "k"})
        with pytest.raises(stripe.APIConnectionError):
            hasty.v1.customers.list()
        again = hasty.v1.customers.create({"name": "Mia"}, {"idempotency_key": "k"})

    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_fifty_calls_at_once_refund_each_cent_once(shop):
    intent = shop.pay()

    def refund(_: int) -> int:
        with contextlib.closing(Shop(shop.url, timeout=30)) as one:
            try:
                return one.v1.refunds.create({"payment_intent": intent.id, "amount": 300}).amount
            except stripe.InvalidRequestError:
                return 0

    with ThreadPoolExecutor(50) as pool:
        refunded = sum(pool.map(refund, range(50)))

    assert refunded == 4800
    assert shop.ask("GET", "/_sandbox/totals")[1]["eur"]["refunded"] == 4800


def test_the_app_pays_over_http_with_its_publishable_key(shop):
    intent = shop.v1.payment_intents.create({"amount": 5000, "currency": "eur"})
    form = f"client_secret={intent.client_secret}&payment_method=pm_card_visa&return_url=app%3A%2F%2Fdone"
    headers = {"Authorization": "Bearer pk_test_app", "Content-Type": "application/x-www-form-urlencoded"}
    address = f"{shop.url}/v1/payment_intents/{intent.id}/confirm"

    with urllib.request.urlopen(urllib.request.Request(address, form.encode(), headers), timeout=10) as answer:
        seen = json.load(answer)

    assert seen["status"] == "succeeded"
    assert "latest_charge" not in seen
