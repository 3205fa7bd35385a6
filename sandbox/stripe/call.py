"""One call, as the code of a noun sees it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.stripe import events
from sandbox.stripe.auth import Actor
from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import ApiError, Json, missing
from sandbox.stripe.store import HIDDEN, Store
from sandbox.stripe.webhooks import Outbox

SERVER = Actor("secret")
LABELS = {
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "balance_transaction": "balance transaction",
}
"""What Stripe calls an object in `No such ...`, where that is not its name."""


@dataclass(frozen=True, slots=True)
class Call:
    """Lives inside one transaction: what it saves and emits happens together or not at all."""

    store: Store
    outbox: Outbox
    now: int
    base_url: str  # where this stand-in is reached, for the pages an answer points to
    path: str = ""
    params: Json = field(default_factory=dict)
    actor: Actor = SERVER
    request_id: str | None = None
    idempotency_key: str | None = None
    decline: Decline | None = None  # a fault: the payment of this call is declined

    def with_params(self, **params: Any) -> Call:
        """The same call with other parameters: how one noun calls another."""
        return replace(self, params=params)

    def find(self, kind: str, object_id: str) -> Json | None:
        obj = self.store.load(object_id)
        return obj if obj is not None and obj["object"] == kind else None

    def get(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Json:
        """Raises: ApiError, 404 for an id in the address, 400 for one in the parameters."""
        obj = self.find(kind, object_id)
        if obj is None:
            raise missing(LABELS.get(kind, kind), object_id, param=param, status=status)
        return obj

    def named(self, kind: str, param: str) -> Json | None:
        """The object that a parameter names, None if it is not given. Raises: ApiError."""
        object_id = self.params.get(param)
        return self.get(kind, object_id, param=param, status=400) if object_id else None

    def living_customer(self, customer_id: str, *, param: str = "customer", status: int = 400) -> Json:
        """The customer. Raises: ApiError if there is none or it was deleted."""
        customer = self.get("customer", customer_id, param=param, status=status)
        if customer.get("deleted"):
            raise missing("customer", customer_id, param=param, status=status)
        return customer

    def customer_param(self) -> str | None:
        """The id in the parameter `customer`, if it names a living customer. Raises: ApiError."""
        customer_id = self.params.get("customer")
        return self.living_customer(customer_id)["id"] if customer_id else None

    def create(self, obj: Json, event: str | None = None) -> Json:
        self.store.insert(obj)
        if event:
            self.emit(event, obj)
        return obj

    def save(self, obj: Json, *emitted: str) -> Json:
        """Keep the object as it now is, and tell it in these events."""
        self.store.save(obj)
        for event in emitted:
            self.emit(event, obj)
        return obj

    def update(self, obj: Json, event: str, **changes: Any) -> Json:
        """Change fields; the event says what they were before. Nothing is told if nothing changes."""
        before = {name: obj.get(name) for name, value in changes.items() if obj.get(name) != value}
        obj.update(changes)
        self.store.save(obj)
        if before:
            self.emit(event, obj, previous=before)
        return obj

    def emit(self, event: str, obj: Json, *, previous: Json | None = None) -> None:
        events.record(self, event, obj, previous)


def hidden(obj: Json) -> Json:
    """What the object keeps to itself, to be read and changed."""
    notes: Json = obj.setdefault(HIDDEN, {})
    return notes


def refuse_unmodelled(params: Json, names: frozenset[str]) -> None:
    """What would change the course of money and is not played here is refused, not ignored."""
    for name in sorted(names & params.keys()):
        raise ApiError(f"The Stripe stand-in does not model the parameter {name}.", param=name)
