"""The payment gateways that the conformance suite runs against, and the hands of the people behind them."""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import stripe

from core.ids import new_id
from core.money import to_decimal
from payments.providers.base import NewPage, NewPayment, PaymentProvider, RemotePage, RemotePayment, Topic
from payments.providers.stripe import StripeProvider
from sandbox.stripe.client import InProcessHTTPClient
from sandbox.stripe.errors import ApiError
from sandbox.stripe.sandbox import StripeSandbox
from tests.contracts.memory_gateway import MemoryGateway

Wrap = Callable[[PaymentProvider], Any]


def new_payment(*, key: str = "", payment_id: UUID | None = None, amount_minor: int = 5000, **more: Any) -> NewPayment:
    given: dict[str, Any] = {"currency": "EUR", "order_number": "CT-1", **more}
    return NewPayment(key=key or str(uuid4()), payment_id=payment_id or new_id(), amount_minor=amount_minor, **given)


def new_page(title: str = "Order CT-1") -> NewPage:
    """It ends at a whole hour, so that whoever asks again asks the same."""
    ends_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    return NewPage(title, ends_at, paid_url="https://shop.invalid/paid", left_url="https://shop.invalid/left")


class Hands:
    """What customers, banks and the gateway's own staff do. A gateway without such a lever leaves the promise out."""

    def pay(self, ref: str) -> None:
        """The customer pays with a good card."""
        pytest.skip("this gateway cannot be paid by a test")

    def fail_to_pay(self, ref: str) -> None:
        """The customer's card has not enough money."""
        pytest.skip("this gateway has no empty card")

    def pay_on_page(self, page_ref: str, *, good: bool = True) -> None:
        """The customer tries to pay on a page, with a good card or one that has not enough money."""
        pytest.skip("this gateway's pages need a person")

    def end_page(self, page_ref: str) -> None:
        """The page's time is over."""
        pytest.skip("this gateway's clock cannot be moved")

    def card(self, customer_ref: str, *, good: bool = True) -> str:
        """A card that this customer let us keep."""
        pytest.skip("this gateway keeps no card for a test")

    def expire_hold(self, ref: str) -> None:
        pytest.skip("this gateway's clock cannot be moved")

    def refund_by_hand(self, ref: str, amount_minor: int) -> None:
        pytest.skip("this gateway has no dashboard for a test")

    def fail_refund(self, refund_ref: str) -> None:
        pytest.skip("this gateway's refunds cannot be made to fail")

    def dispute(self, ref: str, amount_minor: int, *, inquiry: bool = False) -> None:
        pytest.skip("this gateway opens no dispute at once")

    def decide(self, dispute_ref: str, *, won: bool) -> None:
        pytest.skip("this gateway's disputes take weeks")

    def lose_next_answer(self) -> None:
        """It does what is asked, and the answer never arrives."""
        pytest.skip("this gateway's answers arrive")

    def break_next_answer(self) -> None:
        """It does what is asked, and answers with an error of its own."""
        pytest.skip("this gateway does not break on demand")

    def go_away(self) -> None:
        pytest.skip("this gateway stays")

    def events(self) -> list[tuple[bytes, str]]:
        """What it has to tell, signed with the new secret."""
        pytest.skip("this gateway cannot reach a test")

    def sign(self, body: bytes, *, secret: str = "new", seconds_ago: int = 0) -> str:
        pytest.skip("this gateway's secrets are its own")


@dataclass
class Gateway:
    """An adapter and the hands behind its gateway."""

    provider: PaymentProvider
    hands: Hands
    run: str = field(default_factory=lambda: uuid4().hex)

    def key(self, name: str) -> str:
        """A key that no other test has used: some gateways remember them for days."""
        return f"{name}-{self.run}"

    def paid(self, amount_minor: int = 5000, **more: Any) -> RemotePayment:
        made = self.provider.create_payment(new_payment(amount_minor=amount_minor, **more))
        self.hands.pay(made.ref)
        return self.provider.get_payment(made.ref)

    def held(self, amount_minor: int = 5000) -> RemotePayment:
        return self.paid(amount_minor, captures_later=True)

    def page(self, *, title: str = "Order CT-1", **more: Any) -> RemotePage:
        return self.provider.open_page(new_payment(**more), new_page(title))

    def give_back(self, ref: str, amount_minor: int, *, key: str = "", refund_id: UUID | None = None) -> Any:
        return self.provider.refund(
            key=key or str(uuid4()), refund_id=refund_id or new_id(), payment_ref=ref, amount_minor=amount_minor
        )


# The first gateway, as a stand-in


class SandboxHands(Hands):
    def __init__(self, sandbox: StripeSandbox) -> None:
        self.sandbox = sandbox
        self.server = stripe.StripeClient("sk_test_suite", http_client=InProcessHTTPClient(sandbox)).v1

    def pay(self, ref: str) -> None:
        if self.sandbox.retrieve(ref)["status"] != "canceled":  # type: ignore[index]
            self.sandbox.confirm(ref)

    def fail_to_pay(self, ref: str) -> None:
        self.sandbox.confirm(ref, "pm_card_chargeDeclinedInsufficientFunds")

    def pay_on_page(self, page_ref: str, *, good: bool = True) -> None:
        try:
            self.sandbox.pay_checkout(page_ref, "4242424242424242" if good else "4000000000009995")
        except ApiError as no:
            if no.status not in (402, 404):  # declined; the page has ended
                raise

    def end_page(self, page_ref: str) -> None:
        self.sandbox.expire_checkout(page_ref)

    def card(self, customer_ref: str, *, good: bool = True) -> str:
        kind = "pm_card_visa" if good else "pm_card_chargeCustomerFail"
        return str(self.server.payment_methods.attach(kind, {"customer": customer_ref}).id)

    def expire_hold(self, ref: str) -> None:
        self.sandbox.expire_hold(ref)

    def refund_by_hand(self, ref: str, amount_minor: int) -> None:
        self.sandbox.dashboard_refund(ref, amount_minor)

    def fail_refund(self, refund_ref: str) -> None:
        self.sandbox.fail_refund(refund_ref)

    def dispute(self, ref: str, amount_minor: int, *, inquiry: bool = False) -> None:
        from sandbox.stripe.resources import disputes

        with self.sandbox.engine.doing() as call:
            charge = call.get("charge", call.get("payment_intent", ref)["latest_charge"])
            disputes.open_(call, charge, amount_minor, inquiry=inquiry)

    def decide(self, dispute_ref: str, *, won: bool) -> None:
        self.sandbox.close_dispute(dispute_ref, won=won)

    def lose_next_answer(self) -> None:
        self.sandbox.fail_next("*", "drop_after")

    def break_next_answer(self) -> None:
        self.sandbox.fail_next("*", "500_after")

    def go_away(self) -> None:
        self.sandbox.set_faults(error_rate=1.0)

    def events(self) -> list[tuple[bytes, str]]:
        return self.sandbox.take_webhooks()

    def sign(self, body: bytes, *, secret: str = "new", seconds_ago: int = 0) -> str:
        at = int(time.time()) - seconds_ago
        mark = hmac.new(f"whsec_{secret}".encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={at},v1={mark}"


@contextmanager
def stripe_gateway(wrap: Wrap = lambda provider: provider) -> Iterator[Gateway]:
    with StripeSandbox(check_answers=True, webhook_secrets=["whsec_new"]) as sandbox:
        provider = StripeProvider(
            secret_key="sk_test_suite",
            publishable_key="pk_test_suite",
            webhook_secrets=["whsec_new", "whsec_old"],
            http_client=InProcessHTTPClient(sandbox),
        )
        yield Gateway(wrap(provider), SandboxHands(sandbox))


# The second one


class MemoryHands(Hands):
    def __init__(self, gateway: MemoryGateway) -> None:
        self.gateway = gateway

    def pay(self, ref: str) -> None:
        self.gateway.use_card(self.gateway.account(ref), "good")

    def fail_to_pay(self, ref: str) -> None:
        self.gateway.use_card(self.gateway.account(ref), "no: insufficient_funds")

    def pay_on_page(self, page_ref: str, *, good: bool = True) -> None:
        self.gateway.use_page(self.gateway.page(page_ref), "good" if good else "no: insufficient_funds")

    def end_page(self, page_ref: str) -> None:
        self.gateway._write("page_closed", self.gateway.page(page_ref).number)

    def card(self, customer_ref: str, *, good: bool = True) -> str:
        return f"card of {customer_ref}" if good else "no: card_declined"

    def expire_hold(self, ref: str) -> None:
        self.gateway._write("closed", int(ref))

    def refund_by_hand(self, ref: str, amount_minor: int) -> None:
        self.gateway.give_back(self.gateway.account(ref), to_decimal(amount_minor, "EUR"))

    def fail_refund(self, refund_ref: str) -> None:
        line = self.gateway.journal[int(refund_ref.split()[1]) - 1]
        self.gateway._write("back_failed", line.account, line.amount, of=line.number)

    def dispute(self, ref: str, amount_minor: int, *, inquiry: bool = False) -> None:
        self.gateway._write("contested", int(ref), to_decimal(amount_minor, "EUR"), asks=inquiry)

    def decide(self, dispute_ref: str, *, won: bool) -> None:
        line = self.gateway.journal[int(dispute_ref.split()[1]) - 1]
        self.gateway._write("contest_ended", line.account, line.amount, of=line.number, won=won)

    def lose_next_answer(self) -> None:
        self.gateway.trouble.append("lost")

    def break_next_answer(self) -> None:
        self.gateway.trouble.append("broken")

    def go_away(self) -> None:
        self.gateway.away = True

    def events(self) -> list[tuple[bytes, str]]:
        about = {"back": Topic.REFUND, "back_failed": Topic.REFUND} | dict.fromkeys(
            ("contested", "contest_ended"), Topic.DISPUTE
        )
        about |= dict.fromkeys(("page", "page_used", "page_closed"), Topic.PAGE)
        told = [
            {"line": e.number, "kind": e.kind, "about": about.get(e.kind, Topic.PAYMENT), "account": e.account}
            for e in self.gateway.journal
        ]
        bodies = [json.dumps(each).encode() for each in told]
        return [(body, self.sign(body)) for body in bodies]

    def sign(self, body: bytes, *, secret: str = "new", seconds_ago: int = 0) -> str:
        at = int(time.time()) - seconds_ago
        return f"{at} {hmac.new(secret.encode(), f'{at} '.encode() + body, hashlib.blake2b).hexdigest()}"


@contextmanager
def memory_gateway(wrap: Wrap = lambda provider: provider) -> Iterator[Gateway]:
    gateway = MemoryGateway()
    yield Gateway(wrap(gateway), MemoryHands(gateway))


# The real one, on demand


class TestModeHands(Hands):
    """Stripe's test mode: cards and dashboard as tests have them; no clock, no outage, no bank that decides."""

    __test__ = False

    def __init__(self, client: stripe.StripeClient) -> None:
        self.server = client.v1

    def pay(self, ref: str) -> None:
        if self.server.payment_intents.retrieve(ref).status != "canceled":
            self._confirm(ref, "pm_card_visa")

    def fail_to_pay(self, ref: str) -> None:
        with pytest.raises(stripe.CardError):
            self._confirm(ref, "pm_card_visa_chargeDeclinedInsufficientFunds")

    def _confirm(self, ref: str, card: str) -> None:
        self.server.payment_intents.confirm(ref, {"payment_method": card, "return_url": "https://shop.invalid/"})

    def card(self, customer_ref: str, *, good: bool = True) -> str:
        kind = "pm_card_visa" if good else "pm_card_chargeCustomerFail"
        return str(self.server.payment_methods.attach(kind, {"customer": customer_ref}).id)

    def refund_by_hand(self, ref: str, amount_minor: int) -> None:
        self.server.refunds.create({"payment_intent": ref, "amount": amount_minor})


@contextmanager
def gateway_in_test_mode(wrap: Wrap = lambda provider: provider) -> Iterator[Gateway]:
    key = os.environ["STRIPE_TEST_KEY"]
    assert key.startswith(("sk_test_", "rk_test_")), "STRIPE_TEST_KEY is not a key of the test mode"
    provider = StripeProvider(
        secret_key=key, publishable_key="pk_test_none", webhook_secrets=["whsec_new", "whsec_old"]
    )
    yield Gateway(wrap(provider), TestModeHands(stripe.StripeClient(key)))


GATEWAYS: dict[str, Callable[..., AbstractContextManager[Gateway]]] = {
    "stripe": stripe_gateway,
    "memory": memory_gateway,
}
if os.environ.get("STRIPE_TEST_KEY"):
    GATEWAYS["stripe-test-mode"] = gateway_in_test_mode
