"""The stand-in as a Python object: everything Stripe, the banks and the customers do, as plain methods."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from sandbox.http import Request, Response
from sandbox.stripe import contract, control, lists
from sandbox.stripe.auth import Actor, Keys
from sandbox.stripe.call import Call
from sandbox.stripe.delivery import Courier
from sandbox.stripe.engine import Engine
from sandbox.stripe.errors import ApiError, Json
from sandbox.stripe.faults import Fault, Faults, WebhookFaults
from sandbox.stripe.resources import checkout_sessions, confirmation, disputes, payment_intents, refunds, setup_intents
from sandbox.stripe.store import Store, public
from sandbox.stripe.webhooks import Post


class StripeSandbox:
    """One Stripe account in test mode.

    state: a file that keeps everything, None for memory. webhook_url: where webhooks are posted in the background once
    `start()` was called; without it they wait for `flush_webhooks(post)` or `take_webhooks()`. secret_key and
    publishable_key: the only right ones, None for any test key. check_answers: an answer that the SDK's types forbid is
    an AssertionError. Any thread may call any method.
    """

    def __init__(
        self,
        state: str | None = None,
        *,
        secret_key: str | None = None,
        publishable_key: str | None = None,
        webhook_url: str | None = None,
        webhook_secrets: Sequence[str] = ("whsec_sandbox",),
        base_url: str = "http://stripe.sandbox.invalid",
        clock: Callable[[], float] = time.time,
        check_answers: bool = False,
        retry_base_s: float = 1.0,
    ) -> None:
        self._store = Store(state)
        self.engine = Engine(
            self._store,
            keys=Keys(secret_key, publishable_key),
            base_url=base_url,
            clock=clock,
            check_answers=check_answers,
            retry_base_s=retry_base_s,
        )
        self._webhook_secrets = tuple(webhook_secrets)
        self._courier = Courier(self.engine.outbox, webhook_url, self._webhook_secrets) if webhook_url else None

    @property
    def url(self) -> str:
        """Where this stand-in is reached, if it is served at all."""
        return self.engine.base_url

    def start(self) -> None:
        """Begin to post webhooks."""
        if self._courier:
            self._courier.start()

    def close(self) -> None:
        """Stop posting and close the state. Safe to repeat."""
        if self._courier:
            self._courier.stop()
        self._store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def handle(self, request: Request) -> Response:
        """Answer one HTTP request. Raises: DropConnection when a fault says so."""
        if request.path.startswith("/v1/"):
            return self.engine.answer(request)
        return control.answer(self, request)

    # faults

    @property
    def faults(self) -> Faults:
        return self.engine.faults

    def set_faults(self, **wanted: Any) -> Json:
        """These faults and no others: latency_ms, error_rate, next=[{...}], webhooks={...}. Raises: ValueError."""
        try:
            self.faults.replace(wanted)
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from None
        self.engine.outbox.notify()
        return self.faults.as_json()

    def fail_next(self, match: str, kind: str, *, times: int = 1, **more: Any) -> None:
        """One more fault: `fail_next("POST /v1/refunds", "500_after")`. Raises: ValueError."""
        self.faults.add(Fault(match, kind, times, **more))

    def set_webhooks(self, **wanted: Any) -> None:
        """mode="normal"|"paused"|"drop", duplicate, reverse, delay_s. What is not given is as usual."""
        self.faults.set_webhooks(WebhookFaults(**wanted))
        self.engine.outbox.notify()

    # webhooks and events

    def events(self, kind: str = "*") -> list[Json]:
        """Oldest first; `kind` may end in `*`."""
        return [
            event
            for event in self.all_of("event")
            if event["type"] == kind or (kind[-1:] == "*" and event["type"].startswith(kind[:-1]))
        ]

    def flush_webhooks(self, post: Post | None = None) -> Json:
        """Send all that waits, now: {"delivered": n, "failed": n}. `post(body, signature)` answers an HTTP status."""
        if post is not None:
            sent = self.engine.outbox.send(post, self._webhook_secrets, all_now=True)
        elif self._courier is not None:
            sent = self._courier.flush()
        else:
            raise ValueError("There is no webhook address; give a function that posts.")
        return {"delivered": sent[0], "failed": sent[1]}

    def take_webhooks(self) -> list[tuple[bytes, str]]:
        """What waits, signed, as a receiver would get it: (body, Stripe-Signature). It counts as delivered."""
        taken: list[tuple[bytes, str]] = []

        def post(body: bytes, signature: str) -> int:
            taken.append((body, signature))
            return 200

        self.flush_webhooks(post)
        return taken

    def webhook_counts(self) -> Json:
        with self._store.transaction() as store:
            return {"queued": 0, "sent": 0, "failed": 0, **store.count_deliveries()}

    # what customers do

    def confirm(self, intent_id: str, payment_method: str = "pm_card_visa") -> Json:
        """The customer pays in the app. A declined card is the intent's `last_payment_error`, no exception."""
        with self.engine.doing() as call:
            intent = _intent(call, intent_id)
            is_payment = intent["object"] == "payment_intent"
            secrets = {"client_secret": intent["client_secret"], "return_url": "https://app.invalid/return"}
            as_app = self.engine.call(actor=Actor("publishable"), params={**secrets, "payment_method": payment_method})
            try:
                (payment_intents if is_payment else setup_intents).confirm(as_app, intent_id)
            except ApiError as error:
                if not error.keeps_work:
                    raise
            return _seen(call, intent_id)

    def complete_3ds(self, intent_id: str, *, succeed: bool = True) -> Json:
        """The customer answers the bank's question. Raises: ApiError if none was asked."""
        with self.engine.doing() as call:
            intent = _intent(call, intent_id)
            way = confirmation if intent["object"] == "payment_intent" else setup_intents
            way.authenticated(call, intent, succeed=succeed)
            checkout_sessions.finish_for(call, intent_id)
            return _seen(call, intent_id)

    def pay_checkout(self, session_id: str, payment_method: str = "pm_card_visa") -> Json:
        """The customer pays on the payment page. Raises: ApiError, with status 402 if the card is declined."""
        with self.engine.doing() as call:
            checkout_sessions.pay(call, session_id, payment_method)
            return _seen(call, session_id)

    def expire_checkout(self, session_id: str) -> Json:
        """The time of the payment page is over: checkout.session.expired. Raises: ApiError if it was over before."""
        with self.engine.doing() as call:
            return _public(checkout_sessions.run_out(call, session_id))

    # what banks do

    def settle(self, intent_id: str, *, succeed: bool = True) -> Json:
        """A debit (`pm_success_de`) that is processing arrives, or comes back."""
        with self.engine.doing() as call:
            confirmation.settle(call, call.get("payment_intent", intent_id), succeed_=succeed)
            checkout_sessions.settle_for(call, intent_id, succeed=succeed)
            return _seen(call, intent_id)

    def expire_hold(self, intent_id: str) -> Json:
        """The authorization runs out: charge.expired, payment_intent.canceled."""
        with self.engine.doing() as call:
            payment_intents.expire_hold(call, intent_id)
            return _seen(call, intent_id)

    def fail_refund(self, refund_id: str) -> Json:
        with self.engine.doing() as call:
            return _public(refunds.fail(call, refund_id))

    def succeed_refund(self, refund_id: str) -> Json:
        """A pending refund arrives."""
        with self.engine.doing() as call:
            return _public(refunds.succeed(call, refund_id))

    def hold_refund(self, refund_id: str) -> Json:
        """The refund waits for the customer: the one status in which it can be canceled."""
        with self.engine.doing() as call:
            return _public(refunds.require_action(call, refund_id))

    def open_dispute(self, intent_id: str, amount: int | None = None, reason: str = "fraudulent") -> Json:
        """The customer asks the bank for the money back. Raises: ApiError if nothing was paid."""
        with self.engine.doing() as call:
            intent = call.get("payment_intent", intent_id)
            if intent["status"] != "succeeded":
                raise ApiError("Nothing was paid that could be disputed.", param="payment_intent")
            return _public(disputes.open_(call, call.get("charge", intent["latest_charge"]), amount, reason))

    def close_dispute(self, dispute_id: str, *, won: bool, rest_refundable: bool = True) -> Json:
        """rest_refundable: whether what a lost dispute was not about may still be refunded."""
        with self.engine.doing() as call:
            return _public(disputes.decide(call, dispute_id, won=won, rest_refundable=rest_refundable))

    # what staff does in Stripe's dashboard

    def dashboard_refund(self, intent_id: str, amount: int | None = None, reason: str | None = None) -> Json:
        """A refund that the shop did not ask for. Raises: ApiError."""
        wanted = {"payment_intent": intent_id, "amount": amount, "reason": reason}
        with self.engine.doing() as call:
            given = {name: value for name, value in wanted.items() if value is not None}
            return _public(refunds.create(call.with_params(**given)))

    # looking

    def retrieve(self, object_id: str) -> Json | None:
        """Any object by its id, as the shop's server would see it."""
        with self._store.transaction() as store:
            obj = store.load(object_id)
            return None if obj is None else _public(obj)

    def recent(self, kind: str = "payment_intent", limit: int = 50) -> list[Json]:
        """The newest objects of a kind."""
        with self._store.transaction():
            return [_public(obj) for obj in lists.page(self.engine.call(params={"limit": limit}), kind)["data"]]

    def all_of(self, kind: str) -> list[Json]:
        """Every object of a kind, oldest first."""
        with self._store.transaction() as store:
            return [_public(obj) for obj in store.all_of(kind)[::-1]]

    def totals(self) -> Json:
        """{"eur": {"captured": 0, "refunded": 0, "held": 0, "disputed": 0}}"""
        with self._store.transaction():
            return payment_intents.totals(self.engine.call())

    def problems(self) -> list[str]:
        """What Stripe's types forbid in anything that is kept, events included."""
        kinds = ("customer", "payment_method", "payment_intent", "setup_intent", "charge", "refund", "dispute", "event",
                 "balance_transaction", "checkout.session", "ephemeral_key")  # fmt: skip
        with self._store.transaction() as store:
            kept = [obj for kind in kinds for obj in store.all_of(kind)]
        return [problem for obj in kept for problem in contract.problems(public(obj))]

    def reset(self) -> None:
        """Forget everything, faults too."""
        with self._store.transaction() as store:
            store.clear()
        self.faults.replace({})


def _intent(call: Call, intent_id: str) -> Json:
    kind = "setup_intent" if intent_id.startswith("seti_") else "payment_intent"
    return call.get(kind, intent_id, param="intent")


def _public(obj: Mapping[str, Any]) -> Json:
    seen: Json = public(obj)
    return seen


def _seen(call: Call, object_id: str) -> Json:
    obj = call.store.load(object_id)
    assert obj is not None
    return _public(obj)
