"""A Stripe account of a test's own, in this process: the shop's server, the customer's phone, the bank."""

from __future__ import annotations

from typing import Any

import stripe

from sandbox.stripe import InProcessHTTPClient, StripeSandbox

NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class World:
    """Every answer is checked against the SDK's types (`check_answers`)."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.sandbox = StripeSandbox(check_answers=True, clock=self.clock, **options)
        self.server = self.client("sk_test_shop")
        self.phone = self.client("pk_test_shop")

    def client(self, key: str, **options: Any) -> Any:
        http_client = InProcessHTTPClient(self.sandbox)
        return stripe.StripeClient(key, http_client=http_client, max_network_retries=0, **options).v1

    def customer(self) -> str:
        return self.server.customers.create({"email": "mia@example.com"}).id

    def saved_card(self, token: str = "pm_card_visa") -> tuple[str, str]:
        """(customer, payment method), set up for use without the customer."""
        customer = self.customer()
        setup = self.server.setup_intents.create(
            {"customer": customer, "payment_method": token, "automatic_payment_methods": NO_REDIRECTS, "confirm": True}
        )
        if setup.status == "requires_action":
            self.sandbox.complete_3ds(setup.id)
        return customer, self.server.setup_intents.retrieve(setup.id).payment_method

    def intent(self, amount: int = 5000, **more: Any) -> Any:
        """Not yet paid."""
        automatic = {"automatic_payment_methods": NO_REDIRECTS}
        return self.server.payment_intents.create({"amount": amount, "currency": "eur", **automatic, **more})

    def paid(self, amount: int = 5000, token: str = "pm_card_visa", **more: Any) -> Any:
        return self.intent(amount, payment_method=token, confirm=True, **more)

    def held(self, amount: int = 5000, token: str = "pm_card_visa", **more: Any) -> Any:
        return self.paid(amount, token, capture_method="manual", **more)

    def charge_of(self, intent_id: str) -> Any:
        return self.server.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}).latest_charge

    def told(self, kind: str = "*") -> list[str]:
        """The types of the events so far, oldest first."""
        return [event["type"] for event in self.sandbox.events(kind)]
